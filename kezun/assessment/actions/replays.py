"""Repetitions of runs: asked for by a person, told once by the platform, and kept with what came of them."""

from __future__ import annotations

from dataclasses import asdict

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from kezun.assessment.computing import code_version
from kezun.assessment.models import Replay, Run
from kezun.assessment.replaying import Replayed
from kezun.kernel.action import action
from kezun.kernel.actor import Actor
from kezun.kernel.task import enqueue
from kezun.org.models import Person

TASK = "assessment.replay"
KEPT = 20


@action("assessment.replay_run")
def replay_run(actor: Actor, run: Run, *, later: bool = True) -> Replay:
    """Ask that a done run is computed anew from what it wrote down; the run itself is never touched.

    later: a task does it; else the caller does (`repeating.carry_out`). ValidationError for a run not done.
    """
    if run.state != Run.State.DONE:
        raise ValidationError(_("Only a run that is done can be repeated."))
    held = Replay.objects.create(run=run, asked_by=actor if isinstance(actor, Person) else None)
    if later:
        enqueue(TASK, replay=held.pk)
    return held


@action("assessment.keep_replay", hidden=("found",))
def keep_replay(actor: Actor, replay: Replay, *, found: Replayed | None, message: str = "") -> Replay:
    """Keep what a repetition found, or why there was none; from now on the record stays as it is.

    ValidationError where it was told already.
    """
    held = Replay.objects.select_for_update().get(pk=replay.pk)
    if held.done_at is not None:
        raise ValidationError(_("This repetition is done already."))
    held.done_at, held.code, held.message = timezone.now(), code_version(), message[:2000]
    if found is not None:
        held.equal, held.then, held.now, held.notes = found.equal, found.then, found.now, found.notes
        held.differences = [asdict(one) for one in found.differences[:KEPT]]
        held.more = max(0, len(found.differences) - KEPT)
    held.save()
    return held
