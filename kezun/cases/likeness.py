"""Earlier complaints that are like one: what staff are shown before they save, and what is recorded then."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db.models import QuerySet

from kezun.cases import catalogs
from kezun.cases.models import Case
from kezun.cases.rules.likeness import Earlier, Group, group, within

COMPLAINT = "complaint"
LOOKED_AT = 500
MINUTE = dt.timedelta(minutes=1)  # forms tell no seconds


@dataclass(frozen=True)
class Like:
    """again: the same customer lately; same: the same matter at the same unit; group: maybe one of many."""

    again: tuple[Earlier, ...] = ()
    same: tuple[Earlier, ...] = ()
    group: Group | None = None

    def __bool__(self) -> bool:
        return bool(self.again or self.same or self.group)


def most() -> int:
    """How many earlier cases are named."""
    return int(catalogs.numbers("complaints")["same_most"])


def like(fingerprint: str, mark: str, at: dt.datetime, *, but: int = 0) -> Like:
    """Complaints before `at` that are like one with this fingerprint and customer; `but` is left out.

    Reads past every scope: whoever takes a complaint in has to know that it is the third. What is shown of
    the cases found goes through the reader's scope again.
    """
    told, at = catalogs.numbers("complaints"), at + MINUTE
    base = Case.objects.filter(code=COMPLAINT, received_at__lte=at).exclude(pk=but)
    # without the exclusion, which says nothing new, the index of marks (partial) is of no use to the planner
    known = base.filter(mark=mark).exclude(mark="")
    again = _earlier(known, at, told["repeat_days"]) if mark else []
    same = _earlier(base.filter(fingerprint=fingerprint), at, told["same_days"]) if fingerprint else []
    return Like(tuple(again), tuple(same), group(same, mark, at, told["groups"]))


def _earlier(found: QuerySet[Case], at: dt.datetime, days: int) -> list[Earlier]:
    rows = found.filter(received_at__gte=at - dt.timedelta(days=days)).order_by("-received_at")
    values = rows.values_list("pk", "received_at", "mark")[:LOOKED_AT]
    return within((Earlier(*row) for row in values), at, days)
