"""The 95 % interval around each value, by the kind of indicator: what the facts leave open.

All take and give one entry per group, ends in the indicator's own unit, None where nothing can be said. Which
method stands for what, and where it ends: docs/statistics.md. Facts are taken as independent of one another.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from kezun.facts.definitions import Definition
from kezun.facts.rules import standard_error, wilson
from kezun.facts.types import FACT_TYPES
from kezun.statistics import intervals
from kezun.statistics.distributions import Array

Floats = Sequence[float | None]
Ends = tuple[Floats, Floats]


def shares(top: Sequence[int], bottom: Sequence[int], scale: int) -> Ends:
    """Wilson's interval of each share; none where the part exceeds the whole."""
    spans = [wilson(part, whole) if part <= whole else None for part, whole in zip(top, bottom, strict=True)]
    return [span and span[0] * scale for span in spans], [span and span[1] * scale for span in spans]


def means(
    definition: Definition,
    top: Sequence[int],
    bottom: Sequence[int],
    counted: Sequence[int],
    squares: Sequence[int],
) -> Ends:
    """Student's t interval of each mean, within what its column allows.

    counted, squares: how many values were added up to `top`, and the sum of their squares. None where other
    rows are counted below than are added up above, and where nothing is known of the spread: fewer than two
    values, or all alike (`statistics.intervals.mean`).
    """
    errors = [
        standard_error(n, total, square) if n == whole else None
        for n, total, square, whole in zip(counted, top, squares, bottom, strict=True)
    ]
    if not any(errors):
        return [None] * len(top), [None] * len(top)
    size, scale = np.array(counted, dtype=np.float64), definition.scale
    middle = np.array(top, dtype=np.float64) / np.maximum(size, 1.0) * scale
    span = intervals.mean(middle, np.array(errors, dtype=np.float64) * scale, size)
    least, most = bounds(definition)
    return _plain(np.maximum(span.low, least)), _plain(np.minimum(span.high, most))


def bounds(definition: Definition) -> tuple[float, float]:
    """Between which values a mean or quantile must lie, by the bounds of the column that it is taken of."""
    top, scale = definition.numerator, definition.scale
    columns = FACT_TYPES[top.fact].all_columns if top and top.fact in FACT_TYPES else ()
    of = next((c for c in columns if top and (c.name,) == top.of), None)
    if of is None:
        return -math.inf, math.inf
    return (
        -math.inf if of.low is None else of.low * scale,
        math.inf if of.high is None else of.high * scale,
    )


def rates(definition: Definition, top: Sequence[int], bottom: Sequence[int]) -> Ends:
    """The exact Poisson interval of events by their exposure (Garwood); of sums of other things, none."""
    if not counts_events(definition) or not any(bottom):
        return [None] * len(top), [None] * len(top)
    exposed = np.array(bottom, dtype=np.float64)
    some = exposed > 0
    events = np.where(some, np.array(top, dtype=np.float64), 0.0)
    span = intervals.poisson_rate(events, exposed, per=definition.scale)
    return _plain(np.where(some, span.low, np.nan)), _plain(np.where(some, span.high, np.nan))


def counts_events(definition: Definition) -> bool:
    """Whether a rate is of events, each counted once, and not of added points or seconds."""
    return definition.numerator is not None and definition.numerator.op == "count"


def nps(difference: Sequence[int], promoters: Sequence[int], n: Sequence[int]) -> Ends:
    """The interval of an NPS by its standard error; none where all answers are of one sort."""
    found = [
        intervals.nps(above, above - apart, size) if size else None
        for apart, above, size in zip(difference, promoters, n, strict=True)
    ]
    told = [one if one is not None and one.error > 0 else None for one in found]
    return [one and one.low for one in told], [one and one.high for one in told]


def _plain(values: Array) -> Floats:
    return [None if value != value else value for value in values.tolist()]
