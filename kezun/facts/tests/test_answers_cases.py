"""From whole numbers to answers, without an engine: each kind of indicator worked out by hand."""

import dataclasses
import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kezun.facts.answers import Computed, Places, Plan, Sheet, answers, label, needed
from kezun.facts.definitions import Definition, Measure, Target
from kezun.facts.rules import wilson

TOP = Measure("ticket", "count", condition="a")
ALL = Measure("ticket", "count", condition="b")
WAIT = Measure("ticket", "values", ("wait_s",), condition="c", value="w")
GROUP = (1, 0)


def made(kind, id="x.y", **told):
    texts = dict.fromkeys(("name", "name_en", "about", "about_en", "owner"), "t")
    return Definition(id=id, unit="count", direction="up", kind=kind, version=1, **{**texts, **told})


def worked(definition, numbers, *others):
    """The answers of one group; numbers: value by (indicator, part)."""
    named = {one.id: one for one in (definition, *others)}
    plan = Plan()
    for one in named.values():
        plan.add(one)
    groups = {}
    for fact, states in plan.states.items():
        row = [None] * len(states)
        for id, parts in plan.parts.items():
            for role, (of, index) in parts.items():
                if of == fact and (id, role) in numbers:
                    row[index] = numbers[id, role]
        groups[fact] = {GROUP: tuple(row)}
    sheet = Sheet(Computed(plan, groups), [GROUP])
    return [rows[0] for rows in answers(definition, named, sheet, Places(["O1"], [None], "2026-03"))]


def one(definition, *others, **numbers):
    (found,) = worked(definition, {(definition.id, role): n for role, n in numbers.items()}, *others)
    return found


RATIO = made("ratio", numerator=TOP, denominator=ALL)


@given(st.integers(1, 10**6).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_a_share_has_its_interval_and_its_counts(counts):
    top, bottom = counts
    found = one(RATIO, top=top, bottom=bottom, n=bottom)
    assert (found.value, found.numerator, found.denominator, found.n) == (top / bottom, top, bottom, bottom)
    assert (found.low, found.high) == wilson(top, bottom)


@pytest.mark.parametrize(
    ("definition", "numbers", "value", "shown"),
    [
        pytest.param(RATIO, {"top": 0, "bottom": 0, "n": 0}, None, (0, 0, 0), id="nothing"),
        pytest.param(RATIO, {}, None, (0, 0, 0), id="no-facts-at-all"),
        pytest.param(
            *(dataclasses.replace(RATIO, kind="rate", scale=10_000), {"top": 3, "bottom": 7, "n": 7}),
            *(30_000 / 7, (3, 7, 7)),
            id="per-ten-thousand",
        ),
        pytest.param(
            made("count", numerator=TOP, scale=2), {"top": 5, "n": 5}, 10.0, (5, None, 5), id="count"
        ),
        pytest.param(
            *(made("quantile", numerator=WAIT, p="0.9"), {"value": 60, "top": 9, "n": 10}),
            *(60.0, (9, 10, 10)),
            id="quantile",
        ),
        pytest.param(
            *(made("quantile", numerator=WAIT, p="0.9"), {"n": 0}, None, (0, 0, 0)), id="quantile-of-nothing"
        ),
        pytest.param(
            *(made("nps", numerator=WAIT), {"promoters": 6, "detractors": 2, "n": 10}, 40.0, (4, 10, 10)),
            id="nps",
        ),
        pytest.param(
            *(made("nps", numerator=WAIT), {"promoters": 0, "detractors": 3, "n": 3}, -100.0, (-3, 3, 3)),
            id="nps-at-its-worst",
        ),
    ],
)
def test_each_kind_by_hand(definition, numbers, value, shown):
    found = one(definition, **numbers)
    assert found.value == value
    assert (found.numerator, found.denominator, found.n) == shown
    assert (found.unit, found.by, found.period) == ("O1", None, "2026-03")


def test_more_than_all_has_a_value_but_no_interval():
    found = one(RATIO, top=6, bottom=5, n=5)
    assert (found.value, found.low, found.high) == (1.2, None, None)


@pytest.mark.parametrize(
    ("op", "bound", "least", "met"),
    [
        (">=", 0.5, 1, True),
        (">", 0.5, 1, False),
        ("<=", 0.5, 4, True),
        ("<", 0.4, 1, False),
        (">=", 0.1, 5, None),
    ],
    ids=["reached", "not-passed", "enough-facts", "missed", "too-few-facts"],
)
def test_a_target_is_judged_where_there_are_enough_facts(op, bound, least, met):
    found = one(dataclasses.replace(RATIO, target=Target(op, bound), min_n=least), top=2, bottom=4, n=4)
    assert (found.met, found.target) == (met, bound)


def test_a_spread_has_one_answer_per_bin_and_adds_up():
    spread = made("distribution", numerator=WAIT, bins=(60, 300))
    numbers = {("x.y", "bin <=60"): 1, ("x.y", "bin 60-300"): 2, ("x.y", "bin >300"): 1, ("x.y", "n"): 4}
    found = worked(spread, numbers)
    assert [(a.by, a.value, a.numerator, a.n) for a in found] == [
        *(("<=60", 0.25, 1, 4), ("60-300", 0.5, 2, 4), (">300", 0.25, 1, 4)),
    ]


COUNTS = (made("count", "a.x", numerator=TOP), made("count", "a.y", numerator=ALL))


@pytest.mark.parametrize(
    ("formula", "value"),
    [
        ("a.x + a.y", 8.0),
        ("a.x - a.y", 4.0),
        ("-a.x * 2", -12.0),
        ("a.x / a.y", 3.0),
        ("a.x / (a.y - 2)", None),
        ("(a.x + 1.5) / 3", 2.5),
    ],
)
def test_a_formula_over_counts(formula, value):
    ratio = made("formula", formula=formula)
    numbers = {("a.x", "top"): 6, ("a.x", "n"): 6, ("a.y", "top"): 2, ("a.y", "n"): 2}
    (found,) = worked(ratio, numbers, *COUNTS)
    assert (found.value, found.numerator, found.denominator) == (value, None, None)
    assert found.n == (6 if "a.y" not in formula else 2)


def test_states_that_two_indicators_share_are_asked_for_once():
    plan = Plan()
    for definition in (RATIO, dataclasses.replace(RATIO, id="x.z"), COUNTS[0], RATIO):
        plan.add(definition)
    assert len(plan.states["ticket"]) == 2
    assert plan.facts("x.y") == {"ticket"}
    assert needed(made("formula", formula="a.x")) == {}


@pytest.mark.parametrize(
    ("by", "key", "text"),
    [
        ("person", 7, "E7"),
        ("person", 8, ""),
        ("person", 0, ""),
        ("hour", 9, "09"),
        ("weekday", 1, "1"),
        ("weekday_hour", 709, "7-09"),
        ("day", dt.date(2026, 3, 1), "2026-03-01"),
        ("week", dt.date(2025, 12, 29), "2026-W01"),
        ("month", dt.date(2026, 3, 1), "2026-03"),
        ("business", "", ""),
    ],
)
def test_how_a_place_in_a_breakdown_is_written(by, key, text):
    assert label(by, key, {7: "E7"}) == text
