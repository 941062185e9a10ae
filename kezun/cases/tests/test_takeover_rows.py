"""A later ledger: its rows are known again by their number, and a changed cell makes no second case."""

from __future__ import annotations

import importlib

import pytest
from django.apps import apps
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from kezun.cases import takeover, takeover_rows
from kezun.cases.actions.takeover import bring_ledger
from kezun.cases.models import Case, LedgerBook, LedgerRow
from kezun.cases.tests.test_takeover import GOOD, HEADS, book, changed, run
from kezun.kernel.file import keep
from tests.complaining import install

__all__ = ["run"]
OTHER = {"受理时间": "2026-02-02", "投诉人": "李二", "联系电话": "13900002222", "投诉内容": "柜员态度不好"}


@pytest.mark.parametrize(
    ("cells", "named"),
    [
        ({"处理结果": "已再次道歉"}, "结果"),
        ({"投诉人": "王晓明", "满意度": "不满意"}, "满意度、姓名"),
        ({"受理时间": "2026-03-03 09:30"}, "收到时间"),
        ({"网点名称": "机构O2"}, "机构"),
        ({"办结时间": ""}, "办结日期"),
        ({name: text for name, text in OTHER.items() if name != "受理时间"}, "姓名、投诉内容、电话"),
    ],
)
def test_a_changed_cell_makes_no_second_case(run, cells, named):
    run([GOOD])
    case = Case.objects.get()
    made = run([changed(**cells)])
    assert (made.progress["fresh"], made.progress["same"], made.progress["rejected"]) == (0, 0, 1)
    [fault] = made.progress["faults"]
    assert fault["column"] == "source_no"
    assert fault["text"].startswith(f"此前已导入为 {case.no}")
    told = fault["text"].split("：")[1].split("。")[0]
    assert set(told.split("、")) == set(named.split("、"))
    assert Case.objects.get().seq == case.seq, "nothing was taken of it"
    assert LedgerBook.objects.latest("pk").rejects is not None, "it stands in the file to mend"


def test_the_same_number_of_another_month_is_another_complaint(run):
    """Many ledgers begin with 1 each month, and every outlet has its own."""
    run([GOOD])
    made = run([changed(**OTHER)])
    assert (made.progress["fresh"], made.progress["rejected"]) == (1, 0)
    again = run([changed(**OTHER, 处理结果="已再次道歉"), changed(处理结果="已再次道歉")])
    assert again.progress["rejected"] == 2
    assert Case.objects.count() == 2


def test_without_the_column_of_numbers_nothing_is_known_by_it(run):
    run([GOOD])
    made = run([changed(编号="", 处理结果="已再次道歉")])
    assert made.progress["fresh"] == 1


def test_a_column_that_nobody_asks_for_changes_nothing(run, world, monkeypatch):
    run([GOOD])
    monkeypatch.setattr("kezun.cases.tests.test_takeover.HEADS", [*HEADS, "备注甲"])
    made = run([[*GOOD, "已归档"]])
    assert (made.progress["fresh"], made.progress["same"], made.progress["rejected"]) == (0, 1, 0)


def test_rows_from_before_are_known_by_number_and_receipt(run):
    run([GOOD])
    LedgerRow.objects.update(marks={}, number="")
    importlib.import_module("kezun.cases.migrations.0006_ledger_numbers").number_rows(apps, None)
    assert LedgerRow.objects.get().number == "T-1"
    made = run([changed(处理结果="已再次道歉")])
    [fault] = made.progress["faults"]
    assert "部分内容" in fault["text"]
    assert run([changed(**OTHER)]).progress["fresh"] == 1, "another day, and nothing else to know it by"


@pytest.mark.parametrize(
    ("language", "known", "there"),
    [("zh-hans", "不同之处：结果", "已导入"), ("en", "differs in: Result", "there already")],
)
def test_the_preview_says_what_is_known_and_what_differs(run, world, client, language, known, there):
    install()
    run([GOOD, changed(编号="T-2", **OTHER)])
    rows = [
        changed(处理结果="已再次道歉"),
        changed(编号="T-2", **OTHER),
        changed(编号="T-3", 联系电话="13700003333"),
    ]
    file = keep(world["office"], book(rows), "l.xlsx", allow=("xlsx",))
    client.force_login(world["office"], backend="kezun.org.signin.Backend")
    with translation.override(language):
        address = f"/complaints/ledger/{bring_ledger(world['office'], file).pk}/"
        answer = client.get(address, headers={"accept-language": language})
    assert (answer.context["good"], answer.context["same"], answer.context["bad"]) == (1, 1, 1)
    text = answer.content.decode()
    assert Case.objects.order_by("pk")[0].no in text
    if language == "zh-hans":
        assert known in text
        assert there in text


def test_whoever_looks_at_many_rows_asks_for_all_at_once(run, django_assert_max_num_queries):
    run([GOOD])
    rows = [changed(编号=f"T-{n}") for n in range(1200)]
    with django_assert_max_num_queries(3):
        before = takeover_rows.Before({"source_no": 0}, rows)
    assert len(before.by_key) == 1


COLUMNS = {name: at for at, name in enumerate(("source_no", "name", "story"))}
CELLS = st.lists(st.text(max_size=20), max_size=5)


@given(CELLS, CELLS)
def test_marks_tell_which_cells_differ_and_nothing_else(one, other):
    def texts(cells):
        return {name: cells[at].strip() for name, at in COLUMNS.items() if at < len(cells)}

    here, there = texts(one), texts(other)
    differs = {name for name in COLUMNS if here.get(name, "") != there.get(name, "")}
    marks = takeover_rows.marks_of(one, COLUMNS), takeover_rows.marks_of(other, COLUMNS)
    if marks[1]:
        assert set(takeover_rows._differing(*marks)) == differs
    assert all(len(mark) == 16 and mark not in one for mark in marks[0].values())


def test_a_row_of_no_ledger_is_not_known(world):
    reader = takeover.Reader({}, {})
    assert reader.before.find(["x"], None) is None
