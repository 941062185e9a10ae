"""The tree's paths through time, and the lines below a line."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

DAY = dt.timedelta(days=1)


@dataclass(frozen=True)
class Place:
    """A unit under a parent (None: a root) from a day to a day, both included."""

    unit: int
    parent: int | None
    from_date: dt.date
    to_date: dt.date


@dataclass(frozen=True)
class Path:
    """A unit under an ancestor `depth` steps up, from a day to a day, both included; depth 0 is itself."""

    unit: int
    ancestor: int
    depth: int
    from_date: dt.date
    to_date: dt.date


class Cycle(ValueError):
    """A unit would stand under itself."""


def paths(places: Iterable[Place], only: Collection[int] | None = None) -> list[Path]:
    """All (unit, ancestor) pairs with their validity, from where each unit stood.

    only: units to derive (default all); the places must still be those of all units.
    Raises Cycle where on some day one of these units would stand under itself.
    """
    by_unit: dict[int, list[Place]] = {}
    for place in places:
        by_unit.setdefault(place.unit, []).append(place)
    found: list[Path] = []
    for unit in by_unit if only is None else only:
        for place in by_unit.get(unit, ()):
            found.append(Path(unit, unit, 0, place.from_date, place.to_date))
            found.extend(_upwards(unit, place, 1, by_unit, (unit,)))
    return found


def _upwards(
    unit: int, place: Place, depth: int, by_unit: dict[int, list[Place]], seen: tuple[int, ...]
) -> Iterable[Path]:
    if place.parent is None:
        return
    if place.parent in seen:
        raise Cycle(f"unit {unit} would stand under itself")
    yield Path(unit, place.parent, depth, place.from_date, place.to_date)
    for higher in by_unit.get(place.parent, ()):
        start, end = max(place.from_date, higher.from_date), min(place.to_date, higher.to_date)
        if start <= end:
            step = Place(place.parent, higher.parent, start, end)
            yield from _upwards(unit, step, depth + 1, by_unit, (*seen, place.parent))


def lines_below(line: int, parents: Mapping[int, int | None]) -> frozenset[int]:
    """The business line and all lines below it, from each line's parent; a loop in the data ends the walk."""
    found = {line}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return frozenset(found)


def in_order(parents: Mapping[int, int | None]) -> list[tuple[int, int]]:
    """Rows of a hierarchy as (row, depth), each after its parent, siblings in the order given.

    A row whose parent is not among them, or that would stand under itself, begins at depth 0: none is lost.
    """
    below: dict[int | None, list[int]] = {}
    for row, parent in parents.items():
        below.setdefault(parent if parent in parents else None, []).append(row)
    ordered: dict[int, int] = {}

    def walk(row: int, depth: int) -> None:
        if row not in ordered:
            ordered[row] = depth
            for child in below.get(row, ()):
                walk(child, depth + 1)

    for row in [*below.get(None, ()), *parents]:
        walk(row, 0)
    return list(ordered.items())
