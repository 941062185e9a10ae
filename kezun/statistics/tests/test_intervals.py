"""Intervals: Newcombe's published ones, the NPS, and what must hold for every count."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.proportion import proportion_confint

from kezun.statistics.intervals import clopper_pearson, critical, jeffreys, nps, nps_of, poisson_rate, wilson

from .trying import trying

METHODS = [(wilson, "wilson"), (jeffreys, "jeffreys"), (clopper_pearson, "beta")]


@st.composite
def counted(draw):
    n = draw(st.integers(1, 5_000))
    return draw(st.integers(0, n)), n


def test_wilson_gives_the_intervals_of_newcombe_1998():
    low, high = wilson([81, 15, 0, 1], [263, 148, 20, 29])
    assert low == pytest.approx([0.2553, 0.0624, 0.0000, 0.0061], abs=5e-5)
    assert high == pytest.approx([0.3662, 0.1605, 0.1611, 0.1718], abs=5.1e-5)


def test_wald_would_give_no_width_for_none_of_twenty():
    """The reason why there is no Wald interval in this room."""
    wald = proportion_confint(0, 20, method="normal")
    assert wald[1] - wald[0] == 0
    assert wilson(0, 20).high - wilson(0, 20).low > 0.16


@pytest.mark.parametrize(("ours", "name"), METHODS)
@trying
@given(counted(), st.sampled_from([0.8, 0.95, 0.998]))
def test_ours_equal_those_of_statsmodels(ours, name, pair, confidence):
    k, n = pair
    low, high = ours(k, n, confidence)
    theirs = proportion_confint(k, n, alpha=1 - confidence, method=name)
    if 0 < k < n or name != "jeffreys":  # at the ends Jeffreys' is widened to 0 and 1, as its authors advise
        assert (low, high) == pytest.approx(theirs, abs=1e-9)


@pytest.mark.parametrize(("ours", "name"), METHODS)
@trying
@given(counted())
def test_an_interval_holds_its_estimate_and_stays_in_bounds(ours, name, pair):
    k, n = pair
    low, high = ours(k, n)
    assert 0 <= low <= k / n <= high <= 1
    assert low < high


@pytest.mark.parametrize(("ours", "name"), METHODS)
@trying
@given(counted())
def test_an_interval_rises_with_the_count_and_narrows_with_the_sample(ours, name, pair):
    k, n = pair
    if k < n:
        more = ours(k + 1, n)
        assert more.low >= ours(k, n).low
        assert more.high >= ours(k, n).high
    wide, narrow = ours(k, n), ours(4 * k, 4 * n)
    assert narrow.high - narrow.low < wide.high - wide.low


@trying
@given(counted())
def test_an_interval_of_the_unhappy_is_that_of_the_happy_turned_round(pair):
    k, n = pair
    for ours, _name in METHODS:
        low, high = ours(k, n)
        assert ours(n - k, n) == pytest.approx((1 - high, 1 - low), abs=1e-9)


@trying
@given(counted())
def test_more_confidence_is_wider(pair):
    for ours, _name in METHODS:
        tight, loose = ours(*pair, 0.9), ours(*pair, 0.99)
        assert loose.low <= tight.low
        assert loose.high >= tight.high


def test_arrays_of_any_shape_broadcast():
    low, high = wilson(np.array([[1], [2]]), np.array([10, 20, 30]))
    assert low.shape == high.shape == (2, 3)
    assert low[1, 2] == pytest.approx(float(wilson(2, 30).low))


@pytest.mark.parametrize("ours", [m for m, _ in METHODS])
def test_no_observation_knows_nothing(ours):
    low, high = ours([0, 3], [0, 4])
    assert (low[0], high[0]) == (0, 1)
    assert low[1] > 0.19


@pytest.mark.parametrize("ours", [m for m, _ in METHODS])
@pytest.mark.parametrize(("k", "n"), [(-1, 5), (6, 5), (0, -1), (1, np.inf), (np.nan, 4)])
def test_impossible_counts_are_refused_with_their_place(ours, k, n):
    with pytest.raises(ValueError, match=r"0 … n \(at position 1\)"):
        ours([1, k], [5, n])


@pytest.mark.parametrize("confidence", [0, 1, -0.5, 95])
def test_a_confidence_lies_between_0_and_1(confidence):
    with pytest.raises(ValueError, match="confidence"):
        wilson(1, 2, confidence)


def test_critical_is_196():
    assert critical(0.95) == pytest.approx(1.959963985)
    assert critical(0.998) == pytest.approx(3.090232306)


def test_a_poisson_rate_is_exact():
    """Garwood's table: ten events have the interval 4.795 … 18.390; none has 0 … 3.689."""
    low, high = poisson_rate([10, 0], [1, 1])
    assert low == pytest.approx([4.795, 0], abs=5e-4)
    assert high == pytest.approx([18.390, 3.689], abs=5e-4)


@trying
@given(st.integers(0, 500), st.floats(1, 1e6), st.sampled_from([1.0, 10_000.0]))
def test_a_poisson_rate_holds_its_estimate_and_scales(events, exposure, per):
    low, high = poisson_rate(events, exposure, per=per)
    assert low <= events / exposure * per < high
    assert high == pytest.approx(per * float(poisson_rate(events, exposure).high))


def test_without_exposure_a_rate_may_be_anything():
    assert tuple(poisson_rate(0, 0)) == (0, np.inf)
    with pytest.raises(ValueError, match="without any exposure"):
        poisson_rate(2, 0)
    with pytest.raises(ValueError, match="0 or more"):
        poisson_rate(-1, 10)


def test_nps_with_its_error():
    score = nps(60, 15, 100)
    assert score.value == 45
    assert score.error == pytest.approx(7.40, abs=0.005)
    assert (score.low, score.high) == pytest.approx((30.5, 59.5), abs=0.05)


def test_sevens_and_eights_are_passive():
    """An implementation that calls only 7 passive gives 12.5 here."""
    assert nps_of([10, 9, 9, 8, 8, 7, 6, 3, 0, 10]).value == 10.0


@trying
@given(st.lists(st.integers(0, 10), min_size=1, max_size=200))
def test_nps_stays_on_its_scale(answers):
    score = nps_of(answers)
    assert -100 <= score.low <= score.value <= score.high <= 100
    assert score.n == len(answers)
    assert score.value == pytest.approx(100 * np.mean([(a > 8) - (a < 7) for a in answers]))


def test_no_answer_is_no_nps():
    score = nps_of([])
    assert np.isnan(score.value)
    assert (score.low, score.high) == (-100, 100)


@pytest.mark.parametrize("answer", [-1, 11, 7.5, float("nan")])
def test_another_scale_is_not_called_nps(answer):
    with pytest.raises(ValueError, match="0 … 10"):
        nps_of([9, answer])


@pytest.mark.parametrize("counts", [(-1, 0, 5), (3, 3, 5)])
def test_more_promoters_and_detractors_than_answers_are_refused(counts):
    with pytest.raises(ValueError, match="do not fit"):
        nps(*counts)
