"""Posterior ranks: the hospitals of BUGS, the two methods compared, what must always hold."""

from __future__ import annotations

import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kezun.statistics import ranking
from kezun.statistics.counts import GammaPrior
from kezun.statistics.ranking import of_rates, of_scores, of_shares, places, rank
from kezun.statistics.shrinkage import shrink
from kezun.statistics.tiers import sides, tiers

from .published import DEATHS, OPERATIONS, A, B, H, K
from .trying import few, trying


@pytest.fixture(scope="module")
def hospitals():
    _prior, posterior = shrink(DEATHS, OPERATIONS)
    return rank(of_shares(posterior), more_is_better=False)


def invented(units: int, seed: int = 1):
    generator = np.random.default_rng(seed)
    n = generator.poisson(generator.lognormal(np.log(250), 0.8, units)) + 1
    return shrink(generator.binomial(n, generator.beta(396, 4, units)), n)[1]


def test_the_ranks_of_bugs(hospitals):
    assert (hospitals.median[A], hospitals.low[A], hospitals.high[A]) == (2, 1, 9)
    assert (hospitals.median[H], hospitals.low[H], hospitals.high[H]) == (12, 9, 12)


def test_the_chance_to_be_worst(hospitals):
    assert hospitals.worst[[H, B, K]] == pytest.approx([0.626, 0.178, 0.147], abs=0.015)
    assert hospitals.worst.sum() == pytest.approx(1)


def test_more_draws_come_nearer():
    _prior, posterior = shrink(DEATHS, OPERATIONS)
    found = rank(of_shares(posterior), more_is_better=False, draws=100_000)
    assert found.worst[[H, B, K]] == pytest.approx([0.626, 0.178, 0.147], abs=4e-3)


def test_the_same_input_gives_the_same_ranks():
    posterior = invented(50)
    one, two = rank(of_shares(posterior)), rank(of_shares(posterior))
    other = rank(of_shares(posterior), generator=np.random.default_rng(99))
    for name in ("median", "low", "high", "best", "worst", "top"):
        assert np.array_equal(getattr(one, name), getattr(two, name))
    assert not np.array_equal(one.best, other.best)


def test_blocks_do_not_change_the_answer(monkeypatch):
    posterior = invented(40)
    whole = rank(of_shares(posterior))
    monkeypatch.setattr(ranking, "BLOCK", 40 * 333)
    blocks = rank(of_shares(posterior))
    assert np.array_equal(whole.median, blocks.median)
    assert np.array_equal(whole.best, blocks.best)


@few
@given(
    st.lists(st.tuples(st.floats(-50, 50), st.floats(0.01, 20)), min_size=1, max_size=25),
    st.booleans(),
)
def test_ranks_are_a_permutation_on_average(scores, more):
    mean, sd = zip(*scores, strict=True)
    found = rank(of_scores(mean, sd), more_is_better=more, draws=500)
    units = len(scores)
    assert np.all((found.low >= 1) & (found.low <= found.median) & (found.median <= found.high))
    assert found.high.max() <= units
    assert found.best.sum() == pytest.approx(1)
    assert found.worst.sum() == pytest.approx(1)
    assert found.top.sum() == pytest.approx(found.first)
    assert np.all(found.best <= found.top + 1e-12)
    assert abs(found.median.mean() - (units + 1) / 2) <= max(1.5, 0.25 * units)


@few
@given(st.lists(st.tuples(st.integers(-50, 50), st.integers(1, 20)), min_size=2, max_size=12))
def test_the_other_direction_turns_ranks_round(scores):
    mean, sd = zip(*scores, strict=True)
    up = rank(of_scores(mean, sd), first=1, draws=2_000)
    down = rank(of_scores(mean, sd), first=1, draws=2_000, more_is_better=False)
    assert up.best == pytest.approx(down.worst)
    assert np.all(np.abs(up.median - (len(scores) + 1 - down.median)) <= 1)


def test_clear_differences_are_ranked_surely():
    found = rank(of_scores([10, 30, 20], 0.1))
    assert found.place.tolist() == found.median.tolist() == [3, 1, 2]
    assert found.low.tolist() == found.high.tolist() == [3, 1, 2]
    assert found.best.tolist() == [0, 1, 0]


def test_scores_known_exactly_share_their_rank():
    found = rank(of_scores([80, 90, 90, 70], 0), first=2)
    assert found.place.tolist() == [3, 1, 1, 4]
    assert found.median.tolist() == found.low.tolist() == found.high.tolist() == [3, 1, 1, 4]
    assert found.best.tolist() == [0, 1, 1, 0]
    assert found.top.tolist() == [0, 1, 1, 0]


def test_rates_are_ranked_too():
    posterior = GammaPrior(4, 8_000).update([0, 3, 50], [1e3, 1e4, 5e4])
    found = rank(of_rates(posterior.shape, posterior.rate), more_is_better=False)
    assert found.place[2] == 3
    assert found.worst[2] > 0.85


def test_nobody_and_one():
    assert rank(of_scores([], [])).median.shape == (0,)
    alone = rank(of_scores([5], [1]))
    assert (alone.median[0], alone.low[0], alone.high[0], alone.best[0], alone.worst[0]) == (1, 1, 1, 1, 1)


@trying
@given(st.lists(st.integers(0, 9), max_size=40))
def test_places_are_those_of_a_competition(values):
    found = places(values)
    for value, place in zip(values, found, strict=True):
        assert place == 1 + sum(v > value for v in values)
    assert places([-v for v in values], more_is_better=False).tolist() == found.tolist()


@pytest.mark.parametrize("sd", [-1, np.nan, np.inf])
def test_an_impossible_spread_is_refused(sd):
    with pytest.raises(ValueError, match="sd of 0 or more"):
        of_scores([1, 2], [1, sd])


@pytest.mark.parametrize("more", [True, False])
def test_the_pooled_method_agrees_with_ranking_every_draw(monkeypatch, more):
    posterior = invented(250)
    exact = rank(of_shares(posterior), more_is_better=more)
    monkeypatch.setattr(ranking, "EXACT", 0)
    pooled = rank(of_shares(posterior), more_is_better=more, draws=1_000)
    hundredth = len(pooled.median) / 100
    for name in ("median", "low", "high"):
        apart = getattr(pooled, name) - getattr(exact, name)
        assert np.abs(apart).mean() <= hundredth
        assert abs(apart.mean()) < hundredth / 2
    assert np.abs(pooled.best - exact.best).max() < 0.02
    assert np.abs(pooled.worst - exact.worst).max() < 0.02
    assert np.abs(pooled.top - exact.top).mean() < 0.01
    assert pooled.top.sum() == pytest.approx(pooled.first, rel=0.01)


def test_exact_scores_of_many_share_their_rank():
    found = rank(of_scores(np.repeat(np.arange(500.0), 3), 0))
    assert np.array_equal(found.median, found.place)
    assert np.array_equal(found.low, found.high)


def test_fifteen_thousand_outlets_take_seconds():
    posterior = invented(15_500)
    start = time.process_time()
    found = rank(of_shares(posterior))
    assert time.process_time() - start < 5
    assert found.median.min() >= 1
    assert found.high.max() <= 15_500
    assert tiers(found).max() >= 2


def test_tiers_open_where_a_unit_can_no_longer_be_as_good_as_the_first():
    found = rank(of_scores([100, 99, 98, 60, 59, 10], [2, 2, 2, 2, 2, 1]))
    assert tiers(found).tolist() == [1, 1, 1, 2, 2, 3]


def test_hospitals_stand_in_two_tiers(hospitals):
    found = tiers(hospitals)
    assert found[A] == 1
    assert np.flatnonzero(found == 2).tolist() == [H]
    assert sides(hospitals)[[A, B, H, K]].tolist() == [0, 0, -1, -1]


@few
@given(st.lists(st.tuples(st.integers(0, 30), st.sampled_from([0, 1, 5])), min_size=1, max_size=20))
def test_tiers_follow_the_places_and_never_part_equals(scores):
    mean, sd = zip(*scores, strict=True)
    found = rank(of_scores(mean, sd), draws=300)
    tier = tiers(found)
    order = np.argsort(found.place, kind="stable")
    assert tier[order][0] == 1
    assert np.all(np.isin(np.diff(tier[order]), [0, 1]))
    for place in set(found.place.tolist()):
        assert len(set(tier[found.place == place].tolist())) == 1


def test_sides_are_sure_of_the_better_and_the_worse_half():
    found = rank(of_scores([100, 99, 50, 1, 0], [1, 1, 60, 1, 1]))
    assert sides(found).tolist()[2] == 0
    assert sides(rank(of_scores([4, 3, 2, 1], 0.01))).tolist() == [1, 1, -1, -1]
