"""The days of a calendar: which are worked, why one is not, how many lie between two.

Days follow the week, but where the calendar names them. Prefix sums answer: the n-th worked day after a day
is two look-ups however many days lie between.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate

Windows = tuple[tuple[int, int], ...]  # minutes after midnight, from–to, in order; 1440 is 24:00

DAY = dt.timedelta(days=1)
FIRST_YEAR, YEARS_AHEAD = 2000, 30


class Kind(StrEnum):
    """What a day is: worked as usual, free as usual, a holiday, a free day that is worked instead."""

    WORK = "work"
    REST = "rest"
    HOLIDAY = "holiday"
    MAKEUP = "makeup"


WORKED = frozenset({Kind.WORK, Kind.MAKEUP})


class Unreckonable(ValueError):
    """A period that cannot be worked out; `code` says why: units, whole, naive, beyond."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True, slots=True)
class Day:
    """A day of a calendar; `windows` None: those usual for the calendar. `name` is why it is as it is."""

    date: dt.date
    kind: Kind
    name: str = ""
    name_en: str = ""
    windows: Windows | None = None

    @property
    def worked(self) -> bool:
        return self.kind in WORKED


class Days:
    """A calendar's days, ready to count with; nothing in it changes after it is built.

    days: those that differ from the week's pattern. windows: of worked days; weekend: of Saturdays and
    Sundays (empty: free). official: years whose table is published, None where no table is waited for.
    A day outside `first` to `last` raises Unreckonable (beyond).
    """

    def __init__(
        self,
        days: Iterable[Day],
        *,
        windows: Windows,
        weekend: Windows = (),
        official: Collection[int] | None = (),
    ) -> None:
        self.windows, self.weekend = windows, weekend
        self.official = None if official is None else frozenset(official)
        self._named = {day.date: day for day in days}
        years = [date.year for date in self._named] + list(self.official or ())
        last = max([FIRST_YEAR, *years]) + YEARS_AHEAD
        self.first, self.last = dt.date(FIRST_YEAR, 1, 1), dt.date(last, 12, 31)
        self._base = self.first.toordinal()
        span = range(self._base, self.last.toordinal() + 1)
        flags = [ordinal % 7 not in (6, 0) or bool(weekend) for ordinal in span]
        for date, day in self._named.items():
            if self.first <= date <= self.last:
                flags[date.toordinal() - self._base] = day.worked
        self._count = [0, *accumulate(flags)]  # worked days before the i-th
        self._worked = [self._base + i for i, flag in enumerate(flags) if flag]
        self._free = [self._base + i for i, flag in enumerate(flags) if not flag]

    def day(self, date: dt.date) -> Day:
        """What a day is, with its reason where the calendar names one."""
        found = self._named.get(date)
        if found is not None:
            return found
        free = date.weekday() > 4 and not self.weekend
        return Day(date, Kind.REST if free else Kind.WORK)

    def windows_of(self, date: dt.date) -> Windows:
        """The working windows of a day: its own, else the week's; none on a day that is free."""
        found = self.day(date)
        if not found.worked:
            return ()
        if found.windows is not None:
            return found.windows
        return (
            self.weekend if found.kind is Kind.WORK and date.weekday() > 4 and self.weekend else self.windows
        )

    def is_workday(self, date: dt.date) -> bool:
        """Whether the day is worked."""
        at = self._index(date)
        return self._count[at + 1] > self._count[at]

    def add_workdays(self, date: dt.date, units: int) -> dt.date:
        """The `units`-th worked day after `date` (before it for negative units; the day itself for 0)."""
        if units == 0:
            return date
        at = self._index(date)
        place = self._count[at + 1] + units - 1 if units > 0 else self._count[at] + units
        if not 0 <= place < len(self._worked):
            raise Unreckonable("beyond")
        return dt.date.fromordinal(self._worked[place])

    def workdays(self, after: dt.date, until: dt.date) -> int:
        """Worked days in (after, until]; negative where `until` lies before."""
        return self._count[self._index(until) + 1] - self._count[self._index(after) + 1]

    def next_workday(self, date: dt.date) -> dt.date:
        """The day itself where it is worked, else the next one that is."""
        return date if self.is_workday(date) else self.add_workdays(date, 1)

    def free_days(self, after: dt.date, before: dt.date) -> tuple[Day, ...]:
        """Days between the two, both excluded, that are not worked."""
        low = bisect_right(self._free, after.toordinal())
        high = bisect_left(self._free, before.toordinal())
        return tuple(self.day(dt.date.fromordinal(n)) for n in self._free[low:high])

    def provisional(self, first: dt.date, last: dt.date) -> bool:
        """Whether the days from `first` to `last` touch a year whose table is not official."""
        if self.official is None:
            return False
        return any(year not in self.official for year in range(first.year, last.year + 1))

    def _index(self, date: dt.date) -> int:
        at = date.toordinal() - self._base
        if not 0 <= at < len(self._count) - 1:
            raise Unreckonable("beyond")
        return at
