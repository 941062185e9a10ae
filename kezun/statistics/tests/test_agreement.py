"""Agreement of raters: Fleiss 1971, Krippendorff 2011, the paradox of kappa, and what must always hold."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from statsmodels.stats import inter_rater

from kezun.statistics.agreement import (
    ac1,
    ac1_of_table,
    cohen_kappa,
    fleiss_kappa,
    krippendorff,
    observed,
    pabak,
    positive_negative,
    table_of,
    tallies,
)

from .published import OBSERVERS, PSYCHIATRISTS, TEN_BY_FOURTEEN
from .trying import trying

ALMOST_ALL_CONFORM = [[90, 5], [5, 0]]
ratings = arrays.arrays(
    np.float64, st.tuples(st.integers(2, 12), st.integers(2, 5)), elements=st.sampled_from([1, 2, 3, np.nan])
)


def test_cohens_kappa():
    found = cohen_kappa([[20, 5], [10, 15]])
    assert found.value == pytest.approx(0.4)
    assert found.low < 0.4 < found.high


def test_the_paradox_of_kappa_and_ac1():
    """PMC7222679: two raters agree on two thirds, kappa sees almost nothing."""
    table = [[130, 56], [9, 5]]
    assert observed(table) == pytest.approx(0.675)
    assert cohen_kappa(table).value == pytest.approx(0.022, abs=5e-4)
    assert ac1_of_table(table) == pytest.approx(0.533, abs=5e-4)


def test_kappa_says_nothing_where_almost_all_conform():
    assert cohen_kappa(ALMOST_ALL_CONFORM).value == pytest.approx(-0.053, abs=5e-4)
    assert ac1_of_table(ALMOST_ALL_CONFORM) == pytest.approx(0.8895, abs=5e-5)
    assert pabak(ALMOST_ALL_CONFORM) == pytest.approx(0.80)
    assert positive_negative(ALMOST_ALL_CONFORM) == pytest.approx((180 / 190, 0))


def test_fleiss_1971():
    assert fleiss_kappa(tallies(PSYCHIATRISTS)) == pytest.approx(0.430, abs=5e-4)
    assert fleiss_kappa(tallies(PSYCHIATRISTS[:, :3])) == pytest.approx(0.534, abs=5e-4)


def test_ten_subjects_and_fourteen_raters():
    assert fleiss_kappa(TEN_BY_FOURTEEN) == pytest.approx(0.210, abs=5e-4)


@pytest.mark.parametrize(
    ("level", "alpha"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849), ("ratio", 0.797)]
)
def test_krippendorffs_alpha_with_gaps(level, alpha):
    assert krippendorff(OBSERVERS, level) == pytest.approx(alpha, abs=5e-4)


def test_ac1_and_fleiss_with_gaps():
    assert ac1(tallies(OBSERVERS)) == pytest.approx(0.775, abs=5e-4)
    assert fleiss_kappa(tallies(OBSERVERS)) == pytest.approx(0.761, abs=5e-4)


@trying
@given(arrays.arrays(np.int64, (8, 4), elements=st.integers(0, 3)))
def test_fleiss_equals_statsmodels_where_nothing_is_missing(given_):
    tally = tallies(given_)
    if tally.shape[1] > 1:
        assert fleiss_kappa(tally) == pytest.approx(inter_rater.fleiss_kappa(tally))


@trying
@given(arrays.arrays(np.int64, (20, 2), elements=st.integers(0, 2)))
def test_the_table_and_the_tally_of_two_raters_give_one_ac1(given_):
    table = table_of(given_[:, 0], given_[:, 1])
    if len(table) > 1:
        assert ac1_of_table(table) == pytest.approx(ac1(tallies(given_)))
        assert observed(table) == pytest.approx((given_[:, 0] == given_[:, 1]).mean())


@trying
@given(ratings)
def test_coefficients_do_not_depend_on_order_and_never_pass_one(given_):
    turned = given_[::-1, ::-1]
    for level in ("nominal", "ordinal", "interval", "ratio"):
        alpha = krippendorff(given_, level)
        assert krippendorff(turned, level) == pytest.approx(alpha, nan_ok=True)
        assert np.isnan(alpha) or alpha <= 1 + 1e-12
    for coefficient in (ac1, fleiss_kappa):
        value = coefficient(tallies(given_))
        assert coefficient(tallies(turned)) == pytest.approx(value, nan_ok=True)
        assert np.isnan(value) or value <= 1 + 1e-12


@trying
@given(st.lists(st.integers(1, 4), min_size=2, max_size=30).filter(lambda v: len(set(v)) > 1))
def test_full_agreement_is_one(values):
    same = np.array([values, values, values]).T
    for level in ("nominal", "ordinal", "interval", "ratio"):
        assert krippendorff(same, level) == pytest.approx(1)
    assert ac1(tallies(same)) == pytest.approx(1)
    assert fleiss_kappa(tallies(same)) == pytest.approx(1)
    table = table_of(values, values)
    assert cohen_kappa(table).value == pytest.approx(1)
    assert (observed(table), ac1_of_table(table), pabak(table)) == pytest.approx((1, 1, 1))


def test_chance_agreement_is_about_zero():
    generator = np.random.default_rng(8)
    given_ = generator.integers(0, 4, (5_000, 3))
    for value in (krippendorff(given_), ac1(tallies(given_)), fleiss_kappa(tallies(given_))):
        assert value == pytest.approx(0, abs=0.02)


def test_a_table_leaves_out_what_one_of_the_two_did_not_judge():
    table = table_of([1, 2, 2, np.nan, 1], [1, 2, 1, 2, np.nan])
    assert table.tolist() == [[1, 0], [1, 1]]


def test_alpha_knows_how_far_apart_judgements_are():
    near, far = [[1, 2], [5, 4], [3, 3]], [[1, 5], [5, 1], [3, 3]]
    assert krippendorff(near, "interval") > 0.5 > 0 > krippendorff(far, "interval")


@pytest.mark.parametrize(
    "nothing",
    [
        lambda: cohen_kappa([[7, 0], [0, 0]]).value,
        lambda: observed([[0, 0], [0, 0]]),
        lambda: ac1_of_table([[0, 0], [0, 0]]),
        lambda: ac1_of_table([[5]]),
        lambda: pabak([[5]]),
        lambda: fleiss_kappa([[3], [3]]),
        lambda: ac1([[3], [3]]),
        lambda: ac1([[1, 0], [0, 1]]),
        lambda: fleiss_kappa(tallies([[np.nan, np.nan]])),
        lambda: krippendorff([[1, np.nan], [np.nan, 2]]),
        lambda: krippendorff([[2, 2], [2, 2]]),
        lambda: positive_negative([[0, 0], [0, 5]])[0],
    ],
)
def test_where_nothing_can_be_said_it_is_nan(nothing):
    assert np.isnan(nothing())


@pytest.mark.parametrize(
    ("call", "why"),
    [
        (lambda: cohen_kappa([[1, 2, 3], [4, 5, 6]]), "square"),
        (lambda: observed([[1, -2], [3, 4]]), "negative"),
        (lambda: positive_negative(np.ones((3, 3))), "2 by 2"),
        (lambda: fleiss_kappa([[1, 2], [3, -1]]), r"negative \(at position 1\)"),
        (lambda: krippendorff([[1, 2], [-1, 2]], "ratio"), "below 0"),
        (lambda: krippendorff([[1, 2], [1, 2]], "sort of"), "unknown level"),
    ],
)
def test_what_cannot_be_is_refused(call, why):
    with pytest.raises(ValueError, match=why):
        call()
