"""Numbers of many units or people at once, as arrays: for computations that need all and keep none.

Answers (`queries.measure`) are for people: each says all there is to say, and is cached. Here stand the same
indicators over the same files for whole populations, without limits of scope: only rooms that compute for
the bank itself (runs of an assessment) may call it.
"""

from __future__ import annotations

import ast
import datetime as dt
import hashlib
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from kezun.facts import store
from kezun.facts.answers import needed
from kezun.facts.compile import Branch, Selection, State
from kezun.facts.definitions import Definition
from kezun.facts.engine import Group, engine
from kezun.facts.expression import compile as compiled
from kezun.facts.indicators import formula_names
from kezun.facts.types import FACT_TYPES

Array = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]
Equal = tuple[tuple[str, int | str | None], ...]
OPERATE: dict[type[ast.operator], Callable[[Array, Array], Array]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
}


@dataclass(frozen=True)
class Span:
    """Which facts: of the days `since` to `until` (both included), in these snapshots, placed by `tree`.

    by: `person`, `business`, `class` or None. equal: columns that must have a value (None: none).
    """

    since: dt.date
    until: dt.date
    snapshots: Mapping[str, int]
    tree: Sequence[Branch]
    by: str | None = None
    equal: Equal = ()


@dataclass(frozen=True)
class Vector:
    """One indicator of many groups, arrays of one length: value (nan: none), whole numbers behind it, n."""

    value: Array
    numerator: Whole
    denominator: Whole
    n: Whole


class Column(NamedTuple):
    """One state of many groups, 0 where there is none, and where there is one."""

    number: Whole
    known: npt.NDArray[np.bool_]


def vectors(
    ids: Iterable[str], named: Mapping[str, Definition], span: Span, groups: Sequence[Group]
) -> dict[str, Vector]:
    """The indicators `ids` for each of `groups` (target, key), in their order; one pass per fact type.

    named: definitions by id, those in formulas too. Values equal those of `queries.measure` to the last bit.
    KeyError for an indicator that is not named; ValueError for a distribution.
    """
    asked = list(dict.fromkeys(ids))
    parts = {part: named[part] for id in asked for part in parts_of(id, named)}
    wanted: dict[str, list[State]] = {}
    for definition in parts.values():
        if definition.kind == "distribution":
            raise ValueError(f"{definition.id}: a distribution has no single value")
        for fact, state in needed(definition).values():
            if state not in wanted.setdefault(fact, []):
                wanted[fact].append(state)
    index = {group: at for at, group in enumerate(groups)}
    columns: dict[tuple[str, State], Column] = {}
    for fact, states in wanted.items():
        matrix, known = _matrix(fact, states, span, index)
        columns |= {(fact, state): Column(matrix[:, at], known[:, at]) for at, state in enumerate(states)}
    made = {id: _figures(definition, columns) for id, definition in parts.items()}
    return {id: _of(id, named, made) for id in asked}


def parts_of(id: str, named: Mapping[str, Definition]) -> list[str]:
    """The indicators under a formula that hold facts, at any depth; the indicator itself otherwise."""
    if named[id].kind != "formula":
        return [id]
    below = [part for name in formula_names(named[id].formula) for part in parts_of(name, named)]
    return list(dict.fromkeys(below))


def _matrix(
    fact: str, states: Sequence[State], span: Span, index: Mapping[Group, int]
) -> tuple[Whole, npt.NDArray[np.bool_]]:
    """The states of a fact type, shape (groups, states), and where there is one (quantiles of nothing)."""
    found = engine().states(_selection(fact, span), _files(fact, span), span.tree, states, span.by)
    made = np.zeros((len(index), len(states)), dtype=np.int64)
    places = [index[group] for group in found if group in index]
    rows = [values for group, values in found.items() if group in index]
    known = np.zeros(made.shape, dtype=bool)
    if rows:
        plain = [[0 if v is None else v for v in row] for row in rows] if _sparse(states) else rows
        made[places] = np.array(plain, dtype=np.int64)
        known[places] = [[v is not None for v in row] for row in rows] if _sparse(states) else True
    return made, known


def _sparse(states: Iterable[State]) -> bool:
    return any(state.op in {"quantile", "at_most"} for state in states)


def _selection(fact: str, span: Span) -> Selection:
    declared = FACT_TYPES[fact]
    columns = {c.name: c.kind for c in declared.all_columns}
    counted = compiled(declared.counted, columns) if declared.counted else ""
    return Selection(fact, span.since, span.until, span.equal, counted)


def _files(fact: str, span: Span) -> list[Path]:
    snapshot = span.snapshots.get(fact, 0)
    if not snapshot:
        return []
    units = {branch.unit for branch in span.tree}
    return store.files(fact, snapshot, since=span.since, until=span.until, units=units)


def rows(fact: str, span: Span) -> pa.Table:
    """The facts of one type that count, with all their columns, in order of time and key."""
    files = _files(fact, span)
    if not files or not span.tree:
        return FACT_TYPES[fact].arrow_schema.empty_table()
    selection = _selection(fact, span)
    _total, table = engine().rows(selection, files, span.tree, selection.counted or "TRUE", 0, None)
    return table


def content(fact: str, snapshot: int, since: dt.date, until: dt.date) -> str:
    """The sha256 over the files of a snapshot that may hold facts of these days: what was read."""
    listed = store.listed(fact, snapshot).filter(max_day__gte=since, min_day__lte=until) if snapshot else None
    hashes = sorted(listed.values_list("sha256", flat=True)) if listed is not None else []
    return hashlib.sha256("\n".join(hashes).encode()).hexdigest()


def _figures(definition: Definition, columns: Mapping[tuple[str, State], Column]) -> Vector:
    """One indicator from its states, by the rules of `answers`."""
    read = {role: columns[fact, state] for role, (fact, state) in needed(definition).items()}
    n, scale = read["n"].number, definition.scale
    if definition.kind == "nps":
        difference = read["promoters"].number - read["detractors"].number
        return Vector(_quotient(difference, n, 100), difference, n, n)
    top = read["top"].number
    if definition.kind in {"count", "distinct"}:
        return Vector((top * scale).astype(np.float64), top, np.zeros_like(top), n)
    if definition.kind == "quantile":
        value = read["value"]
        return Vector(np.where(value.known, value.number * scale, np.nan), top, n, n)
    bottom = read["bottom"].number
    return Vector(_quotient(top, bottom, scale), top, bottom, n)


def _quotient(top: Whole, bottom: Whole, scale: int) -> Array:
    """The product in whole numbers, then one division, as `rules.quotient`."""
    divisor = np.where(bottom == 0, 1, bottom)
    return np.where(bottom == 0, np.nan, (top * scale) / divisor)


def _of(id: str, named: Mapping[str, Definition], made: Mapping[str, Vector]) -> Vector:
    if named[id].kind != "formula":
        return made[id]
    below = {name: _of(name, named, made) for name in formula_names(named[id].formula)}
    values = _worked_out(ast.parse(named[id].formula, mode="eval").body, below) * named[id].scale
    n = np.min(np.stack([vector.n for vector in below.values()]), axis=0)
    nothing = np.zeros_like(n)
    return Vector(values, nothing, nothing, n)


def _worked_out(node: ast.expr, below: Mapping[str, Vector]) -> Array:
    if isinstance(node, ast.UnaryOp):
        return -_worked_out(node.operand, below)
    if isinstance(node, ast.BinOp):
        left, right = _worked_out(node.left, below), _worked_out(node.right, below)
        if isinstance(node.op, ast.Div):
            return np.where(right == 0, np.nan, left / np.where(right == 0, 1.0, right))
        return OPERATE[type(node.op)](left, right)
    if isinstance(node, ast.Constant):
        size = len(next(iter(below.values())).value)
        return np.full(size, float(node.value))  # type: ignore[arg-type]
    return below[ast.unparse(node)].value


def commonest(fact: str, span: Span) -> list[str]:
    """The values of the span's breakdown that occur, the commonest first ("": none)."""
    found = engine().states(
        _selection(fact, span), _files(fact, span), span.tree, [State("count", "TRUE")], span.by
    )
    total: dict[str, int] = {}
    for (_target, key), (count,) in found.items():
        total[key] = total.get(key, 0) + (count or 0)
    return sorted(total, key=lambda key: (-total[key], key))


def daily(fact: str, span: Span) -> dict[tuple[int, dt.date], int]:
    """How many facts of one type each target of `span.tree` has, by day; days without any are not there."""
    counted = State("count", "TRUE")
    found = engine().states(_selection(fact, span), _files(fact, span), span.tree, [counted], "day")
    return {(target, day): int(row[0] or 0) for (target, day), row in found.items()}
