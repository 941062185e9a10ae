"""What cases say in words: history, links, signs, names of files, Chinese as it is written."""

from __future__ import annotations

import datetime as dt
import io
import re
from functools import partial
from urllib.parse import unquote

import pytest
from django.utils import timezone, translation

from kezun.cases import actions, kinds, letters, monthly_words, queries, sealing, timeline
from kezun.cases.models import Case, Link
from kezun.cases.monthly import Month, Report
from kezun.cases.rules.monthly import Line, Row
from kezun.kernel.actor import SystemActor
from kezun.kernel.file import keep
from kezun.org.models import Unit
from tests.complaining import install

ENGLISH = {"HTTP_ACCEPT_LANGUAGE": "en"}


# --- what the page of a case says ---


def told_of(case):
    entries = timeline.history(case, kinds.form_of(case.kind))
    return {entry.verb: dict(entry.said) for entry in entries}, {
        e.verb: [c.name for c in e.changes] for e in entries
    }


def test_counts_in_the_history_say_of_what(world, opened):
    case = opened(parties=[{"role": "complainant", "name": "王小明", "phone": "13812345678"}])
    said, _changes = told_of(case)
    assert said["open"]["人员"] == "1 人"
    with translation.override("en"):
        said, _changes = told_of(case)
        assert said["open"]["People"] == "1 person"
    file = keep(world["lobby"], io.BytesIO(b"a note"), "a.txt", allow=("text",))
    said, _changes = told_of(actions.do(world["lobby"], case, "attach", {"stage": "work", "files": [file]}))
    assert said["attach"]["附件"] == "1 个"


@pytest.fixture
def rated(world, opened):
    """`rated(words)`: a case that its customer rated."""
    return partial(rated_case, world, opened)


def rated_case(world, opened, words="等了三周才回电"):
    case = opened(parties=[{"role": "complainant", "name": "王小明", "phone": "13812345678"}])
    steps = (
        ("lobby", "take", {}),
        ("lobby", "propose", {"finding": "属实", "result": "已致歉"}),
        ("manager", "verify", {}),
    )
    for who, verb, given in (*steps, ("lobby", "answer", {"how": "phone", "decision": "致歉"})):
        case = actions.do(world[who], case, verb, given)
    return actions.do(SystemActor("customer"), case, "rate", {"satisfaction": 2, "words": words})


def test_the_rating_stands_once_in_its_entry(rated):
    said, changes = told_of(rated())
    assert list(said["rate"].values()) == ["2"]
    assert changes["rate"] == []


def test_words_with_a_rating_are_hinted_at_and_not_shown(client, world, rated):
    case = rated()
    client.force_login(world["manager"])
    page = client.get(f"/cases/{case.no}/").content.decode()
    assert "评价留言：已加密保存" in page
    assert "三周" not in page
    english = client.get(f"/cases/{case.no}/", **ENGLISH).content.decode()
    assert "Words with the rating: kept encrypted" in english
    sealing.erase(case)
    assert "评价留言" not in client.get(f"/cases/{case.no}/").content.decode()


def test_no_words_no_hint(client, world, rated):
    case = rated(words="")
    client.force_login(world["manager"])
    assert "评价留言" not in client.get(f"/cases/{case.no}/").content.decode()


@pytest.mark.parametrize("type", [*Link.Type])
def test_a_link_reads_the_right_way_from_either_end(world, opened, type):
    part, whole = opened(), opened()
    Link.objects.create(source=part, target=whole, type=type, at=timezone.now())
    here, there = queries.ties_of(world["office"], part), queries.ties_of(world["office"], whole)
    assert [(tie.name, tie.other) for tie in here] == [(type.label, whole)]
    if type == Link.Type.ROLL_OUT_OF:
        assert there == []
    else:
        assert there[0].other == part
        assert there[0].name != type.label
    if type == Link.Type.PART_OF:
        assert (here[0].name, there[0].name) == ("属于", "有分办")
        with translation.override("en"):
            assert queries.ties_of(world["office"], whole)[0].name == "Has as a part"


def test_signs_in_lists_say_what_they_mean(client, world, opened):
    case = opened()
    Case.objects.filter(pk=case.pk).update(level=1, returns=2)
    client.force_login(world["office"])
    page = client.get("/cases/").content.decode()
    assert 'title="已升级 1 次" aria-label="已升级 1 次">↑ 1<' in page
    assert 'title="退回 2 次" aria-label="退回 2 次">⇄ 2<' in page
    english = client.get("/cases/", **ENGLISH).content.decode()
    assert 'aria-label="escalated once">↑ 1<' in english
    assert 'aria-label="sent back 2 times">⇄ 2<' in english


# --- names of files ---


def file_name(answer):
    head = answer["Content-Disposition"]
    return unquote(head.partition("utf-8''")[2] or head.partition('filename="')[2].rstrip('"'))


@pytest.mark.parametrize(
    ("heads", "names"),
    [
        (
            {},
            (
                "投诉登记处理表",
                "事项清单-",
                "试验事项台账-2026-01-01-2026-12-31",
                "问责记录",
                "投诉月报-HO-2026-10",
            ),
        ),
        (
            ENGLISH,
            (
                *("Complaint", "cases-", "Ledger of Trial case-2026-01-01-2026-12-31", "Accountability"),
                "Monthly complaints-HO-2026-10",
            ),
        ),
    ],
)
def test_files_are_called_in_the_language_of_the_page(client, world, opened, heads, names):
    case = opened()
    client.force_login(world["office"])
    sheet, cases, ledger, account, month = names
    assert file_name(client.get(f"/complaints/{case.no}/sheet.pdf", **heads)) == f"{case.no}-{sheet}.pdf"
    assert file_name(client.post("/cases/export/", {"query": ""}, **heads)).startswith(cases)
    asked = {"kind": "trial", "from": "2026-01-01", "until": "2026-12-31"}
    assert file_name(client.get("/ledgers/file/", asked, **heads)) == f"{ledger}.xlsx"
    assert file_name(client.get("/accountability/file/", **heads)) == f"{account}.xlsx"
    asked = {"unit": "HO", "month": "2026-10", "kind": "docx"}
    assert file_name(client.post("/cases/report/file/", asked, **heads)) == f"{month}.docx"


# --- Chinese as it is written ---


def test_months_of_a_deadline_are_called_as_people_write_them(client, world):
    client.force_login(world["office"])
    asked = {"policy": "complaint_decision", "start": "2026-11-20 10:00"}
    page = client.get("/deadlines/", asked).content.decode()
    assert "<caption>2026年11月</caption>" in page
    assert "<caption>2026年12月</caption>" in page
    assert "十一月 2026" not in page
    assert "<caption>November 2026</caption>" in client.get("/deadlines/", asked, **ENGLISH).content.decode()


def monthly_report():
    reasons = (Line("C0101", 8, 0.2, 1, 0), Line("C0102", 4, 0.1, 4, 0))
    rows = [
        Row(
            *(n, 1, "working", True, 3, "A11", "B11", "C0101", ""),
            **{
                "extended": 0,
                "returns": 0,
                "reopened": 0,
                "repeat": 0,
                "satisfaction": None,
                "close_s": None,
            },
            answer=n > 1,
        )
        for n in range(1, 5)
    ]
    month = Month(
        Unit(code="P1", name="一分行", name_en="First branch"), dt.date(2026, 10, 1), timezone.now()
    )
    axes = {"channel": (), "business": (), "reason": reasons}
    return Report(month, tuple(rows), (), (), axes, reasons, (), (), ())


def test_the_monthly_report_has_chinese_marks_in_chinese_and_english_in_english():
    names = [monthly_words.name_of("reason", code) for code in ("C0101", "C0102")]
    text = "\n".join(monthly_words.paragraphs(monthly_report()))
    assert f"主要原因：{names[0]}（8 件，20.0%）、{names[1]}（4 件，10.0%）。" in text
    assert "75.0%（4 件中的 3 件）" in text
    assert not re.search(r"[(),;]|。 ", text)
    with translation.override("en"):
        names = [monthly_words.name_of("reason", code) for code in ("C0101", "C0102")]
        text = "\n".join(monthly_words.paragraphs(monthly_report()))
    assert f"Most frequent reasons: {names[0]} (8, 20.0 %), {names[1]} (4, 10.0 %). " in text
    assert "Answered in time: 75.0 % (3 of 4)." in text


def test_the_course_on_the_sheet_has_the_marks_of_its_language(rated):
    case = rated()
    form = kinds.form_of(case.kind)
    told = [text for _at, _who, text in letters._course(case, form)]
    assert "作了答复。方式：电话" in told
    assert not [text for text in told if re.search(r"[;:] |\. ", text)]
    with translation.override("en"):
        told = [text for _at, _who, text in letters._course(case, form)]
    assert "gave the answer. Which way: telephone" in told


def test_columns_are_headed_by_what_stands_in_them(client, world, opened):
    client.force_login(world["office"])
    page = client.get(f"/cases/kinds/{opened().kind_id}/").content.decode()
    assert '<th scope="col">名称</th>' in page
    assert '<th scope="col">标题</th>' not in page
    install()
    where = {"title": "等候太久", "channel": "A11", "business": "B11", "reason_code": "C0102"}
    actions.open_case(SystemActor("test"), "complaint", world["bank"]["O1"], where)
    month = f"{timezone.localdate():%Y-%m}"
    page = client.get("/cases/report/", {"unit": "HO", "month": month}).content.decode()
    assert '<th scope="col">原因</th>' in page
    assert '<th scope="col">理由</th>' not in page
