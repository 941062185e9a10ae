"""A clock: one deadline of a case as a pure fold over the events that moved it. Nothing is ever added up.

Four verbs that are not the same: `extend` gives more time, before the end and up to the policy's cap;
`pause` and `resume` leave out the time between, in working minutes alone; `restart` begins anew at another
moment, and what was missed before stays missed; `stop` and `withdraw` end it. `reopen` begins anew after an
end; `recompute` only reckons again, with the calendar of then. What had passed by then stays passed: a
`recompute` that bears the deadline of before (`began`) keeps it from moving later.

Two cases that are merged have one deadline, the earlier: `join` brings in when the other's clock began,
`part` takes that out again, and `restore` lets the other one run on as if it had never been stopped.

A clock of the law never pauses: the rules know an extension with approval and notice, and nothing else.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from kezun.org.rules.calendar import Unreckonable
from kezun.org.rules.worktime import Basis, Due, Worktime

NEW, RUNNING, PAUSED, STOPPED = "new", "running", "paused", "stopped"
MET, MISSED, DROPPED = "met", "missed", "dropped"
Span = tuple[dt.datetime, dt.datetime]


class ClockRefused(ValueError):
    """A policy or an event that cannot be.

    code, of a policy: units, whole, pausable, roll, cap. Of an event: order (before the one before it), state
    (not from where the clock stands), legal (a clock of the law does not pause), pausable (nor this one),
    expired, extendable, cap (more than the policy allows), verb, and those of Unreckonable.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Extension:
    """More time that may be granted: how much, by whom (`level`), whether whoever asked must be told."""

    units: int
    level: str = ""
    notice: bool = True


@dataclass(frozen=True)
class Policy:
    """What a deadline is: `budget` units of a basis, and what may change it.

    cap: the most units in all, counted from the first start; without one nothing may be extended.
    roll: `next` lets a period in days end on a worked day. legal: set by law, so it never pauses.
    """

    basis: Basis
    budget: float
    legal: bool = False
    pausable: bool = False
    roll: str = "none"
    extensions: tuple[Extension, ...] = ()
    cap: int | None = None

    def __post_init__(self) -> None:
        if not self.budget > 0:
            raise ClockRefused("units")
        if self.basis is not Basis.HOUR24 and self.budget != int(self.budget):
            raise ClockRefused("whole")
        if self.pausable and (self.legal or self.basis is not Basis.WORKMINUTE):
            raise ClockRefused("pausable")
        if self.roll not in ("none", "next") or (self.roll == "next" and self.basis is not Basis.NATURAL):
            raise ClockRefused("roll")
        if any(e.units <= 0 for e in self.extensions):
            raise ClockRefused("units")
        if (self.cap is None) != (not self.extensions) or (self.cap is not None and self.cap < self.budget):
            raise ClockRefused("cap")


@dataclass(frozen=True)
class ClockEvent:
    """Something that moved a clock, and when; `units` of an extension.

    began: of join and part: when the other clock began; `units` is what it had been extended by. Of
    recompute: the deadline that had passed, which no calendar put right afterwards moves to a later moment.
    """

    verb: str
    at: dt.datetime
    units: int = 0
    began: dt.datetime | None = None


class ClockState(NamedTuple):
    """Where a clock stands. `late`: the deadline had passed before a restart, which does not heal it.

    pauses: spans that were left out since `started_at`; paused_at: since when it stands still. cycle counts
    restarts and reopenings. joined: begin and extension of the clocks of merged cases; counted: the pair that
    gives the deadline, the clock's own or one of these. kept: a deadline that passed under another calendar.
    """

    state: str = NEW
    first_at: dt.datetime | None = None
    started_at: dt.datetime | None = None
    due_at: dt.datetime | None = None
    act_by: dt.datetime | None = None
    provisional: bool = False
    stopped_at: dt.datetime | None = None
    outcome: str = ""
    late: bool = False
    extended_units: int = 0
    cycle: int = 0
    pauses: tuple[Span, ...] = ()
    paused_at: dt.datetime | None = None
    paused_minutes: float = 0.0
    last_at: dt.datetime | None = None
    joined: tuple[tuple[dt.datetime, int], ...] = ()
    counted: tuple[dt.datetime, int] | None = None
    kept: dt.datetime | None = None

    @property
    def open(self) -> bool:
        """Whether the deadline still counts."""
        return self.state in (RUNNING, PAUSED)


def fold(policy: Policy, worktime: Worktime, events: Iterable[ClockEvent]) -> ClockState:
    """Where the clock stands after these events.

    The last one is checked in full; of those before only the order counts, since they were accepted in their
    time, perhaps by another calendar. Raises ClockRefused.
    """
    history = list(events)
    state = ClockState()
    for number, event in enumerate(history, 1):
        state = step(policy, worktime, state, event, strict=number == len(history))
    return state


def step(
    policy: Policy, worktime: Worktime, state: ClockState, event: ClockEvent, *, strict: bool = True
) -> ClockState:
    """The clock after one more event; strict: also what depends on the calendar is checked."""
    if event.verb not in VERBS:
        raise ClockRefused("verb")
    states, move = VERBS[event.verb]
    if event.verb in ("pause", "resume") and not policy.pausable:
        raise ClockRefused("legal" if policy.legal else "pausable")
    if state.state not in states:
        raise ClockRefused("state")
    if state.last_at is not None and event.at < state.last_at:
        raise ClockRefused("order")
    try:
        return move(policy, worktime, state, event, strict)._replace(last_at=event.at)
    except Unreckonable as error:
        raise ClockRefused(error.code) from error


def expired(state: ClockState, at: dt.datetime) -> bool:
    """Whether the deadline has passed; while a clock stands still it does not."""
    return state.state == RUNNING and state.due_at is not None and at > state.due_at


# --- the moves ---


def _reckoned(policy: Policy, worktime: Worktime, state: ClockState, now: dt.datetime) -> ClockState:
    """The same state with its dates worked out from what happened; a clock that stands still: up to now."""
    assert state.started_at is not None
    pauses = state.pauses if state.paused_at is None else (*state.pauses, (state.paused_at, now))
    stood = sum((worktime.working(*span) for span in pauses), dt.timedelta())
    spans = ((state.started_at, state.extended_units), *state.joined)
    due, (began, extended) = min(
        ((_due(policy, worktime, *span, stood), span) for span in spans), key=lambda found: found[0].due_at
    )
    if state.kept is not None and state.kept < due.due_at:
        due = replace(worktime.dated(state.kept, began), provisional=False)
    return state._replace(
        due_at=due.due_at,
        act_by=due.act_by,
        provisional=due.provisional,
        paused_minutes=stood / dt.timedelta(minutes=1),
        counted=(began, extended),
    )


def _due(policy: Policy, worktime: Worktime, start: dt.datetime, extended: int, stood: dt.timedelta) -> Due:
    units = policy.budget + extended
    if not stood:
        return worktime.due(policy.basis, units, start, policy.roll)
    return worktime.dated(worktime.add_working(start, dt.timedelta(minutes=units) + stood), start)


def _begin(policy: Policy, worktime: Worktime, event: ClockEvent, **kept: Any) -> ClockState:
    made = ClockState(state=RUNNING, started_at=event.at, **({"first_at": event.at} | kept))
    return _reckoned(policy, worktime, made, event.at)


def _start(p: Policy, w: Worktime, state: ClockState, event: ClockEvent, strict: bool) -> ClockState:
    return _begin(p, w, event)


def _restart(p: Policy, w: Worktime, state: ClockState, event: ClockEvent, strict: bool) -> ClockState:
    """Anew from another moment; the cap goes on counting from the first start."""
    running = _awake(p, w, state, event)
    late = state.late or expired(running, event.at)
    return _begin(p, w, event, first_at=state.first_at, late=late, cycle=state.cycle + 1, joined=state.joined)


def _reopen(p: Policy, w: Worktime, state: ClockState, event: ClockEvent, strict: bool) -> ClockState:
    """A whole new period after the clock had ended."""
    return _begin(p, w, event, cycle=state.cycle + 1)


def _pause(p: Policy, w: Worktime, state: ClockState, event: ClockEvent, strict: bool) -> ClockState:
    if strict and expired(state, event.at):
        raise ClockRefused("expired")
    return state._replace(state=PAUSED, paused_at=event.at)


def _awake(p: Policy, w: Worktime, state: ClockState, event: ClockEvent) -> ClockState:
    """The clock as it would run on from this moment."""
    if state.paused_at is None:
        return state
    pauses = (*state.pauses, (state.paused_at, event.at))
    return _reckoned(p, w, state._replace(state=RUNNING, paused_at=None, pauses=pauses), event.at)


def _resume(p: Policy, w: Worktime, state: ClockState, event: ClockEvent, strict: bool) -> ClockState:
    return _awake(p, w, state, event)


def _extend(p: Policy, w: Worktime, state: ClockState, event: ClockEvent, strict: bool) -> ClockState:
    if p.cap is None:
        raise ClockRefused("extendable")
    if event.units <= 0:
        raise ClockRefused("units")
    wanted = state.extended_units + event.units
    others = tuple((began, extended + event.units) for began, extended in state.joined)
    if p.budget + max(wanted, *(extended for _began, extended in others), 0) > p.cap:
        raise ClockRefused("cap")
    longer = _reckoned(p, w, state._replace(extended_units=wanted, joined=others), event.at)
    if strict:
        if expired(state, event.at):
            raise ClockRefused("expired")
        if state.cycle and not p.pausable and state.first_at is not None:
            most = w.due(p.basis, p.cap, state.first_at, p.roll).due_at
            if longer.due_at is not None and longer.due_at > most:
                raise ClockRefused("cap")
    return longer


def _recompute(p: Policy, w: Worktime, state: ClockState, event: ClockEvent, strict: bool) -> ClockState:
    return _reckoned(p, w, state._replace(kept=event.began or state.kept), event.at)


def _join(p: Policy, w: Worktime, state: ClockState, event: ClockEvent, strict: bool) -> ClockState:
    """The clock of a merged case: the earlier of the two deadlines holds from now on."""
    if event.began is None:
        raise ClockRefused("began")
    return _reckoned(p, w, state._replace(joined=(*state.joined, (event.began, event.units))), event.at)


def _part(p: Policy, w: Worktime, state: ClockState, event: ClockEvent, strict: bool) -> ClockState:
    """The merged case is taken out again; what was granted to both meanwhile stays with both."""
    if event.began is None:
        raise ClockRefused("began")
    left = list(state.joined)
    if found := next((pair for pair in left if pair[0] == event.began), None):
        left.remove(found)  # not there any more where the clock was reopened meanwhile
    return _reckoned(p, w, state._replace(joined=tuple(left)), event.at)


def _restore(p: Policy, w: Worktime, state: ClockState, event: ClockEvent, strict: bool) -> ClockState:
    """On from where it was stopped, as if it had run all along; time that was granted meanwhile counts."""
    if p.cap is not None and p.budget + state.extended_units + event.units > p.cap:
        raise ClockRefused("cap")
    awake = state._replace(
        state=RUNNING, stopped_at=None, outcome="", extended_units=state.extended_units + event.units
    )
    return _reckoned(p, w, awake, event.at)


def _ended(state: ClockState, event: ClockEvent, good: str) -> ClockState:
    outcome = MISSED if state.late or expired(state, event.at) else good
    return state._replace(state=STOPPED, stopped_at=event.at, outcome=outcome)


def _stop(p: Policy, w: Worktime, state: ClockState, event: ClockEvent, strict: bool) -> ClockState:
    return _ended(_awake(p, w, state, event), event, MET)


def _withdraw(p: Policy, w: Worktime, state: ClockState, event: ClockEvent, strict: bool) -> ClockState:
    """No longer needed; what was too late by then stays so."""
    return _ended(_awake(p, w, state, event), event, DROPPED)


Move = Callable[[Policy, Worktime, ClockState, ClockEvent, bool], ClockState]
VERBS: Mapping[str, tuple[tuple[str, ...], Move]] = {
    "start": ((NEW,), _start),
    "pause": ((RUNNING,), _pause),
    "resume": ((PAUSED,), _resume),
    "extend": ((RUNNING, PAUSED), _extend),
    "restart": ((RUNNING, PAUSED), _restart),
    "recompute": ((RUNNING, PAUSED), _recompute),
    "stop": ((RUNNING, PAUSED), _stop),
    "withdraw": ((RUNNING, PAUSED), _withdraw),
    "reopen": ((STOPPED,), _reopen),
    "join": ((RUNNING, PAUSED), _join),
    "part": ((RUNNING, PAUSED), _part),
    "restore": ((STOPPED,), _restore),
}
