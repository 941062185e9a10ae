"""What `@action` promises, kept by each write of the organisation: rights, scope, trail, once, all or no."""

import copy
import importlib

import pytest
from django.apps import apps
from django.core.exceptions import ValidationError
from django.utils import timezone

from kezun.kernel import action as kernel
from kezun.kernel import trail
from kezun.kernel.action import ACTIONS, once
from kezun.kernel.actor import Denied, OutOfScope
from kezun.kernel.models import TrailEntry
from kezun.org.models import Person
from kezun.org.scope import Role, everyone, roles
from kezun.org.tests import world_calendars
from kezun.org.tests.world import CASES, SYSTEM, World, raised

BRANCH = "branch_admin"


@pytest.fixture
def world(bank, person_in):
    """The bank and a security administrator with raised rights."""
    return World(bank, person_in, raised(person_in("security_admin", "HO")))


@pytest.fixture
def branch(world, monkeypatch):
    """Somebody who may everything of the organisation, but only in the subtree of P1."""
    monkeypatch.setitem(roles(), BRANCH, Role(BRANCH, "分行管理员", "", "subtree", frozenset({"org.*"})))
    return raised(world.person_in(BRANCH, "P1"))


def arrange(name, world):
    """The action, who does it, and good arguments for it."""
    case = CASES[name]
    actor = SYSTEM if case.platform else world.actor
    arguments, named = case.given(world)
    return ACTIONS[name], actor, arguments, named


def call(name, actor, arguments, named):
    function = ACTIONS[name].function
    declared = getattr(importlib.import_module(function.__module__), function.__name__)
    return declared(actor, *arguments, **named)


def state():
    """Everything the organisation and the trail hold."""
    tables = [*apps.get_app_config("org").get_models(), TrailEntry]
    return {t.__name__: sorted(map(repr, t._default_manager.values_list())) for t in tables}


def test_every_action_of_the_room_is_here():
    assert set(CASES) == {name for name in ACTIONS if name.startswith("org.")}
    assert set(world_calendars.CALENDAR_CASES) == {name for name in CASES if "calendar" in name}


@pytest.mark.parametrize("name", sorted(CASES))
def test_who_may_does_it_and_the_trail_says_so(name, world):
    spec, actor, arguments, named = arrange(name, world)
    before = TrailEntry.objects.count()
    result = call(name, actor, arguments, named)
    entry = TrailEntry.objects.order_by("-pk").first()
    assert TrailEntry.objects.count() == before + 1
    assert (entry.verb, entry.actor) == (name, actor.trail_name)
    if spec.target:
        assert entry.target == kernel.label(arguments[0])
    for secret in CASES[name].secrets:
        assert secret not in entry.detail + entry.target
    for parameter in spec.hidden & set(named):
        assert '"***"' in entry.detail, parameter
    if hasattr(result, "text"):
        assert result.text not in entry.detail
    assert spec.summary.endswith("."), "the catalog of actions shows the first sentence"


@pytest.mark.parametrize("name", sorted(set(CASES) - everyone()))
def test_who_may_not_is_refused_and_nothing_changes(name, world):
    _spec, _actor, arguments, named = arrange(name, world)
    for role, unit in (("teller", "O1"), ("unit_head", "HO"), ("auditor", "HO")):
        stranger = raised(world.person_in(role, unit))
        before = state()
        with pytest.raises(Denied):
            call(name, stranger, arguments, named)
        assert state() == before


@pytest.mark.parametrize(
    "name", sorted(name for name, spec in ACTIONS.items() if spec.sudo and name in CASES)
)
def test_rights_must_be_raised_first(name, world):
    _spec, actor, arguments, named = arrange(name, world)
    plain = Person.objects.get(pk=actor.pk)
    before = state()
    with pytest.raises(Denied):
        call(name, plain, arguments, named)
    assert state() == before


@pytest.mark.parametrize("name", sorted(n for n, c in CASES.items() if c.reached and not c.own))
def test_what_lies_in_another_branch_does_not_exist(name, world, branch):
    world.at = "O3"
    _spec, _actor, arguments, named = arrange(name, world)
    before = state()
    with pytest.raises(OutOfScope):
        call(name, branch, arguments, named)
    assert state() == before


WITHIN = sorted(name for name, c in CASES.items() if c.reached and not c.own and not name.endswith("_roster"))


@pytest.mark.parametrize("name", WITHIN)
def test_what_lies_in_ones_own_branch_is_done(name, world, branch):
    _spec, _actor, arguments, named = arrange(name, world)
    call(name, branch, arguments, named)
    assert TrailEntry.objects.filter(verb=name, actor=branch.trail_name).count() == 1


BAD = [(name, number) for name, case in sorted(CASES.items()) for number in range(len(case.bad))]


@pytest.mark.parametrize(("name", "number"), BAD, ids=lambda part: str(part))
def test_what_is_wrong_is_named_and_nothing_changes(name, number, world):
    _spec, actor, arguments, named = arrange(name, world)
    make, field = CASES[name].bad[number]
    wrong = make(world)
    before = state()
    with pytest.raises(ValidationError) as caught:
        call(name, actor, arguments, {**named, **wrong})
    if field:
        assert field in caught.value.message_dict, caught.value
    assert all(text.strip() for text in caught.value.messages)
    assert "Constraint" not in " ".join(caught.value.messages)
    assert state() == before


@pytest.mark.parametrize("name", sorted(CASES))
def test_under_one_key_it_is_done_once(name, world):
    _spec, actor, arguments, named = arrange(name, world)
    again = tuple(copy.copy(one) for one in arguments)  # a record removed loses its key in Python
    with once("key-1"):
        call(name, actor, arguments, named)
    after = state()
    with once("key-1"):
        call(name, actor, again, named)
    assert state() == after


@pytest.mark.parametrize(
    "name",
    sorted(n for n in CASES if n not in {"org.lower_rights", "org.load"} and not n.endswith("_roster")),
)
def test_one_key_is_not_for_two_things(name, world):
    _spec, actor, arguments, named = arrange(name, world)
    with once("key-1"):
        call(name, actor, arguments, named)
    others = {key: value + "x" for key, value in named.items() if isinstance(value, str) and key != "kind"}
    if not others:
        return
    after = state()
    with once("key-1"), pytest.raises(ValidationError):
        call(name, actor, arguments, {**named, **others})
    assert state() == after


@pytest.mark.parametrize("name", sorted(CASES))
def test_without_its_entry_in_the_trail_nothing_is_done(name, world, monkeypatch):
    """The change and its entry stand in one transaction: where the entry fails, so does the change."""
    _spec, actor, arguments, named = arrange(name, world)
    before = state()

    def broken(*given, **more):
        raise RuntimeError("the trail cannot be written")

    monkeypatch.setattr(trail, "write", broken)
    with pytest.raises(RuntimeError, match="the trail"):
        call(name, actor, arguments, named)
    assert state() == before


@pytest.mark.parametrize("name", sorted(everyone()))
def test_what_everyone_may_needs_an_active_person(name, world):
    person = world.clerk("teller")
    assert person.may(name)
    Person.objects.filter(pk=person.pk).update(is_active=False)
    assert not Person.objects.get(pk=person.pk).may(name)


def test_everyone_reaches_only_what_is_their_own(world):
    mine, other = world.clerk("teller"), world.person_in("teller", "O2")
    for name in everyone():
        assert mine.covers(name, mine)
        assert not mine.covers(name, other)
    assert world.actor.covers("org.issue_token", other)
    assert timezone.localdate() >= other.joined_date
