"""What kinds inside the bank do beyond the course of every case: milestones, satisfaction of the asker."""

from __future__ import annotations

import datetime as dt

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from kezun.cases.doing import Doing, effect
from kezun.cases.models import Link


@effect("open")
@effect("amend")
def milestones(doing: Doing) -> None:
    """Each milestone is a line that begins with its day; they come in order of the days."""
    text = doing.fields.get("milestones")
    if not text:
        return
    days = [_day(number, line) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if days != sorted(days):
        raise ValidationError({"milestones": _("Put the milestones in the order of their days.")})


def _day(number: int, line: str) -> dt.date:
    day, _blank, what = line.strip().partition(" ")
    try:
        found = dt.date.fromisoformat(day)
    except ValueError:
        found = None
    if found is None or not what.strip():
        raise ValidationError(
            {
                "milestones": _(
                    "Line %(n)d: write the day and what is due, for instance 2026-03-31 pilot done."
                )
                % {"n": number}
            }
        )
    return found


@effect("rate")
def by_the_asker(doing: Doing) -> None:
    """Who handled or verified it does not say how well it was done."""
    person = doing.person
    if person is not None and person.pk in (doing.case.handler_id, doing.case.verifier_id):
        raise ValidationError(_("You handled it: how it went is said by whoever asked."))


@effect("link")
def linked(doing: Doing) -> None:
    """A case tied to another; the same tie is not made twice."""
    to, kind = doing.said["to"], doing.said["type"]
    if to.pk == doing.case.pk:
        raise ValidationError({"to": _("A case is not linked to itself.")})
    held = {"source": doing.case, "target": to, "type": kind, "ended_at": None}
    if Link.objects.filter(**held).exists():
        raise ValidationError(
            {"to": _("Nothing would change: the two cases are linked in this way already.")}
        )
    Link.objects.create(at=doing.at, **held)
