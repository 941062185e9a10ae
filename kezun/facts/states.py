"""Partial sums for live dashboards: one state per day and per month, added up instead of reading facts again.

A state holds, per unit and person, every count and sum that the indicators of a fact type need, and per unit
a histogram of each value that quantiles are taken of: buckets of 5 seconds up to an hour, then one for all
beyond. Its name is the digest of the files it was made from, so a late or corrected row makes the state of
its day and month anew and no other. Adding up is the whole merge. What is derived can be lost: states are
made again when they are missing.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import time
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb
from django.conf import settings

from kezun.facts.answers import Plan
from kezun.facts.compile import State
from kezun.facts.duck import duck, literal, paths
from kezun.facts.expression import compile as compiled
from kezun.facts.indicators import Catalogue
from kezun.facts.rules import DAY, Period
from kezun.facts.store import listed, root
from kezun.facts.types import FACT_TYPES
from kezun.facts.writing import scan

BUCKET = 5
OVERFLOW = 3600 // BUCKET
Pair = tuple[str, str]


@dataclass(frozen=True)
class Recipe:
    """What the states of a fact type hold: sums (columns s0, s1 …) and histograms (series 0, 1 …)."""

    fact: str
    sums: tuple[State, ...]
    values: tuple[Pair, ...]

    @classmethod
    def of(cls, fact: str, known: Catalogue) -> Recipe:
        """All that any indicator needs of this fact type and that can be added up."""
        plan = Plan()
        for definition in known.definitions.values():
            plan.add(definition)
        states = plan.states.get(fact, [])
        sums = tuple(s for s in states if s.op in {"count", "sum"})
        values = tuple(dict.fromkeys((s.value, s.condition) for s in states if s.op == "quantile"))
        return cls(fact, sums, values)

    @property
    def folder(self) -> Path:
        """Where its states lie; other definitions, another folder."""
        said = repr([(s.op, s.condition, s.value) for s in self.sums] + list(self.values))
        digest = hashlib.sha256(said.encode()).hexdigest()[:16]
        return Path(settings.KEZUN_HOME) / "states" / self.fact / digest


@dataclass(frozen=True)
class Piece:
    """The state of one span: `sums` and `values` are its two files, `first` the first day of the span."""

    first: dt.date
    sums: Path
    values: Path

    @property
    def exists(self) -> bool:
        """Whether both files are there."""
        return self.sums.exists() and self.values.exists()


def pieces(recipe: Recipe, snapshot: int, period: Period, whole_months: bool = True) -> list[Piece]:
    """The states that add up to a period: months where they lie inside it whole, days elsewhere.

    Missing ones are made. whole_months False: days only, for breakdowns by day and months in which the
    tree changed.
    """
    days = _files_by_day(recipe.fact, snapshot, period)
    made: list[Piece] = []
    with duck() as connection:
        start = period.start
        while start <= period.end:
            month = Period.of(start, "month")
            end = min(month.end, period.end)
            if whole_months and (start, end) == (month.start, month.end):
                made += _month(connection, recipe, days, month)
            else:
                inside = (start + n * DAY for n in range((end - start).days + 1))
                made += _days(connection, recipe, days, inside)
            start = end + DAY
    return made


def _files_by_day(fact: str, snapshot: int, period: Period) -> dict[dt.date, tuple[str, ...]]:
    """For each day of the period the files that may hold facts of it; days without any are left out."""
    inside = listed(fact, snapshot).filter(max_day__gte=period.start, min_day__lte=period.end)
    found: dict[dt.date, list[str]] = {}
    for path, low, high in inside.order_by("path").values_list("path", "min_day", "max_day"):
        day = max(low, period.start)
        while day <= min(high, period.end):
            found.setdefault(day, []).append(path)
            day += DAY
    return {day: tuple(names) for day, names in found.items()}


def _days(
    connection: duckdb.DuckDBPyConnection,
    recipe: Recipe,
    days: Mapping[dt.date, tuple[str, ...]],
    inside: Iterable[dt.date],
) -> list[Piece]:
    """The states of days; those that are missing are made together in one pass over their files."""
    found = [_piece(recipe, day, f"day-{day}", days[day]) for day in inside if day in days]
    missing = [piece for piece in found if not piece.exists]
    if missing:
        names = {name for piece in missing for name in days[piece.first]}
        source = scan(recipe.fact, [root() / name for name in sorted(names)])
        span = ", ".join(f"DATE '{piece.first}'" for piece in missing)
        connection.execute(f"CREATE OR REPLACE TEMP TABLE sums_ AS {_sums_sql(recipe, source, span)}")
        connection.execute(f"CREATE OR REPLACE TEMP TABLE values_ AS {_values_sql(recipe, source, span)}")
        for piece in missing:
            day = f"day = DATE '{piece.first}'"
            _write(connection, f"SELECT * FROM sums_ WHERE {day}", piece.sums)
            _write(connection, f"SELECT * FROM values_ WHERE {day}", piece.values)
    return found


def _month(
    connection: duckdb.DuckDBPyConnection,
    recipe: Recipe,
    days: Mapping[dt.date, tuple[str, ...]],
    month: Period,
) -> list[Piece]:
    inside = [month.start + n * DAY for n in range(month.days)]
    names = [f"{day} {name}" for day in inside for name in days.get(day, ())]
    if not names:
        return []
    piece = _piece(recipe, month.start, f"month-{month.label}", names)
    if not piece.exists:
        parts = _days(connection, recipe, days, inside)
        added = "".join(f", CAST(sum(s{i}) AS BIGINT) AS s{i}" for i in range(len(recipe.sums)))
        first = f"DATE '{month.start}' AS day"
        read = f"read_parquet({paths([p.sums for p in parts])})"
        _write(
            connection, f"SELECT {first}, unit, person{added} FROM {read} GROUP BY unit, person", piece.sums
        )
        read = f"read_parquet({paths([p.values for p in parts])})"
        total = "CAST(sum(n) AS BIGINT) AS n"
        grouped = f"SELECT {first}, unit, series, bucket, {total} FROM {read} GROUP BY unit, series, bucket"
        _write(connection, grouped, piece.values)
    return [piece]


def _piece(recipe: Recipe, first: dt.date, name: str, sources: Iterable[str]) -> Piece:
    digest = hashlib.sha256("\n".join(sources).encode()).hexdigest()[:24]
    folder = recipe.folder
    return Piece(first, folder / f"{name}-{digest}.sums.parquet", folder / f"{name}-{digest}.values.parquet")


def _where(recipe: Recipe, span: str) -> str:
    declared = FACT_TYPES[recipe.fact]
    columns = {c.name: c.kind for c in declared.all_columns}
    counted = f" AND {compiled(declared.counted, columns)}" if declared.counted else ""
    return f'"day" IN ({span}){counted}'


def _sums_sql(recipe: Recipe, source: str, span: str) -> str:
    """Per day, unit and person: every sum. span: dates as SQL, separated by commas."""
    columns = "".join(
        f", count(*) FILTER (WHERE {s.condition}) AS s{i}"
        if s.op == "count"
        else f", CAST(coalesce(sum({s.value}) FILTER (WHERE {s.condition}), 0) AS BIGINT) AS s{i}"
        for i, s in enumerate(recipe.sums)
    )
    person = "coalesce(CAST(person AS BIGINT), 0) AS person"
    return (
        f"SELECT day, CAST(unit AS BIGINT) AS unit, {person}{columns} "
        f"FROM {source} WHERE {_where(recipe, span)} GROUP BY 1, 2, 3"
    )


def _values_sql(recipe: Recipe, source: str, span: str) -> str:
    """Per day and unit: how many values of each series fall into each bucket."""
    parts = [
        f"SELECT day, CAST(unit AS BIGINT) AS unit, CAST({i} AS BIGINT) AS series, "
        f"least({value} // {BUCKET}, {OVERFLOW}) AS bucket, count(*) AS n "
        f"FROM {source} WHERE {_where(recipe, span)} AND {condition} GROUP BY 1, 2, 3, 4"
        for i, (value, condition) in enumerate(recipe.values)
    ]
    nothing = (
        "SELECT DATE '2000-01-01' AS day, CAST(0 AS BIGINT) AS unit, "
        "CAST(0 AS BIGINT) AS series, CAST(0 AS BIGINT) AS bucket, CAST(0 AS BIGINT) AS n WHERE FALSE"
    )
    return " UNION ALL ".join([nothing, *parts])


def _write(connection: duckdb.DuckDBPyConnection, sql: str, path: Path) -> None:
    """Write a state under its final name only when it is whole; two writers make the same file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(f".{uuid.uuid4().hex}.tmp")
    try:
        connection.execute(f"COPY ({sql}) TO {literal(str(part))} (FORMAT parquet, COMPRESSION zstd)")
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def forget(older: dt.timedelta = dt.timedelta(days=30)) -> list[Path]:
    """Remove states written longer ago than `older`; those still needed are made again."""
    limit = time.time() - older.total_seconds()
    found = list((Path(settings.KEZUN_HOME) / "states").glob("*/*/*"))
    old = [path for path in found if path.stat().st_mtime < limit]
    for path in old:
        path.unlink(missing_ok=True)
    return old


def upper_edge(bucket: int) -> int | None:
    """The largest value that a bucket holds: 0 → 4 s; None for the one that has no bound."""
    return None if bucket >= OVERFLOW else bucket * BUCKET + BUCKET - 1
