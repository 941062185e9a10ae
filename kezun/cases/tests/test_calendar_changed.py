"""Hours and days of a calendar change: running deadlines that are counted by it move, visibly and once."""

from __future__ import annotations

import json
from datetime import UTC, date

import pytest

from kezun.cases import actions, clocking, recomputing, upkeep
from kezun.cases.models import Case, Clock, Notice
from kezun.cases.rules.clocks import MISSED, ClockRefused
from kezun.cases.tests.timing import at, now_is, official
from kezun.cases.verifying import verify
from kezun.kernel.actor import SystemActor
from kezun.kernel.task import run_due
from kezun.org import actions as org
from kezun.org.models import Calendar, UnitCalendar

SYSTEM = SystemActor("test")
CONTACT, DECISION = "complaint_contact", "complaint_decision"


@pytest.fixture
def cn(world):
    return official()


@pytest.fixture
def monday(world, timed, cn):
    """Received on Monday, 2 November 2026, and taken: contacted by Tuesday 17:30, decided in 15 days."""
    case = timed("2026-11-02T09:00")
    with now_is("2026-11-02T10:00"):
        return actions.do(world["lobby"], case, "take")


@pytest.fixture
def own(cn):
    """A calendar of the bank's own on top of the official one, by which O1 works."""
    with now_is("2026-01-06T09:00"):
        return org.add_calendar(SYSTEM, code="mall", name="商场网点", base=cn, windows="09:30-20:00")


def hours(calendar: Calendar, windows: str, moment: str, weekend: str = "") -> None:
    with now_is(moment):
        org.change_calendar(SYSTEM, calendar, name=calendar.name, windows=windows, weekend=weekend)


def clock(case: Case, policy: str) -> Clock:
    return Clock.objects.get(case=case, policy=policy)


def recomputes(case: Case) -> int:
    return case.events.filter(verb="recompute").count()


def test_shorter_hours_bring_a_deadline_forward_as_an_event_of_its_case(monday, cn):
    hours(cn, "08:30-12:00 13:30-16:30", "2026-11-02T11:00")
    assert clock(monday, CONTACT).due_at == at("2026-11-03T17:30")  # until the worker comes
    with now_is("2026-11-02T11:01"):
        run_due("test")
    held = clock(monday, CONTACT)
    assert (held.due_at, held.act_by_at) == (at("2026-11-03T16:30"), at("2026-11-03T16:30"))
    case = Case.objects.get(pk=monday.pk)
    event = json.loads(case.events.latest("seq").body)
    assert (event["verb"], event["actor"]) == ("recompute", "system:calendar")
    assert event["clocks"][CONTACT]["due_at"] == held.due_at.astimezone(UTC).isoformat()
    assert case.act_by_at == held.act_by_at
    assert held.next_at < held.act_by_at
    assert list(Notice.objects.filter(code="recomputed").values_list("person__code", flat=True)) == [
        "lobby_manager.O1"
    ]
    assert verify(case).intact


def test_of_natural_days_only_the_last_moment_to_act_moves(monday, cn):
    hours(cn, "08:30-12:00 13:30-16:30", "2026-11-02T11:00")
    with now_is("2026-11-02T11:01"):
        recomputing.recompute_due()
    decision = clock(monday, DECISION)
    assert decision.due_at == at("2026-11-17T23:59:59")
    assert decision.act_by_at == at("2026-11-17T16:30")


def test_hours_that_leave_a_clock_as_it_is_do_not_touch_it(monday, cn):
    hours(cn, "09:00-12:00 13:30-17:30", "2026-11-02T11:00")  # opens later, closes as before
    with now_is("2026-11-02T11:01"):
        run_due("test")
    assert recomputes(monday) == 0
    assert [row[0] for row in clock(monday, DECISION).history] == ["start"]
    assert not Notice.objects.filter(code="recomputed").exists()


def test_once_is_enough_however_often_one_asks(monday, cn):
    hours(cn, "08:30-12:00 13:30-16:30", "2026-11-02T11:00")
    with now_is("2026-11-02T11:01"):
        assert (recomputing.recompute_due(), recomputing.recompute_due()) == (1, 0)
        upkeep.calendar_changed(0, "")
        upkeep.recomputed()
    assert recomputes(monday) == 1


def test_what_a_task_missed_is_found_within_a_week(monday, cn):
    hours(cn, "08:30-12:00 13:30-16:30", "2026-11-02T11:00")
    with now_is("2026-11-10T11:00"):
        assert recomputing.recompute_due() == 0  # a change older than a week is not looked for
    with now_is("2026-11-02T17:00"):
        assert recomputing.recompute_due() == 1


@pytest.mark.parametrize(
    ("kind", "due"), [("rest", "2026-11-04T20:00"), ("work", "2026-11-03T20:00")], ids=["closed", "open"]
)
def test_a_day_of_the_banks_own_calendar_holds_at_once(world, timed, own, kind, due):
    UnitCalendar.objects.create(unit=world["bank"]["O1"], calendar=own)
    case = timed("2026-11-02T10:00")
    assert clock(case, CONTACT).due_at == at("2026-11-03T20:00")
    with now_is("2026-11-02T11:00"):
        org.set_calendar_day(SYSTEM, own, date=date(2026, 11, 3), kind=kind, name="商场盘点")
    with now_is("2026-11-02T11:01"):
        run_due("test")
    assert clock(case, CONTACT).due_at == at(due)
    assert recomputes(case) == (kind == "rest")


def test_a_weekend_that_is_worked_from_now_on_counts(world, timed, own):
    UnitCalendar.objects.create(unit=world["bank"]["O1"], calendar=own)
    case = timed("2026-11-06T10:00")  # a Friday
    assert clock(case, CONTACT).due_at == at("2026-11-09T20:00")
    hours(own, own.windows, "2026-11-06T11:00", weekend="10:00-18:00")
    with now_is("2026-11-06T11:01"):
        run_due("test")
    assert clock(case, CONTACT).due_at == at("2026-11-07T18:00")


def test_clocks_by_another_calendar_stay(world, monday, timed, own):
    hours(own, "09:30-18:00", "2026-11-02T11:00")
    with now_is("2026-11-02T11:01"):
        assert recomputing.recompute_due() == 0
    assert recomputes(monday) == 0


def test_a_unit_that_changes_its_calendar_moves_no_clock_that_runs(world, monday, own):
    with now_is("2026-11-02T11:00"):
        org.set_unit_calendar(SYSTEM, world["bank"]["O1"], calendar=own)
    with now_is("2026-11-02T11:01"):
        run_due("test")
    assert clock(monday, CONTACT).due_at == at("2026-11-03T17:30")


# --- what has passed stays passed ---


def test_longer_hours_do_not_heal_what_has_passed(world, monday, cn):
    hours(cn, "08:30-12:00 13:30-20:00", "2026-11-03T18:00")  # the contact was due at 17:30
    with now_is("2026-11-03T18:01"):
        run_due("test")
    held = clock(monday, CONTACT)
    assert held.due_at == at("2026-11-03T17:30")
    assert [row[0] for row in held.history] == ["start"]  # nothing moved, so nothing is told of it
    assert clock(monday, DECISION).act_by_at == at("2026-11-17T20:00")
    with now_is("2026-11-03T18:05"):
        case = actions.do(world["lobby"], monday, "contact", {"how": "phone"})
    held = clock(monday, CONTACT)
    assert (held.state, held.outcome, held.due_at) == ("stopped", MISSED, at("2026-11-03T17:30"))
    assert [row[0] for row in held.history] == ["start", "recompute", "stop"]
    assert verify(case).intact


def test_nor_does_it_where_somebody_is_quicker_than_the_worker(world, monday, cn):
    hours(cn, "08:30-12:00 13:30-20:00", "2026-11-03T18:00")
    with now_is("2026-11-03T18:00"):
        actions.do(world["lobby"], monday, "contact", {"how": "phone"})
    assert clock(monday, CONTACT).outcome == MISSED


def test_a_restart_after_it_begins_anew_and_stays_late(world, monday, cn):
    with now_is("2026-11-18T09:00"):  # the decision was due on the 17th
        org.set_calendar_day(SYSTEM, cn, date=date(2026, 11, 18), kind="rest", name="停业")
    hours(cn, "08:30-12:00 13:30-20:00", "2026-11-18T09:05")
    with now_is("2026-11-18T10:00"):
        actions.do(world["lobby"], monday, "supplement", {"reason": "补正"})
    held = clock(monday, DECISION)
    assert held.due_at == at("2026-12-03T23:59:59")
    with now_is("2026-11-18T11:00"):
        assert clocking.state_of(held).late


def test_shorter_hours_make_late_who_is_late_by_them_for_all_to_see(monday, cn):
    hours(cn, "08:30-12:00 13:30-16:30", "2026-11-03T17:00")
    with now_is("2026-11-03T17:01"):
        run_due("test")
    held = clock(monday, CONTACT)
    assert held.due_at == at("2026-11-03T16:30")
    assert recomputes(monday) == 1
    assert held.next_at is not None


# --- tables that two have to settle ---


def test_a_final_date_in_a_year_that_is_being_put_right_waits_also_for_hours(monday, cn):
    with now_is("2026-11-02T11:00"):
        org.set_calendar_day(SYSTEM, cn, date=date(2026, 12, 24), kind="rest", name="误填")
    hours(cn, "08:30-12:00 13:30-16:30", "2026-11-02T11:01")
    with now_is("2026-11-02T11:02"):
        run_due("test")
    assert clock(monday, CONTACT).due_at == at("2026-11-03T17:30")
    assert recomputes(monday) == 0


def test_a_provisional_clock_beside_it_does_not_take_a_final_one_along(world, timed, cn):
    case = timed("2026-12-30T09:00")  # contacted by the 31st; decided in 2027, which nobody has published
    assert [clock(case, p).provisional for p in (CONTACT, DECISION)] == [False, True]
    with now_is("2026-12-30T10:00"):
        org.set_calendar_day(SYSTEM, cn, date=date(2026, 12, 31), kind="rest", name="误填")
        org.set_calendar_day(SYSTEM, cn, date=date(2027, 1, 14), kind="rest", name="停业")
        assert recomputing.recompute_due() == 1
    assert clock(case, CONTACT).due_at == at("2026-12-31T17:30")
    assert clock(case, DECISION).act_by_at == at("2027-01-13T17:30")


def test_hours_that_push_it_into_an_unpublished_year_make_it_provisional(world, timed, own):
    UnitCalendar.objects.create(unit=world["bank"]["O1"], calendar=own)
    case = timed("2026-12-30T10:00")
    with now_is("2026-12-30T11:00"):
        org.set_calendar_day(SYSTEM, own, date=date(2026, 12, 31), kind="rest", name="盘点")
    with now_is("2026-12-30T11:01"):
        run_due("test")
    held = clock(case, CONTACT)
    assert (held.due_at.year, held.provisional) == (2027, True)


def test_years_that_come_with_a_pack_settle_what_waited_for_them(world, timed, cn):
    case = timed("2026-12-18T09:00")
    assert clock(case, DECISION).provisional
    with now_is("2026-12-19T09:00"):
        org.install_calendar(SYSTEM, code="cn", columns={}, base="", days=[], years=[2027])
        run_due("test")
    assert not clock(case, DECISION).provisional
    assert recomputes(case) == 1


def test_one_that_cannot_be_reckoned_is_told_and_holds_up_no_other(monday, timed, cn, monkeypatch, caplog):
    other = timed("2026-11-02T09:30")
    hours(cn, "08:30-12:00 13:30-16:30", "2026-11-02T11:00")
    real = clocking.state_of

    def broken(asked: Clock, *more):
        if asked.case_id == monday.pk:
            raise ClockRefused("beyond")
        return real(asked, *more)

    monkeypatch.setattr(clocking, "state_of", broken)
    with now_is("2026-11-02T11:01"):
        assert recomputing.recompute_due() == 1
    assert clock(other, CONTACT).due_at == at("2026-11-03T16:30")
    assert "could not be worked out anew" in caplog.text
