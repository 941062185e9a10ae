"""From definitions to the states they need, and from states back to answers. No engine, no database."""

from __future__ import annotations

import ast
import datetime as dt
import operator
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from kezun.facts.compile import State
from kezun.facts.definitions import Definition, Measure
from kezun.facts.engine import Group
from kezun.facts.questions import Answer
from kezun.facts.rules import Period, bin_labels, meets, quotient, wilson

Reader = Callable[[Group], int | None]
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
    return parts if bottom is None else {**parts, "bottom": (bottom.fact, _state(bottom))}


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
    groups: Mapping[str, Mapping[Group, tuple[int | None, ...]]]

    def keys(self, ids: Iterable[str]) -> dict[int, list[Any]]:
        """By target the places in the breakdown that hold facts of these indicators, in order."""
        found: dict[int, set[Any]] = {}
        for fact in {fact for id in ids for fact in self.plan.facts(id)}:
            for target, key in self.groups.get(fact, {}):
                found.setdefault(target, set()).add(key)
        return {target: sorted(keys) for target, keys in found.items()}

    def readers(self, id: str) -> dict[str, Reader]:
        """For each part of an indicator how to read it; counts and sums of nothing are 0, a quantile None."""
        return {
            role: _reader(self.groups.get(fact, {}), index, None if role == "value" else 0)
            for role, (fact, index) in self.plan.parts[id].items()
        }


def _reader(groups: Mapping[Group, tuple[int | None, ...]], index: int, nothing: int | None) -> Reader:
    def read(group: Group) -> int | None:
        states = groups.get(group)
        return states[index] if states else nothing

    return read


@dataclass(frozen=True, slots=True)
class Place:
    """Where and when an answer holds: unit code, label in the breakdown, period as written."""

    unit: str
    by: str | None
    period: str


# value, numerator, denominator, n, low, high of an Answer.
Figures = tuple[float | None, int | None, int | None, int, float | None, float | None]
Figure = Callable[[Group], Figures]
Answering = Callable[[Group, Place], list[Answer]]


def answering(definition: Definition, named: Mapping[str, Definition], computed: Computed) -> Answering:
    """How the answers of one indicator come about at a group: one, or one per bin of a distribution.

    All that does not differ between groups is settled here, once. named: all indicators by id, for formulas.
    """
    judged = _judged(definition)
    if definition.kind == "distribution":
        bins = [(role[4:], read) for role, read in computed.readers(definition.id).items() if role != "n"]
        whole = computed.readers(definition.id)["n"]

        def distributed(group: Group, place: Place) -> list[Answer]:
            n = whole(group) or 0
            counts = [(by, read(group)) for by, read in bins]
            return [
                judged(Place(place.unit, by, place.period), (quotient(m or 0, n), m, n, n, None, None))
                for by, m in counts
            ]

        return distributed
    figure = _figure(definition, named, computed)
    return lambda group, place: [judged(place, figure(group))]


def _judged(definition: Definition) -> Callable[[Place, Figures], Answer]:
    """Figures as an answer, held against the target where there are enough facts."""
    id, target, min_n = definition.id, definition.target, definition.min_n
    bound, op = (target.value, target.op) if target else (None, "")

    def judged(place: Place, figures: Figures) -> Answer:
        value, top, bottom, n, low, high = figures
        met = None if bound is None or value is None or n < min_n else meets(value, op, bound)
        return Answer(id, place.unit, place.by, place.period, value, top, bottom, n, low, high, bound, met)

    return judged


def _figure(definition: Definition, named: Mapping[str, Definition], computed: Computed) -> Figure:
    kind, scale = definition.kind, definition.scale
    if kind == "formula":
        return _formula(definition, named, computed)
    read = computed.readers(definition.id)
    n = read["n"]
    if kind == "nps":
        promoters, detractors = read["promoters"], read["detractors"]

        def score(group: Group) -> Figures:
            difference, count = (promoters(group) or 0) - (detractors(group) or 0), n(group) or 0
            return quotient(difference, count, 100), difference, count, count, None, None

        return score
    top = read["top"]
    if kind in {"count", "distinct"}:

        def counted(group: Group) -> Figures:
            found = top(group)
            return float((found or 0) * scale), found, None, n(group) or 0, None, None

        return counted
    if kind == "quantile":
        value = read["value"]

        def ranked(group: Group) -> Figures:
            found, count = value(group), n(group) or 0
            return None if found is None else float(found * scale), top(group), count, count, None, None

        return ranked
    return _divided(top, read["bottom"], n, scale, interval=kind in {"ratio", "coverage"})


def _divided(top: Reader, bottom: Reader, n: Reader, scale: int, *, interval: bool) -> Figure:
    def divided(group: Group) -> Figures:
        above, below = top(group), bottom(group) or 0
        part = above or 0
        span = wilson(part, below) if interval and part <= below else None
        low, high = (span[0] * scale, span[1] * scale) if span else (None, None)
        return quotient(part, below, scale), above, below, n(group) or 0, low, high

    return divided


def _formula(definition: Definition, named: Mapping[str, Definition], computed: Computed) -> Figure:
    """Value and the smallest n among its parts; None as soon as a part has none or the divisor is 0."""
    body = ast.parse(definition.formula, mode="eval").body
    found = {name: _figure(named[name], named, computed) for name in _names(body)}
    scale = definition.scale

    def formula(group: Group) -> Figures:
        figures = {name: figure(group) for name, figure in found.items()}
        value = _worked_out(body, {name: one[0] for name, one in figures.items()})
        smallest = min(one[3] for one in figures.values())
        return None if value is None else value * scale, None, None, smallest, None, None

    return formula


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
