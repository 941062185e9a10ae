"""Intraclass correlation: the six of Shrout and Fleiss."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from kezun.statistics.icc import complete, correlations, squares

from .published import JUDGES
from .trying import trying

tables = arrays.arrays(
    np.float64, st.tuples(st.integers(2, 10), st.integers(2, 5)), elements=st.integers(0, 20)
)


def test_the_six_of_1979():
    values = [round(c.value, 2) for c in correlations(JUDGES)]
    assert values == [0.17, 0.29, 0.71, 0.44, 0.62, 0.91]


def test_the_analysis_of_variance_of_1979():
    found = squares(JUDGES)
    assert (found.subjects, found.within, found.raters, found.rest) == pytest.approx(
        (11.24, 6.26, 32.49, 1.02), abs=5e-3
    )
    assert (found.n, found.k) == (6, 4)


def test_their_intervals():
    """As the R package psych prints them for this table."""
    found = correlations(JUDGES)
    assert (found.icc11.low, found.icc11.high) == pytest.approx((-0.133, 0.723), abs=1e-3)
    assert (found.icc21.low, found.icc21.high) == pytest.approx((0.019, 0.761), abs=1e-3)
    assert (found.icc31.low, found.icc31.high) == pytest.approx((0.342, 0.946), abs=1e-3)


@trying
@given(tables)
def test_values_lie_in_their_intervals_and_never_pass_one(scores):
    for one in correlations(scores):
        if not np.isnan(one.value):
            assert one.value <= 1 + 1e-9
        if np.isfinite([*one]).all():
            assert one.low <= one.value + 1e-9
            assert one.value <= one.high + 1e-9


@trying
@given(tables, st.floats(-50, 50), st.floats(0.1, 10))
def test_another_scale_changes_nothing(scores, shift, factor):
    one, two = correlations(scores), correlations(scores * factor + shift)
    if squares(scores).rest > 1e-3:
        assert [c.value for c in two] == pytest.approx([c.value for c in one], abs=1e-6)


@trying
@given(tables, arrays.arrays(np.float64, 5, elements=st.integers(-9, 9)))
def test_leniency_does_not_count_in_the_third(scores, lean):
    lenient = scores + lean[: scores.shape[1]]
    if squares(scores).rest > 1e-6:
        assert correlations(lenient).icc31.value == pytest.approx(correlations(scores).icc31.value, abs=1e-6)


def test_leniency_counts_in_the_second():
    scores = np.array([[1.0, 1], [5, 5], [9, 9], [4, 5]])
    lenient = scores + np.array([0, 6])
    assert correlations(lenient).icc21.value < correlations(scores).icc21.value - 0.3


def test_full_agreement_is_one():
    for one in correlations([[1, 1], [5, 5], [9, 9]]):
        assert one.value == pytest.approx(1)


def test_all_scores_alike_say_nothing():
    assert all(np.isnan(one.value) for one in correlations(np.full((4, 3), 7.0)))


def test_only_whole_rows_are_kept():
    assert complete([[1, 2], [np.nan, 3], [4, 5]]).tolist() == [[1, 2], [4, 5]]


@pytest.mark.parametrize(
    ("scores", "why"),
    [([[1, 2]], "two subjects"), ([[1], [2]], "two raters"), ([[1, 2], [3, np.nan]], r"position 1")],
)
def test_too_few_or_missing_scores_are_refused(scores, why):
    with pytest.raises(ValueError, match=why):
        correlations(scores)
