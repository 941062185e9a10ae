"""kill -9 at any moment of an import: the store is as before or as after, and the next one goes through."""

import json
import random
import subprocess
import sys
from pathlib import Path

import pytest

from kezun.facts.tests.importing import HEADER, line
from kezun.kernel.tests.drill import place

ROOT = Path(__file__).resolve().parents[3]
ROWS = 1000
# Moments by the clock, spread over a whole import.
BY_CLOCK = 10
# Boundaries: what is called, which time, killed before it or after, and what the store must be then.
BOUNDARIES = [
    ("kezun.facts.actions:start_import", 1, "after", "before"),
    ("kezun.facts.comparing:settle_repeats", 1, "before", "before"),
    ("kezun.facts.actions:register_people", 1, "after", "before"),
    ("kezun.facts.comparing:meet_store", 1, "after", "before"),
    ("kezun.facts.writing:_sync", 1, "before", "before"),
    ("os:replace", 1, "before", "before"),
    ("os:replace", 1, "after", "before"),
    ("kezun.facts.writing:_sync", 2, "after", "before"),
    ("kezun.facts.writing:_sync_folder", 3, "after", "before"),
    ("kezun.facts.store:commit", 1, "before", "before"),
    ("kezun.facts.models:Snapshot.objects.create", 1, "before", "before"),
    ("kezun.facts.store:commit", 1, "after", "before"),
    ("kezun.facts.actions:import_file", 1, "after", "after"),
]
KILLED = -9
pytestmark = pytest.mark.drill

START = """
import os
os.environ["DJANGO_SETTINGS_MODULE"] = "kezun.site.settings"
import django
django.setup()
"""
PREPARE = """
import kezun.site.urls
from django.core.management import call_command
call_command("migrate", verbosity=0)
from kezun.org.models import Unit
Unit.objects.create(code="O1", name="x", kind="outlet")
"""
DRIVE = """
import sys
from pathlib import Path
from kezun.facts.tests.killed import main
main(Path(sys.argv[1]))
"""


def process(env, code, *arguments):
    """Python that runs `code` in the place of `env`, with pipes."""
    command = [sys.executable, "-u", "-c", START + code, *map(str, arguments)]
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    return subprocess.Popen(command, env=env, cwd=ROOT, text=True, **pipes)


def finished(child, stdin: str = "") -> str:
    out, err = child.communicate(stdin, timeout=60)
    assert child.returncode == 0, err
    return out.strip()


class Driver:
    """The process that imports and kills; see killed.py."""

    def __init__(self, env, path: Path) -> None:
        self.process = process(env, PREPARE + DRIVE, path)

    def ask(self, **asked) -> tuple[int, float, dict[str, int]]:
        """(exit code, seconds) of an import killed as asked, and what the store holds after it."""
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()
        done, left = self.line(), self.line()
        assert left["missing"] == []
        return done["code"], done["took"], left["rows"]

    def line(self):
        text = self.process.stdout.readline()
        assert text, self.process.stderr.read()[-2000:]
        return json.loads(text)

    def end(self) -> None:
        finished(self.process)


def export(path: Path, version: int) -> dict[str, int]:
    """ROWS tickets over three months; every version corrects every third wait, adds tickets and a person."""
    rows = {f"{n:05d}": (n % 700 + (version if n % 3 == 0 else 0)) for n in range(ROWS + version * 10)}
    lines = (
        line(key, teller=f"T{version}-{n % 5}", taken=f"2026-0{n % 3 + 1}-02 09:00:00", wait=wait)
        for n, (key, wait) in enumerate(rows.items())
    )
    path.write_text(HEADER + "".join(lines))
    return rows


def test_kills_leave_the_store_as_before_or_after(tmp_path):
    chance = random.Random(20260302)
    path = tmp_path / "f.csv"
    with place(tmp_path / "home") as env:
        before, driver = export(path, 0), Driver(env, path)
        assert driver.line() == {"rows": {}, "missing": []}
        code, whole, rows = driver.ask()
        assert (code, rows) == (0, before)
        moments = [{"seconds": whole * (n + chance.random()) / BY_CLOCK} for n in range(BY_CLOCK)]
        boundaries = [{"where": w, "call": c, "when": at, "left": left} for w, c, at, left in BOUNDARIES]
        outcomes = {"before": 0, "after": 0}
        for version, asked in enumerate([*moments, *boundaries], start=1):
            after = export(path, version)
            code, _took, rows = driver.ask(**asked)
            assert rows in (before, after), asked
            assert code == KILLED or (code == 0 and rows == after and "where" not in asked), asked
            left = "after" if rows == after else "before"
            assert left == asked.get("left", left), asked
            outcomes[left] += 1
            before = rows
        assert sum(outcomes.values()) >= 20
        assert outcomes["before"] >= len(BOUNDARIES) - 1
        after = export(path, 100)
        code, _took, rows = driver.ask()
        assert (code, rows) == (0, after)
        driver.end()
