"""From an estimate to points out of 100: exactly for one subject, and as floats for many at once.

The exact way is the one that counts; the other draws peers and uncertainty, and a test holds them together.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from decimal import Decimal
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from kezun.assessment.rules.form import HUNDRED, ZERO, Transform

Array = npt.NDArray[np.float64]
COMPARED: dict[str, Callable[[Any, Any], Any]] = {
    ">=": operator.ge,
    ">": operator.gt,
    "<=": operator.le,
    "<": operator.lt,
}
NANO = 1_000_000_000
BEYOND = {">": Decimal(1).scaleb(-9), "<": Decimal(-1).scaleb(-9)}  # a tick of `exact` past a bound


def exact(value: float) -> Decimal:
    """An estimate as an exact number, to nine decimals: what lies beyond is noise of the last bit."""
    return Decimal(round(value * NANO)).scaleb(-9)


def points(transform: Transform, value: Decimal) -> Decimal:
    """Points out of 100 (0 … 100, up to 100 × cap for a ratio) of an estimate."""
    if transform.kind == "bands":
        return _banded(transform, value)
    if transform.kind == "ratio_to_target":
        return _ratio(transform, value)
    return _between(transform.points, value)


def _between(corners: tuple[tuple[Decimal, Decimal], ...], value: Decimal) -> Decimal:
    if value <= corners[0][0]:
        return corners[0][1]
    for (x0, y0), (x1, y1) in pairwise(corners):
        if value <= x1:
            return y0 + (value - x0) * (y1 - y0) / (x1 - x0)
    return corners[-1][1]


def _ratio(transform: Transform, value: Decimal) -> Decimal:
    most = HUNDRED * transform.cap
    if transform.down:
        return most if value <= ZERO else min(most, HUNDRED * transform.target / value)
    return max(ZERO, min(most, HUNDRED * value / transform.target))


def _banded(transform: Transform, value: Decimal) -> Decimal:
    compare = COMPARED[transform.op]
    for bound, worth in transform.bands:
        if bound is None or compare(value, bound):
            return worth
    return ZERO


def most(transform: Transform) -> Decimal:
    """The most points that can be had."""
    return transform.most


def earning(transform: Transform, bound: Decimal) -> Decimal:
    """The nearest value that earns a corner or band: its bound, or where that is left out the next one."""
    return bound + BEYOND.get(transform.op, ZERO) if transform.kind == "bands" else bound


def best_value(transform: Transform) -> Decimal | None:
    """The first value that earns the most; None where a band without bound does."""
    if transform.kind == "ratio_to_target":
        return transform.target / transform.cap if transform.down else transform.target * transform.cap
    top = most(transform)
    if transform.kind == "bands":
        bound = next(bound for bound, worth in transform.bands if worth == top)
        return None if bound is None else earning(transform, bound)
    rising = transform.points[-1][1] >= transform.points[0][1]
    corners = transform.points if rising else tuple(reversed(transform.points))
    return next(x for x, worth in corners if worth == top)


def many(transform: Transform, values: Array) -> Array:
    """Points of many estimates, shape (n,), nan where there is none."""
    if transform.kind == "bands":
        found = np.full(len(values), np.nan)
        compare = COMPARED[transform.op]
        for bound, worth in reversed(transform.bands):
            holds = ~np.isnan(values) if bound is None else compare(values, float(bound))
            found = np.where(holds, float(worth), found)
        return np.where(np.isnan(values), np.nan, np.nan_to_num(found))
    if transform.kind == "ratio_to_target":
        top, target = float(HUNDRED * transform.cap), float(transform.target)
        if transform.down:
            safe = np.where(values > 1e-9, values, 1.0)
            return np.where(values > 1e-9, np.minimum(top, 100 * target / safe), values * 0 + top)
        return np.clip(100 * values / target, 0.0, top)
    xs, ys = zip(*((float(x), float(y)) for x, y in transform.points), strict=True)
    return np.where(np.isnan(values), np.nan, np.interp(np.nan_to_num(values), xs, ys))


def spread(transform: Transform, values: Array, sd: Array) -> Array:
    """The standard deviation of points, shape (n,): half the difference of points one sd below and above.

    A difference over the whole spread and not a slope at the point, so that a corner or a band's edge nearby
    is felt; nan in gives nan.
    """
    step = np.maximum(sd, 1e-12)
    return np.abs(many(transform, values + step) - many(transform, values - step)) / 2
