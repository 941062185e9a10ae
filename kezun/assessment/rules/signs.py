"""How unlikely a count is by accident, where subjects differ among themselves more than chance explains."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from kezun.statistics.distributions import binomial_cdf, binomial_tail, normal_cdf, poisson_tail
from kezun.statistics.funnel import between

Floats = NDArray[np.float64]

RAREST = 1e-4
# The median of |z| of a standard normal: makes a median comparable with a standard deviation.
QUARTILE = 0.6745


def unlikely(k: Floats, n: Floats, expected: Floats, *, few: bool = False) -> Floats:
    """P(at least k of n) for each subject, or at most k where `few` is suspicious; the larger of two answers.

    The binomial tail says whether chance alone explains it; the z on the arcsine scale, widened by the
    variance
    between subjects (statistics.funnel), whether it stands out from the others too. k, n: counts, n above 0;
    expected: shares. Shape (subjects,).
    """
    rare = np.clip(expected, RAREST, 1 - RAREST)
    distance = np.arcsin(np.sqrt(k / n)) - np.arcsin(np.sqrt(rare))
    variance = 1 / (4 * n)
    between = _between(distance / np.sqrt(variance), variance)
    z = distance / np.sqrt(variance + between)
    if few:
        return np.maximum(binomial_cdf(k, n, rare), normal_cdf(z))
    return np.maximum(binomial_tail(k, n, rare), normal_cdf(-z))


def _between(z: Floats, variance: Floats) -> float:
    """The variance between subjects, as in a funnel, but from the median distance of z from its median:
    among six inspectors the
    one who
    differs would hide in a spread that is partly its own. Source: Spiegelhalter 2005 with Hampel's median.
    """
    phi = (float(np.median(np.abs(z - np.median(z)))) / QUARTILE) ** 2
    return between(phi, 1 / variance)


def bursts(k: Floats, pace: Floats, hours: Floats, seconds: float) -> Floats:
    """P(k or more within one window) at a pace per hour, over all windows of the hours worked; at most 1.

    Windows overlap: one that begins at each half window is counted.
    """
    windows = np.maximum(1.0, hours * 3600 / seconds * 2)
    return np.minimum(1.0, windows * poisson_tail(k, pace * seconds / 3600))
