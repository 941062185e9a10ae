"""Whether the system can do its work: each check by name, quick enough to be asked every few seconds."""

from __future__ import annotations

import datetime as dt
import logging
import os
import shutil
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, connection
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from kezun.kernel import frozen, guard
from kezun.kernel.models import Heartbeat

SILENT = dt.timedelta(seconds=60)
log = logging.getLogger("kezun.health")


@dataclass(frozen=True)
class Check:
    """One answer: what was looked at, whether it is well, a number or word that says more (no secrets)."""

    name: str
    title: str | Promise
    well: bool
    found: str = ""
    vital: bool = True


CHECKS: list[tuple[str, str | Promise, bool, Callable[[], str]]] = []


def check(
    name: str, title: str | Promise, *, vital: bool = True
) -> Callable[[Callable[[], str]], Callable[[], str]]:
    """Declare a check: it returns what it found, and raises where that is not well.

    vital: without it the system takes no requests (readiness); others only show on the health page.
    """

    def declare(look: Callable[[], str]) -> Callable[[], str]:
        CHECKS.append((name, title, vital, look))
        return look

    return declare


def look(*, vital_only: bool = False) -> list[Check]:
    """All checks, in the order declared; one that fails does not keep the others from being made."""
    seen = []
    for name, title, vital, looked in CHECKS:
        if vital_only and not vital:
            continue
        try:
            seen.append(Check(name, title, True, looked(), vital))
        except (DatabaseError, OSError, NotWell) as error:
            log.warning("not well", extra={"step": name}, exc_info=error)
            said = str(error) if isinstance(error, NotWell) else type(error).__name__
            seen.append(Check(name, title, False, said, vital))
    return seen


class NotWell(Exception):
    """What a check found wrong, in words for operators."""


@check("database", _("Database"))
def database() -> str:
    """Answers a question; on which engine it runs."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        cursor.fetchone()
    return str(connection.vendor)


@check("store", _("Store folder"))
def store() -> str:
    """A file can be written, brought to disk and removed."""
    path = Path(settings.KEZUN_HOME) / f".health-{uuid.uuid4().hex}"
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(handle, b"well")
    finally:
        os.close(handle)
        path.unlink()
    return ""


@check("disk", _("Free disk space"))
def disk() -> str:
    """More than KEZUN_DISK_MIN_BYTES is free where the installation's home lies."""
    free = shutil.disk_usage(settings.KEZUN_HOME).free
    found = f"{free / 1024**3:.1f} GiB"
    if free < settings.KEZUN_DISK_MIN_BYTES:
        raise NotWell(found)
    return found


@check("worker", _("Worker"), vital=False)
def worker() -> str:
    """A worker gave a sign of life in the last minute; how many did, and how often they were begun anew."""
    alive = Heartbeat.objects.filter(seen_at__gte=timezone.now() - SILENT)
    falls = list(alive.values_list("falls", flat=True))
    if not falls:
        raise NotWell("0")
    if not sum(falls):
        return str(len(falls))
    return gettext("%(alive)s, begun anew %(falls)s times") % {"alive": len(falls), "falls": sum(falls)}


@check("guard", _("Trail guard"), vital=False)
def trail_guard() -> str:
    """The triggers that keep the trail append-only, and settled rows as they are, are in the database."""
    if gone := guard.missing(connection) + frozen.missing(connection):
        raise NotWell(", ".join(gone))
    return ""
