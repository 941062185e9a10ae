"""The handbook: an edition to read, search and print, and its text to take away."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from kezun.kernel.page import page
from kezun.kernel.rules import one_line
from kezun.org.reader import reader_of
from kezun.standards import queries, rules
from kezun.standards.answers import methods_of
from kezun.standards.messages import say_refusal
from kezun.standards.models import Standard
from kezun.standards.pages.library import READ, holds
from kezun.standards.rules.form import Criterion, Item, Module
from kezun.standards.wording import term

FILTERS = ("method", "role", "tag", "severity")


@dataclass(frozen=True)
class Sought:
    """What a reader looks for: words, and values of the four filters (empty: any)."""

    words: str = ""
    method: str = ""
    role: str = ""
    tag: str = ""
    severity: str = ""

    @property
    def anything(self) -> bool:
        return any((self.words, self.method, self.role, self.tag, self.severity))

    def fits(self, criterion: Criterion) -> bool:
        """Every word stands in the criterion's texts or its id, and every filter is satisfied."""
        checker, to = criterion.checker, criterion.applies_to
        texts = (criterion.id, criterion.text, criterion.text_en, criterion.guide, criterion.guide_en)
        text = "\n".join(texts).lower()
        return (
            all(word in text for word in self.words.lower().split())
            and (not self.method or self.method in checker.methods)
            and (not self.role or self.role in checker.roles)
            and (not self.tag or (to.to(frozenset({self.tag})) and self.tag in (*to.any, *to.all)))
            and (not self.severity or criterion.severity == self.severity)
        )


def sought(request: HttpRequest) -> Sought:
    return Sought(one_line(request.GET.get("q", ""), 80), **{n: request.GET.get(n, "")[:60] for n in FILTERS})


def narrowed(modules: tuple[Module, ...], wanted: Sought) -> list[Module]:
    """The modules with the criteria that fit; empty items and modules are left out."""
    found = []
    for module in modules:
        items = [_item(item, wanted) for item in module.items]
        kept = tuple(item for item in items if item.criteria)
        if kept:
            found.append(replace(module, items=kept))
    return found


def _item(item: Item, wanted: Sought) -> Item:
    return replace(item, criteria=tuple(c for c in item.criteria if wanted.fits(c)))


def choices(made: rules.Standard) -> dict[str, list[tuple[str, str]]]:
    """What each filter may be set to, as (value, shown)."""
    criteria = list(made.criteria())
    values = {
        "method": methods_of(made),
        "role": [role for c in criteria for role in c.checker.roles],
        "tag": [tag for c in criteria for tag in (*c.applies_to.any, *c.applies_to.all)],
        "severity": [c.severity for c in criteria if c.severity],
    }
    return {name: [(v, term(v)) for v in dict.fromkeys(found)] for name, found in values.items()}


@page("standards/<int:pk>/", name="standards.handbook", needs=READ)
def handbook(request: HttpRequest, pk: int) -> HttpResponse:
    """One edition as a handbook; asked by htmx only the part that the search changes."""
    actor = reader_of(request)
    edition = queries.edition_by_id(actor, number(pk))
    try:
        made = queries.readable(edition)
    except rules.NotAStandard:
        return broken_draft(request, edition)
    wanted = sought(request)
    modules = narrowed(made.modules, wanted)
    beside = narrowed(made.beside, wanted)
    context: dict[str, Any] = {
        "edition": edition,
        "made": made,
        "modules": modules,
        "beside": beside,
        "found": sum(1 for m in (*modules, *beside) for _c in m.criteria()),
        "total": sum(1 for _c in made.criteria()),
        "wanted": wanted,
    }
    if request.headers.get("HX-Request") and request.headers.get("HX-Target") == "criteria":
        return render(request, "standards/parts/criteria.html", context)
    return render(request, "standards/handbook.html", context | surroundings(request, edition, made))


def surroundings(request: HttpRequest, edition: Standard, made: rules.Standard) -> dict[str, Any]:
    """What stands round the criteria: filters, the other editions, what may be done."""
    actor = reader_of(request)
    siblings = queries.editions_for(actor).filter(urn=edition.urn).exclude(pk=edition.pk).defer("text")
    state, who = edition.state, actor.pk
    second = who not in (edition.proposed_by_id, edition.drafted_by_id)
    touched = queries.impact(edition) if edition.doc_no else queries.impact(edition).none()
    return {
        "crumbs": [{"title": _("Standards"), "href": reverse("standards.library")}, {"title": edition.name}],
        "filters": choices(made),
        "siblings": list(siblings),
        "holds": holds(edition, queries.today()),
        "may_edit": state == Standard.State.DRAFT and actor.may("standards.save_draft"),
        "may_propose": state == Standard.State.DRAFT and actor.may("standards.propose"),
        "may_approve": state == Standard.State.PROPOSED and actor.may("standards.approve") and second,
        "own_waiting": state == Standard.State.PROPOSED and not second,
        "may_copy": actor.may("standards.draft"),
        "may_withdraw": state != Standard.State.WITHDRAWN and actor.may("standards.withdraw"),
        "past": edition.from_date < queries.today(),
        "touched": list(touched[:50]),
    }


def broken_draft(request: HttpRequest, edition: Standard) -> HttpResponse:
    """A draft that cannot be read yet: what is wrong with it, and the way to mend it."""
    try:
        queries.standard_of(edition)
        problems: list[str] = []
    except rules.NotAStandard as error:
        problems = say_refusal(error)
    context = {
        "edition": edition,
        "problems": problems,
        "may_edit": edition.state == Standard.State.DRAFT and reader_of(request).may("standards.save_draft"),
        "crumbs": [{"title": _("Standards"), "href": reverse("standards.library")}, {"title": edition.name}],
    }
    return render(request, "standards/broken.html", context)


def number(value: int) -> int:
    """A number from an address, within what a database can hold."""
    return min(value, (1 << 62) - 1)


def number_in(text: str) -> int | None:
    """The number that somebody sent as text; None for anything else, and for one no database can hold."""
    return int(text) if re.fullmatch(r"[0-9]{1,18}", text) else None


@page("standards/<int:pk>/text/", name="standards.text", needs=READ)
def text(request: HttpRequest, pk: int) -> HttpResponse:
    """The edition's text as a YAML file."""
    edition = queries.edition_by_id(reader_of(request), number(pk))
    return attachment(edition.text.encode(), file_name(edition, "yaml"), "application/yaml; charset=utf-8")


@page("standards/<int:pk>/pdf/", name="standards.pdf", needs=READ)
def pdf(request: HttpRequest, pk: int) -> HttpResponse:
    """The edition as a PDF to print or to send round."""
    from kezun.standards.printing import printed  # reportlab is large, and rarely asked for

    edition = queries.edition_by_id(reader_of(request), number(pk))
    try:
        made = queries.readable(edition)
    except rules.NotAStandard:
        return broken_draft(request, edition)
    content = printed(edition, made)
    return attachment(content, file_name(edition, "pdf"), "application/pdf")


def file_name(edition: Standard, suffix: str) -> str:
    return f"{edition.urn.rpartition(':')[2]}-{edition.version}.{suffix}"


def attachment(content: bytes, name: str, kind: str) -> HttpResponse:
    """A file to keep."""
    answer = HttpResponse(content, content_type=kind)
    answer["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}"
    return answer
