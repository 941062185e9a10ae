"""What addresses of cases name, made for a test: kinds, and a correction of the unit that is rolled out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kezun.cases import actions, kinds
from kezun.cases.models import Case
from kezun.cases.tests.courses import finding
from kezun.kernel.actor import SystemActor
from kezun.org.models import Person, Unit

Target = dict[str, Any]
SYSTEM = SystemActor("test")


def kind(person: Person, where: Unit) -> Target:
    """A kind that anybody may open who may open cases at all."""
    kinds.install_all(SYSTEM)
    return {"code": "praise"}


def correction(person: Person, where: Unit) -> Target:
    """A correction of the unit, opened by the platform."""
    kinds.install_all(SYSTEM)
    found = Case.objects.filter(code="correction", unit=where).first()
    if found is None:
        told = finding() | {"responsible": None, "owner": where.code}
        found = actions.open_case(SYSTEM, "correction", where, told)
    return {"no": found.no}


def rolled_out(person: Person, where: Unit) -> Target:
    """A correction of the unit that all peers look for; the number of the order's event."""
    no = correction(person, where)["no"]
    case = Case.objects.get(pk=int(no.rpartition("-")[2]))
    if not case.events.filter(verb="roll_out").exists():
        told = {"question": "?", "under": "HO", "kind": Unit.Kind.OUTLET.value}
        case = actions.do(SYSTEM, case, "roll_out", told)
    return {"no": no, "seq": case.events.get(verb="roll_out").seq}


MAKERS: dict[str, Callable[[Person, Unit], Target]] = {
    **{"kind": kind, "correction": correction, "rolled_out": rolled_out},
}
