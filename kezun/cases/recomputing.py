"""Deadlines that a calendar answers otherwise than it did: an event in each case, not in silence.

A year that nobody had published makes a deadline provisional; a year that was published, put right and
published again moves deadlines that were final. What is being put right moves none of these: only what a
second person has settled does.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterator

from django.core.exceptions import ValidationError
from django.db.models import Max

from kezun.cases import clocking
from kezun.cases.actions.verbs import ACTS
from kezun.cases.models import Case, Clock
from kezun.cases.rules.clocks import ClockRefused
from kezun.kernel.actor import Denied, SystemActor
from kezun.kernel.task import progress
from kezun.org.models import CalendarYear

ACTOR = SystemActor("calendar")
DAY = dt.timedelta(days=1)
log = logging.getLogger("kezun.cases")


def recompute_due() -> int:
    """Recompute every case with a deadline that its calendar now answers otherwise; how many.

    Asked are clocks that are provisional, and those last moved before a year that they touch was published.
    Safe to repeat and after a kill: a case that has been recomputed answers the same. One that cannot be is
    told in the log and holds up no other.
    """
    open_ = Clock.objects.exclude(state=Clock.State.STOPPED)
    asked = {*open_.filter(provisional=True).values_list("case", flat=True), *_published_since()}
    done = 0
    for number, pk in enumerate(sorted(asked), 1):
        done += _one(pk)
        progress(number, len(asked))
    return done


def _published_since() -> Iterator[int]:
    """Cases with a final clock that was last moved before one of its years was published (again)."""
    official = CalendarYear.objects.filter(status=CalendarYear.Status.OFFICIAL).order_by()
    years = dict(official.values_list("year").annotate(Max("published_at")))
    if not years:
        return
    rows = Clock.objects.exclude(state=Clock.State.STOPPED).filter(provisional=False)
    told = rows.filter(start_at__lte=max(years.values())).values_list("case", "start_at", "due_at", "history")
    for pk, start, due, history in told.iterator():
        last = dt.datetime.fromisoformat(history[-1][1])
        # a day to both sides: the zone of the calendar is not asked here
        touched = range((start - DAY).year, (due + DAY).year + 1)
        if any(year in years and years[year] >= last for year in touched):
            yield pk


def _one(pk: int) -> bool:
    case = Case.objects.select_related("owner_unit").get(pk=pk)
    clocks = Clock.objects.filter(case=case).exclude(state=Clock.State.STOPPED)
    try:
        if not any(_moved(clock, case) for clock in clocks):
            return False
        ACTS["recompute"](ACTOR, case, {})
    except (ValidationError, Denied, ClockRefused) as error:
        log.exception("a deadline could not be worked out anew", extra={"case": pk}, exc_info=error)
        return False
    return True


def _moved(clock: Clock, case: Case) -> bool:
    clock.case = case
    return clocking.moved(clock)
