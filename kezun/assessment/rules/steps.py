"""The steps of a round, and what must be so before each."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from kezun.facts.rules import DAY, Period

COLLECTING, PROVISIONAL, APPEAL, FINAL, CLOSED = "collecting", "provisional", "appeal", "final", "closed"
HALVES = ((1, 1, 6, 30), (7, 1, 12, 31))
STEPS = (COLLECTING, PROVISIONAL, APPEAL, FINAL, CLOSED)


@dataclass(frozen=True)
class Stand:
    """Where a round stands: its state; whether a run of each kind is done, one is under way; what is open."""

    state: str
    provisional_done: bool = False
    final_done: bool = False
    under_way: bool = False
    appeals_open: int = 0
    window_open: bool = False
    pending: int = 0
    period_over: bool = True


def judged_by(cadences: Iterable[str], kind: str, first: dt.date, last: dt.date) -> bool:
    """Whether a period (its kind, its days, both included) is one of those that a scheme judges."""
    known = set(cadences)
    return bool(known & {"any", kind}) or ("half" in known and is_half(first, last))


def is_half(first: dt.date, last: dt.date) -> bool:
    """Whether these days, both included, are a half-year: it has no kind of its own but is their range."""
    return first.year == last.year and (first.month, first.day, last.month, last.day) in HALVES


def half_of(day: dt.date) -> str:
    """The label of the half-year that holds a day."""
    month, first, end, last = HALVES[day.month > 6]
    return f"{day.year:04d}-{month:02d}-{first:02d}..{day.year:04d}-{end:02d}-{last:02d}"


def before(period: Period) -> Period:
    """The period of the same kind just before; of a half-year the other half, though it has fewer or more
    days. OverflowError before year 1."""
    if is_half(period.start, period.end):
        return Period.parse(half_of(period.start - DAY))
    return period.previous()


def following(state: str) -> str | None:
    """The state after this one; None after the last."""
    at = STEPS.index(state)
    return STEPS[at + 1] if at + 1 < len(STEPS) else None


def hindrances(stand: Stand) -> tuple[str, ...]:
    """Codes of what keeps the next step from being taken; empty where nothing does.

    under_way: a run is being computed. period: it is not over. run: no run to show. window: appeals may still
    be filed. appeals: some are not decided. pending: events wait for attribution, which the final run needs.
    """
    found = ["under_way"] if stand.under_way else []
    wanted = {
        COLLECTING: [("period", stand.period_over)],
        PROVISIONAL: [("run", stand.provisional_done)],
        APPEAL: [
            ("window", not stand.window_open),
            ("appeals", not stand.appeals_open),
            ("pending", not stand.pending),
        ],
        FINAL: [("run", stand.final_done)],
        CLOSED: [("last", False)],
    }
    return tuple(found + [code for code, met in wanted[stand.state] if not met])
