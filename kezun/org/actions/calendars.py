"""Writes to working calendars: made, changed, installed; by which one a unit works."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from kezun.kernel.action import action
from kezun.kernel.actor import Actor
from kezun.org.actions.calendarrows import grown, held, row_of
from kezun.org.actions.checks import zone_known
from kezun.org.models import Calendar, CalendarDay, CalendarYear, Unit, UnitCalendar
from kezun.org.rules import calendarfile
from kezun.org.rules.calendar import Day

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
    row = held(calendar)
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
    grown(calendar)
    return calendar


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
    grown(calendar)
    CalendarDay.objects.bulk_create([row_of(calendar, day) for day in days], batch_size=200)
    status, now = Status.OFFICIAL, timezone.now()
    made = [
        CalendarYear(calendar=calendar, year=y, status=status, published_at=now, source=calendar.source)
        for y in years
    ]
    CalendarYear.objects.bulk_create(made)
    return calendar
