"""A pack's organisation as plain rows: relative days become days, establishments become people."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from kezun.org.planning import Organisation
from kezun.org.rules.rows import (
    FIRST_DAY,
    LAST_DAY,
    AssignmentRow,
    GroupRow,
    LineRow,
    MoveRow,
    PersonRow,
    PostRow,
    UnitRow,
)
from kezun.site.packs import meaning
from kezun.site.packs.schema import PersonEntry
from kezun.site.packs.staff import invent

if TYPE_CHECKING:
    from kezun.site.packs.pack import Pack


def organisation_of(pack: Pack, anchor: dt.date) -> Organisation:
    """What a load of the pack on `anchor` brings."""
    file = pack.file
    people = file.people + (invent(pack.staff, file.units) if pack.staff else ())
    return Organisation(
        units=_units(pack, anchor),
        moves=tuple(MoveRow(m.unit, m.parent, _day(m.from_, anchor, FIRST_DAY)) for m in file.moves),
        lines=tuple(LineRow(row.code, row.name, row.name_en, row.parent or "") for row in file.lines),
        posts=tuple(PostRow(p.code, p.name, p.role, p.name_en) for p in file.posts),
        people=tuple(PersonRow(p.code, p.name, p.unit, phone=p.phone) for p in people),
        assignments=_assignments(pack, people, anchor),
        groups=tuple(
            GroupRow(g.unit, g.name, g.name_en, tuple((m.person, m.duty) for m in g.members))
            for g in file.groups
        ),
    )


def _day(text: str | None, anchor: dt.date, otherwise: dt.date) -> dt.date:
    return meaning.day_of(text, anchor) if text else otherwise


def _units(pack: Pack, anchor: dt.date) -> tuple[UnitRow, ...]:
    return tuple(
        UnitRow(
            code=u.code,
            kind=u.kind,
            name=u.name,
            name_en=u.name_en,
            parent=u.parent or "",
            zone=u.zone or pack.file.zone,
            tags=frozenset(u.tags),
            from_date=_day(u.from_, anchor, FIRST_DAY),
            to_date=_day(u.to, anchor, LAST_DAY),
        )
        for u in pack.file.units
    )


def _assignments(pack: Pack, people: tuple[PersonEntry, ...], anchor: dt.date) -> tuple[AssignmentRow, ...]:
    """Everybody's posts, then who stands in for whom: in the first post of the one stood in for."""
    entries = (*(meaning.first_assignment(p) for p in people if p.post), *pack.file.assignments)
    held = [
        AssignmentRow(
            *(a.person, a.unit, a.post, a.line or ""),
            _day(a.from_, anchor, FIRST_DAY),
            _day(a.to, anchor, LAST_DAY),
        )
        for a in entries
    ]
    first = {row.person: row for row in reversed(held)}
    deputies = [
        AssignmentRow(
            person=d.person,
            unit=first[d.for_].unit,
            post=first[d.for_].post,
            from_date=_day(d.from_, anchor, FIRST_DAY),
            to_date=_day(d.to, anchor, LAST_DAY),
            deputy_for=d.for_,
        )
        for d in pack.file.deputies
    ]
    return (*held, *deputies)
