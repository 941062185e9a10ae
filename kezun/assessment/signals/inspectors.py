"""What inspectors' sheets give away: k of n per inspector, and the share among all other inspectors.

The inspector is a staff number in the facts; columns: inspector, unit (where most sheets are from), k, n,
expected,
sample (keys of sheets).
"""

from __future__ import annotations

import duckdb
import pyarrow as pa

from kezun.assessment.signals.definitions import Signal
from kezun.assessment.signals.ratings import SAMPLE

COUNTED = """
WITH counted AS (
  SELECT inspector, mode(unit) AS unit, sum({k})::BIGINT AS k, sum({n})::BIGINT AS n,
         (list(source_id ORDER BY occurred_at) FILTER (WHERE ({k}) > 0))[:{sample}] AS sample
  FROM inspection WHERE inspector IS NOT NULL AND NOT coalesce(void, FALSE) AND {where} GROUP BY inspector
)
SELECT *, NULL::INTEGER AS person,
       (sum(k) OVER () - k) / nullif(sum(n) OVER () - n, 0)::DOUBLE AS expected FROM counted
"""


def _counted(engine: duckdb.DuckDBPyConnection, k: str, n: str = "1", where: str = "TRUE") -> pa.Table:
    return engine.sql(COUNTED.format(k=k, n=n, where=where, sample=SAMPLE)).to_arrow_table()


def all_conforming(engine: duckdb.DuckDBPyConnection, signal: Signal) -> pa.Table:
    """Sheets on which everything asked conformed."""
    return _counted(engine, "(conforming >= asked - na)::INTEGER")


def heaping(engine: duckdb.DuckDBPyConnection, signal: Signal) -> pa.Table:
    """Sheets whose score is a whole multiple of so many points; a full score says nothing and is left out."""
    multiple = int(signal.numbers["multiple"]) * 10_000
    return _counted(engine, f"(score_e4 % {multiple} = 0)::INTEGER", where="earned_e4 < possible_e4")


def too_fast(engine: duckdb.DuckDBPyConnection, signal: Signal) -> pa.Table:
    """Sheets with fewer seconds per criterion than the floor."""
    seconds = signal.numbers["seconds"]
    return _counted(
        engine, f"(seconds < {seconds:g} * asked)::INTEGER", where="seconds IS NOT NULL AND asked > 0"
    )


def not_applicable(engine: duckdb.DuckDBPyConnection, signal: Signal) -> pa.Table:
    """Criteria put down as not applicable, of all criteria asked."""
    return _counted(engine, "na", "asked")


LOOKS = {f.__name__: f for f in (all_conforming, heaping, too_fast, not_applicable)}
