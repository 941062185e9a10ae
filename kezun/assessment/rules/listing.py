"""Red and black lists by probability, stars by thresholds: what the rules of a scheme say of one subject."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from kezun.assessment.rules.form import Condition, Listing, Star
from kezun.assessment.rules.lines import Figure

TOTAL = "total"
PEERS = {"peer_p90": 0.9, "peer_p75": 0.75, "peer_median": 0.5, "peer_p25": 0.25, "peer_p10": 0.1}


@dataclass(frozen=True)
class Standing:
    """What is known of one subject: the published total with its standard deviation, grade, vetoes, the
    smallest n
    behind what is ranked, and per component the figure."""

    total: Decimal
    sd: float
    grade: str = ""
    vetoes: int = 0
    n: int = 0
    figures: Mapping[str, Figure] = field(default_factory=dict)


@dataclass(frozen=True)
class Said:
    """One condition as it was found: `probability` where it is one of chance, the bound it was held
    against."""

    condition: Condition
    met: bool
    probability: float | None = None
    bound: float | None = None


@dataclass(frozen=True)
class Verdict:
    """Whether a list's rule is met, and by which conditions; probability: the smallest of those that were
    needed."""

    met: bool
    said: tuple[Said, ...]
    probability: float | None


def chance(mean: float, sd: float, op: str, bound: float) -> float:
    """P(value op bound) for a value known as normal(mean, sd); with sd 0 it is certain, bounds included."""
    if sd <= 0:
        met = {">=": mean >= bound, ">": mean > bound, "<=": mean <= bound, "<": mean < bound}[op]
        return 1.0 if met else 0.0
    below = 0.5 * math.erfc((mean - bound) / (sd * math.sqrt(2)))
    return below if op in ("<", "<=") else 1.0 - below


def judge(listing: Listing, subject: Standing, bounds: Mapping[tuple[str, str], float]) -> Verdict:
    """What a list says of a subject. bounds: (metric, ref) → value, for refs that are quantiles of the peers.

    A subject with fewer observations than the list asks for meets nothing.
    """
    said = tuple(_said(condition, subject, bounds) for condition in listing.conditions)
    enough = subject.n >= listing.min_n
    hits = [one.met for one in said]
    met = enough and bool(hits) and (all(hits) if listing.how == "all" else any(hits))
    known = [
        one.probability for one in said if one.probability is not None and (one.met or listing.how == "all")
    ]
    return Verdict(met, said, min(known) if known else None)


def _said(condition: Condition, subject: Standing, bounds: Mapping[tuple[str, str], float]) -> Said:
    if condition.veto:
        return Said(condition, (subject.vetoes > 0) == (condition.veto == "any"))
    if condition.grades:
        return Said(condition, subject.grade in condition.grades)
    bound = _bound(condition, bounds)
    known = _known(condition.metric, subject)
    if bound is None or known is None:
        return Said(condition, False, None, bound)
    p = chance(*known, condition.op, bound)
    return Said(condition, p >= float(condition.at_least), p, bound)


def _bound(condition: Condition, bounds: Mapping[tuple[str, str], float]) -> float | None:
    if condition.ref in PEERS:
        return bounds.get((condition.metric, condition.ref))
    return float(condition.ref)


def _known(metric: str, subject: Standing) -> tuple[float, float] | None:
    if metric == TOTAL:
        return float(subject.total), subject.sd
    figure = subject.figures.get(metric)
    if figure is None:
        return None
    value = figure.estimate if figure.estimate is not None else figure.value
    return None if value is None else (value, figure.sd or 0.0)


@dataclass(frozen=True)
class Record:
    """One period of a subject before stars are decided: total (None: not scored), points by component,
    vetoes."""

    total: Decimal | None
    rated: Mapping[str, Decimal]
    vetoes: int = 0


def stars(rules: tuple[Star, ...], periods: tuple[Record, ...], months: int) -> int:
    """The most stars that a subject meets: 0 where none. periods: the latest first; months: in the post.

    Every one of the last `periods` periods must reach the total and all floors, bounds included, and be free
    of
    vetoes where the rule says so.
    """
    met = [rule.stars for rule in rules if months >= rule.tenure_months and _held(rule, periods)]
    return max(met, default=0)


def _held(rule: Star, periods: tuple[Record, ...]) -> bool:
    if len(periods) < rule.periods:
        return False
    return all(_reached(rule, one) for one in periods[: rule.periods])


def _reached(rule: Star, one: Record) -> bool:
    if one.total is None or one.total < rule.least or (rule.no_veto and one.vetoes):
        return False
    floors = dict(rule.floors)
    return all(id in one.rated and one.rated[id] >= least for id, least in floors.items())


def months_between(start: dt.date, end: dt.date) -> int:
    """Whole months from a day to a day; 0 where the end lies before the start."""
    whole = (end.year - start.year) * 12 + end.month - start.month - (end.day < start.day)
    return max(0, whole)
