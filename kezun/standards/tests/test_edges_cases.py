"""Edges of the rules: days of validity, tags, methods, ratings, overlays, sheets, versions."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kezun.standards.excel import words
from kezun.standards.renewing import next_version
from kezun.standards.rules import asked, evaluate, lacks
from kezun.standards.rules.bands import rating_of
from kezun.standards.rules.columns import Row, amount, header_of
from kezun.standards.rules.comparing import comparable, compare, origins
from kezun.standards.rules.editions import fault_of
from kezun.standards.rules.form import (
    Applies,
    Change,
    Checker,
    CountDefects,
    Graded,
    Lineage,
    Option,
    Range,
    Rating,
    Reference,
    Scale,
    Text,
    Validity,
)
from kezun.standards.rules.marking import proposed
from kezun.standards.rules.overlay import overlaid
from kezun.standards.tests.samples import TAGS, conforming, sample

D = Decimal
OUTLET, FESTIVAL = sample("outlet"), sample("festival")
JUNE = Validity(dt.date(2026, 6, 1), dt.date(2026, 7, 1))

DAYS = {
    "the day before": (dt.date(2026, 5, 31), False),
    "the first": (dt.date(2026, 6, 1), True),
    "the last": (dt.date(2026, 6, 30), True),
    "the end itself": (dt.date(2026, 7, 1), False),
}


@pytest.mark.parametrize(("day", "holds"), DAYS.values(), ids=DAYS)
def test_validity_is_half_open(day, holds):
    assert JUNE.holds(day) is holds
    assert Validity(JUNE.start).holds(day) is (day >= JUNE.start)


TAG = st.sampled_from("abcd")
TAGGED = st.frozensets(TAG)


@given(TAGGED, TAGGED, TAGGED, TAGGED)
def test_tags_that_apply_are_those_of_set_theory(some, every, none, tags):
    made = Applies(tuple(some), tuple(every), tuple(none))
    assert made.to(tags) is ((not some or bool(some & tags)) and every <= tags and not none & tags)


METHODS = {
    "no method asks all": (Checker(methods=("暗访",), blind=True), None, True),
    "named": (Checker(methods=("明查",)), "明查", True),
    "another": (Checker(methods=("明查",)), "自查", False),
    "none named": (Checker(), "自查", True),
    "blind and none named": (Checker(blind=True), "自查", False),
    "blind and named": (Checker(methods=("暗访",), blind=True), "暗访", True),
}


@pytest.mark.parametrize(("checker", "method", "asks"), METHODS.values(), ids=METHODS)
def test_which_methods_ask_a_criterion(checker, method, asks):
    assert checker.by(method) is asks


POINTS = Scale(D(100), bands=(Rating("甲", D(90), D(5)), Rating("乙", D("60.5")), Rating("丙")))
DEMERITS = replace(
    POINTS, kind="demerits", bands=(Rating("甲", D(10), D(5)), Rating("乙", D(20)), Rating("丙"))
)
RATED = {
    "on the bound": (POINTS, Fraction(90), [5], "甲"),
    "a hair below": (POINTS, Fraction(90) - Fraction(1, 10**12), [0], "乙"),
    "one loss too large": (POINTS, Fraction(99), ["5.01"], "乙"),
    "no losses": (POINTS, Fraction(99), [], "甲"),
    "a bound with places": (POINTS, Fraction(121, 2), [60], "乙"),
    "the last takes all": (POINTS, Fraction(-5), [60], "丙"),
    "few demerits": (DEMERITS, Fraction(10), [5], "甲"),
    "few but in one place": (DEMERITS, Fraction(6), [6], "乙"),
    "more": (DEMERITS, Fraction(21, 2), [1], "乙"),
    "many": (DEMERITS, Fraction(80), [30], "丙"),
    "no bands": (Scale(D(100)), Fraction(99), [], None),
}


@pytest.mark.parametrize(("scale", "total", "losses", "name"), RATED.values(), ids=RATED)
def test_a_rating_by_total_and_worst_loss(scale, total, losses, name):
    assert rating_of(scale, total, [D(loss) for loss in losses]) == name


FAULTS = {
    "not there": (None, "2", "change_unknown"),
    "options": (Graded((Option("好", D(1)),)), "2", ""),
    "nothing left": (Graded((Option("好", D(1)),)), "0", "change_of_range"),
    "below nothing": (Graded((Option("好", D(1)),)), "-1", "change_of_range"),
    "a range": (Range(D(0), D(10)), "2", "change_of_range"),
    "words": (Text(), "2", "change_of_range"),
    "under a floor": (CountDefects(D(1), D(3)), "2", "change_of_range"),
    "on a floor": (CountDefects(D(1), D(3)), "3", ""),
}


@pytest.mark.parametrize(("answer", "points", "code"), FAULTS.values(), ids=FAULTS)
def test_which_points_an_overlay_may_change(answer, points, code):
    first = next(OUTLET.criteria())
    criterion = None if answer is None else replace(first, answer=answer)
    assert fault_of(Change("A1.01", D(points)), criterion) == code


@pytest.mark.parametrize("counting", ["beside", "within"])
def test_what_an_overlay_adds_stands_in_one_place_only(counting):
    made = overlaid(OUTLET, replace(FESTIVAL, over=replace(FESTIVAL.over, counting=counting)))
    ids = [c.id for c in made.criteria()]
    assert ids == [*(c.id for c in OUTLET.criteria()), *(c.id for c in FESTIVAL.criteria())]
    assert len(set(made.ids())) == len(list(made.ids()))
    assert bool(made.beside) is (counting == "beside")
    assert [c.id for c in asked(made, tags=TAGS)] == ids


def test_answers_to_the_standard_alone_lack_the_overlays_and_no_others():
    made = overlaid(OUTLET, FESTIVAL)
    found = lacks(made, conforming(), tags=TAGS)
    assert [(one.criterion, one.code) for one in found] == [("J1.01", "unanswered"), ("J1.02", "unanswered")]
    full = conforming(J1_01="足", J1_02="有")
    assert evaluate(made, full, tags=TAGS).score == 100
    short = evaluate(made, full | {"J1.01": "不足"}, tags=TAGS)
    assert (short.score, short.beside[0].earned) == (100, 4)


@given(st.permutations(list(conforming().items())))
def test_the_order_of_answers_is_no_matter(items):
    changed = dict(items) | {"A2.01": 2, "B1.01": "不在"}
    assert evaluate(OUTLET, changed, tags=TAGS) == evaluate(
        OUTLET, conforming(A2_01=2, B1_01="不在"), tags=TAGS
    )


LINEAGES = {
    "by its id": (None, ["A1.01"]),
    "said to be new": (Lineage("new"), []),
    "by name": (Lineage("same_as", (Reference("2025.1", "A1.02"),)), ["A1.02"]),
    "of another edition": (Lineage("same_as", (Reference("2024.1", "X"),)), ["A1.01"]),
    "of what is not there": (Lineage("same_as", (Reference("2025.1", "X"),)), []),
}


@pytest.mark.parametrize(("lineage", "ids"), LINEAGES.values(), ids=LINEAGES)
def test_where_a_criterion_comes_from(lineage, ids):
    old = replace(OUTLET, version="2025.1")
    one = replace(next(OUTLET.criteria()), lineage=lineage)
    assert [c.id for c in origins(one, old)] == ids


def test_comparing_the_other_way_round_swaps_added_and_retired():
    bare = [replace(m, items=()) for m in OUTLET.modules[1:]]
    less = replace(OUTLET, version="2026.2", modules=(OUTLET.modules[0], *bare))
    there, back = compare(OUTLET, less), compare(less, OUTLET)
    gone = [p.old[0].id for p in there.of("retired")]
    assert gone == [p.new.id for p in back.of("added")] == ["B1.01", "B1.02", "B1.03", "B2.01"]
    assert sum(p.points for p in there.pairs) == -sum(p.points for p in back.pairs) == -60
    assert not comparable(OUTLET, less)
    assert comparable(OUTLET, replace(OUTLET, version="2026.2"))


VERSIONS = {
    "counted up": ("2026.1", [], "2026.2"),
    "taken": ("2026.1", ["2026.2", "2026.3"], "2026.4"),
    "nine": ("2026.9", [], "2026.10"),
    "no number": ("spring", [], "spring.2"),
    "words behind": ("v3-draft", [], "v4-draft"),
    "one number": ("7", ["8"], "9"),
}


@pytest.mark.parametrize(("version", "taken", "then"), VERSIONS.values(), ids=VERSIONS)
def test_the_next_version_is_free(version, taken, then):
    assert next_version(version, taken) == then


AMOUNTS = {
    "whole": ("5", D(5)),
    "with its unit": ("5分", D(5)),
    "with places": (" 2.50 分 ", D("2.5")),
    "with a sign": ("-3", D(-3)),
    "a plus": ("+3", D(3)),
    "a long unit": ("5 points", None),
    "a span": ("3-5", None),
    "a word": ("若干", None),
    "nothing": ("", None),
    "thousands": ("1,000", None),
}


@pytest.mark.parametrize(("cell", "value"), AMOUNTS.values(), ids=AMOUNTS)
def test_points_in_a_cell(cell, value):
    assert amount(cell) == value


def row(number: int, *cells: str) -> Row:
    return Row(number, cells)


HEADERS = {
    "the first with both": (
        [("表",), ("序号", "内容", "分值")],
        {},
        (1, {"number": 0, "content": 1, "points": 2}),
    ),
    "brackets and blanks": ([("内 容（必填）", "分值：")], {}, (0, {"content": 0, "points": 1})),
    "English in any case": ([("CRITERION", "points")], {}, (0, {"content": 0, "points": 1})),
    "by letter": ([("甲", "乙")], {"content": "A", "points": "B"}, (0, {"content": 0, "points": 1})),
    "by its own title": ([("看什么", "分值")], {"content": "看什么"}, (0, {"content": 0, "points": 1})),
    "nothing": ([("甲", "乙")], {}, None),
}


@pytest.mark.parametrize(("lines", "columns", "found"), HEADERS.values(), ids=HEADERS)
def test_which_row_holds_the_titles(lines, columns, found):
    told = [row(n, *cells) for n, cells in enumerate(lines, 1)]
    assert header_of(told, words(), columns) == found


MARKED = {
    "so much a defect": ("每处扣0.5分", "3", CountDefects(D("0.5")), "defects_proposed"),
    "options with points": (
        "优 4分；良 2分；差不得分",
        "4",
        Graded((Option("优", D(1)), Option("良", D("0.5")), Option("差", D(0)))),
        "options_proposed",
    ),
    "two deductions": (
        "每处扣1分，每次扣2分",
        "5",
        Graded((Option("符合", D(1)), Option("不符合", D(0)))),
        "several_deductions",
    ),
    "no rule": ("", "5", Graded((Option("符合", D(1)), Option("不符合", D(0)))), ""),
    "worth nothing": ("每处扣1分", "0", Text(), "no_points_text"),
}


@pytest.mark.parametrize(("guide", "points", "answer", "note"), MARKED.values(), ids=MARKED)
def test_what_a_marking_rule_proposes(guide, points, answer, note):
    assert proposed(guide, D(points), words().marking) == (answer, note)
