"""Bars 1, 3, 5 and 6: a quarter's figures on five levels, against a scan and against SQL by hand."""

from __future__ import annotations

from typing import Any

from benchmarks.cost import Cost, apart, median_of
from benchmarks.report import BIG, say
from benchmarks.synthetic import prepare

TICKETS = (
    *("floor.tickets", "floor.served", "floor.abandoned", "floor.answer_rate", "floor.abandon_rate"),
    *("floor.wait_mean", "floor.wait_p90", "floor.within_promise", "floor.service_mean"),
)
RATINGS = (
    *("floor.rating_coverage", "floor.satisfied_rate", "floor.satisfaction_mean"),
    "floor.dissatisfied_per_10k",
)
LEVELS = (None, "tier1", "tier2", "sub_branch", "outlet")


def _files(fact: str) -> str:
    from kezun.facts import store
    from kezun.facts.duck import paths

    return f"read_parquet({paths(store.files(fact))})"


def scan(rows: int, home: str) -> Cost:
    """The baseline: DuckDB sums over the columns that the figures need."""
    prepare(rows, home)
    from kezun.facts.duck import duck

    sql = (
        "SELECT sum(unit), count(*) FILTER (WHERE outcome = 'served'), sum(wait_s), sum(service_s), "
        f"sum(promise_s), max(day) FROM {_files('ticket')} WHERE outcome <> 'void' UNION ALL "
        f"SELECT sum(unit), count(*), sum(score), 0, 0, max(day) FROM {_files('rating')}"
    )
    with duck() as connection:
        return median_of(lambda: connection.execute(sql).fetchall())


def _closure() -> str:
    from kezun.org.models import UnitPath

    rows = UnitPath.objects.filter(ancestor__kind__in=["head_office", *LEVELS[1:]]).values_list(
        "unit_id", "ancestor_id"
    )
    return ",".join(f"({unit},{above})" for unit, above in rows if unit)


def by_hand(rows: int, home: str) -> Cost:
    """What an analyst would write: one base per outlet rolled up, exact P90 of each level from rows."""
    prepare(rows, home)
    from kezun.facts.duck import duck

    with duck() as connection:
        connection.execute(f"CREATE TEMP TABLE up AS SELECT * FROM (VALUES {_closure()}) AS t(unit, above)")

        def work() -> Any:
            connection.execute(f"""CREATE OR REPLACE TEMP TABLE base AS SELECT unit,
                count(*) FILTER (WHERE outcome <> 'void') AS tickets,
                count(*) FILTER (WHERE outcome = 'served') AS served,
                count(*) FILTER (WHERE outcome = 'abandoned') AS abandoned,
                sum(wait_s) FILTER (WHERE outcome = 'served')::BIGINT AS wait,
                count(*) FILTER (WHERE outcome = 'served' AND wait_s <= promise_s) AS within_promise,
                sum(service_s) FILTER (WHERE outcome = 'served')::BIGINT AS service
                FROM {_files("ticket")} GROUP BY unit""")
            connection.execute(f"""CREATE OR REPLACE TEMP TABLE rated AS SELECT unit, count(*) AS n,
                count(*) FILTER (WHERE score >= 4) AS good, sum(score)::BIGINT AS score,
                count(*) FILTER (WHERE score <= 2) AS bad FROM {_files("rating")} GROUP BY unit""")
            rolled = connection.execute("""SELECT above, sum(tickets), sum(served), sum(abandoned), sum(wait),
                sum(within_promise), sum(service), sum(n), sum(good), sum(score), sum(bad)
                FROM base JOIN up USING (unit) LEFT JOIN rated USING (unit) GROUP BY above""").fetchall()
            p90 = connection.execute(f"""SELECT above, percentile_disc(0.9) WITHIN GROUP (ORDER BY wait_s)
                FROM {_files("ticket")} JOIN up USING (unit) WHERE outcome = 'served'
                GROUP BY above""").fetchall()
            return len(rolled), len(p90)

        return median_of(work, times=2)


def ours(rows: int, home: str) -> Cost:
    """The same figures through questions: five levels, every answer with interval and target, uncached."""
    prepare(rows, home)
    from kezun.facts.models import CachedAnswer
    from kezun.facts.queries import measure_many
    from kezun.facts.questions import Question
    from kezun.facts.rules import Period
    from kezun.kernel.actor import SystemActor

    period = Period.parse("2026-Q1")
    asked = [Question((*TICKETS, *RATINGS), "HO", period, below=level) for level in LEVELS]

    def work() -> Any:
        CachedAnswer.objects.all().delete()
        return sum(len(found) for found in measure_many(SystemActor("bench"), asked))

    return median_of(work, times=2)


def run(rows: int, home: str) -> dict[str, float]:
    """Print the ratios; returns what the growth between sizes is worked out from."""
    base, hand, own = (apart(work, rows, home) for work in (scan, by_hand, ours))
    plan = apart(compiled, rows, home)
    judged = rows >= BIG
    say("scan of the columns needed", base.cpu, "CPU s")
    say("figures of five levels, by hand / scan", hand.cpu / base.cpu, "x")
    say("figures of five levels, questions / scan", own.cpu / base.cpu, "x", 10 if judged else None)
    say("questions / by hand", own.cpu / hand.cpu, "x", 1.25 if judged else None, note=f"{own.value} answers")
    say("definitions compiled to SQL", plan.cpu * 1000, "CPU ms", 100)
    say("peak memory per 1 M facts", own.peak_mb / (rows * 1.6 / 1e6), "MB", 30 if judged else None)
    return {"CPU of a quarter": own.cpu}


def compiled(rows: int, home: str) -> Cost:
    """What the definition layer costs before an engine is asked: definitions to states to SQL."""
    prepare(rows, home)
    from kezun.facts.answers import Plan
    from kezun.facts.compile import Dialect, Rows, Selection, states_sql
    from kezun.facts.indicators import catalogue
    from kezun.facts.rules import Period

    period = Period.parse("2026-Q1")

    def work() -> int:
        plan, known = Plan(), catalogue()
        for id in (*TICKETS, *RATINGS):
            plan.add(known[id])
        made = [
            states_sql(
                states, Rows(Selection(fact, period.start, period.end), "t", None, False, 5), Dialect()
            )
            for fact, states in plan.states.items()
        ]
        return len(made)

    return median_of(work)
