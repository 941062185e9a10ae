"""Estimates: raw, drawn towards peers, adjusted for mix, and the error of repeated inspections."""

from __future__ import annotations

import math

import numpy as np
import pytest

from kezun.assessment.rules import estimating
from kezun.assessment.rules.estimating import Measured

# Hospitals of the BUGS example «Surgical»: operations and deaths.
N = np.array([47, 148, 119, 810, 211, 196, 148, 215, 207, 97, 256, 360])
R = np.array([0, 18, 8, 46, 8, 13, 9, 31, 14, 8, 29, 24])


def shares(top: np.ndarray, bottom: np.ndarray, scale: int = 1) -> Measured:
    value = np.where(bottom > 0, scale * top / np.where(bottom > 0, bottom, 1), np.nan)
    return Measured(value, top, bottom, bottom, scale, share=True)


def test_shares_are_drawn_towards_peers_as_published():
    found = estimating.shrunk(shares(R, N), ["x"] * 12, "beta_binomial_eb")
    method, a, b, units = found.priors["x"]
    assert (method, units) == ("ml", 12)
    assert (a, b) == pytest.approx((8.253, 99.637), abs=1e-3)
    assert found.estimate[[0, 1, 3, 7, 10]].round(4).tolist() == [0.0533, 0.1026, 0.0591, 0.1216, 0.1024]
    assert found.own[[0, 3]].round(2).tolist() == [0.30, 0.88]
    assert (found.low < found.estimate).all()
    assert (found.estimate < found.high).all()


def test_a_small_group_learns_from_all_and_a_large_one_from_itself():
    top, bottom = np.concatenate([R, R[:3]]), np.concatenate([N, N[:3]])
    found = estimating.shrunk(shares(top, bottom), ["x"] * 12 + ["y"] * 3, "beta_binomial_eb")
    assert found.priors["x"] != found.priors["y"]
    everyone = estimating.shrunk(shares(top, bottom), ["z"] * 15, "beta_binomial_eb")
    assert found.priors["y"] == everyone.priors["z"]


def test_who_has_no_data_gets_no_estimate():
    top, bottom = np.append(R, 0), np.append(N, 0)
    found = estimating.shrunk(shares(top, bottom), ["x"] * 13, "beta_binomial_eb")
    assert math.isnan(found.estimate[-1])
    assert not np.isnan(found.estimate[:-1]).any()
    plain = estimating.raw(shares(top, bottom))
    assert math.isnan(plain.estimate[-1])
    assert math.isnan(plain.sd[-1])


def means(values, sds, sizes) -> Measured:
    """Means of so many facts, whose own sample has that standard deviation."""
    values, sds, n = (np.array(x, dtype=np.float64) for x in (values, sds, sizes))
    whole = n.astype(np.int64)
    return Measured(
        values,
        np.nan_to_num(values * n).astype(np.int64),
        whole,
        whole,
        within=sds**2 * (n - 1),
        bounds=(0, 900),
    )


def test_a_mean_is_as_unsure_as_its_own_facts_and_a_little_as_those_of_all():
    known = means([100, 100, 100, 100], [50, 50, 100, 0], [401, 11, 11, 2])
    common = (400 * 50**2 + 10 * 50**2 + 10 * 100**2) / 421
    found = estimating.errors(known)
    lent = [
        math.sqrt((freedom * sd**2 + 4 * common) / (freedom + 4))
        for freedom, sd in ((400, 50), (10, 50), (10, 100), (1, 0))
    ]
    assert found.tolist() == pytest.approx(
        [s / math.sqrt(n) for s, n in zip(lent, (401, 11, 11, 2), strict=True)]
    )
    plain = estimating.raw(known)
    assert plain.sd.tolist() == pytest.approx(found.tolist())
    assert (math.isnan(plain.low[3]), plain.low[0] < 100 < plain.high[0]) == (True, True)
    assert (plain.high - plain.low)[0] == pytest.approx(2 * 1.966 * 50 / math.sqrt(401), rel=1e-3)


def test_of_facts_that_are_all_alike_nobody_knows_how_unsure_they_are():
    known = means([5, 5], [0, 0], [40, 50])
    assert np.isnan(estimating.errors(known)).all()
    found = estimating.shrunk(known, ["x", "x"], "normal_eb")
    assert found.estimate.tolist() == [5, 5]
    assert np.isnan(found.sd).all()


def test_means_are_drawn_towards_peers_the_more_the_less_sure_they_are():
    generator = np.random.default_rng(3)
    sizes = np.array([10, 40, 400] * 20)
    true = generator.normal(240, 25, 60)
    values = true + generator.normal(0, 120, 60) / np.sqrt(sizes)
    values[0] = math.nan
    known = means(values, np.full(60, 120.0), sizes)
    found = estimating.shrunk(known, ["x"] * 60, "normal_eb")
    method, mean, sd, units = found.priors["x"]
    assert (method, units) == ("pm", 59)
    assert (mean, sd) == pytest.approx((240, 25), rel=0.2)
    own = found.own.reshape(-1, 3)
    assert (own[1:, 0] < own[1:, 1]).all()
    assert (own[:, 1] < own[:, 2]).all()
    assert math.isnan(found.estimate[0])
    assert np.nansum((found.estimate - true) ** 2) < 0.9 * np.nansum((values - true) ** 2)
    inside = (found.low <= true) & (true <= found.high)
    assert inside[1:].mean() > 0.85


def test_few_means_learn_from_all_and_too_few_keep_their_own():
    known = means([200, 260, 240, 220, 300, 900], [100] * 6, [100] * 6)
    found = estimating.shrunk(known, ["x"] * 5 + ["y"], "normal_eb")
    assert found.priors["x"] == found.priors["y"]
    assert found.high[5] == 900
    alone = estimating.shrunk(means([200, 260], [100] * 2, [100] * 2), ["x", "x"], "normal_eb")
    assert alone.priors["x"][0] == "flat"
    assert (alone.priors["x"][2], alone.estimate.tolist(), alone.own.tolist()) == (0.0, [200, 260], [1, 1])


def test_a_quantile_is_drawn_by_its_own_error_and_without_one_stays():
    error = np.array([10.0] * 11 + [0.0, math.nan])
    values = np.array([300.0 + 4 * i for i in range(11)] + [500.0, 700.0])
    known = Measured(values, *(np.full(13, 50),) * 3, error=error)
    assert estimating.raw(known).sd[0] == 10
    assert np.isnan(estimating.raw(known).low).all()
    found = estimating.shrunk(known, ["x"] * 13, "normal_eb")
    assert (found.estimate[11], found.estimate[12]) == (500, 700)
    assert found.estimate[0] > 300
    assert found.estimate[10] < 340


def test_rates_are_drawn_towards_peers_too():
    measured = Measured(10_000 * R / N, R, N, N, 10_000, rate=True)
    found = estimating.shrunk(measured, ["x"] * 12, "gamma_poisson")
    raw = estimating.raw(measured)
    spread_raw, spread = np.ptp(raw.estimate), np.ptp(found.estimate)
    assert spread < spread_raw
    assert found.priors["x"][0] == "ml"
    assert (raw.low <= raw.estimate).all()
    assert (raw.estimate <= raw.high).all()


def test_raw_shares_carry_the_interval_of_wilson_and_a_spread_even_at_all():
    found = estimating.raw(shares(np.array([20, 81]), np.array([20, 263])))
    assert found.low.round(4).tolist() == [0.8389, 0.2553]
    assert found.high.round(4).tolist() == [1.0, 0.3662]
    assert found.sd[0] > 0
    assert found.own.tolist() == [1.0, 1.0]


def test_raw_values_of_other_kinds_carry_no_spread():
    found = estimating.raw(
        Measured(np.array([3.5, np.nan]), *(np.array([7, 0]), np.array([2, 0]), np.array([2, 0])))
    )
    assert found.estimate[0] == 3.5
    assert np.isnan(found.sd).all()
    assert np.isnan(found.own[1])


def test_a_mix_of_hard_business_is_not_held_against_a_unit():
    """A: 890/900 easy + 93/100 hard; B: 100/100 + 865/900. B is better in both, though its raw rate is
    worse."""
    top, bottom = np.array([[890.0, 93], [100, 865]]), np.array([[900.0, 100], [100, 900]])
    whole = shares(top.sum(axis=1).astype(np.int64), bottom.sum(axis=1).astype(np.int64))
    adjusted, expected = estimating.mixed(whole, top, bottom)
    assert whole.value[0] > whole.value[1]
    assert adjusted.value[0] < adjusted.value[1]
    assert expected.tolist() == [0.99, 0.958]
    assert adjusted.denominator.tolist() == whole.denominator.tolist()


def test_the_error_of_a_mean_of_visits_comes_from_those_visited_twice():
    values, owner = np.array([0.8, 0.9, 0.7, 0.9, 0.5]), np.array([0, 0, 1, 1, 2])
    found = estimating.between(values, owner, 4)
    within = math.sqrt((2 * 0.05**2 + 2 * 0.1**2) / 2)
    assert found[:2] == pytest.approx([within / math.sqrt(2)] * 2)
    assert found[2] == pytest.approx(within)
    assert math.isnan(found[3])
    assert np.isnan(estimating.between(np.array([0.5]), np.array([0]), 1)).all()


def test_numbers_leave_with_nine_decimals_and_priors_with_six_digits():
    found = estimating.shrunk(shares(R, N), ["x"] * 12, "beta_binomial_eb")
    assert all(float(f"{x:.9f}") == x for x in found.estimate.tolist())
    assert all(float(f"{x:.6g}") == x for x in found.priors["x"][1:3])
