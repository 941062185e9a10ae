"""What all writes to working calendars do: hold the row, raise its version, unsettle a year.

Whatever changes the days of a year that was official makes it provisional again: a second person has to look.
Every change raises the calendar's version, so that no process goes on reckoning with the old one.
"""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from kezun.org.models import Calendar, CalendarDay, CalendarYear
from kezun.org.rules import calendarfile
from kezun.org.rules.calendar import FIRST_YEAR, Day

Status = CalendarYear.Status


def held(calendar: Calendar) -> Calendar:
    """The row as it stands now, held against others until the change is done."""
    return Calendar.objects.select_for_update(of=("self",)).select_related("base").get(pk=calendar.pk)


def year_possible(year: int) -> None:
    """Raise ValidationError for a year that calendars do not keep."""
    if not FIRST_YEAR <= year <= calendarfile.LAST_YEAR:
        text = _("Years from %(first)d to %(last)d can be set.")
        raise ValidationError({"date": text % {"first": FIRST_YEAR, "last": calendarfile.LAST_YEAR}})


def changed(calendar: Calendar, years: set[int]) -> None:
    """Note that days of these years are no longer what a second person saw."""
    provisional(calendar, years)
    grown(calendar)


def provisional(calendar: Calendar, years: set[int]) -> None:
    """Take back that years are proposed or official."""
    rows = CalendarYear.objects.filter(calendar=calendar, year__in=years)
    rows.update(status=Status.PROVISIONAL, proposed_by=None, published_by=None, published_at=None)


def grown(calendar: Calendar) -> None:
    """Save with the next version, so that processes build it anew."""
    calendar.version = calendar.version + 1 if calendar.pk else 1
    calendar.changed_at = timezone.now()
    calendar.save()


def row_of(calendar: Calendar, day: Day) -> CalendarDay:
    """A day of the rules as a row of the calendar."""
    windows = calendarfile.written(day.windows or ())
    return CalendarDay(
        calendar=calendar,
        **{"on_date": day.date, "kind": day.kind.value, "name": day.name, "name_en": day.name_en},
        windows=windows,
    )
