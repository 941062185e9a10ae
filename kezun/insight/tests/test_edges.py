"""Boards where there is next to nothing, where there is one of each, where names are not one's to read."""

import datetime as dt
import re

import pyarrow as pa
import pytest

from kezun.facts.writing import store_rows
from kezun.insight.tests.markup import Markup
from kezun.org.models import Person

pytestmark = [pytest.mark.django_db, pytest.mark.once]
MARCH = "period=2026-03"
ADDRESSES = [
    "/?" + MARCH,
    "/units/HO/?" + MARCH,
    "/units/O1/?" + MARCH,
    "/people/teller.O1/?" + MARCH,
    "/indicators/floor.answer_rate/?unit=HO&" + MARCH,
    "/indicators/floor.wait_p90/?unit=O1&" + MARCH,
    "/indicators/floor.wait_distribution/?unit=O1&" + MARCH,
    "/indicators/phone.handle_mean/?unit=HO&" + MARCH,
    "/explain/?indicator=floor.answer_rate&unit=O1&" + MARCH,
    "/explain/?indicator=floor.wait_p90&unit=HO&" + MARCH,
    "/explain/?indicator=floor.wait_distribution&unit=HO&" + MARCH,
    "/explain/?indicator=phone.handle_mean&unit=HO&" + MARCH,
    "/explain/rows/?indicator=floor.tickets&unit=O1&" + MARCH,
]


def ticket(unit, key="1", at=dt.datetime(2026, 3, 2, 2), **more):
    row = {"unit": unit.pk, "occurred_at": at, "source_id": key, "outcome": "served", "business": None}
    return row | {"wait_s": 60, "service_s": 120, "promise_s": 300, **more}


def keep(*rows, fact="ticket"):
    store_rows(fact, pa.Table.from_pylist(list(rows)), source="test")


def tiles_of(page):
    return {t.label: t for t in page.context["tiles"]}


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("address", ADDRESSES)
def test_every_page_stands_without_a_single_fact(bank, person_in, signed_in, address, language):
    person_in("teller", "O1")
    answer = signed_in("service_office", "HO", language).get(address)
    assert answer.status_code == 200
    assert not Markup(answer).faults()
    assert not re.search(r"\bnan\b", answer.content.decode().lower()), "within a word it may be a token's"


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_page_stands_on_one_fact(bank, person_in, signed_in, address):
    keep(ticket(bank["O1"], person=person_in("teller", "O1").pk))
    answer = signed_in("service_office", "HO").get(address)
    assert answer.status_code == 200
    assert not Markup(answer).faults()


def test_one_fact_is_shown_but_not_judged(bank, signed_in):
    keep(ticket(bank["O1"], outcome="abandoned", service_s=None))
    page = signed_in("service_office", "HO").get("/?level=outlet&rank=floor.answer_rate&" + MARCH)
    tile = tiles_of(page)["Answer rate"]
    assert (tile.value, tile.n, tile.met, tile.thin) == ("0 %", "n = 1", None, True)
    (row,) = page.context["table"].rows
    assert (row.name, row.met, row.thin, row.n) == ("O1", None, True, 1)
    assert row.interval == "0–79.3 %"
    assert page.context["losses"] == []


def test_a_void_fact_is_kept_and_never_counted(bank, signed_in):
    keep(ticket(bank["O1"], outcome="void"), ticket(bank["O1"], "2"))
    page = signed_in("service_office", "HO").get("/units/O1/?" + MARCH)
    assert tiles_of(page)["Tickets"].value == "1"
    rows = signed_in("service_office", "HO").get(ADDRESSES[-1]).context["found"]
    assert rows.total == 1


def test_a_bank_of_one_unit_compares_its_people(db, client):
    from kezun.kernel.actor import SystemActor
    from kezun.org.actions import open_unit
    from kezun.org.models import Assignment, Post

    only = open_unit(SystemActor("test"), None, code="B", name="小银行", name_en="Bank", kind="head_office")
    post = Post.objects.create(code="o", name="o", role="service_office")
    people = [Person.objects.create(code=c, username=c, name=f"职员{c}", home_unit=only) for c in ("a", "b")]
    Assignment.objects.create(person=people[0], unit=only, post=post)
    waits = [(people[0], 60), (people[1], 600)]
    keep(*(ticket(only, f"{p.code}{i}", person=p.pk, wait_s=w) for p, w in waits for i in range(40)))
    client.force_login(people[0], backend="kezun.org.signin.Backend")
    page = client.get("/?rank=floor.wait_mean&" + MARCH)
    assert page.context["unit"].code == "B"
    assert page.context["by_person"]
    assert not page.context["levels"]
    assert [row.name for row in page.context["table"].rows] == ["职员a", "职员b"]


def test_huge_values_keep_their_size_and_their_place(bank, signed_in):
    keep(*(ticket(bank["O1"], str(i), wait_s=2_000_000_000, service_s=2_000_000_000) for i in range(40)))
    page = signed_in("service_office", "HO").get("/?rank=floor.wait_mean&level=outlet&" + MARCH)
    (row,) = page.context["table"].rows
    assert row.value.replace(",", "") == "23148 d 4 h"
    assert row.sort == 2_000_000_000
    lines = dict(
        signed_in("service_office", "HO")
        .get("/explain/?indicator=floor.wait_mean&unit=HO&" + MARCH)
        .context["lines"]
    )
    assert lines["Numerator"] == "80,000,000,000"


def test_without_a_target_nothing_is_met_or_missed(bank, signed_in):
    keep(*(ticket(bank["O1"], str(i)) for i in range(40)))
    page = signed_in("service_office", "HO").get("/?" + MARCH)
    tile = tiles_of(page)["Tickets"]
    assert (tile.target, tile.met) == ("", None)
    shown = next(t for t in Markup(page).all("article", "k-tile") if t.text.startswith("Tickets"))
    assert "Target" not in shown.text
    assert not shown.has("k-tile-met")
    assert not shown.has("k-tile-unmet")


def test_a_period_that_is_not_over_compares_no_counts_but_shares(bank, signed_in):
    february = [ticket(bank["O1"], f"f{i}", dt.datetime(2026, 2, 3, 2, i)) for i in range(40)]
    march = [
        ticket(bank["O1"], f"m{i}", dt.datetime(2026, 3, 5, 2, i), outcome="abandoned") for i in range(40)
    ]
    keep(*february, *march)
    client = signed_in("service_office", "HO")
    tiles = tiles_of(client.get("/?" + MARCH))
    assert tiles["Tickets"].change is None
    assert tiles["Answer rate"].change.text == "−100.0 pp"
    keep(ticket(bank["O1"], "last", dt.datetime(2026, 3, 31, 2)))
    assert tiles_of(client.get("/?" + MARCH))["Tickets"].change.text == "+2.5 %"


def test_facts_without_business_or_class_are_named_so(bank, signed_in):
    keep(ticket(bank["O1"]), ticket(bank["O1"], "2", business="cash"))
    page = signed_in("service_office", "HO").get("/indicators/floor.tickets/?unit=O1&" + MARCH)
    charts = {c.id: c for c in page.context["charts"]}
    assert set(charts["chart-business"].data["labels"]) == {"cash", "Without business"}
    assert charts["chart-customer_class"].data["labels"] == ["Without class"]


def test_names_cannot_bring_markup_of_their_own(bank, person_in, signed_in):
    evil = '<script>alert("x")</script>'
    person = person_in("teller", "O1")
    Person.objects.filter(pk=person.pk).update(name=evil)
    type(bank["O1"]).objects.filter(pk=bank["O1"].pk).update(name_en=evil, name=evil)
    keep(*(ticket(bank["O1"], str(i), person=person.pk, business=evil) for i in range(40)))
    client = signed_in("service_office", "HO")
    for address in [*ADDRESSES, "/?level=outlet&" + MARCH, "/search/?q=teller"]:
        answer = client.get(address)
        assert "<script>alert" not in answer.content.decode(), address
        assert not Markup(answer).faults(), address


@pytest.fixture
def visiting(bank, person_in):
    """A teller of O2 who also served at O1, beside O1's own."""
    own, guest = person_in("teller", "O1"), person_in("teller", "O2")
    Person.objects.filter(pk=own.pk).update(name="王小明")
    Person.objects.filter(pk=guest.pk).update(name="李访客")
    rows = [ticket(bank["O1"], f"{p.code}{i}", person=p.pk) for p in (own, guest) for i in range(40)]
    keep(*rows, ticket(bank["O2"], "home", person=guest.pk))
    return bank


def people_shown(page):
    return {row.note: (row.name, row.href) for row in page.context["table"].rows}


def test_a_guest_from_another_outlet_keeps_the_name_to_their_own(visiting, signed_in):
    shown = people_shown(signed_in("outlet_manager", "O1").get("/units/O1/?rank=floor.tickets&" + MARCH))
    assert shown["teller.O1"][0] == "王小明"
    assert shown["teller.O2"] == ("teller.O2", "")


def test_who_leads_both_outlets_reads_both_names(visiting, signed_in):
    page = signed_in("unit_head", "S1").get("/units/O1/?rank=floor.tickets&" + MARCH)
    assert {name for name, _href in people_shown(page).values()} == {"王小明", "李访客"}
    assert all(href for _name, href in people_shown(page).values())


@pytest.mark.parametrize(
    "address",
    [
        "/units/O1/?rank=floor.tickets&" + MARCH,
        "/explain/?indicator=floor.tickets&unit=O1&" + MARCH,
        "/explain/rows/?indicator=floor.tickets&unit=O1&page=2&" + MARCH,
        "/indicators/floor.tickets/?unit=O1&" + MARCH,
        "/search/?q=teller.O2",
        "/search/?q=李",
        "/people/teller.O1/?" + MARCH,
    ],
)
def test_the_name_of_who_is_not_in_reach_is_nowhere(visiting, signed_in, address):
    answer = signed_in("outlet_manager", "O1").get(address)
    assert answer.status_code == 200
    assert "李访客" not in answer.content.decode()


def test_the_page_of_who_is_not_in_reach_does_not_exist(visiting, signed_in):
    manager = signed_in("outlet_manager", "O1")
    assert manager.get("/people/teller.O2/").status_code == 404
    told = manager.get("/explain/?indicator=floor.tickets&unit=O1&person=teller.O2&" + MARCH)
    assert told.status_code == 404
    assert "李访客" not in told.content.decode()


def test_a_tellers_own_page_tells_of_no_colleague(visiting, signed_in):
    page = signed_in("teller", "O1").get("/people/teller.O1/?" + MARCH)
    assert page.status_code == 200
    assert "李访客" not in page.content.decode()
    assert not re.search(r"n = 8[01]\b", page.content.decode())  # how much all of them did is not theirs


def test_a_person_without_a_unit_has_no_numbers(bank, signed_in):
    Person.objects.create(code="loose", username="loose", name="散")
    told = signed_in("service_office", "HO").get("/people/loose/")
    assert told.status_code == 404
    assert "belongs to no unit" in told.content.decode()


def test_too_long_a_period_for_exact_quantiles_says_what_to_change(service, signed_in, monkeypatch):
    from kezun.facts.engine import TooLarge
    from kezun.insight import asking

    def refuse(*_given):
        raise TooLarge("choose a shorter period")

    monkeypatch.setattr(asking.facts, "measure_many", refuse)
    told = signed_in("service_office", "HO").get("/?" + MARCH)
    assert told.status_code == 404
    assert "choose a shorter period" in told.content.decode()
