"""Means of many units, each drawn towards its peers as far as its own mean is unsure (normal-normal).

Each unit's true mean is taken as drawn from one normal distribution of its peer group, whose mean and sd are
estimated from the group (empirical Bayes); a unit's own mean scatters around its true one with a standard
error of its own. In words: sd² / (sd² + error²) of what is said about a unit is its own data. With equal
errors this is what `stein` does. Source: Morris, J. Am. Statist. Assoc. 78 (1983) 47-55; the sd by Paule and
Mandel 1982, see `variance`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from . import checks
from .distributions import Array, Numbers, array
from .intervals import Interval, critical
from .shrinkage import FEWEST, steady
from .variance import paule_mandel


@dataclass(frozen=True, slots=True)
class NormalPrior:
    """What peers are like: their mean, the sd of true means between them, and the error of that mean.

    `method`: `pm` estimated; `pooled`: no spread beyond chance between units; `flat`: too few units to learn
    from (sd infinite, each keeps its own); `given`: by the caller. `units`: how many had data.
    """

    mean: float
    sd: float
    error: float = 0.0
    units: int = 0
    method: str = "given"

    def update(self, value: Numbers, error: Numbers) -> NormalPosterior:
        """What is known of units with these means and standard errors (arrays of one shape, errors >= 0).

        The sd counts that the peers' mean is itself an estimate, as far as a unit leans on it. ValueError
        for a negative error.
        """
        own, spread = np.broadcast_arrays(array(value), array(error))
        checks.refuse((spread < 0) | ~np.isfinite(own + spread), "a mean needs a number and an error >= 0")
        if not np.isfinite(self.sd):
            return NormalPosterior(array(own)[()], array(spread)[()], np.ones(own.shape)[()])
        both = self.sd**2 + spread**2
        weight = np.where(both > 0, self.sd**2 / np.where(both > 0, both, 1.0), 1.0)
        centre = self.mean + weight * (own - self.mean)
        sd = np.sqrt(weight * spread**2 + ((1 - weight) * self.error) ** 2)
        return NormalPosterior(array(centre)[()], array(sd)[()], array(weight)[()])


@dataclass(frozen=True, slots=True)
class NormalPosterior:
    """The true mean of each unit after its data: normal with `mean` and `sd`; `own`: the weight of its own
    data, 0 … 1; arrays of one shape."""

    mean: Array
    sd: Array
    own: Array

    def interval(self, confidence: float = 0.95) -> Interval:
        half = critical(confidence) * self.sd
        return Interval(array(self.mean - half)[()], array(self.mean + half)[()])


def fit(value: Numbers, error: Numbers) -> NormalPrior:
    """Mean and sd of the peers' true means, by Paule and Mandel.

    `value`, `error`: shape (units,), errors above 0; units with nan in either say nothing. Fewer than five
    units: `flat`. No spread beyond chance: `pooled`, all units alike at their weighted mean. Five digits, as
    `shrinkage.fit`.
    """
    own, spread = np.broadcast_arrays(np.atleast_1d(array(value)), array(error))
    have = np.isfinite(own + spread)
    own, variance = own[have], spread[have] ** 2
    checks.refuse(~(variance > 0), "an error must be above 0")
    units = len(own)
    if units < FEWEST:
        return NormalPrior(steady(float(own.mean())) if units else 0.0, np.inf, 0.0, units, "flat")
    tau2 = paule_mandel(own, variance)
    weight = 1 / (variance + tau2)
    mean = float((weight * own).sum() / weight.sum())
    around = steady(float(weight.sum()) ** -0.5)
    return NormalPrior(steady(mean), steady(tau2**0.5), around, units, "pm" if tau2 > 0 else "pooled")
