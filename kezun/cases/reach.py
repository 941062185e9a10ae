"""How far somebody's roles carry over cases: by units, and by the business lines a role is limited to.

A case of no line is everybody's in whose units it lies, as with every record (`org.scope`); a case of a line
only theirs whose role is not limited, or limited to that line or one above it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone

from kezun.kernel.actor import Actor
from kezun.org.models import BusinessLine, Person, Unit, UnitPath, valid_on
from kezun.org.scope import Held, Scope

PLACES = ("unit", "owner_unit", "pending_unit")


def of_lines(lines: frozenset[int] | None) -> Q:
    """Cases of these lines and of none; None: all."""
    return Q() if lines is None else Q(line=None) | Q(line__in=lines)


@dataclass(frozen=True)
class Reach:
    """What roles with one limit reach together; lines: None where they have none."""

    lines: frozenset[int] | None
    held: tuple[Held, ...]

    @property
    def of_line(self) -> Q:
        """Of the lines to which the roles are limited, and of no line."""
        return of_lines(self.lines)

    @property
    def everywhere(self) -> bool:
        """Whether they carry over all units."""
        return any(one.role.reach == "bank" for one in self.held)

    def units(self) -> QuerySet[UnitPath, Any]:
        """The units that they reach, at and under those of the assignments."""
        down = [one.unit_id for one in self.held if one.role.reach == "subtree"]
        alone = [one.unit_id for one in self.held if one.role.reach == "unit"]
        here = Q(ancestor__in=down) | Q(ancestor__in=alone, depth=0)
        return UnitPath.objects.filter(valid_on(timezone.localdate()), here).values("unit")

    def at(self, *places: str) -> Q:
        """Cases that lie, by one of the columns `places`, in what the roles reach."""
        if self.everywhere:
            return self.of_line
        units, found = self.units(), Q()
        for place in places:
            found |= Q(**{f"{place}__in": units})
        return self.of_line & found

    def posted(self, *places: str) -> Q:
        """Cases that lie, by one of the columns, at the very units of the assignments."""
        units, found = [one.unit_id for one in self.held], Q()
        for place in places:
            found |= Q(**{f"{place}__in": units})
        return self.of_line & found


def reaches(scope: Scope, permission: str) -> list[Reach]:
    """What carries a permission over cases of others, by limit."""
    found: dict[frozenset[int] | None, list[Held]] = {}
    for one in scope.carrying(permission):
        if one.role.reach != "own":
            found.setdefault(one.lines, []).append(one)
    return [Reach(lines, tuple(held)) for lines, held in found.items()]


def whole(scope: Scope, permission: str) -> bool:
    """Whether a permission carries over all units and lines."""
    return any(reach.everywhere and reach.lines is None for reach in reaches(scope, permission))


def carrying(scope: Scope, permission: str, line: int | None) -> list[Held]:
    """The roles that carry a permission over cases of a line (None: of no line)."""
    of_line = (
        reach
        for reach in reaches(scope, permission)
        if line is None or reach.lines is None or line in reach.lines
    )
    return [held for reach in of_line for held in reach.held]


def everywhere(scope: Scope, permission: str, line: int | None) -> bool:
    """Whether a permission carries over all units, for cases of this line."""
    return any(held.role.reach == "bank" for held in carrying(scope, permission, line))


def lines_at(actor: Actor, permission: str, unit: Unit | None = None) -> frozenset[int] | None:
    """The business lines to which the actor's roles are limited at a unit (without one: anywhere).

    None where one of them is not limited, and for the platform itself. What is counted about a unit is
    counted over these lines and what is of none.
    """
    if not isinstance(actor, Person):
        return None
    found: set[int] = set()
    for reach in reaches(actor.scope, permission):
        if unit is None or reach.everywhere or reach.units().filter(unit=unit).exists():
            if reach.lines is None:
                return None
            found |= reach.lines
    return frozenset(found)


def highest(lines: frozenset[int] | None) -> tuple[BusinessLine, ...] | None:
    """Of some lines those that stand below none of the others, by code: what names them all."""
    if lines is None:
        return None
    rows = BusinessLine.objects.filter(pk__in=lines).order_by("code")
    return tuple(row for row in rows if row.parent_id not in lines)
