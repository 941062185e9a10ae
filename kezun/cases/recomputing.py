"""Deadlines that a calendar answers otherwise than it did: an event in each case, not in silence.

A year that nobody had published makes a deadline provisional; a year that was published, put right and
published again moves deadlines that were final. A table that is being put right moves none of these: only
what a second person has settled does. Hours, weekends and days of a calendar that waits for no table (one of
the bank's own, on top of the official one) hold from the moment they are entered.

A final deadline that has passed stays where it was: who was late by what everybody knew stays late
(`clocking.moved`). One that lies in the past by the new calendar is overdue from then on, for all to see.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterator

from django.core.exceptions import ValidationError
from django.db.models import Max, Q
from django.utils import timezone

from kezun.cases import clocking
from kezun.cases.actions.verbs import ACTS
from kezun.cases.models import Case, Clock
from kezun.cases.rules.clocks import ClockRefused
from kezun.kernel.actor import Denied, SystemActor
from kezun.kernel.task import progress
from kezun.org.calendars import worktime_of
from kezun.org.models import Calendar, CalendarYear
from kezun.org.rules.worktime import Worktime

ACTOR = SystemActor("calendar")
DAY = dt.timedelta(days=1)
LOOKED_BACK = 7 * DAY  # a change is looked at when it is made; what a failed task left is found within a week
log = logging.getLogger("kezun.cases")


def recompute_due(now: dt.datetime | None = None) -> int:
    """Recompute every case with a deadline that its calendar now answers otherwise; how many.

    Asked are clocks that are provisional, those last moved before a year that they touch was published, and
    those last moved before their calendar was changed, within the last days. Safe to repeat and after a kill:
    a case that has been recomputed answers the same. One that cannot be is told in the log and holds up no
    other.
    """
    open_ = Clock.objects.exclude(state=Clock.State.STOPPED)
    asked = {
        *open_.filter(provisional=True).values_list("case", flat=True),
        *_published_since(),
        *_changed_since((now or timezone.now()) - LOOKED_BACK),
    }
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
        if any(year in years and years[year] >= last for year in _touched(start, due)):
            yield pk


def _touched(start: dt.datetime, due: dt.datetime) -> range:
    """The years of a clock, a day to both sides: the zone of the calendar is not asked here."""
    return range((start - DAY).year, (due + DAY).year + 1)


def _changed_since(since: dt.datetime) -> Iterator[int]:
    """Cases with a final clock to which its calendar, changed since then, gives other dates."""
    now = timezone.now()
    for calendar in _changed(since):
        hours = worktime_of(calendar.code)
        changed = max(one.changed_at for one in (calendar, calendar.base) if one)
        rows = Clock.objects.exclude(state=Clock.State.STOPPED).filter(provisional=False)
        for clock in rows.filter(snapshot__policy__calendar=calendar.code).iterator():
            last = dt.datetime.fromisoformat(clock.history[-1][1])
            if last <= changed and _may_move(clock, now, hours):
                yield clock.case_id


def _changed(since: dt.datetime) -> list[Calendar]:
    """Calendars that were changed, or whose base was."""
    found = Q(changed_at__gte=since) | Q(base__changed_at__gte=since)
    return list(Calendar.objects.filter(found).select_related("base").order_by("pk"))


def _may_move(clock: Clock, now: dt.datetime, hours: Worktime) -> bool:
    """Whether it moves; of one that cannot be reckoned the log is told when its case is looked at."""
    try:
        return clocking.moved(clock, now, hours)
    except ClockRefused:
        return True


def _one(pk: int) -> bool:
    case = Case.objects.select_related("owner_unit").get(pk=pk)
    clocks = Clock.objects.filter(case=case).exclude(state=Clock.State.STOPPED)
    try:
        now = timezone.now()
        if not any(_moved(clock, case, now) for clock in clocks):
            return False
        ACTS["recompute"](ACTOR, case, {})
    except (ValidationError, Denied, ClockRefused) as error:
        log.exception("a deadline could not be worked out anew", extra={"case": pk}, exc_info=error)
        return False
    return True


def _moved(clock: Clock, case: Case, now: dt.datetime) -> bool:
    clock.case = case
    return clocking.moved(clock, now)
