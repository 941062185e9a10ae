"""The queue before several counters: equal to what is known in closed form, and never absurd."""

import random
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kezun.floor.rules import NEVER, Turn, serve

OPEN = ((0, NEVER),)
FOREVER = 10**8


def run(arrivals, work, counters=(OPEN,), patience=None, credit=None, pace=None):
    n = len(arrivals)
    return serve(
        arrivals, work, patience or [FOREVER] * n, credit or [0] * n, counters, pace or [1.0] * len(counters)
    )


days = st.lists(st.tuples(st.integers(0, 5000), st.integers(1, 900)), min_size=1, max_size=60).map(sorted)


@given(days)
def test_one_counter_is_lindleys_recursion(day):
    arrivals, work = [a for a, _w in day], [w for _a, w in day]
    waits, free = [], 0
    for arrival, takes in day:
        waits.append(max(0, free - arrival))
        free = max(free, arrival) + takes
    assert [t.at - a for t, a in zip(run(arrivals, work), arrivals, strict=True)] == waits


@given(days, st.integers(2, 5))
def test_several_counters_are_kiefer_and_wolfowitz(day, c):
    """First come, first served by c counters: each goes to the one that is free first."""
    free = [0] * c
    expected = []
    for arrival, takes in day:
        start = max(arrival, min(free))
        free[free.index(min(free))] = start + takes
        expected.append(start)
    turns = run([a for a, _w in day], [w for _a, w in day], (OPEN,) * c)
    assert [t.at for t in turns] == expected


mixed = st.lists(
    st.tuples(
        st.integers(0, 20000), st.integers(1, 1500), st.integers(0, 3000), st.sampled_from([0, 300, 900])
    ),
    min_size=1,
    max_size=80,
).map(sorted)
spans = st.lists(st.integers(0, 30000), min_size=2, max_size=6, unique=True).map(
    lambda cuts: tuple(zip(sorted(cuts)[::2], sorted(cuts)[1::2], strict=False))
)


@settings(max_examples=200)
@given(mixed, st.lists(spans, min_size=1, max_size=4), st.floats(0.5, 2))
def test_nothing_absurd_happens(day, counters, pace):
    arrivals, work, patience, credit = (list(column) for column in zip(*day, strict=True))
    turns = run(arrivals, work, counters, patience, credit, [pace] * len(counters))
    busy: dict[int, list[tuple[int, int]]] = {}
    for turn, arrival, takes, bears in zip(turns, arrivals, work, patience, strict=True):
        assert 0 <= turn.at - arrival <= bears
        if turn.counter < 0:
            assert turn.at - arrival == bears
            continue
        assert any(start <= turn.at < end for start, end in counters[turn.counter])
        busy.setdefault(turn.counter, []).append((turn.at, turn.at + max(1, round(takes * pace))))
    for served in busy.values():
        served.sort()
        assert all(first[1] <= second[0] for first, second in pairwise(served))


@given(mixed)
def test_within_a_class_nobody_is_overtaken(day):
    arrivals, work, _patience, credit = (list(column) for column in zip(*day, strict=True))
    turns = run(arrivals, work, (OPEN, OPEN), credit=credit)
    for one in set(credit):
        starts = [t.at for t, c in zip(turns, credit, strict=True) if c == one]
        assert starts == sorted(starts)


def test_credit_lets_one_go_first_but_not_for_ever():
    arrivals = [0, 10, 20, 400]
    work = [500, 100, 100, 100]
    assert [t.at for t in run(arrivals, work)] == [0, 500, 600, 700]
    assert [t.at for t in run(arrivals, work, credit=[0, 0, 300, 300])] == [0, 600, 500, 700]
    assert [t.at for t in run(arrivals, work, credit=[0, 0, 300, 395])] == [0, 700, 500, 600]


def test_whoever_is_called_at_the_last_second_is_served():
    assert run([0, 0], [100, 5], patience=[0, 100]) == [Turn(0, 0), Turn(100, 0)]
    assert run([0, 0], [100, 5], patience=[0, 99])[1] == Turn(99, -1)


def test_a_service_begun_before_the_break_is_ended_in_it():
    counters = (((0, 100), (200, NEVER)),)
    assert [t.at for t in run([50, 60, 150], [80, 10, 10], counters)] == [50, 200, 210]


def test_a_slow_counter_takes_longer():
    assert [t.at for t in run([0, 0], [100, 1], pace=[1.5])] == [0, 150]


@pytest.mark.parametrize("counters", [(), (((0, 10),),)])
def test_without_a_counter_everybody_leaves_when_patience_ends(counters):
    assert run([20, 30], [5, 5], counters, patience=[7, 8]) == [Turn(27, -1), Turn(38, -1)]


def test_an_empty_day_is_empty():
    assert run([], []) == []


def test_waits_of_a_markov_queue_are_as_erlang_says():
    """M/M/3, 0.3 arrivals and 1/8 services a minute: E[W] = C(3, 2.4) / (3/8 − 0.3) = 8.63 min."""
    draw = random.Random(4)
    clock, arrivals = 0.0, []
    for _n in range(150_000):
        clock += draw.expovariate(0.3 / 60)
        arrivals.append(round(clock))
    work = [draw.expovariate(1 / 480) for _a in arrivals]
    turns = run(arrivals, work, (OPEN,) * 3)
    offered, c = 2.4, 3
    terms = [offered**k / f for k, f in enumerate((1, 1, 2))]
    last = offered**c / 6 * c / (c - offered)
    expected = last / (sum(terms) + last) / (3 / 8 - 0.3)
    mean = sum(t.at - a for t, a in zip(turns, arrivals, strict=True)) / len(arrivals) / 60
    assert mean == pytest.approx(expected, rel=0.08)
