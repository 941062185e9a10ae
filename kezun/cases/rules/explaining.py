"""Why a clock is due when it is: every day from receipt to the end, counted or skipped, with the reason."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from kezun.cases.rules.clocks import ClockEvent, ClockState, Policy, fold
from kezun.org.rules.calendar import DAY, Day
from kezun.org.rules.worktime import Basis, Worktime

MOST_DAYS = 800


@dataclass(frozen=True)
class Line:
    """One day of an explanation.

    code: receipt (does not count), counted, skipped (free), closed (nothing left to count), paused, rolled
    (the period is over, but may end on a worked day alone). amount: units counted on the day; total: up to
    its end. due, act_by: whether the clock ends on this day, and whether it is the last to act. events: what
    moved it.
    """

    day: Day
    code: str
    amount: float
    total: float
    provisional: bool
    due: bool
    act_by: bool
    events: tuple[ClockEvent, ...] = ()


def explain(policy: Policy, worktime: Worktime, events: Iterable[ClockEvent]) -> list[Line]:
    """Each day from the latest start of the clock to its deadline; at most MOST_DAYS of them.

    Where a merged case gives the deadline, its days are told: those from its start.

    Raises ClockRefused where the events cannot be.
    """
    history = list(events)
    state = fold(policy, worktime, history)
    if state.counted is None or state.due_at is None or state.act_by is None:
        return []
    began, extended = state.counted  # of merged cases those of the earlier one
    act_by, last = worktime.date_of(state.act_by), worktime.date_of(state.due_at)
    state = state._replace(started_at=began, extended_units=extended)
    first = worktime.date_of(began)
    moved: dict[dt.date, list[ClockEvent]] = {}
    for event in history:
        moved.setdefault(worktime.date_of(event.at), []).append(event)
    found: list[Line] = []
    total = 0.0
    for number in range(min((last - first).days + 1, MOST_DAYS)):
        date = first + number * DAY
        code, amount = _counted(policy, worktime, state, date, total)
        total += amount
        found.append(
            Line(
                day=worktime.day(date),
                code=code,
                amount=amount,
                total=total,
                provisional=worktime.provisional(date, date),
                due=date == last,
                act_by=date == act_by,
                events=tuple(moved.get(date, ())),
            )
        )
    return found


def _counted(
    policy: Policy, worktime: Worktime, state: ClockState, date: dt.date, total: float
) -> tuple[str, float]:
    """What a day is to the clock, and how many units it counts."""
    assert state.started_at is not None
    units = policy.budget + state.extended_units
    if policy.basis in (Basis.NATURAL, Basis.WORKDAY):
        if date == worktime.date_of(state.started_at):
            return "receipt", 0.0
        if total >= units:
            return "rolled", 0.0
        if policy.basis is Basis.WORKDAY and not worktime.is_workday(date):
            return "skipped", 0.0
        return "counted", 1.0
    return _timed(policy, worktime, state, date)


def _timed(policy: Policy, worktime: Worktime, state: ClockState, date: dt.date) -> tuple[str, float]:
    """Minutes or hours of a day between start and end, without what was paused."""
    assert state.started_at is not None
    assert state.due_at is not None
    midnight = dt.datetime.combine(date, dt.time(), worktime.zone)
    low, high = max(state.started_at, midnight), min(state.due_at, midnight + DAY)
    if policy.basis is Basis.HOUR24:
        return "counted", worktime.elapsed(Basis.HOUR24, low, high)
    gone = worktime.working(low, high)
    stood = dt.timedelta()
    for start, end in state.pauses:
        if max(low, start) < min(high, end):
            stood += worktime.working(max(low, start), min(high, end))
    if not worktime.is_workday(date):
        return "skipped", 0.0
    amount = (gone - stood) / dt.timedelta(minutes=1)
    return ("paused" if stood and not amount else "counted" if amount else "closed"), amount
