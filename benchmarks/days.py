"""Bars 2 and 4: what figures cost and hold in memory as facts grow, and what one more day costs.

There is one path to figures, from the facts. Figures through states kept by day and month were measured
against it and taken away: docs/decisions/0012-no-states-beside-the-facts.md.
"""

from __future__ import annotations

from benchmarks import quarter
from benchmarks.cost import Cost, apart, measured
from benchmarks.report import BIG, say
from benchmarks.synthetic import prepare, tickets_sql

LAST_DAY = "2026-03-31"


def one_day(rows: int, home: str) -> Cost:
    """One more day's worth of tickets comes to the quarter's last day; then the same figures."""
    prepare(rows, home)
    from kezun.facts import store
    from kezun.facts.duck import duck
    from kezun.facts.models import FactFile
    from kezun.facts.writing import write
    from kezun.org.models import Unit

    first_outlet = Unit.objects.get(code="outlet0").pk
    after = 10 * (FactFile.objects.count() + 1) * rows
    picked = f"SELECT * FROM ({tickets_sql(rows, first_outlet, after)}) WHERE day = DATE '{LAST_DAY}'"
    with duck() as connection:
        connection.execute(f"CREATE TEMP TABLE made AS {picked}")
        with measured() as cost:
            store.commit("ticket", write(connection, "ticket", "made"))
            cost.value = sum(len(found) for found in quarter.answered())
    return cost


def run(rows: int, home: str) -> dict[str, float]:
    """Print the ratios."""
    base, full = apart(quarter.scan, rows, home), apart(quarter.ours, rows, home)
    day = apart(one_day, rows, home)
    judged = rows >= BIG
    say("figures of five levels / scan", full.cpu / base.cpu, "x", 7.5 if judged else None)
    say("peak memory", full.peak_mb, "MB", 1000)
    say("one more day and the quarter refreshed", day.cpu, "CPU s", 15, note=f"{day.value} answers")
    say("the same / figures computed anew", day.cpu / full.cpu, "x", 1 / 8 if judged else None)
    return {"memory of a quarter": full.peak_mb}
