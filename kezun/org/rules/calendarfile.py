"""A table of days as text: read with every mistake by line, and what it would change of the days there are.

The first line names the columns: date and kind are needed, name, name_en and windows may be there. Kinds
are work, rest, holiday, makeup; `workday` is another word for makeup. Windows are written 08:30-12:00
13:30-17:30.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from kezun.org.rules.calendar import FIRST_YEAR, Day, Kind, Windows

NEEDED = ("date", "kind")
COLUMNS = (*NEEDED, "name", "name_en", "windows")
LONGEST = 120
MOST_ROWS = 20_000
FULL = 1440
SPAN = re.compile(r"(\d{1,2}):(\d{2})\s*[-–~]\s*(\d{1,2}):(\d{2})$")
KINDS = {kind.value: kind for kind in Kind} | {"workday": Kind.MAKEUP}
LAST_YEAR = 2199


@dataclass(frozen=True)
class Wrong:
    """A mistake in a table of days: its line (the heading is 1), column, what is wrong, what stands there.

    code: empty, column, date, year, kind, windows, long, doubled, many.
    """

    line: int
    column: str
    code: str
    value: str = ""


@dataclass(frozen=True)
class DayChange:
    """A day that a table brings (`before` None), changes, or — `after` None — takes away."""

    before: Day | None
    after: Day | None

    @property
    def date(self) -> dt.date:
        """The day."""
        shown = self.after or self.before
        return shown.date if shown else dt.date.min


def spans(text: str) -> Windows:
    """Windows from text; raises ValueError where one is not written so, ends too soon, or overlaps."""
    found: list[tuple[int, int]] = []
    for part in re.split(r"(?<=\d)[\s,;、，；]+(?=\d)", text.strip()) if text.strip() else ():
        match = SPAN.match(part.strip())
        if match is None:
            raise ValueError(part)
        hour, minute, until, past = map(int, match.groups())
        start, end = hour * 60 + minute, until * 60 + past
        if minute > 59 or past > 59 or not (found[-1][1] if found else 0) <= start < end <= FULL:
            raise ValueError(part)
        found.append((start, end))
    return tuple(found)


def written(windows: Iterable[tuple[int, int]]) -> str:
    """Windows as text, the way `spans` reads them."""
    clock = "{:02d}:{:02d}".format
    return " ".join(f"{clock(*divmod(a, 60))}-{clock(*divmod(b, 60))}" for a, b in windows)


def read(text: str) -> tuple[list[Day], list[Wrong]]:
    """The days of a table in the order given, and its mistakes; days with a mistake are not among them."""
    rows = csv.reader(io.StringIO(text.lstrip("\ufeff")))
    heading = [cell.strip().lower() for cell in next(rows, [])]
    lacking = [Wrong(1, name, "column") for name in NEEDED if name not in heading]
    if lacking:
        return [], lacking
    days: list[Day] = []
    wrong: list[Wrong] = []
    lines: dict[dt.date, int] = {}
    for cells in rows:
        row = dict(zip(heading, (cell.strip() for cell in cells), strict=False))
        if not any(row.values()):
            continue
        if len(days) + len(wrong) >= MOST_ROWS:
            return [], [Wrong(rows.line_num, "date", "many", str(MOST_ROWS))]
        day, found = _day(row, rows.line_num)
        if day is not None and day.date in lines:
            found.append(Wrong(rows.line_num, "date", "doubled", str(lines[day.date])))
        if day is None or found:
            wrong += found
            continue
        lines[day.date] = rows.line_num
        days.append(day)
    return days, wrong or ([] if days else [Wrong(1, "date", "empty")])


def _day(row: Mapping[str, str], line: int) -> tuple[Day | None, list[Wrong]]:
    found: list[Wrong] = []
    date, kind = _date(row.get("date", "")), KINDS.get(row.get("kind", "").lower())
    if date is None:
        found.append(Wrong(line, "date", "date", row.get("date", "")[:40]))
    elif not FIRST_YEAR <= date.year <= LAST_YEAR:
        found.append(Wrong(line, "date", "year", row["date"][:40]))
    if kind is None:
        found.append(Wrong(line, "kind", "kind", row.get("kind", "")[:40]))
    name, name_en, said = (row.get(column, "") for column in ("name", "name_en", "windows"))
    found += [Wrong(line, c, "long") for c in ("name", "name_en") if len(row.get(c, "")) > LONGEST]
    windows: Windows | None = None
    try:
        windows = spans(said) or None
    except ValueError:
        found.append(Wrong(line, "windows", "windows", said[:40]))
    if date is None or kind is None or found:
        return None, found
    return Day(date, kind, name, name_en, windows), []


def _date(text: str) -> dt.date | None:
    match = re.fullmatch(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})", text)
    try:
        return dt.date(*map(int, match.groups())) if match else None
    except ValueError:
        return None


def differences(before: Iterable[Day], after: Iterable[Day]) -> list[DayChange]:
    """What a table of whole years changes: days that come, change and go, by date."""
    old, new = ({day.date: day for day in days} for days in (before, after))
    dates = sorted(old.keys() | new.keys())
    return [DayChange(old.get(d), new.get(d)) for d in dates if old.get(d) != new.get(d)]
