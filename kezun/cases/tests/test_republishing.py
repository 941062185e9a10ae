"""A year that was published, put right and published again: what was final is worked out anew, and told."""

from __future__ import annotations

import json
from datetime import date

import pytest

from kezun.cases import actions, clocking, recomputing, upkeep
from kezun.cases.models import Case, Clock, Notice
from kezun.cases.tests.timing import at, now_is, official
from kezun.cases.verifying import verify
from kezun.kernel.actor import SystemActor
from kezun.kernel.task import run_due
from kezun.org import actions as org
from kezun.org.models import CalendarYear

SYSTEM = SystemActor("test")
CONTACT, DECISION = "complaint_contact", "complaint_decision"


@pytest.fixture
def cn(world):
    return official()


@pytest.fixture
def settled(cn, person_in):
    """`settled(day, kind, moment)` puts a day of 2026 right and lets two persons publish the year again."""

    def put(day: date, kind: str, moment: str, year: int = 2026) -> CalendarYear:
        one, other = person_in("service_office", "HO"), person_in("security_admin", "HO")
        with now_is(moment):
            org.set_calendar_day(one, cn, date=day, kind=kind, name="补充通知")
            row = org.propose_calendar_year(one, cn, year=year, source="国办发明电〔2026〕补")
            return org.publish_calendar_year(other, row)

    return put


@pytest.fixture
def monday(world, timed, cn):
    """Received on Monday, 2 November 2026, and taken: contacted by Tuesday, decided in 15 days."""
    case = timed("2026-11-02T09:00")
    with now_is("2026-11-02T10:00"):
        return actions.do(world["lobby"], case, "take")


def clock(case: Case, policy: str) -> Clock:
    return Clock.objects.get(case=case, policy=policy)


def test_both_dates_are_final_at_first(monday):
    assert not monday.provisional
    assert clock(monday, CONTACT).due_at == at("2026-11-03T17:30")
    assert clock(monday, DECISION).due_at == at("2026-11-17T23:59:59")


def test_a_final_date_moves_when_the_year_is_published_again(monday, settled):
    settled(date(2026, 11, 3), "holiday", "2026-11-02T11:00")
    with now_is("2026-11-02T11:05"):
        run_due("test")
    held = clock(monday, CONTACT)
    assert held.due_at == at("2026-11-04T17:30")
    assert not held.provisional
    case = Case.objects.get(pk=monday.pk)
    event = json.loads(case.events.latest("seq").body)
    assert (event["verb"], event["actor"]) == ("recompute", "system:calendar")
    assert set(event["clocks"]) == {CONTACT}  # the decision counts natural days: it does not move
    assert [move[0] for move in held.history] == ["start", "recompute"]
    assert [move[0] for move in clock(monday, DECISION).history] == ["start"]
    assert case.act_by_at == held.act_by_at
    assert verify(case).intact


def test_whoever_handles_it_is_told_once(monday, settled):
    settled(date(2026, 11, 3), "holiday", "2026-11-02T11:00")
    with now_is("2026-11-02T11:05"):
        assert (recomputing.recompute_due(), recomputing.recompute_due()) == (1, 0)
        upkeep.recomputed()
    told = Notice.objects.filter(code="recomputed").values_list("person__code", flat=True)
    assert list(told) == ["lobby_manager.O1"]


def test_a_made_up_workday_brings_the_date_forward(world, timed, cn, settled):
    case = timed("2026-11-06T09:00")  # a Friday: the next workday is Monday
    assert clock(case, CONTACT).due_at == at("2026-11-09T17:30")
    settled(date(2026, 11, 7), "makeup", "2026-11-06T11:00")
    with now_is("2026-11-06T11:05"):
        assert recomputing.recompute_due() == 1
    assert clock(case, CONTACT).due_at == at("2026-11-07T17:30")


def test_the_steps_of_the_ladder_follow_the_new_date(monday, settled):
    before = clock(monday, CONTACT).next_at
    settled(date(2026, 11, 3), "holiday", "2026-11-02T11:00")
    with now_is("2026-11-02T11:05"):
        recomputing.recompute_due()
    held = clock(monday, CONTACT)
    assert before < held.next_at < held.act_by_at


def test_what_is_only_being_put_right_moves_nothing_final(monday, cn):
    with now_is("2026-11-02T11:00"):
        org.set_calendar_day(SYSTEM, cn, date=date(2026, 11, 3), kind="holiday", name="误填")
        assert recomputing.recompute_due() == 0
    assert clock(monday, CONTACT).due_at == at("2026-11-03T17:30")
    assert not monday.events.filter(verb="recompute").exists()


def test_a_year_published_again_as_it_was_leaves_everything_alone(monday, settled):
    settled(date(2026, 12, 24), "rest", "2026-11-02T11:00")
    with now_is("2026-11-02T11:05"):
        assert recomputing.recompute_due() == 0
    assert not Notice.objects.filter(code="recomputed").exists()


def test_a_clock_that_has_stopped_keeps_what_held_then(world, monday, settled):
    with now_is("2026-11-02T10:30"):
        actions.do(world["lobby"], monday, "contact", {"how": "phone"})
    settled(date(2026, 11, 3), "holiday", "2026-11-02T11:00")
    with now_is("2026-11-02T11:05"):
        assert recomputing.recompute_due() == 0
    assert clock(monday, CONTACT).due_at == at("2026-11-03T17:30")


def test_a_year_that_the_clock_does_not_touch_asks_for_nothing(monday, settled, django_assert_num_queries):
    settled(date(2025, 11, 3), "holiday", "2026-11-02T11:00", year=2025)
    assert list(recomputing._published_since()) == []
    with django_assert_num_queries(4):
        assert recomputing.recompute_due() == 0


def test_a_clock_begun_after_the_publication_is_not_asked(world, cn, settled, timed):
    settled(date(2026, 11, 3), "holiday", "2026-11-02T08:00")
    case = timed("2026-11-02T09:00")
    assert clock(case, CONTACT).due_at == at("2026-11-04T17:30")
    assert list(recomputing._published_since()) == []


def test_without_any_official_year_there_is_nothing_to_ask(monday):
    CalendarYear.objects.all().delete()
    assert list(recomputing._published_since()) == []


@pytest.mark.parametrize(("policy", "changes"), [(CONTACT, True), (DECISION, False)])
def test_moved_says_which_clock_the_calendar_answers_otherwise(monday, settled, policy, changes):
    settled(date(2026, 11, 3), "holiday", "2026-11-02T11:00")
    now = at("2026-11-02T11:05")
    assert clocking.moved(clock(monday, policy), now) is changes
