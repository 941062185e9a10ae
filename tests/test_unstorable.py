"""What no database takes (NUL, half of a pair) is refused by every operation of the API, in each room."""

from __future__ import annotations

import json

import pytest
from django.db import connection

from kezun.kernel.endpoint import ENDPOINTS
from kezun.kernel.models import TrailEntry
from kezun.org.scope import roles
from tests.targets import MAKERS, OWN
from tests.test_permissions import POST_AT, REACH, TOLD, Rule, address, places, with_token

WRITING = sorted(name for name, spec in ENDPOINTS.items() if spec.method != "GET")
BAD = {"nul": "a\x00b", "half": "a\ud800b"}


def spoiled(value, bad):
    """A body with `bad` instead of each of its texts, and as a name besides."""
    if isinstance(value, dict):
        return {name: spoiled(held, bad) for name, held in value.items()} | {"more": bad}
    return bad if isinstance(value, str) else value


@pytest.mark.parametrize("name", WRITING)
@pytest.mark.parametrize("bad", sorted(BAD))
def test_no_operation_takes_what_cannot_be_stored(name, bad, bank, person_in):
    rule, operation = Rule.of(TOLD["endpoints"][name]), ENDPOINTS[name]
    role = next(role for role in sorted(roles()) if role in rule.open)
    person = person_in(role, POST_AT[REACH[role]])
    client = with_token(person)
    place = next((at for at in ("self", "own", "below") if at in places(rule, role)), "own")
    named = {}
    if rule.target:
        where = bank[places(rule, role)[place] or POST_AT[REACH[role]]]
        named = (OWN if place == "self" else MAKERS)[rule.target](person, where)
    path = address(name, rule, named, operation.path)
    before = TrailEntry.objects.count()
    body = json.dumps(spoiled(rule.told.get("body") or {}, BAD[bad]))
    headers = {"Idempotency-Key": "k"}
    answer = client.generic(operation.method, path, body, "application/json", headers=headers)
    assert answer.status_code in (400, 404, 415, 422), f"{name}: {answer.status_code}"
    json.dumps(answer.json()).encode()
    assert TrailEntry.objects.count() == before
    with connection.cursor() as cursor:  # the connection still works: nothing was sent that broke it
        cursor.execute("SELECT 1")


@pytest.mark.parametrize("bad", ["a\x00b", "a\ud800b"])
@pytest.mark.parametrize("column", ["source_id", "unit", "business", "occurred_at"])
def test_a_row_of_a_stream_that_cannot_be_stored_does_not_break_the_import(column, bad, person_in):
    row = {"source_id": "1", "unit": "O1", "occurred_at": "2026-03-02T09:00:00Z", "outcome": "served"}
    client = with_token(person_in("service_office", "HO"))
    body = json.dumps(row | {column: bad}) + "\n" + json.dumps(row | {"source_id": "2"})
    headers = {"Idempotency-Key": "k"}
    answer = client.generic("POST", "/api/v1/facts/ticket", body, "application/x-ndjson", headers=headers)
    assert answer.status_code in (200, 422), answer.content
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
