"""Another classification: what is milder by it, or gives more time, is granted by a second person."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.utils import translation

from kezun.cases import actions, kinds, timeline
from kezun.cases.models import Case, Clock, Petition
from kezun.cases.tests.conftest import KIND
from kezun.cases.tests.courses import reclassed
from kezun.cases.tests.test_complaints import CODES
from kezun.cases.tests.test_grading import WHY, grave
from kezun.cases.verifying import verify
from kezun.kernel.actor import SystemActor

__all__ = ["grave"]


@pytest.mark.parametrize("verb", ["amend", "grade"])
@pytest.mark.parametrize(
    "milder", [{"complexity": "simple"}, {"urgency": "usual"}, {"urgency": "usual", "severity": 2}]
)
def test_what_turns_out_to_be_less_so_is_asked_for(shipped, grave, verb, milder):
    if verb == "amend":
        milder = {id: value for id, value in milder.items() if id != "severity"}
    with pytest.raises(ValidationError) as told, translation.override("en"):
        actions.do(shipped["office"], grave, verb, {**milder, **WHY})
    texts = told.value.message_dict
    assert set(texts) <= {*milder, "severity"}
    assert "«Ask for an exception» (another grade)" in str(texts)
    assert Case.objects.get(pk=grave.pk).seq == grave.seq


@pytest.mark.parametrize(("complexity", "severity"), [("simple", 3), ("special", 1)])
def test_another_classification_is_granted_by_a_second_person(shipped, grave, complexity, severity):
    lobby, sub = shipped["lobby"], shipped["sub"]
    case = actions.do(lobby, grave, "ask", {"type": "grade", "complexity": complexity, **WHY})
    assert (case.severity, case.data["complexity"]) == (2, "complex"), "asked is not granted"
    held = Petition.objects.get().data
    assert (held["severity"], held["table"], held["fields"]) == (
        severity,
        severity,
        {"complexity": complexity},
    )
    case = actions.do(sub, case, "grant", {"petition": Petition.objects.get().pk})
    assert (case.severity, case.data["complexity"]) == (severity, complexity)
    assert verify(case).intact


def test_a_request_may_ask_for_another_classification_and_keep_the_grade(shipped, grave):
    asked = {"type": "grade", "complexity": "simple", "severity": 2}
    case = reclassed(shipped["lobby"], shipped["sub"], grave, **asked)
    assert (case.severity, case.data["complexity"]) == (2, "simple")


def test_what_was_never_said_is_said_by_whoever_grades(shipped, complaint):
    case = complaint()
    assert case.severity == 3
    case = actions.do(shipped["manager"], case, "grade", {"urgency": "usual", "reason": "首次分类"})
    assert (case.severity, case.data["urgency"]) == (4, "usual")
    with pytest.raises(ValidationError) as told:  # 15 days were running, these would be 30
        actions.do(shipped["manager"], case, "grade", {"complexity": "complex", "reason": "首次分类"})
    assert set(told.value.message_dict) == {"complexity"}


def test_a_request_that_was_overtaken_is_not_granted(shipped, grave):
    actions.do(shipped["lobby"], grave, "ask", {"type": "grade", "complexity": "simple", **WHY})
    waiting = Petition.objects.get()
    case = actions.do(shipped["manager"], grave, "grade", {"urgency": "urgent", "reason": "客户情绪激动"})
    assert case.severity == 1
    with pytest.raises(ValidationError) as told:
        actions.do(shipped["sub"], case, "grant", {"petition": waiting.pk})
    assert set(told.value.message_dict) == {"petition"}
    case = actions.do(shipped["sub"], case, "refuse", {"petition": waiting.pk, "reason": "情况已变化"})
    assert case.severity == 1
    case = reclassed(shipped["lobby"], shipped["sub"], case, complexity="simple")
    assert (case.severity, case.data["complexity"]) == (2, "simple")


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"type": "grade", "complexity": "complex"}, "severity"),  # as it is
        ({"type": "grade", "product": "存单"}, "product"),  # says nothing of how grave it is
        ({"type": "waive", "complexity": "simple"}, "complexity"),
        ({"type": "grade", "complexity": "nonsense"}, "complexity"),
    ],
)
def test_a_request_takes_what_classifies_and_changes_something(shipped, grave, asked, field):
    with pytest.raises(ValidationError) as told:
        actions.do(shipped["lobby"], grave, "ask", asked | WHY)
    assert set(told.value.message_dict) == {field}
    assert not Petition.objects.exists()


def test_requests_from_before_hold_no_classification_and_are_granted_still(shipped, grave):
    actions.do(shipped["lobby"], grave, "ask", {"type": "grade", "severity": 3, **WHY})
    assert set(Petition.objects.get().data) == {"severity", "before", "table"}
    case = actions.do(shipped["sub"], grave, "grant", {"petition": Petition.objects.get().pk})
    assert case.severity == 3


# --- more time by another classification ---


def due(case: Case, policy: str) -> tuple[str, str]:
    clock = Clock.objects.get(case=case, policy=policy)
    return clock.state, clock.outcome


def test_nobody_alone_makes_a_case_complex_and_its_deadline_longer(shipped, complaint):
    case = complaint(complexity="simple", urgency="usual")
    for verb in ("amend", "grade"):
        with pytest.raises(ValidationError) as told:
            actions.do(shipped["office"], case, verb, {"complexity": "complex", **WHY})
        assert "投诉处理决定（事实清楚、争议简单）" in told.value.message_dict["complexity"][0]
    assert due(case, "complaint_decision") == ("running", "")
    case = reclassed(shipped["lobby"], shipped["sub"], case, complexity="complex")
    assert (case.severity, case.data["complexity"]) == (3, "complex")
    assert due(case, "complaint_decision") == ("stopped", "dropped")
    assert due(case, "complaint_complex") == ("running", "")
    assert verify(case).intact


def test_a_channel_is_put_right_at_once_where_no_time_is_gained_by_it(shipped, complaint):
    """What the central bank passed on has 15 days, so has a plain complaint; a complex one has 30."""
    plain = complaint(channel="A52", complexity="simple")
    plain = actions.do(shipped["lobby"], plain, "amend", {"channel": CODES["channel"], "reason": "误填"})
    assert due(plain, "complaint_forwarded") == ("stopped", "dropped")
    late = complaint(channel="A52", complexity="complex")
    with pytest.raises(ValidationError) as told:
        actions.do(shipped["lobby"], late, "amend", {"channel": CODES["channel"], "reason": "误填"})
    assert set(told.value.message_dict) == {"channel"}
    late = reclassed(shipped["lobby"], shipped["sub"], late, channel=CODES["channel"])
    assert due(late, "complaint_forwarded") == ("stopped", "dropped")
    assert late.severity == 3, "a channel says nothing of how grave it is"


def test_more_urgent_is_said_at_once_and_less_so_is_asked_for(shipped):
    """A request to head office has its answer sooner where it is hard, and a visit on site besides."""
    given = {"title": "叫号机故障", "topic": "system", "urgency": "usual", "question": "如何修复"}
    form = kinds.form_of(kinds.kind_now("request"))
    given = {id: value for id, value in given.items() if id == "title" or form.field(id)}
    given |= {f.id: "说明" for f in form.asked("open") if f.required and f.id not in given}
    case = actions.open_case(shipped["lobby"], "request", shipped["bank"]["O1"], given)
    case = actions.do(shipped["office"], case, "grade", {"urgency": "hard", "reason": "影响营业"})
    assert (due(case, "request_urgent")[0], due(case, "request_on_site")[0]) == ("running", "running")
    with pytest.raises(ValidationError) as told:
        actions.do(shipped["office"], case, "grade", {"urgency": "usual", "reason": "已缓解"})
    assert set(told.value.message_dict) == {"urgency"}


def test_a_grade_by_judgement_that_goes_takes_no_deadline_with_it(world):
    """Severity may decide on a clock too; back to the table is free, but not at the price of a deadline."""
    text = KIND.replace("id: trial", "id: graver", 1).replace(
        "fields:\n",
        "clocks:\n  - {policy: complaint_contact, stops: [contact], when: {severity: ['1']}}\nfields:\n",
        1,
    )
    kinds.install_kind(SystemActor("test"), text=text, origin="test")
    given = {"title": "排队", "severity": 1}
    case = actions.open_case(world["lobby"], "graver", world["bank"]["O1"], given)
    with pytest.raises(ValidationError) as told:
        actions.do(world["manager"], case, "grade", {"reason": "已平息"})
    assert set(told.value.message_dict) == {"severity"}
    case = reclassed(world["lobby"], world["sub"], case, severity=3)
    assert due(case, "complaint_contact") == ("stopped", "dropped")


# --- pages ---


def test_the_form_of_a_request_has_what_classifies_and_sends_what_was_changed(client, shipped, grave):
    client.force_login(shipped["lobby"])
    address = f"/cases/{grave.no}/ask/"
    page = client.get(f"{address}?type=grade").content.decode()
    for name in ("severity", "urgency", "complexity", "channel"):
        assert f'name="{name}"' in page
    assert 'name="product"' not in page
    held = {name: grave.data[name] for name in ("urgency", "channel")}
    answer = client.post(address, {"type": "grade", **held, "complexity": "simple", **WHY})
    assert answer.status_code == 302
    assert Petition.objects.get().data["fields"] == {"complexity": "simple"}
    case = client.get(f"/cases/{grave.no}/").content.decode()
    assert '<p class="m-0">复杂程度：情况复杂 → 事实清楚、争议简单</p>' in case
    history = timeline.history(Case.objects.get(pk=grave.pk), kinds.form_of(grave.kind))
    assert ("复杂程度", "情况复杂 → 事实清楚、争议简单") in history[0].said


def test_a_request_that_keeps_the_grade_shows_what_it_changes_alone(get, shipped, complaint):
    case = complaint(channel="A52", complexity="complex")
    actions.do(shipped["lobby"], case, "ask", {"type": "grade", "channel": CODES["channel"], **WHY})
    page = get("sub", f"/cases/{case.no}/").content.decode()
    assert "3 → 3" not in page
