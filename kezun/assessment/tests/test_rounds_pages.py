"""The period desk: the list, one round step by step, its data, its runs, what moved, a run repeated."""

import datetime as dt

import pytest
from django.test import Client
from django.urls import reverse

from kezun.assessment import completeness, running
from kezun.assessment.actions import rounds
from kezun.assessment.models import Merit, Round, Run
from kezun.assessment.tests import world

MARCH = "2026-03"


@pytest.fixture
def judged(own_home, bank):
    """A scheme in force, and a March in which two outlets served and were rated, and one did not."""
    scheme = world.installed(world.scheme_text())
    with world.together():
        for outlet, bad in (("O1", 2), ("O2", 10)):
            world.served(outlet, "2026-03-10", 60, 5)
            world.rated(outlet, "2026-03-10", 60 - bad, bad)
    return scheme


@pytest.fixture
def office(judged, person_in):
    return person_in("service_office", "HO")


@pytest.fixture
def second(judged, person_in):
    return person_in("service_office", "P1")


@pytest.fixture
def visit(settings):
    """`visit(person)` → a client signed in as that person, reading English."""
    settings.AXES_ENABLED = False

    def make(person, language="en") -> Client:
        client = Client()
        client.force_login(person)
        client.cookies[settings.LANGUAGE_COOKIE_NAME] = language
        return client

    return make


@pytest.fixture
def held(office, judged):
    return rounds.open_round(office, judged, period=MARCH)


def body(answer) -> str:
    return answer.content.decode()


def post(client, held, word, **said):
    answer = client.post(reverse("assessment.step", args=[held.pk, word]), said, follow=True)
    assert answer.status_code == 200
    held.refresh_from_db()
    return body(answer)


def computed():
    return running.carry_out(Run.objects.latest("pk"))


def provisional(office, second, held):
    rounds.ask_step(office, held)
    rounds.take_step(second, held)
    run = computed()
    held.refresh_from_db()
    return run


@pytest.mark.django_db
def test_a_round_is_opened_from_the_list(visit, office, judged, person_in):
    client = visit(office)
    page = body(client.get(reverse("assessment.rounds")))
    assert "No period is open yet" in page
    answer = client.post(reverse("assessment.open_round"), {"scheme": judged.pk, "period": MARCH})
    held = Round.objects.get()
    assert answer["Location"] == reverse("assessment.round", args=[held.pk])
    client.post(reverse("assessment.open_round"), {"scheme": judged.pk, "period": MARCH})
    assert Round.objects.count() == 1
    page = body(visit(person_in("auditor", "HO")).get(reverse("assessment.rounds")))
    assert "Trial scheme" in page
    assert reverse("assessment.open_round") not in page
    assert 'aria-current="step">Collecting data' in page


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({}, "Choose a scheme first."),
        ({"scheme": "x", "period": MARCH}, "Choose a scheme first."),
        ({"scheme": "{pk}", "period": "neulich"}, "is not a period"),
        ({"scheme": "{pk}", "period": "2020-01"}, "No published edition"),
    ],
)
def test_what_cannot_be_opened_is_said(visit, office, judged, said, told):
    said = {key: value.format(pk=judged.pk) for key, value in said.items()}
    answer = visit(office).post(reverse("assessment.open_round"), said, follow=True)
    assert told in body(answer)
    assert not Round.objects.filter(period="2020-01").exists()


@pytest.mark.django_db
def test_two_persons_take_it_step_by_step(visit, office, second, held):
    mine, theirs = visit(office), visit(second)
    page = body(mine.get(reverse("assessment.round", args=[held.pk])))
    assert "Compute the provisional result" in page
    assert "Asked for; a second person takes the step." in post(mine, held, "ask")
    page = post(mine, held, "take")
    assert "A second person takes the step: you asked for it yourself." in page
    assert held.state == Round.State.COLLECTING
    assert "Agree and take the step" not in page
    assert "Agree and take the step" in body(theirs.get(reverse("assessment.round", args=[held.pk])))
    assert "the run is being computed" in post(theirs, held, "take")
    assert held.state == Round.State.PROVISIONAL
    page = body(mine.get(reverse("assessment.round", args=[held.pk])))
    assert "A run is being computed: wait until it is done." in page
    assert "Ask for this step" not in page
    computed()
    post(mine, held, "ask")
    assert "Everybody" in post(theirs, held, "take") or held.state == Round.State.APPEAL
    assert held.state == Round.State.APPEAL
    assert Run.objects.get().shown_at is not None
    page = body(mine.get(reverse("assessment.round", args=[held.pk])))
    assert "The window for appeals is still open." in page
    assert f"{held.appeal_until_date:%Y-%m-%d}" in page


@pytest.mark.django_db
def test_a_step_is_refused_with_a_reason(visit, office, second, held):
    post(visit(office), held, "ask")
    assert "Give the reason" in post(visit(second), held, "refuse", reason=" ")
    assert held.asked_state
    assert "Refused" in post(visit(second), held, "refuse", reason="三月的评价还没到齐")
    assert (held.asked_state, held.state) == ("", Round.State.COLLECTING)


@pytest.mark.django_db
def test_computed_again_and_what_moved(visit, office, second, held):
    first = provisional(office, second, held)
    world.rated("O1", "2026-03-12", 0, 30)
    client = visit(office)
    assert "A new run is being computed" in post(client, held, "again")
    assert "is being computed" in post(client, held, "again")
    after = computed()
    assert (Run.objects.count(), after.supersedes_id) == (2, first.pk)
    address = reverse("assessment.round_moved", args=[held.pk])
    page = body(client.get(address, {"before": first.pk, "after": after.pk}, headers={"HX-Request": "true"}))
    assert '<th scope="row">O1' in page
    assert '<th scope="row">O3' not in page
    assert "<html" not in page
    assert "<html" in body(client.get(address, {"before": first.pk, "after": after.pk}))
    assert client.get(address, {"before": "x", "after": after.pk}).status_code == 404
    assert client.get(address, {"before": 10**30, "after": after.pk}).status_code == 404


@pytest.mark.django_db
def test_a_closed_round_is_restated_by_decision_alone(visit, office, second, held):
    Round.objects.filter(pk=held.pk).update(state="closed")
    client = visit(office)
    page = body(client.get(reverse("assessment.round", args=[held.pk])))
    assert "The round is closed." in page
    assert "Name the decision" in post(client, held, "restate", decision="")
    assert "restatement is being computed" in post(
        client, held, "restate", decision="考核办〔2026〕7号", reason="补录"
    )
    assert Run.objects.get().kind == Run.Kind.RESTATED
    assert client.post(reverse("assessment.step", args=[held.pk, "leap"])).status_code == 404


@pytest.mark.django_db
def test_the_runs_are_asked_for_while_one_is_computed(visit, office, second, held):
    rounds.ask_step(office, held)
    rounds.take_step(second, held)
    client, address = visit(office), reverse("assessment.round_runs", args=[held.pk])
    answer = client.get(address, headers={"HX-Request": "true"})
    assert "every 2s" in body(answer)
    assert "HX-Refresh" not in answer
    computed()
    answer = client.get(address, headers={"HX-Request": "true"})
    assert "every 2s" not in body(answer)
    assert answer["HX-Refresh"] == "true"


@pytest.mark.django_db
def test_what_waits_in_the_ledger_stands_beside(visit, office, second, held, bank):
    Merit.objects.create(
        unit=bank["O1"], kind="praise", level="锦旗", occurred_date=dt.date(2026, 3, 5), title="锦旗一面"
    )
    page = body(visit(office).get(reverse("assessment.round", args=[held.pk])))
    assert "锦旗一面" in page


@pytest.mark.django_db
def test_how_complete_the_data_is(visit, office, held, bank):
    page = body(
        visit(office).get(reverse("assessment.round_data", args=[held.pk]), headers={"HX-Request": "1"})
    )
    assert "Satisfied rate" in page or "满意率" in page
    found = completeness.complete(held)
    csat = found.components[0]
    assert (csat.subjects, csat.valued, csat.enough, csat.counted) == (3, 2, 2, 2)
    assert csat.lacking == ((bank["O3"].pk, 1),)
    ticket = next(one for one in found.facts if one.fact == "ticket")
    assert (ticket.rows, ticket.last, ticket.days, ticket.of) == (130, dt.date(2026, 3, 10), 1, 31)
    assert ticket.missing == ()


@pytest.mark.django_db
def test_days_without_facts_and_units_without_any(office, held, bank):
    with world.together():
        for day in range(1, 32):
            if day not in (8, 9, 20):
                world.served("O1", f"2026-03-{day:02d}", 1)
    found = completeness.complete(held)
    ticket = next(one for one in found.facts if one.fact == "ticket")
    eighth, ninth, twentieth = (dt.date(2026, 3, day) for day in (8, 9, 20))
    assert ticket.missing == ((eighth, ninth), (twentieth, twentieth))
    assert set(ticket.silent) == {bank["O3"].pk, bank["CC"].pk}


@pytest.mark.django_db
def test_data_of_a_period_to_come_and_of_one_without_an_edition(visit, office, judged, held):
    ahead = rounds.open_round(office, judged, period="2099-01")
    client = visit(office)
    assert "the period has not begun" in body(client.get(reverse("assessment.round_data", args=[ahead.pk])))
    Round.objects.filter(pk=ahead.pk).update(urn="urn:kezun:scheme:gone")
    page = body(client.get(reverse("assessment.round_data", args=[ahead.pk])))
    assert "No published edition of urn:kezun:scheme:gone" in page
    assert client.get(reverse("assessment.round", args=[ahead.pk])).status_code == 200


@pytest.mark.django_db
def test_whoever_does_not_work_at_the_desk_is_refused(visit, held, person_in):
    client = visit(person_in("outlet_manager", "O1"))
    assert client.get(reverse("assessment.rounds")).status_code == 403
    assert client.get(reverse("assessment.round", args=[held.pk])).status_code == 403
    auditor = visit(person_in("auditor", "HO"))
    assert auditor.get(reverse("assessment.round", args=[held.pk])).status_code == 200
    assert auditor.post(reverse("assessment.step", args=[held.pk, "ask"])).status_code == 403


@pytest.mark.django_db
def test_pages_cost_few_statements(visit, office, second, held, judged, django_assert_max_num_queries):
    provisional(office, second, held)
    for month in ("2026-01", "2026-02", "2025-12"):
        rounds.open_round(office, judged, period=month)
    client = visit(office)
    for name, args, most in (("rounds", (), 14), ("round", (held.pk,), 24)):
        client.get(reverse(f"assessment.{name}", args=args))
        with django_assert_max_num_queries(most):
            assert client.get(reverse(f"assessment.{name}", args=args)).status_code == 200
