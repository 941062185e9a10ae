"""kill -9 at any moment of an import: the store is as before or as after, and the next one goes through."""

import json
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from kezun.facts.tests.importing import HEADER, line
from kezun.kernel.tests.drill import place

ROOT = Path(__file__).resolve().parents[3]
KILLS, ROWS = 12, 4000
pytestmark = pytest.mark.drill

PREPARE = """
from django.core.management import call_command
call_command("migrate", verbosity=0)
from kezun.org.models import Unit
Unit.objects.create(code="O1", name="x", kind="outlet")
"""
# Says what the store holds, waits for a line, imports: what is killed is the import, not the start of Python.
IMPORT = """
import datetime as dt
import json
import sys
from pathlib import Path
import pyarrow.parquet as pq
from kezun.facts import store
from kezun.facts.models import Batch, FactFile
from kezun.facts.tests.importing import bring, facts, profile
for path in store.root().rglob("*.parquet"):
    pq.read_metadata(path)
missing = [f.path for f in FactFile.objects.all() if not (store.root() / f.path).exists()]
store.sweep(dt.timedelta(0))
print(json.dumps({"rows": dict(facts()), "missing": missing}), flush=True)
if sys.stdin.readline().strip() == "go":
    known = profile(person="person: {from: teller, empty: ['-'], unknown: register}")
    done = bring(Path(sys.argv[1]), known)
    print("done", flush=True)
"""
START = """
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "kezun.site.settings"
import django
django.setup()
"""


def process(env, code, *arguments):
    command = [sys.executable, "-u", "-c", START + code, *map(str, arguments)]
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    return subprocess.Popen(command, env=env, cwd=ROOT, text=True, **pipes)


def seen(child) -> dict[str, int]:
    """What the store of a process that has just started holds; every file it lists is there."""
    told = json.loads(child.stdout.readline() or child.stderr.read())
    assert told["missing"] == []
    return told["rows"]


def finished(child, stdin: str = "") -> str:
    out, err = child.communicate(stdin, timeout=60)
    assert child.returncode == 0, err
    return out.strip()


def export(path: Path, version: int) -> dict[str, int]:
    """ROWS tickets over three months; every version corrects every third wait and adds some tickets."""
    rows = {f"{n:05d}": (n % 700 + (version if n % 3 == 0 else 0)) for n in range(ROWS + version * 10)}
    lines = (
        line(key, teller=f"T{n % 5}", taken=f"2026-0{n % 3 + 1}-02 09:00:00", wait=wait)
        for n, (key, wait) in enumerate(rows.items())
    )
    path.write_text(HEADER + "".join(lines))
    return rows


def test_kills_leave_the_store_as_before_or_after(tmp_path):
    chance = random.Random(20260302)
    path = tmp_path / "f.csv"
    with place(tmp_path / "home") as env:
        finished(process(env, PREPARE))
        before, child = export(path, 0), process(env, IMPORT, path)
        assert seen(child) == {}
        started = time.monotonic()
        assert finished(child, "go\n") == "done"
        whole = time.monotonic() - started
        outcomes = {"before": 0, "after": 0}
        child = process(env, IMPORT, path)
        assert seen(child) == before
        for version in range(1, KILLS + 1):
            after = export(path, version)
            child.stdin.write("go\n")
            child.stdin.flush()
            time.sleep(chance.uniform(0, whole))
            child.kill()
            acknowledged = child.communicate()[0]
            child = process(env, IMPORT, path)
            rows = seen(child)
            assert rows in (before, after)
            assert not acknowledged or rows == after
            outcomes["after" if rows == after else "before"] += 1
            before = rows
        assert outcomes["before"], "some kills must come before the commit"
        after = export(path, KILLS + 1)
        assert finished(child, "go\n") == "done"
        child = process(env, IMPORT, path)
        assert seen(child) == after
        finished(child)
