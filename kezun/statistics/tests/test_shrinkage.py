"""Beta-binomial shrinkage: the rats of Gelman, the hospitals of BUGS, and groups that teach nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from kezun.statistics import shrinkage
from kezun.statistics.shrinkage import BetaPrior, fit, from_mean_sd, moments, shrink

from .published import DEATHS, OPERATIONS, RATS, TUMOURS, A, B, D, H, K
from .trying import trying

groups = st.lists(
    st.integers(0, 300).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), min_size=0, max_size=30
)


def test_the_moments_of_70_groups_of_rats():
    shares = TUMOURS[:-1] / RATS[:-1]
    assert len(shares) == 70
    mean, sd = shares.mean(), shares.std(ddof=1)
    assert (mean, sd) == pytest.approx((0.136, 0.103), abs=5e-4)
    prior = from_mean_sd(mean, sd)
    assert (prior.a, prior.b) == pytest.approx((1.356, 8.615), abs=5e-4)
    assert (prior.mean, prior.sd) == pytest.approx((mean, sd))


def test_the_posterior_of_the_71st_group():
    posterior = BetaPrior(1.356, 8.615).update(4, 14)
    assert posterior.mean == pytest.approx(0.223, abs=5e-4)
    assert posterior.sd == pytest.approx(0.083, abs=5e-4)


def test_the_most_likely_prior_of_71_groups():
    prior = fit(TUMOURS, RATS)
    assert (prior.a, prior.b) == pytest.approx((2.342, 14.115), abs=2e-3)
    assert (prior.method, prior.units) == ("ml", 71)


def test_the_hospitals_of_bugs():
    prior, posterior = shrink(DEATHS, OPERATIONS)
    assert (prior.a, prior.b) == pytest.approx((8.253, 99.637), abs=2e-3)
    shown = posterior.mean[[A, B, D, H, K]]
    assert shown == pytest.approx([0.0533, 0.1026, 0.0591, 0.1216, 0.1024], abs=5e-5)


def test_empirical_bayes_is_near_the_exact_posterior():
    """BUGS: A .0532, H .1231, population mean .0728."""
    prior, posterior = shrink(DEATHS, OPERATIONS)
    assert posterior.mean[[A, H]] == pytest.approx([0.0532, 0.1231], abs=2e-3)
    assert prior.mean == pytest.approx(0.0728, abs=5e-3)


def test_how_much_is_a_hospitals_own_data():
    prior, posterior = shrink(DEATHS, OPERATIONS)
    assert prior.strength == pytest.approx(107.9, abs=0.05)
    assert posterior.own[[A, D]] == pytest.approx([0.30, 0.88], abs=5e-3)


def test_the_likelihood_is_highest_there():
    prior = fit(TUMOURS, RATS)
    at = stats.betabinom(RATS, prior.a, prior.b).logpmf(TUMOURS).sum()
    for a, b in [(0.98, 1), (1.02, 1), (1, 0.98), (1, 1.02), (1.05, 1.05), (0.95, 0.95)]:
        assert stats.betabinom(RATS, prior.a * a, prior.b * b).logpmf(TUMOURS).sum() < at


@pytest.mark.parametrize(("a", "b"), [(396, 4), (2, 2), (0.5, 40)])
@pytest.mark.parametrize("way", [fit, moments])
def test_a_known_prior_is_found_again(way, a, b):
    generator = np.random.default_rng(7)
    n = generator.integers(50, 800, 4_000)
    prior = way(generator.binomial(n, generator.beta(a, b, 4_000)), n)
    assert prior.mean == pytest.approx(a / (a + b), rel=0.03)
    assert prior.strength == pytest.approx(a + b, rel=0.15)


@trying
@given(groups)
def test_no_group_makes_it_fail(pairs):
    k, n = [p[0] for p in pairs], [p[1] for p in pairs]
    for way in (fit, moments):
        prior = way(k, n)
        assert 0 < prior.mean < 1
        assert 0 < prior.strength <= max(1, sum(n) + 1)
        assert prior.units == sum(x > 0 for x in n)
        assert (prior.method == "flat") == (prior.units < shrinkage.FEWEST)


@trying
@given(groups.filter(lambda pairs: sum(n > 0 for _, n in pairs) >= 5))
def test_every_unit_lies_between_its_own_share_and_the_peers(pairs):
    k, n = (np.array(x) for x in zip(*pairs, strict=True))
    prior, posterior = shrink(k, n)
    raw = np.where(n > 0, k / np.maximum(n, 1), prior.mean)
    low, high = np.minimum(raw, prior.mean), np.maximum(raw, prior.mean)
    assert np.all((posterior.mean >= low - 1e-9) & (posterior.mean <= high + 1e-9))
    assert np.all((posterior.own >= 0) & (posterior.own < 1))
    blend = posterior.own * raw + (1 - posterior.own) * prior.mean
    assert posterior.mean == pytest.approx(blend)


@pytest.mark.parametrize(
    ("k", "n", "method"),
    [
        ([], [], "flat"),
        ([1, 2], [3, 4], "flat"),
        ([1, 2, 0, 0, 0, 0], [3, 4, 0, 0, 0, 0], "flat"),
        ([5] * 8, [10] * 8, "pooled"),
        ([0] * 8, [10] * 8, "pooled"),
        ([10] * 8, [10] * 8, "pooled"),
        ([0, 1] * 8, [1] * 16, "pooled"),
        ([0, 40] * 8, [40] * 16, "ml"),
    ],
)
def test_groups_that_teach_nothing_have_a_defined_answer(k, n, method):
    prior = fit(k, n)
    assert prior.method == method
    if method == "pooled":
        assert prior.mean == pytest.approx((sum(k) + 0.5) / (sum(n) + 1))
        assert prior.strength == pytest.approx(sum(n) + 1)
    if method == "flat":
        assert (prior.a, prior.b) == (0.5, 0.5)


def test_the_order_of_units_and_the_last_bits_do_not_matter():
    order = np.random.default_rng(1).permutation(len(RATS))
    one, two = fit(TUMOURS, RATS), fit(TUMOURS[order], RATS[order])
    assert (one.a, one.b) == (two.a, two.b)
    assert len(f"{one.a!r}".replace(".", "")) <= 5


def test_units_torn_apart_keep_their_own_data():
    prior, posterior = shrink([0, 40] * 8, [40] * 16)
    assert prior.strength < 1
    assert posterior.own.min() > 0.97


def test_a_search_that_ends_nowhere_falls_back_to_all_alike(monkeypatch):
    import scipy.optimize

    nowhere = scipy.optimize.OptimizeResult(x=np.array([np.nan, 1.0]))
    monkeypatch.setattr(scipy.optimize, "minimize", lambda *_, **__: nowhere)
    assert fit(DEATHS, OPERATIONS).method == "pooled"


def test_a_unit_without_data_is_what_its_peers_are():
    prior = fit(DEATHS, OPERATIONS)
    posterior = prior.update([0], [0])
    assert posterior.mean[0] == pytest.approx(prior.mean)
    assert posterior.sd[0] == pytest.approx(prior.sd)
    assert posterior.own[0] == 0


def test_chances_and_intervals_are_those_of_the_beta():
    posterior = BetaPrior(8.253, 99.637).update(DEATHS, OPERATIONS)
    law = stats.beta(posterior.a, posterior.b)
    assert posterior.below(0.07) == pytest.approx(law.cdf(0.07))
    assert posterior.above(0.07) == pytest.approx(law.sf(0.07))
    low, high = posterior.interval(0.9)
    assert low == pytest.approx(law.ppf(0.05))
    assert high == pytest.approx(law.ppf(0.95))
    assert np.all((low < posterior.mean) & (posterior.mean < high))
    assert posterior.sd == pytest.approx(law.std())


@trying
@given(st.integers(0, 50), st.floats(0.01, 0.99), st.floats(0.01, 0.99))
def test_the_chance_below_rises_with_the_target_and_falls_with_the_count(k, one, other):
    prior, (low, high) = BetaPrior(5, 5), sorted((one, other))
    here = prior.update(k, 51)
    assert here.below(low) <= here.below(high)
    assert prior.update(k + 1, 51).below(low) <= here.below(low) + 1e-12
    assert here.below(low) + here.above(low) == pytest.approx(1)


@pytest.mark.parametrize(("mean", "sd"), [(0, 0.1), (1, 0.1), (0.5, 0.5), (0.5, 0), (0.1, 0.4)])
def test_a_mean_and_sd_no_beta_has_are_refused(mean, sd):
    with pytest.raises(ValueError, match="no Beta"):
        from_mean_sd(mean, sd)


def test_impossible_counts_are_refused():
    for way in (fit, moments, BetaPrior(1, 1).update):
        with pytest.raises(ValueError, match="position 2"):
            way([1, 2, 9], [3, 3, 3])


def test_two_hundred_thousand_people_are_fitted_at_once():
    generator = np.random.default_rng(3)
    n = generator.poisson(200, 200_000)
    prior = fit(generator.binomial(n, generator.beta(396, 4, 200_000)), n)
    assert prior.mean == pytest.approx(0.99, abs=1e-4)
    assert prior.strength == pytest.approx(400, rel=0.05)
