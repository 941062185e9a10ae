"""Numbers of many units or people at once, as arrays: for computations that need all and keep none.

Answers (`queries.measure`) are for people: each says all there is to say, and is cached. Here stand the same
indicators over the same files for whole populations, without limits of scope: only rooms that compute for
the bank itself (runs of an assessment) may call it.
"""

from __future__ import annotations

import ast
import datetime as dt
import hashlib
import math
import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
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
Exact = npt.NDArray[np.object_]
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
    """One indicator of many groups, arrays of one length: value (nan: none), whole numbers behind it, n.

    squares: of a mean or an NPS the sum of the squares of what was added up to the numerator, and how many
    that were (`counted`); Python's own numbers, as they may need 128 bits. error: of a quantile its standard
    error, nan where it is not known, if it was asked for.
    """

    value: Array
    numerator: Whole
    denominator: Whole
    n: Whole
    squares: Exact | None = None
    counted: Whole | None = None
    error: Array | None = None

    @property
    def deviations(self) -> Array | None:
        """Σ (value − mean)² of what was added up, before any scale; nan where other rows are counted below
        than are added up above, and where there are none. None for kinds other than a mean and an NPS."""
        if self.squares is None or self.counted is None:
            return None
        found = [
            (n * square - total * total) / n if n and n == whole else math.nan
            for n, total, square, whole in zip(
                self.counted.tolist(),
                self.numerator.tolist(),
                self.squares,
                self.denominator.tolist(),
                strict=True,
            )
        ]
        return np.array(found, dtype=np.float64)


class Column(NamedTuple):
    """One state of many groups, 0 where there is none, and where there is one; `exact` for squares."""

    number: Whole
    known: npt.NDArray[np.bool_]
    exact: Exact | None = None


def vectors(
    ids: Iterable[str],
    named: Mapping[str, Definition],
    span: Span,
    groups: Sequence[Group],
    errors: bool = False,
) -> dict[str, Vector]:
    """The indicators `ids` for each of `groups` (target, key), in their order; one pass per fact type.

    named: definitions by id, those in formulas too. Values equal those of `queries.measure` to the last bit.
    errors: look for the standard errors of quantiles too, which costs two more values for each of them.
    KeyError for an indicator that is not named; ValueError for a distribution.
    """
    asked = list(dict.fromkeys(ids))
    parts = {part: named[part] for id in asked for part in parts_of(id, named)}
    wanted: dict[str, list[State]] = {}
    for definition in parts.values():
        if definition.kind == "distribution":
            raise ValueError(f"{definition.id}: a distribution has no single value")
        for fact, state in _needed(definition, errors).values():
            if state not in wanted.setdefault(fact, []):
                wanted[fact].append(state)
    index = {group: at for at, group in enumerate(groups)}
    columns: dict[tuple[str, State], Column] = {}
    for fact, states in wanted.items():
        columns |= {(fact, state): column for state, column in _columns(fact, states, span, index)}
    made = {id: _figures(definition, columns, errors) for id, definition in parts.items()}
    return {id: _of(id, named, made) for id in asked}


def parts_of(id: str, named: Mapping[str, Definition]) -> list[str]:
    """The indicators under a formula that hold facts, at any depth; the indicator itself otherwise."""
    if named[id].kind != "formula":
        return [id]
    below = [part for name in formula_names(named[id].formula) for part in parts_of(name, named)]
    return list(dict.fromkeys(below))


def _needed(definition: Definition, errors: bool) -> dict[str, tuple[str, State]]:
    """The states of an indicator, with those that stand one standard deviation of its rank beside a
    quantile."""
    found = needed(definition)
    if errors and definition.kind == "quantile":
        fact, state = found["value"]
        found |= {"below": (fact, replace(state, sds=-1)), "above": (fact, replace(state, sds=1))}
    return found


def _columns(
    fact: str, states: Sequence[State], span: Span, index: Mapping[Group, int]
) -> list[tuple[State, Column]]:
    """Each state of a fact type for all groups; squares also as they are, for they may need 128 bits."""
    found = engine().states(_selection(fact, span), _files(fact, span), span.tree, states, span.by)
    places = [index[group] for group in found if group in index]
    rows = [values for group, values in found.items() if group in index]
    wide = [at for at, state in enumerate(states) if state.op == "squares"]
    exact = {at: np.zeros(len(index), dtype=object) for at in wide}
    made = np.zeros((len(index), len(states)), dtype=np.int64)
    known = np.zeros(made.shape, dtype=bool)
    if rows:
        for at in wide:
            exact[at][places] = [row[at] for row in rows]
        narrow = [at for at in range(len(states)) if at not in exact]
        made[np.ix_(places, narrow)] = _plain(rows, narrow, _sparse(states), bool(wide))
        known[places] = [[v is not None for v in row] for row in rows] if _sparse(states) else True
    return [(state, Column(made[:, at], known[:, at], exact.get(at))) for at, state in enumerate(states)]


def _plain(rows: Sequence[Sequence[int | None]], narrow: Sequence[int], sparse: bool, wide: bool) -> Whole:
    """The states that fit into 64 bits, 0 where there is none; of 200,000 people each way takes its time."""
    if sparse:
        return np.array([[row[at] or 0 for at in narrow] for row in rows], dtype=np.int64)
    # Beside squares there are always the sum and the count, so that each row stays a tuple.
    return np.array(list(map(operator.itemgetter(*narrow), rows)) if wide else rows, dtype=np.int64)


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
        return pa.Table.from_batches([], schema=FACT_TYPES[fact].arrow_schema)
    selection = _selection(fact, span)
    _total, table = engine().rows(selection, files, span.tree, selection.counted or "TRUE", 0, None)
    return table


def content(fact: str, snapshot: int, since: dt.date, until: dt.date) -> str:
    """The sha256 over the files of a snapshot that may hold facts of these days: what was read."""
    listed = store.listed(fact, snapshot).filter(max_day__gte=since, min_day__lte=until) if snapshot else None
    hashes = sorted(listed.values_list("sha256", flat=True)) if listed is not None else []
    return hashlib.sha256("\n".join(hashes).encode()).hexdigest()


def _figures(definition: Definition, columns: Mapping[tuple[str, State], Column], errors: bool) -> Vector:
    """One indicator from its states, by the rules of `answers`."""
    read = {role: columns[fact, state] for role, (fact, state) in _needed(definition, errors).items()}
    n, scale = read["n"].number, definition.scale
    if definition.kind == "nps":
        difference = read["promoters"].number - read["detractors"].number
        squares = (read["promoters"].number + read["detractors"].number).astype(object)
        return Vector(_quotient(difference, n, 100), difference, n, n, squares, n)
    top = read["top"].number
    if definition.kind in {"count", "distinct"}:
        return Vector((top * scale).astype(np.float64), top, np.zeros_like(top), n)
    if definition.kind == "quantile":
        value = read["value"]
        error = _beside(read["below"], read["above"]) * scale if errors else None
        return Vector(np.where(value.known, value.number * scale, np.nan), top, n, n, error=error)
    bottom = read["bottom"].number
    quotient = _quotient(top, bottom, scale)
    if "squares" not in read:
        return Vector(quotient, top, bottom, n)
    return Vector(quotient, top, bottom, n, read["squares"].exact, read["values"].number)


def _beside(below: Column, above: Column) -> Array:
    """Half the difference between the values one standard deviation of the rank below and above a quantile;
    nan where there are too few facts for one of them."""
    return np.where(below.known & above.known, (above.number - below.number) / 2, np.nan)


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
