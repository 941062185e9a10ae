"""The store of facts: which files a snapshot lists, and how a commit changes that.

Files are immutable. A commit first writes and names its files (`writing.write`), then in one transaction
lists them, ends the listing of what they replace and makes a snapshot. A crash before that transaction
leaves files that nobody lists (`sweep` removes them); a crash after it leaves nothing undone.
"""

from __future__ import annotations

import datetime as dt
import os
import time
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.db.models import F, Max, Q, QuerySet
from django.utils import timezone

from kezun.facts.models import Batch, FactFile, FactHead, Snapshot

TICK = dt.timedelta(microseconds=1)
GRACE = dt.timedelta(days=1)


class Conflict(Exception):
    """Another commit changed what this one was based on: compare with the store again and retry."""


@dataclass(frozen=True)
class NewFile:
    """A written, named and synced Parquet file that no snapshot lists yet; see FactFile for the fields."""

    month: str
    path: str
    rows: int
    bytes: int
    sha256: str
    source: str
    schema_version: int
    min_unit: int
    max_unit: int
    min_day: dt.date
    max_day: dt.date
    min_key: str
    max_key: str


def root() -> Path:
    """The folder that holds all facts."""
    return Path(settings.KEZUN_HOME) / "facts"


def snapshot_at(fact: str, known_at: dt.datetime | None = None) -> int | None:
    """Number of the last snapshot of `fact` made at or before `known_at` (None: now); None where none was."""
    made = Snapshot.objects.filter(fact=fact)
    if known_at is not None:
        made = made.filter(created_at__lte=known_at)
    found: int | None = made.aggregate(last=Max("number"))["last"]
    return found


def listed(fact: str, snapshot: int | None = None) -> QuerySet[FactFile]:
    """The files that `snapshot` lists (None: the latest)."""
    files_of = FactFile.objects.filter(fact=fact)
    if snapshot is None:
        return files_of.filter(removed__isnull=True)
    return files_of.filter(Q(removed__isnull=True) | Q(removed__gt=snapshot), added__lte=snapshot)


def files(
    fact: str,
    snapshot: int | None = None,
    *,
    since: dt.date | None = None,
    until: dt.date | None = None,
    units: Iterable[int] | None = None,
) -> list[Path]:
    """Files of a snapshot (None: the latest) that may hold facts of these days and units, oldest month first.

    since/until: days, both included. units: primary keys. Pruned by the manifest's minima and maxima, so
    the files may hold other rows too: a reader still filters.
    """
    found = listed(fact, snapshot)
    if since is not None:
        found = found.filter(max_day__gte=since)
    if until is not None:
        found = found.filter(min_day__lte=until)
    rows = found.order_by("month", "min_unit", "pk").values_list("path", "min_unit", "max_unit")
    if units is None:
        return [root() / path for path, _, _ in rows]
    wanted = sorted(set(units))
    return [root() / path for path, low, high in rows if _any_within(wanted, low, high)]


def _any_within(ordered: Sequence[int], low: int, high: int) -> bool:
    at = bisect_left(ordered, low)
    return at < len(ordered) and ordered[at] <= high


def overlapping(fact: str, source: str, min_key: str, max_key: str) -> QuerySet[FactFile]:
    """Current files of a source whose range of keys touches [min_key, max_key].

    Compared here as code points, as they were written: a database may collate otherwise.
    """
    ranges = listed(fact).filter(source=source).values_list("pk", "min_key", "max_key")
    near = [pk for pk, low, high in ranges if low <= max_key and high >= min_key]
    return FactFile.objects.filter(pk__in=near)


def commit(
    fact: str,
    add: Sequence[NewFile],
    remove: Iterable[int] = (),
    batch: Batch | None = None,
    *,
    base: int | None = None,
) -> int:
    """List `add`, end the listing of the files with ids `remove`, make a snapshot; returns its number.

    base: the snapshot the new rows were compared with (0: an empty store; None: no comparison was made).
    Raises Conflict, and changes nothing, where a file to be removed is not current any more, or a file of
    one of the sources came since `base` that may hold the same keys.
    """
    gone = set(remove)
    with transaction.atomic():
        FactHead.objects.get_or_create(fact=fact)
        head = FactHead.objects.select_for_update().get(fact=fact)
        number = head.number + 1
        if base is not None and any(_came_since(fact, base, new) for new in add):
            raise Conflict(f"{fact}: the store has moved on since snapshot {base}")
        ended = FactFile.objects.filter(pk__in=gone, fact=fact, removed__isnull=True).update(removed=number)
        if ended != len(gone):
            raise Conflict(f"{fact}: {len(gone) - ended} files were replaced by another commit")
        FactFile.objects.bulk_create(
            [FactFile(fact=fact, added=number, **new.__dict__) for new in add], batch_size=200
        )
        last = Snapshot.objects.filter(fact=fact).aggregate(at=Max("created_at"))["at"]
        now = timezone.now()
        moment = now if last is None or now > last else last + TICK
        Snapshot.objects.create(fact=fact, number=number, created_at=moment, batch=batch)
        FactHead.objects.filter(pk=fact).update(number=F("number") + 1)
    return number


def _came_since(fact: str, base: int, new: NewFile) -> bool:
    later = listed(fact).filter(source=new.source, added__gt=base).values_list("min_key", "max_key")
    return any(low <= new.max_key and high >= new.min_key for low, high in later)


def sweep(grace: dt.timedelta = GRACE) -> list[Path]:
    """Remove files that nobody lists and that are older than `grace`; returns what was removed.

    What an import was writing when it was killed lies here; a younger file may still be about to be listed.
    """
    limit = time.time() - grace.total_seconds()
    known = set(FactFile.objects.values_list("path", flat=True))
    removed = []
    for path in _written():
        unlisted = path.suffix == ".tmp" or path.relative_to(root()).as_posix() not in known
        if unlisted and path.stat().st_mtime < limit:
            path.unlink(missing_ok=True)
            removed.append(path)
    return removed


def _written() -> Iterator[Path]:
    for folder, _, names in os.walk(root()):
        for found in names:
            yield Path(folder) / found
