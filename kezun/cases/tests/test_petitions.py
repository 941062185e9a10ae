"""Exceptions: who may ask and who decides, how much more time there is, what a decision does."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from kezun.cases import actions
from kezun.cases.models import Case, Clock, Petition
from kezun.cases.rules.clocks import Extension, Policy
from kezun.cases.rules.petitions import NotGrantable, band
from kezun.cases.tests.timing import at, now_is
from kezun.cases.verifying import verify
from kezun.kernel.actor import Denied, SystemActor
from kezun.org.models import Assignment
from kezun.org.rules.worktime import Basis

DECISION = "complaint_decision"
EXTEND = {
    **{"type": "extend", "policy": DECISION, "units": 15, "reason": "需调取监控"},
    "notice": "电话告知投诉人延期及理由",
}
LAW = Policy(
    Basis.NATURAL, 15, legal=True, extensions=(Extension(15, "office"), Extension(30, "superior")), cap=60
)


# --- how much, and by whom ---


@pytest.mark.parametrize(
    ("extended", "units", "level"),
    [(0, 1, "office"), (0, 15, "office"), (0, 16, "superior"), (15, 1, "superior"), (15, 30, "superior")],
)
def test_the_level_is_that_of_the_last_day_asked_for(extended, units, level):
    assert band(LAW, extended, units).level == level


@pytest.mark.parametrize(
    ("policy", "extended", "units", "code", "most"),
    [
        (LAW, 0, 46, "cap", 45),
        (LAW, 45, 1, "cap", 0),
        (LAW, 0, 0, "units", 45),
        (LAW, 0, -3, "units", 45),
        (Policy(Basis.WORKDAY, 1), 0, 1, "extendable", 0),
    ],
)
def test_more_than_there_is_cannot_be_asked_for(policy, extended, units, code, most):
    with pytest.raises(NotGrantable) as refused:
        band(policy, extended, units)
    assert (refused.value.code, refused.value.most) == (code, most)


@given(st.integers(0, 60), st.integers(1, 60))
def test_nothing_ever_goes_beyond_the_cap(extended, units):
    try:
        found = band(LAW, extended, units)
    except NotGrantable:
        assert 15 + extended + units > 60
    else:
        assert 15 + extended + units <= 60
        assert found == LAW.extensions[0 if extended + units <= 15 else 1]


# --- asking ---


@pytest.fixture
def taken(world, timed):
    """A case received on 2026-09-21, taken by the lobby manager of O1."""
    case = timed("2026-09-21T09:00")
    with now_is("2026-09-21T10:00"):
        return actions.do(world["lobby"], case, "take")


def do(world, case, who, verb, given=None, when="2026-09-22T10:00"):
    with now_is(when):
        return actions.do(world[who], case, verb, given or {})


def test_an_extension_is_asked_for_granted_and_seen_everywhere(world, taken):
    case = do(world, taken, "lobby", "ask", EXTEND)
    petition = Petition.objects.get()
    assert (petition.level, petition.units, petition.decision) == ("office", 15, "")
    before = Clock.objects.get(policy=DECISION).due_at
    assert before == at("2026-10-06T23:59:59")
    case = do(world, case, "sub", "grant", {"petition": petition.pk, "note": "同意"})
    clock = Clock.objects.get(policy=DECISION)
    assert clock.due_at == at("2026-10-21T23:59:59")
    assert (clock.extended, case.extended) == (15, 1)
    petition.refresh_from_db()
    assert (petition.decision, petition.decided_by, petition.answer) == ("granted", world["sub"], "同意")
    assert verify(case).intact


def test_more_than_the_first_extension_is_for_the_head_above(world, taken):
    case = do(world, taken, "lobby", "ask", EXTEND | {"units": 40})
    petition = Petition.objects.get()
    assert petition.level == "superior"
    with pytest.raises(Denied):  # a supervisor above, but not the head of a unit
        do(world, case, "supervisor", "grant", {"petition": petition.pk})
    assert do(world, case, "sub", "grant", {"petition": petition.pk}).extended == 1
    assert Clock.objects.get(policy=DECISION).due_at == at("2026-11-15T23:59:59")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"notice": ""}, "notice"),
        ({"units": 46}, "units"),
        ({"units": 0}, "units"),
        ({"units": "lots"}, "units"),
        ({"policy": "nonsense"}, "policy"),
        ({"policy": ""}, "policy"),
        ({"policy": "complaint_contact"}, "units"),
        ({"reason": ""}, "reason"),
        ({"type": "holiday"}, "type"),
        ({"type": "grade"}, "severity"),
        ({"type": "grade", "severity": 3}, "severity"),
        ({"type": "account"}, "person"),
        ({"type": "account", "person": "teller.O1"}, "measure"),
    ],
)
def test_what_is_lacking_is_named_and_nothing_is_kept(world, taken, change, field):
    with pytest.raises(ValidationError) as refused:
        do(world, taken, "lobby", "ask", EXTEND | change)
    assert field in refused.value.message_dict
    assert not Petition.objects.exists()
    assert Case.objects.get(pk=taken.pk).seq == 2


def test_one_open_petition_of_a_sort_at_a_time(world, taken):
    do(world, taken, "lobby", "ask", EXTEND)
    with pytest.raises(ValidationError, match=r"等待|waits"):
        do(world, taken, "lobby", "ask", EXTEND)
    do(world, taken, "lobby", "ask", {"type": "grade", "severity": 4, "reason": "情况轻微"})
    for code in ("teller.O1", "outlet_manager.O1"):
        given = {"type": "account", "person": code, "measure": "通报批评", "reason": "重复发生"}
        do(world, taken, "sub", "ask", given)
    assert Petition.objects.filter(decision="").count() == 4


def test_after_its_end_a_deadline_is_not_extended(world, taken):
    with pytest.raises(ValidationError):
        do(world, taken, "lobby", "ask", EXTEND, when="2026-10-07T00:00:01")
    case = do(world, taken, "lobby", "ask", EXTEND, when="2026-10-06T23:00")
    petition = Petition.objects.get()
    with pytest.raises(ValidationError):  # asked in time, but decided too late
        do(world, case, "sub", "grant", {"petition": petition.pk}, when="2026-10-07T08:00")
    assert Clock.objects.get(policy=DECISION).extended == 0
    case = do(world, case, "sub", "refuse", {"petition": petition.pk, "reason": "已过期"}, "2026-10-07T08:01")
    assert case.extended == 0


# --- deciding ---


def petition_of(world, case, who="lobby", **given) -> Petition:
    do(world, case, who, "ask", EXTEND | given)
    return Petition.objects.filter(case=case).latest("pk")


def test_who_asked_does_not_decide_nor_who_stands_in_for_them(world, taken, person_in):
    petition = petition_of(world, taken, who="sub")
    given = {"petition": petition.pk}
    with pytest.raises(Denied):
        do(world, taken, "sub", "grant", given)
    deputy = person_in("unit_head", "C1")
    post = Assignment.objects.get(person=world["sub"])
    Assignment.objects.create(person=deputy, unit=post.unit, post=post.post, deputy_for=post)
    with pytest.raises(Denied):
        do(world | {"deputy": deputy}, taken, "deputy", "grant", given)
    with pytest.raises(Denied):
        do(world | {"deputy": deputy}, taken, "deputy", "refuse", given | {"reason": "x"})
    assert do(world, taken, "office", "grant", given).extended == 1


def test_nor_for_whom_the_asker_stands_in(world, taken, person_in):
    """The deputy asks, and the one whose deputy they are would decide."""
    deputy = world["manager"]
    post = Assignment.objects.get(person=world["sub"])
    Assignment.objects.create(person=deputy, unit=post.unit, post=post.post, deputy_for=post)
    petition = petition_of(world, taken, who="manager")
    with pytest.raises(Denied):
        do(world, taken, "sub", "grant", {"petition": petition.pk})


def test_the_handler_does_not_decide(world, timed):
    case = timed("2026-09-21T09:00", actor="sub", unit="O1", owner="S1")
    case = do(world, case, "sub", "take")
    petition = petition_of(world, case, who="office")
    with pytest.raises(Denied):
        do(world, case, "sub", "grant", {"petition": petition.pk})


def test_the_platform_and_those_below_do_not_decide(world, taken):
    petition = petition_of(world, taken)
    with pytest.raises(Denied):
        do(world, taken, "manager", "grant", {"petition": petition.pk})
    with now_is("2026-09-22T10:00"), pytest.raises(Denied):
        actions.do(SystemActor("worker"), taken, "grant", {"petition": petition.pk})
    with now_is("2026-09-22T10:00"), pytest.raises(ValidationError):
        actions.do(SystemActor("worker"), taken, "ask", EXTEND | {"type": "waive"})


def test_decided_once_and_only_of_this_case(world, taken, timed):
    other = timed("2026-09-21T11:00")
    petition = petition_of(world, taken)
    with pytest.raises(ValidationError):
        do(world, other, "sub", "grant", {"petition": petition.pk})
    do(world, taken, "sub", "refuse", {"petition": petition.pk, "reason": "证据已足"})
    with pytest.raises(ValidationError):
        do(world, taken, "office", "grant", {"petition": petition.pk})
    with pytest.raises(ValidationError):
        do(world, taken, "sub", "grant", {"petition": 999})
    assert Clock.objects.get(case=taken, policy=DECISION).extended == 0
    assert petition_of(world, taken).decision == ""  # it may be asked again


def test_another_grade_moves_the_severity(world, taken):
    do(world, taken, "lobby", "ask", {"type": "grade", "severity": 4, "reason": "情况轻微"})
    case = do(world, taken, "sub", "grant", {"petition": Petition.objects.get().pk})
    assert case.severity == 4
    assert verify(case).intact


def test_a_waiver_closes_and_whoever_grants_it_answers_for_it(world, taken):
    do(world, taken, "lobby", "ask", {"type": "waive", "reason": "客户失联，无法整改"})
    petition = Petition.objects.get()
    with pytest.raises(Denied):
        do(world, taken, "supervisor", "grant", {"petition": petition.pk})
    case = do(world, taken, "sub", "grant", {"petition": petition.pk})
    assert (case.state, case.verdict, case.verifier, case.open) == ("closed", "waived", world["sub"], False)
    assert set(Clock.objects.values_list("state", flat=True)) == {"stopped"}
    assert verify(case).intact


def test_nobody_waives_what_nobody_handles(world, timed):
    with pytest.raises(ValidationError):
        do(world, timed(), "lobby", "ask", {"type": "waive", "reason": "x"})


def test_accountability_is_decided_by_a_head_above_and_never_by_whom_it_concerns(world, taken):
    given = {"type": "account", "person": "unit_head.S1", "measure": "约谈", "reason": "管理不到位"}
    do(world, taken, "office", "ask", given)
    petition = Petition.objects.get()
    assert (petition.policy, petition.data["measure"], petition.level) == ("unit_head.S1", "约谈", "superior")
    with pytest.raises(Denied):
        do(world, taken, "sub", "grant", {"petition": petition.pk})
    do(world, taken, "lobby", "ask", given | {"person": "teller.O1"})
    other = Petition.objects.get(policy="teller.O1")
    case = do(world, taken, "sub", "grant", {"petition": other.pk})
    assert '"accountable"' in case.events.latest("seq").body


# --- the end of a case ---


def test_a_case_that_ends_leaves_nothing_to_decide(world, taken):
    petition = petition_of(world, taken)
    case = do(world, taken, "lobby", "withdraw", {"reason": "客户撤诉"})
    petition.refresh_from_db()
    assert (petition.decision, petition.decided_by) == ("dropped", None)
    assert petition.decided_at == case.closed_at
    with pytest.raises(ValidationError):
        do(world, case, "lobby", "ask", EXTEND)


def test_accountability_outlives_a_close_but_not_a_withdrawal(world, taken):
    given = {"type": "account", "person": "teller.O1", "measure": "约谈", "reason": "x"}
    do(world, taken, "lobby", "ask", given)
    do(world, taken, "lobby", "ask", {"type": "waive", "reason": "客户失联"})
    waiver = Petition.objects.get(type="waive")
    case = do(world, taken, "sub", "grant", {"petition": waiver.pk})
    assert Petition.objects.get(type="account").decision == ""
    with pytest.raises(ValidationError):
        do(world, case, "lobby", "ask", {"type": "grade", "severity": 4, "reason": "x"})
    do(world, case, "sub", "grant", {"petition": Petition.objects.get(type="account").pk})
    assert Petition.objects.get(type="account").decision == "granted"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE cases_petition SET decision='granted', decided_at=asked_at, decided_by_id=asked_by_id",
        "UPDATE cases_petition SET decision = 'granted', decided_at = '2026-09-22'",
        "UPDATE cases_petition SET decision = 'granted'",
        "UPDATE cases_petition SET decision = 'dropped'",
    ],
)
def test_the_database_refuses(world, taken, statement):
    petition_of(world, taken)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_a_decision_stays_as_it_was(world, taken):
    petition = petition_of(world, taken)
    do(world, taken, "sub", "refuse", {"petition": petition.pk, "reason": "x"})
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE cases_petition SET decision = 'granted'")
