"""The facts of some days as tables of the embedded engine, for searches that no indicator can express."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb

from kezun.facts.duck import duck, literal, name, paths
from kezun.facts.store import files, snapshot_at
from kezun.facts.types import FACT_TYPES


@dataclass(frozen=True)
class Span:
    """Days, both included, and the moment of knowledge (None: now)."""

    since: dt.date
    until: dt.date
    known_at: dt.datetime | None = None


@contextmanager
def opened(span: Span, *facts: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """An engine with one view per fact type, named like it: the facts of the span that count."""
    with duck() as connection:
        for fact in facts:
            connection.execute(f"CREATE VIEW {name(fact)} AS {_select(span, fact)}")
        yield connection


def _select(span: Span, fact: str) -> str:
    declared = FACT_TYPES[fact]
    snapshot = snapshot_at(fact, span.known_at)
    found = [] if snapshot is None else files(fact, snapshot, since=span.since, until=span.until)
    if not found:
        columns = ", ".join(f"CAST(NULL AS {c.sql}) AS {name(c.name)}" for c in declared.all_columns)
        return f"SELECT {columns} WHERE FALSE"
    days = f"day BETWEEN {literal(span.since.isoformat())} AND {literal(span.until.isoformat())}"
    return f"SELECT * FROM read_parquet({paths(found)}) WHERE {days}"
