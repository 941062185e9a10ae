"""Have all histories replayed, by a worker: what control shows and the command line does at once."""

from __future__ import annotations

from kezun.cases.verifying import verify
from kezun.kernel.action import action
from kezun.kernel.actor import Actor
from kezun.kernel.models import Task
from kezun.kernel.task import enqueue, progress, task

REPLAY = "cases.replay"


@action(REPLAY)
def replay(actor: Actor) -> Task:
    """Have every history of cases replayed by a worker; who asks while one is under way gets that one."""
    under_way = Task.objects.filter(name=REPLAY, state__in=(Task.State.WAITING, Task.State.RUNNING)).first()
    return under_way or enqueue(REPLAY)


@task(REPLAY)
def run_replay() -> None:
    """The replay itself; its report is the task's last progress."""
    report = verify(tell=lambda done, total: progress(done, max(total, done + 1)))
    progress(report.events, report.events, report=report.as_json())
