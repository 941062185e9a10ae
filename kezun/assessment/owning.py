"""Indicators of a roster's subjects: by unit, by person, or by business line through its people."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from kezun.assessment.measuring import METHOD, known
from kezun.assessment.rules.estimating import Measured, Whole
from kezun.assessment.subjects import ALL, Roster
from kezun.facts.definitions import Definition
from kezun.facts.engine import Group
from kezun.facts.vectors import Equal, Exact, Span, Vector, vectors

DAY = dt.timedelta(days=1)
# Kinds whose numerators and denominators of several people or spans may be added up.
ADDED = ("count", "ratio", "mean", "rate", "coverage", "nps")


@dataclass(frozen=True)
class Asked:
    """Whose facts, of which days, in which snapshots; equal: columns that must have a value.

    method: see METHOD; the first one did not know how much the facts behind a mean differ.
    """

    roster: Roster
    named: Mapping[str, Definition]
    since: dt.date
    until: dt.date
    snapshots: Mapping[str, int]
    equal: Equal = ()
    method: int = METHOD

    def narrowed(self, more: Equal) -> Asked:
        return replace(self, equal=(*self.equal, *more))


def measured(asked: Asked, ids: Sequence[str]) -> dict[str, Measured]:
    """Each indicator of each subject, in the order of the roster."""
    if not ids:
        return {}
    found = _by_line(asked, ids) if asked.roster.by == "line" else _at_once(asked, ids)
    return {id: known(asked.named[id], vector, asked.method) for id, vector in found.items()}


def span_of(asked: Asked, since: dt.date, until: dt.date, by: str | None) -> Span:
    return Span(since, until, asked.snapshots, asked.roster.branches(since, until), by, asked.equal)


def _at_once(asked: Asked, ids: Iterable[str]) -> dict[str, Vector]:
    by = "person" if asked.roster.by == "person" else None
    groups: list[Group] = [(ALL, s.pk) if by else (s.pk, 0) for s in asked.roster.subjects]
    span = span_of(asked, asked.since, asked.until, by)
    return vectors(ids, asked.named, span, groups, errors=asked.method > 1)


def _by_line(asked: Asked, ids: Sequence[str]) -> dict[str, Vector]:
    """Numbers of people added up by the line to which each belonged on the day."""
    size = len(asked.roster.subjects)
    places = {s.pk: at for at, s in enumerate(asked.roster.subjects)}
    total = {id: np.zeros((4, size), dtype=np.int64) for id in ids}
    squares: dict[str, Exact] = {}
    for since, until in _stretches(asked):
        first, last = since.toordinal(), until.toordinal()
        mine = [m for m in asked.roster.members if m.since <= first and last <= m.until]
        if not mine:
            continue
        groups: list[Group] = [(ALL, m.person) for m in mine]
        people = sorted(set(groups))
        found = vectors(ids, asked.named, span_of(asked, since, until, "person"), people)
        place = {group: number for number, group in enumerate(people)}
        at = np.array([place[group] for group in groups])
        owner = np.array([places[m.line] for m in mine])
        for id, vector in found.items():
            counted = vector.denominator if vector.counted is None else vector.counted
            for row, part in enumerate((vector.numerator, vector.denominator, vector.n, counted)):
                np.add.at(total[id][row], owner, part[at])
            if vector.squares is not None:
                own = squares.setdefault(id, np.zeros(size, dtype=object))
                np.add.at(own, owner, vector.squares[at])
    return {id: _summed(asked.named[id], total[id], squares.get(id)) for id in ids}


def _summed(definition: Definition, total: Whole, squares: Exact | None) -> Vector:
    """The value of added numbers; nan for what cannot be added up (quantiles, formulas).

    total: numerators, denominators, n and how many values were added up, shape (4, subjects).
    """
    top, bottom, n, counted = total
    scale = 100 if definition.kind == "nps" else definition.scale
    if definition.kind == "count":
        value = np.where(n > 0, top * scale, 0).astype(np.float64)
    elif definition.kind in ADDED:
        value = np.where(bottom > 0, (top * scale) / np.where(bottom > 0, bottom, 1), np.nan)
    else:
        value = np.full(len(top), np.nan)
    return Vector(value, top, bottom, n, squares, None if squares is None else counted)


def _stretches(asked: Asked) -> Iterator[tuple[dt.date, dt.date]]:
    """The spans of days over which nobody changes lines."""
    low, high = asked.since.toordinal(), asked.until.toordinal()
    starts = {low} | {m.since for m in asked.roster.members} | {m.until + 1 for m in asked.roster.members}
    inside = sorted(day for day in starts if low <= day <= high)
    for start, following in zip(inside, [*inside[1:], high + 1], strict=True):
        yield dt.date.fromordinal(start), dt.date.fromordinal(following - 1)
