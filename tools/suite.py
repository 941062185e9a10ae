"""Checks and tests, run inside the environment by `./dev check | test | cover | tour`."""

from __future__ import annotations

import atexit
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from xml.etree import ElementTree

from tools import coverage_floors, postgres

ROOT = Path(__file__).resolve().parents[1]
BIN = Path(sys.executable).parent
STARTED = time.monotonic()
REPORTS: list[Path] = []
CHECKS: dict[str, list[str]] = {
    "lint": ["ruff", "check", "--quiet", "."],
    "format": ["ruff", "format", "--check", "--quiet", "."],
    "types": ["mypy"],
    "layers": ["lint-imports"],
    "words": ["python", "tools/words.py", "check"],
    "migrations": ["python", "manage.py", "makemigrations", "--check", "--dry-run", "-v1"],
}
LAST_LINES = 40
MEMORY, MEMORY_FREE = Path("/dev/shm"), 6 * 1024**3  # noqa: S108 a new folder in it, by mkdtemp


def keep_bytecode() -> None:
    """Compiled modules are kept inside the environment, out of the tree, even where the machine says not to.

    Tests start hundreds of processes; each spent three seconds compiling what the one before had compiled.
    """
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    os.environ["PYTHONPYCACHEPREFIX"] = str(Path(sys.prefix) / "pycache")


def free_memory() -> int:
    """Bytes that processes may still take, by the machine and by the limit of a container; 0: not known."""
    told, limit = Path("/proc/meminfo"), Path("/sys/fs/cgroup/memory.max")
    found = re.search(r"MemAvailable: +(\d+) kB", told.read_text()) if told.exists() else None
    most = limit.read_text().strip() if limit.exists() else "max"
    free = int(found[1]) * 1024 if found else 0
    return min(free, int(most)) if most.isdigit() else free


def quick_folder() -> Path | None:
    """A new folder in memory for what tests write, where the machine has plenty and lets programs run there.

    Tests wait for the disk thousands of times, since the product syncs what it must not lose in a power cut.
    None kills more than processes, and those do not tell a disk from memory.
    """
    if not MEMORY.is_dir() or min(shutil.disk_usage(MEMORY).free, free_memory()) < MEMORY_FREE:
        return None
    folder = Path(tempfile.mkdtemp(prefix="kezun-", dir=MEMORY))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    folder.chmod(0o755)
    trial = folder / "trial"
    trial.write_text("#!/bin/sh\n")
    trial.chmod(0o755)
    try:
        subprocess.run([str(trial)], check=True)
    except OSError:
        return None
    return folder


def write_quickly() -> None:
    """Temporary files of this process and its children go to memory, where that can be."""
    if "TMPDIR" not in os.environ and (folder := quick_folder()):
        os.environ["TMPDIR"] = tempfile.tempdir = str(folder)


def say(text: str) -> None:
    print(f"[{time.monotonic() - STARTED:6.1f} s] {text}", flush=True)


def pytest(name: str, *arguments: str, **environment: str) -> bool:
    """Run a part of the suite; says whether it failed. Its counts are kept for the closing line."""
    report = Path(tempfile.gettempdir()) / f"kezun-{os.getpid()}-{name}.xml"
    REPORTS.append(report)
    say(f"tests: {name}")
    command = [sys.executable, "-m", "pytest", f"--junitxml={report}", *arguments]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **environment}, stdin=subprocess.DEVNULL)
    return done.returncode != 0


def looked_through() -> list[str]:
    """Run every check to its end; returns the names of those that failed."""
    failed = []
    with tempfile.TemporaryDirectory(prefix="kezun-check-") as scratch:
        for name, command in CHECKS.items():
            done = subprocess.run(
                [str(BIN / command[0]), *command[1:]],
                cwd=ROOT,
                env={**os.environ, "KEZUN_HOME": scratch},
                capture_output=True,
                text=True,
            )
            say(f"check: {name}{' FAILED' if done.returncode else ''}")
            if done.returncode:
                failed.append(name)
                told = (done.stdout + done.stderr).strip().splitlines()
                print("\n".join(told[-LAST_LINES:]), flush=True)
    return failed


def check() -> list[str]:
    """The checks and, beside them, the gates: one processor would be idle else."""
    with ThreadPoolExecutor(1) as beside:
        checks = beside.submit(looked_through)
        gates = ["gates"] if pytest("gates", "tests/gates") else []
    return checks.result() + gates


def whole() -> list[str]:
    """The suite on SQLite, then the rooms' tests that touch the database on a PostgreSQL of its own.

    What crosses rooms (permission matrix, every page, invented requests) asks the same of either database
    and runs once.
    """
    failed = []
    workers = ("-n", os.environ.get("KEZUN_TEST_WORKERS", "2"), "--dist=loadgroup", "--ignore=tests/gates")
    if pytest("sqlite", *workers, DATABASE_URL=""):
        failed.append("tests on SQLite")
    place = postgres.binaries()
    if place is None:
        say("no PostgreSQL server on this machine: the second pass is skipped")
        return failed
    with postgres.server(place) as url:
        if pytest("postgresql", *workers, "--ignore=tests", "--only-database", DATABASE_URL=url):
            failed.append("tests on PostgreSQL")
    return failed


def cover(arguments: list[str]) -> list[str]:
    """The suite once more under coverage, against the floors."""
    measured = ("-n", "2", "--cov", "--cov-report=", "--ignore=tests/gates", "-m", "not browser")
    failed = ["tests"] if pytest("cover", *measured, *arguments) else []
    low = coverage_floors.below()
    print("\n".join(low) or "coverage stands above its floors")
    return failed + (["coverage"] if low else [])


def counts() -> dict[str, int]:
    """Tests passed, failed and skipped over all parts that ran; their reports are removed."""
    total = dict.fromkeys(("passed", "failed", "skipped"), 0)
    for report in REPORTS:
        if not report.exists():
            total["failed"] += 1
            continue
        for part in ElementTree.parse(report).getroot().iter("testsuite"):  # noqa: S314 our own file
            skipped = int(part.get("skipped", 0))
            failed = int(part.get("failures", 0)) + int(part.get("errors", 0))
            total["skipped"] += skipped
            total["failed"] += failed
            total["passed"] += max(int(part.get("tests", 0)) - failed - skipped, 0)
        report.unlink()
    return total


def finish(failed: list[str]) -> int:
    """The closing lines: what was skipped, what failed, and the counts."""
    total = counts()
    if skipped := os.environ.get("KEZUN_SKIPPED"):
        print(f"not installed, so its tests were skipped: {skipped}")
    say(f"failed: {', '.join(failed)}" if failed else "everything passed")
    print(
        f"kezun: {total['passed']} passed, {total['failed']} failed, {total['skipped']} skipped", flush=True
    )
    return 1 if failed or total["failed"] else 0


def main(verb: str, arguments: list[str]) -> int:
    # Ended from outside, the suite still stops its database server and removes its folders.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    keep_bytecode()
    write_quickly()
    if verb == "check":
        return finish(check())
    if verb == "cover":
        return finish(cover(arguments))
    if verb == "tour":
        return int(pytest("tour", "tests/browser/test_tour.py", KEZUN_TOUR="1"))
    if arguments:
        return finish(["chosen tests"] if pytest("chosen", *arguments) else [])
    return finish(check() + whole())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
