"""Pure rules of facts: periods and intervals. No framework, no engine."""

from __future__ import annotations

import calendar
import datetime as dt
import itertools
import math
import re
import unicodedata
from dataclasses import dataclass
from fractions import Fraction

DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Period:
    """A span of days, both included: day, ISO week, month, quarter, year, or any range.

    Written 1999-02-03, 1999-W06, 1999-02, 1999-Q1, 1999 or 1999-02-01..1999-02-21.
    """

    start: dt.date
    end: dt.date
    kind: str
    label: str

    @classmethod
    def parse(cls, text: str) -> Period:
        """Read a period; ValueError says which forms there are. Full-width digits read as plain ones."""
        text = text.strip()
        try:
            return cls._parse(unicodedata.normalize("NFKC", text))
        except (ValueError, OverflowError) as error:
            raise ValueError(
                f"«{text}» is not a period: write 2026-03, 2026-W10, 2026-03-05, 2026-Q1, 2026 "
                "or 2026-03-01..2026-03-15"
            ) from error

    @classmethod
    def _parse(cls, text: str) -> Period:
        if ".." in text:
            first, last = (dt.date.fromisoformat(part.strip()) for part in text.split("..", 1))
            if last < first:
                raise ValueError("the end lies before the start")
            return cls(first, last, "range", f"{first}..{last}")
        if match := re.fullmatch(r"(\d{4})-W(\d{2})", text):
            first = dt.date.fromisocalendar(int(match[1]), int(match[2]), 1)
            return cls(first, first + 6 * DAY, "week", text)
        if match := re.fullmatch(r"(\d{4})-Q([1-4])", text):
            year, quarter = int(match[1]), int(match[2])
            return cls(dt.date(year, quarter * 3 - 2, 1), _month_end(year, quarter * 3), "quarter", text)
        if match := re.fullmatch(r"(\d{4})-(\d{2})", text):
            year, month = int(match[1]), int(match[2])
            return cls(dt.date(year, month, 1), _month_end(year, month), "month", text)
        if match := re.fullmatch(r"\d{4}", text):
            year = int(text)
            return cls(dt.date(year, 1, 1), dt.date(year, 12, 31), "year", text)
        if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
            day = dt.date.fromisoformat(text)
            return cls(day, day, "day", text)
        raise ValueError("unknown form")

    @classmethod
    def of(cls, day: dt.date, kind: str) -> Period:
        """The period of `kind` (day, week, month, quarter, year) that holds `day`."""
        if kind == "day":
            return cls._parse(day.isoformat())
        if kind == "week":
            year, week, _ = day.isocalendar()
            return cls._parse(f"{year:04d}-W{week:02d}")
        if kind == "month":
            return cls._parse(f"{day.year:04d}-{day.month:02d}")
        if kind == "quarter":
            return cls._parse(f"{day.year:04d}-Q{(day.month + 2) // 3}")
        if kind == "year":
            return cls._parse(f"{day.year:04d}")
        raise ValueError(f"{kind} is not a kind of period")

    def previous(self) -> Period:
        """The period of the same kind just before; a range: as many days. OverflowError before year 1."""
        if self.kind == "range":
            days = (self.end - self.start).days + 1
            first = self.start - days * DAY
            return Period._parse(f"{first}..{self.start - DAY}")
        return Period.of(self.start - DAY, self.kind)

    def following(self) -> Period:
        """The period of the same kind just after; a range: as many days. OverflowError after year 9999."""
        if self.kind == "range":
            days = (self.end - self.start).days + 1
            return Period._parse(f"{self.end + DAY}..{self.end + days * DAY}")
        return Period.of(self.end + DAY, self.kind)

    @property
    def days(self) -> int:
        return (self.end - self.start).days + 1


def _month_end(year: int, month: int) -> dt.date:
    return dt.date(year, month, calendar.monthrange(year, month)[1])


def wilson(successes: int, n: int, z: float = 1.959963984540054) -> tuple[float, float] | None:
    """95 % score interval of a proportion (Wilson 1927, as in Newcombe 1998, method 3); None for n = 0.

    successes in 0 … n; returns (low, high) within 0 … 1. ValueError where successes lies outside.
    """
    if n == 0:
        return None
    if not 0 <= successes <= n:
        raise ValueError(f"{successes} of {n} is not a proportion")
    p, z2 = successes / n, z * z
    centre = p + z2 / (2 * n)
    half = z * math.sqrt(p * (1 - p) / n + z2 / (4 * n * n))
    low, high = (centre - half) / (1 + z2 / n), (centre + half) / (1 + z2 / n)
    return (0.0 if successes == 0 else low), (1.0 if successes == n else high)


def quotient(numerator: int, denominator: int, scale: int = 1) -> float | None:
    """scale × numerator ÷ denominator, the one division of an indicator; None where the denominator is 0.

    The product is made in whole numbers first, so that no engine's rounding enters.
    """
    return None if denominator == 0 else numerator * scale / denominator


def standard_error(n: int, total: int, squares: int) -> float | None:
    """s / √n, the standard error of the mean of `n` values with this sum and this sum of squares.

    s² = (n · squares − total²) ÷ n (n − 1) in whole numbers, then one division: nothing cancels, whatever the
    size of the values. None for fewer than two values.
    """
    if n < 2:
        return None
    return math.sqrt((n * squares - total * total) / (n * n * (n - 1)))


def bin_labels(bins: tuple[int, ...]) -> tuple[str, ...]:
    """Names of the spans between rising bounds: (0, 30) → "<=0", "0-30" (above 0, up to 30), ">30"."""
    between = tuple(f"{low}-{high}" for low, high in itertools.pairwise(bins))
    return (f"<={bins[0]}", *between, f">{bins[-1]}")


def nearest_rank(values: list[int], p: str) -> int | None:
    """The smallest value whose cumulative share is at least `p` (a decimal text, exact); None of nothing.

    This is what `percentile_disc` means: rank ceil(p × n) in order. Used where values are in memory.
    """
    if not values:
        return None
    rank = math.ceil(Fraction(p) * len(values))
    return sorted(values)[max(rank, 1) - 1]


def change(now: float | None, before: float | None) -> float | None:
    """Difference against the period before, in the indicator's own unit; None where either is missing."""
    return None if now is None or before is None else now - before


def meets(value: float, op: str, target: float) -> bool:
    """Whether `value` meets a target with its explicit operator; "以上/以下" are >= and <=."""
    if op == ">=":
        return value >= target
    if op == "<=":
        return value <= target
    if op == ">":
        return value > target
    if op == "<":
        return value < target
    raise ValueError(f"{op} is not an operator of a target")
