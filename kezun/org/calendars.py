"""Working calendars ready to reckon with: read from the tables once per version, or from those that ship.

A process keeps what it built under the calendar's version, so asking again costs one small statement. Where
the tables do not hold a calendar that ships (nothing was set up yet), the shipped one answers.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import yaml
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import OperationalError, ProgrammingError, connection
from django.db.models import Q, QuerySet
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from kezun.kernel.prepared import prepared
from kezun.org import calendartables
from kezun.org.models import Calendar, CalendarDay, CalendarYear, Unit, UnitCalendar, valid_on
from kezun.org.rules import calendarfile
from kezun.org.rules.calendar import Day, Days, Kind
from kezun.org.rules.worktime import Worktime

FOLDER = Path(__file__).parent / "catalog" / "calendars"
LIST = "calendars.yaml"
USUAL = "cn"
KEYS = {
    *("code", "name", "name_en", "zone", "source", "base", "windows", "weekend", "tabled", "days", "official")
}
KEPT = 32
WEEKDAYS = tuple(dt.date(2024, 1, number) for number in range(1, 8))  # Monday to Sunday, for headings
_built: dict[str, tuple[tuple[object, ...], Worktime]] = {}


@dataclass(frozen=True)
class Shipped:
    """A calendar that comes with the product: its columns, its days, the years whose table it holds."""

    columns: dict[str, Any]
    base: str
    days: tuple[Day, ...]
    official: range


class NotACalendar(ValueError):
    """A calendar of a folder that cannot be taken: the file, the line, and why."""

    def __init__(self, file: str, line: int, reason: str) -> None:
        super().__init__(f"{file}:{line}: {reason}")
        self.file, self.line, self.reason = file, line, reason


@lru_cache(maxsize=4)
def shipped(folder: Path = FOLDER) -> dict[str, Shipped]:
    """The calendars of a folder by code, bases first. Raises NotACalendar."""
    path = folder / LIST
    try:
        rows = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise NotACalendar(LIST, 1, str(error)) from error
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise NotACalendar(LIST, 1, _("A list of calendars is needed."))
    return {str(row.get("code")): _shipped(folder, row) for row in rows}


def _shipped(folder: Path, row: dict[str, Any]) -> Shipped:
    if unknown := sorted(set(row) - KEYS):
        raise NotACalendar(LIST, 1, _("There is no key «%(key)s».") % {"key": unknown[0]})
    columns = {key: row[key] for key in row if key not in ("days", "base", "official")}
    try:
        Calendar(**columns).clean_fields(exclude=["base"])
        first, last = row.get("official") or (1, 0)
        years = range(int(first), int(last) + 1)
    except (ValidationError, TypeError, ValueError) as error:
        text = "; ".join(error.messages) if isinstance(error, ValidationError) else str(error)
        raise NotACalendar(LIST, 1, f"{row.get('code')}: {text}") from error
    return Shipped(columns, str(row.get("base") or ""), _table(folder, str(row.get("days") or "")), years)


def _table(folder: Path, name: str) -> tuple[Day, ...]:
    if not name:
        return ()
    path = (folder / name).resolve()
    if path.parent != folder.resolve() or not path.is_file():
        raise NotACalendar(LIST, 1, _("There is no file %(name)s beside it.") % {"name": name})
    days, wrong = calendarfile.read(path.read_text(encoding="utf-8"))
    if wrong:
        raise NotACalendar(name, wrong[0].line, calendartables.say(wrong[0]))
    return tuple(days)


def default_code() -> str:
    """The calendar of units that have none, and of deadlines that name none."""
    return USUAL


def worktime_of(code: str) -> Worktime:
    """The calendar with this code, built once per version; one statement. Raises ValidationError."""
    row = _stamp(code)
    key: tuple[object, ...] = row or ("shipped",)
    held = _built.get(code)
    if held is not None and held[0] == key:
        return held[1]
    made = _of_tables(row[0]) if row else _of_catalog(code)
    if len(_built) >= KEPT:
        _built.clear()
    _built[code] = (key, made)
    return made


def _stamp(code: str) -> tuple[Any, ...] | None:
    """What identifies a calendar's present content; None where it does not stand in the tables.

    Before anything is set up there are no tables, and a deadline can be asked for all the same.
    """
    try:
        return next(iter(_stamps(code)), None)
    except (OperationalError, ProgrammingError):
        if Calendar._meta.db_table in connection.introspection.table_names():
            raise
        return None


@prepared((str,))
def _stamps(code: str) -> QuerySet[Any, Any]:
    names = ("pk", "version", "changed_at", "base_id", "base__version", "base__changed_at")
    return Calendar.objects.filter(code=code).values_list(*names)


def code_for(unit: Unit, day: dt.date | None = None) -> str:
    """The code of the calendar by which a unit works: its own, that of the nearest unit above, the usual."""
    nearest = _upward(unit.pk, day or timezone.localdate())
    return str(nearest[0][0]) if nearest else default_code()


@prepared((int, dt.date))
def _upward(unit: int, day: dt.date) -> QuerySet[Any, Any]:
    paths = valid_on(day, "unit__paths_below__")
    rows = UnitCalendar.objects.filter(paths, unit__paths_below__unit=unit)
    return rows.order_by("unit__paths_below__depth").values_list("calendar__code")


def _of_tables(pk: int) -> Worktime:
    calendar = Calendar.objects.select_related("base").get(pk=pk)
    bottom = calendar.base or calendar
    years = CalendarYear.objects.filter(calendar=bottom, status=CalendarYear.Status.OFFICIAL)
    return _build(
        days_of(calendar),
        zone=calendar.zone,
        windows=calendar.windows,
        weekend=calendar.weekend,
        official=list(years.values_list("year", flat=True)) if bottom.tabled else None,
    )


def days_of(calendar: Calendar, first: dt.date | None = None, last: dt.date | None = None) -> list[Day]:
    """The named days of a calendar with those of its base beneath; one statement."""
    rows = CalendarDay.objects.filter(Q(calendar=calendar) | Q(calendar=calendar.base_id))
    if first and last:
        rows = rows.filter(on_date__range=(first, last))
    found: dict[dt.date, Day] = {}
    for row in sorted(rows, key=lambda day: day.calendar_id == calendar.pk):
        found[row.on_date] = day_of(row)
    return sorted(found.values(), key=lambda day: day.date)


def day_of(row: CalendarDay) -> Day:
    """A row as the rules know it."""
    windows = calendarfile.spans(row.windows) or None
    return Day(row.on_date, Kind(row.kind), row.name, row.name_en, windows)


def _of_catalog(code: str) -> Worktime:
    here = shipped().get(code)
    if here is None:
        raise ValidationError(
            {"calendar": _("There is no calendar «%(code)s»; /calendars/ lists them.") % {"code": code[:40]}}
        )
    bottom = shipped()[here.base] if here.base else here
    return _build(
        [*bottom.days, *(here.days if bottom is not here else ())],
        zone=here.columns.get("zone", ""),
        windows=here.columns.get("windows", ""),
        weekend=here.columns.get("weekend", ""),
        official=bottom.official if bottom.columns.get("tabled", True) else None,
    )


def _build(days: list[Day], *, zone: str, windows: str, weekend: str, official: Any) -> Worktime:
    return Worktime(
        days,
        zone=ZoneInfo(zone or settings.KEZUN_BANK_ZONE),
        windows=calendarfile.spans(windows),
        weekend=calendarfile.spans(weekend),
        official=official,
    )


def why(day: Day) -> str:
    """Why a day is as it is, in the reader's language: its name in the calendar, else the day of the week."""
    english = (translation.get_language() or "").startswith("en")
    name = day.name_en if english and day.name_en else day.name
    if name:
        return name
    if day.kind is Kind.REST and day.date.weekday() < 5:
        return _("free day of the bank")
    return date_format(day.date, "l")


def days_for(calendar: Calendar, named: Iterable[Day]) -> Days:
    """The calendar's days alone, to draw and count them; no statement."""
    windows, weekend = calendarfile.spans(calendar.windows), calendarfile.spans(calendar.weekend)
    return Days(named, windows=windows, weekend=weekend)


def written(day: Day) -> str:
    """The working time of a day of its own, as forms and tables write it."""
    return calendarfile.written(day.windows or ())


def calendar_choices() -> list[tuple[str, str]]:
    """Code and name of every calendar, for a form; those that ship where none is set up."""
    rows = [(row.code, row.title) for row in Calendar.objects.order_by("code")]
    return rows or [(code, Calendar(**one.columns).title) for code, one in shipped().items()]
