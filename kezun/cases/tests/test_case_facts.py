"""What cases become in the fact store, and what is measured of it."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from kezun.cases import actions, publishing
from kezun.cases.effects import facts as following
from kezun.cases.models import Case, Clock, Petition
from kezun.facts import queries
from kezun.facts.indicators import catalogue
from kezun.facts.questions import Question, period_named
from kezun.kernel.actor import SystemActor
from kezun.kernel.task import SCHEDULES

SYSTEM = SystemActor("test")


def period():
    day = timezone.localdate()
    return period_named(f"{day - dt.timedelta(days=99)}..{day}")


def rows(indicator: str, part: str = "numerator") -> list[dict[str, object]]:
    page = queries.rows(SYSTEM, Question((indicator,), "HO", period()), part, limit=None)
    return [dict(zip(page.columns, row, strict=True)) for row in page.rows]


def value(indicator: str, unit: str = "HO") -> float | None:
    [answer] = queries.measure(SYSTEM, Question((indicator,), unit, period()))
    return answer.value


def as_complaint(case: Case) -> Case:
    """The trial case under the name that indicators count."""
    Case.objects.filter(pk=case.pk).update(code="complaint", facts_at=None)
    case.refresh_from_db()
    return case


def clocked(case: Case, **more) -> Clock:
    """A deadline of the case, as the engine would keep it."""
    told = {"start_at": case.received_at, "act_by_at": case.received_at, "policy": "answering"}
    told |= {"due_at": case.received_at + dt.timedelta(days=15)}
    return Clock.objects.create(case=case, **(told | more))


@pytest.fixture(autouse=True)
def _roles(monkeypatch):
    """The policy of these tests is the one for the answer."""
    monkeypatch.setattr(publishing, "roles_of", lambda kind: {"answering": "answer", "calling": "contact"})


def test_a_case_as_it_stands(closed):
    case = closed()
    case.data |= {"business": "B0301", "reason_code": "C0102", "channel": "A11"}
    case.save(update_fields=["data"])
    history = publishing.histories_of([case])[case.pk]
    row = publishing.row_of(case, history, publishing._codes([case]), timezone.now())
    assert row["source_id"] == case.no
    assert (row["unit"], row["owner"], row["handler"]) == ("O1", "O1", "lobby_manager.O1")
    assert (row["business"], row["reason"], row["channel"]) == ("借记卡", "C0102", "A11")
    assert (row["state"], row["open"], row["person"]) == ("closed", False, None)
    assert row["close_s"] >= row["answer_s"] >= row["contact_s"] >= 0
    assert (row["held_30d"], row["answer_on_time"], row["effect"]) == (None, None, None)
    moments = publishing.moments_of(case, row, history, timezone.now())
    assert [m["what"] for m in moments] == ["opened", "contacted", "answered", "closed"]
    assert moments[0]["source_id"] == f"{case.no}#1"


def test_who_answers_for_it_as_decided_is_in_it_and_counts_as_theirs(world, closed):
    case = as_complaint(closed())
    account = {"type": "account", "measure": "约谈", "reason": "态度生硬"}
    actions.do(world["lobby"], case, "ask", account | {"person": world["teller"].code})
    publishing.publish_cases(SYSTEM, [Case.objects.get(pk=case.pk)])
    assert [row["person"] for row in rows("cases.complaints")] == [None]  # asked, not decided
    petition = Petition.objects.get(case=case)
    actions.do(world["sub"], case, "grant", {"petition": petition.pk})
    case.refresh_from_db()
    assert case.facts_at is None
    publishing.publish_cases(SYSTEM, [case])
    assert [row["person"] for row in rows("cases.complaints")] == [world["teller"].code]


def test_a_second_decision_does_not_take_the_first_persons_place(world, closed):
    case = as_complaint(closed())
    for who in ("teller", "manager"):
        account = {"type": "account", "measure": "约谈", "reason": "管理不到位", "person": world[who].code}
        actions.do(world["lobby"], case, "ask", account)
        petition = Petition.objects.get(case=case, decision="")
        actions.do(world["sub"], case, "grant", {"petition": petition.pk})
    assert publishing._codes([case]).answerable == {case.pk: world["teller"].code}


def test_nothing_personal_of_a_customer_is_in_it(opened):
    case = opened(
        account="尾号5566778899", parties=[{"role": "complainant", "name": "王女士", "phone": "13800001111"}]
    )
    case.data["business"] = {"sealed": 1, "sha256": "x"}
    history = publishing.histories_of([case])[case.pk]
    row = publishing.row_of(case, history, publishing._codes([case]), timezone.now())
    said = repr([row, *publishing.moments_of(case, row, history, timezone.now())])
    assert row["business"] is None
    for secret in ("王女士", "13800001111", "5566778899", case.mark, case.title):
        assert secret not in said


def test_facts_follow_and_are_corrected(world, opened):
    case = as_complaint(opened())
    assert following.publish_due() == 1
    assert (value("cases.complaints"), value("cases.closed")) == (1, 0)
    case = actions.do(world["lobby"], case, "take")
    case = actions.do(world["lobby"], case, "propose", {"result": "道歉", "finding": "属实"})
    case = actions.do(world["supervisor"], case, "verify")
    case = actions.do(world["lobby"], case, "answer", {"how": "phone", "decision": "道歉"})
    actions.do(world["manager"], case, "close")
    Case.objects.update(code="complaint")
    assert following.publish_due() == 1
    assert (value("cases.complaints"), value("cases.closed")) == (1, 1)
    [row] = rows("cases.complaints")
    assert (row["state"], row["unit"], row["source_id"]) == ("closed", "O1", case.no)
    assert following.publish_due() == 0


def test_merged_ones_are_counted_once(closed, opened):
    as_complaint(closed())
    other = as_complaint(opened())
    Case.objects.filter(pk=other.pk).update(state="merged", open=False)
    assert following.publish_due() == 2
    assert value("cases.complaints") == 1


def test_a_deadline_that_passes_makes_the_fact_anew(closed):
    case, now = as_complaint(closed()), timezone.now()
    Case.objects.update(received_at=now - dt.timedelta(days=3))
    case.refresh_from_db()
    clocked(case, due_at=now - dt.timedelta(days=1))
    publishing.publish_cases(SYSTEM, [case], now - dt.timedelta(days=2))
    assert value("cases.on_time_rate") is None
    assert publishing.due(now - dt.timedelta(hours=30), 10) == []
    assert publishing.due(now, 10) == [case]
    publishing.publish_cases(SYSTEM, publishing.due(now, 10), now)
    assert value("cases.on_time_rate") == 0
    assert value("cases.overdue_moments") == 1
    assert publishing.due(now, 10) == []


def test_in_time_and_first_contact(closed):
    case = as_complaint(closed())
    clocked(case, state="stopped", outcome="met", stopped_at=timezone.now())
    clocked(case, policy="calling", state="stopped", outcome="missed", stopped_at=timezone.now())
    following.publish_due()
    assert (value("cases.on_time_rate"), value("cases.contact_on_time_rate")) == (1, 0)
    assert len(rows("cases.contact_on_time_rate", "denominator")) == 1


def test_a_close_that_has_held_is_published_again(closed):
    case = as_complaint(closed())
    following.publish_due()
    assert value("cases.held_rate") is None
    later = timezone.now() + dt.timedelta(days=31)
    assert publishing.due(later, 10) == [case]
    row = publishing.row_of(case, publishing.History(events=[(8, "close", case.closed_at, False)]),
                            publishing._codes([case]), later)  # fmt: skip
    assert row["held_30d"] is True
    publishing.publish_cases(SYSTEM, [case], later)
    assert value("cases.held_rate") == 1
    assert publishing.due(later, 10) == []


def test_what_cannot_be_a_fact_holds_up_no_other(closed, opened, monkeypatch, caplog):
    bad, good = closed(), opened()
    plain = publishing.row_of

    def broken(case, *rest):
        row = plain(case, *rest)
        return row | {"satisfaction": 9} if case.pk == bad.pk else row

    monkeypatch.setattr(publishing, "row_of", broken)
    assert following.publish_due() == 1
    bad.refresh_from_db()
    good.refresh_from_db()
    assert bad.facts_at is None
    assert good.facts_at is not None
    assert "cannot become facts" in caplog.text


def test_what_changed_meanwhile_stays_due(opened):
    case = opened()
    stale = Case.objects.select_related("kind", "line").get(pk=case.pk)
    Case.objects.filter(pk=case.pk).update(seq=2)
    publishing.publish_cases(SYSTEM, [stale])
    case.refresh_from_db()
    assert case.facts_at is None


def test_money_counts_once_it_is_verified(opened):
    case = opened()
    case.data["saved"] = 12_345_67
    assert publishing._stopped(case) is None
    case.state = "closed"
    assert publishing._stopped(case) == 12_345


def test_an_unknown_code_stays_a_code():
    assert publishing.named("complaint_business", "X99") == "X99"
    assert publishing.named("nowhere", "X99") == "X99"
    assert publishing.named("complaint_business", None) is None


def test_every_indicator_of_cases_can_be_asked(closed):
    as_complaint(closed())
    following.publish_due()
    ids = [id for id in catalogue().definitions if id.startswith("cases.")]
    assert len(ids) >= 27
    answers = queries.measure(SYSTEM, Question(tuple(ids), "HO", period()))
    assert {answer.indicator for answer in answers} == set(ids)
    for id in ids:
        told = catalogue()[id]
        assert told.name_en
        assert told.method
        assert told.method_en


def test_complaints_against_tickets_need_tickets(closed):
    as_complaint(closed())
    following.publish_due()
    assert value("cases.complaints_per_10k") is None


def test_it_runs_every_minute(closed):
    closed()
    assert SCHEDULES["cases.publish_due"] == dt.timedelta(minutes=1)
    following.catch_up()
    assert not Case.objects.filter(facts_at=None).exists()


def test_closed_again_in_time_does_not_heal_what_was_too_late(closed, monkeypatch):
    case = as_complaint(closed())
    clocked(case, state="stopped", outcome="met", stopped_at=timezone.now())
    codes = publishing._codes([case])
    history = publishing.History(clocks=publishing.histories_of([case])[case.pk].clocks)
    assert publishing.row_of(case, history, codes, timezone.now())["answer_on_time"] is True
    history.missed.add("answering")
    assert publishing.row_of(case, history, codes, timezone.now())["answer_on_time"] is False


def test_what_was_missed_before_is_read_from_the_history(closed):
    from kezun.cases.models import Event
    from kezun.kernel.rules import canonical

    case = closed()
    body = canonical({"clocks": {"answering": {"outcome": "missed"}, "calling": {"outcome": "met"}}})
    Event.objects.create(
        case=case, seq=99, at=timezone.now(), verb="close", clocked=True, body=body, digest="0" * 64
    )
    assert publishing.histories_of([case])[case.pk].missed == set()
    case.reopened = 1
    assert publishing.histories_of([case])[case.pk].missed == {"answering"}


@pytest.mark.parametrize(
    ("column", "code", "words"),
    [
        ("state", "closed", "已办结"),
        ("state", "nonsense", "nonsense"),
        ("effect", "unknown", "无法判断"),
        ("finding", "partly", "部分属实"),
        ("finding", "kept", "kept"),
        ("channel", "A31", "客服电话 A31"),
        ("reason", "C0102", "等候时间 C0102"),
        ("reason", "X", "X"),
        ("kind", "trial", "试验事项"),
        ("kind", "gone", "gone"),
    ],
)
def test_codes_of_cases_are_read_in_words(trial, column, code, words):
    from kezun.facts.links import in_words

    assert in_words("case", column, code) == words


def test_facts_of_cases_lead_to_their_pages(opened):
    from kezun.facts.links import address_of

    case = opened()
    assert address_of("case", {"source_id": case.no}) == f"/cases/{case.no}/"
    assert address_of("case_event", {"case_id": case.no}) == f"/cases/{case.no}/"
    assert address_of("case", {"source_id": "no case"}) == ""
