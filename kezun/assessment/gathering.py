"""All that a scheme needs to know of all its subjects over some days, in few passes over the facts."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import repeat
from typing import Any

import numpy as np

from kezun.assessment.measuring import METHOD
from kezun.assessment.mixing import stratified
from kezun.assessment.owning import Asked, measured
from kezun.assessment.rules import estimating
from kezun.assessment.rules.estimating import Array, Estimated, Measured, Whole
from kezun.assessment.rules.form import Component, Scheme
from kezun.assessment.rules.lines import Event, Figure, Kept, Share
from kezun.assessment.rules.rating import Peer, Rated, rate, worth
from kezun.assessment.rules.transform import COMPARED, many, spread
from kezun.assessment.subjects import Owners, Roster
from kezun.facts import vectors
from kezun.facts.definitions import Definition
from kezun.facts.vectors import Span

INSPECTION, MERIT = "inspection", "merit"


@dataclass(frozen=True)
class Wanted:
    """What is to be gathered: an edition over the days that it judges, of whom, from which facts, and by
    which method (`measuring.METHOD`)."""

    scheme: Scheme
    since: dt.date
    until: dt.date
    share: Decimal
    roster: Roster
    named: Mapping[str, Definition]
    snapshots: Mapping[str, int]
    method: int = METHOD


@dataclass
class Column:
    """One component of all subjects: what was measured, estimates, shut gates, points and their spread.

    mix: where it was adjusted for the mix of cases, what each stratum was taken for (`mixing.Strata`).
    """

    component: Component
    measured: Measured
    estimated: Estimated
    gates: list[str]
    shares: Mapping[int, tuple[Share, ...]]
    points: Array
    spread: Array
    mix: Sequence[Sequence[Any]] = ()

    def __post_init__(self) -> None:
        self._worth = worth(self.component.transform)

    def rated(self, some: slice, peers: Iterable[Peer | None]) -> Iterator[Rated]:
        """How some subjects stand in it, in their order."""
        spreads = _filled(self.spread[some])
        return map(rate, repeat(self.component), repeat(self._worth), self._figures(some), spreads, peers)

    def _figures(self, some: slice) -> Iterator[Figure]:
        m, e = self.measured, self.estimated
        wholes = (part[some].tolist() for part in (m.numerator, m.denominator, m.n))
        floats = (_plain(part[some]) for part in (e.estimate, e.sd, e.low, e.high, e.own))
        gates: Iterable[str] = self.gates[some] if self.gates else repeat("")
        shares = (
            (self.shares.get(at, ()) for at in range(some.start, some.stop)) if self.shares else repeat(())
        )
        return map(Figure, _plain(m.value[some]), *wholes, *floats, gates, shares)


def _plain(part: Array) -> list[float | None]:
    """As Python's own numbers, None where there is none."""
    known = ~np.isnan(part)
    if known.all():
        values: list[float | None] = part.tolist()
        return values
    return (
        [value if value == value else None for value in part.tolist()] if known.any() else [None] * len(part)
    )


def _filled(part: Array) -> list[float]:
    """As Python's own numbers, 0 where there is none; never a negative zero."""
    filled: list[float] = (np.nan_to_num(part) + 0.0).tolist()
    return filled


@dataclass
class Gathered:
    """What one edition judges, of all subjects in the order of the roster."""

    wanted: Wanted
    columns: list[Column]
    exposures: Mapping[str, Array]
    events: Mapping[int, list[Event]]
    vetoes: Mapping[int, tuple[str, ...]]
    peers: Mapping[str, Mapping[str, Peer]]
    groups: list[str]

    def told(self, some: slice) -> Iterator[tuple[Kept, tuple[Rated, ...]]]:
        """All that a result of some subjects is made of, in their order."""
        groups = self.groups[some]
        rated = [
            one.rated(some, (self.peers[group].get(one.component.id) for group in groups))
            for one in self.columns
        ]
        exposed = [(id, _filled(values[some])) for id, values in self.exposures.items()]
        version, share = self.wanted.scheme.version, self.wanted.share
        # A scheme may consist of events alone.
        rows: Iterable[tuple[Rated, ...]] = zip(*rated, strict=True) if rated else repeat((), len(groups))
        for at, known in enumerate(rows):
            place = some.start + at
            exposures = {id: values[at] for id, values in exposed}
            events = tuple(self.events.get(place, ()))
            yield Kept(version, share, events, exposures, self.vetoes.get(place, ())), known

    def published(self) -> dict[str, Any]:
        """What was learned of peers, by component and group: (method, a, b, subjects with data)."""
        return {c.component.id: dict(c.estimated.priors) for c in self.columns if c.estimated.priors}

    def mixes(self) -> dict[str, Any]:
        """What each stratum was taken for, by component: [names, value, cases]."""
        return {c.component.id: c.mix for c in self.columns if c.mix}


def gather(wanted: Wanted) -> Gathered:
    """Everything of one edition's days; one pass per fact type, and one more for each narrowing."""
    scheme, owners = wanted.scheme, Owners(wanted.roster)
    groups = [subject.group for subject in wanted.roster.subjects]
    plain = _indicators(wanted)
    seen = _inspections(wanted, owners) if scheme.standards else []
    columns = [_column(wanted, one, plain, seen, groups) for one in scheme.components]
    exposures = {r.per.indicator: r.per.indicator for r in scheme.adjustments if r.per}
    return Gathered(
        wanted,
        columns,
        {id: plain[(), id].value for id in exposures},
        _events(wanted, owners) if scheme.adjustments or any(v.event for v in scheme.vetoes) else {},
        _vetoes(scheme, seen),
        {group: _peers(columns, mine) for group, mine in members(groups).items()},
        groups,
    )


def _narrowed(one: Component) -> vectors.Equal:
    told = (("business", one.source.business), ("class", one.source.customer_class))
    return tuple((column, value) for column, value in told if value is not None)


def _indicators(wanted: Wanted) -> dict[tuple[vectors.Equal, str], Measured]:
    """Every indicator that the scheme names, by narrowing and id."""
    scheme = wanted.scheme
    asked: dict[vectors.Equal, dict[str, None]] = {(): {}}
    for one in scheme.components:
        if one.source.indicator:
            asked.setdefault(_narrowed(one), {})[one.source.indicator] = None
        asked[()] |= dict.fromkeys(gate.indicator for gate in one.gates)
    asked[()] |= dict.fromkeys(rule.per.indicator for rule in scheme.adjustments if rule.per)
    found: dict[tuple[vectors.Equal, str], Measured] = {}
    for equal, ids in asked.items():
        made = measured(_asked(wanted, equal), list(ids))
        found |= {(equal, id): one for id, one in made.items()}
    return found


def _asked(wanted: Wanted, equal: vectors.Equal) -> Asked:
    return Asked(
        *(wanted.roster, wanted.named, wanted.since, wanted.until, wanted.snapshots, equal, wanted.method)
    )


def _column(
    wanted: Wanted,
    one: Component,
    plain: Mapping[tuple[vectors.Equal, str], Measured],
    seen: Sequence[Seen],
    groups: Sequence[str],
) -> Column:
    size = len(groups)
    shares: dict[int, tuple[Share, ...]] = {}
    mix: list[list[Any]] = []
    if one.source.standard:
        known, sd, shares = _checked(one, seen, size)
        made = estimating.raw(known)
        made = Estimated(made.estimate, sd, *_around(made.estimate, sd), made.own)
    else:
        known = plain[_narrowed(one), one.source.indicator]
        adjusted = known
        if one.estimator.casemix:
            asked = _asked(wanted, _narrowed(one))
            strata = stratified(asked, one.source.indicator, one.estimator.casemix, known)
            adjusted, expected = estimating.mixed(known, strata.top, strata.bottom)
            mix = strata.coefficients(expected, known.scale)
        if one.estimator.kind in ("raw", "casemix"):
            made = estimating.raw(adjusted)
        else:
            scope = groups if one.estimator.scope == "peer_group" else [""] * size
            made = estimating.shrunk(adjusted, scope, one.estimator.kind, wanted.method > 1)
    gates = _gates(one, plain, size)
    counted = ~np.isnan(made.estimate) & (known.n >= one.min_n)
    if gates:
        counted &= np.array([not gate for gate in gates])
    points = np.where(counted, many(one.transform, made.estimate), np.nan)
    felt = np.where(np.isnan(made.sd), np.nan, spread(one.transform, made.estimate, np.nan_to_num(made.sd)))
    return Column(one, known, made, gates, shares, points, estimating.nine(felt), mix)


def _around(estimate: Array, sd: Array) -> tuple[Array, Array]:
    """A 95 % interval of a share by its standard error, within 0 and 1."""
    half = estimating.Z * sd
    return estimating.nine(np.maximum(estimate - half, 0.0)), estimating.nine(
        np.minimum(estimate + half, 1.0)
    )


def _gates(one: Component, plain: Mapping[Any, Measured], size: int) -> list[str]:
    """For each subject the indicator of the first gate that is shut, or the empty text; [] without gates."""
    shut = [""] * size
    for gate in reversed(one.gates):
        values = plain[(), gate.indicator].value
        low = float(gate.least) if gate.least is not None else -math.inf
        high = float(gate.most) if gate.most is not None else math.inf
        for at in np.flatnonzero(~(COMPARED[">="](values, low) & COMPARED["<="](values, high))).tolist():
            shut[at] = gate.indicator
    return shut if one.gates else []


@dataclass(frozen=True)
class Seen:
    """One inspection of one subject."""

    at: int
    standard: str
    version: str
    method: str
    earned_e4: int
    possible_e4: int
    veto: bool


def _span(wanted: Wanted) -> Span:
    """Where and when single facts lie that belong to anybody here; `Owners` says to whom.

    The first method read a fact once for each of its subjects, and gave it to each of them as often: heads of
    units, and units that hold one another, had the same inspection or merit several times.
    """
    days = (wanted.since, wanted.until)
    tree = wanted.roster.ground(*days) if wanted.method > 1 else wanted.roster.branches(*days)
    return Span(*days, wanted.snapshots, tree)


def _inspections(wanted: Wanted, owners: Owners) -> list[Seen]:
    names = ("unit", "person", "day", "standard", "version", "method", "earned_e4", "possible_e4", "veto")
    table = vectors.rows(INSPECTION, _span(wanted)).select(list(names))
    found = []
    for unit, person, day, standard, version, method, earned, possible, veto in zip(
        *(table.column(name).to_pylist() for name in names), strict=True
    ):
        if standard in wanted.scheme.standards:
            for at in sorted(owners.of(unit, person, day)):
                found.append(Seen(at, standard, version, method, earned, possible, bool(veto)))
    return found


def _checked(
    one: Component, seen: Iterable[Seen], size: int
) -> tuple[Measured, Array, dict[int, tuple[Share, ...]]]:
    """Inspections by one standard: shares of points, their standard error, and what each edition gave."""
    source = one.source
    mine = [
        s
        for s in seen
        if s.standard == source.standard
        and s.possible_e4 > 0
        and (not source.methods or s.method in source.methods)
    ]
    earned, possible, n = (np.zeros(size, dtype=np.int64) for _ in range(3))
    each: dict[int, list[float]] = {}
    editions: dict[int, dict[str, list[int]]] = {}
    for s in mine:
        earned[s.at] += s.earned_e4
        possible[s.at] += s.possible_e4
        n[s.at] += 1
        each.setdefault(s.at, []).append(s.earned_e4 / s.possible_e4)
        own = editions.setdefault(s.at, {}).setdefault(s.version, [0, 0, 0])
        own[0], own[1], own[2] = own[0] + s.earned_e4, own[1] + s.possible_e4, own[2] + 1
    value = np.full(size, np.nan)
    for at, shares in each.items():
        value[at] = (
            math.fsum(shares) / len(shares) if source.agg == "mean" else int(earned[at]) / int(possible[at])
        )
    owner: Whole = np.array([s.at for s in mine], dtype=np.int64)
    sd = estimating.between(np.array([s.earned_e4 / s.possible_e4 for s in mine]), owner, size)
    listed = {
        at: tuple(Share(version, *numbers) for version, numbers in sorted(found.items()))
        for at, found in editions.items()
    }
    return Measured(value, earned, possible, n), sd, listed


def _vetoes(scheme: Scheme, seen: Iterable[Seen]) -> dict[int, tuple[str, ...]]:
    """Standards in one of whose inspections a veto was found, where the scheme asks for them."""
    asked = {v.standard for v in scheme.vetoes if v.standard}
    found: dict[int, set[str]] = {}
    for s in seen:
        if s.veto and s.standard in asked:
            found.setdefault(s.at, set()).add(s.standard)
    return {at: tuple(sorted(standards)) for at, standards in found.items()}


def _events(wanted: Wanted, owners: Owners) -> dict[int, list[Event]]:
    names = (
        *("unit", "person", "day", "source", "source_id", "kind", "level", "responsibility", "incident"),
        *("business", "subject_line"),
    )
    table = vectors.rows(MERIT, _span(wanted)).select(list(names))
    found: dict[int, list[Event]] = {}
    for row in zip(*(table.column(name).to_pylist() for name in names), strict=True):
        unit, person, day, source, id, kind, *rest = row
        level, responsibility, incident, business, line = (text or "" for text in rest)
        event = Event(
            f"{source}/{id}", kind, day.isoformat(), level, responsibility, incident, business, line
        )
        for at in owners.of(unit, person, day, line):
            found.setdefault(at, []).append(event)
    return found


def members(groups: Sequence[str]) -> dict[str, list[int]]:
    """The positions of the members of each group, groups by name."""
    found: dict[str, list[int]] = {group: [] for group in sorted(set(groups))}
    for at, group in enumerate(groups):
        found[group].append(at)
    return found


def _peers(columns: Iterable[Column], mine: Sequence[int]) -> dict[str, Peer]:
    """Mean and spread of the scored subjects of a group, where a missing component is filled in with them."""
    found = {}
    for column in columns:
        if column.component.missing != "peer_mean":
            continue
        points = [p for p in column.points[mine].tolist() if not math.isnan(p)]
        if points:
            mean = math.fsum(points) / len(points)
            sd = math.sqrt(math.fsum((p - mean) ** 2 for p in points) / len(points))
            found[column.component.id] = Peer(Decimal(f"{mean:.6f}"), round(sd, 6))
    return found
