"""Periods at their edges, and the arithmetic of indicators where it is easily wrong by one."""

import datetime as dt
import math
from fractions import Fraction

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from kezun.facts import questions
from kezun.facts.rules import Period, bin_labels, change, meets, nearest_rank, quotient, wilson

KINDS = ("day", "week", "month", "quarter", "year")
ALL_DAYS = st.dates(dt.date(2, 1, 8), dt.date(9998, 12, 24))


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        pytest.param("2024-02", "2024-02-01", "2024-02-29", id="leap-february"),
        pytest.param("1900-02", "1900-02-01", "1900-02-28", id="1900-is-no-leap-year"),
        pytest.param("2000-02", "2000-02-01", "2000-02-29", id="2000-is-one"),
        pytest.param("2026-W01", "2025-12-29", "2026-01-04", id="a-week-begins-in-the-year-before"),
        pytest.param("2020-W53", "2020-12-28", "2021-01-03", id="a-year-of-53-weeks"),
        pytest.param("2026-Q4", "2026-10-01", "2026-12-31", id="last-quarter"),
        pytest.param("2024-02-29", "2024-02-29", "2024-02-29", id="leap-day"),
        pytest.param("2025-12-31..2026-01-01", "2025-12-31", "2026-01-01", id="range-over-new-year"),
        pytest.param("2026-03-05 .. 2026-03-05", "2026-03-05", "2026-03-05", id="range-of-one-day"),
        pytest.param("  2026-03\n", "2026-03-01", "2026-03-31", id="blanks-around"),
    ],
)
def test_first_and_last_day(text, first, last):
    found = Period.parse(text)
    assert (found.start.isoformat(), found.end.isoformat()) == (first, last)
    assert found.days == (dt.date.fromisoformat(last) - dt.date.fromisoformat(first)).days + 1


@pytest.mark.parametrize(
    ("typed", "label"),
    [
        ("２０２６-０３", "2026-03"),
        ("２０２６－０３－０５", "2026-03-05"),
        ("2026-Ｗ10", "2026-W10"),
        ("２０２６", "2026"),
        ("2026-03-01．．2026-03-02", "2026-03-01..2026-03-02"),
    ],
    ids=["month", "day", "week", "year", "range"],
)
def test_full_width_characters_name_the_same_period(typed, label):
    assert Period.parse(typed) == Period.parse(label)
    assert Period.parse(typed).label == label


@pytest.mark.parametrize(
    "text",
    [
        *("", "..", "2026-00", "2026-13", "2026-W00", "2026-W54", "2025-W53", "2026-Q0", "2026-Q5"),
        *("2026-02-29", "2026-3", "26-03", "2026-03-01..", "..2026-03-01", "2026-03-02..2026-03-01"),
        *("2026-03-01..2026-03-02..2026-03-03", "2026/03", "2026-w10", "0000", "9999-W52"),
        *("0000-01-01", "10000", "-2026", "2026-03\0", "三月"),
    ],
)
def test_what_is_no_period_is_told_the_forms_in_both_languages(text):
    with pytest.raises(ValueError, match="is not a period: write 2026-03, 2026-W10"):
        Period.parse(text)
    with translation.override("zh-hans"), pytest.raises(ValueError, match=r"2026-03-01\.\.2026-03-15") as zh:
        questions.period_named(text)
    assert text in str(zh.value)
    assert "is no period" not in str(zh.value)
    with translation.override("en"), pytest.raises(ValueError, match="is no period"):
        questions.period_named(text)


@given(ALL_DAYS, st.sampled_from(KINDS))
def test_a_period_is_written_as_it_is_read(day, kind):
    found = Period.of(day, kind)
    assert Period.parse(found.label) == found
    assert found.start <= day <= found.end


@given(ALL_DAYS, st.sampled_from(KINDS))
def test_before_and_after_meet_without_a_gap(day, kind):
    found = Period.of(day, kind)
    before, after = found.previous(), found.following()
    assert before.end + dt.timedelta(days=1) == found.start
    assert found.end + dt.timedelta(days=1) == after.start
    assert {before.kind, after.kind} == {kind}


@pytest.mark.parametrize("text", ["0002", "0002-Q1", "0002-01", "0002-01-01", "9998", "9998-Q4", "9998-12"])
def test_years_next_to_the_outermost_still_have_neighbours(text):
    found = Period.parse(text)
    assert found.previous().following() == found == found.following().previous()


@pytest.mark.parametrize("text", ["9999", "9999-Q4", "9999-12", "9999-12-31", "9999-12-01..9999-12-31"])
def test_after_the_last_day_there_is_nothing(text):
    with pytest.raises(OverflowError):
        Period.parse(text).following()


@pytest.mark.parametrize("text", ["0001", "0001-Q1", "0001-01", "0001-01-01", "0001-01-01..0001-01-31"])
def test_before_the_first_day_there_is_nothing(text):
    with pytest.raises(OverflowError):
        Period.parse(text).previous()


@pytest.mark.parametrize("kind", ["", "range", "Month", "decade"])
def test_of_names_the_kind_that_is_none(kind):
    with pytest.raises(ValueError, match=f"^{kind} is not a kind of period$"):
        Period.of(dt.date(2026, 3, 1), kind)


@pytest.mark.parametrize(
    ("values", "p", "found"),
    [
        pytest.param([], "0.5", None, id="nothing"),
        pytest.param([7], "0.0001", 7, id="one-value-is-every-quantile"),
        pytest.param([1, 2], "0.5", 1, id="half-of-two-is-the-first"),
        pytest.param([1, 2], "0.5001", 2, id="a-hair-over-half"),
        pytest.param(list(range(1, 11)), "0.9", 9, id="nine-of-ten"),
        pytest.param(list(range(1, 11)), "1", 10, id="all"),
        pytest.param([3, 3, 1, 3], "0.25", 1, id="order-does-not-matter"),
        pytest.param([-5, 0, 5], "0.3", -5, id="negative-values"),
    ],
)
def test_ranks_worked_by_hand(values, p, found):
    assert nearest_rank(values, p) == found


@given(st.lists(st.integers(-50, 50), min_size=1, max_size=30), st.integers(1, 99))
def test_a_quantile_is_a_value_and_never_falls_as_the_share_grows(values, percent):
    low, high = nearest_rank(values, f"0.{percent:02d}"), nearest_rank(values, "1")
    assert low in values
    assert low <= high == max(values)
    below = sum(v <= low for v in values)
    assert Fraction(below, len(values)) >= Fraction(percent, 100)


@pytest.mark.parametrize(
    ("top", "bottom", "scale", "found"),
    [
        (1, 3, 1, 1 / 3),
        (0, 5, 100, 0.0),
        (5, 0, 1, None),
        (0, 0, 1, None),
        (-3, 4, 100, -75.0),
        (10**15, 3, 10_000, 10**19 / 3),
    ],
    ids=["third", "none-of-some", "no-denominator", "nothing-of-nothing", "negative", "beyond-64-bit"],
)
def test_one_division_at_the_end(top, bottom, scale, found):
    assert quotient(top, bottom, scale) == found


@given(st.integers(0, 500), st.integers(1, 500))
def test_the_interval_turns_round_with_its_sides(some, n):
    some = min(some, n)
    low, high = wilson(some, n)
    other_low, other_high = wilson(n - some, n)
    assert math.isclose(low, 1 - other_high, abs_tol=1e-12)
    assert math.isclose(high, 1 - other_low, abs_tol=1e-12)
    assert 0 <= low <= some / n <= high <= 1


@pytest.mark.parametrize("n", [1, 10, 100, 1000])
def test_more_facts_make_a_narrower_interval(n):
    def width(k):
        low, high = wilson(k // 2, k)
        return high - low

    assert width(n * 10) < width(n)


@pytest.mark.parametrize(("successes", "n"), [(-1, 5), (6, 5), (1, -1)])
def test_no_interval_of_what_is_no_share(successes, n):
    with pytest.raises(ValueError, match=f"^{successes} of {n} is not a proportion$"):
        wilson(successes, n)


@pytest.mark.parametrize(
    ("bins", "labels"),
    [
        ((0,), ("<=0", ">0")),
        ((60, 300), ("<=60", "60-300", ">300")),
        ((-10, 0, 10), ("<=-10", "-10-0", "0-10", ">10")),
    ],
)
def test_there_is_one_span_more_than_bounds(bins, labels):
    assert bin_labels(bins) == labels
    assert len(labels) == len(bins) + 1


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_of_the_four_operators_exactly_two_hold_unless_equal(value, target):
    held = {op for op in (">=", "<=", ">", "<") if meets(value, op, target)}
    expected = {">=", "<="} if value == target else {">=", ">"} if value > target else {"<=", "<"}
    assert held == expected
    assert change(value, target) == value - target
    assert change(None, target) is change(value, None) is None


@pytest.mark.parametrize("op", ["", "=", "==", "=>", "≥", "!="])
def test_an_operator_is_one_of_four(op):
    with pytest.raises(ValueError, match="is not an operator of a target"):
        meets(1.0, op, 1.0)
