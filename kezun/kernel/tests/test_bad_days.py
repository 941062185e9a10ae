"""Drills of bad days: a locked database, a full disk, a thousand malformed files, in real processes."""

import json
import os
import random
import signal
import subprocess
import sys

import pytest
from django.db import connection

from kezun.kernel.tests import drill
from kezun.kernel.tests.samples import BAD, GOOD

pytestmark = pytest.mark.drill
only_sqlite = pytest.mark.skipif(
    connection.vendor != "sqlite", reason="SQLite's own file is locked and filled"
)

SERVE = """
import json
from django.conf import settings
settings.DATABASES["default"]["OPTIONS"]["timeout"] = 0.2
connection.settings_dict["OPTIONS"]["timeout"] = 0.2
from django.http import HttpResponse
from django.test import RequestFactory
from kezun.kernel.middleware import Requests
from django.core.handlers.exception import convert_exception_to_response

@action("drill.note")
def note(actor, number):
    enqueue("drill.follow", number=number)

def view(request):
    note(SystemActor("page"), request.GET["n"])
    return HttpResponse("noted")

around = Requests(view)

def ask(number):
    request = RequestFactory().get("/", {"n": number})
    try:
        answer = around(request)
    except Exception as error:
        answer = around.process_exception(request, error)
    print(json.dumps([answer.status_code, answer.content.decode()[:4000]]), flush=True)

def state():
    return {"intact": verify().intact, "entries": TrailEntry.objects.count(), "tasks": Task.objects.count()}
"""


@pytest.fixture
def env(tmp_path):
    with drill.place(tmp_path) as made:
        drill.migrate(made)
        yield made


def _lock(path):
    """A process that holds SQLite's write lock until it is killed."""
    code = (
        "import sqlite3, sys, time; c = sqlite3.connect(sys.argv[1], isolation_level=None);"
        "c.execute('BEGIN IMMEDIATE'); print('held', flush=True); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline().strip() == "held"
    return process


@only_sqlite
def test_a_locked_database_refuses_clearly_and_recovers_alone(env, tmp_path):
    holder = _lock(tmp_path / "kezun.sqlite3")
    try:
        told = drill.run(env, SERVE + 'ask("1"); print(json.dumps(state()))')
    finally:
        holder.send_signal(signal.SIGKILL)
        holder.communicate()
    (status, page), after = told
    assert status == 503
    assert "<h1>" in page
    assert after == {"intact": True, "entries": 0, "tasks": 0}
    (status, page), after = drill.run(env, SERVE + 'ask("1"); print(json.dumps(state()))')
    assert (status, page) == (200, "noted")
    assert after == {"intact": True, "entries": 1, "tasks": 1}


FILL = """
connection.ensure_connection()
with connection.cursor() as cursor:
    cursor.execute("PRAGMA page_count")
    pages = cursor.fetchone()[0]
    cursor.execute(f"PRAGMA max_page_count = {pages + 4}")
for number in range(200):
    ask(str(number))
with connection.cursor() as cursor:
    cursor.execute("PRAGMA max_page_count = 1000000")
print(json.dumps(state()))
ask("after")
print(json.dumps(state()))
"""


@only_sqlite
def test_a_full_disk_refuses_clearly_leaves_nothing_half_and_recovers(env):
    told = drill.run(env, SERVE + FILL)
    answers, full, (last, _), after = told[:200], told[200], told[201], told[202]
    noted = sum(status == 200 for status, _ in answers)
    assert 0 < noted < 200
    assert {status for status, _ in answers} == {200, 503}
    assert full == {"intact": True, "entries": noted, "tasks": noted}
    assert last == 200
    assert after == {"intact": True, "entries": noted + 1, "tasks": noted + 1}


def _malformed(count: int) -> list[bytes]:
    """Good files cut, flipped, doubled and glued to one another; the same ones every time."""
    draw = random.Random(20260101)
    contents = [content for _, content in GOOD.values()]
    made = list(BAD.values())
    while len(made) < count:
        raw = bytearray(draw.choice(contents))
        how = draw.randrange(4)
        at = draw.randrange(len(raw))
        if how == 0:
            del raw[at:]
        elif how == 1:
            for _ in range(draw.randrange(1, 8)):
                raw[draw.randrange(len(raw))] ^= 1 << draw.randrange(8)
        elif how == 2:
            raw += draw.choice(contents)
        else:
            raw[at:at] = draw.randbytes(draw.randrange(1, 64))
        made.append(bytes(raw))
    return made


UPLOAD = """
import io, json, resource
from pathlib import Path
from django.conf import settings
from django.core.exceptions import ValidationError
from kezun.kernel.file import keep, path_of
from kezun.kernel.kinds import SUFFIXES
settings.KEZUN_UNPACKED_MAX_BYTES, settings.KEZUN_PIXELS_MAX = 1_000_000, 10_000
names = ["a.csv", "../../x", "\\x00", "CON", "a" * 500 + ".png", "/etc/passwd", "..", "\\u202egnp.exe"]
who, kept, refused = SystemActor("drill"), set(), 0
keep(who, io.BytesIO(b"a,b"), "warm.csv", allow=SUFFIXES.values())
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
files = sorted(Path(sys.argv[1]).iterdir())
for number, path in enumerate(files):
    try:
        with path.open("rb") as stream:
            kept.add(keep(who, stream, names[number % len(names)], allow=SUFFIXES.values()).sha256)
    except ValidationError:
        refused += 1
grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
print(json.dumps({"files": len(files), "refused": refused, "kept": sorted(kept), "grown_kib": grown}))
"""


def test_a_thousand_malformed_files_crash_nothing_and_lie_in_quarantine(env, tmp_path):
    brought = tmp_path.parent / f"{tmp_path.name}-brought"
    brought.mkdir()
    for number, content in enumerate(_malformed(1000)):
        (brought / f"{number:04}").write_bytes(content)
    told = drill.run(env, UPLOAD, str(brought))[0]
    assert told["files"] == 1000
    assert told["refused"] >= 400
    assert told["grown_kib"] <= 64 * 1024
    store = {p.name for p in (tmp_path / "files").rglob("*") if p.is_file()}
    assert set(told["kept"]) <= store
    assert len(store) == len(told["kept"]) + 1, "the file that warmed up, and what was taken"
    outside = {p.relative_to(tmp_path).parts[0] for p in tmp_path.rglob("*") if p.is_file()}
    assert outside <= {
        "files",
        "quarantine",
        "keys",
        "trail",
        "kezun.sqlite3",
        "kezun.sqlite3-wal",
        "kezun.sqlite3-shm",
    }
    notes = [json.loads(p.read_text()) for p in (tmp_path / "quarantine").glob("*.json")]
    assert all(note["reason"] and "/" not in note["name"] for note in notes)
    assert not any(os.path.islink(p) for p in tmp_path.rglob("*"))
