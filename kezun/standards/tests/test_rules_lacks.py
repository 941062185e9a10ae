"""What stands in the way of submitting: answers missing or not allowed, N/A without reason, no evidence."""

from __future__ import annotations

from decimal import Decimal

import pytest

from kezun.standards.rules import Na, lacks, read
from kezun.standards.rules.marks import given
from kezun.standards.rules.scoring import zeroed
from kezun.standards.tests.samples import TAGS, conforming, sample, text

EVERYTHING = {"X1.1": 5, "X1.2": Decimal("0.99"), "X1.3": 20, "X1.4": 0, "X1.5": 0}


def codes(answers, name="outlet", **more):
    return [(x.criterion, x.code) for x in lacks(sample(name), answers, tags=TAGS | {"甲类"}, **more)]


def test_conforming_answers_lack_nothing():
    assert codes(conforming()) == []
    assert codes(EVERYTHING, "everything") == []


def test_unanswered_is_neither_not_applicable_nor_a_fail():
    assert codes({}) == [
        *((id, "unanswered") for id in ("A1.01", "A1.02", "A2.01")),
        ("A2.02", "no_value"),
        *((id, "unanswered") for id in ("B1.01", "B1.02", "B1.03", "B2.01")),
    ]
    assert codes(conforming(A1_01="")) == [("A1.01", "unanswered")]


def test_what_does_not_apply_need_not_be_answered():
    answers = conforming()
    del answers["A1.02"]
    assert [x.criterion for x in lacks(sample("outlet"), answers, tags=TAGS)] == ["A1.02"]
    assert lacks(sample("outlet"), answers) == []


def test_what_a_cascade_took_need_not_be_answered_nor_shown():
    answers = conforming(B1_01="不在")
    del answers["B1.02"], answers["B1.03"]
    assert codes(answers) == []


def test_only_what_the_method_asks_must_be_answered():
    assert codes({"A1.01": "好", "A2.01": 0}, method="自查") == []
    assert codes({"A1.01": "好"}, method="自查") == [("A2.01", "unanswered")]


@pytest.mark.parametrize(
    ("id", "answer", "code"),
    [
        ("A1.01", "没有", "unknown_option"),
        ("A1.01", 1, "unknown_option"),
        ("A1.01", Decimal("0.5"), "unknown_option"),
        ("A1.01", Na("不想查"), "na_not_allowed"),
        ("A1.02", Na(""), "na_without_reason"),
        ("A1.02", Na("   "), "na_without_reason"),
        ("A2.01", -1, "not_a_count"),
        ("A2.01", Decimal("1.5"), "not_a_count"),
        ("A2.01", 100_001, "not_a_count"),
        ("A2.01", "3", "not_a_number"),
        ("A2.01", True, "not_a_number"),
        ("A2.01", Decimal("NaN"), "not_a_number"),
        ("A2.02", Decimal("Infinity"), "not_a_number"),
        ("A2.02", "高", "not_a_number"),
    ],
)
def test_answers_that_are_not_allowed(id, answer, code):
    found = lacks(sample("outlet"), conforming() | {id: answer}, tags=TAGS)
    assert [(x.criterion, x.code) for x in found] == [(id, code)]


@pytest.mark.parametrize(
    ("id", "answer", "code"),
    [
        ("X1.3", 21, "out_of_range"),
        ("X1.3", Decimal("-5.01"), "out_of_range"),
        ("X1.5", -2, "not_a_value"),
        ("X1.5", 1, "out_of_range"),
        ("X1.0", 3, "not_words"),
        ("X1.0", Na("无"), "na_not_allowed"),
    ],
)
def test_ranges_and_texts(id, answer, code):
    assert codes(EVERYTHING | {id: answer}, "everything") == [(id, code)]


@pytest.mark.parametrize(("id", "answer"), [("X1.3", -5), ("X1.3", 20), ("X1.5", -3), ("X1.0", "甚好")])
def test_bounds_belong_to_a_range(id, answer):
    assert codes(EVERYTHING | {id: answer}, "everything") == []


def test_an_option_that_is_not_there_names_those_that_are():
    [found] = lacks(sample("outlet"), conforming(A1_01="一般"), tags=TAGS)
    assert found.params == {"option": "一般", "known": "好, 尚可, 差"}


def test_an_answer_to_nothing_is_told():
    assert codes(conforming() | {"Z9": "好"}) == [("Z9", "unknown_criterion")]


def test_a_value_by_name_is_an_answer():
    answers = conforming()
    del answers["A2.02"]
    assert codes(answers, indicators={"ind.uptime": Decimal("0.9")}) == []
    [missing] = lacks(sample("outlet"), answers, tags=TAGS)
    assert missing.params == {"ref": "ind.uptime"}
    assert given(sample("outlet").criterion("A1.01"), {}, {"ind.uptime": Decimal(1)}) is None


@pytest.mark.parametrize(
    ("changed", "photos", "lacking"),
    [
        ({}, {}, []),
        ({"A1_01": "差"}, {}, ["A1.01"]),
        ({"A1_01": "差"}, {"A1.01": 1}, []),
        ({"A1_01": "差"}, {"A1.01": {"photo": 2}}, []),
        ({"A1_01": "差"}, {"A1.01": {"document": 2}}, ["A1.01"]),
        ({"A1_01": "尚可", "A2_01": 3}, {"A2.01": 1}, ["A1.01"]),
        ({"A2_01": 1}, {}, ["A2.01"]),
        ({"A2_01": 0}, {}, []),
    ],
)
def test_a_failing_answer_without_its_photo_is_not_submittable(changed, photos, lacking):
    found = lacks(sample("outlet"), conforming(**changed), tags=TAGS, photos=photos)
    assert [x.criterion for x in found] == lacking
    assert all(x.code == "no_evidence" for x in found)


def test_evidence_is_not_looked_at_unless_asked():
    assert codes(conforming(A1_01="差")) == []


def test_evidence_that_is_always_due_is_not_due_for_what_did_not_apply():
    counts = {"X1.2": {"document": 1}}
    found = lacks(sample("everything"), EVERYTHING, tags={"甲类"}, photos=counts)
    assert [(x.criterion, x.params) for x in found] == [("X1.2", {"kind": "document", "least": 2, "have": 1})]
    na = EVERYTHING | {"X1.2": Na("没有样本")}
    assert lacks(sample("everything"), na, tags={"甲类"}, photos={}) == []


def test_a_wrong_answer_lacks_no_evidence_beside():
    found = lacks(sample("outlet"), conforming(A1_01="没有"), tags=TAGS, photos={})
    assert [x.code for x in found] == ["unknown_option"]


def test_a_cascade_is_not_set_off_by_an_answer_that_is_not_allowed():
    criteria = list(sample("outlet").criteria())
    assert zeroed(criteria, {"B1.01": "不在"}) == {"B1.02": "B1.01", "B1.03": "B1.01"}
    assert zeroed(criteria, {"B1.01": "走了"}) == {}
    assert zeroed(criteria, {}) == {}
    assert zeroed(criteria, {"B1.01": Na("无")}) == {}


def test_not_applicable_sets_off_no_cascade():
    may = text("outlet").replace("{在: 1, 不在: 0}}", "{在: 1, 不在: 0}, na: true}")
    assert zeroed(read(may).criteria(), {"B1.01": Na("大堂装修")}) == {}


def test_criteria_of_another_form_are_not_taken():
    """A cascade of one form names criteria that the form does not ask: nothing happens to them."""
    only = [c for c in sample("outlet").criteria() if c.id in ("B1.01", "B1.02")]
    assert zeroed(only, {"B1.01": "不在"}) == {"B1.02": "B1.01"}


def test_two_causes_keep_the_first():
    both = text("outlet").replace(
        "            text: 谁先", "            cascade: {when: [推诿], zero: [B1.02]}\n            text: 谁先"
    )
    found = zeroed(read(both).criteria(), {"B1.01": "不在", "B2.01": "推诿"})
    assert found["B1.02"] == "B1.01"
