"""A submitted sheet as its page shows it: the score tree, each line in words, the points lost first."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from kezun.standards import answers as answering
from kezun.standards import rules, wording
from kezun.standards.messages import say_reason
from kezun.standards.models import Evidence, Sheet
from kezun.standards.rules.form import Criterion
from kezun.standards.rules.scoring import Line, Part


@dataclass(frozen=True)
class Shown:
    """A line of the score with the criterion it is of, why it earned what it earned, and what was noted."""

    line: Line
    criterion: Criterion
    why: str
    note: str
    pieces: Sequence[Evidence]

    @property
    def lost(self) -> Decimal:
        return self.line.lost

    @property
    def left_out(self) -> bool:
        return self.line.reason in ("not_applicable", "na_left_out")


@dataclass(frozen=True)
class ShownPart:
    """A module or an item with its sums and what is below it."""

    id: str
    title: str
    earned: Decimal
    applicable: Decimal
    parts: tuple[ShownPart, ...] = ()
    lines: tuple[Shown, ...] = ()


def result_of(row: Sheet, standard: rules.Standard) -> rules.Result:
    """The result with every line; its sums are those that were settled when the sheet was submitted."""
    given = answering.given_in(standard, row.answers)
    values = answering.indicators_of(row)
    return rules.evaluate(standard, given, tags=row.tags, indicators=values, method=row.method)


def shown_parts(
    row: Sheet, standard: rules.Standard, result: rules.Result, pieces: Mapping[str, Sequence[Evidence]]
) -> list[ShownPart]:
    """Modules with items with lines, in the reader's language; those beside the total last."""
    criteria = {c.id: c for c in standard.criteria()}

    def line(one: Line) -> Shown:
        note = str(row.answers.get(one.id, {}).get("note", ""))
        return Shown(one, criteria[one.id], why(criteria[one.id], one), note, pieces.get(one.id, ()))

    def part(one: Part) -> ShownPart:
        below = tuple(p for p in map(part, one.parts) if p.parts or p.lines)
        lines = tuple(line(x) for x in one.lines)
        return ShownPart(one.id, wording.named(one), one.earned, one.applicable, below, lines)

    found = (part(one) for one in (*result.parts, *result.beside))
    return [one for one in found if one.parts]


def why(criterion: Criterion, line: Line) -> str:
    """The reason in words, an option in the reader's language."""
    told: dict[str, Any] = dict(line.params)
    if "option" in told:
        told["option"] = wording.option_name(criterion, str(told["option"]))
    return say_reason(Line(line.id, line.earned, line.possible, line.reason, told))


def lines_of(parts: Sequence[ShownPart]) -> Iterator[Shown]:
    for one in parts:
        yield from one.lines
        yield from lines_of(one.parts)


def worst(parts: Sequence[ShownPart], most: int = 8) -> list[Shown]:
    """The lines that lost the most points, those alike in the order of the standard."""
    lost = [one for one in lines_of(parts) if one.lost > 0]
    return sorted(lost, key=lambda one: -one.lost)[:most]
