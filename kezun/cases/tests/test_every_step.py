"""Every kind that ships, every verb, every state on its way: possible or refused as its table says."""

from __future__ import annotations

import json
import re

import pytest
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import Http404

from kezun.cases import actions, catalogs, engine, kinds
from kezun.cases.models import Case
from kezun.cases.rules.kinds import BY, ENDED, STATES
from kezun.cases.rules.verbs import VERBS
from kezun.cases.tests.conftest import COURSE
from kezun.cases.tests.courses import COURSES, fitted
from kezun.kernel.actor import Denied, SystemActor

SYSTEM = SystemActor("test")
FLOWS = ("full", "short", "record")
ALL_BUT_OPEN = tuple(verb for verb in VERBS if verb != "open")
IMPOSSIBLE = "时不能这样做"  # what the engine says of a step that its table has not from here
# what ends a case before its end, and what it leads to
EARLY = (
    ("withdraw", {"reason": "客户撤回"}, "withdrawn"),
    ("reject", {"reason": "不属受理范围", "notice": "已书面告知"}, "rejected"),
)


class RolledBack(Exception):
    """Takes back what an attempt did."""


@pytest.fixture
def shipped(world):
    """All kinds of the product, published; the people of the bank."""
    kinds.install_all(SYSTEM)
    return world


def refused_for_its_state(case: Case, verb: str) -> bool:
    """Whether the engine says that the verb is not possible now; whatever else it says or does is undone."""
    try:
        with transaction.atomic():
            engine.apply(Case.objects.get(pk=case.pk), verb, SYSTEM, {})
            raise RolledBack
    except ValidationError as error:
        return any(IMPOSSIBLE in text for text in error.messages)
    except (Denied, Http404, RolledBack):
        return False


def holds(case: Case) -> None:
    """At this state, each verb is refused or not as the kind's table says; the case is as it was."""
    form = kinds.form_of(case.kind)
    before = engine.values_of(Case.objects.get(pk=case.pk))
    refused = {verb for verb in ALL_BUT_OPEN if refused_for_its_state(case, verb)}
    told = {verb for verb in ALL_BUT_OPEN if form.step(verb, case.state) is None}
    assert refused == told, (case.code, case.state)
    after = Case.objects.get(pk=case.pk)
    assert (engine.values_of(after), after.seq) == (before, case.seq)


@pytest.mark.parametrize("kind", sorted(COURSES))
def test_on_its_way_a_kind_lets_happen_what_its_table_says(shipped, kind):
    who, unit, given, steps = COURSES[kind]
    case = actions.open_case(shipped[who], kind, shipped["bank"][unit], fitted(given))
    holds(case)
    seen = {case.state}
    for who, verb, values in steps:
        form = kinds.form_of(case.kind)
        step = form.step(verb, case.state)
        case = actions.do(shipped[who], case, verb, fitted(values))
        assert step.to in ("", case.state)
        if case.state not in seen:
            seen.add(case.state)
            holds(case)
    assert case.state in ENDED


def test_a_complaint_without_its_own_rules_goes_the_full_way_so(world, opened):
    case = opened()
    holds(case)
    for who, verb, values in COURSE:
        case = actions.do(world[who], case, verb, values)
        holds(case)
    assert case.state == "closed"


@pytest.mark.parametrize("kind", sorted(COURSES))
@pytest.mark.parametrize(("verb", "given", "state"), EARLY)
def test_an_end_before_the_end_leaves_only_what_its_table_says(shipped, kind, verb, given, state):
    who, unit, values, _steps = COURSES[kind]
    case = actions.open_case(shipped[who], kind, shipped["bank"][unit], fitted(values))
    possible = kinds.form_of(case.kind).step(verb, case.state)
    if possible is None:
        with pytest.raises(ValidationError):
            actions.do(shipped["office"], case, verb, given)
        return
    case = actions.do(shipped["office"], case, verb, given)
    assert (case.state, case.open) == (state, False)
    assert case.closed_at is not None
    holds(case)


def test_waiting_and_handed_over(world, opened):
    case = actions.do(world["lobby"], opened(), "take")
    case = actions.do(world["lobby"], case, "wait", {"reason": "等客户材料"})
    assert case.state == "waiting"
    holds(case)
    case = actions.do(world["lobby"], case, "resume")
    case = actions.do(world["lobby"], case, "transfer", {"unit": "S1", "reason": "超出权限"})
    assert case.state == "assigned"
    holds(case)


# --- the tables themselves ---


@pytest.mark.parametrize("name", FLOWS)
def test_no_verb_has_two_steps_from_one_state(name):
    pairs = [(step.verb, state) for step in catalogs.flows()[name] for state in step.states]
    assert len(pairs) == len(set(pairs))


@pytest.mark.parametrize("name", FLOWS)
def test_only_a_second_person_verifies_and_sends_back(name):
    for step in catalogs.flows()[name]:
        if step.verb in ("verify", "send_back"):
            assert (step.by, step.states) == (("second",), ("proposed",))


@pytest.mark.parametrize("name", FLOWS)
def test_nothing_is_closed_that_nobody_verified(name):
    steps = catalogs.flows()[name]
    closes = [step for step in steps if step.to == "closed"]
    assert closes
    before = {state for step in closes for state in step.states}
    while "answered" in before:
        before = (before - {"answered"}) | {
            state for step in steps if step.to == "answered" for state in step.states
        }
    assert before == {"verified"}
    assert {state for step in steps if step.to == "verified" for state in step.states} == {"proposed"}


@pytest.mark.parametrize("name", FLOWS)
def test_what_has_ended_is_only_opened_again_by_name(name):
    for step in catalogs.flows()[name]:
        if step.to and step.to not in ENDED and set(step.states) & set(ENDED):
            assert step.verb in ("reopen", "unmerge")


@pytest.mark.parametrize("name", FLOWS)
def test_customers_and_the_system_do_only_what_is_theirs(name):
    customers = {step.verb for step in catalogs.flows()[name] if "customer" in step.by}
    system = {step.verb for step in catalogs.flows()[name] if step.by == ("system",)}
    assert customers <= {"reopen", "rate", "withdraw", "attach"}
    assert system == {"escalate", "recompute"}


@pytest.mark.parametrize("name", FLOWS)
def test_the_system_goes_on_wherever_a_case_is_open(name):
    """A running clock may have to be told of, or worked out anew, in every open state that the flow has."""
    steps = catalogs.flows()[name]
    used = {state for step in steps for state in (*step.states, *((step.to,) if step.to else ()))}
    for verb in ("escalate", "recompute"):
        found = {state for step in steps if step.verb == verb for state in step.states}
        assert found == used - set(ENDED)


@pytest.mark.parametrize("name", FLOWS)
def test_personal_data_are_erased_only_once_it_is_over(name):
    found = {state for step in catalogs.flows()[name] if step.verb == "erase" for state in step.states}
    assert found <= set(ENDED)
    assert "closed" in found


@pytest.mark.parametrize("path", sorted(kinds.FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_kind_keeps_to_its_words(path):
    form = kinds.form_of(type("Row", (), {"text": path.read_text(encoding="utf-8"), "course": {}}))
    for step in form.steps:
        assert step.verb in VERBS
        assert set(step.states) <= set(STATES)
        assert set(step.by) <= set(BY)
    for state in STATES:
        possible = form.verbs(state)
        assert len(set(possible)) == len(possible)
        assert all(form.step(verb, state) is not None for verb in possible)
        assert all(form.step(verb, state) is None for verb in set(VERBS) - set(possible))


@pytest.mark.parametrize("path", sorted(kinds.FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_open_state_that_a_kind_reaches_has_a_way_on(path):
    form = kinds.form_of(type("Row", (), {"text": path.read_text(encoding="utf-8"), "course": {}}))
    reached, waiting = {"registered"}, ["registered"]
    while waiting:
        state = waiting.pop()
        for step in form.steps:
            if state in step.states and step.to and step.to not in reached:
                reached.add(step.to)
                waiting.append(step.to)
    assert "closed" in reached
    for state in reached - set(ENDED):
        onward = {step.to for step in form.steps if state in step.states and step.to not in ("", state)}
        assert onward - {"withdrawn", "rejected", "merged"}, state


# --- an unknown word, and what the refusal says ---


@pytest.mark.parametrize("verb", ["explode", "", "OPEN", "close ", "open"])
def test_a_verb_that_is_none_is_refused_and_nothing_is_kept(opened, verb):
    case = opened()
    with pytest.raises(ValidationError):
        engine.apply(case, verb, SYSTEM, {})
    assert case.events.count() == 1


def test_the_refusal_names_the_state_and_what_is_possible(world, closed):
    case = closed()
    with pytest.raises(ValidationError) as refused:
        actions.do(world["manager"], case, "close")
    (text,) = refused.value.messages
    assert case.get_state_display() in text
    assert "重新打开" in text
    assert not set(re.findall(r"[a-z_]+", text)), "verbs are named as the buttons are"
    assert "督办" not in text


def test_each_step_of_the_way_stands_in_its_event(closed):
    case = closed()
    events = [json.loads(body) for body in case.events.order_by("seq").values_list("body", flat=True)]
    assert [event["seq"] for event in events] == list(range(1, case.seq + 1))
    states = [event["sets"]["state"] for event in events if "state" in event["sets"]]
    assert states == ["registered", "accepted", "working", "proposed", "verified", "answered", "closed"]
    assert [event["at"] for event in events] == sorted(event["at"] for event in events)
