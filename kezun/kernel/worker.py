"""The worker: takes due tasks one after another, keeps their leases alive, starts what repeats.

Embedded as one thread of the server on SQLite, as processes of their own on PostgreSQL (`kezun worker`).
"""

from __future__ import annotations

import datetime as dt
import logging
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable

from django.db import DatabaseError, close_old_connections, connection
from django.utils import timezone

from kezun.kernel.anchor import anchor
from kezun.kernel.models import Heartbeat, Task
from kezun.kernel.task import LEASE, WAKE, claim, enqueue_scheduled, extend, run

PAUSE = 1.0
SIGN = 10.0
GONE = dt.timedelta(days=1)

log = logging.getLogger("kezun.worker")


class Worker:
    """One worker; `work()` runs until `stop()` is called from another thread or a signal handler.

    falls, fell: how often it was begun anew before, and why the last time, for operators to see.
    """

    def __init__(self, name: str = "", falls: int = 0, fell: str = "") -> None:
        self.falls, self.fell = falls, fell[:80]
        self.name = name or f"{socket.gethostname()[:40]}:{os.getpid()}:{uuid.uuid4().hex[:6]}"
        self.stopping = threading.Event()
        self.row: Task | None = None
        self.started_at = timezone.now()
        self._signed = 0.0

    def work(self) -> None:
        """Anchor the trail, then look for work until stopped; a database that is away is waited for."""
        pulse = threading.Thread(target=self._pulse, name=f"{self.name}-pulse", daemon=True)
        pulse.start()
        self._guarded(anchor)
        try:
            while not self.stopping.is_set():
                if not self._guarded(self.turn):
                    WAKE.wait(PAUSE)
                    WAKE.clear()
        finally:
            self.stopping.set()
            self._guarded(anchor)
            self._guarded(lambda: Heartbeat.objects.filter(worker=self.name).delete())
            connection.close()

    def turn(self) -> bool:
        """Sign, enqueue what repeats, run one task; whether there was one."""
        if time.monotonic() - self._signed > SIGN or not self._signed:
            self.sign()
            enqueue_scheduled()
        self.row = claim(self.name)
        if self.row is None:
            return False
        try:
            run(self.row)
        finally:
            self.row = None
        return True

    def sign(self) -> None:
        """Leave a sign of life; forget workers that have given none for a day."""
        now = timezone.now()
        seen = {"started_at": self.started_at, "seen_at": now, "falls": self.falls, "fell": self.fell}
        Heartbeat.objects.update_or_create(worker=self.name, defaults=seen)
        Heartbeat.objects.filter(seen_at__lt=now - GONE).delete()
        self._signed = time.monotonic()

    def stop(self) -> None:
        """End after the task that is running now."""
        self.stopping.set()
        WAKE.set()

    def _guarded(self, step: Callable[[], object]) -> bool:
        close_old_connections()
        try:
            return bool(step())
        except (DatabaseError, OSError):
            log.exception("the worker waits for the database or the disk")
            self.stopping.wait(PAUSE)
            return False

    def _pulse(self) -> None:
        """In a thread of its own: signs, and lengthens the lease, while a long task holds the worker."""
        try:
            while not self.stopping.wait(min(SIGN, LEASE.total_seconds() / 3)):
                self._guarded(self.beat)
        finally:
            connection.close()

    def beat(self) -> None:
        """One pulse: keeps the running task's lease and this worker's sign of life fresh."""
        row = self.row
        if row is not None:
            extend(row)
            self.sign()
