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


MAKERS: dict[str, Callable[[Person, Unit], Target]] = {"kind": kind, "correction": correction}
