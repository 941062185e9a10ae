"""Signals: false discoveries, bursts, pile-ups, heaping, gaps."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests

from kezun.statistics.contrast import share_against
from kezun.statistics.flags import (
    burst,
    busiest,
    discoveries,
    heaping,
    other_shape,
    pile_up,
    short_gaps,
)

from .published import DEATHS, OPERATIONS, H
from .trying import trying

chances = st.lists(st.floats(0, 1), min_size=1, max_size=40)


def test_of_the_hospitals_only_h_is_named():
    """Each is tested for too many deaths, exactly, against the share of all."""
    share = float(DEATHS.sum() / OPERATIONS.sum())
    p = stats.binom.sf(DEATHS - 1, OPERATIONS, share)
    assert np.flatnonzero(discoveries(p).named).tolist() == [H]


def test_two_sided_too_only_h_is_named():
    share = float(DEATHS.sum() / OPERATIONS.sum())
    p = [share_against(k, n, share).p for k, n in zip(DEATHS, OPERATIONS, strict=True)]
    assert np.flatnonzero(discoveries(p).named).tolist() == [H]


def test_the_example_of_benjamini_and_hochberg():
    """Their fifteen p of 1995; four hold at 5 %, where Bonferroni finds three."""
    p = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240]
    p += [0.4262, 0.5719, 0.6528, 0.7590, 1.0]
    assert discoveries(p).named.sum() == 4
    assert sum(x <= 0.05 / 15 for x in p) == 3


@trying
@given(chances, st.sampled_from([0.01, 0.05, 0.2]))
def test_discoveries_equal_those_of_statsmodels(p, false_share):
    named, adjusted, *_ = multipletests(p, alpha=false_share, method="fdr_bh")
    found = discoveries(p, false_share)
    assert found.adjusted == pytest.approx(adjusted)
    clear = np.abs(adjusted - false_share) > 1e-12
    assert found.named[clear].tolist() == named[clear].tolist()


@trying
@given(chances)
def test_adjusted_chances_keep_the_order_and_never_shrink(p):
    found = discoveries(p)
    order = np.argsort(p, kind="stable")
    assert np.all(np.diff(found.adjusted[order]) >= 0)
    assert np.all(found.adjusted >= np.array(p) - 1e-15)
    assert np.all(found.adjusted <= 1)


def test_without_any_signal_few_are_named():
    generator = np.random.default_rng(1)
    hits = [discoveries(generator.uniform(size=500)).named.any() for _ in range(400)]
    assert np.mean(hits) < 0.08


def test_five_in_a_minute_where_twelve_an_hour_are_usual():
    assert burst(5, 60, 12).p == pytest.approx(2.26e-6, abs=5e-9)
    assert burst(5, 60, 12, windows=480).p == pytest.approx(0.0011, abs=5e-5)
    assert burst(5, 60, 12).expected == pytest.approx(0.2)


@trying
@given(st.integers(0, 30), st.floats(1, 600), st.floats(0, 500))
def test_more_in_a_window_is_rarer(count, window, per_hour):
    here, more = burst(count, window, per_hour), burst(count + 1, window, per_hour)
    assert 0 <= more.p <= here.p <= 1
    assert here.p == pytest.approx(stats.poisson.sf(count - 1, per_hour * window / 3600), abs=1e-12)
    assert burst(0, window, per_hour).p == 1


def test_the_busiest_minute():
    times = [0, 100, 130, 155, 160, 161, 400]
    assert busiest(times, 61) == (5, 100)
    assert busiest(times, 60) == (4, 100)
    assert busiest([], 60)[0] == 0
    assert busiest([5], 60) == (1, 5)


@trying
@given(st.lists(st.integers(0, 1_000), min_size=1, max_size=60), st.integers(0, 200))
def test_the_busiest_window_is_the_busiest(times, window):
    most, start = busiest(times, window)
    assert most == max(sum(t <= x <= t + window for x in times) for t in times)
    assert most == sum(start <= x <= start + window for x in times)


def test_a_pile_up_just_above_a_cut():
    fair = np.arange(90, 100, 0.1)
    pushed = np.where((fair > 94) & (fair < 95), 95.2, fair)
    assert pile_up(fair, 95, 1).p > 0.4
    found = pile_up(pushed, 95, 1)
    assert found.p < 1e-4
    assert found.seen > found.expected
    assert pile_up([50.0], 95, 1).p == 1


def test_smooth_values_seldom_look_piled_up():
    generator = np.random.default_rng(2)
    p = [pile_up(generator.normal(94, 6, 400), 95, 1).p for _ in range(300)]
    assert np.mean(np.array(p) < 0.01) < 0.03


def test_estimates_end_in_nought_or_five():
    generator = np.random.default_rng(3)
    honest = generator.integers(0, 1_000, 500)
    guessed = 5 * generator.integers(0, 200, 500)
    assert heaping(honest).p > 0.01
    assert heaping(guessed).p < 1e-50
    assert heaping(guessed, base=5).p < 1e-50


@trying
@given(st.lists(st.integers(-10_000, 10_000), min_size=1, max_size=80))
def test_heaping_is_the_chi_square_test(values):
    tally = np.bincount(np.abs(values) % 10, minlength=10)
    theirs = stats.chisquare(tally)
    found = heaping(values)
    assert found.seen == pytest.approx(theirs.statistic)
    assert found.p == pytest.approx(theirs.pvalue)
    assert found.expected == 9


def test_no_value_heaps_nowhere():
    assert heaping([]).p == 1


def test_short_gaps_against_what_is_usual():
    machine = np.arange(50) * 2.0
    assert short_gaps(machine, 3, 0.05).p < 1e-40
    assert short_gaps(np.arange(50) * 60.0, 3, 0.05).p == 1
    found = short_gaps([0, 1, 60, 120, 121, 200], 3, 0.1)
    assert (found.seen, found.expected) == (2, 0.5)
    assert found.p == pytest.approx(stats.binom.sf(1, 5, 0.1))
    assert short_gaps([], 3, 0.1).p == short_gaps([7], 3, 0.1).p == 1


def test_gaps_of_another_shape():
    generator = np.random.default_rng(4)
    history = generator.exponential(120, 800)
    assert other_shape(generator.exponential(120, 200), history).p > 0.01
    assert other_shape(generator.uniform(100, 140, 200), history).p < 1e-6
    assert other_shape([], history).p == 1


@trying
@given(st.integers(0, 1_000_000), st.integers(20, 100), st.integers(20, 100))
def test_the_distance_is_that_of_kolmogorov_and_smirnov_and_its_chance_cautious(seed, n, m):
    generator = np.random.default_rng(seed)
    one, two = generator.normal(0, 1, n), generator.normal(0.3, 1.2, m)
    theirs = stats.ks_2samp(one, two, method="exact")
    found = other_shape(one, two)
    assert found.seen == pytest.approx(theirs.statistic)
    assert theirs.pvalue - 0.03 < found.p < theirs.pvalue + 0.15


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (lambda: discoveries([0.5, 1.5]), r"0 … 1 \(at position 1\)"),
        (lambda: discoveries([0.5], 1.0), "false ones"),
        (lambda: burst(1, -60, 12), "0 or more"),
        (lambda: pile_up([1.0], 0.5, 0), "width"),
        (lambda: heaping([1.5]), "whole numbers"),
        (lambda: heaping([1], base=1), "base"),
        (lambda: short_gaps([1, 2], 3, 1.5), "usual share"),
    ],
)
def test_what_cannot_be_is_refused(call, why):
    with pytest.raises(ValueError, match=why):
        call()
