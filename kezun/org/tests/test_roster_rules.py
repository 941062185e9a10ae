"""What is wrong with a roster, told without a database."""

import dataclasses
import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kezun.org.rules.roster import (
    AssignmentRow,
    Known,
    PersonRow,
    PostRow,
    Roster,
    UnitRow,
    changes,
    check,
)

KNOWN = Known(
    kinds={"outlet", "head_office"},
    roles={"teller", "system_admin", "audit_admin"},
    zones={"Asia/Shanghai"},
    parents={"HO": "", "S1": "HO"},
    posts={"t": "teller", "sys": "system_admin", "aud": "audit_admin"},
    people={"E1"},
    lines={"retail"},
    usernames={"wang": "E1"},
    separate={"system_admin", "audit_admin"},
)
UNIT = UnitRow("O1", "网点", "outlet", "S1", row=2)
PERSON = PersonRow("E2", "李", "O1", row=2)
TASK = AssignmentRow("E2", "O1", "t", row=2)
RIGHT = Roster(
    units=(UNIT,), posts=(PostRow("p", "岗", "teller", row=2),), people=(PERSON,), assignments=(TASK,)
)


def codes(roster):
    return [(f.sheet, f.row, f.column, f.code) for f in check(roster, KNOWN)]


def test_a_right_roster_has_no_fault():
    assert check(RIGHT, KNOWN) == []
    assert check(Roster(), KNOWN) == []


@pytest.mark.parametrize(
    ("change", "column", "code"),
    [
        ({"kind": "castle"}, "kind", "kind"),
        ({"zone": "Mars/Olympus"}, "zone", "zone"),
        ({"parent": "S9"}, "parent", "parent"),
        ({"parent": "O1"}, "parent", "cycle"),
    ],
)
def test_faults_of_units(change, column, code):
    row = dataclasses.replace(UNIT, **change)
    assert codes(Roster(units=(row,))) == [("units", 2, column, code)]


def test_a_loop_through_several_rows_and_the_bank_is_found():
    rows = (UnitRow("S1", "s", "outlet", "O2", row=2), UnitRow("O2", "o", "outlet", "O1", row=3))
    rows += (UnitRow("O1", "o", "outlet", "S1", row=4),)
    assert codes(Roster(units=rows)) == [("units", n, "parent", "cycle") for n in (2, 3, 4)]


def test_a_unit_below_a_loop_is_not_blamed_for_ever():
    rows = (UnitRow("A", "a", "outlet", "B", row=2), UnitRow("B", "b", "outlet", "A", row=3))
    rows += (UnitRow("C", "c", "outlet", "A", row=4),)
    assert {f.row for f in check(Roster(units=rows), KNOWN)} == {2, 3, 4}


@pytest.mark.parametrize(
    ("roster", "fault"),
    [
        (Roster(units=(UNIT, dataclasses.replace(UNIT, row=3))), ("units", 3, "code", "twice")),
        (Roster(posts=(PostRow("x", "x", "king", row=5),)), ("posts", 5, "role", "role")),
        (Roster(people=(PersonRow("E2", "李", "O9", row=4),)), ("people", 4, "unit", "unit")),
        (Roster(people=(PersonRow("E2", "李", "S1", "WANG", row=4),)), ("people", 4, "username", "username")),
        (
            Roster(assignments=(AssignmentRow("E9", "S1", "t", row=2),)),
            ("assignments", 2, "person", "person"),
        ),
        (Roster(assignments=(AssignmentRow("E1", "S9", "t", row=2),)), ("assignments", 2, "unit", "unit")),
        (Roster(assignments=(AssignmentRow("E1", "S1", "z", row=2),)), ("assignments", 2, "post", "post")),
        (
            Roster(assignments=(AssignmentRow("E1", "S1", "t", "moon", row=2),)),
            ("assignments", 2, "line", "line"),
        ),
    ],
)
def test_faults_of_the_other_sheets(roster, fault):
    assert codes(roster) == [fault]


def test_a_person_keeps_the_own_sign_in_name():
    assert codes(Roster(people=(PersonRow("E1", "王", "S1", "wang", row=2),))) == []


def test_two_new_people_cannot_share_a_sign_in_name():
    rows = (PersonRow("E2", "李", "S1", "li", row=2), PersonRow("E3", "黎", "S1", "Li", row=3))
    assert codes(Roster(people=rows)) == [("people", 3, "username", "username")]


def test_days_the_wrong_way_round():
    row = AssignmentRow("E1", "S1", "t", from_date=dt.date(2026, 3, 2), to_date=dt.date(2026, 3, 1), row=7)
    assert codes(Roster(assignments=(row,))) == [("assignments", 7, "to_date", "dates")]


def test_the_three_administrators_are_not_one_person():
    rows = (AssignmentRow("E1", "S1", "sys", row=2), AssignmentRow("E1", "S1", "aud", row=3))
    assert codes(Roster(assignments=rows)) == [("assignments", 3, "post", "separate")]


def test_the_same_assignment_twice():
    assert codes(dataclasses.replace(RIGHT, assignments=(TASK, dataclasses.replace(TASK, row=9)))) == [
        ("assignments", 9, "person", "twice")
    ]


def test_all_faults_are_told_at_once_in_the_order_of_the_file():
    rows = tuple(UnitRow(f"X{n}", "x", "castle", "S9", row=n) for n in (4, 3, 2))
    found = check(Roster(units=rows, people=(PersonRow("E2", "l", "O9", row=2),)), KNOWN)
    assert [(f.sheet, f.row) for f in found] == [*[("units", n) for n in (2, 2, 3, 3, 4, 4)], ("people", 2)]


def test_changes_compare_content_not_place_in_the_file():
    now = {"O1": dataclasses.replace(UNIT, row=0), "O2": UnitRow("O2", "old", "outlet", "S1")}
    wanted = (UNIT, UnitRow("O2", "new", "outlet", "S1", row=3), UnitRow("O3", "n", "outlet", "S1", row=4))
    assert changes(wanted, now) == {"O1": "same", "O2": "changed", "O3": "new"}


@given(
    st.lists(
        st.builds(
            UnitRow,
            code=st.sampled_from("abcdef"),
            name=st.just("n"),
            kind=st.just("outlet"),
            parent=st.sampled_from(["", "a", "b", "c", "d", "e", "f"]),
        ),
        unique_by=lambda u: u.code,
    )
)
def test_what_passes_the_check_can_be_walked_to_a_root(rows):
    known = dataclasses.replace(KNOWN, parents={})
    if check(Roster(units=tuple(rows)), known):
        return
    parents = {u.code: u.parent for u in rows}
    for code in parents:
        steps, at = 0, code
        while at:
            at, steps = parents[at], steps + 1
            assert steps <= len(parents)
