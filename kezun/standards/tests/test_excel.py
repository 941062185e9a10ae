"""Workbooks: a bank's own checklist becomes a draft, a standard becomes a workbook that reads back."""

from __future__ import annotations

import io
import zipfile
from datetime import date
from decimal import Decimal

import pytest
from openpyxl import Workbook, load_workbook

from kezun.standards import excel
from kezun.standards.excel import NotASheet, read_sheet, sheets
from kezun.standards.excel_writing import marking_of, workbook
from kezun.standards.rules import read
from kezun.standards.rules.form import CountDefects
from kezun.standards.tests.samples import sample

TOLD = {"urn": "urn:bank:std:x", "version": "2026.1", "start": date(2026, 7, 1)}


def book(*rows, merged=(), name="检查表", more=()):
    """A workbook as bytes."""
    made = Workbook()
    sheet = made.active
    sheet.title = name
    for row in rows:
        sheet.append(row)
    for span in merged:
        sheet.merge_cells(span)
    for other in more:
        made.create_sheet(other)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def deduction_first(**more):
    """The form with columns for deductions and their reason, as inspectors fill it."""
    return book(
        ["网点服务考核表"],
        ["申报单位：", None, None, "考核时间："],
        ["序号", "内容", "分值", "扣分", "扣分原因"],
        ["一、环境管理（5分）"],
        ["1.1 室外环境（5分）"],
        [1, "门楣标牌整洁", 2, None, None],
        [2, "地面干净", 3, 1, "有烟头"],
        ["二、服务管理（10分）"],
        ["2.1 大堂（10分）"],
        [3, "主动迎候客户", 10, None, None],
        ["合计", None, 15],
        merged=("A1:E1", "A4:E4", "A5:E5", "A8:E8", "A9:E9"),
        **more,
    )


def refused(content, **more):
    with pytest.raises(NotASheet) as caught:
        read_sheet(content, **(TOLD | more))
    return caught.value


def test_the_deduction_first_form():
    draft = read_sheet(deduction_first(), **TOLD)
    made = read(draft.text)
    assert made == draft.standard
    assert made.title == "网点服务考核表"
    assert made.valid.start == date(2026, 7, 1)
    assert made.scale.total == 15
    assert [(m.title, m.points) for m in made.modules] == [("环境管理", 5), ("服务管理", 10)]
    assert [i.title for m in made.modules for i in m.items] == ["室外环境", "大堂"]
    assert [c.text for c in made.criteria()] == ["门楣标牌整洁", "地面干净", "主动迎候客户"]
    assert {o.name for c in made.criteria() for o in c.answer.options} == {"符合", "不符合"}
    assert draft.notes == ()
    assert draft.sheet == "检查表"


def test_the_form_with_marking_rules_and_merged_columns():
    content = book(
        ["模块", "项目", "序号", "考核内容", "标准分", "评分标准", "检查方式"],
        ["环境", "室外", 1, "门楣整洁", 2.5, "每处扣0.5分", "明查"],
        [None, None, 2, "地面干净", "1.5分", "干净得1.5分；一般得0.75分；脏不得分", "明查、自查"],
        [None, "室内", 3, "座椅完好", 4, None, "自查"],
        ["服务", "大堂", 4, "主动迎候", 6, "视情况扣分", "暗访"],
        merged=("A2:A4", "B2:B3"),
    )
    draft = read_sheet(content, **TOLD)
    made = read(draft.text)
    assert [m.title for m in made.modules] == ["环境", "服务"]
    assert [(i.title, i.points) for i in made.modules[0].items] == [("室外", 4), ("室内", 4)]
    first, second = made.modules[0].items[0].criteria
    assert first.answer == CountDefects(Decimal("0.5"))
    assert [(o.name, o.share) for o in second.answer.options] == [
        ("干净", 1),
        ("一般", Decimal("0.5")),
        ("脏", 0),
    ]
    assert second.checker.methods == ("明查", "自查")
    assert [(n.row, n.code) for n in draft.notes] == [(2, "defects_proposed"), (3, "options_proposed")]


def test_a_title_a_sheet_and_columns_may_be_given():
    content = book(["要点", "满"], ["甲", 5], name="表一", more=("表二",))
    draft = read_sheet(
        content, **TOLD, title="我行标准", sheet="表一", columns={"content": "要点", "points": "B"}
    )
    assert draft.standard.title == "我行标准"
    assert draft.columns == {"content": 0, "points": 1}
    assert sheets(content) == ["表一", "表二"]
    assert [p.code for p in refused(content, sheet="表三").problems] == ["no_sheet"]
    assert [p.code for p in refused(content, sheet="表二").problems] == ["no_header"]


def test_problems_name_sheet_row_and_column():
    content = book(["说明"], ["序号", "内容", "分值"], [1, "甲", "多"], [2, None, 3], [3, "丙", None])
    error = refused(content)
    assert error.sheet == "检查表"
    assert [(p.row, p.column, p.code) for p in error.problems] == [
        (3, 2, "bad_points"),
        (4, 1, "no_content"),
        (5, 2, "no_points"),
    ]
    assert "3: bad_points" in str(error)


def test_points_merged_over_two_rows():
    content = book(["序号", "内容", "分值"], [1, "甲", 3], [2, "乙", None], merged=("C2:C3",))
    assert [(p.row, p.code) for p in refused(content).problems] == [(3, "points_merged")]


def test_a_marking_rule_over_several_rows():
    content = book(
        ["序号", "内容", "分值", "评分标准"],
        [1, "甲", 3, "无缺损"],
        [None, None, None, "每处扣1分"],
        merged=("A2:A3", "B2:B3", "C2:C3"),
    )
    [criterion] = read_sheet(content, **TOLD).standard.criteria()
    assert criterion.guide == "无缺损\n每处扣1分"


@pytest.mark.parametrize("content", [b"", b"no workbook", b"PK\x03\x04broken", b"\xd0\xcf\x11\xe0broken"])
def test_what_is_no_workbook(content):
    assert [p.code for p in refused(content).problems] == ["not_a_workbook"]


def test_a_zip_that_is_no_workbook():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("a.txt", "x")
    assert [p.code for p in refused(out.getvalue()).problems] == ["not_a_workbook"]


def test_a_workbook_that_would_fill_the_memory(monkeypatch):
    monkeypatch.setattr(excel, "MAX_UNPACKED", 100)
    assert [p.code for p in refused(deduction_first()).problems] == ["too_large_file"]
    monkeypatch.setattr(excel, "MAX_BYTES", 100)
    assert [p.code for p in refused(deduction_first()).problems] == ["too_large_file"]


def test_a_sheet_with_too_many_rows(monkeypatch):
    monkeypatch.setattr(excel, "MAX_ROWS", 3)
    [problem] = refused(deduction_first()).problems
    assert problem.code == "too_many_rows"
    assert problem.params["rows"] == 3


def test_an_empty_sheet():
    assert [p.code for p in refused(book()).problems] == ["no_header"]


@pytest.mark.parametrize("name", ["outlet", "everything", "hygiene"])
def test_a_standard_written_to_excel_reads_back(name):
    made = sample(name)
    again = read_sheet(workbook(made), urn=made.id, version=made.version, start=made.valid.start).standard
    assert list(again.ids()) == list(made.ids())
    for was, now in zip(made.criteria(), again.criteria(), strict=True):
        assert (now.text, now.points, now.severity) == (was.text, was.points, was.severity)
        assert now.checker.methods == was.checker.methods
        assert now.checker.roles == was.checker.roles
        assert now.frequency == was.frequency
        assert (now.rectify and now.rectify.due_days) == (was.rectify and was.rectify.due_days)
    assert [m.title for m in again.modules] == [m.title for m in made.modules]
    assert again.scale.total == made.scale.total


def test_answers_of_options_and_defects_read_back():
    made = sample("outlet")
    again = read_sheet(workbook(made), **TOLD).standard
    for id in ("A1.01", "A2.01", "B1.02", "B1.03"):
        was, now = made.criterion(id).answer, again.criterion(id).answer
        shares = [[(o.name, o.share) for o in getattr(a, "options", ())] for a in (was, now)]
        assert shares[0] == shares[1]
        assert type(was) is type(now)
    assert again.criterion("A2.01").answer == CountDefects(Decimal(2))


def test_marking_rules_in_words():
    assert marking_of(sample("outlet").criterion("A1.01")) == "好 10分；尚可 5分；差 0分"
    assert marking_of(sample("outlet").criterion("A2.01")) == "每处扣2分，最低0分"
    assert marking_of(sample("outlet").criterion("A2.02")).endswith("ind.uptime >= 0.95：9分；其余：0分")
    assert marking_of(sample("everything").criterion("X1.0")) == ""
    assert marking_of(sample("everything").criterion("X1.1")).startswith("越短越好\n")
    assert marking_of(sample("everything").criterion("X1.2")).startswith("ind.rate = 0.9：0分")
    assert marking_of(sample("everything").criterion("X1.3")) == "-5 至 20 分"


def test_the_workbook_can_be_handed_round():
    sheet = load_workbook(io.BytesIO(workbook(sample("outlet")))).active
    assert sheet.title == "网点服务练习标准"
    assert sheet["A1"].value == "网点服务练习标准  2026.1"
    assert [c.value for c in sheet[2]][:3] == ["序号", "内容", "分值"]
    assert "B3:K3" in {str(r) for r in sheet.merged_cells.ranges}
    assert sheet.freeze_panes == "C3"
    assert sheet.cell(sheet.max_row, 3).value == 100


def test_nothing_a_standard_says_is_a_formula():
    from dataclasses import replace

    made = sample("hygiene")
    [module] = made.modules
    [item] = module.items
    evil = (replace(item.criteria[0], text='=HYPERLINK("http://example.org","y")\x07'), *item.criteria[1:])
    bad = replace(
        made,
        title="a/b:c*[x]",
        modules=(replace(module, title="=1+1", items=(replace(item, criteria=evil),)),),
    )
    sheet = load_workbook(io.BytesIO(workbook(bad))).active
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n", "inlineStr"}
    assert sheet.title == "a b c  x"


def test_the_catalog_goes_to_excel_and_back():
    from kezun.standards.shipped import shipped

    for made, _text in shipped():
        again = read_sheet(workbook(made), urn=made.id, version=made.version, start=made.valid.start)
        assert list(again.standard.ids()) == list(made.ids())
        assert [c.points for c in again.standard.criteria()] == [c.points for c in made.criteria()]
        assert not [n for n in again.notes if n.code == "heading_differs"]
