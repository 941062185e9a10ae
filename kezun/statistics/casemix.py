"""Case mix: what was to be expected of the business a unit had, and how it did against that.

An outlet with much corporate business has fewer satisfied customers wherever it stands. So each stratum
(business × hour × channel) has a published coefficient, the share to be expected; a unit's expected count is
the sum over its own strata, and what is compared is observed / expected (indirect standardisation).
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from . import checks
from .distributions import Array, Numbers, array
from .intervals import critical

NOTHING = 1e-9  # an expected count that can be no case


class Standardised(NamedTuple):
    """Of each unit, shapes (units,): observed and expected counts, their ratio and its interval, and the
    share
    it would have with everybody's mix (`ratio` × the overall expected share, within 0 … 1)."""

    observed: Array
    expected: Array
    ratio: Array
    low: Array
    high: Array
    share: Array


class Coefficients(NamedTuple):
    """A fitted case-mix model, to be published: log odds by name, their errors, whether it was softened.

    `levels`: for each factor its levels, the first being the reference (log odds 0).
    """

    names: tuple[str, ...]
    values: Array
    errors: Array
    levels: tuple[tuple[str, ...], ...]
    softened: bool

    def expected(self, strata: Sequence[Sequence[str]]) -> Array:
        """The expected share of strata, each given as its levels; ValueError names an unknown level."""
        return array(1 / (1 + np.exp(-(_design(strata, self.levels) @ self.values))))


def standardise(k: Numbers, n: Numbers, coefficients: Numbers, confidence: float = 0.95) -> Standardised:
    """Observed over expected. `k`, `n`: (units, strata); `coefficients`: (strata,), expected shares 0 … 1.

    The interval is the score interval: Wilson's for one stratum, and for several that with the variance
    Σ n p (1 − p) of the mix. A unit without cases has ratio nan and interval 0 … infinity.
    """
    part, whole = checks.counts(k, n)
    part, whole = np.atleast_2d(part), np.atleast_2d(whole)
    share = array(coefficients)
    checks.refuse(~((share >= 0) & (share <= 1)), "a coefficient must lie in 0 … 1")
    seen, base = part.sum(axis=1), (whole * share).sum(axis=1)
    known = base > NOTHING
    e, q = np.where(known, base, 1.0), (whole * share**2).sum(axis=1)
    z2 = critical(confidence) ** 2
    middle = 2 * seen * e + z2 * e
    root = np.sqrt(np.maximum(middle**2 - 4 * seen**2 * (e**2 + z2 * q), 0.0))
    ratio = np.where(known, seen / e, np.nan)
    low = np.where(known, np.minimum((middle - root) / 2 / (e**2 + z2 * q), seen / e), 0.0)
    high = np.where(known, np.maximum((middle + root) / 2 / (e**2 + z2 * q), seen / e), np.inf)
    overall = float(base.sum() / whole.sum()) if whole.sum() else np.nan
    return Standardised(seen, base, ratio, np.maximum(low, 0.0), high, np.minimum(ratio * overall, 1.0))


def fit(strata: Sequence[Sequence[str]], k: Numbers, n: Numbers) -> Coefficients:
    """Coefficients from grouped data: a binomial regression (statsmodels) on the levels of each factor.

    `strata`: (rows, factors) names of levels, e.g. ("corporate", "morning"); `k`, `n`: (rows,). The first
    level by name of each factor is the reference. Where some level is all or nothing the log odds would be
    infinite: then one observation of the overall share is added to each row, and `softened` says so.
    ValueError without data.
    """
    part, whole = checks.counts(k, n)
    if len(strata) != len(part) or not whole.sum():
        raise ValueError("coefficients need as many strata as counts, and at least one case")
    width = {len(row) for row in strata}
    if len(width) != 1:
        raise ValueError("every stratum must name the same factors")
    levels = tuple(tuple(sorted({row[i] for row in strata})) for i in range(width.pop()))
    design = _design(strata, levels)
    extreme = any(_extreme(part[on], whole[on]) for on in _groups(strata, levels))
    if extreme:
        pooled = (part.sum() + 0.5) / (whole.sum() + 1)
        part, whole = part + pooled, whole + 1
    result = _regress(design, part, whole)
    names = ("", *(level for factor in levels for level in factor[1:]))
    return Coefficients(names, array(result.params), array(result.bse), levels, extreme)


def _regress(design: Array, part: Array, whole: Array) -> Any:
    """The statsmodels result of a binomial regression with logit link."""
    from statsmodels.genmod.families import Binomial
    from statsmodels.genmod.generalized_linear_model import GLM
    from statsmodels.tools.sm_exceptions import PerfectSeparationWarning

    used = whole > 0
    counts = np.stack([part, whole - part], axis=1)
    with warnings.catch_warnings(), np.errstate(divide="ignore", invalid="ignore"):
        # It also warns where as many coefficients as rows fit every row; true separation was softened before.
        warnings.simplefilter("ignore", PerfectSeparationWarning)
        return GLM(counts[used], design[used], family=Binomial()).fit(tol=1e-12, scale=1.0)


def _design(strata: Sequence[Sequence[str]], levels: tuple[tuple[str, ...], ...]) -> Array:
    """Rows of 0 and 1: the constant, then every level but the reference."""
    for i, factor in enumerate(levels):
        unknown = {row[i] for row in strata} - set(factor)
        if unknown:
            raise ValueError(f"no coefficient for {sorted(unknown)[0]!r}; known are {', '.join(factor)}")
    columns = [[1.0, *(float(row[i] == x) for i, f in enumerate(levels) for x in f[1:])] for row in strata]
    return array(columns)


def _groups(strata: Sequence[Sequence[str]], levels: tuple[tuple[str, ...], ...]) -> list[Any]:
    """For every level of every factor the rows that have it."""
    return [
        np.array([row[i] == level for row in strata]) for i, factor in enumerate(levels) for level in factor
    ]


def _extreme(part: Array, whole: Array) -> bool:
    return bool(not 0 < part.sum() < whole.sum())
