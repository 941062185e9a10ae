"""Leads: found by a search, looked into by a person, decided with a reason. They never change a score."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from kezun.assessment.actions.judging import check_not_own
from kezun.assessment.models import Lead
from kezun.assessment.signals.finding import Found
from kezun.kernel.action import action
from kezun.kernel.actor import Actor
from kezun.org.models import Person

SHORTEST_REASON = 4


@action("assessment.find_leads", hidden=("found",))
def find_leads(actor: Actor, *, since: dt.date, until: dt.date, found: Sequence[Found]) -> dict[str, int]:
    """Keep what a search over some days found; an open lead is renewed, a decided one stays as it was."""
    told = {"new": 0, "renewed": 0, "decided": 0}
    for one in found:
        lead = (
            Lead.objects.select_for_update()
            .filter(signal=one.signal, unit=one.unit, person=one.person, from_date=since, to_date=until)
            .first()
        )
        if lead is None:
            Lead.objects.create(
                signal=one.signal,
                unit_id=one.unit,
                person_id=one.person,
                from_date=since,
                to_date=until,
                **one.figures,
            )
            told["new"] += 1
        elif lead.state == Lead.State.OPEN:
            Lead.objects.filter(pk=lead.pk).update(**one.figures)
            told["renewed"] += 1
        else:
            told["decided"] += 1
    return told


@action("assessment.decide_lead", target="lead", hidden=("note",))
def decide_lead(actor: Actor, lead: Lead, *, outcome: str, note: str) -> Lead:
    """Say what a lead turned out to be: explained or confirmed, with a reason of at least four characters.

    Raises ValidationError where the outcome is none of the two, the reason is missing, the lead was decided
    before, or it is about the one who decides.
    """
    if outcome not in (Lead.State.EXPLAINED, Lead.State.CONFIRMED):
        raise ValidationError({"outcome": _("Choose «explained» or «confirmed».")})
    if len(note.strip()) < SHORTEST_REASON:
        raise ValidationError({"note": _("Write what was found, in at least 4 characters.")})
    held = Lead.objects.select_for_update().get(pk=lead.pk)
    if held.state != Lead.State.OPEN:
        raise ValidationError(_("This lead has been decided already. Reload the page to see by whom."))
    person = actor if isinstance(actor, Person) else None
    check_not_own(actor, unit=held.unit_id, person=held.person_id)
    held.state, held.note = outcome, note.strip()
    held.decided_by, held.decided_at = person, timezone.now()
    held.save(update_fields=["state", "note", "decided_by", "decided_at"])
    return held
