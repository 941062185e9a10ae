"""Intervals for a share, a rate, a mean, a quantile and an NPS that stay honest for small samples and 100 %.

The Wald interval (p ± 1.96 √(p(1−p)/n)) is not here on purpose: for 0 of 20 it has the width 0.
All shares are 0 … 1; functions of arrays broadcast and return float64 of the common shape.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from statistics import NormalDist
from typing import NamedTuple

import numpy as np

from . import checks
from .distributions import Array, Numbers, array, beta_quantile, binomial_cdf, chi2_quantile, t_quantile


class Interval(NamedTuple):
    low: Array
    high: Array


class Score(NamedTuple):
    """A value with its standard error and interval, in points (−100 … 100 for an NPS)."""

    value: float
    error: float
    low: float
    high: float
    n: float


def critical(confidence: float) -> float:
    """The z that leaves half of 1 − confidence above it: 1.96 for 0.95.

    From the standard library, so that a page that shows Wilson intervals never loads scipy.
    """
    return NormalDist().inv_cdf((1 + checks.share(confidence, "confidence")) / 2)


def wilson(k: Numbers, n: Numbers, confidence: float = 0.95) -> Interval:
    """The score interval of k of n (Wilson 1927; method 3 of Newcombe 1998), for what people see.

    `k`, `n`: any shapes that broadcast, 0 <= k <= n. n = 0 knows nothing: 0 … 1. ValueError for impossible
    counts.
    """
    k, n = checks.counts(k, n)
    z2 = critical(confidence) ** 2
    whole = np.where(n > 0, n, 1.0)
    middle = k + z2 / 2
    half = np.sqrt(z2 * (k * (whole - k) / whole + z2 / 4))
    low = np.where(k == 0, 0.0, (middle - half) / (whole + z2))
    high = np.where(k == n, 1.0, (middle + half) / (whole + z2))
    return _known(n, low, high)


def jeffreys(k: Numbers, n: Numbers, confidence: float = 0.95) -> Interval:
    """The equal-tailed posterior interval under Beta(½, ½), with 0 and 1 as ends where k is 0 or n
    (Brown, Cai, DasGupta 2001). Shapes and errors as `wilson`."""
    k, n = checks.counts(k, n)
    tail = (1 - checks.share(confidence, "confidence")) / 2
    low = np.where(k == 0, 0.0, beta_quantile(tail, k + 0.5, n - k + 0.5))
    high = np.where(k == n, 1.0, beta_quantile(1 - tail, k + 0.5, n - k + 0.5))
    return _known(n, low, high)


def clopper_pearson(k: Numbers, n: Numbers, confidence: float = 0.95) -> Interval:
    """The exact interval (Clopper, Pearson 1934): covers at least as often as it says, so it is the widest;
    for disputes. Shapes and errors as `wilson`."""
    k, n = checks.counts(k, n)
    tail = (1 - checks.share(confidence, "confidence")) / 2
    low = np.where(k == 0, 0.0, beta_quantile(tail, np.maximum(k, 1e-300), n - k + 1))
    high = np.where(k == n, 1.0, beta_quantile(1 - tail, k + 1, np.maximum(n - k, 1e-300)))
    return _known(n, low, high)


def poisson_rate(events: Numbers, exposure: Numbers, confidence: float = 0.95, per: float = 1.0) -> Interval:
    """The exact interval of a rate of events per `per` units of exposure (Garwood 1936).

    `poisson_rate(3, 25_000, per=10_000)`: dissatisfied per 10,000 transactions. No exposure: 0 … infinity.
    ValueError for negative numbers, and for events without exposure.
    """
    events, exposure = checks.exposed(events, exposure)
    tail = (1 - checks.share(confidence, "confidence")) / 2
    base = np.where(exposure > 0, exposure, 1.0) / per
    low = np.where(exposure > 0, chi2_quantile(tail, 2 * events) / 2 / base, 0.0)
    high = np.where(exposure > 0, chi2_quantile(1 - tail, 2 * events + 2) / 2 / base, np.inf)
    return Interval(low[()], high[()])


def mean(value: Numbers, error: Numbers, n: Numbers, confidence: float = 0.95) -> Interval:
    """The t interval of a mean of n independent values: value ± t(n − 1) · error (Student 1908).

    `value`: means; `error`: their standard errors s / √n; `n`: how many values; any shapes that broadcast.
    nan where nothing is known of the spread: fewer than two values, or all alike (an error of 0 would claim
    certainty, as Wald's does). Strongly skewed values (waits) need some thirty for the 95 % to hold.
    ValueError for a negative error or n.
    """
    middle, spread, size = np.broadcast_arrays(array(value), array(error), array(n))
    checks.refuse((spread < 0) | (size < 0), "an error and a number of values must be 0 or more")
    known = (size >= 2) & (spread > 0) & np.isfinite(middle)
    tail = (1 + checks.share(confidence, "confidence")) / 2
    half = np.where(known, t_quantile(tail, np.where(known, size - 1, 1.0)) * spread, np.nan)
    return Interval(array(middle - half)[()], array(middle + half)[()])


def ranks(n: int, p: float, confidence: float = 0.95) -> tuple[int, int] | None:
    """The ranks (from 1) of the two values between which the p-quantile of what n values were drawn from
    lies: free of any distribution, exact by the binomial (Conover 1999, section 3.2).

    None where n values are too few for an end on either side, as below 36 values for the upper one of a P90.
    ValueError for p outside 0 … 1 or a negative n.
    """
    checks.share(p, "p")
    checks.refuse(n < 0, "the number of values must be 0 or more")
    tail = (1 - checks.share(confidence, "confidence")) / 2
    low = _first(n, lambda k: bool(binomial_cdf(k, n, p) > tail))
    high = 1 + _first(n, lambda k: bool(binomial_cdf(k, n, p) >= 1 - tail))
    return (low, high) if n and low >= 1 and high <= n else None


def _first(n: int, holds: Callable[[int], bool]) -> int:
    """The smallest k in 0 … n for which a condition holds that, once it does, goes on to hold; n if none."""
    low, high = 0, n
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return low


def nps(promoters: float, detractors: float, n: float, confidence: float = 0.95) -> Score:
    """Net promoter score from counts: 100 (p − d), its error 100 √((p + d − (p − d)²) / n).

    n = 0: value and error nan, interval −100 … 100. The interval never leaves −100 … 100.
    """
    if min(promoters, detractors) < 0 or promoters + detractors > n:
        raise ValueError(f"{promoters} promoters and {detractors} detractors do not fit into {n} answers")
    if n == 0:
        return Score(np.nan, np.nan, -100.0, 100.0, 0)
    p, d = promoters / n, detractors / n
    value = 100 * (promoters - detractors) / n
    error = 100 * float(np.sqrt(max(0.0, p + d - (p - d) ** 2) / n))
    half = critical(confidence) * error
    return Score(value, error, max(-100.0, value - half), min(100.0, value + half), n)


def nps_of(answers: Iterable[float], confidence: float = 0.95) -> Score:
    """Net promoter score of answers 0 … 10: 9 and 10 promote, 0 … 6 detract, 7 and 8 do neither.

    ValueError for anything else, so that no other scale is ever called NPS.
    """
    given = array(list(answers))
    checks.refuse(~np.isin(given, np.arange(11)), "an NPS answer must be a whole number 0 … 10")
    return nps(float((given >= 9).sum()), float((given <= 6).sum()), len(given), confidence)


def _known(n: Array, low: Array, high: Array) -> Interval:
    """The interval, or 0 … 1 where there is no observation."""
    return Interval(array(np.where(n > 0, low, 0.0))[()], array(np.where(n > 0, high, 1.0))[()])
