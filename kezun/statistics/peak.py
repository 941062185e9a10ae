"""The last steps to the most likely pair of numbers, so that every processor arrives at the same one.

A search stops where its steps no longer pay, and where that is depends on the last bits of a processor's
arithmetic: on a flat likelihood the sixth digit does. Newton's steps go on until none is left to take; what
then still differs lies beyond the ninth digit, and five are kept (`shrinkage.steady`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

STEPS = 60
NEAR = 1e-13  # a step that moves the logarithms by less is the last one
NOISE = 1e-8  # steps below this that grow no shorter are the noise of the arithmetic
FURTHEST = 0.5
FLAT = 1e-12  # what bends less than this part of the other way counts as bending so much


class Slopes(NamedTuple):
    """First and second derivatives of a log-likelihood by two numbers a and b."""

    a: float
    b: float
    aa: float
    ab: float
    bb: float


def climbed(
    a: float, b: float, slopes: Callable[[float, float], Slopes], within: Callable[[float, float], bool]
) -> tuple[float, float]:
    """The pair above 0 at which the likelihood is highest, from one that is near it.

    Newton's method over (log a, log b); the pair as given where the likelihood cannot be followed. within:
    whether a pair is one that is looked for; the climb ends at the first that is not, and gives it.
    """
    x, y = float(np.log(a)), float(np.log(b))
    before = np.inf
    for _ in range(STEPS):
        step = _step(float(np.exp(x)), float(np.exp(y)), slopes)
        if step is None:
            return a, b
        x, y = x - step[0], y - step[1]
        length = max(abs(step[0]), abs(step[1]))
        if length < NEAR or (length < NOISE and length > before / 2):
            break
        if not within(float(np.exp(x)), float(np.exp(y))):
            break
        before = length
    return float(np.exp(x)), float(np.exp(y))


def _step(a: float, b: float, slopes: Callable[[float, float], Slopes]) -> tuple[float, float] | None:
    """What to take off the logarithms, by Newton, or uphill where the likelihood does not bend downwards all
    round; None where it has no slope that could be followed."""
    known = slopes(a, b)
    first, second = known.a * a, known.b * b
    across = known.ab * a * b
    over, under = known.aa * a * a + first, known.bb * b * b + second
    bend = over * under - across * across
    if not np.isfinite(bend) or not (over or under or across):
        return None
    if bend > 0 and over < 0:
        step = (first * under - second * across) / bend, (second * over - first * across) / bend
    else:
        bends, ways = np.linalg.eigh(np.array([[over, across], [across, under]]))
        firm = np.maximum(np.abs(bends), FLAT * np.abs(bends).max())
        up = ways @ (ways.T @ np.array([first, second]) / -firm)
        step = float(up[0]), float(up[1])
    longest = max(abs(step[0]), abs(step[1]))
    shorter = min(1.0, FURTHEST / longest) if longest else 1.0
    return step[0] * shorter, step[1] * shorter
