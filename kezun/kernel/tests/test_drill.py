"""Drills: what was acknowledged outlives kill -9; writers and workers at once do not disturb one another."""

import os
import signal
import time

import pytest

from kezun.kernel.tests import drill

pytestmark = pytest.mark.drill
KILLS = 20

WRITE_FOR_EVER = """
@action("drill.note")
def note(actor, number):
    enqueue("drill.follow", number=number)

actor, run = SystemActor(f"writer{int(sys.argv[1]) % 3}"), sys.argv[1]
number = 0
while True:
    number += 1
    with once(f"{run}-{number}"):
        note(actor, f"{run}-{number}")
    print(f"{run}-{number}", flush=True)
"""

WRITE_SOME = """
@action("drill.note")
def note(actor, number): ...

import time
began = time.monotonic()
for number in range(int(sys.argv[2])):
    note(SystemActor(sys.argv[1]), number)
print(f"[{time.monotonic() - began}]", flush=True)
"""

TELL = """
import json
report = verify()
notes = [json.loads(e.detail)["detail"]["number"] for e in TrailEntry.objects.filter(verb="drill.note")]
tasks = list(Task.objects.filter(name="drill.follow").values_list("arguments__number", flat=True))
print(json.dumps({"intact": report.intact, "problems": report.as_json()["problems"],
                  "entries": report.entries, "notes": notes, "tasks": tasks}))
"""


@pytest.fixture
def env(tmp_path):
    with drill.place(tmp_path) as made:
        drill.migrate(made)
        yield made


def test_twenty_kills_under_audited_writes_lose_nothing_acknowledged(env):
    acknowledged = []
    for round_ in range(KILLS):
        process = drill.start(env, WRITE_FOR_EVER, str(round_))
        acknowledged.append(process.stdout.readline().strip())
        os.set_blocking(process.stdout.fileno(), True)
        time.sleep(0.05 + 0.013 * round_)
        process.send_signal(signal.SIGKILL)
        with process:  # read on where readline stopped: it may have taken more lines than the one it gave
            rest, err = process.stdout.read(), process.stderr.read()
        assert acknowledged[-1], err[-1500:]
        # the last line may be cut by the kill: only whole lines were acknowledged
        acknowledged += rest[: rest.rfind("\n") + 1].split()
    told = drill.run(env, TELL)[0]
    assert told["problems"] == []
    assert told["intact"]
    assert len(acknowledged) > KILLS
    assert set(acknowledged) <= set(told["notes"])
    assert len(told["notes"]) == len(set(told["notes"])), "an action ran twice"
    assert sorted(told["notes"]) == sorted(told["tasks"]), "an action without its task, or a task alone"
    assert len(told["notes"]) <= len(acknowledged) + KILLS, "at most one unacknowledged write a kill"


def test_four_processes_write_one_unbroken_trail(env):
    """Two of them to the same chain; also the race for the chain's first entry and for the key."""
    names = ("a", "a", "b", "c")
    processes = [drill.start(env, WRITE_SOME, name, "50") for name in names]
    for process in processes:
        _, err = process.communicate(timeout=120)
        assert process.returncode == 0, err[-1500:]
    told = drill.run(env, TELL)[0]
    assert told["problems"] == []
    assert told["entries"] == 200


def test_a_hundred_audited_actions_a_second(env):
    """Durable ones: each is on disk (synchronous=FULL) before the next begins."""
    best = min(drill.run(env, WRITE_SOME, "one", "300")[0][0] for _ in range(2))
    assert 300 / best >= 100


SLOW_TASK = """
import kezun.kernel.task as tasks, datetime, time
tasks.LEASE = datetime.timedelta(seconds=1)

@task("drill.slow")
def slow(mark):
    print(f'"{mark}-began"', flush=True)
    if sys.argv[1] == "die":
        time.sleep(60)
    print(f'"{mark}-done"', flush=True)

if sys.argv[1] == "die":
    enqueue("drill.slow", mark="m")
until = time.monotonic() + 20
while time.monotonic() < until and not tasks.run_due(sys.argv[1]):
    time.sleep(0.05)
row = Task.objects.get()
print(f'["{row.state}", "{row.worker}", "{row.attempts}"]', flush=True)
"""


def test_a_task_whose_worker_is_killed_runs_again(env):
    process = drill.start(env, SLOW_TASK, "die")
    assert "began" in process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert drill.run(env, SLOW_TASK, "live") == ["m-began", "m-done", ["done", "live", "2"]]


THREE_WORKERS = """
import json, time
from kezun.kernel.task import run_due

@task("drill.count")
def count(number):
    ran.append(number)

ran = []
until = time.monotonic() + 60
while Task.objects.filter(state__in=("waiting", "running")).exists() and time.monotonic() < until:
    run_due(sys.argv[1])
print(json.dumps(ran))
"""


def test_three_workers_never_run_one_task_twice(env):
    drill.run(env, 'for number in range(120): enqueue("drill.count", number=number)')
    workers = [drill.start(env, THREE_WORKERS, f"w{n}") for n in range(3)]
    ran = []
    for worker in workers:
        out, err = worker.communicate(timeout=120)
        assert worker.returncode == 0, err[-1500:]
        ran += __import__("json").loads(out.splitlines()[-1])
    assert sorted(ran) == list(range(120))


SCHEDULED = """
import kezun.kernel.task as tasks
tasks.SCHEDULES.clear()

@tasks.every(minutes=5, name="drill.tick")
def tick(): ...

made = sum(tasks.enqueue_scheduled() for _ in range(20))
print(f"[{made}]")
"""


def test_a_schedule_fires_once_across_processes(env):
    workers = [drill.start(env, SCHEDULED) for _ in range(3)]
    made = 0
    for worker in workers:
        out, err = worker.communicate(timeout=60)
        assert worker.returncode == 0, err[-1500:]
        made += int(out.strip().splitlines()[-1].strip("[]"))
    assert made == 1
