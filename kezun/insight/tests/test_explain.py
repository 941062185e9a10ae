"""Every number opens: formula, sides, interval, target, snapshot, the facts behind, and the file."""

import io
import re

import pytest
from openpyxl import load_workbook

from kezun.facts import queries as facts
from kezun.facts.engine import TooLarge
from kezun.facts.questions import Question
from kezun.facts.rules import Period
from kezun.insight.look import look
from kezun.kernel.actor import SystemActor
from kezun.kernel.models import TrailEntry
from kezun.ui.figures import interval_text

pytestmark = pytest.mark.django_db
RATE = "indicator=floor.answer_rate&unit=O1&period=2026-03"


def words(response):
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


@pytest.fixture
def manager(service, signed_in):
    return signed_in("outlet_manager", "O1")


def test_a_number_is_explained_by_all_that_it_is_made_of(manager):
    page = manager.get("/explain/?" + RATE)
    lines = dict(page.context["lines"])
    assert lines["Unit"] == "O1 (O1)"
    assert lines["Period"] == "March 2026 (2026-03-01 – 2026-03-31)"
    assert (lines["Numerator"], lines["Denominator"], lines["n"]) == ("40", "60", "60")
    assert lines["95 % interval (Wilson)"] == "54.1–77.3 %"
    assert lines["Target"] == "≥ 85.0 % · not met"
    assert lines["As known at"] == "now"
    assert re.fullmatch(r"ticket@\d+", lines["Snapshot"])
    assert "66.7 %" in words(page)
    assert 'count(ticket where outcome == "served") / count(ticket)' in page.context["d"].formula_text


def lines_of(manager, indicator, **more):
    query = "".join(f"&{name}={value}" for name, value in more.items())
    page = manager.get(f"/explain/?indicator={indicator}&unit=O1&period=2026-03{query}")
    return page.context["answer"], dict(page.context["lines"])


def test_each_kind_says_by_which_method_its_interval_is_made(manager, service):
    answer, lines = lines_of(manager, "floor.wait_mean")
    assert lines["95 % interval (Student's t)"] == interval_text(answer.low, answer.high, "s")
    assert answer.low < answer.value < answer.high
    answer, lines = lines_of(manager, "floor.hourly_load")
    assert lines["95 % interval (exact Poisson)"] == interval_text(answer.low, answer.high, "per_hour")
    _answer, lines = lines_of(manager, "floor.tickets")
    assert not [name for name in lines if "interval" in name]


def test_a_quantile_is_spanned_by_ranks_where_it_is_explained(manager, service):
    answer, lines = lines_of(manager, "floor.wait_p50")
    assert lines["95 % interval (by ranks, free of any distribution)"] == interval_text(
        answer.low, answer.high, "s"
    )
    assert answer.low <= answer.value <= answer.high
    (listed,) = facts.measure(
        SystemActor("test"), Question(("floor.wait_p50",), "O1", Period.parse("2026-03"))
    )
    assert (listed.low, listed.value) == (None, answer.value)


def test_why_there_is_no_interval_is_said(manager, monkeypatch):
    monkeypatch.setattr(facts, "SPANNED", 3)
    _answer, lines = lines_of(manager, "floor.wait_p50")
    assert "too few" in lines["95 % interval (by ranks, free of any distribution)"]

    def too_large(*_):
        raise TooLarge

    monkeypatch.setattr(facts, "quantile_span", too_large)
    answer, _lines = lines_of(manager, "floor.wait_p50")
    assert answer.low is None


def test_in_the_drawer_only_the_explanation_is_sent(manager):
    page = manager.get("/explain/?" + RATE, HTTP_HX_REQUEST="true")
    assert b"<html" not in page.content
    assert "As a page" in words(page)
    assert '<h2 tabindex="-1">Answer rate</h2>' in page.content.decode()


def test_both_sides_show_their_facts_a_page_at_a_time(manager):
    top = manager.get("/explain/?" + RATE).context["found"]
    assert top.total == 40
    assert len(top.rows) == 25
    assert top.columns[:3] == ("occurred_at", "unit", "person")
    outcome = top.columns.index("outcome")
    assert {row[outcome] for row in top.rows} == {"served"}
    page = manager.get("/explain/rows/?part=denominator&page=3&" + RATE, HTTP_HX_REQUEST="true")
    assert (page.context["first"], page.context["last"], page.context["found"].total) == (51, 60, 60)
    assert page.context["after"] == ""
    assert "page=2" in page.context["before"]


@pytest.mark.parametrize("number", ["0", "-1", "x", "99999999999", "٣"])
def test_a_page_number_that_is_none_shows_the_first(manager, number):
    page = manager.get(f"/explain/rows/?page={number}&" + RATE, HTTP_HX_REQUEST="true")
    assert page.context["first"] == 1


def test_rows_opened_on_their_own_come_with_the_explanation(manager):
    assert b"<html" in manager.get("/explain/rows/?" + RATE).content


@pytest.mark.parametrize(
    ("narrow", "n"),
    [
        *(("business=cash", "20"), ("business=", "20"), ("customer_class=vip", "30")),
        *(("person=teller.O1", "40"), ("weekday=1&hour=9", "1")),
    ],
)
def test_a_number_can_be_narrowed_and_still_shows_its_facts(manager, narrow, n):
    page = manager.get(f"/explain/?indicator=floor.tickets&unit=O1&period=2026-03&{narrow}")
    assert dict(page.context["lines"])["n"] == n
    assert str(page.context["found"].total) == n


def test_a_number_on_too_few_facts_says_so(manager):
    page = manager.get("/explain/?person=teller.O1&hour=9&" + RATE)
    assert "fewer than the 30 needed to judge" in words(page)


def test_a_number_without_facts_says_so(manager):
    page = manager.get("/explain/?" + RATE.replace("2026-03", "2020-01"))
    assert "No facts on this side" in words(page)


def test_a_distribution_is_explained_bin_by_bin(manager):
    page = manager.get("/explain/?indicator=floor.wait_distribution&unit=O1&period=2026-03")
    assert sum(b.numerator for _name, b in page.context["bins"]) == 40
    assert "≤ 0 s" in [name for name, _b in page.context["bins"]]
    assert "0 s – 30 s" in words(page) or "30 s – 1 min" in words(page)


def test_a_formula_leads_to_what_it_is_worked_out_from(manager):
    page = manager.get("/explain/?indicator=phone.handle_mean&unit=O1&period=2026-03")
    assert [part.id for part, _href in page.context["below"]] == ["phone.talk_mean", "phone.wrap_mean"]
    assert "found" not in page.context


@pytest.mark.parametrize(
    "address",
    [
        "/explain/",
        "/explain/?indicator=floor.answer_rate&unit=O1",
        "/explain/?" + RATE.replace("unit=O1", "unit=O2"),
        "/explain/?" + RATE.replace("floor.answer_rate", "floor.nothing"),
        "/explain/?person=teller.O2&" + RATE,
        "/explain/?hour=24&" + RATE,
        "/explain/?weekday=0&" + RATE,
        "/explain/?hour=x&" + RATE,
    ],
)
def test_what_is_not_there_or_outside_the_scope_is_404(manager, address):
    assert manager.get(address).status_code == 404


def test_who_sees_only_themselves_explains_only_themselves(service, signed_in):
    teller = signed_in("teller", "O2")
    own = "/explain/?indicator=floor.served&period=2026-03&unit=O2"
    page = teller.get(own + "&person=teller.O2")
    assert dict(page.context["lines"])["n"] == "80"
    assert "found" not in page.context
    assert teller.get(own).status_code == 404
    assert teller.get(own + "&person=teller.O1").status_code == 404
    assert teller.get("/explain/rows/?part=numerator&person=teller.O2&" + own[10:]).status_code == 403


def test_the_facts_are_taken_out_as_a_file_and_the_trail_knows(manager):
    answer = manager.post("/explain/export/?" + RATE, {"part": "denominator"})
    assert answer.status_code == 200
    assert (
        answer["Content-Disposition"]
        == 'attachment; filename="floor.answer_rate-O1-2026-03-denominator.xlsx"'
    )
    book = load_workbook(io.BytesIO(answer.content))
    rows = list(book["facts"].values)
    assert len(rows) == 61
    assert "outcome" in rows[0]
    assert ("Period", "March 2026 (2026-03-01 – 2026-03-31)") in list(book["about"].values)
    entry = TrailEntry.objects.get(verb="insight.export_rows")
    assert '"rows":60' in entry.detail.replace(" ", "")


@pytest.mark.parametrize(
    ("role", "unit"), [("teller", "O1"), ("lobby_manager", "O1"), ("system_admin", "HO")]
)
def test_who_only_looks_takes_nothing_out(service, signed_in, role, unit):
    answer = signed_in(role, unit).post("/explain/export/", {"part": "numerator", **_fields()})
    assert answer.status_code == 403
    assert not TrailEntry.objects.filter(verb="insight.export_rows").exists()


def _fields():
    return dict(pair.split("=") for pair in RATE.split("&"))


def test_nothing_leaves_by_get_nor_of_another_outlet_nor_of_no_side(manager, service, signed_in):
    assert manager.get("/explain/export/?part=numerator&" + RATE).status_code == 405
    other = signed_in("outlet_manager", "O2")
    assert other.post("/explain/export/", {"part": "numerator", **_fields()}).status_code == 404
    assert manager.post("/explain/export/", {"part": "both", **_fields()}).status_code == 404


def test_the_address_of_a_choice_keeps_what_belongs_to_it(rf):
    seen = look(rf.get("/units/O1/?period=2026-03&rank=x&known_at=2026-03-05T08:00:00"), None)
    assert seen.href(rank=None) == "/units/O1/?period=2026-03&known_at=2026-03-05T08%3A00%3A00"
    assert "rank" not in seen.unit("O2")
    assert "known_at" in seen.unit("O2")
    assert "business=&" in seen.explain("a.b", "O1", business="", customer_class=None) + "&"
