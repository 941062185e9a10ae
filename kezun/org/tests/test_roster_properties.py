"""Rosters as properties: nothing wrong slips through, nothing right is refused, what is kept comes back."""

import dataclasses
import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kezun.org.roster import dump, restore
from kezun.org.rules import passwords, tree
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
    kinds={"outlet", "tier1"},
    roles={"teller", "system_admin", "security_admin"},
    zones={"Asia/Shanghai"},
    parents={"HO": "", "B1": "HO"},
    posts={"t": "teller", "sys": "system_admin", "sec": "security_admin"},
    people={"E1", "E2"},
    lines={"retail"},
    usernames={"wang": "E1"},
    separate={"system_admin", "security_admin"},
)
CODES = st.sampled_from(["HO", "B1", "N1", "N2", "N3", ""])
DAYS = st.dates(dt.date(2020, 1, 1), dt.date(2030, 1, 1))
UNITS = st.builds(
    UnitRow,
    code=st.sampled_from(["N1", "N2", "N3", "B1"]),
    name=st.text(min_size=1, max_size=5),
    kind=st.sampled_from(["outlet", "tier1", "castle"]),
    parent=CODES,
    zone=st.sampled_from(["Asia/Shanghai", "Mars"]),
    tags=st.frozensets(st.text(min_size=1, max_size=4), max_size=3),
    from_date=DAYS,
)
POSTS = st.builds(
    PostRow, code=st.sampled_from(["p", "q"]), name=st.just("n"), role=st.sampled_from(["teller", "king"])
)
PEOPLE = st.builds(
    PersonRow,
    code=st.sampled_from(["E1", "E2", "E3"]),
    name=st.text(min_size=1, max_size=5),
    unit=CODES,
    username=st.sampled_from(["", "wang", "WANG", "li"]),
    phone=st.text(max_size=11),
    joined_date=DAYS,
)
ASSIGNMENTS = st.builds(
    AssignmentRow,
    person=st.sampled_from(["E1", "E2", "E9"]),
    unit=CODES,
    post=st.sampled_from(["t", "sys", "sec", "p", "nil"]),
    line=st.sampled_from(["", "retail", "moon"]),
    from_date=DAYS,
    to_date=DAYS,
)


def numbered(rows):
    return tuple(dataclasses.replace(row, row=n) for n, row in enumerate(rows, start=2))


ROSTERS = st.builds(
    lambda *sheets: Roster(*(numbered(rows) for rows in sheets)),
    *(st.lists(rows, max_size=5) for rows in (UNITS, POSTS, PEOPLE, ASSIGNMENTS)),
)


def found(roster, code):
    return {(fault.sheet, fault.row) for fault in check(roster, KNOWN) if fault.code == code}


@given(ROSTERS)
def test_every_unknown_word_is_told_with_its_row(roster):
    assert found(roster, "kind") == {("units", u.row) for u in roster.units if u.kind == "castle"}
    assert found(roster, "zone") == {("units", u.row) for u in roster.units if u.zone == "Mars"}
    assert found(roster, "role") == {("posts", p.row) for p in roster.posts if p.role == "king"}
    units = {"HO", "B1", *(u.code for u in roster.units)}
    homeless = {("people", p.row) for p in roster.people if p.unit not in units}
    nowhere = {("assignments", a.row) for a in roster.assignments if a.unit not in units}
    assert found(roster, "unit") == homeless | nowhere
    assert found(roster, "line") == {("assignments", a.row) for a in roster.assignments if a.line == "moon"}
    assert found(roster, "dates") == {
        ("assignments", a.row) for a in roster.assignments if a.to_date < a.from_date
    }


@given(ROSTERS)
def test_a_roster_without_fault_makes_a_tree_and_keeps_administrators_apart(roster):
    if check(roster, KNOWN):
        return
    parents = {**KNOWN.parents, **{u.code: u.parent for u in roster.units}}
    for code in parents:
        steps, above = 0, code
        while above:
            above, steps = parents[above], steps + 1
            assert steps <= len(parents), "a loop"
    for person in {a.person for a in roster.assignments}:
        held = {a.post for a in roster.assignments if a.person == person}
        assert not {"sys", "sec"} <= held
    names = [p.username.casefold() for p in roster.people if p.username]
    owners = {name: {p.code for p in roster.people if p.username.casefold() == name} for name in names}
    assert all(len(codes) == 1 for codes in owners.values())
    assert owners.get("wang", {"E1"}) == {"E1"}


@given(ROSTERS)
def test_faults_come_in_the_order_of_the_file(roster):
    order = list(roster.sheets())
    places = [(order.index(fault.sheet), fault.row) for fault in check(roster, KNOWN)]
    assert places == sorted(places)


@given(ROSTERS)
def test_a_kept_roster_comes_back_as_it_was(roster):
    again = restore(dump(roster))
    assert again == roster
    assert dump(again) == dump(roster)
    assert check(again, KNOWN) == check(roster, KNOWN)


@given(ROSTERS)
def test_against_itself_all_is_the_same_and_against_nothing_all_is_new(roster):
    for rows in roster.sheets().values():
        last = {row.code: row for row in rows}
        assert set(changes(last.values(), last).values()) <= {"same"}
        assert set(changes(rows, {}).values()) <= {"new"}
        renamed = {code: dataclasses.replace(row, row=99) for code, row in last.items()}
        assert set(changes(renamed.values(), last).values()) <= {"same"}, "the row number is no difference"


@given(st.text(max_size=200), st.sampled_from(sorted(passwords.PROFILES)))
def test_a_longer_password_of_more_kinds_is_never_worse_but_for_its_length(text, name):
    profile = passwords.PROFILES[name]
    before = set(passwords.faults(profile, text, common=()))
    after = set(passwords.faults(profile, text + "aA1-aA1-", common=()))
    assert after - before <= {"long"}
    assert not after & {"short", "classes"}


@given(
    st.sampled_from(sorted(passwords.PROFILES)),
    st.datetimes(dt.datetime(2020, 1, 1), dt.datetime(2030, 1, 1), timezones=st.just(dt.UTC)),
    st.timedeltas(dt.timedelta(0), dt.timedelta(days=400)),
    st.timedeltas(dt.timedelta(0), dt.timedelta(days=400)),
)
def test_a_password_once_too_old_stays_too_old(name, set_at, age, more):
    profile = passwords.PROFILES[name]
    if passwords.expired(profile, set_at, set_at + age):
        assert passwords.expired(profile, set_at, set_at + age + more)
    if profile.max_age is not None:
        assert passwords.expired(profile, None, set_at)


@given(
    st.dictionaries(st.integers(0, 15), st.one_of(st.none(), st.integers(0, 15)), max_size=16),
    st.integers(0, 15),
)
def test_lines_below_are_those_from_which_one_comes_up_to_it(parents, line):
    below = tree.lines_below(line, parents)
    for other in parents:
        above, seen = other, set()
        while above is not None and above != line and above not in seen:
            seen.add(above)
            above = parents.get(above)
        assert (other in below) is (above == line)


@pytest.mark.parametrize("sheet", ["units", "posts", "people", "assignments"])
def test_a_row_twice_is_told_at_the_second(sheet):
    rows = {
        "units": UnitRow("N1", "n", "outlet", "HO"),
        "posts": PostRow("p", "n", "teller"),
        "people": PersonRow("E3", "n", "HO"),
        "assignments": AssignmentRow("E1", "HO", "t"),
    }
    twice = Roster(**{sheet: numbered([rows[sheet], rows[sheet]])})
    assert [(f.sheet, f.row, f.code) for f in check(twice, KNOWN)] == [(sheet, 3, "twice")]
