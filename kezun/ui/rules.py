"""How numbers look: pure rules of rounding, splitting and drawing. No framework, no words."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

MINUTE, HOUR = 60, 3600
IN_DAYS = 72  # hours from which a duration is told in days
FAR = 3  # how many times the rows' own span a scale may grow to show the target


@dataclass(frozen=True)
class Shown:
    """A number ready for words: `pattern` says which wording, `numbers` fill it in order."""

    pattern: str
    numbers: tuple[str, ...]


def shown(value: float, unit: str) -> Shown:
    """A value in its unit. Shares (%) come as 0 … 1, durations (s) as seconds, the rest as they read.

    unit: one of %, s, count, score, per_10k, per_hour; any other is shown with two decimals.
    Rounding never turns a value below 100 % into «100 %», nor one above 0 into «0 %».
    """
    if unit == "%":
        return Shown("percent", (percent(value),))
    if unit == "s":
        return duration(value)
    if unit == "count":
        return Shown("count", (grouped(value),))
    if unit in ("per_10k", "per_hour"):
        return Shown(unit, (decimals(value, 1),))
    return Shown("plain", (decimals(value, 2),))


def percent(share: float) -> str:
    """A share as a percentage with one decimal, with two or three where one would hide the difference."""
    points = share * 100
    for places in (1, 2, 3):
        text = f"{points:.{places}f}"
        if float(text) not in (0.0, 100.0) or points in (0.0, 100.0):
            break
    return "0" if points == 0 else "100" if points == 100 else text.replace("-", "−")


def duration(seconds: float) -> Shown:
    """Seconds below a minute, minutes and seconds, hours and minutes, from 72 h days and hours; rounded."""
    sign = "−" if seconds < 0 else ""
    size = abs(seconds)
    if size < 10 and size != int(size):
        return Shown("seconds", (decimals(seconds, 1),))
    whole = math.floor(size + 0.5)
    if whole < MINUTE:
        return Shown("seconds", (f"{sign}{whole}",))
    if whole < HOUR:
        return _split("minutes", sign, whole // MINUTE, whole % MINUTE)
    minutes = math.floor(size / MINUTE + 0.5)
    if minutes < IN_DAYS * 60:
        return _split("hours", sign, minutes // 60, minutes % 60)
    hours = math.floor(size / HOUR + 0.5)
    return _split("days", sign, hours // 24, hours % 24)


def _split(pattern: str, sign: str, large: int, small: int) -> Shown:
    """Both parts, or the large one alone where the small one is zero: «30 min», not «30 min 0 s»."""
    if small == 0:
        return Shown(f"{pattern}_even", (f"{sign}{large}",))
    return Shown(pattern, (f"{sign}{large}", str(small)))


def grouped(value: float) -> str:
    """A whole number with separators between thousands."""
    return f"{value:z,.0f}".replace("-", "−")


def decimals(value: float, places: int) -> str:
    """A number with so many decimals, and a true minus sign."""
    return f"{value:z,.{places}f}".replace("-", "−")


def verdict(delta: float, direction: str) -> str:
    """What a change means: better, worse, level (none), or plain where more is neither good nor bad."""
    if delta == 0:
        return "level"
    if direction not in ("up", "down"):
        return "plain"
    return "better" if (delta > 0) == (direction == "up") else "worse"


def spark(values: Sequence[float | None], width: int = 100, height: int = 24) -> list[str]:
    """Polyline points of a sparkline, one text per unbroken run; gaps (None) break the line.

    A run of one point becomes a short dash, so a lonely day is still seen.
    """
    known = [v for v in values if v is not None]
    if not known:
        return []
    low, span = min(known), (max(known) - min(known)) or 1.0
    step = width / max(len(values) - 1, 1)
    flat = max(known) == min(known)
    runs: list[list[str]] = [[]]
    for place, value in enumerate(values):
        if value is None:
            runs.append([])
            continue
        y = height / 2 if flat else height - 2 - (value - low) / span * (height - 4)
        runs[-1].append(f"{place * step:.1f},{y:.1f}")
    return [" ".join(run if len(run) > 1 else [run[0], run[0]]) for run in runs if run]


@dataclass(frozen=True)
class Bar:
    """A value with its interval on a common scale, as positions in 0 … 100; None where unknown."""

    value: float | None
    low: float | None = None
    high: float | None = None
    target: float | None = None

    @property
    def width(self) -> float:
        """Length of the interval's line."""
        return round(self.high - self.low, 2) if self.low is not None and self.high is not None else 0.0


def bars(rows: Sequence[tuple[float | None, float | None, float | None]], target: float | None) -> list[Bar]:
    """Place (value, low, high) rows and a target on one scale that spans all of them, with a little air.

    Shares keep to what they span (98–100 %), so that small differences are seen; the scale is the same for
    every row, so that lengths compare. A target so far away that it would squeeze the rows is left out.
    """
    marks = [m for row in rows for m in row if m is not None]
    if not marks:
        return [Bar(None) for _ in rows]
    low, high = min(marks), max(marks)
    if target is not None and max(high, target) - min(low, target) <= FAR * (high - low):
        low, high = min(low, target), max(high, target)
    else:
        target = None
    air = (high - low) * 0.06 or abs(high) * 0.1 or 1.0
    start, span = low - air, (high - low) + 2 * air

    def place(mark: float | None) -> float | None:
        return None if mark is None else round((mark - start) / span * 100, 2)

    return [Bar(place(v), place(lo), place(hi), place(target)) for v, lo, hi in rows]
