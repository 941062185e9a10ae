"""Events per exposure: gamma-Poisson shrinkage."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from kezun.statistics.counts import GammaPrior, fit

from .trying import trying

groups = st.lists(
    st.floats(1, 1e5).flatmap(lambda e: st.tuples(st.integers(0, 40), st.just(e))), min_size=0, max_size=25
)


@pytest.mark.parametrize(("shape", "per"), [(4.0, 8_000), (0.5, 200), (30.0, 30_000)])
def test_a_known_prior_is_found_again(shape, per):
    generator = np.random.default_rng(11)
    exposure = generator.gamma(2, per, 6_000)
    events = generator.poisson(exposure * generator.gamma(shape, 1 / per, 6_000))
    prior = fit(events, exposure)
    assert prior.method == "ml"
    assert prior.shape == pytest.approx(shape, rel=0.1)
    assert prior.rate == pytest.approx(per, rel=0.1)


def test_the_likelihood_of_the_negative_binomial_is_highest_there():
    generator = np.random.default_rng(2)
    exposure = generator.uniform(1e3, 1e5, 60)
    events = generator.poisson(exposure * generator.gamma(3, 1 / 9_000, 60))
    prior = fit(events, exposure)

    def likelihood(shape, rate):
        return stats.nbinom(shape, rate / (rate + exposure)).logpmf(events).sum()

    best = likelihood(prior.shape, prior.rate)
    for a, b in [(0.97, 1), (1.03, 1), (1, 0.97), (1, 1.03), (1.05, 1.05), (0.95, 0.95)]:
        assert likelihood(prior.shape * a, prior.rate * b) < best


@trying
@given(groups)
def test_no_group_makes_it_fail(pairs):
    events, exposure = [p[0] for p in pairs], [p[1] for p in pairs]
    prior = fit(events, exposure)
    assert prior.shape > 0
    assert 0 < prior.rate <= max(1, sum(exposure)) * (1 + 1e-9)
    assert (prior.method == "flat") == (len(pairs) < 5)


@trying
@given(groups.filter(lambda pairs: len(pairs) >= 5))
def test_every_unit_lies_between_its_own_rate_and_the_peers(pairs):
    events, exposure = (np.array(x) for x in zip(*pairs, strict=True))
    prior = fit(events, exposure)
    posterior = prior.update(events, exposure)
    own = events / exposure
    blend = posterior.own * own + (1 - posterior.own) * prior.mean
    assert posterior.mean == pytest.approx(blend, rel=1e-6, abs=1e-12)
    assert np.all((posterior.own > 0) & (posterior.own < 1))


def test_the_order_of_units_does_not_matter():
    generator = np.random.default_rng(21)
    exposure = generator.uniform(1e3, 1e5, 80)
    events = generator.poisson(exposure * generator.gamma(3, 1 / 9_000, 80))
    order = generator.permutation(80)
    assert fit(events, exposure) == fit(events[order], exposure[order])


def test_units_alike_are_pooled_and_no_event_is_no_failure():
    same = fit([5] * 20, [1_000] * 20)
    assert (same.method, same.mean) == ("pooled", pytest.approx(100.5 / 20_000))
    none = fit([0] * 20, [1_000] * 20)
    assert (none.method, none.mean) == ("pooled", pytest.approx(0.5 / 20_000))


def test_few_units_keep_their_own_rate():
    prior = fit([1, 30], [10_000, 10_000])
    assert prior.method == "flat"
    posterior = prior.update([1, 30], [10_000, 10_000])
    assert posterior.mean * 1e4 == pytest.approx([1.5, 30.5])
    assert posterior.own == pytest.approx([1, 1], abs=1e-6)


def test_units_without_exposure_say_nothing_and_get_the_prior():
    with_gap, without = fit([3, 9, 1, 4, 40, 0], [9e3, 1e4, 8e3, 9e3, 1e4, 0]), [3, 9, 1, 4, 40]
    prior = fit(without, [9e3, 1e4, 8e3, 9e3, 1e4])
    assert with_gap == prior
    posterior = prior.update(0, 0)
    assert (posterior.mean, posterior.own) == (pytest.approx(prior.mean), 0)


def test_chances_and_intervals_are_those_of_the_gamma():
    posterior = GammaPrior(4, 8_000).update([0, 3, 50], [1e3, 1e4, 5e4])
    law = stats.gamma(posterior.shape, scale=1 / posterior.rate)
    assert posterior.above(5e-4) == pytest.approx(law.sf(5e-4))
    low, high = posterior.interval(0.9)
    assert low == pytest.approx(law.ppf(0.05))
    assert high == pytest.approx(law.ppf(0.95))
    assert posterior.sd == pytest.approx(law.std())


def test_a_search_that_ends_nowhere_falls_back_to_all_alike(monkeypatch):
    import scipy.optimize

    nowhere = scipy.optimize.OptimizeResult(x=np.array([1.0, np.inf]))
    monkeypatch.setattr(scipy.optimize, "minimize", lambda *_, **__: nowhere)
    assert fit([1, 9, 3, 40, 0], [10, 10, 10, 10, 10]).method == "pooled"


def test_events_without_exposure_are_refused():
    with pytest.raises(ValueError, match=r"without any exposure \(at position 1\)"):
        fit([1, 2], [10, 0])
