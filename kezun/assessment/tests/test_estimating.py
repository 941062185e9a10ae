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
