"""From an indicator's numbers to what estimates are made of: is it a share, a rate of events, a mean?"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from kezun.assessment.rules.estimating import Measured
from kezun.facts import around
from kezun.facts.definitions import Definition
from kezun.facts.vectors import Vector

SHARES = ("ratio", "coverage")
# How runs are computed now; each says by which method it was made, and is repeated by that one. The first
# - counted an inspection or a merit of nested subjects (heads above one another) as often as there were such,
# - did not know how much the facts behind a mean or a quantile differ,
# - learned of peers only as far as a search went (`shrinkage.fit`), and squared by the C library
#   (`combining.powered`): on another kind of processor its runs may differ in late digits.
METHOD = 2


def known(definition: Definition, vector: Vector, method: int = METHOD) -> Measured:
    """What is known of all subjects by one indicator."""
    plain = _plainly(definition, vector)
    return plain if method == 1 else _spread(definition, plain, vector)


def _plainly(definition: Definition, vector: Vector) -> Measured:
    """As the first method took it: no spread of means, and points by points like events by exposure."""
    share = definition.kind in SHARES and not bool(np.any(vector.numerator > vector.denominator))
    return Measured(
        *(vector.value, vector.numerator, vector.denominator, vector.n, definition.scale),
        share=share,
        rate=definition.kind == "rate" or (definition.kind in SHARES and not share),
    )


def _spread(definition: Definition, plain: Measured, vector: Vector) -> Measured:
    """The same with how much the facts behind means and quantiles differ."""
    deviations = vector.deviations
    if deviations is None:
        events = plain.rate and (definition.kind != "rate" or around.counts_events(definition))
        bounds = around.bounds(definition) if vector.error is not None else plain.bounds
        return replace(plain, rate=events, error=vector.error, bounds=bounds)
    scale, bounds = definition.scale, around.bounds(definition)
    if definition.kind == "nps":
        scale, bounds = 100, (-100.0, 100.0)
    return replace(plain, within=deviations * float(scale * scale), bounds=bounds)
