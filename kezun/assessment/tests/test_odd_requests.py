"""Addresses and forms that no page of ours writes: numbers and words that are none, other methods."""

from __future__ import annotations

import pytest

from kezun.assessment.models import Award, Listing, Run
from kezun.assessment.tests.showing import client_of, facts, shown

pytestmark = pytest.mark.django_db
FAR = "9" * 30


@pytest.fixture
def office(own_home, bank, person_in):
    return client_of(person_in("service_office", "HO"))


@pytest.fixture
def run(office):
    facts()
    return shown()


NUMBERS = [
    ("/bridge/?before={n}&after={n}", None),
    ("/appeals/new/?score={n}&rule=csat", None),
    ("/schemes/{scheme}/compare/?with={n}", None),
    ("/rounds/{round}/moved/?before={n}&after={n}", None),
    ("/lists/propose/", {"run": "{n}"}),
    ("/awards/all/", {"run": "{n}"}),
    ("/rounds/open/", {"scheme": "{n}", "period": "2026-03"}),
    ("/bridge/make/", {"before": "{n}", "after": "{n}"}),
    ("/rounds/{round}/step/show/", {"run": "{n}"}),
    ("/rankings/{run}/?page={n}", None),
    ("/ledger/?page={n}", None),
]


@pytest.mark.parametrize("number", ["", "-1", "x", "0", FAR, "1.5", "\u0663", "\u00b2", "9" * 5000])
def test_a_number_that_is_none_is_answered(office, run, number):
    known = {"scheme": run.scheme_id, "round": run.round_id, "run": run.pk, "n": number}
    answers = {}
    office.raise_request_exception = False
    for path, form in NUMBERS:
        told = {key: value.format(**known) for key, value in (form or {}).items()}
        place = path.format(**known)
        answers[path] = (office.post(place, told) if form else office.get(place)).status_code
    assert {path: code for path, code in answers.items() if code not in (200, 302, 404)} == {}


def test_no_odd_number_has_done_anything(office, run):
    office.post("/lists/propose/", {"run": FAR})
    office.post("/awards/all/", {"run": FAR})
    office.post("/rounds/open/", {"scheme": FAR, "period": "2026-05"})
    assert (Listing.objects.count(), Award.objects.count(), Run.objects.count()) == (0, 0, 1)


POSTED = [
    *("/schemes/{scheme}/copy/", "/schemes/{scheme}/check/", "/schemes/{scheme}/example/"),
    *("/schemes/{scheme}/decide/approve/", "/rounds/open/", "/rounds/{round}/step/take/", "/bridge/make/"),
    *("/rounds/{round}/replay/{run}/", "/runs/new/", "/runs/{run}/what-if/", "/runs/{run}/replay/"),
    *("/lists/propose/", "/awards/all/", "/leads/search/", "/leads/1/decide/", "/lists/1/confirm/"),
    *("/awards/1/grant/", "/ledger/1/confirm/", "/appeals/1/decide/"),
]
READ = [
    *("/scorecards/", "/rankings/", "/rankings/{run}/", "/rankings/{run}/excel/", "/runs/", "/runs/{run}/"),
    *(
        "/rounds/",
        "/rounds/{round}/",
        "/rounds/{round}/data/",
        "/rounds/{round}/runs/",
        "/bridge/",
        "/funnel/",
    ),
    *("/funnel/export/", "/lists/", "/awards/", "/leads/", "/ledger/", "/appeals/", "/schemes/"),
]


@pytest.mark.parametrize(("paths", "method"), [(POSTED, "get"), (READ, "post")])
def test_what_writes_is_never_read_and_the_other_way_round(office, run, paths, method):
    known = {"scheme": run.scheme_id, "round": run.round_id, "run": run.pk}
    answers = {path: getattr(office, method)(path.format(**known)).status_code for path in paths}
    assert set(answers.values()) == {405}, answers


@pytest.mark.parametrize(
    "path",
    [
        *("/rounds/{round}/step/skip/", "/schemes/{scheme}/decide/erase/", "/ledger/{far}/confirm/"),
        *("/appeals/{far}/decide/", "/lists/{far}/confirm/", "/awards/{far}/grant/", "/leads/{far}/decide/"),
        *("/rounds/{round}/replay/{far}/", "/runs/{far}/replay/", "/schemes/{far}/copy/"),
    ],
)
def test_a_word_or_a_number_that_names_nothing_is_not_there(office, run, path):
    known = {"round": run.round_id, "scheme": run.scheme_id, "far": 9_223_372_036_854_775_807}
    assert office.post(path.format(**known)).status_code == 404


SHUT = {
    "teller": ("/runs/", "/rounds/", "/leads/", "/schemes/begin/", "/awards/new/", "/ledger/new/"),
    "outlet_manager": ("/runs/", "/rounds/", "/schemes/begin/", "/awards/new/", "/runs/{run}/"),
    "system_admin": (
        "/scorecards/",
        "/rankings/",
        "/ledger/",
        "/appeals/",
        "/lists/",
        "/awards/",
        "/schemes/",
    ),
}


@pytest.mark.parametrize("role", SHUT)
def test_a_page_of_others_is_refused_and_not_in_the_menu(run, person_in, role):
    client = client_of(person_in(role, "O1" if role != "system_admin" else "HO"))
    home = client.get("/", follow=True).content.decode()
    for path in SHUT[role]:
        place = path.format(run=run.pk)
        assert client.get(place).status_code == 403, place
        assert f'href="{place}"' not in home


@pytest.mark.parametrize("who", ["teller", "outlet_manager", "unit_head"])
def test_what_only_the_office_decides_is_refused_to_others(run, person_in, who):
    client = client_of(person_in(who, "P1" if who == "unit_head" else "O1"))
    for path in ("/lists/propose/", "/runs/new/", "/rounds/open/", "/bridge/make/", "/leads/search/"):
        assert client.post(path, {"run": run.pk, "scheme": "test", "period": "2026-03"}).status_code == 403
    assert Run.objects.count() == 1


def test_a_run_that_is_not_shown_is_not_there_for_whoever_may_not_run(run, person_in):
    Run.objects.filter(pk=run.pk).update(shown_at=None)
    manager = client_of(person_in("outlet_manager", "O1"))
    for path in ("/rankings/{}/", "/rankings/{}/excel/", "/scorecards/{}/O1/", "/scorecards/{}/O1/pdf/"):
        assert manager.get(path.format(run.pk)).status_code == 404
    assert manager.get(f"/rankings/{run.pk}/compare/?with=unit:1&with=unit:2").status_code == 404
