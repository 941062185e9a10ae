"""Releasing a covert visit: from that day on what it found may be read by all who read such facts."""

from __future__ import annotations

import datetime as dt

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from kezun.kernel.action import action
from kezun.kernel.actor import Actor
from kezun.org.models import Person
from kezun.standards.models import Sheet

FURTHEST = dt.timedelta(days=366)


@action("standards.release_sheet", target="sheet")
def release_sheet(actor: Actor, sheet: Sheet, *, reason: str, day: dt.date | None = None) -> Sheet:
    """Decide when a covert visit is released: today (None), or on another day from today on.

    For whoever orders such visits, never for whoever made it. What was released stays so.
    Raises ValidationError for a sheet that is not covert, is released already, or without a reason.
    """
    row = Sheet.objects.select_for_update(of=("self",)).select_related("unit").get(pk=sheet.pk)
    today = timezone.localdate()
    day = day or today
    if not row.blind:
        raise ValidationError(_("This visit was announced: its results are no secret."))
    if row.state not in (Sheet.State.DRAFT, Sheet.State.SUBMITTED):
        raise ValidationError(
            _("This is not possible any more: the sheet is «%s».") % row.get_state_display()
        )
    if row.released:
        raise ValidationError(_("It was released on %(day)s already.") % {"day": row.release_date})
    if isinstance(actor, Person) and actor.pk == row.inspector_id:
        raise ValidationError(_("You made this visit: whoever ordered it decides when it is released."))
    if not today <= day <= row.visited_date + FURTHEST:
        raise ValidationError(
            {
                "day": _("Choose a day from today on, at most %(n)d days after the visit.")
                % {"n": FURTHEST.days}
            }
        )
    if not reason.strip():
        raise ValidationError({"reason": _("Say why, so that others can follow it.")})
    row.release_date, row.release_reason = day, reason.strip()[:400]
    row.released_by = actor if isinstance(actor, Person) else None
    row.save(update_fields=["release_date", "release_reason", "released_by"])
    return row
