"""Days on which facts belong to somebody: overlapping assignments never count a fact twice."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kezun.assessment.subjects import ALL, Member, Owners, Roster, Subject, joined
from kezun.org.models import FOREVER

days = st.integers(1, 40)
spans = st.lists(
    st.tuples(st.integers(1, 2), st.integers(7, 8), days, days).map(
        lambda t: (t[0], t[1], min(t[2:]), max(t[2:]))
    ),
    max_size=8,
)


def covered(told):
    return {(unit, target, day) for unit, target, first, last in told for day in range(first, last + 1)}


@given(spans)
def test_joined_spans_hold_the_same_days_each_once(told):
    made = joined(told)
    assert covered(made) == covered(told)
    assert sum(last - first + 1 for _unit, _target, first, last in made) == len(covered(told))
    assert made == sorted(made)
    assert joined(made) == made


@given(spans, st.randoms())
def test_the_order_of_spans_is_no_matter(told, random):
    shuffled = list(told)
    random.shuffle(shuffled)
    assert joined(shuffled) == joined(told)


@pytest.mark.parametrize(
    ("told", "made"),
    [
        ([(1, 7, 1, 9), (1, 7, 5, 12)], [(1, 7, 1, 12)]),
        ([(1, 7, 1, 9), (1, 7, 3, 4)], [(1, 7, 1, 9)]),
        ([(1, 7, 1, 9), (1, 7, 10, 12)], [(1, 7, 1, 12)]),
        ([(1, 7, 1, 9), (1, 7, 11, 12)], [(1, 7, 1, 9), (1, 7, 11, 12)]),
        ([(1, 7, 1, 9), (1, 8, 5, 12)], [(1, 7, 1, 9), (1, 8, 5, 12)]),
        ([], []),
    ],
)
def test_which_spans_are_joined(told, made):
    assert joined(told) == made


def day(n: int) -> dt.date:
    return dt.date(2026, 3, n)


def ordinal(n: int) -> int:
    return day(n).toordinal()


UNITS = Roster(
    "unit",
    [Subject("unit:1", "O1", 1, None, None, ""), Subject("unit:2", "O2", 2, None, None, "")],
    [(11, 1, ordinal(1), ordinal(10)), (11, 2, ordinal(11), ordinal(31)), (12, 9, ordinal(1), ordinal(31))],
)


@pytest.mark.parametrize(
    ("unit", "on", "owners"),
    [(11, 10, {0}), (11, 11, {1}), (12, 5, set()), (13, 5, set())],
)
def test_a_fact_of_a_unit_belongs_to_where_it_lay_on_its_day(unit, on, owners):
    assert Owners(UNITS).of(unit, None, day(on)) == owners


def test_a_fact_of_a_person_belongs_to_the_person_wherever_it_happened():
    roster = Roster("person", [Subject("person:5", "t5", 1, 5, None, "")], [(11, ALL, 1, 9)])
    owners = Owners(roster)
    assert owners.of(99, 5, day(1)) == {0}
    assert owners.of(11, None, day(1)) == set()
    assert owners.of(11, 6, day(1)) == set()


def test_a_fact_of_a_line_belongs_by_name_or_by_the_person_of_that_day():
    roster = Roster(
        "line",
        [Subject("line:3", "retail", None, None, 3, ""), Subject("line:4", "private", None, None, 4, "")],
        [],
        [Member(5, 3, ordinal(1), ordinal(10)), Member(5, 4, ordinal(11), ordinal(31))],
    )
    owners = Owners(roster)
    assert owners.of(1, 5, day(10)) == {0}
    assert owners.of(1, 5, day(11)) == {1}
    assert owners.of(1, 5, day(11), "retail") == {0}
    assert owners.of(1, None, day(11)) == set()
    assert owners.of(1, 5, day(11), "unheard") == {1}


def test_branches_are_cut_to_what_was_asked():
    told = UNITS.branches(day(5), day(20))
    assert [(b.unit, b.target) for b in told] == [(11, 1), (11, 2), (12, 9)]
    assert (told[0].since, told[0].until) == (dt.date.min, day(10))
    assert (told[1].since, told[1].until) == (day(11), FOREVER)
    assert [b.target for b in UNITS.branches(day(12), day(20))] == [2, 9]
