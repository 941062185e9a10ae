"""Escalation: clocks whose next step has come are found and their cases told so, a few in one transaction.

Any number of workers may sweep at once: a case that another one holds is left to it, and a step that was
taken meanwhile finds its clock on the next one. A heartbeat file says when the last sweep ended and whether
every running clock has a next step; the health page reads it.
"""

from __future__ import annotations

import datetime as dt
import json
import logging
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import OperationalError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from kezun.cases import levels
from kezun.cases.actions.verbs import ACTS
from kezun.cases.effects.escalating import NotDue
from kezun.cases.models import Case, Clock
from kezun.kernel.actor import Denied, SystemActor
from kezun.kernel.file import folder
from kezun.kernel.health import NotWell, check

ACTOR = SystemActor("escalation")
BATCH, TOGETHER = 200, 10  # clocks read at once; steps that share a transaction, and its wait for the disk
SILENT = dt.timedelta(minutes=5)
OFF = dt.timedelta(hours=1)
HEARTBEAT = "escalation.json"
FIRED, TAKEN, HELD, FAILED = "fired", "taken", "held", "failed"  # how a step ended; taken: by another
log = logging.getLogger("kezun.cases")


Due = tuple[int, int, int, int | None, int, dict[str, list[str]] | None]  # clock, case, step, unit, lines


@dataclass
class Swept:
    """What one sweep did: steps taken, those that could not be (put off an hour), cases held by others."""

    fired: int = 0
    failed: int = 0
    held: int = 0


def sweep(limit: int = 10_000, now: dt.datetime | None = None) -> Swept:
    """Take every step that is due, the oldest first, at most `limit`; safe to repeat and in parallel."""
    done = Swept()
    left: set[int] = set()
    tried = 0
    with levels.remembered():
        while tried < limit and (due := _due(now or timezone.now(), left, min(BATCH, limit - tried))):
            tried += len(due)
            levels.prepare(_asked(due))
            for start in range(0, len(due), TOGETHER):
                left |= _some(done, due[start : start + TOGETHER], now)
    return done


def _some(done: Swept, due: list[Due], now: dt.datetime | None) -> set[int]:
    """A few steps in one transaction, each undone by itself where it fails; clocks left to others."""
    try:
        with transaction.atomic():
            ends = {clock: _one(clock, case, step, now) for clock, case, step, *_where in due}
    except OperationalError as error:  # the database chose this one of two that waited for one another
        log.warning("steps of ladders wait for the next sweep", exc_info=error)
        done.held += len(due)
        return {clock for clock, *_more in due}
    counted = Counter(ends.values())
    done.fired += counted[FIRED]
    done.held += counted[HELD]
    done.failed += counted[FAILED]
    failed = [clock for clock, end in ends.items() if end == FAILED]
    Clock.objects.filter(pk__in=failed).update(next_at=(now or timezone.now()) + OFF)
    return {clock for clock, end in ends.items() if end in (HELD, TAKEN)}


def _due(now: dt.datetime, left: set[int], most: int) -> list[Due]:
    rows = Clock.objects.filter(state=Clock.State.RUNNING, next_at__lte=now).exclude(pk__in=left)
    where = ("case__pending_unit", "case__owner_unit", "snapshot__ladder__lines")
    return list(rows.order_by("next_at", "pk").values_list("pk", "case", "step", *where)[:most])


def _asked(due: list[Due]) -> dict[frozenset[str], set[int]]:
    """Units with which the cases lie, by the roles of their ladders."""
    found: dict[frozenset[str], set[int]] = {}
    for _clock, _case, _step, pending, owner, lines in due:
        roles = frozenset[str]().union(*(lines or {}).values())
        found.setdefault(roles, set()).add(pending or owner)
    return found


def _one(clock: int, case: int, step: int, now: dt.datetime | None) -> str:
    """One step of one clock, and how it ended; whatever goes wrong holds up no other.

    now: of a sweep of another day; else each step happens when it is taken, after what others did meanwhile.
    """
    try:
        with transaction.atomic():
            if not _mine(case):
                return HELD
            ACTS["escalate"](ACTOR, Case(pk=case), {"clock": clock, "step": step}, at=now)
    except NotDue:
        return TAKEN
    except (ValidationError, Denied, ValueError) as error:
        log.exception("a step of a ladder could not be taken", extra={"clock": clock}, exc_info=error)
        return FAILED
    return FIRED


def _mine(case: int) -> bool:
    """Lock the case, unless another worker or a person has it just now; SQLite has one writer anyway."""
    if not connection.features.has_select_for_update_skip_locked:
        return True
    rows = Case.objects.select_for_update(skip_locked=True).filter(pk=case)
    return rows.values_list("pk", flat=True).first() is not None


@dataclass(frozen=True)
class Pulse:
    """What the auditor found after a sweep. lost: running clocks with a ladder but without a next step."""

    at: str
    running: int
    lost: int
    late: int
    fired: int
    failed: int


def audit(done: Swept, now: dt.datetime) -> Pulse:
    """Look whether every running clock has a next step, and whether any was left behind by sweeps."""
    running = Clock.objects.filter(state=Clock.State.RUNNING, snapshot__ladder__id__isnull=False)
    return Pulse(
        at=now.isoformat(),
        running=running.count(),
        lost=running.filter(next_at__isnull=True).count(),
        late=running.filter(next_at__lt=now - SILENT).count(),
        fired=done.fired,
        failed=done.failed,
    )


def beat(pulse: Pulse) -> None:
    """Write the heartbeat file, whole or not at all."""
    place = folder("heartbeats") / HEARTBEAT
    draft = place.with_suffix(".tmp")
    draft.write_text(json.dumps(asdict(pulse)), encoding="utf-8")
    draft.replace(place)


def last_beat() -> Pulse | None:
    """What the last sweep left; None where none has ended yet."""
    try:
        told = (Path(settings.KEZUN_HOME) / "heartbeats" / HEARTBEAT).read_text(encoding="utf-8")
        return Pulse(**json.loads(told))
    except (FileNotFoundError, ValueError, TypeError):
        return None


@check("escalation", lazy("Escalation of deadlines"), vital=False)
def escalation() -> str:
    """A sweep ended in the last minutes, and it found a next step on every clock that runs."""
    pulse = last_beat()
    if pulse is None:
        if Clock.objects.filter(state=Clock.State.RUNNING, next_at__lt=timezone.now() - SILENT).exists():
            raise NotWell(_("no sweep has ended yet, and steps are due"))
        return _("no sweep yet")
    if pulse.lost:
        raise NotWell(_("%(lost)d running clocks have no next step") % {"lost": pulse.lost})
    if timezone.now() - dt.datetime.fromisoformat(pulse.at) > SILENT and Clock.objects.exists():
        raise NotWell(_("the last sweep ended at %(at)s") % {"at": pulse.at[:16]})
    if pulse.failed or pulse.late:
        raise NotWell(_("%(n)d steps could not be taken") % {"n": pulse.failed + pulse.late})
    return _("%(running)d running clocks, each with a next step") % {"running": pulse.running}
