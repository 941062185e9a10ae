"""Distributions: ours through scipy.special equal those of scipy.stats, ends included."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from kezun.statistics import distributions as d

from .trying import trying

chance = st.floats(0.001, 0.999)
size = st.floats(0.1, 500)


@trying
@given(chance, size, size)
def test_continuous_ones(p, a, b):
    assert d.normal_quantile(p) == pytest.approx(stats.norm.ppf(p))
    assert d.normal_cdf(a / 100) == pytest.approx(stats.norm.cdf(a / 100))
    assert d.beta_quantile(p, a, b) == pytest.approx(stats.beta.ppf(p, a, b))
    assert d.beta_cdf(p, a, b) == pytest.approx(stats.beta.cdf(p, a, b), abs=1e-12)
    assert d.gamma_quantile(p, a, b) == pytest.approx(stats.gamma.ppf(p, a, scale=1 / b))
    assert d.gamma_cdf(p, a, b) == pytest.approx(stats.gamma.cdf(p, a, scale=1 / b), abs=1e-12)
    assert d.chi2_quantile(p, a) == pytest.approx(stats.chi2.ppf(p, a))
    assert d.chi2_tail(a, b) == pytest.approx(stats.chi2.sf(a, b), abs=1e-12)
    assert d.f_quantile(p, 1 + a, 1 + b) == pytest.approx(stats.f.ppf(p, 1 + a, 1 + b))


@trying
@given(st.integers(-2, 60), st.integers(0, 50), chance, size)
def test_counting_ones(k, n, p, mean):
    assert d.poisson_tail(k, mean) == pytest.approx(stats.poisson.sf(k - 1, mean), abs=1e-12)
    assert d.poisson_cdf(abs(k), mean) == pytest.approx(stats.poisson.cdf(abs(k), mean), abs=1e-12)
    assert d.binomial_tail(k, n, p) == pytest.approx(stats.binom.sf(k - 1, n, p), abs=1e-12)
    assert d.binomial_cdf(k, n, p) == pytest.approx(stats.binom.cdf(k, n, p), abs=1e-12)


def test_ends():
    assert d.chi2_quantile([0.025, 0.5], [0, 2]) == pytest.approx([0, 2 * np.log(2)])
    assert d.beta_cdf([-1, 2], 2, 3).tolist() == [0, 1]
    assert d.gamma_cdf(-1, 2, 3) == 0
    assert d.log_beta(2, 3) == pytest.approx(np.log(1 / 12))
    assert d.log_gamma(5) == pytest.approx(np.log(24))
    assert d.digamma(1) == pytest.approx(-np.euler_gamma)


def test_plain_numbers_give_plain_numbers():
    assert isinstance(d.normal_quantile(0.5), float)
    assert d.normal_quantile([0.5, 0.9]).dtype == np.float64
