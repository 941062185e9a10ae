"""Chains made quickly, and the forger's tools: raw SQL with the guard lifted."""

from __future__ import annotations

import datetime as dt

from django.conf import settings
from django.db import connection

from kezun.kernel import guard, trail
from kezun.kernel.chain import Row
from kezun.kernel.models import TrailEntry, TrailHead
from kezun.kernel.rules import GENESIS, chain_digest, head_digest, moment_text

BEGAN = dt.datetime(2026, 1, 2, 3, 4, 5, 120000, dt.UTC)


def row(key: bytes, shard: int, position: int, previous: str, detail: object = None) -> Row:
    """One entry as `trail.write` would write it."""
    at = BEGAN + dt.timedelta(seconds=position, microseconds=position * 37 % 1000)
    fields = (shard, position, at, f"person:{position % 7}", "test.verb", f"org.unit:{position % 11}")
    body = trail.body_of(*fields, detail or {"n": position, "name": "客尊"})
    stored = moment_text(at.isoformat())
    return Row(shard, position, stored, *fields[3:], body, chain_digest(key, previous, body))


def chain(key: bytes, length: int, shard: int = 0) -> list[Row]:
    """A chain of its own, from its first entry."""
    rows, previous = [], GENESIS
    for position in range(1, length + 1):
        rows.append(row(key, shard, position, previous))
        previous = rows[-1].digest
    return rows


def fill(length: int, shards: int = 4) -> None:
    """Put chains of `length` entries in all into the tables, evenly over `shards`."""
    for shard in range(shards):
        rows = chain(trail.key(), length // shards, shard)
        TrailEntry.objects.bulk_create(
            [
                TrailEntry(
                    **{"shard": r.shard, "position": r.position, "actor": r.actor, "verb": r.verb},
                    **{"at": dt.datetime.fromisoformat(r.at).replace(tzinfo=dt.UTC)},
                    **{"target": r.target, "detail": r.body, "digest": r.digest},
                )
                for r in rows
            ],
            batch_size=2000,
        )
        head = rows[-1].digest
        seal = head_digest(trail.key(), shard, len(rows), head, settings.KEZUN_TRAIL_DIGEST)
        TrailHead.objects.create(shard=shard, count=len(rows), head=head, seal=seal)


def sql(statement: str, *values: object) -> None:
    """What a forger with the database's password does: lifts the guard, then writes at will."""
    guard.lift(connection)
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
