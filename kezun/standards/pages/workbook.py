"""A bank's own checklist in Excel: bring it, say which column is what, look at it, make a draft.

Until then the workbook is that of whoever brought it: its address is signed for them, nobody else opens it.
"""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core import signing
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from kezun.kernel.actor import Actor
from kezun.kernel.file import keep, open_file
from kezun.kernel.models import StoredFile
from kezun.kernel.page import page
from kezun.org.reader import reader_of
from kezun.standards import actions
from kezun.standards.excel import Draft, NotASheet, read_sheet, sheets
from kezun.standards.forms import AboutForm, WorkbookForm
from kezun.standards.messages import say_remark
from kezun.standards.pages.library import DRAFT
from kezun.ui.telling import tell

FIELDS = ("content", "points", "guide", "method", "module", "item", "number", "severity")


def field_titles() -> dict[str, str]:
    return {
        "content": _("What is looked at"),
        "points": _("Points"),
        "guide": _("How to judge it"),
        "method": _("Method"),
        "module": _("Module"),
        "item": _("Item"),
        "number": _("Number"),
        "severity": _("Severity"),
    }


@page("standards/workbook/", name="standards.bring", needs=DRAFT)
@require_POST
def bring(request: HttpRequest) -> HttpResponse:
    """Take a workbook, examined by content and kept once."""
    form = WorkbookForm(request.POST, request.FILES)
    if not form.is_valid():
        messages.error(request, _("Choose an Excel file."))
        return redirect("standards.begin")
    file = form.cleaned_data["file"]
    try:
        kept = keep(reader_of(request), file, file.name, allow=("xlsx",))
    except ValidationError as error:
        tell(request, error)
        return redirect("standards.begin")
    return redirect("standards.workbook", ticket_for(reader_of(request), kept))


def ticket_for(actor: Actor, file: StoredFile) -> str:
    """What names a workbook in an address, for the person who brought it alone; signed."""
    return signing.dumps(file.sha256, salt=f"standards.workbook:{actor.trail_name}")


def _brought(actor: Actor, ticket: str) -> StoredFile:
    """The workbook that such a ticket names; 404 where it is forged, another's, or the file is gone."""
    try:
        named = signing.loads(ticket, salt=f"standards.workbook:{actor.trail_name}")
    except signing.BadSignature as error:
        raise Http404(ticket) from error
    found = StoredFile.objects.filter(sha256=named, kind="xlsx").exclude(name="").first()
    if found is None:
        raise Http404(ticket)
    return found


@page("standards/workbook/<str:ticket>/", name="standards.workbook", needs=DRAFT)
def workbook(request: HttpRequest, ticket: str) -> HttpResponse:
    """Which column is what, and what the sheet would become; posted, it becomes a draft."""
    file = _brought(reader_of(request), ticket)
    with open_file(file.sha256) as stream:
        content = stream.read()
    said: Any = request.POST if request.method == "POST" else request.GET
    form = AboutForm(said if "urn" in said else None, initial={"title": file.name.rpartition(".")[0]})
    context: dict[str, Any] = {"file": file, "form": form, "said": said}
    try:
        context |= _looked(content, said, form)
    except NotASheet as error:
        context["problems"] = [say_remark(p, error.sheet) for p in error.problems]
    found: Draft | None = context.get("draft")
    if request.method == "POST" and found is not None and form.is_valid():
        try:
            return redirect("standards.edit", actions.draft(reader_of(request), text=found.text).pk)
        except ValidationError as error:
            tell(request, error)
    context["crumbs"] = [
        {"title": _("Standards"), "href": reverse("standards.library")},
        {"title": _("New standard"), "href": reverse("standards.begin")},
        {"title": file.name},
    ]
    return render(request, "standards/workbook.html", context)


def _looked(content: bytes, said: Any, form: AboutForm) -> dict[str, Any]:
    """The sheets there are and the draft that the chosen columns make; NotASheet where they make none."""
    names = sheets(content) or [""]
    sheet = said.get("sheet", "") if said.get("sheet") in names else names[0]
    columns = {name: value for name in FIELDS if (value := said.get(f"column.{name}", "").strip())}
    told = _told(form)
    chosen = [{"name": n, "title": t, "value": columns.get(n, "")} for n, t in field_titles().items()]
    base = {"sheets": names, "sheet": sheet, "columns": chosen}
    try:
        draft = read_sheet(content, sheet=sheet, columns=columns or None, **told)
    except NotASheet as error:
        return base | {"problems": [say_remark(p, error.sheet) for p in error.problems]}
    for row in chosen:
        if not row["value"] and row["name"] in draft.columns:
            row["guessed"] = _letter(draft.columns[row["name"]])
    return base | {"draft": draft, "notes": [say_remark(n, draft.sheet) for n in draft.notes]}


def _told(form: AboutForm) -> dict[str, Any]:
    """Name, version and beginning: what was filled in, else what the form proposes."""
    said = form.cleaned_data if form.is_bound and form.is_valid() else {}
    proposed = {name: field.initial for name, field in form.fields.items()}
    return {
        "urn": said.get("urn", "urn:draft"),
        "version": said.get("version", proposed["version"]),
        "start": said.get("start", proposed["start"]),
        "title": said.get("title", ""),
    }


def _letter(index: int) -> str:
    """The name of a column as Excel shows it: 0 is A, 26 is AA."""
    name = ""
    index += 1
    while index:
        index, rest = divmod(index - 1, 26)
        name = chr(65 + rest) + name
    return name
