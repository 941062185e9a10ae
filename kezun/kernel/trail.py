"""The trail (留痕): who did what to what, when; sharded hash chains that cannot be edited unseen.

`write` appends inside the caller's transaction, so an action and its entry stand or fall together.
Entries are spread over `KEZUN_TRAIL_SHARDS` chains by the actor's name: one chain would serialise a bank.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import uuid
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from kezun.kernel.models import TrailEntry, TrailHead
from kezun.kernel.prepared import prepared
from kezun.kernel.rows import insert, update
from kezun.kernel.rules import GENESIS, available, canonical, chain_digest, head_digest, one_line, shard_of


@lru_cache(maxsize=4)
def _key_at(path: Path) -> bytes:
    """The key in the file; made where there is none yet, by exactly one of the processes that start."""
    if not path.exists():
        if TrailEntry.objects.exists():
            raise ImproperlyConfigured(
                f"{path.name} is missing, but the trail has entries that were sealed with it. "
                "Put the key back from the backup; a new key would make every entry look forged."
            )
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = path.with_name(f"{path.name}.{uuid.uuid4().hex}.tmp")
        handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as out:
            out.write(os.urandom(32))
            out.flush()
            os.fsync(out.fileno())
        with contextlib.suppress(FileExistsError):
            os.link(fresh, path)
        fresh.unlink()
    return path.read_bytes()


def key() -> bytes:
    """The installation's trail key (32 bytes), kept outside the database in KEZUN_HOME/keys."""
    return _key_at(Path(settings.KEZUN_HOME) / "keys" / "trail.key")


def algorithm() -> str:
    """The digest that new entries are sealed with (KEZUN_TRAIL_DIGEST): `sha256`, or `sm3` as GB/T 32905."""
    named: str = settings.KEZUN_TRAIL_DIGEST
    if named not in available():
        raise ImproperlyConfigured(
            f"KEZUN_TRAIL_DIGEST={named}: this machine offers {', '.join(available())}"
        )
    return named


def body_of(
    shard: int, position: int, at: dt.datetime, actor: str, verb: str, target: str, detail: object
) -> str:
    """The canonical text of an entry that its digest covers: every column, the detail, the algorithm."""
    return canonical(
        {
            **{"shard": shard, "position": position, "at": at, "via": algorithm()},
            **{"actor": actor, "verb": verb, "target": target, "detail": detail},
        }
    )


_appended = 0


def appended() -> int:
    """How many entries this process has appended so far, those of transactions since undone included."""
    return _appended


def write(actor: str, verb: str, target: str = "", detail: object = None) -> TrailEntry:
    """Append one entry to the actor's chain; must run inside the transaction of what it records.

    Three statements: the head is read and locked, the entry inserted, the head moved on.
    """
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("an entry belongs to the transaction that it records")
    target = one_line(target, 120)
    shard = shard_of(actor, settings.KEZUN_TRAIL_SHARDS)
    sealing, via = key(), algorithm()
    ((count, head),) = _locked(shard) or [_begun(shard, head_digest(sealing, shard, 0, GENESIS, via))]
    at, position = timezone.now(), count + 1
    body = body_of(shard, position, at, actor, verb, target, detail)
    digest = chain_digest(sealing, head, body, via)
    entry = TrailEntry(
        **{"shard": shard, "position": position, "at": at, "actor": actor, "verb": verb, "target": target},
        detail=body,
        digest=digest,
    )
    insert(entry)
    seal = head_digest(sealing, shard, position, digest, via)
    update(TrailHead(shard=shard, count=position, head=digest, seal=seal), "count", "head", "seal")
    global _appended
    _appended += 1
    if position % settings.KEZUN_TRAIL_ANCHOR_EVERY == 0:
        _anchor_after_commit()
    return entry


@prepared((int,))
def _locked(shard: int) -> QuerySet[Any, Any]:
    return TrailHead.objects.select_for_update().filter(shard=shard).values_list("count", "head")


def _begun(shard: int, seal: str) -> tuple[int, str]:
    """A chain's head where there was none; another may have begun it meanwhile."""
    empty = {"count": 0, "head": GENESIS, "seal": seal}
    row, _ = TrailHead.objects.select_for_update().get_or_create(shard=shard, defaults=empty)
    return row.count, row.head


def _anchor_after_commit() -> None:
    from kezun.kernel.anchor import anchor

    transaction.on_commit(anchor, robust=True)
