"""The permission matrix: every page and operation × every role × own, other, upper and lower unit.

What is expected stands in permissions.yaml; what is tried comes from the registries: nothing is undeclared.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.test import Client
from django.urls import get_resolver, reverse
from django.utils import timezone

from kezun.kernel.endpoint import ENDPOINTS
from kezun.kernel.page import PAGES
from kezun.org import tokens
from kezun.org.models import Person, Token, Unit
from kezun.org.scope import roles
from tests import staff
from tests.targets import MAKERS, OWN

get_resolver().url_patterns  # noqa: B018 loads every room's pages and endpoints
TOLD: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "permissions.yaml").read_text())
IN = {200, 204, 302, 303, 400, 405, 409, 415, 422}
REFUSED = {403, 404}
POST_AT = {"bank": "HO", "subtree": "S1", "unit": "O1", "own": "O1"}
POSSIBLE = {"own", "other", "above", "below"}
ABOVE = {"S1": "C1", "O1": "S1"}
BELOW = {"HO": "O1", "S1": "O1"}
REACH = {role: reach for reach, names in TOLD["reach"].items() for role in names}


@cache
def expand(name: str) -> frozenset[str]:
    """The roles behind a name of a set, or of a role."""
    if name not in TOLD["sets"]:
        return frozenset({name})
    return frozenset().union(*(expand(inner) for inner in TOLD["sets"][name]))


@dataclass(frozen=True)
class Rule:
    """One line of permissions.yaml."""

    open: frozenset[str]
    target: str | None
    told: dict[str, Any]

    @classmethod
    def of(cls, told: dict[str, Any]) -> Rule:
        names = told["open"] if isinstance(told["open"], list) else [told["open"]]
        return cls(frozenset().union(*map(expand, names)), told.get("target"), told)

    def expected(self, role: str, place: str) -> set[int]:
        """The answers that are right for a role at a place."""
        if role not in self.open:
            return {403} if self.target is None else REFUSED
        return IN if self.target is None or self.reaches(role, place) else {404}

    def reaches(self, role: str, place: str) -> bool:
        if place == "self" or self.told.get("everywhere"):
            return True
        if self.told.get("own"):
            return False
        return (
            place
            in {"bank": POSSIBLE, "subtree": {"own", "below"}, "unit": {"own"}, "own": set()}[REACH[role]]
        )


def places(rule: Rule, role: str) -> dict[str, str | None]:
    """Where the target lies: name of the place → code of the unit (None: the person's own)."""
    at = POST_AT[REACH[role]]
    found: dict[str, str | None] = {"own": at, "other": "O3"}
    if at in ABOVE:
        found["above"] = ABOVE[at]
    if at in BELOW:
        found["below"] = BELOW[at]
    if rule.target is None:
        return {"own": at}
    return found | ({"self": None} if rule.target in OWN else {})


def address(name: str, rule: Rule, named: dict[str, Any], path: str | None = None) -> str:
    """The address of a page or operation for a target."""
    parts = dict(rule.told.get("with") or {})
    wanted = set(re.findall(r"[<{](?:\w+:)?(\w+)[>}]", path if path is not None else PAGES[name].path))
    parts |= {key: value for key, value in named.items() if key in wanted}
    query = str(rule.told.get("query") or "").format(**named)
    if path is None:
        base = reverse(name, kwargs=parts)
    else:
        base = "/api/v1/" + re.sub(r"\{(?:\w+:)?(\w+)\}", lambda m: str(parts[m[1]]), path)
    return f"{base}?{query}" if query else base


def test_the_lists_are_whole():
    """No page, no operation and no role is missing here, none is left over."""
    assert set(TOLD["pages"]) == {p.name for p in PAGES.values() if not p.public}
    assert set(TOLD["endpoints"] or {}) == set(ENDPOINTS)
    assert set(REACH) == set(roles())
    assert {role: roles()[role].reach for role in REACH} == REACH
    assert expand("everybody") == set(roles())


def test_at_least_ten_roles_are_told_apart():
    assert len(roles()) >= 12


@pytest.fixture
def people(bank, settings):
    """Somebody of each role, where it stands."""
    settings.KEZUN_MFA_REQUIRED_ROLES = ()
    settings.AXES_ENABLED = False
    return staff.everyone({role: bank[POST_AT[REACH[role]]] for role in sorted(roles())})


def told_in(answer: Any) -> int:
    """The status; a redirect to the sign-in page counts as 401."""
    signs_in = answer.status_code in {301, 302} and "/account/" in answer.headers.get("Location", "")
    return 401 if signs_in else int(answer.status_code)


@pytest.mark.parametrize("name", sorted(TOLD["pages"]))
def test_page(name, bank, people):
    rule = Rule.of(TOLD["pages"][name])
    clients = staff.signed_in(people, bool(rule.told.get("raised")))
    wrong = []
    for role, person in people.items():
        client = clients[role]
        for place, code in places(rule, role).items():
            where: Unit = bank[code or POST_AT[REACH[role]]]
            named = {}
            if rule.target:
                named = (OWN if place == "self" else MAKERS)[rule.target](person, where)
            call = client.post if rule.told.get("method") == "POST" else client.get
            status = told_in(call(address(name, rule, named), rule.told.get("body") or {}))
            if status not in rule.expected(role, place):
                expected = "to get in" if rule.expected(role, place) == IN else "to be refused"
                wrong.append(f"{role} at {place}: {status}, expected {expected}")
    assert not wrong, f"{len(wrong)} answers: " + "\n".join(wrong)


@pytest.mark.django_db
@pytest.mark.parametrize("name", sorted(TOLD["pages"]))
def test_nobody_gets_in_without_signing_in(name):
    rule = Rule.of(TOLD["pages"][name])
    named = {
        "run": 1,
        "subject": "unit:1",
        "code": "HO",
        "pk": 1,
        "id": "x",
        "number": 1,
        "piece": 1,
        "sha256": "x",
        "score": 1,
        "no": "C26-000001",
        "seq": 1,
    }
    call = Client().post if rule.told.get("method") == "POST" else Client().get
    assert told_in(call(address(name, rule, named))) in {401, 403}


def with_token(person: Person) -> Client:
    """A client that sends a token of the person for all that the roles may do."""
    secret = tokens.make()
    Token.objects.create(
        person=person,
        name="matrix",
        hint=secret[-4:],
        digest=tokens.digest(secret),
        permissions=sorted({e.needs.split(".")[0] + ".*" for e in ENDPOINTS.values()}),
        expires_at=timezone.now() + dt.timedelta(hours=1),
    )
    return Client(raise_request_exception=False, headers={"Authorization": f"Bearer {secret}"})


@pytest.mark.parametrize("name", sorted(TOLD["endpoints"]))
def test_operation(name, bank, people):
    rule, operation = Rule.of(TOLD["endpoints"][name]), ENDPOINTS[name]
    wrong = []
    for role, person in people.items():
        client = with_token(person)
        for place, code in places(rule, role).items():
            where: Unit = bank[code or POST_AT[REACH[role]]]
            named = {}
            if rule.target:
                named = (OWN if place == "self" else MAKERS)[rule.target](person, where)
            path = address(name, rule, named, operation.path)
            body = json.dumps(rule.told.get("body") or {}).format(**named) if rule.told.get("body") else b""
            status = client.generic(operation.method, path, body, "application/json").status_code
            if status not in rule.expected(role, place):
                expected = "to get in" if rule.expected(role, place) == IN else "to be refused"
                wrong.append(f"{role} at {place}: {status}, expected {expected}")
    assert not wrong, f"{len(wrong)} answers: " + "\n".join(wrong)


@pytest.mark.django_db
@pytest.mark.parametrize("name", sorted(TOLD["endpoints"]))
def test_no_operation_without_a_token(name):
    named = {"code": "HO", "number": 1, "no": "C26-000001"}
    path = address(name, Rule.of(TOLD["endpoints"][name]), named, ENDPOINTS[name].path)
    assert Client().generic(ENDPOINTS[name].method, path).status_code == 401


@pytest.mark.parametrize("name", sorted(TOLD["endpoints"]))
def test_a_token_carries_no_more_than_it_says(name, person_in):
    person = person_in("service_office", "HO")
    client = with_token(person)
    Token.objects.filter(person=person).update(permissions=["nothing.at_all"])
    named = {"code": "HO", "number": 1, "no": "C26-000001"}
    path = address(name, Rule.of(TOLD["endpoints"][name]), named, ENDPOINTS[name].path)
    assert client.generic(ENDPOINTS[name].method, path).status_code in REFUSED


def test_what_is_public_is_said_so():
    public = {p.name for p in PAGES.values() if p.public}
    assert public <= set(TOLD.get("public") or [])
