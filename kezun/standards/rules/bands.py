"""From a total to a rating, where the worst single score may hold the rating down."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction

from kezun.standards.rules.form import Scale


def rating_of(scale: Scale, total: Fraction, losses: Iterable[Decimal]) -> str | None:
    """The first band whose bound the total keeps, and whose `worst` no single criterion's loss exceeds.

    None where the scale has no bands. The rating is not a function of the total alone: 15 demerits in one
    place may rate lower than 20 in two.
    """
    most_lost = max(losses, default=Decimal(0))
    for band in scale.bands:
        if band.worst is not None and most_lost > band.worst:
            continue
        bound = None if band.bound is None else Fraction(band.bound)
        if bound is None or (total >= bound if scale.kind == "points" else total <= bound):
            return band.name
    return None
