"""One number, many places: the chart's data, its table, the explanation, the file and the answer agree."""

import io
import json
import re
from html import unescape

import pytest
from openpyxl import load_workbook

from kezun.facts.queries import measure
from kezun.facts.questions import Question
from kezun.facts.rules import Period
from kezun.insight.tests.markup import Markup
from kezun.kernel.actor import SystemActor
from kezun.kernel.models import TrailEntry

pytestmark = [pytest.mark.django_db, pytest.mark.once]
MARCH = Period.parse("2026-03")
ACTOR = SystemActor("test")


@pytest.fixture
def office(service, signed_in):
    return signed_in("service_office", "HO")


def charts_of(page):
    found = re.findall(
        r'<script id="(chart-[\w]+)" type="application/json">(.*?)</script>', page.content.decode(), re.S
    )
    return {name: json.loads(text) for name, text in found}


def ask(indicator, unit, **more):
    return measure(ACTOR, Question((indicator,), unit, MARCH, **more))


@pytest.mark.parametrize("unit", ["HO", "O1"])
@pytest.mark.parametrize(
    "indicator", ["floor.answer_rate", "floor.wait_p90", "floor.tickets", "floor.satisfied_rate"]
)
def test_a_charts_data_are_the_answers(office, indicator, unit):
    drawn = charts_of(office.get(f"/indicators/{indicator}/?unit={unit}&period=2026-03"))
    days = sorted(ask(indicator, unit, by="day"), key=lambda a: a.by)
    assert drawn["chart-trend"]["labels"] == [a.by for a in days]
    assert drawn["chart-trend"]["values"] == [a.value for a in days]
    by_business = {a.by or "Without business": a.value for a in ask(indicator, unit, by="business")}
    bars = drawn["chart-business"]
    assert dict(zip(bars["labels"], bars["values"], strict=True)) == by_business
    by_class = {a.by: a.value for a in ask(indicator, unit, by="class")}
    bars = drawn["chart-customer_class"]
    assert dict(zip(bars["labels"], bars["values"], strict=True)) == by_class
    heat = drawn["chart-heat"]
    hours = {a.by: a.value for a in ask(indicator, unit, by="weekday_hour") if a.value is not None}
    week = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"]
    seen = {
        f"{week.index(heat['rows'][y]) + 1}-{int(heat['columns'][x].split(':')[0]):02}": value
        for x, y, value, _text in heat["cells"]
    }
    assert seen == hours


def test_a_charts_table_says_what_the_chart_draws(office):
    page = office.get("/indicators/floor.answer_rate/?unit=O1&period=2026-03")
    data, markup = charts_of(page), Markup(page)
    for box in markup.all("section", "k-chart-card"):
        held = [s for s in markup.within(box, "script") if s.attrs.get("id") in data]
        if not held or held[0].attrs["id"] != "chart-trend":
            continue
        drawn = data["chart-trend"]
        rows = [r for r in markup.within(box, "tr") if markup.within(r, "td")]
        assert [markup.within(r, "th")[0].text for r in rows] == drawn["labels"]
        assert [markup.within(r, "td")[0].text for r in rows] == drawn["texts"]
        links = [markup.within(r, "a")[0].attrs["href"] for r in rows]
        assert [unescape(link) for link in links] == drawn["links"]
        return
    raise AssertionError("the page has no trend")


def test_each_point_of_a_trend_explains_itself(office):
    drawn = charts_of(office.get("/indicators/floor.tickets/?unit=O1&period=2026-03"))["chart-trend"]
    for at in (0, 13, 26):
        lines = dict(office.get(drawn["links"][at]).context["lines"])
        assert lines["Numerator"] == str(int(drawn["values"][at]))
        assert drawn["labels"][at] in lines["Period"]


def test_each_cell_of_the_heat_map_explains_itself(office):
    page = office.get("/indicators/floor.tickets/?unit=HO&period=2026-03")
    table = next(c for c in page.context["charts"] if c.id == "chart-heat")
    cell = next(c for row in table.rows for c in row[1:] if c.explain)
    assert dict(office.get(cell.explain).context["lines"])["n"] == cell.text


@pytest.mark.parametrize("part", ["numerator", "denominator"])
@pytest.mark.parametrize("indicator", ["floor.answer_rate", "floor.within_promise", "floor.satisfied_rate"])
@pytest.mark.parametrize("unit", ["O2", "HO"])
def test_the_file_holds_as_many_facts_as_the_answer_counts(office, indicator, part, unit):
    (answer,) = ask(indicator, unit)
    given = {"indicator": indicator, "unit": unit, "period": "2026-03", "part": part}
    sent = office.post("/explain/export/", given)
    book = load_workbook(io.BytesIO(sent.content), read_only=True)
    header, *rows = book["facts"].iter_rows(values_only=True)
    assert len(rows) == getattr(answer, part)
    keys = [row[header.index("source_id")] for row in rows]
    assert len(set(keys)) == len(keys)
    units = {row[header.index("unit")] for row in rows}
    assert units == ({unit} if unit == "O2" else {"O1", "O2", "O3"})
    about = dict(row[:2] for row in book["about"].iter_rows(values_only=True))
    assert about["Side"] == part.capitalize()
    assert about["Unit"].endswith(f"({unit})")
    taken = json.loads(TrailEntry.objects.filter(verb="insight.export_rows").latest("pk").detail)
    assert f"{len(rows)}" in json.dumps(taken)


def test_a_mean_can_be_worked_out_again_from_its_file(office):
    (answer,) = ask("floor.wait_mean", "O3")
    given = {"indicator": "floor.wait_mean", "unit": "O3", "period": "2026-03", "part": "numerator"}
    book = load_workbook(io.BytesIO(office.post("/explain/export/", given).content))
    header, *rows = book["facts"].iter_rows(values_only=True)
    waits = [row[header.index("wait_s")] for row in rows]
    assert sum(waits) == answer.numerator
    assert sum(waits) / len(waits) == pytest.approx(answer.value)


def test_a_narrowed_number_takes_out_only_its_own_facts(office):
    given = {"indicator": "floor.tickets", "unit": "O2", "period": "2026-03", "part": "numerator"}
    book = load_workbook(io.BytesIO(office.post("/explain/export/", given | {"business": ""}).content))
    header, *rows = book["facts"].iter_rows(values_only=True)
    (answer,) = [a for a in ask("floor.tickets", "O2", by="business") if a.by == ""]
    assert len(rows) == answer.value
    assert {row[header.index("business")] for row in rows} == {None}


@pytest.mark.parametrize("text", ["=HYPERLINK(1)", "+1", "-1", "@x", "\t=1", '=cmd|" /C calc"!A0'])
def test_what_a_customer_system_wrote_never_becomes_a_formula(bank, signed_in, text):
    from kezun.insight.tests.test_edges import keep, ticket

    keep(ticket(bank["O1"], business=text))
    given = {"indicator": "floor.tickets", "unit": "O1", "period": "2026-03", "part": "numerator"}
    sent = signed_in("service_office", "HO").post("/explain/export/", given)
    cells = [c for row in load_workbook(io.BytesIO(sent.content))["facts"].iter_rows(min_row=2) for c in row]
    assert text in [c.value for c in cells]
    assert {c.data_type for c in cells if c.value == text} == {"s"}


def test_the_same_view_saved_and_opened_shows_the_same(office):
    address = "/units/S1/?level=outlet&rank=floor.wait_p90&period=2026-03"
    before = office.get(address)
    office.post("/views/save/", {"title": "我的视图", "address": address})
    (link,) = [a for a in Markup(office.get("/views/")).all("a") if a.text == "我的视图"]
    after = office.get(link.attrs["href"])
    assert [r.value for r in after.context["table"].rows] == [r.value for r in before.context["table"].rows]
    assert after.context["rank"].id == "floor.wait_p90"
