"""Funnel limits: the unit test of FunnelPlotR, the hospitals of BUGS with and without over-dispersion."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kezun.statistics.funnel import (
    ALARM,
    WARN,
    dispersion,
    exact_share_limits,
    of_ratios,
    of_shares,
    ratio_limits,
    share_limits,
)

from .published import DEATHS, OPERATIONS, A, H
from .trying import trying


@pytest.fixture
def hospitals():
    return of_shares(DEATHS, OPERATIONS)


def test_the_poisson_limits_of_funnelplotr():
    low, high = ratio_limits([15, 20, 30], WARN)
    assert low == pytest.approx([0.5596924, 0.6108260, 0.6746958], abs=5e-8)
    assert high == pytest.approx([1.649348, 1.544419, 1.427562], abs=5e-7)
    low, high = ratio_limits([15, 20, 30], ALARM)
    assert low == pytest.approx([0.3862650, 0.4479107, 0.5289724], abs=5e-8)
    assert high == pytest.approx([2.082907, 1.902094, 1.702771], abs=5e-7)


def test_the_hospitals_in_a_plain_funnel(hospitals):
    assert hospitals.centre == pytest.approx(208 / 2814)
    assert hospitals.z[[H, A]] == pytest.approx([3.348, -3.775], abs=5e-4)
    assert np.flatnonzero(hospitals.outside(adjusted=False)).tolist() == [A, H]
    assert hospitals.outside(adjusted=False)[[A, H]].tolist() == [-1, 1]


def test_the_spread_between_hospitals(hospitals):
    assert hospitals.spread.phi == pytest.approx(3.704, abs=5e-4)
    assert hospitals.spread.trimmed == pytest.approx(2.380, abs=5e-4)
    assert hospitals.spread.tau2 == pytest.approx(0.0018096, abs=5e-8)


def test_with_the_spread_h_is_no_alarm_any_more(hospitals):
    assert hospitals.adjusted[[H, A]] == pytest.approx([2.094, -3.261], abs=5e-4)
    assert hospitals.outside(ALARM)[H] == 0
    assert hospitals.outside(WARN)[H] == 1
    assert hospitals.outside(ALARM)[A] == -1


@pytest.mark.parametrize("level", [WARN, ALARM])
@pytest.mark.parametrize("adjusted", [True, False])
def test_limits_drawn_and_units_named_are_the_same_thing(hospitals, level, adjusted):
    tau2 = hospitals.spread.tau2 if adjusted else 0.0
    low, high = share_limits(OPERATIONS, hospitals.centre, level, tau2)
    share = DEATHS / OPERATIONS
    drawn = (share > high).astype(int) - (share < low).astype(int)
    named = hospitals.outside(level, adjusted)
    assert drawn.tolist() == [n if share[i] > 0 or low[i] > 0 else 0 for i, n in enumerate(named)]


@trying
@given(st.integers(1, 10_000), st.floats(0, 1), st.floats(0, 0.02))
def test_share_limits_hold_the_centre_and_narrow_with_the_sample(n, centre, tau2):
    for limits in (share_limits, lambda n, c, level, _tau2: exact_share_limits(n, c, level)):
        low, high = limits(np.array([n, 4 * n]), centre, WARN, tau2)
        assert np.all((low >= 0) & (low <= centre + 1e-12) & (high >= centre - 1e-12) & (high <= 1))
        assert high[1] - low[1] <= high[0] - low[0] + 1e-12
        wide_low, wide_high = limits(n, centre, ALARM, tau2)
        assert wide_low <= low[0] + 1e-12
        assert wide_high >= high[0] - 1e-12


@trying
@given(st.floats(0.5, 5_000), st.floats(0, 0.1))
def test_ratio_limits_hold_one_and_widen_with_the_spread(expected, tau2):
    low, high = ratio_limits(expected, WARN, tau2)
    assert 0 <= low < 1 < high
    more = ratio_limits(expected, WARN, tau2 + 0.01)
    if tau2 > 0:
        assert more.low <= low
        assert more.high >= high


def test_exact_and_arcsine_limits_meet_in_large_samples():
    exact, curve = exact_share_limits(50_000, 0.3), share_limits(50_000, 0.3)
    assert exact == pytest.approx(curve, abs=1e-4)


def test_chance_alone_names_about_one_in_twenty_and_no_spread():
    generator = np.random.default_rng(4)
    n = generator.integers(100, 2_000, 3_000)
    found = of_shares(generator.binomial(n, 0.3), n)
    assert found.spread.phi == pytest.approx(1, abs=0.08)
    assert found.spread.tau2 == 0
    assert np.abs(found.outside(WARN)).mean() == pytest.approx(0.05, abs=0.01)
    assert np.array_equal(found.z, found.adjusted)


def test_a_spread_is_found_again():
    generator = np.random.default_rng(5)
    n = np.full(4_000, 2_000)
    angle = np.clip(generator.normal(0.8, 0.05, 4_000), 0, np.pi / 2)
    found = of_shares(generator.binomial(n, np.sin(angle) ** 2), n)
    assert found.spread.tau2 == pytest.approx(0.05**2, rel=0.35)
    assert found.spread.tau2 < 0.05**2  # drawing in the ends makes it smaller, which is meant


def test_the_centre_may_be_a_target():
    found = of_shares([99, 90], [100, 100], centre=0.95)
    assert found.centre == 0.95
    assert found.z[0] > 0 > found.z[1]


def test_ratios_around_one():
    found = of_ratios([30, 10, 20, 0], [20, 20, 20, 20])
    assert found.z[:3] == pytest.approx([2 * (30**0.5 - 20**0.5), 2 * (10**0.5 - 20**0.5), 0])
    assert found.outside(WARN, adjusted=False).tolist() == [1, -1, 0, -1]


@pytest.mark.parametrize("z", [[], [2.5]])
def test_one_unit_has_no_spread(z):
    spread = dispersion(z, np.ones(len(z)))
    assert (spread.phi, spread.trimmed, spread.tau2) == (1, 1, 0)


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (lambda: ratio_limits([5, 0]), r"above 0 \(at position 1\)"),
        (lambda: share_limits(0, 0.5), "needs a sample"),
        (lambda: share_limits(10, 1.5), "centre"),
        (lambda: of_shares([0], [0]), "needs a sample"),
        (lambda: of_ratios([0], [0]), "above 0"),
        (lambda: ratio_limits(5, 95), "level"),
    ],
)
def test_what_cannot_be_is_refused(call, why):
    with pytest.raises(ValueError, match=why):
        call()
