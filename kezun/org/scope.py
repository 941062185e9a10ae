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
from django.db.models import F, FilteredRelation, Q, QuerySet
from django.utils import timezone, translation

from kezun.kernel.prepared import prepared
from kezun.org import rules
from kezun.org.models import Assignment, BusinessLine, Person, Token, Unit, UnitPath, valid_on

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

    @property
    def title(self) -> str:
        """The name in the page's language."""
        return self.name_en if (translation.get_language() or "").startswith("en") else self.name

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


@lru_cache(maxsize=1)
def everyone() -> frozenset[str]:
    """What every active person may do with what is their own, whatever their roles."""
    raw: dict[str, Any] = yaml.safe_load(CATALOG.read_text(encoding="utf-8"))
    return frozenset(raw["everyone"])


@lru_cache(maxsize=1)
def separate() -> frozenset[str]:
    """Roles of which one person may hold at most one: the three administrators watch one another."""
    raw: dict[str, Any] = yaml.safe_load(CATALOG.read_text(encoding="utf-8"))
    return frozenset(raw["separate"])


@dataclass(frozen=True)
class Held:
    """One role held today at one unit; `lines`: the business lines it is limited to (None: not limited)."""

    role: Role
    unit_id: int
    lines: frozenset[int] | None = None


@prepared((int, dt.date))
def _held_on(person: int, day: dt.date) -> QuerySet[Any, Any]:
    rows = Assignment.objects.filter(valid_on(day), person=person)
    return rows.values_list("post__role", "unit_id", "line_id")


@dataclass(frozen=True)
class Scope:
    """All roles a person holds on a day, with the questions that pages, actions and queries ask of them.

    A role limited to a business line reaches the same units (the tree is no secret), but only the people
    assigned in that line or a line below it, and only records of those lines. `limit` is what a token may.
    """

    person_id: int
    day: dt.date
    held: tuple[Held, ...]
    limit: frozenset[str] | None = None

    @classmethod
    def of(cls, person: Person, day: dt.date | None = None, token: Token | None = None) -> Scope:
        """Load the assignments valid on `day` (today in the bank's zone); one query, two with line limits."""
        today = day or timezone.localdate()
        catalog = roles()
        read_on, rows = person.__dict__.get("_held", (None, ()))
        if read_on != today:
            rows = _held_on(person.pk, today)
        known = [(catalog[role], unit, line) for role, unit, line in rows if role in catalog]
        tree = (
            dict(BusinessLine.objects.values_list("pk", "parent_id"))
            if any(line for _, _, line in known)
            else {}
        )
        held = tuple(Held(r, u, rules.lines_below(line, tree) if line else None) for r, u, line in known)
        return cls(person.pk, today, held, None if token is None else frozenset(token.permissions))

    def may(self, permission: str) -> bool:
        """Whether any role (or what everyone may), and the token where one acts, carries the permission."""
        if not self._within_limit(permission):
            return False
        return permission in everyone() or any(h.role.may(permission) for h in self.held)

    def _within_limit(self, permission: str) -> bool:
        return self.limit is None or bool({permission, f"{permission.split('.')[0]}.*"} & self.limit)

    def carrying(self, permission: str | None) -> tuple[Held, ...]:
        """The held roles that carry `permission` (all of them for None)."""
        if permission is None:
            return self.held
        if not self._within_limit(permission):
            return ()
        return tuple(h for h in self.held if h.role.may(permission))

    def whole_bank(self, permission: str | None = None) -> bool:
        """Whether all units of the bank lie in scope."""
        return any(h.role.reach == "bank" for h in self.carrying(permission))

    def lines(self, permission: str | None = None) -> frozenset[int] | None:
        """Business lines the permission is limited to everywhere it is held; None where it is not limited."""
        found: set[int] = set()
        for h in self.carrying(permission):
            if h.lines is None:
                return None
            found |= h.lines
        return frozenset(found)

    def roots(self, permission: str | None = None) -> list[int]:
        """Unit ids from which the permission reaches down, highest assignment first."""
        return list(dict.fromkeys(h.unit_id for h in self.carrying(permission)))

    def _reach(self, held: Iterable[Held]) -> Q:
        own = tuple(held)
        if any(h.role.reach == "bank" for h in own):
            return Q()
        subtree = [h.unit_id for h in own if h.role.reach == "subtree"]
        alone = [h.unit_id for h in own if h.role.reach == "unit"]
        below = UnitPath.objects.filter(valid_on(self.day), ancestor_id__in=subtree).values("unit_id")
        return Q(pk__in=alone) | Q(pk__in=below) if subtree else Q(pk__in=alone)

    def units(self, units: QuerySet[Unit], permission: str | None = None) -> QuerySet[Unit]:
        """Narrow a queryset of units to the scope."""
        return units.filter(self._reach(self.carrying(permission)))

    def people(self, people: QuerySet[Person], permission: str | None = None) -> QuerySet[Person]:
        """Narrow a queryset of people to those who belong to units (and lines) in scope, and the person."""
        free = [h for h in self.carrying(permission) if h.lines is None]
        if any(h.role.reach == "bank" for h in free):
            return people
        today = Assignment.objects.filter(valid_on(self.day))
        reach = Q(pk=self.person_id)
        if free:
            units = Unit.objects.filter(self._reach(free)).values("pk")
            reach |= Q(home_unit__in=units) | Q(pk__in=today.filter(unit__in=units).values("person"))
        for h in self.carrying(permission):
            if h.lines is not None:
                units = Unit.objects.filter(self._reach([h])).values("pk")
                reach |= Q(pk__in=today.filter(unit__in=units, line__in=h.lines).values("person"))
        return people.filter(reach)

    def covers(self, permission: str, target: object) -> bool:
        """Whether a unit, a person, or a record with `.unit`/`.unit_id`/`.person_id` lies in scope.

        What everyone may reaches the person alone. A record with `.line_id` must be of a line in scope.
        """
        own = target.pk if isinstance(target, Person) else getattr(target, "person_id", None)
        if own is not None and own == self.person_id and self.may(permission):
            return True
        if isinstance(target, Person):
            return self.people(Person.objects.filter(pk=target.pk), permission).exists()
        line = getattr(target, "line_id", None)
        held = [h for h in self.carrying(permission) if line is None or h.lines is None or line in h.lines]
        if any(h.role.reach == "bank" for h in held):
            return True
        unit_id = target.pk if isinstance(target, Unit) else getattr(target, "unit_id", None)
        if unit_id is not None:
            return Unit.objects.filter(self._reach(held), pk=unit_id).exists()
        if own is None:
            return False
        return self.people(Person.objects.filter(pk=own), permission).exists()


def with_held(pk: int) -> Person | None:
    """A person together with what they hold today: one statement, since every page needs both.

    The first use of `person.scope` builds on it; None where there is no such person.
    """
    today = timezone.localdate()
    held = FilteredRelation("assignments", condition=valid_on(today, "assignments__"))
    of = {
        "held_role": F("held__post__role"),
        "held_unit": F("held__unit_id"),
        "held_line": F("held__line_id"),
    }
    rows = list(Person.objects.get_queryset().annotate(held=held).annotate(**of).filter(pk=pk))
    if not rows:
        return None
    found = [tuple(row.__dict__.pop(name) for name in of) for row in rows]
    rows[0].__dict__["_held"] = (today, [row for row in found if row[0] is not None])
    return rows[0]


def unit_ids(units: Iterable[Unit]) -> list[int]:
    """Primary keys, for queries over facts."""
    return [u.pk for u in units]
