"""Drafts: begin one, write it by form or as text, with sums and mistakes shown while it is written."""

from __future__ import annotations

import contextlib
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from kezun.kernel.page import page
from kezun.org.reader import reader_of
from kezun.standards import actions, approval, editing, forming, queries, rules, wording
from kezun.standards.forms import BlankForm, TextForm, WorkbookForm
from kezun.standards.messages import say_problem
from kezun.standards.models import Standard
from kezun.standards.pages.handbook import number
from kezun.standards.pages.library import DRAFT
from kezun.standards.renewing import blank, next_version, renewed
from kezun.standards.shipped import shipped, text_of
from kezun.ui.telling import tell

TABS = ("form", "text")
SHOWN = 60


@page("standards/begin/", name="standards.begin", needs=DRAFT)
def begin(request: HttpRequest) -> HttpResponse:
    """Ways to a new standard: an example of the product, one's own workbook, a text, an empty draft."""
    how = request.POST.get("how", "")
    forms: dict[str, Any] = {
        "blank": BlankForm(request.POST if how == "blank" else None),
        "text": TextForm(*((request.POST, request.FILES) if how == "text" else ())),
    }
    status = 200
    if request.method == "POST":
        made = _begun(request, how, forms)
        if made is not None:
            return redirect("standards.edit", made.pk)
        status = 422
    context = {
        **{f"{name}_form": form for name, form in forms.items()},
        "workbook_form": WorkbookForm(),
        "examples": [made for made, _text in shipped()],
        "crumbs": [
            {"title": _("Standards"), "href": reverse("standards.library")},
            {"title": _("New standard")},
        ],
    }
    return render(request, "standards/begin.html", context, status=status)


def _begun(request: HttpRequest, how: str, forms: dict[str, Any]) -> Standard | None:
    """The draft that was asked for; None with the reason told where there is none."""
    text: str | None = None
    if how == "example":
        text = text_of(request.POST.get("urn", ""), request.POST.get("version", ""))
    elif how in forms and forms[how].is_valid():
        said = forms[how].cleaned_data
        text = said["text"] if how == "text" else _blank(said)
    elif how not in forms:
        messages.error(request, _("Choose how to begin."))
    if text is None:
        return None
    try:
        return actions.draft(reader_of(request), text=text)
    except ValidationError as error:
        tell(request, error)
        return None


def _blank(said: dict[str, Any]) -> str:
    return blank(said["urn"], said["version"], said["title"], said["start"], _("met"), _("not met"))


@page("standards/<int:pk>/copy/", name="standards.copy", needs=DRAFT)
@require_POST
def copy(request: HttpRequest, pk: int) -> HttpResponse:
    """A draft of the next edition, from one that is there; it begins tomorrow unless changed."""
    actor = reader_of(request)
    edition = queries.edition_by_id(actor, number(pk))
    taken = Standard.objects.filter(urn=edition.urn).values_list("version", flat=True)
    start = max(queries.tomorrow(), edition.from_date)
    try:
        text = renewed(queries.standard_of(edition), next_version(edition.version, taken), start)
        made = actions.draft(actor, text=text)
    except rules.NotAStandard:
        messages.error(request, _("This draft has mistakes: mend it first."))
        return redirect("standards.handbook", pk)
    messages.success(request, _("A draft of version %(version)s was begun.") % {"version": made.version})
    return redirect("standards.edit", made.pk)


@page("standards/<int:pk>/edit/", name="standards.edit", needs="standards.save_draft")
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Write a draft: by form, or as text where it has mistakes that no form can show."""
    actor = reader_of(request)
    edition = queries.edition_by_id(actor, number(pk))
    if edition.state != Standard.State.DRAFT:
        messages.error(request, _("Only a draft can be changed; begin a new edition from this one."))
        return redirect("standards.handbook", pk)
    tab = request.GET.get("tab", "form")
    if request.method == "POST":
        answer = _save(request, edition, tab)
        if answer is not None:
            return answer
    return render(request, "standards/edit.html", _context(request, edition, tab))


def _save(request: HttpRequest, edition: Standard, tab: str) -> HttpResponse | None:
    """Keep what was written, and do what its button says; None where it could not be kept."""
    focus: editing.Place | None = None
    try:
        text = request.POST.get("text", "")
        if tab != "text":
            tree = forming.applied(editing.tree_of(edition.text), request.POST)
            focus = _change(tree, request.POST.get("do", ""))
            text = editing.text_of(tree)
        actions.save_draft(reader_of(request), edition, text=text, seen=request.POST.get("seen", ""))
    except editing.NotATree:
        messages.error(request, _("The text has no shape that a form can show: mend it as text."))
        return redirect(f"{reverse('standards.edit', args=[edition.pk])}?tab=text")
    except ValidationError as error:
        tell(request, error)
        return None
    if focus is None:
        messages.success(request, _("Saved."))
    anchor = f"#at-{focus}" if focus else ""
    return redirect(f"{reverse('standards.edit', args=[edition.pk])}?tab={tab}{anchor}")


def _change(tree: editing.Tree, said: str) -> editing.Place | None:
    """Add, drop or move what a button names («criterion:0-1»); a button that names nothing does nothing."""
    word, _colon, place = said.partition(":")
    if word not in ("module", "item", "criterion", "drop", "up", "down"):
        return None
    with contextlib.suppress(ValueError, IndexError):
        return forming.changed(tree, word, editing.Place.parse(place) if place else None)
    return None


def _context(request: HttpRequest, edition: Standard, tab: str) -> dict[str, Any]:
    text = request.POST.get("text", edition.text) if tab == "text" else edition.text
    try:
        tree = editing.tree_of(edition.text)
    except editing.NotATree:
        tree, tab = {}, "text"
    context = {
        "edition": edition,
        "tab": tab if tab in TABS else "form",
        "text": text,
        "seen": request.POST.get("seen") or approval.stamp(edition.text),
        "crumbs": [
            {"title": _("Standards"), "href": reverse("standards.library")},
            {"title": edition.name, "href": reverse("standards.handbook", args=[edition.pk])},
            {"title": _("Edit")},
        ],
        "may_propose": reader_of(request).may("standards.propose"),
        "types": [(name, _(title)) for name, title in wording.TYPES.items()],
    } | found_in(text)
    return context | ({"head": forming.head_fields(tree), "rows": _rows(tree)} if tab != "text" else {})


def _rows(tree: editing.Tree) -> list[dict[str, Any]]:
    """Modules with items with criteria, each with its place and its texts for inputs."""
    found = []
    for m, module in enumerate(tree["modules"]):
        items = []
        for i, item in enumerate(module["items"]):
            rows = [
                {"place": str(editing.Place(m, i, c)), "fields": forming.fields_of(row)}
                for c, row in enumerate(item["criteria"])
            ]
            items.append({"place": str(editing.Place(m, i)), "row": item, "criteria": rows})
        found.append({"place": str(editing.Place(m)), "row": module, "items": items})
    return found


@page("standards/<int:pk>/check/", name="standards.check", needs="standards.save_draft")
@require_POST
def check(request: HttpRequest, pk: int) -> HttpResponse:
    """Sums and mistakes of what stands in the form just now; nothing is saved."""
    edition = queries.edition_by_id(reader_of(request), number(pk))
    text = request.POST.get("text")
    if text is None:
        try:
            text = editing.text_of(forming.applied(editing.tree_of(edition.text), request.POST))
        except editing.NotATree:
            text = edition.text
    return render(request, "standards/parts/sums.html", found_in(text))


def found_in(text: str) -> dict[str, Any]:
    """What a text says of its points, and what is wrong with it, for the side of the editor."""
    problems: list[dict[str, Any]] = []
    try:
        queries.read_against_known(text)
    except rules.NotAStandard as error:
        problems = [{"line": p.line, "text": say_problem(p)} for p in error.problems]
    try:
        modules, stated, found = forming.sums(editing.tree_of(text))
    except editing.NotATree:
        return {"problems": problems[:SHOWN], "more": max(len(problems) - SHOWN, 0), "modules": []}
    sums = {"modules": modules, "total_stated": stated, "total_found": found}
    return sums | {"problems": problems[:SHOWN], "more": max(len(problems) - SHOWN, 0)}
