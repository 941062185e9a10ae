"""After a sheet was submitted, corrected or made void its facts follow; what was missed is caught up."""

from __future__ import annotations

from itertools import islice

from kezun.kernel.action import on
from kezun.kernel.actor import SystemActor
from kezun.kernel.task import every
from kezun.standards.publishing import due, publish_sheets

# So many sheets become facts in one go: one file each of inspections and answers.
AT_ONCE = 1000


def publish_due() -> int:
    """Publish the facts of all sheets that wait; returns how many. Safe to repeat and after a kill."""
    done = 0
    while sheets := list(islice(due(), AT_ONCE)):
        done += publish_sheets(SystemActor("worker"), sheets)
    return done


@on("standards.submit_sheet")
def submitted(entry: int, target: str) -> None:
    """A sheet was submitted."""
    publish_due()


@on("standards.correct_sheet")
def corrected(entry: int, target: str) -> None:
    """A sheet took the place of another."""
    publish_due()


@on("standards.void_sheet")
def made_void(entry: int, target: str) -> None:
    """A sheet counts no more."""
    publish_due()


@every(minutes=10, name="standards.publish_due")
def catch_up() -> None:
    """Whatever the tasks missed."""
    publish_due()
