"""Bars 2 and 4: figures through states, and what one more day costs against computing the quarter anew."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from benchmarks import quarter
from benchmarks.cost import Cost, apart, measured
from benchmarks.report import BIG, say
from benchmarks.synthetic import prepare, tickets_sql

LAST_DAY = "2026-03-31"
INDICATORS = tuple(id for id in quarter.TICKETS)


def refresh() -> Any:
    """The quarter's live figures of the head office and its outlets, from states."""
    from kezun.facts.live import live
    from kezun.facts.questions import Question
    from kezun.facts.rules import Period
    from kezun.kernel.actor import SystemActor

    period = Period.parse("2026-Q1")
    asked = [Question(INDICATORS, "HO", period, below=level) for level in quarter.LEVELS]
    return sum(len(live(SystemActor("bench"), question)) for question in asked)


def first(rows: int, home: str) -> Cost:
    """All states made from facts, and rolled up to five levels."""
    prepare(rows, home)
    shutil.rmtree(Path(home) / "states", ignore_errors=True)
    with measured() as cost:
        cost.value = refresh()
    return cost


def again(rows: int, home: str) -> Cost:
    """The roll-up alone: the states are there."""
    prepare(rows, home)
    with measured() as cost:
        cost.value = refresh()
    return cost


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
            cost.value = refresh()
    return cost


def run(rows: int, home: str) -> dict[str, float]:
    """Print the ratios."""
    base = apart(quarter.scan, rows, home)
    made, rolled = apart(first, rows, home), apart(again, rows, home)
    full = apart(quarter.ours, rows, home)
    day = apart(one_day, rows, home)
    judged = rows >= BIG
    say("states made and rolled up / scan", made.cpu / base.cpu, "x", 7.5 if judged else None)
    say("roll-up alone", rolled.cpu, "CPU s", 10, note=f"{rolled.value} answers")
    say("peak memory through states", made.peak_mb, "MB", 1000)
    say("one more day and the quarter refreshed", day.cpu, "CPU s", 15)
    say("the same / exact figures computed anew", day.cpu / full.cpu, "x", 1 / 8 if judged else None)
    return {"state memory": made.peak_mb}
