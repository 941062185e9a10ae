"""Whose session it is and what they hold: read together, and the same as read apart."""

import datetime as dt

import pytest
from django.utils import timezone

from kezun.org.models import Assignment, BusinessLine, Person, Post
from kezun.org.scope import Scope, with_held
from kezun.org.signin import Backend

pytestmark = pytest.mark.django_db
DAY = dt.timedelta(days=1)


def assign(person, unit, role, **more):
    post, _new = Post.objects.get_or_create(code=role, defaults={"name": role, "role": role})
    return Assignment.objects.create(person=person, unit=unit, post=post, **more)


def roles_at(scope):
    return sorted((h.role.code, h.unit_id, sorted(h.lines or ())) for h in scope.held)


@pytest.fixture
def several(bank, person_in):
    """A person with two posts today, one limited to a line, and two that are over or have not begun."""
    person, today = person_in("teller", "O1"), timezone.localdate()
    line = BusinessLine.objects.create(code="retail", name="零售")
    BusinessLine.objects.create(code="cards", name="银行卡", parent=line)
    assign(person, bank["P2"], "unit_head", line=line, from_date=today)
    assign(person, bank["HO"], "auditor", to_date=today - DAY)
    assign(person, bank["HO"], "service_office", from_date=today + DAY)
    return person


def test_held_posts_are_the_same_as_read_apart(several):
    together, apart = with_held(several.pk).scope, Scope.of(Person.objects.get(pk=several.pk))
    assert together == apart
    assert [row[0] for row in roles_at(together)] == ["teller", "unit_head"]
    assert len(roles_at(together)[1][2]) == 2


def test_one_statement_brings_both(person_in, django_assert_num_queries):
    pk = person_in("outlet_manager", "O1").pk
    with django_assert_num_queries(1):
        person = with_held(pk)
        assert person.may("insight.read")
        assert not person.scope.whole_bank("insight.read")


def test_the_person_is_whole_and_carries_nothing_else(several):
    person = with_held(several.pk)
    assert not [name for name in person.__dict__ if name.startswith("held")]
    plain = Person.objects.get(pk=several.pk)
    assert {f.name: getattr(person, f.attname) for f in Person._meta.concrete_fields} == {
        f.name: getattr(plain, f.attname) for f in Person._meta.concrete_fields
    }
    person.name = "另一个名字"
    person.save()
    assert Person.objects.get(pk=several.pk).name == "另一个名字"


def test_who_holds_nothing_may_nothing_but_exists(bank, django_assert_num_queries):
    person = Person.objects.create(code="p", username="p", name="无岗", home_unit=bank["O1"])
    with django_assert_num_queries(1):
        found = with_held(person.pk)
        assert found.scope.held == ()
    assert not found.may("insight.read")


def test_there_is_nobody_under_an_unknown_key(bank):
    assert with_held(10**9) is None
    assert Backend().get_user(10**9) is None


@pytest.mark.parametrize(
    "gone",
    [
        {"is_active": False},
        {"left_date": timezone.localdate() - DAY},
        {"joined_date": timezone.localdate() + DAY},
    ],
)
def test_an_open_session_of_who_left_is_worth_nothing(person_in, client, gone):
    person = person_in("service_office", "HO")
    client.force_login(person, backend="kezun.org.signin.Backend")
    assert client.get("/indicators/").status_code == 200
    Person.objects.get_queryset().filter(pk=person.pk).update(**gone)
    assert client.get("/indicators/").status_code == 302


def test_a_post_that_ended_since_is_gone_at_the_next_request(person_in, client):
    person = person_in("service_office", "HO")
    client.force_login(person, backend="kezun.org.signin.Backend")
    assert client.get("/indicators/").status_code == 200
    Assignment.objects.filter(person=person).update(to_date=timezone.localdate() - DAY)
    assert client.get("/indicators/").status_code == 403


def test_another_day_is_read_anew(several):
    person = with_held(several.pk)
    tomorrow = Scope.of(person, timezone.localdate() + DAY)
    assert "service_office" in [h.role.code for h in tomorrow.held]
    assert "service_office" not in [h.role.code for h in person.scope.held]
