"""What ratings give away, counted for every subject.

How often something happened (k of n), and how often it was to be expected (`expected`, a share) from all
others of the bank. A subject is a person, or a unit where the facts name nobody. Columns of every result:
unit, person, k, n, expected, sample (keys of facts that show it); `burst` has pace (ratings per hour) and
hours instead of expected.
"""

from __future__ import annotations

import duckdb
import pyarrow as pa

from kezun.assessment.signals.definitions import Signal

SAMPLE = 20

# A rating with the served ticket behind it: after_s is from the end of service to the press.
PRESSED = """
CREATE TEMP TABLE pressed AS
SELECT r.unit, r.person, r.source_id, r.occurred_at, r.day, r.score,
       coalesce(t.outcome = 'served', FALSE) AS real,
       date_diff('second', t.occurred_at + to_seconds(coalesce(t.wait_s, 0) + coalesce(t.service_s, 0)),
                 r.occurred_at) AS after_s
FROM rating r LEFT JOIN ticket t ON r.ticket_id = t.source_id AND r.unit = t.unit
"""

# Turns flags per observation into k of n per subject, with what all others of the bank make one expect.
AGAINST_OTHERS = """
WITH counted AS (
  SELECT min(unit) AS unit, person, sum(hit::INTEGER)::BIGINT AS k, count(*)::BIGINT AS n,
         (list(source_id ORDER BY occurred_at) FILTER (WHERE hit))[:{sample}] AS sample
  FROM ({flags}) GROUP BY person, CASE WHEN person IS NULL THEN unit END
)
SELECT *, (sum(k) OVER () - k) / nullif(sum(n) OVER () - n, 0)::DOUBLE AS expected FROM counted
"""


def prepare(engine: duckdb.DuckDBPyConnection) -> None:
    """Ratings beside their tickets, once for all searches."""
    engine.execute(PRESSED)


def against_others(engine: duckdb.DuckDBPyConnection, flags: str) -> pa.Table:
    """k of n per subject from rows (unit, person, source_id, occurred_at, hit)."""
    return engine.sql(AGAINST_OTHERS.format(flags=flags, sample=SAMPLE)).to_arrow_table()


def too_soon(engine: duckdb.DuckDBPyConnection, signal: Signal) -> pa.Table:
    """Pressed within so many seconds of the end of service."""
    seconds = int(signal.numbers["seconds"])
    return against_others(engine, f"SELECT *, after_s <= {seconds} AS hit FROM pressed WHERE real")


def same_moment(engine: duckdb.DuckDBPyConnection, signal: Signal) -> pa.Table:
    """Pressed within so many seconds of the one before, at the same person on the same day."""
    seconds = int(signal.numbers["seconds"])
    gaps = """SELECT *, date_diff('second', lag(occurred_at) OVER (PARTITION BY unit, person, day
              ORDER BY occurred_at, source_id), occurred_at) AS gap FROM pressed WHERE person IS NOT NULL"""
    return against_others(engine, f"SELECT *, gap < {seconds} AS hit FROM ({gaps}) WHERE gap IS NOT NULL")


def orphan(engine: duckdb.DuckDBPyConnection, signal: Signal) -> pa.Table:
    """No served ticket behind the rating."""
    return against_others(engine, "SELECT *, NOT real AS hit FROM pressed")


def burst(engine: duckdb.DuckDBPyConnection, signal: Signal) -> pa.Table:
    """The most ratings of a person in one window, beside the person's own pace without that window."""
    seconds = int(signal.numbers["seconds"])
    return engine.sql(
        f"""
        WITH windows AS (
          SELECT *, count(*) OVER (PARTITION BY person, day ORDER BY occurred_at
            RANGE BETWEEN CURRENT ROW AND INTERVAL {seconds} SECOND FOLLOWING) AS within
          FROM pressed WHERE person IS NOT NULL
        ), tops AS (
          SELECT person, arg_max(unit, within) AS unit, max(within)::BIGINT AS k, count(*)::BIGINT AS n,
                 count(DISTINCT date_trunc('hour', occurred_at))::BIGINT AS hours,
                 arg_max(occurred_at, within) AS at
          FROM windows GROUP BY person
        )
        SELECT t.unit, t.person, k, n, (n - k) / greatest(hours, 1)::DOUBLE AS pace, hours,
               (SELECT list(p.source_id ORDER BY p.occurred_at)[:{SAMPLE}] FROM pressed p
                WHERE p.person = t.person AND p.occurred_at BETWEEN t.at
                  AND t.at + INTERVAL {seconds} SECOND) AS sample
        FROM tops t
        """
    ).to_arrow_table()


def selective(engine: duckdb.DuckDBPyConnection, signal: Signal) -> pa.Table:
    """Ratings among those who waited longer than promised: k of n, and what the own others make one expect.

    Per unit: invitations are a habit of the floor. expected = the own coverage of the others × the bank's
    ratio between the two kinds. Here few are suspicious, so the lower tail counts.
    """
    return engine.sql(
        f"""
        WITH turns AS (
          SELECT t.unit, t.source_id, t.occurred_at, t.wait_s > t.promise_s AS late,
                 r.source_id IS NOT NULL AS rated
          FROM ticket t LEFT JOIN rating r ON r.ticket_id = t.source_id AND r.unit = t.unit
          WHERE t.outcome = 'served' AND t.direction = 'in' AND t.wait_s IS NOT NULL AND t.promise_s IS NOT
          NULL
        ), counted AS (
          SELECT unit, count(*) FILTER (WHERE late)::BIGINT AS n,
                 count(*) FILTER (WHERE late AND rated)::BIGINT AS k,
                 count(*) FILTER (WHERE NOT late)::BIGINT AS easy,
                 count(*) FILTER (WHERE NOT late AND rated)::BIGINT AS easy_rated,
                 (list(source_id ORDER BY occurred_at) FILTER (WHERE late AND NOT rated))[:{SAMPLE}] AS sample
          FROM turns GROUP BY unit
        ), bank AS (
          SELECT *, sum(k) OVER () - k AS ok, sum(n) OVER () - n AS on_,
                 sum(easy_rated) OVER () - easy_rated AS oer, sum(easy) OVER () - easy AS oe FROM counted
        )
        SELECT unit, NULL::INTEGER AS person, k, n, sample,
               least(0.999, (easy_rated / easy::DOUBLE) * coalesce(least(1.0,
                 (ok / nullif(on_, 0)::DOUBLE) / nullif(oer / nullif(oe, 0)::DOUBLE, 0)), 1.0)) AS expected
        FROM bank WHERE easy > 0 AND n > 0
        """
    ).to_arrow_table()


def month_end(engine: duckdb.DuckDBPyConnection, signal: Signal) -> pa.Table:
    """Ratings of the last days of months: k of n; expected is the share of the served tickets of these
    days."""
    days = int(signal.numbers["days"])
    last = f"day > last_day(day) - INTERVAL {days} DAY"
    return engine.sql(
        f"""
        WITH pads AS (
          SELECT min(unit) AS unit, person, count(*) FILTER (WHERE {last})::BIGINT AS k, count(*)::BIGINT AS
          n,
                 (list(source_id ORDER BY occurred_at DESC) FILTER (WHERE {last}))[:{SAMPLE}] AS sample
          FROM pressed WHERE person IS NOT NULL GROUP BY person
        ), desks AS (
          SELECT person, count(*) FILTER (WHERE {last})::DOUBLE / count(*) AS expected
          FROM ticket WHERE outcome = 'served' AND person IS NOT NULL GROUP BY person
        )
        SELECT unit, person, k, n, sample, expected FROM pads JOIN desks USING (person)
        """
    ).to_arrow_table()


def at_target(engine: duckdb.DuckDBPyConnection, signal: Signal) -> pa.Table:
    """Weeks of a unit just above the target (k) among those just above or just below it (n); expected
    half."""
    target, width, least = (signal.numbers[name] for name in ("target", "width", "week_n"))
    return engine.sql(
        f"""
        WITH weeks AS (
          SELECT unit, date_trunc('week', day) AS week,
                 count(*) FILTER (WHERE score >= 4) / count(*)::DOUBLE AS rate
          FROM pressed GROUP BY 1, 2 HAVING count(*) >= {least:g}
        )
        SELECT unit, NULL::INTEGER AS person, 0.5 AS expected, []::VARCHAR[] AS sample,
               count(*) FILTER (WHERE rate >= {target})::BIGINT AS k, count(*)::BIGINT AS n
        FROM weeks WHERE rate >= {target} - {width} AND rate < {target} + {width} GROUP BY unit
        """
    ).to_arrow_table()


LOOKS = {f.__name__: f for f in (too_soon, same_moment, orphan, burst, selective, month_end, at_target)}
