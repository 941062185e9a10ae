"""A roster: units, posts, people, assignments by sheet; what is wrong with them, and what they change.

Rows refer to one another by code. `check` needs only the codes the bank already has, so a roster can be
judged before anything is written.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from kezun.org.rules.rows import LAST_DAY, AnyRow, AssignmentRow, PersonRow, PostRow, UnitRow


@dataclass(frozen=True)
class Roster:
    """All rows of one roster, sheet by sheet, in the order of the file."""

    units: tuple[UnitRow, ...] = ()
    posts: tuple[PostRow, ...] = ()
    people: tuple[PersonRow, ...] = ()
    assignments: tuple[AssignmentRow, ...] = ()

    def sheets(self) -> dict[str, tuple[AnyRow, ...]]:
        """The rows by the name of their sheet."""
        return {
            "units": self.units,
            "posts": self.posts,
            "people": self.people,
            "assignments": self.assignments,
        }


@dataclass(frozen=True)
class Fault:
    """One thing wrong: where (sheet, row from 1, column) and what (a code with the value that caused it)."""

    sheet: str
    row: int
    column: str
    code: str
    value: str = ""


@dataclass(frozen=True)
class Known:
    """What the bank already has, by code; `parents` says where each unit stands now.

    `closed_posts` and `closed_lines` hold the last day of those that close.
    """

    kinds: Collection[str]
    roles: Collection[str]
    zones: Collection[str]
    parents: Mapping[str, str] = field(default_factory=dict)
    posts: Mapping[str, str] = field(default_factory=dict)
    people: Collection[str] = ()
    lines: Collection[str] = ()
    usernames: Mapping[str, str] = field(default_factory=dict)
    separate: Collection[str] = ()
    closed_posts: Mapping[str, dt.date] = field(default_factory=dict)
    closed_lines: Mapping[str, dt.date] = field(default_factory=dict)


def check(roster: Roster, known: Known) -> list[Fault]:
    """Everything wrong with a roster, in the order of sheets and rows; empty: it can be applied."""
    found = [*_twice(roster), *_units(roster, known), *_posts(roster, known)]
    found += [*_people(roster, known), *_assignments(roster, known)]
    order = list(roster.sheets())
    return sorted(found, key=lambda f: (order.index(f.sheet), f.row))


def _twice(roster: Roster) -> Iterable[Fault]:
    for sheet, rows in roster.sheets().items():
        seen: set[str] = set()
        for row in rows:
            if row.code in seen:
                yield Fault(sheet, row.row, "code" if sheet != "assignments" else "person", "twice", row.code)
            seen.add(row.code)


def _units(roster: Roster, known: Known) -> Iterable[Fault]:
    parents = {**known.parents, **{u.code: u.parent for u in roster.units}}
    for unit in roster.units:
        if unit.kind not in known.kinds:
            yield Fault("units", unit.row, "kind", "kind", unit.kind)
        if unit.zone not in known.zones:
            yield Fault("units", unit.row, "zone", "zone", unit.zone)
        if unit.parent and unit.parent not in parents:
            yield Fault("units", unit.row, "parent", "parent", unit.parent)
        elif _loops(unit.code, parents):
            yield Fault("units", unit.row, "parent", "cycle", unit.parent)


def _loops(code: str, parents: Mapping[str, str]) -> bool:
    seen = {code}
    above = parents.get(code, "")
    while above:
        if above in seen:
            return True
        seen.add(above)
        above = parents.get(above, "")
    return False


def _posts(roster: Roster, known: Known) -> Iterable[Fault]:
    for post in roster.posts:
        if post.role not in known.roles:
            yield Fault("posts", post.row, "role", "role", post.role)


def _people(roster: Roster, known: Known) -> Iterable[Fault]:
    units = {*known.parents, *(u.code for u in roster.units)}
    holders = dict(known.usernames)
    for person in roster.people:
        if person.unit not in units:
            yield Fault("people", person.row, "unit", "unit", person.unit)
        folded = person.username.casefold()
        if folded and holders.setdefault(folded, person.code) != person.code:
            yield Fault("people", person.row, "username", "username", person.username)


def _assignments(roster: Roster, known: Known) -> Iterable[Fault]:
    units = {*known.parents, *(u.code for u in roster.units)}
    people = {*known.people, *(p.code for p in roster.people)}
    posts = {**known.posts, **{p.code: p.role for p in roster.posts}}
    apart: dict[str, str] = {}
    for one in roster.assignments:
        if one.person not in people:
            yield Fault("assignments", one.row, "person", "person", one.person)
        if one.unit not in units:
            yield Fault("assignments", one.row, "unit", "unit", one.unit)
        if one.post not in posts:
            yield Fault("assignments", one.row, "post", "post", one.post)
        if one.line and one.line not in known.lines:
            yield Fault("assignments", one.row, "line", "line", one.line)
        if one.to_date > known.closed_posts.get(one.post, LAST_DAY):
            yield Fault("assignments", one.row, "post", "closed", one.post)
        if one.to_date > known.closed_lines.get(one.line, LAST_DAY):
            yield Fault("assignments", one.row, "line", "closed", one.line)
        if one.to_date < one.from_date:
            yield Fault("assignments", one.row, "to_date", "dates", one.to_date.isoformat())
        role = posts.get(one.post, "")
        if role in known.separate and apart.setdefault(one.person, role) != role:
            yield Fault("assignments", one.row, "post", "separate", one.post)


def changes(wanted: Iterable[AnyRow], present: Mapping[str, AnyRow]) -> dict[str, str]:
    """For each wanted row's code: `new`, `changed` or `same` against what is there now."""
    return {
        row.code: "new" if row.code not in present else "same" if present[row.code] == row else "changed"
        for row in wanted
    }
