"""From a total to a grade: the first whose least total and whose floors are met; vetoes cap it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal

from kezun.assessment.rules.form import Grade


def grade(grades: Sequence[Grade], score: Decimal, rated: Mapping[str, Decimal]) -> str:
    """The name of the grade, `` where none fits. rated: component → points out of 100; one that was not
    scored has no floor to miss."""
    return next((g.name for g in grades if _meets(g, score, rated)), "")


def _meets(one: Grade, score: Decimal, rated: Mapping[str, Decimal]) -> bool:
    if one.least is not None and score < one.least:
        return False
    return all(rated[id] >= floor for id, floor in one.floors if id in rated)


def capped(grades: Sequence[Grade], name: str, caps: Sequence[str]) -> str:
    """The grade under caps: the lowest of all named. Grades are listed from the best down."""
    order = [g.name for g in grades]
    return max((name, *caps), key=lambda each: order.index(each) if each in order else -1)
