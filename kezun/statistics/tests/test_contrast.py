"""Before and after: exact tests with effects and intervals."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from kezun.statistics.contrast import fisher, rates, share_against, shares

from .trying import trying

two = st.tuples(st.integers(0, 60), st.integers(1, 60), st.integers(0, 60), st.integers(1, 60)).map(
    lambda t: (min(t[0], t[1]), t[1], min(t[2], t[3]), t[3])
)


def test_the_interval_of_newcombe():
    """Newcombe 1998, example (a): 56/70 against 48/80 is .2000 with .0524 … .3339."""
    found = shares(48, 80, 56, 70)
    assert (found.effect, found.low, found.high) == pytest.approx((0.2, 0.0524, 0.3339), abs=5e-5)


@trying
@given(two)
def test_fisher_equals_scipy(table):
    k1, n1, k2, n2 = table
    theirs = stats.fisher_exact([[k1, n1 - k1], [k2, n2 - k2]]).pvalue
    assert fisher(k1, n1, k2, n2) == pytest.approx(theirs, abs=1e-6)


def test_fisher_holds_for_a_banks_numbers():
    assert fisher(98_000, 100_000, 98_000, 100_000) == pytest.approx(1)
    assert fisher(98_000, 100_000, 98_500, 100_000) < 1e-10


@trying
@given(two)
def test_an_effect_lies_in_its_interval_and_turns_round(table):
    k1, n1, k2, n2 = table
    here, back = shares(k1, n1, k2, n2), shares(k2, n2, k1, n1)
    assert -1 - 1e-9 <= here.low <= here.effect <= here.high <= 1 + 1e-9
    assert (back.effect, back.low, back.high) == pytest.approx((-here.effect, -here.high, -here.low))
    assert back.p == pytest.approx(here.p)
    assert 0 < here.p <= 1


def test_a_period_without_cases_says_nothing():
    found = shares(0, 0, 5, 10)
    assert np.isnan(found.effect)
    assert (found.low, found.high, found.p) == (-1, 1, 1)


def test_fewer_complaints_per_transaction():
    found = rates(20, 10_000, 8, 10_000)
    assert found.effect == pytest.approx(0.4)
    assert found.low < 0.4 < found.high < 1
    assert found.p == pytest.approx(stats.binomtest(8, 28, 0.5).pvalue)


@trying
@given(st.integers(0, 60), st.floats(1, 1e5), st.integers(0, 60), st.floats(1, 1e5))
def test_the_ratio_of_rates_lies_in_its_interval(before, over, after, under):
    found = rates(before, over, after, under)
    if before + after == 0:
        assert np.isnan(found.effect)
        assert (found.low, found.high, found.p) == (0, np.inf, 1)
        return
    assert found.low <= found.effect <= found.high
    back = rates(after, under, before, over)
    assert back.p == pytest.approx(found.p)
    if before and after:
        assert back.effect == pytest.approx(1 / found.effect)
        assert back.low == pytest.approx(1 / found.high)


@trying
@given(st.integers(1, 80), st.integers(0, 80), st.floats(1, 100))
def test_test_and_interval_agree(before, after, ratio):
    """A p under 5 % and an interval that leaves 1 out are the same thing."""
    found = rates(before, ratio, after, 1.0)
    assert (found.p < 0.05) == (not found.low <= 1 <= found.high) or found.p == pytest.approx(0.05, abs=1e-6)


def test_under_no_change_few_are_called_a_change():
    generator = np.random.default_rng(9)
    p = [shares(*table).p for table in zip(*_unchanged(generator), strict=True)]
    assert np.mean(np.array(p) < 0.05) < 0.06


def _unchanged(generator):
    n1, n2 = generator.integers(30, 300, 500), generator.integers(30, 300, 500)
    return generator.binomial(n1, 0.9), n1, generator.binomial(n2, 0.9), n2


def test_a_share_against_a_target():
    found = share_against(97, 100, 0.95)
    assert found.effect == pytest.approx(0.02)
    assert found.low < 0 < found.high
    assert found.p > 0.4
    low = share_against(80, 100, 0.95)
    assert low.high < 0
    assert low.p < 1e-5
    nothing = share_against(0, 0, 0.95)
    assert np.isnan(nothing.effect)
    assert nothing.p == 1


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (lambda: rates(1, 0, 1, 5), "without any exposure"),
        (lambda: rates(0, 0, 0, 5), "exposure above 0"),
        (lambda: rates(-1, 5, 1, 5), "0 or more"),
        (lambda: shares(3, 2, 1, 2), "position 0"),
        (lambda: share_against(1, 2, 1.0), "target"),
    ],
)
def test_what_cannot_be_is_refused(call, why):
    with pytest.raises(ValueError, match=why):
        call()
