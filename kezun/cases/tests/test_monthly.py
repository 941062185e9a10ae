"""The monthly report: what it reads, says, shows and writes; who may see it."""

from __future__ import annotations

import datetime as dt
import io
import json
import re
import zipfile
from urllib.parse import quote
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner
from django.test import Client
from django.utils import timezone, translation

from kezun.cases import monthly, monthly_files, monthly_words, publishing
from kezun.cases.cli_report import report_command
from kezun.cases.models import Case, Clock
from kezun.cases.rules.measuring import ANSWER
from kezun.cases.rules.monthly import shifted
from kezun.kernel.actor import OutOfScope, SystemActor
from kezun.kernel.models import TrailEntry
from kezun.org.models import Unit

SYSTEM = SystemActor("test")
ZONE = ZoneInfo("Asia/Shanghai")
FIRST = shifted(timezone.localdate().replace(day=1), -2)
MONTH = FIRST.strftime("%Y-%m")


def at(day: int, months: int = 0) -> dt.datetime:
    return dt.datetime.combine(shifted(FIRST, months).replace(day=day), dt.time(10), ZONE)


@pytest.fixture
def complaint(world, opened):
    """`complaint(day, unit="O1", **columns)` a complaint of the month, with what its columns say."""

    def make(day: int = 5, months: int = 0, *, unit: str = "O1", data=None, **columns) -> Case:
        case = opened(actor="office", unit=unit, title=columns.pop("title", "排队太久"))
        said = {"channel": "A11", "business": "B11", "reason_code": "C0102"} | (data or {})
        told = {"code": "complaint", "received_at": at(day, months), "data": said} | columns
        Case.objects.filter(pk=case.pk).update(**told)
        case.refresh_from_db()
        return case

    return make


@pytest.fixture
def month(world, complaint):
    """Six complaints of the month, two of the one before, one of a year ago; one merged, one elsewhere."""
    complaint(1, severity=1, title="重大投诉")
    complaint(3)
    complaint(9, data={"reason_code": "C11", "finding": "upheld"})
    late = complaint(12, title="超期未办")
    due = at(20)
    Clock.objects.create(case=late, policy="complaint_decision", start_at=at(12), due_at=due, act_by_at=due)
    complaint(15, unit="O2", returns=2, reopened=1, repeat=1, extended=1, satisfaction=5)
    complaint(28, unit="O3")
    complaint(5, state="merged", open=False)
    complaint(5, months=-1)
    complaint(6, months=-1, data={"reason_code": "C11"})
    complaint(7, months=-12)
    complaint(1, months=1)
    return world


def of(month, unit: str = "HO"):
    return monthly.report(SYSTEM, month["bank"][unit], FIRST)


def test_the_month_is_the_banks_month(month):
    found = of(month)
    assert found.figures.total == 6
    assert (len(found.before), len(found.year_ago)) == (2, 1)
    assert found.trend[-1] == (FIRST, 6)
    assert found.trend[-2][1] == 2
    assert found.trend[0] == (shifted(FIRST, -12), 1)


def test_a_unit_has_its_own_and_those_below(month):
    assert [of(month, code).figures.total for code in ("P1", "O1", "O2", "P2")] == [5, 4, 1, 1]


def test_tables_by_code_at_the_top_and_reasons_as_coded(month):
    found = of(month)
    assert [(line.code, line.count) for line in found.axes["channel"]] == [("A1", 6)]
    assert [(line.code, line.count, line.before) for line in found.axes["reason"]] == [
        *(("C01", 5, 1), ("C11", 1, 1)),
    ]
    assert [(line.code, line.count) for line in found.reasons] == [("C0102", 5), ("C11", 1)]


def test_units_directly_below(month):
    assert [(unit.code, count) for unit, count, _part in of(month).units] == [("P1", 5), ("P2", 1)]


def test_grave_and_overdue_are_listed(month):
    assert [case.title for case in of(month).listed] == ["重大投诉", "超期未办"]


def test_what_is_listed_says_when_it_was_due_also_once_it_has_ended(monkeypatch, month):
    monkeypatch.setattr(publishing, "roles_of", lambda kind: {"complaint_decision": ANSWER})
    late = Case.objects.get(title="超期未办")
    Case.objects.filter(pk=late.pk).update(state="rejected", open=False, due_at=None, act_by_at=None)
    late.clocks.update(state="stopped", outcome="missed", stopped_at=at(21))
    found = of(month)
    assert {case.title: found.terms[case.pk].due_at for case in found.listed} == {
        "重大投诉": None,
        "超期未办": at(20),
    }
    [sheet] = [one for one in monthly_files.sheets(found) if len(one.heads) == 7]
    assert [row[5] for row in sheet.rows] == ["—", at(20).strftime("%Y-%m-%d")]


def test_units_are_called_in_the_readers_language_everywhere(client, month):
    Unit.objects.update(name_en="Some unit")
    with translation.override("en"):
        found = of(month)
        told = str(monthly_words.paragraphs(found)) + str(monthly_files.sheets(found))
    client.force_login(month["office"])
    client.cookies["kezun_language"] = "en"
    shown = client.get(f"/cases/report/?unit=HO&month={MONTH}").content.decode()
    for text in (told, shown):
        assert "Some unit" in text
        assert "机构P1" not in text
        assert "机构O1" not in text


def test_what_is_out_of_scope_is_not_reported(month):
    with pytest.raises(OutOfScope):
        monthly.report(month["far"], month["bank"]["O1"], FIRST)


def test_a_month_under_way_is_compared_by_its_days(month):
    begun = monthly.Month(month["bank"]["HO"], FIRST, at(10))
    assert begun.days() == 10
    assert begun.days(-1) == (FIRST - shifted(FIRST, -1)).days


# --- in words ---


def test_in_words(month):
    with translation.override("en"):
        text = "\n".join(monthly_words.paragraphs(of(month)))
    assert f"In {MONTH} 6 complaints were received." in text
    assert "Against the month before (2) the difference is within chance." in text
    assert "1 of them are grave." in text
    assert "Waiting time (5, 83.3 %)" in text
    assert "«Waiting time» grew most: 4 more than the month before (1)." in text
    assert "sent back twice" in text
    assert "100 % (1 of 1) were content" in text


def test_in_chinese(month):
    text = "\n".join(monthly_words.paragraphs(of(month)))
    assert "等候时间" in text
    assert "共收到投诉 6 件" in text
    assert not [word for word in ("complaints", "chance", "month") if word in text]


def test_a_month_without_any(month):
    with translation.override("en"):
        empty = monthly.report(SYSTEM, month["bank"]["CC"], FIRST)
        assert monthly_words.paragraphs(empty) == [f"No complaints were received in {MONTH}."]
        last = monthly.report(SYSTEM, month["bank"]["O2"], shifted(FIRST, 1))
        assert "The month before there were 1." in monthly_words.paragraphs(last)[0]


@pytest.mark.parametrize(("n", "told"), [(40, "more than the month before"), (0, "within chance")])
def test_a_rise_that_chance_does_not_explain_is_told(month, complaint, n, told):
    case = complaint(20)
    more = [
        Case(**{f.attname: getattr(case, f.attname) for f in Case._meta.concrete_fields}) for _ in range(n)
    ]
    for row in more:
        row.pk = None
    Case.objects.bulk_create(more)
    with translation.override("en"):
        assert told in monthly_words.paragraphs(of(month))[0]


def test_an_unknown_code_is_shown_as_it_is():
    assert monthly_words.name_of("reason", "X9") == "X9"
    assert monthly_words.name_of("reason", "") == "未编码"


# --- files ---


def test_pdf_and_word_hold_the_same(month, monkeypatch):
    found, drawn = of(month), []
    for name in ("heading", "paragraph", "table"):
        real = getattr(monthly_files.PdfDocument, name)

        def keep(self, *told, real=real, **more):
            drawn.append(str(told))
            return real(self, *told, **more)

        monkeypatch.setattr(monthly_files.PdfDocument, name, keep)
    assert monthly_files.pdf(found).startswith(b"%PDF")
    pdf, word = " ".join(drawn), _document(monthly_files.word(found))
    for text in ("重大投诉", "超期未办", "C26-" if FIRST.year == 2026 else "C", "服务态度与质量"):
        assert text in word
        assert text in pdf
    assert monthly_words.paragraphs(found)[0] in word


def _document(body: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(body)) as parts:
        xml = parts.read("word/document.xml").decode()
    return re.sub(r"<[^>]+>", "", xml)


def test_json_holds_the_figures(month):
    made = json.loads(json.dumps(monthly_files.plain(of(month))))
    assert (made["unit"], made["month"], made["figures"]["total"]) == ("HO", MONTH, 6)
    assert made["before"] == {"now": 6, "before": 2, "told": "chance"}
    assert made["reasons"][0]["code"] == "C0102"
    assert made["trend"][-1] == {"month": MONTH, "count": 6}
    assert len(made["listed"]) == 2


# --- pages ---


@pytest.fixture
def reader(month):
    def sign_in(name: str) -> Client:
        client = Client()
        client.force_login(month[name], backend="kezun.org.signin.Backend")
        return client

    return sign_in


def test_the_page_shows_what_the_reader_may_see(reader, django_assert_max_num_queries):
    client = reader("office")
    assert client.get(f"/cases/report/?month={MONTH}").context["found"].figures.total == 6
    page = client.get(f"/cases/report/?unit=P1&month={MONTH}").content.decode()
    assert "重大投诉" in page
    assert "chart-months" in page
    assert reader("manager").get(f"/cases/report/?month={MONTH}").context["unit"].code == "O1"
    assert reader("manager").get("/cases/report/?unit=O3").status_code == 404
    with django_assert_max_num_queries(30):
        client.get(f"/cases/report/?unit=P1&month={MONTH}")


@pytest.mark.parametrize("query", ["month=2026", "month=x", "unit=nowhere"])
def test_what_cannot_be_is_not_found(reader, query):
    assert reader("office").get(f"/cases/report/?{query}").status_code == 404


def test_whoever_has_no_unit_is_told_so(reader):
    assert "报告" in reader("teller").get("/cases/report/").content.decode()


@pytest.mark.parametrize(("kind", "start"), [("pdf", b"%PDF"), ("docx", b"PK")])
def test_taken_out_it_is_on_record(reader, kind, start):
    reply = reader("office").post("/cases/report/file/", {"unit": "HO", "month": MONTH, "kind": kind})
    assert reply.content.startswith(start)
    assert reply["Content-Disposition"].endswith(f"{quote('投诉月报')}-HO-{MONTH}.{kind}")
    entry = TrailEntry.objects.filter(verb="cases.export_report").latest("pk")
    assert f'"{kind}"' in entry.detail if isinstance(entry.detail, str) else entry.detail["kind"] == kind


def test_no_other_kinds_of_file(reader):
    assert reader("office").post("/cases/report/file/", {"unit": "HO", "kind": "exe"}).status_code == 404
    assert reader("lobby").post("/cases/report/file/", {"unit": "O1", "kind": "pdf"}).status_code == 403


# --- command line ---


def run(*arguments: str):
    return CliRunner().invoke(report_command, ["--month", MONTH, *arguments])


def test_on_the_command_line(month, tmp_path):
    assert "6" in run("--unit", "HO").output
    assert json.loads(run("--unit", "HO", "--json").output)["figures"]["total"] == 6
    found = run("--unit", "HO", "--docx", str(tmp_path / "r.docx"), "--pdf", str(tmp_path / "r.pdf"))
    assert found.exit_code == 0
    assert (tmp_path / "r.docx").read_bytes().startswith(b"PK")
    assert (tmp_path / "r.pdf").read_bytes().startswith(b"%PDF")


@pytest.mark.parametrize("wrong", [("--unit", "nowhere"), ("--unit", "HO", "--month", "2026")])
def test_wrong_words_on_the_command_line(month, wrong):
    found = run(*wrong)
    assert found.exit_code != 0
    assert wrong[-1] in found.output
