"""API operations of the organisation: units and people in scope; personal data masked."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Schema

from kezun.kernel.endpoint import endpoint
from kezun.kernel.rules import mask_number
from kezun.org import queries
from kezun.org.models import Person
from kezun.org.reader import reader_of

READ = "org.read"
MOST = 500


class UnitOut(Schema):
    """A unit."""

    code: str
    name: str
    name_en: str
    kind: str
    zone: str


class UnitDetail(UnitOut):
    """A unit with the codes of what stands above it (from the top down, within scope) and directly below."""

    above: list[str]
    below: list[str]


class PersonOut(Schema):
    """A person; the phone shows its last four characters."""

    code: str
    name: str
    unit: str
    phone: str
    active: bool


class Page(Schema):
    """How many there are, and from where this part begins."""

    count: int
    offset: int


class UnitPage(Page):
    """A part of the units in scope."""

    units: list[UnitOut]


class PersonPage(Page):
    """A part of the people in scope."""

    people: list[PersonOut]


def _out(person: Person) -> dict[str, Any]:
    return {
        "code": person.code,
        "name": person.name,
        "unit": person.home_unit.code if person.home_unit else "",
        "phone": mask_number(person.phone),
        "active": person.is_active,
    }


@endpoint("GET", "units", name="org.api_units", needs=READ, response=UnitPage)
def units(request: HttpRequest, q: str = "", offset: int = 0, limit: int = 100) -> dict[str, Any]:
    """Units in scope by code; `q` searches code and name."""
    found = queries.found_units(reader_of(request), q, READ)
    part = found[_from(offset) : _from(offset) + _most(limit)]
    return {"count": found.count(), "offset": _from(offset), "units": list(part)}


@endpoint("GET", "units/{code}", name="org.api_unit", needs=READ, response=UnitDetail)
def unit(request: HttpRequest, code: str) -> dict[str, Any]:
    """One unit with what is above and below it today."""
    actor = reader_of(request)
    found = queries.unit_by_code(actor, code, READ)
    today = timezone.localdate()
    shown = {name: getattr(found, name) for name in ("code", "name", "name_en", "kind", "zone")}
    return shown | {
        "above": [u.code for u in queries.ancestors(actor, found, today, READ)],
        "below": [u.code for u in queries.children(actor, found, today, READ)],
    }


@endpoint("GET", "people", name="org.api_people", needs=READ, response=PersonPage)
def people(request: HttpRequest, q: str = "", offset: int = 0, limit: int = 100) -> dict[str, Any]:
    """People in scope by staff number; `q` searches name and number. Phones are masked."""
    found = queries.found_people(reader_of(request), q, READ)
    part = found[_from(offset) : _from(offset) + _most(limit)]
    return {"count": found.count(), "offset": _from(offset), "people": [_out(p) for p in part]}


@endpoint("GET", "people/{code}", name="org.api_person", needs=READ, response=PersonOut)
def person(request: HttpRequest, code: str) -> dict[str, Any]:
    """One person, masked."""
    return _out(queries.person_by_code(reader_of(request), code, READ))


def _from(offset: int) -> int:
    return min(max(offset, 0), 10_000_000)


def _most(limit: int) -> int:
    return min(max(limit, 1), MOST)
