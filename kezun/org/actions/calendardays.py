"""Writes to the days of a working calendar: one set, a table taken over, a year settled by two."""

from __future__ import annotations

import datetime as dt

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from kezun.kernel.action import action
from kezun.kernel.actor import Actor
from kezun.org.actions.calendarrows import changed, grown, held, provisional, row_of, year_possible
from kezun.org.actions.checks import reason_given
from kezun.org.calendars import day_of
from kezun.org.calendartables import days_in
from kezun.org.models import Calendar, CalendarDay, CalendarYear, Person
from kezun.org.rules import calendarfile
from kezun.org.rules.calendar import Day, Kind

Status = CalendarYear.Status


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
    row = held(calendar)
    year_possible(date.year)
    days = CalendarDay.objects.filter(calendar=row, on_date=date)
    if not kind:
        days.delete()
        changed(row, {date.year})
        return None
    day = days.first() or CalendarDay(calendar=row, on_date=date)
    day.kind, day.name, day.name_en, day.windows = kind, name, name_en, windows.strip()
    day.full_clean()
    if Kind(kind) in (Kind.REST, Kind.HOLIDAY) and day.windows:
        raise ValidationError({"windows": _("Nobody works on a free day: leave the working time empty.")})
    day.windows = calendarfile.written(calendarfile.spans(day.windows))
    day.save()
    changed(row, {date.year})
    return day


@action("org.import_calendar", target="calendar")
def import_calendar(
    actor: Actor, calendar: Calendar, *, table: str, counts: dict[str, int]
) -> list[calendarfile.DayChange]:
    """Take over a table: the days of each year that occurs in it become exactly those of the table.

    counts: how many days the reader was shown to be added, changed and taken away; where that no longer
    holds, somebody was quicker, and nothing is changed.
    """
    row = held(calendar)
    changes = changes_of(row, days_in(table))
    if counts != tally(changes):
        raise ValidationError(_("The calendar has changed in the meantime; look at the differences again."))
    CalendarDay.objects.filter(calendar=row, on_date__in=[c.date for c in changes]).delete()
    CalendarDay.objects.bulk_create([row_of(row, c.after) for c in changes if c.after], batch_size=200)
    if changes:
        changed(row, {change.date.year for change in changes})
    return changes


def changes_of(calendar: Calendar, days: list[Day]) -> list[calendarfile.DayChange]:
    """What a table would change in the years that occur in it."""
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
    row = held(calendar)
    year_possible(year)
    if row.base_id is not None or not row.tabled:
        raise ValidationError(_("This calendar waits for no official table of its own."))
    if not row.days.filter(on_date__year=year).exists():
        raise ValidationError({"year": _("There is no day of %(year)s in it yet.") % {"year": year}})
    if len(source.strip()) < 4:
        raise ValidationError({"source": _("Name the notice that the table comes from.")})
    found = _year(row, year)
    if found.status != Status.PROVISIONAL:
        raise ValidationError(_("This year is proposed or official already."))
    found.status, found.source = Status.PROPOSED, source.strip()
    found.proposed_by = actor if isinstance(actor, Person) else None
    found.full_clean()
    found.save()
    return found


@action("org.publish_calendar_year", target="year")
def publish_calendar_year(actor: Actor, year: CalendarYear) -> CalendarYear:
    """Agree, as a second person, that a year's table is the official one: its deadlines are final now."""
    row = held(year.calendar)
    found = CalendarYear.objects.select_for_update().get(pk=year.pk)
    if found.status != Status.PROPOSED:
        raise ValidationError(_("This year does not wait for a second person."))
    found.status, found.published_at = Status.OFFICIAL, timezone.now()
    found.published_by = actor if isinstance(actor, Person) else None
    found.full_clean()
    found.save()
    grown(row)
    return found


@action("org.retract_calendar_year", target="year")
def retract_calendar_year(actor: Actor, year: CalendarYear, *, reason: str) -> CalendarYear:
    """Take back that a year is official, or that it was proposed; its deadlines are provisional again."""
    reason_given(reason)
    row = held(year.calendar)
    if not row.years.filter(year=year.year).exclude(status=Status.PROVISIONAL).exists():
        raise ValidationError(_("This year is neither proposed nor official."))
    provisional(row, {year.year})
    grown(row)
    return CalendarYear.objects.get(pk=year.pk)


def _year(calendar: Calendar, year: int) -> CalendarYear:
    found = CalendarYear.objects.select_for_update().filter(calendar=calendar, year=year).first()
    return found or CalendarYear(calendar=calendar, year=year)
