"""Repeating a stored run, by the worker or at once, and what the repetitions of a run found."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Iterable
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db.models import Max
from django.utils import timezone
from django.utils.translation import gettext as _

from kezun.assessment.actions import replays
from kezun.assessment.actions.replays import TASK
from kezun.assessment.computing import Progress
from kezun.assessment.models import Replay
from kezun.assessment.replaying import Replayed, replay
from kezun.assessment.running import PLATFORM
from kezun.kernel.models import Task
from kezun.kernel.task import progress as tell
from kezun.kernel.task import task

log = logging.getLogger("kezun.assessment")
# One that no task carries is made at once, on the command line: after this it has surely ended.
AT_ONCE = dt.timedelta(hours=1)
SHOWN = 20


@dataclass(frozen=True)
class Repeated:
    """A repetition and how far it is. share: 0 … 1 while it is under way, else None; gone: its worker fell
    and nothing was found out."""

    row: Replay
    share: float | None = None
    gone: bool = False

    @property
    def under_way(self) -> bool:
        return self.share is not None

    @property
    def message(self) -> str:
        return _("It never came to an end: repeat the run again.") if self.gone else self.row.message


def carry_out(held: Replay, tell_progress: Progress = lambda share: None) -> Replayed:
    """Repeat a run as it was asked, keep what was found, and return it; why there is nothing is kept too, and
    raised. Writes to no run."""
    try:
        found = replay(held.run, tell_progress)
    except Exception as error:
        message = "\n".join(error.messages) if isinstance(error, ValidationError) else str(error)
        replays.keep_replay(PLATFORM, held, found=None, message=message or type(error).__name__)
        raise
    replays.keep_replay(PLATFORM, held, found=found)
    return found


@task(TASK)
def repeat(replay: int) -> None:
    """Carry out a repetition that waits; what keeps it from being done stays so, and is not tried again."""
    held = Replay.objects.select_related("run__scheme").get(pk=replay)
    if held.done_at is not None:
        return
    try:
        carry_out(held, lambda share: tell(share, 1.0))
    except Exception:
        log.exception("repetition failed", extra={"replay": held.pk})


def repeated(runs: Iterable[int]) -> dict[int, Repeated]:
    """The last repetition of each of these runs; two statements, three where one is under way."""
    last = Replay.objects.filter(run__in=list(runs)).order_by().values("run").annotate(last=Max("pk"))
    rows = Replay.objects.filter(pk__in=[row["last"] for row in last]).select_related("asked_by")
    return {one.row.run_id: one for one in _told(list(rows))}


def history(run: int) -> list[Repeated]:
    """The repetitions of a run, the latest first."""
    rows = Replay.objects.filter(run=run).select_related("asked_by").order_by("-pk")
    return _told(list(rows[:SHOWN]))


def one(held: Replay) -> Repeated:
    """One repetition and how far it is."""
    return _told([held])[0]


def _told(rows: list[Replay]) -> list[Repeated]:
    waiting = [row.pk for row in rows if row.done_at is None]
    under_way = (Task.State.WAITING, Task.State.RUNNING)
    tasks = Task.objects.filter(name=TASK, arguments__replay__in=waiting) if waiting else Task.objects.none()
    known = {one.arguments["replay"]: one for one in tasks}
    now = timezone.now()
    found = []
    for row in rows:
        held = known.get(row.pk)
        if row.done_at is not None:
            found.append(Repeated(row))
        elif held is None:
            found.append(Repeated(row, 0.0) if now - row.asked_at < AT_ONCE else Repeated(row, gone=True))
        elif held.state in under_way:
            found.append(Repeated(row, float((held.progress or {}).get("done", 0.0))))
        else:
            found.append(Repeated(row, gone=True))
    return found
