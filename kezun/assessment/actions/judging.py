"""Who may not decide: whoever brought it forward, is its subject, or belongs to the unit it is about."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from kezun.assessment.models import Run
from kezun.assessment.models.runs import COUNTED
from kezun.kernel.actor import Actor
from kezun.org.models import Person


def check_not_own(actor: Actor, *, unit: int | None, person: int | None) -> None:
    """ValidationError for whoever is the subject; of a unit, that is everybody who holds a post there."""
    if not isinstance(actor, Person):
        return
    if actor.pk == person:
        raise ValidationError(_("Nobody decides about themselves."))
    if person is None and unit is not None and unit in actor.scope.roots():
        raise ValidationError(_("Nobody decides about their own unit: someone of another unit does."))


def check_latest(run: Run | None) -> None:
    """ValidationError where a later run of the same period counts by now: its rules decide."""
    if run is None or run.round_id is None:
        return
    later = Run.objects.filter(round=run.round_id, state=Run.State.DONE, kind__in=COUNTED, pk__gt=run.pk)
    if later.exists():
        raise ValidationError(
            _("A later run of %(period)s counts by now: apply its rules, and decide on what they propose.")
            % {"period": run.period}
        )
