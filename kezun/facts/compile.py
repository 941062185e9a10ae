"""From states to SQL: a portable subset, with the few spellings that differ kept in a Dialect.

Every state is a 64-bit count or sum. Rows are placed in the tree by the day on which they happened, grouped
once, and nothing is divided here.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from kezun.facts.expression import quoted, text_literal

# Key of the breakdown per fact: an SQL expression that is never null. Nothing is 0 or the empty text.
KEYS = {
    "person": "coalesce(CAST({person} AS BIGINT), CAST(0 AS BIGINT))",
    "business": "coalesce({business}, '')",
    "class": "coalesce({class}, '')",
    "hour": "CAST({hour} AS BIGINT)",
    "weekday": "CAST({weekday} AS BIGINT)",
    "day": "{day}",
    "week": "CAST(date_trunc('week', {day}) AS DATE)",
    "month": "CAST(date_trunc('month', {day}) AS DATE)",
    "weekday_hour": "CAST({weekday} AS BIGINT) * 100 + CAST({hour} AS BIGINT)",
}
NO_KEY = "CAST(0 AS BIGINT)"
# An integer column made wide for sums: ordering and comparing it needs no width.
WIDENED = re.compile(r'CAST\(("\w+") AS BIGINT\)')


@dataclass(frozen=True)
class State:
    """One int64 to be computed per group.

    op: count, sum (of `value`), distinct (combinations of the columns `of`), quantile (the smallest `value`
    whose cumulative share is at least `p`; null where there is none), at_most (how many lie up to that).
    condition, value: SQL over the fact's columns, as in definitions.Measure. p: a decimal text, exact.
    """

    op: str
    condition: str
    value: str = ""
    of: tuple[str, ...] = ()
    p: str = ""


class Branch(NamedTuple):
    """The facts of `unit` on the days from `since` to `until` (both included) belong to `target`."""

    unit: int
    target: int
    since: dt.date
    until: dt.date


@dataclass(frozen=True)
class Selection:
    """Which facts: of one type, of days `since` to `until`, with columns equal to values (None: null).

    counted: SQL that leaves out facts which no indicator counts.
    """

    fact: str
    since: dt.date
    until: dt.date
    equal: tuple[tuple[str, int | str | None], ...] = ()
    counted: str = ""


@dataclass(frozen=True)
class Dialect:
    """What engines spell differently. `quantiles`: all of `ps` of a value in one aggregate, as an array."""

    quantiles: str = "percentile_disc([{ps}]) WITHIN GROUP (ORDER BY {value})"


def selection_sql(selection: Selection) -> str:
    """The condition that holds for the selected facts."""
    clauses = [f"{quoted('day')} BETWEEN DATE '{selection.since}' AND DATE '{selection.until}'"]
    for column, value in selection.equal:
        if value is None:
            clauses.append(f"{quoted(column)} IS NULL")
        elif isinstance(value, int):
            clauses.append(f"{quoted(column)} = {int(value)}")
        else:
            clauses.append(f"{quoted(column)} = {text_literal(value)}")
    if selection.counted:
        clauses.append(selection.counted)
    return " AND ".join(clauses)


@dataclass(frozen=True)
class Rows:
    """The rows of a question: a relation with the fact type's columns, what is selected, how it is placed.

    moved: whether some unit belongs only on some days, so that the day must be looked at. fan: to how many
    targets a unit belongs at most, where none moved (0: not known).
    """

    selection: Selection
    source: str
    by: str | None
    moved: bool
    fan: int = 0

    @property
    def key(self) -> str:
        """The place in the breakdown, of a row called f."""
        template = KEYS[self.by] if self.by else NO_KEY
        return template.format_map({column: f"f.{quoted(column)}" for column in COLUMNS})

    @property
    def selected(self) -> str:
        return f"(SELECT * FROM {self.source} WHERE {selection_sql(self.selection)}) AS f"

    def joined(self, relation: str) -> str:
        """The join of a relation with `unit` (and `day`) to where its rows belong."""
        day = f" AND {relation}.{quoted('day')} BETWEEN b.since AND b.until" if self.moved else ""
        return f"JOIN branches AS b ON b.unit = {relation}.{quoted('unit')}{day}"


def placed_sql(rows: Rows) -> str:
    """All selected facts with `target_` (where they belong) and `key_` (their place in the breakdown)."""
    return f"SELECT b.target AS target_, {rows.key} AS key_, f.* FROM {rows.selected} {rows.joined('f')}"


def base_sql(states: Sequence[State], rows: Rows) -> str:
    """Counts and sums per target and key: first per unit, then up the tree, so levels cost next to nothing.

    Columns s0, s1 … by the states' places in the sequence; other states have none.
    """
    additive = [(f"s{i}", _additive(s)) for i, s in enumerate(states) if s.op in {"count", "sum"}]
    unit = f"f.{quoted('unit')} AS {quoted('unit')}"
    day = f", f.{quoted('day')} AS {quoted('day')}" if rows.moved else ""
    first = "".join(f", {sql} AS {name}" for name, sql in additive)
    then = "".join(f", CAST(sum({name}) AS BIGINT) AS {name}" for name, _sql in additive)
    count = 3 if rows.moved else 2
    per_unit = (
        f"SELECT {unit}{day}, {rows.key} AS key_{first} FROM {rows.selected} "
        f"GROUP BY {', '.join(str(n + 1) for n in range(count))}"
    )
    return (
        f"SELECT b.target AS target_, p.key_ AS key_{then} FROM ({per_unit}) AS p {rows.joined('p')} "
        "GROUP BY b.target, p.key_"
    )


COLUMNS = ("person", "business", "class", "hour", "weekday", "day")


def states_sql(states: Sequence[State], rows: Rows, dialect: Dialect) -> tuple[list[tuple[str, str]], str]:
    """(name, query) of tables to be made one after another, then the query of target, key, each state.

    Groups without any fact do not appear. Tables and not subqueries: the engine then knows how many rows
    each has (guessing, it once built a join on ten million rows instead of fifteen thousand: 18 s, not 3).
    """
    quantiles = list(dict.fromkeys((s.value, s.condition) for s in states if s.op in {"quantile", "at_most"}))
    shares = {pair: _shares(states, pair) for pair in quantiles}
    counted = {(s.value, s.condition) for s in states if s.op == "at_most"}
    parts = [("base", base_sql(states, rows))]
    joins, columns = [], []
    for at, pair in enumerate(quantiles):
        parts.append((f"q{at}", _quantiles(pair, shares[pair], rows, dialect)))
        joins.append(f"q{at}")
        if pair in counted:
            parts += _ranks(at, pair, len(shares[pair]), rows)
            joins.append(f"r{at}")
    for index, state in enumerate(states):
        if state.op in {"count", "sum"}:
            columns.append(f"base.s{index}")
        elif state.op == "distinct":
            parts.append((f"d{index}", _distinct(state, f"({placed_sql(rows)}) AS placed")))
            joins.append(f"d{index}")
            columns.append(f"coalesce(d{index}.n, CAST(0 AS BIGINT))")
        else:
            at = quantiles.index((state.value, state.condition))
            place = shares[quantiles[at]].index(state.p) + 1
            quantile, rank = (
                f"CAST(q{at}.q[{place}] AS BIGINT)",
                f"coalesce(r{at}.n{place}, CAST(0 AS BIGINT))",
            )
            columns.append(quantile if state.op == "quantile" else rank)
    joined = "".join(f" LEFT JOIN {j} ON {j}.target_ = base.target_ AND {j}.key_ = base.key_" for j in joins)
    picked = ", ".join(["base.target_", "base.key_", *columns])
    return parts, f"SELECT {picked} FROM base{joined} ORDER BY base.target_, base.key_"


def _shares(states: Sequence[State], pair: tuple[str, str]) -> list[str]:
    return list(dict.fromkeys(s.p for s in states if s.p and (s.value, s.condition) == pair))


def _additive(state: State) -> str:
    if state.op == "count":
        return f"count(*) FILTER (WHERE {state.condition})"
    total = f"sum({state.value}) FILTER (WHERE {state.condition})"
    return f"CAST(coalesce({total}, 0) AS BIGINT)"


def _distinct(state: State, placed: str) -> str:
    columns = ", ".join(quoted(c) for c in state.of)
    rows = f"SELECT DISTINCT target_, key_, {columns} FROM {placed} WHERE {state.condition}"
    return f"SELECT target_, key_, count(*) AS n FROM ({rows}) AS once GROUP BY target_, key_"


def _values(pair: tuple[str, str], rows: Rows) -> str:
    """Only what a quantile is made of, so that little is carried up the tree: unit, day, key, value."""
    value, condition = pair
    plain = WIDENED.fullmatch(value)
    return (
        f"SELECT f.{quoted('unit')} AS {quoted('unit')}, f.{quoted('day')} AS {quoted('day')}, "
        f"{rows.key} AS key_, {plain[1] if plain else value} AS v FROM {rows.selected} WHERE {condition}"
    )


def _quantiles(pair: tuple[str, str], ps: Sequence[str], rows: Rows, dialect: Dialect) -> str:
    found = dialect.quantiles.format(ps=", ".join(ps), value="p.v")
    return (
        f"SELECT b.target AS target_, p.key_ AS key_, {found} AS q "
        f"FROM ({_values(pair, rows)}) AS p {rows.joined('p')} GROUP BY b.target, p.key_"
    )


def _ranks(at: int, pair: tuple[str, str], ps: int, rows: Rows) -> list[tuple[str, str]]:
    """How many values lie at or below each quantile.

    A second pass over the rows that does not carry them up the tree: each unit's values are counted against
    the bounds of all units above it at once, and the counts are carried up.
    """
    if rows.moved or not rows.fan:
        counts = ", ".join(f"count(*) FILTER (WHERE p.v <= q.q[{n}]) AS n{n}" for n in range(1, ps + 1))
        sql = (
            f"SELECT b.target AS target_, p.key_ AS key_, {counts} "
            f"FROM ({_values(pair, rows)}) AS p {rows.joined('p')} "
            f"JOIN q{at} AS q ON q.target_ = b.target AND q.key_ = p.key_ GROUP BY b.target, p.key_"
        )
        return [(f"r{at}", sql)]
    grid = [(place, n) for place in range(1, rows.fan + 1) for n in range(1, ps + 1)]
    unit = quoted("unit")
    bounds = ", ".join(f"max(q.q[{n}]) FILTER (WHERE b.place = {place}) AS m{place}_{n}" for place, n in grid)
    counts = ", ".join(f"count(*) FILTER (WHERE p.v <= m.m{place}_{n}) AS c{place}_{n}" for place, n in grid)
    summed = ", ".join(
        f"CAST(sum(CASE b.place {whens} END) AS BIGINT) AS n{n}"
        for n in range(1, ps + 1)
        for whens in [" ".join(f"WHEN {place} THEN c.c{place}_{n}" for place in range(1, rows.fan + 1))]
    )
    placed = "(SELECT *, row_number() OVER (PARTITION BY unit ORDER BY target) AS place FROM branches) AS b"
    bounded = (
        f"SELECT b.unit AS {unit}, q.key_, {bounds} FROM {placed} "
        f"JOIN q{at} AS q ON q.target_ = b.target GROUP BY b.unit, q.key_"
    )
    counted = (
        f"SELECT p.{unit} AS {unit}, p.key_, {counts} FROM ({_values(pair, rows)}) AS p "
        f"JOIN m{at} AS m ON m.{unit} = p.{unit} AND m.key_ = p.key_ GROUP BY p.{unit}, p.key_"
    )
    carried = (
        f"SELECT b.target AS target_, c.key_, {summed} FROM c{at} AS c "
        f"JOIN {placed} ON b.unit = c.{unit} GROUP BY b.target, c.key_"
    )
    return [(f"m{at}", bounded), (f"c{at}", counted), (f"r{at}", carried)]
