"""The catalogue of indicators and the page of one: words, pictures, and the same numbers as tables."""

import datetime as dt
import io

import pytest
from openpyxl import load_workbook

from kezun.facts import queries as facts
from kezun.facts.indicators import catalogue
from kezun.facts.questions import Question, RowPage
from kezun.facts.rules import Period
from kezun.facts.types import FACT_TYPES
from kezun.insight import charts, queries
from kezun.insight.sheet import column_titles, for_reading, shown_rows, workbook
from kezun.kernel.actor import SystemActor
from kezun.ui.figures import interval_text
from kezun.ui.tests.test_parts import ROOMS

pytestmark = pytest.mark.django_db
US = SystemActor("test")


@pytest.fixture
def office(service, signed_in):
    return signed_in("service_office", "HO")


def chart(page, id):
    return next(c for c in page.context["charts"] if c.id == id)


def test_the_catalogue_lists_every_indicator(office):
    page = office.get("/indicators/")
    assert len(page.context["rows"]) == len(catalogue().definitions)
    for said in ("Satisfied rate", "≥ 95.0 %", "Service office", "floor.satisfied_rate"):
        assert said in page.content.decode()


def test_the_catalogue_is_searched_by_word_and_kind(office):
    found = office.get("/indicators/?q=WAIT&kind=quantile").context["rows"]
    assert {d.id for d, *_ in found} == {"floor.wait_p50", "floor.wait_p90", "floor.wait_p95"}
    assert "No indicator matches" in office.get("/indicators/?q=zzz").content.decode()


def test_an_indicator_says_its_meaning_formula_target_and_owner(office):
    page = office.get("/indicators/floor.answer_rate/?unit=O1&period=2026-03")
    html = page.content.decode()
    for said in ("count(ticket where", "≥ 85.0 %", "30 facts", "Service office", "54.1–77.3 %"):
        assert said in html
    assert [c.title for c in page.context["crumbs"]][-2:] == ["O1", "Answer rate"]


def test_a_mean_shows_its_interval_as_a_share_does(office):
    """60 s and 600 s in turn: the tile, the line beneath it, and each unit below."""
    page = office.get("/indicators/floor.wait_mean/?unit=HO&period=2026-02")
    (answer,) = facts.measure(US, Question(("floor.wait_mean",), "HO", Period.parse("2026-02")))
    assert 60 < answer.low < answer.value < answer.high < 600
    assert page.context["interval"] == interval_text(answer.low, answer.high, "s")
    assert page.context["interval"] in page.content.decode()
    below = office.get("/indicators/floor.wait_mean/?unit=S1&period=2026-02").context["rows"]
    assert len(below) == 2
    for row in below:
        assert row.interval
        assert row.bar.low < row.bar.high


def test_on_a_person_s_page_a_mean_has_its_interval_too(office, people):
    page = office.get(f"/people/{people['O1'].code}/?period=2026-02")
    mean = next(row for row in page.context["compared"] if row.title == "Mean service time")
    assert " – " in mean.interval
    assert mean.difference.verdict == "chance"


def test_the_trend_has_a_target_the_period_before_and_its_numbers(office):
    trend = chart(office.get("/indicators/floor.answer_rate/?unit=O1&period=2026-03"), "chart-trend")
    assert trend.data["labels"][0] == "2026-03-01"
    assert trend.data["target"] == 0.85
    assert trend.data["before"] == [1.0] * 27
    assert len(trend.rows) == len(trend.data["values"]) == 27
    assert "period=2026-03-01" in trend.data["links"][0]


def test_the_heat_map_places_each_hour_of_each_weekday(office):
    heat = chart(office.get("/indicators/floor.tickets/?unit=HO&period=2026-03"), "chart-heat")
    assert heat.data["rows"][0] == "Mon"
    assert heat.data["columns"][0] == "9:00"
    assert sum(cell[2] for cell in heat.data["cells"]) == 180
    assert len(heat.rows) == len(heat.data["columns"])


def test_the_parts_of_a_breakdown_add_up_and_lead_to_their_facts(office):
    page = office.get("/indicators/floor.tickets/?unit=O2&period=2026-03")
    business = chart(page, "chart-business")
    assert sum(business.data["values"]) == 80
    assert set(business.data["labels"]) == {"cash", "card", "Without business"}
    at = business.data["labels"].index("Without business")
    explained = office.get(business.data["links"][at])
    assert dict(explained.context["lines"])["n"] == str(int(business.data["values"][at]))


def test_many_parts_are_drawn_in_part_and_listed_in_full(office, monkeypatch):
    monkeypatch.setattr(charts, "MOST_BARS", 2)
    business = chart(office.get("/indicators/floor.tickets/?unit=O2&period=2026-03"), "chart-business")
    assert len(business.data["values"]) == 2
    assert len(business.rows) == 3
    assert "The 2 with most facts" in business.about


def test_a_wait_shows_how_waits_are_spread(office):
    spread = chart(office.get("/indicators/floor.wait_mean/?unit=O3&period=2026-03"), "chart-spread")
    assert sum(spread.data["values"]) == pytest.approx(1.0)
    assert any("min" in label for label in spread.data["labels"])


def test_a_distribution_has_its_own_page(office):
    page = office.get("/indicators/floor.wait_distribution/?unit=O3&period=2026-03")
    assert [c.id for c in page.context["charts"]] == ["chart-spread"]


def test_units_below_are_ranked_and_lead_on(office):
    page = office.get("/indicators/floor.answer_rate/?unit=S1&period=2026-03")
    assert [row.name for row in page.context["rows"]] == ["O2", "O1"]
    assert "/indicators/floor.answer_rate/" in page.context["rows"][0].href


def test_who_sees_only_themselves_reads_the_words_not_the_units_numbers(service, signed_in):
    page = signed_in("teller", "O1").get("/indicators/floor.answer_rate/")
    assert page.status_code == 200
    assert page.context["unit"] is None
    assert "on your own page" in page.content.decode()
    assert signed_in("teller", "O1").get("/indicators/floor.answer_rate/?unit=O1").status_code == 404


def test_an_unknown_indicator_is_404(office):
    assert office.get("/indicators/floor.nothing/").status_code == 404


@pytest.mark.parametrize(
    ("label", "unit", "text"),
    [
        *(("<=0", "s", "≤ 0 s"), ("0-30", "s", "0 s – 30 s"), (">3600", "s", "> 1 h")),
        *(("1-2", "count", "1 – 2"), ("other", "s", "other")),
    ],
)
def test_bins_read_as_people_say_them(label, unit, text):
    from django.utils import translation

    with translation.override("en"):
        assert charts.bin_text(label, unit) == text


def test_every_indicator_on_the_boards_exists():
    known = catalogue().definitions
    lists = queries.boards()
    assert {"tiles", "ranked", "worse", "person", "tiles_call_centre"} == set(lists)
    assert [id for ids in lists.values() for id in ids if id not in known] == []
    assert all(known[id].kind in ("ratio", "coverage") for id in lists["worse"])
    assert (
        queries.listed("tiles", "call_centre") != queries.listed("tiles", "outlet") == queries.listed("tiles")
    )
    assert (ROOMS / "insight" / "catalog" / "home.yaml").exists()


def test_a_file_stays_text_and_never_runs():
    page = RowPage(("a", "b", "c"), (("=1+1", 5, None), ("+cmd\x07", 1.5, dt.datetime(2026, 3, 1, 8))), 2)
    book = load_workbook(io.BytesIO(workbook(page, [("=x", "@y")], "-z")))
    cells = list(book["facts"].iter_rows(min_row=2))
    assert [c.data_type for c in cells[0]] == ["s", "n", "n"]
    assert [c.value for c in cells[1]] == ["+cmd", 1.5, "2026-03-01 08:00:00"]
    assert [c.value for c in book["about"][1]] == ["-z", None]
    assert {c.data_type for c in book["about"][2]} == {"s"}


def test_rows_read_in_the_units_own_time_and_in_words():
    from django.utils import translation

    found = RowPage(
        ("source", "day", "occurred_at", "wait_s", "person", "unit"),
        (("src", dt.date(2026, 3, 1), dt.datetime(2026, 3, 1, 0, 30), 90, None, "O1"),),
        1,
    )
    read = for_reading(found)
    assert read.columns == ("occurred_at", "unit", "person", "wait_s", "source")
    with translation.override("en"):
        assert shown_rows(read, FACT_TYPES["ticket"], "Asia/Shanghai") == [
            ["2026-03-01 08:30:00", "O1", "—", "1 min 30 s", "src"]
        ]
        assert column_titles(read, FACT_TYPES["ticket"])[3] == "Wait"


def test_choices_in_rows_are_words_of_the_page(bank):
    from django.utils import translation

    found = RowPage(
        ("outcome", "channel", "business"), (("served", "counter", "served"), (None, "other", "x")), 2
    )
    with translation.override("zh-hans"):
        assert shown_rows(found, FACT_TYPES["ticket"], "Asia/Shanghai") == [
            ["办结", "柜面", "served"],
            ["—", "other", "x"],
        ]
    with translation.override("en"):
        assert shown_rows(found, FACT_TYPES["ticket"], "Asia/Shanghai")[0] == ["served", "counter", "served"]


def test_rows_lead_to_the_records_they_were_recorded_of(monkeypatch):
    from kezun.facts import links
    from kezun.insight.sheet import linked_rows

    found = RowPage(("source_id", "outcome"), (("T1", "served"),), 1)
    plain = linked_rows(found, FACT_TYPES["ticket"], "UTC")
    assert [href for _text, href in plain[0]] == ["", ""]
    monkeypatch.setitem(links.LINKS, "ticket", lambda row: f"/tickets/{row['source_id']}/")
    [row] = linked_rows(found, FACT_TYPES["ticket"], "UTC")
    assert row[0] == ("T1", "/tickets/T1/")
    assert row[1][1] == ""


def test_a_number_that_leads_somewhere_comes_first(monkeypatch):
    from kezun.facts import links

    found = RowPage(("occurred_at", "outcome", "source_id"), ((None, "served", "T1"),), 1)
    assert for_reading(found).columns[-1] == "source_id"
    assert for_reading(found, linked=True).columns[0] == "source_id"
    monkeypatch.setitem(links.WORDS, ("ticket", "outcome"), str.upper)
    assert shown_rows(found, FACT_TYPES["ticket"], "UTC") == [["—", "SERVED", "T1"]]
