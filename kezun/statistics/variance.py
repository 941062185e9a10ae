"""How much units truly differ beyond chance: the variance between them, by random-effects meta-analysis."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np

from . import checks
from .distributions import Array, Numbers, array
from .intervals import critical


class Between(NamedTuple):
    """The common effect and its interval, the variance `tau2` between units, Cochran's `q`, and `i2`, the
    share
    of all differences that is not chance (0 … 1)."""

    effect: float
    error: float
    low: float
    high: float
    tau2: float
    q: float
    i2: float


def combine(
    effects: Numbers, variances: Numbers, method: Literal["dl", "pm"] = "dl", confidence: float = 0.95
) -> Between:
    """Effects of several units or periods as one, allowing that they differ.

    `effects`, `variances` (above 0): shape (units,), at least two. `dl`: DerSimonian and Laird 1986, in one
    step; `pm`: Paule and Mandel 1982, iterated, better with few units. A variance between units that would be
    negative is 0, and all that follows is computed with that.
    """
    effect, variance = np.broadcast_arrays(np.atleast_1d(array(effects)), array(variances))
    checks.refuse(~(variance > 0) | ~np.isfinite(effect + variance), "a variance must be above 0")
    if len(effect) < 2:
        raise ValueError("combining needs at least two effects")
    free = len(effect) - 1
    _mean, _weight, q = _weighted(effect, variance, 0.0)
    tau2 = (dersimonian_laird if method == "dl" else paule_mandel)(effect, variance)
    mean, weight, _rest = _weighted(effect, variance, tau2)
    error = float(weight.sum()) ** -0.5
    half = critical(confidence) * error
    i2 = max(0.0, 1 - free / q) if q > 0 else 0.0
    return Between(mean, error, mean - half, mean + half, tau2, q, i2)


def dersimonian_laird(effect: Array, variance: Array) -> float:
    """(Q − (k − 1)) / (Σw − Σw² / Σw), at least 0."""
    _mean, weight, q = _weighted(effect, variance, 0.0)
    total = float(weight.sum())
    room = total - float((weight**2).sum()) / total
    return max(0.0, (q - len(effect) + 1) / room)


def paule_mandel(effect: Array, variance: Array) -> float:
    """The tau² at which the weighted squares are what chance expects, k − 1; halved in until exact."""
    free = len(effect) - 1
    low, high = 0.0, float(np.ptp(effect)) ** 2  # there the squares are at most k / 4
    if _weighted(effect, variance, low)[2] <= free:
        return 0.0
    for _step in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if _weighted(effect, variance, middle)[2] > free else (low, middle)
    return (low + high) / 2


def _weighted(effect: Array, variance: Array, tau2: float) -> tuple[float, Array, float]:
    """The mean weighted by 1 / (variance + tau²), the weights, and the weighted squares around it."""
    weight = 1 / (variance + tau2)
    mean = float((weight * effect).sum() / weight.sum())
    return mean, weight, float((weight * (effect - mean) ** 2).sum())


def log_risk_ratio(k1: Numbers, n1: Numbers, k2: Numbers, n2: Numbers) -> tuple[Array, Array]:
    """log(p1 / p2) of units and its sampling variance, for `combine`; every count must be above 0."""
    first, of_first = checks.counts(k1, n1)
    second, of_second = checks.counts(k2, n2)
    checks.refuse((first == 0) | (second == 0), "a log ratio needs counts above 0")
    value = np.log(first / of_first) - np.log(second / of_second)
    return value, 1 / first - 1 / of_first + 1 / second - 1 / of_second
