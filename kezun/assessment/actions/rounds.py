"""The steps of a round: asked for by one person, taken by another. Each does what people expect of its
name."""

from __future__ import annotations

import datetime as dt

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from kezun.assessment.actions import runs
from kezun.assessment.models import Round, Run, Scheme
from kezun.assessment.rounds import HINDRANCES, begin, latest, scheme_for, stand_of
from kezun.assessment.rules.steps import following, hindrances
from kezun.assessment.schemes import scheme_of
from kezun.facts.rules import Period
from kezun.kernel.action import action
from kezun.kernel.actor import Actor
from kezun.org.models import Person

KINDS = {
    Round.State.PROVISIONAL: Run.Kind.PROVISIONAL,
    Round.State.APPEAL: Run.Kind.PROVISIONAL,
    Round.State.FINAL: Run.Kind.FINAL,
}


@action("assessment.open_round")
def open_round(actor: Actor, scheme: Scheme, *, period: str) -> Round:
    """Begin to collect the data of a period; opened twice it is the same round.

    ValidationError for a period that is none, that is not of the scheme's cadence, or for which no edition of
    the scheme is in force.
    """
    try:
        span = Period.parse(period)
    except ValueError as error:
        raise ValidationError({"period": str(error)}) from error
    return begin(scheme.urn, span)


@action("assessment.ask_step")
def ask_step(actor: Actor, round: Round) -> Round:
    """Ask for the next step; a second person takes it. ValidationError with all that keeps it from being
    taken."""
    held = Round.objects.select_for_update().get(pk=round.pk)
    _check(held)
    held.asked_state = following(held.state) or ""
    held.asked_by = actor if isinstance(actor, Person) else None
    held.asked_at = timezone.now()
    held.save(update_fields=["asked_state", "asked_by", "asked_at", "changed_at"])
    return held


@action("assessment.take_step")
def take_step(actor: Actor, round: Round) -> Round:
    """The second person's yes: provisional and final begin a run, appeal and closed show one to those it
    judges.

    Raises ValidationError for whoever asked, where nothing was asked, and where something came in between.
    """
    held = Round.objects.select_for_update().get(pk=round.pk)
    if not held.asked_state:
        raise ValidationError(_("Nobody has asked for a step. Reload the page."))
    if isinstance(actor, Person) and held.asked_by_id == actor.pk:
        raise ValidationError(_("A second person takes the step: you asked for it yourself."))
    _check(held)
    scheme = scheme_for(held)
    if held.asked_state == Round.State.APPEAL:
        days = scheme_of(scheme).appeal.window_days
        held.appeal_until_date = timezone.localdate() + dt.timedelta(days=days)
        _show(actor, held, Run.Kind.PROVISIONAL)
    elif held.asked_state == Round.State.CLOSED:
        _show(actor, held, Run.Kind.FINAL)
    else:
        kind = KINDS[Round.State(held.asked_state)]
        runs.run(actor, scheme, period=held.period, kind=kind)
    held.state, held.asked_state, held.asked_by, held.asked_at = held.asked_state, "", None, None
    held.save()
    return held


@action("assessment.refuse_step")
def refuse_step(actor: Actor, round: Round, *, reason: str) -> Round:
    """A second person's no, or whoever asked takes it back; the reason stands in the trail."""
    held = Round.objects.select_for_update().get(pk=round.pk)
    if not held.asked_state:
        raise ValidationError(_("Nobody has asked for a step. Reload the page."))
    if not reason.strip():
        raise ValidationError({"reason": _("Give the reason: whoever asked reads it.")})
    held.asked_state, held.asked_by, held.asked_at = "", None, None
    held.save(update_fields=["asked_state", "asked_by", "asked_at", "changed_at"])
    return held


@action("assessment.settle_round")
def settle_round(actor: Actor, round: Round) -> Round:
    """Close a round that was settled elsewhere: its final result was published before this desk was used.

    ValidationError where no final run was shown, or the steps have begun here.
    """
    held = Round.objects.select_for_update().get(pk=round.pk)
    final = latest(held, Run.Kind.FINAL)
    if held.state != Round.State.COLLECTING or final is None or final.shown_at is None:
        raise ValidationError(_("Only a round whose final result was shown elsewhere is settled like this."))
    held.state = Round.State.CLOSED
    held.save(update_fields=["state", "changed_at"])
    return held


@action("assessment.run_again")
def run_again(actor: Actor, round: Round) -> Run:
    """Compute the round anew with what is known now: corrections, attributions, late facts. Earlier runs
    stay."""
    held = Round.objects.select_for_update().get(pk=round.pk)
    kind = KINDS.get(Round.State(held.state))
    if kind is None:
        raise ValidationError(_("In this state there is nothing to compute: take the next step first."))
    if stand_of(held).under_way:
        raise ValidationError(HINDRANCES["under_way"])
    return runs.run(actor, scheme_for(held), period=held.period, kind=kind)


@action("assessment.restate")
def restate(actor: Actor, round: Round, *, decision: str, reason: str) -> Run:
    """Compute a closed round anew by decision: a new run beside the published one, which stays as it was.

    ValidationError for a round that is not closed or is being computed, and without decision or reason.
    """
    held = Round.objects.select_for_update().get(pk=round.pk)
    if held.state != Round.State.CLOSED:
        raise ValidationError(_("Only a closed round is restated; before that, compute it again."))
    if stand_of(held).under_way:
        raise ValidationError(HINDRANCES["under_way"])
    kind = Run.Kind.RESTATED
    return runs.run(actor, scheme_for(held), period=held.period, kind=kind, decision=decision, reason=reason)


def _check(held: Round) -> None:
    found = hindrances(stand_of(held))
    if found:
        raise ValidationError([str(HINDRANCES[code]) for code in found])


def _show(actor: Actor, held: Round, kind: str) -> None:
    found = latest(held, kind)
    if found is not None:
        runs.show_run(actor, found)
