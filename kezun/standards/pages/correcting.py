"""Correcting a submitted sheet by decision: the answers as they were, and a place for what they should be."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from kezun.kernel.file import keep
from kezun.kernel.models import StoredFile
from kezun.kernel.page import page
from kezun.org.reader import reader_of
from kezun.standards import actions, queries
from kezun.standards.models import Sheet
from kezun.standards.pages.filling import KINDS, fields_of, grouped
from kezun.standards.pages.handbook import number
from kezun.ui.telling import tell


@page("sheets/<int:pk>/correct/", name="standards.correct", needs="standards.correct_sheet")
def correct(request: HttpRequest, pk: int) -> HttpResponse:
    """All answers of a submitted sheet to change, with the decision that orders it."""
    actor = reader_of(request)
    row = queries.sheet_by_id(actor, number(pk))
    if row.state != Sheet.State.SUBMITTED:
        messages.error(request, _("Only a submitted sheet can be corrected."))
        return redirect("standards.sheet", pk)
    standard = queries.whole(row.standard)
    fields = fields_of(row, standard, {})
    if request.method == "POST":
        entries = _changed(request, {id: field.entry for id, field in fields.items()})
        try:
            if not entries:
                raise ValidationError(_("No answer was changed."))
            after = actions.correct_sheet(
                actor,
                row,
                entries=entries,
                reason=request.POST.get("reason", ""),
                evidence=_brought(request, fields),
            )
        except ValidationError as error:
            tell(request, error)
        else:
            messages.success(request, _("Corrected; the sheet before stays as it was."))
            return redirect("standards.sheet", after.pk)
    context = {
        "sheet": row,
        "groups": grouped(standard, fields),
        "reason": request.POST.get("reason", ""),
        "crumbs": [
            {"title": _("Inspections"), "href": reverse("standards.sheets")},
            {"title": f"{row.unit} · {row.visited_date}", "href": reverse("standards.sheet", args=[pk])},
            {"title": _("Correct")},
        ],
    }
    return render(request, "standards/correct.html", context, status=422 if request.POST else 200)


def _brought(request: HttpRequest, asked: Iterable[str]) -> dict[str, tuple[StoredFile, ...]]:
    """The photos and documents that the form brings, kept, by criterion."""
    actor, files = reader_of(request), request.FILES
    brought = {id: file for id in asked if (file := files.get(f"e-{id}")) is not None}
    return {id: (keep(actor, file, file.name or "photo", allow=KINDS),) for id, file in brought.items()}


def _changed(request: HttpRequest, before: dict[str, dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The answers that the form changes: another value, or «not applicable» with a reason."""
    found = {}
    for id, entry in before.items():
        value, na = request.POST.get(f"a-{id}", "").strip(), request.POST.get(f"n-{id}", "").strip()
        told: dict[str, Any] = {"na": na} if na else {"value": value}
        if told != {k: v for k, v in entry.items() if k != "note"} and (na or value):
            found[id] = told | ({"note": entry["note"]} if "note" in entry else {})
    return found
