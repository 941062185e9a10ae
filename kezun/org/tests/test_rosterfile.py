"""Reading a roster from workbooks and CSV: headings in both languages, and everything that goes wrong."""

import datetime as dt
import io
import zipfile

import pytest
from django.core.exceptions import ValidationError
from django.utils import translation
from openpyxl import Workbook, load_workbook

from kezun.org import rosterfile
from kezun.org.faults import describe, place, sentence
from kezun.org.rosterfile import read
from kezun.org.rostersheets import SHEETS
from kezun.org.rostertemplate import template
from kezun.org.rules.roster import Fault

HEADS = {
    "units": ["code", "name", "kind", "parent", "tags", "from_date"],
    "posts": ["code", "name", "role"],
    "people": ["code", "name", "unit", "phone"],
    "assignments": ["person", "unit", "post", "from_date", "to_date"],
}


def book(heads=None, **sheets):
    made = Workbook()
    made.remove(made.active)
    for name, rows in sheets.items():
        sheet = made.create_sheet(name)
        sheet.append((heads or {}).get(name, HEADS[name]))
        for row in rows:
            sheet.append(row)
    return made


def content(made):
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def test_a_workbook_is_read_whole():
    made = book(
        units=[["O1", "一网点", "outlet", "S1", "临街，县域、大型", dt.datetime(2026, 3, 1)]],
        posts=[["t", "柜员", "综合柜员"]],
        people=[[1001, "王", "O1", 13812345678]],
        assignments=[["1001", "O1", "t", "2026/3/1", "20261231"]],
    )
    roster, faults = read(content(made), "r.xlsx")
    assert faults == []
    assert roster.units[0].tags == {"临街", "县域", "大型"}
    assert roster.units[0].from_date == dt.date(2026, 3, 1)
    assert roster.posts[0].role == "teller"
    assert (roster.people[0].code, roster.people[0].phone) == ("1001", "13812345678")
    assert roster.assignments[0].to_date == dt.date(2026, 12, 31)
    assert roster.assignments[0].row == 2


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_template_can_be_filled_in_and_read(language):
    with translation.override(language):
        made = load_workbook(io.BytesIO(template()))
    names = made.sheetnames
    assert len(names) == 5
    kind = {"zh-hans": "网点", "en": "Outlet"}[language]
    made[names[1]].append(["O1", "一网点", "First", kind, "S1"])
    made[names[2]].append(["t", "柜员", "Teller", {"zh-hans": "综合柜员", "en": "Teller"}[language]])
    with translation.override("zh-hans"):
        roster, faults = read(content(made), "r.xlsx")
    assert faults == []
    assert roster.units[0].kind == "outlet"
    assert roster.posts[0].role == "teller"
    notes = made[names[0]]
    assert notes.max_row == 1 + sum(len(columns) for _t, _m, columns in SHEETS.values())


@pytest.mark.parametrize("text", ["2026-03-01", "2026/3/1", "2026.3.1", "20260301"])
def test_days_in_four_styles(text):
    roster, faults = read(content(book(units=[["O1", "n", "outlet", "", "", text]])), "r.xlsx")
    assert faults == []
    assert roster.units[0].from_date == dt.date(2026, 3, 1)


def faults_of(made):
    _roster, faults = read(content(made), "r.xlsx")
    return [(f.sheet, f.row, f.column, f.code) for f in faults]


@pytest.mark.parametrize("text", ["2026-02-30", "tomorrow", "1/2", "03-01-2026"])
def test_days_that_are_none(text):
    assert faults_of(book(units=[["O1", "n", "outlet", "", "", text]])) == [
        ("units", 2, "from_date", "bad_date")
    ]


def test_empty_cells_and_empty_rows():
    made = book(units=[["O1", "", "outlet"], [None, None, None], [" ", "n", "outlet"]])
    assert faults_of(made) == [("units", 2, "name", "missing"), ("units", 4, "code", "missing")]


def test_missing_and_doubled_headings():
    made = book(heads={"units": ["code", "name", "parent", "parent"]}, units=[["O1", "n", "S1", "S2"]])
    assert faults_of(made) == [("units", 1, "kind", "no_column"), ("units", 1, "parent", "doubled")]


def test_merged_cells_are_named():
    made = book(units=[["O1", "n", "outlet"], ["O2", "m", "outlet"]])
    made["units"].merge_cells("B2:B3")
    found = faults_of(made)
    assert ("units", 2, "B", "merged") in found


def packed(size):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("xl/bomb.xml", b"0" * size)
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", "文件为空"),
        (content(book(units=[["O1", "n", "outlet"]]))[:900], "损坏"),
        (packed(100), "无法读取"),
        (b"\xff\xfe\x00\x01\x02", "UTF-8"),
        (b"a,b\n1,2\n", "表头"),
        (b'code,name,role\n"x,y\n', "CSV"),
        (content(book(units=[])), "没有数据行"),
    ],
    ids=["empty", "cut", "no workbook", "binary", "strange", "quote", "no rows"],
)
def test_files_of_no_use(data, text):
    with pytest.raises(ValidationError, match=text):
        read(data, "r")


def test_a_workbook_without_a_known_sheet():
    made = Workbook()
    made.active.append(["code", "name"])
    with pytest.raises(ValidationError, match="机构, 岗位, 人员, 任职"):
        read(content(made), "r.xlsx")


def test_bombs_and_giants(monkeypatch):
    monkeypatch.setattr(rosterfile, "MAX_UNPACKED", 10_000)
    with pytest.raises(ValidationError, match="400 MB"):
        read(packed(20_000), "r.xlsx")
    monkeypatch.setattr(rosterfile, "MAX_BYTES", 10)
    with pytest.raises(ValidationError, match="20 MB"):
        read(b"x" * 11, "r.csv")


def test_too_many_rows(monkeypatch):
    monkeypatch.setattr(rosterfile, "MAX_ROWS", 2)
    with pytest.raises(ValidationError, match="500,000"):
        read(content(book(posts=[["a", "a", "teller"]] * 3)), "r.xlsx")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
@pytest.mark.parametrize("separator", [",", "\t", ";"])
def test_csv_in_the_usual_encodings_and_separators(encoding, separator):
    lines = [["岗位代码", "岗位名称", "角色"], ["t", "柜员", "teller"]]
    text = "\n".join(separator.join(line) for line in lines)
    roster, faults = read(text.encode(encoding), "posts.csv")
    assert faults == []
    assert [(p.code, p.name, p.role) for p in roster.posts] == [("t", "柜员", "teller")]


def test_every_fault_has_a_sentence_in_both_languages():
    for code in (
        *("twice", "missing", "doubled", "no_column", "merged", "bad_date", "dates", "kind", "zone"),
        *("parent", "cycle", "role", "unit", "person", "post", "line", "username", "separate"),
    ):
        fault = Fault("units", 7, "code", code, "X1")
        for language in ("zh-hans", "en"):
            with translation.override(language):
                assert len(describe(fault)) > 8
    with translation.override("zh-hans"):
        assert sentence(Fault("units", 7, "parent", "parent", "S9")).startswith(
            "工作表“机构”第 7 行“上级机构代码”列: 行内和本文件中都没有机构“S9”"
        )
    assert place(Fault("units", 1, "B", "merged"))["column"] == "B"
