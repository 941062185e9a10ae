"""Scope (数据权限): what a person may, and where. Subtree × business line × role, as of today.

Roles come from catalog/roles.yaml (merged with a pack's). A permission in a role is an exact name or a
pattern ending in `.*`. A role's `reach` says how far it carries from the unit of the assignment:
`subtree` (the unit and all below), `unit` (the unit alone), `own` (the person's own records), `bank` (all).
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from django.db.models import Q, QuerySet
from django.utils import timezone

from kezun.org.models import Assignment, Person, Unit, UnitPath, valid_on

if TYPE_CHECKING:
    from collections.abc import Iterable

CATALOG = Path(__file__).parent / "catalog" / "roles.yaml"


@dataclass(frozen=True)
class Role:
    """A role of the catalog: what it may (names or `room.*`), and how far from its unit."""

    code: str
    name: str
    name_en: str
    reach: str
    permissions: frozenset[str]

    def may(self, permission: str) -> bool:
        """Whether the role carries `permission`, by exact name or by its room's pattern."""
        return permission in self.permissions or f"{permission.split('.')[0]}.*" in self.permissions


@lru_cache(maxsize=1)
def roles() -> dict[str, Role]:
    """All roles of the catalog by code."""
    raw: dict[str, Any] = yaml.safe_load(CATALOG.read_text(encoding="utf-8"))
    shared: dict[str, list[str]] = raw["permissions"]
    made = {}
    for code, row in raw["roles"].items():
        names: set[str] = set(row.get("permissions", ()))
        for group in row.get("groups", ()):
            names |= set(shared[group])
        made[code] = Role(code, row["name"], row["name_en"], row["reach"], frozenset(names))
    return made


@dataclass(frozen=True)
class Held:
    """One role held today at one unit (within one business line, where `line_id` is set)."""

    role: Role
    unit_id: int
    line_id: int | None


@dataclass(frozen=True)
class Scope:
    """All roles a person holds on a day, with the questions that pages, actions and queries ask of them."""

    person_id: int
    day: dt.date
    held: tuple[Held, ...]

    @classmethod
    def of(cls, person: Person, day: dt.date | None = None) -> Scope:
        """Load the assignments valid on `day` (today in the bank's zone by default); one query."""
        today = day or timezone.localdate()
        catalog = roles()
        rows = Assignment.objects.filter(valid_on(today), person=person).values_list(
            "post__role", "unit_id", "line_id"
        )
        held = tuple(Held(catalog[role], unit, line) for role, unit, line in rows if role in catalog)
        return cls(person.pk, today, held)

    def may(self, permission: str) -> bool:
        return any(h.role.may(permission) for h in self.held)

    def carrying(self, permission: str | None) -> tuple[Held, ...]:
        """The held roles that carry `permission` (all of them for None)."""
        return self.held if permission is None else tuple(h for h in self.held if h.role.may(permission))

    def whole_bank(self, permission: str | None = None) -> bool:
        return any(h.role.reach == "bank" for h in self.carrying(permission))

    def roots(self, permission: str | None = None) -> list[int]:
        """Unit ids from which the permission reaches down, highest assignment first."""
        return list(dict.fromkeys(h.unit_id for h in self.carrying(permission)))

    def _reach(self, permission: str | None) -> Q:
        subtree = [h.unit_id for h in self.carrying(permission) if h.role.reach == "subtree"]
        alone = [h.unit_id for h in self.carrying(permission) if h.role.reach == "unit"]
        below = UnitPath.objects.filter(valid_on(self.day), ancestor_id__in=subtree).values("unit_id")
        return Q(pk__in=alone) | Q(pk__in=below) if subtree else Q(pk__in=alone)

    def units(self, units: QuerySet[Unit], permission: str | None = None) -> QuerySet[Unit]:
        """Narrow a queryset of units to the scope."""
        return units if self.whole_bank(permission) else units.filter(self._reach(permission))

    def people(self, people: QuerySet[Person], permission: str | None = None) -> QuerySet[Person]:
        """Narrow a queryset of people to those who belong to units in scope, and the person."""
        if self.whole_bank(permission):
            return people
        units = self.units(Unit.objects.all(), permission).values("pk")
        return people.filter(Q(pk=self.person_id) | Q(home_unit__in=units))

    def covers(self, permission: str, target: object) -> bool:
        """Whether a unit, a person, or a record with `.unit`/`.unit_id`/`.person_id` lies in scope."""
        if self.whole_bank(permission):
            return True
        if isinstance(target, Person):
            return self.people(Person.objects.filter(pk=target.pk), permission).exists()
        unit_id = target.pk if isinstance(target, Unit) else getattr(target, "unit_id", None)
        if unit_id is None:
            own = getattr(target, "person_id", None)
            return own is not None and own == self.person_id and self.may(permission)
        return self.units(Unit.objects.filter(pk=unit_id), permission).exists()


def unit_ids(units: Iterable[Unit]) -> list[int]:
    """Primary keys, for queries over facts."""
    return [u.pk for u in units]
