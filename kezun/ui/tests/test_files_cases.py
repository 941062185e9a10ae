"""Files that the platform hands out: workbooks, PDF documents, answers that a browser saves."""

import io
import warnings
from decimal import Decimal

import openpyxl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kezun.ui.attachment import CSV, PDF, XLSX, attachment
from kezun.ui.pdf import Document
from kezun.ui.workbook import CONTROL, LONGEST, Sheet, workbook


def opened(*sheets):
    return openpyxl.load_workbook(io.BytesIO(workbook(sheets)))


def cell(value):
    return opened(Sheet("n", "t", ["h"], [[value]])).worksheets[0]["A3"]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@cmd", '=HYPERLINK("x")', "'=1", "#REF!"])
def test_text_that_looks_like_a_formula_stays_text(text):
    found = cell(text)
    assert (found.value, found.data_type) == (text, "s")


@pytest.mark.parametrize(
    ("given_text", "kept"),
    [
        ("a\x00b\x07c", "abc"),
        ("a\tb\nc", "a\tb\nc"),
        ("a\ufffeb\uffffc", "abc"),
        ("a\ud800b", "ab"),
        ("客尊 😀", "客尊 😀"),
        ("x" * (LONGEST + 9), "x" * LONGEST),
    ],
    ids=["control", "tab-and-line", "not-characters", "half-a-pair", "both-planes", "too-long"],
)
def test_what_a_sheet_cannot_hold_is_left_out(given_text, kept):
    assert cell(given_text).value == kept


@pytest.mark.parametrize(
    ("value", "found"), [(1, 1), (-2.5, -2.5), (Decimal("1.25"), 1.25), (0, 0), (None, None), ("", None)]
)
def test_numbers_stay_numbers(value, found):
    assert cell(value).value == found


@given(st.lists(st.lists(st.text(max_size=8), min_size=2, max_size=2), max_size=4))
@settings(max_examples=25, deadline=None)
def test_any_text_makes_a_workbook_that_opens(rows):
    sheet = opened(Sheet("n", "t", ["a", "b"], rows)).worksheets[0]
    for at, row in enumerate(rows, 3):
        assert [sheet.cell(at, n).value or "" for n in (1, 2)] == [CONTROL.sub("", text) for text in row]
    assert [c.value for c in sheet[2]] == ["a", "b"]


@pytest.mark.parametrize(
    ("names", "found"),
    [
        (["概况"], ["概况"]),
        (["a/b:c"], ["a b c"]),
        (["[]"], ["1"]),
        ([""], ["1"]),
        (["x" * 40], ["x" * 31]),
        (["'q'"], ["q"]),
        (["a", "A"], ["a", "A1"]),
    ],
    ids=["plain", "forbidden", "nothing-left", "empty", "long", "quotes", "twice"],
)
def test_sheets_are_named_as_the_format_allows(names, found):
    assert opened(*(Sheet(n, "t", ["h"], []) for n in names)).sheetnames == found


def test_facts_stand_above_the_table_and_the_heads_stay_in_sight():
    sheet = opened(
        Sheet("n", "题", ["h", "i"], [[1, 2]], facts=[("单位", "O1")], widths=[10, 22])
    ).worksheets[0]
    assert [[c.value for c in row] for row in sheet.iter_rows()] == [
        *(["题", None], ["单位", "O1"], [None, None], ["h", "i"], [1, 2]),
    ]
    assert sheet.freeze_panes == "A5"
    assert sheet.print_title_rows == "$4:$4"
    assert (sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width) == (10, 22)
    assert (sheet["A4"].font.bold, sheet["A5"].font.bold) == (True, False)


def test_without_facts_the_table_follows_its_title():
    sheet = opened(Sheet("n", "t", ["h"], [[1]])).worksheets[0]
    assert [row[0].value for row in sheet.iter_rows()] == ["t", "h", 1]
    assert sheet.freeze_panes == "A3"
    assert sheet.page_setup.orientation == "landscape"


def test_names_beyond_the_format_are_never_made_of_two_long_ones():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        names = opened(*(Sheet("x" * 31 + tail, "t", ["h"], []) for tail in ("a", "b", "c"))).sheetnames
    assert len(set(names)) == 3
    assert max(map(len, names)) <= 31


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)


@given(title=TEXTS, text=TEXTS, rows=st.lists(st.tuples(TEXTS, st.integers()), max_size=3))
@settings(max_examples=25, deadline=None)
def test_any_text_makes_a_document_and_the_same_one_twice(title, text, rows):
    def made():
        document = Document(title, foot=text)
        document.paragraph(text)
        document.heading(text, 3)
        document.table((text, "n"), rows, right=(1,))
        return document.content()

    first = made()
    assert first.startswith(b"%PDF-")
    assert first.rstrip().endswith(b"%%EOF")
    assert made() == first


@pytest.mark.parametrize(
    ("heads", "rows", "widths"),
    [
        (("a",), [(1, 2)], ()),
        (("a", "b"), [(1, 2), (1,)], ()),
        (("a", "b"), [(1, 2)], (1,)),
        ((), [(1, 2), (1, 2, 3)], ()),
        ((), [()], ()),
        (("a",), [(1,)], (0,)),
    ],
    ids=["head-missing", "cell-missing", "width-missing", "cell-too-many", "no-columns", "no-width"],
)
def test_a_crooked_table_is_refused(heads, rows, widths):
    document = Document("t")
    with pytest.raises(ValueError, match="as many heads, widths and cells"):
        document.table(heads, rows, widths=widths)
    assert document.content() == Document("t").content()


def test_a_table_without_rows_leaves_no_trace():
    document = Document("t")
    document.table(("a",), [])
    document.facts([])
    assert document.content() == Document("t").content()


def test_a_cell_longer_than_a_page_runs_on():
    document = Document("t")
    document.table(("a", "b"), [("字" * 6000, None)])
    assert document.content().count(b"/Type /Page\n") >= 2


@pytest.mark.parametrize(("wide", "width"), [(False, 504.6), (True, 751.2)])
def test_the_width_between_the_margins(wide, width):
    assert round(Document("t", wide=wide).width, 1) == width


@pytest.mark.parametrize("kind", [PDF, XLSX, CSV])
@pytest.mark.parametrize(
    ("name", "header"),
    [
        ("a.csv", 'attachment; filename="a.csv"'),
        ('a"b.csv', 'attachment; filename="a\\"b.csv"'),
        ("网点.csv", "attachment; filename*=utf-8''%E7%BD%91%E7%82%B9.csv"),
    ],
    ids=["plain", "quote", "chinese"],
)
def test_a_file_is_saved_under_its_name_never_shown(kind, name, header):
    answer = attachment(b"x", name, kind)
    assert answer["Content-Disposition"] == header
    assert (answer["Content-Type"], answer.content) == (kind, b"x")


@pytest.mark.parametrize("name", ["a\r\nX-Evil: 1.csv", "a\nb"])
def test_a_name_cannot_add_a_header(name):
    answer = attachment(b"", name, CSV)
    assert "\n" not in answer["Content-Disposition"]
    assert "X-Evil" not in answer


def test_rows_share_one_look_and_heads_have_another():
    sheet = Sheet("a", "t", ["h", "i"], [["x", 1], [None, "y"]], facts=[("f", "g")])
    found = openpyxl.load_workbook(io.BytesIO(workbook([sheet]))).worksheets[0]
    heads = next(row[0].row for row in found.iter_rows() if row[0].value == "h")
    for cell in found[heads]:
        assert cell.font.bold
        assert cell.fill.fgColor.rgb == "00E3EEF2"
    for row in (heads + 1, heads + 2):
        for cell in found[row]:
            assert not cell.font.bold
            assert cell.border.bottom.style == "thin"
            assert cell.alignment.wrap_text
    assert not found["A2"].border.bottom.style
