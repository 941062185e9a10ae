"""More time that is granted, and histories that are read again: tables of cases and properties."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kezun.cases.rules import petitions, projecting
from kezun.cases.rules.clocks import Extension, Policy
from kezun.cases.rules.kinds import Kind, Step
from kezun.cases.rules.petitions import NotGrantable, band
from kezun.cases.rules.projecting import Fault, Recorded, project, replay
from kezun.org.rules.worktime import Basis

# --- more time ---

BANDS = (Extension(15, "office"), Extension(30, "superior"))
DECISION = Policy(Basis.NATURAL, 15, legal=True, extensions=BANDS, cap=60)


@pytest.mark.parametrize(
    ("extended", "units", "level"),
    [
        (0, 1, "office"),
        (0, 15, "office"),
        (0, 16, "superior"),
        (0, 45, "superior"),
        (15, 1, "superior"),
        (44, 1, "superior"),
    ],
)
def test_who_grants_so_much(extended, units, level):
    assert band(DECISION, extended, units).level == level


@pytest.mark.parametrize(
    ("extended", "units", "code", "most"),
    [(0, 46, "cap", 45), (45, 1, "cap", 0), (60, 1, "cap", 0), (0, 0, "units", 45), (15, -3, "units", 30)],
)
def test_more_than_there_is_cannot_be_granted(extended, units, code, most):
    with pytest.raises(NotGrantable) as refused:
        band(DECISION, extended, units)
    assert (refused.value.code, refused.value.most) == (code, most)


def test_a_deadline_without_extensions_has_none():
    with pytest.raises(NotGrantable) as refused:
        band(Policy(Basis.WORKDAY, 1), 0, 1)
    assert (refused.value.code, refused.value.most) == ("extendable", 0)


@given(st.integers(0, 50), st.integers(-5, 60))
def test_what_is_granted_never_passes_the_cap(extended, units):
    if not 0 < units <= 45 - extended:
        with pytest.raises(NotGrantable):
            petitions.band(DECISION, extended, units)
        return
    found = petitions.band(DECISION, extended, units)
    assert found.level == ("office" if extended + units <= 15 else "superior")


# --- histories ---

KIND = Kind(
    *("trial", "1", "试验", dt.date(2020, 1, 1)),
    steps=(Step("accept", ("registered",), "accepted"), Step("note", ("registered", "accepted"))),
)
GENESIS = "0"
OPEN = {"seq": 1, "verb": "open", "actor": "person:7", "sets": {"state": "registered", "title": "甲"}}
ACCEPT = {"seq": 2, "verb": "accept", "actor": "person:8/x", "sets": {"state": "accepted"}}
NOTE = {"seq": 3, "verb": "note", "actor": "system:x", "sets": {}}


def seal(previous: str, body: str) -> str:
    return f"{previous}>{len(body)}"


def chained(*bodies, **beside) -> list[Recorded]:
    found, previous = [], GENESIS
    for body in bodies:
        text = body if isinstance(body, str) else json.dumps(body)
        seq = len(found) + 1 if isinstance(body, str) else body["seq"]
        verb = "note" if isinstance(body, str) else body["verb"]
        previous = seal(previous, text)
        found.append(Recorded(seq, verb, text, previous, beside))
    return found


def faults(events: list[Recorded]) -> list[tuple[int, str, str]]:
    return [(f.seq, f.code, f.about) for f in replay(events, KIND, GENESIS, seal).faults]


def test_a_history_that_is_whole_has_no_fault():
    made = replay(chained({**OPEN, "told": {"kind": "trial"}}, ACCEPT, NOTE), KIND, GENESIS, seal)
    assert made.faults == []
    assert made.values == {"state": "accepted", "title": "甲"}
    assert made.opened == {"kind": "trial"}


@pytest.mark.parametrize(
    ("bodies", "told"),
    [
        ((OPEN, {**ACCEPT, "seq": 3}), [(2, "missing", "2–2")]),
        ((OPEN, {**ACCEPT, "seq": 5}), [(2, "missing", "2–4")]),
        ((OPEN, {**OPEN, "seq": 2}), [(2, "move", "open")]),
        ((OPEN, ACCEPT, {**ACCEPT, "seq": 3}), [(3, "move", "accepted → accept")]),
        ((OPEN, {**ACCEPT, "sets": {"state": "closed"}}), [(2, "move", "accept → closed")]),
        ((OPEN, {**ACCEPT, "sets": {"state": "closed"}, "by_rule": True}), []),
        ((OPEN, "not json"), [(2, "unreadable", "")]),
        ((OPEN, "[1]"), [(2, "unreadable", "")]),
        ((OPEN, "[" * 100_000), [(2, "unreadable", "")]),
    ],
)
def test_each_fault_is_told_at_its_event(bodies, told):
    assert faults(chained(*bodies)) == told


def test_an_edited_body_and_whoever_signs_it_are_found():
    one, two = chained(OPEN, ACCEPT)
    edited = Recorded(one.seq, one.verb, one.body + " ", one.digest)
    assert faults([edited, two]) == [(1, "edited", "")]
    forged = Recorded(one.seq, one.verb, one.body + " ", seal(GENESIS, one.body + " "))
    assert faults([forged, two]) == [(2, "edited", "")]


@pytest.mark.parametrize(
    ("beside", "column"),
    [
        ({"person": 9}, "person"),
        ({"clocked": True}, "clocked"),
        ({"behalf": 3}, "behalf"),
        ({"case": 1}, "case"),
    ],
)
def test_a_column_that_says_otherwise_than_the_body_is_found(beside, column):
    assert faults(chained(OPEN, **beside)) == [(1, "column", column)]


def test_the_person_of_an_event_is_read_from_its_actor():
    assert faults(chained(OPEN, person=7, clocked=False)) == []
    assert faults(chained({**OPEN, "actor": "person:7x"}, person=None)) == []


def test_clocks_grow_event_by_event():
    one = {**OPEN, "clocks": {"p": {"state": "running", "due_at": "1"}}}
    two = {**ACCEPT, "clocks": {"p": {"state": "stopped"}, "q": {"state": "running"}, "r": "?"}}
    made = replay(chained(one, two), KIND, GENESIS, seal)
    assert made.clocks == {"p": {"state": "stopped", "due_at": "1"}, "q": {"state": "running"}, "r": {}}


VALUES = st.dictionaries(st.sampled_from("abc"), st.one_of(st.none(), st.integers(0, 3)), max_size=3)


@given(VALUES, VALUES, VALUES)
def test_data_are_merged_key_by_key_and_none_takes_a_key_away(first, second, third):
    made: dict = {}
    for data in (first, second, third):
        made = project(made, {"data": data})
    flat = {**first, **second, **third}
    assert made["data"] == {key: value for key, value in flat.items() if value is not None}
    assert project({"data": "?"}, {"data": first})["data"] == {
        k: v for k, v in first.items() if v is not None
    }
    assert project(made, {"title": "乙"}) == {**made, "title": "乙"}


@given(st.integers(0, 3), st.integers(0, 200))
def test_any_event_that_is_changed_in_one_place_is_a_fault(at, place):
    events = chained(OPEN, ACCEPT, NOTE, {**NOTE, "seq": 4})
    body = events[at].body
    place %= len(body)
    changed = body[:place] + body[place + 1 :]
    events[at] = Recorded(events[at].seq, events[at].verb, changed, events[at].digest)
    assert (at + 1, "edited", "") in faults(events)


@pytest.mark.parametrize(("value", "told"), [({"a": 1}, {"a": 1}), ([], {}), (None, {}), ("x", {})])
def test_what_should_be_a_mapping_is_one(value, told):
    assert projecting.mapping(value) == told


def test_a_fault_is_a_value():
    assert Fault(1, "edited") == Fault(1, "edited", "")
    assert Fault(1, "edited") != Fault(2, "edited")
