"""Actions on people and assignments: registering, posts, deputies, disabling, unmasking."""

import datetime as dt

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from kezun.kernel.actor import Denied, OutOfScope, SystemActor
from kezun.kernel.models import TrailEntry
from kezun.org.actions import (
    add_person,
    add_post,
    assign,
    deputise,
    disable_person,
    enable_person,
    end_assignment,
    issue_token,
    open_line,
    unmask,
    update_person,
)
from kezun.org.models import FOREVER, Assignment, Person, Post, Unit

SYSTEM = SystemActor("test")
DAY = dt.date(2026, 3, 1)
PHONE = "13812345678"


@pytest.fixture
def admin(person_in):
    person = person_in("security_admin", "HO")
    person.__dict__["_raised"] = True
    return person


@pytest.fixture
def clerk(bank):
    return add_person(SYSTEM, bank["O1"], code="E1", name="王小明", username="wang", phone=PHONE)


def fresh(person):
    return Person.objects.get(pk=person.pk)


def test_a_person_is_registered_and_cannot_sign_in_yet(clerk, bank):
    assert not clerk.has_usable_password()
    assert fresh(clerk).phone == PHONE
    detail = TrailEntry.objects.get(verb="org.add_person").detail
    assert PHONE not in detail
    assert '"phone":"***"' in detail


@pytest.mark.parametrize(
    "given",
    [{"code": "E1"}, {"username": "WANG"}, {"email": "no mail"}, {"name": ""}],
    ids=lambda g: next(iter(g)),
)
def test_bad_people_are_refused(clerk, bank, given):
    with pytest.raises(ValidationError):
        add_person(SYSTEM, bank["O1"], **{"code": "E2", "name": "n", "username": "other", **given})


def test_data_change_one_by_one(clerk):
    update_person(SYSTEM, clerk, name="王大明", phone="10010", left_date=DAY)
    person = fresh(clerk)
    assert (person.name, person.phone, person.left_date, person.username) == ("王大明", "10010", DAY, "wang")
    update_person(SYSTEM, clerk, username="")
    assert fresh(clerk).username is None
    assert fresh(clerk).name == "王大明"


def test_a_post_gives_rights_on_the_next_request(clerk, bank, admin):
    post = add_post(SYSTEM, code="sup", name="督导", role="supervisor")
    assert not fresh(clerk).may("insight.read")
    row = assign(admin, bank["P1"], person=clerk, post=post, from_date=dt.date(2026, 1, 1))
    assert fresh(clerk).may("insight.read")
    assert Unit.objects.visible_to(fresh(clerk)).count() == 5
    end_assignment(admin, row, last_day=dt.date(2026, 1, 2))
    assert not fresh(clerk).may("insight.read")


def test_rights_must_be_raised_to_give_rights(clerk, bank, person_in):
    admin = person_in("security_admin", "HO")
    post = add_post(SYSTEM, code="sup", name="督导", role="supervisor")
    with pytest.raises(Denied):
        assign(admin, bank["P1"], person=clerk, post=post)
    assert not clerk.assignments.exists()


def test_nobody_gives_themselves_a_post(admin, bank):
    post = Post.objects.get(code="security_admin")
    with pytest.raises(Denied):
        assign(admin, bank["HO"], person=admin, post=post)


def test_the_three_administrators_are_three_people(bank, clerk):
    posts = [add_post(SYSTEM, code=r, name=r, role=r) for r in ("system_admin", "audit_admin")]
    row = assign(SYSTEM, bank["HO"], person=clerk, post=posts[0], from_date=DAY)
    with pytest.raises(ValidationError):
        assign(SYSTEM, bank["HO"], person=clerk, post=posts[1], from_date=DAY)
    end_assignment(SYSTEM, row, last_day=DAY)
    assign(SYSTEM, bank["HO"], person=clerk, post=posts[1], from_date=DAY + dt.timedelta(days=1))
    assert clerk.assignments.count() == 2


def test_a_post_with_a_role_outside_the_catalog_gives_nothing(bank, clerk):
    post = Post.objects.create(code="old", name="旧", role="abolished")
    with pytest.raises(ValidationError, match="abolished"):
        assign(SYSTEM, bank["O1"], person=clerk, post=post)


def test_an_assignment_starts_today_unless_said_otherwise(bank, clerk):
    post = add_post(SYSTEM, code="t", name="t", role="teller")
    assert assign(SYSTEM, bank["O1"], person=clerk, post=post).from_date == timezone.localdate()
    with pytest.raises(ValidationError):
        assign(SYSTEM, bank["O1"], person=clerk, post=post)
    with pytest.raises(ValidationError):
        end_assignment(SYSTEM, clerk.assignments.get(), last_day=DAY - dt.timedelta(days=900))


def test_a_deputy_stands_in_for_some_days(bank, clerk, person_in):
    head = person_in("outlet_manager", "O1")
    held = head.assignments.get()
    today = timezone.localdate()
    row = deputise(SYSTEM, held, person=clerk, from_date=today, to_date=today + dt.timedelta(days=3))
    assert (row.unit, row.post, row.deputy_for) == (held.unit, held.post, held)
    assert fresh(clerk).may("insight.read")
    end_assignment(SYSTEM, held, last_day=today)
    row.refresh_from_db()
    assert row.to_date == today


def test_a_deputy_who_would_begin_later_goes_with_the_assignment(bank, clerk, person_in):
    held = person_in("outlet_manager", "O1").assignments.get()
    deputise(SYSTEM, held, person=clerk, from_date=dt.date(2027, 1, 1), to_date=dt.date(2027, 2, 1))
    end_assignment(SYSTEM, held, last_day=dt.date(2026, 12, 1))
    assert not clerk.assignments.exists()


def test_impossible_deputies(bank, clerk, person_in):
    head = person_in("outlet_manager", "O1")
    held = head.assignments.get()
    Assignment.objects.filter(pk=held.pk).update(to_date=DAY)
    held.refresh_from_db()
    with pytest.raises(ValidationError):
        deputise(SYSTEM, held, person=head, from_date=DAY, to_date=DAY)
    for start, end in ((DAY, DAY + dt.timedelta(days=1)), (dt.date(1800, 1, 1), DAY)):
        with pytest.raises(ValidationError):
            deputise(SYSTEM, held, person=clerk, from_date=start, to_date=end)


def test_disabling_shuts_out_at_once_and_is_recorded(admin, clerk, bank, person_in):
    post = add_post(SYSTEM, code="sup", name="督导", role="supervisor")
    assign(SYSTEM, bank["P1"], person=clerk, post=post, from_date=dt.date(2026, 1, 1))
    issue_token(SYSTEM, fresh(clerk), name="t", permissions=["org.read"], days=3)
    disable_person(admin, clerk, reason="left the bank")
    assert not fresh(clerk).may("insight.read")
    assert not fresh(clerk).may("org.edit_own")
    assert not fresh(clerk).covers("org.read", bank["P1"])
    assert clerk.tokens.get().revoked_at is not None
    assert "left the bank" in TrailEntry.objects.get(verb="org.disable_person").detail
    enable_person(admin, clerk, reason="came back")
    assert fresh(clerk).may("insight.read")
    assert clerk.tokens.get().revoked_at is not None


def test_disabling_needs_a_reason_and_someone_else(admin, clerk):
    with pytest.raises(ValidationError):
        disable_person(admin, clerk, reason=" x ")
    with pytest.raises(ValidationError):
        disable_person(admin, admin, reason="tired of it")
    with pytest.raises(ValidationError):
        enable_person(admin, clerk, reason="")


def test_unmasking_gives_clear_values_and_records_only_the_reason(clerk, person_in):
    office = person_in("service_office", "HO")
    clear = unmask(office, clerk, reason="call back a customer")
    assert (clear.name, clear.phone) == ("王小明", PHONE)
    assert PHONE not in repr(clear)
    entry = TrailEntry.objects.get(verb="org.unmask")
    assert entry.target == f"org.person:{clerk.pk}"
    assert "call back a customer" in entry.detail
    assert PHONE not in entry.detail


def test_unmasking_needs_the_right_and_a_reason(clerk, person_in):
    with pytest.raises(Denied):
        unmask(person_in("supervisor", "P1"), clerk, reason="curious")
    with pytest.raises(ValidationError):
        unmask(person_in("service_office", "HO"), clerk, reason="x")


def test_a_line_limits_people_but_not_the_tree(bank, clerk):
    retail = open_line(SYSTEM, code="retail", name="零售")
    cards = open_line(SYSTEM, code="cards", name="银行卡", parent=retail)
    corporate = open_line(SYSTEM, code="corp", name="对公")
    teller = add_post(SYSTEM, code="t", name="t", role="teller")
    office = add_post(SYSTEM, code="so", name="s", role="service_office")
    start = dt.date(2026, 1, 1)
    for code, line in (("E2", cards), ("E3", corporate), ("E4", None)):
        person = add_person(SYSTEM, bank["O3"], code=code, name=code)
        assign(SYSTEM, bank["O3"], person=person, post=teller, line=line, from_date=start)
    assign(SYSTEM, bank["HO"], person=clerk, post=office, line=retail, from_date=start)
    me = fresh(clerk)
    assert {p.code for p in Person.objects.visible_to(me)} == {"E1", "E2"}
    assert Unit.objects.visible_to(me).count() == 11
    assert me.scope.lines() == {retail.pk, cards.pk}
    rows = {a.person.code: a for a in Assignment.objects.select_related("person")}
    assert me.covers("org.read", rows["E2"])
    assert not me.covers("org.read", rows["E3"])
    assert me.covers("org.read", rows["E4"]), "a record without a line belongs to its unit"
    assert me.covers("org.read", bank["O3"])
    assert not me.covers("org.unmask", Person.objects.get(code="E3"))
    with pytest.raises(OutOfScope):
        unmask(me, Person.objects.get(code="E3"), reason="not mine to see")
    assign(SYSTEM, bank["P1"], person=clerk, post=office, from_date=start)
    assert fresh(clerk).scope.lines() is None


def test_a_subtree_role_with_a_line_sees_its_people_in_its_units(bank, clerk):
    retail = open_line(SYSTEM, code="retail", name="零售")
    head = add_post(SYSTEM, code="h", name="h", role="unit_head")
    teller = add_post(SYSTEM, code="t", name="t", role="teller")
    start = dt.date(2026, 1, 1)
    for code, unit in (("E2", "O1"), ("E3", "O3")):
        person = add_person(SYSTEM, bank[unit], code=code, name=code)
        assign(SYSTEM, bank[unit], person=person, post=teller, line=retail, from_date=start)
    assign(SYSTEM, bank["P1"], person=clerk, post=head, line=retail, from_date=start)
    assert {p.code for p in Person.objects.visible_to(fresh(clerk))} == {"E1", "E2"}


def test_what_is_everyones_reaches_oneself_only(person_in):
    me, other = person_in("teller", "O1"), person_in("teller", "O2")
    assert me.may("org.issue_token")
    assert me.covers("org.issue_token", me)
    assert not me.covers("org.issue_token", other)
    with pytest.raises(OutOfScope):
        issue_token(me, other, name="n", permissions=["org.read"], days=1)


def test_records_without_unit_or_person_belong_to_the_whole_bank(person_in):
    assert person_in("service_office", "HO").covers("org.read", object())
    assert not person_in("supervisor", "P1").covers("org.read", object())


def test_a_persons_past_is_not_forgotten(clerk):
    assert clerk.left_date == FOREVER
