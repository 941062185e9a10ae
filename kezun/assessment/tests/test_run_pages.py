"""The page of runs: begun, computed by the worker, tried as a what-if, repeated equal or different."""

from __future__ import annotations

import pytest
from django.db import connection

from kezun.assessment.models import Pin, Run
from kezun.assessment.tests.showing import client_of, facts, shown, text_of
from kezun.assessment.tests.world import installed, scheme_text
from kezun.kernel import frozen
from kezun.kernel.task import run_due

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def world(own_home, bank):
    facts()
    return bank


@pytest.fixture
def office(person_in):
    return client_of(person_in("service_office", "HO"))


def post(client, path, **told):
    answer = client.post(path, told, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def test_an_empty_page_says_what_comes_first(office, person_in):
    assert "No scheme is published yet" in text_of(office, "/runs/")
    text_of(client_of(person_in("unit_head", "P1")), "/runs/", 403)


def test_a_run_is_begun_and_the_page_follows_it(office):
    installed(scheme_text())
    text = post(office, "/runs/new/", scheme="urn:kezun:scheme:test", period="2026-03", kind="provisional")
    assert "waits its turn" in text
    assert 'hx-trigger="every 2s"' in text
    run_due("test")
    text = text_of(office, "/runs/", headers={"HX-Target": "runs"})
    assert "<html" not in text
    assert "every 2s" not in text
    made = Run.objects.get()
    assert made.inputs_hash[:12] in text
    assert made.inputs_hash in text_of(office, f"/runs/{made.pk}/")
    assert made.made_by.username == "service_office.HO"


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"period": "march"}, "is no period"),
        ({"kind": "what_if"}, "Choose what the run counts as."),
        ({"kind": "restated"}, "Name the decision"),
    ],
)
def test_what_a_run_must_not_be_asked_for_is_said(office, changed, told):
    installed(scheme_text())
    asked = {"scheme": "urn:kezun:scheme:test", "period": "2026-03", "kind": "provisional"}
    assert told in post(office, "/runs/new/", **(asked | changed))
    assert not Run.objects.exists()


def test_a_what_if_run_of_everybody_uses_the_same_facts(office):
    made = shown()
    text = post(office, f"/runs/{made.pk}/what-if/", **{"components.csat.weight": "10", "base": "3"})
    assert "counts for nothing" in text
    run_due("test")
    other = Run.objects.exclude(pk=made.pk).get()
    assert (other.kind, other.change, other.known_at) == (
        "what_if",
        {"components.csat.weight": "10"},
        made.known_at,
    )
    assert other.state == "done"
    assert "components.csat.weight" in text_of(office, f"/runs/{other.pk}/")


def test_a_what_if_run_that_makes_no_scheme_is_refused(office):
    made = shown()
    text = post(office, f"/runs/{made.pk}/what-if/", **{"components.csat.points.3": "1"})
    assert "points must go one way" in text
    assert Run.objects.count() == 1


def test_repeated_equal(office):
    made = shown()
    assert "under way" in post(office, f"/runs/{made.pk}/replay/")
    run_due("test")
    assert ">equal<" in text_of(office, "/runs/")
    page = text_of(office, f"/runs/{made.pk}/")
    assert ">equal<" in page
    assert "every 2s" not in page


def test_repeated_different_with_the_lines_that_differ(office):
    made = shown()
    frozen.lift(connection)
    Run.objects.filter(pk=made.pk).update(result_hash="0" * 64)
    frozen.install(connection)
    post(office, f"/runs/{made.pk}/replay/")
    run_due("test")
    assert ">different<" in text_of(office, f"/runs/{made.pk}/")


def test_what_cannot_be_repeated_is_said(office):
    made = shown()
    Pin.objects.filter(pk=made.inputs["roster"]).update(body=b"x")
    post(office, f"/runs/{made.pk}/replay/")
    run_due("test")
    assert ">not possible<" in text_of(office, f"/runs/{made.pk}/")


def test_a_run_that_failed_says_why_and_is_not_repeated(office):
    installed(scheme_text(valid={"from": "2026-06-01"}))
    post(office, "/runs/new/", scheme="urn:kezun:scheme:test", period="2026-03", kind="provisional")
    run_due("test")
    made = Run.objects.get()
    assert made.message[:40] in text_of(office, "/runs/").replace("&#x27;", "'")
    assert "Only a run that is done" in post(office, f"/runs/{made.pk}/replay/")
