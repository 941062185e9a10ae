"""Where states are computed: the interface of an engine, and the embedded one over Parquet files.

An engine gets structured questions and gives integers; `tests/test_engine.py` is what it must pass.
"""

from __future__ import annotations

import atexit
import os
import threading
from collections import Counter
from collections.abc import Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import duckdb
import pyarrow as pa
from django.utils.translation import gettext as _

from kezun.facts.compile import Branch, Dialect, Rows, Selection, State, placed_sql, states_sql
from kezun.facts.duck import connect
from kezun.facts.expression import quoted
from kezun.facts.types import FACT_TYPES
from kezun.facts.writing import scan

if TYPE_CHECKING:
    from collections.abc import Iterator

# Target unit and key of the breakdown (0, a text, a day …; 0 where there is none).
Group = tuple[int, Any]


class TooLarge(ValueError):
    """A question that would need more memory than KEZUN_MEMORY allows."""


class Engine(Protocol):
    """Computes states and fetches rows over the files of a snapshot."""

    def states(
        self,
        selection: Selection,
        files: Sequence[Path],
        branches: Sequence[Branch],
        states: Sequence[State],
        by: str | None,
    ) -> dict[Group, tuple[int | None, ...]]:
        """The states of each group that has facts; one int per state, None for a quantile of nothing.

        by: one of questions.BREAKDOWNS or None. Raises TooLarge.
        """
        ...

    def rows(
        self,
        selection: Selection,
        files: Sequence[Path],
        branches: Sequence[Branch],
        condition: str,
        offset: int,
        limit: int | None,
    ) -> tuple[int, pa.Table]:
        """How many facts meet `condition` (SQL), and those from `offset` on, in order of time and key."""
        ...


class DuckEngine:
    """The embedded engine: one per process, a cursor per question; safe for threads and after a fork."""

    dialect = Dialect()

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._pid = 0

    @contextmanager
    def _cursor(self, branches: Sequence[Branch], moved: bool) -> Iterator[duckdb.DuckDBPyConnection]:
        with self._lock:
            if self._connection is None or self._pid != os.getpid():
                self._connection, self._pid = connect(), os.getpid()
                atexit.register(self.close)
            cursor = self._connection.cursor()
        try:
            cursor.register("branches", _branch_table(branches, moved))
            yield cursor
        except (duckdb.OutOfMemoryException, MemoryError) as error:
            raise TooLarge(
                _("This question needs more memory than allowed: ask for a shorter period or fewer units.")
            ) from error
        finally:
            cursor.close()

    def close(self) -> None:
        """Let go of the memory; the next question opens anew."""
        with self._lock:
            if self._connection is not None and self._pid == os.getpid():
                self._connection.close()
            self._connection = None

    def states(
        self,
        selection: Selection,
        files: Sequence[Path],
        branches: Sequence[Branch],
        states: Sequence[State],
        by: str | None,
    ) -> dict[Group, tuple[int | None, ...]]:
        if not files or not branches:
            return {}
        moved = _moved(selection, branches)
        fan = 0 if moved else max(Counter(branch.unit for branch in branches).values())
        rows = Rows(selection, scan(selection.fact, files), by, moved, fan)
        tables, sql = states_sql(states, rows, self.dialect)
        with self._cursor(branches, rows.moved) as cursor:
            for table, query in tables:
                cursor.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS {query}")
            found = cursor.execute(sql).fetchall()
        return {(row[0], row[1]): row[2:] for row in found}

    def rows(
        self,
        selection: Selection,
        files: Sequence[Path],
        branches: Sequence[Branch],
        condition: str,
        offset: int,
        limit: int | None,
    ) -> tuple[int, pa.Table]:
        columns = ", ".join(quoted(c.name) for c in FACT_TYPES[selection.fact].all_columns)
        asked = Rows(selection, scan(selection.fact, files), None, _moved(selection, branches))
        placed = placed_sql(asked)
        span = f" LIMIT {int(limit)}" if limit is not None else ""
        with self._cursor(branches, asked.moved) as cursor:
            total = cursor.execute(f"SELECT count(*) FROM ({placed}) AS p WHERE {condition}").fetchall()
            found = cursor.sql(
                f"SELECT {columns} FROM ({placed}) AS p WHERE {condition} "
                f"ORDER BY occurred_at, source, source_id{span} OFFSET {int(offset)}"
            ).to_arrow_table()
        return int(total[0][0]), found


def _branch_table(branches: Sequence[Branch], moved: bool) -> pa.Table:
    """Where facts belong; the days only where they must be looked at."""
    kinds = (pa.int64(), pa.int64(), pa.date32(), pa.date32())[: 4 if moved else 2]
    columns = zip(*branches, strict=True) if branches else ((),) * len(kinds)
    arrays = [pa.array(column, kind) for column, kind in zip(columns, kinds, strict=False)]
    return pa.table(arrays, names=list(Branch._fields[: len(kinds)]))


def _moved(selection: Selection, branches: Sequence[Branch]) -> bool:
    """Whether some branch does not cover the whole span, so that the day decides where a fact belongs."""
    first, last = selection.since, selection.until
    return any(since > first or until < last for _unit, _target, since, until in branches)


_engine: Engine = DuckEngine()


def engine() -> Engine:
    """The engine of this process."""
    return _engine
