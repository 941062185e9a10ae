"""A review: the unit above looks again at a complaint whose answer is not accepted."""

from __future__ import annotations

import datetime as dt

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from kezun.cases import catalogs, engine, kinds, standing
from kezun.cases.effects.course import parent_of
from kezun.cases.following import reviewing
from kezun.cases.models import Case, Link
from kezun.cases.parties import all_along
from kezun.cases.remarks import remark
from kezun.kernel.action import action
from kezun.kernel.actor import Actor, OutOfScope
from kezun.org.models import Person

REVIEW = "review"


@action("cases.review", hidden=("asked",))
def review(actor: Actor, case: Case, *, asked: str) -> Case:
    """Open a review of an answered complaint at the unit above the one that answered it.

    Its people come along: the customer has to be answered, and who is named steps back here too.

    Raises ValidationError where there is no answer yet, where the days for it are over, where one is
    already open; OutOfScope where the case is none of the actor's.
    """
    if isinstance(actor, Person) and not standing.Ground(actor, case).reached("cases.review"):
        raise OutOfScope(_("No such case in your scope."))
    row = Case.objects.select_for_update(of=("self",)).get(pk=case.pk)
    _check(row)
    made = engine.open_case(
        actor,
        kinds.kind_now(REVIEW),
        row.unit,
        {
            "title": _("Review of %(no)s: %(title)s") % {"no": row.no, "title": row.title[:160]},
            "asked": asked,
            "owner": parent_of(row.owner_unit) or row.owner_unit,
            "parties": all_along(actor, row),
        },
    )
    Link.objects.create(source=made, target=row, type=Link.Type.REVIEW_OF, at=timezone.now())
    engine.apply(row, "note", actor, {"note": remark("review_asked", no=made.no)})
    return made


def _check(case: Case) -> None:
    days = int(catalogs.numbers("complaints")["review_days"])
    if case.code != "complaint" or case.answered_at is None:
        raise ValidationError(_("Only a complaint that was answered can be reviewed."))
    if case.answered_at + dt.timedelta(days=days + 1) < timezone.now():
        raise ValidationError(_("A review is asked for within %(days)d days of the answer.") % {"days": days})
    if reviewing(case):
        raise ValidationError(_("A review of this complaint is already under way."))
