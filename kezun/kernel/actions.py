"""What the platform does by itself, again and again: anchors, and what is no longer needed put away."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from kezun.kernel.action import action
from kezun.kernel.actor import Actor, SystemActor
from kezun.kernel.anchor import anchor
from kezun.kernel.models import IdempotencyKey, Task
from kezun.kernel.task import every

KEPT = dt.timedelta(days=30)


@every(minutes=10, name="kernel.anchor")
def anchor_trail() -> None:
    """Seal the heads of the trail outside the database."""
    anchor()


@action("kernel.sweep")
def sweep(actor: Actor) -> dict[str, int]:
    """Put away tasks done and idempotency keys used more than 30 days ago; failed tasks stay for people."""
    before = timezone.now() - KEPT
    tasks, _ = Task.objects.filter(state=Task.State.DONE, finished_at__lt=before).delete()
    keys, _ = IdempotencyKey.objects.filter(created_at__lt=before).delete()
    return {"tasks": tasks, "keys": keys}


@every(days=1, name="kernel.sweep")
def sweep_daily() -> None:
    """Once a day, by the worker."""
    sweep(SystemActor("worker"))
