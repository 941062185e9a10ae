"""Bar 7: importing against PostgreSQL's own COPY of the same facts under the same key, per CPU second.

The file is what a central queue system exports: by time over all outlets, so that its numbers (outlet,
day, running number) come as they come. COPY loads the finished facts, every column typed and every code
resolved, in that order, into a table with the key (source, source_id) of a server with its own defaults; all
processes of the server count. An import reads the codes, resolves, checks and compares them besides.
"""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

from benchmarks.cost import Cost, apart, measured
from benchmarks.report import say
from benchmarks.synthetic import TELLERS, prepare, tickets_sql

# What the export says of a ticket, with unit and person by code.
COLUMNS = (
    "source_id",
    "unit",
    "person",
    "occurred_at",
    "business",
    "class",
    "outcome",
    "channel",
    "direction",
    "counter",
    "wait_s",
    "service_s",
    "wrap_s",
    "promise_s",
)
# Rows sent in all, and rows in one body: a back-load comes in few large ones.
HTTP_ROWS = 500_000
STEP = {"arrow": 500_000, "ndjson": 100_000}
PROFILE = """
profile: bench
fact: ticket
version: 1
title: bench
title_en: bench
source: bench
format: {kind: %s}
zone: UTC
key: [source_id]
unit: {from: unit}
person: {from: person}
columns:
  occurred_at: {from: occurred_at, format: "%%Y-%%m-%%d %%H:%%M:%%S"}
  business: {from: business}
  class: {from: class}
  outcome: {from: outcome, map: {served: served, abandoned: abandoned, void: void}}
  channel: {from: channel}
  direction: {from: direction}
  counter: {from: counter}
  wait_s: {from: wait_s}
  service_s: {from: service_s}
  wrap_s: {from: wrap_s}
  promise_s: {from: promise_s}
"""


def make_files(rows: int, home: str) -> None:
    """The same tickets as an export (CSV, Parquet) and as finished facts in the export's order (for COPY)."""
    from kezun.facts.duck import duck
    from kezun.facts.types import FACT_TYPES

    place = Path(home)
    facts = ", ".join(c.name for c in FACT_TYPES["ticket"].all_columns)
    number = "row_number() OVER (PARTITION BY unit, day ORDER BY occurred_at, source_id)"
    key = f"'outlet' || unit || '-' || strftime(day, '%y%m%d') || '-' || printf('%04d', {number})"
    codes = "'outlet' || unit AS unit, 'T' || person AS person"
    with duck(ordered=True) as connection:
        connection.execute(
            f"CREATE TEMP TABLE made AS SELECT * REPLACE ({key} AS source_id, 'bench' AS source) "
            f"FROM ({tickets_sql(rows, 0)}) ORDER BY occurred_at, unit"
        )
        exported = f"SELECT {', '.join(COLUMNS)} FROM (SELECT * REPLACE ({codes}) FROM made)"
        connection.execute(f"COPY ({exported}) TO '{place / 'tickets.csv'}' (HEADER)")
        connection.execute(f"COPY ({exported}) TO '{place / 'tickets.parquet'}' (FORMAT parquet)")
        connection.execute(f"COPY (SELECT {facts} FROM made) TO '{place / 'facts.csv'}' (HEADER)")


def make_people() -> None:
    """TELLERS people at every outlet, straight into the table."""
    from kezun.org.models import Person, Unit

    outlets = Unit.objects.filter(kind="outlet").order_by("pk").values_list("pk", flat=True)
    Person.objects.bulk_create(
        [
            Person(code=f"T{n * TELLERS + i}", name=f"T{n * TELLERS + i}", home_unit_id=pk, password="!")
            for n, pk in enumerate(outlets)
            for i in range(TELLERS)
        ],
        batch_size=2000,
    )


def sender() -> Any:
    """A person who may import for the whole bank."""
    from kezun.org.models import Assignment, Person, Post, Unit

    head = Unit.objects.get(code="HO")
    person, made = Person.objects.get_or_create(code="sender", name="sender", home_unit=head, password="!")
    if made:
        post = Post.objects.create(code="sender", name="sender", role="analyst")
        Assignment.objects.create(person=person, unit=head, post=post)
    return person


def ours(rows: int, home: str, kind: str, again: bool) -> Cost:
    """Import the file of `kind` into a home; `again`: it is there already, so every row is the same."""
    prepare(0, home)
    from kezun.facts import profiles
    from kezun.facts.importing import run_import
    from kezun.kernel.actor import SystemActor

    folder = Path(home) / "packs-of-bench" / "bench" / "profiles"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{kind}.yaml").write_text(PROFILE.replace("profile: bench", f"profile: {kind}") % kind)
    from django.conf import settings

    settings.KEZUN_PACKS = [*settings.KEZUN_PACKS, Path(home) / "packs-of-bench"]
    path = Path(home) / f"tickets.{kind}"
    known = profiles.load(f"bench/{kind}")
    warm_up(Path(home), known)
    with measured() as cost:
        summary = run_import(SystemActor("bench"), path, fact="ticket", profile=known)
    expected = {"same": rows} if again else {"new": rows}
    found = {name: getattr(summary, name) for name in expected}
    if found != expected:
        raise SystemExit(f"{kind}: expected {expected}, found {summary.as_dict()}")
    return cost


def warm_up(home: Path, known: Any) -> None:
    """Try the first rows, so that what a process does once (loading code, zones) is not counted as import."""
    from kezun.facts.importing import run_import
    from kezun.kernel.actor import SystemActor

    lines = (home / "tickets.csv").open("rb")
    with lines:
        (home / "few.csv").write_bytes(b"".join(lines.readline() for _ in range(100)))
    run_import(SystemActor("bench"), home / "few.csv", fact="ticket", profile=known, dry_run=True)


def over_http(rows: int, home: str, kind: str) -> Cost:
    """The HTTP operation's function with bodies of up to STEP rows, first load; value: the replay's cost."""
    prepare(0, home)
    from django.test import RequestFactory

    import kezun.site.urls  # noqa: F401
    from kezun.facts.api_import import ARROW, NDJSON, bring

    content = ARROW if kind == "arrow" else NDJSON
    costs, person = [], sender()
    from kezun.facts import profiles

    warm_up(Path(home), profiles.direct("ticket", "warm"))
    step = STEP[kind]
    bodies = [_body(home, kind, first, min(first + step, rows)) for first in range(0, rows, step)]
    for expected in ("new", "same"):
        found = 0
        with measured() as cost:
            for body in bodies:
                request = RequestFactory().post("/", data=body, content_type=content)
                request.user = person
                found += bring(request, "ticket", source=f"http-{kind}")[expected]
        if found != rows:
            raise SystemExit(f"{kind}: {rows} rows sent, {found} {expected}")
        costs.append(cost)
    costs[0].value = costs[1].cpu
    return costs[0]


def _body(home: str, kind: str, first: int, last: int) -> bytes:
    """Rows of the made file as a body; made before anything is measured."""
    import msgspec
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pq.read_table(Path(home) / "tickets.parquet").slice(first, last - first)
    if kind == "arrow":
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as stream:
            stream.write_table(table)
        return sink.getvalue().to_pybytes()
    return b"\n".join(msgspec.json.encode(row) for row in table.to_pylist())


def copy_with_key(rows: int, home: str) -> Cost | None:
    """The baseline: COPY of the finished facts into a PostgreSQL table with their key; see the module."""
    import psycopg

    from tools.postgres import binaries, server

    place = binaries()
    if place is None:
        return None
    prepare(0, home)
    from kezun.facts.types import FACT_TYPES

    columns = ", ".join(f'"{c.name}" {c.sql}' for c in FACT_TYPES["ticket"].all_columns)
    with server(place, options="") as url, psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"CREATE TABLE t ({columns}, PRIMARY KEY (source, source_id))")
        row = connection.execute("SELECT pg_backend_pid()").fetchone()
        assert row is not None
        postmaster = int(_stat(str(row[0]))[1])
        before, wall = _cpu_of_server(postmaster), time.perf_counter()
        copying = connection.cursor().copy("COPY t FROM STDIN (FORMAT csv, HEADER)")
        with measured() as client, (Path(home) / "facts.csv").open("rb") as source, copying as copy:
            while block := source.read(1 << 20):
                copy.write(block)
        used = _cpu_of_server(postmaster) - before
        return Cost(cpu=used + client.cpu, wall=time.perf_counter() - wall)


def _stat(pid: str) -> list[str]:
    """What the system tells of a process, from its state on; nothing of one that has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    except OSError:
        return []


def _cpu_of_server(postmaster: int) -> float:
    """CPU seconds of a server so far: its first process, those that run, and those that have ended."""
    own = _stat(str(postmaster))
    ticks = sum(int(own[at]) for at in (11, 12, 13, 14))
    for entry in Path("/proc").iterdir():
        found = _stat(entry.name) if entry.name.isdigit() else []
        if found and int(found[1]) == postmaster:
            ticks += int(found[11]) + int(found[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def run(rows: int, home: str) -> dict[str, float]:
    """Print the ratios: rows per CPU second against those of COPY in the same run."""
    rows, sent = min(rows, 10_000_000), min(rows, HTTP_ROWS)
    apart(_prepared, rows, home)
    base = apart(copy_with_key, rows, home)
    if base is None:
        print("  no PostgreSQL server found: no baseline")
    else:
        say("COPY into a table with a key", base.cpu / rows * 1e6, "CPU s/M")
    csv, again = (apart(ours, rows, home, "csv", same) for same in (False, True))
    _told("CSV", rows, csv.cpu, again.cpu, base and base.cpu / rows, 2.5)
    for kind, bar in (("arrow", 4.0), ("ndjson", 0.25)):
        found = apart(over_http, sent, home, kind)
        _told(f"{kind} over HTTP", sent, found.cpu, found.value, base and base.cpu / rows, bar)
    return {}


def _told(what: str, rows: int, cost: float, replay: float, base: float | None, bar: float) -> None:
    say(f"import of {what}", cost / rows * 1e6, "CPU s/M")
    say(f"{what} again / first time", replay / cost, "x", 1.0)
    if base:
        say(f"{what}: rows per CPU second / COPY", base / (cost / rows), "x", bar, at_most=False)


def _prepared(rows: int, home: str) -> Cost:
    prepare(0, home)
    make_people()
    make_files(rows, home)
    return Cost()
