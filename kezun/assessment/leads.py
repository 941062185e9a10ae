"""Leads beside honours: whoever decides on a list, a star or a title sees the signs about the same days.

A sign takes nothing away. It is shown where somebody decides, and what it is about is decided one by one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from django.db.models import Q

from kezun.assessment.models import Award, Lead, Listing
from kezun.assessment.models.leads import LeadQuerySet
from kezun.kernel.actor import Actor

READ = "assessment.read_leads"
STANDING = (Lead.State.OPEN, Lead.State.CONFIRMED)


def about(actor: Actor, rows: Iterable[Award | Listing]) -> dict[int, list[Lead]]:
    """Leads that the actor may read and nobody has explained away, by the key of the award or entry.

    Those of a person are about that person; those of a unit are about it and about everybody who was rated or
    inspected there. They concern the days that the run judged; titles by hand have no run and no leads.
    """
    return _matching(Lead.objects.visible_to(actor), rows) if actor.may(READ) else {}


def doubtful(rows: Iterable[Award]) -> set[int]:
    """Keys of those about which a lead stands, whoever asks: they are not decided by the hundred."""
    return set(_matching(Lead.objects.all(), rows))


def _matching(leads: LeadQuerySet, rows: Iterable[Award | Listing]) -> dict[int, list[Lead]]:
    judged = [(row, row.run) for row in rows if row.run]
    if not judged:
        return {}
    near = Q(unit__in={row.unit_id for row, _run in judged})
    near |= Q(person__in={row.person_id for row, _run in judged if row.person_id})
    by_person: dict[int | None, list[Lead]] = defaultdict(list)
    by_unit: dict[int, list[Lead]] = defaultdict(list)
    for lead in leads.filter(near, state__in=STANDING).order_by("pk"):
        by_person[lead.person_id].append(lead)
        by_unit[lead.unit_id].append(lead)
    found: dict[int, list[Lead]] = {}
    for row, run in judged:
        known = by_person[row.person_id] if row.person_id else by_unit[row.unit_id]
        if those := [x for x in known if x.from_date <= run.to_date and x.to_date >= run.from_date]:
            found[row.pk] = those
    return found
