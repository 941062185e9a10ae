"""What happens after the ledger's actions: confirmed entries become facts, and so does every change of
them."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

from django.db import transaction

from kezun.assessment.actions.ledger import publish_merits
from kezun.assessment.models import Merit
from kezun.facts.publishing import publish
from kezun.kernel.action import on
from kezun.kernel.actor import SystemActor
from kezun.kernel.task import every

SOURCE = "ledger"
AT_ONCE = 2000
NOON = dt.time(12)


@on("assessment.confirm_merit")
def after_confirmed(entry: int, target: str) -> None:
    """A confirmed entry is published."""
    _publish_one(target)


@on("assessment.attribute_merit")
def after_attributed(entry: int, target: str) -> None:
    """A confirmed entry that was attributed is published as corrected."""
    _publish_one(target)


@on("assessment.void_merit")
def after_voided(entry: int, target: str) -> None:
    """An entry that was published and is void now is published as void."""
    _publish_one(target)


@every(days=1, name="assessment.publish_merits")
def publish_left() -> None:
    """Entries whose task failed for good are published after all."""
    publish_entries(list(Merit.objects.filter(confirmed_at__isnull=False, facts_at__isnull=True)[:AT_ONCE]))


def _publish_one(target: str) -> None:
    found = Merit.objects.filter(pk=target.rpartition(":")[2], confirmed_at__isnull=False)
    publish_entries(list(found))


def publish_entries(entries: list[Merit]) -> int:
    """Make facts of these entries as they stand; repeating it changes nothing. Returns how many there
    were."""
    if not entries:
        return 0
    worker = SystemActor("worker")
    publish(worker, "merit", [_row(merit) for merit in entries], source=SOURCE)
    with transaction.atomic():
        return publish_merits(worker, keys=[str(merit.key) for merit in entries])


def _row(merit: Merit) -> dict[str, Any]:
    noon = dt.datetime.combine(merit.occurred_date, NOON, ZoneInfo(merit.unit.zone))
    return {
        "source_id": str(merit.key),
        "unit": merit.unit.code,
        "person": merit.person.code if merit.person else None,
        "occurred_at": noon,
        "kind": merit.kind,
        "level": merit.level,
        "responsibility": merit.responsibility,
        "incident": merit.incident or None,
        "note": merit.title,
        "void": merit.state == Merit.State.VOID,
    }
