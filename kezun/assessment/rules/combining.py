"""One subject's score, in the order that docs/schemes.md lays down; every step leaves its line.

figures → gates and least numbers → points → weights of what is missing → weighted sum → deductions, each up
to its cap → additions, each up to its cap → limits of the total → rounding → grade by total and floors →
vetoes cap the grade. Where a period holds two editions, each judges its own days: weights count by days,
events by the edition of their day. What is limited is limited for the whole period: caps, «once», exposure,
the number of incidents behind a veto; floors are held against the mean over the days.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice
from typing import NamedTuple

from kezun.assessment.rules.adjusting import adjusted, incidents, vetoed
from kezun.assessment.rules.form import HUNDRED, ZERO, Component, Scheme
from kezun.assessment.rules.grading import capped, grade
from kezun.assessment.rules.lines import SETTLED, Event, Figure, Kept, Line, Result, check, rounded
from kezun.assessment.rules.transform import exact, most, points

ONE = Decimal(1)
COUNTED = ("scored", "peer_mean", "gated_zero")


class Peer(NamedTuple):
    """What the scored peers of a group have in a component: mean points out of 100 and their spread."""

    mean: Decimal
    sd: float


@dataclass(frozen=True)
class Part:
    """What one edition judges: its share of the period's days, and what is known of the subject on them.

    spreads: component → standard deviation of its points out of 100 (see transform.spread). exposures:
    indicator → value. vetoes: standards in one of whose inspections a veto was found.
    """

    scheme: Scheme
    figures: Mapping[str, Figure]
    spreads: Mapping[str, float] = field(default_factory=dict)
    peers: Mapping[str, Peer] = field(default_factory=dict)
    events: Sequence[Event] = ()
    exposures: Mapping[str, float] = field(default_factory=dict)
    vetoes: tuple[str, ...] = ()
    share: Decimal = ONE


class Rated(NamedTuple):
    """A component for one subject: how it stands and its points out of 100."""

    component: Component
    state: str
    points: Decimal | None
    spread: float
    figure: Figure


def combine(parts: Sequence[Part]) -> Result:
    """The result of one subject; the last part's edition gives base, limits, grades and rounding.

    Raises NotAdded where the lines do not add up to the score (a mistake of ours, never stored).
    """
    last = parts[-1].scheme
    rated = [_rated(part) for part in parts]
    shares, why = _shares(parts, rated)
    lines, variance = [Line("base", "base", last.version, last.base, last.base)] if last.base else [], 0.0
    for part, known, share in zip(parts, rated, shares, strict=True):
        own, spread = _weighted(part, known, share)
        lines += own
        variance += spread
    lines += _adjustments(parts)
    total = sum((line.points for line in lines), ZERO)
    limited = min(max(total, last.least), last.most)
    if limited != total:
        lines.append(Line("limit", "limit", last.version, limited - total, ZERO))
    score = None if why else rounded(limited, last.rounding)
    if score is not None and score != limited:
        lines.append(Line("rounding", "rounding", last.version, score - limited, ZERO))
    plain = Result(tuple(lines), score, None if why else limited, math.sqrt(variance), why=why)
    result = _graded(parts, rated, shares, plain)
    check(result)
    return result


def _rated(part: Part) -> list[Rated]:
    return [_rate(part, one) for one in part.scheme.components]


def _rate(part: Part, one: Component) -> Rated:
    figure = part.figures.get(one.id) or Figure()
    shut = next((g for g in one.gates if g.indicator == figure.gate), None)
    if shut and shut.otherwise == "zero":
        return Rated(one, "gated_zero", ZERO, 0.0, figure)
    if shut:
        state = "gated"
    elif figure.estimate is None:
        state = "missing"
    elif figure.n < one.min_n:
        state = "below_min_n"
    else:
        made = points(one.transform, exact(figure.estimate))
        return Rated(one, "scored", made, part.spreads.get(one.id, 0.0), figure)
    if one.missing == "peer_mean" and (peer := part.peers.get(one.id)) is not None:
        return Rated(one, "peer_mean", peer.mean, peer.sd, figure)
    return Rated(one, state, None, 0.0, figure)


def _shares(parts: Sequence[Part], rated: Sequence[Sequence[Rated]]) -> tuple[list[Decimal], str]:
    """Each part's share of the weighted sum, and why there is no score at all.

    A part in which nothing can be judged (an outlet that opened later) leaves its share to the others.
    """
    reasons = [_excluded(known) for known in rated]
    left = sum((p.share for p, why in zip(parts, reasons, strict=True) if not why), ZERO)
    if not left:
        return [ZERO] * len(parts), reasons[-1]
    return [ZERO if why else p.share / left for p, why in zip(parts, reasons, strict=True)], ""


def _excluded(known: Sequence[Rated]) -> str:
    for one in known:
        if one.points is None and one.component.missing == "exclude":
            return f"{one.state}:{one.component.id}"
    weighed = [one for one in known if one.component.weight]
    if weighed and all(one.points is None for one in weighed):
        return f"{weighed[0].state}:{weighed[0].component.id}"
    return ""


def _weighted(part: Part, known: Sequence[Rated], share: Decimal) -> tuple[list[Line], float]:
    """The lines of the components, and the variance of their sum."""
    counted = sum((one.component.weight for one in known if one.points is not None), ZERO)
    lines, variance = [], 0.0
    for one in known:
        weight = ZERO
        if one.points is not None and counted and share:
            weight = one.component.weight * HUNDRED / counted * share
        made = weight * (one.points or ZERO) / HUNDRED
        possible = weight * most(one.component.transform) / HUNDRED
        variance += (float(weight) * one.spread / 100) ** 2
        lines.append(
            Line(
                *("component", one.component.id, part.scheme.version, made, possible),
                weight=weight,
                rated=one.points,
                state=one.state,
                figure=one.figure,
                spread=one.spread,
            )
        )
    return lines, variance


def _adjustments(parts: Sequence[Part]) -> list[Line]:
    """Deductions of all parts, then additions; an incident counts once over all of them."""
    seen: set[str] = set()
    lines: list[Line] = []
    for sign in (-1, 1):
        used: dict[str, Decimal] = {}
        for part in parts:
            rules = part.scheme.deductions if sign < 0 else part.scheme.additions
            exposures = {id: math.fsum(p.exposures.get(id, 0.0) for p in parts) for id in part.exposures}
            version = part.scheme.version
            lines += adjusted(
                *(rules, part.events, exposures), version=version, sign=sign, seen=seen, used=used
            )
    return lines


def _vetoes(parts: Sequence[Part]) -> list[tuple[str, ...]]:
    """Ids of the vetoes that hold, by part."""
    whole: dict[str, set[str]] = {}
    for part in parts:
        for rule in part.scheme.vetoes:
            whole.setdefault(rule.id, set()).update(incidents(rule, part.events))
    return [vetoed(part.scheme.vetoes, part.events, part.vetoes, whole) for part in parts]


def _rated_over(shares: Sequence[Decimal], rated: Sequence[Sequence[Rated]]) -> dict[str, Decimal]:
    """Component → points out of 100, the mean over the days on which it was scored."""
    found: dict[str, list[tuple[Decimal, Decimal]]] = {}
    for share, known in zip(shares, rated, strict=True):
        for one in known:
            if one.points is not None and share:
                found.setdefault(one.component.id, []).append((one.points, share))
    return {
        id: (
            sum((worth * share for worth, share in told), ZERO) / sum((share for _, share in told), ZERO)
        ).quantize(SETTLED)
        for id, told in found.items()
    }


def _graded(
    parts: Sequence[Part], rated: Sequence[Sequence[Rated]], shares: Sequence[Decimal], result: Result
) -> Result:
    """The result with grade, vetoes, numbers behind it and what is still pending."""
    last = parts[-1].scheme
    held_in = list(zip(parts, _vetoes(parts), strict=True))
    vetoes = tuple(dict.fromkeys(id for _part, ids in held_in for id in ids))
    caps = [v.grade_cap for p, ids in held_in for v in p.scheme.vetoes if v.id in ids and v.grade_cap]
    floors = _rated_over(shares, rated)
    plain = grade(last.grades, result.score, floors) if result.score is not None else ""
    held = capped(last.grades, plain, caps) if plain else ""
    return Result(
        *(result.lines, result.score, result.total, result.sd, held),
        capped=plain if plain != held else "",
        why=result.why,
        n=_least_n(last, rated),
        pending=sum(event.state == "pending" for line in result.lines for event in line.events),
        vetoes=vetoes,
        flags=tuple(dict.fromkeys(one.component.id for known in rated for one in known if one.figure.gate)),
        kept=tuple(
            Kept(p.scheme.version, p.share, tuple(p.events), dict(p.exposures), p.vetoes) for p in parts
        ),
    )


def _least_n(last: Scheme, rated: Sequence[Sequence[Rated]]) -> int:
    """The smallest number of observations behind the components that decide on ranking.

    0 where one of them is missing; where none decides, the smallest behind any that was scored.
    """
    behind: dict[str, int] = {}
    for known in rated:
        for one in known:
            n = one.figure.n if one.state == "scored" else 0
            behind[one.component.id] = behind.get(one.component.id, 0) + n
    if last.ranked_on:
        return min(behind.get(id, 0) for id in last.ranked_on)
    return min((n for n in behind.values() if n), default=0)


def rankable(scheme: Scheme, result: Result) -> bool:
    """Whether enough is known of a subject to rank it; whoever has a score, where no component decides."""
    return result.score is not None and (not scheme.ranked_on or result.n >= scheme.ranking.min_n)


def parts_of(result: Result, schemes: Sequence[Scheme]) -> list[Part]:
    """What a stored result was made of, to be combined anew, perhaps under schemes with other numbers.

    schemes: those of its parts, in their order.
    """
    made = []
    # Part by part, as combine() wrote them: two parts may have one version (an edition that came back).
    left = iter([x for x in result.lines if x.kind == "component"])
    for scheme, kept in zip(schemes, result.kept, strict=True):
        mine = list(islice(left, len(scheme.components)))
        filled = [x for x in mine if x.state == "peer_mean" and x.rated is not None]
        made.append(
            Part(
                scheme,
                {x.id: x.figure or Figure() for x in mine},
                {x.id: x.spread for x in mine},
                {x.id: Peer(x.rated or ZERO, x.spread) for x in filled},
                kept.events,
                kept.exposures,
                kept.vetoes,
                kept.share,
            )
        )
    return made
