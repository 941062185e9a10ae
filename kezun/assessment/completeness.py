"""How complete the data of a round is: who has enough of each component, and on which days facts came."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

import numpy as np
from django.utils import timezone

from kezun.assessment.gathering import Wanted, gather
from kezun.assessment.inputs import definitions_of, own_facts
from kezun.assessment.models import Round
from kezun.assessment.rounds import scheme_for
from kezun.assessment.rules.form import Of
from kezun.assessment.rules.form import Scheme as Form
from kezun.assessment.schemes import form_of, scheme_of
from kezun.assessment.subjects import Roster, roster
from kezun.facts import vectors
from kezun.facts.rules import Period
from kezun.facts.store import snapshot_at
from kezun.org.models import Unit

DAY = dt.timedelta(days=1)
SHOWN = 8
# A type of fact that comes on fewer than half of the days (inspections, merits) has no days that are missing.
STEADY = 0.5
WHOLE = Decimal(1)


@dataclass(frozen=True)
class Filled:
    """One component over all subjects: how many have a value, enough observations, a shut gate, points.

    lacking: units with the most subjects without points, as (unit, how many).
    """

    id: str
    min_n: int
    subjects: int
    valued: int
    enough: int
    gated: int
    counted: int
    lacking: tuple[tuple[int, int], ...]

    @property
    def share(self) -> float:
        """Of the subjects, those whose points count."""
        return self.counted / self.subjects if self.subjects else 0.0


@dataclass(frozen=True)
class Came:
    """One type of fact over the period's days that are over.

    last: the last day with facts. days: days with facts, of how many. missing: spans of days without, of a
    type that comes on most days. silent: outlets and call centres without any, silent_more: how many more.
    """

    fact: str
    rows: int
    last: dt.date | None
    days: int
    of: int
    missing: tuple[tuple[dt.date, dt.date], ...]
    silent: tuple[int, ...]
    silent_more: int


@dataclass(frozen=True)
class Complete:
    """What is there for a round, now."""

    subjects: int
    components: tuple[Filled, ...]
    facts: tuple[Came, ...]


def complete(held: Round) -> Complete:
    """What the facts known now hold for a round; computed once for the same facts, and kept by the process.

    Raises ValidationError where no edition holds.
    """
    scheme = scheme_for(held)
    until = min(held.to_date, timezone.localdate())
    facts = tuple((fact, snapshot_at(fact) or 0) for fact in facts_of(scheme_of(scheme)))
    return _complete(scheme.text, held.period, until, facts)


def facts_of(form: Form) -> list[str]:
    """The types of facts that a scheme reads."""
    return sorted({*(f for d in definitions_of(form.indicators) for f in d.facts), *own_facts([form])})


@lru_cache(maxsize=32)
def _complete(text: str, period: str, until: dt.date, facts: tuple[tuple[str, int], ...]) -> Complete:
    form, span = form_of(text), Period.parse(period)
    subjects = roster(form.of, span)
    since, snapshots = span.start, dict(facts)
    if until < since:
        return Complete(len(subjects.subjects), (), ())
    return Complete(
        len(subjects.subjects),
        _components(form, subjects, since, until, snapshots) if subjects.subjects else (),
        _facts(span, since, until, snapshots),
    )


def _components(
    form: Form, subjects: Roster, since: dt.date, until: dt.date, snapshots: dict[str, int]
) -> tuple[Filled, ...]:
    named = {d.id: d for d in definitions_of(form.indicators)}
    found = gather(Wanted(form, since, until, WHOLE, subjects, named, snapshots))
    filled = []
    for column in found.columns:
        n, counted = column.measured.n, ~np.isnan(column.points)
        lacking = Counter(
            s.unit for s, has in zip(subjects.subjects, counted.tolist(), strict=True) if not has and s.unit
        )
        one = column.component
        filled.append(
            Filled(
                *(one.id, one.min_n, len(n), int((~np.isnan(column.measured.value)).sum())),
                *(int((n >= one.min_n).sum()), sum(bool(gate) for gate in column.gates), int(counted.sum())),
                tuple(lacking.most_common(SHOWN)),
            )
        )
    return tuple(filled)


def _facts(period: Period, since: dt.date, until: dt.date, snapshots: dict[str, int]) -> tuple[Came, ...]:
    places = roster(Of("unit", units=(Unit.Kind.OUTLET, Unit.Kind.CALL_CENTRE)), period)
    tree = places.branches(since, until)
    return tuple(
        _came(fact, vectors.daily(fact, vectors.Span(since, until, snapshots, tree)), places, since, until)
        for fact in snapshots
    )


def _came(
    fact: str, found: dict[tuple[int, dt.date], int], places: Roster, since: dt.date, until: dt.date
) -> Came:
    days = sorted({day for _unit, day in found})
    total = (until - since).days + 1
    steady = len(days) >= STEADY * total
    heard = {unit for unit, _day in found}
    silent = [s.pk for s in places.subjects if s.pk not in heard] if steady else []
    return Came(
        *(fact, sum(found.values()), days[-1] if days else None, len(days), total),
        spans(set(days), since, until) if steady else (),
        tuple(silent[:SHOWN]),
        max(len(silent) - SHOWN, 0),
    )


def spans(days: set[dt.date], since: dt.date, until: dt.date) -> tuple[tuple[dt.date, dt.date], ...]:
    """The days from `since` to `until` that are not among `days`, as spans (first, last)."""
    found: list[tuple[dt.date, dt.date]] = []
    day = since
    while day <= until:
        if day not in days:
            if found and found[-1][1] == day - DAY:
                found[-1] = (found[-1][0], day)
            else:
                found.append((day, day))
        day += DAY
    return tuple(found)
