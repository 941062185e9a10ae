"""What the tests of import share: a profile, a way to bring a file, and plain readings of the store."""

from __future__ import annotations

from pathlib import Path

import duckdb

from kezun.facts import profiles, store
from kezun.facts.importing import Summary, run_import
from kezun.facts.writing import scan
from kezun.kernel.actor import SystemActor

PROFILE = """
profile: queue
fact: ticket
source: q
format: {kind: csv}
zone: Asia/Shanghai
key: [no]
unit: {from: outlet}
person: {from: teller, empty: ["-"], unknown: empty}
columns:
  occurred_at: {from: taken}
  outcome: {from: state, map: {S: served, A: abandoned}}
  channel: {value: counter}
  direction: {value: in}
  business: {from: biz}
  wait_s: {from: wait}
"""
HEADER = "no,outlet,teller,taken,state,biz,wait\n"


def line(
    no="1", outlet="O1", teller="-", taken="2026-03-02 09:00:00", state="S", biz="cash", wait="60"
) -> str:
    return f"{no},{outlet},{teller},{taken},{state},{biz},{wait}\n"


def put(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def profile(text: str = PROFILE, **changes: str) -> profiles.Profile:
    """The profile with whole lines replaced: `zone="zone: Asia/Tokyo"` replaces the line starting `zone:`."""
    rows = []
    for row in text.strip().splitlines():
        word = row.strip().split(":")[0]
        rows.append(changes.pop(word) if word in changes else row)
    return profiles.parse("\n".join([*rows, *changes.values()]), "test")


def bring(path: Path, known: profiles.Profile | None = None, actor=None, **more) -> Summary:
    return run_import(
        actor or SystemActor("test"), path, fact=(known or profile()).fact, profile=known or profile(), **more
    )


def facts(columns: str = "source_id, wait_s", fact: str = "ticket", snapshot: int | None = None):
    """What the store holds, by key."""
    files = store.files(fact, snapshot)
    return duckdb.sql(f"SELECT {columns} FROM {scan(fact, files)} ORDER BY source_id").fetchall()


def kept(path: str) -> str:
    """A file of rejected rows as text."""
    return Path(path).read_text(encoding="utf-8-sig")


def counts(done: Summary) -> tuple[int, int, int, int, int]:
    assert done.rows == done.new + done.same + done.corrected + done.rejected
    return done.rows, done.new, done.same, done.corrected, done.rejected


def reasons(done: Summary) -> list[tuple[int, str, str]]:
    """Line, column and code of what was rejected."""
    return [(e.line, e.column, e.code) for e in done.errors]
