"""From states to SQL: a portable subset, with the few spellings that differ kept in a Dialect.

Every state is a 64-bit count or sum. Rows are placed in the tree by the day on which they happened, grouped
once, and nothing is divided here.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

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


@dataclass(frozen=True)
class Branch:
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

    quantiles: str = "percentile_disc([{ps}]) WITHIN GROUP (ORDER BY {value}) FILTER (WHERE {condition})"


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


def placed_sql(selection: Selection, source: str, by: str | None, moved: bool) -> str:
    """All selected facts with `target_` (where they belong) and `key_` (their place in the breakdown).

    source: relation with the fact type's columns. moved: whether some unit belongs only on some days, so that
    the day must be looked at; else the join is by unit alone.
    """
    template = KEYS[by] if by else NO_KEY
    key = template.format_map({column: f"f.{quoted(column)}" for column in COLUMNS})
    day = f" AND f.{quoted('day')} BETWEEN b.since AND b.until" if moved else ""
    return (
        f"SELECT b.target AS target_, {key} AS key_, f.* FROM (SELECT * FROM {source} "
        f"WHERE {selection_sql(selection)}) AS f JOIN branches AS b ON b.unit = f.{quoted('unit')}{day}"
    )


COLUMNS = ("person", "business", "class", "hour", "weekday", "day")


def states_sql(states: Sequence[State], placed: str, dialect: Dialect) -> str:
    """One query: target, key, then each state in order; groups without any fact do not appear."""
    quantiles = list(dict.fromkeys((s.value, s.condition) for s in states if s.op in {"quantile", "at_most"}))
    shares = {pair: _shares(states, pair) for pair in quantiles}
    base = ["target_", "key_"]
    columns = []
    joins = []
    parts = [f"placed AS ({placed})"]
    for index, pair in enumerate(quantiles):
        aggregate = dialect.quantiles.format(ps=", ".join(shares[pair]), value=pair[0], condition=pair[1])
        base.append(f"{aggregate} AS q{index}")
    for index, state in enumerate(states):
        if state.op in {"count", "sum"}:
            base.append(f"{_additive(state)} AS s{index}")
            columns.append(f"base.s{index}")
        elif state.op == "distinct":
            parts.append(f"d{index} AS ({_distinct(state)})")
            joins.append(f"d{index}")
            columns.append(f"coalesce(d{index}.n, CAST(0 AS BIGINT))")
        else:
            at = quantiles.index((state.value, state.condition))
            place = shares[quantiles[at]].index(state.p) + 1
            columns.append(f"base.q{at}[{place}]" if state.op == "quantile" else f"ranks.r{at}_{place}")
    parts.insert(1, f"base AS (SELECT {', '.join(base)} FROM placed GROUP BY target_, key_)")
    if any(s.op == "at_most" for s in states):
        parts.append(f"ranks AS ({_ranks(quantiles, shares)})")
        joins.append("ranks")
    joined = "".join(f" LEFT JOIN {j} ON {j}.target_ = base.target_ AND {j}.key_ = base.key_" for j in joins)
    picked = ", ".join(["base.target_", "base.key_", *columns])
    return f"WITH {', '.join(parts)} SELECT {picked} FROM base{joined} ORDER BY base.target_, base.key_"


def _shares(states: Sequence[State], pair: tuple[str, str]) -> list[str]:
    return list(dict.fromkeys(s.p for s in states if s.p and (s.value, s.condition) == pair))


def _additive(state: State) -> str:
    if state.op == "count":
        return f"count(*) FILTER (WHERE {state.condition})"
    total = f"sum({state.value}) FILTER (WHERE {state.condition})"
    return f"CAST(coalesce({total}, 0) AS BIGINT)"


def _distinct(state: State) -> str:
    columns = ", ".join(quoted(c) for c in state.of)
    rows = f"SELECT DISTINCT target_, key_, {columns} FROM placed WHERE {state.condition}"
    return f"SELECT target_, key_, count(*) AS n FROM ({rows}) AS once GROUP BY target_, key_"


def _ranks(quantiles: list[tuple[str, str]], shares: dict[tuple[str, str], list[str]]) -> str:
    """How many values lie at or below each quantile: a second, cheap pass over the same rows."""
    counts = [
        f"count(*) FILTER (WHERE {condition} AND {value} <= base.q{at}[{place + 1}]) AS r{at}_{place + 1}"
        for at, (value, condition) in enumerate(quantiles)
        for place in range(len(shares[value, condition]))
    ]
    return (
        f"SELECT base.target_, base.key_, {', '.join(counts)} FROM placed JOIN base "
        "ON placed.target_ = base.target_ AND placed.key_ = base.key_ GROUP BY base.target_, base.key_"
    )
