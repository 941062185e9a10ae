"""How much units truly differ beyond chance: the variance between them, by random-effects meta-analysis."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import numpy as np

from . import checks
from .distributions import Array, Numbers, array


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
    step; `pm`: Paule and Mandel 1982, iterated, better with few units. The work is statsmodels'.
    """
    from statsmodels.stats.meta_analysis import combine_effects

    effect, variance = np.broadcast_arrays(np.atleast_1d(array(effects)), array(variances))
    checks.refuse(~(variance > 0) | ~np.isfinite(effect + variance), "a variance must be above 0")
    if len(effect) < 2:
        raise ValueError("combining needs at least two effects")
    alpha = 1 - checks.share(confidence, "confidence")
    found: Any = combine_effects(effect.copy(), variance.copy(), method_re=method, alpha=alpha)
    low, high = found.conf_int(alpha=alpha, use_t=False)[1]
    q = float(found.q)
    return Between(
        effect=float(found.mean_effect_re),
        error=float(found.sd_eff_w_re),
        low=float(low),
        high=float(high),
        tau2=max(0.0, float(found.tau2)),
        q=q,
        i2=max(0.0, 1 - (len(effect) - 1) / q) if q > 0 else 0.0,
    )


def log_risk_ratio(k1: Numbers, n1: Numbers, k2: Numbers, n2: Numbers) -> tuple[Array, Array]:
    """log(p1 / p2) of units and its sampling variance, for `combine`; every count must be above 0."""
    first, of_first = checks.counts(k1, n1)
    second, of_second = checks.counts(k2, n2)
    checks.refuse((first == 0) | (second == 0), "a log ratio needs counts above 0")
    value = np.log(first / of_first) - np.log(second / of_second)
    return value, 1 / first - 1 / of_first + 1 / second - 1 / of_second
