"""Policies: what ships, what the law says of it, and every mistake a bank can make in one."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest
import yaml
from django.core.exceptions import ValidationError
from django.utils import translation

from kezun.cases import policies
from kezun.cases.policies import NotAPolicy, plain, policy, read, rule_of
from kezun.cases.rules.clocks import ClockEvent, ClockRefused, fold
from kezun.cases.tests.test_clocks import at, cn
from kezun.org.calendars import shipped
from kezun.org.rules.worktime import Basis

ALL = policies.policies()


@pytest.fixture
def fresh(settings, tmp_path):
    settings.KEZUN_HOME = tmp_path
    policies.policies.cache_clear()
    yield
    policies.policies.cache_clear()


def ends(code: str, start: str, *moves: tuple[str, str, int]) -> dt.date:
    events = [ClockEvent("start", at(start)), *(ClockEvent(v, at(t), n) for v, t, n in moves)]
    return fold(ALL[code].rule, cn(), events).due_at.date()


def test_a_complaint_has_fifteen_thirty_and_thirty_more_days():
    day = "2026-09-21T10:00"
    assert ends("complaint_decision", day) == dt.date(2026, 10, 6)
    first, second = ("extend", "2026-10-05T10:00", 15), ("extend", "2026-10-20T10:00", 30)
    assert ends("complaint_decision", day, first) == dt.date(2026, 10, 21)
    assert ends("complaint_decision", day, first, second) == dt.date(2026, 11, 20)
    assert [e.units for e in ALL["complaint_decision"].rule.extensions] == [15, 30]
    assert [e.level for e in ALL["complaint_decision"].rule.extensions] == ["office", "superior"]
    with pytest.raises(ClockRefused, match="cap"):
        ends("complaint_decision", day, first, second, ("extend", "2026-11-10T10:00", 1))
    assert ends("complaint_complex", day, ("extend", "2026-10-05T10:00", 30)) == dt.date(2026, 11, 20)
    assert ends("complaint_forwarded", day, ("extend", "2026-10-05T10:00", 45)) == dt.date(2026, 11, 20)
    assert ends("complaint_contact", day) == dt.date(2026, 9, 22)
    assert ends("complaint_review", day) == dt.date(2026, 10, 21)


def test_the_customers_own_time_only_ever_grows():
    assert ends("complaint_review_window", "2026-09-01T10:00") == dt.date(2026, 10, 8), "10-01 is a holiday"


@pytest.mark.parametrize("code", sorted(ALL))
def test_every_policy_that_ships_is_whole(code):
    one = ALL[code]
    assert one.name
    assert one.name_en
    assert one.legal_ref
    assert one.legal_ref_en
    assert one.kinds
    assert not (one.rule.legal and one.rule.pausable)
    assert one.calendar in ("", *shipped())
    assert rule_of(json.loads(json.dumps(plain(one.rule)))) == one.rule, (
        "a clock can keep it and read it back"
    )
    if one.rule.legal and not one.verified:
        assert one.doubt, "what is not checked says so"
        assert one.doubt_en


def test_what_is_from_memory_is_marked_and_what_was_checked_too():
    assert {code for code, one in ALL.items() if one.verified} == {
        *("complaint_contact", "complaint_decision", "complaint_complex", "complaint_forwarded")
    }


def test_no_authors_note_stands_where_users_read():
    for one in ALL.values():
        told = (one.legal_ref, one.legal_ref_en, one.doubt, one.doubt_en)
        assert not [text for text in told if "记忆" in text or "待核对" in text or "memory" in text], one.code


def test_legal_clocks_count_days_and_requests_alone_pause():
    assert {one.rule.basis for one in ALL.values() if one.rule.legal} == {Basis.NATURAL, Basis.WORKDAY}
    assert {code for code, one in ALL.items() if one.rule.pausable} == {"request_reply", "request_urgent"}
    assert all(ALL[code].calendar == "always" for code in ALL if ALL[code].rule.basis is Basis.HOUR24)


def test_names_and_the_law_come_in_the_readers_language():
    one = policy("complaint_decision")
    assert (one.title, one.law[:3]) == (one.name, "《银行")
    with translation.override("en"):
        assert one.title == "Decision on a complaint, plain facts"
        assert one.law.startswith("Banking")
        assert one.caution.startswith("Not compared with the text yet: who approves")


def test_an_unknown_policy_is_refused_with_those_there_are():
    with pytest.raises(ValidationError) as found:
        policy("nothing")
    assert "complaint_decision" in found.value.message_dict["policy"][0]


def test_a_pack_adds_policies_and_takes_the_place_of_ours(fresh, tmp_path):
    folder = tmp_path / "packs" / "my-bank" / "cases" / "policies"
    folder.mkdir(parents=True)
    own = {"code": "complaint_contact", "name": "本行", "basis": "workminute", "budget": 60}
    more = {"code": "branch_reply", "name": "支行答复", "basis": "workday", "budget": 2}
    (folder / "own.yaml").write_text(yaml.safe_dump({"policies": [own, more]}), encoding="utf-8")
    assert policy("complaint_contact").rule.budget == 60
    assert policy("branch_reply").rule.basis is Basis.WORKDAY
    assert len(policies.policies()) == len(ALL) + 1


BASE = {"code": "p", "name": "名", "basis": "workday", "budget": 3}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"code": ""}, "code 和 name"),
        ({"name": None}, "code 和 name"),
        ({"bugdet": 3}, "bugdet.*没有"),
        ({"basis": "week"}, "week.*natural, workday"),
        ({"basis": None}, "None"),
        ({"budget": 0}, "大于零"),
        ({"budget": 1.5}, "整数"),
        ({"budget": "three"}, "str"),
        ({"budget": None}, "NoneType"),
        ({"pausable": True}, "暂停"),
        ({"roll": "next"}, "roll"),
        ({"cap": 10}, "cap"),
        ({"extensions": [{"units": 3, "level": "office"}]}, "cap"),
        ({"extensions": [{"units": 3, "level": "janitor"}], "cap": 6}, "janitor.*office, superior"),
        ({"extensions": [{"unit": 3}], "cap": 6}, "unit"),
    ],
)
def test_a_mistake_in_a_policy_is_told_with_file_and_place(change, said):
    with pytest.raises(NotAPolicy, match=said) as found:
        read(yaml.safe_dump({"policies": [BASE, BASE | change]}), "own.yaml")
    assert str(found.value).startswith("own.yaml: policies[1]")
    assert found.value.place == "policies[1]"


def test_what_a_clock_kept_and_no_longer_makes_sense_names_the_clock():
    with pytest.raises(NotAPolicy, match=r"own_clock: .*week"):
        rule_of({"basis": "week", "budget": 3}, "own_clock")


@pytest.mark.parametrize("text", ["", "[]", "policies: 3", "policies: [", "x: y", "policies:\n  - word"])
def test_a_file_that_holds_no_policies_is_refused(text):
    with pytest.raises(NotAPolicy, match=r"own\.yaml"):
        read(text, "own.yaml")


def test_the_files_that_ship_are_read_without_complaint():
    files = sorted(Path(policies.CATALOG).glob("*.yaml"))
    assert sum(len(read(f.read_text(encoding="utf-8"), f.name)) for f in files) == len(ALL)
