"""Real processes: eight writers on one case, three sweepers at once, a thousand steps under kill -9."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time

import pytest

from kezun.cases.tests.timing import TIMED
from kezun.kernel.tests import drill
from tools import postgres

pytestmark = pytest.mark.drill
WRITERS, NOTES = 8, 25
SWEEPERS, CASES = 3, 60
VERBS, KILLS = 1000, 6
BASE = """
import json, datetime as dt
from django.utils import timezone
from kezun.cases import actions, escalation, kinds
from kezun.cases.models import Case, Clock, Event, Firing
from kezun.cases.verifying import verify as verify_cases
from kezun.org.models import Person, Unit
"""
PREPARE = (
    BASE
    + """
from django.core.management import call_command
call_command("migrate", verbosity=0)
from kezun.org.actions import open_unit
from kezun.org.models import Assignment, Post
system = SystemActor("drill")
head = open_unit(system, None, code="HO", name="HO", kind="head_office")
outlet = open_unit(system, head, code="O1", name="O1", kind="outlet")
for role, unit in (("service_office", head), ("outlet_manager", outlet), ("lobby_manager", outlet)):
    post = Post.objects.create(code=role, name=role, role=role)
    person = Person.objects.create(code=role, name=role, home_unit=unit)
    Assignment.objects.create(person=person, unit=unit, post=post)
kinds.install_kind(system, text=sys.argv[1], origin="drill")
long_ago = timezone.now() - dt.timedelta(days=12)
for number in range(int(sys.argv[2])):
    given = {"title": f"t{number}", "received_at": long_ago}
    actions.open_case(Person.objects.get(code="lobby_manager"), "timed", outlet, given)
"""
)
WRITE = (
    BASE
    + """
who = Person.objects.get(code="outlet_manager")
case = Case.objects.get(pk=1)
print('"ready"', flush=True)
sys.stdin.readline()
for number in range(int(sys.argv[2])):
    actions.do(who, case, "note", {"note": f"{sys.argv[1]}-{number}"})
"""
)
SWEEP = (
    BASE
    + """
print('"ready"', flush=True)
sys.stdin.readline()
done = escalation.sweep()
print(json.dumps(vars(done)))
"""
)
STEPS = (
    BASE
    + """
who = Person.objects.get(code="outlet_manager")
for number in range(int(sys.argv[1])):
    case = Case.objects.get(pk=1 + number % 3)
    made = actions.do(who, case, "note", {"note": f"n{number}"})
    print(json.dumps([made.pk, made.seq, made.head]), flush=True)
"""
)
TELL = (
    BASE
    + """
report = verify_cases()
events = list(Event.objects.order_by("case", "seq").values_list("case", "seq", "verb", "digest"))
print(json.dumps({
    "intact": report.intact, "faults": [list(w) for w in report.faults[:5]], "trail": verify().intact,
    "events": [list(e) for e in events], "firings": Firing.objects.count(),
    "due": Clock.objects.filter(state="running", next_at__lte=timezone.now()).count(),
}))
"""
)


@pytest.fixture(params=["sqlite", "postgresql"])
def env(request, tmp_path, monkeypatch):
    """A fresh installation on either database, with some cases whose steps are due."""
    if request.param == "sqlite":
        monkeypatch.delenv("DATABASE_URL", raising=False)
        with drill.place(tmp_path) as made:
            yield made
        return
    place = postgres.binaries()
    if place is None:
        pytest.skip("no PostgreSQL on this machine: `python -m tools.postgres` says where it is looked for")
    with postgres.server(place) as url:
        monkeypatch.setenv("DATABASE_URL", url)
        with drill.place(tmp_path) as made:
            yield made


def prepared(env, cases: int) -> None:
    drill.run(env, PREPARE, TIMED, str(cases))


def together(processes) -> list[str]:
    """Let all go at the same moment; what each printed last."""
    for process in processes:
        assert process.stdout.readline().strip() == '"ready"', process.stderr.read()[-2000:]
    for process in processes:
        process.stdin.write("\n")
        process.stdin.flush()
    told = []
    for process in processes:
        out, err = process.communicate(timeout=300)
        assert process.returncode == 0, err[-2000:]
        told.append(out.strip())
    return told


def start(env, code, *arguments):
    return subprocess.Popen(
        [sys.executable, "-u", "-c", drill.PRELUDE + code, *arguments],
        **{"env": env, "cwd": drill.ROOT, "text": True},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_eight_writers_on_one_case_lose_nothing(env):
    prepared(env, 1)
    together([start(env, WRITE, str(n), str(NOTES)) for n in range(WRITERS)])
    found = drill.run(env, TELL)[0]
    assert found["intact"], found["faults"]
    assert found["trail"]
    seqs = [seq for _case, seq, _verb, _digest in found["events"]]
    assert seqs == list(range(1, 1 + WRITERS * NOTES + 1))


def test_three_sweepers_fire_every_step_once(env):
    prepared(env, CASES)
    told = [json.loads(line) for line in together([start(env, SWEEP) for _n in range(SWEEPERS)])]
    found = drill.run(env, TELL)[0]
    assert found["intact"], found["faults"]
    escalated = [event for event in found["events"] if event[2] == "escalate"]
    assert found["firings"] == len(escalated) == sum(one["fired"] for one in told)
    assert sum(one["failed"] for one in told) == 0
    assert found["due"] == 0 or sum(one["held"] for one in told) > 0
    assert found["firings"] + found["due"] == 2 * CASES  # both clocks of each case were due


def test_a_thousand_steps_under_kill_lose_none_that_was_acknowledged(env):
    prepared(env, 3)
    acknowledged: set[tuple[int, int, str]] = set()
    for kill in range(KILLS + 1):
        process = start(env, STEPS, str(VERBS))
        count = 0
        for line in process.stdout:
            if not line.startswith("["):
                continue
            acknowledged.add(tuple(json.loads(line)))
            count += 1
            if kill < KILLS and count >= VERBS // (KILLS + 1) - kill:
                time.sleep(0.001 * kill)
                process.send_signal(signal.SIGKILL)
                break
            if len(acknowledged) >= VERBS:
                process.kill()
                break
        process.kill()
        # what it had still told counts as acknowledged; a line cut by the kill does not
        rest = [line for line in process.stdout if line.startswith("[") and line.endswith("]\n")]
        acknowledged |= {tuple(json.loads(line)) for line in rest}
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            stream.close()
    found = drill.run(env, TELL)[0]
    assert found["intact"], found["faults"]
    assert found["trail"]
    assert len(acknowledged) >= VERBS
    kept = {(case, seq, digest) for case, seq, _verb, digest in found["events"]}
    assert acknowledged <= kept
    assert len(kept) <= len(acknowledged) + 3 + KILLS + 2
