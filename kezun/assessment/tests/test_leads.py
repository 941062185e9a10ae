"""Leads: kept, renewed while open, decided once, by somebody else, with a reason."""

import datetime as dt

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.http import Http404

from kezun.assessment import searching
from kezun.assessment.actions.leads import decide_lead, find_leads
from kezun.assessment.models import Lead
from kezun.assessment.signals.finding import Found
from kezun.facts.proposal import choice_word
from kezun.facts.publishing import publish
from kezun.facts.types import FACT_TYPES
from kezun.kernel.actor import Denied, SystemActor
from kezun.kernel.models import Task, TrailEntry

SINCE, UNTIL = dt.date(2026, 3, 1), dt.date(2026, 3, 31)
WORKER = SystemActor("worker")


def found(unit, person=None, k=40, signal="rating.orphan"):
    who = person.pk if person else None
    return Found(signal, unit.pk, who, k, 100, 0.01, 1e-9, "rating", ("r-1", "r-2"), 1e-7)


def kept(*ones):
    return find_leads(WORKER, since=SINCE, until=UNTIL, found=ones)


@pytest.fixture
def lead(bank):
    kept(found(bank["O1"]))
    return Lead.objects.get()


@pytest.mark.django_db
def test_a_search_repeated_renews_what_is_open(bank):
    assert kept(found(bank["O1"]), found(bank["O2"])) == {"new": 2, "renewed": 0, "decided": 0}
    assert kept(found(bank["O1"], k=55)) == {"new": 0, "renewed": 1, "decided": 0}
    assert Lead.objects.get(unit=bank["O1"]).k == 55
    assert Lead.objects.count() == 2


@pytest.mark.django_db
def test_what_was_decided_stays_as_it_was(lead, bank, person_in):
    decide_lead(person_in("supervisor", "P1"), lead, outcome="explained", note="评价器断网，第二天补传")
    assert kept(found(bank["O1"], k=55)) == {"new": 0, "renewed": 0, "decided": 1}
    lead.refresh_from_db()
    assert (lead.k, lead.state, lead.decided_by.code) == (40, "explained", "supervisor.P1")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("outcome", "note", "field"),
    [
        ("open", "看过了，没有问题", "outcome"),
        ("", "看过了，没有问题", "outcome"),
        ("confirmed", " 是 ", "note"),
    ],
)
def test_a_decision_needs_an_outcome_and_a_reason(lead, person_in, outcome, note, field):
    with pytest.raises(ValidationError) as error:
        decide_lead(person_in("supervisor", "P1"), lead, outcome=outcome, note=note)
    assert field in error.value.message_dict
    lead.refresh_from_db()
    assert lead.state == Lead.State.OPEN


@pytest.mark.django_db
def test_a_lead_is_decided_once(lead, person_in):
    decide_lead(person_in("supervisor", "P1"), lead, outcome="confirmed", note="录像证实")
    with pytest.raises(ValidationError):
        decide_lead(person_in("unit_head", "P1"), lead, outcome="explained", note="另有解释")


@pytest.mark.django_db
def test_nobody_sees_or_decides_a_lead_about_themselves(bank, person_in):
    head = person_in("unit_head", "P1")
    kept(found(bank["O1"], head))
    about = Lead.objects.get()
    assert not Lead.objects.visible_to(head).exists()
    assert Lead.objects.visible_to(person_in("supervisor", "P1")).exists()
    with pytest.raises(ValidationError):
        decide_lead(head, about, outcome="explained", note="没有问题的")


@pytest.mark.django_db
def test_other_units_leads_do_not_exist(lead, person_in):
    other = person_in("supervisor", "P2")
    assert not Lead.objects.visible_to(other).exists()
    with pytest.raises((Denied, Http404, Exception), match=r".*"):
        decide_lead(other, lead, outcome="explained", note="没有问题的")
    lead.refresh_from_db()
    assert lead.state == Lead.State.OPEN


@pytest.mark.django_db
@pytest.mark.parametrize("role", ["teller", "outlet_manager", "lobby_manager"])
def test_the_floor_sees_no_leads(lead, client, person_in, role):
    person = person_in(role, "O1")
    assert not person.may("assessment.read_leads")
    client.force_login(person)
    assert client.get("/leads/").status_code in (403, 404)


@pytest.mark.django_db
def test_the_table_refuses_a_decision_without_a_reason(lead):
    with pytest.raises(IntegrityError), transaction.atomic():
        Lead.objects.filter(pk=lead.pk).update(state="confirmed")


@pytest.mark.django_db
def test_the_reason_does_not_enter_the_trail(lead, person_in):
    decide_lead(person_in("supervisor", "P1"), lead, outcome="confirmed", note="某客户投诉证实")
    entry = TrailEntry.objects.get(verb="assessment.decide_lead")
    assert "某客户" not in entry.detail


@pytest.mark.django_db
def test_the_page_shows_and_decides(lead, client, person_in, django_assert_max_num_queries):
    client.force_login(person_in("supervisor", "P1"))
    with django_assert_max_num_queries(12):
        page = client.get("/leads/")
    assert "机构O1" in page.content.decode()
    one = client.get(f"/leads/{lead.pk}/")
    assert "40 / 100" in one.content.decode()
    client.post(f"/leads/{lead.pk}/decide/", {"outcome": "confirmed", "note": "录像证实"})
    lead.refresh_from_db()
    assert lead.state == Lead.State.CONFIRMED
    assert client.get("/leads/").content.decode().count("机构O1") == 0
    assert "机构O1" in client.get("/leads/?state=all").content.decode()


@pytest.mark.django_db
def test_a_refused_decision_is_told(lead, client, person_in):
    client.force_login(person_in("supervisor", "P1"))
    page = client.post(f"/leads/{lead.pk}/decide/", {"outcome": "confirmed", "note": ""}, follow=True)
    assert page.status_code == 200
    lead.refresh_from_db()
    assert lead.state == Lead.State.OPEN
    assert len(list(page.context["messages"])) == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("since", "until"), [("", "2026-03-31"), ("2026-03-31", "2026-03-01"), ("2025-01-01", "2026-03-01")]
)
def test_a_search_of_impossible_days_is_refused(client, person_in, since, until):
    client.force_login(person_in("service_office", "HO"))
    page = client.post("/leads/search/", {"since": since, "until": until}, follow=True)
    assert len(list(page.context["messages"])) == 1
    assert not Task.objects.filter(name=searching.SEARCH).exists()


@pytest.mark.django_db
def test_a_search_is_a_task(client, person_in):
    client.force_login(person_in("service_office", "HO"))
    client.post("/leads/search/", {"since": "2026-03-01", "until": "2026-03-31"})
    assert Task.objects.get(name=searching.SEARCH).arguments == {"since": "2026-03-01", "until": "2026-03-31"}
    assert client.get("/leads/").context["under_way"]


@pytest.fixture
def home(settings, tmp_path):
    settings.KEZUN_HOME = tmp_path / "home"


@pytest.mark.django_db
def test_a_lead_opens_the_facts_that_show_it(home, bank, person_in):
    at = dt.datetime(2026, 3, 5, 2, 0, tzinfo=dt.UTC)
    rows = [
        {"source_id": f"r-{n}", "unit": "O1", "occurred_at": at, "channel": "counter", "score": 5}
        for n in range(4)
    ]
    publish(SystemActor("test"), "rating", rows, source="pads")
    kept(found(bank["O1"]))
    heads, shown = searching.facts_of(person_in("supervisor", "P1"), Lead.objects.get())
    assert len(shown) == 2
    number, channel = (
        heads.index(str(FACT_TYPES["rating"].column(c).label)) for c in ("source_id", "channel")
    )
    assert {row[number] for row in shown} == {"r-1", "r-2"}
    assert {row[channel] for row in shown} == {choice_word("channel", "counter")}
    assert number > channel  # what machines call a row comes after what people read
    assert "2026-03-05 10:00:00" in shown[0]
    assert len(heads) == len(shown[0])


@pytest.mark.django_db
def test_the_search_of_last_month_runs_once(home, bank, monkeypatch):
    ran = []
    monkeypatch.setattr(searching, "search", lambda span: ran.append(span) or [found(bank["O1"])])
    monkeypatch.setattr(searching.timezone, "localdate", lambda: dt.date(2026, 4, 3))
    searching.search_last_month()
    searching.search_last_month()
    assert [(s.since, s.until) for s in ran] == [(SINCE, UNTIL)]
    monkeypatch.setattr(searching.timezone, "localdate", lambda: dt.date(2026, 5, 2))
    searching.search_last_month()
    assert len(ran) == 1
