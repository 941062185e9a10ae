"""Taking an old ledger over: started by a person, carried out by a worker, row by row."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from kezun.cases import engine, kinds, standing
from kezun.cases.models import Case, LedgerBook, LedgerRow
from kezun.cases.remarks import remark
from kezun.cases.takeover import FAULT, Course
from kezun.kernel.action import action
from kezun.kernel.actor import Actor, Denied
from kezun.kernel.file import destroy, keep
from kezun.kernel.models import StoredFile, Task
from kezun.kernel.task import enqueue
from kezun.org.models import Person

TASK = "cases.take_ledger"
KEPT = dt.timedelta(days=30)


@action("cases.bring_ledger")
def bring_ledger(actor: Person, file: StoredFile) -> LedgerBook:
    """Note that this person brought this workbook to have it taken over."""
    return LedgerBook.objects.create(file=file, person=actor, at=timezone.now())


@action("cases.start_takeover")
def start_takeover(
    actor: Person, book: LedgerBook, *, sheet: str, columns: Mapping[str, int], defaults: Mapping[str, str]
) -> Task:
    """Start taking over the ledger in a workbook of one's own; a worker does it and tells how far it is."""
    row = LedgerBook.objects.select_for_update(of=("self",)).select_related("task").get(pk=book.pk)
    if row.person_id != actor.pk:
        raise Denied(_("Only who brought a ledger has it taken over."))
    if row.task is not None and row.task.state in (Task.State.WAITING, Task.State.RUNNING):
        raise ValidationError(_("It is being taken over already."))
    row.task = enqueue(
        TASK,
        book=row.pk,
        sheet=sheet,
        columns=dict(columns),
        defaults=dict(defaults),
        person=actor.pk,
    )
    row.rejects = None
    row.save(update_fields=["task", "rejects"])
    return row.task


@action("cases.keep_rejects", hidden=("content",))
def keep_rejects(actor: Actor, book: LedgerBook, content: bytes) -> None:
    """Keep the workbook of the rows that could not be taken, for whoever brought the ledger."""
    kept = keep(actor, io.BytesIO(content), f"{book.pk}.xlsx", allow=("xlsx",))
    LedgerBook.objects.filter(pk=book.pk).update(rejects=kept)


@action("cases.forget_ledgers")
def forget_ledgers(actor: Actor) -> int:
    """Destroy the workbooks brought more than 30 days ago: names and telephones lie in them in the clear."""
    old = LedgerBook.objects.filter(at__lt=timezone.now() - KEPT).exclude(
        task__state__in=(Task.State.WAITING, Task.State.RUNNING)
    )
    for book in old.select_related("file", "rejects"):
        for file in filter(None, (book.file, book.rejects)):
            destroy(file, old)
    return old.delete()[0]


@action("cases.take_over", hidden=("course", "key"))
def take_over(actor: Person, course: Course, *, key: str = "") -> Case:
    """Take over one row of a ledger: the complaint, and what happened to it at the times it tells.

    key: what the row is known by; IntegrityError where it was taken over before.

    Where the row names no handler, or no second person, the case is taken over as open: nobody is made up.
    """
    people = {"take": course.handler, "propose": course.handler, "verify": course.verifier}
    ledger = standing.Ledger(actor, {verb: who for verb, who in people.items() if who is not None})
    given = {**course.given, "received_at": course.received}
    case = engine.open_case(ledger, kinds.kind_now("complaint"), course.unit, given, at=course.received)
    if key:
        number = str(course.given.get("source_no", ""))
        LedgerRow.objects.create(key=key, case=case, number=number, marks=dict(course.marks))
    for verb, said, at in _steps(course):
        case = engine.apply(case, verb, ledger, said, at=at)
    return case


def _steps(course: Course) -> list[tuple[str, dict[str, Any], dt.datetime]]:
    """The verbs that the row tells of, each at its time."""
    found: list[tuple[str, dict[str, Any], dt.datetime]] = []
    # a day without a time begins at midnight, before anything was received on it
    begun = max(course.contacted or course.received, course.received)
    if course.contacted is not None:
        found.append(("contact", {"how": "phone", "at": begun}, begun))
    ended = course.answered
    if course.handler is None or course.verifier is None or ended is None:
        if course.result or course.decision:
            note = " · ".join(filter(None, (course.result, course.decision)))
            found.append(("note", {"note": note[:2000]}, max(begun, ended or begun)))
        return found
    ended = max(ended, begun)
    result = course.result or course.decision or remark("taken_over")
    fault = FAULT.get(course.finding, "nothing")
    proposed = {"result": result, "finding": course.finding, "fault": fault}
    answered = {"how": "phone", "decision": course.decision or course.result or _("Taken over from a ledger")}
    found += [("take", {}, begun), ("propose", proposed, ended), ("verify", {}, ended)]
    found.append(("answer", answered, ended))
    if course.closed is not None:
        found.append(("close", {}, max(course.closed, ended)))
    if course.satisfaction:
        found.append(("rate", {"satisfaction": course.satisfaction}, max(course.closed or ended, ended)))
    return found
