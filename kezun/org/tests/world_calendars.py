"""Good and bad arguments for every action on working calendars."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from kezun.org.models import Calendar, CalendarDay, CalendarYear, Person
from kezun.org.tests.world import CASES, Case, World, _bad

NEW_YEAR = dt.date(2027, 1, 1)
TABLE = "date,kind,name\n2027-01-01,holiday,元旦\n2027-01-02,makeup,调休\n"
COUNTS = {"added": 1, "changed": 0, "removed": 0}


def calendar(world: World, **columns) -> Calendar:
    """A calendar with one holiday."""
    named = {"name": "日历", "windows": "08:30-17:30", **columns}
    made, new = Calendar.objects.get_or_create(code="own", defaults=named)
    if new:
        CalendarDay.objects.create(calendar=made, on_date=NEW_YEAR, kind="holiday", name="元旦")
    return made


def proposed(world: World) -> CalendarYear:
    """A year that somebody else has proposed."""
    other, _new = Person.objects.get_or_create(code="proposer", defaults={"name": "甲"})
    named = {"status": "proposed", "source": "国办发明电", "proposed_by": other}
    return CalendarYear.objects.get_or_create(calendar=calendar(world), year=2027, defaults=named)[0]


def standing_on(world: World) -> Calendar:
    """A calendar that itself stands on another."""
    named = {"name": "上", "windows": "09:00-10:00", "base": calendar(world)}
    return Calendar.objects.get_or_create(code="above", defaults=named)[0]


WEEK = {"name": "新日历", "windows": "08:30-12:00 13:30-17:30", "weekend": "9:00-12:00"}
CALENDAR_CASES = {
    "org.add_calendar": Case(
        lambda w: ((), {"code": "new", **WEEK}),
        (
            *(_bad(code=""), _bad(code="x" * 41), _bad(name=""), _bad(windows="9-5"), _bad(windows="")),
            *(_bad(weekend="12:00-09:00"), _bad(zone="Mars/Olympus")),
            ((lambda w: {"code": calendar(w).code}), "code"),
            ((lambda w: {"base": standing_on(w)}), "base"),
        ),
        reached=False,
    ),
    "org.change_calendar": Case(
        lambda w: ((calendar(w),), WEEK),
        (_bad(name=""), _bad(name="x" * 121), _bad(windows="late"), _bad(windows=""), _bad(weekend="24:00")),
        reached=False,
    ),
    "org.set_calendar_day": Case(
        lambda w: (
            (calendar(w),),
            {"date": NEW_YEAR, "kind": "makeup", "name": "调休", "windows": "9:00-12:00"},
        ),
        (
            *(_bad(kind="feast"), _bad(windows="noon"), _bad(name="x" * 121)),
            *(_bad(date=dt.date(1999, 1, 1)), _bad("windows", kind="holiday")),
        ),
        reached=False,
    ),
    "org.import_calendar": Case(
        lambda w: ((calendar(w),), {"table": TABLE, "counts": COUNTS}),
        (_bad("", table="date,kind\n"), _bad("", counts={**COUNTS, "added": 2}), _bad("", table="x")),
        reached=False,
    ),
    "org.propose_calendar_year": Case(
        lambda w: ((calendar(w),), {"year": 2027, "source": "国办发明电〔2026〕7号"}),
        (
            *(_bad(source=" "), _bad(year=2028), _bad("date", year=1950)),
            ((lambda w: {"year": proposed(w).year}), ""),
        ),
        reached=False,
    ),
    "org.publish_calendar_year": Case(lambda w: ((proposed(w),), {}), reached=False),
    "org.retract_calendar_year": Case(
        lambda w: ((proposed(w),), {"reason": "wrong table"}), (_bad(reason="x"),), reached=False
    ),
    "org.set_unit_calendar": Case(lambda w: ((w.unit,), {"calendar": calendar(w)})),
    "org.install_calendar": Case(
        lambda w: (
            (),
            {
                **{
                    "code": "shipped",
                    "columns": {"code": "shipped", "name": "带来的", "windows": "9:00-17:00"},
                },
                **{"base": "", "days": [], "years": [2026]},
            },
        ),
        reached=False,
    ),
}
CASES |= CALENDAR_CASES


def official(world: World) -> CalendarYear:
    """A year that two people have settled."""
    row = proposed(world)
    row.status, row.published_at = "official", timezone.now()
    row.save()
    return row
