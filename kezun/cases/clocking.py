"""Clocks of a case: what a verb does to them, by the kind and its policies; dates are a fold over history.

A clock keeps the events that moved it (`history`), and nothing added up. Each verb appends to it, and
the fold of the rules says anew when it is due. The result stands in the case's event, and in the row.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from kezun.cases import catalogs, classing, levels, policies
from kezun.cases.doing import Doing
from kezun.cases.models import Clock, Link
from kezun.cases.rules import clocks, ladders
from kezun.cases.rules.clocks import ClockEvent, ClockRefused, ClockState
from kezun.cases.rules.kinds import ENDED, ClockUse
from kezun.kernel.rows import insert, update
from kezun.kernel.rules import canonical
from kezun.org import calendars
from kezun.org.queries import worktime_for
from kezun.org.rules.worktime import Worktime

COLUMNS = (
    *("state", "start_at", "due_at", "act_by_at", "provisional", "stopped_at", "outcome", "extended"),
    *("cycle", "history", "next_at", "step"),
)


class Move(NamedTuple):
    """What a verb does to a clock: start, stop, extend …; by how many units; of join and part since when."""

    name: str
    units: int = 0
    began: dt.datetime | None = None


ANEW = ("start", "restart", "reopen", "extend")
REGRADES = ("grade", "amend", "grant")
ENDS = {"withdraw": "withdraw", "merge": "withdraw", "reject": "stop"}


def move(doing: Doing) -> None:
    """Move the clocks of the case by this verb: `doing.clocks` says what changed, the rows follow."""
    held = {} if doing.verb == "open" else {c.policy: c for c in Clock.objects.filter(case=doing.case)}
    moved: dict[str, Clock] = {}
    hours: dict[str, Worktime] = {}
    before = classing.running(held)
    for use in doing.kind.clocks:
        for wanted in _moves(doing, use, held.get(use.policy)):
            clock = held.get(use.policy) or _begin(doing, use)
            held[use.policy] = moved[use.policy] = clock
            calendar = str(clock.snapshot["policy"].get("calendar") or "")
            if calendar not in hours:
                hours[calendar] = worktime_of(clock)
            advance(clock, _event(doing, use, wanted), doing.at, hours[calendar])
    classing.no_more_time(doing, held, before)
    for policy, clock in moved.items():
        doing.clocks[policy] = _told(clock)
    begun = [clock for clock in moved.values() if clock.pk is None]
    for clock in moved.values():
        if clock.pk is not None:
            update(clock, *COLUMNS)
    insert(*begun)
    _first_due(doing, held)


def _moves(doing: Doing, use: ClockUse, clock: Clock | None) -> Iterator[Move]:
    """What this verb does to one clock, in order."""
    if doing.verb == "recompute":
        if clock is not None and clock.state != Clock.State.STOPPED:
            clock.case = doing.case
            if clock.provisional or moved(clock, doing.at):
                yield Move("recompute")
        return
    for policy, verb, units, began in doing.moves:
        if policy == use.policy:
            yield Move(verb, units, began)
    wanted = use.holds(classing.values(doing))
    running = clock is not None and clock.state != Clock.State.STOPPED
    if running:
        yield from _of_running(doing, use, clock, wanted)
    elif wanted and clock is None and (doing.verb in use.starts or _would_run(doing, use)):
        if not ("contact" in use.stops and _of_part(doing)):
            yield Move("start")
    elif wanted and clock is not None and doing.verb in use.reopens:
        yield Move("reopen")
    elif wanted and clock is not None and (doing.verb in use.restores or _wanted_again(doing, use, clock)):
        yield Move("reopen" if _since_reopened(doing, use, clock) else "restore")


def _of_running(doing: Doing, use: ClockUse, clock: Clock | None, wanted: bool) -> Iterator[Move]:
    ended = doing.value("state") in ENDED
    if not wanted:
        yield Move("withdraw")
    elif doing.verb in use.stops:
        yield Move("stop")
    elif ended:
        yield Move(ENDS.get(doing.verb, "stop"))
    elif doing.verb in use.restarts:
        yield Move("restart")
    elif doing.verb == "wait" and _pausable(clock):
        yield Move("pause")
    elif doing.verb == "resume" and clock is not None and clock.state == Clock.State.PAUSED:
        yield Move("resume")


def _would_run(doing: Doing, use: ClockUse) -> bool:
    """Whether a change of grade or fields, or work begun again, brings in a clock of the opening."""
    brings = doing.verb in REGRADES or doing.verb in use.restores
    return brings and "open" in use.starts and doing.value("state") not in ENDED and not _done(doing, use)


def _wanted_again(doing: Doing, use: ClockUse, clock: Clock) -> bool:
    """Whether a change of grade or fields brings back a clock that another one had taken away."""
    return clock.history[-1][0] == "withdraw" and _would_run(doing, use)


def _reopened_at(doing: Doing, use: ClockUse) -> dt.datetime | None:
    """When the case last went through a step that begins this clock anew."""
    events = doing.case.events.filter(verb__in=use.reopens).order_by("-seq")
    return events.values_list("at", flat=True).first()


def _since_reopened(doing: Doing, use: ClockUse, clock: Clock) -> bool:
    """Whether a clock that was taken away missed that the case was opened again meanwhile."""
    reopened = _reopened_at(doing, use)
    return reopened is not None and clock.stopped_at is not None and clock.stopped_at < reopened


def _done(doing: Doing, use: ClockUse) -> bool:
    """Whether what the clock asks for was done already, and was not undone since."""
    verbs = {*use.stops, *use.restores, *use.reopens}
    if doing.verb in verbs:
        return doing.verb in use.stops
    last = doing.case.events.filter(verb__in=verbs).order_by("-seq").values_list("verb", flat=True).first()
    return last in use.stops


def _of_part(doing: Doing) -> bool:
    """Whether another case speaks with the customer."""
    if doing.part or doing.verb == "open":
        return doing.part
    return doing.case.links.filter(type=Link.Type.PART_OF, ended_at__isnull=True).exists()


def _pausable(clock: Clock | None) -> bool:
    return clock is not None and rule_of(clock).pausable and clock.state == Clock.State.RUNNING


def _event(doing: Doing, use: ClockUse, wanted: Move) -> ClockEvent:
    """A clock that runs from the opening counts from receipt, at whatever channel it was.

    One that comes in later, for a case that was opened again, counts from then.
    """
    late_start = wanted.name == "start" and (doing.verb == "open" or doing.verb not in use.starts)
    at = doing.value("received_at") if late_start else doing.at
    if late_start or (wanted.name == "reopen" and doing.verb not in use.reopens):
        at = _reopened_at(doing, use) or at
    moment = dt.datetime.fromisoformat(at) if isinstance(at, str) else at
    return ClockEvent(wanted.name, moment, wanted.units, wanted.began)


def _begin(doing: Doing, use: ClockUse) -> Clock:
    held = policies.policy(use.policy)
    rule = held.rule
    if use.units and doing.data().get(use.units):
        budget = int(doing.data()[use.units])
        rule = replace(rule, budget=budget, cap=None if rule.cap is None else max(rule.cap, budget))
    named = {
        name: getattr(held, name) for name in ("name", "name_en", "legal_ref", "legal_ref_en", "calendar")
    }
    doing.calendar = doing.calendar or calendars.code_for(doing.case.owner_unit)
    named["calendar"] = named["calendar"] or doing.calendar  # another unit's hours do not move the date
    snapshot: dict[str, Any] = {"policy": policies.plain(rule) | named | {"verified": held.verified}}
    snapshot["ladder"] = catalogs.ladders().get(use.ladder) or {}
    if snapshot["ladder"]:
        lies = doing.value("pending_unit") or doing.value("owner_unit")
        snapshot["above"] = doing.above.get(lies) or doing.above.setdefault(lies, levels.chain(lies))
    return Clock(case=doing.case, policy=use.policy, snapshot=snapshot, history=[])


def rule_of(clock: Clock) -> clocks.Policy:
    """The policy as it was when the clock was started."""
    return policies.rule_of(clock.snapshot["policy"], clock.policy)


def worktime_of(clock: Clock) -> Worktime:
    """The calendar that the clock counts by: the policy's, else that of the unit which had the case then."""
    named = clock.snapshot["policy"].get("calendar") or ""
    return worktime_for(None if named else clock.case.owner_unit, named)


def events_of(clock: Clock) -> list[ClockEvent]:
    """What moved the clock so far."""
    return [
        ClockEvent(verb, dt.datetime.fromisoformat(at), units, *map(dt.datetime.fromisoformat, began))
        for verb, at, units, *began in clock.history
    ]


def state_of(clock: Clock, worktime: Worktime | None = None) -> ClockState:
    """The fold over the clock's history."""
    return clocks.fold(rule_of(clock), worktime or worktime_of(clock), events_of(clock))


def moved(clock: Clock, now: dt.datetime, worktime: Worktime | None = None) -> bool:
    """Whether the calendar of today gives the clock other dates, or makes them final; its case is set.

    What was final is not moved by a table that is being put right, nor to a later moment once it has passed.
    """
    hours = worktime or worktime_of(clock)
    state = state_of(clock, hours)
    if (state.due_at, state.act_by, state.provisional) == (clock.due_at, clock.act_by_at, clock.provisional):
        return False
    if clock.provisional:
        return True
    unsettled = hours.provisional(hours.date_of(clock.start_at), hours.date_of(clock.due_at))
    return not unsettled and not (_passed(clock, now) and _later(clock, state))


def _passed(clock: Clock, now: dt.datetime) -> bool:
    """Whether a final deadline is over, by what everybody knew: no calendar put right afterwards heals that.

    A provisional one has said of itself that it may move.
    """
    final = clock.state == Clock.State.RUNNING and not clock.provisional
    return final and bool(clock.history) and clock.due_at < now


def _later(clock: Clock, state: ClockState) -> bool:
    return state.due_at is not None and state.due_at > clock.due_at


def advance(clock: Clock, event: ClockEvent, now: dt.datetime, worktime: Worktime) -> None:
    """Put one more event to the clock; the row shows what the fold says. Raises ValidationError."""
    try:
        if _passed(clock, event.at) and _later(clock, state_of(clock, worktime)):
            _note(clock, ClockEvent("recompute", event.at, began=clock.due_at))
        _note(clock, event)
        show(clock, state_of(clock, worktime))
    except ClockRefused as error:
        raise ValidationError(refusal(error, clock)) from error
    clock.step, clock.next_at = _coming(clock, worktime, now, 0 if event.verb in ANEW else clock.step)


def _note(clock: Clock, event: ClockEvent) -> None:
    """Append to what moved the clock."""
    began = [] if event.began is None else [_plain(event.began)]
    clock.history = [*clock.history, [event.verb, _plain(event.at), event.units, *began]]


def _coming(clock: Clock, worktime: Worktime, now: dt.datetime, since: int) -> tuple[int, dt.datetime | None]:
    """The next step of the ladder, while the clock runs and somebody is to be told."""
    if clock.state != Clock.State.RUNNING or not clock.snapshot["ladder"]:
        return since, None
    ladder = ladders.ladder_of(clock.snapshot["ladder"])
    found = ladders.coming(ladder, worktime, clock.start_at, clock.act_by_at, now, since=since)
    return found.step, found.at


def show(clock: Clock, state: ClockState) -> None:
    """The row as the fold has it."""
    assert state.started_at is not None
    assert state.due_at is not None
    assert state.act_by is not None
    clock.state, clock.outcome, clock.cycle = state.state, state.outcome, state.cycle
    clock.start_at, clock.due_at, clock.act_by_at = state.started_at, state.due_at, state.act_by
    clock.provisional, clock.stopped_at = state.provisional, state.stopped_at
    clock.extended = state.extended_units


def refusal(error: ClockRefused, clock: Clock) -> str:
    """Why a clock cannot be moved so, in words."""
    told = {
        "legal": _("The law knows no pause of this deadline; ask for an extension instead."),
        "pausable": _("This deadline does not pause."),
        "expired": _("The deadline has passed; an extension must be asked for before."),
        "extendable": _("This deadline cannot be extended."),
        "cap": _("This is more than the policy allows in all."),
        "state": _("The clock does not run, or runs already."),
        "order": _("This would lie before what happened last."),
    }.get(error.code, _("This cannot be reckoned (%(code)s).") % {"code": error.code})
    return f"{clock.policy}: {told}"


def _told(clock: Clock) -> dict[str, Any]:
    """The clock as the event keeps it."""
    return {
        "state": str(clock.state),
        "start_at": _plain(clock.start_at),
        "due_at": _plain(clock.due_at),
        "act_by_at": _plain(clock.act_by_at),
        "provisional": clock.provisional,
        "stopped_at": clock.stopped_at and _plain(clock.stopped_at),
        "outcome": clock.outcome,
        "extended": clock.extended,
        "cycle": clock.cycle,
        "history": clock.history,
        "snapshot": snapshot_digest(clock),
    }


def _plain(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).isoformat()


def snapshot_digest(clock: Clock) -> str:
    """What stands for the policy and the ladder that the clock keeps, in the events that moved it."""
    return hashlib.sha256(canonical(clock.snapshot).encode()).hexdigest()


def _first_due(doing: Doing, held: dict[str, Clock]) -> None:
    """The case shows the clock that comes first; without one that runs, no deadline (never a far one)."""
    open_ = [clock for clock in held.values() if clock.state != Clock.State.STOPPED]
    first = min(open_, key=lambda clock: clock.act_by_at, default=None)
    told = (
        (None, None, False)
        if first is None
        else (
            first.act_by_at.astimezone(dt.UTC).isoformat(),
            first.due_at.astimezone(dt.UTC).isoformat(),
            any(clock.provisional for clock in open_),
        )
    )
    now = doing.case
    was = tuple(at and at.astimezone(dt.UTC).isoformat() for at in (now.act_by_at, now.due_at))
    if (*was, now.provisional) != told or doing.verb == "open":
        doing.sets |= dict(zip(("act_by_at", "due_at", "provisional"), told, strict=True))
