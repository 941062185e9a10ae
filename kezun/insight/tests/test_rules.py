"""Which period comes first, what is worse beyond chance, which addresses may be kept."""

import datetime as dt
import random

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from kezun.facts.rules import Period, wilson
from kezun.insight.rules import (
    Pair,
    Share,
    beyond_chance,
    by_chance,
    chance_of_loss,
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
    return Share(successes / n, low, high, successes, n)


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


def pair(name, now, before, direction="up"):
    return Pair((name,), direction, of(*now), of(*before))


def test_the_surest_loss_comes_first():
    pairs = [
        pair("wild and small", (5, 20), (18, 20)),
        pair("sure and large", (4000, 10000), (9000, 10000)),
        pair("level", (90, 100), (90, 100)),
        pair("better", (99, 100), (50, 100)),
    ]
    assert [w.key for w in worsened(pairs)] == [("sure and large",), ("wild and small",)]
    assert [w.key for w in worsened(pairs, 1)] == [("sure and large",)]


def test_where_less_is_better_a_rise_is_the_loss():
    pairs = [
        pair("x", (300, 1000), (100, 1000), "down"),
        pair("y", (100, 1000), (300, 1000), "down"),
    ]
    (found,) = worsened(pairs)
    assert found.key == ("x",)
    assert found.by == pytest.approx(0.2)
    assert 0 < found.at_least < found.by


def test_where_neither_side_is_good_nothing_is_worse_and_nothing_is_a_test():
    useless = [pair(str(i), (1, 1000), (999, 1000), "none") for i in range(1000)]
    assert worsened(useless) == []
    only_one = pair("x", (790, 1000), (830, 1000))  # p = 0.011: holds alone, not among a thousand
    assert [w.key for w in worsened([*useless, only_one])] == [("x",)]


@given(COUNTS, COUNTS, st.sampled_from(["up", "down"]))
def test_nothing_is_called_worse_that_chance_explains(now, before, direction):
    found = worsened([pair("x", now, before, direction)])
    assert bool(found) <= (not by_chance(of(*now), of(*before)))
    for loss in found:
        assert 0 < loss.at_least <= loss.by + 1e-12


def test_the_chance_of_a_loss_equals_one_worked_by_hand():
    """80 of 100 after 90 of 100: pooled 0.85, z = −0.1 / √(0.85 · 0.15 · 0.02) = −1.9803; p = 0.02384."""
    assert chance_of_loss(pair("x", (80, 100), (90, 100))) == pytest.approx(0.02384, abs=5e-6)
    assert chance_of_loss(pair("x", (90, 100), (80, 100))) == pytest.approx(0.97616, abs=5e-6)
    assert chance_of_loss(pair("x", (20, 100), (10, 100), "down")) == pytest.approx(0.02384, abs=5e-6)


@pytest.mark.parametrize("counts", [(0, 50), (50, 50)])
def test_all_or_nothing_in_both_periods_is_no_loss(counts):
    assert chance_of_loss(pair("x", counts, (counts[0] and 70, 70))) == 1.0


@given(COUNTS, COUNTS)
def test_a_loss_one_way_is_a_gain_the_other_way(now, before):
    up, down = chance_of_loss(pair("x", now, before)), chance_of_loss(pair("x", now, before, "down"))
    assert 0 <= up <= 1
    assert up == down == 1.0 or up + down == pytest.approx(1)


# Benjamini and Hochberg 1995, section 4.1: fifteen comparisons of two treatments after heart attacks.
HEARTS = [0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459]
HEARTS += [0.3240, 0.4262, 0.5719, 0.6528, 0.7590, 1.0]


def test_false_alarms_are_held_as_in_the_published_example():
    """Four hold: 0.0095 ≤ 4/15 · 0.05 = 0.01333, and no larger p comes below its line."""
    assert beyond_chance(HEARTS) == [True] * 4 + [False] * 11
    assert beyond_chance(HEARTS[::-1]) == [False] * 11 + [True] * 4


def test_a_p_above_its_own_line_holds_where_a_larger_one_lies_below():
    """The procedure steps up: 0.03 > 1/2 · 0.05, but 0.04 ≤ 2/2 · 0.05 carries both."""
    assert beyond_chance([0.04, 0.03]) == [True, True]
    assert beyond_chance([0.06, 0.03]) == [False, False]


def test_of_no_tests_none_holds():
    assert beyond_chance([]) == []


CHANCES = st.lists(st.floats(0, 1), min_size=1, max_size=60)


@given(CHANCES)
def test_holding_is_more_than_one_by_one_and_less_than_for_all_together(chances):
    """At least what Bonferroni names, at most what is below 5 % alone; and the smallest come first."""
    held = beyond_chance(chances)
    for p, holds in zip(chances, held, strict=True):
        assert (p <= 0.05 / len(chances)) <= holds <= (p <= 0.05)
    named = [p for p, holds in zip(chances, held, strict=True) if holds]
    assert all(max(named) < p or holds for p, holds in zip(chances, held, strict=True) if named)


def test_a_thousand_outlets_where_nothing_changed_raise_hardly_an_alarm():
    """Judged one by one, about 25 of 1,000 would be named; together it is none (seeded draws)."""
    draw = random.Random(4)
    rows = [[sum(draw.random() < 0.9 for _ in range(200)) for _ in range(2)] for _ in range(1000)]
    pairs = [pair(str(i), (now, 200), (before, 200)) for i, (now, before) in enumerate(rows)]
    alone = [p for p in pairs if worsened([p])]
    assert len(alone) > 10
    assert len(worsened(pairs)) <= 1
    fallen = pair("fallen", (120, 200), (180, 200))
    assert worsened([*pairs, fallen])[0].key == ("fallen",)


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
