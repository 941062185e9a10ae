"""Lists of cases: what each filter finds, that nobody sees more than their scope, and that pages join up."""

from __future__ import annotations

import datetime as dt
import io
from urllib.parse import parse_qsl

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from openpyxl import load_workbook

from kezun.cases import actions, listing
from kezun.cases.actions.filters import MOST, drop_filter, export, save_filter
from kezun.cases.listing import Wanted, arms, chosen, how_many, listed
from kezun.cases.models import Case, SavedFilter
from kezun.kernel.actor import Denied, OutOfScope
from kezun.kernel.models import TrailEntry

NOW = timezone.now()


def found(person, **asked):
    return {row.no for row in listed(person, Wanted.of(asked), timezone.now()).rows}


@pytest.fixture
def some(world, opened):
    """Cases of every sort, at three outlets."""
    made = {
        "fresh": opened(title="柜台排队太久"),
        "far": opened(actor="far", unit="O3", title="自助机吞卡"),
        "other": opened(actor="other", unit="O2", title="手续费说明不清"),
        "grave": opened(urgency="urgent", title="排队引起争执"),
    }
    made["working"] = actions.do(world["lobby"], opened(title="大堂无人"), "take")
    made["handed"] = actions.do(world["manager"], opened(title="短信未收到"), "assign", {"unit": "O2"})
    made["ended"] = actions.do(world["lobby"], opened(title="电话无人接"), "withdraw", {"reason": "撤回"})
    Case.objects.update(act_by_at=NOW + dt.timedelta(days=9))
    Case.objects.filter(pk=made["fresh"].pk).update(act_by_at=NOW - dt.timedelta(days=1), returns=2)
    Case.objects.filter(pk=made["working"].pk).update(act_by_at=NOW + dt.timedelta(days=1), level=1)
    Case.objects.filter(pk=made["handed"].pk).update(act_by_at=None, repeat=1, provisional=True)
    return made


FILTERS = [
    ({}, {"fresh", "far", "other", "grave", "working", "handed"}),
    ({"state": ""}, {"fresh", "far", "other", "grave", "working", "handed", "ended"}),
    ({"state": "ended"}, {"ended"}),
    ({"state": "withdrawn"}, {"ended"}),
    ({"state": "working"}, {"working"}),
    ({"state": "assigned"}, {"handed"}),
    ({"severity": "1"}, {"grave"}),
    ({"kind": "trial"}, {"fresh", "far", "other", "grave", "working", "handed"}),
    ({"kind": "nothing"}, set()),
    ({"unit": "O3"}, {"far"}),
    ({"unit": "P1"}, {"fresh", "other", "grave", "working", "handed"}),
    ({"due": "late"}, {"fresh"}),
    ({"due": "soon"}, {"working"}),
    ({"due": "none"}, {"handed"}),
    ({"due": "provisional"}, {"handed"}),
    ({"who": "returned"}, {"fresh"}),
    ({"who": "escalated"}, {"working"}),
    ({"who": "repeated"}, {"handed"}),
    ({"q": "排队"}, {"fresh", "grave"}),
    ({"q": "排队 争执"}, {"grave"}),
    ({"q": "吞卡", "unit": "P1"}, set()),
    ({"q": "无人", "state": ""}, {"working", "ended"}),
    ({"since": f"{NOW:%Y-%m-%d}"}, {"fresh", "far", "other", "grave", "working", "handed"}),
    ({"until": "2020-01-01"}, set()),
    ({"state": "nonsense", "due": "x", "who": "y", "sort": "z", "severity": "9", "since": "99-99-99"}, None),
]


@pytest.mark.parametrize(
    ("asked", "names"), FILTERS, ids=lambda x: str(sorted(x) if isinstance(x, set) else x)[:40]
)
def test_each_filter_finds_what_it_says(world, some, asked, names):
    wanted = {some[name].no for name in (names if names is not None else FILTERS[0][1])}
    assert found(world["office"], **asked) == wanted


@pytest.mark.parametrize(
    ("who", "asked", "names"),
    [
        ("lobby", {"who": "mine"}, {"working"}),
        ("lobby", {"who": "opened"}, {"fresh", "grave", "working", "handed"}),
        ("lobby", {"who": "take"}, {"fresh", "grave"}),
        ("other", {"who": "take"}, {"handed", "other"}),
        ("other", {"who": "unit"}, {"handed", "other"}),
        ("other", {}, {"handed", "other"}),
        ("far", {}, {"far"}),
        ("teller", {}, set()),
        ("teller", {"who": "take"}, set()),
    ],
)
def test_whose_cases_are_found(world, some, who, asked, names):
    assert found(world[who], **asked) == {some[name].no for name in names}


def test_the_arms_hold_together_what_the_scope_holds(world, some):
    for who, person in world.items():
        if who == "bank":
            continue
        whole = set(Case.objects.visible_to(person).values_list("pk", flat=True))
        wanted = Wanted.of({"state": ""})
        parts = arms(person, chosen(person, wanted, NOW), wanted)
        joined = {pk for part in parts for pk in part.values_list("pk", flat=True)}
        assert joined == whole, who
        assert how_many(parts, 1000) == len(whole)


@pytest.mark.parametrize("sort", [*listing.SORTS])
@pytest.mark.parametrize("who", ["office", "supervisor"])
def test_pages_join_up_without_a_gap_or_a_double(world, opened, monkeypatch, sort, who):
    monkeypatch.setattr(listing, "PAGE", 3)
    cases = [opened(received_at=NOW - dt.timedelta(hours=n // 2)) for n in range(10)]
    for n, case in enumerate(cases):
        at = None if n % 4 == 3 else NOW + dt.timedelta(days=n // 2)
        Case.objects.filter(pk=case.pk).update(act_by_at=at)
    query, seen = f"sort={sort}", []
    for _page in range(6):
        asked = Wanted.of(dict(parse_qsl(query, keep_blank_values=True)))
        page = listed(world[who], asked, NOW)
        seen += [row.pk for row in page.rows]
        assert page.count == 10
        if not page.following:
            break
        query = page.following
    assert len(seen) == len(set(seen)) == 10
    expected = Case.objects.order_by(*listing.order_of(Wanted(sort=sort))).values_list("pk", flat=True)
    assert seen == list(expected)


def test_counting_stops_where_it_would_cost(world, opened, monkeypatch):
    monkeypatch.setattr(listing, "COUNTED", 2)
    monkeypatch.setattr(listing, "PAGE", 2)
    for _n in range(4):
        opened()
    assert listed(world["office"], Wanted(), NOW).count is None


@pytest.mark.parametrize("after", ["x|y", "|", "2026-01-01T00:00:00+00:00|", "99|1", "|12", "2026-13-01|7"])
def test_a_forged_place_is_no_fault(world, some, after):
    assert listed(world["office"], Wanted.of({"after": after}), NOW) is not None


def test_the_query_of_an_address_leaves_out_what_is_usual():
    assert Wanted().query() == ""
    assert Wanted.of({"state": "", "q": "排队"}).query() == "q=%E6%8E%92%E9%98%9F&state="
    assert Wanted.of({"state": "ended"}).sort == "newest"
    assert Wanted(unit="O1").query(after="") == "unit=O1"


@pytest.mark.parametrize("who", ["office", "supervisor", "lobby", "teller", "auditor"])
def test_the_page_takes_five_statements(client, world, some, who):
    client.force_login(world[who])
    for query in ("", "?state=&q=排队", "?unit=P1&due=late", "?who=take"):
        client.get(f"/cases/{query}")
        with CaptureQueriesContext(connection) as asked:
            answer = client.get(f"/cases/{query}")
        assert answer.status_code == 200
        assert len(asked) <= 5, [one["sql"][:100] for one in asked]


def test_a_unit_that_is_none_is_told(client, world):
    client.force_login(world["office"])
    answer = client.get("/cases/?unit=NOPE")
    assert answer.status_code == 422
    assert "没有机构“NOPE”" in answer.content.decode()


def test_the_empty_list_tells_apart_why(client, world):
    client.force_login(world["office"])
    assert "您的范围内没有未办结事项" in client.get("/cases/").content.decode()
    assert "没有符合筛选条件的事项" in client.get("/cases/?severity=1").content.decode()


def test_the_list_as_excel_holds_what_is_shown_and_nothing_of_customers(client, world, opened):
    opened(parties=[{"role": "complainant", "name": "王小明", "phone": "13812345678"}], title="=1+1")
    client.force_login(world["office"])
    answer = client.post("/cases/export/", {"query": "state="})
    sheet = load_workbook(io.BytesIO(answer.content))
    cells = [str(cell.value) for row in sheet.worksheets[0].iter_rows() for cell in row if cell.value]
    assert Case.objects.get().no in cells
    assert "=1+1" in cells
    assert not any("王小明" in cell or "1381234" in cell for cell in cells)
    entry = TrailEntry.objects.filter(verb="cases.export").get()
    assert '"rows":1' in str(entry.detail).replace(" ", "").replace("'", '"')


def test_a_list_too_long_for_a_workbook_says_so(world, opened, monkeypatch):
    from kezun.cases import exporting

    monkeypatch.setattr(exporting, "EXPORTED", 1)
    opened()
    opened()
    book, rows = exporting.workbook_of(world["office"], Wanted(), NOW)
    cells = [str(c.value) for row in load_workbook(io.BytesIO(book)).worksheets[0].iter_rows() for c in row]
    assert rows == 1
    assert "未全部导出" in cells


def test_who_may_not_export_does_not(client, world):
    client.force_login(world["lobby"])
    assert client.post("/cases/export/", {"query": ""}).status_code == 403
    with pytest.raises(Denied):
        export(world["lobby"], query="", rows=1)


def test_a_filter_is_kept_found_replaced_and_dropped(client, world):
    client.force_login(world["lobby"])
    answer = client.post("/cases/filters/save/", {"title": " 我的  超时 ", "query": "due=late&after=x&zzz=1"})
    assert answer["Location"] == "/cases/?due=late"
    kept = SavedFilter.objects.get()
    assert (kept.title, kept.query, kept.person) == ("我的 超时", "due=late", world["lobby"])
    client.post("/cases/filters/save/", {"title": "我的 超时", "query": "due=soon"})
    kept.refresh_from_db()
    assert kept.query == "due=soon"
    assert "我的 超时" in client.get("/cases/filters/").content.decode()
    client.force_login(world["manager"])
    assert "我的 超时" not in client.get("/cases/filters/").content.decode()
    assert client.post(f"/cases/filters/{kept.pk}/drop/").status_code == 404
    client.force_login(world["lobby"])
    assert client.post(f"/cases/filters/{kept.pk}/drop/").status_code == 302
    assert not SavedFilter.objects.exists()


def test_what_cannot_be_kept_is_said(client, world):
    from django.core.exceptions import ValidationError

    client.force_login(world["lobby"])
    client.post("/cases/filters/save/", {"title": " ", "query": ""})
    assert "请给筛选起个名称" in client.get("/cases/").content.decode()
    with pytest.raises(ValidationError):
        save_filter(world["lobby"], title="x" * 61, query="")
    SavedFilter.objects.bulk_create([SavedFilter(person=world["lobby"], title=f"f{n}") for n in range(MOST)])
    with pytest.raises(ValidationError):
        save_filter(world["lobby"], title="one more", query="")
    with pytest.raises(OutOfScope):
        drop_filter(world["manager"], SavedFilter.objects.first())
