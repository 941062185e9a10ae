"""Cases by API: register, list, read, any step; idempotent, scoped, narrowed to what the token may."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from django.test import Client
from django.utils import timezone

from kezun.cases.models import Case
from kezun.cases.tests.test_complaints import CODES
from kezun.org import tokens
from kezun.org.models import Token

GIVEN = {
    **CODES,
    "story": "等了一个小时",
    "parties": [{"role": "complainant", "name": "王女士", "phone": "13800001111"}],
}


@pytest.fixture
def caller(world):
    """`caller("lobby", "cases.*")`: a client with a token of that person that may what is named."""

    def make(who: str, *permissions: str) -> Client:
        secret = tokens.make()
        Token.objects.create(
            person=world[who],
            name="test",
            hint=secret[-4:],
            digest=tokens.digest(secret),
            permissions=list(permissions or ("cases.*",)),
            expires_at=timezone.now() + dt.timedelta(hours=1),
        )
        return Client(headers={"Authorization": f"Bearer {secret}"})

    return make


@pytest.fixture
def shipped(world):
    from tests.complaining import install

    install()
    return world


def post(client: Client, path: str, body: object, key: str | None = "k1"):
    headers = {"Idempotency-Key": key} if key is not None else {}
    return client.post(f"/api/v1/{path}", json.dumps(body), content_type="application/json", headers=headers)


def new(client: Client, key: str = "k1", unit: str = "O1", **given):
    return post(client, "cases", {"kind": "complaint", "unit": unit, "given": {**GIVEN, **given}}, key)


def test_a_complaint_is_registered_read_and_moved_on(shipped, caller):
    lobby = caller("lobby")
    made = new(lobby).json()
    assert (made["kind"], made["unit"], made["state"]) == ("complaint", "O1", "registered")
    assert made["title"].endswith("机构O1")
    assert "take" in made["steps"]
    assert made["due_at"]
    assert made["act_by_at"]
    taken = post(lobby, f"cases/{made['no']}/take", {}, "k2").json()
    assert taken["handler"] == "lobby_manager.O1"
    again = lobby.get(f"/api/v1/cases/{made['no']}").json()
    assert again["state"] == "working"
    assert "13800001111" not in json.dumps(again)
    told = lobby.get(f"/api/v1/cases/{made['no']}/events").json()["events"]
    assert [event["verb"] for event in told] == ["open", "take"]
    assert "13800001111" not in json.dumps(told)
    assert len({event["digest"] for event in told}) == 2


def test_a_repeat_under_one_key_changes_nothing(shipped, caller):
    lobby = caller("lobby")
    first, second = new(lobby), new(lobby)
    assert first.status_code == second.status_code == 200
    assert first.json()["no"] == second.json()["no"]
    assert Case.objects.count() == 1
    no = first.json()["no"]
    for _time in range(2):
        assert post(lobby, f"cases/{no}/note", {"given": {"note": "已致电"}}, "n1").status_code == 200
    assert Case.objects.get().seq == 2
    assert new(lobby, unit="O2").status_code == 422


@pytest.mark.parametrize("key", [None, "", "x" * 121, "zwei worte"])
def test_every_write_carries_a_key(shipped, caller, key):
    answer = post(caller("lobby"), "cases", {"kind": "complaint", "unit": "O1", "given": GIVEN}, key)
    assert answer.status_code == 422
    assert "Idempotency-Key" in answer.json()["detail"]
    assert not Case.objects.exists()


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"kind": "nonsense"}, "kind"),
        ({"unit": "ZZ"}, None),
        ({"channel": "Z"}, "channel"),
        ({"colour": "red"}, "colour"),
        ({"parties": "王"}, "parties"),
        ({"received_at": "2999-01-01 00:00"}, "received_at"),
        ({"received_at": "0001-01-01T00:00+14:00"}, "received_at"),
        ({"severity": 10**30}, "severity"),
        ({"story": {"a": 1}}, "story"),
        ({"urgency": ["urgent"]}, "urgency"),
    ],
)
def test_what_is_wrong_is_named_by_its_field(shipped, caller, changes, named):
    body = {"kind": "complaint", "unit": "O1", "given": dict(GIVEN)}
    for name, value in changes.items():
        (body if name in ("kind", "unit") else body["given"])[name] = value
    answer = post(caller("lobby"), "cases", body)
    assert answer.status_code == 422, answer.content
    assert named is None or named in answer.json()["detail"]
    assert not Case.objects.exists()


@pytest.mark.parametrize("claim", ["\ud800 道歉", "\x00 道歉"])
def test_halves_of_signs_and_zero_bytes_are_refused_by_their_place(shipped, caller, claim):
    given = {**GIVEN, "claim": claim}
    body = json.dumps({"kind": "complaint", "unit": "O1", "given": given})
    answer = caller("lobby").post(
        "/api/v1/cases", body, content_type="application/json", headers={"Idempotency-Key": "k"}
    )
    assert answer.status_code == 422
    assert "无法保存" in answer.json()["detail"]["given.claim"][0]
    assert not Case.objects.exists()


def test_unknown_verbs_and_a_second_close_are_refused(shipped, caller):
    lobby = caller("lobby")
    no = new(lobby).json()["no"]
    for verb in ("explode", "open"):
        answer = post(lobby, f"cases/{no}/{verb}", {}, verb)
        assert answer.status_code == 422
        assert "verb" in answer.json()["detail"]
    assert post(lobby, f"cases/{no}/close", {}, "c").status_code == 422
    assert Case.objects.get().seq == 1


def test_outside_the_scope_there_is_nothing(shipped, caller):
    no = new(caller("lobby")).json()["no"]
    far = caller("far")
    assert far.get(f"/api/v1/cases/{no}").status_code == 404
    assert far.get(f"/api/v1/cases/{no}/events").status_code == 404
    assert post(far, f"cases/{no}/note", {"given": {"note": "x"}}).status_code == 404
    assert far.get("/api/v1/cases").json()["cases"] == []
    for wrong in ("C26-999999", "x", "1", no.replace("C", "D")):
        assert caller("office").get(f"/api/v1/cases/{wrong}").status_code in (200, 404)
    assert caller("office").get("/api/v1/cases/C99-000001").status_code == 404


def test_a_token_carries_no_more_than_it_says(shipped, caller):
    no = new(caller("lobby")).json()["no"]
    narrow = caller("lobby", "cases.read", "cases.note")
    assert post(narrow, f"cases/{no}/note", {"given": {"note": "x"}}).status_code == 200
    assert post(narrow, f"cases/{no}/take", {}, "t").status_code == 403
    assert new(narrow, "n").status_code == 403


def test_the_list_is_filtered_and_paged(shipped, caller, monkeypatch):
    from kezun.cases import listing

    lobby = caller("lobby")
    for n in range(5):
        new(lobby, f"k{n}", reason_code="C0102" if n % 2 else "C0101")
    monkeypatch.setattr(listing, "PAGE", 2)
    seen, after = [], ""
    for _part in range(3):
        page = lobby.get("/api/v1/cases", {"kind": "complaint", "sort": "newest", "after": after}).json()
        seen += [line["no"] for line in page["cases"]]
        after = page["after"]
    assert len(seen) == len(set(seen)) == 5
    assert after is None
    assert lobby.get("/api/v1/cases", {"state": "closed"}).json()["cases"] == []
    assert lobby.get("/api/v1/cases", {"unit": "O2"}).json()["cases"] == []
    assert lobby.get("/api/v1/cases", {"severity": "9", "since": "x"}).status_code == 200


def test_lists_take_few_statements(shipped, caller, django_assert_max_num_queries):
    lobby = caller("lobby")
    for n in range(6):
        new(lobby, f"k{n}")
    lobby.get("/api/v1/cases")
    with django_assert_max_num_queries(9):
        told = lobby.get("/api/v1/cases").json()
    assert (len(told["cases"]), told["count"], told["after"]) == (6, 6, None)
    assert {line["kind"] for line in told["cases"]} == {"complaint"}
