"""Cells, headings and files of a roster at their edges, each refused in words or read as meant."""

import datetime as dt
import io

import pytest
from django.core.exceptions import ValidationError
from django.utils import translation
from hypothesis import given, settings
from hypothesis import strategies as st

from kezun.org.faults import describe, place, sentence
from kezun.org.rosterfile import read
from kezun.org.rostersheets import SHEETS, both
from kezun.org.rules.roster import Fault
from kezun.org.tests.test_rosterfile import book, content

UNITS = "code,name,kind,parent,zone,tags,from_date"
PEOPLE = "code,name,unit,username,email,phone,joined_date"
TASKS = "person,unit,post,line,from_date,to_date"


def csv(head, *lines):
    return read("\n".join([head, *lines]).encode(), "r.csv")


def unit(**given):
    cells = {"code": "O1", "name": "一网点", "kind": "outlet", **given}
    return csv(UNITS, ",".join(f'"{cells.get(name, "")}"' for name in UNITS.split(",")))


def refusal(data, language="en"):
    with translation.override(language), pytest.raises(ValidationError) as refused:
        read(data, "r")
    return refused.value.messages[0]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2026-03-01", dt.date(2026, 3, 1)),
        ("2026/3/1", dt.date(2026, 3, 1)),
        ("2026.03.1", dt.date(2026, 3, 1)),
        ("20260301", dt.date(2026, 3, 1)),
        ("  2026-03-01 ", dt.date(2026, 3, 1)),
        ("２０２６-03-01", dt.date(2026, 3, 1)),
        ("2024-02-29", dt.date(2024, 2, 29)),
        ("9999-12-31", dt.date(9999, 12, 31)),
    ],
)
def test_days_that_can_be_read(text, day):
    roster, faults = unit(from_date=text)
    assert faults == []
    assert roster.units[0].from_date == day


@pytest.mark.parametrize(
    "text",
    [
        *("2026-02-29", "2026-13-01", "2026-00-01", "0000-01-01", "10000-01-01", "01.03.2026", "3月1日"),
        *("2026-03", "2026", "2026-03-01-02", "45000", "202603011", "--", "2026-03-", "soon", "-2026-3-1"),
        *("99999999999999999999-01-01", "2026-99999999999999999999-1"),
    ],
)
def test_days_that_cannot_are_named_with_row_column_and_value(text):
    roster, faults = unit(from_date=text)
    assert roster.units == ()
    assert faults == [Fault("units", 2, "from_date", "bad_date", text)]
    with translation.override("en"):
        assert sentence(faults[0]) == (
            f"Sheet Units, row 2, column From day: “{text}” is not a day; write it as 2026-03-01."
        )
    assert text in sentence(faults[0])
    assert "2026-03-01" in sentence(faults[0])


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("", frozenset()),
        ("a", {"a"}),
        ("a,b", {"a", "b"}),
        ("a，b、c", {"a", "b", "c"}),
        (" a , ,a ", {"a"}),
        ("，、,", frozenset()),
    ],
)
def test_tags_are_parted_by_commas_of_either_script(text, tags):
    assert unit(tags=text)[0].units[0].tags == tags


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("outlet", "outlet"),
        ("OUTLET", "outlet"),
        ("网点", "outlet"),
        ("总行", "head_office"),
        ("城堡", "城堡"),
    ],
)
def test_kinds_by_code_or_title_and_unknown_ones_as_they_stand(text, kind):
    assert unit(kind=text)[0].units[0].kind == kind


def test_empty_cells_take_what_a_row_begins_with():
    row = unit()[0].units[0]
    assert (row.zone, row.from_date, row.parent, row.tags) == (
        *("Asia/Shanghai", dt.date(1900, 1, 1), ""),
        frozenset(),
    )
    assert row.row == 2


@pytest.mark.parametrize("name", ["code", "name", "kind"])
def test_a_needed_cell_that_is_empty_is_told(name):
    roster, faults = unit(**{name: " "})
    assert roster.units == ()
    assert faults == [Fault("units", 2, name, "missing")]


def test_every_fault_of_a_row_is_told_and_good_rows_stay():
    roster, faults = csv(PEOPLE, "E1,,O1,,,,soon", "", "E2,李,O1,li,li@bank.cn,138,2026-01-01", ",,,,,,")
    assert [(f.row, f.column, f.code) for f in faults] == [
        (2, "name", "missing"),
        (2, "joined_date", "bad_date"),
    ]
    only = roster.people[0]
    assert (only.code, only.row, only.username, only.joined_date) == ("E2", 4, "li", dt.date(2026, 1, 1))


def test_a_short_line_lacks_its_last_cells_and_a_long_one_has_them_unread():
    roster, faults = csv(TASKS, "E1,O1,t", "E2,O1,t,,2026-01-01,2026-12-31,beyond")
    assert faults == []
    assert [row.to_date.year for row in roster.assignments] == [9999, 2026]


@pytest.mark.parametrize("key", sorted(SHEETS))
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_each_sheet_is_known_by_its_headings_in_either_language(key, language):
    columns = SHEETS[key][2]
    with translation.override(language):
        head = ",".join(str(next(iter(both(c.title)))) for c in columns)
    cells = {"from_date": "2026-01-01", "to_date": "2026-01-02", "joined_date": "2026-01-01"}
    roster, faults = csv(head, ",".join(cells.get(c.code, c.code) for c in columns))
    assert faults == []
    assert {name: len(rows) for name, rows in roster.sheets().items() if rows} == {key: 1}


CODES = st.text(st.characters(codec="utf-8", exclude_characters='\0\r\n"', categories=["L", "N"]), min_size=1)


@given(st.lists(st.tuples(CODES, CODES, CODES), min_size=1, max_size=6))
@settings(max_examples=40, deadline=None)
def test_what_is_written_is_read_back(rows):
    roster, faults = csv("code,name,unit", *(f'"{a}","{b}","{c}"' for a, b, c in rows))
    assert faults == []
    assert [(p.code, p.name, p.unit) for p in roster.people] == [tuple(r) for r in rows]
    assert [p.row for p in roster.people] == list(range(2, len(rows) + 2))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "The file is empty; fill in the template"),
        (b"code,name,kind\n", "There are no rows below the headings"),
        (b"colour,size\nred,1\n", "holds the headings of no sheet"),
        (b"\n\n", "holds the headings of no sheet"),
        (b"\xff\xfe\xff", "neither a workbook nor text in UTF-8 or GBK"),
        (b'code,name,kind\n"O1,x', "The CSV file cannot be read"),
        (b"PK\x03\x04 cut off", "damaged or cut off"),
        (b"\xd0\xcf\x11\xe0 not a workbook", "The workbook cannot be read"),
    ],
    ids=["empty", "no-rows", "other-headings", "blank-lines", "binary", "open-quote", "cut-zip", "cut-xls"],
)
def test_a_file_of_no_use_says_what_to_do_in_both_languages(data, words):
    assert words in refusal(data)
    chinese = refusal(data, "zh-hans")
    assert words not in chinese
    assert any("一" <= c <= "鿿" for c in chinese)


def test_two_sheets_of_one_kind_are_refused_not_dropped():
    made = book(units=[["O1", "一", "outlet"]])
    other = made.create_sheet("机构")
    other.append(["code", "name", "kind"])
    other.append(["O2", "二", "outlet"])
    assert refusal(content(made)) == "Two sheets hold units: units and 机构. Put their rows into one."
    assert refusal(content(made), "zh-hans") == "有两张工作表都是机构：units 和 机构。请合并为一张。"


def test_numbers_of_a_workbook_are_read_as_they_look():
    made = book(people=[[1001, "王", "O1", 138.5], [1002.0, "李", "O1", None]])
    people = read(content(made), "r.xlsx")[0].people
    assert [(p.code, p.phone) for p in people] == [("1001", "138.5"), ("1002", "")]


def test_sheets_that_are_not_known_are_left_aside():
    made = book(units=[["O1", "一", "outlet"]])
    made.create_sheet("remarks").append(["anything"])
    made.create_sheet("说明")
    roster, faults = read(content(made), "r.xlsx")
    assert ([u.code for u in roster.units], faults) == (["O1"], [])


FAULTS = (
    *("twice", "missing", "doubled", "no_column", "merged", "bad_date", "dates", "kind", "zone", "parent"),
    *("cycle", "role", "unit", "person", "post", "line", "closed", "username", "separate"),
)


@pytest.mark.parametrize("code", FAULTS)
def test_a_fault_names_its_value_and_reads_differently_in_each_language(code):
    fault = Fault("assignments", 7, "person", code, "V9")
    said = {}
    for language in ("zh-hans", "en"):
        with translation.override(language):
            said[language] = describe(fault)
            assert place(fault)["row"] == 7
            assert sentence(fault).endswith(said[language])
    assert said["zh-hans"] != said["en"]
    wordless = {"missing", "doubled", "no_column", "merged"}
    assert all(("V9" in text) == (code not in wordless) for text in said.values())


def test_a_place_without_a_column_title_shows_the_letter():
    assert place(Fault("units", 3, "B", "merged"))["column"] == "B"
    with translation.override("en"):
        assert sentence(Fault("units", 3, "B", "merged")).startswith("Sheet Units, row 3, column B: ")


def test_what_is_read_does_not_depend_on_how_the_file_is_called():
    data = io.BytesIO("code,name,unit\nE1,王,O1".encode("gb18030")).getvalue()
    assert read(data, "x.xlsx") == read(data, "x.csv") == read(data, "")
