"""The same finding at the same unit again: counted, tied to the one before, whose remedy thereby failed."""

from __future__ import annotations

import datetime as dt

from django.db.models import Q

from kezun.cases.actions.verbs import do
from kezun.cases.doing import Doing, after, effect
from kezun.cases.effects import repeating  # its effects run first: the fingerprint is theirs
from kezun.cases.models import Case, Link
from kezun.cases.remarks import remark
from kezun.kernel.actor import SystemActor

CORRECTION = "correction"
BY = SystemActor("recurrence")
# what ended without a remedy does not count as having happened
UNCOUNTED = (Case.State.REJECTED, Case.State.WITHDRAWN, Case.State.MERGED)
__all__ = ["come_back", "failed_before", "repeating"]


@effect("open")
def come_back(doing: Doing) -> None:
    """How often the same was found before within the kind's window, and the latest of them."""
    case, spec = doing.case, doing.kind.effect
    if case.code != CORRECTION or spec is None or not case.fingerprint:
        return
    since = case.received_at - dt.timedelta(days=spec.recurrence_days)
    found = Case.objects.filter(
        code=case.code, fingerprint=case.fingerprint, received_at__lte=case.received_at
    )
    found = found.filter(Q(received_at__gte=since) | Q(closed_at__gte=since))
    before = list(found.exclude(pk=case.pk).exclude(state__in=UNCOUNTED).order_by("-received_at", "-pk"))
    if not before:
        return
    doing.sets["repeat"] = len(before)
    doing.told["recurrence_of"] = before[0].pk
    doing.told["failed"] = [one.pk for one in before if _failed(one)]
    Link.objects.get_or_create(
        source=case, target=before[0], type=Link.Type.RECURRENCE_OF, ended_at=None, defaults={"at": doing.at}
    )


def _failed(before: Case) -> bool:
    """Whether the remedy of an earlier one was called done; what is still open has not failed yet."""
    return before.state in (Case.State.CLOSED, Case.State.CHECKED) and before.verdict != "not"


@after
def failed_before(doing: Doing) -> None:
    """The remedies before did not work: what they were for has come back."""
    for pk in doing.told.get("failed", ()):
        note = remark("found_again", case=doing.case.no)
        do(BY, Case.objects.get(pk=pk), "check", {"verdict": "not", "note": note})
