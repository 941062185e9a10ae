"""Shares of many units, each drawn towards its peers as far as its own sample is small (beta-binomial).

Each unit's true share is taken as drawn from one Beta(a, b) of its peer group; a and b are estimated from the
group itself (empirical Bayes). A unit's posterior is Beta(a + k, b + n − k). In words: n / (n + a + b) of
what is said about a unit is its own data, the rest is what its peers are like.
Source: Gelman et al., Bayesian Data Analysis, chapter 5; Kleinman 1973 for the weighted moments.
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
    beta_cdf,
    beta_quantile,
    digamma,
    digamma_between,
    log_beta,
    trigamma,
)
from .intervals import Interval
from .peak import Slopes, climbed

FEWEST = 5  # units with data below which a spread between units cannot be estimated
WEAKEST = 0.1  # the least a + b that is searched
# TNC, as L-BFGS-B would wake all threads of the linear algebra for two numbers, at fifteen times the cost
SEARCH = {"ftol": 1e-14, "gtol": 1e-9, "xtol": 1e-10, "maxfun": 400}


@dataclass(frozen=True, slots=True)
class BetaPrior:
    """What peers are like. `method` says how it came about:

    `ml`, `moments` estimated; `pooled`: no spread beyond chance between units; `flat`: too few units to learn
    from, Beta(½, ½); `given`: by the caller. `units`: how many had data.
    """

    a: float
    b: float
    units: int = 0
    method: str = "given"

    @property
    def strength(self) -> float:
        """a + b, in observations: as many as the peers' word is worth."""
        return self.a + self.b

    @property
    def mean(self) -> float:
        return self.a / self.strength

    @property
    def sd(self) -> float:
        return float(np.sqrt(self.mean * (1 - self.mean) / (self.strength + 1)))

    def update(self, k: Numbers, n: Numbers) -> BetaPosterior:
        """What is known of units with k of n, shapes as `intervals.wilson`; n = 0 leaves the prior."""
        k, n = checks.counts(k, n)
        return BetaPosterior(self.a + k, self.b + n - k, n)


@dataclass(frozen=True, slots=True)
class BetaPosterior:
    """The share of each unit after its data: Beta(a, b); `a`, `b`, `n` of one shape."""

    a: Array
    b: Array
    n: Array

    @property
    def mean(self) -> Array:
        return self.a / (self.a + self.b)

    @property
    def sd(self) -> Array:
        return array(np.sqrt(self.mean * (1 - self.mean) / (self.a + self.b + 1)))[()]

    @property
    def own(self) -> Array:
        """The weight of a unit's own data, 0 … 1: n / (n + a + b)."""
        return self.n / (self.a + self.b)

    def interval(self, confidence: float = 0.95) -> Interval:
        tail = (1 - checks.share(confidence, "confidence")) / 2
        return Interval(beta_quantile(tail, self.a, self.b), beta_quantile(1 - tail, self.a, self.b))

    def below(self, target: Numbers) -> Array:
        """P(true share < target): a black list asks this, never the raw order."""
        return beta_cdf(target, self.a, self.b)

    def above(self, target: Numbers) -> Array:
        """P(true share >= target)."""
        return beta_cdf(1 - array(target), self.b, self.a)


def from_mean_sd(mean: float, sd: float) -> BetaPrior:
    """The Beta with this mean and sd; ValueError where there is none (sd² must be under mean (1 − mean))."""
    if not 0 < mean < 1 or not 0 < sd * sd < mean * (1 - mean):
        raise ValueError(f"no Beta distribution has mean {mean} and sd {sd}")
    strength = mean * (1 - mean) / sd**2 - 1
    return BetaPrior(mean * strength, (1 - mean) * strength)


def moments(k: Numbers, n: Numbers) -> BetaPrior:
    """a and b by weighted moments (Kleinman 1973, weights n): quick, no iteration, good with a few units.

    `k`, `n`: shape (units,), 0 <= k <= n; units with n = 0 say nothing. Never fails on possible counts:
    see `BetaPrior.method` for what it falls back to.
    """
    k, n = _with_data(k, n)
    if len(n) < FEWEST:
        return BetaPrior(0.5, 0.5, len(n), "flat")
    pooled = _pooled(k, n)
    total = float(n.sum())
    mean = float(k.sum()) / total
    left = 1 - n / total
    spread = float((n * (k / n - mean) ** 2).sum())
    chance = mean * (1 - mean)
    room = chance * float((n * left - left).sum())
    kin = (spread - chance * float(left.sum())) / room if room > 0 else 0.0
    strength = 1 / kin - 1 if kin > 0 else np.inf
    if not strength < pooled.strength:
        return pooled
    strength = max(strength, WEAKEST)
    return BetaPrior(mean * strength, (1 - mean) * strength, len(n), "moments")


def fit(k: Numbers, n: Numbers, *, climb: bool = True) -> BetaPrior:
    """a and b by maximum likelihood: the estimator for outlets and tellers. Input and fallbacks as `moments`.

    The strength a + b is searched up to the number of all observations: peers are never taken to know more
    than all of them together have shown; a best fit at that bound is `pooled`.
    a and b have five digits, so that processors whose last bits differ find the same prior and ranks.
    Equal (k, n) are counted once, so 200,000 people with few distinct results cost what the results cost.
    climb: on to the very top (`peak`). Without it the fit is as far from there as the search was content
    with, which is not the same on every processor: what results of before it was known were made with.
    """
    start = moments(k, n)
    k, n = _with_data(k, n)
    if start.method == "flat":
        return start
    pooled = _pooled(k, n)
    if not 0 < k.sum() < n.sum() or n.max() < 2:
        return pooled
    each = distinct(k, n)
    told = each.first, each.second, each.weight
    found = _most_likely(*told, start, pooled.strength)
    if climb and found is not None:
        top = BetaPrior(
            *climbed(
                *(found.a, found.b, lambda a, b: _slopes(*told, a, b)),
                within=lambda a, b: WEAKEST <= a + b <= pooled.strength,
            )
        )
        found = top if top.strength >= WEAKEST else found
    if found is None or found.strength > 0.99 * pooled.strength:
        return pooled
    return BetaPrior(steady(found.a), steady(found.b), len(n), "ml")


def shrink(k: Numbers, n: Numbers) -> tuple[BetaPrior, BetaPosterior]:
    """`fit` and its posteriors at once."""
    prior = fit(k, n)
    return prior, prior.update(k, n)


def steady(value: float) -> float:
    """A number with five significant digits."""
    return float(f"{value:.5g}")


def _with_data(k: Numbers, n: Numbers) -> tuple[Array, Array]:
    k, n = checks.counts(k, n)
    return np.atleast_1d(k)[np.atleast_1d(n) > 0].ravel(), np.atleast_1d(n)[np.atleast_1d(n) > 0].ravel()


def _pooled(k: Array, n: Array) -> BetaPrior:
    """All units alike: the share of all together (½ of an event added each way), as sure as all together
    are."""
    part, whole = float(k.sum()) + 0.5, float(n.sum()) + 1
    return BetaPrior(part, whole - part, len(n), "pooled")


def _most_likely(k: Array, n: Array, weight: Array, start: BetaPrior, most: float) -> BetaPrior | None:
    """Maximise the beta-binomial likelihood over (logit mean, log strength); None where it does not
    converge."""
    from scipy.optimize import minimize

    scale = float(weight.sum())

    def cost(at: Array) -> tuple[float, Array]:
        mean, strength = 1 / (1 + np.exp(-at[0])), np.exp(at[1])
        a, b = mean * strength, (1 - mean) * strength
        value = weight @ (log_beta(k + a, n - k + b) - log_beta(a, b))
        together = digamma(strength) - digamma(n + strength)
        by_a = weight @ (digamma(k + a) - digamma(a) + together)
        by_b = weight @ (digamma(n - k + b) - digamma(b) + together)
        slope = [(by_a - by_b) * strength * mean * (1 - mean), by_a * a + by_b * b]
        return -float(value) / scale, -array(slope) / scale

    bounds = [(-30.0, 30.0), (float(np.log(WEAKEST)), float(np.log(most)))]
    first = [float(np.log(start.a / start.b)), float(np.log(min(start.strength, most / 2)))]
    done = minimize(cost, first, jac=True, method="TNC", bounds=bounds, options=SEARCH)
    if not np.all(np.isfinite(done.x)):
        return None
    mean, strength = float(1 / (1 + np.exp(-done.x[0]))), float(np.exp(done.x[1]))
    return BetaPrior(mean * strength, (1 - mean) * strength)


def _slopes(k: Array, n: Array, weight: Array, a: float, b: float) -> Slopes:
    """Of the beta-binomial log-likelihood; differences first, so that large a and b take no digits away."""
    first, second = digamma_between(a, k), digamma_between(b, n - k)
    both, bent = digamma_between(a + b, n), trigamma(n + a + b) - trigamma(a + b)
    return Slopes(
        float(weight @ (first - both)),
        float(weight @ (second - both)),
        float(weight @ (trigamma(k + a) - trigamma(a) - bent)),
        -float(weight @ bent),
        float(weight @ (trigamma(n - k + b) - trigamma(b) - bent)),
    )
