"""A bank's own checklist as rows: columns by title, headings by shape, answers from marking rules."""

from __future__ import annotations

from decimal import Decimal

import pytest

from kezun.standards.excel import words
from kezun.standards.rules.columns import Row, amount
from kezun.standards.rules.form import CountDefects, Graded, Option, Text
from kezun.standards.rules.marking import proposed
from kezun.standards.rules.tables import table_of

HEAD = ("序号", "内容", "分值", "评分标准", "检查方式")


def rows(*lines, head=HEAD, wide=()):
    """Rows from 1 on; `wide`: numbers of rows that are merged sideways."""
    return [
        Row(n, tuple(line), frozenset(range(len(head))) if n in wide else frozenset())
        for n, line in enumerate((head, *lines), 1)
    ]


def table(*lines, head=HEAD, wide=(), columns=None):
    return table_of(rows(*lines, head=head, wide=wide), words(), columns)


def shape(found):
    """{module: {item: [(id, points)]}}"""
    return {
        m.title: {i.title: [(c.id, c.points) for c in i.criteria] for i in m.items} for m in found.modules
    }


def codes(remarks):
    return [(r.row, r.column, r.code) for r in remarks]


def test_headings_by_chinese_numerals_and_points_in_brackets():
    found = table(
        ("", "一、环境管理（5分）", "", "", ""),
        ("", "（一）室外环境（5分）", "", "", ""),
        ("1", "门楣整洁", "2", "", "明查"),
        ("2", "地面干净", "3", "每处扣0.5分", "明查、自查"),
        ("", "二、服务（10分）", "", "", ""),
        ("", "（一）大堂（10分）", "", "", ""),
        ("3", "主动迎候", "10", "", "暗访"),
    )
    assert not found.problems
    assert codes(found.notes) == [(5, 3, "defects_proposed")]
    assert shape(found) == {
        "环境管理": {"室外环境": [("M1.1.01", 2), ("M1.1.02", 3)]},
        "服务": {"大堂": [("M2.1.01", 10)]},
    }
    assert found.modules[0].items[0].criteria[1].answer == CountDefects(Decimal("0.5"))
    assert found.modules[0].items[0].criteria[1].checker.methods == ("明查", "自查")


def test_headings_in_merged_rows_with_figures():
    found = table(
        ("模块一 环境管理", "", "", "", ""),
        ("1.1 室外环境(5)", "", "", "", ""),
        ("1", "门楣整洁", "2", "", ""),
        ("2", "地面干净", "3", "", ""),
        ("1.2 室内环境(4)", "", "", "", ""),
        ("3", "座椅完好", "4", "", ""),
        wide=(2, 3, 6),
    )
    assert shape(found) == {
        "环境管理": {"室外环境": [("M1.1.01", 2), ("M1.1.02", 3)], "室内环境": [("M1.2.01", 4)]}
    }
    assert not found.notes


def test_headings_by_numbers_that_go_on():
    found = table(
        ("1", "环境管理", "5", "", ""),
        ("1.1", "室外环境", "5", "", ""),
        ("1.1.1", "门楣整洁", "5", "", ""),
        ("2", "服务", "6", "", ""),
        ("2.1", "大堂", "6", "", ""),
        ("2.1.1", "迎候", "6", "", ""),
    )
    assert shape(found) == {"环境管理": {"室外环境": [("M1.1.01", 5)]}, "服务": {"大堂": [("M2.1.01", 6)]}}
    assert not found.problems


def test_modules_and_items_in_columns_of_their_own():
    head = ("模块", "项目", "序号", "考核内容", "分值")
    found = table(
        ("环境", "室外", "1", "门楣整洁", "2"),
        ("", "", "2", "地面干净", "3"),
        ("", "室内", "3", "座椅完好", "4"),
        ("服务", "大堂", "4", "迎候", "5"),
        ("", "柜面", "5", "唱收唱付", "6"),
        head=head,
    )
    assert shape(found) == {
        "环境": {"室外": [("M1.1.01", 2), ("M1.1.02", 3)], "室内": [("M1.2.01", 4)]},
        "服务": {"大堂": [("M2.1.01", 5)], "柜面": [("M2.2.01", 6)]},
    }


def test_an_item_of_the_same_name_in_another_module():
    head = ("模块", "项目", "内容", "分值")
    found = table(("环境", "其他", "甲", "2"), ("服务", "其他", "乙", "3"), head=head)
    assert shape(found) == {"环境": {"其他": [("M1.1.01", 2)]}, "服务": {"其他": [("M2.1.01", 3)]}}


def test_a_plain_list_is_one_module():
    found = table(("1", "甲", "2", "", ""), ("2", "乙", "3分", "", ""))
    assert shape(found) == {"M1": {"M1.1": [("M1.1.01", 2), ("M1.1.02", 3)]}}


def test_one_level_of_headings_is_modules():
    found = table(
        ("", "一、环境", "", "", ""),
        ("1", "甲", "2", "", ""),
        ("", "二、服务", "", "", ""),
        ("2", "乙", "3", "", ""),
    )
    assert shape(found) == {"环境": {"环境": [("M1.1.01", 2)]}, "服务": {"服务": [("M2.1.01", 3)]}}


def test_a_third_level_of_headings_is_refused():
    found = table(
        ("", "一、环境", "", "", ""),
        ("", "（一）室外", "", "", ""),
        ("", "1.1 门前(2)", "", "", ""),
        ("1", "甲", "2", "", ""),
    )
    assert codes(found.problems) == [(4, None, "too_many_levels")]


def test_a_heading_that_states_other_points_is_told_and_the_rows_count():
    found = table(("", "一、环境（9分）", "", "", ""), ("1", "甲", "2", "", ""), ("2", "乙", "3", "", ""))
    assert not found.problems
    assert found.modules[0].points == 5
    [note] = found.notes
    assert (note.row, note.code) == (2, "heading_differs")
    assert note.params == {"title": "环境", "stated": "9", "found": "5"}


def test_headings_without_rows_are_left_out():
    found = table(("", "一、空的", "", "", ""), ("", "二、环境", "", "", ""), ("1", "甲", "2", "", ""))
    assert list(shape(found)) == ["环境"]


def test_rows_that_add_up_and_empty_rows_are_no_criteria():
    found = table(
        ("1", "甲", "2", "", ""),
        ("", "", "", "", ""),
        ("合 计", "", "2", "", ""),
        ("总分：", "", "100", "", ""),
    )
    assert shape(found) == {"M1": {"M1.1": [("M1.1.01", 2)]}}


def test_what_stands_above_the_titles_is_the_title():
    above = [Row(1, ("网点检查表", "", "")), Row(2, ("检查时间：", "", ""))]
    body = [Row(3, ("序号", "检查内容", "标准分")), Row(4, ("1", "甲", "2"))]
    assert table_of([*above, *body], words()).title == "网点检查表"


def test_columns_by_given_titles_and_letters():
    head = ("号", "要看什么", "多少", "怎么扣")
    line = ("1", "甲", "2", "每次扣1分")
    by_title = table(line, head=head, columns={"content": "要看什么", "points": "多少"})
    assert shape(by_title) == {"M1": {"M1.1": [("M1.1.01", 2)]}}
    by_letter = table(line, head=head, columns={"content": "B", "points": "C", "guide": "D"})
    assert by_letter.modules[0].items[0].criteria[0].answer == CountDefects(Decimal(1))
    assert by_letter.columns == {"content": 1, "points": 2, "guide": 3}


def test_titles_are_known_without_blanks_brackets_and_case():
    found = table(("1", "a", "2"), head=("NO.", "con tent", "分 值（分）"))
    assert not found.problems


@pytest.mark.parametrize("columns", [None, {"content": "没有这列"}, {"content": "ZZ"}])
def test_without_titles_there_is_no_table(columns):
    found = table(("1", "甲", "2", "", ""), head=("a", "b", "c", "d", "e"), columns=columns)
    assert codes(found.problems) == [(1, None, "no_header")]
    assert found.modules == ()


def test_a_column_that_is_missing_is_named():
    found = table(("1", "甲", ""), head=("序号", "内容", "说明"))
    assert [(p.code, p.params) for p in found.problems] == [("no_column", {"name": "points"})]


def test_a_column_that_was_given_must_be_there():
    found = table(("1", "甲", "2", "", ""), columns={"severity": "轻重"})
    assert [(p.code, p.params) for p in found.problems] == [("no_column", {"name": "severity"})]


@pytest.mark.parametrize(
    ("line", "remark"),
    [
        (("1", "", "2", "", ""), (3, 1, "no_content")),
        (("1", "甲", "", "", ""), (3, 2, "no_points")),
        (("1", "甲", "很多", "", ""), (3, 2, "bad_points")),
        (("1", "甲", "-2", "", ""), (3, 2, "bad_points")),
        (("1", "甲", "1,5", "", ""), (3, 2, "bad_points")),
    ],
)
def test_a_cell_that_cannot_be_taken_is_named(line, remark):
    found = table(("0", "先有一条", "1", "", ""), line)
    assert codes(found.problems) == [remark]


def test_points_merged_over_rows_are_named():
    lines = [*rows(("1", "甲", "2", "", "")), Row(3, ("2", "乙", "", "", ""), below=frozenset({2}))]
    assert codes(table_of(lines, words()).problems) == [(3, 2, "points_merged")]


def test_all_problems_at_once():
    found = table(("1", "", "2", "", ""), ("2", "乙", "x", "", ""), ("3", "", "3", "", ""))
    assert [p.row for p in found.problems] == [2, 3, 4]


def test_titles_without_rows():
    assert codes(table(head=HEAD).problems) == [(1, None, "no_rows")]


def test_a_marking_rule_may_go_on_in_the_next_row():
    found = table(("1", "甲", "2", "有污渍", ""), ("", "", "", "每处扣1分", ""))
    [criterion] = found.modules[0].items[0].criteria
    assert criterion.guide == "有污渍\n每处扣1分"
    assert criterion.answer == CountDefects(Decimal(1))


def test_a_marking_rule_under_nothing_is_told():
    found = table(("", "", "", "每处扣1分", ""), ("1", "甲", "2", "", ""))
    assert codes(found.problems) == [(2, 1, "no_content"), (2, 2, "no_points")]


def test_a_row_with_only_a_number_adds_nothing():
    found = table(("1", "甲", "2", "", ""), ("2", "", "", "", ""))
    assert shape(found) == {"M1": {"M1.1": [("M1.1.01", 2)]}}


def test_codes_in_the_sheet_are_kept_where_they_are_free():
    found = table(
        ("HJ1", "环境(3)", "", "", ""),
        ("HJ1.1", "门前(3)", "", "", ""),
        ("HJ1.1.1", "甲", "1", "", ""),
        ("HJ1.1.1", "乙", "2", "", ""),
    )
    [module] = found.modules
    assert module.id == "HJ1"
    assert module.items[0].id == "HJ1.1"
    assert [c.id for c in module.items[0].criteria] == ["HJ1.1.1", "HJ1.1.02"]
    clash = table(("M1", "环境(3)", "", "", ""), ("M1", "甲", "3", "", ""))
    ids = [clash.modules[0].id, clash.modules[0].items[0].id, clash.modules[0].items[0].criteria[0].id]
    assert len(set(ids)) == 3


def test_checker_frequency_severity_and_days():
    head = ("序号", "内容", "分值", "检查方式", "检查人", "检查频次", "严重程度", "整改天数")
    found = table(
        ("1", "甲", "2", "明查/自查", "督导；负责人", "明查: 每季；自查: 每月", "较重", "7天"),
        ("2", "乙", "2", "明查", "", "每周", "", "0"),
        ("3", "丙", "2", "", "", "每周", "", ""),
        head=head,
    )
    first, second, third = found.modules[0].items[0].criteria
    assert first.checker.methods == ("明查", "自查")
    assert first.checker.roles == ("督导", "负责人")
    assert first.frequency == (("明查", "每季"), ("自查", "每月"))
    assert first.severity == "较重"
    assert first.rectify.due_days == 7
    assert second.frequency == (("明查", "每周"),)
    assert second.rectify is None
    assert third.frequency == ()


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2", "2"),
        (" 2.5 分", "2.5"),
        ("-3", "-3"),
        ("10分。", "10"),
        ("", None),
        ("二", None),
        ("2到3", None),
        ("1e5", None),
    ],
)
def test_an_amount_in_a_cell(text, value):
    assert amount(text) == (None if value is None else Decimal(value))


FULL, NONE = Decimal(1), Decimal(0)
PLAIN = Graded((Option("符合", FULL), Option("不符合", NONE)))


@pytest.mark.parametrize(
    ("guide", "points", "answer", "note"),
    [
        ("", 5, PLAIN, ""),
        ("整洁有序", 5, PLAIN, ""),
        ("每缺损一处扣2分", 10, CountDefects(Decimal(2)), "defects_proposed"),
        ("发现污渍，每处扣 0.5 分，扣完为止", 3, CountDefects(Decimal("0.5")), "defects_proposed"),
        ("每处扣1分；同类问题每处扣1分", 3, CountDefects(Decimal(1)), "defects_proposed"),
        ("缺一项每项扣1分；未公示每次扣2分", 3, PLAIN, "several_deductions"),
        ("每处扣0分", 3, PLAIN, ""),
        (
            "好得4分；较好得3分；差不得分",
            4,
            Graded((Option("好", FULL), Option("较好", Decimal("0.75")), Option("差", NONE))),
            "options_proposed",
        ),
        (
            "优：10分，良：8分，差：0分",
            10,
            Graded((Option("优", FULL), Option("良", Decimal("0.8")), Option("差", NONE))),
            "options_proposed",
        ),
        ("好得4分；较好得3分", 5, PLAIN, ""),
        ("好得3分；一般得1分", 3, PLAIN, ""),
        ("好得4分；要整洁", 4, PLAIN, ""),
        ("不得分", 4, PLAIN, ""),
        ("备注用", 0, Text(), "no_points_text"),
    ],
)  # fmt: skip
def test_a_marking_rule_proposes_an_answer(guide, points, answer, note):
    assert proposed(guide, Decimal(points), words().marking) == (answer, note)
