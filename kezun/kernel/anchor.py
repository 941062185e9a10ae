"""Anchors: what the chains looked like at a moment, written outside the database.

A chain cannot see its own tail cut off, and whoever restores an old head row with its old seal hides the
cut. So now and then the heads of all chains are sealed into one line of KEZUN_HOME/trail/anchors.jsonl
(and into the log, which a bank ships to another machine). Lines are chained to one another; the database
keeps a copy, so that a line taken out of the file is missed. What is cut off after the last anchor, with the
head rolled back, cannot be seen: `verify` says how many entries stand there.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.utils import timezone

from kezun.kernel import trail
from kezun.kernel.models import TrailAnchor, TrailHead
from kezun.kernel.rules import GENESIS, anchor_digest, canonical

log = logging.getLogger("kezun.trail")


def anchors_path() -> Path:
    """The file of anchors; belongs into every backup, and is best copied to a machine of its own."""
    return Path(settings.KEZUN_HOME) / "trail" / "anchors.jsonl"


@contextmanager
def locked(path: Path) -> Iterator[IO[bytes]]:
    """The file of anchors, held against all others: no anchor is made meanwhile (a backup needs that)."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    with os.fdopen(handle, "rb+") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file


def _last_line(file: IO[bytes]) -> dict[str, Any] | None:
    """The last whole line; a line torn by a power cut carries no seal anyone relied on and is dropped."""
    end = file.seek(0, os.SEEK_END)
    start = max(end - 256 * 1024, 0)
    file.seek(start)
    tail = file.read()
    whole = tail.rfind(b"\n") + 1
    if whole < len(tail):
        log.warning("a torn anchor was dropped")
        file.truncate(start + whole)
    lines = tail[:whole].splitlines()
    return json.loads(lines[-1]) if lines else None


def anchor() -> dict[str, Any] | None:
    """Seal the heads of all chains into a new anchor and return it; None where nothing changed since.

    Called every KEZUN_TRAIL_ANCHOR_EVERY entries of a chain, every ten minutes by the worker, and when the
    worker starts and stops.
    """
    with locked(anchors_path()) as file:
        last = _last_line(file)
        rows = TrailHead.objects.order_by("shard").values_list("shard", "count", "head")
        heads = {str(shard): [count, head] for shard, count, head in rows}
        if not heads or (last is not None and last["heads"] == heads):
            return None
        fields: dict[str, Any] = {
            "sequence": last["sequence"] + 1 if last else 1,
            "at": timezone.now().isoformat(),
            "heads": heads,
            "previous": last["seal"] if last else GENESIS,
            "via": trail.algorithm(),
        }
        made = fields | {"seal": anchor_digest(trail.key(), fields)}
        line = canonical(made)
        file.seek(0, os.SEEK_END)
        file.write(line.encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())
        TrailAnchor.objects.update_or_create(
            sequence=made["sequence"], defaults={"at": made["at"], "line": line}
        )
    log.info("trail anchor", extra={"sequence": made["sequence"], "seal": made["seal"]})
    return made
