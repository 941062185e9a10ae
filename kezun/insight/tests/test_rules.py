"""Which period comes first, what is worse beyond chance, which addresses may be kept."""

import datetime as dt

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kezun.facts.rules import Period, wilson
from kezun.insight.rules import (
    Share,
    by_chance,
    comparable,
    difference,
    first_period,
    own_address,
    spark_step,
    worsened,
)

TODAY = dt.date(2026, 11, 22)
DAYS = st.dates(dt.date(1990, 1, 1), dt.date(2100, 1, 1))


def of(successes, n):
    low, high = wilson(successes, n)
    return Share(successes / n, low, high)


COUNTS = st.integers(1, 5000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


def test_without_facts_the_present_month_is_shown():
    assert first_period(None, TODAY).label == "2026-11"


def test_the_month_of_the_latest_facts_is_shown_not_todays():
    assert first_period(dt.date(1999, 12, 31), TODAY).label == "1999-12"


def test_a_month_that_has_just_begun_gives_way_to_the_last_thirty_days():
    assert first_period(dt.date(2026, 3, 4), TODAY).label == "2026-02-03..2026-03-04"


@given(DAYS)
def test_the_first_period_always_holds_the_latest_facts_and_half_a_month(latest):
    period = first_period(latest, TODAY)
    assert period.start <= latest <= period.end
    assert (latest - period.start).days >= 14


@pytest.mark.parametrize(
    ("latest", "kind", "may"),
    [
        *((dt.date(2026, 3, 31), "count", True), (dt.date(2026, 3, 30), "count", False)),
        *((dt.date(2026, 3, 1), "ratio", True), (None, "distinct", False), (None, "mean", True)),
    ],
)
def test_counts_are_compared_only_when_their_period_is_over(latest, kind, may):
    assert comparable(Period.parse("2026-03"), latest, kind) is may


@pytest.mark.parametrize(
    ("period", "step"),
    [
        ("2026-03-05", "day"),
        ("2026-03", "day"),
        ("2026-Q1", "day"),
        ("2026", "week"),
        ("2024-01-01..2026-01-01", "month"),
    ],
)
def test_a_trend_has_as_many_steps_as_can_be_read(period, step):
    assert spark_step(Period.parse(period)) == step


def test_the_interval_of_a_difference_equals_the_published_example():
    """Newcombe 1998, table II, row a (56/70 and 48/80), method 10: 0.0524 to 0.3339."""
    low, high = difference(of(56, 70), of(48, 80))
    assert (round(low, 4), round(high, 4)) == (0.0524, 0.3339)


@given(COUNTS, COUNTS)
def test_a_difference_lies_in_its_interval_and_turns_round_with_its_sides(first, second):
    a, b = of(*first), of(*second)
    low, high = difference(a, b)
    assert low - 1e-12 <= a.value - b.value <= high + 1e-12
    back_low, back_high = difference(b, a)
    assert back_low == pytest.approx(-high)
    assert back_high == pytest.approx(-low)


@given(COUNTS)
def test_what_did_not_move_is_chance(counts):
    assert by_chance(of(*counts), of(*counts))


def test_a_large_fall_of_many_is_no_chance_and_of_few_it_is():
    assert not by_chance(of(700, 1000), of(900, 1000))
    assert by_chance(of(7, 10), of(9, 10))


def test_the_surest_loss_comes_first():
    rows = [
        ("wild and small", of(5, 20), of(18, 20)),
        ("sure and large", of(4000, 10000), of(9000, 10000)),
        ("level", of(90, 100), of(90, 100)),
        ("better", of(99, 100), of(50, 100)),
    ]
    assert [w.key for w in worsened(rows, "up")] == ["sure and large", "wild and small"]
    assert [w.key for w in worsened(rows, "up", 1)] == ["sure and large"]


def test_where_less_is_better_a_rise_is_the_loss():
    rows = [("x", of(300, 1000), of(100, 1000)), ("y", of(100, 1000), of(300, 1000))]
    (found,) = worsened(rows, "down")
    assert found.key == "x"
    assert found.by == pytest.approx(0.2)
    assert 0 < found.at_least < found.by


def test_where_neither_side_is_good_nothing_is_worse():
    assert worsened([("x", of(1, 1000), of(999, 1000))], "none") == []


@given(COUNTS, COUNTS, st.sampled_from(["up", "down"]))
def test_nothing_is_called_worse_that_chance_explains(now, before, direction):
    a, b = of(*now), of(*before)
    found = worsened([("x", a, b)], direction)
    assert bool(found) <= (not by_chance(a, b))
    for loss in found:
        assert 0 < loss.at_least <= loss.by + 1e-12


@pytest.mark.parametrize("address", ["/", "/units/O1/?period=2026-03", "/explain/?q=%2F%2Fx"])
def test_own_addresses_may_be_kept(address):
    assert own_address(address)


@pytest.mark.parametrize(
    "address",
    [
        "",
        "units/",
        "//evil.example/",
        "/\\evil.example",
        "https://evil.example/",
        "javascript:alert(1)",
        "/a\nb",
        "/a\\b",
    ],
)
def test_addresses_that_lead_elsewhere_may_not(address):
    assert not own_address(address)


@given(st.text(alphabet="/\\a:?#.@\t%[]é", max_size=30).map("/".__add__))
def test_whatever_is_accepted_stays_on_this_site(text):
    from django.utils.http import url_has_allowed_host_and_scheme

    assume(own_address(text))
    assert url_has_allowed_host_and_scheme(text, allowed_hosts=None)
