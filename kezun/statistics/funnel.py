"""Funnel limits: how far a unit may lie from the centre by chance alone, given its size; and over-dispersion.

Between units more differs than chance (streets, customers, buildings). With the plain limits half of a large
bank is «abnormal»; with limits widened by all of that spread nobody ever is. So the spread is measured on the
tenth-trimmed z (winsorised), and both sets of limits are given. Source: Spiegelhalter, Statistics in
Medicine 24 (2005) 1185-1202, and Quality and Safety in Health Care 14 (2005) 347-351.
Shares are 0 … 1; `level` is the confidence of a limit, 0.95 warns, 0.998 alarms.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from . import checks
from .distributions import Array, Numbers, array, chi2_quantile
from .intervals import Interval, clopper_pearson, critical

WARN, ALARM = 0.95, 0.998
TRIM = 0.1  # the share of z drawn in at either end


@dataclass(frozen=True, slots=True)
class Spread:
    """How much units differ: `phi`, the mean z² (1 by chance), `trimmed` the same with the ends drawn in, and
    `tau2`, the variance between units on the transformed scale (0 where `trimmed` shows none)."""

    phi: float
    trimmed: float
    tau2: float


@dataclass(frozen=True, slots=True)
class Funnel:
    """Units in a funnel: `centre`, each unit's z plain and with the spread between units (`adjusted`)."""

    centre: float
    z: Array
    adjusted: Array
    spread: Spread

    def outside(self, level: float = ALARM, adjusted: bool = True) -> np.typing.NDArray[np.int64]:
        """1 above the upper limit, −1 below the lower, 0 inside."""
        z, limit = self.adjusted if adjusted else self.z, critical(level)
        return (z > limit).astype(np.int64) - (z < -limit).astype(np.int64)


def ratio_limits(expected: Numbers, level: float = WARN, tau2: float = 0.0) -> Interval:
    """Limits for observed / expected of a count, exact Poisson; with `tau2` on the square-root scale.

    `expected`: above 0, any shape.
    """
    base = array(expected)
    checks.refuse(~(base > 0), "expected counts must be above 0")
    if tau2 > 0:
        half = critical(level) * np.sqrt(1 / (4 * base) + tau2)
        return Interval(array(np.maximum(1 - half, 0) ** 2)[()], array((1 + half) ** 2)[()])
    tail = (1 - checks.share(level, "level")) / 2
    high = chi2_quantile(1 - tail, 2 * (base + 1))
    return Interval(chi2_quantile(tail, 2 * base) / 2 / base, high / 2 / base)


def share_limits(n: Numbers, centre: float, level: float = WARN, tau2: float = 0.0) -> Interval:
    """Limits for a share of n around `centre`: sin²(arcsin √centre ± z √(1 / 4n + tau2)).

    Good also near 0 and 1, where p ± z √(p(1−p)/n) leaves the scale. `n`: above 0, any shape.
    """
    size = array(n)
    checks.refuse(~(size > 0), "a share needs a sample")
    half = critical(level) * np.sqrt(1 / (4 * size) + tau2)
    middle = np.arcsin(np.sqrt(_inside(centre)))
    low = np.sin(np.clip(middle - half, 0, np.pi / 2)) ** 2
    return Interval(array(low)[()], array(np.sin(np.clip(middle + half, 0, np.pi / 2)) ** 2)[()])


def exact_share_limits(n: Numbers, centre: float, level: float = WARN) -> Interval:
    """The exact interval of a unit that lies at the centre: for small n, without over-dispersion."""
    return clopper_pearson(array(n) * _inside(centre), n, level)


def of_shares(k: Numbers, n: Numbers, centre: float | None = None) -> Funnel:
    """The funnel of units with k of n, shapes (units,), n above 0; the centre is that of all together unless
    said (a target)."""
    part, whole = checks.counts(k, n)
    checks.refuse(whole <= 0, "a share needs a sample")
    middle = float(part.sum() / whole.sum()) if centre is None else _inside(centre)
    distance = np.arcsin(np.sqrt(part / whole)) - np.arcsin(np.sqrt(middle))
    return _funnel(middle, distance, 1 / (4 * whole))


def of_ratios(observed: Numbers, expected: Numbers) -> Funnel:
    """The funnel of observed / expected counts around 1, on the square-root scale; expected above 0."""
    count, base = checks.exposed(observed, expected)
    checks.refuse(base <= 0, "expected counts must be above 0")
    return _funnel(1.0, np.sqrt(count / base) - 1, 1 / (4 * base))


def dispersion(z: Numbers, variance: Numbers, trim: float = TRIM) -> Spread:
    """phi, its winsorised version and tau2 of z-scores with these sampling variances, shapes (units,)."""
    score, weight = np.atleast_1d(array(z)), 1 / np.atleast_1d(array(variance))
    if len(score) < 2:
        return Spread(1.0, 1.0, 0.0)
    low, high = np.quantile(score, [trim, 1 - trim])
    phi, trimmed = float(np.mean(score**2)), float(np.mean(np.clip(score, low, high) ** 2))
    return Spread(phi, trimmed, between(trimmed, weight))


def between(phi: float, weight: Array) -> float:
    """tau2, the variance between units on the scale of their z: what a spread of `phi` leaves beyond chance.

    `weight`: 1 / sampling variance, shape (units,). Moments, as DerSimonian and Laird; 0 for one unit alone.
    """
    units = len(weight)
    room = float(weight.sum() - (weight**2).sum() / weight.sum())
    return max(0.0, (units * phi - (units - 1)) / room) if room > 0 else 0.0


def _funnel(centre: float, distance: Array, variance: Array) -> Funnel:
    z = distance / np.sqrt(variance)
    spread = dispersion(z, variance)
    return Funnel(centre, z, distance / np.sqrt(variance + spread.tau2), spread)


def _inside(centre: float) -> float:
    if not 0 <= centre <= 1:
        raise ValueError(f"a centre must lie in 0 … 1, not {centre}")
    return centre
