"""The regulator's report and the statistics: derived without typing, by code, in scope, without any name."""

from __future__ import annotations

import datetime as dt
import io
import json

import openpyxl
import pytest
from django.urls import reverse
from django.utils import timezone, translation
from hypothesis import given
from hypothesis import strategies as st

from kezun.cases import actions, pack
from kezun.cases.models import Petition
from kezun.cases.pack import Span
from kezun.cases.rules.counting import above_of, columns, counted, ordered
from kezun.cases.tests.test_complaints import CODES, FINDING, REPLY
from kezun.kernel.models import TrailEntry
from tests.complaining import install

TREE = {"A": "", "A1": "A", "A2": "A", "A11": "A1", "B": ""}
SPAN = Span(dt.date(2020, 1, 1), dt.date(2099, 12, 31))


def test_what_stands_below_counts_above():
    found = counted([("A1", "x"), ("A11", "x"), ("A11", "y"), ("B", "y"), ("Z9", "x")], TREE)
    assert [(row.code, row.depth, row.total) for row in found] == [
        *(("A", 0, 3), ("A1", 1, 3), ("A11", 2, 2), ("B", 0, 1), ("Z9", 0, 1)),
    ]
    assert found[0].by == {"x": 2, "y": 1}
    assert columns([("A", "y"), ("B", "x"), ("A", "x")]) == ["x", "y"]


@given(st.lists(st.tuples(st.sampled_from([*TREE, "?"]), st.sampled_from("xyz")), max_size=40))
def test_tops_add_up_to_all(pairs):
    found = counted(pairs, TREE)
    assert sum(row.total for row in found if row.depth == 0) == len(pairs)
    for row in found:
        assert row.total == sum(row.by.values())


def test_a_ring_in_a_table_ends():
    ring = {"A": "B", "B": "A"}
    assert above_of("A", ring) == ["A", "B"]
    assert sorted(ordered(ring)) == ["A", "B"]


@pytest.fixture
def handled(world):
    """A complaint that was answered, with a contact, an extension and a rating."""
    install()
    bank = world["bank"]
    people = [{"role": "complainant", "name": "王小明", "phone": "13800001111"}]
    given = {
        "title": "等候太久",
        **CODES,
        "facts": "排队七十分钟",
        "dispute": "是否应增开窗口",
        "claim": "道歉",
    }
    case = actions.open_case(
        world["lobby"], "complaint", bank["O1"], {**given, "parties": people, "story": "口述"}
    )
    now = timezone.now()
    Petition.objects.create(
        **{"case": case, "type": "extend", "policy": "complaint_decision", "units": 15, "reason": "需调监控"},
        **{"notice": "已电话告知", "asked_by": world["lobby"], "asked_at": now, "decision": "granted"},
        **{"decided_by": world["supervisor"], "decided_at": now},
    )
    for who, verb, said in (
        ("lobby", "take", {}),
        ("lobby", "contact", {"how": "phone"}),
        ("lobby", "propose", {**FINDING, "evidence": "监控录像 3 段"}),
        ("supervisor", "verify", {}),
        ("lobby", "answer", {"how": "letter", **REPLY}),
    ):
        case = actions.do(world[who], case, verb, said)
    return case


def test_every_field_of_the_article_is_derived(world, handled):
    row = dict(zip(pack.heads(), pack.rows([handled])[0], strict=True))
    with translation.override("zh-hans"):
        names = pack.heads()
        row = dict(zip(names, pack.rows([handled])[0], strict=True))
    text = json.dumps(row, ensure_ascii=False)
    for part in (
        *("排队七十分钟", "是否应增开窗口", "道歉", "等候 70 分钟属实", "监控录像 3 段", REPLY["basis"]),
        *("需调监控", "已电话告知", "C0102", "A11", "B11", "电话"),
    ):
        assert part in text, part
    for hidden in ("王小明", "13800001111", "口述"):
        assert hidden not in text
    assert len(names) == len(set(names))


def test_reading_many_takes_as_many_statements_as_one(world, handled, django_assert_num_queries):
    found = list(SPAN.cases(world["office"]).select_related("kind", "unit"))
    with django_assert_num_queries(3):
        told = pack.rows(found * 3)
    assert told == pack.rows(found) * 3
    assert [row[0] for row in told] == [handled.no] * 3


def test_counts_by_axis_month_and_unit(world, handled):
    actions.open_case(
        world["other"], "complaint", world["bank"]["O2"], {"title": "b", **CODES, "reason_code": "C0101"}
    )
    by_month = pack.table(world["office"], SPAN, "reason_code")
    assert by_month.total == 2
    assert {row.code: row.total for row in by_month.rows} == {"C01": 2, "C0101": 1, "C0102": 1}
    assert by_month.columns == (f"{timezone.localtime():%Y-%m}",)
    by_unit = pack.table(world["office"], SPAN, "channel", "unit")
    assert [column.split()[0] for column in by_unit.columns] == ["O1", "O2"]
    assert not by_unit.verified
    assert pack.table(world["far"], SPAN, "channel").total == 0
    assert pack.table(world["office"], Span(SPAN.since, SPAN.until, "O2"), "channel").total == 1


def test_the_days_at_both_ends_belong_to_it(world, handled):
    today = timezone.localdate()
    assert Span(today, today).cases(world["office"]).count() == 1
    before = today - dt.timedelta(days=1)
    assert not Span(before, before).cases(world["office"]).exists()


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_workbooks_open_and_hold_the_numbers(world, handled, language):
    with translation.override(language):
        statistics, count = pack.statistics_book(world["office"], SPAN)
        report, cases = pack.pack_book(world["office"], SPAN)
    assert (count, cases) == (1, 1)
    book = openpyxl.load_workbook(io.BytesIO(statistics))
    assert len(book.sheetnames) == 6
    cells = [
        cell.value for row in openpyxl.load_workbook(io.BytesIO(report)).active.iter_rows() for cell in row
    ]
    assert handled.no in cells
    assert not [cell for cell in cells if isinstance(cell, str) and "13800001111" in cell]


def test_the_paper_says_when_it_does_not_hold_all(world, handled, monkeypatch):
    assert pack.pack_paper(world["office"], SPAN)[1] == 1
    monkeypatch.setattr(pack, "MOST_PAPER", 0)
    content, count = pack.pack_paper(world["office"], SPAN)
    assert content.startswith(b"%PDF-")
    assert count == 0


@pytest.mark.parametrize(("word", "kind"), [("statistics", "sheet"), ("pack", "sheet"), ("paper", "pdf")])
def test_what_leaves_is_recorded(world, handled, client, word, kind):
    client.force_login(world["office"], backend="kezun.org.signin.Backend")
    where = reverse("cases.complaint_export", args=[word])
    answer = client.post(where, {"since": "2020-01-01", "until": "2099-01-01"})
    assert answer.status_code == 200
    assert kind in answer.headers["Content-Type"]
    entry = TrailEntry.objects.get(verb="cases.export")
    assert word in entry.detail
    assert client.get(where).status_code == 405
    assert client.post(reverse("cases.complaint_export", args=["nothing"])).status_code == 404


def test_who_may_not_take_it_out_still_sees_the_page(world, handled, client):
    client.force_login(world["teller"], backend="kezun.org.signin.Backend")
    text = client.get("/complaints/statistics/").content.decode()
    assert "complaints/export" not in text
    assert client.post(reverse("cases.complaint_export", args=["pack"])).status_code == 403


@pytest.mark.parametrize(
    "query", ["", "axis=nonsense", "since=x&until=9999-99-99", "by=unit&axis=channel&unit=O1"]
)
def test_the_page_bears_any_query(world, handled, client, query):
    client.force_login(world["office"], backend="kezun.org.signin.Backend")
    assert client.get(f"/complaints/statistics/?{query}").status_code == 200
    assert client.get("/complaints/statistics/?unit=ZZ").status_code == 404
