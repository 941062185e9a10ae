"""The monthly report in words and files: every sentence, from figures made by hand; who takes it out."""

from __future__ import annotations

import datetime as dt
import io
import json
import re

import pytest
from click.testing import CliRunner
from django.utils import timezone, translation
from docx import Document as WordDocument
from hypothesis import given
from hypothesis import strategies as st

from kezun.cases import actions, monthly_files, monthly_words
from kezun.cases.cli_report import report_command
from kezun.cases.monthly import Month, Report, report
from kezun.cases.rules.monthly import Line, Part, Row
from kezun.cases.tests.timing import SHANGHAI, at, now_is
from kezun.kernel.actor import SystemActor
from kezun.kernel.models import TrailEntry
from kezun.org.models import Unit
from tests.complaining import AXES, install

SYSTEM = SystemActor("test")
FIRST = dt.date(2026, 2, 1)


def row(pk: int = 1, **more) -> Row:
    """An open complaint of whose course nothing is known yet."""
    plain = {
        **{"unit": 1, "state": "working", "open": True, "severity": 3, "channel": "A11", "business": "B11"},
        **{"reason": "C0102", "finding": "", "extended": 0, "returns": 0, "reopened": 0, "repeat": 0},
        **{"satisfaction": None, "close_s": None},
    }
    return Row(pk, **{**plain, **more})


def made(rows=(), before=(), year_ago=(), reasons=(), business=(), units=()) -> Report:
    unit = Unit(code="P1", name="一分行", name_en="First branch")
    axes = {"channel": (), "business": tuple(business), "reason": tuple(reasons)}
    month = Month(unit, FIRST, at("2026-03-05T09:00"))
    return Report(
        month, tuple(rows), tuple(before), tuple(year_ago), axes, tuple(reasons), (), tuple(units), ()
    )


def said(found: Report) -> str:
    with translation.override("en"):
        return "\n".join(monthly_words.paragraphs(found))


EVERY = [
    ({"severity": 2}, "1 of them are grave."),
    ({"answer": True}, "Answered in time: 100 % (1 of 1)."),
    ({"answer": False}, "Answered in time: 0 % (0 of 1)."),
    ({"contact": False}, "Contacted in time: 0 % (0 of 1)."),
    ({"late": True}, "1 missed a deadline."),
    ({"returns": 2}, "1 were sent back twice or more between units."),
    ({"reopened": 1}, "1 were opened again after the close."),
    ({"repeat": 1}, "1 came from customers who had complained shortly before."),
    ({"extended": 1}, "1 were given more time."),
    ({"satisfaction": 4}, "100 % (1 of 1) were content."),
    ({"satisfaction": 3}, "0 % (0 of 1) were content."),
    ({"state": "checked", "open": False}, "By now 1 are closed and 0 open."),
    ({"state": "withdrawn", "open": False}, "By now 0 are closed and 0 open."),
    ({"close_s": 7200}, "Half of those closed took no longer than 2 h"),
]


@pytest.mark.parametrize(("more", "sentence"), EVERY, ids=lambda x: str(x)[:24])
def test_each_figure_has_its_sentence_and_only_where_it_is(more, sentence):
    assert sentence in said(made([row(**more)]))
    plain = said(made([row()]))
    assert sentence not in plain
    assert plain.startswith("In 2026-02 1 complaints were received.")


def test_a_month_without_any_says_how_many_there_were_before():
    assert said(made()) == "No complaints were received in 2026-02."
    assert said(made(before=["C01"] * 3)).endswith("The month before there were 3.")


@pytest.mark.parametrize(("more", "told"), [(2, False), (3, True)])
def test_a_reason_that_grew_is_named_from_three_on(more, told):
    line = Line("C0102", 4 + more, 1.0, 4, 0)
    text = said(made([row(n) for n in range(4 + more)], reasons=[Line("", 9, 1.0, 0, 0), line]))
    assert ("grew most: 3 more than the month before (4)." in text) is told
    assert "not coded" not in text


def test_a_unit_is_named_as_the_first_only_where_others_have_some_too():
    units = [(Unit(code="O1", name="一网点"), 1, Part(0, 0))]
    assert "Most were about" not in said(made([row()], units=units))
    assert "Most were about 一网点 (1)." in said(made([row(1), row(2)], units=units))


@pytest.mark.parametrize(("language", "name"), [("en", "First branch"), ("zh-hans", "一分行")])
def test_the_unit_is_called_in_the_readers_language(language, name):
    with translation.override(language):
        assert name in monthly_words.title(made())
        made_up = made()
        made_up.month.unit.name_en = ""
        assert "一分行" in monthly_words.title(made_up)


FEW = st.integers(0, 2)
ROWS = st.lists(
    st.builds(
        row,
        pk=st.integers(1, 10**6),
        state=st.sampled_from(["working", "closed", "checked", "withdrawn", "rejected"]),
        open=st.booleans(),
        severity=st.integers(1, 4),
        **{"extended": FEW, "returns": FEW, "reopened": FEW, "repeat": FEW},
        finding=st.sampled_from(["", "upheld", "partly", "not", "unclear"]),
        satisfaction=st.one_of(st.none(), st.integers(1, 5)),
        close_s=st.one_of(st.none(), st.integers(0, 10**8)),
        answer=st.sampled_from([None, True, False]),
        contact=st.sampled_from([None, True, False]),
        late=st.booleans(),
    ),
    max_size=12,
)


@given(ROWS, st.lists(st.sampled_from(["C01", ""]), max_size=9), st.sampled_from(["en", "zh-hans"]))
def test_whatever_the_figures_the_report_reads_as_sentences(rows, before, language):
    found = made(rows, before)
    with translation.override(language):
        text, figures = "\n".join(monthly_words.paragraphs(found)), dict(monthly_files.overview(found))
    assert not re.search(r"None|nan|%\(|\{|\bTrue\b|  ", text)
    assert all(line.endswith((".", "。")) for line in text.splitlines())
    assert len(figures) == 16
    shares = [value for value in figures.values() if "(" in value]
    for share, k, n in re.findall(r"([\d.]+) % \((\d+) of (\d+)\)", "\n".join(shares)):
        assert float(share) == pytest.approx(100 * int(k) / int(n), abs=0.06)
        assert int(k) <= int(n) <= len(rows)


@given(st.integers(-(10**6), 10**6))
def test_a_change_carries_its_sign(change):
    text = monthly_files.signed(change)
    assert text[0] == ("±" if change == 0 else "+" if change > 0 else "−")
    assert int(text[1:]) == abs(change)


def test_tables_without_rows_are_left_out_and_rows_fit_their_heads():
    assert monthly_files.sheets(made()) == []
    unit = (Unit(code="O1", name="一网点"), 3, Part(0, 0))
    found = made([row()], reasons=[Line("C0102", 1, 1.0, 3, 0), Line("", 1, 0.5, 1, 9)], units=[unit])
    with translation.override("en"):
        sheets = {sheet.title: sheet for sheet in monthly_files.sheets(found)}
    assert list(sheets) == ["By reason", "Most frequent reasons", "By unit"]
    assert sheets["By unit"].rows == (("一网点", "3", "—"),)
    assert sheets["By reason"].rows[0][1:] == ("1", "100 %", "3", "−2", "0")
    assert sheets["By reason"].rows[1][0] == "not coded"
    assert all(len(line) == len(sheet.heads) for sheet in sheets.values() for line in sheet.rows)


# --- a whole month, as files ---


@pytest.fixture
def february(world):
    """Complaints about O1 at both ends of February 2026, and one just outside at each."""
    install()

    def make(text: str, **more):
        with now_is(text):
            given = {"title": f"投诉 {text}", **AXES, "received_at": at(text), **more}
            return actions.open_case(world["lobby"], "complaint", world["bank"]["O1"], given)

    moments = ("2026-01-31T23:59:59", "2026-02-01T00:00:00", "2026-02-28T23:59:59", "2026-03-01T00:00:00")
    return [make(text) for text in moments]


def test_the_first_and_last_second_of_a_month_are_in_it(world, february):
    found = report(SYSTEM, world["bank"]["O1"], FIRST)
    assert {one.pk for one in found.rows} == {february[1].pk, february[2].pk}
    assert len(found.before) == 1
    assert found.trend[-1] == (FIRST, 2)
    assert found.trend[-2] == (dt.date(2026, 1, 1), 1)


@pytest.mark.parametrize(
    ("first", "days"), [(FIRST, 28), (dt.date(2028, 2, 1), 29), (dt.date(2026, 12, 1), 31)]
)
def test_a_month_spans_its_days_in_the_zone_of_the_bank(first, days):
    begin, end = Month(Unit(), first, at("2030-01-01T00:00")).span()
    assert end - begin == dt.timedelta(days=days)
    assert begin == dt.datetime.combine(first, dt.time(), SHANGHAI)
    assert Month(Unit(), first, begin).days() == 1
    assert Month(Unit(), first, end).days() == days
    assert Month(Unit(), first, end).span(-12)[0].year == first.year - 1


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_word_file_has_real_headings_and_tables(world, february, language):
    found = report(SYSTEM, world["bank"]["O1"], FIRST)
    with translation.override(language):
        document = WordDocument(io.BytesIO(monthly_files.word(found)))
        title, figures = monthly_words.title(found), monthly_files.overview(found)
    headings = [part.text for part in document.paragraphs if part.style.name.startswith(("Heading", "Title"))]
    assert headings[0] == title == document.core_properties.title
    assert len(headings) == 1 + len(document.tables)
    table = [tuple(cell.text for cell in line.cells) for line in document.tables[0].rows]
    assert table == figures
    assert "等候太久" not in "".join(part.text for part in document.paragraphs)


def test_json_says_what_the_report_says_and_names_no_customer(world, february):
    found = report(SYSTEM, world["bank"]["HO"], FIRST, now=at("2026-03-05T09:00"))
    told = json.loads(json.dumps(monthly_files.plain(found)))
    assert (told["unit"], told["month"], told["figures"]["total"]) == ("HO", "2026-02", 2)
    assert [line["month"] for line in told["trend"]][::12] == ["2025-02", "2026-02"]
    assert told["units"] == [{"unit": "P1", "count": 2, "answered_in_time": {"k": 0, "n": 1}}]


# --- on the command line ---


def asked(*words, code=0) -> str:
    with translation.override("en"):
        done = CliRunner().invoke(report_command, [str(word) for word in words])
    assert done.exit_code == code, done.output
    return done.output


@pytest.mark.parametrize(
    ("today", "month"), [("2026-03-01T00:10", "2026-02"), ("2027-01-01T00:10", "2026-12")]
)
def test_without_a_month_the_last_whole_one_of_the_bank_is_meant(world, february, today, month):
    with now_is(today):
        assert asked("--unit", "O1").splitlines()[0].startswith(f"Complaints of {month}:")


def test_what_is_taken_out_on_the_command_line_is_on_record(world, february, tmp_path):
    paper, letter = tmp_path / "r.pdf", tmp_path / "r.docx"
    words = ("--unit", "O1", "--month", "2026-02", "--pdf", paper, "--docx", letter)
    output = asked(*words, "--as", "outlet_manager.O1")
    assert "In 2026-02" not in output
    assert paper.read_bytes().startswith(b"%PDF-")
    assert letter.read_bytes().startswith(b"PK")
    entries = TrailEntry.objects.filter(verb="cases.export_report")
    told = [json.loads(entry.detail)["detail"] for entry in entries]
    assert sorted((one["kind"], one["complaints"]) for one in told) == [("docx", 2), ("pdf", 2)]
    assert all(one["month"] == "2026-02" for one in told)


@pytest.mark.parametrize(
    ("unit", "who", "code"), [("O3", "outlet_manager.O1", 1), ("XX", "service_office.HO", 1)]
)
def test_a_unit_outside_the_scope_is_as_one_that_is_not(world, february, unit, who, code):
    output = asked("--unit", unit, "--month", "2026-02", "--as", who, code=code)
    assert f"There is no unit «{unit}» in your scope." in output
    assert not TrailEntry.objects.filter(verb="cases.export_report").exists()


def test_looking_at_it_on_the_command_line_leaves_nothing_behind(world, february):
    told = json.loads(asked("--unit", "O1", "--month", "2026-02", "--json", "--as", "outlet_manager.O1"))
    assert told["figures"]["total"] == 2
    assert not TrailEntry.objects.filter(verb="cases.export_report").exists()
    assert timezone.localtime(february[1].received_at).month == 2
