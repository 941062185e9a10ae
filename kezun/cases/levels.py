"""The levels above a unit, and who stands on them: whom a ladder reaches today."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from django.db.models import Q
from django.utils import timezone

from kezun.cases.models import Case
from kezun.cases.rules.ladders import Ladder
from kezun.org.models import Assignment, BusinessLine, GroupMember, UnitPath, valid_on

Holders = dict[str, dict[int, list[int]]]


def chain(unit: int) -> list[int]:
    """Units from `unit` itself up to the top, as the tree stands today."""
    rows = UnitPath.objects.filter(valid_on(timezone.localdate()), unit=unit).order_by("depth")
    return list(rows.values_list("ancestor", flat=True))


def holders(ladder: Ladder, units: Collection[int], line: int | None) -> Holders:
    """Who stands in the roles of each line of the ladder, by unit; active people alone, one statement.

    line: the business line of the case. Whoever is posted for a line of the business is reached for that line
    and those below it; whoever is posted without one, for all.
    """
    wanted = frozenset[str]().union(*ladder.lines.values())
    rows = Assignment.objects.filter(
        valid_on(timezone.localdate()), unit__in=units, post__role__in=wanted, person__is_active=True
    )
    if line is not None:
        rows = rows.filter(Q(line__isnull=True) | Q(line__in=_above(line)))
    found: Holders = {name: {} for name in ladder.lines}
    for role, unit, person in rows.order_by("pk").values_list("post__role", "unit", "person"):
        for name, roles in ladder.lines.items():
            people = found[name].setdefault(unit, [])
            if role in roles and person not in people:
                people.append(person)
    return found


def _above(line: int) -> set[int]:
    """A business line and those it belongs to."""
    parents: Mapping[int, int | None] = dict(BusinessLine.objects.values_list("pk", "parent_id"))
    found: set[int] = set()
    here: int | None = line
    while here is not None and here not in found:
        found.add(here)
        here = parents.get(here)
    return found


def group(units: Collection[int]) -> dict[int, list[int]]:
    """Members of the leading groups of these units, by unit."""
    rows = GroupMember.objects.filter(
        valid_on(timezone.localdate()), group__unit__in=units, person__is_active=True
    )
    found: dict[int, list[int]] = {}
    for unit, person in rows.order_by("pk").values_list("group__unit", "person"):
        if person not in found.setdefault(unit, []):
            found[unit].append(person)
    return found


def lies_with(case: Case) -> int:
    """The unit that has to act: the one it was handed to, else its owner."""
    return case.pending_unit_id or case.owner_unit_id
