"""Earlier complaints that are like one: what staff are shown before they save, and what is recorded then."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from kezun.cases import catalogs
from kezun.cases.models import Case
from kezun.cases.rules.likeness import Earlier, Group, group, within
from kezun.kernel.prepared import prepared

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
    again = _earlier(_by_customer, mark, at, told["repeat_days"], but) if mark else []
    same = _earlier(_of_matter, fingerprint, at, told["same_days"], but) if fingerprint else []
    return Like(tuple(again), tuple(same), group(same, mark, at, told["groups"]))


def _earlier(
    found: Callable[..., list[Any]], same: str, at: dt.datetime, days: int, but: int
) -> list[Earlier]:
    rows = found(same, at - dt.timedelta(days=days), at, but)
    return within((Earlier(*row) for row in rows), at, days)


@prepared((str, dt.datetime, dt.datetime, int))
def _by_customer(mark: str, since: dt.datetime, until: dt.datetime, but: int) -> QuerySet[Any, Any]:
    # without the exclusion, which says nothing new, the index of marks (partial) is of no use to the planner
    return _complaints(since, until, but).filter(mark=mark).exclude(mark="")[:LOOKED_AT]


@prepared((str, dt.datetime, dt.datetime, int))
def _of_matter(same: str, since: dt.datetime, until: dt.datetime, but: int) -> QuerySet[Any, Any]:
    return _complaints(since, until, but).filter(fingerprint=same)[:LOOKED_AT]


def _complaints(since: dt.datetime, until: dt.datetime, but: int) -> QuerySet[Any, Any]:
    rows = Case.objects.filter(code=COMPLAINT, received_at__gte=since, received_at__lte=until).exclude(pk=but)
    return rows.order_by("-received_at").values_list("pk", "received_at", "mark")
