"""Periods, intervals, ranks and the other pure rules."""

import datetime as dt
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kezun.facts import rules
from kezun.facts.rules import Period

DAYS = st.dates(dt.date(1990, 1, 1), dt.date(2090, 12, 31))


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_wilson_as_published(successes, n, low, high):
    """Newcombe (1998), Statistics in Medicine 17, table I, method 3."""
    found = rules.wilson(successes, n)
    assert tuple(round(bound, 4) for bound in found) == (low, high)


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_wilson_holds_the_share(a, b):
    k, n = min(a, b), max(a, b)
    found = rules.wilson(k, n)
    if n == 0:
        assert found is None
    else:
        low, high = found
        assert 0 <= low <= k / n <= high <= 1 or math.isclose(high, 1)
        turned = rules.wilson(n - k, n)
        assert math.isclose(turned[0], 1 - high, abs_tol=1e-12)


def test_wilson_refuses_more_than_all():
    with pytest.raises(ValueError, match="3 of 2"):
        rules.wilson(3, 2)


@pytest.mark.parametrize(
    ("text", "start", "end", "kind"),
    [
        ("2026-02", "2026-02-01", "2026-02-28", "month"),
        ("2024-02", "2024-02-01", "2024-02-29", "month"),
        ("1999-W06", "1999-02-08", "1999-02-14", "week"),
        ("2020-W53", "2020-12-28", "2021-01-03", "week"),
        ("2026-Q4", "2026-10-01", "2026-12-31", "quarter"),
        ("2026", "2026-01-01", "2026-12-31", "year"),
        ("2026-03-05", "2026-03-05", "2026-03-05", "day"),
        (" 2026-03-01 .. 2026-03-15 ", "2026-03-01", "2026-03-15", "range"),
    ],
)
def test_periods(text, start, end, kind):
    period = Period.parse(text)
    assert (period.start.isoformat(), period.end.isoformat(), period.kind) == (start, end, kind)
    assert period.days == (period.end - period.start).days + 1


@pytest.mark.parametrize(
    "text",
    ["", "2026-13", "2026-W54", "2025-W53", "2026-Q5", "26", "2026-02-30", "2026-03-02..2026-03-01", "x..y"],
)
def test_what_is_no_period(text):
    with pytest.raises(ValueError, match="2026-W10"):
        Period.parse(text)


@given(DAYS, st.sampled_from(["day", "week", "month", "quarter", "year"]))
def test_periods_tile_time(day, kind):
    period = Period.of(day, kind)
    assert period.start <= day <= period.end
    assert Period.parse(period.label) == period
    assert period.previous().end == period.start - dt.timedelta(days=1)
    assert period.following().start == period.end + dt.timedelta(days=1)
    assert period.previous().following() == period


@given(DAYS, st.integers(0, 400))
def test_ranges_step_by_their_own_length(day, days):
    period = Period.parse(f"{day}..{day + dt.timedelta(days=days)}")
    assert period.previous().days == period.days == period.following().days
    assert period.previous().following() == period


def test_no_such_kind_of_period():
    with pytest.raises(ValueError, match="decade"):
        Period.of(dt.date(2026, 1, 1), "decade")


@pytest.mark.parametrize(
    ("value", "op", "bound", "met"),
    [
        *((0.95, ">=", 0.95, True), (0.9499, ">=", 0.95, False), (35, "<=", 35, True), (36, "<=", 35, False)),
        *((1, ">", 1, False), (2, ">", 1, True), (1, "<", 1, False), (0, "<", 1, True)),
    ],
)
def test_targets_include_their_bound_where_they_say_so(value, op, bound, met):
    assert rules.meets(value, op, bound) is met


def test_no_such_operator():
    with pytest.raises(ValueError, match="=="):
        rules.meets(1, "==", 1)


@given(st.lists(st.integers(0, 50), max_size=60), st.integers(1, 9999))
def test_nearest_rank_is_the_smallest_value_that_reaches_the_share(values, of_10000):
    p = f"0.{of_10000:04d}"
    found = rules.nearest_rank(values, p)
    if not values:
        assert found is None
        return
    reached = [v for v in values if sum(w <= v for w in values) * 10000 >= of_10000 * len(values)]
    assert found == min(reached)


def test_nearest_rank_does_not_round_as_floats_do():
    """0.07 × 100 is 7.000000000000001 in floats, whose next whole number is 8."""
    assert rules.nearest_rank(list(range(1, 101)), "0.07") == 7
    assert rules.nearest_rank([5], "0.0001") == 5


def test_quotient_and_change():
    assert rules.quotient(1, 0) is None
    assert rules.quotient(3, 10_000, 10_000) == 3.0
    assert rules.change(1.5, 1.0) == 0.5
    assert rules.change(None, 1.0) is None
    assert rules.change(1.0, None) is None


def test_bin_labels():
    assert rules.bin_labels((0, 30, 60)) == ("<=0", "0-30", "30-60", ">60")
    assert rules.bin_labels((5,)) == ("<=5", ">5")
