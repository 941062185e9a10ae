"""Tasks: work after commit. A row in the transaction that causes it, a worker that leases, runs, retries.

One embedded worker on SQLite; several processes on PostgreSQL (`FOR UPDATE SKIP LOCKED`). A task runs at
least once: handlers must bear repetition. A lease that runs out (kill -9) makes the task free again.
"""

from __future__ import annotations

import datetime as dt
import logging
import traceback
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from kezun.kernel.models import Task

LEASE = dt.timedelta(minutes=5)
HANDLERS: dict[str, Callable[..., None]] = {}

log = logging.getLogger("kezun.task")


def task(name: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register a handler under a stable name; it is called with the task's JSON arguments as keywords."""

    def register(function: Callable[..., None]) -> Callable[..., None]:
        HANDLERS[name] = function
        return function

    return register


def enqueue(name: str, *, due_at: dt.datetime | None = None, **arguments: Any) -> Task:
    """Write a task row; it is seen by workers when the surrounding transaction commits."""
    return Task.objects.create(name=name, arguments=arguments, due_at=due_at or timezone.now())


def claim(worker: str) -> Task | None:
    """Lease the task that is due first, or None. Safe for any number of workers."""
    now = timezone.now()
    free = Q(state=Task.State.WAITING, due_at__lte=now) | Q(state=Task.State.RUNNING, lease_until__lt=now)
    with transaction.atomic():
        queue = Task.objects.filter(free).order_by("due_at", "pk")
        if connection.features.has_select_for_update_skip_locked:
            queue = queue.select_for_update(skip_locked=True)
        row = queue.first()
        if row is None:
            return None
        row.state, row.worker, row.started_at = Task.State.RUNNING, worker, now
        row.lease_until, row.attempts = now + LEASE, row.attempts + 1
        row.save(update_fields=["state", "worker", "started_at", "lease_until", "attempts"])
        return row


def run(row: Task) -> None:
    """Run one leased task and record how it ended; a failure waits 2^attempts seconds, then gives up."""
    try:
        HANDLERS[row.name](**row.arguments)
    except Exception as error:
        log.exception("task failed", extra={"task": row.name, "attempt": row.attempts})
        last = row.attempts >= row.max_attempts
        row.state = Task.State.FAILED if last else Task.State.WAITING
        row.due_at = timezone.now() + dt.timedelta(seconds=2**row.attempts)
        row.error = traceback.format_exc(limit=5) if settings.DEBUG else f"{type(error).__name__}: {error}"
    else:
        row.state, row.finished_at, row.error = Task.State.DONE, timezone.now(), ""
    row.lease_until = None
    row.save(update_fields=["state", "finished_at", "lease_until", "due_at", "error"])


def run_due(worker: str, limit: int = 1000) -> int:
    """Run what is due, at most `limit` tasks; returns how many ran."""
    done = 0
    while done < limit and (row := claim(worker)) is not None:
        run(row)
        done += 1
    return done
