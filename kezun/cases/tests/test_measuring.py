"""What of a case can be counted: pure rules."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kezun.cases.rules import measuring
from kezun.cases.rules.kinds import ClockUse
from kezun.cases.rules.measuring import ANSWER, CONTACT, HOLD, INNER, Running

NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
moments = st.datetimes(dt.datetime(2026, 1, 1), dt.datetime(2026, 12, 31), timezones=st.just(dt.UTC))


@pytest.mark.parametrize(
    ("stops", "role"),
    [
        (("contact",), CONTACT),
        (("answer", "withdraw"), ANSWER),
        (("close",), ANSWER),
        (("contact", "answer"), CONTACT),
        (("take",), INNER),
        ((), INNER),
    ],
)
def test_what_a_clock_is_for(stops, role):
    assert measuring.role_of(ClockUse("p", stops=stops)) == role


def test_a_clock_that_the_kind_no_longer_has_is_inner():
    assert measuring.role_of(None) == INNER


@pytest.mark.parametrize(
    ("state", "due", "outcome", "late"),
    [
        ("running", NOW - HOUR, "", True),
        ("running", NOW + HOUR, "", False),
        ("running", NOW, "", False),
        ("paused", NOW - HOUR, "", False),
        ("stopped", NOW - HOUR, "met", False),
        ("stopped", NOW - HOUR, "missed", True),
        ("stopped", NOW - HOUR, "dropped", False),
    ],
)
def test_late(state, due, outcome, late):
    assert Running(ANSWER, state, due, outcome).late(NOW) is late


@pytest.mark.parametrize(
    ("clocks", "told"),
    [
        ([], None),
        ([Running(ANSWER, "running", NOW + HOUR)], None),
        ([Running(ANSWER, "running", NOW - HOUR)], False),
        ([Running(ANSWER, "stopped", NOW, "met")], True),
        ([Running(ANSWER, "stopped", NOW, "met"), Running(ANSWER, "running", NOW + HOUR)], None),
        ([Running(ANSWER, "stopped", NOW, "met"), Running(ANSWER, "stopped", NOW, "missed")], False),
        ([Running(ANSWER, "stopped", NOW, "dropped")], None),
        ([Running(CONTACT, "stopped", NOW, "missed"), Running(ANSWER, "stopped", NOW, "met")], True),
    ],
)
def test_in_time_is_said_of_one_role(clocks, told):
    assert measuring.on_time(clocks, ANSWER, NOW) is told


@pytest.mark.parametrize(
    ("closes", "reopenings", "told"),
    [
        ([], [], None),
        ([NOW - HOLD], [], True),
        ([NOW - HOLD + HOUR], [], None),
        ([NOW - HOUR], [NOW], False),
        ([NOW - 2 * HOLD, NOW - HOUR], [NOW - HOLD], True),
        ([NOW - 2 * HOLD, NOW - HOUR], [NOW - HOLD - HOUR], False),
        # opened again exactly 30 days later: the close had held
        ([NOW - HOLD], [NOW], True),
    ],
)
def test_whether_the_first_close_held(closes, reopenings, told):
    assert measuring.held(closes, reopenings, NOW) is told


@given(st.lists(moments, min_size=1, max_size=5), st.lists(moments, max_size=5), moments, moments)
def test_once_said_it_stays_said(closes, reopenings, one, other):
    """Later knowledge never turns a verdict around: the first close counts, and the 30 days after it."""
    early, late = sorted((one, other))
    known = [at for at in closes if at <= early], [at for at in reopenings if at <= early]
    before = measuring.held(*known, early)
    more = [at for at in closes if at <= late], [at for at in reopenings if at <= late]
    if before is not None:
        assert measuring.held(*more, late) is before


@pytest.mark.parametrize(("until", "told"), [(None, None), (NOW, 0), (NOW + HOUR, 3600), (NOW - HOUR, 0)])
def test_seconds(until, told):
    assert measuring.seconds(NOW, until) == told


def test_moments_that_stand_out():
    history = [
        (1, "open", NOW, False),
        (2, "contact", NOW + HOUR, False),
        (3, "contact", NOW + 2 * HOUR, False),
        (4, "grant", NOW + 3 * HOUR, True),
        (5, "grant", NOW + 4 * HOUR, False),
        (6, "note", NOW + 5 * HOUR, False),
        (7, "close", NOW + 6 * HOUR, False),
        (8, "reopen", NOW + 7 * HOUR, False),
        (9, "close", NOW + 8 * HOUR, False),
    ]
    assert [(key, what) for key, what, _at in measuring.marks(history)] == [
        *(("1", "opened"), ("2", "contacted"), ("4", "extended"), ("7", "closed"), ("8", "reopened")),
        ("9", "closed"),
    ]


def test_only_codes_become_facts():
    held = {"reason_code": "C0102", "account": {"sealed": 3, "sha256": "x"}, "empty": "", "n": 3}
    assert measuring.coded(held, "reason_code") == "C0102"
    assert [measuring.coded(held, name) for name in ("account", "empty", "n", "none")] == [None] * 4
