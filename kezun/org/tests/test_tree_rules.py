"""The tree through time: paths, cycles, and that mending a part equals deriving the whole."""

import datetime as dt

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from kezun.kernel.actor import SystemActor
from kezun.org import rules
from kezun.org.actions import move_unit
from kezun.org.models import UnitPath, UnitPlace
from kezun.org.tree import rebuild_paths

START, END = dt.date(2026, 1, 1), dt.date(2026, 12, 31)


@st.composite
def forests(draw):
    """Places of a forest: each unit stands under one with a smaller number, some move once in the year."""
    places = []
    for unit in range(draw(st.integers(1, 12))):
        above = st.none() if unit == 0 else st.one_of(st.none(), st.integers(0, unit - 1))
        day = draw(st.one_of(st.none(), st.dates(dt.date(2026, 1, 2), END)))
        if day is None:
            places.append(rules.Place(unit, draw(above), START, END))
        else:
            places.append(rules.Place(unit, draw(above), START, day - rules.DAY))
            places.append(rules.Place(unit, draw(above), day, END))
    return places


def parent_on(places, unit, day):
    return next(p.parent for p in places if p.unit == unit and p.from_date <= day <= p.to_date)


@given(forests(), st.dates(START, END))
def test_on_each_day_the_paths_are_the_walk_up_by_parents(places, day):
    found = {(p.unit, p.ancestor, p.depth) for p in rules.paths(places) if p.from_date <= day <= p.to_date}
    walked = set()
    for unit in {p.unit for p in places}:
        above, depth = unit, 0
        while above is not None:
            walked.add((unit, above, depth))
            above, depth = parent_on(places, above, day), depth + 1
    assert found == walked


@given(forests(), st.sets(st.integers(0, 12)))
def test_a_part_is_the_part_of_the_whole(places, some):
    whole = [p for p in rules.paths(places) if p.unit in some]
    assert sorted(map(repr, rules.paths(places, some))) == sorted(map(repr, whole))


@given(forests())
def test_paths_of_a_pair_never_overlap(places):
    seen: dict[tuple[int, int], list[tuple[dt.date, dt.date]]] = {}
    for p in rules.paths(places):
        for start, end in seen.get((p.unit, p.ancestor), []):
            assert p.to_date < start or p.from_date > end
        seen.setdefault((p.unit, p.ancestor), []).append((p.from_date, p.to_date))


def test_a_cycle_is_refused_even_for_one_day():
    day = dt.date(2026, 6, 1)
    places = [
        rules.Place(1, 2, START, day),
        rules.Place(1, None, day + rules.DAY, END),
        rules.Place(2, 1, day, END),
        rules.Place(2, None, START, day - rules.DAY),
    ]
    with pytest.raises(rules.Cycle):
        rules.paths(places)


@given(st.dictionaries(st.integers(0, 15), st.one_of(st.none(), st.integers(0, 15))), st.integers(0, 15))
def test_lines_below_are_closed_downwards(parents, line):
    found = rules.lines_below(line, parents)
    assert line in found
    assert all(child in found for child, parent in parents.items() if parent in found)
    assert all(parents.get(one) in found for one in found - {line})


def stored():
    return sorted(UnitPath.objects.values_list("unit", "ancestor", "depth", "from_date", "to_date"))


def test_no_places_no_paths():
    assert rules.paths([]) == []
    assert rules.paths([], {7}) == []


def test_mending_after_moves_equals_deriving_all(bank):
    actor = SystemActor("test")
    move_unit(actor, bank["S1"], parent=bank["C2"], from_date=dt.date(2026, 3, 1))
    move_unit(actor, bank["C2"], parent=bank["P1"], from_date=dt.date(2026, 4, 1))
    move_unit(actor, bank["O1"], parent=bank["S2"], from_date=dt.date(2026, 5, 1))
    mended = stored()
    rebuild_paths()
    assert stored() == mended
    assert len(mended) > 40


def test_a_cycle_leaves_everything_as_it_was(bank):
    before = stored()
    with pytest.raises(ValidationError, match="自身"):
        move_unit(SystemActor("test"), bank["P1"], parent=bank["O1"], from_date=dt.date(2026, 3, 1))
    assert stored() == before
    assert UnitPlace.objects.filter(unit=bank["P1"]).count() == 1
