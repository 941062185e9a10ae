"""What the rules of lists and stars say of one subject: by probability, never by raw order."""

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kezun.assessment.rules.form import Condition, Listing, Star
from kezun.assessment.rules.lines import Figure
from kezun.assessment.rules.listing import Record, Standing, chance, judge, months_between, stars

RED = Listing(
    "all",
    (Condition("total", ">=", "peer_p90", Decimal("0.8")), Condition(veto="none")),
    min_n=100,
)
BLACK = Listing("any", (Condition("csat", "<", "0.95", Decimal("0.975")), Condition(veto="any")))
BOUNDS = {("total", "peer_p90"): 90.0}


def subject(total="95", sd=2.0, **more):
    return Standing(Decimal(total), sd, **({"n": 500} | more))


def test_chance_is_that_of_the_normal_law():
    assert chance(0, 1, "<", -1.959964) == pytest.approx(0.025, abs=1e-6)
    assert chance(0, 1, ">=", -1.959964) == pytest.approx(0.975, abs=1e-6)
    assert chance(5, 2, ">", 5) == pytest.approx(0.5)


@pytest.mark.parametrize(("op", "met"), [(">=", 1.0), (">", 0.0), ("<=", 1.0), ("<", 0.0)])
def test_a_value_known_for_certain_meets_its_bound_or_not(op, met):
    assert chance(90, 0, op, 90) == met


def test_red_needs_the_probability_and_no_veto():
    assert judge(RED, subject(), BOUNDS).met
    assert judge(RED, subject(), BOUNDS).probability == pytest.approx(chance(95, 2, ">=", 90))
    assert not judge(RED, subject(sd=20.0), BOUNDS).met
    assert not judge(RED, subject(vetoes=1), BOUNDS).met
    assert not judge(RED, subject("89"), BOUNDS).met


def test_few_observations_put_nobody_on_a_list():
    assert not judge(RED, subject(n=99), BOUNDS).met
    assert judge(RED, subject(n=100), BOUNDS).met


def test_without_the_peers_bound_nothing_is_met():
    said = judge(RED, subject(), {})
    assert not said.met
    assert said.said[0].bound is None


@pytest.mark.parametrize(
    ("estimate", "sd", "met"), [(0.90, 0.01, True), (0.94, 0.01, False), (0.96, 0.01, False)]
)
def test_black_asks_whether_it_is_certain_to_be_below(estimate, sd, met):
    """94 % with a standard deviation of one point is below 95 % with probability 0.84 only."""
    figures = {"csat": Figure(value=estimate, estimate=estimate, sd=sd, n=300)}
    assert judge(BLACK, subject(figures=figures), {}).met is met


def test_the_measured_value_serves_where_nothing_was_estimated():
    figures = {"csat": Figure(value=0.90, n=300)}
    said = judge(BLACK, subject(figures=figures), {})
    assert said.met
    assert said.probability == 1.0


def test_a_component_without_a_value_says_nothing():
    assert not judge(BLACK, subject(figures={"csat": Figure()}), {}).met
    assert not judge(BLACK, subject(), {}).met


def test_a_veto_alone_may_be_enough_and_has_no_probability():
    said = judge(BLACK, subject(vetoes=1), {})
    assert said.met
    assert said.probability is None


def test_grades_may_be_a_condition():
    rule = Listing("any", (Condition(grades=("不达标",)),))
    assert judge(rule, subject(grade="不达标"), {}).met
    assert not judge(rule, subject(grade="良好"), {}).met


def test_a_list_without_conditions_names_nobody():
    assert not judge(Listing("all", ()), subject(), {}).met


@given(st.floats(0, 100), st.floats(0.1, 30), st.floats(0, 100))
def test_a_bound_splits_all_chances_in_two(mean, sd, bound):
    assert chance(mean, sd, "<", bound) + chance(mean, sd, ">=", bound) == pytest.approx(1)


@given(st.floats(50, 99), st.floats(0, 1), st.floats(0.5, 5))
def test_a_better_total_never_leaves_the_red_list(total, more, sd):
    low, high = (judge(RED, subject(str(t), sd), BOUNDS).met for t in (total, total + more))
    assert high or not low


STARS = (
    Star(5, Decimal(95), (("csat", Decimal(90)),), tenure_months=24, periods=2),
    Star(3, Decimal(85), periods=1),
)


def period(total="96", csat="92", vetoes=0):
    return Record(Decimal(total), {"csat": Decimal(csat)}, vetoes)


@pytest.mark.parametrize(
    ("periods", "months", "won"),
    [
        ((period(), period()), 24, 5),
        ((period("95", "90"), period("95", "90")), 24, 5),
        ((period(), period()), 23, 3),
        ((period(),), 60, 3),
        ((period(), period("80")), 60, 3),
        ((period(csat="89"), period()), 60, 3),
        ((period(vetoes=1), period()), 60, 0),
        ((period("84"), period()), 60, 0),
        ((Record(None, {}), period()), 60, 0),
        ((Record(Decimal(99), {}), period()), 60, 3),
        ((), 60, 0),
    ],
)
def test_stars_ask_for_total_floors_tenure_and_time(periods, months, won):
    assert stars(STARS, periods, months) == won


def test_a_rule_may_put_up_with_vetoes():
    assert stars((Star(1, Decimal(50), no_veto=False),), (period(vetoes=2),), 0) == 1


@pytest.mark.parametrize(
    ("start", "end", "months"),
    [
        ("2024-01-31", "2026-01-31", 24),
        ("2024-02-01", "2026-01-31", 23),
        ("2026-01-15", "2026-02-14", 0),
        ("2026-01-15", "2026-02-15", 1),
        ("2027-01-01", "2026-01-01", 0),
    ],
)
def test_months_are_counted_whole(start, end, months):
    assert months_between(dt.date.fromisoformat(start), dt.date.fromisoformat(end)) == months
