"""Rosters and trees by hand and at random: each fault alone, each order, each day."""

import dataclasses
import datetime as dt
import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kezun.org.rules import Cycle, Place, in_order, lines_below, paths
from kezun.org.rules.roster import Fault, Known, Roster, changes, check
from kezun.org.rules.rows import FIRST_DAY, LAST_DAY, AssignmentRow, PersonRow, PostRow, UnitRow

DAY = dt.date(2026, 3, 1)
KNOWN = Known(
    kinds={"outlet", "tier1", "head_office"},
    roles={"teller", "unit_head", "system_admin", "audit_admin"},
    zones={"Asia/Shanghai", "UTC"},
    parents={"HO": "", "P1": "HO", "O1": "P1"},
    posts={"t": "teller", "sys": "system_admin", "aud": "audit_admin", "old": "teller"},
    people={"E1", "E2"},
    lines={"retail", "gone"},
    usernames={"wang": "E1", "li": "E2"},
    separate={"system_admin", "audit_admin"},
    closed_posts={"old": DAY},
    closed_lines={"gone": DAY},
)
UNIT = UnitRow("O2", "二", "outlet", "P1", row=2)
POST = PostRow("p", "岗", "teller", row=2)
PERSON = PersonRow("E9", "赵", "O1", row=2)
TASK = AssignmentRow("E1", "O1", "t", row=2)


def faults(*rows):
    sheets = {UnitRow: "units", PostRow: "posts", PersonRow: "people", AssignmentRow: "assignments"}
    found = {name: tuple(r for r in rows if type(r) is kind) for kind, name in sheets.items()}
    return [(f.sheet, f.row, f.column, f.code, f.value) for f in check(Roster(**found), KNOWN)]


def of(base, /, **given):
    return dataclasses.replace(base, **given)


ALONE = [
    (of(UNIT, kind="castle"), "units", "kind", "kind", "castle"),
    (of(UNIT, zone="Mars"), "units", "zone", "zone", "Mars"),
    (of(UNIT, zone=""), "units", "zone", "zone", ""),
    (of(UNIT, parent="P9"), "units", "parent", "parent", "P9"),
    (of(UNIT, parent="O2"), "units", "parent", "cycle", "O2"),
    (of(UNIT, code="P1", parent="O1"), "units", "parent", "cycle", "O1"),
    (of(UNIT, code="HO", parent="O1"), "units", "parent", "cycle", "O1"),
    (of(POST, role="king"), "posts", "role", "role", "king"),
    (of(PERSON, unit="O9"), "people", "unit", "unit", "O9"),
    (of(PERSON, username="WANG"), "people", "username", "username", "WANG"),
    (of(TASK, person="E8"), "assignments", "person", "person", "E8"),
    (of(TASK, unit="O9"), "assignments", "unit", "unit", "O9"),
    (of(TASK, post="x"), "assignments", "post", "post", "x"),
    (of(TASK, line="gold"), "assignments", "line", "line", "gold"),
    (of(TASK, post="old"), "assignments", "post", "closed", "old"),
    (of(TASK, line="gone"), "assignments", "line", "closed", "gone"),
    (of(TASK, from_date=DAY, to_date=FIRST_DAY), "assignments", "to_date", "dates", "1900-01-01"),
]


@pytest.mark.parametrize(
    ("row", "sheet", "column", "code", "value"), ALONE, ids=lambda v: v if isinstance(v, str) else ""
)
def test_each_fault_alone(row, sheet, column, code, value):
    assert faults(row) == [(sheet, 2, column, code, value)]


RIGHT = [
    UNIT,
    of(UNIT, parent=""),
    of(UNIT, code="O1", parent="HO"),
    POST,
    PERSON,
    of(PERSON, code="E1", username="Wang"),
    of(PERSON, username=""),
    TASK,
    of(TASK, line="retail"),
    of(TASK, post="old", to_date=DAY),
    of(TASK, line="gone", to_date=DAY),
    of(TASK, from_date=DAY, to_date=DAY),
    of(TASK, post="sys"),
]


@pytest.mark.parametrize("row", RIGHT, ids=range(len(RIGHT)))
def test_what_is_right_has_no_fault(row):
    assert faults(row) == []


def test_rows_may_name_one_another_in_any_order():
    rows = [
        of(UNIT, code="N1", parent=""),
        of(UNIT, code="N2", parent="N1", row=3),
        of(POST, code="n"),
        of(PERSON, code="N", unit="N2"),
        AssignmentRow("N", "N2", "n", row=2),
    ]
    for order in itertools.permutations(rows):
        assert faults(*order) == []


@pytest.mark.parametrize(
    ("rows", "columns"),
    [
        ([UNIT, of(UNIT, row=3)], ["code"]),
        ([POST, of(POST, row=3), of(POST, row=4)], ["code", "code"]),
        ([TASK, of(TASK, row=3, to_date=DAY)], ["person"]),
        ([TASK, of(TASK, row=3, from_date=DAY)], []),
        ([TASK, of(TASK, row=3, post="p"), POST], []),
    ],
    ids=["unit", "three-times", "same-first-day", "another-first-day", "another-post"],
)
def test_what_stands_twice(rows, columns):
    assert [f[2] for f in faults(*rows) if f[3] == "twice"] == columns


@pytest.mark.parametrize(
    ("posts", "bad"),
    [(["sys", "aud"], [3]), (["aud", "sys"], [3]), (["sys", "t"], []), (["sys", "sys", "aud"], [4])],
)
def test_one_person_is_one_administrator_at_most(posts, bad):
    rows = [
        of(TASK, post=post, row=n, from_date=DAY + dt.timedelta(days=n)) for n, post in enumerate(posts, 2)
    ]
    assert [f[1] for f in faults(*rows) if f[3] == "separate"] == bad
    apart = [of(row, person=f"E{n % 2 + 1}") for n, row in enumerate(rows)][:2]
    assert [f for f in faults(*apart) if f[3] == "separate"] == []


def test_two_new_people_cannot_share_a_name_however_it_is_spelled():
    rows = [of(PERSON, code="N1", username="Zhao"), of(PERSON, code="N2", username="zHAO", row=3)]
    assert faults(*rows) == [("people", 3, "username", "username", "zHAO")]


def test_faults_come_in_the_order_of_sheets_and_rows():
    rows = [of(TASK, unit="X", row=2), of(PERSON, unit="X", row=9), of(PERSON, code="N", unit="X", row=3)]
    rows += [of(UNIT, kind="x", row=5)]
    assert [f[:2] for f in faults(*rows)] == [("units", 5), ("people", 3), ("people", 9), ("assignments", 2)]


def test_changes_are_told_by_code():
    present = {"O2": UNIT, "O3": of(UNIT, code="O3")}
    wanted = [of(UNIT, row=99), of(UNIT, code="O3", name="三"), of(UNIT, code="O4")]
    assert changes(wanted, present) == {"O2": "same", "O3": "changed", "O4": "new"}
    assert changes([], present) == {}


@pytest.mark.parametrize("field", ["name", "kind", "parent", "name_en", "zone"])
def test_any_field_makes_a_row_another_but_its_place_in_the_file_does_not(field):
    assert of(UNIT, **{field: "else"}) != UNIT
    assert of(UNIT, row=77) == UNIT


def test_an_assignment_is_known_by_person_unit_post_and_first_day():
    assert of(TASK, from_date=DAY).code == "E1 O1 t 2026-03-01"
    assert of(TASK, to_date=DAY, line="retail", deputy_for="E2").code == TASK.code
    assert "13800000" not in repr(of(PERSON, phone="13800000000"))


def place(unit, parent, first=FIRST_DAY, last=LAST_DAY):
    return Place(unit, parent, first, last)


def test_a_move_splits_the_paths_at_its_day():
    before, after = DAY - dt.timedelta(days=1), DAY
    found = paths([place(1, None), place(2, None), place(3, 1, last=before), place(3, 2, first=after)])
    of_3 = {(p.ancestor, p.depth, p.from_date, p.to_date) for p in found if p.unit == 3}
    assert of_3 == {
        (3, 0, FIRST_DAY, before),
        (3, 0, after, LAST_DAY),
        (1, 1, FIRST_DAY, before),
        (2, 1, after, LAST_DAY),
    }


def test_a_parent_that_moves_takes_its_units_along():
    found = paths(
        [
            place(1, None),
            place(2, None),
            place(3, 1, last=DAY),
            place(3, 2, first=DAY + dt.timedelta(1)),
            place(4, 3),
        ]
    )
    above = {(p.ancestor, p.depth): (p.from_date, p.to_date) for p in found if p.unit == 4}
    assert above[1, 2] == (FIRST_DAY, DAY)
    assert above[2, 2] == (DAY + dt.timedelta(1), LAST_DAY)
    assert above[3, 1] == (FIRST_DAY, LAST_DAY)


@pytest.mark.parametrize(
    "places",
    [
        [place(1, 1)],
        [place(1, 2), place(2, 1)],
        [place(1, 2), place(2, 3), place(3, 1)],
        [place(1, None, last=DAY), place(1, 2, first=DAY), place(2, 1)],
    ],
    ids=["itself", "two", "three", "one-day"],
)
def test_a_ring_is_refused(places):
    with pytest.raises(Cycle, match="would stand under itself"):
        paths(places)


def test_two_that_change_places_on_different_days_are_no_ring():
    next_day = DAY + dt.timedelta(days=1)
    places = [
        place(1, None, last=DAY),
        place(1, 2, first=next_day),
        place(2, 1, last=DAY),
        place(2, None, first=next_day),
    ]
    found = {(p.unit, p.ancestor, p.from_date) for p in paths(places) if p.depth}
    assert found == {(1, 2, next_day), (2, 1, FIRST_DAY)}


@pytest.mark.parametrize(
    ("parents", "ordered"),
    [
        ({}, []),
        ({1: None}, [(1, 0)]),
        ({2: 1, 1: None}, [(1, 0), (2, 1)]),
        ({1: None, 3: None, 2: 1}, [(1, 0), (2, 1), (3, 0)]),
        ({1: 9}, [(1, 0)]),
        ({1: 2, 2: 1}, [(1, 0), (2, 1)]),
        ({1: 1}, [(1, 0)]),
    ],
    ids=["nothing", "root", "child-first", "siblings", "parent-elsewhere", "ring", "own-parent"],
)
def test_rows_in_the_order_of_their_hierarchy(parents, ordered):
    assert in_order(parents) == ordered


PARENTS = st.dictionaries(st.integers(0, 12), st.one_of(st.none(), st.integers(0, 12)), max_size=12)


@given(PARENTS)
def test_no_row_is_lost_and_a_child_stands_one_deeper_than_its_parent(parents):
    found = dict(in_order(parents))
    assert sorted(found) == sorted(parents)
    for row, parent in parents.items():
        assert found[row] == 0 or found[row] == found[parent] + 1


@given(PARENTS, st.integers(0, 12))
def test_the_lines_below_are_the_line_and_whatever_leads_up_to_it(parents, line):
    def leads_up(row):
        seen = set()
        while row is not None and row not in seen:
            if row == line:
                return True
            seen.add(row)
            row = parents.get(row)
        return False

    assert lines_below(line, parents) == {line} | {row for row in parents if leads_up(row)}


def test_a_fault_is_a_plain_value():
    assert Fault("units", 2, "kind", "kind") == Fault("units", 2, "kind", "kind", "")
    assert len({Fault("units", 2, "kind", "kind"), Fault("units", 2, "kind", "kind")}) == 1
