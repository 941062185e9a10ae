"""Rows of a file against one another and against the store: which are new, same, corrected, in conflict."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import duckdb
from django.utils.translation import gettext as _

from kezun.facts import store
from kezun.facts.duck import literal, name
from kezun.facts.mapping.problems import FIELD
from kezun.facts.types import FACT_TYPES
from kezun.facts.writing import scan

# Not part of what a fact says: when it was recorded, and what follows from the moment and the unit.
ASIDE = frozenset({"source", "source_id", "recorded_at", "day", "hour", "weekday"})


def content(fact: str) -> list[str]:
    """The columns that make two rows of one key the same."""
    return [c.name for c in FACT_TYPES[fact].all_columns if c.name not in ASIDE]


def settle_repeats(connection: duckdb.DuckDBPyConnection, fact: str) -> int:
    """Keys that stand more than once in the file: equal rows become one, unequal ones are all rejected.

    Works on tables staged and rejects; returns how many equal rows were dropped (they count as same).
    """
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE repeated AS "
        "SELECT source_id FROM staged GROUP BY source_id HAVING count(*) > 1"
    )
    if not _count(connection, "repeated"):
        return 0
    columns = ", ".join([*map(name, content(fact)), "_person_code"])
    connection.execute(
        "CREATE OR REPLACE TEMP TABLE repeats AS "
        f"SELECT source_id, count(DISTINCT ROW({columns})) AS kinds, min(_line) AS first, max(_line) AS last "
        "FROM staged SEMI JOIN repeated USING (source_id) GROUP BY source_id"
    )
    before, _hole, after = _("the key stands in line {line} too, with other content").partition("{line}")
    other = "CASE WHEN s._line = r.first THEN r.last ELSE r.first END"
    record = f"{literal(f'key_conflict{FIELD}{FIELD}{before}')} || {other} || {literal(after)}"
    connection.execute(
        f"INSERT INTO rejects SELECT s._line, {record} FROM staged s JOIN repeats r USING (source_id) "
        "WHERE r.kinds > 1"
    )
    dropped = _one(
        connection,
        "SELECT count(*) FROM staged s JOIN repeats r USING (source_id) "
        "WHERE r.kinds = 1 AND s._line > r.first",
    )
    connection.execute(
        "DELETE FROM staged WHERE _line IN (SELECT s._line FROM staged s JOIN repeats r USING (source_id) "
        "WHERE r.kinds > 1 OR s._line > r.first)"
    )
    return dropped


@dataclass(frozen=True)
class Met:
    """What the store knew already: the snapshot compared with, counts, ids of files with replaced rows."""

    base: int
    same: int
    corrected: int
    touched: tuple[int, ...]


def meet_store(connection: duckdb.DuckDBPyConnection, fact: str, source: str) -> Met:
    """Compare table staged with the store's current rows of the source; makes table met (_line, file, same).

    Files are pruned by their range of keys, whatever month they hold: a correction may move a row.
    """
    base = store.snapshot_at(fact) or 0
    low, high = _row(connection, "SELECT min(source_id), max(source_id) FROM staged")
    near = list(store.overlapping(fact, source, low, high)) if low is not None else []
    paths = [store.root() / file.path for file in near]
    equal = " AND ".join(f"e.{name(c)} IS NOT DISTINCT FROM s.{name(c)}" for c in content(fact))
    connection.execute(
        f"CREATE OR REPLACE TEMP TABLE met AS SELECT s._line, e.filename AS file, "
        f"({equal} AND (s._person_code IS NULL OR s.person IS NOT NULL)) AS same "
        f"FROM staged s JOIN {scan(fact, paths, filename=True)} e ON e.source_id = s.source_id "
        f"WHERE e.source = {literal(source)}"
    )
    same, corrected = _row(
        connection, "SELECT count(*) FILTER (WHERE same), count(*) FILTER (WHERE NOT same) FROM met"
    )
    files = connection.execute("SELECT DISTINCT file FROM met WHERE NOT same").fetchall()
    ids = {str(path): file.pk for path, file in zip(paths, near, strict=True)}
    return Met(base, same, corrected, tuple(ids[path] for (path,) in files))


def to_write(connection: duckdb.DuckDBPyConnection, fact: str, source: str, recorded: str, met: Met) -> str:
    """SQL of all rows of the files to be made: new and corrected rows, and what stays of the touched files.

    recorded: SQL of the moment that new and corrected rows carry.
    """
    own = [c.name for c in FACT_TYPES[fact].all_columns]
    given = {"source": literal(source), "recorded_at": recorded, "person": "coalesce(s.person, g.pk)"}
    columns = ", ".join(f"{given.get(c, f's.{name(c)}')} AS {name(c)}" for c in own)
    known = "ANTI JOIN (SELECT _line FROM met WHERE same) m ON m._line = s._line" if met.same else ""
    fresh = (
        f"SELECT {columns} FROM (SELECT * FROM staged s {known}) s "
        "LEFT JOIN registered g ON g.code = s._person_code"
    )
    if not met.touched:
        return f"({fresh})"
    paths = [store.root() / p for p in _paths(met.touched)]
    kept = (
        f"SELECT {', '.join(map(name, own))} FROM {scan(fact, paths)} e "
        f"WHERE NOT (e.source = {literal(source)} AND e.source_id IN "
        "(SELECT source_id FROM staged WHERE _line IN (SELECT _line FROM met WHERE NOT same)))"
    )
    return f"({fresh} UNION ALL {kept})"


def _paths(ids: tuple[int, ...]) -> list[str]:
    from kezun.facts.models import FactFile

    return list(FactFile.objects.filter(pk__in=ids).values_list("path", flat=True))


def _row(connection: duckdb.DuckDBPyConnection, sql: str) -> tuple[Any, ...]:
    found = connection.execute(sql).fetchone()
    assert found is not None
    return found


def _one(connection: duckdb.DuckDBPyConnection, sql: str) -> int:
    return int(_row(connection, sql)[0])


def _count(connection: duckdb.DuckDBPyConnection, table: str) -> int:
    return _one(connection, f"SELECT count(*) FROM {table}")
