"""Units of one level in a funnel: who lies outside what size and usual spread explain; and by case mix."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from kezun.facts import queries
from kezun.facts.definitions import Definition
from kezun.facts.questions import Answer, Question
from kezun.facts.rules import Period
from kezun.kernel.actor import Actor
from kezun.org.models import Unit
from kezun.org.queries import units_for
from kezun.statistics import casemix, flags, funnel

KINDS = ("ratio", "coverage")
SATISFIED, DISSATISFIED = "floor.satisfied_rate", "floor.dissatisfied_per_10k"
TEN_THOUSAND = 10_000
GRID = 40


@dataclass(frozen=True)
class Spot:
    """One unit: k of n, share, z by size alone and with the spread between units, and what to make of it.

    outside: 0 within 95 %, ±1 beyond 95 %, ±2 beyond 99.8 % of the limits with the spread; named: by the
    false discovery rate over all units. per_10k: what is not as it should be, per 10,000.
    """

    code: str
    name: str
    k: int
    n: int
    share: float
    low: float | None
    high: float | None
    z: float
    adjusted: float
    outside: int
    named: bool
    per_10k: float
    thin: bool


@dataclass(frozen=True)
class Limits:
    """A pair of limits over n: rows (n, low, high)."""

    level: float
    rows: tuple[tuple[float, float, float], ...]


@dataclass(frozen=True)
class Plot:
    """A funnel: spots by distance, centre, limits by size alone and with the spread between units."""

    spots: tuple[Spot, ...]
    centre: float
    spread: funnel.Spread
    plain: tuple[Limits, ...]
    limits: tuple[Limits, ...]
    beyond_plain: int


@dataclass(frozen=True)
class Mixed:
    """A unit against what its mix of business lets expect: observed, expected, ratio and its interval."""

    code: str
    name: str
    observed: float
    expected: float
    ratio: float
    low: float
    high: float
    share: float
    crude: float


@dataclass(frozen=True)
class Mix:
    """Units by case mix, and the published coefficients: (stratum, expected share, facts)."""

    rows: tuple[Mixed, ...]
    coefficients: tuple[tuple[str, float, int], ...]


def rates() -> list[Definition]:
    """The indicators that are shares of facts, so that a funnel fits them."""
    return [d for d in queries.indicators() if d.kind in KINDS and d.unit == "%"]


def plot(actor: Actor, definition: Definition, unit: Unit, kind: str, period: Period) -> Plot | None:
    """The funnel of the units of a kind under a unit; None with fewer than two that have facts.

    Raises OutOfScope where the actor's scope does not reach below the unit.
    """
    ids = (definition.id, DISSATISFIED) if definition.id == SATISFIED else (definition.id,)
    answers = queries.measure(actor, Question(ids, unit.code, period, below=kind))
    known = [a for a in answers if a.indicator == definition.id and a.denominator]
    if len(known) < 2:
        return None
    poor = {a.unit: a.value for a in answers if a.indicator == DISSATISFIED}
    n = np.array([a.denominator or 0 for a in known], dtype=np.float64)
    k = np.minimum(np.array([a.numerator or 0 for a in known], dtype=np.float64), n)
    made = funnel.of_shares(k, n)
    chances = np.array([math.erfc(abs(z) / math.sqrt(2)) for z in made.adjusted])
    named = flags.discoveries(chances).named
    warn, alarm = made.outside(funnel.WARN), made.outside(funnel.ALARM)
    names = _names(actor, known)
    spots = [
        Spot(
            *(a.unit, names.get(a.unit, a.unit), int(k[i]), int(n[i]), float(k[i] / n[i]), a.low, a.high),
            *(float(made.z[i]), float(made.adjusted[i]), int(warn[i] + alarm[i]), bool(named[i])),
            _per_10k(definition, a, poor.get(a.unit)),
            int(n[i]) < definition.min_n,
        )
        for i, a in enumerate(known)
    ]
    spots.sort(key=lambda s: (-abs(s.adjusted), s.code))
    beyond = int(np.abs(made.outside(funnel.ALARM, adjusted=False)).sum())
    plain, wide = (_limits(n, made.centre, tau2) for tau2 in (0.0, made.spread.tau2))
    return Plot(tuple(spots), made.centre, made.spread, plain, wide, beyond)


def _names(actor: Actor, answers: Sequence[Answer]) -> dict[str, str]:
    found = units_for(actor).filter(code__in={a.unit for a in answers})
    return {unit.code: unit.title for unit in found}


def _per_10k(definition: Definition, answer: Answer, poor: float | None) -> float:
    """What speaks against a unit, per 10,000: the dissatisfied where they are counted, else the misses."""
    if poor is not None:
        return poor
    share = (answer.numerator or 0) / (answer.denominator or 1)
    return TEN_THOUSAND * (share if definition.direction == "down" else 1 - share)


def _limits(n: np.typing.NDArray[np.float64], centre: float, tau2: float) -> tuple[Limits, ...]:
    """Both limits on a grid from the smallest to the largest, closer where they bend."""
    low, high = max(1.0, float(n.min()) * 0.8), float(n.max()) * 1.05
    grid = np.geomspace(low, high, GRID)
    found = []
    for level in (funnel.WARN, funnel.ALARM):
        span = funnel.share_limits(grid, centre, level, tau2)
        rows = zip(
            grid.tolist(), np.atleast_1d(span.low).tolist(), np.atleast_1d(span.high).tolist(), strict=True
        )
        found.append(Limits(level, tuple(rows)))
    return tuple(found)


def mix(actor: Actor, definition: Definition, unit: Unit, kind: str, period: Period) -> Mix | None:
    """Units against the expected of their business; None where the facts know fewer than two businesses."""
    answers = queries.measure(actor, Question((definition.id,), unit.code, period, below=kind, by="business"))
    known = [a for a in answers if a.denominator]
    strata = sorted({a.by or "" for a in known})
    codes = sorted({a.unit for a in known})
    if len(strata) < 2 or len(codes) < 2:
        return None
    top, bottom = np.zeros((len(codes), len(strata))), np.zeros((len(codes), len(strata)))
    for a in known:
        at = codes.index(a.unit), strata.index(a.by or "")
        bottom[at] = a.denominator or 0
        top[at] = min(a.numerator or 0, a.denominator or 0)
    expected = top.sum(axis=0) / bottom.sum(axis=0)
    found = casemix.standardise(top, bottom, expected)
    names = _names(actor, known)
    rows = [
        Mixed(
            *(code, names.get(code, code), float(found.observed[i]), float(found.expected[i])),
            *(float(found.ratio[i]), float(found.low[i]), float(found.high[i]), float(found.share[i])),
            float(top[i].sum() / bottom[i].sum()),
        )
        for i, code in enumerate(codes)
    ]
    rows.sort(key=lambda row: (row.ratio, row.code))
    sizes: Mapping[str, int] = dict(zip(strata, bottom.sum(axis=0).astype(int).tolist(), strict=True))
    told = tuple((s, float(p), sizes[s]) for s, p in zip(strata, expected, strict=True))
    return Mix(tuple(rows), told)
