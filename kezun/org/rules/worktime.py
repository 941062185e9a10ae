"""Business time: which days are worked, when a period ends, how much working time lies between two moments.

A `Worktime` is built once from a calendar's days and answers from prefix sums: the n-th workday after a day
is two look-ups, working time a bisection. Civil Code art. 201 and 203 give the day rules: the day of receipt
does not count, a period in days ends at 24:00 of its last day, or the close of business where there is one.

- `natural`: calendar days after the day of receipt, ends at 24:00; with roll `next` on a day that is worked.
- `workday`: worked days after the day of receipt, ends at the close of business of the last one.
- `workminute`: minutes inside the windows of worked days, from the moment of receipt on.
- `hour24`: hours on the clock, whatever the day.

24:00 is told as 23:59:59, the last second that is in time: so a deadline bears the date of its last day.
"""

from __future__ import annotations

import datetime as dt
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import accumulate
from zoneinfo import ZoneInfo

from kezun.org.rules.calendar import DAY, Day, Days, Unreckonable, Windows

MICROSECOND = dt.timedelta(microseconds=1)
EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
MINUTE_US, DAY_US = 60_000_000, 86_400_000_000
FULL = 1440


class Basis(StrEnum):
    """What a period is counted in."""

    NATURAL = "natural"
    WORKDAY = "workday"
    WORKMINUTE = "workminute"
    HOUR24 = "hour24"


@dataclass(frozen=True, slots=True)
class Due:
    """When a period ends (`due_at`, the last moment in time) and the last working moment before (`act_by`).

    provisional: it touches a year whose official table is not published. skipped: days that did not count.
    """

    due_at: dt.datetime
    act_by: dt.datetime
    provisional: bool
    skipped: tuple[Day, ...]


class Worktime(Days):
    """A calendar ready to reckon with in a zone; nothing in it changes after it is built."""

    def __init__(
        self,
        days: Iterable[Day],
        *,
        zone: ZoneInfo,
        windows: Windows,
        weekend: Windows = (),
        official: Collection[int] | None = (),
    ) -> None:
        super().__init__(days, windows=windows, weekend=weekend, official=official)
        self.zone = zone
        # each window in microseconds since 1970, and the working time before it
        self._starts: list[int] = []
        self._ends: list[int] = []
        for ordinal in self._worked:
            date = dt.date.fromordinal(ordinal)
            for start, end in self._spans(date, self.windows_of(date)):
                self._starts.append(start)
                self._ends.append(end)
        lengths = (end - start for start, end in zip(self._starts, self._ends, strict=True))
        self._before = [0, *accumulate(lengths)]

    def _spans(self, date: dt.date, windows: Windows) -> Iterator[tuple[int, int]]:
        midnight = dt.datetime.combine(date, dt.time(), self.zone)
        offset, then = midnight.utcoffset(), (midnight + DAY).utcoffset()
        assert offset is not None  # a named zone always has one
        base = (date.toordinal() - EPOCH.toordinal()) * DAY_US - offset // MICROSECOND
        for start, end in windows:
            if offset == then:
                yield base + start * MINUTE_US, base + end * MINUTE_US
            else:  # the clocks change on this day
                low, high = (_since(midnight + dt.timedelta(minutes=m)) for m in (start, end))
                yield low, max(low, high)

    def local(self, at: dt.datetime) -> dt.datetime:
        """The moment in the calendar's zone; raises Unreckonable (naive) for one without a zone."""
        if at.tzinfo is None:
            raise Unreckonable("naive")
        return at.astimezone(self.zone)

    def date_of(self, at: dt.datetime) -> dt.date:
        """The day of a moment in the calendar's zone."""
        return self.local(at).date()

    def end_of(self, date: dt.date) -> dt.datetime:
        """24:00 of a day, as 23:59:59."""
        return dt.datetime.combine(date, dt.time(23, 59, 59, fold=1), self.zone)

    def close_of(self, date: dt.date) -> dt.datetime:
        """The close of business of a worked day; 24:00 where it has no windows."""
        windows = self.windows_of(date)
        if not windows or windows[-1][1] >= FULL:
            return self.end_of(date)
        return dt.datetime.combine(date, dt.time(*divmod(windows[-1][1], 60)), self.zone)

    def working(self, start: dt.datetime, end: dt.datetime) -> dt.timedelta:
        """Working time between two moments; negative where `end` lies before `start`."""
        return (self._passed(_since(end)) - self._passed(_since(start))) * MICROSECOND

    def _passed(self, at: int) -> int:
        """Working microseconds before a moment."""
        window = bisect_right(self._starts, at) - 1
        if window < 0:
            return 0
        return self._before[window] + min(at, self._ends[window]) - self._starts[window]

    def add_working(self, start: dt.datetime, span: dt.timedelta) -> dt.datetime:
        """The first moment by which `span` of working time has passed since `start`."""
        if span <= dt.timedelta(0):
            return self.local(start)
        wanted = self._passed(_since(start)) + span // MICROSECOND
        window = bisect_left(self._before, wanted) - 1
        if window >= len(self._starts):
            raise Unreckonable("beyond")
        return self._moment(self._starts[window] + wanted - self._before[window])

    def _moment(self, since: int) -> dt.datetime:
        return (EPOCH + since * MICROSECOND).astimezone(self.zone)

    def last_working(self, at: dt.datetime, since: dt.datetime) -> dt.datetime:
        """The last working moment at or before `at`; `at` itself where none lies between `since` and it."""
        window = bisect_left(self._starts, _since(at)) - 1
        if window >= 0:
            found = min(_since(at), self._ends[window])
            if found > _since(since) or found == _since(at):
                return self._moment(found)
        return self.local(at)

    def along(self, start: dt.datetime, end: dt.datetime, share: float) -> dt.datetime:
        """The moment at `share` (0 to 1) of the working time from `start` to `end`.

        Where no working time lies between them, of the time on the clock.
        """
        whole = self.working(start, end)
        if share >= 1 or end <= start:
            return self.local(end)
        if whole <= dt.timedelta(0):
            return self.local(start.astimezone(dt.UTC) + _between(start, end) * share)
        return self.add_working(start, whole * share)

    def share(self, start: dt.datetime, end: dt.datetime, now: dt.datetime) -> float:
        """How far `now` is from `start` to `end` in working time: 0 at the start, above 1 after the end."""
        whole, gone = self.working(start, end), self.working(start, now)
        if whole <= dt.timedelta(0):
            whole, gone = _between(start, end), _between(start, now)
        return gone / whole if whole > dt.timedelta(0) else float(now >= end)

    def workdays_after(self, at: dt.datetime, units: int) -> dt.datetime:
        """The close of business of the `units`-th worked day after a moment's day."""
        return self.close_of(self.add_workdays(self.date_of(at), units))

    # --- periods ---

    def due(self, basis: Basis, units: float, start: dt.datetime, roll: str = "none") -> Due:
        """When a period that begins with receipt at `start` ends.

        units: days, worked days, working minutes or hours; whole numbers above 0, hours may have fractions.
        Raises Unreckonable: units (not above 0), whole (a fraction), naive (no zone), beyond (no such days).
        """
        _whole(basis, units)
        now = self.local(start)
        try:
            self._index(now.date())
            end, free = self._ended(basis, units, now, roll)
            self._index(end.date())
        except OverflowError as error:
            raise Unreckonable("beyond") from error
        return self.dated(end, now, free)

    def _ended(
        self, basis: Basis, units: float, now: dt.datetime, roll: str
    ) -> tuple[dt.datetime, tuple[Day, ...]]:
        begun = now.date()
        if basis is Basis.NATURAL:
            last = begun + int(units) * DAY
            rolled = self.next_workday(last) if roll == "next" else last
            return self.end_of(rolled), self.free_days(last - DAY, rolled)
        if basis is Basis.WORKDAY:
            last = self.add_workdays(begun, int(units))
            return self.close_of(last), self.free_days(begun, last)
        if basis is Basis.WORKMINUTE:
            end = self.add_working(now, dt.timedelta(minutes=units))
            return end, self.free_days(begun - DAY, end.date())
        return self._moment(_since(now) + round(units * 60 * MINUTE_US)), ()

    def dated(self, end: dt.datetime, start: dt.datetime, skipped: tuple[Day, ...] = ()) -> Due:
        """The deadline that ends at `end` of a period from `start`: with `act_by` and whether it may move."""
        provisional = self.provisional(self.date_of(start), self.date_of(end))
        return Due(end, self.last_working(end, start), provisional, skipped)

    def elapsed(self, basis: Basis, start: dt.datetime, end: dt.datetime) -> float:
        """Units of the basis that passed between two moments; negative where `end` lies before `start`."""
        if basis is Basis.NATURAL:
            return float((self.date_of(end) - self.date_of(start)).days)
        if basis is Basis.WORKDAY:
            return float(self.workdays(self.date_of(start), self.date_of(end)))
        if basis is Basis.WORKMINUTE:
            return self.working(start, end) / dt.timedelta(minutes=1)
        return _between(start, end) / dt.timedelta(hours=1)


def _since(at: dt.datetime) -> int:
    if at.tzinfo is None:
        raise Unreckonable("naive")
    return (at.astimezone(dt.UTC) - EPOCH) // MICROSECOND


def _between(start: dt.datetime, end: dt.datetime) -> dt.timedelta:
    """Time on the clock; two moments of one zone would be subtracted as their wall clocks stand."""
    return (_since(end) - _since(start)) * MICROSECOND


def _whole(basis: Basis, units: float) -> None:
    if not units > 0 or units == float("inf"):
        raise Unreckonable("units")
    if basis is not Basis.HOUR24 and units != int(units):
        raise Unreckonable("whole")
