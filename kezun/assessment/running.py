"""Runs carried out: by the worker as a task, or at once on the command line."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Mapping

from django.core.exceptions import ValidationError

from kezun.assessment.actions import runs
from kezun.assessment.computing import Progress, compute
from kezun.assessment.inputs import pin
from kezun.assessment.models import Run, Scheme
from kezun.facts.rules import Period
from kezun.kernel.actor import Actor, SystemActor
from kezun.kernel.task import progress as tell
from kezun.kernel.task import task

log = logging.getLogger("kezun.assessment")
PLATFORM = SystemActor("assessment")


def run(
    actor: Actor,
    scheme: Scheme,
    period: str,
    *,
    kind: str = Run.Kind.PROVISIONAL,
    known_at: dt.datetime | None = None,
    what_if: Mapping[str, str] | None = None,
    decision: str = "",
    reason: str = "",
    opens: bool = False,
) -> Run:
    """Begin a run and carry it out at once. Raises ValidationError as `actions.runs.run` and NothingToRun."""
    begun = runs.run(
        *(actor, scheme),
        period=period,
        kind=Run.Kind.WHAT_IF if what_if else kind,
        known_at=known_at,
        change=what_if,
        decision=decision,
        reason=reason,
        opens=opens,
        later=False,
    )
    return carry_out(begun)


def carry_out(run: Run, tell_progress: Progress = lambda share: None) -> Run:
    """Compute a run that was begun, and keep the result; a failure is kept too, and raised.

    A run that is done is returned as it is.
    """
    if run.state == Run.State.DONE:
        return run

    def told(share: float) -> None:
        Run.objects.filter(pk=run.pk).update(progress=share)
        tell_progress(share)

    Run.objects.filter(pk=run.pk).update(state=Run.State.RUNNING, message="")
    try:
        alone = run.kind == Run.Kind.WHAT_IF
        found = pin(run.scheme, _period(run), run.known_at, run.change, alone=alone)
        outcome = compute(found.given, told)
    except Exception as error:
        log.exception("run failed", extra={"run": run.pk})
        message = "\n".join(error.messages) if isinstance(error, ValidationError) else str(error)
        runs.fail_run(PLATFORM, run, message=message or type(error).__name__)
        raise
    return runs.keep_run(PLATFORM, run, pinned=found, outcome=outcome)


def _period(run: Run) -> Period:
    return Period.parse(run.period)


@task("assessment.compute")
def compute_later(run: int) -> None:
    """Carry out a run that waits; one that failed for a reason that stays is not tried again."""
    row = Run.objects.select_related("scheme").get(pk=run)
    try:
        carry_out(row, lambda share: tell(share, 1.0))
    except ValidationError:
        log.warning("nothing to run", extra={"run": run})
