"""James-Stein on the eighteen baseball players of Efron and Morris."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kezun.statistics.stein import arcsine_shares, james_stein, shares

from .published import AT_BATS, HITS, SEASON
from .trying import trying

CLEMENTE, ALVIS = 0, 17


def test_the_shrunk_averages_of_1977():
    found = shares(HITS, AT_BATS)
    assert found.centre == pytest.approx(0.265, abs=5e-4)
    assert found.factor == pytest.approx(0.212, abs=5e-4)
    assert found.estimates[[CLEMENTE, ALVIS]] == pytest.approx([0.294, 0.242], abs=5e-4)


def test_the_arcsine_version_of_1975():
    found = arcsine_shares(HITS, AT_BATS)
    assert found.spread == pytest.approx(18.96, abs=5e-3)
    assert found.factor == pytest.approx(0.209, abs=5e-4)
    assert found.estimates[CLEMENTE] == pytest.approx(0.290, abs=5e-4)


def test_shrinking_came_three_times_nearer_to_the_rest_of_the_season():
    own, drawn = HITS / AT_BATS, shares(HITS, AT_BATS).estimates
    raw, better = ((own - SEASON) ** 2).sum(), ((drawn - SEASON) ** 2).sum()
    assert raw == pytest.approx(0.0755, abs=5e-4)
    assert better == pytest.approx(0.0214, abs=5e-4)
    assert raw / better == pytest.approx(3.5, abs=0.05)
    assert (np.abs(drawn - SEASON) < np.abs(own - SEASON)).sum() == 16


values = st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=30)


@trying
@given(values, st.floats(0, 1e4))
def test_estimates_lie_between_own_and_centre_and_keep_the_order(given_, variance):
    found = james_stein(given_, variance)
    assert 0 <= found.factor <= 1
    assert np.mean(found.estimates) == pytest.approx(found.centre, abs=1e-6)
    distance = np.abs(np.array(given_) - found.centre)
    assert np.all(np.abs(found.estimates - found.centre) <= distance + 1e-9)
    order = np.argsort(given_, kind="stable")
    assert np.all(np.diff(found.estimates[order]) >= -1e-9)


@pytest.mark.parametrize("few", [[1.0], [1.0, 5.0], [1.0, 2.0, 9.0], [4.0] * 6])
def test_few_values_or_equal_ones_stay_as_they_are(few):
    assert james_stein(few, 1.0).estimates == pytest.approx(few)


def test_pure_chance_is_drawn_to_the_centre_wholly():
    assert james_stein([1.0, 1.1, 0.9, 1.05, 0.95], 10.0).factor == 0


def test_nothing_and_negative_variance_are_refused():
    with pytest.raises(ValueError, match="at least one value"):
        james_stein([], 1.0)
    with pytest.raises(ValueError, match="variance"):
        james_stein([1.0, 2.0], -1.0)
    for way in (shares, arcsine_shares):
        with pytest.raises(ValueError, match="needs a sample"):
            way([0, 0], 0)
