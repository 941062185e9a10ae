"""The API of indicators: the same numbers as on the pages, within the token's scope."""

import datetime as dt

import pytest
from django.core.cache import cache
from django.utils import translation

from kezun.facts import queries
from kezun.facts.questions import Question
from kezun.facts.rules import Period
from kezun.facts.tests import service
from kezun.kernel.actor import SystemActor
from kezun.org.actions import issue_token

US = SystemActor("test")
VALUES = "/api/v1/indicators/values"


@pytest.fixture(autouse=True)
def _english():
    """Messages are compared in the language of the code."""
    with translation.override("en"):
        yield


@pytest.fixture(autouse=True)
def _home(settings, tmp_path):
    settings.KEZUN_HOME = tmp_path
    cache.clear()


@pytest.fixture
def ask(client, bank, person_in):
    """GET as the supervisor of P1, with a token for reading numbers and rows."""
    units = [bank[code].pk for code in ("O1", "O3")]
    service.keep("ticket", service.invent(units, [person_in("teller", "O1").pk], 300)[0])
    may = ["facts.read", "facts.read_rows"]
    token = issue_token(US, person_in("supervisor", "P1"), name="t", permissions=may, days=3).text

    def get(path, **query):
        answer = client.get(path, query, HTTP_AUTHORIZATION=f"Bearer {token}")
        return answer.status_code, answer.json()

    return get


def test_all_indicators(ask):
    status, found = ask("/api/v1/indicators")
    assert status == 200
    one = {i["id"]: i for i in found}["floor.answer_rate"]
    assert one["target"] == {"op": ">=", "value": 0.85}
    assert one["formula"].startswith("count(ticket where")
    assert (one["name"], one["name_en"], one["facts"]) == ("接通率", "Answer rate", ["ticket"])


def test_values(ask):
    ids = ["floor.tickets", "floor.wait_p90", "floor.wait_mean"]
    status, found = ask(VALUES, unit="P1", period="2026-Q1", by="business", indicator=ids)
    wanted = queries.measure(US, Question(tuple(ids), "P1", Period.parse("2026-Q1"), by="business"))
    assert status == 200
    assert found == [a.as_dict() for a in wanted]
    assert len(found) == 9
    means = [a for a in found if a["indicator"] == "floor.wait_mean"]
    assert all(a["low"] < a["value"] < a["high"] for a in means)


def test_as_known_at(ask):
    then = dt.datetime(2001, 1, 1, tzinfo=dt.UTC).isoformat()
    status, found = ask(VALUES, unit="P1", period="2026-Q1", indicator="floor.tickets", known_at=then)
    assert (status, found[0]["value"]) == (200, 0.0)


def test_rows(ask):
    query = {"unit": "P1", "period": "2026-Q1"}
    status, found = ask("/api/v1/indicators/floor.served/rows", **query, limit=5, offset=2)
    [answer] = queries.measure(US, Question(("floor.served",), "P1", Period.parse("2026-Q1")))
    assert status == 200
    assert (found["total"], len(found["rows"]), found["offset"]) == (answer.numerator, 5, 2)
    assert {row[found["columns"].index("unit")] for row in found["rows"]} == {"O1"}


@pytest.mark.parametrize(
    ("query", "status", "word"),
    [
        ({"unit": "O3"}, 404, ""),
        ({"unit": "nowhere"}, 404, ""),
        ({"period": "soon"}, 422, "2026-W10"),
        ({"known_at": "soon"}, 422, "2026-03-01"),
        ({"indicator": "floor.nothing"}, 422, "floor.tickets"),
        ({"by": "colour"}, 422, "weekday"),
        ({"below": "street"}, 422, "outlet"),
        ({"hour": "noon"}, 422, "hour"),
    ],
)
def test_refusals(ask, query, status, word):
    asked = {"unit": "P1", "period": "2026-Q1", "indicator": "floor.tickets"} | query
    got, body = ask(VALUES, **asked)
    assert got == status
    assert word in str(body)


def test_rows_refused(ask, client, person_in):
    status, body = ask("/api/v1/indicators/floor.served/rows", unit="P1", period="2026", part="denominator")
    assert status == 422
    assert "floor.served" in str(body)
    token = issue_token(US, person_in("lobby_manager", "O1"), name="t", permissions=["facts.read"], days=3)
    path = "/api/v1/indicators/floor.served/rows?unit=O1&period=2026"
    assert client.get(path, HTTP_AUTHORIZATION=f"Bearer {token.text}").status_code == 403
    assert client.get(path).status_code == 401
