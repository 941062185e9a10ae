"""Taking an old ledger over: started by a person, carried out by a worker, row by row."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext as _

from kezun.cases import engine, kinds, standing
from kezun.cases.models import Case, LedgerRow
from kezun.cases.takeover import FAULT, Course
from kezun.kernel.action import action
from kezun.kernel.models import StoredFile, Task
from kezun.kernel.task import enqueue
from kezun.org.models import Person

TASK = "cases.take_ledger"
SECOND = dt.timedelta(seconds=1)


@action("cases.start_takeover")
def start_takeover(
    actor: Person, file: StoredFile, *, sheet: str, columns: Mapping[str, int], defaults: Mapping[str, str]
) -> Task:
    """Start taking over the ledger in a kept workbook; a worker does it and tells how far it is."""
    return enqueue(
        TASK,
        sha256=file.sha256,
        sheet=sheet,
        columns=dict(columns),
        defaults=dict(defaults),
        person=actor.pk,
    )


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
        LedgerRow.objects.create(key=key, case=case)
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
    result = course.result or course.decision or _("Taken over from a ledger")
    fault = FAULT.get(course.finding, "nothing")
    proposed = {"result": result, "finding": course.finding, "fault": fault}
    answered = {"how": "phone", "decision": course.decision or result}
    found += [("take", {}, begun), ("propose", proposed, ended), ("verify", {}, ended)]
    found.append(("answer", answered, ended))
    if course.closed is not None:
        found.append(("close", {}, max(course.closed, ended)))
    if course.satisfaction:
        found.append(("rate", {"satisfaction": course.satisfaction}, max(course.closed or ended, ended)))
    return found
