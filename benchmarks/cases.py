"""What cases cost with 100,000 of them, 20,000 open: lists, opening, sweep, report, replay; helpdesk too."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from functools import partial
from pathlib import Path
from typing import Any

from benchmarks import cases_seed
from benchmarks.cost import Cost, apart, measured, median_of
from benchmarks.report import say

SIDE = Path(__file__).with_name("helpdesk_side.py")
PAGES = (("my work", "/work/"), ("list of cases", "/cases/"), ("list, open and overdue", "/cases/?due=late"))
READERS = ("office", "supervisor", "outlet")
STATEMENTS, PAGE_MS, OPEN_MS, REPORT_S, SWEEP_S, REPLAYED, TIMES = 5, 20, 4, 1, 2, 5_000, 50
CASES = int(os.environ.get("KEZUN_BENCH_CASES", cases_seed.CASES))
OPEN, DUE = CASES // 5, max(1, CASES // 500)


def seeded(home: str) -> Cost:
    """The home with its cases; made once."""
    with measured() as cost:
        cases_seed.seed(home, CASES, OPEN, DUE)
    return cost


def pages(home: str) -> Cost:
    """(reader, page, CPU ms, statements) of lists, asked before (warm)."""
    seeded(home)
    from django.conf import settings
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    from kezun.org.models import Person
    from kezun.site import serve

    serve.static_files()
    settings.ALLOWED_HOSTS = ["*"]
    found = []
    for name in READERS:
        client = Client()
        client.force_login(Person.objects.get(username=name), backend="kezun.org.signin.Backend")
        for title, address in PAGES:
            if client.get(address).status_code != 200:
                raise SystemExit(f"{address} as {name}: no page")
            with CaptureQueriesContext(connection) as asked:
                client.get(address)
            all_ = [q["sql"] for q in asked.captured_queries]
            statements = [sql for sql in all_ if _reads_cases(sql)]
            cost = median_of(partial(client.get, address), times=7, warm=1)
            found.append((name, title, cost.cpu * 1000, len(statements), len(all_)))
    return Cost(value=found)


def _reads_cases(sql: str) -> bool:
    """Whether a statement is of the page itself: session, person, roles and scope are of every page."""
    return "cases_" in sql


def opening(home: str) -> Cost:
    """A complaint registered, with customer, clocks and history, on average."""
    seeded(home)
    from django.utils import timezone

    from kezun.cases import actions

    casts, words = cases_seed.casts(), cases_seed.told()
    given: dict[str, Any] = {axis: codes[0] for axis, codes in words["codes"].items()}
    given |= {"title": words["titles"][0], "received_at": timezone.now()}

    def register(n: int) -> None:
        cast = casts[n % len(casts)]
        people = [{"role": "complainant", "name": words["customer"], "phone": f"1388000{n:04d}"}]
        actions.open_case(cast.lobby, "complaint", cast.unit, given | {"parties": people})

    for n in range(5):
        register(n)
    with measured() as cost:
        for n in range(5, 5 + TIMES):
            register(n)
    cost.cpu, cost.wall = cost.cpu / TIMES, cost.wall / TIMES
    return cost


def month(home: str) -> Cost:
    """The report on the whole bank of the last whole month."""
    seeded(home)
    from django.utils import timezone

    from kezun.cases.monthly import report
    from kezun.cases.monthly_words import paragraphs
    from kezun.cases.rules.monthly import shifted
    from kezun.kernel.actor import SystemActor
    from kezun.org.models import Unit

    unit, first = Unit.objects.get(code="CH"), shifted(timezone.localdate().replace(day=1), -1)

    def make() -> int:
        found = report(SystemActor("bench"), unit, first)
        paragraphs(found)
        return len(found.rows)

    return median_of(make)


def swept(home: str) -> Cost:
    """One sweep over all running clocks; its value: (running, steps taken)."""
    seeded(home)
    from kezun.cases.escalation import sweep
    from kezun.cases.models import Clock

    running = Clock.objects.filter(state=Clock.State.RUNNING).count()
    with measured() as cost:
        done = sweep()
    cost.value = (running, done.fired, done.failed)
    return cost


def replayed(home: str) -> Cost:
    """All histories replayed and compared; its value: (events, faults)."""
    seeded(home)
    from kezun.cases.verifying import verify

    with measured() as cost:
        found = verify()
    cost.value = (found.events, len(found.faults))
    return cost


def helpdesk(home: str) -> dict[str, float] | str:
    """The same number of tickets in django-helpdesk, in an environment of its own; words why it cannot be."""
    place = Path(f"{home}-helpdesk")
    python = place / "venv" / "bin" / "python"
    place.mkdir(exist_ok=True)
    uv = Path(sys.executable).parent / "uv"
    if not python.exists():
        for command in (
            [str(uv), "venv", "-q", str(place / "venv"), "--python", sys.executable],
            [str(uv), "pip", "install", "-q", "--python", str(python), "django-helpdesk>=2,<3"],
        ):
            done = subprocess.run(command, capture_output=True, text=True)
            if done.returncode:
                return (done.stderr.strip().splitlines() or ["it cannot be installed"])[-1]
    done = subprocess.run(
        [python, SIDE, place, str(CASES), str(OPEN)], cwd=SIDE.parent, capture_output=True, text=True
    )
    if done.returncode:
        return (done.stderr.strip().splitlines() or ["it does not run"])[-1]
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def run(rows: int, home: str) -> dict[str, float]:
    """Print each; cases have one size whatever `rows` says."""
    place = f"{home}-cases"
    began = time.perf_counter()
    made = apart(seeded, place)
    say(
        f"{CASES:,} cases made, {OPEN:,} open", made.cpu, "CPU s", note=f"{time.perf_counter() - began:.0f} s"
    )
    listed = 0.0
    for name, title, milliseconds, statements, all_ in apart(pages, place).value:
        say(f"{title}, as {name}", milliseconds, "CPU ms", PAGE_MS, note=f"{all_} statements in all")
        say(f"{title}, as {name}, statements on cases", statements, "SQL", STATEMENTS)
        listed = max(listed, milliseconds) if title == "list of cases" else listed
    say("opening a case", apart(opening, place).cpu * 1000, "CPU ms", OPEN_MS)
    report = apart(month, place)
    say("monthly report, whole bank", report.cpu, "CPU s", REPORT_S, note=f"{report.value:,} complaints")
    sweep = apart(swept, place)
    running, fired, failed = sweep.value
    say("sweep", sweep.cpu, "CPU s", SWEEP_S, note=f"{running:,} clocks run, {fired} steps, {failed} failed")
    again = apart(replayed, place)
    events, faults = again.value
    say("replay-verify", events / again.cpu, "events/s", REPLAYED, at_most=False, note=f"{faults} faults")
    _beside(helpdesk(place), listed)
    return {}


def _beside(side: dict[str, float] | str, listed: float) -> None:
    if isinstance(side, str):
        print(f"  django-helpdesk: not measured, {side}")
        return
    note = f"{side['statements']:.0f} statements, {side['tickets']:,} tickets"
    say("django-helpdesk, list", side["cpu"] * 1000, "CPU ms", note=note)
    say("django-helpdesk's list / ours", side["cpu"] * 1000 / listed, "x", 50, at_most=False)
