"""How many observations a question needs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from kezun.statistics.intervals import jeffreys, wilson
from kezun.statistics.samples import chance_all, chance_under, per_group, to_prove

from .trying import trying


@pytest.mark.parametrize(
    ("first", "second", "needed"), [(0.99, 0.97, 719), (0.99, 0.98, 2_254), (0.97, 0.95, 1_484)]
)
def test_telling_two_shares_apart(first, second, needed):
    assert per_group(first, second) == needed
    assert per_group(second, first) == needed


def test_what_is_needed_is_also_enough():
    """With 719 each, 99 % and 97 % are told apart in about 80 of 100 cases."""
    import numpy as np

    generator = np.random.default_rng(10)
    one, other = (generator.binomial(719, p, 20_000) / 719 for p in (0.99, 0.97))
    gap = 2 * (np.arcsin(np.sqrt(one)) - np.arcsin(np.sqrt(other)))
    assert (np.abs(gap) * (719 / 2) ** 0.5 > 1.96).mean() == pytest.approx(0.8, abs=0.02)


def test_all_satisfied_proves_95_percent_from_73():
    assert to_prove(0.95) == 73
    assert wilson(73, 73).low >= 0.95 > wilson(72, 72).low
    assert to_prove(0.95, method="jeffreys") == 49
    assert jeffreys(49, 49).low >= 0.95 > jeffreys(48, 48).low
    assert to_prove(0.95, method="exact") == 72


def test_less_than_all_needs_more():
    """99 of 100 do not prove 95 %, 198 of 200 do; 291 of 300 do not, 485 of 500 do."""
    assert wilson(99, 100).low < 0.95 < wilson(198, 200).low
    assert wilson(291, 300).low < 0.95 < wilson(485, 500).low
    assert 100 < to_prove(0.95, 0.99) <= 200
    assert 300 < to_prove(0.95, 0.97) <= 500


@trying
@given(st.floats(0.5, 0.98), st.floats(0.005, 0.4), st.sampled_from(["wilson", "jeffreys", "exact"]))
def test_one_fewer_would_not_do(target, more, method):
    seen = min(1.0, target + more)
    n = to_prove(target, seen, method)
    assert to_prove(target, seen, method, confidence=0.99) >= n
    if seen < 1:
        assert to_prove(target, min(1.0, seen + 0.01), method) <= n


def test_a_perfect_share_is_likely_in_small_samples():
    assert chance_all(0.99, [50, 20]) == pytest.approx([0.605, 0.818], abs=5e-4)


def test_a_good_outlet_often_looks_bad_in_small_samples():
    assert chance_under(0.97, 0.95, [50, 100, 300]) == pytest.approx([0.19, 0.08, 0.02], abs=5e-3)


@trying
@given(st.integers(1, 400), st.integers(1, 99), st.floats(0.01, 0.99))
def test_the_chance_under_a_target_counts_what_lies_strictly_under(n, percent, true):
    under = sum(stats.binom.pmf(k, n, true) for k in range(n + 1) if 100 * k < percent * n)
    assert float(chance_under(true, percent / 100, n)) == pytest.approx(under, abs=1e-9)


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (lambda: per_group(0.9, 0.9), "two different shares"),
        (lambda: per_group(0.9, 1.1), "two different shares"),
        (lambda: per_group(0.9, 0.8, power=1), "power"),
        (lambda: to_prove(0.95, 0.95), "only a share above"),
        (lambda: to_prove(0.95, 1.2), "only a share above"),
        (lambda: to_prove(0.95, 0.95 + 1e-9), "too near"),
        (lambda: to_prove(1.0), "target"),
    ],
)
def test_what_cannot_be_is_refused(call, why):
    with pytest.raises(ValueError, match=why):
        call()
