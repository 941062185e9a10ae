"""The measurements keep working: each runs at its smallest and prints its bars. Nothing fails for time."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PRINTED = {
    "assess": ("both runs, by the clock", "both runs / fetching", "a scorecard"),
    "quarter": ("scan of the columns needed", "questions / scan", "questions / by hand", "compiled to SQL"),
    "days": ("figures of five levels / scan", "peak memory", "one more day"),
    "drill": ("bytes a row", "one outlet-day", "one outlet-quarter"),
    "kill": ("unreadable or mixed snapshots", "processes that answer differently"),
    "ingest": ("import of CSV", "import of arrow over HTTP", "import of ndjson over HTTP", "again / first"),
}


def lines_of(name: str) -> list[str]:
    """What the measurement prints for 4,000 tickets of a bank of 40 outlets."""
    command = [sys.executable, "-m", "benchmarks", name, "--rows", "4k"]
    env = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "KEZUN_HOME")}
    env |= {"KEZUN_BENCH_OUTLETS": "40"}
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.splitlines()


@pytest.mark.parametrize("name", PRINTED)
def test_a_measurement_prints_its_bars(name):
    lines = lines_of(name)
    assert lines[0] == f"{name}, 4k tickets"
    for wanted in PRINTED[name]:
        assert any(wanted in line for line in lines), f"{name} does not print «{wanted}»"
    if name == "kill":
        assert [line for line in lines[1:] if "holds" not in line] == []


def test_many_cases_at_once_are_counted(monkeypatch):
    monkeypatch.setenv("KEZUN_BENCH_LEDGER", "40")
    lines = lines_of("cases_bulk")
    assert lines[0] == "cases_bulk"
    assert any("36 taken, 4 not" in line for line in lines), lines
    for wanted in ("page before", "the same once more", "the request", "self-checks opened", "coverage page"):
        assert any(wanted in line for line in lines), f"cases_bulk does not print «{wanted}»"


def test_an_unknown_measurement_is_refused():
    command = [sys.executable, "-m", "benchmarks", "speed"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2
    assert "quarter" in done.stderr


def test_days_of_the_demo_are_simulated_alone(tmp_path):
    script = "import sys; from benchmarks.demo import simulated; print(simulated(2, sys.argv[1]).value)"
    env = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "KEZUN_HOME")}
    command = [sys.executable, "-c", script, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    assert int(done.stdout.split()[-1]) > 100


def test_business_time_agrees_with_the_library_and_is_far_quicker():
    lines = lines_of("cases_time")
    told = [line.split("  ")[1] for line in lines[1:]]
    assert told[:3] == ["add_workdays", "the loop over the library", "add_workdays / the loop"]
    assert [line for line in lines[1:4] if "MISSED" in line] == []


def test_cases_in_bulk_replay_without_a_fault(tmp_path):
    """Copies have chains of their own; the sweep, the report and the lists run on them."""
    script = """
import sys
from benchmarks import cases, cases_seed
home = sys.argv[1]
cases_seed.seed(home, 60, 12, 3)
print(cases.replayed(home).value, cases.swept(home).value, cases.month(home).value)
print({found[3] for found in cases.pages(home).value})
"""
    env = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "KEZUN_HOME")}
    env |= {"KEZUN_BENCH_CASES": "60"}
    home = str(tmp_path / "home")
    done = subprocess.run(
        [sys.executable, "-c", script, home], cwd=ROOT, env=env, capture_output=True, text=True, timeout=300
    )
    assert done.returncode == 0, done.stderr[-2000:]
    said = done.stdout.splitlines()
    assert ", 0) (" in said[0]
    assert len(said) == 2
