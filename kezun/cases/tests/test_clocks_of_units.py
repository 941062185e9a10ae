"""Clocks through the engine: what extends, pauses and begins them anew, and whose hours they count."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.exceptions import ValidationError

from kezun.cases import actions, kinds
from kezun.cases.models import Case, Clock, Petition
from kezun.cases.tests.conftest import KIND
from kezun.cases.tests.timing import at, now_is
from kezun.cases.verifying import verify
from kezun.kernel.actor import SystemActor
from kezun.org.models import Calendar, UnitCalendar

DECISION, REPLY = "complaint_decision", "request_reply"
CLOCKS = """clocks:
  - {policy: complaint_decision, stops: [answer], restarts: [supplement], ladder: service}
  - {policy: request_reply, stops: [answer], ladder: internal}
fields:
"""
MINUTES = KIND.replace("id: trial", "id: minutes", 1).replace("fields:\n", CLOCKS, 1)
MONDAY = "2026-08-03T09:00"
WHY = {"reason": "需调取监控", "notice": "已电话告知投诉人延期及理由"}


@pytest.fixture
def minutes(world):
    """`minutes()` is a case that the lobby manager handles, with a clock of the law and one in minutes."""
    kinds.install_kind(SystemActor("test"), text=MINUTES, origin="test")

    def make(text: str = MONDAY) -> Case:
        with now_is(text):
            given = {"title": "排队", "received_at": at(text)}
            case = actions.open_case(world["lobby"], "minutes", world["bank"]["O1"], given)
            return actions.do(world["lobby"], case, "take")

    return make


def clock(case: Case, policy: str) -> Clock:
    return Clock.objects.get(case=case, policy=policy)


def extended(world, case: Case, units: int, by: str, text: str) -> Case:
    """Asked by the handler and granted by another, at that moment."""
    with now_is(text):
        case = actions.do(
            world["lobby"], case, "ask", {"type": "extend", "policy": DECISION, "units": units, **WHY}
        )
        asked = Petition.objects.get(case=case, decision="")
        return actions.do(world[by], case, "grant", {"petition": asked.pk})


def test_each_extension_counts_and_nothing_else_changes_the_count(world, minutes):
    case = minutes()
    due = clock(case, DECISION).due_at
    case = extended(world, case, 15, "office", "2026-08-05T10:00")
    assert (case.extended, clock(case, DECISION).extended) == (1, 15)
    case = extended(world, case, 30, "office", "2026-08-06T10:00")
    assert (case.extended, clock(case, DECISION).extended) == (2, 45)
    assert clock(case, DECISION).due_at - due == dt.timedelta(days=45)
    with now_is("2026-08-07T10:00"):
        case = actions.do(world["lobby"], case, "note", {"note": "继续核查"})
        case = actions.do(world["lobby"], case, "contact", {"how": "phone"})
    assert case.extended == 2
    assert verify(case).intact


def test_beyond_the_cap_nothing_can_be_asked(world, minutes):
    case = extended(world, minutes(), 45, "office", "2026-08-05T10:00")
    with now_is("2026-08-06T10:00"), pytest.raises(ValidationError) as refused:
        actions.do(world["lobby"], case, "ask", {"type": "extend", "policy": DECISION, "units": 1, **WHY})
    assert set(refused.value.message_dict) == {"units"}
    assert clock(case, DECISION).extended == 45


def test_once_it_is_too_late_nothing_is_extended(world, minutes):
    case = minutes()
    with now_is("2026-08-19T00:01"), pytest.raises(ValidationError):
        actions.do(world["lobby"], case, "ask", {"type": "extend", "policy": DECISION, "units": 15, **WHY})


def test_waiting_stops_the_minutes_alone_and_by_exactly_what_was_worked(world, minutes):
    case = minutes()
    law, reply = clock(case, DECISION).due_at, clock(case, REPLY).due_at
    with now_is("2026-08-03T10:00"):
        case = actions.do(world["lobby"], case, "wait", {"reason": "等材料"})
    assert clock(case, REPLY).state == "paused"
    assert clock(case, DECISION).state == "running"
    with now_is("2026-08-03T11:00"):
        case = actions.do(world["lobby"], case, "resume")
    assert clock(case, DECISION).due_at == law
    assert clock(case, REPLY).due_at == reply + dt.timedelta(hours=1)


@pytest.mark.parametrize(
    ("begun", "since", "until"),
    [
        (MONDAY, "2026-08-03T23:50", "2026-08-04T00:10"),
        ("2026-08-07T09:00", "2026-08-07T20:00", "2026-08-09T20:00"),
    ],
)
def test_waiting_over_a_night_or_a_weekend_wins_nothing(world, minutes, begun, since, until):
    case = minutes(begun)
    reply = clock(case, REPLY).due_at
    for moment, verb, given in ((since, "wait", {"reason": "等材料"}), (until, "resume", {})):
        with now_is(moment):
            case = actions.do(world["lobby"], case, verb, given)
    assert clock(case, REPLY).due_at == reply


def test_a_restart_begins_anew_and_does_not_heal_what_was_missed(world, minutes):
    case = minutes()
    with now_is("2026-08-20T10:00"):
        case = actions.do(world["lobby"], case, "supplement", {"reason": "材料补正"})
    held = clock(case, DECISION)
    assert held.due_at > at("2026-08-20T10:00")
    assert held.cycle == 1
    with now_is("2026-08-20T11:00"):
        case = actions.do(world["lobby"], case, "propose", {"result": "改", "finding": "属实"})
        case = actions.do(world["supervisor"], case, "verify")
        case = actions.do(world["lobby"], case, "answer", {"how": "phone", "decision": "道歉"})
    assert clock(case, DECISION).outcome == "missed"
    with now_is("2026-08-21T09:00"):
        case = actions.do(world["manager"], case, "reopen", {"reason": "客户不满意"})
    held = clock(case, DECISION)
    assert (held.state, held.outcome, held.cycle, held.stopped_at) == ("running", "", 2, None)
    assert held.start_at == at("2026-08-21T09:00")
    assert verify(case).intact


# --- whose hours ---


def test_a_unit_with_longer_hours_is_done_sooner_and_only_for_its_own_cases(world, minutes):
    usual = clock(minutes(), REPLY)
    made = Calendar.objects.create(code="long", name="延时", windows="08:00-20:00", tabled=False)
    UnitCalendar.objects.create(unit=world["bank"]["S1"], calendar=made)
    longer = clock(minutes(), REPLY)
    assert (usual.snapshot["policy"]["calendar"], longer.snapshot["policy"]["calendar"]) == ("cn", "long")
    assert longer.due_at == at("2026-08-04T12:00"), "900 minutes: eleven hours on Monday, four on Tuesday"
    assert longer.due_at < usual.due_at
    before = usual.due_at
    with now_is("2026-08-03T10:00"):
        actions.do(world["lobby"], usual.case, "contact", {"how": "phone"})
    assert clock(usual.case, REPLY).due_at == before


def test_a_clock_keeps_the_hours_of_the_unit_where_it_began(world, minutes, monkeypatch):
    """Handed on to a unit of other hours the date stays what everybody was told, until it begins anew."""
    from kezun.org import calendars

    asked = []
    told = calendars.code_for
    monkeypatch.setattr(
        calendars, "code_for", lambda unit, day=None: asked.append(unit.code) or told(unit, day)
    )
    case = minutes()
    before = {policy: clock(case, policy).due_at for policy in (DECISION, REPLY)}
    kept = {policy: clock(case, policy).snapshot["policy"]["calendar"] for policy in before}
    assert all(kept.values())
    assert set(asked) == {"O1"}, "the unit with the case decides, and is asked once for all its clocks"
    assert len(asked) == 1
    monkeypatch.setattr(calendars, "code_for", lambda unit, day=None: "no such calendar")
    with now_is("2026-08-03T10:00"):
        case = actions.do(world["lobby"], case, "transfer", {"unit": "S1", "reason": "超出权限"})
        case = actions.do(world["sub"], case, "take")
        case = actions.do(world["sub"], case, "wait", {"reason": "等材料"})
    with now_is("2026-08-03T10:30"):
        case = actions.do(world["sub"], case, "resume")
    assert clock(case, DECISION).due_at == before[DECISION]
    assert clock(case, REPLY).due_at == before[REPLY] + dt.timedelta(minutes=30)
    assert {policy: clock(case, policy).snapshot["policy"]["calendar"] for policy in before} == kept
    assert verify(case).intact
