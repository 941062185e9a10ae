"""Where states are computed: the interface of an engine, and the embedded one over Parquet files.

An engine gets structured questions and gives integers; `tests/test_engine.py` is what it must pass.
"""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import duckdb
import pyarrow as pa
from django.utils.translation import gettext as _

from kezun.facts import placing
from kezun.facts.compile import Branch, Dialect, Rows, Selection, State, placed_sql, states_sql
from kezun.facts.duck import connect
from kezun.facts.expression import quoted
from kezun.facts.types import FACT_TYPES
from kezun.facts.writing import scan

if TYPE_CHECKING:
    from collections.abc import Iterator

# Target unit and key of the breakdown (0, a text, a day …; 0 where there is none).
Group = tuple[int, Any]
# Of more facts than fit into so many bytes of files, quantiles are looked for in buckets of WIDTH first.
SMALL, WIDTH = 8_000_000, 64


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

    def __init__(self, small: int = SMALL) -> None:
        self._small = small
        self._lock = threading.Lock()
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._pid = 0

    @contextmanager
    def _cursor(self, branches: Sequence[Branch], by_day: bool) -> Iterator[duckdb.DuckDBPyConnection]:
        with self._lock:
            if self._connection is None or self._pid != os.getpid():
                self._connection, self._pid = connect(), os.getpid()
                atexit.register(self.close)
            cursor = self._connection.cursor()
        try:
            for name, table in placing.tables(branches, by_day=by_day).items():
                cursor.register(name, table)
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
        rows = _rows(selection, files, branches, by, self.width(files))
        tables, sql = states_sql(states, rows, self.dialect)
        with self._cursor(branches, rows.moved) as cursor:
            for table, query in tables:
                cursor.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS {query}")
            found = cursor.execute(sql).fetchall()
        return {(row[0], row[1]): row[2:] for row in found}

    def width(self, files: Sequence[Path]) -> int:
        """Quantiles of few facts are found in one pass, value by value; of many in two, through buckets."""
        return WIDTH if sum(file.stat().st_size for file in files) > self._small else 1

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
        asked = _rows(selection, files, branches, None)
        placed = placed_sql(asked)
        span = f" LIMIT {int(limit)}" if limit is not None else ""
        with self._cursor(branches, asked.moved) as cursor:
            total = cursor.execute(f"SELECT count(*) FROM ({placed}) AS p WHERE {condition}").fetchall()
            found = cursor.sql(
                f"SELECT {columns} FROM ({placed}) AS p WHERE {condition} "
                f"ORDER BY occurred_at, source, source_id{span} OFFSET {int(offset)}"
            ).to_arrow_table()
        return int(total[0][0]), found


def _rows(
    selection: Selection, files: Sequence[Path], branches: Sequence[Branch], by: str | None, width: int = 1
) -> Rows:
    source, by_day = scan(selection.fact, files), placing.moved(selection, branches)
    return Rows(selection, source, by, by_day, placing.within(branches), width)


_engine: Engine = DuckEngine()


def engine() -> Engine:
    """The engine of this process."""
    return _engine
