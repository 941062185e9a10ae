"""The API of cases at its edges: bodies that are none, keys, what is never told, the order."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from django.utils import translation

from kezun.cases import actions, listing, queries, standing
from kezun.cases.models import Case, Event
from kezun.cases.tests.test_api import GIVEN, caller, new, post, shipped
from kezun.cases.tests.test_complaints import CODES
from kezun.cases.tests.timing import at, now_is
from kezun.kernel.actor import SystemActor
from tests.complaining import taken_in

__all__ = ["caller", "shipped"]
STEPS = "/api/v1/cases"


@pytest.fixture
def lobby(shipped, caller):
    return caller("lobby")


@pytest.fixture
def no(lobby):
    """The number of a complaint that the lobby manager registered."""
    return new(lobby, "first").json()["no"]


def sent(client, path: str, body: str, key: str = "raw"):
    """A body as it is, whatever it is."""
    heads = {"Idempotency-Key": key}
    return client.post(f"/api/v1/{path}", body, content_type="application/json", headers=heads)


# --- bodies ---


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ("{", "body"),
        ('{"given": []}', "given"),
        ('{"given": null}', "given"),
        ('{"given": "note"}', "given"),
        ("", "note"),
        ('{"given": {"note": ""}}', "note"),
        ('{"given": {"note": "   "}}', "note"),
        ('{"given": {"note": ["a"]}}', "note"),
        ('{"given": {"note": NaN}}', "note"),
        ('{"given": {"note": "x", "why": "y"}}', "why"),
    ],
)
def test_a_body_that_says_nothing_changes_nothing(lobby, no, body, named):
    answer = sent(lobby, f"cases/{no}/note", body)
    assert answer.status_code == 422
    assert named in answer.json()["detail"]
    assert Case.objects.get().seq == 1


@pytest.mark.parametrize("missing", ["kind", "unit"])
def test_what_a_registration_lacks_is_named(lobby, missing):
    body = {"kind": "complaint", "unit": "O1", "given": GIVEN}
    del body[missing]
    answer = post(lobby, "cases", body)
    assert answer.status_code == 422
    assert list(answer.json()["detail"]) == [missing]
    assert not Case.objects.exists()


def test_all_mistakes_of_a_registration_are_told_at_once(lobby):
    wrong = {"channel": "Z", "reason_code": "?", "amount": "viel", "colour": "rot"}
    told = new(lobby, **wrong).json()["detail"]
    assert set(told) == set(wrong)
    assert all(len(texts) == 1 and texts[0] for texts in told.values())


@pytest.mark.parametrize(
    ("said", "fen"), [("88.5", 8850), (88.5, 8850), (88, 8800), ("1,234.50", 123450), ("0", 0), ("0.01", 1)]
)
def test_money_is_kept_in_fen_whether_it_comes_as_number_or_text(lobby, said, fen):
    assert new(lobby, amount=said).json()["data"]["amount"] == fen


@pytest.mark.parametrize("said", ["-5", -5, "1.234", 1e12, "1e3", True, "12 元"])
def test_what_is_no_amount_is_refused_at_its_field(lobby, said):
    assert list(new(lobby, amount=said).json()["detail"]) == ["amount"]


# --- keys ---


def test_a_key_belongs_to_one_person_and_one_verb(shipped, caller):
    lobby, manager = caller("lobby"), caller("manager")
    first, second = new(lobby, "k").json(), new(manager, "k").json()
    assert first["no"] != second["no"]
    for verb, given in (("note", {"note": "已致电"}), ("contact", {"how": "phone"})):
        assert post(lobby, f"cases/{first['no']}/{verb}", {"given": given}, "k").status_code == 200
    assert [event.verb for event in Event.objects.filter(case__pk=int(first["no"][4:])).order_by("seq")] == [
        *("open", "note", "contact")
    ]


def test_a_key_used_for_another_case_is_refused_and_leaves_it_alone(lobby, no):
    other = new(lobby, "other", unit="O2").json()["no"]
    assert post(lobby, f"cases/{no}/note", {"given": {"note": "一"}}, "n").status_code == 200
    answer = post(lobby, f"cases/{other}/note", {"given": {"note": "一"}}, "n")
    assert answer.status_code == 422
    assert Event.objects.filter(verb="note").count() == 1


def test_a_refused_step_does_not_use_its_key_up(lobby, no):
    assert post(lobby, f"cases/{no}/note", {"given": {"note": ""}}, "n").status_code == 422
    assert post(lobby, f"cases/{no}/note", {"given": {"note": "已致电"}}, "n").status_code == 200


@pytest.mark.parametrize(("key", "status"), [("x" * 120, 200), ("!~", 200), ("a b", 422), ("é", 422)])
def test_which_keys_are_keys(lobby, no, key, status):
    assert post(lobby, f"cases/{no}/note", {"given": {"note": "x"}}, key).status_code == status


# --- what only the platform does ---


@pytest.mark.parametrize("who", ["lobby", "manager", "supervisor", "office"])
@pytest.mark.parametrize("verb", sorted(queries.NOT_OFFERED - {"open"}))
def test_no_person_takes_the_platforms_steps(shipped, caller, no, who, verb):
    other = new(caller("lobby"), "second", unit="O2").json()["no"]
    given = {
        **{"join": {"other": other}, "part": {"other": other}},
        **{"escalate": {"clock": 1, "step": 1}, "recompute": {}, "rate": {"satisfaction": 5}},
    }[verb]
    before = list(Case.objects.order_by("pk").values("seq", "level", "satisfaction", "act_by_at"))
    assert post(caller(who), f"cases/{no}/{verb}", {"given": given}, "z").status_code in (403, 422)
    assert list(Case.objects.order_by("pk").values("seq", "level", "satisfaction", "act_by_at")) == before


def test_the_steps_told_are_those_that_can_be_taken(shipped, caller, no):
    case = Case.objects.get()
    for who in ("lobby", "manager", "supervisor", "office"):
        told = caller(who).get(f"{STEPS}/{no}").json()["steps"]
        offered = [offer.verb for offer in queries.allowed_steps(*offers(shipped[who], case))]
        assert told == offered
        assert not set(told) & queries.NOT_OFFERED
    assert caller("auditor").get(f"{STEPS}/{no}").json()["steps"] == []


def offers(person, case):
    return person, case, queries.form_of(case), standing.Ground(person, case)


def test_who_is_named_takes_no_step_but_says_something(shipped, caller):
    named = [*GIVEN["parties"], {"role": "named_staff", "person": "outlet_manager.O1"}]
    made = new(caller("lobby"), parties=named).json()
    manager = caller("manager")
    assert post(manager, f"cases/{made['no']}/accept", {}, "a").status_code == 403
    assert post(manager, f"cases/{made['no']}/note", {"given": {"note": "我的说明"}}, "n").status_code == 200
    assert Case.objects.get().state == "registered"


# --- what is told ---


def test_moments_are_told_with_the_banks_offset_over_the_turn_of_the_year(shipped, lobby):
    with now_is("2027-01-01T00:30"):
        given = {**CODES, "title": "等候太久", "received_at": "2026-12-31 23:59"}
        case = actions.open_case(shipped["lobby"], "complaint", shipped["bank"]["O1"], given)
    made = lobby.get(f"{STEPS}/{case.no}").json()
    assert made["received_at"] == "2026-12-31T23:59:00+08:00"
    assert made["opened_at"].startswith("2027-01-01T00:30:00")
    assert dt.datetime.fromisoformat(made["act_by_at"]) > at("2027-01-01T00:30")
    assert made["provisional"], "nobody has published the calendar of 2027"


def test_words_names_and_numbers_of_customers_are_in_no_answer(lobby, no):
    answers = [lobby.get(STEPS), lobby.get(f"{STEPS}/{no}"), lobby.get(f"{STEPS}/{no}/events")]
    told = json.dumps([answer.json() for answer in answers], ensure_ascii=False)
    for hidden in ("王女士", "13800001111", "等了一个小时"):
        assert hidden not in told


def test_sealed_fields_of_a_kind_are_left_out_and_others_told(world, caller, opened):
    case = opened(where="大堂", account="尾号 5566778899")
    told = caller("lobby").get(f"{STEPS}/{case.no}")
    assert told.json()["data"] == {"where": "大堂"}
    assert "5566778899" not in told.content.decode()
    assert "5566778899" not in caller("lobby").get(f"{STEPS}/{case.no}/events").content.decode()


def test_the_platform_stands_in_a_history_by_its_name(shipped, caller):
    case = taken_in(SystemActor("nightly"), shipped["bank"]["O1"])
    [event] = caller("office").get(f"{STEPS}/{case.no}/events").json()["events"]
    assert event["who"] == "system:nightly"
    assert event["sets"]["owner_unit"]


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_refusals_speak_the_language_that_is_asked_for(lobby, no, language):
    answer = lobby.post(
        f"{STEPS}/{no}/note",
        "{}",
        content_type="application/json",
        headers={"Idempotency-Key": "n", "Accept-Language": language},
    )
    with translation.override(language):
        assert answer.json()["detail"]["note"] == [translation.gettext("This is missing; fill it in.")]


# --- lists ---


def test_a_list_counts_up_to_its_most_and_then_says_nothing(lobby, monkeypatch):
    for n in range(4):
        new(lobby, f"k{n}")
    monkeypatch.setattr(listing, "PAGE", 2)
    assert lobby.get(STEPS).json()["count"] == 4
    monkeypatch.setattr(listing, "COUNTED", 3)
    assert lobby.get(STEPS).json()["count"] is None


@pytest.mark.parametrize(("sort", "order"), [("newest", [2, 1, 0]), ("oldest", [0, 1, 2])])
def test_a_list_is_in_the_order_that_is_asked_for(lobby, sort, order):
    days = ("2026-03-01 09:00", "2026-03-02 09:00", "2026-03-03 09:00")
    made = [new(lobby, f"k{n}", received_at=day).json()["no"] for n, day in enumerate(days)]
    told = [line["no"] for line in lobby.get(STEPS, {"sort": sort}).json()["cases"]]
    assert told == [made[n] for n in order]


def test_days_of_receipt_are_days_of_the_bank(lobby):
    """Half past midnight in Shanghai is still the day before in UTC."""
    made = new(lobby, received_at="2026-03-02 00:30").json()["no"]
    for since, until, there in (
        *(("2026-03-02", "2026-03-02", True), ("2026-03-01", "2026-03-01", False)),
        *(("2026-03-03", "", False), ("", "2026-03-01", False)),
    ):
        told = lobby.get(STEPS, {"since": since, "until": until}).json()["cases"]
        assert [line["no"] for line in told] == [made][: int(there)], (since, until)


def test_a_case_lies_with_whom_it_was_handed_to(shipped, caller, no):
    actions.do(shipped["manager"], Case.objects.get(), "assign", {"unit": "O2"})
    told = caller("other").get(f"{STEPS}/{no}").json()
    assert (told["owner_unit"], told["pending_unit"], told["unit"]) == ("O1", "O2", "O1")
    assert "take" in told["steps"]
    assert caller("far").get(f"{STEPS}/{no}").status_code == 404
