"""After a sheet was submitted, corrected or made void its facts follow; what was missed is caught up."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from itertools import islice

from django.core.exceptions import ValidationError

from kezun.facts.publishing import NotPublished
from kezun.kernel.action import on
from kezun.kernel.actor import SystemActor
from kezun.kernel.task import every
from kezun.standards.models import Sheet
from kezun.standards.publishing import due, publish_sheets
from kezun.standards.queries import NotGenuine
from kezun.standards.rules import NotAStandard, NotScorable

log = logging.getLogger("kezun.standards")
# So many sheets become facts in one go: one file each of inspections and answers.
AT_ONCE = 1000
UNFIT = (NotPublished, NotGenuine, NotAStandard, NotScorable, ValidationError)


def publish_due() -> int:
    """Publish the facts of all sheets that wait; returns how many. Safe to repeat and after a kill.

    A sheet that cannot become facts is told in the log and tried again next time; it holds up no other.
    """
    done = 0
    held: set[int] = set()
    while sheets := list(islice(due(held), AT_ONCE)):
        held |= _unfit(sheets)
        done += sum(sheet.pk not in held for sheet in sheets)
    return done


def _unfit(sheets: Sequence[Sheet]) -> set[int]:
    """Publish what can be; the primary keys of sheets that cannot, found by halving."""
    try:
        publish_sheets(SystemActor("worker"), sheets)
    except UNFIT:
        if len(sheets) == 1:
            log.exception("sheet cannot become facts", extra={"sheet": sheets[0].pk})
            return {sheets[0].pk}
        half = len(sheets) // 2
        return _unfit(sheets[:half]) | _unfit(sheets[half:])
    return set()


@on("standards.submit_sheet")
def submitted(entry: int, target: str) -> None:
    """A sheet was submitted."""
    publish_due()


@on("standards.correct_sheet")
def corrected(entry: int, target: str) -> None:
    """A sheet took the place of another."""
    publish_due()


@on("standards.release_sheet")
def released(entry: int, target: str) -> None:
    """A covert visit was released, perhaps today."""
    publish_due()


@on("standards.void_sheet")
def made_void(entry: int, target: str) -> None:
    """A sheet counts no more."""
    publish_due()


@every(minutes=10, name="standards.publish_due")
def catch_up() -> None:
    """Whatever the tasks missed, and covert visits whose day of release has come."""
    publish_due()
