"""The figures of a month of complaints, from plain rows: counts, changes, what stands out. No framework."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from kezun.statistics import contrast

ALPHA = 0.05
MONTH = re.compile(r"[12]\d{3}-\d{2}")
PING_PONG = 2
GRAVE = 2
CONTENT = 4


@dataclass(frozen=True)
class Row:
    """One complaint as a month counts it. codes are leaves of their tables, "" where there is none.

    answer, contact: in time, too late, or None while it cannot be said. close_s: seconds to the close.
    """

    pk: int
    unit: int
    state: str
    open: bool
    severity: int
    channel: str
    business: str
    reason: str
    finding: str
    extended: int
    returns: int
    reopened: int
    repeat: int
    satisfaction: int | None
    close_s: int | None
    answer: bool | None = None
    contact: bool | None = None
    late: bool = False


@dataclass(frozen=True)
class Part:
    """So many of so many; `share` is none of nothing."""

    k: int
    n: int

    @property
    def share(self) -> float | None:
        return self.k / self.n if self.n else None


@dataclass(frozen=True)
class Change:
    """A number against one before. told: more, fewer, or chance where chance explains the difference."""

    now: int
    before: int
    told: str

    @property
    def delta(self) -> int:
        return self.now - self.before


@dataclass(frozen=True)
class Line:
    """A line of a table: a code, how many, of all, and how many in the months compared with."""

    code: str
    count: int
    share: float
    before: int
    year_ago: int


@dataclass(frozen=True)
class Figures:
    """A month in numbers."""

    total: int
    open: int
    closed: int
    withdrawn: int
    rejected: int
    grave: int
    late: int
    answer: Part
    contact: Part
    upheld: Part
    extended: Part
    reopened: Part
    ping_pong: Part
    repeat: Part
    content: Part
    close_median: int | None
    close_p90: int | None


def figures(rows: Sequence[Row]) -> Figures:
    """The figures of a month's complaints (merged ones are not among them)."""
    n = len(rows)
    closes = sorted(row.close_s for row in rows if row.close_s is not None)
    states = Counter(row.state for row in rows)
    found = [row for row in rows if row.finding]
    rated = [row.satisfaction for row in rows if row.satisfaction is not None]
    ended = [row for row in rows if row.reopened or row.close_s is not None]
    return Figures(
        total=n,
        open=sum(row.open for row in rows),
        closed=states["closed"] + states["checked"],
        withdrawn=states["withdrawn"],
        rejected=states["rejected"],
        grave=sum(row.severity <= GRAVE for row in rows),
        late=sum(row.late for row in rows),
        answer=_said(row.answer for row in rows),
        contact=_said(row.contact for row in rows),
        upheld=Part(sum(row.finding in ("upheld", "partly") for row in found), len(found)),
        extended=Part(sum(row.extended > 0 for row in rows), n),
        reopened=Part(sum(row.reopened > 0 for row in rows), len(ended)),
        ping_pong=Part(sum(row.returns >= PING_PONG for row in rows), n),
        repeat=Part(sum(row.repeat > 0 for row in rows), n),
        content=Part(sum(given >= CONTENT for given in rated), len(rated)),
        close_median=nearest(closes, 5),
        close_p90=nearest(closes, 9),
    )


def _said(values: Iterable[bool | None]) -> Part:
    told = [value for value in values if value is not None]
    return Part(sum(told), len(told))


def nearest(ordered: Sequence[int], tenths: int) -> int | None:
    """The smallest value whose cumulative share is at least so many tenths: the nearest rank, exact."""
    if not ordered:
        return None
    return ordered[-(-len(ordered) * tenths // 10) - 1]


def changed(now: int, before: int, days: int, days_before: int) -> Change:
    """A count of `days` against one of `days_before`, by the exact test of two Poisson rates."""
    if now + before == 0 or contrast.rates(before, days_before, now, days).p > ALPHA:
        return Change(now, before, "chance")
    return Change(now, before, "more" if now * days_before > before * days else "fewer")


def lines(
    now: Iterable[str], before: Iterable[str], year_ago: Iterable[str], parents: Mapping[str, str]
) -> list[Line]:
    """A table by codes at their top level, the most frequent first; codes that only were before come last."""
    count, past, old = (Counter(top(code, parents) for code in codes) for codes in (now, before, year_ago))
    total = sum(count.values())
    made = [
        Line(code, count[code], count[code] / total if total else 0.0, past[code], old[code])
        for code in {*count, *past}
    ]
    return sorted(made, key=lambda line: (-line.count, -line.before, line.code))


def top(code: str, parents: Mapping[str, str]) -> str:
    """The code at the top of the tree; a chain that comes back to itself ends where it began."""
    seen = {code}
    while (above := parents.get(code, "")) and above not in seen:
        seen.add(above)
        code = above
    return code


def month_of(text: str) -> dt.date:
    """The first day of a month written `2026-03`; ValueError for anything else."""
    if not MONTH.fullmatch(text):
        raise ValueError(text)
    return dt.date.fromisoformat(f"{text}-01")


def shifted(first: dt.date, months: int) -> dt.date:
    """The first day of the month so many months later."""
    at = first.year * 12 + first.month - 1 + months
    return dt.date(at // 12, at % 12 + 1, 1)


def days_in(first: dt.date) -> int:
    """How many days the month has."""
    return (shifted(first, 1) - first).days
