"""Strata of the business mix: the same indicator for each kind of business and class of customer."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np

from kezun.assessment.owning import Asked, measured, span_of
from kezun.assessment.rules.estimating import Array, Measured
from kezun.facts.vectors import commonest

# The commonest values of a column stand for themselves, the others together for one stratum.
MOST = 12


@dataclass(frozen=True)
class Strata:
    """Numerators and denominators of a share by stratum, each of shape (subjects, strata).

    names: of each stratum its values, a dash where there is none; the last stratum, without a name, is what
    the named ones leave over, so that each row adds up to the whole.
    """

    names: tuple[tuple[str, ...], ...]
    top: Array
    bottom: Array

    def coefficients(self, expected: Array, scale: int) -> list[list[Any]]:
        """What is published of the strata that have cases: [names, the value expected of them, cases]."""
        sizes = [int(n) for n in self.bottom.sum(axis=0)]
        rows = zip(self.names, expected.tolist(), sizes, strict=True)
        return [[list(names), round(share * scale, 9), n] for names, share, n in rows if n > 0]


def stratified(asked: Asked, id: str, columns: tuple[str, ...], whole: Measured) -> Strata:
    """A share told apart by the commonest values of some columns."""
    values = list(map(tuple, product(*(_values(asked, id, column) for column in columns))))
    parts = [measured(asked.narrowed(equal), [id])[id] for equal in values]
    above, below = [p.numerator for p in parts], [p.denominator for p in parts]
    above.append(whole.numerator - sum(above, np.zeros_like(whole.numerator)))
    below.append(whole.denominator - sum(below, np.zeros_like(whole.denominator)))
    names = (*(tuple(value or "—" for _column, value in equal) for equal in values), ())
    return Strata(
        names, np.stack(above, axis=1).astype(np.float64), np.stack(below, axis=1).astype(np.float64)
    )


def _values(asked: Asked, id: str, column: str) -> list[tuple[str, str | None]]:
    """The commonest values of a column behind an indicator, by how often they occur."""
    definition = asked.named[id]
    fact = definition.denominator or definition.numerator
    if fact is None:
        return []
    span = span_of(asked, asked.since, asked.until, column)
    found = commonest(fact.fact, span)[:MOST]
    return [(column, value or None) for value in found]
