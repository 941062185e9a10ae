"""The facts follow the cases: once a minute, many changes in one file, instead of one file for every verb."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from django.core.exceptions import ValidationError
from django.utils import timezone

from kezun.cases.models import Case
from kezun.cases.publishing import due, publish_cases
from kezun.facts.publishing import NotPublished
from kezun.kernel.actor import SystemActor
from kezun.kernel.task import every

log = logging.getLogger("kezun.cases")
AT_ONCE = 2000
UNFIT = (NotPublished, ValidationError, ValueError, KeyError)


def publish_due() -> int:
    """Publish the facts of all cases that wait; returns how many. Safe to repeat and after a kill.

    A case that cannot become facts is told in the log and tried again next time; it holds up no other.
    """
    done, now = 0, timezone.now()
    held: set[int] = set()
    while cases := due(now, AT_ONCE, held):
        held |= _unfit(cases)
        done += sum(case.pk not in held for case in cases)
    return done


def _unfit(cases: Sequence[Case]) -> set[int]:
    """Publish what can be; the primary keys of cases that cannot, found by halving."""
    try:
        publish_cases(SystemActor("worker"), cases)
    except UNFIT:
        if len(cases) == 1:
            log.exception("case cannot become facts", extra={"case": cases[0].pk})
            return {cases[0].pk}
        half = len(cases) // 2
        return _unfit(cases[:half]) | _unfit(cases[half:])
    return set()


@every(minutes=1, name="cases.publish_due")
def catch_up() -> None:
    """Whatever changed in the last minute, and whatever the tasks before missed."""
    publish_due()
