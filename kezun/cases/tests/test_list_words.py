"""Lists at their edges: any address, days of the bank, kept filters, the workbook cell by cell."""

from __future__ import annotations

import datetime as dt
import io

import pytest
from django.http import QueryDict
from django.utils import timezone, translation
from django.utils.dateparse import parse_date
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook

from kezun.cases import actions, exporting, listing, rows, wording
from kezun.cases.actions.filters import MOST, save_filter
from kezun.cases.listing import DUE, SORTS, STATES, WHO, Wanted
from kezun.cases.models import Case, SavedFilter
from kezun.cases.tests.timing import at, now_is

NAMES = ("q", "kind", "state", "unit", "owner", "severity", "due", "who", "since", "until", "sort", "after")
VALUES = st.one_of(
    st.text(max_size=90),
    st.sampled_from([*STATES, *DUE, *WHO, *SORTS, "1", "9", "2026-02-28", "2026-02-30", "O1"]),
)


@given(st.dictionaries(st.sampled_from([*NAMES, "page", "x"]), VALUES))
def test_any_address_asks_for_something_that_is_known(said):
    wanted = Wanted.of(said)
    assert wanted.state in ("", *STATES)
    assert wanted.due in ("", *DUE)
    assert wanted.who in ("", *WHO)
    assert wanted.sort in SORTS
    assert wanted.severity in ("", "1", "2", "3", "4")
    for text in (wanted.since, wanted.until):
        assert not text or parse_date(text)
    assert all(len(getattr(wanted, name)) <= 80 for name in NAMES)


@given(st.dictionaries(st.sampled_from([name for name in NAMES if name != "sort"]), VALUES))
def test_the_address_of_a_choice_asks_for_it_again(said):
    """What the reader did not say of the order is worked out alike, so a link leads to the same list."""
    said = {name: "".join(c for c in text if c.isprintable()).strip() for name, text in said.items()}
    wanted = Wanted.of({name: text for name, text in said.items() if name != "state" or text in STATES})
    again = Wanted.of(QueryDict(wanted.query()).dict())
    assert (again.query(), again.state, again.sort) == (wanted.query(), wanted.state, wanted.sort)


@pytest.mark.parametrize(
    ("gone", "tone"), [(0.0, "calm"), (0.749, "calm"), (0.75, "soon"), (1.0, "soon"), (1.001, "late")]
)
def test_three_quarters_gone_is_soon_and_all_of_it_is_not_late_yet(gone, tone):
    assert rows.tone(gone) == tone
    start = at("2026-09-21T08:00")
    now = start + gone * dt.timedelta(hours=1000)
    assert rows.share(start, start + dt.timedelta(hours=1000), now) == pytest.approx(gone)


def test_without_a_deadline_or_before_the_receipt_no_time_has_gone():
    start, day = at("2026-09-21T08:00"), dt.timedelta(days=1)
    assert rows.share(start, None, start) is None
    assert rows.tone(None) == "calm"
    assert rows.share(start, start + day, start - day) == 0
    assert (rows.share(start, start, start), rows.share(start, start, start + day)) == (1.0, 2.0)


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0, "0 min left"),
        (59, "0 min left"),
        (60, "1 min left"),
        (3599, "59 min left"),
        (3600, "1 h left"),
        (86_399, "23 h left"),
        (86_400, "1 d left"),
        (90_000, "1 d 1 h left"),
        (10 * 86_400 + 7200, "10 d left"),
        (-1, "0 min late"),
        (-7200, "2 h late"),
        (-4 * 86_400 - 3600, "4 d 1 h late"),
    ],
)
def test_time_that_is_left_in_its_two_largest_units(seconds, told):
    now = at("2026-12-31T23:59")
    with translation.override("en"):
        assert wording.left(now + dt.timedelta(seconds=seconds), now) == told


# --- cases by their days ---


@pytest.fixture
def three(opened):
    """Cases received before, at and after a midnight of the bank that is a turn of the year too."""
    moments = ("2025-12-31T23:59:59", "2026-01-01T00:00:00", "2026-01-01T23:59:59")
    return [opened(title=text, received_at=at(text)) for text in moments]


@pytest.mark.parametrize(
    ("since", "until", "which"),
    [
        ("2026-01-01", "", [1, 2]),
        ("", "2025-12-31", [0]),
        ("2025-12-31", "2026-01-01", [0, 1, 2]),
        ("2026-01-01", "2026-01-01", [1, 2]),
        ("2026-01-01", "2025-12-31", []),
        ("2026-01-02", "", []),
    ],
)
def test_both_days_belong_to_a_span_of_the_list(world, three, since, until, which):
    wanted = Wanted.of({"since": since, "until": until, "sort": "oldest"})
    told = listing.listed(world["office"], wanted, timezone.now())
    assert [row.pk for row in told.rows] == [three[n].pk for n in which]
    assert told.count == len(which)


@pytest.mark.parametrize(
    ("hours", "due"), [(-0.001, "late"), (0, "soon"), (71.999, "soon"), (72, ""), (1000, "")]
)
def test_a_case_is_late_or_soon_or_neither_but_never_both(world, opened, hours, due):
    now = timezone.now()
    case = opened()
    Case.objects.filter(pk=case.pk).update(act_by_at=now + dt.timedelta(hours=hours))
    for asked in ("late", "soon"):
        told = listing.listed(world["office"], Wanted(due=asked), now).rows
        assert [row.pk for row in told] == ([case.pk] if asked == due else [])


def test_what_has_ended_is_neither_late_nor_soon(world, opened):
    case = actions.do(world["lobby"], opened(), "withdraw", {"reason": "撤回"})
    Case.objects.filter(pk=case.pk).update(act_by_at=timezone.now() - dt.timedelta(days=1))
    for due in ("late", "soon"):
        assert not listing.listed(world["office"], Wanted(state="", due=due), timezone.now()).rows
    [row] = listing.listed(world["office"], Wanted(state="ended", sort="newest"), timezone.now()).rows
    assert (row.tone, row.used, row.left) == ("", None, "")


# --- the workbook ---


def cells(content: bytes) -> list[list[object]]:
    return [[cell.value for cell in row] for row in load_workbook(io.BytesIO(content)).active.iter_rows()]


def test_a_line_of_the_workbook_says_what_the_list_says(world, opened):
    case = opened(title="=1+1", urgency="urgent", received_at=at("2026-03-02T00:05"))
    due = at("2026-03-09T17:30")
    Case.objects.filter(pk=case.pk).update(act_by_at=due, due_at=None, repeat=2, returns=1, level=3)
    with translation.override("en"):
        content, count = exporting.workbook_of(world["office"], Wanted(), timezone.now())
    told = cells(content)
    heads = next(row for row in told if row[0] == "Number")
    line = dict(zip(heads, told[told.index(heads) + 1], strict=True))
    assert count == 1
    assert line["Number"] == case.no
    assert (line["Title"], line["Severity"], line["State"]) == ("=1+1", 1, "Registered")
    assert (line["Received"], line["Act by"]) == ("2026-03-02 00:05", "2026-03-09 17:30")
    assert not line["Due"]
    assert (line["Times before"], line["Sent back"], line["Escalated"]) == (2, 1, 3)
    formulas = [c for row in load_workbook(io.BytesIO(content)).active.iter_rows() for c in row]
    assert not [c for c in formulas if c.data_type == "f"]


def test_an_empty_list_is_a_workbook_with_its_heads(world):
    content, count = exporting.workbook_of(world["far"], Wanted(q="nothing"), timezone.now())
    assert count == 0
    assert exporting.heads() in cells(content)
    assert len(exporting.heads()) == len(exporting.WIDTHS) == len(set(exporting.heads()))


def test_the_workbook_holds_every_page_of_the_scope_and_nothing_beyond(world, opened, monkeypatch):
    own = {opened(title=f"第{n}件").no for n in range(5)}
    foreign = opened(actor="far", unit="O3")
    monkeypatch.setattr(listing, "PAGE", 2)
    content, count = exporting.workbook_of(world["manager"], Wanted(), timezone.now())
    told = {row[0] for row in cells(content)}
    assert count == 5
    assert own <= told
    assert foreign.no not in told


# --- kept filters ---


@pytest.mark.parametrize(
    ("title", "kept"),
    [
        ("  超期   事项 ", "超期 事项"),
        ("x" * 60, "x" * 60),
        ("a\nb", "a b"),
        (" \t\n", None),
        ("x" * 61, None),
    ],
)
def test_a_filter_has_a_name_of_one_line(client, world, title, kept):
    client.force_login(world["manager"])
    answer = client.post("/cases/filters/save/", {"title": title, "query": "due=late&page=7&x=1"})
    assert answer.status_code == 302
    assert answer["Location"] == "/cases/?due=late"
    told = list(SavedFilter.objects.values_list("title", "query"))
    assert told == ([(kept, "due=late")] if kept else [])


def test_a_full_list_of_filters_takes_a_known_name_and_no_new_one(world):
    SavedFilter.objects.bulk_create(
        SavedFilter(person=world["manager"], title=f"f{n}", query="") for n in range(MOST)
    )
    save_filter(world["manager"], title="f7", query="due=late")
    assert SavedFilter.objects.get(title="f7").query == "due=late"
    with translation.override("en"), pytest.raises(Exception, match="You have 50 filters"):
        save_filter(world["manager"], title="neu", query="")
    save_filter(world["lobby"], title="neu", query="")
    assert SavedFilter.objects.filter(person=world["manager"]).count() == MOST


def test_nobody_sees_or_drops_anothers_filter(client, world):
    kept = save_filter(world["manager"], title="我的", query="due=late")
    client.force_login(world["lobby"])
    assert "我的" not in client.get("/cases/filters/").content.decode()
    assert client.post(f"/cases/filters/{kept.pk}/drop/").status_code == 404
    assert client.post(f"/cases/filters/{10**30}/drop/").status_code == 404
    assert SavedFilter.objects.filter(pk=kept.pk).exists()


@pytest.mark.parametrize("path", ["/cases/filters/save/", "/cases/filters/1/drop/", "/cases/export/"])
def test_what_writes_or_takes_out_is_never_a_link(client, world, path):
    client.force_login(world["manager"])
    assert client.get(path).status_code == 405


def test_the_file_of_a_list_is_called_by_the_day_of_the_bank(client, world, opened):
    opened()
    client.force_login(world["manager"])
    with now_is("2026-12-31T23:59"), translation.override("en"):
        assert wording.file_name() == "cases-20261231"
    with now_is("2027-01-01T00:01"), translation.override("en"):
        assert wording.file_name() == "cases-20270101"
