"""Two editions side by side: what became of each criterion, in words and points; whether a trend runs on."""

from __future__ import annotations

from decimal import Decimal

import pytest

from kezun.standards.rules import read
from kezun.standards.rules.comparing import Piece, comparable, compare, origins, words
from kezun.standards.tests.samples import sample, text

MERGED = """
          - id: A1.06
            text: 门前与窗玻璃干净
            points: 20
            answer: {type: graded, options: {好: 1, 差: 0}}
            lineage: {merged_from: ["2025.1#A1.03", "2025.1#A1.04"], change: points}
"""


def newer(*, merged: bool = False, split: bool = False):
    """The 2026 edition of the small standard, all its points in A1."""
    body = text("outlet2025").replace('"2025.1"', '"2026.1"', 1).replace("from: 2025", "from: 2026")
    body = body.replace("          - {id: A1.05", "          - {id: A1.07")
    if merged:
        lines = [x for x in body.splitlines() if "A1.03" not in x and "A1.04" not in x]
        body = "\n".join(lines) + MERGED
        body = body.replace("id: A1.07, text: 报刊架齐全, points: 10", "id: A1.07, text: 报刊架, points: 20")
    if split:
        body = body.replace(
            "{id: A1.03, text: 窗玻璃干净, points: 15, answer: {type: graded, options: {好: 1, 差: 0}}}",
            "{id: A1.31, text: 窗玻璃无污渍, points: 5, answer: {type: graded, options: {好: 1}}, "
            'lineage: {split_from: "2025.1#A1.03"}}\n'
            "          - {id: A1.32, text: 窗框完好, points: 10, answer: {type: graded, options: {好: 1}}, "
            'lineage: {split_from: "2025.1#A1.03"}}',
        )
    return read(body)


OLD = sample("outlet2025")


def hows(found):
    return {p.new.id if p.new else p.old[0].id: p.how for p in found.pairs}


def test_added_and_retired():
    found = compare(OLD, newer())
    assert hows(found) == {
        "A1.01": "same",
        "A1.03": "same",
        "A1.04": "same",
        "A1.07": "added",
        "A1.05": "retired",
    }
    [gone] = found.of("retired")
    assert gone.points == -10
    assert gone.words() == (Piece("removed", "报刊架齐全"),)
    [new] = found.of("added")
    assert new.points == 10


def test_merged():
    found = compare(OLD, newer(merged=True))
    [pair] = found.of("merged")
    assert [c.id for c in pair.old] == ["A1.03", "A1.04"]
    assert pair.points == Decimal(-10)
    assert "points" in pair.fields
    assert pair.words()[-1].how in ("added", "removed")
    assert {p.old[0].id for p in found.of("retired")} == {"A1.05"}


def test_split():
    found = compare(OLD, newer(split=True))
    assert [(p.old[0].id, p.new.id) for p in found.of("split")] == [("A1.03", "A1.31"), ("A1.03", "A1.32")]
    assert "A1.03" not in {p.old[0].id for p in found.of("retired")}


def test_changed_fields_are_named():
    found = compare(OLD, sample("outlet"))
    [pair] = [p for p in found.pairs if p.new is not None and p.new.id == "A1.01"]
    assert pair.how == "changed"
    assert {"text", "points", "answer", "checker", "evidence"} <= set(pair.fields)
    assert "lineage" not in pair.fields
    assert "line" not in pair.fields
    assert pair.points == -10


def test_a_criterion_that_moved_under_another_id_is_the_same():
    body = text("outlet2025").replace('"2025.1"', '"2026.1"', 1).replace("from: 2025", "from: 2026")
    body = body.replace(
        "{id: A1.05, text: 报刊架齐全, points: 10, ",
        '{id: A1.50, text: 报刊架齐全, points: 10, lineage: {same_as: "2025.1#A1.05"}, ',
    )
    [pair] = [p for p in compare(OLD, read(body)).pairs if p.new is not None and p.new.id == "A1.50"]
    assert pair.old[0].id == "A1.05"
    assert pair.fields == ("id",)


def test_points_by_module():
    found = compare(OLD, sample("outlet"))
    assert [(w.id, w.old, w.new) for w in found.modules] == [("A", 60, 40), ("B", None, 60)]
    back = compare(sample("outlet"), OLD)
    assert [(w.id, w.old, w.new) for w in back.modules] == [("A", 40, 60), ("B", 60, None)]


def test_what_differs_in_the_head():
    body = (
        text("outlet").replace("title: 网点服务练习标准", "title: 新名称").replace("digits: 2", "digits: 1")
    )
    body = body.replace("na: renormalise", "na: zero").replace("[优秀, 良好, 达标, 不达标]", "[甲, 达标]")
    found = compare(sample("outlet"), read(body))
    assert ("title", "网点服务练习标准", "新名称") in found.head
    assert ("scale.na", "renormalise", "zero") in found.head
    assert ("scale.grades", "优秀, 良好, 达标, 不达标", "甲, 达标") in found.head
    assert ("rounding", "2", "1") in found.head
    assert not found.nothing


def test_origins_follow_lineage_into_that_edition_only():
    other = read(text("outlet2025").replace('"2025.1"', '"2024.1"'))
    criterion = sample("outlet").criterion("A1.01")
    assert [c.id for c in origins(criterion, OLD)] == ["A1.01"]
    assert [c.id for c in origins(criterion, other)] == ["A1.01"]
    new = read(text("outlet").replace('{same_as: "2025.1#A1.01", change: points}', "{new: true}")).criterion(
        "A1.01"
    )
    assert origins(new, OLD) == ()


@pytest.mark.parametrize(
    ("before", "after", "pieces"),
    [
        (
            "座椅不少于3倍",
            "座椅不少于4倍",
            [("same", "座椅不少于"), ("removed", "3"), ("added", "4"), ("same", "倍")],
        ),
        ("扣 10 分", "扣 15 分", [("same", "扣 "), ("removed", "10"), ("added", "15"), ("same", " 分")]),
        ("", "新", [("added", "新")]),
        ("旧", "", [("removed", "旧")]),
        ("一样", "一样", [("same", "一样")]),
        (
            "the old word",
            "the new word",
            [("same", "the "), ("removed", "old"), ("added", "new"), ("same", " word")],
        ),
    ],
)
def test_words_are_compared_by_character_and_by_latin_word(before, after, pieces):
    assert [(p.how, p.text) for p in words(before, after)] == pieces


EDITORIAL = '{same_as: "2025.1#A1.01", change: editorial}'


def reworded(lineage: str = "", **more: str):
    body = text("outlet2025").replace('"2025.1"', '"2026.1"', 1).replace("from: 2025", "from: 2026")
    said = f", lineage: {lineage}" if lineage else ""
    body = body.replace("text: 招牌清楚、完好, points: 20", f"text: 招牌清楚且完好, points: 20{said}")
    for was, by in more.values():
        body = body.replace(was, by)
    return read(body)


def test_a_trend_runs_on_where_only_words_were_edited_and_it_is_said():
    assert comparable(OLD, reworded(EDITORIAL))
    assert not comparable(OLD, reworded())
    assert not comparable(OLD, reworded('{same_as: "2025.1#A1.01", change: points}'))


def test_a_trend_runs_on_where_nothing_that_is_scored_changed():
    assert comparable(OLD, OLD)
    checked = {"roles": ("points: 10, answer", "points: 10, severity: 重大, answer")}
    assert comparable(OLD, reworded(EDITORIAL, **checked))


@pytest.mark.parametrize(
    ("was", "by"),
    [
        ("{好: 1, 差: 0}}}\n          - {id: A1.03", "{好: 1, 差: 0.5}}}\n          - {id: A1.03"),
        ("points: 10, answer", "points: 10, applies_to: {any: [临街]}, answer"),
        ("total: 60", "na: zero, total: 60"),
        ("A1.05", "A1.55"),
    ],
)
def test_a_trend_breaks_where_what_is_measured_changed(was, by):
    body = text("outlet2025").replace('"2025.1"', '"2026.1"', 1)
    assert was in body
    assert not comparable(OLD, read(body.replace(was, by)))


def test_a_trend_breaks_where_criteria_were_merged_or_belong_to_another_standard():
    assert not comparable(OLD, newer(merged=True))
    assert not comparable(OLD, newer())
    assert not comparable(OLD, sample("outlet"))
    assert not comparable(OLD, sample("hygiene"))
