"""Bar 7: importing against PostgreSQL's own COPY into a table with a primary key, per CPU second."""

from __future__ import annotations

import time
from pathlib import Path

from benchmarks.cost import Cost, apart, measured
from benchmarks.report import say
from benchmarks.synthetic import prepare, tickets_sql

COLUMNS = (
    "source_id",
    "unit_code",
    "occurred_at",
    "business",
    "class",
    "outcome",
    "counter",
    "wait_s",
    "service_s",
    "promise_s",
)
# Rows in one body, and rows sent in all.
STEP, HTTP_ROWS = 100_000, 500_000
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
unit: {from: unit_code}
columns:
  occurred_at: {from: occurred_at, format: "%%Y-%%m-%%d %%H:%%M:%%S"}
  business: {from: business}
  class: {from: class}
  outcome: {from: outcome}
  channel: {value: counter}
  direction: {value: in}
  counter: {from: counter}
  wait_s: {from: wait_s}
  service_s: {from: service_s}
  promise_s: {from: promise_s}
"""


def make_files(rows: int, home: str) -> tuple[Path, Path]:
    """The same tickets as CSV and as Parquet, as an export would hold them."""
    from kezun.facts.duck import duck

    csv, parquet = Path(home) / "tickets.csv", Path(home) / "tickets.parquet"
    picked = "source_id, 'outlet' || unit AS unit_code, occurred_at, " + ", ".join(COLUMNS[3:])
    with duck() as connection:
        connection.execute(f"CREATE TEMP TABLE made AS SELECT {picked} FROM ({tickets_sql(rows, 0)})")
        connection.execute(f"COPY made TO '{csv}' (HEADER)")
        connection.execute(f"COPY made TO '{parquet}' (FORMAT parquet)")
    return csv, parquet


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
    if not path.exists():
        make_files(rows, home)
    known = profiles.load(f"bench/{kind}")
    with measured() as cost:
        summary = run_import(SystemActor("bench"), path, fact="ticket", profile=known)
    expected = {"same": rows} if again else {"new": rows}
    found = {name: getattr(summary, name) for name in expected}
    if found != expected:
        raise SystemExit(f"{kind}: expected {expected}, found {summary.as_dict()}")
    return cost


def over_http(rows: int, home: str, kind: str) -> Cost:
    """The HTTP operation's function with bodies of up to STEP rows, first load; value: the replay's cost."""
    prepare(0, home)
    from django.test import RequestFactory

    import kezun.site.urls  # noqa: F401
    from kezun.facts.api_import import ARROW, NDJSON, bring
    from kezun.kernel.actor import SystemActor

    content = ARROW if kind == "arrow" else NDJSON
    costs = []
    bodies = [_body(home, kind, first, min(first + STEP, rows)) for first in range(0, rows, STEP)]
    for expected in ("new", "same"):
        found = 0
        with measured() as cost:
            for body in bodies:
                request = RequestFactory().post("/", data=body, content_type=content)
                request.user = SystemActor("bench")
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
    table = table.rename_columns(["unit" if c == "unit_code" else c for c in table.column_names])
    for name, value in (("channel", "counter"), ("direction", "in")):
        table = table.append_column(name, pa.array([value] * table.num_rows))
    if kind == "arrow":
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as stream:
            stream.write_table(table)
        return sink.getvalue().to_pybytes()
    return b"\n".join(msgspec.json.encode(row) for row in table.to_pylist())


def copy_with_key(rows: int, home: str) -> Cost | None:
    """The baseline: COPY of the same CSV into a PostgreSQL table with a primary key; the server's CPU."""
    import psycopg

    from tools.postgres import binaries, server

    place = binaries()
    if place is None:
        return None
    csv = Path(home) / "tickets.csv"
    with server(place) as url, psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "CREATE TABLE t (source_id text PRIMARY KEY, unit_code text, occurred_at timestamp,"
            " business text, class text, outcome text, counter text, wait_s int, service_s int,"
            " promise_s int)"
        )
        row = connection.execute("SELECT pg_backend_pid()").fetchone()
        assert row is not None
        before, wall = _cpu_of(row[0]), time.perf_counter()
        copying = connection.cursor().copy("COPY t FROM STDIN (FORMAT csv, HEADER)")
        with measured() as client, csv.open("rb") as source, copying as copy:
            while block := source.read(1 << 20):
                copy.write(block)
        used = _cpu_of(row[0]) - before
        return Cost(cpu=used + client.cpu, wall=time.perf_counter() - wall)


def _cpu_of(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / 100


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
    make_files(rows, home)
    return Cost()
