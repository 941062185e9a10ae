"""The trail (留痕): who did what to what, when; sharded hash chains that cannot be edited unseen.

`write` appends inside the caller's transaction, so an action and its entry stand or fall together.
Entries are spread over `KEZUN_TRAIL_SHARDS` chains by the actor's name: one chain would serialise a bank.
"""

from __future__ import annotations

import datetime as dt
import os
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.utils import timezone

from kezun.kernel.models import TrailEntry, TrailHead
from kezun.kernel.rules import GENESIS, canonical, chain_digest, head_digest, shard_of


@lru_cache(maxsize=4)
def _key_at(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = os.urandom(32)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as out:
            out.write(fresh)
            out.flush()
            os.fsync(out.fileno())
        return fresh


def key() -> bytes:
    """The installation's trail key (32 bytes), kept outside the database in KEZUN_HOME/keys."""
    return _key_at(Path(settings.KEZUN_HOME) / "keys" / "trail.key")


def body_of(at: dt.datetime, actor: str, verb: str, target: str, detail: object) -> str:
    """The canonical text of an entry that its digest covers."""
    return canonical({"at": at, "actor": actor, "verb": verb, "target": target, "detail": detail})


def write(actor: str, verb: str, target: str = "", detail: object = None) -> TrailEntry:
    """Append one entry to the actor's chain; must run inside the transaction of what it records."""
    shard = shard_of(actor, settings.KEZUN_TRAIL_SHARDS)
    head, _ = TrailHead.objects.select_for_update().get_or_create(
        shard=shard, defaults={"count": 0, "head": GENESIS, "seal": head_digest(key(), shard, 0, GENESIS)}
    )
    at = timezone.now()
    body = body_of(at, actor, verb, target, detail)
    digest = chain_digest(key(), head.head, body)
    entry = TrailEntry.objects.create(
        shard=shard,
        position=head.count + 1,
        at=at,
        actor=actor,
        verb=verb,
        target=target,
        detail=body,
        digest=digest,
    )
    head.count, head.head = entry.position, digest
    head.seal = head_digest(key(), shard, head.count, digest)
    head.save(update_fields=["count", "head", "seal"])
    return entry
