"""Writing facts: sorted Parquet files made by DuckDB, synced and named before any snapshot lists them."""

from __future__ import annotations

import datetime as dt
import hashlib
import os
import uuid
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import duckdb
import pyarrow as pa
from django.db import transaction
from django.utils import timezone

from kezun.facts import store
from kezun.facts.duck import duck, literal, name, paths
from kezun.facts.models import Batch, FactFile
from kezun.facts.store import NewFile
from kezun.facts.types import FACT_TYPES, FactType

ROWS_PER_FILE = 1_000_000


def scan(fact: str, files: Sequence[Path], *, filename: bool = False) -> str:
    """SQL that reads these files with all columns the type has today; what old files lack is null.

    filename: with a column `filename` beside them.
    """
    declared = FACT_TYPES[fact]
    typed = ", ".join(f"CAST(NULL AS {c.sql}) AS {name(c.name)}" for c in declared.all_columns)
    nothing = f"SELECT {typed}{', CAST(NULL AS VARCHAR) AS filename' if filename else ''} WHERE false"
    if not files:
        return f"({nothing})"
    read = f"read_parquet({paths(list(files))}, union_by_name=true{', filename=true' if filename else ''})"
    old = FactFile.objects.filter(
        fact=fact, schema_version__lt=declared.schema_version, path__in=[_relative(f) for f in files]
    )
    if not old.exists():
        return f"(SELECT * FROM {read})"
    return f"({nothing} UNION ALL BY NAME SELECT * FROM {read})"


def write(
    connection: duckdb.DuckDBPyConnection, fact: str, relation: str, *, rows: int = ROWS_PER_FILE
) -> list[NewFile]:
    """Write all rows of `relation` (a table name or subquery with the type's columns) into new files.

    One file per source and month, split by unit where one would hold more than `rows`. On any error
    the files already written are removed.
    """
    declared = FACT_TYPES[fact]
    made: list[NewFile] = []
    try:
        for source, month, where in _parts(connection, relation, rows):
            made.append(_write_part(connection, declared, relation, source, month, where))
    except BaseException:
        discard(made)
        raise
    return made


def discard(made: Iterable[NewFile]) -> None:
    """Remove files written for a commit that did not happen."""
    for new in made:
        (store.root() / new.path).unlink(missing_ok=True)


def _parts(
    connection: duckdb.DuckDBPyConnection, relation: str, limit: int
) -> Iterator[tuple[str, str, str]]:
    """(source, month, condition) per file; neighbouring units share one up to `limit` rows."""
    counts = connection.execute(
        "SELECT source, printf('%04d-%02d', year, month), unit, rows FROM (SELECT source, year(day) AS year, "
        f"month(day) AS month, unit, count(*) AS rows FROM {relation} GROUP BY ALL) ORDER BY ALL"
    ).fetchall()
    spans: list[tuple[str, str, int, int, int]] = []
    for source, month, unit, count in counts:
        if spans and spans[-1][:2] == (source, month) and spans[-1][4] + count <= limit:
            spans[-1] = (source, month, spans[-1][2], unit, spans[-1][4] + count)
        else:
            spans.append((source, month, unit, unit, count))
    for source, month, first, last, _ in spans:
        start = dt.date.fromisoformat(f"{month}-01")
        end = (start + dt.timedelta(days=31)).replace(day=1)
        yield (
            source,
            month,
            f"source = {literal(source)} AND day >= DATE '{start}' AND day < DATE '{end}' "
            f"AND unit BETWEEN {first} AND {last}",
        )


def _write_part(
    connection: duckdb.DuckDBPyConnection,
    declared: FactType,
    relation: str,
    source: str,
    month: str,
    where: str,
) -> NewFile:
    folder = store.root() / declared.name / month
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{uuid.uuid4().hex}.parquet"
    tmp = path.with_suffix(".parquet.tmp")
    columns = ", ".join(f"CAST({name(c.name)} AS {c.sql}) AS {name(c.name)}" for c in declared.all_columns)
    try:
        connection.execute(
            f"COPY (SELECT {columns} FROM {relation} WHERE {where} ORDER BY unit, occurred_at) "
            f"TO {literal(str(tmp))} (FORMAT parquet, COMPRESSION zstd, PARQUET_VERSION v2)"
        )
        stats = connection.execute(
            "SELECT count(*), min(unit), max(unit), min(day), max(day), min(source_id), max(source_id) "
            f"FROM {relation} WHERE {where}"
        ).fetchone()
        assert stats is not None
        digest = _sync(tmp)
        os.replace(tmp, path)
        _sync_folder(folder)
    except BaseException:
        tmp.unlink(missing_ok=True)
        raise
    size = path.stat().st_size
    return NewFile(
        month, _relative(path), stats[0], size, digest, source, declared.schema_version, *stats[1:]
    )


def _sync(path: Path) -> str:
    with path.open("rb") as file:
        os.fsync(file.fileno())
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _relative(path: Path) -> str:
    return path.relative_to(store.root()).as_posix()


def store_rows(
    fact: str,
    rows: pa.Table,
    *,
    source: str = "",
    recorded_at: dt.datetime | None = None,
    batch: Batch | None = None,
    replace: Iterable[int] = (),
) -> int:
    """Put typed facts straight into the store, for simulators, tests and benchmarks; returns the snapshot.

    rows: the type's columns; `source` and `recorded_at` may be missing where given here (now, by default),
    `day`, `hour` and `weekday` where `occurred_at` is local time already, other columns where they are null.
    Keys must be new: nothing is compared with what the store holds (imports do).
    """
    declared = FACT_TYPES[fact]
    moment = (recorded_at or timezone.now()).astimezone(dt.UTC).replace(tzinfo=None)
    given = set(rows.column_names)
    derived = {
        "source": literal(source),
        "recorded_at": f"TIMESTAMP '{moment}'",
        "day": "CAST(occurred_at AS DATE)",
        "hour": "hour(occurred_at)",
        "weekday": "isodow(occurred_at)",
    }
    expressions = {
        c.name: name(c.name) if c.name in given else derived.get(c.name, "NULL") for c in declared.all_columns
    }
    columns = ", ".join(f"{expression} AS {name(column)}" for column, expression in expressions.items())
    with duck() as connection:
        connection.register("given_rows", rows)
        made = write(connection, fact, f"(SELECT {columns} FROM given_rows)")
    return _list(fact, made, replace, batch)


def _list(fact: str, made: list[NewFile], remove: Iterable[int], batch: Batch | None = None) -> int:
    try:
        with transaction.atomic():
            return store.commit(fact, made, remove, batch)
    except BaseException:
        discard(made)
        raise


def compact(fact: str, month: str, *, rows: int = ROWS_PER_FILE) -> int | None:
    """Merge the small files of a month (those under half of `rows`) into few; returns the snapshot.

    None where fewer than two files of one source are small. Raises store.Conflict where one of them was
    replaced meanwhile; nothing has changed then.
    """
    small: dict[str, list[FactFile]] = {}
    for file in store.listed(fact).filter(month=month, rows__lt=rows // 2).order_by("pk"):
        small.setdefault(file.source, []).append(file)
    merged = [file for same in small.values() if len(same) > 1 for file in same]
    if not merged:
        return None
    with duck() as connection:
        made = write(connection, fact, scan(fact, [store.root() / f.path for f in merged]), rows=rows)
    return _list(fact, made, [f.pk for f in merged])
