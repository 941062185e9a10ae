"""Variance between units: the thirteen trials of the BCG vaccine."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.meta_analysis import combine_effects

from kezun.statistics.variance import combine, log_risk_ratio

from .published import BCG
from .trying import trying


@pytest.fixture(scope="module")
def trials():
    ill, well, ill_without, well_without = BCG.T
    return log_risk_ratio(ill, ill + well, ill_without, ill_without + well_without)


def test_dersimonian_and_laird(trials):
    found = combine(*trials)
    assert found.tau2 == pytest.approx(0.3088, abs=5e-5)
    assert found.effect == pytest.approx(-0.7141, abs=5e-5)
    assert found.q == pytest.approx(152.23, abs=5e-3)
    assert found.i2 == pytest.approx(0.921, abs=5e-4)
    assert found.low < found.effect < found.high < 0


def test_paule_and_mandel(trials):
    assert combine(*trials, method="pm").tau2 == pytest.approx(0.3181, abs=5e-5)


@trying
@given(st.lists(st.tuples(st.floats(-5, 5), st.floats(0.01, 5)), min_size=2, max_size=20))
def test_the_common_effect_lies_among_the_effects(pairs):
    effects, variances = zip(*pairs, strict=True)
    found = combine(effects, variances)
    assert min(effects) - 1e-9 <= found.effect <= max(effects) + 1e-9
    assert found.tau2 >= 0
    assert 0 <= found.i2 < 1
    assert found.low <= found.effect <= found.high


@pytest.mark.parametrize("method", ["dl", "pm"])
def test_ours_equals_statsmodels(trials, method):
    theirs = combine_effects(*trials, method_re=method)
    found = combine(*trials, method=method)
    assert found.tau2 == pytest.approx(theirs.tau2, abs=1e-4)
    assert (found.effect, found.error) == pytest.approx((theirs.mean_effect_re, theirs.sd_eff_w_re), abs=1e-4)


@pytest.mark.parametrize("method", ["dl", "pm"])
def test_a_variance_between_units_is_found_again(method):
    generator = np.random.default_rng(12)
    variances = generator.uniform(0.05, 0.5, 3_000)
    effects = generator.normal(1.5, np.sqrt(variances + 0.2))
    found = combine(effects, variances, method)
    assert found.tau2 == pytest.approx(0.2, rel=0.1)
    assert found.low < 1.5 < found.high


@pytest.mark.parametrize("method", ["dl", "pm"])
def test_less_difference_than_chance_is_none(method):
    """statsmodels goes on with a negative variance here; its weights then are nonsense."""
    found = combine([0.1, 0.2, 0.15, 0.12], [1.0, 0.5, 2.0, 0.1], method)
    assert (found.tau2, found.i2) == (0, 0)
    assert 0.1 < found.effect < 0.2


def test_equal_effects_do_not_differ():
    found = combine([0.3, 0.3, 0.3], 0.1)
    assert (found.tau2, found.i2) == (0, 0)
    assert found.error == pytest.approx((0.1 / 3) ** 0.5)


def test_more_confidence_is_wider(trials):
    assert combine(*trials, confidence=0.99).low < combine(*trials).low


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (lambda: combine([1.0], [1.0]), "at least two"),
        (lambda: combine([1.0, 2.0], [1.0, 0.0]), r"above 0 \(at position 1\)"),
        (lambda: combine([1.0, np.nan], [1.0, 1.0]), "position 1"),
        (lambda: log_risk_ratio([0], [5], [1], [5]), "above 0"),
    ],
)
def test_what_cannot_be_is_refused(call, why):
    with pytest.raises(ValueError, match=why):
        call()
