"""Deadlines that touched a year not yet published, worked out anew: an event in each case, not in silence."""

from __future__ import annotations

import logging

from django.core.exceptions import ValidationError

from kezun.cases import clocking
from kezun.cases.actions.verbs import ACTS
from kezun.cases.models import Case, Clock
from kezun.cases.rules.clocks import ClockRefused
from kezun.kernel.actor import Denied, SystemActor
from kezun.kernel.task import progress

ACTOR = SystemActor("calendar")
log = logging.getLogger("kezun.cases")


def recompute_due() -> int:
    """Recompute every case with a provisional deadline that its calendar now answers otherwise; how many.

    Safe to repeat and after a kill: a case that has been recomputed answers the same. One that cannot be is
    told in the log and holds up no other.
    """
    rows = Clock.objects.filter(provisional=True).exclude(state=Clock.State.STOPPED)
    cases = list(rows.order_by("case").values_list("case", flat=True).distinct())
    done = 0
    for number, pk in enumerate(cases, 1):
        done += _one(pk)
        progress(number, len(cases))
    return done


def _one(pk: int) -> bool:
    case = Case.objects.select_related("owner_unit").get(pk=pk)
    clocks = Clock.objects.filter(case=case, provisional=True).exclude(state=Clock.State.STOPPED)
    try:
        if not any(moved(clock, case) for clock in clocks):
            return False
        ACTS["recompute"](ACTOR, case, {})
    except (ValidationError, Denied, ClockRefused) as error:
        log.exception("a deadline could not be worked out anew", extra={"case": pk}, exc_info=error)
        return False
    return True


def moved(clock: Clock, case: Case) -> bool:
    """Whether the calendar of today gives the clock other dates, or makes them final."""
    clock.case = case
    state = clocking.state_of(clock)
    return (state.due_at, state.act_by, state.provisional) != (
        clock.due_at,
        clock.act_by_at,
        clock.provisional,
    )
