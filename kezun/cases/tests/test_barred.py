"""Recusal: who is named in a case, leads them or stands in for them, has no hand in it."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from kezun.cases import actions, standing
from kezun.cases.models import Case
from kezun.cases.tests.test_standing import LONG_AGO, YESTERDAY, again, asked, deputy
from kezun.cases.verifying import verify
from kezun.kernel.actor import Denied

RESULT = {"result": "已整改", "finding": "属实"}


def naming(*codes: str) -> dict:
    return {"parties": [{"role": "named_staff", "person": code} for code in codes]}


def barred(world, case: Case) -> set[str]:
    people = {name: one for name, one in world.items() if name != "bank"}
    return {name for name, one in people.items() if standing.Ground(again(one), case).barred}


@pytest.mark.parametrize(
    ("named", "expected"),
    [
        (("teller.O1",), {"teller", "manager"}),
        (("outlet_manager.O1",), {"manager"}),
        (("lobby_manager.O1",), {"lobby", "manager"}),
        (("outlet_manager.O3",), {"far"}),
        (("unit_head.S1",), {"sub"}),
        (("supervisor.P1",), {"supervisor"}),
        (("service_office.HO",), {"office"}),
        (("teller.O1", "unit_head.S1"), {"teller", "manager", "sub"}),
    ],
)
def test_who_is_named_and_who_leads_their_unit(world, opened, named, expected):
    case = opened(actor="other", **naming(*named))
    assert barred(world, case) == expected


def test_nobody_is_barred_where_nobody_is_named(world, opened):
    assert barred(world, opened(parties=[{"role": "complainant", "name": "王女士"}])) == set()


def test_who_stands_in_for_the_named_is_barred_as_long_as_they_do(world, opened):
    case = opened(**naming("teller.O1"))
    held = deputy(world["sub"], world["teller"], from_date=LONG_AGO)
    assert "sub" in barred(world, case)
    held.to_date = YESTERDAY
    held.save()
    assert "sub" not in barred(world, case)


def test_who_stands_in_for_the_line_manager_leads_the_unit_today(world, opened):
    case = opened(**naming("teller.O1"))
    deputy(world["other"], world["manager"])
    assert {"manager", "other"} <= barred(world, case)


def test_a_move_frees_neither_the_named_nor_who_led_them_then(world, opened):
    received = timezone.now() - dt.timedelta(days=10)
    case = opened(received_at=received, **naming("teller.O1"))
    world["teller"].assignments.update(from_date=LONG_AGO, to_date=YESTERDAY)
    assert {"teller", "manager"} <= barred(world, case)


def test_the_named_only_note_and_attach(world, opened):
    case = opened(**naming("lobby_manager.O1"))
    for verb, given in (
        ("take", {}),
        ("contact", {"how": "phone"}),
        ("amend", {"title": "没有的事", "reason": "更正"}),
        ("party", naming("teller.O1")),
        ("unmask", {"reason": "看电话"}),
        ("withdraw", {"reason": "撤回"}),
        ("link", {"to": case.no, "type": "caused_by"}),
    ):
        with pytest.raises(Denied):
            actions.do(world["lobby"], case, verb, given)
    noted = actions.do(world["lobby"], case, "note", {"note": "当时系统停机"})
    assert noted.seq == 2
    assert case.events.filter(verb="note").count() == 1


def test_the_opener_who_names_themselves_stands_back(world, opened):
    case = opened(actor="lobby", **naming("lobby_manager.O1"))
    assert Case.objects.visible_to(world["lobby"]).get() == case
    with pytest.raises(Denied):
        actions.do(world["lobby"], case, "take")


@pytest.mark.parametrize("who", ["outlet_manager.O1", "teller.O1"])
def test_a_case_is_not_handed_to_the_named_nor_to_who_leads_them(world, opened, who):
    case = opened(**naming("teller.O1"))
    with pytest.raises(ValidationError) as refused:
        actions.do(world["sub"], case, "assign", {"unit": "O1", "person": who})
    assert set(refused.value.message_dict) == {"person"}
    case.refresh_from_db()
    assert (case.handler, case.seq) == (None, 1)


def test_another_of_the_same_unit_may_still_have_it(world, opened):
    case = opened(**naming("teller.O1"))
    case = actions.do(world["sub"], case, "assign", {"unit": "O1", "person": "lobby_manager.O1"})
    assert case.handler == world["lobby"]


# --- somebody is named later ---


@pytest.fixture
def working(world, opened):
    """A case of O1 that the manager handles."""
    return actions.do(world["manager"], opened(), "take")


def stepped_back(case: Case) -> bool:
    return (case.state, case.handler, case.verifier) == (Case.State.ASSIGNED, None, None)


@pytest.mark.parametrize("named", ["outlet_manager.O1", "teller.O1"])
def test_a_handler_who_is_named_or_leads_who_is_steps_back(world, working, named):
    case = actions.do(world["lobby"], working, "party", naming(named))
    assert stepped_back(case)
    assert case.owner_unit == world["bank"]["O1"]
    with pytest.raises(Denied):
        actions.do(world["manager"], case, "take")
    assert actions.do(world["lobby"], case, "take").handler == world["lobby"]
    assert verify(case).intact


def test_a_handler_far_from_who_is_named_goes_on(world, working):
    case = actions.do(world["lobby"], working, "party", naming("outlet_manager.O3"))
    assert (case.state, case.handler) == (Case.State.WORKING, world["manager"])


def test_what_a_named_person_proposed_is_worth_nothing(world, working):
    case = actions.do(world["manager"], working, "propose", RESULT)
    case = actions.do(world["sub"], case, "party", naming("outlet_manager.O1"))
    assert stepped_back(case)
    with pytest.raises(ValidationError):
        actions.do(world["sub"], case, "verify")


def test_what_a_named_person_verified_is_worth_nothing(world, working):
    case = actions.do(world["manager"], working, "propose", RESULT)
    case = actions.do(world["sub"], case, "verify")
    case = actions.do(world["supervisor"], case, "party", naming("unit_head.S1"))
    assert stepped_back(case)
    assert verify(case).intact


def test_once_it_was_answered_it_is_reopened_first(world, working):
    case = actions.do(world["manager"], working, "propose", RESULT)
    case = actions.do(world["sub"], case, "verify")
    case = actions.do(world["manager"], case, "answer", {"how": "phone", "decision": "道歉"})
    with pytest.raises(ValidationError) as refused:
        actions.do(world["supervisor"], case, "party", naming("outlet_manager.O1"))
    assert set(refused.value.message_dict) == {"parties"}
    assert not case.parties.exists()
    case = actions.do(world["supervisor"], case, "reopen", {"reason": "投诉人点名网点负责人"})
    assert stepped_back(actions.do(world["supervisor"], case, "party", naming("outlet_manager.O1")))


def test_a_part_that_ended_bars_nobody(world, opened):
    case = opened(**naming("teller.O1"))
    case.parties.update(ended_at=timezone.now())
    assert barred(world, case) == set()


def test_a_case_that_was_handed_on_bars_the_same_people(world, opened):
    case = opened(**naming("unit_head.S1"))
    case = actions.do(
        world["lobby"], actions.do(world["lobby"], case, "take"), "transfer", {"unit": "S1", "reason": "上报"}
    )
    assert not standing.may(world["sub"], asked(world["sub"], case, "take", "owner"))
    assert standing.may(world["supervisor"], asked(world["supervisor"], case, "assign", "superior"))


def test_at_most_five_speak_for_a_group_however_many_times_they_are_added(world, opened):
    five = [{"role": "representative", "name": f"代表{n}"} for n in range(5)]
    case = opened(parties=five)
    with pytest.raises(ValidationError):
        actions.do(world["lobby"], case, "party", {"parties": [{"role": "representative", "name": "第六人"}]})
    assert case.parties.count() == 5
    assert (
        actions.do(world["lobby"], case, "party", {"parties": [{"role": "agent", "name": "代理人"}]}).seq == 2
    )


def test_a_part_that_the_kind_does_not_know_is_refused(opened):
    with pytest.raises(ValidationError) as refused:
        opened(parties=[{"role": "witness", "name": "路人"}])
    assert set(refused.value.message_dict) == {"parties"}
    assert not Case.objects.exists()
