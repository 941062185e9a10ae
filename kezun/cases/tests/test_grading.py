"""How grave a case is: by the table of its kind, graver by anybody, milder only by two."""

from __future__ import annotations

import json

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone, translation
from hypothesis import given
from hypothesis import strategies as st

from kezun.cases import actions, engine, kinds, standing, timeline
from kezun.cases.effects.grading import hint
from kezun.cases.forms_step import StepForm
from kezun.cases.models import Case, Clock, Petition
from kezun.cases.rules.kinds import Kind
from kezun.cases.tests.conftest import KIND
from kezun.cases.tests.courses import reclassed
from kezun.cases.tests.test_complaints import CODES
from kezun.cases.verifying import verify
from kezun.kernel.actor import Denied, SystemActor

# by the table of complaints: raised and complex is 2, usual and simple is 4
GRAVE = {"urgency": "raised", "complexity": "complex"}
WHY = {"reason": "客户已确认不急"}


@pytest.fixture
def grave(complaint):
    """A complaint that its table grades 2, in work at O1."""
    return complaint(**GRAVE)


@pytest.mark.parametrize("severity", [1, 2])
def test_whoever_registers_may_find_it_graver(shipped, severity):
    given = {"title": "等候太久", **CODES, **GRAVE, "severity": severity}
    case = actions.open_case(shipped["lobby"], "complaint", shipped["bank"]["O1"], given)
    assert case.severity == severity


@pytest.mark.parametrize("severity", [3, 4])
def test_nobody_registers_it_milder(shipped, severity):
    given = {"title": "等候太久", **CODES, **GRAVE, "severity": severity}
    with pytest.raises(ValidationError) as told, translation.override("en"):
        actions.open_case(shipped["lobby"], "complaint", shipped["bank"]["O1"], given)
    text = told.value.message_dict["severity"][0]
    assert "severity 2 or graver" in text
    assert "«Ask for an exception» (another grade)" in text
    assert not Case.objects.exists()


@pytest.mark.parametrize("severity", [3, 4])
def test_nobody_grades_it_milder_either_however_high_they_stand(shipped, grave, severity):
    for who in ("manager", "sub", "office"):
        with pytest.raises(ValidationError, match="严重程度应为 2 或更重"):
            actions.do(shipped[who], grave, "grade", {"severity": severity, **WHY})
    assert Case.objects.get(pk=grave.pk).seq == grave.seq


def test_graver_is_free_and_back_to_the_table_too(shipped, grave):
    case = actions.do(shipped["manager"], grave, "grade", {"severity": 1, "reason": "客户扬言曝光"})
    assert case.severity == 1
    case = actions.do(shipped["manager"], case, "grade", {"reason": "已平息"})
    assert case.severity == 2
    assert verify(case).intact


def test_milder_takes_a_reason_and_a_second_person(shipped, grave):
    lobby, manager = shipped["lobby"], shipped["manager"]
    with pytest.raises(ValidationError) as told:
        actions.do(lobby, grave, "ask", {"type": "grade", "severity": 4})
    assert set(told.value.message_dict) == {"reason"}
    case = actions.do(lobby, grave, "ask", {"type": "grade", "severity": 4, **WHY})
    assert case.severity == 2, "asked is not granted"
    petition = Petition.objects.get()
    assert petition.data == {"severity": 4, "before": 2, "table": 2}
    with pytest.raises(Denied):
        actions.do(lobby, case, "grant", {"petition": petition.pk})
    case = actions.do(shipped["sub"], case, "grant", {"petition": petition.pk})
    assert case.severity == 4
    petition.refresh_from_db()
    assert (petition.asked_by, petition.decided_by) == (lobby, shipped["sub"])
    event = json.loads(case.events.latest("seq").body)
    assert (event["sets"]["severity"], event["told"]["before"]) == (4, 2)
    assert verify(case).intact
    with pytest.raises(ValidationError):  # granted once, it is no licence
        actions.do(manager, actions.do(manager, case, "grade", WHY), "grade", {"severity": 4, **WHY})


def test_what_was_refused_stays_as_it_was(shipped, grave):
    actions.do(shipped["lobby"], grave, "ask", {"type": "grade", "severity": 3, **WHY})
    asked = Petition.objects.get()
    case = actions.do(shipped["sub"], grave, "refuse", {"petition": asked.pk, "reason": "影响面大"})
    assert case.severity == 2


def test_the_history_says_who_asked_why_and_who_granted(shipped, grave):
    actions.do(shipped["lobby"], grave, "ask", {"type": "grade", "severity": 3, **WHY})
    case = actions.do(shipped["sub"], grave, "grant", {"petition": Petition.objects.get().pk})
    with translation.override("en"):
        granted, asked, *_rest = timeline.history(case, kinds.form_of(case.kind))
    assert (asked.who, granted.who) == (shipped["lobby"].name, shipped["sub"].name)
    assert ("Reason", WHY["reason"]) in asked.said
    assert [(c.name, c.old, c.new) for c in granted.changes] == [("Severity", "2", "3")]


# --- what is put right ---


def test_what_turns_out_to_be_more_urgent_is_graver_from_then_on(shipped, complaint):
    case = complaint(urgency="usual", complexity="simple")
    assert case.severity == 4
    case = actions.do(shipped["lobby"], case, "amend", {"urgency": "urgent", "reason": "误填"})
    assert case.severity == 2
    assert verify(case).intact


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


def test_other_fields_put_right_leave_the_grade(shipped, grave):
    case = actions.do(shipped["manager"], grave, "grade", {"severity": 1, "reason": "舆情"})
    assert actions.do(shipped["lobby"], case, "amend", {"product": "存单", "reason": "误填"}).severity == 1


# --- kinds without a table, old ledgers ---


def test_a_kind_without_a_table_is_graded_by_judgement(world):
    text = KIND.replace("id: trial", "id: free", 1)
    text = "\n".join(line for line in text.splitlines() if not line.startswith("severity:"))
    kinds.install_kind(SystemActor("test"), text=text, origin="test")
    given = {"title": "排队", "severity": 4}
    case = actions.open_case(world["lobby"], "free", world["bank"]["O1"], given)
    assert case.severity == 4
    assert hint(kinds.form_of(case.kind), case.data, "grade") == ""


def test_an_old_ledger_tells_how_it_was_graded_then(shipped):
    past = standing.Ledger(shipped["lobby"], {})
    given = {"title": "等候太久", **CODES, **GRAVE, "severity": 4}
    row = kinds.kind_now("complaint")
    case = engine.open_case(past, row, shipped["bank"]["O1"], given, at=timezone.now())
    assert case.severity == 4


@given(
    table=st.dictionaries(st.sampled_from(["a/b", "a/*", "*/b", "*/*"]), st.integers(1, 4), min_size=1),
    urgency=st.sampled_from(["a", "x"]),
    complexity=st.sampled_from(["b", "y"]),
)
def test_the_hint_names_the_grade_that_the_table_gives(table, urgency, complexity):
    kind = Kind("k", "1", "事项", timezone.localdate(), grades=table)
    values = {"urgency": urgency, "complexity": complexity}
    with translation.override("en"):
        for verb in ("grade", "ask"):
            assert f"table of its kind: {kind.severity(values)}" in hint(kind, values, verb)


# --- pages and API ---


@pytest.mark.parametrize("verb", ["grade", "ask"])
def test_the_forms_say_what_the_table_gives_and_who_decides(grave, verb):
    with translation.override("en"):
        form = StepForm(grave, kinds.form_of(grave.kind), verb, initial={"type": "grade"})
    text = str(form.fields["severity"].help_text)
    assert "table of its kind: 2" in text
    assert "omebody else decides" in text


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


def test_the_page_of_a_step_refuses_beside_the_field(client, shipped, grave):
    client.force_login(shipped["manager"])
    address = f"/cases/{grave.no}/grade/"
    assert "按事项类型的等级表：2" in client.get(address).content.decode()
    answer = client.post(address, {"severity": "4", **WHY})
    assert answer.status_code == 422
    assert "严重程度应为 2 或更重" in answer.content.decode()


def test_whoever_decides_sees_from_what_to_what(get, shipped, grave):
    actions.do(shipped["lobby"], grave, "ask", {"type": "grade", "severity": 4, **WHY})
    page = get("sub", f"/cases/{grave.no}/").content.decode()
    assert "2 → 4 （等级表：2）" in page
