"""The second person: who may verify and check what others did, at each grade, with deputies either way."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from kezun.cases import actions
from kezun.cases.models import Case
from kezun.cases.tests.test_standing import LONG_AGO, TODAY, YESTERDAY, again, deputy, posted
from kezun.kernel.actor import Denied, SystemActor

GRADES = {
    1: {"urgency": "urgent"},
    2: {"complexity": "complex"},
    3: {"complexity": "simple"},
}
RESULT = {"result": "已整改", "finding": "属实"}


@pytest.fixture
def proposed(world, opened):
    """`proposed(by="lobby", **fields)` is a case about O1, handled and proposed by one of them."""

    def make(by: str = "lobby", **fields) -> Case:
        case = opened(actor=by, **fields)
        if case.pending_unit is None and case.owner_unit.code != "O1":
            case = actions.do(
                world[by], case, "assign", {"unit": case.owner_unit.code, "person": world[by].code}
            )
        case = actions.do(world[by], case, "take")
        return actions.do(world[by], case, "propose", RESULT)

    return make


def verifiers(world, case: Case) -> set[str]:
    """Who of all may verify it: each is tried, and what they did is undone by trying the next on a copy."""
    from kezun.cases.tests.test_standing import asked, standing

    people = {name: again(one) for name, one in world.items() if name != "bank"}
    return {
        n
        for n, p in people.items()
        if p.may("cases.verify") and standing.may(p, asked(p, case, "verify", "second"))
    }


@pytest.mark.parametrize(
    ("grade", "expected"),
    [
        (1, {"sub", "supervisor", "office"}),
        (2, {"sub", "supervisor", "office"}),
        (3, {"manager", "sub", "supervisor", "office"}),
    ],
)
def test_who_verifies_what_the_lobby_handled(world, proposed, grade, expected):
    case = proposed(**GRADES[grade])
    assert case.severity == grade
    assert verifiers(world, case) == expected


@pytest.mark.parametrize(
    ("grade", "expected"),
    [(1, {"supervisor", "office"}), (2, {"supervisor", "office"}), (3, {"manager", "supervisor", "office"})],
)
def test_who_is_led_by_the_unit_that_handled_it_is_no_second_person_for_a_grave_case(
    world, proposed, grade, expected
):
    """The case is about O1, the sub-branch above handles it: the manager of O1 answers to that unit."""
    case = proposed(by="sub", **GRADES[grade])
    assert case.owner_unit.code == "S1"
    assert verifiers(world, case) == expected


def test_a_regraded_case_wants_another_second_person(world, proposed):
    case = proposed(**GRADES[3])
    assert "manager" in verifiers(world, case)
    Case.objects.filter(pk=case.pk).update(severity=2)
    case.refresh_from_db()
    assert "manager" not in verifiers(world, case)


# --- deputies: whoever stands in for another counts as the other, on any day since the case began ---

SPANS = [(LONG_AGO, TODAY), (TODAY, TODAY + dt.timedelta(days=9))]


@pytest.mark.parametrize("span", SPANS)
def test_the_deputy_of_the_handler_does_not_verify(world, proposed, span):
    case = proposed()
    deputy(world["sub"], world["lobby"], from_date=span[0], to_date=span[1])
    with pytest.raises(Denied):
        actions.do(again(world["sub"]), case, "verify")
    assert actions.do(world["supervisor"], case, "verify").verifier == world["supervisor"]


@pytest.mark.parametrize("span", SPANS)
def test_for_whom_the_handler_stood_in_does_not_verify(world, proposed, span):
    case = proposed()
    deputy(world["lobby"], world["manager"], from_date=span[0], to_date=span[1])
    with pytest.raises(Denied):
        actions.do(again(world["manager"]), case, "verify")


def test_who_proposed_as_a_deputy_does_not_verify_once_the_deputyship_is_over(world, opened):
    opened_at = timezone.now() - dt.timedelta(days=3)
    case = actions.open_case(
        world["lobby"],
        "trial",
        world["bank"]["O1"],
        {"title": "排队", "received_at": opened_at},
        at=opened_at,
    )
    case = actions.do(world["lobby"], case, "take")
    held = deputy(world["manager"], world["lobby"], from_date=LONG_AGO)
    case = actions.do(again(world["manager"]), case, "propose", RESULT)
    assert case.handler == world["lobby"]
    held.to_date = YESTERDAY
    held.save()
    with pytest.raises(Denied):
        actions.do(again(world["manager"]), case, "verify")


def test_a_deputyship_that_ended_before_the_case_began_is_forgotten(world, proposed):
    deputy(world["manager"], world["lobby"], from_date=LONG_AGO, to_date=YESTERDAY)
    case = proposed()
    assert actions.do(again(world["manager"]), case, "verify").verifier == world["manager"]


def test_who_handled_it_in_another_post_too_is_the_same_person(world, proposed):
    case = proposed()
    posted(world["lobby"], "supervisor", world["bank"]["P1"])
    with pytest.raises(Denied):
        actions.do(again(world["lobby"]), case, "verify")


# --- the third person: the effect is checked by neither of the two ---


@pytest.fixture
def done(closed):
    """Handled by the lobby manager, verified by the supervisor, closed."""
    return closed()


def test_neither_handler_nor_verifier_checks_the_effect(world, done):
    for name in ("lobby", "supervisor"):
        with pytest.raises(Denied):
            actions.do(world[name], done, "check", {"verdict": "effective"})
    case = actions.do(world["sub"], done, "check", {"verdict": "effective"})
    assert (case.checker, case.verdict, case.state) == (world["sub"], "effective", Case.State.CHECKED)


@pytest.mark.parametrize(("one", "other"), [("sub", "supervisor"), ("supervisor", "sub")])
def test_nor_who_stands_in_for_the_verifier_or_is_stood_in_for(world, done, one, other):
    deputy(world[one], world[other])
    with pytest.raises(Denied):
        actions.do(again(world["sub"]), done, "check", {"verdict": "effective"})


def test_the_system_checks_by_numbers_and_is_nobody(done):
    case = actions.do(SystemActor("worker"), done, "check", {"verdict": "unknown"})
    assert (case.checker, case.verdict) == (None, "unknown")


def test_a_reopened_case_is_verified_anew(world, done):
    case = actions.do(world["manager"], done, "reopen", {"reason": "客户不满意"})
    assert (case.verifier, case.closed_at, case.answered_at, case.reopened) == (None, None, None, 1)
    case = actions.do(world["lobby"], case, "propose", RESULT)
    with pytest.raises(Denied):
        actions.do(world["lobby"], case, "verify")
    assert actions.do(world["sub"], case, "verify").verifier == world["sub"]


def test_who_verified_may_handle_after_a_reopening_and_no_longer_verifies(world, done):
    case = actions.do(world["manager"], done, "reopen", {"reason": "客户不满意"})
    case = actions.do(world["lobby"], case, "transfer", {"unit": "P1", "reason": "由上级办理"})
    case = actions.do(world["supervisor"], case, "take")
    case = actions.do(world["supervisor"], case, "propose", RESULT)
    with pytest.raises(Denied):
        actions.do(world["supervisor"], case, "verify")
    assert actions.do(world["sub"], case, "verify").state == Case.State.VERIFIED
