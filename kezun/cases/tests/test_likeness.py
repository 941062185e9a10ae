"""When complaints are alike, and when a cause explains: pure rules."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kezun.cases.rules.causes import lacking, only_blames
from kezun.cases.rules.likeness import Earlier, fingerprint, group, within

NOW = dt.datetime(2026, 11, 20, 10, tzinfo=dt.UTC)
RULES = [{"hours": 24, "people": 3}, {"hours": 168, "people": 5}]
WORDS = ("责任心不强", "态度不好", "careless")


def ago(hours: float, mark: str = "", pk: int = 1) -> Earlier:
    return Earlier(pk, NOW - dt.timedelta(hours=hours), mark)


def test_a_fingerprint_needs_every_part():
    assert fingerprint({"unit": 3, "business": "B01", "reason_code": "C01"}, ["unit", "business"]) == "3|B01"
    assert fingerprint({"unit": 3}, ["unit", "business"]) == ""
    assert fingerprint({"unit": 3}, []) == ""


def test_within_counts_the_last_days_only_and_sorts():
    found = within([ago(24 * 30 + 1, pk=1), ago(24 * 30, pk=2), ago(1, pk=3), ago(-1, pk=4)], NOW, 30)
    assert [one.pk for one in found] == [3, 2]


@given(st.lists(st.tuples(st.floats(0, 2000), st.sampled_from("abcd")), max_size=20), st.integers(1, 90))
def test_within_is_exactly_the_window(rows, days):
    earlier = [ago(hours, mark, n) for n, (hours, mark) in enumerate(rows)]
    found = {one.pk for one in within(earlier, NOW, days)}
    assert found == {one.pk for one in earlier if NOW - one.received_at <= dt.timedelta(days=days)}


def test_three_customers_in_a_day_are_a_group():
    found = group([ago(1, "a", 1), ago(5, "b", 2), ago(23, "b", 3)], "c", NOW, RULES)
    assert found is not None
    assert (found.cases, found.people, found.hours) == ((3, 2, 1), 3, 24)


def test_one_customer_three_times_is_no_group():
    assert group([ago(1, "a", 1), ago(2, "a", 2), ago(3, "a", 3)], "a", NOW, RULES) is None


def test_customers_nobody_knows_make_no_group():
    assert group([ago(1, "", n) for n in range(9)], "", NOW, RULES) is None


def test_five_in_a_week_are_a_group_too():
    rows = [ago(30 + n * 24, mark, n) for n, mark in enumerate("abcd")]
    found = group(rows, "e", NOW, RULES)
    assert found is not None
    assert (found.people, found.hours) == (5, 168)
    assert group(rows, "d", NOW, RULES) is None


@given(st.lists(st.tuples(st.floats(0, 400), st.sampled_from("abcdef")), max_size=15))
def test_more_complaints_never_undo_a_group(rows):
    earlier = [ago(hours, mark, n) for n, (hours, mark) in enumerate(rows)]
    fewer = group(earlier[1:], "z", NOW, RULES)
    assert fewer is None or group(earlier, "z", NOW, RULES) is not None


@pytest.mark.parametrize(
    ("text", "blames"),
    [
        ("员工责任心不强", True),
        ("该柜员责任心不强，态度不好。", True),
        ("Teller was careless", True),
        ("员工责任心不强；交接单没有签收栏，中午换班时无人核对余额", False),
        ("叫号系统重启后丢失队列", False),
        ("", False),
    ],
)
def test_blame_alone_is_told_from_a_cause(text, blames):
    assert only_blames(text, WORDS, 12) is blames


@pytest.mark.parametrize(
    ("values", "owed"),
    [
        ({}, ()),
        ({"fault": "nothing", "cause": ""}, ()),
        ({"fault": "whole"}, ("cause", "cause_code")),
        ({"fault": "part", "cause": "机具老化", "cause_code": "machine"}, ()),
        (
            {"fault": "whole", "cause": "责任心不强", "cause_code": "people"},
            ("system_cause", "system_reason"),
        ),
        (
            {"fault": "whole", "cause": "在柜台前与客户发生争吵并离岗", "cause_code": "people_conduct"},
            ("system_cause", "system_reason"),
        ),
        (
            {
                **{"fault": "whole", "cause": "责任心不强", "cause_code": "people_conduct"},
                **{"system_cause": "absent", "system_reason": "员工责任心不强"},
            },
            ("system_reason",),
        ),
        (
            {
                **{"fault": "whole", "cause": "责任心不强", "cause_code": "people_conduct"},
                **{"system_cause": "present", "system_reason": "换班没有交接规定"},
            },
            (),
        ),
    ],
)
def test_what_a_cause_still_owes(values, owed):
    assert lacking(values, WORDS, 12) == owed


@given(st.text(alphabet="责任心不强态度好,。 ", max_size=30))
def test_blame_needs_a_word_of_blame(text):
    plain = "".join(c for c in text if c not in ",。 ")
    if not any(word in plain for word in WORDS):
        assert not only_blames(text, WORDS, 12)
