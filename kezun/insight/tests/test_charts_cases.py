"""Charts say in their table what they draw; facts behind a number are shown and saved as they are."""

import datetime as dt
import io

import openpyxl
import pytest
from django.utils import translation
from hypothesis import given, settings
from hypothesis import strategies as st

from kezun.facts.indicators import catalogue
from kezun.facts.questions import Answer, RowPage
from kezun.facts.rules import Period
from kezun.facts.types import FACT_TYPES
from kezun.insight import charts, names, sheet
from kezun.insight.look import Look

MARCH = Period.parse("2026-03")
LOOK = Look("/x/", {"period": "2026-03", "sort": "n"}, MARCH, dt.date(2026, 3, 31))
TICKET = FACT_TYPES["ticket"]


def shares(*found, name="floor.answer_rate"):
    """Answers from (label, numerator, denominator)."""
    return [Answer(name, "O1", by, "2026-03", top / n if n else None, top, n, n) for by, top, n in found]


@pytest.fixture
def share():
    return catalogue()["floor.answer_rate"]


def texts(chart):
    return [[cell.text for cell in row] for row in chart.rows]


def test_a_trend_is_in_order_of_time_whatever_the_order_of_answers(share):
    now = shares(("2026-03-02", 1, 2), ("2026-03-01", 3, 4))
    chart = charts.trend(share, LOOK, "O1", now, [])
    assert chart.data["labels"] == ["2026-03-01", "2026-03-02"]
    assert chart.data["values"] == [0.75, 0.5]
    assert texts(chart) == [["2026-03-01", "75.0 %", "4"], ["2026-03-02", "50.0 %", "2"]]
    assert chart.about == ""


def test_a_trend_lays_the_period_before_beneath_and_says_so(share):
    before = shares(("2026-02-02", 1, 4), ("2026-02-01", 1, 2), ("2026-02-03", 1, 1))
    chart = charts.trend(share, LOOK, "O1", shares(("2026-03-01", 1, 1), ("2026-03-02", 1, 1)), before)
    assert chart.data["before"] == [0.5, 0.25]
    assert chart.about


def test_a_period_before_without_values_is_not_spoken_of(share):
    chart = charts.trend(share, LOOK, "O1", shares(("2026-03-01", 1, 1)), shares(("2026-02-01", 0, 0)))
    assert (chart.data["before"], chart.about) == ([None], "")


def test_a_day_without_facts_stays_in_the_trend_as_a_dash(share):
    chart = charts.trend(share, LOOK, "O1", shares(("2026-03-01", 0, 0)), [])
    assert chart.data["values"] == [None]
    assert texts(chart) == [["2026-03-01", "—", "0"]]


def test_each_point_leads_to_the_explanation_of_its_own_day(share):
    chart = charts.trend(share, LOOK, "O1", shares(("2026-03-01", 1, 1), ("2026-03-02", 1, 1)), [])
    for link, row in zip(chart.data["links"], chart.rows, strict=True):
        assert f"period={row[0].text}" in link
        assert "indicator=floor.answer_rate" in link
        assert "unit=O1" in link
        assert "sort" not in link
        assert row[1].explain == link


def test_a_breakdown_begins_with_most_facts_and_ties_by_name(share):
    answers = shares(("b", 1, 5), ("", 1, 9), ("a", 2, 5))
    chart = charts.breakdown(share, LOOK, "O1", answers, "business", "业务", "未说明")
    assert chart.data["labels"] == ["未说明", "a", "b"]
    assert texts(chart)[0] == ["未说明", "11.1 %", "9"]
    assert "business=" in chart.rows[0][1].explain
    assert (chart.id, chart.about, chart.data["fromZero"]) == ("chart-business", "", False)


@pytest.mark.parametrize("amount", [charts.MOST_BARS, charts.MOST_BARS + 1, 30])
def test_a_long_breakdown_draws_some_and_lists_all(share, amount):
    answers = shares(*((f"b{n:02}", 1, 100 - n) for n in range(amount)))
    chart = charts.breakdown(share, LOOK, "O1", answers, "business", "t", "none")
    drawn = min(amount, charts.MOST_BARS)
    assert [len(chart.data[k]) for k in ("labels", "values", "texts", "links")] == [drawn] * 4
    assert len(chart.rows) == amount
    assert bool(chart.about) == (amount > charts.MOST_BARS)
    assert not chart.about or str(charts.MOST_BARS) in chart.about


def test_a_heat_map_spans_the_hours_between_and_hides_an_empty_weekend(share):
    chart = charts.heat(share, LOOK, "O1", shares(("1-09", 1, 2), ("3-11", 1, 1), ("2-14", 0, 0)))
    assert chart.data["columns"] == ["9:00", "10:00", "11:00"]
    assert len(chart.data["rows"]) == 5
    assert [point[:3] for point in chart.data["cells"]] == [[0, 0, 0.5], [2, 2, 1.0]]
    assert [cell.text for cell in chart.rows[1]] == ["10:00", "", "", "", "", ""]
    assert "hour=9" in chart.rows[0][1].explain
    assert "weekday=1" in chart.rows[0][1].explain


@pytest.mark.parametrize(
    ("labels", "days"),
    [
        (["6-09"], [1, 2, 3, 4, 5, 6]),
        (["7-09"], [1, 2, 3, 4, 5, 7]),
        (["6-09", "7-10"], [1, 2, 3, 4, 5, 6, 7]),
    ],
    ids=["saturday", "sunday", "both"],
)
def test_a_weekend_day_is_shown_where_it_has_facts(share, labels, days):
    chart = charts.heat(share, LOOK, "O1", shares(*((label, 1, 1) for label in labels)))
    assert chart.data["rows"] == [charts.weekday_names()[day - 1] for day in days]
    assert chart.data["cells"][0][1] == days.index(int(labels[0][0]))


def test_a_heat_map_of_nothing_is_empty(share):
    chart = charts.heat(share, LOOK, "O1", shares(("1-09", 0, 0), ("", 1, 1)))
    assert chart.is_empty
    assert chart.data["columns"] == chart.data["cells"] == []


@pytest.mark.parametrize(
    ("label", "unit", "text"),
    [
        ("<=30", "s", "≤ 30 s"),
        ("30-60", "s", "30 s – 1 min"),
        (">3600", "s", "> 1 h"),
        ("-10-0", "count", "−10 – 0"),
        ("-20--10", "count", "−20 – −10"),
        ("0-1000", "count", "0 – 1,000"),
        ("<=-5", "count", "≤ −5"),
        ("", "s", ""),
        ("other", "s", "other"),
        ("1-2-3", "s", "1-2-3"),
    ],
)
def test_bins_as_people_read_them(label, unit, text):
    with translation.override("en"):
        assert charts.bin_text(label, unit) == text


@given(st.lists(st.integers(-500, 500), min_size=1, max_size=6, unique=True).map(sorted))
def test_every_bin_label_that_there_can_be_is_read(bins):
    from kezun.facts.rules import bin_labels

    for label in bin_labels(tuple(bins)):
        text = charts.bin_text(label, "count")
        assert text != label
        assert text[0] in "≤>" or " – " in text


def test_a_spread_keeps_the_order_of_its_bins():
    made = next(d for d in catalogue().definitions.values() if d.kind == "distribution")
    answers = [
        Answer(made.id, "O1", by, "2026-03", top / 4, top, 4, 4) for by, top in (("<=60", 1), (">60", 3))
    ]
    chart = charts.spread(made, answers, "t")
    assert chart.data["values"] == [0.25, 0.75]
    assert [row[2] for row in texts(chart)] == ["1", "3"]
    assert chart.data["labels"] == [row[0] for row in texts(chart)]


PAGE = RowPage(
    ("day", "source_id", "wait_s", "unit", "occurred_at", "outcome", "extra"),
    ((dt.date(2026, 3, 1), "k1", 90, "O1", dt.datetime(2026, 3, 1, 0, 30), "served", None),),
    1,
)


def test_what_people_look_for_stands_first_and_derived_columns_are_left_out():
    found = sheet.for_reading(PAGE)
    assert found.columns == ("occurred_at", "unit", "wait_s", "outcome", "extra", "source_id")
    assert found.rows[0] == (dt.datetime(2026, 3, 1, 0, 30), "O1", 90, "served", None, "k1")
    assert sheet.for_reading(found) == found


@pytest.mark.parametrize(
    ("zone", "moment"),
    [
        ("Asia/Shanghai", "2026-03-01 08:30:00"),
        ("UTC", "2026-03-01 00:30:00"),
        ("America/New_York", "2026-02-28 19:30:00"),
    ],
)
def test_moments_are_shown_on_the_wall_clock_of_the_unit(zone, moment):
    row = sheet.shown_rows(PAGE, TICKET, zone)[0]
    assert row[4] == moment
    assert row[6] == "—"


def test_an_aware_moment_is_the_same_moment():
    aware = dt.datetime(2026, 3, 1, 2, 30, tzinfo=dt.timezone(dt.timedelta(hours=2)))
    page = RowPage(("occurred_at",), ((aware,),), 1)
    assert sheet.shown_rows(page, TICKET, "Asia/Shanghai") == [["2026-03-01 08:30:00"]]


def test_durations_and_choices_in_words():
    wait, outcome = "1 min 30 s", "served"
    with translation.override("en"):
        row = sheet.shown_rows(PAGE, TICKET, "UTC")[0]
        assert (row[2], row[5]) == (wait, outcome)
        assert sheet.column_titles(PAGE, TICKET)[2] == "Wait"
        assert sheet.column_titles(PAGE, TICKET)[6] == "extra"
    chinese = sheet.shown_rows(PAGE, TICKET, "UTC")[0]
    assert chinese[2] != wait
    assert chinese[5] != outcome
    assert sheet.column_titles(PAGE, TICKET)[2] != "Wait"


VALUES = st.one_of(
    *(st.none(), st.integers(-(2**31), 2**31), st.booleans(), st.text(max_size=12)),
    st.just("=1+1"),
)


@given(st.lists(st.tuples(VALUES, VALUES), max_size=4))
@settings(max_examples=20, deadline=None)
def test_any_facts_make_a_file_that_opens_with_text_as_text(rows):
    content = sheet.workbook(RowPage(("a", "b"), tuple(rows), len(rows)), [("n", "1")], "题")
    book = openpyxl.load_workbook(io.BytesIO(content))
    assert book.sheetnames == ["facts", "about"]
    assert [c.value for c in book["facts"][1]] == ["a", "b"]
    for row in book["facts"].iter_rows(min_row=2):
        assert all(cell.data_type != "f" for cell in row)
    assert [c.value or "" for c in book["about"][1]] == ["题", ""]


@pytest.mark.parametrize("kind", [key for key, _name in names.kinds()])
def test_kinds_are_named_in_both_languages(kind):
    chinese = names.kind_text(kind)
    with translation.override("en"):
        assert names.kind_text(kind) not in ("", kind, chinese)


def test_what_has_no_name_stays_as_it_is():
    assert names.kind_text("riddle") == names.owner_text("riddle") == "riddle"
    with pytest.raises(KeyError):
        names.part_text("middle")
    assert names.part_text("numerator") != names.part_text("denominator")


@pytest.mark.parametrize("owner", sorted({d.owner for d in catalogue().definitions.values()}))
def test_every_owner_of_an_indicator_is_a_role_with_a_name(owner):
    chinese = names.owner_text(owner)
    with translation.override("en"):
        assert owner not in (chinese, names.owner_text(owner))
