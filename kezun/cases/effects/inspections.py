"""What follows from an inspection: its findings become corrections, and these hear of what becomes of it."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from kezun.cases import findings
from kezun.kernel.action import on
from kezun.kernel.task import enqueue, task
from kezun.standards.models import Sheet

OPEN = "cases.open_corrections"


@task(OPEN)
def open_corrections(sheet: int) -> None:
    """Corrections for the findings of a sheet, once they may be known."""
    row = _sheet(sheet)
    if row is None:
        return
    if not row.released and row.state == Sheet.State.SUBMITTED and row.release_date is not None:
        first = timezone.make_aware(dt.datetime.combine(row.release_date, dt.time.min))
        enqueue(OPEN, due_at=first, sheet=row.pk)
        return
    findings.open_corrections(row)


@on("standards.submit_sheet")
def submitted(entry: int, target: str) -> None:
    """A sheet was submitted."""
    open_corrections(_number(target))


@on("standards.release_sheet")
def released(entry: int, target: str) -> None:
    """A covert visit has a day of release, perhaps today."""
    open_corrections(_number(target))


@on("standards.correct_sheet")
def corrected(entry: int, target: str) -> None:
    """Another sheet took its place: what is new in it becomes a correction, what is open is told."""
    later = Sheet.objects.select_related("standard", "unit").filter(corrects=_number(target)).first()
    if later is not None:
        open_corrections(later.pk)
        findings.tell_of_change(later, later)


@on("standards.void_sheet")
def made_void(entry: int, target: str) -> None:
    """It counts no more; what was opened from it is told, and people decide what becomes of that."""
    if (row := _sheet(_number(target))) is not None:
        findings.tell_of_change(row, None)


def _sheet(pk: int) -> Sheet | None:
    return Sheet.objects.select_related("standard", "unit").filter(pk=pk).first()


def _number(target: str) -> int:
    """The key in an entry's target (`standards.sheet:12`)."""
    return int(target.rpartition(":")[2])
