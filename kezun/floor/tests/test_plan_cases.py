"""The simulator's plan: opening hours less breaks and closings, who sits where, how demand is shared out."""

import datetime as dt

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kezun.floor.rules import NEVER, Turn, serve
from kezun.floor.simulator.parameters import Parameters, Place, Size, Story
from kezun.floor.simulator.plan import HOUR, Calendar, Plan, shares, spans
from kezun.floor.tests.test_simulator import queue

MONDAY = dt.date(2026, 3, 2)
WEEK = tuple(MONDAY + dt.timedelta(days=n) for n in range(7))
PLACES = (
    Place("O1", "outlet", frozenset({"large"}), frozenset({"S1", "HO"}), ("a", "b", "c")),
    Place("O2", "outlet", frozenset(), frozenset({"S2", "HO"}), ("d",)),
)
SIZES = (Size(tag="large", counters=3, load=0.6), Size(tag="", counters=2, load=0.5, sunday=False))


def plan(stories=(), calendar=None, days=WEEK, places=PLACES, **changed):
    draw = np.random.default_rng(7)
    return Plan(queue(sizes=SIZES, **changed), places, calendar or Calendar(), days, tuple(stories), draw)


def story(kind, unit="O1", first=6, last=0, **more):
    return Story(kind=kind, unit=unit, first=first, last=last, **more)


def hours(*found):
    return tuple((int(a * HOUR), NEVER if b is None else int(b * HOUR)) for a, b in found)


@pytest.mark.parametrize(
    ("chair", "lunch", "counters", "open_spans"),
    [
        pytest.param(0, (), 2, [(9, None)], id="no-break"),
        pytest.param(0, ((12, 13),), 2, [(9, 12), (13, None)], id="break"),
        pytest.param(0, ((12, 13),), 1, [(9, None)], id="who-is-alone-has-none"),
        pytest.param(1, ((11.5, 12), (12, 12.5)), 2, [(9, 12), (12.5, None)], id="the-second-goes-later"),
        pytest.param(2, ((11.5, 12), (12, 12.5)), 3, [(9, 11.5), (12, None)], id="the-third-with-the-first"),
        pytest.param(0, ((9, 10),), 2, [(10, None)], id="break-at-opening"),
        pytest.param(0, ((16, 17),), 2, [(9, 16)], id="break-at-closing"),
    ],
)
def test_when_a_counter_calls(chair, lunch, counters, open_spans):
    assert spans(queue(lunch=lunch), counters, chair, ()) == hours(*open_spans)


@pytest.mark.parametrize(
    ("kind", "chair", "closed", "open_spans"),
    [
        ("outage", 0, (10, 11), [(9, 10), (11, None)]),
        ("outage", 0, (0, 24), []),
        ("outage", 1, (8, 10), [(10, None)]),
        ("lunch_closing", 0, (12, 14), [(9, None)]),
        ("lunch_closing", 1, (12, 14), [(9, 12), (14, None)]),
    ],
)
def test_a_story_closes_counters(kind, chair, closed, open_spans):
    assert spans(queue(lunch=()), 2, chair, [story(kind, hours=closed)]) == hours(*open_spans)


def test_shifts_repeat_over_the_counters():
    made = queue(lunch=(), shifts=((9, 13), (13, 17)))
    assert [spans(made, 3, chair, ()) for chair in range(3)] == [
        *(hours((9, 13)), hours((13, None)), hours((9, 13))),
    ]


@given(st.lists(st.floats(0, 100), min_size=1, max_size=8).filter(lambda w: sum(w) > 1e-6))
def test_shares_add_up_to_one_and_keep_their_proportions(weights):
    found = shares(weights)
    assert np.isclose(found.sum(), 1)
    assert np.allclose(found * sum(weights), weights)


@pytest.mark.parametrize(
    ("calendar", "day", "staffed"),
    [
        pytest.param(Calendar(), 0, [3, 1], id="monday"),
        pytest.param(Calendar(), 5, [2, 1], id="saturday-has-fewer"),
        pytest.param(Calendar(), 6, [2, 0], id="sunday-where-it-opens"),
        pytest.param(Calendar(workdays=frozenset({WEEK[6]})), 6, [3, 1], id="a-worked-sunday-is-a-friday"),
        pytest.param(Calendar(holidays=frozenset({WEEK[2]})), 2, [0, 0], id="holiday"),
    ],
)
def test_how_many_counters_are_staffed(calendar, day, staffed):
    made = plan(calendar=calendar)
    assert made.counters[:, day].tolist() == staffed
    assert (made.expected[:, day] > 0).tolist() == [n > 0 for n in staffed]


def test_never_more_counters_than_people():
    assert plan().counters.max(axis=1).tolist() == [3, 1]


def test_people_rotate_over_the_counters_and_stay_at_their_place():
    made = plan()
    for day in range(5):
        at = np.zeros(3, np.int64), np.full(3, day), np.arange(3)
        assert sorted(made.person_at(*at).tolist()) == [0, 1, 2]
    alone = made.person_at(np.array([1]), np.array([4]), np.array([-1]))
    assert made.people[int(alone[0])] == "d"


def test_the_pace_of_a_counter_is_that_of_who_sits_there():
    made = plan()
    for day in range(3):
        at = np.zeros(3, np.int64), np.full(3, day), np.arange(3)
        assert made.pace_at(0, day) == [made.pace[i] for i in made.person_at(*at)]
    assert 0.65 <= min(made.pace) <= max(made.pace) <= 1.6


@pytest.mark.parametrize(
    ("unit", "first", "last", "cells"),
    [
        ("O1", 0, 0, {(0, 6)}),
        ("O1", 6, 5, {(0, 0), (0, 1)}),
        ("HO", 0, 0, {(0, 6), (1, 6)}),
        ("S2", 1, 1, {(1, 5)}),
        ("elsewhere", 6, 0, set()),
        ("O1", 400, 7, set()),
    ],
    ids=["last-day", "first-days", "whole-bank", "branch", "nowhere", "before-the-first-day"],
)
def test_a_story_reaches_its_units_and_days(unit, first, last, cells):
    made = plan([story("outage", unit, first, last, hours=(10, 11))])
    reached = {
        (p, d)
        for p in range(2)
        for d in range(7)
        if made.counters[p, d] and hours((9, 10), (11, None))[0] in made.shifts(p, d)[0]
    }
    assert reached == {cell for cell in cells if made.counters[cell]}


def test_a_drift_grows_evenly_to_its_factor():
    made = plan([story("wait_drift", first=3, last=0, factor=2.0)])
    assert np.allclose(made.slower[0], [1, 1, 1, 1, 4 / 3, 5 / 3, 2])
    assert (made.slower[1] == 1).all()


@pytest.mark.parametrize(
    ("pension", "rush"),
    [([0, 3], 3), ([3, 5], 3), ([6], None), ([], None)],
    ids=["the-last-one", "no-weekend", "sunday-only", "none"],
)
def test_a_rush_falls_on_the_last_working_pension_day(pension, rush):
    calendar = Calendar(pension=frozenset(WEEK[d] for d in pension))
    calm, busy = plan(calendar=calendar), plan([story("pension_rush", factor=3.0)], calendar)
    with np.errstate(invalid="ignore"):
        ratio = busy.expected[0] / calm.expected[0]
    assert [round(float(r), 6) for r in ratio] == [3.0 if d == rush else 1.0 for d in range(7)]
    assert (busy.expected[1] == calm.expected[1]).all()


def test_a_tag_chooses_the_size_and_the_last_one_is_for_all_others():
    assert [size.counters for size in plan().sizes] == [3, 2]


@pytest.mark.parametrize(
    ("unit", "inside"), [("O1", True), ("S1", True), ("HO", True), ("S2", False), ("", False), ("O", False)]
)
def test_a_place_is_within_itself_and_what_stands_above(unit, inside):
    assert PLACES[0].within(unit) is inside


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("days",), 0),
        (("days",), 401),
        (("queues", 0, "kind"), "kiosk"),
        (("queues", 0, "void"), 1.5),
        (("queues", 0, "pattern", "opens"), 25),
        (("queues", 0, "pattern", "weekday"), [1, 1]),
        (("queues", 0, "businesses", 0, "mean_s"), 0),
        (("queues", 0, "ratings", "coverage"), [0.5, 1.5]),
        (("stories",), [{"kind": "miracle", "unit": "O1", "first": 1}]),
        (("surprise",), 1),
    ],
    ids=lambda p: ".".join(map(str, p)) if isinstance(p, tuple) else None,
)
def test_figures_that_cannot_be_are_refused(path, value):
    right = msgspec.to_builtins(Parameters(seed=1, days=7, queues=(queue(),)))
    assert msgspec.convert(right, Parameters).queues[0] == queue()
    inside = right
    for step in path[:-1]:
        inside = inside[step]
    inside[path[-1]] = value
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(right, Parameters)


def run(arrivals, work, patience, counters, credit=None, pace=None):
    return serve(
        *(arrivals, work, patience, credit or [0] * len(arrivals), counters, pace or [1.0] * len(counters))
    )


ALL_DAY = ((0, NEVER),)


@pytest.mark.parametrize(
    ("arrivals", "patience", "counters", "turns"),
    [
        pytest.param([5], [0], [ALL_DAY], [Turn(5, 0)], id="no-patience-but-no-wait"),
        pytest.param([0, 1], [9, 99], [ALL_DAY], [Turn(0, 0), Turn(10, 0)], id="one-after-another"),
        pytest.param([0, 1], [9, 5], [ALL_DAY], [Turn(0, 0), Turn(6, -1)], id="leaves-when-patience-ends"),
        pytest.param([0, 0], [9, 9], [ALL_DAY] * 2, [Turn(0, 0), Turn(0, 1)], id="two-counters"),
        pytest.param([0], [99], [((20, 30),)], [Turn(20, 0)], id="waits-for-opening"),
        pytest.param([0], [9], [((20, 30),)], [Turn(9, -1)], id="opening-comes-too-late"),
        pytest.param([30], [99], [((20, 30),)], [Turn(129, -1)], id="closed-for-good"),
        pytest.param([31], [99], [((20, 30), (40, 50))], [Turn(40, 0)], id="after-the-break"),
        pytest.param([0], [7], [()], [Turn(7, -1)], id="a-counter-that-never-opens"),
    ],
)
def test_days_played_by_hand(arrivals, patience, counters, turns):
    assert run(arrivals, [10.0] * len(arrivals), patience, counters) == turns


@given(st.lists(st.integers(0, 500), min_size=1, max_size=12).map(sorted), st.integers(1, 3))
def test_a_counter_more_serves_nobody_later(arrivals, counters):
    work, bears = [30.0] * len(arrivals), [10**6] * len(arrivals)
    few = run(arrivals, work, bears, [ALL_DAY] * counters)
    more = run(arrivals, work, bears, [ALL_DAY] * (counters + 1))
    assert all(m.at <= f.at for f, m in zip(few, more, strict=True))
