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
from kezun.cases.models import Case, Petition
from kezun.cases.rules.kinds import Kind
from kezun.cases.tests.conftest import KIND
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
