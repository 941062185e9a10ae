"""The deadlines of a correction: the handler's stops with the result and runs on if it is sent back from its
first start; whoever looks at it has one of their own. And clocks that a change of grade takes away and brings
back."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kezun.cases import actions, escalation, kinds, publishing
from kezun.cases.models import Case, Clock, Notice
from kezun.cases.rules import measuring
from kezun.cases.rules.clocks import MET, MISSED, ClockEvent, fold
from kezun.cases.rules.reading import Known, NotAKind, digest, read
from kezun.cases.tests.courses import finding, reclassed, remedy
from kezun.cases.tests.test_clocks import CONTACT as WORKDAY
from kezun.cases.tests.test_clocks import cn
from kezun.cases.tests.test_complaints import CODES
from kezun.cases.tests.timing import at, now_is
from kezun.cases.verifying import verify

GENERAL, SERIOUS, RECHECK = "correction_general", "correction_serious", "correction_recheck"
BACK = {"reason": "照片看不出已修复"}


@pytest.fixture(autouse=True)
def home(settings, tmp_path):
    settings.KEZUN_HOME = tmp_path / "home"


@pytest.fixture
def correction(shipped):
    """Ordered on Monday, 3 August 2026, with three workdays: until Thursday 17:30. The manager has it."""
    with now_is("2026-08-03T09:00"):
        case = actions.open_case(shipped["office"], "correction", shipped["bank"]["O1"], finding(owner="O1"))
        return actions.do(shipped["manager"], case, "take")


@pytest.fixture
def at_(shipped):
    """`at_("2026-08-04T15:00", who, case, verb, given)`: a step at that moment."""

    def do(text: str, who: str, case: Case, verb: str, given: dict | None = None) -> Case:
        with now_is(text):
            return actions.do(shipped[who], case, verb, given or {})

    return do


@pytest.fixture
def proposed(correction, at_):
    return at_("2026-08-04T15:00", "manager", correction, "propose", remedy())


def clock(case: Case, policy: str = GENERAL) -> Clock:
    return Clock.objects.get(case=case, policy=policy)


def test_the_result_stops_the_handlers_clock_and_starts_that_of_the_look(proposed):
    own, look = clock(proposed), clock(proposed, RECHECK)
    assert (own.state, own.outcome, own.due_at) == ("stopped", MET, at("2026-08-06T17:30"))
    assert (look.state, look.start_at) == ("running", at("2026-08-04T15:00"))
    assert look.due_at == at("2026-08-11T17:30"), "five workdays after the day of the result"
    assert (proposed.act_by_at, proposed.due_at) == (look.act_by_at, look.due_at)
    assert look.snapshot["policy"]["verified"] is False


def test_sent_back_it_runs_on_from_its_first_start(proposed, at_):
    case = at_("2026-08-05T10:00", "supervisor", proposed, "send_back", BACK)
    own, look = clock(case), clock(case, RECHECK)
    assert (own.state, own.outcome, own.stopped_at) == ("running", "", None)
    assert (own.start_at, own.due_at) == (at("2026-08-03T09:00"), at("2026-08-06T17:30"))
    assert own.cycle == 0
    assert (look.state, look.outcome) == ("stopped", MET)
    assert case.act_by_at == own.act_by_at
    assert own.next_at is not None
    assert verify(case).intact


def test_the_time_that_the_look_took_is_not_given_back(proposed, at_):
    case = at_("2026-08-10T10:00", "supervisor", proposed, "send_back", BACK)
    own = clock(case)
    assert own.due_at == at("2026-08-06T17:30"), "it has passed while somebody looked at it"
    case = at_("2026-08-10T11:00", "manager", case, "propose", remedy())
    assert clock(case).outcome == MISSED
    assert verify(case).intact


def test_every_result_is_looked_at_within_a_whole_period(proposed, at_):
    case = at_("2026-08-05T10:00", "supervisor", proposed, "send_back", BACK)
    case = at_("2026-08-06T09:00", "manager", case, "propose", remedy())
    look = clock(case, RECHECK)
    assert (look.state, look.start_at, look.cycle) == ("running", at("2026-08-06T09:00"), 1)
    case = at_("2026-08-07T09:00", "supervisor", case, "verify", {"looked": "on_site"})
    assert clock(case, RECHECK).outcome == MET
    assert clock(case).outcome == MET
    assert (case.act_by_at, case.due_at) == (None, None)
    assert verify(case).intact


def test_a_look_that_comes_too_late_is_late_and_does_not_touch_the_handler(proposed, at_):
    case = at_("2026-08-12T09:00", "supervisor", proposed, "verify", {"looked": "on_site"})
    assert (clock(case, RECHECK).outcome, clock(case).outcome) == (MISSED, MET)


def test_a_look_that_is_overdue_climbs_and_the_handler_is_not_blamed_for_it(shipped, proposed):
    Notice.objects.all().delete()
    with now_is("2026-08-11T17:31"):
        assert escalation.sweep().fired == 1
    case = Case.objects.get(pk=proposed.pk)
    told = set(Notice.objects.filter(code="overdue").values_list("person__code", flat=True))
    assert told == {"unit_head.S1", "supervisor.P1"}, "whoever stands above in both lines"
    assert shipped["manager"].code not in told
    with now_is("2026-08-14T09:00"):
        assert escalation.sweep().fired == 1
    later = Case.objects.get(pk=proposed.pk)
    assert later.level > case.level
    assert verify(later).intact


def test_opened_again_it_has_a_whole_period(proposed, at_):
    case = at_("2026-08-05T10:00", "supervisor", proposed, "verify", {"looked": "on_site"})
    case = at_("2026-08-10T09:00", "manager", case, "reopen", {"reason": "又坏了"})
    own = clock(case)
    assert (own.start_at, own.due_at, own.cycle) == (at("2026-08-10T09:00"), at("2026-08-13T17:30"), 1)


def test_a_finding_regraded_while_it_waits_for_its_look_counts_from_the_receipt_once_it_is_sent_back(
    proposed, at_
):
    case = at_("2026-08-04T16:00", "office", proposed, "amend", {"complexity": "serious", "reason": "误判"})
    assert not case.clocks.filter(policy=SERIOUS).exists(), (
        "the result is there; nothing is due of the handler"
    )
    case = at_("2026-08-05T10:00", "supervisor", case, "send_back", BACK)
    assert clock(case).state == "stopped"
    serious = clock(case, SERIOUS)
    assert (serious.state, serious.start_at) == ("running", at("2026-08-03T09:00"))
    assert verify(case).intact


# --- a clock that a change of grade takes away comes back as if it had never gone ---


@pytest.fixture
def complaint_timed(shipped, at_):
    with now_is("2026-08-03T09:00"):
        given = {"title": "等候太久", **CODES, "complexity": "simple", "urgency": "usual"}
        case = actions.open_case(shipped["lobby"], "complaint", shipped["bank"]["O1"], given)
        return actions.do(shipped["lobby"], case, "take")


def test_a_complaint_graded_to_and_fro_keeps_its_first_deadline(shipped, complaint_timed, at_):
    case = complaint_timed
    first = clock(case, "complaint_decision")
    with now_is("2026-08-04T09:00"):
        case = reclassed(shipped["manager"], shipped["sub"], case, complexity="complex")
    assert clock(case, "complaint_decision").outcome == "dropped"
    assert clock(case, "complaint_complex").start_at == first.start_at
    with now_is("2026-08-05T09:00"):
        case = reclassed(shipped["manager"], shipped["sub"], case, complexity="simple")
    again = clock(case, "complaint_decision")
    assert (again.state, again.due_at, again.cycle) == ("running", first.due_at, 0)
    assert clock(case, "complaint_complex").outcome == "dropped"
    assert case.due_at == min(again.due_at, clock(case, "complaint_contact").due_at)
    assert verify(case).intact


def test_what_was_done_is_not_asked_for_again(shipped, complaint_timed, at_):
    case = at_("2026-08-03T10:00", "lobby", complaint_timed, "contact", {"how": "phone"})
    with now_is("2026-08-04T09:00"):
        case = reclassed(shipped["manager"], shipped["sub"], case, complexity="complex")
    assert clock(case, "complaint_contact").outcome == MET


# --- kinds say it as data; what they measure ---

TEXT = """
schema: kezun.kind/1
id: k
version: "1"
title: 事项
valid: {from: 2020-01-01}
steps:
  - {verb: propose, from: [registered], to: proposed}
  - {verb: send_back, from: [proposed], to: registered}
  - {verb: close, from: [proposed], to: closed}
clocks:
  - {policy: p, stops: [propose]}
"""
KNOWN = Known(flows=lambda _name: None)


def test_a_kind_says_after_which_step_a_clock_runs_on():
    said = TEXT.replace("stops: [propose]", "stops: [propose], restores: [send_back]")
    assert read(said, KNOWN).clocks[0].restores == ("send_back",)
    assert read(TEXT, KNOWN).clocks[0].restores == ()
    with pytest.raises(NotAKind, match="restores"):
        read(TEXT.replace("stops:", "restores: [nonsense], stops:"), KNOWN)


def test_editions_from_before_there_was_this_word_keep_their_hash():
    assert digest(read(TEXT, KNOWN)) == "47fbb0fef4f5c80074f69f3067059cc9fb7ee009b86012966d39b873994e48a2"
    said = TEXT.replace("stops: [propose]", "stops: [propose], restores: [send_back]")
    assert digest(read(said, KNOWN)) != digest(read(TEXT, KNOWN))


@given(stop=st.integers(0, 20_000), back=st.integers(0, 20_000), end=st.integers(0, 20_000))
@settings(deadline=None)
def test_whatever_the_look_took_the_deadline_is_that_of_one_who_never_proposed(stop, back, end):
    """Proposing early gains nothing, and loses nothing either."""
    from datetime import timedelta

    begun = at("2026-08-03T09:00")
    moments = [begun + timedelta(minutes=m) for m in (stop, stop + back, stop + back + end)]
    start = ClockEvent("start", begun)
    through = [start, *(ClockEvent(v, m) for v, m in zip(("stop", "restore", "stop"), moments, strict=True))]
    one, other = fold(WORKDAY, cn(), through), fold(WORKDAY, cn(), [start, ClockEvent("stop", moments[-1])])
    assert (one.due_at, one.outcome, one.started_at) == (other.due_at, other.outcome, other.started_at)


@pytest.mark.parametrize(("moment", "in_time"), [("2026-08-06T17:30", True), ("2026-08-06T17:31", False)])
def test_a_correction_is_in_time_by_the_deadline_of_its_handler(correction, at_, moment, in_time):
    case = at_(moment, "manager", correction, "propose", remedy())
    row = publishing.row_of(
        case, publishing.histories_of([case])[case.pk], publishing._codes([case]), at("2026-09-30T09:00")
    )
    assert row["answer_on_time"] is in_time, "the look is overdue by then, which is no fault of the handler"


def test_of_a_kind_that_answers_the_answer_counts(shipped):
    roles = {code: publishing.roles_of(kind) for code, kind in kinds.kinds_now().items()}
    assert roles["complaint"]["complaint_decision"] == measuring.ANSWER
    assert roles["request"]["request_on_site"] == measuring.INNER
    assert roles["correction"] == {
        **dict.fromkeys(("correction_immediate", SERIOUS, GENERAL), measuring.ANSWER),
        **dict.fromkeys((RECHECK, "accountability"), measuring.INNER),
    }


def test_the_page_of_the_kind_says_after_which_step_it_runs_on(get, shipped):
    address = f"/cases/kinds/{kinds.kind_now('correction').pk}/"
    told = get("office", address).content.decode()
    assert told.count("从最初起点继续计时：退回重办") == 3
    assert "整改复查" in told
