"""Two cases that become one and two again; parts given to others; who still gets an answer."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction

from kezun.cases import actions, linking
from kezun.cases.clocking import events_of, rule_of, worktime_of
from kezun.cases.effects.merging import merger
from kezun.cases.models import Case, Clock, Link, Petition
from kezun.cases.rules.clocks import ClockEvent, ClockRefused, Policy, fold
from kezun.cases.rules.explaining import explain
from kezun.cases.tests.timing import at, now_is
from kezun.cases.verifying import verify
from kezun.kernel.actor import Denied, OutOfScope
from kezun.org.rules.worktime import Basis

DECISION = "complaint_decision"
PEOPLE = [{"role": "complainant", "name": "王女士", "phone": "13800001111"}]


def do(world, case, who, verb, given=None, when="2026-09-23T10:00"):
    with now_is(when):
        return actions.do(world[who], case, verb, given or {})


def due(case) -> dt.datetime:
    return Clock.objects.get(case=case, policy=DECISION).due_at


def verbs(case) -> list[str]:
    return [event.verb for event in case.events.order_by("seq")]


@pytest.fixture
def two(timed):
    """An earlier and a later case of the same kind about the same outlet."""
    return timed("2026-09-14T09:00", parties=PEOPLE), timed("2026-09-21T09:00", parties=PEOPLE)


@pytest.fixture
def one(world, two):
    """The earlier merged into the later one."""
    early, late = two
    do(world, early, "manager", "merge", {"into": late.no, "reason": "同一事项"})
    return Case.objects.get(pk=early.pk), Case.objects.get(pk=late.pk)


def test_the_earlier_deadline_holds_and_each_keeps_its_history(two, one):
    early, late = one
    assert (early.state, early.open) == ("merged", False)
    assert verbs(early) == ["open", "merge"]
    assert verbs(late) == ["open", "join"]
    assert due(late) == at("2026-09-29T23:59:59")
    assert late.due_at == min(Clock.objects.filter(case=late).values_list("due_at", flat=True))
    assert set(Clock.objects.filter(case=early).values_list("state", flat=True)) == {"stopped"}
    told = json.loads(late.events.latest("seq").body)["told"]["joined"]
    assert told == {"case": early.pk, "type": "duplicate_of"}
    assert merger(early)["into"] == late
    assert merger(late)["joined"] == [early]
    assert verify().intact


def test_the_explained_days_are_those_of_the_earlier_one(one):
    clock = Clock.objects.get(case=one[1], policy=DECISION)
    lines = explain(rule_of(clock), worktime_of(clock), events_of(clock))
    assert lines[0].day.date == dt.date(2026, 9, 14)
    assert [line.day.date for line in lines if line.due] == [dt.date(2026, 9, 29)]


def test_a_later_one_merged_into_an_earlier_moves_nothing(world, two):
    early, late = two
    before = due(early)
    do(world, late, "manager", "merge", {"into": early.no, "reason": "同一事项"})
    assert due(early) == before
    assert verify().intact


def test_taken_out_again_both_are_as_they_were(world, two, one):
    early, late = one
    case = do(world, early, "manager", "unmerge", {"reason": "不是同一事项"}, "2026-09-24T10:00")
    assert (case.state, case.open, case.closed_at) == ("accepted", True, None)
    assert due(early) == at("2026-09-29T23:59:59")
    assert due(late) == at("2026-10-06T23:59:59")
    assert verbs(late) == ["open", "join", "part"]
    assert not Link.objects.filter(ended_at__isnull=True).exists()
    assert {c.state for c in Clock.objects.filter(case=early)} == {"running"}
    assert all(c.next_at for c in Clock.objects.filter(case=early))
    assert verify().intact
    again = do(
        world, case, "manager", "merge", {"into": late.no, "reason": "还是同一事项"}, "2026-09-24T11:00"
    )
    assert again.state == "merged"
    assert verify().intact


def test_what_was_granted_to_both_stays_with_both(world, one):
    early, late = one
    case = do(world, late, "lobby", "take", when="2026-09-23T11:00")
    given = {"type": "extend", "policy": DECISION, "units": 15, "reason": "取证", "notice": "均已电话告知"}
    case = do(world, case, "lobby", "ask", given, "2026-09-23T12:00")
    case = do(world, case, "sub", "grant", {"petition": Petition.objects.get().pk}, "2026-09-23T13:00")
    assert due(late) == at("2026-10-14T23:59:59")
    do(world, early, "manager", "unmerge", {"reason": "分开办理"}, "2026-09-24T10:00")
    assert due(early) == at("2026-10-14T23:59:59")
    assert due(late) == at("2026-10-21T23:59:59")
    assert verify().intact


def test_each_complainant_gets_an_answer_of_their_own(world, one):
    early, late = one
    early_answer = {"how": "phone", "decision": "道歉"}
    with pytest.raises(ValidationError):  # the merger is not answered yet
        do(world, early, "manager", "answer", early_answer)
    for who, verb, given in (
        ("lobby", "take", {}),
        ("lobby", "propose", {"result": "已整改", "finding": "属实"}),
        ("supervisor", "verify", {}),
        ("lobby", "answer", {"how": "phone", "decision": "道歉"}),
    ):
        late = do(world, late, who, verb, given)
    with pytest.raises(ValidationError, match=early.no):
        do(world, late, "manager", "close")
    early = do(world, early, "manager", "answer", early_answer)
    assert (early.state, early.answered_at is not None) == ("merged", True)
    assert do(world, late, "manager", "close").state == "closed"
    assert verify().intact
    with pytest.raises(ValidationError):
        do(world, early, "manager", "unmerge", {"reason": "x"})


def test_without_a_complainant_nobody_waits_for_an_answer(world, timed):
    early, late = timed("2026-09-14T09:00"), timed("2026-09-21T09:00")
    do(world, early, "manager", "merge", {"into": late.no, "reason": "同一事项"})
    for who, verb, given in (
        ("lobby", "take", {}),
        ("lobby", "propose", {"result": "已整改", "finding": "属实"}),
        ("supervisor", "verify", {}),
        ("lobby", "answer", {"how": "phone", "decision": "道歉"}),
        ("manager", "close", {}),
    ):
        late = do(world, late, who, verb, given)
    assert late.state == "closed"


def test_what_cannot_be_merged(world, two, opened, timed):
    early, late = two
    other = opened(actor="lobby")
    for into, reason in ((early.no, "x"), (other.no, "x"), (late.no, ""), ("C26-999999", "x")):
        with pytest.raises(ValidationError):
            do(world, early, "manager", "merge", {"into": into, "reason": reason})
    gone = do(world, timed(), "lobby", "withdraw", {"reason": "撤回"})
    with pytest.raises(ValidationError, match=gone.no):
        do(world, early, "manager", "merge", {"into": gone.no, "reason": "x"})
    assert not Link.objects.exists()
    assert verbs(early) == ["open"]


def test_a_merger_happens_after_what_was_last_done_to_either(world, two):
    early, late = two
    do(world, late, "lobby", "note", {"note": "刚刚"}, "2026-09-23T10:00:05")
    early = do(world, early, "manager", "merge", {"into": late.no, "reason": "同一事项"}, "2026-09-23T10:00")
    assert early.closed_at == early.last_at == at("2026-09-23T10:00:05")
    do(world, late, "lobby", "note", {"note": "又及"}, "2026-09-23T10:00:15")
    early = do(world, early, "manager", "unmerge", {"reason": "分开"}, "2026-09-23T10:00:10")
    assert early.last_at == at("2026-09-23T10:00:15")
    assert verify().intact


def test_no_chain_of_mergers_comes_about(world, one, timed):
    early, late = one
    third = timed("2026-09-22T09:00")
    with pytest.raises(ValidationError):  # others are merged into it
        do(world, late, "manager", "merge", {"into": third.no, "reason": "x"})
    with pytest.raises(ValidationError):  # it is merged itself
        do(world, third, "manager", "merge", {"into": early.no, "reason": "x"})
    for source, target in ((late, third), (third, early), (late, early)):
        with pytest.raises(IntegrityError), transaction.atomic():
            Link.objects.create(source=source, target=target, type="duplicate_of", at=late.last_at)
    Link.objects.create(source=third, target=late, type="duplicate_of", at=late.last_at)
    linking.install(connection)  # once more is harmless
    linking.after_migrate()


def test_nobody_joins_or_parts_cases_by_hand(world, two, one):
    early, late = one
    for verb in ("join", "part"):
        with pytest.raises(ValidationError):
            do(world, late, "lobby", verb, {"other": early.no}, "2026-09-23T11:00")
    with pytest.raises(ValidationError):
        do(world, late, "manager", "unmerge", {"reason": "x"})


def test_both_histories_or_neither(world, two, monkeypatch):
    early, late = two
    do(world, late, "lobby", "take")
    Case.objects.filter(pk=late.pk).update(state="merged")  # what a parallel merger would have left
    with pytest.raises(ValidationError):
        do(world, early, "manager", "merge", {"into": late, "reason": "x"})
    assert verbs(early) == ["open"]
    assert not Link.objects.exists()


# --- parts ---


def test_the_whole_waits_for_its_parts(world, timed):
    whole = do(world, timed(), "lobby", "take")
    with now_is("2026-09-23T11:00"):
        part = actions.delegate(world["lobby"], whole, world["bank"]["S1"], {"title": "核实设备故障"})
    assert (part.pending_unit.code, part.state, part.code) == ("S1", "assigned", "timed")
    assert verbs(Case.objects.get(pk=whole.pk))[-1] == "join"
    result, when = {"result": "已整改", "finding": "属实"}, "2026-09-23T12:00"
    with pytest.raises(ValidationError, match=part.no):
        do(world, whole, "lobby", "propose", result, when)
    do(world, part, "sub", "take", when=when)
    do(world, part, "office", "withdraw", {"reason": "不再需要"}, when)
    assert do(world, whole, "lobby", "propose", result, when).state == "proposed"
    assert verify().intact


def test_a_part_may_be_of_another_kind_and_carries_no_personal_data(world, timed):
    whole = timed(parties=PEOPLE)
    given = {"title": "核实", "where": "大堂"}
    with now_is("2026-09-23T11:00"):
        part = actions.delegate(world["manager"], whole, world["bank"]["S1"], given, kind="trial")
    assert (part.code, part.data, part.parties.count()) == ("trial", {"where": "大堂"}, 0)
    assert part.links.get().target_id == whole.pk


def test_who_may_not_delegates_nothing(world, timed):
    whole = timed(parties=[{"role": "named_staff", "person": "outlet_manager.O1"}])
    unit = world["bank"]["S1"]
    with now_is("2026-09-23T11:00"):
        with pytest.raises(Denied):
            actions.delegate(world["manager"], whole, unit, {"title": "x"})
        with pytest.raises(OutOfScope):
            actions.delegate(world["far"], whole, unit, {"title": "x"})
        with pytest.raises(Denied):
            actions.delegate(world["auditor"], whole, unit, {"title": "x"})
        with pytest.raises(ValidationError):
            actions.delegate(world["sub"], whole, unit, {"title": "x"}, kind="nonsense")
        ended = actions.do(world["sub"], whole, "withdraw", {"reason": "x"})
        with pytest.raises(ValidationError):
            actions.delegate(world["sub"], ended, unit, {"title": "x"})
    assert Case.objects.count() == 1


# --- the clocks of it, by themselves ---


def test_a_clock_joined_and_parted_is_as_before(one):
    worktime = worktime_of(Clock.objects.filter(case=one[1]).first())
    policy = Policy(Basis.NATURAL, 15)
    start = ClockEvent("start", at("2026-09-21T09:00"))
    join = ClockEvent("join", at("2026-09-23T09:00"), 0, at("2026-09-14T09:00"))
    part = ClockEvent("part", at("2026-09-24T09:00"), 0, at("2026-09-14T09:00"))
    alone, together = fold(policy, worktime, [start]), fold(policy, worktime, [start, join])
    assert together.due_at == at("2026-09-29T23:59:59")
    assert fold(policy, worktime, [start, join, part]).due_at == alone.due_at
    assert fold(policy, worktime, [start, part]).due_at == alone.due_at
    stop = ClockEvent("withdraw", at("2026-09-25T09:00"))
    back = fold(policy, worktime, [start, stop, ClockEvent("restore", at("2026-10-20T09:00"))])
    assert (back.due_at, back.state, back.outcome) == (alone.due_at, "running", "")
    restarted = fold(policy, worktime, [start, join, ClockEvent("restart", at("2026-09-25T09:00"))])
    assert restarted.due_at == at("2026-09-29T23:59:59")  # the other one's deadline stays what it is
    for verb in ("join", "part"):
        with pytest.raises(ClockRefused) as refused:
            fold(policy, worktime, [start, ClockEvent(verb, at("2026-09-23T09:00"))])
        assert refused.value.code == "began"
    with pytest.raises(ClockRefused) as refused:
        fold(policy, worktime, [start, stop, ClockEvent("reopen", at("2026-09-26T09:00")), back_again()])
    assert refused.value.code == "state"


def back_again() -> ClockEvent:
    return ClockEvent("restore", at("2026-09-27T09:00"))


def test_no_more_is_restored_or_extended_than_the_cap(one):
    clock = Clock.objects.get(case=one[1], policy=DECISION)
    policy, worktime = rule_of(clock), worktime_of(clock)
    start, stop = ClockEvent("start", at("2026-09-21T09:00")), ClockEvent("withdraw", at("2026-09-22T09:00"))
    with pytest.raises(ClockRefused) as refused:
        fold(policy, worktime, [start, stop, ClockEvent("restore", at("2026-09-23T09:00"), 50)])
    assert refused.value.code == "cap"
    join = ClockEvent("join", at("2026-09-22T09:00"), 40, at("2026-09-14T09:00"))
    with pytest.raises(ClockRefused) as refused:
        fold(policy, worktime, [start, join, ClockEvent("extend", at("2026-09-23T09:00"), 15)])
    assert refused.value.code == "cap"
