"""Writes to working calendars: made, changed, days set and taken over from a table, years settled by two.

Whatever changes the days of a year that was official makes it provisional again: a second person has to look.
Every change raises the calendar's version, so that no process goes on reckoning with the old one.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from kezun.kernel.action import action
from kezun.kernel.actor import Actor
from kezun.org.actions.checks import reason_given, zone_known
from kezun.org.models import Calendar, CalendarDay, CalendarYear, Person, Unit, UnitCalendar
from kezun.org.rules import calendarfile
from kezun.org.rules.calendar import FIRST_YEAR, Day, Kind

Status = CalendarYear.Status


@action("org.add_calendar")
def add_calendar(
    actor: Actor,
    *,
    code: str,
    name: str,
    name_en: str = "",
    source: str = "",
    base: Calendar | None = None,
    windows: str = "",
    weekend: str = "",
    zone: str = "",
    tabled: bool = True,
) -> Calendar:
    """Add a calendar, on top of another one's days where a base is given."""
    calendar = Calendar(code=code, name=name, name_en=name_en, source=source, base=base, zone=zone)
    calendar.tabled = tabled
    return _saved(calendar, windows, weekend)


@action("org.change_calendar", target="calendar")
def change_calendar(
    actor: Actor,
    calendar: Calendar,
    *,
    name: str,
    name_en: str = "",
    source: str = "",
    windows: str = "",
    weekend: str = "",
) -> Calendar:
    """Change what a calendar is called and how its week goes; its days stay."""
    row = _held(calendar)
    row.name, row.name_en, row.source = name, name_en, source
    return _saved(row, windows, weekend)


def _saved(calendar: Calendar, windows: str, weekend: str) -> Calendar:
    """Check and save; working times are written the one way that tables have."""
    calendar.windows, calendar.weekend = windows.strip(), weekend.strip()
    if calendar.zone:
        zone_known(calendar.zone)
    if calendar.base is not None and calendar.base.base_id is not None:
        text = _("«%(code)s» itself stands on another calendar; choose that one.")
        raise ValidationError({"base": text % {"code": calendar.base.code}})
    calendar.full_clean()
    calendar.windows = calendarfile.written(calendarfile.spans(calendar.windows))
    calendar.weekend = calendarfile.written(calendarfile.spans(calendar.weekend))
    if not calendar.windows:
        raise ValidationError({"windows": _("Say when work is done on weekdays, such as 08:30-17:30.")})
    _grown(calendar)
    return calendar


@action("org.set_calendar_day", target="calendar")
def set_calendar_day(
    actor: Actor,
    calendar: Calendar,
    *,
    date: dt.date,
    kind: str,
    name: str = "",
    name_en: str = "",
    windows: str = "",
) -> CalendarDay | None:
    """Say what a day is, or with an empty kind that it is like others of its week (or of the base)."""
    row = _held(calendar)
    _year_possible(date.year)
    days = CalendarDay.objects.filter(calendar=row, on_date=date)
    if not kind:
        days.delete()
        _changed(row, {date.year})
        return None
    day = days.first() or CalendarDay(calendar=row, on_date=date)
    day.kind, day.name, day.name_en, day.windows = kind, name, name_en, windows.strip()
    day.full_clean()
    if Kind(kind) in (Kind.REST, Kind.HOLIDAY) and day.windows:
        raise ValidationError({"windows": _("Nobody works on a free day: leave the working time empty.")})
    day.windows = calendarfile.written(calendarfile.spans(day.windows))
    day.save()
    _changed(row, {date.year})
    return day


@action("org.import_calendar", target="calendar", hidden=("days",))
def import_calendar(
    actor: Actor, calendar: Calendar, *, days: list[Day], counts: dict[str, int]
) -> list[calendarfile.DayChange]:
    """Take over a table: the days of each year that occurs in it become exactly those of the table.

    counts: how many days the reader was shown to be added, changed and taken away; where that no longer
    holds, somebody was quicker, and nothing is changed.
    """
    row = _held(calendar)
    changes = changes_of(row, days)
    if counts != tally(changes):
        raise ValidationError(_("The calendar has changed in the meantime; look at the differences again."))
    CalendarDay.objects.filter(calendar=row, on_date__in=[c.date for c in changes]).delete()
    CalendarDay.objects.bulk_create([row_of(row, c.after) for c in changes if c.after], batch_size=200)
    if changes:
        _changed(row, {change.date.year for change in changes})
    return changes


def changes_of(calendar: Calendar, days: list[Day]) -> list[calendarfile.DayChange]:
    """What a table would change in the years that occur in it."""
    from kezun.org.calendars import day_of

    years = {day.date.year for day in days}
    rows = CalendarDay.objects.filter(calendar=calendar, on_date__year__in=years)
    return calendarfile.differences([day_of(row) for row in rows], days)


def tally(changes: list[calendarfile.DayChange]) -> dict[str, int]:
    """How many days come, change and go."""
    return {
        "added": sum(c.before is None for c in changes),
        "changed": sum(c.before is not None and c.after is not None for c in changes),
        "removed": sum(c.after is None for c in changes),
    }


@action("org.propose_calendar_year", target="calendar")
def propose_calendar_year(actor: Actor, calendar: Calendar, *, year: int, source: str) -> CalendarYear:
    """Say that a year's official table stands in the calendar; it counts once a second person agrees."""
    row = _held(calendar)
    _year_possible(year)
    if row.base_id is not None or not row.tabled:
        raise ValidationError(_("This calendar waits for no official table of its own."))
    if not row.days.filter(on_date__year=year).exists():
        raise ValidationError({"year": _("There is no day of %(year)s in it yet.") % {"year": year}})
    if len(source.strip()) < 4:
        raise ValidationError({"source": _("Name the notice that the table comes from.")})
    held = _year(row, year)
    if held.status != Status.PROVISIONAL:
        raise ValidationError(_("This year is proposed or official already."))
    held.status, held.source = Status.PROPOSED, source.strip()
    held.proposed_by = actor if isinstance(actor, Person) else None
    held.full_clean()
    held.save()
    return held


@action("org.publish_calendar_year", target="year")
def publish_calendar_year(actor: Actor, year: CalendarYear) -> CalendarYear:
    """Agree, as a second person, that a year's table is the official one: its deadlines are final now."""
    row = _held(year.calendar)
    held = CalendarYear.objects.select_for_update().get(pk=year.pk)
    if held.status != Status.PROPOSED:
        raise ValidationError(_("This year does not wait for a second person."))
    held.status, held.published_at = Status.OFFICIAL, timezone.now()
    held.published_by = actor if isinstance(actor, Person) else None
    held.full_clean()
    held.save()
    _grown(row)
    return held


@action("org.retract_calendar_year", target="year")
def retract_calendar_year(actor: Actor, year: CalendarYear, *, reason: str) -> CalendarYear:
    """Take back that a year is official, or that it was proposed; its deadlines are provisional again."""
    reason_given(reason)
    row = _held(year.calendar)
    _provisional(row, {year.year})
    _grown(row)
    return CalendarYear.objects.get(pk=year.pk)


@action("org.set_unit_calendar", target="unit")
def set_unit_calendar(actor: Actor, unit: Unit, *, calendar: Calendar | None = None) -> Unit:
    """Let a unit and all below it work by a calendar; without one, by that of the unit above."""
    if calendar is None:
        UnitCalendar.objects.filter(unit=unit).delete()
    else:
        UnitCalendar.objects.update_or_create(unit=unit, defaults={"calendar": calendar})
    return unit


@action("org.install_calendar", hidden=("columns", "days"))
def install_calendar(
    actor: Actor, *, code: str, columns: dict[str, Any], base: str, days: list[Day], years: list[int]
) -> Calendar:
    """Add a calendar that comes with the product or a pack, or the years of it that are missing here."""
    calendar = Calendar.objects.select_for_update().filter(code=code).first()
    if calendar is None:
        calendar = Calendar(**columns, base=Calendar.objects.get(code=base) if base else None)
        calendar.full_clean()
    _grown(calendar)
    CalendarDay.objects.bulk_create([row_of(calendar, day) for day in days], batch_size=200)
    status, now = Status.OFFICIAL, timezone.now()
    made = [
        CalendarYear(calendar=calendar, year=y, status=status, published_at=now, source=calendar.source)
        for y in years
    ]
    CalendarYear.objects.bulk_create(made)
    return calendar


def row_of(calendar: Calendar, day: Day) -> CalendarDay:
    """A day of the rules as a row of the calendar."""
    windows = calendarfile.written(day.windows or ())
    return CalendarDay(
        calendar=calendar,
        **{"on_date": day.date, "kind": day.kind.value, "name": day.name, "name_en": day.name_en},
        windows=windows,
    )


def _held(calendar: Calendar) -> Calendar:
    """The row as it stands now, held against others until the change is done."""
    return Calendar.objects.select_for_update(of=("self",)).select_related("base").get(pk=calendar.pk)


def _year(calendar: Calendar, year: int) -> CalendarYear:
    held = CalendarYear.objects.select_for_update().filter(calendar=calendar, year=year).first()
    return held or CalendarYear(calendar=calendar, year=year)


def _year_possible(year: int) -> None:
    if not FIRST_YEAR <= year <= calendarfile.LAST_YEAR:
        text = _("Years from %(first)d to %(last)d can be set.")
        raise ValidationError({"date": text % {"first": FIRST_YEAR, "last": calendarfile.LAST_YEAR}})


def _changed(calendar: Calendar, years: set[int]) -> None:
    _provisional(calendar, years)
    _grown(calendar)


def _provisional(calendar: Calendar, years: set[int]) -> None:
    rows = CalendarYear.objects.filter(calendar=calendar, year__in=years)
    rows.update(status=Status.PROVISIONAL, proposed_by=None, published_by=None, published_at=None)


def _grown(calendar: Calendar) -> None:
    """Save with the next version, so that processes build it anew."""
    calendar.version = calendar.version + 1 if calendar.pk else 1
    calendar.changed_at = timezone.now()
    calendar.save()
