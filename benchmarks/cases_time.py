"""Business time: worked days a second against the loop over the calendar library, and what a clock costs.

The bar is 100,000 `add_workdays` a second. Both walk the same starts and lengths in the same run, and have to
find the same days.
"""

from __future__ import annotations

import datetime as dt
import os
import random

from benchmarks.cost import Cost, apart, measured
from benchmarks.report import say

ASKED, LOOPED, REPEATS = 200_000, 1_500, 20_000


def starts(count: int) -> list[tuple[dt.date, int]]:
    """Days of the published years with 1 to 30 worked days each, the same ones each time."""
    draw = random.Random(4)
    first = dt.date(2010, 1, 1)
    return [
        (first + dt.timedelta(days=draw.randrange(365 * 16)), draw.randrange(1, 31)) for _ in range(count)
    ]


def prepare(home: str) -> None:
    os.environ["KEZUN_HOME"] = home
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kezun.site.settings")
    import django

    django.setup()


def built(home: str) -> Cost:
    """The calendar built from its table, as a process does once for each version."""
    prepare(home)
    from kezun.org import calendars

    calendars.shipped()
    with measured() as cost:
        cost.value = len(calendars._of_catalog("cn").official or ())
    return cost


def ours(home: str) -> Cost:
    prepare(home)
    from kezun.org.calendars import worktime_of

    worktime, asked = worktime_of("cn"), starts(ASKED)
    add = worktime.add_workdays
    with measured() as cost:
        for day, units in asked:
            add(day, units)
    cost.value = [add(day, units) for day, units in asked[:LOOPED]]
    return cost


def looped(home: str) -> Cost:
    """The usual loop over `chinese_calendar.is_workday`, a hundredth of the starts: it is slow."""
    import chinese_calendar

    found = []
    with measured() as cost:
        for day, units in starts(LOOPED):
            left = units
            while left:
                day += dt.timedelta(days=1)
                left -= chinese_calendar.is_workday(day)
            found.append(day)
    cost.value = found
    return cost


def minutes(home: str) -> Cost:
    """Working minutes added to a moment."""
    prepare(home)
    from kezun.org.calendars import worktime_of

    worktime = worktime_of("cn")
    asked = [
        (dt.datetime.combine(day, dt.time(9, 30), worktime.zone), dt.timedelta(minutes=units * 97))
        for day, units in starts(ASKED // 2)
    ]
    with measured() as cost:
        for at, span in asked:
            worktime.add_working(at, span)
    return cost


def folded(home: str) -> Cost:
    """A complaint's clock from its events: started, extended twice, stopped."""
    prepare(home)
    from kezun.cases.policies import policies
    from kezun.cases.rules.clocks import ClockEvent, fold
    from kezun.org.calendars import worktime_of

    worktime, rule = worktime_of("cn"), policies()["complaint_decision"].rule
    start = dt.datetime(2026, 3, 2, 9, tzinfo=worktime.zone)
    events = [ClockEvent("start", start), ClockEvent("extend", start + dt.timedelta(days=10), 15)]
    events += [ClockEvent("extend", start + dt.timedelta(days=25), 30)]
    events += [ClockEvent("stop", start + dt.timedelta(days=50))]
    with measured() as cost:
        for _ in range(REPEATS):
            cost.value = fold(rule, worktime, events).outcome
    return cost


def run(rows: int, home: str) -> dict[str, float]:
    """Print calls per second and the ratio."""
    mine, theirs = apart(ours, home), apart(looped, home)
    if mine.value != theirs.value:
        raise SystemExit("the calendar and the library disagree")
    fast, slow = ASKED / mine.cpu, LOOPED / theirs.cpu
    say("add_workdays", fast, "/ CPU s", 100_000, at_most=False, note=f"{LOOPED:,} agree with the library")
    say("the loop over the library", slow, "/ CPU s")
    say("add_workdays / the loop", fast / slow, "x", 100, at_most=False)
    say("working minutes added", ASKED / 2 / apart(minutes, home).cpu, "/ CPU s")
    say("clocks of four events folded", REPEATS / apart(folded, home).cpu, "/ CPU s")
    say("a calendar built from its table", apart(built, home).cpu, "CPU s")
    return {}
