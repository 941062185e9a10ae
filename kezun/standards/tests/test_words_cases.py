"""A standard in words: on pages, in print and in lines of a terminal, in Chinese and in English."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from kezun.standards import printing, stating, wording
from kezun.standards.rules.comparing import Piece, compare, words
from kezun.standards.rules.form import (
    Applies,
    Band,
    Cascade,
    Checker,
    CountDefects,
    Criterion,
    Evidence,
    Graded,
    Indicator,
    Option,
    Range,
    Rectify,
    Text,
    Trigger,
    Validity,
    Veto,
)
from kezun.standards.rules.writing import plain
from kezun.standards.tests.samples import sample

D = Decimal
ONE, HALF, ZERO = D(1), D("0.5"), D(0)
OPTIONS = Graded((Option("好", ONE, "good"), Option("尚可", HALF, "fair"), Option("差", ZERO)))
BANDS = Indicator("x.rate", ">=", (Band(D("0.98"), ONE), Band(D("0.95"), D("0.6")), Band(None, ZERO)))
LINE = Indicator("x.rate", linear=((D("0.9"), ZERO), (D("0.99"), ONE)))
PLAIN = Criterion("A1", "门楣清洁", D(10), OPTIONS, text_en="Clean sign", guide="看门楣", guide_en="Look up")

FIGURES = {
    "zeros at the end": ("12.50", "12.5"),
    "only zeros behind": ("12.00", "12"),
    "a hundred": ("100", "100"),
    "written large": ("1E+2", "100"),
    "small": ("0.05", "0.05"),
    "nothing": ("0", "0"),
    "nothing with places": ("0.00", "0"),
    "below nothing": ("-1.50", "-1.5"),
}


@pytest.mark.parametrize(("value", "said"), FIGURES.values(), ids=FIGURES)
@pytest.mark.parametrize("figure", [wording.figure, plain], ids=["page", "text"])
def test_points_without_zeros_that_say_nothing(figure, value, said):
    assert figure(D(value)) == said


@given(st.decimals(-1000, 1000, places=4))
def test_a_figure_is_the_number_it_was(value):
    assert D(wording.figure(value)) == value == D(plain(value))


def test_no_points_are_no_figure():
    assert wording.figure(None) == "" == plain(None)


JUDGED = {
    "options": (OPTIONS, "", ""),
    "defects": (
        CountDefects(D("1.50"), D(2)),
        "每处缺陷扣 1.5 分，扣至 2 分为止。",
        "Each defect takes 1.5 points, down to 2.",
    ),
    "a range": (Range(D(-5), D(20)), "-5 至 20 分。", "-5 to 20 points."),
    "values": (Range(D(0), D(20), (D(0), D("2.50"), D(20))), None, "One of: 0, 2.5, 20 points."),
    "measured by what nobody declares": (BANDS, "取数：x.rate。", "Measured: x.rate."),
    "a remark": (Text(), "文字说明，不计分。", "A remark, without points."),
}


@pytest.mark.parametrize(("answer", "chinese", "english"), JUDGED.values(), ids=JUDGED)
def test_how_a_criterion_is_judged_in_a_sentence(answer, chinese, english):
    made = replace(PLAIN, answer=answer)
    if chinese is not None:
        assert wording.judged(made) == chinese
    with translation.override("en"):
        assert wording.judged(made) == english


STEPS = {
    "options": (OPTIONS, [("好", "10"), ("尚可", "5"), ("差", "0")]),
    "bands": (BANDS, [("≥ 0.98", "10"), ("≥ 0.95", "6"), ("其余", "0")]),
    "bands downwards": (Indicator("x", "<", (Band(D(10), ONE),)), [("< 10", "10")]),
    "bands with their bound": (Indicator("x", "<=", (Band(D("10.50"), HALF),)), [("≤ 10.5", "5")]),
    "bands of a time": (
        Indicator("floor.wait_p90", "<=", (Band(D(900), ONE), Band(D(1530), HALF), Band(None, ZERO))),
        [("≤ 15 分", "10"), ("≤ 25 分 30 秒", "5"), ("其余", "0")],
    ),
    "bands of a share": (
        Indicator("floor.satisfied_rate", ">=", (Band(D("0.9995"), ONE), Band(D("0.85"), HALF))),
        [("≥ 99.95 %", "10"), ("≥ 85 %", "5")],
    ),
    "a line of a share": (
        Indicator("floor.answer_rate", ">=", (), ((D("0.5"), ZERO), (D("0.98"), ONE))),
        [("50 %", "0"), ("98 %", "10")],
    ),
    "a line": (LINE, [("0.9", "0"), ("0.99", "10")]),
    "defects": (CountDefects(ONE), []),
    "a range": (Range(ZERO, D(10)), []),
    "a remark": (Text(), []),
}


@pytest.mark.parametrize(("answer", "told"), STEPS.values(), ids=STEPS)
def test_the_possible_answers_with_their_points(answer, told):
    assert [(s.name, s.points) for s in wording.steps(replace(PLAIN, answer=answer))] == told


def test_the_page_speaks_the_readers_language_where_the_standard_does():
    assert (wording.said(PLAIN), wording.guided(PLAIN)) == ("门楣清洁", "看门楣")
    with translation.override("en"):
        assert (wording.said(PLAIN), wording.guided(PLAIN)) == ("Clean sign", "Look up")
        assert [s.name for s in wording.steps(PLAIN)] == ["good", "fair", "差"]
        assert wording.option_name(PLAIN, "好") == "good"
        bare = replace(PLAIN, text_en="", guide_en="")
        assert (wording.said(bare), wording.guided(bare)) == ("门楣清洁", "看门楣")
        assert wording.named(sample("outlet").modules[0]) == "Premises"
        assert wording.named(sample("outlet").modules[0].items[0]) == "门前"
    assert wording.named(sample("outlet").modules[0]) == "场所"


@pytest.mark.parametrize("name", ["不在", ""], ids=["another", "none"])
def test_an_option_that_is_not_there_is_said_as_it_is(name):
    assert wording.option_name(PLAIN, name) == name
    assert wording.option_name(replace(PLAIN, answer=Text()), name) == name


WHENS = {
    "always": (None, "", ""),
    "lost": (Trigger(lost=True), "失分时", "whenever points are lost"),
    "one option": (Trigger(("尚可",)), "«尚可»", "«fair»"),
}


@pytest.mark.parametrize(("trigger", "chinese", "english"), WHENS.values(), ids=WHENS)
def test_on_which_answers_something_happens(trigger, chinese, english):
    assert wording.when(PLAIN, trigger) == chinese
    with translation.override("en"):
        assert wording.when(PLAIN, trigger) == english


def test_several_options_are_joined_by_or():
    with translation.override("en"):
        assert wording.when(PLAIN, Trigger(("好", "差"))) == "«good» or «差»"


EVIDENCE = {
    "a photo": (Evidence("photo"), "photo"),
    "two documents": (Evidence("document", 2), "document × 2"),
    "a kind that has no word": (Evidence("x-ray"), "x-ray"),
    "on an answer": (Evidence("note", 1, Trigger(("差",))), "a note («差»)"),
    "when points are lost": (
        Evidence("photo", 3, Trigger(lost=True)),
        "photo × 3 (whenever points are lost)",
    ),
}


@pytest.mark.parametrize(("piece", "said"), EVIDENCE.values(), ids=EVIDENCE)
def test_what_must_be_attached(piece, said):
    with translation.override("en"):
        assert wording.evidence(replace(PLAIN, evidence=(piece,))) == [said]


def test_what_an_answer_brings_with_it():
    made = replace(
        PLAIN,
        cascade=Cascade(Trigger(("差",)), ("A2", "A3")),
        veto=Veto(Trigger(lost=True), "达标", exclude_from_awards=True),
    )
    assert wording.consequences(PLAIN) == []
    assert wording.consequences(made)[0] == "答«差»时，A2, A3 不得分。"
    with translation.override("en"):
        cascade, veto = wording.consequences(made)
        assert cascade == "On «差» nothing is earned for A2, A3."
        assert veto.startswith("Veto on whenever points are lost: the grade is capped at «")
        assert veto.endswith("», no awards.")


APPLIES = {
    "everywhere": (Applies(), ""),
    "any": (Applies(any=("临街", "底层")), "only with one of: 临街, 底层"),
    "all and none": (Applies(all=("甲类",), none=("停业",)), "only with all of: 甲类; not with: 停业"),
}


@pytest.mark.parametrize(("to", "said"), APPLIES.values(), ids=APPLIES)
def test_to_which_outlets_a_criterion_applies(to, said):
    with translation.override("en"):
        assert wording.applies(replace(PLAIN, applies_to=to)) == said


def test_words_of_a_standard_have_english_where_the_catalog_gives_it():
    assert wording.term("明查") == "明查"
    with translation.override("en"):
        assert wording.term("明查") == "announced inspection"
        assert wording.term("某方式") == "某方式"
        assert wording.joined(["明查", "暗访"]) == "announced inspection, mystery visit"


FULL = replace(
    PLAIN,
    na=True,
    checker=Checker(("服务督导",), ("明查", "暗访")),
    evidence=(Evidence("photo", 2),),
    applies_to=Applies(any=("临街",)),
    cascade=Cascade(Trigger(("差",)), ("A2",)),
    severity="一般",
    rectify=Rectify(7),
)


def test_all_that_stands_beside_a_criterion_in_print():
    with translation.override("en"):
        assert printing.judging(FULL) == [
            "good 10; fair 5; 差 0",
            "«Not applicable» is allowed, with a reason.",
            "By: announced inspection, mystery visit",
            "Evidence: photo × 2",
            "Applies only with one of: 临街",
            "On «差» nothing is earned for A2.",
            "Severity: minor, to correct within 7 days",
        ]
        assert printing.judging(replace(FULL, rectify=None))[-1] == "Severity: minor"


def test_nothing_is_printed_of_what_a_criterion_does_not_say():
    assert printing.judging(replace(PLAIN, answer=Graded(()))) == []


@pytest.mark.parametrize("name", ["outlet", "everything", "hygiene"])
def test_every_criterion_is_printed_in_both_languages_without_an_open_place(name):
    for language in ("zh-hans", "en"):
        with translation.override(language):
            for criterion in sample(name).criteria():
                told = printing.judging(criterion)
                assert told
                assert not any("%(" in line for line in told)


LINES = {
    "options": (OPTIONS, "好 100% / 尚可 50% / 差 0%"),
    "defects": (CountDefects(D("1.50"), ZERO), "1.5 points off for each defect, down to 0"),
    "bands": (BANDS, "x.rate >= 0.98: 100% / >= 0.95: 60%"),
    "a line": (LINE, "x.rate 0.9: 0% / 0.99: 100%"),
    "a range": (Range(D(-5), D("20.0")), "-5 to 20 points"),
    "words": (Text(), "in words"),
}


@pytest.mark.parametrize(("answer", "said"), LINES.values(), ids=LINES)
def test_an_answer_in_one_line_of_a_terminal(answer, said):
    with translation.override("en"):
        assert stating.answer_words(answer) == said


def test_a_standard_in_lines_from_title_to_criteria():
    with translation.override("en"):
        told = list(stating.tree_lines(sample("outlet")))
    assert told[0] == "网点服务练习标准  urn:kezun:std:lianxi-wangdian@2026.1  2026-01-01–…"
    assert told[1] == "100 points"
    assert told[2] == "A 场所  40 points"
    assert told[3] == "  A1 门前  15 points"
    assert told[4] == (
        "    A1.01 招牌与营业时间公示清楚、完好  10 points  好 100% / 尚可 50% / 差 0%  明查, 自查"
    )
    assert len(told) == 2 + 2 + 4 + 8


def test_the_last_day_stands_in_the_first_line():
    ended = replace(sample("outlet"), valid=Validity(dt.date(2026, 1, 1), dt.date(2026, 7, 1)))
    assert next(stating.tree_lines(ended)).endswith("2026-01-01–2026-07-01")


def test_pieces_are_marked_as_they_became():
    pieces = words("门前清洁", "门前整洁")
    assert [p.text for p in pieces if p.how == "same"] == ["门前", "洁"]
    told = stating.marked((Piece("same", "a"), Piece("removed", "b"), Piece("added", "c")))
    assert told.index("a") < told.index("b") < told.index("c")
    assert told != "abc"


def test_two_that_say_the_same_are_said_to():
    found = compare(sample("outlet"), sample("outlet"))
    assert list(stating.change_words(found)) == ["两个版本内容相同。"]
    with translation.override("en"):
        assert list(stating.change_words(found)) == ["The two say the same."]


def test_what_changed_is_told_from_the_head_down_and_what_stayed_is_not():
    with translation.override("en"):
        told = list(stating.change_words(compare(sample("outlet2025"), sample("outlet"))))
    found = compare(sample("outlet2025"), sample("outlet"))
    differing = [p for p in found.pairs if p.how != "same"]
    weights = [w for w in found.modules if w.old != w.new]
    assert len(told) == len(found.head) + len(weights) + len(differing)
    for pair, line in zip(differing, told[-len(differing) :], strict=True):
        assert (pair.new or pair.old[0]).id in line
        assert stating.HOWS[pair.how] in line
