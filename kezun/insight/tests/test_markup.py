"""Each page as each reader gets it, in both languages, taken apart and checked as markup."""

import re

import pytest

from kezun.insight.tests.markup import Markup

pytestmark = [pytest.mark.django_db, pytest.mark.once]
MARCH = "period=2026-03"
RATE = "indicator=floor.answer_rate&unit=O1&" + MARCH
READERS = [
    ("teller", "O1"),
    ("lobby_manager", "O1"),
    ("outlet_manager", "O1"),
    ("unit_head", "P1"),
    ("service_office", "HO"),
    ("auditor", "HO"),
]
PAGES = [
    "/?" + MARCH,
    "/units/O1/?" + MARCH,
    "/units/P1/?level=outlet&" + MARCH,
    "/people/teller.O1/?" + MARCH,
    "/indicators/",
    "/indicators/floor.wait_p90/?unit=O1&" + MARCH,
    "/indicators/floor.wait_distribution/?unit=O1&" + MARCH,
    "/explain/?" + RATE,
    "/explain/rows/?part=denominator&" + RATE,
    "/views/",
    "/search/?q=O",
]
OPENS = {  # who opens what; everything else is 404, or 403 for the rows
    "teller": {0, 3, 4, 9, 10},
    "lobby_manager": {0, 1, 3, 4, 5, 6, 7, 9, 10},
    "outlet_manager": {0, 1, 3, 4, 5, 6, 7, 8, 9, 10},
}


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize(("role", "unit"), READERS)
def test_every_page_is_sound_markup_or_shut(service, signed_in, role, unit, language):
    client = signed_in(role, unit, language)
    for at, address in enumerate(PAGES):
        answer = client.get(address, follow=True)
        if at not in OPENS.get(role, set(range(len(PAGES)))):
            assert answer.status_code in (403, 404), address
            continue
        assert answer.status_code == 200, address
        page = Markup(answer)
        assert not page.faults(), (address, page.faults())
        assert [len(page.all("h1")), len(page.all("main")), len(page.all("title"))] == [1, 1, 1], address
        assert page.all("html")[0].attrs["lang"] == language
        if language == "en":
            words = page.all("main")[0].text
            assert not re.findall(r"[\u4e00-\u9fff]{2,}", words.replace("机构", "").replace("测", "")), (
                address
            )


@pytest.mark.parametrize("address", PAGES)
@pytest.mark.parametrize("role", ["system_admin", "security_admin", "audit_admin"])
def test_administrators_see_no_number(service, signed_in, role, address):
    answer = signed_in(role, "HO").get(address)
    if address.startswith("/?"):
        assert answer.status_code == 302
        assert not answer.url.startswith(("/units", "/people"))
    else:
        assert answer.status_code == 403


@pytest.mark.parametrize(("role", "at"), [("unit_head", "P2"), ("outlet_manager", "O2"), ("teller", "O2")])
@pytest.mark.parametrize(
    "address",
    [
        "/units/O1/?" + MARCH,
        "/units/S1/?" + MARCH,
        "/people/teller.O1/?" + MARCH,
        "/indicators/floor.wait_p90/?unit=O1&" + MARCH,
        "/explain/?" + RATE,
        "/explain/?person=teller.O1&" + RATE,
    ],
)
def test_another_units_pages_do_not_exist(service, signed_in, role, at, address):
    assert signed_in(role, at).get(address).status_code == 404


def test_nobody_reads_anything_unsigned(service, client):
    for address in PAGES:
        answer = client.get(address)
        assert answer.status_code == 302
        assert answer.url.startswith("/account/login/?next=")


@pytest.mark.parametrize("address", ["/units/O1/?" + MARCH, "/?" + MARCH, "/people/teller.O1/?" + MARCH])
def test_every_tile_has_unit_n_period_and_explanation(service, signed_in, address):
    page = Markup(signed_in("service_office", "HO").get(address))
    tiles = page.all("article", "k-tile")
    assert len(tiles) >= 5
    for tile in tiles:
        assert re.search(r"n = [\d,]+", tile.text), tile.text
        (value,) = page.within(tile, "span", "k-tile-value")
        count = tile.text.startswith(("Tickets", "Served"))
        assert (
            count or re.search(r"\d( %| s| min| / h| h)", value.text) or "satisfaction" in tile.text.lower()
        )
        links = page.within(tile, "a", "k-explain")
        assert len(links) == 1
        assert "period=2026-03" in links[0].attrs["href"]
        assert links[0].attrs["hx-get"] == links[0].attrs["href"]
    assert "March 2026" in page.all("body")[0].text
    targets = [t.text for t in tiles if "Target" in t.text]
    assert all(re.search(r"Target (met |not met )?[≥≤<>] [\d.]+", t) for t in targets)
    assert targets or "people" in address


@pytest.mark.parametrize(
    "address", ["/units/O1/?" + MARCH, "/units/S1/?" + MARCH, "/people/teller.O1/?" + MARCH]
)
def test_every_explanation_on_a_board_opens_and_says_the_same_number(service, signed_in, address):
    client = signed_in("service_office", "HO")
    page = Markup(client.get(address))
    for tile in page.all("article", "k-tile"):
        (link,) = page.within(tile, "a", "k-explain")
        (value,) = page.within(tile, "span", "k-tile-value")
        answer = client.get(link.attrs["href"], HTTP_HX_REQUEST="true")
        said = re.search(r'k-tile-value">([^<]*)<', answer.content.decode())
        assert said[1] == value.text
    hrefs = {a.attrs["href"] for a in page.all("a", "k-explain")}
    assert len(hrefs) >= len(page.all("article", "k-tile")) > 0
    assert {client.get(href, HTTP_HX_REQUEST="true").status_code for href in hrefs} == {200}


def test_every_link_on_the_home_pages_leads_somewhere_one_may_go(service, signed_in):
    for role, unit in READERS:
        client = signed_in(role, unit)
        page = Markup(client.get("/?" + MARCH, follow=True))
        hrefs = {
            a.attrs["href"]
            for a in page.all("a")
            if a.attrs["href"].startswith(("/units", "/people", "/ind"))
        }
        assert hrefs
        wrong = {href: s for href in hrefs if (s := client.get(href).status_code) != 200}
        assert not wrong


def test_a_ranking_says_value_interval_n_and_sorts_by_numbers(service, signed_in):
    page = Markup(signed_in("service_office", "HO").get("/?level=outlet&rank=floor.answer_rate&" + MARCH))
    (table,) = page.all("table")
    rows = [r for r in page.within(table, "tr") if page.within(r, "td")]
    assert [page.within(r, "th")[0].text.split()[0] for r in rows] == ["O2", "O3", "O1"]
    assert "66.7 %" in rows[2].text
    assert "54.1–77.3 %" in rows[2].text
    assert "60" in rows[2].text
    values = [td.attrs["data-value"] for r in rows for td in page.within(r, "td") if "data-value" in td.attrs]
    assert all(v == "" or float(v) is not None for v in values)
    assert all(len(page.within(r, "a", "k-explain")) == 1 for r in rows)


def test_forms_keep_the_other_choices(service, signed_in):
    page = Markup(
        signed_in("service_office", "HO").get("/?level=outlet&rank=floor.wait_p90&order=worst&" + MARCH)
    )
    (form,) = page.all("form", "k-choose")
    kept = {i.attrs["name"]: i.attrs["value"] for i in page.within(form, "input")}
    assert kept == {"period": "2026-03"}
    chosen = {
        s.attrs["name"]: [o.attrs["value"] for o in page.within(s, "option") if "selected" in o.attrs]
        for s in page.within(form, "select")
    }
    assert chosen == {"level": ["outlet"], "rank": ["floor.wait_p90"], "order": ["worst"]}
