"""From states to SQL: a portable subset, with the few spellings that differ kept in a Dialect.

Every state is a whole number, a count or a sum: of 64 bits, squares of 128. Rows are placed in the tree by
the day on which they happened, grouped once, and nothing is divided here.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
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
PRESENT = re.compile(rf"{WIDENED.pattern} IS NOT NULL")
# Up to so many conditions are tried once per row for all states; more would make too many groups.
FEW = 8
ADDITIVE = frozenset(("count", "sum", "squares"))


@dataclass(frozen=True)
class State:
    """One whole number to be computed per group.

    op: count, sum (of `value`), squares (the sum of `value` times itself), distinct (combinations of the
    columns `of`), quantile (the smallest `value` whose cumulative share is at least `p`; null where there is
    none), at_most (how many lie up to that). condition, value: SQL over the fact's columns, as in
    definitions.Measure. p: a decimal text or a fraction, exact. sds: for a quantile, so many standard
    deviations of its rank, √(n p (1 − p)), beside it (−1 or 1): half the difference of the two values is its
    standard error.
    """

    op: str
    condition: str
    value: str = ""
    of: tuple[str, ...] = ()
    p: str = ""
    sds: int = 0


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
    """What engines spell differently. `bucket`: a whole number divided by another, towards zero. `wide`: the
    type of whole numbers of 128 bits."""

    bucket: str = "({value} // {width})"
    wide: str = "HUGEINT"


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

    Two relations say where facts belong: `places` (unit, since, until, place), only where `moved`, else a
    unit is its own place; and `branches` (place, target). within: SQL that leaves out other units.
    width: of the buckets in which a quantile is looked for first; 1 finds it at once.
    """

    selection: Selection
    source: str
    by: str | None
    moved: bool
    within: str = ""
    width: int = 1

    @property
    def key(self) -> str:
        """The place in the breakdown, of a row called f."""
        template = KEYS[self.by] if self.by else NO_KEY
        return template.format_map({column: f"f.{quoted(column)}" for column in COLUMNS})

    @property
    def grouped(self) -> str:
        """The first columns of a query to group by: the place, and the key where there is a breakdown."""
        return "1, 2" if self.by else "1"

    def left_of(self, condition: str) -> str:
        """What of a measure's condition is still to be tried: all rows meet the one of the selection."""
        counted = self.selection.counted
        left = "TRUE" if condition == counted else condition.removeprefix(f"{counted} AND ")
        return PRESENT.sub(r"\1 IS NOT NULL", left)

    @property
    def selected(self) -> str:
        """The selected facts as relation f, each with its `place_`."""
        within = f" AND {self.within}" if self.within else ""
        where = f"WHERE {selection_sql(self.selection)}{within}"
        unit, day = quoted("unit"), quoted("day")
        if not self.moved:
            return f"(SELECT *, {unit} AS place_ FROM {self.source} {where}) AS f"
        joined = f"places AS p ON p.unit = r.{unit} AND r.{day} BETWEEN p.since AND p.until"
        inside = f"(SELECT * FROM {self.source} {where}) AS r"
        return f"(SELECT r.*, p.place AS place_ FROM {inside} JOIN {joined}) AS f"


BELONGS = "JOIN branches AS b ON b.place ="
COLUMNS = ("person", "business", "class", "hour", "weekday", "day")
Table = tuple[str, str]


def placed_sql(rows: Rows) -> str:
    """All selected facts with `target_` (where they belong) and `key_` (their place in the breakdown)."""
    return f"SELECT b.target AS target_, {rows.key} AS key_, f.* FROM {rows.selected} {BELONGS} f.place_"


def states_sql(states: Sequence[State], rows: Rows, dialect: Dialect) -> tuple[list[Table], str]:
    """(name, query) of tables to be made one after another, then the query of target, key, each state.

    Groups without any fact do not appear. Tables and not subqueries: the engine then knows how many rows
    each has (guessing, it once built a join on ten million rows instead of fifteen thousand: 18 s, not 3).
    """
    pairs = list(dict.fromkeys((s.value, s.condition) for s in states if s.op in {"quantile", "at_most"}))
    shares = {pair: _shares(states, pair) for pair in pairs}
    tables, joins, columns = [("base", base_sql(states, rows, dialect))], [], []
    for at, pair in enumerate(pairs):
        made, names = _quantiles(at, pair, [_reached(*s, dialect) for s in shares[pair]], rows, dialect)
        tables += made
        joins += names
    for index, state in enumerate(states):
        if state.op in ADDITIVE:
            columns.append(f"base.s{index}")
        elif state.op == "distinct":
            tables += _distinct(index, state, rows)
            joins.append(f"d{index}")
            columns.append(f"coalesce(d{index}.n, CAST(0 AS BIGINT))")
        else:
            at = pairs.index((state.value, state.condition))
            place = shares[pairs[at]].index((state.p, state.sds))
            table = f"q{at}" if rows.width == 1 else f"r{at}_{place}"
            value, upto = (
                f"CAST({table}.v{place} AS BIGINT)",
                f"coalesce({table}.upto{place}, CAST(0 AS BIGINT))",
            )
            columns.append(value if state.op == "quantile" else upto)
    joined = "".join(f" LEFT JOIN {j} ON {j}.target_ = base.target_ AND {j}.key_ = base.key_" for j in joins)
    return tables, f"SELECT {', '.join(['base.target_', 'base.key_', *columns])} FROM base{joined}"


def base_sql(states: Sequence[State], rows: Rows, dialect: Dialect) -> str:
    """Counts and sums per target and key: first per place, then up the tree, so levels cost next to nothing.

    Columns s0, s1 … by the states' places in the sequence; other states have none. Few conditions are tried
    once per row, as part of the group: that costs two thirds of one FILTER per state.
    """
    additive = {f"s{i}": s for i, s in enumerate(states) if s.op in ADDITIVE}
    types = {name: dialect.wide if s.op == "squares" else "BIGINT" for name, s in additive.items()}
    tried = dict.fromkeys(rows.left_of(s.condition) for s in additive.values())
    flags = {condition: f"c{i}" for i, condition in enumerate(tried) if condition != "TRUE"}
    few = len(flags) <= FEW
    values = list(dict.fromkeys(_summand(s, dialect) for s in additive.values() if s.op != "count"))
    counted = "sum(n)" if few else "count(*)"
    columns = ""
    for name, state in additive.items():
        value = "" if state.op == "count" else _summand(state, dialect)
        what = f"sum({f't{values.index(value)}' if few else value})" if value else counted
        condition = rows.left_of(state.condition)
        where = "" if condition == "TRUE" else f" FILTER (WHERE {flags[condition] if few else condition})"
        columns += f", CAST(coalesce({what}{where}, 0) AS {types[name]}) AS {name}"
    source = rows.selected
    if few:
        held = "".join(f", {condition} AS {flag}" for condition, flag in flags.items())
        totals = "".join(f", sum({value}) AS t{i}" for i, value in enumerate(values))
        places = ", ".join(str(3 + i) for i in range(len(flags)))
        source = (
            f"(SELECT f.place_, {rows.key} AS key_{held}, count(*) AS n{totals} FROM {rows.selected} "
            f"GROUP BY {rows.grouped}{', ' if places else ''}{places}) AS f"
        )
    key = "f.key_" if few and rows.by else rows.key
    per_place = f"SELECT f.place_, {key} AS key_{columns} FROM {source} GROUP BY {rows.grouped}"
    return _carried(per_place, types)


def _summand(state: State, dialect: Dialect) -> str:
    """What is added up over the rows: a value, or its square, which for a plain column fits into 64 bits."""
    if state.op == "sum":
        return _narrow(state.value)
    value = state.value if WIDENED.fullmatch(state.value) else f"CAST({state.value} AS {dialect.wide})"
    return f"{value} * {value}"


def _narrow(value: str) -> str:
    """A plain column without its widening: engines add up 32-bit numbers in 64 bits by themselves."""
    plain = WIDENED.fullmatch(value)
    return plain[1] if plain else value


def _carried(per_place: str, types: Mapping[str, str]) -> str:
    """Whole numbers per place and key, added up the tree: per target and key. types: of each, by name."""
    summed = "".join(f", CAST(sum(p.{name}) AS {type}) AS {name}" for name, type in types.items())
    return (
        f"SELECT b.target AS target_, p.key_ AS key_{summed} FROM ({per_place}) AS p "
        f"{BELONGS} p.place_ GROUP BY 1, 2"
    )


def _distinct(index: int, state: State, rows: Rows) -> list[Table]:
    """How many combinations: rows are thinned out per place before they are carried up the tree."""
    columns = ", ".join(quoted(c) for c in state.of)
    inside = f"{rows.selected} WHERE {rows.left_of(state.condition)}"
    once = f"SELECT DISTINCT f.place_, {rows.key} AS key_, {columns} FROM {inside}"
    if "unit" in state.of and not rows.moved:  # no two places share a combination
        counted = f"SELECT place_, key_, count(*) AS n FROM ({once}) AS o GROUP BY 1, 2"
        return [(f"d{index}", _carried(counted, {"n": "BIGINT"}))]
    above = f"SELECT DISTINCT b.target AS target_, c.key_, {columns} FROM c{index} AS c {BELONGS} c.place_"
    counted = f"SELECT target_, key_, count(*) AS n FROM ({above}) AS o GROUP BY 1, 2"
    return [(f"c{index}", once), (f"d{index}", counted)]


def _shares(states: Sequence[State], pair: tuple[str, str]) -> list[tuple[str, int]]:
    return list(dict.fromkeys((s.p, s.sds) for s in states if s.p and (s.value, s.condition) == pair))


def _quantiles(
    at: int, pair: tuple[str, str], reached: Sequence[str], rows: Rows, dialect: Dialect
) -> tuple[list[Table], list[str]]:
    """Tables that give quantiles exactly and how many values lie at or below, and which of them to join.

    reached: SQL that holds of `upto` from each quantile on. Never is a value kept per row: values are counted
    per place in buckets of `width` and added up the tree; that tells for each target the bucket of its
    quantile. A second pass counts single values, in those buckets alone. So memory grows with places and
    buckets, not with facts.
    """
    value, condition = pair
    value, condition = _narrow(value), rows.left_of(condition)
    bucket = value if rows.width == 1 else dialect.bucket.format(value=value, width=rows.width)
    inside = f"{rows.selected} WHERE {condition} AND {value} IS NOT NULL"
    counted = f"SELECT f.place_, {rows.key} AS key_, {bucket} AS v, count(*) AS n FROM {inside}"
    counted += f" GROUP BY {rows.grouped}, 3"
    tables = [(f"h{at}", counted), (f"q{at}", _ranked(f"h{at}", reached))]
    if rows.width == 1:
        return tables, [f"q{at}"]
    wanted = " UNION ".join(
        f"SELECT DISTINCT b.place, q.key_, q.v{i} AS bucket "
        f"FROM q{at} AS q JOIN branches AS b ON b.target = q.target_"
        for i in range(len(reached))
    )
    values = f"SELECT f.place_, {rows.key} AS key_, {bucket} AS bucket, {value} AS v FROM {inside}"
    single = (
        f"SELECT p.place_, p.key_, p.bucket, p.v, count(*) AS n FROM ({values}) AS p JOIN w{at} AS w "
        "ON w.place = p.place_ AND w.key_ = p.key_ AND w.bucket = p.bucket GROUP BY 1, 2, 3, 4"
    )
    tables += [(f"w{at}", wanted), (f"f{at}", single)]
    names = [f"r{at}_{i}" for i in range(len(reached))]
    return [
        *tables,
        *(
            (name, _refined(at, i, enough))
            for i, (name, enough) in enumerate(zip(names, reached, strict=True))
        ),
    ], names


def _reached(p: str, sds: int, dialect: Dialect) -> str:
    """The condition on a rising `upto` from which on the share p of `total` is reached, in whole numbers.

    With sds: from which on the rank p · total + sds · √(total · p · (1 − p)) is; squared, so that no root and
    no float decides.
    """
    share = Fraction(p)
    part, whole = share.numerator, share.denominator
    if not sds:
        return f"upto * {whole} >= total * {part}"
    short = f"(CAST(total AS {dialect.wide}) * {part} - CAST(upto AS {dialect.wide}) * {whole})"
    squares = f"{short} * {short}", f"{sds * sds * part * (whole - part)} * CAST(total AS {dialect.wide})"
    if sds < 0:
        return f"({short} <= 0 OR {squares[0]} <= {squares[1]})"
    return f"({short} <= 0 AND {squares[0]} >= {squares[1]})"


def _first(enough: str, i: int) -> str:
    """The first `v` at which a condition on `upto` holds: v, upto and what lies before it."""
    where = f"FILTER (WHERE {enough})"
    return f"min(v) {where} AS v{i}, min(upto) {where} AS upto{i}, min(upto - n) {where} AS before{i}"


def _ranked(histogram: str, reached: Sequence[str]) -> str:
    """Of a histogram per place: per target and key the value at which each share is reached."""
    found = ", ".join(_first(enough, i) for i, enough in enumerate(reached))
    part = "PARTITION BY target_, key_"
    return (
        "WITH up AS (SELECT b.target AS target_, h.key_, h.v, CAST(sum(h.n) AS BIGINT) AS n "
        f"FROM {histogram} AS h {BELONGS} h.place_ GROUP BY 1, 2, 3), "
        f"run AS (SELECT *, CAST(sum(n) OVER ({part} ORDER BY v) AS BIGINT) AS upto, "
        f"CAST(sum(n) OVER ({part}) AS BIGINT) AS total FROM up) "
        f"SELECT target_, key_, max(total) AS total, {found} FROM run GROUP BY 1, 2"
    )


def _refined(at: int, i: int, enough: str) -> str:
    """The same within the bucket found, value by value, counted on from what lies before the bucket."""
    part = "PARTITION BY target_, key_"
    return (
        "WITH up AS (SELECT q.target_, q.key_, f.v, CAST(sum(f.n) AS BIGINT) AS n, "
        f"max(q.before{i}) AS before, max(q.total) AS total FROM f{at} AS f {BELONGS} f.place_ "
        f"JOIN q{at} AS q ON q.target_ = b.target AND q.key_ = f.key_ AND q.v{i} = f.bucket "
        "GROUP BY 1, 2, 3), "
        f"run AS (SELECT *, before + CAST(sum(n) OVER ({part} ORDER BY v) AS BIGINT) AS upto FROM up) "
        f"SELECT target_, key_, {_first(enough, i)} FROM run GROUP BY 1, 2"
    )
