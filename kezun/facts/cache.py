"""Answers computed before: one row each, found by the digest of everything that could change them."""

from __future__ import annotations

import datetime as dt
import hashlib
import logging
import zlib
from collections.abc import Iterable, Mapping

import msgspec
from django.db import DatabaseError, transaction
from django.db.models import F, Max, Value
from django.utils import timezone

from kezun.facts.asking import Bound
from kezun.facts.models import CachedAnswer, FactHead
from kezun.facts.questions import Answer
from kezun.facts.store import snapshot_at
from kezun.kernel.rules import canonical
from kezun.kernel.task import every
from kezun.org.models import UnitPath

log = logging.getLogger("kezun.facts")
KEPT = dt.timedelta(days=30)
FORMAT = 4
READER = msgspec.msgpack.Decoder(list[Answer])
TREE = ""


def versions() -> dict[str, int]:
    """The latest snapshot of each fact type, and the tree's version under TREE; one statement.

    Paths are always derived anew as a whole, so their highest primary key grows with every change.
    """
    heads = FactHead.objects.values_list("fact", "number")
    tree = UnitPath.objects.order_by().annotate(_as=Value(TREE)).values("_as").annotate(last=Max("pk"))
    return dict(heads.union(tree.values_list("_as", F("last"))))


def snapshots_at(
    known_at: dt.datetime | None, facts: Iterable[str], now: Mapping[str, int]
) -> dict[str, int]:
    """The snapshot of each fact type as known at a moment (None: now); 0 where there was none yet."""
    if known_at is None:
        return {fact: now.get(fact, 0) for fact in facts}
    return {fact: snapshot_at(fact, known_at) or 0 for fact in facts}


def key_of(bound: Bound, snapshots: Mapping[str, int], tree: int) -> str:
    """The digest of a bound question: what is asked, of which facts, by which definitions and tree."""
    question = bound.question
    parts = [part for id in question.indicators for part in bound.catalogue.parts(id)]
    body = {
        "format": FORMAT,
        "indicators": [d.digest for d in (*bound.definitions, *parts)],
        "ids": question.indicators,
        "unit": [bound.unit.pk, bound.unit.code],
        "period": [question.period.start, question.period.end, question.period.label],
        "shape": [question.below, question.by],
        "narrow": [
            *(bound.person, question.person, question.business, question.customer_class),
            *(question.hour, question.weekday),
        ],
        "snapshots": sorted(snapshots.items()),
        "tree": tree,
    }
    return hashlib.sha256(canonical(body).encode()).hexdigest()


def fetch(keys: Iterable[str]) -> dict[str, list[Answer]]:
    """What is known under these keys; one statement."""
    found = CachedAnswer.objects.filter(key__in=set(keys)).values_list("key", "payload")
    return {key: READER.decode(zlib.decompress(payload)) for key, payload in found}


def keep(made: Mapping[str, list[Answer]]) -> None:
    """Keep answers; a database that cannot take them now (locked, read only) is no reason to fail."""
    rows = [CachedAnswer(key=k, payload=_packed(answers)) for k, answers in made.items()]
    try:
        with transaction.atomic():
            CachedAnswer.objects.bulk_create(rows, ignore_conflicts=True)
    except DatabaseError:
        log.warning("answers were not kept", exc_info=True)


def _packed(answers: list[Answer]) -> bytes:
    return zlib.compress(msgspec.msgpack.encode(answers), 1)


def forget(older: dt.timedelta = KEPT) -> int:
    """Remove answers kept longer ago than `older`; they are computed again when asked for."""
    count, _by_model = CachedAnswer.objects.filter(at__lt=timezone.now() - older).delete()
    return count


@every(days=1, name="facts.forget")
def forget_daily() -> None:
    """Once a day, by the worker: answers kept long ago; they are made again when asked for."""
    forget()
