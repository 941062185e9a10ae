"""What would win lost points back: values to reach, and how many more cases that means."""

from __future__ import annotations

import math
from decimal import Decimal
from typing import NamedTuple

from kezun.assessment.rules.form import HUNDRED, Transform
from kezun.assessment.rules.lines import Figure
from kezun.assessment.rules.transform import BEYOND, best_value, earning, exact, points

# Differences below this are noise of the estimate, not a case more or less.
NOISE = 1e-9


class Step(NamedTuple):
    """An estimate to reach, and the points of the score that it would add. past: the value lies just beyond a
    bound that does not earn them itself."""

    value: Decimal
    gain: Decimal
    past: bool = False


def steps(transform: Transform, estimate: float, weight: Decimal) -> tuple[Step, ...]:
    """The next value at which more points begin or end, and the first that earns the most; none twice.

    weight: in force for the subject. Empty where the most is reached already.
    """
    now = exact(estimate)
    rated = points(transform, now)
    best = best_value(transform)
    past = transform.kind == "bands" and transform.op in BEYOND
    found: dict[Decimal, Step] = {}
    for value in (_next(transform, now, rated), best):
        gain = weight * (points(transform, value) - rated) / HUNDRED if value is not None else Decimal(0)
        if value is not None and gain > 0:
            found.setdefault(value, Step(value, gain, past))
    return tuple(found.values())


def _next(transform: Transform, now: Decimal, rated: Decimal) -> Decimal | None:
    """The nearest corner or bound that is worth more than what is had."""
    corners = [(x, worth) for x, worth in (transform.bands or transform.points) if x is not None]
    better = [earning(transform, x) for x, worth in corners if worth > rated]
    return min(better, key=lambda x: abs(x - now), default=None)


def cases(figure: Figure, value: Decimal, scale: int = 1) -> int | None:
    """How many more (below zero: fewer) of the figure's numerator would bring its estimate to `value`.

    The estimate follows the subject's own share with the weight `own`, so that own share has to move by
    (value − estimate) ÷ own. None where nothing is known, or no number of cases of this many would do.
    """
    if not figure.denominator or figure.numerator is None or figure.estimate is None or not figure.own:
        return None
    had = figure.numerator / figure.denominator
    wanted = had + (float(value) - figure.estimate) / scale / figure.own
    if not -NOISE <= wanted <= 1 + NOISE:
        return None
    exactly = wanted * figure.denominator
    rounded = math.ceil(exactly - NOISE) if wanted > had else math.floor(exactly + NOISE)
    return rounded - figure.numerator
