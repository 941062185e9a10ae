"""Clocks as folds: each verb, each refusal, and what holds for any history."""

from __future__ import annotations

import datetime as dt
import random
from collections import Counter
from functools import lru_cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kezun.cases.rules.clocks import (
    ClockEvent,
    ClockRefused,
    ClockState,
    Extension,
    Policy,
    expired,
    fold,
    step,
)
from kezun.org.rules import calendarfile
from kezun.org.rules.worktime import Basis, Worktime
from kezun.org.tests.test_worktime import TABLE

SHANGHAI = ZoneInfo("Asia/Shanghai")
OFFICE = ((510, 720), (810, 1050))
COMPLAINT = Policy(
    Basis.NATURAL, 15, legal=True, extensions=(Extension(15, "head"), Extension(30, "superior")), cap=60
)
REQUEST = Policy(Basis.WORKMINUTE, 900, pausable=True, extensions=(Extension(450),), cap=1800)
CONTACT = Policy(Basis.WORKDAY, 1, legal=True)


@lru_cache
def cn(official: int = 2027) -> Worktime:
    days, _wrong = calendarfile.read(TABLE.read_text(encoding="utf-8"))
    return Worktime(days, zone=SHANGHAI, windows=OFFICE, official=range(2004, official))


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def told(policy: Policy, *moves: tuple[str, str] | tuple[str, str, int]) -> ClockState:
    return fold(policy, cn(), [ClockEvent(m[0], at(m[1]), *m[2:]) for m in moves])


START = ("start", "2026-09-21T10:00")


def refused(policy: Policy, *moves) -> str:
    told(policy, *moves[:-1])
    with pytest.raises(ClockRefused) as found:
        told(policy, *moves)
    return found.value.code


# --- what a policy may be ---


@pytest.mark.parametrize(
    ("given_", "code"),
    [
        ({"basis": Basis.NATURAL, "budget": 0}, "units"),
        ({"basis": Basis.NATURAL, "budget": float("nan")}, "units"),
        ({"basis": Basis.WORKDAY, "budget": 1.5}, "whole"),
        ({"basis": Basis.NATURAL, "budget": 15, "pausable": True}, "pausable"),
        ({"basis": Basis.WORKDAY, "budget": 15, "pausable": True}, "pausable"),
        ({"basis": Basis.HOUR24, "budget": 2, "pausable": True}, "pausable"),
        ({"basis": Basis.WORKMINUTE, "budget": 60, "pausable": True, "legal": True}, "pausable"),
        ({"basis": Basis.NATURAL, "budget": 15, "roll": "back"}, "roll"),
        ({"basis": Basis.WORKDAY, "budget": 15, "roll": "next"}, "roll"),
        ({"basis": Basis.NATURAL, "budget": 15, "extensions": (Extension(0),), "cap": 30}, "units"),
        ({"basis": Basis.NATURAL, "budget": 15, "extensions": (Extension(15),)}, "cap"),
        ({"basis": Basis.NATURAL, "budget": 15, "cap": 30}, "cap"),
        ({"basis": Basis.NATURAL, "budget": 15, "extensions": (Extension(15),), "cap": 10}, "cap"),
    ],
)
def test_a_policy_that_cannot_be_is_refused(given_, code):
    with pytest.raises(ClockRefused) as found:
        Policy(**given_)
    assert found.value.code == code


def test_hours_may_have_fractions_and_days_may_end_on_a_worked_one():
    assert Policy(Basis.HOUR24, 0.5).budget == 0.5
    rolled = fold(Policy(Basis.NATURAL, 15, roll="next"), cn(), [ClockEvent("start", at("2026-09-21T10:00"))])
    assert rolled.due_at == at("2026-10-08T23:59:59")


# --- each verb ---


def test_a_clock_that_nothing_happened_to_is_new():
    state = fold(COMPLAINT, cn(), [])
    assert (state.state, state.due_at, state.open) == ("new", None, False)


def test_a_clock_starts_with_its_dates_and_stops_with_an_outcome():
    running = told(COMPLAINT, START)
    assert (running.state, running.open, running.cycle) == ("running", True, 0)
    assert running.due_at == at("2026-10-06T23:59:59")
    assert running.act_by == at("2026-09-30T17:30")
    assert not running.provisional
    met = told(COMPLAINT, START, ("stop", "2026-10-06T23:59:59"))
    assert (met.state, met.outcome, met.stopped_at) == ("stopped", "met", at("2026-10-06T23:59:59"))
    assert told(COMPLAINT, START, ("stop", "2026-10-07T00:00:00")).outcome == "missed"


def test_an_extension_counts_from_the_first_start_up_to_the_cap():
    first = told(COMPLAINT, START, ("extend", "2026-10-06T12:00", 15))
    assert first.due_at == at("2026-10-21T23:59:59")
    second = told(COMPLAINT, START, ("extend", "2026-10-06T12:00", 15), ("extend", "2026-10-20T12:00", 30))
    assert second.due_at == at("2026-11-20T23:59:59"), "sixty days after 09-21"
    assert second.extended_units == 45
    assert (
        refused(COMPLAINT, START, ("extend", "2026-10-06T12:00", 45), ("extend", "2026-10-20T12:00", 1))
        == "cap"
    )


def test_an_extension_comes_before_the_end_or_not_at_all():
    assert refused(COMPLAINT, START, ("extend", "2026-10-07T00:00", 15)) == "expired"
    assert refused(COMPLAINT, START, ("extend", "2026-10-01T00:00", 0)) == "units"
    assert refused(CONTACT, START, ("extend", "2026-09-21T12:00", 1)) == "extendable"
    assert (
        refused(COMPLAINT, START, ("stop", "2026-09-22T00:00"), ("extend", "2026-09-23T00:00", 1)) == "state"
    )


def test_a_restart_is_a_new_start_and_heals_nothing():
    anew = told(COMPLAINT, START, ("restart", "2026-09-28T09:00"))
    assert anew.due_at == at("2026-10-13T23:59:59")
    assert (anew.cycle, anew.first_at, anew.late) == (1, at("2026-09-21T10:00"), False)
    assert (
        told(COMPLAINT, START, ("restart", "2026-09-28T09:00"), ("stop", "2026-10-13T09:00")).outcome == "met"
    )
    healed = told(COMPLAINT, START, ("restart", "2026-10-07T09:00"), ("stop", "2026-10-08T09:00"))
    assert (healed.late, healed.outcome) == (True, "missed")


def test_after_a_restart_the_cap_still_counts_from_the_first_start():
    restarted = (START, ("restart", "2026-10-05T09:00"))
    late = told(COMPLAINT, *restarted, ("extend", "2026-10-10T09:00", 30))
    assert late.due_at == at("2026-11-19T23:59:59")
    assert refused(COMPLAINT, *restarted, ("extend", "2026-10-10T09:00", 45)) == "cap"
    again = told(REQUEST, START, ("restart", "2026-10-08T09:00"), ("extend", "2026-10-08T09:30", 900))
    assert again.extended_units == 900, "a clock of the bank's own has no such limit"


def test_a_withdrawal_drops_the_clock_unless_it_was_late_by_then():
    assert told(COMPLAINT, START, ("withdraw", "2026-09-25T12:00")).outcome == "dropped"
    assert told(COMPLAINT, START, ("withdraw", "2026-10-09T12:00")).outcome == "missed"


def test_reopening_begins_a_whole_new_period():
    events = (START, ("extend", "2026-10-06T12:00", 15), ("stop", "2026-10-30T12:00"))
    assert told(COMPLAINT, *events).outcome == "missed"
    anew = told(COMPLAINT, *events, ("reopen", "2026-11-02T09:00"))
    assert (anew.cycle, anew.late, anew.extended_units, anew.outcome) == (1, False, 0, "")
    assert (anew.first_at, anew.due_at) == (at("2026-11-02T09:00"), at("2026-11-17T23:59:59"))
    assert refused(COMPLAINT, START, ("reopen", "2026-09-25T12:00")) == "state"


def test_a_clock_is_reckoned_again_when_a_years_table_comes_out():
    start = ClockEvent("start", at("2026-09-21T10:00"))
    before = fold(CONTACT, cn(official=2026), [start])
    assert before.provisional
    again = ClockEvent("recompute", at("2026-09-21T11:00"))
    after = step(CONTACT, cn(), before, again)
    assert not after.provisional
    assert after == fold(CONTACT, cn(), [start, again])


# --- pauses ---


def test_a_pause_leaves_out_its_working_minutes():
    plain = told(REQUEST, START)
    assert plain.due_at == at("2026-09-23T10:00")
    paused = told(REQUEST, START, ("pause", "2026-09-21T11:00"))
    assert (paused.state, paused.open, paused.due_at) == ("paused", True, plain.due_at)
    resumed = told(REQUEST, START, ("pause", "2026-09-21T11:00"), ("resume", "2026-09-21T14:30"))
    assert resumed.due_at == at("2026-09-23T12:00"), "two hours of work were left out, lunch is none"
    assert resumed.paused_minutes == 120
    night = told(REQUEST, START, ("pause", "2026-09-21T23:50"), ("resume", "2026-09-22T00:10"))
    assert night.due_at == plain.due_at, "nobody works at midnight: nothing is gained"


def test_a_clock_that_stands_still_can_be_stopped_withdrawn_extended_and_restarted():
    paused = (START, ("pause", "2026-09-22T09:00"))
    assert told(REQUEST, *paused, ("stop", "2026-10-30T12:00")).outcome == "met"
    assert told(REQUEST, *paused, ("withdraw", "2026-10-30T12:00")).outcome == "dropped"
    anew = told(REQUEST, *paused, ("restart", "2026-10-30T12:00"))
    assert (anew.late, anew.pauses, anew.state) == (False, (), "running")
    longer = told(REQUEST, *paused, ("extend", "2026-09-25T12:00", 450), ("resume", "2026-09-28T08:30"))
    assert longer.due_at == at("2026-09-30T09:30")
    assert not expired(told(REQUEST, *paused), at("2027-01-01T00:00"))


def test_what_may_not_pause_says_why():
    assert refused(COMPLAINT, START, ("pause", "2026-09-22T09:00")) == "legal"
    assert refused(COMPLAINT, START, ("resume", "2026-09-22T09:00")) == "legal"
    own = Policy(Basis.WORKDAY, 5)
    assert refused(own, START, ("pause", "2026-09-22T09:00")) == "pausable"
    assert refused(REQUEST, START, ("pause", "2026-09-23T10:00:01")) == "expired"
    assert refused(REQUEST, START, ("resume", "2026-09-22T09:00")) == "state"
    assert refused(REQUEST, START, ("pause", "2026-09-22T09:00"), ("pause", "2026-09-22T10:00")) == "state"


def test_events_come_in_their_order_and_have_known_names():
    assert refused(COMPLAINT, START, ("stop", "2026-09-20T09:00")) == "order"
    assert refused(COMPLAINT, START, ("start", "2026-09-22T09:00")) == "state"
    assert refused(COMPLAINT, START, ("stop", "2026-09-22T09:00"), ("stop", "2026-09-23T09:00")) == "state"
    assert refused(COMPLAINT, START, ("skip", "2026-09-22T09:00")) == "verb"
    with pytest.raises(ClockRefused, match="beyond"):
        told(COMPLAINT, ("start", "1990-01-01T09:00"))
    with pytest.raises(ClockRefused, match="naive"):
        fold(COMPLAINT, cn(), [ClockEvent("start", dt.datetime(2026, 1, 1))])


def test_what_was_accepted_in_its_time_is_not_judged_again():
    """A table that comes out later may move the end before an extension that was granted in time."""
    events = [ClockEvent("start", at("2026-09-21T10:00")), ClockEvent("extend", at("2026-10-08T12:00"), 15)]
    with pytest.raises(ClockRefused, match="expired"):
        fold(COMPLAINT, cn(), events)
    later = [*events, ClockEvent("recompute", at("2026-10-09T09:00"))]
    assert fold(COMPLAINT, cn(), later).due_at == at("2026-10-21T23:59:59")


# --- any history: 100,000 of them ---

GROUPS, BATCHES, BATCH = 4, 25, 1000
VERBS = ("pause", "resume", "extend", "restart", "recompute", "stop", "withdraw", "reopen", "pause", "resume")
POLICIES = (
    COMPLAINT,
    REQUEST,
    REQUEST,
    CONTACT,
    Policy(Basis.HOUR24, 4),
    Policy(Basis.NATURAL, 15, legal=True, roll="next"),
)


def history(draw: random.Random) -> tuple[Policy, list[ClockEvent], list[ClockState]]:
    """A policy, what happened to a clock of it (refusals left out), and where it stood after each event."""
    policy = draw.choice(POLICIES)
    now = at("2025-12-01T00:00") + dt.timedelta(minutes=draw.randrange(400 * 1440))
    events = [ClockEvent("start", now)]
    states = [step(policy, cn(), ClockState(), events[0])]
    for _ in range(draw.randrange(1, 9)):
        now += dt.timedelta(minutes=draw.choice((0, 7, 45, 300, 1440, 4000)) * draw.random())
        event = ClockEvent(draw.choice(VERBS), now, draw.choice((1, 10, 30)))
        try:
            states.append(step(policy, cn(), states[-1], event))
        except ClockRefused as error:
            hold_refused(policy, states[-1], event, error.code)
            continue
        events.append(event)
        hold_between(policy, states[-2], states[-1], event)
    return policy, events, states


def hold_refused(policy: Policy, state: ClockState, event: ClockEvent, code: str) -> None:
    if policy.legal and event.verb in ("pause", "resume"):
        assert code == "legal"
    else:
        assert code in ("state", "expired", "cap", "extendable", "pausable")


def hold_between(policy: Policy, before: ClockState, after: ClockState, event: ClockEvent) -> None:
    """What holds between any two states."""
    if event.verb in ("pause", "resume"):
        assert policy.pausable, "a legal clock never pauses"
    if event.verb in ("pause", "resume", "extend", "recompute", "stop", "withdraw"):
        assert after.due_at >= before.due_at, "nothing but a new start brings a deadline nearer"
        assert after.act_by >= before.act_by
    if event.verb == "pause":
        assert after.due_at == before.due_at
    if event.verb == "extend":
        assert after.due_at > before.due_at
        assert policy.budget + after.extended_units <= policy.cap
    if after.open:
        assert after.started_at <= after.act_by <= after.due_at
    else:
        assert after.outcome == ("missed" if after.late or event.at > after.due_at else OUTCOME[event.verb])
    assert after.late >= before.late or event.verb == "reopen", "what is late stays so"


OUTCOME = {"stop": "met", "withdraw": "dropped"}


def split(events: list[ClockEvent], draw: random.Random) -> list[ClockEvent]:
    """The same history with each pause cut in two at some moment inside it."""
    cut: list[ClockEvent] = []
    for event in events:
        if cut and cut[-1].verb == "pause":
            between = cut[-1].at + (event.at - cut[-1].at) * draw.random()
            cut += [ClockEvent("resume", between), ClockEvent("pause", between)]
        cut.append(event)
    return cut


def same(one: ClockState, other: ClockState) -> bool:
    dates = ("state", "due_at", "act_by", "outcome", "late", "extended_units", "cycle", "provisional")
    return all(getattr(one, d) == getattr(other, d) for d in dates) and (
        one.paused_minutes == pytest.approx(other.paused_minutes)
    )


def hold_whole(draw: random.Random) -> ClockState:
    """Where a history of that draw ends, once all that holds for any was found to hold for it."""
    policy, events, states = history(draw)
    assert fold(policy, cn(), events) == states[-1], "replaying is what happened step by step"
    if policy.pausable:
        assert same(fold(policy, cn(), split(events, draw)), states[-1]), "cutting a pause changes nothing"
        without = [e for e in events if e.verb not in ("pause", "resume")]
        bare = ClockState()
        for event in without:
            bare = step(policy, cn(), bare, event, strict=False)
        assert states[-1].due_at >= bare.due_at, "a pause never shortens"
    return states[-1]


@pytest.mark.once
@pytest.mark.parametrize("group", range(GROUPS))
@given(seed=st.integers(0, 2**32))
@settings(max_examples=BATCHES, deadline=None)
def test_what_holds_for_any_history(group, seed):
    """A thousand histories for each number that Hypothesis draws; a failure is found again by the number."""
    ends = Counter(
        hold_whole(random.Random((seed * GROUPS + group) * BATCH + number)).state for number in range(BATCH)
    )
    assert ends.total() == BATCH
    assert {"running", "stopped"} <= set(ends), "they do not all end alike"
