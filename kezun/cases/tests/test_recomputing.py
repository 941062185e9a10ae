"""A calendar year becomes official: what was provisional is worked out anew, visibly, once."""

from __future__ import annotations

import json
from datetime import date

import pytest
from django.core.exceptions import ValidationError

from kezun.cases import actions, recomputing, upkeep
from kezun.cases.models import Case, Clock, Notice
from kezun.cases.tests.timing import at, now_is
from kezun.cases.verifying import verify
from kezun.kernel.actor import SystemActor
from kezun.kernel.task import SCHEDULES, run_due
from kezun.org import actions as org
from kezun.org import shipped
from kezun.org.models import Calendar

SYSTEM = SystemActor("test")
DECISION = "complaint_decision"
TABLE = "date,kind,name\n2027-01-01,holiday,元旦\n2027-01-02,holiday,元旦\n2027-01-03,holiday,元旦\n"


@pytest.fixture
def cn(world):
    shipped.install_all(SYSTEM)
    return Calendar.objects.get(code="cn")


def publish(cn, person_in) -> None:
    one, other = person_in("service_office", "HO"), person_in("security_admin", "HO")
    org.import_calendar(one, cn, table=TABLE, counts={"added": 3, "changed": 0, "removed": 0})
    row = org.propose_calendar_year(one, cn, year=2027, source="国办发明电〔2026〕7号")
    org.publish_calendar_year(other, row)


@pytest.fixture
def crossing(world, timed, cn):
    """A case whose decision is due in January 2027, which nobody has published; it is taken."""
    case = timed("2026-12-18T09:00")
    with now_is("2026-12-18T10:00"):
        return actions.do(world["lobby"], case, "take")


def test_it_is_provisional_and_says_so(crossing):
    clock = Clock.objects.get(policy=DECISION)
    assert (clock.provisional, crossing.provisional) == (True, True)
    assert not Clock.objects.get(policy="complaint_contact").provisional


def test_the_publication_makes_it_final_as_an_event(world, crossing, cn, person_in):
    before = Clock.objects.get(policy=DECISION).act_by_at
    publish(cn, person_in)
    with now_is("2026-12-20T10:00"):
        run_due("test")
    case = Case.objects.get(pk=crossing.pk)
    clock = Clock.objects.get(policy=DECISION)
    assert (clock.provisional, case.provisional) == (False, False)
    assert clock.due_at == at("2027-01-02T23:59:59")
    assert clock.act_by_at == at("2026-12-31T17:30") != before  # the first of January is a holiday now
    event = json.loads(case.events.latest("seq").body)
    assert (event["verb"], event["actor"]) == ("recompute", "system:calendar")
    assert event["clocks"][DECISION]["provisional"] is False
    assert clock.next_at < clock.act_by_at
    assert set(Notice.objects.values_list("code", "person__code")) == {("recomputed", "lobby_manager.O1")}
    assert verify(case).intact


def test_once_is_enough(world, crossing, cn, person_in):
    publish(cn, person_in)
    with now_is("2026-12-20T10:00"):
        assert recomputing.recompute_due() == 1
        assert recomputing.recompute_due() == 0
        upkeep.recomputed()
        upkeep.year_official(0, "")
    assert Case.objects.get(pk=crossing.pk).events.filter(verb="recompute").count() == 1
    assert SCHEDULES["cases.recompute"]


def test_what_does_not_change_is_left_alone(crossing):
    with now_is("2026-12-20T10:00"):
        assert recomputing.recompute_due() == 0
    assert not crossing.events.filter(verb="recompute").exists()


def test_a_day_that_is_put_right_meanwhile_moves_it_and_it_stays_provisional(crossing, cn):
    org.set_calendar_day(SYSTEM, cn, date=date(2026, 12, 31), kind="rest", name="停业")
    org.set_calendar_day(SYSTEM, cn, date=date(2027, 1, 1), kind="holiday", name="元旦")
    with now_is("2026-12-20T10:00"):
        assert recomputing.recompute_due() == 1
    clock = Clock.objects.get(policy=DECISION)
    assert clock.act_by_at == at("2026-12-30T17:30")
    assert clock.provisional


def test_ended_cases_keep_what_held_then(world, crossing, cn, person_in):
    with now_is("2026-12-19T10:00"):
        actions.do(world["lobby"], crossing, "withdraw", {"reason": "客户撤回"})
    publish(cn, person_in)
    with now_is("2026-12-20T10:00"):
        assert recomputing.recompute_due() == 0
    assert Clock.objects.get(policy=DECISION).provisional


def test_one_that_fails_holds_up_no_other(world, crossing, cn, timed, person_in, monkeypatch):
    other = timed("2026-12-18T11:00")
    publish(cn, person_in)
    real = recomputing.ACTS["recompute"]

    def broken(actor, case, *args, **more):
        if case.pk == crossing.pk:
            raise ValidationError("broken")
        return real(actor, case, *args, **more)

    monkeypatch.setitem(recomputing.ACTS, "recompute", broken)
    with now_is("2026-12-20T10:00"):
        assert recomputing.recompute_due() == 1
    assert not Clock.objects.get(case=other, policy=DECISION).provisional
    assert Clock.objects.get(case=crossing, policy=DECISION).provisional
