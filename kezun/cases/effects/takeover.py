"""The worker's part of taking a ledger over."""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.utils import translation

from kezun.cases import takeover, takeover_files, takeover_rows, takeover_words
from kezun.cases.actions.takeover import TASK, keep_rejects, take_over
from kezun.cases.models import LedgerBook, LedgerRow
from kezun.cases.rules.ledger import Fault
from kezun.kernel.actor import Denied, SystemActor
from kezun.kernel.task import Later, progress, task
from kezun.org.scope import with_held

SHOWN = 200
TURN_S = 20.0  # of work, after which whatever else is due has its turn
BY = SystemActor("ledger")
log = logging.getLogger("kezun.cases")


@task(TASK)
def take_ledger(
    book: int,
    sheet: str,
    columns: dict[str, int],
    defaults: dict[str, str],
    person: int,
    before: dict[str, Any] | None = None,
) -> None:
    """Take every row over that can be; the others are told by line and column, and kept as a file to mend.

    May be repeated at will: what was taken over is there already. After some seconds it lets others have
    their turn; before: what was done by then (`_Told.carried`).
    """
    actor = with_held(person)
    if actor is None or not actor.is_active:
        raise Denied("cases.take_over")
    brought = LedgerBook.objects.select_related("file").get(pk=book, person=person)
    with translation.override(actor.language or settings.LANGUAGE_CODE):  # the reasons are for them
        opened = takeover.opened(brought.file, sheet)
        rows, until = list(opened.rows()), time.monotonic() + TURN_S
        reader = takeover.Reader(columns, defaults, (cells for _line, cells in rows))
        told = _Told(before or {})
        for done, (line, cells) in enumerate(rows, 1):
            course, found = reader.read(cells)
            if course is not None:
                again = done <= told.done
                found = told.kept_from(line) if again else _taken(actor, cells, course, told.counts)
                told.by_engine(line, () if again else found)
            told.refused(line, found)
            if told.done < done < len(rows) and time.monotonic() > until:
                progress(done, len(rows), "", **told.counts, faults=told.faults)
                raise Later(
                    **{"book": book, "sheet": sheet, "columns": columns, "defaults": defaults},
                    **{"person": person, "before": told.carried(done)},
                )
            progress(done, len(rows), "", **told.counts, faults=told.faults)
        _keep(brought, opened, told.reasons)
    progress(len(rows), max(len(rows), 1) if rows else 0, "", **told.counts, faults=told.faults)


class _Told:
    """What became of the rows: counts, the first faults for the page, every reason by line for the file.

    done: so many rows were gone through in turns before. What the reader finds wrong it finds again each
    time; what the engine refused is carried from turn to turn.
    """

    def __init__(self, before: Mapping[str, Any]) -> None:
        self.counts = {"fresh": 0, "same": 0, "open": 0} | before.get("counts", {}) | {"rejected": 0}
        self.done: int = before.get("done", 0)
        self.engine: dict[str, list[list[str]]] = dict(before.get("engine", {}))
        self.faults: list[dict[str, Any]] = []
        self.reasons: dict[int, str] = {}
        self.titles = takeover_words.titles()

    def carried(self, done: int) -> dict[str, Any]:
        """What the next turn has to know."""
        return {"done": done, "counts": self.counts, "engine": self.engine}

    def by_engine(self, line: int, found: tuple[Fault, ...]) -> None:
        """Note what the engine refused."""
        if found:
            self.engine[str(line)] = [[fault.column, fault.value] for fault in found]

    def kept_from(self, line: int) -> tuple[Fault, ...]:
        """What the engine refused of a row in an earlier turn."""
        return tuple(Fault(column, "refused", text) for column, text in self.engine.get(str(line), ()))

    def refused(self, line: int, found: tuple[Fault, ...]) -> None:
        """Note why a row was not taken; nothing where it was."""
        if not found:
            return
        self.counts["rejected"] += 1
        texts = [(fault.column, takeover.say(fault)) for fault in found]
        parts = (f"{self.titles[name]}: {text}" if name in self.titles else text for name, text in texts)
        self.reasons[line] = " ".join(parts)
        room = SHOWN - len(self.faults)
        self.faults += [{"line": line, "column": name, "text": text} for name, text in texts][:room]


def _keep(brought: LedgerBook, opened: takeover.Book, reasons: dict[int, str]) -> None:
    """The rows not taken as a file; where it cannot be kept, the reasons on the page must do."""
    if not reasons:
        return
    try:
        keep_rejects(BY, brought, takeover_files.rejects(opened, reasons))
    except ValidationError as error:
        log.warning("the rows of a ledger to be mended were not kept", exc_info=error)


def taken_before(key: str) -> bool:
    """Whether the row with this key was taken over."""
    return LedgerRow.objects.filter(key=key).exists()


def _taken(
    actor: Any, cells: list[str], course: takeover.Course, counts: dict[str, int]
) -> tuple[Fault, ...]:
    """Take one row over; what stood in the way is its fault, and the rest goes on."""
    key = takeover_rows.key_of(cells)
    try:
        made = None if course.done else take_over(actor, course, key=key)
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
