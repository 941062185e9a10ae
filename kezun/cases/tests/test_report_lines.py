"""Reports on complaints count what their reader's roles reach: limited to a line, so are the figures, and say
it at their head, wherever they are read."""

from __future__ import annotations

import datetime as dt
import io
import json
import zipfile

import pytest
from click.testing import CliRunner
from django.test import Client
from django.utils import timezone, translation
from openpyxl import load_workbook

from kezun.cases import kinds, monthly, monthly_files, monthly_words, pack
from kezun.cases.cli_report import report_command
from kezun.cases.models import Case
from kezun.cases.reach import highest, lines_at
from kezun.cases.tests.test_monthly import FIRST, MONTH, SYSTEM, at
from kezun.kernel.actor import OutOfScope
from kezun.org import tokens
from kezun.org.models import BusinessLine, Person, Token

READ = "cases.read"
CODES = {"channel": "A11", "business": "B11", "reason_code": "C0102"}


@pytest.fixture
def lines(db):
    retail = BusinessLine.objects.create(code="retail", name="零售", name_en="Retail")
    cards = BusinessLine.objects.create(code="cards", name="银行卡", name_en="Cards", parent=retail)
    corporate = BusinessLine.objects.create(code="corporate", name="公司", name_en="Corporate")
    return {"": None, "retail": retail, "cards": cards, "corporate": corporate}


@pytest.fixture
def month(world, opened, lines):
    """Grave complaints of the month at O1: one of no line, two of retail, three of cards, four corporate."""
    for count, line in zip((1, 2, 3, 4), lines.values(), strict=True):
        for day in range(count):
            case = opened(actor="office", unit="O1", title=f"{line or '无条线'} {day}")
            told = {
                "code": "complaint",
                "received_at": at(day + 1),
                "data": CODES,
                "line": line,
                "severity": 1,
            }
            Case.objects.filter(pk=case.pk).update(**told)
    return world


def of(month, person, unit: str = "P1") -> monthly.Report:
    return monthly.report(person, month["bank"][unit], FIRST)


@pytest.mark.parametrize(
    ("line", "total", "named"),
    [("", 10, None), ("retail", 6, ["retail"]), ("cards", 4, ["cards"]), ("corporate", 5, ["corporate"])],
)
def test_the_figures_are_those_of_the_readers_lines_and_of_none(month, limited, line, total, named):
    found = of(month, limited(("supervisor", "P1", line)))
    assert found.figures.total == total
    assert (None if found.lines is None else [one.code for one in found.lines]) == named
    assert dict(found.trend)[FIRST] == total
    assert sum(count for _unit, count, _part in found.units) == total
    assert sum(row.count for row in found.axes["channel"]) == total
    assert len(found.listed) == total, "all are grave"


def test_several_limits_add_up_and_one_without_a_limit_lifts_them(month, limited):
    both = of(month, limited(("supervisor", "P1", "cards"), ("unit_head", "P1", "corporate")))
    assert both.figures.total == 8
    assert [one.code for one in both.lines] == ["cards", "corporate"]
    free = of(month, limited(("supervisor", "P1", "cards"), ("unit_head", "P1", "")))
    assert (free.figures.total, free.lines) == (10, None)


def test_each_unit_is_told_by_the_roles_that_reach_it(month, limited):
    """Manager of the outlet for all lines, supervisor of the province for one."""
    person = limited(("outlet_manager", "O1", ""), ("supervisor", "P1", "corporate"))
    assert of(month, person, "O1").figures.total == 10
    assert of(month, person, "P1").figures.total == 5
    with pytest.raises(OutOfScope):
        of(month, person, "HO")


def test_an_auditor_of_a_line_reads_the_whole_bank_of_it(month, limited):
    found = of(month, limited(("auditor", "HO", "retail")), "HO")
    assert (found.figures.total, [one.code for one in found.lines]) == (6, ["retail"])


def test_the_platform_itself_is_not_limited(month):
    assert of(month, SYSTEM).lines is None
    assert lines_at(SYSTEM, READ) is None
    assert highest(None) is None


def test_somebody_without_any_role_is_limited_to_nothing(month, limited):
    assert lines_at(limited(), READ) == frozenset()
    assert monthly_words.lines_named(highest(frozenset())) == "—"


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_the_head_names_the_limit_in_words_and_on_paper(month, limited, language):
    found = of(month, limited(("supervisor", "P1", "retail")))
    name = "Retail" if language == "en" else "零售"
    with translation.override(language):
        assert name in monthly_words.title(found)
        limit = monthly_words.limited(found.lines)
        assert name in limit
        word = zipfile.ZipFile(io.BytesIO(monthly_files.word(found))).read("word/document.xml").decode()
        assert limit in word
        whole = of(month, limited(("supervisor", "P1", "")))
        assert monthly_words.limited(whole.lines) == ""
        assert name not in monthly_words.title(whole)


def test_the_pdf_names_it_too(month, limited, monkeypatch):
    said: list[str] = []
    real = monthly_files.PdfDocument

    class Telling(real):
        def heading(self, text, *more, **named):
            said.append(text)
            return super().heading(text, *more, **named)

        def paragraph(self, text, *more, **named):
            said.append(text)
            return super().paragraph(text, *more, **named)

    monkeypatch.setattr(monthly_files, "PdfDocument", Telling)
    assert monthly_files.pdf(of(month, limited(("supervisor", "P1", "retail")))).startswith(b"%PDF")
    assert "零售" in said[0]
    assert "仅统计下列条线及其下级条线的投诉：零售" in said[1]


def test_the_page_says_it_above_its_figures(client, month, limited):
    client.force_login(limited(("supervisor", "P1", "cards")))
    page = client.get(f"/cases/report/?unit=P1&month={MONTH}")
    assert page.context["found"].figures.total == 4
    text = page.content.decode()
    assert text.index("仅统计下列条线") < text.index('class="k-tiles"')
    client.force_login(limited(("supervisor", "P1", "")))
    assert "仅统计下列条线" not in client.get(f"/cases/report/?unit=P1&month={MONTH}").content.decode()


def test_the_command_says_it_and_its_json_names_the_codes(month, limited):
    person = limited(("supervisor", "P1", "retail"))
    told = CliRunner().invoke(report_command, ["--unit", "P1", "--month", MONTH, "--as", person.code])
    assert "零售" in told.output.splitlines()[0]
    assert told.output.splitlines()[1].startswith("仅统计下列条线")
    made = CliRunner().invoke(
        report_command, ["--unit", "P1", "--month", MONTH, "--json", "--as", person.code]
    )
    found = json.loads(made.output)
    assert (found["lines"], found["figures"]["total"]) == (["retail"], 6)


# --- API ---


@pytest.fixture
def caller():
    def make(person: Person, *permissions: str) -> Client:
        secret = tokens.make()
        Token.objects.create(
            person=person,
            name="test",
            hint=secret[-4:],
            digest=tokens.digest(secret),
            permissions=list(permissions or ("cases.*",)),
            expires_at=timezone.now() + dt.timedelta(hours=1),
        )
        return Client(headers={"Authorization": f"Bearer {secret}"})

    return make


def test_the_api_gives_the_same_report(month, limited, caller):
    client = caller(limited(("supervisor", "P1", "retail")))
    found = client.get("/api/v1/complaints/report", {"unit": "P1", "month": MONTH}).json()
    assert (found["unit"], found["month"], found["lines"]) == ("P1", MONTH, ["retail"])
    assert found["figures"]["total"] == 6
    assert len(found["trend"]) == 13
    free = caller(month["supervisor"]).get("/api/v1/complaints/report", {"unit": "P1", "month": MONTH})
    assert (free.json()["lines"], free.json()["figures"]["total"]) == (None, 10)
    assert client.get("/api/v1/complaints/report", {"unit": "P1"}).json()["month"] != MONTH


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ({"unit": "HO", "month": MONTH}, 404),
        ({"unit": "nowhere"}, 404),
        ({"unit": "P1", "month": "2026-13"}, 422),
        ({"unit": "P1", "month": "\x00"}, 400),
        ({}, 422),
    ],
)
def test_what_the_api_refuses(month, limited, caller, query, status):
    client = caller(limited(("supervisor", "P1", "retail")))
    assert client.get("/api/v1/complaints/report", query).status_code == status


def test_a_token_for_something_else_reads_no_report(month, limited, caller):
    client = caller(limited(("supervisor", "P1", "retail")), "facts.read")
    assert client.get("/api/v1/complaints/report", {"unit": "P1"}).status_code == 403


# --- statistics and the report to the regulator ---


def span(unit: str = "P1") -> pack.Span:
    return pack.Span(FIRST, timezone.localdate(), unit)


def test_the_workbooks_name_the_limit_above_their_tables(month, limited):
    kinds.install_all(SYSTEM)
    Case.objects.update(kind=kinds.kind_now("complaint"))
    person = limited(("supervisor", "P1", "cards"))
    for make in (pack.statistics_book, pack.pack_book):
        content, count = make(person, span())
        assert count == 4
        sheet = load_workbook(io.BytesIO(content)).worksheets[0]
        head = [str(cell.value) for row in sheet.iter_rows(max_row=8) for cell in row if cell.value]
        assert any(text.startswith("仅统计下列条线") and "银行卡" in text for text in head)


@pytest.mark.parametrize(("unit", "limit"), [("P1", "银行卡"), ("O1", ""), ("", "")])
def test_the_statistics_say_it_of_the_unit_that_is_asked_for(month, limited, unit, limit):
    person = limited(("outlet_manager", "O1", ""), ("supervisor", "P1", "cards"))
    told = span(unit).limit(person)
    assert (limit in told) if limit else told == ""


def test_the_page_of_statistics_says_it(client, month, limited):
    client.force_login(limited(("supervisor", "P1", "cards")))
    assert "仅统计下列条线" in client.get("/complaints/statistics/").content.decode()


@pytest.mark.parametrize(
    ("codes", "named"),
    [
        (("retail", "cards"), ["retail"]),
        (("cards",), ["cards"]),
        (("cards", "corporate"), ["cards", "corporate"]),
        (("cards", "corporate", "retail"), ["corporate", "retail"]),
        ((), []),
    ],
)
def test_the_highest_lines_name_them_all(lines, codes, named):
    assert [line.code for line in highest(frozenset(lines[code].pk for code in codes))] == named
