"""Leads beside honours: whoever decides on a list, a star or a title sees the signs about the same days.

A sign takes nothing away. It is shown where somebody decides, and what it is about is decided one by one.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

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
    known = [row for row in rows if row.run_id is not None]
    if not known or not actor.may(READ):
        return {}
    return _matching(Lead.objects.visible_to(actor), known)


def doubtful(rows: Iterable[Award]) -> set[int]:
    """Keys of those about which a lead stands, whoever asks: they are not decided by the hundred."""
    return set(_matching(Lead.objects.all(), [row for row in rows if row.run_id is not None]))


def _matching(known: LeadQuerySet, rows: list[Award] | list[Award | Listing]) -> dict[int, list[Lead]]:
    found: dict[int, list[Lead]] = defaultdict(list)
    standing = known.filter(state__in=STANDING).filter(unit__in={row.unit_id for row in rows})
    standing |= known.filter(state__in=STANDING).filter(person__in={r.person_id for r in rows if r.person_id})
    by_person: dict[int | None, list[Lead]] = defaultdict(list)
    by_unit: dict[int, list[Lead]] = defaultdict(list)
    for lead in standing.order_by("pk"):
        by_person[lead.person_id].append(lead)
        by_unit[lead.unit_id].append(lead)
    for row in rows:
        near = by_person[row.person_id] if row.person_id else by_unit[row.unit_id]
        if run := row.run:
            days = (run.from_date, run.to_date)
            found[row.pk] += [x for x in near if x.from_date <= days[1] and x.to_date >= days[0]]
    return {key: leads for key, leads in found.items() if leads}
