"""Two editions side by side: what changed in words, in points, and what became of each criterion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _

from kezun.kernel.page import page
from kezun.org.reader import reader_of
from kezun.standards import queries, rules
from kezun.standards.models import Standard
from kezun.standards.pages.handbook import broken_draft, number, number_in
from kezun.standards.pages.library import READ
from kezun.standards.rules.comparing import Pair, Piece, comparable, compare, words
from kezun.standards.wording import figure, said

TONES = {"added": "good", "retired": "bad", "changed": "warn", "merged": "warn", "split": "warn"}
FILTERS = ("", "changed", "added", "retired")


@dataclass(frozen=True)
class Shown:
    """A pair of criteria as the page draws it; `moved` is the change of points, with its sign."""

    pair: Pair
    how: str
    tone: str
    moved: str
    before: tuple[Piece, ...]
    after: tuple[Piece, ...]
    fields: str


def hows() -> dict[str, str]:
    return {
        "added": _("new"),
        "retired": _("retired"),
        "changed": _("changed"),
        "merged": _("merged"),
        "split": _("split"),
        "same": _("unchanged"),
    }


def field_names() -> dict[str, str]:
    return {
        **{"text": _("words"), "points": _("points"), "answer": _("answer"), "na": _("not applicable")},
        **{"checker": _("checked by"), "evidence": _("evidence"), "severity": _("severity")},
        **{"rectify": _("days to correct"), "applies_to": _("outlets"), "cascade": _("cascade")},
        **{"veto": _("veto"), "frequency": _("frequency"), "guide": _("guide"), "id": _("number")},
        **{"text_en": _("English words"), "guide_en": _("English guide"), "about": _("About")},
        **{"title": _("Title"), "title_en": _("English title"), "owner": _("Owner")},
        **{"covert": _("Covert methods"), "own": _("Methods of self-check")},
        **{"release_days": _("Days until a covert visit is released")},
    }


def shown(pair: Pair) -> Shown:
    """The words of both sides with what was taken out and put in marked on its own side."""
    old = "\n".join(said(c) for c in pair.old)
    pieces = words(old, said(pair.new) if pair.new else "")
    names = field_names()
    moved = pair.points
    return Shown(
        pair,
        hows()[pair.how],
        TONES.get(pair.how, ""),
        f"+{figure(moved)}" if moved > 0 else figure(moved).replace("-", "−") if moved else "",
        tuple(p for p in pieces if p.how != "added"),
        tuple(p for p in pieces if p.how != "removed"),
        ", ".join(names.get(name, name) for name in pair.fields),
    )


def chosen(pairs: tuple[Pair, ...], only: str) -> list[Pair]:
    """All pairs that differ, or those of one kind."""
    if only in ("added", "retired"):
        return [p for p in pairs if p.how == only]
    if only == "changed":
        return [p for p in pairs if p.how in ("changed", "merged", "split")]
    return list(pairs) if only == "all" else [p for p in pairs if p.how != "same"]


@page("standards/<int:pk>/compare/", name="standards.compare", needs=READ)
def comparing(request: HttpRequest, pk: int) -> HttpResponse:
    """An edition (left) beside another (`with`, right); the newer one stands right whichever is named."""
    actor = reader_of(request)
    one = queries.edition_by_id(actor, number(pk))
    named = number_in(request.GET.get("with", ""))
    siblings = list(queries.editions_for(actor).filter(urn=one.urn).exclude(pk=one.pk).defer("text"))
    if named is None:
        if not siblings:
            return redirect("standards.handbook", one.pk)
        named = siblings[0].pk
    other = queries.edition_by_id(actor, named)
    old, new = sorted((one, other), key=lambda r: (r.from_date, r.revision, r.pk))
    for row in (old, new):
        try:
            queries.standard_of(row)
        except rules.NotAStandard:
            return broken_draft(request, row)
    return render(request, "standards/compare.html", _context(request, old, new, siblings))


def _context(request: HttpRequest, old: Standard, new: Standard, siblings: list[Standard]) -> dict[str, Any]:
    before, after = queries.standard_of(old), queries.standard_of(new)
    found = compare(before, after)
    only = request.GET.get("only", "")
    pairs = found.pairs
    return {
        "old": old,
        "new": new,
        "siblings": siblings,
        "crumbs": [
            {"title": _("Standards"), "href": reverse("standards.library")},
            {"title": new.name, "href": reverse("standards.handbook", args=[new.pk])},
            {"title": _("Compare")},
        ],
        "weights": list(found.modules),
        "heads": [(field_names().get(name, name), was, now) for name, was, now in found.head],
        "pairs": [shown(p) for p in chosen(pairs, only)],
        "counts": [
            ("", _("differences"), sum(p.how != "same" for p in pairs)),
            ("changed", _("changed"), len(chosen(pairs, "changed"))),
            ("added", _("new"), len(chosen(pairs, "added"))),
            ("retired", _("retired"), len(chosen(pairs, "retired"))),
            ("all", _("all"), len(pairs)),
        ],
        "only": only,
        "nothing": found.nothing,
        "comparable": comparable(before, after),
    }
