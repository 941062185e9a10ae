"""Scope against an oracle that walks the tree in plain Python: list, detail, API and export agree with it."""

import datetime as dt
import random

import pytest
from django.http import Http404
from django.utils import timezone

from kezun.kernel.actor import OutOfScope, SystemActor
from kezun.org import queries
from kezun.org.actions import move_unit
from kezun.org.models import Assignment, Person, Post, Unit, UnitPlace, UnitQuerySet
from kezun.org.rosterapply import apply
from kezun.org.rules.roster import Roster, UnitRow
from kezun.org.scope import roles

READ = "org.read"
SIZE = 72
SYSTEM = SystemActor("test")


@pytest.fixture
def dice():
    return random.Random(20260301)


@pytest.fixture
def world(db, dice):
    """72 units at random under one another, some moved since, and 72 people with random posts in them."""
    rows = [UnitRow("U0", "u", "head_office")]
    rows += [UnitRow(f"U{n}", "u", "outlet", f"U{dice.randrange(n)}") for n in range(1, SIZE)]
    apply(Roster(units=tuple(rows)))
    units = {u.code: u for u in Unit.objects.all()}
    for n in range(30, 45):
        move_unit(
            SYSTEM, units[f"U{n}"], parent=units[f"U{dice.randrange(n)}"], from_date=dt.date(2026, 5, 1)
        )
    posts = [Post.objects.create(code=r, name=r, role=r) for r in sorted(roles())]
    people = []
    for n in range(SIZE):
        person = Person.objects.create(code=f"E{n}", name="n", home_unit=units[f"U{dice.randrange(SIZE)}"])
        for _post in range(dice.randrange(4)):
            start = dice.choice([dt.date(2020, 1, 1), dt.date(2100, 1, 1)])
            end = dice.choice([dt.date(9999, 12, 31), start])
            Assignment.objects.create(
                person=person,
                unit=units[f"U{dice.randrange(SIZE)}"],
                post=dice.choice(posts),
                from_date=start + dt.timedelta(days=_post),
                to_date=end + dt.timedelta(days=_post) if end == start else end,
            )
        people.append(person)
    return people, units


class Oracle:
    """Who may read what, by walking up parents one by one."""

    def __init__(self, today):
        self.today = today
        rows = UnitPlace.objects.filter(from_date__lte=today, to_date__gte=today)
        self.parent = dict(rows.values_list("unit_id", "parent_id"))
        catalog = roles()
        held = Assignment.objects.select_related("post")
        self.held = [a for a in held if a.from_date <= today <= a.to_date]
        self.role = {a.pk: catalog[a.post.role] for a in self.held}

    def above(self, unit):
        while unit is not None:
            yield unit
            unit = self.parent.get(unit)

    def unit(self, person, unit):
        for a in self.held:
            role = self.role[a.pk]
            if a.person_id != person.pk or not role.may(READ):
                continue
            if role.reach == "bank" or (role.reach == "unit" and a.unit_id == unit):
                return True
            if role.reach == "subtree" and a.unit_id in self.above(unit):
                return True
        return False

    def bank(self, person):
        return any(
            a.person_id == person.pk and self.role[a.pk].reach == "bank" and self.role[a.pk].may(READ)
            for a in self.held
        )

    def person(self, person, other):
        if person.pk == other.pk or self.bank(person) or self.unit(person, other.home_unit_id):
            return True
        return any(a.person_id == other.pk and self.unit(person, a.unit_id) for a in self.held)


def test_lists_and_questions_agree_with_the_oracle_for_every_pair(world):
    people, units = world
    oracle = Oracle(timezone.localdate())
    pairs = 0
    for person in people:
        listed = set(Unit.objects.visible_to(person, READ).values_list("pk", flat=True))
        seen = set(Person.objects.visible_to(person, READ).values_list("pk", flat=True))
        for unit in units.values():
            assert (unit.pk in listed) is oracle.unit(person, unit.pk), (person.code, unit.code)
            pairs += 1
        for other in people:
            assert (other.pk in seen) is oracle.person(person, other), (person.code, other.code)
            pairs += 1
    assert pairs == 2 * SIZE * SIZE > 10_000


def test_details_and_covers_agree_with_the_oracle(world, dice):
    people, units = world
    oracle = Oracle(timezone.localdate())
    for _n in range(600):
        person, unit, other = dice.choice(people), dice.choice(list(units.values())), dice.choice(people)
        assert person.covers(READ, unit) is oracle.unit(person, unit.pk)
        allowed = oracle.person(person, other)
        assert person.covers(READ, other) is allowed
        try:
            found = queries.unit_by_code(person, unit.code, READ)
        except Http404:
            found = None
        assert (found == unit) is oracle.unit(person, unit.pk)
        if not allowed:
            with pytest.raises(OutOfScope):
                queries.person_by_code(person, other.code, READ)


def test_pages_and_api_agree_with_the_oracle(world, dice, client):
    people, units = world
    oracle = Oracle(timezone.localdate())
    able = [p for p in people if p.may(READ)]
    assert len(able) >= 8
    for person in dice.sample(able, 8):
        client.force_login(person, backend="kezun.org.signin.Backend")
        rows = client.get("/api/v1/units?limit=500").json()["units"]
        assert {u["code"] for u in rows} == {c for c, u in units.items() if oracle.unit(person, u.pk)}
        rows = client.get("/api/v1/people?limit=500").json()["people"]
        assert {p["code"] for p in rows} == {p.code for p in people if oracle.person(person, p)}
        for unit in dice.sample(list(units.values()), 4):
            wanted = 200 if oracle.unit(person, unit.pk) else 404
            assert client.get(f"/api/v1/units/{unit.code}").status_code == wanted


def test_home_is_the_fewest_units_that_cover_the_scope(world):
    people, _units = world
    oracle = Oracle(timezone.localdate())
    for person in people:
        tops = {u.pk for u in queries.home_units(person, READ)}
        if oracle.bank(person):
            assert len(tops) == 1
            continue
        for top in tops:
            assert oracle.unit(person, top)
        visible = set(Unit.objects.visible_to(person, READ).values_list("pk", flat=True))
        assert all(tops & set(oracle.above(unit)) for unit in visible)


def test_the_platform_sees_all_and_nobody_sees_nothing(world):
    class Nobody:
        trail_name = "nobody"

        def may(self, permission):
            return False

        def covers(self, permission, target):
            return False

    assert Unit.objects.visible_to(SYSTEM).count() == SIZE
    assert Person.objects.visible_to(SYSTEM).count() == SIZE
    assert Unit.objects.visible_to(Nobody()).count() == 0
    assert Person.objects.visible_to(Nobody()).count() == 0
    assert isinstance(Unit.objects.all(), UnitQuerySet)
