"""Why a date: every day is told, counted or skipped, and they add up to the period."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kezun.cases.rules.clocks import ClockEvent, ClockRefused, Policy, fold
from kezun.cases.rules.explaining import MOST_DAYS, explain
from kezun.cases.tests.test_clocks import COMPLAINT, REQUEST, SHANGHAI, at, cn
from kezun.org.rules.worktime import Basis


def lines(policy: Policy, *moves):
    return explain(policy, cn(), [ClockEvent(m[0], at(m[1]), *m[2:]) for m in moves])


def brief(found) -> list[tuple[int, str, float, float]]:
    return [(line.day.date.day, line.code, line.amount, line.total) for line in found]


def test_days_of_the_law_all_count_but_the_day_of_receipt():
    found = lines(COMPLAINT, ("start", "2026-09-21T10:00"))
    assert brief(found)[:2] == [(21, "receipt", 0, 0), (22, "counted", 1, 1)]
    assert [line.total for line in found] == list(range(16))
    assert [line.day.date.isoformat() for line in found if line.due] == ["2026-10-06"]
    assert [line.day.date.isoformat() for line in found if line.act_by] == ["2026-09-30"]
    assert found[4].day.name_en == "Mid-autumn Festival"
    assert [e.verb for e in found[0].events] == ["start"]


def test_worked_days_skip_the_free_ones_with_their_names():
    found = lines(Policy(Basis.WORKDAY, 3), ("start", "2026-09-23T10:00"))
    assert brief(found) == [
        *((23, "receipt", 0, 0), (24, "counted", 1, 1)),
        *((25, "skipped", 0, 1), (26, "skipped", 0, 1), (27, "skipped", 0, 1)),
        *((28, "counted", 1, 2), (29, "counted", 1, 3)),
    ]
    assert found[2].day.name == "中秋"


def test_a_period_that_rolls_on_tells_the_days_after_its_end():
    found = lines(Policy(Basis.NATURAL, 15, roll="next"), ("start", "2026-09-21T10:00"))
    assert brief(found)[-3:] == [(6, "counted", 1, 15), (7, "rolled", 0, 15), (8, "rolled", 0, 15)]
    assert found[-1].due


def test_an_extension_and_a_restart_are_shown_on_their_days():
    found = lines(COMPLAINT, ("start", "2026-09-21T10:00"), ("extend", "2026-10-06T10:00", 15))
    assert found[-1].total == 30
    assert found[15].events == (ClockEvent("extend", at("2026-10-06T10:00"), 15),)
    anew = lines(COMPLAINT, ("start", "2026-09-21T10:00"), ("restart", "2026-09-28T10:00"))
    assert anew[0].day.date == dt.date(2026, 9, 28), "the explanation begins where the period does"


def test_the_days_of_a_merged_case_are_told_where_it_gives_the_deadline():
    joined = ClockEvent("join", at("2026-09-22T10:00"), 0, at("2026-09-18T09:00"))
    found = explain(COMPLAINT, cn(), [ClockEvent("start", at("2026-09-21T10:00")), joined])
    assert brief(found)[0] == (18, "receipt", 0, 0)
    assert (found[-1].day.date, found[-1].total) == (dt.date(2026, 10, 3), 15)


def test_minutes_are_told_day_by_day_without_what_was_paused():
    found = lines(
        REQUEST,
        ("start", "2026-09-24T16:30"),
        ("pause", "2026-09-24T17:00"),
        ("resume", "2026-09-29T08:30"),
    )
    assert brief(found) == [
        *((24, "counted", 30, 30), (25, "skipped", 0, 30), (26, "skipped", 0, 30), (27, "skipped", 0, 30)),
        *((28, "paused", 0, 30), (29, "counted", 450, 480), (30, "counted", 420, 900)),
    ]


def test_after_the_last_window_nothing_is_left_to_count():
    found = lines(Policy(Basis.WORKMINUTE, 30), ("start", "2026-09-28T18:00"))
    assert brief(found) == [(28, "closed", 0, 0), (29, "counted", 30, 30)]


def test_hours_are_told_as_the_clock_shows_them():
    found = lines(Policy(Basis.HOUR24, 29), ("start", "2026-09-30T18:00"))
    assert brief(found) == [(30, "counted", 6, 6), (1, "counted", 23, 29)]
    assert found[-1].due


def test_what_has_not_begun_or_cannot_be_has_no_explanation():
    assert explain(COMPLAINT, cn(), []) == []
    with pytest.raises(ClockRefused):
        lines(COMPLAINT, ("stop", "2026-09-21T10:00"))
    long = lines(Policy(Basis.NATURAL, 5000), ("start", "2026-09-21T10:00"))
    assert len(long) == MOST_DAYS


@given(
    st.datetimes(dt.datetime(2024, 1, 1), dt.datetime(2027, 6, 1)),
    st.sampled_from([Basis.NATURAL, Basis.WORKDAY, Basis.WORKMINUTE, Basis.HOUR24]),
    st.integers(1, 60),
)
def test_what_is_told_adds_up_to_the_period(moment, basis, units):
    policy, start = Policy(basis, units), ClockEvent("start", moment.replace(tzinfo=SHANGHAI))
    found = explain(policy, cn(), [start])
    state = fold(policy, cn(), [start])
    assert found[-1].total == pytest.approx(units)
    assert found[-1].day.date == state.due_at.date()
    assert sum(line.due for line in found) == 1
    assert any(line.provisional for line in found) == state.provisional
    assert sum(line.amount for line in found) == pytest.approx(units)
