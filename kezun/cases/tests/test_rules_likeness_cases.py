"""When complaints are alike, which causes explain, how codes are counted: tables of cases and properties."""

from __future__ import annotations

import datetime as dt
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kezun.cases.rules import causes, counting, grams, likeness
from kezun.cases.rules.likeness import Earlier, Group

NOW = dt.datetime(2026, 3, 10, 12, tzinfo=dt.UTC)
HOUR = dt.timedelta(hours=1)
RULES = ({"hours": 24, "people": 3}, {"hours": 72, "people": 5})
MARKS = st.sampled_from(["", "a", "b", "c", "d", "e", "f"])
EARLIER = st.lists(st.tuples(st.integers(-5, 120), MARKS), max_size=20).map(
    lambda found: [Earlier(pk, NOW - hours * HOUR, mark) for pk, (hours, mark) in enumerate(found, 1)]
)


# --- the fingerprint of a matter ---


@pytest.mark.parametrize(
    ("values", "names", "told"),
    [
        ({"unit": 7, "reason": "R01"}, ("unit", "reason"), "7|R01"),
        ({"unit": 7, "reason": "R01"}, ("reason", "unit"), "R01|7"),
        ({"unit": 7, "reason": ""}, ("unit", "reason"), ""),
        ({"unit": 7, "reason": None}, ("unit", "reason"), ""),
        ({"unit": 7}, ("unit", "reason"), ""),
        ({"unit": 7}, (), ""),
        ({}, ("unit",), ""),
        ({"unit": 0}, ("unit",), ""),
        ({"unit": "x" * 300}, ("unit",), "x" * 120),
    ],
)
def test_a_fingerprint_needs_every_value(values, names, told):
    assert likeness.fingerprint(values, names) == told


@given(st.dictionaries(st.sampled_from("abcd"), st.text("xyz01", min_size=1, max_size=5)))
def test_the_fingerprint_is_the_same_whatever_the_order_of_the_values(values):
    again = dict(reversed(list(values.items())))
    assert likeness.fingerprint(values, "abcd") == likeness.fingerprint(again, "abcd")
    assert bool(likeness.fingerprint(values, "abcd")) == (set(values) == set("abcd"))


# --- those of the days before ---


@pytest.mark.parametrize(
    ("hours", "days", "taken"),
    [(0, 30, True), (24, 1, True), (25, 1, False), (-1, 30, False), (719, 30, True), (721, 30, False)],
)
def test_days_are_24_hours_each_and_both_ends_count(hours, days, taken):
    one = Earlier(1, NOW - hours * HOUR)
    assert likeness.within([one], NOW, days) == ([one] if taken else [])


@given(EARLIER, st.integers(0, 6))
def test_the_latest_comes_first_and_none_is_invented(earlier, days):
    found = likeness.within(earlier, NOW, days)
    assert set(found) <= set(earlier)
    assert [one.received_at for one in found] == sorted((o.received_at for o in found), reverse=True)
    left = set(earlier) - set(found)
    assert all(o.received_at > NOW or o.received_at < NOW - dt.timedelta(days=days) for o in left)


# --- many at once ---


@pytest.mark.parametrize(
    ("earlier", "mark", "told"),
    [
        ([], "a", None),
        ([(1, "a"), (2, "b")], "c", Group((2, 1), 3, 24)),
        ([(1, "a"), (2, "b")], "a", None),  # the same customer again is no third one
        ([(1, "a"), (2, "")], "b", None),  # nobody can tell who this was
        ([(1, "a"), (2, "b"), (3, "c")], "", Group((3, 2, 1), 3, 24)),
        ([(30, "a"), (40, "b"), (50, "c"), (60, "d")], "e", Group((4, 3, 2, 1), 5, 72)),
        ([(30, "a"), (40, "b"), (50, "c")], "e", None),
        ([(24, "a"), (23, "b")], "c", Group((1, 2), 3, 24)),
        ([(25, "a"), (23, "b")], "c", None),
    ],
)
def test_a_group_is_so_many_different_customers_in_so_many_hours(earlier, mark, told):
    cases = [Earlier(pk, NOW - hours * HOUR, who) for pk, (hours, who) in enumerate(earlier, 1)]
    found = likeness.group(cases, mark, NOW, RULES)
    if told is None:
        assert found is None
    else:
        assert (found.people, found.hours) == (told.people, told.hours)
        assert sorted(found.cases) == sorted(told.cases)


@given(EARLIER, MARKS)
def test_a_group_holds_what_its_rule_says(earlier, mark):
    found = likeness.group(earlier, mark, NOW, RULES)
    if found is None:
        return
    rule = next(rule for rule in RULES if rule["hours"] == found.hours)
    near = {one.pk: one for one in earlier}
    marks = {near[pk].mark for pk in found.cases} | ({mark} - {""})
    assert "" not in marks
    assert len(marks) == found.people >= rule["people"]
    assert all(NOW - rule["hours"] * HOUR <= near[pk].received_at <= NOW for pk in found.cases)


@given(EARLIER, MARKS)
def test_more_complaints_never_undo_a_group(earlier, mark):
    assert not (
        likeness.group(earlier[:-1], mark, NOW, RULES) and not likeness.group(earlier, mark, NOW, RULES)
    )


# --- causes that explain ---

WORDS = ("责任心不强", "粗心大意", "careless")


@pytest.mark.parametrize(
    ("text", "blames"),
    [
        ("责任心不强", True),
        ("责任心不强,粗心大意。", True),
        ("Careless!", True),
        ("员工责任心不强", True),
        ("责任心不强,而且复核环节在系统里可以跳过,没有提示", False),
        ("叫号系统没有老年人优先的规则", False),
        ("", False),
        ("……", False),
    ],
)
def test_words_of_blame_alone_explain_nothing(text, blames):
    assert causes.only_blames(text, WORDS, 8) is blames


@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=4), st.sampled_from(["", ",", "。", " "]))
def test_however_often_it_is_said_blame_stays_blame(said, between):
    assert causes.only_blames(between.join(said), WORDS, 1)


@pytest.mark.parametrize(
    ("values", "owed"),
    [
        ({}, ()),
        ({"fault": "none"}, ()),
        ({"fault": "whole"}, ("cause", "cause_code")),
        ({"fault": "part", "cause": "流程没有复核"}, ("cause_code",)),
        ({"fault": "part", "cause_code": "process"}, ("cause",)),
        ({"fault": "part", "cause": "流程没有复核", "cause_code": "process"}, ()),
        (
            {"fault": "whole", "cause": "流程没有复核", "cause_code": "people_conduct"},
            ("system_cause", "system_reason"),
        ),
        ({"fault": "whole", "cause": "粗心大意", "cause_code": "process"}, ("system_cause", "system_reason")),
        (
            {"fault": "whole", "cause": "粗心大意", "cause_code": "process", "system_cause": "absent"},
            ("system_reason",),
        ),
        (
            {
                **{"fault": "whole", "cause": "粗心大意", "cause_code": "process"},
                **{"system_cause": "absent", "system_reason": "责任心不强"},
            },
            ("system_reason",),
        ),
        (
            {
                **{"fault": "whole", "cause": "粗心大意", "cause_code": "process"},
                **{"system_cause": "maybe", "system_reason": "规则齐全,双人复核有记录,培训有签到"},
            },
            ("system_cause",),
        ),
        (
            {
                **{"fault": "whole", "cause": "粗心大意", "cause_code": "process"},
                **{"system_cause": "present", "system_reason": "复核环节在系统里可以跳过"},
            },
            (),
        ),
    ],
)
def test_what_a_finding_with_fault_still_owes(values, owed):
    assert causes.lacking(values, WORDS, 8) == owed


# --- counting by a tree ---

TREE = {"A": "", "A1": "A", "A11": "A1", "B": "", "A2": "A"}


def test_what_stands_below_counts_for_those_above():
    found = counting.counted([("A11", "x"), ("A1", "y"), ("A2", "x"), ("B", "x"), ("Z", "y")], TREE)
    assert [(c.code, c.depth, c.total, dict(c.by)) for c in found] == [
        ("A", 0, 3, {"x": 2, "y": 1}),
        ("A1", 1, 2, {"x": 1, "y": 1}),
        ("A11", 2, 1, {"x": 1}),
        ("A2", 1, 1, {"x": 1}),
        ("B", 0, 1, {"x": 1}),
        ("Z", 0, 1, {"y": 1}),
    ]


@pytest.mark.parametrize(
    ("parents", "told"),
    [
        ({}, []),
        (TREE, ["A", "A1", "A11", "A2", "B"]),
        ({"B": "A", "A": ""}, ["A", "B"]),
        ({"A": "B", "B": "A"}, ["A", "B"]),  # a ring has no top, and still nothing is lost
        ({"A": "X"}, ["A"]),
    ],
)
def test_each_code_stands_after_the_one_above_it(parents, told):
    assert counting.ordered(parents) == told


def test_a_ring_is_left_after_one_turn():
    assert counting.above_of("A", {"A": "B", "B": "C", "C": "A"}) == ["A", "B", "C"]


@given(st.lists(st.tuples(st.sampled_from([*TREE, "Z"]), st.sampled_from("xyz")), max_size=40))
def test_the_tops_together_are_everything_and_columns_add_up(pairs):
    found = counting.counted(pairs, TREE)
    assert sum(one.total for one in found if one.depth == 0) == len(pairs)
    assert all(sum(one.by.values()) == one.total for one in found)
    assert counting.columns(pairs) == sorted({column for _code, column in pairs})
    assert len({one.code for one in found}) == len(found)


# --- grams ---


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", []),
        ("柜台排队", ["柜台", "台排", "排队", "队"]),
        ("队", ["队"]),
        ("ATM吞卡", ["atm", "吞卡", "卡"]),
        ("12号窗口", ["12", "号窗", "窗口", "口"]),
        ("A-B_c", ["a", "b", "c"]),
        ("ATM", ["atm"]),  # wide letters are letters
        ("。,!", []),
    ],
)
def test_grams_of_texts(text, told):
    assert grams.grams(text) == told


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("排队", [("排队",)]),
        ("台排队", [("台排", "排队")]),
        ("队", [("队",)]),
        ("atm 吞卡", [("atm",), ("吞卡",)]),
        ("", []),
        ("-", []),
    ],
)
def test_what_a_search_asks_for(asked, told):
    assert grams.phrases(asked) == told


CHINESE = st.text("柜台排队等候太久叫号机坏了", min_size=1, max_size=30)


@given(CHINESE, st.data())
def test_every_part_of_a_chinese_text_is_found(text, data):
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    kept, (wanted,) = grams.grams(text), grams.phrases(text[start:end])

    def stands(at: int) -> bool:
        return kept[at : at + len(wanted) - 1] == list(wanted[:-1]) and kept[at + len(wanted) - 1].startswith(
            wanted[-1]
        )

    assert any(stands(at) for at in range(len(kept) - len(wanted) + 1))


@given(CHINESE, CHINESE)
def test_a_part_that_does_not_stand_there_is_not_found(text, asked):
    kept, (wanted,) = grams.grams(text), grams.phrases(asked)
    last = len(wanted) - 1
    found = any(
        kept[at : at + last] == list(wanted[:-1]) and kept[at + last].startswith(wanted[-1])
        for at in range(len(kept) - last)
    )
    assert found == (asked in text)


@given(st.text(max_size=60))
def test_grams_are_small_and_never_blank(text):
    for gram in grams.grams(text):
        assert gram
        assert gram == unicodedata.normalize("NFKC", gram).lower() or gram.lower() == gram
        assert not gram.isspace()


@given(st.lists(CHINESE, min_size=1, max_size=30))
def test_a_search_asks_for_so_many_things_at_most(words):
    assert len(grams.phrases(" ".join(words))) == min(len(words), grams.MOST_TERMS)
