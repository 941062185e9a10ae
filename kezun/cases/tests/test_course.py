"""A case on its way: who may do what, what the engine refuses, what the history says."""

from __future__ import annotations

import json

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection, transaction

from kezun.cases import actions
from kezun.cases.models import Case
from kezun.kernel.actor import Denied, OutOfScope, SystemActor


def test_the_whole_way(closed):
    case = closed()
    assert case.state == Case.State.CLOSED
    assert not case.open
    assert [e.verb for e in case.events.order_by("seq")] == [
        *("open", "accept", "take", "contact", "propose", "verify", "answer", "close")
    ]
    assert case.handler.code == "lobby_manager.O1"
    assert case.verifier.code == "supervisor.P1"
    assert case.contacted_at
    assert case.answered_at
    assert case.closed_at


def test_whoever_registers_owns_until_another_takes(world, opened):
    case = opened(actor="other", unit="O1", owner="O1")
    assert case.state == Case.State.ASSIGNED
    assert case.owner_unit.code == "O2"
    assert case.pending_unit.code == "O1"
    case = actions.do(world["manager"], case, "take")
    assert case.owner_unit.code == "O1"
    assert case.pending_unit is None


def test_sent_back_twice_it_climbs_to_the_unit_above_both(world, opened):
    case = opened(actor="other", unit="O1", owner="O1")
    case = actions.do(world["manager"], case, "return", {"reason": "不是我网点"})
    assert (case.returns, case.state) == (1, "accepted")
    case = actions.do(world["other"], case, "assign", {"unit": "O1"})
    case = actions.do(world["manager"], case, "return", {"reason": "仍不是"})
    assert case.returns == 2
    assert case.pending_unit.code == "S1"
    assert case.state == Case.State.ASSIGNED


def test_the_handler_does_not_verify(world, opened):
    case = opened()
    case = actions.do(world["manager"], case, "take")
    case = actions.do(world["manager"], case, "propose", {"result": "改", "finding": "属实"})
    with pytest.raises(Denied):
        actions.do(world["manager"], case, "verify")
    assert actions.do(world["supervisor"], case, "verify").verifier == world["supervisor"]


def test_a_grave_case_is_verified_from_outside_the_unit(world, opened):
    case = opened(urgency="urgent")
    assert case.severity == 1
    case = actions.do(world["lobby"], case, "take")
    case = actions.do(world["lobby"], case, "propose", {"result": "改", "finding": "属实"})
    with pytest.raises(Denied):
        actions.do(world["manager"], case, "verify")
    assert actions.do(world["sub"], case, "verify").state == Case.State.VERIFIED


def test_named_staff_and_who_leads_them_are_barred(world, opened):
    people = [
        {"role": "complainant", "name": "王女士", "phone": "13800001111"},
        {"role": "named_staff", "person": "teller.O1"},
    ]
    case = opened(parties=people)
    with pytest.raises(Denied):
        actions.do(world["manager"], case, "take")
    assert actions.do(world["sub"], case, "assign", {"unit": "S1"}).handler is None
    assert actions.do(world["sub"], case, "take").handler == world["sub"]


def test_the_system_does_not_verify(world, opened):
    case = opened()
    actions.do(world["lobby"], case, "take")
    actions.do(world["lobby"], case, "propose", {"result": "改", "finding": "属实"})
    with pytest.raises(Denied):
        actions.do(SystemActor("worker"), case, "verify")


def test_outside_the_scope_there_is_no_case(world, opened):
    case = opened()
    with pytest.raises(OutOfScope):
        actions.do(world["far"], case, "note", {"note": "看看"})
    assert not Case.objects.visible_to(world["far"]).exists()
    assert Case.objects.visible_to(world["supervisor"]).get() == case


@pytest.mark.parametrize(
    ("verb", "given", "field"),
    [
        ("assign", {}, "unit"),
        ("assign", {"unit": "XX"}, "unit"),
        ("reject", {"notice": "已告知"}, "reason"),
        ("contact", {"how": "pigeon"}, "how"),
        ("amend", {"reason": "改错", "nowhere": "1"}, "nowhere"),
        ("contact", {"how": "phone", "at": "2999-01-01 10:00"}, "at"),
    ],
)
def test_a_wrong_value_is_named_and_nothing_happens(world, opened, verb, given, field):
    case = opened()
    with pytest.raises(ValidationError) as refused:
        actions.do(world["office"], case, verb, given)
    assert field in refused.value.message_dict
    assert case.events.count() == 1


def test_a_second_close_is_refused(world, closed):
    case = closed()
    with pytest.raises(ValidationError):
        actions.do(world["manager"], case, "close")
    with pytest.raises(ValidationError):
        actions.do(world["manager"], case, "explode")


def test_an_unknown_kind_is_refused(world):
    with pytest.raises(ValidationError) as refused:
        actions.open_case(world["lobby"], "nonsense", world["bank"]["O1"], {"title": "x"})
    assert "kind" in refused.value.message_dict


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE cases_event SET body = '{}'",
        "UPDATE cases_event SET seq = seq + 100",
        "DELETE FROM cases_event",
        "UPDATE cases_case SET verifier_id = handler_id WHERE handler_id IS NOT NULL",
        "UPDATE cases_case SET verifier_id = NULL WHERE state = 'closed'",
    ],
)
def test_the_database_refuses(closed, statement):
    closed()
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_personal_data_stand_in_no_event(opened):
    secret = "13800001111"
    case = opened(
        story=f"我打了{secret}没人接",
        account="尾号5566778899",
        parties=[{"role": "complainant", "name": "王女士", "phone": secret}],
    )
    texts = " ".join(case.events.values_list("body", flat=True)) + json.dumps(case.data)
    assert secret not in texts
    assert "王女士" not in texts
    assert "5566778899" not in texts
    assert case.mark
