"""What loading an organisation would write: its rows compared with the database, table by table."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _

from kezun.org.models import (
    FOREVER,
    Assignment,
    BusinessLine,
    GroupMember,
    LeadingGroup,
    Person,
    Post,
    Unit,
    UnitPlace,
    UnitTag,
)
from kezun.org.rules import DAY
from kezun.org.rules.rows import AssignmentRow, GroupRow, LineRow, MoveRow, PersonRow, PostRow, UnitRow


@dataclass(frozen=True)
class Organisation:
    """All that one load brings. Codes refer to rows here or to what the database holds already."""

    units: tuple[UnitRow, ...] = ()
    moves: tuple[MoveRow, ...] = ()
    lines: tuple[LineRow, ...] = ()
    posts: tuple[PostRow, ...] = ()
    people: tuple[PersonRow, ...] = ()
    assignments: tuple[AssignmentRow, ...] = ()
    groups: tuple[GroupRow, ...] = ()


@dataclass
class Plan:
    """What a load would write: records to add, in order, and records to change with their changed fields."""

    add: list[models.Model] = field(default_factory=list)
    change: list[tuple[models.Model, list[str]]] = field(default_factory=list)

    @property
    def empty(self) -> bool:
        return not self.add and not self.change

    @property
    def places_change(self) -> bool:
        return any(isinstance(r, UnitPlace) for r in (*self.add, *(record for record, _f in self.change)))

    def counts(self) -> dict[str, int]:
        """How many records of each table are added or changed, by the table's name."""
        touched = Counter(
            type(r).__name__.lower() for r in (*self.add, *(record for record, _f in self.change))
        )
        return dict(sorted(touched.items()))


class Loading:
    """Compares an Organisation with the database and collects the Plan; reads ten tables, writes none."""

    def __init__(self, wanted: Organisation) -> None:
        self.wanted, self.plan = wanted, Plan()
        self.units = {u.code: u for u in Unit.objects.all()}
        self.lines = {row.code: row for row in BusinessLine.objects.all()}
        self.posts = {p.code: p for p in Post.objects.all()}
        self.people = {p.code: p for p in Person.objects.all()}

    def collect(self) -> Plan:
        """The whole plan; ValidationError names a code that is neither here nor in the database."""
        self._lines()
        self._posts()
        self._units()
        self._moves()
        self._people()
        self._assignments()
        self._groups()
        return self.plan

    def _put(self, known: dict[str, Any], model: type[models.Model], code: str, **values: Any) -> None:
        """Add the record `code`, or note which of its fields differ."""
        record = known.get(code)
        if record is None:
            known[code] = record = model(code=code, **values)
            self.plan.add.append(record)
            return
        changed = [name for name, value in values.items() if getattr(record, name) != value]
        for name in changed:
            setattr(record, name, values[name])
        if changed:
            self.plan.change.append((record, changed))

    def _find(self, known: dict[str, Any], code: str, what: str) -> Any:
        if code not in known:
            raise ValidationError(
                _("There is no %(what)s «%(code)s»: add it to the pack or mend the code.")
                % {"what": what, "code": code}
            )
        return known[code]

    def _lines(self) -> None:
        waiting = list(self.wanted.lines)
        while waiting:
            ready = [r for r in waiting if not r.parent or r.parent in self.lines]
            if not ready:
                self._find(self.lines, waiting[0].parent, _("business line"))
            for row in ready:
                parent = self.lines[row.parent] if row.parent else None
                self._put(
                    self.lines, BusinessLine, row.code, name=row.name, name_en=row.name_en, parent=parent
                )
            waiting = [r for r in waiting if r not in ready]

    def _posts(self) -> None:
        for row in self.wanted.posts:
            self._put(self.posts, Post, row.code, name=row.name, name_en=row.name_en, role=row.role)

    def _units(self) -> None:
        fresh = {row.code: row for row in reversed(self.wanted.units) if row.code not in self.units}
        tagged = set(UnitTag.objects.values_list("unit__code", "tag"))
        for row in self.wanted.units:
            self._put(
                self.units,
                Unit,
                row.code,
                **{"name": row.name, "name_en": row.name_en, "kind": row.kind, "zone": row.zone},
                **{"opened_date": row.from_date, "closed_date": row.to_date},
            )
        for row in reversed(fresh.values()):
            parent = self._find(self.units, row.parent, _("unit")) if row.parent else None
            place = UnitPlace(unit=self.units[row.code], parent=parent, from_date=row.from_date)
            self.plan.add.append(place)
        for row in self.wanted.units:
            for tag in sorted(row.tags):
                if (row.code, tag) not in tagged:
                    tagged.add((row.code, tag))
                    self.plan.add.append(UnitTag(unit=self.units[row.code], tag=tag, from_date=row.from_date))

    def _moves(self) -> None:
        standing = {p.unit.code: p for p in UnitPlace.objects.filter(to_date=FOREVER).select_related("unit")}
        standing |= {p.unit.code: p for p in self.plan.add if isinstance(p, UnitPlace)}
        for row in sorted(self.wanted.moves, key=lambda r: r.from_date):
            place = standing.get(row.unit) or self._find(standing, row.unit, _("unit"))
            if row.from_date <= place.from_date:
                continue
            place.to_date = row.from_date - DAY
            if place.pk is not None:
                self.plan.change.append((place, ["to_date"]))
            moved = UnitPlace(
                unit=self.units[row.unit],
                parent=self._find(self.units, row.parent, _("unit")),
                from_date=row.from_date,
            )
            self.plan.add.append(moved)
            standing[row.unit] = moved

    def _people(self) -> None:
        nobody = make_password(None)
        for row in self.wanted.people:
            held = self.people.get(row.code)
            given = {"name": row.name}
            if row.phone and (held is None or not held.phone):
                given["phone"] = row.phone
            if held is not None:
                self._put(self.people, Person, row.code, **given)
                continue
            unit = self._find(self.units, row.unit, _("unit"))
            self._put(self.people, Person, row.code, home_unit=unit, password=nobody, **given)

    def _assignments(self) -> None:
        made: dict[tuple[str, str, str, dt.date], Assignment] = {
            (a.person.code, a.unit.code, a.post.code, a.from_date): a
            for a in Assignment.objects.select_related("person", "unit", "post")
        }
        first: dict[str, Assignment] = {}
        for key, held in made.items():
            first.setdefault(key[0], held)
        for row in sorted(self.wanted.assignments, key=lambda r: bool(r.deputy_for)):
            key = (row.person, row.unit, row.post, row.from_date)
            if key in made:
                continue
            made[key] = Assignment(
                person=self._find(self.people, row.person, _("person")),
                unit=self._find(self.units, row.unit, _("unit")),
                post=self._find(self.posts, row.post, _("post")),
                line=self._find(self.lines, row.line, _("business line")) if row.line else None,
                deputy_for=self._find(first, row.deputy_for, _("person")) if row.deputy_for else None,
                from_date=row.from_date,
                to_date=row.to_date,
            )
            first.setdefault(row.person, made[key])
            self.plan.add.append(made[key])

    def _groups(self) -> None:
        groups = {(g.unit.code, g.name): g for g in LeadingGroup.objects.select_related("unit")}
        inside = set(GroupMember.objects.values_list("group__unit__code", "group__name", "person__code"))
        for row in self.wanted.groups:
            group = groups.get((row.unit, row.name))
            if group is None:
                unit = self._find(self.units, row.unit, _("unit"))
                group = LeadingGroup(unit=unit, name=row.name, name_en=row.name_en)
                groups[row.unit, row.name] = group
                self.plan.add.append(group)
            for person, duty in row.members:
                if (row.unit, row.name, person) not in inside:
                    inside.add((row.unit, row.name, person))
                    member = self._find(self.people, person, _("person"))
                    self.plan.add.append(GroupMember(group=group, person=member, duty=duty))
