"""A deadline that has passed stays passed, whatever calendar is put right afterwards: the rules of it."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kezun.cases.rules.clocks import ClockEvent, Extension, Policy, expired, fold
from kezun.cases.rules.explaining import explain
from kezun.cases.tests.test_clocks import COMPLAINT, CONTACT, REQUEST, SHANGHAI, at, cn
from kezun.org.rules.worktime import Basis, Worktime

LONG = Worktime([], zone=SHANGHAI, windows=((0, 1440),), official=range(2004, 2028))
SHORT = Worktime([], zone=SHANGHAI, windows=((540, 600),), official=range(2004, 2028))
START = ClockEvent("start", at("2026-09-21T10:00"))  # a Monday; the contact is due on Tuesday at 17:30
DUE = at("2026-09-22T17:30")
KEPT = ClockEvent("recompute", at("2026-09-22T18:00"), began=DUE)
MOMENTS = st.datetimes(dt.datetime(2026, 1, 5), dt.datetime(2026, 10, 30)).map(
    lambda naive: naive.replace(tzinfo=SHANGHAI)
)
BASES = st.sampled_from([CONTACT, REQUEST, COMPLAINT, Policy(Basis.NATURAL, 3, roll="next")])


def test_a_longer_day_moves_a_deadline_that_has_not_passed_and_none_that_has():
    assert fold(CONTACT, LONG, [START, ClockEvent("recompute", KEPT.at)]).due_at == at("2026-09-22T23:59:59")
    held = fold(CONTACT, LONG, [START, KEPT])
    assert (held.due_at, held.act_by, held.provisional) == (DUE, DUE, False)
    assert expired(held, at("2026-09-22T17:31"))
    assert fold(CONTACT, LONG, [START, KEPT, ClockEvent("stop", KEPT.at)]).outcome == "missed"
    assert fold(CONTACT, LONG, [START, ClockEvent("stop", KEPT.at)]).outcome == "met"


def test_a_shorter_day_brings_it_nearer_all_the_same():
    assert fold(CONTACT, SHORT, [START, KEPT]).due_at == at("2026-09-22T10:00")


def test_it_stays_through_what_only_reckons_again_and_a_case_that_is_merged():
    later = ClockEvent("recompute", at("2026-09-23T09:00"))
    assert fold(CONTACT, LONG, [START, KEPT, later]).due_at == DUE
    joined = ClockEvent("join", at("2026-09-23T09:00"), began=at("2026-09-18T10:00"))
    assert fold(CONTACT, LONG, [START, KEPT, joined]).due_at == at("2026-09-21T23:59:59")
    parted = ClockEvent("part", at("2026-09-23T10:00"), began=joined.began)
    assert fold(CONTACT, LONG, [START, KEPT, joined, parted]).due_at == DUE


def test_a_new_period_has_a_deadline_of_its_own():
    anew = fold(CONTACT, LONG, [START, KEPT, ClockEvent("restart", at("2026-09-24T09:00"))])
    assert (anew.kept, anew.late, anew.due_at) == (None, True, at("2026-09-25T23:59:59"))
    stopped = ClockEvent("stop", at("2026-09-24T09:00"))
    again = fold(CONTACT, LONG, [START, KEPT, stopped, ClockEvent("reopen", at("2026-09-28T09:00"))])
    assert (again.kept, again.late, again.due_at) == (None, False, at("2026-09-29T23:59:59"))


def test_a_clock_that_runs_on_after_its_end_keeps_it_too():
    stopped, back = (ClockEvent(v, at("2026-09-24T09:00")) for v in ("stop", "restore"))
    assert fold(CONTACT, LONG, [START, KEPT, stopped, back]).due_at == DUE


@given(policy=BASES, start=MOMENTS, hours=st.sampled_from([LONG, SHORT]), late=st.integers(1, 10**6))
@settings(deadline=None)  # the first one builds the calendar
def test_for_any_deadline_and_any_other_hours(policy, start, hours, late):
    begun = ClockEvent("start", start)
    due = fold(policy, cn(), [begun]).due_at
    passed = due + dt.timedelta(seconds=late)
    held = fold(policy, hours, [begun, ClockEvent("recompute", passed, began=due)])
    assert held.due_at <= due
    assert held.act_by <= held.due_at
    assert held.provisional is False
    assert fold(policy, hours, [begun, ClockEvent("recompute", passed, began=due), stop(passed)]).outcome == (
        "missed"
    )


def stop(moment: dt.datetime) -> ClockEvent:
    return ClockEvent("stop", moment)


@pytest.mark.parametrize("units", [1, 5])
def test_an_extension_is_not_to_be_had_any_more(units):
    own = Policy(Basis.WORKDAY, 1, extensions=(Extension(5),), cap=6)
    with pytest.raises(ValueError, match="expired"):
        fold(own, LONG, [START, KEPT, ClockEvent("extend", at("2026-09-22T19:00"), units)])


@pytest.mark.parametrize("hours", [LONG, SHORT])
def test_why_this_date_ends_on_the_day_that_holds(hours):
    """Whatever the other hours make of it, the explanation leads up to the deadline that is told."""
    lines = explain(CONTACT, hours, [START, KEPT])
    held = fold(CONTACT, hours, [START, KEPT])
    assert [line.day.date for line in lines if line.due] == [held.due_at.date()]
    assert [event.verb for line in lines for event in line.events] == ["start", "recompute"]
