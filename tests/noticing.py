"""What addresses of notifications name, made for a test: a notice of somebody else's, and one's own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.utils import timezone

from kezun.cases.models import Notice
from kezun.org.models import Person, Unit

Target = dict[str, Any]


def _notice(person: Person) -> Target:
    held = Notice.objects.filter(person=person).first()
    data = {"no": "C26-000001", "unit": "x", "act_by": "—"}
    made = held or Notice.objects.create(person=person, code="assigned", data=data, at=timezone.now())
    return {"pk": made.pk}


def notice(person: Person, where: Unit) -> Target:
    """A notice of another person of the unit."""
    from tests.targets import someone

    return _notice(someone(where))


def own_notice(person: Person, where: Unit) -> Target:
    return _notice(person)


MAKERS: dict[str, Callable[[Person, Unit], Target]] = {"notice": notice}
OWN: dict[str, Callable[[Person, Unit], Target]] = {"notice": own_notice}
