"""The embedded engine: one place that opens DuckDB, so that memory, threads and spill folder are the same."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
from django.conf import settings

SPILL = "spill"


def connect(*, ordered: bool = False) -> duckdb.DuckDBPyConnection:
    """An in-memory engine within KEZUN_MEMORY that spills into KEZUN_HOME/spill; the caller closes it.

    ordered: keep the order of inserted rows where a query names none (costs memory).
    """
    spill = Path(settings.KEZUN_HOME) / SPILL
    spill.mkdir(parents=True, exist_ok=True)
    connection = duckdb.connect(
        config={
            "memory_limit": settings.KEZUN_MEMORY,
            "temp_directory": str(spill),
            "preserve_insertion_order": "true" if ordered else "false",
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
        }
    )
    # Its own progress bar would write over ours.
    connection.execute("SET enable_progress_bar = false")
    return connection


@contextmanager
def duck(*, ordered: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
    """An engine for one piece of work, as `connect` opens it; closed at the end."""
    connection = connect(ordered=ordered)
    try:
        yield connection
    finally:
        connection.close()


def literal(value: str) -> str:
    """A text as a SQL literal."""
    return "'" + value.replace("'", "''") + "'"


def name(identifier: str) -> str:
    """An identifier quoted for SQL."""
    return '"' + identifier.replace('"', '""') + '"'


def paths(files: list[Path]) -> str:
    """A list of files as the argument of `read_parquet`."""
    return "[" + ", ".join(literal(str(f)) for f in files) + "]"
