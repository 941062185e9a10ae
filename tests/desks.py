"""What addresses of the desk of cases name, made for a test: a clock, a file, a filter of somebody else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kezun.cases import actions, kinds
from kezun.cases.actions.kinds import draft_kind
from kezun.cases.models import Case, Kind, SavedFilter
from kezun.cases.tests.conftest import KIND
from kezun.kernel.actor import SystemActor
from kezun.org.models import Person, Unit
from kezun.standards.tests.world import photo
from tests.loops import correction

Target = dict[str, Any]


def _case(person: Person, where: Unit) -> Case:
    return Case.objects.get(pk=int(correction(person, where)["no"].rpartition("-")[2]))


def clocked(person: Person, where: Unit) -> Target:
    """A deadline of a correction of the unit."""
    case = _case(person, where)
    clock = case.clocks.first()
    assert clock is not None
    return {"no": case.no, "number": clock.pk}


def proved(person: Person, where: Unit) -> Target:
    """A photo of a correction of the unit."""
    case = _case(person, where)
    found = case.proofs.first()
    if found is None:
        actions.do(SystemActor("test"), case, "attach", {"files": [photo()], "stage": "before"})
        found = case.proofs.get()
    return {"no": case.no, "number": found.pk}


def kept(person: Person, where: Unit) -> Target:
    """A filter that a colleague keeps."""
    from tests.targets import someone

    made, _ = SavedFilter.objects.get_or_create(person=someone(where), title="t")
    return {"pk": made.pk}


def kind_edition(person: Person, where: Unit) -> Target:
    """A kind in force."""
    return {"pk": _small().pk}


def kind_draft(person: Person, where: Unit) -> Target:
    """A draft of its next version, begun by the platform."""
    _small()
    text = KIND.replace('version: "1"', 'version: "2"').replace("2020-01-01", "2099-01-01")
    made = Kind.objects.filter(state="draft").first() or draft_kind(SystemActor("test"), text=text)
    return {"pk": made.pk}


def _small() -> Kind:
    return Kind.objects.filter(urn="trial", version="1").first() or kinds.install_kind(
        SystemActor("test"), text=KIND, origin="test"
    )


MAKERS: dict[str, Callable[[Person, Unit], Target]] = {
    **{"clocked": clocked, "proved": proved, "kept": kept},
    **{"kind_edition": kind_edition, "kind_draft": kind_draft},
}
