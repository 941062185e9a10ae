"""Bar 9: kill -9 during commits, and the same snapshot answered alike by two processes."""

from __future__ import annotations

import hashlib
import random
import subprocess
import sys
import time

from benchmarks.cost import Cost, apart
from benchmarks.report import say
from benchmarks.synthetic import prepare

KILLS, ROWS = 100, 20_000
# Each commit replaces all facts of `drill` with two months of one number: a mixed snapshot shows two numbers.
WRITER = """
import sys
from benchmarks.synthetic import prepare
prepare(0, sys.argv[1])
from benchmarks.kill import commits
commits()
"""


def commits() -> None:
    """Replace everything again and again, saying so; ends when killed."""
    from kezun.facts import store
    from kezun.facts.duck import duck
    from kezun.facts.writing import write

    while True:
        with duck() as connection:
            made = write(connection, "rating", f"({_rows()})")
        store.commit("rating", made, [file.pk for file in store.listed("rating")])
        print("committed", flush=True)


def _rows() -> str:
    day = "DATE '2026-01-15' + CAST(i % 2 AS INTEGER) * 31"
    return (
        f"SELECT 'drill' AS source, 'k' || i AS source_id, TIMESTAMP '2026-03-01' AS recorded_at, 1 AS unit, "
        f"NULL AS person, CAST({day} AS TIMESTAMP) AS occurred_at, {day} AS day, 9 AS hour, 1 AS weekday, "
        f"'{time.time_ns()}' AS business, NULL AS class, NULL AS ticket_id, 'counter' AS channel, "
        f"NULL AS reason, 5 AS score FROM range({ROWS}) AS t(i)"
    )


def look(home: str) -> Cost:
    """How many snapshots are unreadable or mixed, of all that are listed whole on disk."""
    prepare(0, home)
    from kezun.facts import store
    from kezun.facts.duck import duck, paths
    from kezun.facts.models import Snapshot

    bad, seen = 0, list(Snapshot.objects.filter(fact="rating").values_list("number", flat=True))
    with duck() as connection:
        for number in seen:
            read = f"read_parquet({paths(store.files('rating', number))})"
            try:
                found = connection.execute(f"SELECT count(*), count(DISTINCT business) FROM {read}")
                bad += found.fetchone() != (ROWS, 1)
            except Exception:
                bad += 1
    return Cost(value=(bad, len(seen)))


def kills(home: str, times: int) -> int:
    """Kill a writer `times` times, each after at least one commit, at a random moment; how often it was."""
    for _ in range(times):
        with subprocess.Popen([sys.executable, "-c", WRITER, home], stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            writer.stdout.readline()
            time.sleep(random.random() * 0.3)
            writer.kill()
    return times


def digest(rows: int, home: str) -> Cost:
    """The digest of the quarter's answers by outlet, computed anew from the facts."""
    prepare(rows, home)
    import msgspec

    from benchmarks.quarter import RATINGS, TICKETS
    from kezun.facts.models import CachedAnswer
    from kezun.facts.queries import measure
    from kezun.facts.questions import Question
    from kezun.facts.rules import Period
    from kezun.kernel.actor import SystemActor

    CachedAnswer.objects.all().delete()
    asked = Question((*TICKETS, *RATINGS), "HO", Period.parse("2026-Q1"), below="outlet")
    found = measure(SystemActor("bench"), asked)
    return Cost(value=hashlib.sha256(msgspec.json.encode(found)).hexdigest())


def run(rows: int, home: str) -> dict[str, float]:
    """Print how many snapshots were harmed, and whether two processes answer alike."""
    times = KILLS if rows >= 1_000_000 else 3
    drill = f"{home}-kill"
    apart(look, drill)
    killed = kills(drill, times)
    bad, seen = apart(look, drill).value
    say(f"unreadable or mixed snapshots after {killed} kills", bad, "", 0, note=f"of {seen} snapshots")
    one, two = (apart(digest, rows, home).value for _ in range(2))
    say("processes that answer differently, same snapshot", int(one != two), "", 0, note=one[:12])
    return {}
