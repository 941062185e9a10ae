"""One subject's score, in the order that docs/schemes.md lays down; every step leaves its line.

figures → gates and least numbers → points → weights of what is missing → weighted sum → deductions, each up
to its cap → additions, each up to its cap → limits of the total → rounding → grade by total and floors →
vetoes cap the grade. Where a period holds two editions, each judges its own days: weights count by days,
events by the edition of their day. What is limited is limited for the whole period: caps, «once», exposure,
the number of incidents behind a veto; floors are held against the mean over the days.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import islice
from typing import NamedTuple

from kezun.assessment.rules.adjusting import adjusted, incidents, vetoed
from kezun.assessment.rules.form import HUNDRED, ZERO, Scheme, Veto
from kezun.assessment.rules.grading import capped, grade
from kezun.assessment.rules.lines import SETTLED, Event, Figure, Kept, Line, Result, check, rounded
from kezun.assessment.rules.rating import Peer, Rated, rate, worth
from kezun.assessment.rules.transform import most

ONE = Decimal(1)
NOTHING = Figure()


@dataclass(frozen=True, slots=True)
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


class Weight(NamedTuple):
    """What a component weighs for a subject, the most points it could then add, the weight as a float."""

    weight: Decimal
    possible: Decimal
    plain: float


def squared(value: float) -> float:
    """Its square: one multiplication, the same on every processor."""
    return value * value


def powered(value: float) -> float:
    """Its square by the C library's power, whose last bit is not the same on every processor: so the runs of
    the first method were made, and so they are repeated."""
    return value**2


class Edition:
    """A scheme, with what is the same for all whom it judges found once. square: of a spread."""

    def __init__(self, scheme: Scheme, square: Callable[[float], float] = squared) -> None:
        self.scheme, self.square = scheme, square
        self._weights: dict[tuple[Decimal, tuple[bool, ...]], list[Weight]] = {}

    def weights(self, share: Decimal, known: tuple[bool, ...]) -> list[Weight]:
        """The weights of its components where these are known; those of the others go to them."""
        found = self._weights.get((share, known))
        if found is None:
            found = self._weights[share, known] = list(self._weigh(share, known))
        return found

    def _weigh(self, share: Decimal, known: tuple[bool, ...]) -> Iterator[Weight]:
        pairs = list(zip(self.scheme.components, known, strict=True))
        counted = sum((one.weight for one, there in pairs if there), ZERO)
        for one, there in pairs:
            weight = one.weight * HUNDRED / counted * share if there and counted and share else ZERO
            yield Weight(weight, weight * most(one.transform) / HUNDRED, float(weight))


def combine(parts: Sequence[Part]) -> Result:
    """The result of one subject; the last part's edition gives base, limits, grades and rounding.

    Raises NotAdded where the lines do not add up to the score (a mistake of ours, never stored).
    """
    kept = [Kept(p.scheme.version, p.share, tuple(p.events), dict(p.exposures), p.vetoes) for p in parts]
    return combined([Edition(part.scheme) for part in parts], kept, [_rated(part) for part in parts])


def _rated(part: Part) -> list[Rated]:
    return [
        rate(
            *(one, worth(one.transform), part.figures.get(one.id) or NOTHING),
            *(part.spreads.get(one.id, 0.0), part.peers.get(one.id)),
        )
        for one in part.scheme.components
    ]


def combined(editions: Sequence[Edition], parts: Sequence[Kept], rated: Sequence[Sequence[Rated]]) -> Result:
    """As `combine`, for subject after subject: by each edition what it was told, and its components rated.

    editions are made once for all subjects; what one was told besides figures is kept with the result.
    """
    last = editions[-1].scheme
    shares, why = _shares(parts, rated)
    lines, variance = [Line("base", "base", last.version, last.base, last.base)] if last.base else [], 0.0
    for edition, known, share in zip(editions, rated, shares, strict=True):
        own, spread = _weighted(edition, known, share)
        lines += own
        variance += spread
    moved = _adjustments(editions, parts)
    lines += moved
    total = sum([line.points for line in lines], ZERO)
    limited = min(max(total, last.least), last.most)
    if limited != total:
        lines.append(Line("limit", "limit", last.version, limited - total, ZERO))
    score = None if why else rounded(limited, last.rounding)
    if score is not None and score != limited:
        lines.append(Line("rounding", "rounding", last.version, score - limited, ZERO))
    vetoes, caps = _vetoes(editions, parts)
    plain = grade(last.grades, score, _rated_over(last, shares, rated)) if score is not None else ""
    held = capped(last.grades, plain, caps) if plain else ""
    result = Result(
        *(tuple(lines), score, None if why else limited, math.sqrt(variance), held),
        capped=plain if plain != held else "",
        why=why,
        n=_least_n(last, rated),
        pending=sum([event.state == "pending" for line in moved for event in line.events]),
        vetoes=vetoes,
        flags=tuple(dict.fromkeys([x.component.id for known in rated for x in known if x.figure.gate])),
        kept=tuple(parts),
    )
    check(result)
    return result


def _shares(parts: Sequence[Kept], rated: Sequence[Sequence[Rated]]) -> tuple[list[Decimal], str]:
    """Each part's share of the weighted sum, and why there is no score at all.

    A part in which nothing can be judged (an outlet that opened later) leaves its share to the others.
    """
    reasons = [_excluded(known) for known in rated]
    left = sum([p.share for p, why in zip(parts, reasons, strict=True) if not why], ZERO)
    if not left:
        return [ZERO] * len(parts), reasons[-1]
    return [ZERO if why else p.share / left for p, why in zip(parts, reasons, strict=True)], ""


def _excluded(known: Sequence[Rated]) -> str:
    missing = [one for one in known if one.points is None]
    if not missing:
        return ""
    for one in missing:
        if one.component.missing == "exclude":
            return f"{one.state}:{one.component.id}"
    weighed = [one for one in known if one.component.weight]
    if weighed and all(one.points is None for one in weighed):
        return f"{weighed[0].state}:{weighed[0].component.id}"
    return ""


def _weighted(edition: Edition, known: Sequence[Rated], share: Decimal) -> tuple[list[Line], float]:
    """The lines of the components, and the variance of their sum."""
    version, square, variance = edition.scheme.version, edition.square, 0.0
    lines: list[Line] = []
    weights = edition.weights(share, tuple([one.points is not None for one in known]))
    for one, (weight, possible, plain) in zip(known, weights, strict=True):
        id, points, spread = one.component.id, one.points, one.spread
        made = weight * (points or ZERO) / HUNDRED
        variance += square(plain * spread / 100)
        lines.append(
            Line(
                "component",
                id,
                version,
                made,
                possible,
                weight,
                points,
                one.state,
                one.figure,
                (),
                None,
                spread,
            )
        )
    return lines, variance


def _adjustments(editions: Sequence[Edition], parts: Sequence[Kept]) -> list[Line]:
    """Deductions of all parts, then additions; an incident counts once over all of them."""
    seen: set[str] = set()
    lines: list[Line] = []
    for sign in (-1, 1):
        used: dict[str, Decimal] = {}
        for edition, part in zip(editions, parts, strict=True):
            scheme = edition.scheme
            rules = scheme.deductions if sign < 0 else scheme.additions
            if not rules:
                continue
            exposures = {id: math.fsum([p.exposures.get(id, 0.0) for p in parts]) for id in part.exposures}
            lines += adjusted(
                *(rules, part.events, exposures), version=scheme.version, sign=sign, seen=seen, used=used
            )
    return lines


def _vetoes(editions: Sequence[Edition], parts: Sequence[Kept]) -> tuple[tuple[str, ...], list[str]]:
    """Ids of the vetoes that hold in any part, and the grades that they cap."""
    if not any(part.events or part.vetoes for part in parts):
        return (), []
    whole: dict[str, set[str]] = {}
    for edition, part in zip(editions, parts, strict=True):
        for rule in edition.scheme.vetoes:
            whole.setdefault(rule.id, set()).update(incidents(rule, part.events))
    held: list[Veto] = []
    for edition, part in zip(editions, parts, strict=True):
        rules = edition.scheme.vetoes
        ids = vetoed(rules, part.events, part.vetoes, whole)
        held += [rule for rule in rules if rule.id in ids]
    return tuple(dict.fromkeys([rule.id for rule in held])), [v.grade_cap for v in held if v.grade_cap]


def _rated_over(
    last: Scheme, shares: Sequence[Decimal], rated: Sequence[Sequence[Rated]]
) -> dict[str, Decimal]:
    """Component → points out of 100, the mean over the days on which it was scored; those with floors."""
    wanted = last.floored
    found: dict[str, list[tuple[Decimal, Decimal]]] = {}
    for share, known in zip(shares, rated, strict=True) if wanted else ():
        for one in known:
            if one.component.id in wanted and one.points is not None and share:
                found.setdefault(one.component.id, []).append((one.points, share))
    return {
        id: (
            sum([worth * share for worth, share in told], ZERO) / sum([share for _, share in told], ZERO)
        ).quantize(SETTLED)
        for id, told in found.items()
    }


def _least_n(last: Scheme, rated: Sequence[Sequence[Rated]]) -> int:
    """The smallest number of observations behind the components that decide on ranking.

    0 where one of them is missing; where none decides, the smallest behind any that was scored.
    """
    behind: dict[str, int] = {}
    for known in rated:
        own = {one.component.id: one.figure.n if one.state == "scored" else 0 for one in known}
        behind = {id: behind.get(id, 0) + own.get(id, 0) for id in {**behind, **own}} if behind else own
    if last.ranked_on:
        return min([behind.get(id, 0) for id in last.ranked_on])
    return min([n for n in behind.values() if n], default=0)


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
