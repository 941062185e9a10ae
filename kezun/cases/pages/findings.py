"""What a sheet's page shows of the corrections that came from it."""

from __future__ import annotations

from django.http import HttpRequest
from django.template.loader import render_to_string

from kezun.cases.findings import corrections_of
from kezun.cases.models.cases import READ
from kezun.org.reader import reader_of
from kezun.standards.models import Sheet
from kezun.ui.slots import fills


@fills("standards.sheet")
def corrections(request: HttpRequest, sheet: Sheet) -> str:
    """The corrections of a sheet in the reader's scope, with how far each has come."""
    actor = reader_of(request)
    if not actor.may(READ):
        return ""
    rows = list(corrections_of(sheet).visible_to(actor).select_related("unit"))
    return render_to_string("cases/parts/corrections.html", {"rows": rows}, request) if rows else ""
