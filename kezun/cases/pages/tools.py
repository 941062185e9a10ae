"""What the page of a case leads to besides its steps: its paper, its roll-out, the sheet it comes from."""

from __future__ import annotations

from django.http import HttpRequest
from django.template.loader import render_to_string

from kezun.cases import kinds
from kezun.cases.models import Case
from kezun.cases.pages.begin import OPEN
from kezun.org.reader import reader_of
from kezun.standards.models import Sheet
from kezun.ui.slots import fills

SHEET = "standards.sheet"


@fills("cases.case")
def tools(request: HttpRequest, case: Case) -> str:
    """Links of the case's toolbar, those only that lead somewhere for this reader."""
    actor = reader_of(request)
    kind = kinds.form_of(case.kind)
    named = case.data.get("sheet")
    sheet = Sheet.objects.visible_to(actor).filter(pk=named).first() if named else None
    rolls = any(step.verb == "roll_out" for step in kind.steps)
    context = {
        "case": case,
        "sheet": sheet,
        "rolled": rolls and case.events.filter(verb="roll_out").exists(),
        "may_open": actor.may(OPEN) and case.code == "follow_up",
    }
    return render_to_string("cases/parts/tools.html", context, request)
