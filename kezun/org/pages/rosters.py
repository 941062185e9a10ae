"""The roster desk: take a workbook, show what it would change, send it in, decide on it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from kezun.kernel.page import Menu, page
from kezun.kernel.rules import one_line
from kezun.org import actions, faults, forms, queries, roster, rosterfile, rostersheets
from kezun.org.models import RosterUpload, Unit
from kezun.org.reader import reader_of
from kezun.org.rostersheets import SHEETS
from kezun.org.rostertemplate import template as template_of
from kezun.org.rules.roster import Fault, Roster, check
from kezun.org.rules.rows import FIRST_DAY, LAST_DAY
from kezun.org.scope import roles
from kezun.ui.telling import tell

NEEDS = "org.draft_roster"
SHOWN = 200
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@page(
    "org/rosters/",
    name="org.rosters",
    needs=NEEDS,
    menu=Menu("manage", 30, gettext_lazy("Roster import"), "file-import"),
)
def rosters(request: HttpRequest) -> HttpResponse:
    """Rosters sent in and decided, and a place to send one."""
    form = forms.RosterFile(request.POST or None, request.FILES or None, actor=reader_of(request))
    context: dict[str, Any] = {"form": form, "uploads": queries.rosters_for(reader_of(request))[:50]}
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        wanted, found = _read(form, file)
        if wanted is not None and not found:
            upload = actions.draft_roster(reader_of(request), wanted, name=file.name)
            return redirect("org.roster", upload.pk)
        context |= {"faults": _shown(found), "more": max(len(found) - SHOWN, 0), "file_name": file.name}
    return render(request, "org/rosters.html", context, status=422 if request.method == "POST" else 200)


def _read(form: forms.RosterFile, file: Any) -> tuple[Roster | None, list[Fault]]:
    try:
        wanted, found = rosterfile.read(file.read(), file.name)
    except ValidationError as error:
        form.add_error("file", error)
        return None, []
    return wanted, found or check(wanted, roster.known())


def _shown(found: list[Fault]) -> list[dict[str, Any]]:
    return [faults.place(fault) | {"text": faults.describe(fault)} for fault in found[:SHOWN]]


@page("org/rosters/template/", name="org.roster_template", needs=NEEDS)
def template(request: HttpRequest) -> HttpResponse:
    """The empty workbook."""
    answer = HttpResponse(template_of(), content_type=EXCEL)
    answer["Content-Disposition"] = 'attachment; filename="roster.xlsx"'
    return answer


@page("org/rosters/<int:pk>/", name="org.roster", needs=NEEDS)
def one(request: HttpRequest, pk: int) -> HttpResponse:
    """What a roster would change, or has changed, and who decides."""
    person = reader_of(request)
    upload = get_object_or_404(queries.rosters_for(person), pk=pk)
    waiting = upload.state == RosterUpload.State.SUBMITTED
    own = upload.submitted_by_id == person.pk
    context = {
        "upload": upload,
        "sheets": _changed(upload) if upload.state in {"draft", "submitted"} else [],
        "counts": _counts(upload),
        "most": SHOWN,
        "may_decide": waiting and not own and person.may("org.approve_roster"),
        "may_submit": upload.state == RosterUpload.State.DRAFT and own,
        "own_waiting": waiting and own,
        "form": forms.Reason(actor=person),
    }
    return render(request, "org/roster.html", context)


def _counts(upload: RosterUpload) -> list[tuple[str, dict[str, int]]]:
    return [(_(SHEETS[sheet][0]), numbers) for sheet, numbers in upload.counts.items()]


def _changed(upload: RosterUpload) -> list[dict[str, Any]]:
    """Sheet by sheet the rows that are new or changed, at most SHOWN each; phones are never shown."""
    wanted = roster.restore(upload.rows)
    states = roster.compare(wanted)
    shown = []
    for sheet, rows in wanted.sheets().items():
        title, _make, columns = SHEETS[sheet]
        columns = tuple(c for c in columns if c.code != "phone")
        different = [r for r in rows if states[sheet][r.code] != "same"]
        if different:
            cells = [
                (states[sheet][r.code], [_cell(c, getattr(r, c.code)) for c in columns])
                for r in different[:SHOWN]
            ]
            shown.append(
                {
                    "title": _(title),
                    "heads": [_(c.title) for c in columns],
                    "rows": cells,
                    "all": len(different),
                }
            )
    return shown


def _cell(column: rostersheets.Column, value: Any) -> object:
    """A value as people write it: kinds and roles by name, days as in the template, always as nothing."""
    if column.kind == "date":
        return "" if value in (FIRST_DAY, LAST_DAY) else value.isoformat()
    if column.kind == "kind":
        return Unit.Kind(value).label
    if column.kind == "role":
        return roles()[value].title if value in roles() else value
    return ", ".join(sorted(value)) if isinstance(value, frozenset) else value


@page("org/rosters/<int:pk>/<slug:word>/", name="org.roster_decide", needs=NEEDS)
@require_POST
def decide(request: HttpRequest, pk: int, word: str) -> HttpResponse:
    """Send in, approve, or refuse."""
    person = reader_of(request)
    upload = get_object_or_404(queries.rosters_for(person), pk=pk)
    try:
        if word == "submit":
            actions.submit_roster(person, upload)
            messages.success(request, _("Sent in; a second person has to approve it."))
        elif word == "approve":
            actions.approve_roster(person, upload)
            messages.success(request, _("Approved and applied."))
        elif word == "refuse":
            actions.refuse_roster(person, upload, reason=one_line(request.POST.get("reason", ""), 300))
            messages.success(request, _("Refused."))
        else:
            raise Http404(word)
    except ValidationError as error:
        tell(request, error)
    return redirect("org.roster", pk)
