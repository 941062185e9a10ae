"""Pure rules of insight: which period to show first, what counts as worse, which addresses may be kept."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from kezun.facts.rules import DAY, Period

HALF_MONTH, MONTH_DAYS = 15, 30


def first_period(latest: dt.date | None, today: dt.date) -> Period:
    """What to show where nothing was chosen: the month of the latest facts, not today's empty one.

    While that month holds less than half of its days, the last 30 days up to the latest facts. Without any
    facts (None) the present month.
    """
    if latest is None:
        return Period.of(today, "month")
    if latest.day >= HALF_MONTH:
        return Period.of(latest, "month")
    return Period.parse(f"{latest - (MONTH_DAYS - 1) * DAY}..{latest}")


def comparable(period: Period, latest: dt.date | None, kind: str) -> bool:
    """Whether a count may be compared with the period before: only once its own period is complete."""
    return kind not in ("count", "distinct") or (latest is not None and latest >= period.end)


def spark_step(period: Period) -> str:
    """The step of a trend within a period: days up to a quarter, then weeks, then months (over 400 days)."""
    if period.days <= 93:
        return "day"
    return "week" if period.days <= 400 else "month"


@dataclass(frozen=True)
class Share:
    """A proportion with its Wilson interval, all in 0 … 1."""

    value: float
    low: float
    high: float


def difference(now: Share, before: Share) -> tuple[float, float]:
    """95 % interval of `now − before`, Newcombe's hybrid score method (1998, method 10)."""
    delta = now.value - before.value
    low = delta - math.hypot(now.value - now.low, before.high - before.value)
    high = delta + math.hypot(now.high - now.value, before.value - before.low)
    return low, high


def by_chance(now: Share, before: Share) -> bool:
    """Whether two proportions differ by no more than chance explains (95 %)."""
    low, high = difference(now, before)
    return low <= 0 <= high


@dataclass(frozen=True)
class Worsened:
    """A share that got worse beyond chance: by how much, and how much at least (both > 0, 0 … 1)."""

    key: str
    by: float
    at_least: float


def worsened(
    pairs: Iterable[tuple[str, Share, Share]], direction: str, most: int | None = None
) -> list[Worsened]:
    """The keys whose share got worse with 95 % confidence, the surest loss first.

    pairs: (key, now, before). direction: `up` where more is better, `down` where less is. Ranked by the near
    end of the interval, so a small unit with a wild swing does not push out a large one with a sure loss.
    """
    found = []
    for key, now, before in pairs:
        low, high = difference(now, before)
        by, at_least = (
            (before.value - now.value, -high) if direction == "up" else (now.value - before.value, low)
        )
        if direction in ("up", "down") and at_least > 0:
            found.append(Worsened(key, by, at_least))
    return sorted(found, key=lambda w: (-w.at_least, w.key))[:most]


def own_address(address: str) -> bool:
    """Whether an address is a path of this installation: no scheme, no host, no control characters."""
    if not address.startswith("/") or address.startswith(("//", "/\\")) or "\\" in address:
        return False
    if any(ord(c) < 32 for c in address):
        return False
    parts = urlsplit(address)
    return not parts.scheme and not parts.netloc
