"""Repeating a stored run in the background, and what the last repetition found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from django.core.exceptions import ValidationError

from kezun.assessment.models import Run
from kezun.assessment.replaying import replay
from kezun.kernel.actor import Actor, require
from kezun.kernel.models import Task
from kezun.kernel.task import enqueue, progress, task

REPLAY, RUN = "assessment.replay", "assessment.run"
SHOWN = 20


@dataclass(frozen=True)
class Repeated:
    """How the last repetition of a run stands. equal None: under way, or it could not be done (`message`)."""

    under_way: bool
    equal: bool | None
    message: str
    differences: list[dict[str, str]]
    notes: list[str]
    at: Any


def ask(actor: Actor, run: Run) -> None:
    """Have a done run repeated by the worker; raises Denied."""
    require(actor, RUN)
    enqueue(REPLAY, run=run.pk)


@task(REPLAY)
def repeat(run: int) -> None:
    """Repeat a run and tell the outcome; it writes to no run."""
    try:
        found = replay(Run.objects.select_related("scheme").get(pk=run))
    except ValidationError as error:
        progress(1, 1, "\n".join(error.messages))
        return
    differ = [asdict(one) for one in found.differences[:SHOWN]]
    progress(1, 1, equal=found.equal, differences=differ, notes=found.notes)


def repeated(runs: Iterable[int]) -> dict[int, Repeated]:
    """The last repetition of each of these runs that was asked for; one statement."""
    rows = Task.objects.filter(name=REPLAY, arguments__run__in=list(runs)).order_by("pk")
    return {row.arguments["run"]: _told(row) for row in rows}


def _told(row: Task) -> Repeated:
    told = row.progress or {}
    waiting = row.state in (Task.State.WAITING, Task.State.RUNNING)
    return Repeated(
        waiting,
        None if waiting else told.get("equal"),
        str(told.get("note", "")),
        told.get("differences", []),
        told.get("notes", []),
        row.finished_at,
    )
