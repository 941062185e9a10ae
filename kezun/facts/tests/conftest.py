"""A home with the profile p/queue, invented service, an analyst at the import desk, and one with a token."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import translation

from kezun.facts.models import Batch
from kezun.facts.tests import service
from kezun.facts.tests.desk import GOOD
from kezun.facts.tests.http import MAY, NDJSON, TICKETS
from kezun.facts.tests.importing import PROFILE
from kezun.kernel.actor import SystemActor
from kezun.org import scope
from kezun.org.actions import issue_token


@pytest.fixture
def queue_home(settings, tmp_path):
    """A home of its own, and one pack `p` with the profile `queue`."""
    settings.KEZUN_HOME = tmp_path / "home"
    settings.KEZUN_PACKS = [tmp_path / "packs"]
    folder = tmp_path / "packs" / "p" / "profiles"
    folder.mkdir(parents=True)
    (folder / "queue.yaml").write_text(PROFILE)
    cache.clear()


@pytest.fixture
def english():
    """Messages are compared in the language of the code."""
    with translation.override("en"):
        yield


@pytest.fixture
def own_home(settings, tmp_path):
    """A home without facts, answers or packs of other tests."""
    settings.KEZUN_HOME = tmp_path


@pytest.fixture
def service_at(bank, person_in, own_home):
    """`service_at(units, tellers, n)`: `n` tickets and their ratings in the store, as invented service.

    Tickets fall on the units named, and on a teller of each of `tellers`. Returns the units of the small bank
    by code, and the rows themselves for an oracle to count.
    """

    def make(units: Sequence[str], tellers: Sequence[str], n: int) -> dict[str, Any]:
        people = [person_in("teller", code).pk for code in tellers]
        tickets, ratings = service.invent([bank[code].pk for code in units], people, n)
        service.keep("ticket", tickets)
        service.keep("rating", ratings)
        return {"units": bank, "tickets": tickets, "ratings": ratings}

    return make


@pytest.fixture
def analyst(person_in):
    person = person_in("analyst", "HO")
    person.language = "en"
    person.save(update_fields=["language"])
    return person


@pytest.fixture
def desk(client, analyst):
    client.force_login(analyst)
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = "en"
    return client


@pytest.fixture
def upload(desk):
    def send(content, name="queue.csv"):
        body = content.encode() if isinstance(content, str) else content
        return desk.post("/import/upload/", {"file": SimpleUploadedFile(name, body)}, follow=True)

    return send


@pytest.fixture
def draft(upload):
    def make(content=GOOD, name="queue.csv") -> Batch:
        answer = upload(content, name)
        assert answer.status_code == 200, answer.content
        return Batch.objects.latest("pk")

    return make


@pytest.fixture
def importing_head(person_in, monkeypatch):
    """A head of S1 who may import, for what lies below S1."""
    known = scope.roles()
    head = known["unit_head"]
    wide = head.permissions | known["analyst"].permissions
    role = scope.Role(head.code, head.name, head.name_en, head.reach, wide)
    monkeypatch.setattr(scope, "roles", lambda: known | {"unit_head": role})
    return person_in("unit_head", "S1")


@pytest.fixture
def token(analyst):
    return issue_token(SystemActor("test"), analyst, name="queue machine", permissions=MAY, days=3)


@pytest.fixture
def post(client, token):
    def send(body: bytes, address=TICKETS, kind=NDJSON, key="", language="en", secret=token.text, **headers):
        headers |= {"HTTP_AUTHORIZATION": f"Bearer {secret}", "HTTP_ACCEPT_LANGUAGE": language}
        if key:
            headers["HTTP_IDEMPOTENCY_KEY"] = key
        return client.post(address, body, content_type=kind, CONTENT_TYPE=kind, **headers)

    return send
