"""Pure rules of insight: which period to show first, what counts as worse, which addresses may be kept."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from kezun.facts.rules import DAY, Period
from kezun.statistics.flags import discoveries

HALF_MONTH, MONTH_DAYS = 15, 30
FALSE_SHARE = 0.05


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
class Sure:
    """A value with its 95 % interval, in its own unit."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Share(Sure):
    """A proportion with its Wilson interval, all in 0 … 1; the counts it is made of: `part` of `whole`."""

    part: int
    whole: int


def difference(now: Sure, before: Sure) -> tuple[float, float]:
    """95 % interval of `now − before` from the intervals of both.

    Of shares Newcombe's hybrid score method (1998, method 10); of means and rates the same squaring and
    adding (Zou and Donner, Statist. Med. 27, 2008, 1693-1702).
    """
    delta = now.value - before.value
    low = delta - math.hypot(now.value - now.low, before.high - before.value)
    high = delta + math.hypot(now.high - now.value, before.value - before.low)
    return low, high


def by_chance(now: Sure, before: Sure) -> bool:
    """Whether two values differ by no more than chance explains (95 %)."""
    low, high = difference(now, before)
    return low <= 0 <= high


@dataclass(frozen=True)
class Pair:
    """One comparison: a share now and before. direction: `up` where more is better, `down` where less is."""

    key: tuple[str, ...]
    direction: str
    now: Share
    before: Share


@dataclass(frozen=True)
class Worsened:
    """A share that got worse beyond chance: by how much, and how much at least (both > 0, 0 … 1)."""

    key: tuple[str, ...]
    by: float
    at_least: float


def chance_of_loss(pair: Pair) -> float:
    """How often chance alone would show so large a loss (0 … 1): the one-sided test of two proportions.

    z with the pooled share (the score test; Newcombe's intervals belong to it). 1 where both periods are all
    or nothing alike.
    """
    now, before = pair.now, pair.before
    pooled = (now.part + before.part) / (now.whole + before.whole)
    spread = math.sqrt(pooled * (1 - pooled) * (1 / now.whole + 1 / before.whole))
    if spread == 0:
        return 1.0
    loss = now.part / now.whole - before.part / before.whole
    return math.erfc((-loss if pair.direction == "up" else loss) / spread / math.sqrt(2)) / 2


def beyond_chance(chances: Sequence[float], false_share: float = FALSE_SHARE) -> list[bool]:
    """Which of many tests hold so that of those named at most `false_share` are expected to be false.

    Who compares a thousand outlets finds fifty «losses» at 5 % where nothing changed. The step-up procedure
    of Benjamini and Hochberg (J. R. Statist. Soc. B 57, 1995, pages 289-300) holds the false discovery rate:
    the k smallest hold, for the largest k whose p is at most `k / m · false_share`. It needs independence or
    positive dependence (Benjamini and Yekutieli 2001), as between indicators of one unit.
    """
    return [bool(named) for named in discoveries(chances, false_share).named]


def worsened(pairs: Iterable[Pair], most: int | None = None) -> list[Worsened]:
    """What got worse beyond chance among all that a page compares, the surest loss first.

    Each must hold among the many (`beyond_chance`) and alone (its 95 % interval leaves 0 out). Ranked by the
    near end of the interval: a small unit with a wild swing does not push out a large one with a sure loss.
    """
    judged = [p for p in pairs if p.direction in ("up", "down")]
    found = []
    for pair, holds in zip(judged, beyond_chance([chance_of_loss(p) for p in judged]), strict=True):
        low, high = difference(pair.now, pair.before)
        moved = pair.now.value - pair.before.value
        by, at_least = (-moved, -high) if pair.direction == "up" else (moved, low)
        if holds and at_least > 0:
            found.append(Worsened(pair.key, by, at_least))
    return sorted(found, key=lambda w: (-w.at_least, w.key))[:most]


def own_address(address: str) -> bool:
    """Whether an address is a path of this installation: no scheme, no host, no control characters."""
    if not address.startswith("/") or address.startswith(("//", "/\\")) or "\\" in address:
        return False
    if any(ord(c) < 32 for c in address):
        return False
    parts = urlsplit(address)
    return not parts.scheme and not parts.netloc
