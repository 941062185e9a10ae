"""Did the remedy work? A rate before and after, tested exactly; «cannot tell» is a verdict of its own.

A remedy worked where chance hardly explains the change (p ≤ 0.05) and it goes the right way. It did not where
the change goes the wrong way, or where the interval leaves no room for an improvement worth having. All
else cannot be told: few events prove nothing, and nothing is not a success.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import msgspec

from kezun.statistics import contrast

EFFECTIVE, NOT, UNKNOWN = "effective", "not", "unknown"
POISSON, BINOMIAL, NONE = "poisson", "binomial", ""
ALPHA = 0.05
# an improvement below a fifth of what was wrong before is not worth calling one
WORTH = 0.2
# which test fits which kind of indicator; means and quantiles have no exact one here
TESTS = {"ratio": BINOMIAL, "coverage": POISSON, "rate": POISSON, "count": POISSON}


@dataclass(frozen=True)
class Window:
    """What happened in a period: events of an exposure (cases of tickets, met of asked, events of days)."""

    events: int
    exposure: int

    @property
    def rate(self) -> float | None:
        """Events per exposure; none without exposure."""
        return self.events / self.exposure if self.exposure > 0 else None


@dataclass(frozen=True)
class Finding:
    """What the figures say. size: ratio of the rates (poisson) or difference of the shares (binomial).

    why: chance (it explains the change), better, worse, flat (no room for an improvement), empty (no exposure
    or no events), untested (no exact test for this indicator).
    """

    test: str
    before: Window
    after: Window
    verdict: str
    why: str
    size: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None

    def plain(self) -> dict[str, object]:
        """As JSON holds it: infinity and not-a-number become null."""
        return {k: _plain(v) for k, v in asdict(self).items()}


def _plain(value: object) -> object:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def read(held: Mapping[str, object]) -> Finding:
    """A finding as it was kept."""
    return msgspec.convert(dict(held), Finding)


@dataclass(frozen=True)
class Plan:
    """Which days are compared, and from when on it can be said. All days included; due is the day after."""

    before_from: dt.date
    before_until: dt.date
    after_from: dt.date
    after_until: dt.date

    @property
    def due(self) -> dt.date:
        """The first day on which the whole period after has passed."""
        return self.after_until + dt.timedelta(days=1)


def planned(received: dt.date, closed: dt.date, days: int, after_days: int) -> Plan:
    """The `days` before the matter came up, and the `after_days` after its close.

    The days between, on which the remedy was being made, belong to neither.
    """
    one = dt.timedelta(days=1)
    return Plan(received - days * one, received - one, closed + one, closed + after_days * one)


def judged(kind: str, direction: str, before: Window, after: Window) -> Finding:
    """The finding for an indicator of that kind; direction: `up` where more is better, else fewer is.

    Poisson (events per exposure): the exact conditional test, ratio and Clopper-Pearson interval. Binomial
    (shares): Fisher's exact test, difference and Newcombe's interval. See statistics/contrast.py.
    """
    test = TESTS.get(kind, NONE)
    if not test:
        return Finding(test, before, after, UNKNOWN, "untested")
    if before.exposure <= 0 or after.exposure <= 0 or before.events + after.events == 0:
        return Finding(test, before, after, UNKNOWN, "empty")
    up = direction == "up"
    found = _tested(test, before, after)
    neutral, enough = _bounds(test, up, before)
    better = found.effect > neutral if up else found.effect < neutral
    if found.p <= ALPHA:
        verdict, why = (EFFECTIVE, "better") if better else (NOT, "worse")
    elif found.high < enough if up else found.low > enough:
        verdict, why = NOT, "flat"
    else:
        verdict, why = UNKNOWN, "chance"
    return Finding(test, before, after, verdict, why, found.effect, found.low, found.high, found.p)


def _tested(test: str, before: Window, after: Window) -> contrast.Effect:
    if test == POISSON:
        return contrast.rates(before.events, before.exposure, after.events, after.exposure)
    return contrast.shares(before.events, before.exposure, after.events, after.exposure)


def _bounds(test: str, up: bool, before: Window) -> tuple[float, float]:
    """The size that means no change, and the least one that would be worth having."""
    if test == POISSON:
        return 1.0, 1 + WORTH if up else 1 - WORTH
    share = before.events / before.exposure
    return 0.0, WORTH * (1 - share) if up else -WORTH * share


def allowed(said: str, computed: str) -> bool:
    """Whether a person may settle on a verdict: never on a better one than the figures give."""
    order = (NOT, UNKNOWN, EFFECTIVE)
    return not computed or order.index(said) <= order.index(computed)


def recurred(closed: dt.datetime, again: dt.datetime, days: int) -> bool:
    """Whether the same came back within so many days after the close."""
    return closed <= again < closed + dt.timedelta(days=days)
