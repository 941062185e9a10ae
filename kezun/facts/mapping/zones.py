"""Local time and UTC in SQL: a zone's changes of offset written out, so every engine computes the same.

A local time that a clock change skips is read with the offset before the change (it lands after the gap);
one that happens twice is the first. Both follow fold=0 of PEP 495.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache
from zoneinfo import ZoneInfo

FIRST_YEAR, LAST_YEAR = 1980, 2040


@dataclass(frozen=True)
class Change:
    """At `at` (UTC) the offset goes from `before` to `after` seconds east."""

    at: dt.datetime
    before: int
    after: int

    @property
    def local(self) -> dt.datetime:
        """The first local time read with the new offset."""
        return self.at + dt.timedelta(seconds=max(self.before, self.after))

    @property
    def span(self) -> tuple[dt.datetime, dt.datetime]:
        """The local times that do not exist or exist twice: from, until (not included)."""
        low, high = sorted((self.before, self.after))
        return self.at + dt.timedelta(seconds=low), self.at + dt.timedelta(seconds=high)


def _offset(zone: ZoneInfo, moment: dt.datetime) -> int:
    offset = moment.replace(tzinfo=dt.UTC).astimezone(zone).utcoffset()
    return int(offset.total_seconds()) if offset is not None else 0


@lru_cache(maxsize=64)
def changes(name: str) -> tuple[int, tuple[Change, ...]]:
    """The offset of zone `name` at the start of FIRST_YEAR, and its changes up to LAST_YEAR, oldest first.

    Found by bisecting each half day over which the offset differs; no zone changes twice within one.
    """
    if name == "UTC":
        return 0, ()
    zone, step = ZoneInfo(name), dt.timedelta(hours=12)
    moment, end = (dt.datetime.fromisoformat(f"{year}-01-01") for year in (FIRST_YEAR, LAST_YEAR))
    first = before = _offset(zone, moment)
    found = []
    while moment < end:
        after = _offset(zone, moment + step)
        if after != before:
            found.append(Change(_bisect(zone, moment, moment + step), before, after))
            before = after
        moment += step
    return first, tuple(found)


def _bisect(zone: ZoneInfo, low: dt.datetime, high: dt.datetime) -> dt.datetime:
    before = _offset(zone, low)
    while high - low > dt.timedelta(seconds=1):
        middle = low + (high - low) // 2
        middle = middle.replace(microsecond=0)
        low, high = (middle, high) if _offset(zone, middle) == before else (low, middle)
    return high


def _stamp(moment: dt.datetime) -> str:
    return f"TIMESTAMP '{moment.isoformat(sep=' ')}'"


def _shifted(value: str, seconds: int) -> str:
    return f"{value} {'-' if seconds < 0 else '+'} INTERVAL {abs(seconds)} SECOND" if seconds else value


def to_utc(zone: str, local: str) -> str:
    """SQL of the UTC moment of the local time `local` (SQL of a TIMESTAMP)."""
    first, found = changes(zone)
    return _cases(local, _shifted(local, -first), [(c.local, _shifted(local, -c.after)) for c in found])


def to_local(zone: str, moment: str) -> str:
    """SQL of the local time of the UTC moment `moment`."""
    first, found = changes(zone)
    return _cases(moment, _shifted(moment, first), [(c.at, _shifted(moment, c.after)) for c in found])


def _cases(value: str, oldest: str, steps: list[tuple[dt.datetime, str]]) -> str:
    # Newest first: a recent row is settled by the first comparisons.
    whens = " ".join(f"WHEN {value} >= {_stamp(at)} THEN {result}" for at, result in reversed(steps))
    return f"(CASE {whens} ELSE {oldest} END)" if whens else f"({oldest})"


def skipped(zone: str, local: str) -> str | None:
    """SQL condition: this local time does not exist in the zone; None where the zone skips none."""
    return _within(local, [c.span for c in changes(zone)[1] if c.after > c.before])


def doubled(zone: str, local: str) -> str | None:
    """SQL condition: this local time happens twice in the zone; None where none does."""
    return _within(local, [c.span for c in changes(zone)[1] if c.after < c.before])


def _within(local: str, spans: list[tuple[dt.datetime, dt.datetime]]) -> str | None:
    if not spans:
        return None
    # One CASE, newest first, so that a recent row is settled at once.
    whens = " ".join(
        f"WHEN {local} >= {_stamp(high)} THEN false WHEN {local} >= {_stamp(low)} THEN true"
        for low, high in reversed(spans)
    )
    return f"(CASE {whens} ELSE false END)"
