"""The worker's part of taking a ledger over."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError

from kezun.cases import takeover
from kezun.cases.actions.takeover import TASK, take_over
from kezun.cases.models import LedgerRow
from kezun.cases.rules.ledger import Fault
from kezun.kernel.actor import Denied
from kezun.kernel.models import StoredFile
from kezun.kernel.task import progress, task
from kezun.org.scope import with_held

SHOWN = 200


@task(TASK)
def take_ledger(
    sha256: str, sheet: str, columns: dict[str, int], defaults: dict[str, str], person: int
) -> None:
    """Take every row over that can be; the others are told by line and column. May be repeated at will."""
    actor = with_held(person)
    if actor is None or not actor.is_active:
        raise Denied("cases.take_over")
    book = takeover.opened(StoredFile.objects.get(pk=sha256), sheet)
    reader = takeover.Reader(columns, defaults)
    rows = list(book.rows())
    counts = {"fresh": 0, "same": 0, "open": 0, "rejected": 0}
    faults: list[dict[str, Any]] = []
    for done, (line, cells) in enumerate(rows, 1):
        course, found = reader.read(cells)
        if course is not None:
            found = _taken(actor, cells, course, counts)
        for fault in found:
            if len(faults) < SHOWN:
                faults.append({"line": line, "column": fault.column, "text": takeover.say(fault)})
        counts["rejected"] += bool(found)
        progress(done, len(rows), "", **counts, faults=faults)
    progress(len(rows), max(len(rows), 1) if rows else 0, "", **counts, faults=faults)


def taken_before(key: str) -> bool:
    """Whether the row with this key was taken over."""
    return LedgerRow.objects.filter(key=key).exists()


def _taken(
    actor: Any, cells: list[str], course: takeover.Course, counts: dict[str, int]
) -> tuple[Fault, ...]:
    """Take one row over; what stood in the way is its fault, and the rest goes on."""
    key = takeover.key_of(cells)
    try:
        made = None if taken_before(key) else take_over(actor, course, key=key)
    except IntegrityError:
        if not taken_before(key):  # else another worker took the same row a moment ago
            raise
        made = None
    except ValidationError as error:
        told = error.message_dict if hasattr(error, "error_dict") else {"": error.messages}
        return tuple(Fault(name, "refused", " ".join(texts)) for name, texts in told.items())
    if made is None:
        counts["same"] += 1
    else:
        counts["fresh"] += 1
        counts["open"] += made.open
    return ()
