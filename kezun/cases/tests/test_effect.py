"""Checks of effect on cases: planned, reckoned, settled by a third person, failed by what comes back."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from kezun.cases import actions, kinds
from kezun.cases.effects import effect as checking
from kezun.cases.models import Case, EffectCheck, Link
from kezun.cases.tests.conftest import COURSE, KIND
from kezun.facts.questions import Answer
from kezun.kernel.actor import Denied, SystemActor

SYSTEM = SystemActor("test")
PROVEN = KIND.replace("id: trial", "id: proven") + (
    "effect: {indicator: cases.complaints, days: 60, after_days: 30, recurrence_days: 20}\n"
)


@pytest.fixture
def remedied(world):
    """`remedied(days_ago=…)` a case of a kind with an effect, received and closed then."""
    kinds.install_kind(SYSTEM, text=PROVEN, origin="test")

    def make(days_ago: int = 40) -> Case:
        at = timezone.now() - dt.timedelta(days=days_ago)
        case = actions.open_case(
            world["lobby"], "proven", world["bank"]["O1"], {"title": "排队太久", "received_at": at}, at=at
        )
        for who, verb, values in COURSE:
            case = actions.do(world[who], case, verb, values, at=at)
        return case

    return make


@pytest.fixture
def figures(monkeypatch):
    """`figures(60, 20)`: events before and after, as the fact store would answer."""

    def say(before: int, after: int) -> None:
        told = iter((before, after) * 10)

        def measure(actor, question):
            n = next(told)
            return [
                Answer(
                    unit="O1", indicator="x", by=None, period="", value=n, numerator=n, denominator=None, n=n
                )
            ]

        monkeypatch.setattr(checking.queries, "measure", measure)

    return say


def test_a_close_plans_which_days_are_compared(remedied):
    case = remedied()
    check = EffectCheck.objects.get(case=case)
    closed = timezone.localdate(case.closed_at)
    assert check.metric == "cases.complaints"
    assert check.before_until_date == closed - dt.timedelta(days=1)
    assert (check.before_until_date - check.before_from_date).days == 59
    assert check.after_from_date == closed + dt.timedelta(days=1)
    assert check.due_date == closed + dt.timedelta(days=31)
    assert check.verdict == ""


def test_kinds_without_an_effect_plan_none(closed):
    closed()
    assert not EffectCheck.objects.exists()


def test_opened_again_the_plan_ends_and_the_next_close_plans_anew(world, remedied):
    case = actions.do(world["manager"], remedied(), "reopen", {"reason": "客户不满意"})
    assert not EffectCheck.objects.filter(case=case).exists()
    case = actions.do(world["lobby"], case, "propose", {"result": "再改", "finding": "属实"})
    for who, verb, values in COURSE[4:]:
        case = actions.do(world[who], case, verb, values)
    assert EffectCheck.objects.get(case=case).after_from_date > timezone.localdate()


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [(60, 6, "effective"), (30, 45, "not"), (4, 2, "unknown"), (0, 0, "unknown")],
)
def test_reckoned_when_due_and_settled_by_a_third_person(world, remedied, figures, before, after, verdict):
    case = remedied()
    figures(before, after)
    assert checking.check_due() == 1
    check = EffectCheck.objects.get(case=case)
    assert (check.result["verdict"], check.verdict) == (verdict, "")
    assert check.result["before"] == {"events": before, "exposure": 60}
    assert check.result["after"] == {"events": after, "exposure": 30}
    assert checking.check_due() == 0
    with pytest.raises(Denied):
        actions.do(world["lobby"], case, "check")  # the handler
    with pytest.raises(Denied):
        actions.do(world["supervisor"], case, "check")  # the verifier
    case = actions.do(world["sub"], case, "check", {"note": "已核对台账"})
    check.refresh_from_db()
    assert (case.state, case.verdict) == (Case.State.CHECKED, verdict)
    assert (check.verdict, check.checker, check.note) == (verdict, world["sub"], "已核对台账")
    assert check.done_at


def test_nobody_calls_effective_what_the_figures_do_not_show(world, remedied, figures):
    case = remedied()
    figures(4, 2)
    checking.check_due()
    with pytest.raises(ValidationError) as refused:
        actions.do(world["sub"], case, "check", {"verdict": "effective"})
    assert "verdict" in refused.value.message_dict
    assert actions.do(world["sub"], case, "check", {"verdict": "not"}).verdict == "not"


def test_before_the_day_has_come_it_can_only_have_failed(world, remedied):
    case = remedied(days_ago=10)
    assert checking.check_due() == 0
    with pytest.raises(ValidationError):
        actions.do(world["sub"], case, "check", {"verdict": "effective"})
    with pytest.raises(ValidationError):
        actions.do(world["sub"], case, "check")
    assert actions.do(world["sub"], case, "check", {"verdict": "not"}).verdict == "not"


def test_without_an_indicator_a_person_judges(world, remedied):
    case = remedied()
    EffectCheck.objects.update(metric="")
    assert checking.check_due() == 0
    assert actions.do(world["sub"], case, "check", {"verdict": "effective"}).verdict == "effective"


def test_without_any_plan_nothing_said_is_cannot_tell(world, closed):
    assert actions.do(world["sub"], closed(), "check").verdict == "unknown"


@pytest.mark.parametrize(("days", "failed"), [(19, True), (21, False)])
def test_what_comes_back_within_the_window_fails_it(remedied, days, failed):
    case, again = remedied(), remedied(days_ago=1)
    Case.objects.filter(pk=again.pk).update(received_at=case.closed_at + dt.timedelta(days=days))
    EffectCheck.objects.filter(case=case).update(metric="")
    Link.objects.create(source=again, target=case, type=Link.Type.RECURRENCE_OF, at=timezone.now())
    assert checking.check_due() == failed
    case.refresh_from_db()
    assert case.verdict == ("not" if failed else "")
    if failed:
        event = case.events.order_by("-seq").first()
        assert (event.verb, event.actor) == ("check", None)
        check = EffectCheck.objects.get(case=case)
        assert (check.verdict, check.checker) == ("not", None)
        assert again.no in check.note


def test_an_indicator_that_is_no_more_holds_up_no_other(remedied, figures, caplog):
    lost, good = remedied(), remedied()
    EffectCheck.objects.filter(case=lost).update(metric="nowhere.at_all")
    figures(60, 6)
    assert checking.check_due() == 1
    assert EffectCheck.objects.get(case=good).result["verdict"] == "effective"
    assert EffectCheck.objects.get(case=lost).result == {}
    assert "cannot be reckoned" in caplog.text
    checking.catch_up()


def test_figures_come_from_the_fact_store(remedied):
    """Nothing was published: both periods are empty, so it cannot be told."""
    found = checking.found_of(EffectCheck.objects.get(case=remedied()))
    assert (found.test, found.verdict, found.why) == ("poisson", "unknown", "empty")
    assert (found.before.exposure, found.after.exposure) == (60, 30)


def test_a_kind_must_say_how_it_will_be_known(world, remedied):
    from kezun.cases.doing import GATES, Doing

    case = remedied()
    form = kinds.form_of(case.kind)
    assert GATES["effect_planned"](Doing(SYSTEM, case, form, "close", timezone.now())) == ""
    bare = kinds.form_of(kinds.kind_now("trial"))
    assert GATES["effect_planned"](Doing(SYSTEM, case, bare, "close", timezone.now()))
