"""What a reader chose, read from the address and written back into it."""

import datetime as dt
from urllib.parse import parse_qsl, urlsplit

import pytest
from django.http import Http404
from django.test import RequestFactory
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from kezun.facts.rules import Period
from kezun.insight.look import KINDS, kind_name, look, period_name
from kezun.insight.names import kind_text, kinds, owner_text, part_text

LATEST = dt.date(2026, 3, 27)


def seen(address="/", latest=LATEST):
    return look(RequestFactory().get(address), latest)


def query(address):
    return dict(parse_qsl(urlsplit(address).query, keep_blank_values=True))


@pytest.mark.parametrize(
    ("label", "en", "zh"),
    [
        ("2026-03", "March 2026", "2026年3月"),
        ("2026-Q2", "2026, quarter 2", "2026年第2季度"),
        ("2026-W09", "2026, week 9", "2026年第9周"),
        ("2026", "Year 2026", "2026年"),
        ("2026-03-05", "2026-03-05", "2026-03-05"),
        ("2026-03-01..2026-03-05", "2026-03-01 – 2026-03-05", "2026-03-01 – 2026-03-05"),
    ],
)
def test_periods_are_written_as_people_write_them(label, en, zh):
    with translation.override("en"):
        assert period_name(Period.parse(label)) == en
    with translation.override("zh-hans"):
        assert period_name(Period.parse(label)) == zh


@given(st.dates(dt.date(1990, 1, 1), dt.date(2090, 12, 31)), st.sampled_from(KINDS))
def test_a_week_around_new_year_carries_the_year_of_its_label(day, kind):
    period = Period.of(day, kind)
    with translation.override("en"):
        assert period.label[:4] in period_name(period)


def test_choices_survive_in_every_address_of_the_page():
    chosen = seen("/units/O1/?period=2026-02&rank=floor.wait_p90&order=worst")
    assert query(chosen.href(level="outlet")) == {
        "period": "2026-02",
        "rank": "floor.wait_p90",
        "order": "worst",
        "level": "outlet",
    }
    assert query(chosen.href(rank=None, order=None)) == {"period": "2026-02"}


def test_another_page_takes_period_and_moment_along_and_nothing_else():
    chosen = seen("/?period=2026-02&known_at=2026-03-01T08:00:00%2B08:00&rank=x&page=3")
    assert query(chosen.unit("O1")) == {"period": "2026-02", "known_at": "2026-03-01T08:00:00+08:00"}
    assert query(chosen.person("0042"))["period"] == "2026-02"
    assert urlsplit(chosen.person("0042")).path == "/people/0042/"
    assert query(chosen.indicator("floor.tickets", "O1"))["unit"] == "O1"


def test_without_a_choice_addresses_stay_short():
    assert seen("/units/O1/").unit("O2") == "/units/O2/"


def test_an_explanation_names_its_period_even_where_none_was_chosen():
    asked = query(seen("/").explain("floor.tickets", "O1", person=None, business=""))
    assert asked == {"indicator": "floor.tickets", "unit": "O1", "period": "2026-03", "business": ""}


def test_a_question_asks_for_the_period_and_the_moment_looked_at():
    chosen = seen("/?period=2026-02&known_at=2026-03-01T08:00:00Z")
    asked = chosen.ask(("floor.tickets",), "O1", by="day")
    assert (asked.period.label, asked.by, asked.unit) == ("2026-02", "day", "O1")
    assert asked.known_at == dt.datetime(2026, 3, 1, 8, tzinfo=dt.UTC)


def test_a_moment_without_a_zone_is_the_banks():
    assert seen("/?known_at=2026-03-01T08:00:00").known_at.utcoffset() == dt.timedelta(hours=8)


@pytest.mark.parametrize("text", ["yesterday", "2026-13-01T00:00:00", "08:00"])
def test_a_moment_that_cannot_be_read_is_404_with_the_form(text):
    with translation.override("en"), pytest.raises(Http404, match="2026-03-01T08:30:00"):
        seen(f"/?known_at={text}")


def test_a_period_that_cannot_be_read_is_404_with_the_forms():
    with pytest.raises(Http404, match="2026-Q1"):
        seen("/?period=nonsense")


def test_the_picker_steps_to_both_sides_and_offers_every_length():
    with translation.override("en"):
        picker = seen("/?period=2026-02&rank=x&page=4").picker()
    assert query(picker.previous) == {"period": "2026-01", "rank": "x"}
    assert query(picker.following) == {"period": "2026-03", "rank": "x"}
    assert [label for _kind, label, _href, _chosen in picker.kinds] == [
        "Day",
        "Week",
        "Month",
        "Quarter",
        "Year",
    ]
    assert [kind for kind, _label, _href, chosen in picker.kinds if chosen] == ["month"]
    assert (picker.start, picker.end) == ("2026-02-01", "2026-02-28")
    assert list(picker.keep) == [("rank", "x")]


def test_another_length_stays_where_there_are_facts():
    hrefs = {kind: query(href)["period"] for kind, _l, href, _c in seen("/?period=2026").picker().kinds}
    assert hrefs["month"] == "2026-03"
    assert hrefs["day"] == "2026-03-27"
    assert {k: query(h)["period"] for k, _l, h, _c in seen("/?period=2025").picker().kinds}[
        "month"
    ] == "2025-12"


def test_at_the_edge_of_the_calendar_the_arrows_stay():
    assert query(seen("/?period=0001").picker().previous)["period"] == "0001"
    assert query(seen("/?period=9999").picker().following)["period"] == "9999"


def test_a_form_wins_over_the_address_and_leaves_its_token_behind():
    request = RequestFactory().post("/?period=2026-01&a=1", {"period": "2026-02", "csrfmiddlewaretoken": "x"})
    chosen = look(request, None)
    assert chosen.query == {"period": "2026-02", "a": "1"}


@translation.override("en")
def test_words_for_kinds_owners_and_sides():
    from kezun.facts.definitions import KINDS as EVERY

    assert {code for code, _name in kinds()} == set(EVERY)
    assert kind_text("quantile") == "Quantile"
    assert kind_text("new") == "new"
    assert owner_text("service_office") == "Service office"
    assert owner_text("nobody") == "nobody"
    assert [part_text(p) for p in ("numerator", "denominator")] == ["Numerator", "Denominator"]
    assert kind_name("week") == "Week"
    with translation.override("zh-hans"):
        assert owner_text("service_office") == "服务管理办公室"
