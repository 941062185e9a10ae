"""The components as they come out: what is said in words, what a policy without inline styles allows."""

import json
import re
from pathlib import Path

import pytest
from django.template import Context, Template
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.utils import translation

from kezun.ui import marks
from kezun.ui.components import Cell, Chart, Crumb, PeriodPicker, RankedRow, Tile
from kezun.ui.figures import Change
from kezun.ui.rules import Bar, bars, spark

ROOMS = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


def part(name, **context):
    return render_to_string(f"ui/parts/{name}.html", context)


def test_a_tile_says_everything_it_needs_to_be_trusted():
    tile = Tile(
        *("Answer rate", "95.3 %"),
        n="n = 1,000",
        target="≥ 85.0 %",
        met=True,
        change=Change("+0.3 pp", "better"),
        spark=spark([1, 3, 2]),
        href="/indicators/x/",
        explain="/explain/?indicator=x",
    )
    html = part("tile", tile=tile)
    for said in ("95.3 %", "n = 1,000", "≥ 85.0 %", "+0.3 pp", "Target met", "k-tile-met", "polyline"):
        assert said in html
    assert 'hx-get="/explain/?indicator=x"' in html
    assert "How «Answer rate» comes about" in html


def test_a_tile_on_too_few_facts_warns():
    html = part("tile", tile=Tile("Rate", "50.0 %", n="n = 4", thin=True))
    assert "Too few facts to judge" in html
    assert "Target" not in html


@pytest.mark.parametrize(
    ("verdict", "arrow", "meaning"),
    [("better", "▲", "better"), ("worse", "▲", "worse"), ("chance", "", "within chance"), ("plain", "", "")],
)
def test_a_change_is_told_by_more_than_its_colour(verdict, arrow, meaning):
    html = marks.change(Change("+2 s", verdict))
    assert ("▲" in html) is bool(arrow)
    assert f'<span class="k-sr"> {meaning}</span>' in html


def test_a_fall_points_down():
    assert "▼" in marks.change(Change("−2 s", "better"))
    assert "Too small to tell" in marks.change(Change("−2 s", "chance"))


def test_marks_of_nothing_are_nothing():
    assert marks.change(None) == marks.met(None) == marks.explain("", "x") == marks.bar(Bar(None), "") == ""


def test_a_missed_target_is_said_in_words():
    assert "Target not met" in marks.met(False)
    assert 'role="img"' in marks.met(True)


def test_names_are_escaped_wherever_they_stand():
    html = marks.explain("/e/?a=1&b=<", "<b>x</b>")
    assert "<b>" not in html
    assert "a=1&amp;b=&lt;" in html


def test_a_bar_draws_interval_value_and_target():
    html = marks.bar(bars([(0.5, 0.4, 0.6), (0.7, 0.6, 0.8)], 0.5)[0], "40–60 %")
    assert html.count("<line") == 3
    assert html.count("<rect") == 1
    assert "40–60 %" in html


def test_a_ranked_table_sorts_by_numbers_not_by_texts():
    rows = [
        RankedRow("East", "/units/E/", "1,000", 1000.0, Bar(50.0), 9000, explain="/explain/"),
        RankedRow("West", "", "—", None, Bar(None), 3, thin=True, note="code"),
    ]
    html = Template('{% ranked rows "Unit" "All units" %}').render(Context({"rows": rows}))
    assert 'data-value="1000.0"' in html
    assert 'data-value="9000"' in html
    assert '<a href="/units/E/">East</a>' in html
    assert re.search(r"West\s*<small", html)
    assert "All units" in html


def test_a_chart_has_the_same_numbers_as_a_table():
    chart = Chart(
        *("c", "trend", "Trend", {"labels": ["a"], "values": [1]}),
        ["Day", "Value"],
        [[Cell("a"), Cell("1 s", "/explain/?x")]],
        wide=True,
    )
    html = part("chart", chart=chart)
    data = json.loads(re.search(r'<script id="c" type="application/json">(.*?)</script>', html)[1])
    assert data == {"kind": "trend", "title": "Trend", "labels": ["a"], "values": [1]}
    assert "1 s" in html
    assert "/explain/?x" in html
    assert "As a table" in html
    assert "k-chart-wide" in html


def test_a_chart_without_facts_says_so():
    html = part("chart", chart=Chart("c", "bars", "By class", {}, [], []))
    assert "No facts in this period" in html
    assert "<script" not in html


def test_a_label_cannot_end_the_chart_data():
    chart = Chart("c", "bars", "X", {"labels": ["</script><script>"]}, ["a"], [[Cell("a")]])
    assert part("chart", chart=chart).count("<script") == 1


def test_the_period_picker_keeps_other_choices():
    picker = PeriodPicker(
        *("March 2026", "2026-03-01", "2026-03-31", "?period=2026-02", "?period=2026-04"),
        [("month", "Month", "?period=2026-03", True), ("year", "Year", "?period=2026", False)],
        [("rank", "floor.wait_p90")],
    )
    html = part("period", picker=picker)
    assert "data-period-previous" in html
    assert "data-period-next" in html
    assert '<input type="hidden" name="rank" value="floor.wait_p90">' in html
    assert html.count('aria-current="true"') == 1


def test_crumbs_lead_up_and_end_where_we_are():
    html = part("crumbs", crumbs=[Crumb("Bank", "/"), Crumb("Outlet")])
    assert '<a href="/">Bank</a>' in html
    assert '<span aria-current="page">Outlet</span>' in html
    assert part("crumbs", crumbs=[]).strip() == ""


def test_an_empty_state_says_what_to_do_first():
    html = part("empty", title="No facts", text="Import some", href="/import/", action="Import")
    assert 'href="/import/"' in html
    assert "#inbox" in html


def test_a_kept_block_is_shown_twice():
    made = Template("{% keep a %} <b>x</b> {% endkeep %}[{{ a }}|{{ a }}]").render(Context())
    assert made == "[<b>x</b>|<b>x</b>]"


def test_filters():
    made = Template('{{ 1234|grouped }} {{ none|grouped }} {{ 90|figure:"s" }} {{ "look"|menu_group }}')
    assert made.render(Context({"none": None})) == "1,234  1 min 30 s Look"
    assert Template('{{ "zh-hans"|own_name }}').render(Context()) == "简体中文"


def frame(name="ui/base.html", **context):
    request = RequestFactory().get("/x/?a=1")
    return render_to_string(name, {"title": "A & B", **context}, request)


def test_the_frame_shows_the_title_twice_and_can_be_skipped():
    html = frame()
    assert "<title>A &amp; B · Kezun</title>" in html
    assert "<h1>A &amp; B</h1>" in html
    assert '<a class="k-skip" href="#content">' in html
    assert 'id="content"' in html


def test_the_language_switch_comes_back_to_where_one_was():
    html = frame()
    assert 'name="next" value="/x/?a=1"' in html
    assert 'value="zh-hans" lang="zh-hans">简体中文' in html
    with translation.override("zh-hans"):
        assert '<html lang="zh-hans"' in frame()
        assert 'value="en" lang="en">English' in frame()


@pytest.mark.parametrize("name", ["403.html", "404.html", "500.html"])
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_error_pages_speak_both_languages_and_lead_home(name, language):
    with translation.override(language):
        html = frame(name, title="")
    assert 'href="/"' in html
    assert ("回到首页" in html) is (language == "zh-hans")
    assert ("To the start page" in html) is (language == "en")


@pytest.mark.parametrize(
    ("reason", "shown"),
    [
        *(("«x» is not a period: write 2026-03", True), ("不是期间", True)),
        *(("insight.read", False), ("Resolver404", False), ("", False)),
    ],
)
def test_a_refusal_gives_its_reason_where_it_was_written_for_people(reason, shown):
    html = frame("404.html", title="", exception=reason)
    assert ("k-message-warning" in html) is shown
    assert not shown or reason in html


def test_a_reason_cannot_carry_markup():
    assert "<b>" not in frame("404.html", title="", exception="no <b> here")


@pytest.mark.parametrize("path", sorted(ROOMS.rglob("templates/**/*.html")), ids=lambda p: p.name)
def test_no_template_needs_an_unsafe_policy(path):
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"\sstyle\s*=", text), "style attributes are refused by the policy"
    assert not re.search(r"\son[a-z]+\s*=\s*[\"']", text), "event attributes are refused by the policy"
    assert "<style" not in text
    assert not re.search(r"<script(?![^>]*\bsrc=)", text), "scripts are files"
    assert "javascript:" not in text
