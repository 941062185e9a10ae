"""A month of service at three outlets, and readers who are signed in."""

from __future__ import annotations

import datetime as dt

import pyarrow as pa
import pytest
from django.test import Client

SERVED = {"O1": 60, "O2": 80, "O3": 40}


@pytest.fixture(autouse=True)
def _no_answers_of_other_tests():
    """Files are named by their snapshot's number; a database that is rolled back gives numbers again."""
    from kezun.insight.queries import _freshness

    _freshness.cache_clear()


@pytest.fixture
def people(person_in):
    """A teller at each outlet."""
    return {code: person_in("teller", code) for code in SERVED}


@pytest.fixture
def service(bank, people):
    """Tickets and ratings of February and March 2026.

    In February every outlet serves all; in March O1 loses a third of its customers. Waits are 60 s and
    600 s in turn, every third customer rates, and O2 is rated badly by every other one.
    """
    from kezun.facts.writing import store_rows

    tickets, ratings = [], []
    for month in (2, 3):
        for code, per_month in SERVED.items():
            for i in range(per_month):
                at = dt.datetime(2026, month, 1 + i % 27, 9 + i % 8, i % 60)
                lost = month == 3 and code == "O1" and i % 3 == 0
                common = {
                    "unit": bank[code].pk,
                    "person": None if lost else people[code].pk,
                    "occurred_at": at,
                    "business": ("cash", "card", None)[i % 3],
                    "class": ("vip", "plain")[i % 2],
                    "channel": "counter",
                }
                key = f"{code}-{month}-{i}"
                tickets.append(
                    common
                    | {
                        "source_id": key,
                        "outcome": "abandoned" if lost else "served",
                        "wait_s": 600 if i % 2 else 60,
                        "service_s": None if lost else 120 + i,
                        "promise_s": 300,
                        "counter": None if lost else "1",
                    }
                )
                if i % 3 == 1:
                    ratings.append(common | {"source_id": key, "score": 2 if code == "O2" and i % 2 else 5})
    for fact, rows in (("ticket", tickets), ("rating", ratings)):
        store_rows(fact, pa.Table.from_pylist(rows), source="test")
    return bank


@pytest.fixture
def signed_in(person_in):
    """`signed_in("outlet_manager", "O1")`: a client of that person; English, so tests read the words."""

    def make(role: str, unit: str, language: str = "en") -> Client:
        client = Client(HTTP_ACCEPT_LANGUAGE=language)
        client.force_login(person_in(role, unit), backend="kezun.org.signin.Backend")
        client.cookies["kezun_language"] = language
        return client

    return make
