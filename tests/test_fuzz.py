"""The API under invented requests, good and bad: no fault of ours, only answers that its description names.

`KEZUN_FUZZ=1` tries at least 200 requests an operation; otherwise a few, as a smoke test.
"""

from __future__ import annotations

import datetime as dt
import json
import os
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from django.urls import get_resolver
from django.utils import timezone
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from kezun.kernel.endpoint import ENDPOINTS
from kezun.org import tokens
from kezun.org.models import Token
from kezun.site import api

FULL = os.environ.get("KEZUN_FUZZ") == "1"
EXAMPLES = 100 if FULL else 8
MODES = tuple(schemathesis.GenerationMode)
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]

NDJSON, ARROW = "application/x-ndjson", "application/vnd.apache.arrow.stream"
CELLS = st.one_of(
    *(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False), st.text(max_size=12)),
    st.sampled_from(["O1", "HO", "teller.O1", "served", "counter", "in", "2026-03-01T09:00:00+08:00", 5, ""]),
    st.lists(st.integers(), max_size=2),
)
NAMES = st.sampled_from(
    ["source_id", "unit", "person", "occurred_at", "outcome", "channel", "direction", "wait_s", "score", "?"]
)
LINES = st.lists(st.dictionaries(NAMES, CELLS, max_size=10), max_size=5)


def _lines(rows: list[dict[str, Any]]) -> bytes:
    return "\n".join(json.dumps(row) for row in rows).encode()


@schemathesis.serializer(NDJSON, ARROW)
def _as_it_is(context: schemathesis.SerializationContext, value: Any) -> bytes:
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass")


schemathesis.openapi.media_type(NDJSON, st.one_of(LINES.map(_lines), st.binary(max_size=60)))
schemathesis.openapi.media_type(ARROW, st.binary(max_size=200))

get_resolver().url_patterns  # noqa: B018 loads every room's pages and endpoints


def described() -> dict[str, Any]:
    """The API's own description of itself, as a caller reads it."""
    schema = schemathesis.openapi.from_dict(api.build().get_openapi_schema())
    schema.app = get_wsgi_application()
    return {operation.ok().label: operation.ok() for operation in schema.get_all_operations()}


OPERATIONS = described()


@pytest.fixture(autouse=True)
def _one_connection():
    """Requests by WSGI end connections; those of a test go on, as Django's own test client sees to it."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


@pytest.fixture
def bearer(bank, person_in, settings):
    """Headers with a token that may all that the API offers, at the head office."""
    settings.KEZUN_API_PER_MINUTE = 10**9
    secret = tokens.make()
    Token.objects.create(
        person=person_in("service_office", "HO"),
        name="fuzz",
        hint=secret[:8],
        digest=tokens.digest(secret),
        permissions=sorted({spec.needs for spec in ENDPOINTS.values()}),
        expires_at=timezone.now() + dt.timedelta(days=1),
    )
    return {"Authorization": f"Bearer {secret}"}


def test_every_operation_is_described():
    assert len(OPERATIONS) == len(ENDPOINTS)
    for operation in OPERATIONS.values():
        told = operation.definition.raw["responses"]
        assert {"401", "403", "404", "422", "429"} <= {str(status) for status in told}, operation.label


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.value)
@pytest.mark.parametrize("label", sorted(OPERATIONS))
def test_invented_requests(label, mode, bearer):
    tried = []

    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        derandomize=not FULL,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=OPERATIONS[label].as_strategy(generation_mode=mode))
    def attempt(case):
        answer = case.call(headers=bearer)
        tried.append(answer.status_code)
        case.validate_response(answer, checks=CHECKS)

    attempt()
    assert tried
    assert set(tried) != {401}, "the token was not even looked at"


@pytest.mark.parametrize("label", sorted(OPERATIONS))
def test_without_a_token_every_invented_request_is_refused(label, db):
    @settings(max_examples=5, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(case=OPERATIONS[label].as_strategy())
    def attempt(case):
        assert case.call(headers={"Authorization": "Bearer kz_guess"}).status_code == 401

    attempt()
