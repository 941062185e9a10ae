"""What verbs do to the clocks of a case, and what the case then shows."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest
from django.core.exceptions import ValidationError

from kezun.cases import actions, kinds
from kezun.cases.clocking import rule_of, state_of
from kezun.cases.models import Case, Clock
from kezun.cases.tests.conftest import COURSE, KIND
from kezun.cases.tests.courses import reclassed
from kezun.cases.verifying import verify
from kezun.kernel.actor import SystemActor

ZONE = ZoneInfo("Asia/Shanghai")
CLOCKED = KIND.replace("id: trial", "id: clocked").replace(
    "fields:\n",
    """clocks:
  - {policy: complaint_contact, stops: [contact], ladder: service}
  - {policy: complaint_decision, stops: [answer], restarts: [supplement], ladder: service,
     when: {complexity: [simple]}}
  - {policy: complaint_complex, stops: [answer], ladder: service, when: {complexity: [complex]}}
fields:
""",
)
RECEIVED = dt.datetime(2026, 9, 21, 10, 0, tzinfo=ZONE)


@pytest.fixture
def clocked(world):
    """`clocked(complexity="simple")` is a case with three clocks, received on 2026-09-21 at ten."""
    kinds.install_kind(SystemActor("test"), text=CLOCKED, origin="test")

    def make(**given) -> Case:
        values = {"title": "排队", "received_at": RECEIVED, "complexity": "simple"} | given
        return actions.open_case(world["lobby"], "clocked", world["bank"]["O1"], values, at=RECEIVED)

    return make


def clock(case: Case, policy: str) -> Clock:
    return Clock.objects.get(case=case, policy=f"complaint_{policy}")


def local(at: dt.datetime | None) -> str:
    return f"{at.astimezone(ZONE):%m-%d %H:%M}" if at else ""


def test_natural_days_end_in_the_holiday_and_the_alarm_before_it(clocked):
    case = clocked()
    decision = clock(case, "decision")
    assert local(decision.due_at) == "10-06 23:59"
    assert decision.act_by_at.astimezone(ZONE).date() == dt.date(2026, 9, 30)
    assert local(clock(case, "contact").due_at)[:5] == "09-22"
    assert not Clock.objects.filter(case=case, policy="complaint_complex").exists()
    assert case.act_by_at == clock(case, "contact").act_by_at


def test_a_verb_stops_its_clock_and_the_case_shows_the_next(world, clocked):
    case = clocked()
    case = actions.do(world["lobby"], case, "contact", {"how": "phone"}, at=RECEIVED + dt.timedelta(hours=3))
    assert clock(case, "contact").outcome == "met"
    assert case.due_at == clock(case, "decision").due_at


def test_too_late_is_missed(world, clocked):
    case = clocked()
    case = actions.do(world["lobby"], case, "contact", {"how": "phone"}, at=RECEIVED + dt.timedelta(days=4))
    assert clock(case, "contact").outcome == "missed"


def test_waiting_moves_no_clock_of_the_law(world, clocked):
    case = clocked()
    case = actions.do(world["lobby"], case, "take", at=RECEIVED)
    before = clock(case, "decision").due_at
    case = actions.do(world["lobby"], case, "wait", {"reason": "等客户补充材料"}, at=RECEIVED)
    assert clock(case, "decision").state == Clock.State.RUNNING
    assert clock(case, "decision").due_at == before


def test_what_was_lacking_begins_the_clock_anew(world, clocked):
    case = clocked()
    later = RECEIVED + dt.timedelta(days=3)
    case = actions.do(world["lobby"], case, "supplement", {"reason": "身份证明补正"}, at=later)
    assert local(clock(case, "decision").due_at) == "10-09 23:59"
    assert clock(case, "decision").cycle == 1


def test_another_grade_brings_in_another_clock_from_receipt(world, clocked):
    case = clocked()
    later = RECEIVED + dt.timedelta(days=2)
    case = reclassed(world["manager"], world["sub"], case, at=later, complexity="complex")
    assert clock(case, "decision").outcome == "dropped"
    assert local(clock(case, "complex").due_at) == "10-21 23:59"
    assert clock(case, "complex").start_at == RECEIVED


def test_withdrawal_ends_all_clocks_on_that_day(world, clocked):
    case = clocked()
    later = RECEIVED + dt.timedelta(days=1)
    case = actions.do(world["manager"], case, "withdraw", {"reason": "投诉人撤回"}, at=later)
    assert set(Clock.objects.filter(case=case).values_list("outcome", flat=True)) == {"dropped"}
    assert case.act_by_at is None
    assert case.due_at is None


def test_without_complexity_only_the_contact_runs(clocked):
    case = clocked(complexity="")
    assert list(Clock.objects.filter(case=case).values_list("policy", flat=True)) == ["complaint_contact"]


def test_a_deadline_into_an_unpublished_year_says_so(clocked, world):
    late = dt.datetime(2026, 12, 28, 9, 0, tzinfo=ZONE)
    case = actions.open_case(
        world["lobby"],
        "clocked",
        world["bank"]["O1"],
        {"title": "跨年", "complexity": "simple", "received_at": RECEIVED},
        at=RECEIVED,
    )
    assert not case.provisional
    rule = rule_of(clock(case, "decision"))
    assert rule.legal
    from kezun.org.queries import worktime_for

    assert worktime_for().due(rule.basis, rule.budget, late).provisional


def test_a_clock_is_the_fold_of_its_history(world, clocked):
    case = clocked()
    actions.do(world["lobby"], case, "supplement", {"reason": "补正"}, at=RECEIVED + dt.timedelta(days=1))
    for held in Clock.objects.filter(case=case):
        state = state_of(held)
        assert (state.due_at, state.act_by, state.cycle) == (held.due_at, held.act_by_at, held.cycle)


def test_a_running_clock_has_a_next_step(clocked):
    case = clocked()
    assert all(held.next_at for held in Clock.objects.filter(case=case, state="running"))


def test_an_order_in_time_that_cannot_be_is_refused_and_nothing_stays(world, clocked):
    case = clocked()
    with pytest.raises(ValidationError):
        actions.do(world["lobby"], case, "contact", {"how": "phone"}, at=RECEIVED - dt.timedelta(days=1))
    case.refresh_from_db()
    assert case.contacted_at is None
    assert clock(case, "contact").state == "running"


# --- opened again ---


AGAIN = RECEIVED + dt.timedelta(days=20)


def reopened(world, case, **more) -> Case:
    """Answered after five days, and opened again after twenty."""
    at = RECEIVED + dt.timedelta(days=5)
    for who, verb, given in COURSE[1:-1]:
        case = actions.do(world[who], case, verb, given, at=at)
    return actions.do(world["manager"], case, "reopen", {"reason": "客户不满意"}, at=AGAIN)


def test_a_clock_that_comes_in_after_a_case_was_opened_again_counts_from_then(world, clocked):
    case = reopened(world, clocked())
    assert clock(case, "decision").start_at == AGAIN
    later = AGAIN + dt.timedelta(days=2)
    case = reclassed(world["manager"], world["sub"], case, at=later, complexity="complex")
    assert clock(case, "complex").start_at == AGAIN
    assert local(clock(case, "complex").due_at) == "11-10 23:59"
    assert verify(case).intact


def test_one_that_was_taken_away_before_comes_back_from_then_too(world, clocked):
    case = reclassed(world["manager"], world["sub"], clocked(), at=RECEIVED, complexity="complex")
    case = reopened(world, case)
    assert clock(case, "decision").outcome == "dropped"
    assert clock(case, "complex").start_at == AGAIN
    later = AGAIN + dt.timedelta(days=2)
    case = reclassed(world["manager"], world["sub"], case, at=later, complexity="simple")
    again = clock(case, "decision")
    assert (again.state, again.start_at, again.cycle) == ("running", AGAIN, 1)
    assert local(again.due_at) == "10-26 23:59"
    assert verify(case).intact


def test_taken_away_and_brought_back_after_it_was_opened_again_it_runs_on_from_then(world, clocked):
    case = reopened(world, clocked())
    for number, complexity in enumerate(("complex", "simple"), 1):
        later = AGAIN + dt.timedelta(days=number)
        case = reclassed(world["manager"], world["sub"], case, at=later, complexity=complexity)
    again = clock(case, "decision")
    assert (again.state, again.start_at, again.cycle) == ("running", AGAIN, 1)
    assert verify(case).intact


def test_a_clock_that_its_kind_does_not_begin_anew_is_not_asked_for_again(world):
    never = "complaint_complex, stops: [answer], reopens: [merge],"
    text = CLOCKED.replace("id: clocked", "id: never").replace("complaint_complex, stops: [answer],", never)
    kinds.install_kind(SystemActor("test"), text=text, origin="test")
    given = {"title": "排队", "received_at": RECEIVED, "complexity": "simple"}
    case = actions.open_case(world["lobby"], "never", world["bank"]["O1"], given, at=RECEIVED)
    case = reopened(world, case)
    case = reclassed(world["manager"], world["sub"], case, at=AGAIN, complexity="complex")
    assert not Clock.objects.filter(case=case, policy="complaint_complex").exists()
    assert clock(case, "decision").outcome == "dropped"
