"""Case mix: two outlets whose raw shares mislead, and coefficients found again."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kezun.statistics.casemix import fit, standardise
from kezun.statistics.intervals import wilson

from .trying import trying

RETAIL, CORPORATE = 0.995, 0.95
SATISFIED = np.array([[890, 93], [100, 865]])
SERVED = np.array([[900, 100], [100, 900]])


@pytest.fixture
def outlets():
    return standardise(SATISFIED, SERVED, [RETAIL, CORPORATE])


def test_the_raw_share_puts_a_before_b(outlets):
    raw = outlets.observed / SERVED.sum(axis=1)
    assert raw == pytest.approx([0.983, 0.965])


def test_but_b_is_better_in_both_kinds_of_business():
    a, b = SATISFIED / SERVED
    assert np.all(b > a)


def test_observed_over_expected_puts_b_before_a(outlets):
    assert outlets.ratio == pytest.approx([0.9924, 1.0110], abs=5e-5)
    assert outlets.share[1] > outlets.share[0]
    assert np.all((outlets.low < outlets.ratio) & (outlets.ratio < outlets.high))


@trying
@given(st.integers(1, 500), st.data())
def test_with_one_stratum_the_interval_is_wilsons(n, data):
    k, p = data.draw(st.integers(0, n)), data.draw(st.floats(0.05, 1))
    found = standardise([[k]], [[n]], [p])
    low, high = wilson(k, n)
    assert found.low[0] * p == pytest.approx(float(low), abs=1e-9)
    assert found.high[0] * p == pytest.approx(float(high), abs=1e-9)


@trying
@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 60), st.floats(0, 1)), min_size=1, max_size=6))
def test_an_interval_holds_its_ratio(strata):
    k = [[min(a, b) for a, b, _ in strata]]
    n, p = [[max(a, b) for a, b, _ in strata]], [p for _, _, p in strata]
    found = standardise(k, n, p)
    if found.expected[0] > 1e-9:
        assert 0 <= found.low[0] <= found.ratio[0] <= found.high[0]


def test_who_does_as_expected_has_the_ratio_one():
    found = standardise([[99, 190]], [[100, 200]], [0.99, 0.95])
    assert found.ratio[0] == pytest.approx(1)
    assert found.share[0] == pytest.approx(289 / 300)


def test_a_unit_without_cases_is_unknown():
    found = standardise([[0, 0], [5, 5]], [[0, 0], [10, 10]], [0.5, 0.5])
    assert np.isnan(found.ratio[0])
    assert (found.low[0], found.high[0]) == (0, np.inf)
    assert found.ratio[1] == 1
    assert np.isnan(standardise([[0]], [[0]], [0.5]).share[0])


def test_coefficients_are_found_again():
    strata = [(b, h) for b in ("corporate", "retail") for h in ("morning", "noon")]
    odds = np.array([2.9, 2.4, 5.2, 4.7])
    n = np.full(4, 2_000_000)
    found = fit(strata, n / (1 + np.exp(-odds)), n)
    assert found.names == ("", "retail", "noon")
    assert found.values == pytest.approx([2.9, 2.3, -0.5], abs=1e-6)
    assert found.expected(strata) == pytest.approx(1 / (1 + np.exp(-odds)), abs=1e-6)
    assert not found.softened
    assert np.all(found.errors > 0)


def test_one_factor_reproduces_the_shares_of_its_levels():
    found = fit([("p",), ("c",), ("p",), ("c",)], [890, 93, 100, 865], [900, 100, 100, 900])
    assert found.expected([("p",), ("c",)]) == pytest.approx([990 / 1000, 958 / 1000])


def test_the_fit_expects_as_many_as_were_seen():
    generator = np.random.default_rng(6)
    strata = [(a, b, c) for a in "xyz" for b in "mn" for c in "st"]
    n = generator.integers(50, 400, len(strata))
    k = generator.binomial(n, 0.9)
    assert (fit(strata, k, n).expected(strata) * n).sum() == pytest.approx(k.sum())


def test_all_or_nothing_in_a_level_is_softened():
    found = fit([("p",), ("c",)], [50, 45], [50, 50])
    assert found.softened
    assert np.all(np.isfinite(found.values))
    expected = found.expected([("p",), ("c",)])
    assert 0.97 < expected[0] < 1
    assert expected[1] == pytest.approx(0.9, abs=0.01)


def test_strata_without_cases_do_not_count():
    one = fit([("p",), ("c",), ("c",)], [40, 0, 30], [50, 0, 50])
    two = fit([("p",), ("c",)], [40, 30], [50, 50])
    assert one.values == pytest.approx(two.values)


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (lambda: standardise([[1]], [[2]], [1.5]), "coefficient"),
        (lambda: fit([], [], []), "at least one case"),
        (lambda: fit([("a",)], [1, 2], [3, 4]), "as many strata"),
        (lambda: fit([("a",), ("b", "c")], [1, 2], [3, 4]), "same factors"),
        (
            lambda: fit([("a",), ("b",)], [1, 2], [3, 4]).expected([("z",)]),
            "no coefficient for 'z'; known are a, b",
        ),
    ],
)
def test_what_cannot_be_is_refused(call, why):
    with pytest.raises(ValueError, match=why):
        call()
