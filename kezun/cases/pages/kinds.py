"""Kinds of cases: the library, one edition to read, its text; drafts with a second approval."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from kezun.cases import catalogs, kinds, kindwords, policies, wording
from kezun.cases.actions import kinds as acts
from kezun.cases.messages import say_problem, say_refusal
from kezun.cases.models import Case, Kind
from kezun.cases.rules.kinds import Kind as Form
from kezun.cases.rules.reading import NotAKind, read
from kezun.kernel.actor import OutOfScope
from kezun.kernel.page import Menu, page
from kezun.org.models import Person
from kezun.org.reader import reader_of
from kezun.standards import approval
from kezun.standards.forms import TextForm
from kezun.standards.pages.decisions import carry_out, words
from kezun.ui.attachment import attachment
from kezun.ui.telling import tell

READ, DRAFT = "cases.read", "cases.draft_kind"
State = Kind.State
MOST = 2**63 - 1
SHOWN = 60
YAML = "text/plain; charset=utf-8"


@dataclass(frozen=True)
class Shelf:
    """One kind: the edition that holds today, all that were published, how many cases are open."""

    now: Kind | None
    editions: tuple[Kind, ...]
    open: int

    @property
    def shown(self) -> Kind:
        return self.now or self.editions[0]


@page(
    "cases/kinds/",
    name="cases.kinds",
    needs=READ,
    menu=Menu("handle", 11, gettext_lazy("Kinds of cases"), "list-details"),
)
@require_safe
def library(request: HttpRequest) -> HttpResponse:
    """All kinds, what is being worked on, and the deadlines that kinds refer to."""
    person, today = reader_of(request), timezone.localdate()
    rows = list(Kind.objects.visible_to(person).defer("text").select_related("drafted_by", "proposed_by"))
    held = Case.objects.visible_to(person).filter(open=True).order_by().values("code")
    counts = dict(held.annotate(n=Count("pk")).values_list("code", "n"))
    context: dict[str, Any] = {
        "title": _("Kinds of cases"),
        "shelves": shelves(rows, today, counts),
        "waiting": [row for row in rows if row.state == State.PROPOSED],
        "drafts": [row for row in rows if row.state == State.DRAFT],
        "policies": policies.policies().values(),
        "may_draft": person.may(DRAFT),
    }
    return render(request, "cases/kinds.html", context)


def shelves(rows: list[Kind], today: dt.date, counts: dict[str, int]) -> list[Shelf]:
    """Published and withdrawn editions by kind, those in force first."""
    settled = sorted((row for row in rows if row.published_at is not None), key=lambda row: row.urn)
    found = []
    for urn, group in groupby(settled, key=lambda row: row.urn):
        editions = sorted(group, key=lambda row: (row.from_date, row.published_at), reverse=True)
        now = next((row for row in editions if holds(row, today)), None)
        found.append(Shelf(now, tuple(editions), counts.get(urn, 0)))
    return sorted(found, key=lambda shelf: (shelf.now is None, shelf.shown.urn))


def holds(row: Kind, day: dt.date) -> bool:
    """Whether cases are opened under an edition on a day, unless a later one holds too."""
    inside = row.from_date <= day and (row.until_date is None or day < row.until_date)
    return inside and row.state == State.PUBLISHED


def edition_by_id(person: Person, pk: int) -> Kind:
    """An edition that the person may see; OutOfScope (404) else."""
    row = Kind.objects.visible_to(person).filter(pk=min(pk, MOST)).first()
    if row is None:
        raise OutOfScope(_("There is no such kind."))
    return row


@page("cases/kinds/<int:pk>/", name="cases.kind", needs=READ)
@require_safe
def one(request: HttpRequest, pk: int) -> HttpResponse:
    """One edition in words and as a drawing."""
    person = reader_of(request)
    edition = edition_by_id(person, pk)
    context: dict[str, Any] = {"title": f"{edition.name} {edition.version}", "edition": edition}
    context |= around(person, edition)
    try:
        form = read(edition.text, kinds.known())
    except NotAKind as error:
        return render(request, "cases/kind.html", context | {"problems": say_refusal(error)})
    return render(request, "cases/kind.html", context | said(form))


def said(form: Form) -> dict[str, Any]:
    """A kind ready to be read."""
    return {
        "form": form,
        "about": wording.named(form.about, form.about_en),
        "owner": kindwords.OWNERS[form.owner],
        "parties": kindwords.parties(form),
        "drawn": kindwords.drawn(form),
        "steps": kindwords.steps(form),
        "fields": kindwords.fields(form),
        "clocks": kindwords.clocks(form),
        "grades": kindwords.grades(form),
        "tables": [catalogs.tables()[f.table] for f in form.fields if f.table in catalogs.tables()],
    }


def around(person: Person, edition: Kind) -> dict[str, Any]:
    """Other editions, and what may be done with this one."""
    state, pk = edition.state, person.pk
    second = person.may("cases.approve_kind") and pk not in (edition.proposed_by_id, edition.drafted_by_id)
    siblings = Kind.objects.visible_to(person).filter(urn=edition.urn).exclude(pk=edition.pk).defer("text")
    return {
        "crumbs": [{"title": _("Kinds of cases"), "href": reverse("cases.kinds")}, {"title": edition.name}],
        "siblings": list(siblings.order_by("-from_date")),
        "holds": holds(edition, timezone.localdate()),
        "past": edition.from_date < timezone.localdate(),
        "may_edit": state == State.DRAFT and person.may("cases.save_kind"),
        "may_propose": state == State.DRAFT and person.may("cases.propose_kind"),
        "may_approve": state == State.PROPOSED and second,
        "own_waiting": state == State.PROPOSED and not second,
        "may_copy": person.may(DRAFT),
        "may_withdraw": state != State.WITHDRAWN and person.may("cases.withdraw_kind"),
    }


@page("cases/kinds/<int:pk>/text/", name="cases.kind_text", needs=READ)
@require_safe
def text(request: HttpRequest, pk: int) -> HttpResponse:
    """The text of an edition to take away."""
    edition = edition_by_id(reader_of(request), pk)
    return attachment(edition.text.encode(), f"{edition.urn}-{edition.version}.yaml", YAML)


@page("cases/kinds/begin/", name="cases.begin_kind", needs=DRAFT)
def begin(request: HttpRequest) -> HttpResponse:
    """A new draft from a text; from another edition it is begun on that one's page."""
    form = TextForm(*((request.POST, request.FILES) if request.method == "POST" else ()))
    if request.method == "POST" and form.is_valid():
        made = _drafted(request, form.cleaned_data["text"])
        if made is not None:
            return redirect("cases.edit_kind", made.pk)
    crumbs = [{"title": _("Kinds of cases"), "href": reverse("cases.kinds")}, {"title": _("New kind")}]
    context = {"title": _("New kind"), "form": form, "crumbs": crumbs}
    return render(request, "cases/kind_begin.html", context, status=422 if request.method == "POST" else 200)


@page("cases/kinds/<int:pk>/copy/", name="cases.copy_kind", needs=DRAFT)
@require_POST
def copy(request: HttpRequest, pk: int) -> HttpResponse:
    """A draft of the next version; it begins tomorrow unless changed."""
    edition = edition_by_id(reader_of(request), pk)
    taken = set(Kind.objects.filter(urn=edition.urn).values_list("version", flat=True))
    made = _drafted(request, renewed(edition.text, taken, timezone.localdate() + dt.timedelta(days=1)))
    return redirect("cases.edit_kind", made.pk) if made is not None else redirect("cases.kind", pk)


def renewed(text: str, taken: set[str], start: dt.date) -> str:
    """The text with the next free version and another beginning; its comments and order stay."""
    version = next(str(n) for n in range(len(taken) + 1, 10_000) if str(n) not in taken)
    text = re.sub(r"(?m)^version:.*$", f'version: "{version}"', text, count=1)
    if re.search(r"(?m)^valid:\s*\{", text):
        return re.sub(r"(?m)^valid:\s*\{.*\}\s*$", f"valid: {{from: {start.isoformat()}}}", text, count=1)
    return re.sub(r"(?m)^(\s+from:).*$", rf"\1 {start.isoformat()}", text, count=1)


def _drafted(request: HttpRequest, text: str) -> Kind | None:
    try:
        made = acts.draft_kind(reader_of(request), text=text)
    except ValidationError as error:
        tell(request, error)
        return None
    messages.success(request, _("A draft of version %(version)s was begun.") % {"version": made.version})
    return made


@page("cases/kinds/<int:pk>/edit/", name="cases.edit_kind", needs="cases.save_kind")
def edit(request: HttpRequest, pk: int) -> HttpResponse:
    """The draft as text, what is wrong with it by line beside it."""
    edition = edition_by_id(reader_of(request), pk)
    if edition.state != State.DRAFT:
        messages.error(request, _("Only a draft can be changed; begin a new edition from this one."))
        return redirect("cases.kind", pk)
    written = request.POST.get("text", edition.text)
    if request.method == "POST":
        try:
            acts.save_kind(reader_of(request), edition, text=written, seen=request.POST.get("seen", ""))
        except ValidationError as error:
            tell(request, error)
        else:
            messages.success(request, _("Saved."))
            return redirect("cases.edit_kind", pk)
    context = {
        "title": f"{edition.name} {edition.version}",
        "edition": edition,
        "text": written,
        "seen": request.POST.get("seen") or approval.stamp(edition.text),
        "may_propose": reader_of(request).may("cases.propose_kind"),
        "crumbs": [
            {"title": _("Kinds of cases"), "href": reverse("cases.kinds")},
            {"title": edition.name, "href": reverse("cases.kind", args=[edition.pk])},
            {"title": _("Edit")},
        ],
    }
    return render(request, "cases/kind_edit.html", context | checked(written))


@page("cases/kinds/<int:pk>/check/", name="cases.check_kind", needs="cases.save_kind")
@require_POST
def check(request: HttpRequest, pk: int) -> HttpResponse:
    """What is wrong with what stands in the editor just now, and its course; nothing is saved."""
    edition_by_id(reader_of(request), pk)
    return render(request, "cases/parts/kind_check.html", checked(request.POST.get("text", "")))


def checked(text: str) -> dict[str, Any]:
    """Mistakes by line; without any, the course as a drawing."""
    try:
        form = read(approval.plain(text), kinds.known_whole())
    except NotAKind as error:
        found = [{"line": p.line, "text": say_problem(p)} for p in error.problems]
        return {"problems": found[:SHOWN], "more": max(len(found) - SHOWN, 0)}
    return {"problems": [], "more": 0, "drawn": kindwords.drawn(form)}


def _approve(person: Person, edition: Kind, form: Any) -> str:
    acts.approve_kind(person, edition, doc_no=form.get("doc_no", "")[:120])
    return _("Published. Open cases keep to the edition under which they were opened.")


WORDS = words(
    _approve,
    propose=acts.propose_kind,
    refuse=acts.refuse_kind,
    ask=acts.ask_kind_withdrawal,
    keep=acts.refuse_kind_withdrawal,
    withdraw=acts.withdraw_kind,
)


@page("cases/kinds/<int:pk>/decide/<slug:word>/", name="cases.decide_kind", needs=DRAFT)
@require_POST
def decide(request: HttpRequest, pk: int, word: str) -> HttpResponse:
    """Do what the word says; what stands in the way is told on the edition's page."""
    carry_out(request, WORDS, word, edition_by_id(reader_of(request), pk))
    return redirect("cases.kind", pk)
