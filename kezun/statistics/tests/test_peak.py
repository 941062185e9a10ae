"""The last steps to the top: found where the likelihood has one, and the same from wherever they begin."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import betaln, gammaln

from kezun.statistics import counts, shrinkage
from kezun.statistics.distributions import digamma_between
from kezun.statistics.peak import Slopes, climbed

# What five digits of the two numbers may take from a likelihood.
ROUNDED = 1e-4


def anywhere(a: float, b: float) -> bool:
    return True


def hill(x: float, y: float, sharp: float = 1.0):
    """A likelihood that is highest where log a = x and log b = y, as a parabola of the logarithms."""

    def slopes(a: float, b: float) -> Slopes:
        u, v = math.log(a) - x, math.log(b) - y
        by_a, by_b = -sharp * (2 * u + v) / a, -sharp * (2 * v + u) / b
        twice = -2 * sharp
        return Slopes(by_a, by_b, (twice - by_a * a) / a**2, -sharp / (a * b), (twice - by_b * b) / b**2)

    return slopes


def test_the_climb_ends_outside_what_is_looked_for():
    asked = []

    def within(a: float, b: float) -> bool:
        asked.append(a)
        return a < 3

    a, _b = climbed(1.0, 1.0, hill(9.0, 0.0), within)
    assert (len(asked), a) == (3, pytest.approx(math.exp(1.5)))


@given(st.floats(-3, 3), st.floats(-3, 3), st.floats(-1, 1), st.floats(-1, 1))
def test_the_top_is_found_from_near_it(x, y, aside, along):
    a, b = climbed(math.exp(x + aside), math.exp(y + along), hill(x, y), anywhere)
    assert (math.log(a), math.log(b)) == pytest.approx((x, y), abs=1e-12)


def test_one_step_goes_only_so_far():
    asked = []

    def slopes(a: float, b: float) -> Slopes:
        asked.append((math.log(a), math.log(b)))
        return hill(4.0, 0.0)(a, b)

    climbed(1.0, 1.0, slopes, anywhere)
    assert asked[1] == pytest.approx((0.5, 0.0), abs=1e-9)


@pytest.mark.parametrize("known", [Slopes(math.nan, 0.0, -1.0, 0.0, -1.0), Slopes(0.0, 0.0, 0.0, 0.0, 0.0)])
def test_where_there_is_nothing_to_follow_the_pair_stays(known):
    assert climbed(2.0, 3.0, lambda a, b: known, anywhere) == (2.0, 3.0)


@given(st.floats(-4, 4), st.floats(-4, 4))
def test_where_it_bends_upwards_it_is_followed_uphill(x, y):
    """−log(1 + u² + v²) of the logarithms bends downwards only near its top."""

    def slopes(a: float, b: float) -> Slopes:
        u, v = math.log(a), math.log(b)
        by_u, by_v = -2 * u / (r := 1 + u * u + v * v), -2 * v / r
        uu, vv, uv = -2 / r + by_u * by_u, -2 / r + by_v * by_v, by_u * by_v
        return Slopes(by_u / a, by_v / b, (uu - by_u) / a**2, uv / (a * b), (vv - by_v) / b**2)

    a, b = climbed(math.exp(x), math.exp(y), slopes, anywhere)
    assert (math.log(a), math.log(b)) == pytest.approx((0, 0), abs=1e-7)


@given(st.floats(0.01, 1e6), st.integers(0, 300))
def test_the_difference_of_two_digammas_keeps_its_digits(x, k):
    exactly = math.fsum(1 / (x + j) for j in range(k))
    assert float(digamma_between(x, k)) == pytest.approx(exactly, rel=2e-14 if x >= 40 else 1e-11, abs=1e-300)


def test_noise_ends_it():
    """Slopes that jump about in their last digits never give a step of nothing."""
    asked = []

    def slopes(a: float, b: float) -> Slopes:
        asked.append(a)
        exact = hill(0.0, 0.0)(a, b)
        return exact._replace(a=exact.a + (3e-10 if len(asked) % 2 else -3e-10))

    a, b = climbed(1.5, 1.0, slopes, anywhere)
    assert len(asked) < 20
    assert (a, b) == pytest.approx((1.0, 1.0), abs=1e-8)


def beta_likelihood(k, n, a, b):
    return float((betaln(k + a, n - k + b) - betaln(a, b)).sum())


def gamma_likelihood(events, exposure, shape, rate):
    each = gammaln(events + shape) - gammaln(shape) - shape * np.log1p(exposure / rate)
    return float((each + events * np.log(exposure / (exposure + rate))).sum())


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.integers(8, 200), st.floats(0.5, 0.99), st.floats(0.5, 4))
def test_no_pair_nearby_explains_shares_better(seed, units, mean, strength):
    drawn = np.random.default_rng(seed)
    n = drawn.integers(2, 400, units)
    k = drawn.binomial(n, drawn.beta(mean * 10**strength, (1 - mean) * 10**strength, units))
    prior, before = shrinkage.fit(k, n), shrinkage.fit(k, n, climb=False)
    if prior.method != "ml":
        return
    best = beta_likelihood(k, n, prior.a, prior.b)
    assert best >= beta_likelihood(k, n, before.a, before.b) - ROUNDED
    for by in (0.999, 1.001):
        assert best >= beta_likelihood(k, n, prior.a * by, prior.b) - ROUNDED
        assert best >= beta_likelihood(k, n, prior.a, prior.b * by) - ROUNDED
        assert best >= beta_likelihood(k, n, prior.a * by, prior.b * by) - ROUNDED


@settings(max_examples=40)
@given(st.integers(0, 10_000), st.integers(8, 200), st.floats(-1, 2), st.floats(1, 4))
def test_no_pair_nearby_explains_rates_better(seed, units, shape, rate):
    drawn = np.random.default_rng(seed)
    exposure = drawn.integers(5, 2000, units).astype(float)
    events = drawn.poisson(drawn.gamma(10**shape, 10**-rate, units) * exposure)
    prior, before = counts.fit(events, exposure), counts.fit(events, exposure, climb=False)
    if prior.method != "ml":
        return
    best = gamma_likelihood(events, exposure, prior.shape, prior.rate)
    assert best >= gamma_likelihood(events, exposure, before.shape, before.rate) - ROUNDED
    for by in (0.999, 1.001):
        assert best >= gamma_likelihood(events, exposure, prior.shape * by, prior.rate) - ROUNDED
        assert best >= gamma_likelihood(events, exposure, prior.shape * by, prior.rate * by) - ROUNDED


def drawn(seed: int) -> tuple:
    made = np.random.default_rng(seed)
    n = made.integers(2, 100, 150)
    return made.binomial(n, made.beta(6000, 2000, 150)), n


def test_a_search_that_gave_up_early_is_brought_to_the_top():
    """The likelihood of these is nearly flat, and the search stops well below its only top."""
    k, n = drawn(7)
    prior, before = shrinkage.fit(k, n), shrinkage.fit(k, n, climb=False)
    assert prior.method == before.method == "ml"
    assert abs(prior.strength / before.strength - 1) > 0.05
    assert beta_likelihood(k, n, prior.a, prior.b) > beta_likelihood(k, n, before.a, before.b) + 1e-5
