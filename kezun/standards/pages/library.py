"""The library: every standard with its editions, what waits for approval, what is being drafted, overlays."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy

from kezun.kernel.actor import Actor
from kezun.kernel.page import Menu, page
from kezun.org.reader import reader_of
from kezun.standards import queries
from kezun.standards.models import Standard

READ, DRAFT = "standards.read", "standards.draft"


@dataclass(frozen=True)
class Shelf:
    """One standard with its editions, the one that counts today first where there is one."""

    now: Standard | None
    editions: tuple[Standard, ...]

    @property
    def shown(self) -> Standard:
        return self.now or self.editions[0]

    @property
    def others(self) -> tuple[Standard, ...]:
        return tuple(row for row in self.editions if row != self.now)


@page(
    "standards/",
    name="standards.library",
    needs=READ,
    menu=Menu("look", 40, gettext_lazy("Standards"), "books"),
)
def library(request: HttpRequest) -> HttpResponse:
    """All standards that the reader may see, and what there is to do with them."""
    actor = reader_of(request)
    rows = list(
        queries.editions_for(actor).defer("text").select_related("drafted_by", "proposed_by", "asked_by")
    )
    shelves = shelves_of(rows, timezone.localdate())
    context: dict[str, Any] = {
        "standards": [s for s in shelves if s.shown.kind != Standard.Kind.OVERLAY],
        "overlays": [s for s in shelves if s.shown.kind == Standard.Kind.OVERLAY],
        "waiting": [row for row in rows if row.state == Standard.State.PROPOSED],
        "ending": [row for row in rows if row.ending and actor.may(DRAFT)],
        "drafts": [row for row in rows if row.state == Standard.State.DRAFT],
        "may_draft": actor.may(DRAFT),
        "mine": mine(actor, rows),
    }
    return render(request, "standards/library.html", context)


def shelves_of(rows: list[Standard], today: dt.date) -> list[Shelf]:
    """Published and withdrawn editions by standard, by title; drafts and proposals stand elsewhere."""
    settled = [row for row in rows if row.published_at is not None]
    found = []
    for _urn, group in groupby(sorted(settled, key=lambda r: r.urn), key=lambda r: r.urn):
        editions = sorted(group, key=lambda r: (r.from_date, r.published_at), reverse=True)
        found.append(Shelf(next((r for r in editions if holds(r, today)), None), tuple(editions)))
    return sorted(found, key=lambda s: (s.now is None, s.shown.title))


def holds(row: Standard, day: dt.date) -> bool:
    """Whether an edition counts on a day, unless a later one does."""
    inside = row.from_date <= day and (row.until_date is None or day < row.until_date)
    return inside and row.state == Standard.State.PUBLISHED


def mine(actor: Actor, rows: list[Standard]) -> int:
    """How many proposals wait for this reader, who neither wrote nor asked for them; withdrawals too."""
    pk = getattr(actor, "pk", None)
    found = 0
    if actor.may("standards.approve"):
        waiting = (row for row in rows if row.state == Standard.State.PROPOSED)
        found += sum(pk not in (row.proposed_by_id, row.drafted_by_id) for row in waiting)
    if actor.may("standards.withdraw"):
        found += sum(row.ending and row.asked_by_id != pk for row in rows)
    return found
