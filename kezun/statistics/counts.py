"""Events per exposure of many units (complaints per 10,000 transactions), each drawn towards its peers.

The gamma-Poisson twin of `shrinkage`: each unit's true rate is taken as drawn from one Gamma(shape, rate) of
its peer group, estimated from the group; a unit's posterior is Gamma(shape + events, rate + exposure). In
words: exposure / (exposure + rate) of what is said about a unit is its own data.
Rates are per one unit of exposure; multiply for «per 10,000». Source: Clayton and Kaldor 1987, Biometrics 43.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from . import checks
from .distinct import distinct
from .distributions import (
    Array,
    Numbers,
    array,
    digamma,
    digamma_between,
    gamma_cdf,
    gamma_quantile,
    log_gamma,
    trigamma,
)
from .intervals import Interval
from .peak import Slopes, climbed
from .shrinkage import FEWEST, SEARCH, steady


@dataclass(frozen=True, slots=True)
class GammaPrior:
    """What peers are like; `rate` is in units of exposure. `method`: `ml`, `pooled`, `flat` or `given`, as in
    `shrinkage.BetaPrior`."""

    shape: float
    rate: float
    units: int = 0
    method: str = "given"

    @property
    def mean(self) -> float:
        return self.shape / self.rate

    def update(self, events: Numbers, exposure: Numbers) -> GammaPosterior:
        """What is known of units with these events; one without exposure keeps the prior. ValueError as
        `intervals.poisson_rate`."""
        events, exposure = checks.exposed(events, exposure)
        return GammaPosterior(self.shape + events, self.rate + exposure, exposure)


@dataclass(frozen=True, slots=True)
class GammaPosterior:
    """The rate of each unit after its data: Gamma(shape, rate); arrays of one shape."""

    shape: Array
    rate: Array
    exposure: Array

    @property
    def mean(self) -> Array:
        return self.shape / self.rate

    @property
    def sd(self) -> Array:
        return array(np.sqrt(self.shape) / self.rate)[()]

    @property
    def own(self) -> Array:
        """The weight of a unit's own data, 0 … 1."""
        return self.exposure / self.rate

    def interval(self, confidence: float = 0.95) -> Interval:
        tail = (1 - checks.share(confidence, "confidence")) / 2
        low = gamma_quantile(tail, self.shape, self.rate)
        return Interval(low, gamma_quantile(1 - tail, self.shape, self.rate))

    def above(self, target: Numbers) -> Array:
        """P(true rate > target), the target per one unit of exposure."""
        return array(1 - gamma_cdf(target, self.shape, self.rate))[()]


def fit(events: Numbers, exposure: Numbers, *, climb: bool = True) -> GammaPrior:
    """Shape and rate by maximum likelihood of the negative binomial.

    `events`, `exposure`: shape (units,); units without exposure say nothing. Fewer than five units: `flat`,
    Gamma(½, almost 0), which leaves each its own rate. No spread beyond chance, or no event at all: `pooled`,
    all units alike and as sure as all together are. Five digits and `climb` as `shrinkage.fit`.
    """
    events, exposure = (np.atleast_1d(x).ravel() for x in checks.exposed(events, exposure))
    events, exposure = events[exposure > 0], exposure[exposure > 0]
    units, total = len(events), float(exposure.sum())
    if units < FEWEST:
        return GammaPrior(0.5, 1e-9 * max(total, 1.0), units, "flat")
    pooled = GammaPrior(float(events.sum()) + 0.5, total, units, "pooled")
    if events.sum() == 0:
        return pooled
    told = events, exposure, np.ones(units)
    if climb:
        each = distinct(events, exposure)
        told = each.first, each.second, each.weight
    found = _most_likely(*told, pooled)
    if climb and found is not None:
        found = GammaPrior(
            *climbed(
                *(found.shape, found.rate, lambda s, r: _slopes(*told, s, r)),
                within=lambda s, r: r <= pooled.rate,
            )
        )
    if found is None or found.rate > 0.99 * pooled.rate:
        return pooled
    return GammaPrior(steady(found.shape), steady(found.rate), units, "ml")


def _most_likely(events: Array, exposure: Array, weight: Array, pooled: GammaPrior) -> GammaPrior | None:
    """Maximise the likelihood over (log mean, log rate), the rate at most the whole exposure."""
    from scipy.optimize import minimize

    units = float(weight.sum())

    def cost(at: Array) -> tuple[float, Array]:
        mean, rate = np.exp(at[0]), np.exp(at[1])
        shape, all_ = mean * rate, exposure + rate
        value = log_gamma(events + shape) - log_gamma(shape) - shape * np.log1p(exposure / rate)
        value = value + events * np.log(exposure / all_)
        by_shape = digamma(events + shape) - digamma(shape) - np.log1p(exposure / rate)
        by_rate = shape * (1 / rate - 1 / all_) - events / all_
        by_mean, by_both = float((weight * by_shape).sum()) * shape, float((weight * by_rate).sum()) * rate
        slope = [by_mean, by_mean + by_both]
        return -float((weight * value).sum()) / units, -array(slope) / units

    centre, widest = np.log(pooled.mean), np.log(pooled.rate)
    bounds = [(centre - 10, centre + 10), (widest - 30, widest)]
    first = [centre, np.log((weight * exposure).sum() / units)]
    done = minimize(cost, first, jac=True, method="TNC", bounds=bounds, options=SEARCH)
    if not np.all(np.isfinite(done.x)):
        return None
    mean, rate = float(np.exp(done.x[0])), float(np.exp(done.x[1]))
    return GammaPrior(mean * rate, rate, int(units), "ml")


def _slopes(events: Array, exposure: Array, weight: Array, shape: float, rate: float) -> Slopes:
    """Of the log-likelihood of the negative binomial by shape and rate."""
    all_ = exposure + rate
    apart = exposure / (rate * all_)
    return Slopes(
        float(weight @ (digamma_between(shape, events) - np.log1p(exposure / rate))),
        float(weight @ (shape * apart - events / all_)),
        float(weight @ (trigamma(events + shape) - trigamma(shape))),
        float(weight @ apart),
        float(weight @ (events / all_**2 - shape * apart * (1 / rate + 1 / all_))),
    )
