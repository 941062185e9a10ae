"""A synthetic bank of any size: 15,500 outlets on five levels, a quarter of tickets and ratings.

Made in DuckDB from hashes of the row number, so the same size gives the same facts everywhere.
"""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

# The tests of the measurements themselves make a small bank.
OUTLETS, TELLERS = int(os.environ.get("KEZUN_BENCH_OUTLETS", "15500")), 14
START = dt.date(2026, 1, 1)
DAYS = 90
COUNTS = (("tier1", 37), ("tier2", 450), ("sub_branch", 3_000), ("outlet", OUTLETS))
LEVELS = tuple((kind, min(count, OUTLETS)) for kind, count in COUNTS)


def make_units() -> dict[str, list[int]]:
    """The tree, straight into the tables (a bench measures questions, not the roster); ids by kind."""
    from kezun.org.actions import rebuild_paths
    from kezun.org.models import Unit, UnitPlace

    head = Unit.objects.create(code="HO", name="HO", kind="head_office")
    UnitPlace.objects.create(unit=head, parent=None)
    above, found = [head], {"head_office": [head.pk]}
    for kind, count in LEVELS:
        made = Unit.objects.bulk_create(
            [Unit(code=f"{kind}{i}", name=f"{kind}{i}", kind=kind) for i in range(count)], batch_size=2000
        )
        UnitPlace.objects.bulk_create(
            [UnitPlace(unit=unit, parent=above[i * len(above) // count]) for i, unit in enumerate(made)],
            batch_size=2000,
        )
        found[kind] = [unit.pk for unit in made]
        above = made
    rebuild_paths()
    return found


def tickets_sql(rows: int, first_outlet: int, first: int = 0) -> str:
    """Rows `first` … `first + rows` of the ticket stream, typed as the fact type has them."""
    return f"""
    WITH r AS (SELECT i, hash(i) AS a, hash(i + 1000000007) AS b, hash(i * 31 + 7) AS c
               FROM range({first}, {first + rows}) AS t(i)),
    s AS (SELECT *, CAST(a % {OUTLETS} AS INTEGER) AS o, CAST(b % {DAYS} AS INTEGER) AS d,
                 CAST(c % 32400 AS INTEGER) AS sec, CAST((a >> 32) % 10000 AS INTEGER) AS u,
                 CAST((b >> 32) % 10000 AS INTEGER) AS v FROM r)
    SELECT 'queue' AS source, printf('%012d', i) AS source_id, TIMESTAMP '2026-04-01' AS recorded_at,
           {first_outlet} + o AS unit, CAST(o * {TELLERS} + (c >> 40) % {TELLERS} AS INTEGER) AS person,
           TIMESTAMP '{START}' + INTERVAL (d) DAY + INTERVAL (sec + 28800) SECOND AS occurred_at,
           DATE '{START}' + d AS day, CAST(8 + sec // 3600 AS INTEGER) AS hour,
           CAST(isodow(DATE '{START}' + d) AS INTEGER) AS weekday,
           'B' || ((a >> 20) % 12) AS business, 'C' || ((b >> 20) % 3) AS class,
           CASE WHEN u < 400 THEN 'abandoned' WHEN u < 410 THEN 'void' ELSE 'served' END AS outcome,
           'counter' AS channel, 'in' AS direction, 'W' || ((c >> 20) % 6) AS counter,
           CAST(least(-ln((v + 1) / 10001.0) * (300 + o % 300), 7200) AS INTEGER) AS wait_s,
           CASE WHEN u >= 410 THEN CAST(60 + (c >> 30) % 600 AS INTEGER) END AS service_s,
           NULL AS wrap_s, 900 AS promise_s FROM s"""


def ratings_sql(rows: int, first_outlet: int) -> str:
    """Ratings for about 60 of 100 of the first `rows` tickets, at the same outlet and time."""
    return f"""
    SELECT 'pad' AS source, source_id, recorded_at, unit, person, occurred_at, day, hour, weekday, business,
           class, source_id AS ticket_id, channel, NULL AS reason,
           CASE WHEN hash(source_id) % 1000 < 8 THEN 2 WHEN hash(source_id) % 1000 < 60 THEN 4 ELSE 5 END
               AS score
    FROM ({tickets_sql(rows, first_outlet)}) WHERE outcome = 'served' AND hash(source_id || 'r') % 10 < 6"""


def make_facts(rows: int, first_outlet: int, step: int = 10_000_000) -> None:
    """Put `rows` tickets and their ratings into the store, `step` at a time."""
    from kezun.facts import store
    from kezun.facts.duck import duck
    from kezun.facts.writing import write

    for fact, sql in (("ticket", tickets_sql), ("rating", ratings_sql)):
        with duck() as connection:
            connection.execute(f"CREATE TEMP TABLE made AS {sql(min(rows, step), first_outlet)}")
            files = write(connection, fact, "made")
            for first in range(step, rows, step) if fact == "ticket" else ():
                connection.execute("DROP TABLE made")
                more = tickets_sql(min(step, rows - first), first_outlet, first)
                connection.execute(f"CREATE TEMP TABLE made AS {more}")
                files += write(connection, fact, "made")
        store.commit(fact, files)


def prepare(rows: int, home: str) -> None:
    """A home with the bank and `rows` tickets; made once, kept for later runs of the same size."""
    os.environ["KEZUN_HOME"] = home
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kezun.site.settings")
    os.environ.setdefault("KEZUN_LOG_LEVEL", "WARNING")
    import django

    django.setup()
    from django.core.management import call_command

    import kezun.site.urls  # noqa: F401  (declares fact types and actions)
    from kezun.facts.models import FactFile
    from kezun.org.models import Unit

    ready = Path(home) / "ready"
    if ready.exists():
        return
    call_command("migrate", verbosity=0)
    if not Unit.objects.exists():
        make_units()
    if rows and not FactFile.objects.exists():
        make_facts(rows, Unit.objects.get(code="outlet0").pk)
    ready.touch()
