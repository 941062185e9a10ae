"""Writes by roster: a person sends one in, a second person approves it or refuses it."""

from __future__ import annotations

import hashlib

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from kezun.kernel.action import action
from kezun.kernel.actor import Actor, Denied
from kezun.org import faults, roster, rosterapply
from kezun.org.models import Person, RosterUpload
from kezun.org.rules.roster import Roster, check

SHOWN = 50


def _checked(wanted: Roster) -> None:
    found = check(wanted, roster.known())
    if found:
        more = [_("… and %(n)d more.") % {"n": len(found) - SHOWN}] if len(found) > SHOWN else []
        raise ValidationError([faults.sentence(fault) for fault in found[:SHOWN]] + more)


@action("org.draft_roster", hidden=("wanted",))
def draft_roster(actor: Actor, wanted: Roster, *, name: str) -> RosterUpload:
    """Keep a roster that was read without fault, to be looked at; earlier drafts of the person go."""
    if not isinstance(actor, Person):
        raise Denied(_("A roster is sent in by a person, so that a second one can approve it."))
    _checked(wanted)
    RosterUpload.objects.filter(submitted_by=actor, state=RosterUpload.State.DRAFT).delete()
    rows = roster.dump(wanted)
    return RosterUpload.objects.create(
        name=name[:200],
        digest=hashlib.sha256(rows.encode()).hexdigest(),
        rows=rows,
        counts=roster.count(roster.compare(wanted)),
        submitted_by=actor,
    )


@action("org.submit_roster", target="upload")
def submit_roster(actor: Person, upload: RosterUpload) -> RosterUpload:
    """Send one's draft in; it changes nothing until a second person approves it."""
    row = RosterUpload.objects.select_for_update().get(pk=upload.pk)
    if row.state != RosterUpload.State.DRAFT or row.submitted_by_id != getattr(actor, "pk", None):
        raise ValidationError(_("Only a draft of your own can be sent in."))
    row.state, row.submitted_at = RosterUpload.State.SUBMITTED, timezone.now()
    row.save(update_fields=["state", "submitted_at"])
    return row


@action("org.approve_roster", target="upload")
def approve_roster(actor: Person, upload: RosterUpload) -> RosterUpload:
    """Approve a roster that somebody else sent in: check it again against the bank of now, apply it whole."""
    row = _decide(actor, upload, RosterUpload.State.APPLIED, "")
    wanted = roster.restore(row.rows)
    _checked(wanted)
    row.counts = rosterapply.apply(wanted)
    row.save(update_fields=["counts"])
    return row


@action("org.refuse_roster", target="upload")
def refuse_roster(actor: Person, upload: RosterUpload, *, reason: str) -> RosterUpload:
    """Refuse a roster somebody else sent in, with a reason."""
    if not reason.strip():
        raise ValidationError({"reason": _("Say why, so that it can be mended.")})
    return _decide(actor, upload, RosterUpload.State.REFUSED, reason.strip())


def _decide(actor: Person, upload: RosterUpload, state: str, reason: str) -> RosterUpload:
    row = RosterUpload.objects.select_for_update().get(pk=upload.pk)
    if row.state != RosterUpload.State.SUBMITTED:
        raise ValidationError(_("This roster does not wait for a decision."))
    if not isinstance(actor, Person):
        raise Denied(_("A roster is decided by a person."))
    row.state, row.reason, row.decided_by, row.decided_at = state, reason, actor, timezone.now()
    row.full_clean(exclude=["rows", "counts"])
    row.save(update_fields=["state", "reason", "decided_by", "decided_at"])
    return row
