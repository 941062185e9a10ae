"""How a case is classified, and the time that it has by that: nobody alone gives it more."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from kezun.cases import policies, standing, wording
from kezun.cases.doing import Doing
from kezun.cases.models import Clock
from kezun.cases.rules.kinds import ENDED, ClockUse

BY_TWO = ("open", "grant")  # before anybody classified it, or by a second person


def values(doing: Doing) -> dict[str, Any]:
    """What decides which clocks run: the fields of the kind and the severity, as they will stand."""
    return doing.data() | {"severity": doing.value("severity")}


def running(held: Mapping[str, Clock]) -> dict[str, dt.datetime]:
    """When the clocks are due that have not stopped, by policy."""
    return {policy: clock.due_at for policy, clock in held.items() if clock.state != Clock.State.STOPPED}


def no_more_time(doing: Doing, held: Mapping[str, Clock], before: Mapping[str, dt.datetime]) -> None:
    """Refuse a step by which a case that is classified otherwise would get more time.

    held: the clocks as they stand after it; before: when those were due that ran. A deadline that is taken
    away needs another in its place that comes no later and is not met by more. Raises ValidationError.
    """
    if doing.verb in BY_TWO or isinstance(doing.actor, standing.Ledger) or doing.value("state") in ENDED:
        return
    due = running(held)
    for use in doing.kind.clocks:
        gone = use.policy in before and use.policy not in due
        if not gone or doing.verb in use.stops or use.holds(values(doing)):
            continue
        others = [o.policy for o in doing.kind.clocks if set(o.stops) <= set(use.stops) and o.policy in due]
        if not any(due[policy] <= before[use.policy] for policy in others):
            raise ValidationError(_too_long(doing, use))


def _too_long(doing: Doing, use: ClockUse) -> dict[str, str]:
    """Beside what was classified: that it would give more time, and the way to it."""
    text = _(
        "The case would get more time: «%(name)s» would hold no longer. Use «%(ask)s» (%(type)s), choose "
        "this there and give the reason: somebody else decides."
    )
    told = {"name": policies.title_of(use.policy)} | wording.way_to_grade()
    return dict.fromkeys([name for name in use.when if name in doing.fields] or ["severity"], text % told)
