"""Tasks: work after commit. A row in the transaction that causes it, a worker that leases, runs, retries.

One embedded worker on SQLite; several processes on PostgreSQL (`FOR UPDATE SKIP LOCKED`). A task runs at
least once: handlers must bear repetition. A lease that runs out (kill -9) makes the task free again.
"""

from __future__ import annotations

import datetime as dt
import logging
import threading
import time
import traceback
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from kezun.kernel import metrics
from kezun.kernel.models import Schedule, Task
from kezun.kernel.rules import backoff

LEASE = dt.timedelta(minutes=5)
HANDLERS: dict[str, Callable[..., None]] = {}
SCHEDULES: dict[str, dt.timedelta] = {}
WAKE = threading.Event()

log = logging.getLogger("kezun.task")


class Later(Exception):
    """Raised by a handler that did a part of its work: the task waits its turn again, with these arguments.

    What else is due by then comes first, so that one long task holds up no sweep and no mail.
    """

    def __init__(self, **arguments: Any) -> None:
        self.arguments = arguments


@dataclass
class _Running:
    row: Task
    told_at: float = field(default=0.0)


_running: ContextVar[_Running | None] = ContextVar("running_task", default=None)


def task(name: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a handler under a stable name; it is called with the task's JSON arguments as keywords."""

    def register(function: Callable[..., None]) -> Callable[..., None]:
        held = HANDLERS.get(name)
        if held is not None and (held.__module__, held.__qualname__) != (
            function.__module__,
            function.__qualname__,
        ):
            raise RuntimeError(f"task {name} is declared twice")
        HANDLERS[name] = function
        return function

    return register


def every(
    *, minutes: float = 0, hours: float = 0, days: float = 0, name: str = ""
) -> Callable[[Callable[[], None]], Callable[[], None]]:
    """Run the decorated function again and again, once across all workers, as the task `name`.

    It first runs when a worker sees it first; a run that is still waiting is not doubled.
    """
    period = dt.timedelta(minutes=minutes, hours=hours, days=days)
    if period <= dt.timedelta(0):
        raise ValueError("a schedule needs a period longer than nothing")

    def register(function: Callable[[], None]) -> Callable[[], None]:
        known = name or f"every.{function.__module__}.{function.__qualname__}"
        SCHEDULES[known] = period
        task(known)(function)
        return function

    return register


def enqueue(name: str, *, due_at: dt.datetime | None = None, **arguments: Any) -> Task:
    """Write a task row; it is seen by workers when the surrounding transaction commits."""
    row = Task.objects.create(name=name, arguments=arguments, due_at=due_at or timezone.now())
    transaction.on_commit(WAKE.set)
    return row


def enqueue_scheduled() -> int:
    """Enqueue every repeating task whose time has come; returns how many. Safe for any number of workers.

    Moving `next_at` from what was read to the next time is the claim: only one worker's update finds it.
    """
    now, made = timezone.now(), 0
    due = dict(Schedule.objects.values_list("name", "next_at"))
    for name, period in SCHEDULES.items():
        was = due.get(name)
        if was is not None and was > now:
            continue
        with transaction.atomic():
            if was is None:
                mine = Schedule.objects.get_or_create(name=name, defaults={"next_at": now + period})[1]
            else:
                mine = Schedule.objects.filter(name=name, next_at=was).update(next_at=now + period) == 1
            open_states = (Task.State.WAITING, Task.State.RUNNING)
            if mine and not Task.objects.filter(name=name, state__in=open_states).exists():
                enqueue(name)
                made += 1
    return made


def claim(worker: str) -> Task | None:
    """Lease the task that is due first, or None. Safe for any number of workers.

    A task whose lease ran out on its last attempt (its worker died each time) is given up here.
    """
    free = _free(timezone.now())
    if not Task.objects.filter(free).exists():
        return None  # without this look, an idle worker would take SQLite's write lock every second
    with transaction.atomic():
        now = timezone.now()
        skip = connection.features.has_select_for_update_skip_locked  # SQLite has one writer: nothing to skip
        queue = Task.objects.filter(_free(now)).order_by("due_at", "pk").select_for_update(skip_locked=skip)
        while (row := queue.first()) is not None:
            if row.attempts >= row.max_attempts:
                row.error = _("The worker died during the last attempt.")
                _end(row, Task.State.FAILED)
                continue
            row.state, row.worker, row.started_at = Task.State.RUNNING, worker, now
            row.lease_until, row.attempts = now + LEASE, row.attempts + 1
            row.save(update_fields=["state", "worker", "started_at", "lease_until", "attempts"])
            return row
    return None


def _free(now: dt.datetime) -> Q:
    waiting = Q(state=Task.State.WAITING, due_at__lte=now)
    return waiting | Q(state=Task.State.RUNNING, lease_until__lt=now)


def extend(row: Task) -> bool:
    """Lengthen the lease of a running task; False where it was lost to another worker."""
    return _mine(row).update(lease_until=timezone.now() + LEASE) == 1


def _mine(row: Task) -> QuerySet[Task]:
    """The row, if this attempt still holds it: a worker that slept past its lease must not write over."""
    held = Task.objects.filter(pk=row.pk, state=Task.State.RUNNING)
    return held.filter(worker=row.worker, attempts=row.attempts)


def progress(done: float, total: float, note: str = "", **numbers: Any) -> None:
    """Tell how far the running task is; at most two writes a second, the last one always. Outside: nothing.

    Inside a transaction others see it only after the commit.
    """
    running = _running.get()
    if running is None or (time.monotonic() - running.told_at < 0.5 and done < total):
        return
    running.told_at = time.monotonic()
    told = {"done": done, "total": total, "note": note, **numbers}
    running.row.progress = told
    _mine(running.row).update(progress=told, lease_until=timezone.now() + LEASE)


def run(row: Task) -> bool:
    """Run one leased task and record how it ended; a failure waits (see `backoff`), then gives up.

    Returns whether the record was written: not where the lease was lost meanwhile.
    """
    handler = HANDLERS.get(row.name)
    if handler is None:
        row.error = _("No code is registered for the task “%(name)s”.") % {"name": row.name}
        log.error("task has no handler", extra={"task": row.name})
        return _end(row, Task.State.FAILED)
    token = _running.set(_Running(row))
    try:
        handler(**row.arguments)
    except Later as later:
        return _put_back(row, later)
    except Exception as error:
        log.exception("task failed", extra={"task": row.name, "attempt": row.attempts})
        row.error = traceback.format_exc(limit=5) if settings.DEBUG else f"{type(error).__name__}: {error}"
        if row.attempts >= row.max_attempts:
            return _end(row, Task.State.FAILED)
        row.due_at = timezone.now() + backoff(row.attempts)
        return _end(row, Task.State.WAITING)
    finally:
        _running.reset(token)
    row.error = ""
    return _end(row, Task.State.DONE)


def _put_back(row: Task, later: Later) -> bool:
    """Let a task wait for its next part; what went wrong in this one is forgotten, since it got further."""
    metrics.TASKS_RUN.labels(row.name, "part").inc()
    told = {"state": Task.State.WAITING, "lease_until": None, "due_at": timezone.now(), "error": ""}
    held = _mine(row).update(**told, attempts=0, arguments=later.arguments)
    WAKE.set()
    return bool(held)


def _end(row: Task, state: str) -> bool:
    metrics.TASKS_RUN.labels(row.name, "retry" if state == Task.State.WAITING else state).inc()
    row.finished_at = None if state == Task.State.WAITING else timezone.now()
    held = _mine(row).update(
        **{"state": state, "finished_at": row.finished_at, "lease_until": None},
        **{"due_at": row.due_at, "error": row.error},
    )
    row.state, row.lease_until = Task.State(state), None
    if not held:
        log.warning("lease lost", extra={"task": row.name, "attempt": row.attempts})
    return bool(held)


def run_due(worker: str, limit: int = 1000) -> int:
    """Run what is due, at most `limit` tasks; returns how many ran."""
    done = 0
    while done < limit and (row := claim(worker)) is not None:
        run(row)
        done += 1
    return done
