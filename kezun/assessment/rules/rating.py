"""Components of one subject: how each stands, and its points out of 100, before any weight."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

import msgspec

from kezun.assessment.rules.form import ZERO, Component, Transform
from kezun.assessment.rules.lines import Figure
from kezun.assessment.rules.transform import exact, points

# Many people have the same few estimates; of those that are all different, this many are remembered.
REMEMBERED = 4096


class Peer(NamedTuple):
    """What the scored peers of a group have in a component: mean points out of 100 and their spread."""

    mean: Decimal
    sd: float


class Rated(msgspec.Struct, frozen=True, gc=False):
    """A component for one subject: how it stands and its points out of 100."""

    component: Component
    state: str
    points: Decimal | None
    spread: float
    figure: Figure


def worth(transform: Transform) -> Callable[[float], Decimal]:
    """Points of an estimate by this transform, remembered."""

    @lru_cache(maxsize=REMEMBERED)
    def of(estimate: float) -> Decimal:
        return points(transform, exact(estimate))

    return of


def rate(
    one: Component, worth: Callable[[float], Decimal], figure: Figure, spread: float, peer: Peer | None
) -> Rated:
    """One component of one subject. worth: by the component's transform; spread: of the points."""
    if figure.gate and (shut := next((g for g in one.gates if g.indicator == figure.gate), None)):
        if shut.otherwise == "zero":
            return Rated(one, "gated_zero", ZERO, 0.0, figure)
        state = "gated"
    elif figure.estimate is None:
        state = "missing"
    elif figure.n < one.min_n:
        state = "below_min_n"
    else:
        return Rated(one, "scored", worth(figure.estimate), spread, figure)
    if one.missing == "peer_mean" and peer is not None:
        return Rated(one, "peer_mean", peer.mean, peer.sd, figure)
    return Rated(one, state, None, 0.0, figure)
