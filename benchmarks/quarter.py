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


def _tree() -> Any:
    """Which unit stands under which of the five levels, as an analyst's export of the tree would say."""
    import pyarrow as pa

    from kezun.org.models import UnitPath

    levels = ["head_office", *LEVELS[1:]]
    columns = ("unit_id", "ancestor_id", "ancestor__kind", "ancestor__code")
    rows = UnitPath.objects.filter(ancestor__kind__in=levels).values_list(*columns)
    unit, above, kind, code = zip(*rows, strict=True)
    return pa.table({"unit": unit, "above": above, "kind": kind, "code": code})


BASE = """SELECT unit,
    count(*) FILTER (WHERE outcome <> 'void') AS tickets,
    count(*) FILTER (WHERE outcome = 'served') AS served,
    count(*) FILTER (WHERE outcome = 'abandoned') AS abandoned,
    sum(wait_s) FILTER (WHERE outcome = 'served')::BIGINT AS wait,
    count(wait_s) FILTER (WHERE outcome = 'served') AS waited,
    count(*) FILTER (WHERE outcome = 'served' AND wait_s <= promise_s) AS within_promise,
    sum(service_s) FILTER (WHERE outcome = 'served')::BIGINT AS service,
    count(service_s) FILTER (WHERE outcome = 'served') AS timed
    FROM {tickets} WHERE day BETWEEN DATE '2026-01-01' AND DATE '2026-03-31' GROUP BY unit"""
RATED = """SELECT unit, count(*) AS n, count(*) FILTER (WHERE score >= 4) AS good,
    sum(score)::BIGINT AS score, count(*) FILTER (WHERE score <= 2) AS bad
    FROM {ratings} WHERE day BETWEEN DATE '2026-01-01' AND DATE '2026-03-31' GROUP BY unit"""
WAITS = (
    "SELECT unit, wait_s FROM {tickets} WHERE outcome = 'served' AND wait_s IS NOT NULL "
    "AND day BETWEEN DATE '2026-01-01' AND DATE '2026-03-31'"
)
P90 = """SELECT above, percentile_disc(0.9) WITHIN GROUP (ORDER BY wait_s) AS p90
    FROM ({waits}) JOIN tree USING (unit) GROUP BY above"""
UPTO = """SELECT above, count(*) FILTER (WHERE wait_s <= p90) AS upto
    FROM ({waits}) JOIN tree USING (unit) JOIN p90 USING (above) GROUP BY above"""
# value, numerator, denominator, n of each of TICKETS and RATINGS.
FIGURES = """WITH up AS (SELECT above, any_value(code) AS code, any_value(kind) AS kind,
    sum(tickets) AS tickets, sum(served) AS served, sum(abandoned) AS abandoned, sum(wait) AS wait,
    sum(waited) AS waited,
    sum(within_promise) AS within_promise, sum(service) AS service, sum(timed) AS timed,
    coalesce(sum(n), 0) AS n, coalesce(sum(good), 0) AS good, coalesce(sum(score), 0) AS score,
    coalesce(sum(bad), 0) AS bad FROM tree JOIN base USING (unit) LEFT JOIN rated USING (unit) GROUP BY above)
    SELECT kind, code, tickets::DOUBLE, tickets, NULL, tickets, served::DOUBLE, served, NULL, served,
    abandoned::DOUBLE, abandoned, NULL, abandoned, served / tickets, served, tickets, tickets,
    abandoned / tickets, abandoned, tickets, tickets, wait / waited, wait, waited, waited,
    p90::DOUBLE, upto, waited, waited, within_promise / tickets, within_promise, tickets, tickets,
    service / timed, service, timed, timed, n / served, n, served, served, good / n, good, n, n,
    score / n, score, n, n, bad * 10000 / n, bad, n, n
    FROM up JOIN p90 USING (above) JOIN upto USING (above)"""


def figures_by_hand(connection: Any) -> list[tuple[Any, ...]]:
    """What an analyst would write: one base per outlet rolled up, the exact P90 of each level from rows.

    A row per unit with value, numerator, denominator and n of each indicator: the same answers as questions
    give, but for intervals, targets and the keeping of answers, which SQL by hand leaves out.
    """
    files = {"tickets": _files("ticket"), "ratings": _files("rating")}
    files["waits"] = WAITS.format_map(files)
    connection.register("tree", _tree())
    for name, sql in (("base", BASE), ("rated", RATED), ("p90", P90), ("upto", UPTO)):
        connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS {sql.format_map(files)}")
    found: list[tuple[Any, ...]] = connection.execute(FIGURES).fetchall()
    return found


def by_hand(rows: int, home: str) -> Cost:
    """The same figures as `ours`, by hand."""
    prepare(rows, home)
    from kezun.facts.duck import duck

    with duck() as connection:
        return median_of(lambda: len(figures_by_hand(connection)), times=2)


def different(rows: int, home: str) -> Cost:
    """How many answers of `ours` differ from those by hand, and how many there are: it should be none."""
    prepare(rows, home)
    from kezun.facts.duck import duck

    with duck() as connection:
        hand = {}
        for kind, code, *numbers in figures_by_hand(connection):
            for at, indicator in enumerate((*TICKETS, *RATINGS)):
                hand[kind, code, indicator] = tuple(numbers[at * 4 : at * 4 + 4])
    wrong, seen = 0, 0
    for level, found in zip(("head_office", *LEVELS[1:]), answered(), strict=True):
        for a in found:
            figures = (a.value, a.numerator, a.denominator, a.n)
            wrong += hand[level, a.unit, a.indicator] != figures
            seen += 1
    return Cost(value=(wrong, seen))


def answered() -> list[list[Any]]:
    """The answers of five levels, computed anew from the facts."""
    from kezun.facts.models import CachedAnswer
    from kezun.facts.queries import measure_many
    from kezun.facts.questions import Question
    from kezun.facts.rules import Period
    from kezun.kernel.actor import SystemActor

    CachedAnswer.objects.all().delete()
    period = Period.parse("2026-Q1")
    asked = [Question((*TICKETS, *RATINGS), "HO", period, below=level) for level in LEVELS]
    return list(measure_many(SystemActor("bench"), asked))


def ours(rows: int, home: str) -> Cost:
    """The same figures through questions: five levels, every answer with interval and target, and kept."""
    prepare(rows, home)
    return median_of(lambda: sum(len(found) for found in answered()), times=2)


def run(rows: int, home: str) -> dict[str, float]:
    """Print the ratios; returns what the growth between sizes is worked out from."""
    base, hand, own = (apart(work, rows, home) for work in (scan, by_hand, ours))
    plan, (wrong, seen) = apart(compiled, rows, home), apart(different, rows, home).value
    judged = rows >= BIG
    say("scan of the columns needed", base.cpu, "CPU s")
    say("figures of five levels, by hand / scan", hand.cpu / base.cpu, "x")
    say("figures of five levels, questions / scan", own.cpu / base.cpu, "x", 10 if judged else None)
    say("questions / by hand", own.cpu / hand.cpu, "x", 1.25 if judged else None, note=f"{own.value} answers")
    say("answers that differ from those by hand", wrong, "", 0, note=f"of {seen}")
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
