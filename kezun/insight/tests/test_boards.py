"""Home, unit and person pages: who lands where, what stands there, and how many statements it takes."""

import re

import pytest
from django.urls import reverse

pytestmark = pytest.mark.django_db
MARCH = "period=2026-03"


def text_of(response):
    """The page as words, without tags, spaces in order."""
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


@pytest.mark.parametrize(
    ("role", "unit", "lands"),
    [
        ("service_office", "HO", "HO"),
        ("auditor", "O1", "HO"),
        ("unit_head", "P1", "P1"),
        ("outlet_manager", "O2", "O2"),
        ("lobby_manager", "O1", "O1"),
    ],
)
def test_home_shows_each_reader_what_is_theirs(service, signed_in, role, unit, lands):
    page = signed_in(role, unit).get("/?" + MARCH)
    assert page.status_code == 200
    assert page.context["unit"].code == lands


@pytest.mark.parametrize("role", ["teller", "agent"])
def test_who_works_for_themselves_lands_on_their_own_page(service, signed_in, role):
    page = signed_in(role, "O1").get("/")
    assert page.url == reverse("insight.person", args=[f"{role}.O1"])


def test_an_administrator_lands_where_the_menu_begins(service, signed_in):
    page = signed_in("audit_admin", "HO").get("/")
    assert page.status_code in (200, 302)
    assert page.status_code == 200 or page.url != "/"


def test_without_facts_home_says_what_to_do_first(bank, signed_in):
    page = signed_in("service_office", "HO").get("/")
    assert "There are no facts yet" in text_of(page)
    assert b"k-tile-value" not in page.content


def test_home_begins_with_the_month_of_the_latest_facts(service, signed_in):
    page = signed_in("service_office", "HO").get("/")
    assert page.context["look"].period.label == "2026-03"
    assert "March 2026" in text_of(page)
    assert "Facts up to 2026-03-27" in text_of(page)


def test_tiles_carry_value_n_target_and_change(service, signed_in):
    page = signed_in("service_office", "HO").get("/?" + MARCH)
    tiles = {tile.label: tile for tile in page.context["tiles"]}
    rate = tiles["Answer rate"]
    assert (rate.value, rate.n, rate.target, rate.met) == ("88.9 %", "n = 180", "≥ 85.0 %", True)
    assert (rate.change.text, rate.change.verdict) == ("−11.1 pp", "worse")
    assert rate.spark
    assert tiles["Tickets"].value == "180"


def test_counts_of_a_month_that_is_not_over_are_not_compared(service, signed_in):
    tiles = {t.label: t for t in signed_in("service_office", "HO").get("/?" + MARCH).context["tiles"]}
    assert tiles["Tickets"].change is None


def test_what_got_worse_names_the_outlet_that_lost_its_customers(service, signed_in):
    losses = signed_in("unit_head", "P1").get("/?level=outlet&" + MARCH).context["losses"]
    assert (losses[0].title, losses[0].indicator) == ("O1", "Answer rate")
    assert all(loss.title == "O1" for loss in losses if loss.indicator == "Answer rate")
    assert losses[0].before == "100 %"
    assert losses[0].now == "66.7 %"


def test_units_are_ranked_from_best_to_worst_and_back(service, signed_in):
    client = signed_in("service_office", "HO")
    address = "/?level=outlet&rank=floor.answer_rate&" + MARCH
    rows = client.get(address).context["table"].rows
    assert [row.name for row in rows] == ["O2", "O3", "O1"]
    assert client.get(address + "&order=worst").context["table"].rows[0].name == "O1"
    assert rows[2].met is False
    assert rows[0].bar.value > rows[2].bar.value


def test_a_long_ranking_is_cut_and_can_be_opened(service, signed_in, monkeypatch):
    from kezun.insight.pages import boards

    monkeypatch.setattr(boards, "MOST_RANKED", 2)
    client = signed_in("service_office", "HO")
    page = client.get("/?level=outlet&" + MARCH)
    assert len(page.context["table"].rows) == 2
    assert "Show all 3" in text_of(page)
    assert len(client.get(page.context["all_href"]).context["table"].rows) == 3


def test_the_tree_is_walked_by_click(service, signed_in):
    client = signed_in("service_office", "HO")
    page = client.get("/?rank=floor.tickets&" + MARCH)
    for expected in ("P1", "C1", "S1", "O1"):
        row = next(row for row in page.context["table"].rows if row.name == expected)
        page = client.get(row.href)
        assert page.context["unit"].code == expected
        assert page.context["look"].period.label == "2026-03"
    assert [c.title for c in page.context["crumbs"]] == ["HO", "P1", "C1", "S1", "O1"]
    assert page.context["by_person"]
    assert [row.note for row in page.context["table"].rows] == ["teller.O1"]


def test_crumbs_stop_where_the_scope_stops(service, signed_in):
    page = signed_in("outlet_manager", "O1").get("/units/O1/?" + MARCH)
    assert [c.title for c in page.context["crumbs"]] == ["O1"]


@pytest.mark.parametrize(
    ("role", "at", "code"),
    [
        ("outlet_manager", "O1", "O2"),
        ("unit_head", "P1", "P2"),
        ("unit_head", "P1", "HO"),
        ("teller", "O1", "O1"),
    ],
)
def test_units_outside_the_scope_do_not_exist(service, signed_in, role, at, code):
    assert signed_in(role, at).get(f"/units/{code}/").status_code == 404


def test_administrators_may_not_look(service, signed_in):
    assert signed_in("system_admin", "HO").get("/units/HO/").status_code == 403


@pytest.mark.parametrize(
    "address", ["/?period=whenever", "/?from=2026-03-09&to=2026-03-01", "/?known_at=soon"]
)
def test_choices_that_cannot_be_read_are_404(service, signed_in, address):
    page = signed_in("service_office", "HO").get(address)
    assert page.status_code == 404
    assert "write 2026-03" in text_of(page)


def test_any_range_can_be_chosen_and_stepped_through(service, signed_in):
    client = signed_in("service_office", "HO")
    page = client.get("/?from=2026-03-01&to=2026-03-10&rank=floor.tickets")
    assert page.context["look"].period.label == "2026-03-01..2026-03-10"
    before = client.get(page.context["picker"].previous)
    assert before.context["look"].period.label == "2026-02-19..2026-02-28"
    assert before.context["rank"].id == "floor.tickets"


def test_as_known_before_the_import_there_is_nothing(service, signed_in):
    page = signed_in("service_office", "HO").get("/?known_at=2020-01-01T00:00:00Z&" + MARCH)
    assert "As known at 2020-01-01" in text_of(page)
    assert {t.label: t.value for t in page.context["tiles"]}["Tickets"] == "0"


def test_a_person_sees_their_own_numbers_beside_the_unit(service, signed_in):
    page = signed_in("teller", "O2").get("/people/teller.O2/?" + MARCH)
    assert page.status_code == 200
    rows = {row.title: row for row in page.context["compared"]}
    assert rows["Served"].own == "80"
    assert rows["Served"].unit == "—"
    assert rows["Satisfied rate"].own == rows["Satisfied rate"].unit
    assert "only those see them whose scope" in text_of(page)
    assert not page.context["opens_unit"]


@pytest.mark.parametrize(("role", "at"), [("teller", "O2"), ("agent", "O1"), ("outlet_manager", "O2")])
def test_nobody_opens_a_person_outside_their_reach(service, signed_in, role, at):
    assert signed_in(role, at).get("/people/teller.O1/").status_code == 404


def test_who_leads_the_unit_opens_its_people(service, signed_in):
    page = signed_in("outlet_manager", "O1").get("/people/teller.O1/?" + MARCH)
    assert page.status_code == 200
    assert page.context["opens_unit"]
    assert not page.context["is_self"]


def test_search_finds_units_and_people_in_scope_only(service, signed_in):
    found = signed_in("outlet_manager", "O1").get("/search/?q=O").context["found"]
    assert [u.code for u in found.units] == ["O1"]
    everyone = signed_in("service_office", "HO").get("/search/?q=teller", HTTP_HX_REQUEST="true")
    assert [p.code for p in everyone.context["found"].people] == ["teller.O1", "teller.O2", "teller.O3"]
    assert b"<html" not in everyone.content
    assert "Nothing in your scope matches" in text_of(signed_in("teller", "O1").get("/search/?q=O2"))
    assert signed_in("teller", "O1").get("/search/?q=").context["found"].units == []


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize(
    "address", ["/", "/units/O1/", "/people/teller.O1/", "/indicators/", "/views/", "/search/?q=O"]
)
def test_every_page_speaks_both_languages(service, signed_in, language, address):
    page = signed_in("service_office", "HO", language).get(address, follow=True)
    assert page.status_code == 200
    assert f'<html lang="{language}"' in page.content.decode()
    assert ("Skip to the content" in page.content.decode()) is (language == "en")


@pytest.mark.parametrize(
    ("role", "unit", "address", "most"),
    [
        ("service_office", "HO", "/?" + MARCH, 5),
        ("unit_head", "P1", "/?" + MARCH, 5),
        ("outlet_manager", "O1", "/?" + MARCH, 6),
        ("unit_head", "CC", "/?" + MARCH, 6),
        ("service_office", "HO", "/units/P1/?" + MARCH, 7),
        ("teller", "O1", "/people/teller.O1/?" + MARCH, 8),
        ("service_office", "HO", "/indicators/", 2),
        ("service_office", "HO", "/indicators/floor.wait_p90/?" + MARCH, 7),
        ("service_office", "HO", "/views/", 3),
        ("service_office", "HO", "/search/?q=O", 4),
    ],
)
def test_a_page_seen_before_takes_few_statements(
    service, signed_in, django_assert_max_num_queries, role, unit, address, most
):
    client = signed_in(role, unit)
    client.get(address)
    with django_assert_max_num_queries(most):
        assert client.get(address).status_code == 200
