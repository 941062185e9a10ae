"""Complaints that an address can name: taken in by a colleague, or by the person themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils import timezone

from kezun.cases import actions, kinds
from kezun.cases.actions.takeover import TASK
from kezun.cases.models import Case, LedgerBook
from kezun.kernel.actor import Actor, SystemActor
from kezun.kernel.models import Task
from kezun.org.models import Person, Unit
from kezun.standards.tests import world

Target = dict[str, Any]
AXES = {"channel": "A11", "business": "B11", "reason_code": "C0102"}
TITLE = "等候太久"


def install() -> None:
    """The kinds that the product ships for complaints."""
    known = kinds.kinds_now()
    for name in ("complaint", "review"):
        if name not in known:
            text = (kinds.FOLDER / f"{name}.yaml").read_text(encoding="utf-8")
            kinds.install_kind(SystemActor("test"), text=text, origin="test")


def taken_in(actor: Actor, where: Unit) -> Case:
    """A complaint about the unit."""
    install()
    return actions.open_case(actor, "complaint", where, {"title": TITLE, **AXES})


def complaint(person: Person, where: Unit) -> Target:
    return {"no": taken_in(SystemActor("test"), where).no}


def own_complaint(person: Person, where: Unit) -> Target:
    made = taken_in(SystemActor("test"), where)
    Case.objects.filter(pk=made.pk).update(opener=person)
    return {"no": made.no}


def started(pk: int) -> Target:
    """A ledger that is being taken over by that person."""
    made = Task.objects.create(name=TASK, arguments={"person": pk}, due_at=timezone.now())
    return {"pk": made.pk}


def brought(person: Person) -> LedgerBook:
    """A workbook that this person brought to have it taken over, with rows that were not taken."""
    file = world.workbook()
    task = Task.objects.get(pk=started(person.pk)["pk"])
    return LedgerBook.objects.create(file=file, rejects=file, person=person, at=timezone.now(), task=task)


def somebody_else() -> Person:
    return Person.objects.get_or_create(code="ledger.else", defaults={"name": "乙"})[0]


def ledger(person: Person, where: Unit) -> Target:
    return {"pk": brought(somebody_else()).pk}


def own_ledger(person: Person, where: Unit) -> Target:
    return {"pk": brought(person).pk}


def rejects(person: Person, where: Unit) -> Target:
    return {"pk": brought(somebody_else()).task_id}


def own_rejects(person: Person, where: Unit) -> Target:
    return {"pk": brought(person).task_id}


def takeover(person: Person, where: Unit) -> Target:
    return started(0)


def own_takeover(person: Person, where: Unit) -> Target:
    return started(person.pk)


Maker = Callable[[Person, Unit], Target]
MAKERS: dict[str, Maker] = {
    "complaint": complaint,
    "takeover": takeover,
    "ledger": ledger,
    "ledger_rejects": rejects,
}
OWN: dict[str, Maker] = {
    "complaint": own_complaint,
    "takeover": own_takeover,
    "ledger": own_ledger,
    "ledger_rejects": own_rejects,
}
