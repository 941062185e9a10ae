"""Before and after, with and without: did a measure help, and by how much.

Every test gives an effect with its interval beside the p, because «significant» says nothing of size.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from . import checks
from .distributions import Array, array, binomial_cdf, binomial_tail, log_gamma
from .intervals import clopper_pearson, wilson


class Effect(NamedTuple):
    """`effect` of the second against the first, its interval, and the two-sided chance p."""

    effect: float
    low: float
    high: float
    p: float


def rates(
    before: float, exposure_before: float, after: float, exposure_after: float, confidence: float = 0.95
) -> Effect:
    """The ratio of two rates of events per exposure, after / before; below 1 is fewer.

    Exact: given all events, those after are binomial with the share of exposure (Przyborowski and Wilenski
    1940); the interval is Clopper and Pearson's of that. No event at all: ratio nan, 0 … infinity, p = 1.
    ValueError for negative numbers and for no exposure.
    """
    checks.exposed([before, after], [exposure_before, exposure_after])
    if min(exposure_before, exposure_after) <= 0:
        raise ValueError("both periods need an exposure above 0")
    total = before + after
    if total == 0:
        return Effect(np.nan, 0.0, np.inf, 1.0)
    scale = exposure_before / exposure_after
    interval = clopper_pearson(after, total, confidence)
    low, high = (float(x) / (1 - float(x)) * scale if x < 1 else np.inf for x in interval)
    usual = exposure_after / (exposure_before + exposure_after)
    tails = float(binomial_cdf(after, total, usual)), float(binomial_tail(after, total, usual))
    ratio = after / before * scale if before else np.inf
    return Effect(ratio, low, high, min(1.0, 2 * min(tails)))


def shares(k1: int, n1: int, k2: int, n2: int, confidence: float = 0.95) -> Effect:
    """The difference of two shares, second − first; above 0 is more.

    Interval: Newcombe 1998, method 10 (from the two Wilson intervals). p: Fisher's exact test, the tables as
    likely as the seen one or less. A period without cases: difference nan, −1 … 1, p = 1.
    """
    (first, second), (of_first, of_second) = checks.counts([k1, k2], [n1, n2])
    if of_first == 0 or of_second == 0:
        return Effect(np.nan, -1.0, 1.0, 1.0)
    p1, p2 = first / of_first, second / of_second
    low1, high1 = wilson(first, of_first, confidence)
    low2, high2 = wilson(second, of_second, confidence)
    gap = float(p2 - p1)
    low = gap - float(np.hypot(p2 - low2, high1 - p1))
    high = gap + float(np.hypot(high2 - p2, p1 - low1))
    return Effect(gap, low, high, fisher(k1, n1, k2, n2))


def share_against(k: int, n: int, target: float, confidence: float = 0.95) -> Effect:
    """A share against a fixed target: the difference k/n − target, its Clopper-Pearson interval, and the
    exact
    two-sided binomial p (twice the smaller tail)."""
    checks.counts(k, n)
    checks.share(target, "a target")
    if n == 0:
        return Effect(np.nan, -target, 1 - target, 1.0)
    low, high = clopper_pearson(k, n, confidence)
    tails = float(binomial_cdf(k, n, target)), float(binomial_tail(k, n, target))
    return Effect(k / n - target, float(low) - target, float(high) - target, min(1.0, 2 * min(tails)))


def fisher(k1: int, n1: int, k2: int, n2: int) -> float:
    """Fisher's exact two-sided p of k1 of n1 against k2 of n2, whole numbers."""
    checks.counts([k1, k2], [n1, n2])
    total = k1 + k2
    possible = np.arange(max(0, total - n2), min(n1, total) + 1)
    chance = _log_choose(n1, possible) + _log_choose(n2, total - possible)
    weight = np.exp(chance - chance.max())
    seen = weight[k1 - possible[0]]
    return float(min(1.0, weight[weight <= seen * (1 + 1e-7)].sum() / weight.sum()))


def _log_choose(n: int, k: np.typing.NDArray[np.int64]) -> Array:
    return array(log_gamma(n + 1) - log_gamma(k + 1) - log_gamma(n - k + 1))
