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

Values = Mapping[str, int | None]
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

    def keys(self, ids: Iterable[str], target: int) -> list[Any]:
        """The places in the breakdown that hold facts of these indicators under `target`, in order."""
        facts = {fact for id in ids for fact in self.plan.facts(id)}
        return sorted({key for fact in facts for at, key in self.groups.get(fact, {}) if at == target})

    def values(self, id: str, group: Group) -> Values:
        """The parts of an indicator at a group; counts and sums of nothing are 0, a quantile is None."""
        found: dict[str, int | None] = {}
        for role, (fact, index) in self.plan.parts[id].items():
            states = self.groups.get(fact, {}).get(group)
            found[role] = states[index] if states else (None if role == "value" else 0)
        return found


def answers(
    definition: Definition, named: Mapping[str, Definition], computed: Computed, group: Group, place: Place
) -> list[Answer]:
    """The answers of one indicator at one group: one, or one per bin of a distribution.

    named: all indicators by id, for formulas.
    """
    if definition.kind == "formula":
        value, n = _formula(definition, named, computed, group, place)
        return [place.answer(definition, value, None, None, n)]
    values = computed.values(definition.id, group)
    if definition.kind == "distribution":
        n = values["n"] or 0
        return [
            place.answer(definition, quotient(count or 0, n), count, n, n, by=role[4:])
            for role, count in values.items()
            if role.startswith("bin ")
        ]
    return [_single(definition, values, place)]


def _single(definition: Definition, values: Values, place: Place) -> Answer:
    n, top = values["n"] or 0, values.get("top")
    kind, scale = definition.kind, definition.scale
    if kind in {"count", "distinct"}:
        return place.answer(definition, float((top or 0) * scale), top, None, n)
    if kind == "quantile":
        found = values["value"]
        return place.answer(definition, None if found is None else float(found * scale), top, n, n)
    if kind == "nps":
        difference = (values["promoters"] or 0) - (values["detractors"] or 0)
        return place.answer(definition, quotient(difference, n, 100), difference, n, n)
    bottom = values["bottom"] or 0
    value = quotient(top or 0, bottom, scale)
    span = wilson(top or 0, bottom) if kind in {"ratio", "coverage"} and (top or 0) <= bottom else None
    low, high = (span[0] * scale, span[1] * scale) if span else (None, None)
    return place.answer(definition, value, top, bottom, n, low, high)


@dataclass(frozen=True)
class Place:
    """Where and when an answer holds: unit code, label in the breakdown, period."""

    unit: str
    by: str | None
    period: Period

    def answer(
        self,
        definition: Definition,
        value: float | None,
        numerator: int | None,
        denominator: int | None,
        n: int,
        low: float | None = None,
        high: float | None = None,
        by: str | None = None,
    ) -> Answer:
        """An answer at this place, held against the target where there are enough facts."""
        target = definition.target
        judged = target is not None and value is not None and n >= definition.min_n
        return Answer(
            indicator=definition.id,
            unit=self.unit,
            by=by if by is not None else self.by,
            period=self.period.label,
            value=value,
            numerator=numerator,
            denominator=denominator,
            n=n,
            low=low,
            high=high,
            target=target.value if target else None,
            met=meets(value, target.op, target.value) if judged and target and value is not None else None,
        )


def _formula(
    definition: Definition, named: Mapping[str, Definition], computed: Computed, group: Group, place: Place
) -> tuple[float | None, int]:
    """Value and the smallest n among its parts; None as soon as a part has none or the divisor is 0."""
    smallest: list[int] = []

    def worked_out(node: ast.expr) -> float | None:
        if isinstance(node, ast.Constant):
            return float(node.value)  # type: ignore[arg-type]
        if isinstance(node, ast.UnaryOp):
            inner = worked_out(node.operand)
            return None if inner is None else -inner
        if isinstance(node, ast.BinOp):
            left, right = worked_out(node.left), worked_out(node.right)
            if left is None or right is None or (isinstance(node.op, ast.Div) and right == 0):
                return None
            return ARITHMETIC[type(node.op)](left, right)
        part = named[ast.unparse(node)]
        if part.kind == "formula":
            value, n = _formula(part, named, computed, group, place)
        else:
            answer = _single(part, computed.values(part.id, group), place)
            value, n = answer.value, answer.n
        smallest.append(n)
        return value

    value = worked_out(ast.parse(definition.formula, mode="eval").body)
    return (None if value is None else value * definition.scale), min(smallest)


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
