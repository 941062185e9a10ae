"""From definitions to the states they need, and from states back to answers. No engine, no database."""

from __future__ import annotations

import ast
import datetime as dt
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from operator import sub
from typing import Any, NamedTuple

from kezun.facts import around
from kezun.facts.around import Floats
from kezun.facts.compile import State
from kezun.facts.definitions import Definition, Measure
from kezun.facts.engine import Group
from kezun.facts.questions import Answer
from kezun.facts.rules import Period, bin_labels, meets, quotient

# One int per state, None for a quantile of nothing.
States = tuple[int | None, ...]
ARITHMETIC: dict[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


def needed(definition: Definition) -> dict[str, tuple[str, State]]:
    """What an indicator needs, by the part it plays: (fact type, state). Empty for a formula."""
    top, bottom, kind = definition.numerator, definition.denominator, definition.kind
    if top is None:
        return {}
    if kind == "quantile":
        return {
            "value": (top.fact, State("quantile", top.condition, top.value, p=definition.p)),
            "top": (top.fact, State("at_most", top.condition, top.value, p=definition.p)),
            "n": _counted(top),
        }
    if kind == "distribution":
        return {**_bins(definition, top), "n": _counted(top)}
    if kind == "nps":
        high = f"{top.condition} AND {top.value} >= {definition.promoters_from}"
        low = f"{top.condition} AND {top.value} <= {definition.detractors_to}"
        return {
            "promoters": (top.fact, State("count", high)),
            "detractors": (top.fact, State("count", low)),
            "n": _counted(top),
        }
    parts = {"top": (top.fact, _state(top)), "n": _counted(bottom or top)}
    if bottom is None:
        return parts
    parts["bottom"] = (bottom.fact, _state(bottom))
    if kind == "mean" and top.fact == bottom.fact:
        parts |= {"values": _counted(top), "squares": (top.fact, State("squares", top.condition, top.value))}
    return parts


def _counted(measure: Measure) -> tuple[str, State]:
    return measure.fact, State("count", measure.condition)


def _state(measure: Measure) -> State:
    of = measure.of if measure.op == "distinct" else ()
    return State(measure.op, measure.condition, measure.value if measure.op == "sum" else "", of)


def _bins(definition: Definition, top: Measure) -> dict[str, tuple[str, State]]:
    bounds: list[tuple[int | None, int | None]] = list(
        zip((None, *definition.bins), (*definition.bins, None), strict=True)
    )
    made = {}
    for label, (low, high) in zip(bin_labels(definition.bins), bounds, strict=True):
        above = f" AND {top.value} > {low}" if low is not None else ""
        upto = f" AND {top.value} <= {high}" if high is not None else ""
        made[f"bin {label}"] = (top.fact, State("count", f"{top.condition}{above}{upto}"))
    return made


@dataclass
class Plan:
    """All states of several indicators, each once per fact type, and where each indicator finds its own."""

    states: dict[str, list[State]] = field(default_factory=dict)
    parts: dict[str, dict[str, tuple[str, int]]] = field(default_factory=dict)

    def add(self, definition: Definition) -> None:
        if definition.id in self.parts:
            return
        found = self.parts[definition.id] = {}
        for role, (fact, state) in needed(definition).items():
            known = self.states.setdefault(fact, [])
            if state not in known:
                known.append(state)
            found[role] = (fact, known.index(state))

    def facts(self, id: str) -> set[str]:
        """The fact types behind an indicator."""
        return {fact for fact, _index in self.parts[id].values()}


@dataclass(frozen=True)
class Computed:
    """The states of a plan per fact type and group, as an engine gave them."""

    plan: Plan
    groups: Mapping[str, Mapping[Group, States]]

    def keys(self, ids: Iterable[str]) -> dict[int, list[Any]]:
        """By target the places in the breakdown that hold facts of these indicators, in order."""
        found: dict[int, set[Any]] = {}
        for fact in {fact for id in ids for fact in self.plan.facts(id)}:
            for target, key in self.groups.get(fact, {}):
                found.setdefault(target, set()).add(key)
        return {target: sorted(keys) for target, keys in found.items()}


class Sheet:
    """The states of some groups, read by columns: a part of an indicator for all of them at once."""

    def __init__(self, computed: Computed, groups: Sequence[Group]) -> None:
        self._computed, self._groups = computed, groups
        self._rows: dict[str, list[States | None]] = {}
        self.nothing: Sequence[None] = [None] * len(groups)

    def numbers(self, id: str, role: str) -> list[int]:
        """A count or sum per group; of nothing 0."""
        fact, index = self._computed.plan.parts[id][role]
        return [(row[index] or 0) if row else 0 for row in self._of(fact)]

    def roles(self, id: str) -> Iterable[str]:
        """The parts of an indicator that there are."""
        return self._computed.plan.parts[id]

    def values(self, id: str) -> list[int | None]:
        """The value of a quantile per group; of nothing None."""
        fact, index = self._computed.plan.parts[id]["value"]
        return [row[index] if row else None for row in self._of(fact)]

    def _of(self, fact: str) -> list[States | None]:
        if fact not in self._rows:
            self._rows[fact] = list(map(self._computed.groups.get(fact, {}).get, self._groups))
        return self._rows[fact]


Counts = Sequence[int | None]


class Figures(NamedTuple):
    """What an indicator came to, one entry per group in each column; the columns are those of Answer."""

    value: Floats
    numerator: Counts
    denominator: Counts
    n: Sequence[int]
    low: Floats
    high: Floats


@dataclass(frozen=True)
class Places:
    """Where and when answers hold: unit code and label in the breakdown of each, the period as written."""

    units: Sequence[str]
    by: Sequence[str | None]
    period: str


def answers(
    definition: Definition, named: Mapping[str, Definition], sheet: Sheet, places: Places
) -> list[list[Answer]]:
    """The answers of one indicator: a list with one per group, or for a distribution one such list per bin.

    named: all indicators by id, for formulas.
    """
    if definition.kind != "distribution":
        return [_judged(definition, places, _figures(definition, named, sheet))]
    n, made = sheet.numbers(definition.id, "n"), []
    for name in bin_labels(definition.bins):
        inside = sheet.numbers(definition.id, f"bin {name}")
        share = list(map(quotient, inside, n))
        figures = Figures(share, inside, n, n, sheet.nothing, sheet.nothing)
        made.append(_judged(definition, Places(places.units, [name] * len(n), places.period), figures))
    return made


def _judged(definition: Definition, places: Places, figures: Figures) -> list[Answer]:
    """Figures as answers, held against the target where there are enough facts."""
    id, target, least = definition.id, definition.target, definition.min_n
    bound = target.value if target else None
    met: Iterable[bool | None] = repeat(None)
    if target is not None:
        op = target.op
        met = (
            None if value is None or n < least else meets(value, op, target.value)
            for value, n in zip(figures.value, figures.n, strict=True)
        )
    return list(
        map(Answer, repeat(id), places.units, places.by, repeat(places.period), *figures, repeat(bound), met)
    )


def _figures(definition: Definition, named: Mapping[str, Definition], sheet: Sheet) -> Figures:
    id, kind, scale, nothing = definition.id, definition.kind, definition.scale, sheet.nothing
    if kind == "formula":
        return _formula(definition, named, sheet)
    n = sheet.numbers(id, "n")
    if kind == "nps":
        difference = list(map(sub, sheet.numbers(id, "promoters"), sheet.numbers(id, "detractors")))
        value = list(map(quotient, difference, n, repeat(100)))
        return Figures(value, difference, n, n, *around.nps(difference, sheet.numbers(id, "promoters"), n))
    top = sheet.numbers(id, "top")
    if kind in {"count", "distinct"}:
        return Figures([float(count * scale) for count in top], top, nothing, n, nothing, nothing)
    if kind == "quantile":
        ranked = [None if value is None else float(value * scale) for value in sheet.values(id)]
        return Figures(ranked, top, n, n, nothing, nothing)
    bottom = sheet.numbers(id, "bottom")
    value = list(map(quotient, top, bottom, repeat(scale)))
    if kind == "mean":
        return Figures(value, top, bottom, n, *_around_means(definition, sheet, top, bottom))
    if kind == "rate":
        return Figures(value, top, bottom, n, *around.rates(definition, top, bottom))
    return Figures(value, top, bottom, n, *around.shares(top, bottom, scale))


def _around_means(
    definition: Definition, sheet: Sheet, top: Sequence[int], bottom: Sequence[int]
) -> tuple[Floats, Floats]:
    """None for a sum of one type of fact over the number of another: that is not a mean of values."""
    if "squares" not in sheet.roles(definition.id):
        return sheet.nothing, sheet.nothing
    counted, squares = (sheet.numbers(definition.id, role) for role in ("values", "squares"))
    return around.means(definition, top, bottom, counted, squares)


def _formula(definition: Definition, named: Mapping[str, Definition], sheet: Sheet) -> Figures:
    """Value and the smallest n among its parts; None as soon as a part has none or the divisor is 0."""
    body, scale, nothing = ast.parse(definition.formula, mode="eval").body, definition.scale, sheet.nothing
    parts = {name: _figures(named[name], named, sheet) for name in _names(body)}
    rows = zip(*(part.value for part in parts.values()), strict=True)
    found = [_worked_out(body, dict(zip(parts, row, strict=True))) for row in rows]
    value = [None if one is None else one * scale for one in found]
    smallest = [min(several) for several in zip(*(part.n for part in parts.values()), strict=True)]
    return Figures(value, nothing, nothing, smallest, nothing, nothing)


def _names(node: ast.expr) -> dict[str, None]:
    """The ids that a formula names, in its order."""
    if isinstance(node, ast.UnaryOp):
        return _names(node.operand)
    if isinstance(node, ast.BinOp):
        return _names(node.left) | _names(node.right)
    return {} if isinstance(node, ast.Constant) else {ast.unparse(node): None}


def _worked_out(node: ast.expr, values: Mapping[str, float | None]) -> float | None:
    if isinstance(node, ast.Constant):
        return float(node.value)  # type: ignore[arg-type]
    if isinstance(node, ast.UnaryOp):
        inner = _worked_out(node.operand, values)
        return None if inner is None else -inner
    if isinstance(node, ast.BinOp):
        left, right = _worked_out(node.left, values), _worked_out(node.right, values)
        if left is None or right is None or (isinstance(node.op, ast.Div) and right == 0):
            return None
        return ARITHMETIC[type(node.op)](left, right)
    return values[ast.unparse(node)]


def label(by: str, key: Any, people: Mapping[int, str]) -> str:
    """How a key of the breakdown is written: staff number, text, `09`, `1-09`, `2026-03-01`, `2026-W10`."""
    if by == "person":
        return people.get(key, "") if key else ""
    if by == "hour":
        return f"{key:02d}"
    if by == "weekday_hour":
        return f"{key // 100}-{key % 100:02d}"
    if by == "week" and isinstance(key, dt.date):
        return Period.of(key, "week").label
    if by == "month" and isinstance(key, dt.date):
        return Period.of(key, "month").label
    return str(key)
