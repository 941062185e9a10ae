"""How people stand to a case: each relation tried with each of them, and who reaches a case at all."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kezun.cases import actions, kinds, standing
from kezun.cases.doing import Doing
from kezun.cases.models import READ, Case
from kezun.cases.rules.kinds import BY, Step
from kezun.kernel.actor import Denied, OutOfScope, SystemActor
from kezun.org.models import Assignment, Person, Post

TODAY = timezone.localdate()
YESTERDAY, LONG_AGO = TODAY - dt.timedelta(days=1), dt.date(2020, 1, 1)
OFFICE = "service_office"


def post_of(role: str) -> Post:
    found = Post.objects.filter(role=role).first()
    return found or Post.objects.create(code=role, name=role, role=role)


def posted(person: Person, role: str, unit, **more) -> Assignment:
    """One more post for a person; what was known of their scope is forgotten."""
    made = Assignment.objects.create(person=person, unit=unit, post=post_of(role), **more)
    person.__dict__.pop("_scope", None)
    return made


def deputy(person: Person, boss: Person, **more) -> Assignment:
    """`person` stands in for the first post of `boss`."""
    held = boss.assignments.order_by("pk").first()
    return posted(person, held.post.role, held.unit, deputy_for=held, **more)


def again(person: Person) -> Person:
    """The person as the next request loads them."""
    return Person.objects.get(pk=person.pk)


def asked(actor, case: Case, verb: str, *by: str) -> Doing:
    return Doing(actor, case, kinds.form_of(case.kind), verb, timezone.now(), step=Step(verb, (), by=by))


def holding(people: dict, case: Case, verb: str, relation: str) -> set[str]:
    """Names of those for whom a step that is only for this relation is open."""
    return {name for name, actor in people.items() if standing.may(actor, asked(actor, case, verb, relation))}


@pytest.fixture
def people(world):
    """All the people of the small bank, without the units."""
    return {name: one for name, one in world.items() if isinstance(one, Person)}


@pytest.fixture
def taken(world, opened):
    """A case about O1 that the lobby manager registered and handles."""
    return actions.do(world["lobby"], opened(), "take")


def test_each_relation_holds_for_those_it_names_and_for_nobody_else(people, taken):
    may_note = {"lobby", "manager", "sub", "supervisor", "office"}
    expected = {
        "any": may_note,
        "opener": {"lobby"},
        "owner": {"lobby", "manager"},
        "handler": {"lobby"},
        "superior": {"sub", "supervisor"} | {"office"},
        "office": {"office"},
        "second": may_note - {"lobby"},
        "customer": set(),
        "system": set(),
    }
    assert set(expected) == set(BY)
    held = {relation: holding(people, taken, "note", relation) for relation in BY}
    assert held == expected


def test_the_same_for_a_verb_of_those_who_lead(people, taken):
    held = {relation: holding(people, taken, "assign", relation) for relation in ("any", "owner", "superior")}
    assert held == {
        "any": {"manager", "sub", "supervisor", "office"},
        "owner": {"manager"},
        "superior": {"sub", "supervisor", "office"},
    }


def test_a_unit_to_which_it_was_handed_may_take_it_and_the_one_that_had_it_not(world, people, taken):
    case = actions.do(world["lobby"], taken, "transfer", {"unit": "S1", "reason": "超出权限"})
    assert case.pending_unit == world["bank"]["S1"]
    assert holding(people, case, "take", "owner") == {"sub"}
    assert holding(people, case, "return", "owner") == {"sub"}
    assert holding(people, case, "contact", "owner") == {"lobby", "manager", "sub"}
    assert holding(people, case, "assign", "superior") == {"sub", "supervisor", "office"}


def test_a_deputy_counts_as_the_handler_and_the_history_says_for_whom(world, taken):
    helper = world["other"]
    with pytest.raises(OutOfScope):
        actions.do(helper, taken, "wait", {"reason": "等监控"})
    deputy(helper, world["lobby"], from_date=LONG_AGO, to_date=TODAY)
    case = actions.do(again(helper), taken, "wait", {"reason": "等监控"})
    event = case.events.order_by("seq").last()
    assert (event.actor, event.behalf) == (helper, world["lobby"])
    assert case.handler == world["lobby"]


@pytest.mark.parametrize("span", [(LONG_AGO, YESTERDAY), (TODAY + dt.timedelta(days=1), None)])
def test_whose_deputyship_is_over_or_not_begun_acts_for_nobody(world, taken, span):
    until = {"to_date": span[1]} if span[1] else {}
    deputy(world["manager"], world["lobby"], from_date=span[0], **until)
    with pytest.raises(Denied):
        actions.do(again(world["manager"]), taken, "wait", {"reason": "等监控"})


def test_a_post_that_ended_yesterday_opens_nothing(world, opened):
    case = opened()
    gone = world["manager"]
    gone.assignments.update(from_date=LONG_AGO, to_date=YESTERDAY)
    with pytest.raises(Denied):
        actions.do(again(gone), case, "take")
    assert not Case.objects.visible_to(again(gone)).exists()
    gone.assignments.update(to_date=TODAY)
    assert actions.do(again(gone), case, "take").handler == gone


def test_who_left_the_bank_does_nothing_more(world, taken):
    Person.objects.filter(pk=world["lobby"].pk).update(is_active=False)
    with pytest.raises(Denied):
        actions.do(again(world["lobby"]), taken, "contact", {"how": "phone"})
    assert not Case.objects.visible_to(again(world["lobby"])).exists()


def test_a_handler_who_moved_away_keeps_the_case_in_sight(world, taken):
    moved = world["lobby"]
    moved.assignments.update(unit=world["bank"]["O3"])
    assert Case.objects.visible_to(again(moved)).get() == taken
    assert actions.do(again(moved), taken, "contact", {"how": "phone"}).contacted_at


def test_a_case_that_is_handed_to_a_person_lies_with_somebody_posted_there(world, opened):
    case = opened()
    with pytest.raises(ValidationError) as refused:
        actions.do(world["manager"], case, "assign", {"unit": "O1", "person": "outlet_manager.O3"})
    assert set(refused.value.message_dict) == {"person"}
    case = actions.do(world["manager"], case, "assign", {"unit": "O1", "person": "lobby_manager.O1"})
    assert (case.handler, case.pending_unit) == (world["lobby"], None)


def test_another_post_lends_no_scope_to_the_permission_of_the_first(world, opened):
    """Who is a lobby manager at O3 and keeps the system at head office has no cases of head office."""
    clerk = world["far"]
    case = opened(actor="office", unit="O1")
    assert case.owner_unit == world["bank"]["HO"]
    posted(clerk, "system_admin", world["bank"]["HO"])
    with pytest.raises(OutOfScope):
        actions.do(again(clerk), case, "note", {"note": "看看"})


def test_the_platform_answers_for_nothing_and_customers_do_only_what_is_theirs(taken):
    worker = SystemActor("worker")
    assert not standing.may(worker, asked(worker, taken, "verify", "second"))
    assert standing.may(worker, asked(worker, taken, "check", "second", "system"))
    assert standing.may(worker, asked(worker, taken, "recompute", "system"))
    customer = standing.CUSTOMER
    assert standing.may(customer, asked(customer, taken, "rate", "customer"))
    assert standing.may(customer, asked(customer, taken, "withdraw", "opener", "customer"))
    for by in (("owner",), ("second",), ("system",), ("office", "superior")):
        assert not standing.may(customer, asked(customer, taken, "close", *by))


def test_every_relation_has_words_and_a_refusal_says_for_whom_the_step_is(world, taken):
    said = {relation: str(standing.say(relation)) for relation in BY}
    assert all(said.values())
    assert len(set(said.values())) == len(BY)
    with pytest.raises(Denied) as refused:
        standing.check(asked(world["supervisor"], taken, "wait", "handler"))
    assert said["handler"] in str(refused.value)


# --- reading: what pages list is what the engine lets through ---

ROLES = ("teller", "lobby_manager", "outlet_manager", "supervisor", "unit_head", "auditor", "system_admin")
UNITS = ("HO", "P1", "C1", "S1", "O1", "O2", "S2", "O3", "CC")
POSTS = st.lists(st.tuples(st.sampled_from(ROLES), st.sampled_from(UNITS)), max_size=3)
PLACE = st.sampled_from(UNITS)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    posts=POSTS,
    about=PLACE,
    owner=PLACE,
    pending=st.none() | PLACE,
    part=st.sampled_from(["", "handler", "opener", "verifier"]),
)
def test_who_sees_a_case_is_whom_the_engine_lets_read_it(world, taken, posts, about, owner, pending, part):
    bank, reader = world["bank"], world["far"]
    Assignment.objects.filter(person=reader).delete()
    for role, unit in dict.fromkeys(posts):
        posted(reader, role, bank[unit])
    none = {"handler": world["lobby"], "opener": world["lobby"], "verifier": None}
    Case.objects.filter(pk=taken.pk).update(
        unit=bank[about],
        owner_unit=bank[owner],
        pending_unit=pending and bank[pending],
        **none | ({part: reader} if part else {}),
    )
    case, reader = Case.objects.get(pk=taken.pk), again(reader)
    seen = Case.objects.visible_to(reader).filter(pk=case.pk).exists()
    assert seen == standing.Ground(reader, case).reached(READ)
    if part and any(role != "system_admin" for role, _unit in posts):
        assert seen
