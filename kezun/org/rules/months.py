"""A year or a span of days laid out as months of weeks, Monday first, for drawing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from kezun.org.rules.calendar import DAY

Week = tuple[dt.date | None, ...]


@dataclass(frozen=True)
class Month:
    """A month's weeks; None where a week's day belongs to the month before or after."""

    first: dt.date
    weeks: tuple[Week, ...]


def month(year: int, number: int) -> Month:
    """The weeks of a month."""
    first = dt.date(year, number, 1)
    days: list[dt.date | None] = [None] * first.weekday()
    day = first
    while day.month == number:
        days.append(day)
        day += DAY
    days += [None] * (-len(days) % 7)
    return Month(first, tuple(tuple(days[n : n + 7]) for n in range(0, len(days), 7)))


def months(first: dt.date, last: dt.date) -> Iterator[Month]:
    """The months from that of `first` to that of `last`."""
    for number in range(first.year * 12 + first.month - 1, last.year * 12 + last.month):
        yield month(number // 12, number % 12 + 1)
