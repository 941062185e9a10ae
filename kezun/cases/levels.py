"""The levels above a unit, and who stands on them: whom a ladder reaches today.

A sweep asks the same of many cases: within `remembered()` each answer is read once.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Hashable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar, cast

from django.db.models import QuerySet
from django.utils import timezone

from kezun.cases.models import Case
from kezun.cases.rules.ladders import Ladder
from kezun.kernel.prepared import prepared
from kezun.org.models import Assignment, BusinessLine, GroupMember, Person, UnitPath, valid_on

Holders = dict[str, dict[int, list[int]]]
Answer = TypeVar("Answer")
_kept: ContextVar[dict[Hashable, Any] | None] = ContextVar("levels_kept", default=None)


@contextmanager
def remembered() -> Iterator[None]:
    """Keep every answer of this module until the end of the block: for the minute of a sweep, no longer."""
    token = _kept.set({})
    try:
        yield
    finally:
        _kept.reset(token)


def once(key: Hashable, ask: Callable[[], Answer]) -> Answer:
    """What `ask` answers, kept under `key` inside of `remembered()`."""
    kept = _kept.get()
    if kept is None:
        return ask()
    if key not in kept:
        kept[key] = ask()
    return cast(Answer, kept[key])


def active(person: int) -> bool:
    """Whether somebody still works here."""
    return once(("active", person), lambda: Person.objects.filter(pk=person, is_active=True).exists())


def chain(unit: int) -> list[int]:
    """Units from `unit` itself up to the top, as the tree stands today."""
    return once(("chain", unit), lambda: [place for (place,) in _chain(unit, timezone.localdate())])


@prepared((int, dt.date))
def _chain(unit: int, day: dt.date) -> QuerySet[Any, Any]:
    return UnitPath.objects.filter(valid_on(day), unit=unit).order_by("depth").values_list("ancestor")


def _chains(units: Collection[int]) -> dict[int, list[int]]:
    rows = UnitPath.objects.filter(valid_on(timezone.localdate()), unit__in=units).order_by("depth")
    found: dict[int, list[int]] = {unit: [] for unit in units}
    for unit, ancestor in rows.values_list("unit", "ancestor"):
        found[unit].append(ancestor)
    return found


def prepare(wanted: Mapping[frozenset[str], set[int]]) -> None:
    """Read at once, for many units, what steps of ladders will ask: units by the roles of their ladders.

    Only inside of `remembered()`; outside of it nothing would be kept.
    """
    kept = _kept.get()
    if kept is None:
        return
    every = set[int]().union(*wanted.values())
    kept |= {("chain", unit): found for unit, found in _chains(every - _known(kept, "chain")).items()}
    for roles, units in wanted.items():
        places = {place for unit in units for place in kept[("chain", unit)]}
        missing = {place for place in places if ("posted", roles, place) not in kept}
        kept |= {("posted", roles, place): rows for place, rows in _posted(roles, missing).items()}


def _known(kept: Mapping[Hashable, Any], name: str) -> set[int]:
    return {key[1] for key in kept if isinstance(key, tuple) and key[0] == name}


Posted = list[tuple[str, int, int | None]]


def _posted(roles: frozenset[str], units: Collection[int]) -> dict[int, Posted]:
    """Role, person and business line of whoever stands in these roles today, by unit; active people alone."""
    rows = Assignment.objects.filter(
        valid_on(timezone.localdate()), unit__in=units, post__role__in=roles, person__is_active=True
    )
    found: dict[int, Posted] = {unit: [] for unit in units}
    for unit, role, person, line in rows.order_by("pk").values_list("unit", "post__role", "person", "line"):
        found[unit].append((role, person, line))
    return found


def holders(ladder: Ladder, units: Collection[int], line: int | None) -> Holders:
    """Who stands in the roles of each line of the ladder, by unit.

    line: the business line of the case. Whoever is posted for a line of the business is reached for that line
    and those below it; whoever is posted without one, for all.
    """
    roles = ladder.roles
    missing = [u for u in units if ("posted", roles, u) not in (_kept.get() or {})]
    fresh = _posted(roles, missing) if missing else {}
    lines = None if line is None else _above(line)
    found: Holders = {name: {} for name in ladder.lines}
    for unit in units:
        rows = fresh[unit] if unit in fresh else once(("posted", roles, unit), list)
        for role, person, posted in rows:
            if posted is not None and lines is not None and posted not in lines:
                continue
            for name, held in ladder.lines.items():
                people = found[name].setdefault(unit, [])
                if role in held and person not in people:
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
    return once(("group", tuple(units)), lambda: _group(units))


def _group(units: Collection[int]) -> dict[int, list[int]]:
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
