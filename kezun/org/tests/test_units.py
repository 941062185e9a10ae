"""Actions on units, tags, lines, posts, leading groups."""

import datetime as dt

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from kezun.kernel.actor import Denied, OutOfScope, SystemActor
from kezun.kernel.models import TrailEntry
from kezun.org import queries
from kezun.org.actions import (
    add_member,
    add_post,
    assign,
    close_unit,
    end_member,
    found_group,
    merge_unit,
    move_unit,
    open_line,
    open_unit,
    rename_unit,
    set_tags,
)
from kezun.org.models import FOREVER, Assignment, Unit, UnitPlace, UnitTag

SYSTEM = SystemActor("test")
DAY = dt.date(2026, 3, 1)
BEFORE = DAY - dt.timedelta(days=1)


@pytest.fixture
def admin(person_in):
    person = person_in("security_admin", "HO")
    person.__dict__["_raised"] = True
    return person


def codes(units):
    return {u.code for u in units}


def test_a_unit_opens_below_another_from_a_day(admin, bank):
    unit = open_unit(admin, bank["S2"], code="O9", name="新网点", kind="outlet", from_date=DAY)
    assert codes(queries.children(SYSTEM, bank["S2"], BEFORE)) == {"O3"}
    assert codes(queries.children(SYSTEM, bank["S2"], DAY)) == {"O3", "O9"}
    assert TrailEntry.objects.filter(actor=admin.trail_name, verb="org.open_unit").count() == 1
    assert unit.opened_date == DAY


@pytest.mark.parametrize("given", [{"code": "O1"}, {"kind": "castle"}, {"name": ""}, {"code": "x" * 41}])
def test_bad_units_are_refused(bank, given):
    with pytest.raises(ValidationError):
        open_unit(SYSTEM, bank["S2"], **{"code": "O9", "name": "n", "kind": "outlet", **given})
    assert Unit.objects.count() == 11


def test_who_may_not_open_units_is_refused(person_in, bank):
    with pytest.raises(Denied):
        open_unit(person_in("unit_head", "P1"), bank["S1"], code="O9", name="n", kind="outlet")


def test_a_unit_is_renamed_and_keeps_its_code(bank):
    rename_unit(SYSTEM, bank["O1"], name="新名", name_en="New", kind="sub_branch")
    unit = Unit.objects.get(code="O1")
    assert (unit.name, unit.name_en, unit.kind) == ("新名", "New", "sub_branch")
    rename_unit(SYSTEM, unit, name="再新")
    assert Unit.objects.get(code="O1").kind == "sub_branch"


def test_a_move_must_start_after_the_present_place(bank):
    move_unit(SYSTEM, bank["O1"], parent=bank["S2"], from_date=DAY)
    with pytest.raises(ValidationError):
        move_unit(SYSTEM, bank["O1"], parent=bank["S1"], from_date=DAY)


def test_a_move_needs_an_open_parent(bank):
    close_unit(SYSTEM, bank["O2"], last_day=BEFORE)
    with pytest.raises(ValidationError):
        move_unit(SYSTEM, bank["O1"], parent=bank["O2"], from_date=DAY)


def test_both_ends_of_a_move_must_lie_in_scope(admin, bank, person_in, monkeypatch):
    from kezun.org import scope

    monkeypatch.setitem(
        scope.roles(), "unit_head", scope.Role("unit_head", "n", "n", "subtree", frozenset({"org.*"}))
    )
    head = person_in("unit_head", "P1")
    with pytest.raises(OutOfScope):
        move_unit(head, bank["O3"], parent=bank["S1"], from_date=DAY)
    with pytest.raises(OutOfScope):
        move_unit(head, bank["O1"], parent=bank["S2"], from_date=DAY)
    with pytest.raises(OutOfScope):
        merge_unit(head, bank["O1"], into=bank["O3"], from_date=DAY)
    assert UnitPlace.objects.count() == 11


def test_a_closed_unit_keeps_its_place_and_loses_its_people(bank, person_in):
    person = person_in("lobby_manager", "O1")
    later = Assignment.objects.create(
        person=person, unit=bank["O1"], post=person.assignments.get().post, from_date=dt.date(2027, 1, 1)
    )
    close_unit(SYSTEM, bank["O1"], last_day=DAY)
    assert person.assignments.get().to_date == DAY
    assert not Assignment.objects.filter(pk=later.pk).exists()
    assert codes(queries.children(SYSTEM, bank["S1"], DAY)) == {"O1", "O2"}
    assert codes(queries.children(SYSTEM, bank["S1"], DAY + dt.timedelta(days=1))) == {"O2"}
    assert queries.unit_by_code(person_in("supervisor", "P1"), "O1") == bank["O1"], "its past can be seen"


def test_a_unit_with_open_units_below_does_not_close(bank):
    with pytest.raises(ValidationError, match="O1, O2"):
        close_unit(SYSTEM, bank["S1"], last_day=DAY)
    for code in ("O1", "O2", "S1"):
        close_unit(SYSTEM, bank[code], last_day=DAY)
    assert Unit.objects.get(code="S1").closed_date == DAY


def test_a_unit_does_not_close_before_it_opened(bank):
    unit = open_unit(SYSTEM, bank["S2"], code="O9", name="n", kind="outlet", from_date=DAY)
    with pytest.raises(ValidationError):
        close_unit(SYSTEM, unit, last_day=BEFORE)


def test_a_merger_moves_units_and_people_and_leaves_the_past(bank, person_in):
    person = person_in("lobby_manager", "S1")
    merge_unit(SYSTEM, bank["S1"], into=bank["S2"], from_date=DAY)
    assert codes(queries.children(SYSTEM, bank["S1"], BEFORE)) == {"O1", "O2"}
    assert codes(queries.children(SYSTEM, bank["S2"], DAY)) == {"O1", "O2", "O3"}
    rows = {(a.unit.code, a.from_date, a.to_date) for a in person.assignments.select_related("unit")}
    assert rows == {("S1", dt.date(1900, 1, 1), BEFORE), ("S2", DAY, FOREVER)}
    person.refresh_from_db()
    assert person.home_unit == bank["S2"]
    assert Unit.objects.get(code="S1").closed_date == BEFORE


def test_who_is_to_come_later_comes_to_the_unit_that_takes_over(bank, person_in):
    person, later = person_in("lobby_manager", "O2"), DAY + dt.timedelta(days=30)
    post = person.assignments.get().post
    assign(SYSTEM, bank["S1"], person=person, post=post, from_date=later)
    merge_unit(SYSTEM, bank["S1"], into=bank["S2"], from_date=DAY)
    assert not person.assignments.filter(unit=bank["S1"]).exists()
    assert person.assignments.get(unit=bank["S2"]).from_date == later


@pytest.mark.parametrize(
    ("into", "day"),
    [("S1", DAY), ("O1", DAY), ("S2", dt.date(1900, 1, 1))],
    ids=["itself", "below", "before"],
)
def test_impossible_mergers(bank, into, day):
    with pytest.raises(ValidationError):
        merge_unit(SYSTEM, bank["S1"], into=bank[into], from_date=day)
    assert Unit.objects.get(code="S1").closed_date == FOREVER


def tags_on(unit, day):
    return set(
        UnitTag.objects.filter(unit=unit, from_date__lte=day, to_date__gte=day).values_list("tag", flat=True)
    )


def test_tags_have_a_past(bank):
    unit = bank["O1"]
    set_tags(SYSTEM, unit, tags=["临街", "county", " "], from_date=DAY)
    later = DAY + dt.timedelta(days=30)
    assert set_tags(SYSTEM, unit, tags=["county", "大型"], from_date=later) == ["county", "大型"]
    assert tags_on(unit, BEFORE) == set()
    assert tags_on(unit, DAY) == {"临街", "county"}
    assert tags_on(unit, later) == {"county", "大型"}
    assert UnitTag.objects.filter(unit=unit, tag="county").count() == 1


def test_setting_the_same_tags_again_changes_nothing(bank):
    for _time in range(2):
        set_tags(SYSTEM, bank["O1"], tags=["a", "b"], from_date=DAY)
    assert sorted(UnitTag.objects.values_list("tag", "from_date", "to_date")) == [
        ("a", DAY, FOREVER),
        ("b", DAY, FOREVER),
    ]


def test_tags_set_for_an_earlier_day_replace_later_ones(bank):
    set_tags(SYSTEM, bank["O1"], tags=["a"], from_date=DAY)
    set_tags(SYSTEM, bank["O1"], tags=["a"], from_date=BEFORE)
    set_tags(SYSTEM, bank["O1"], tags=[], from_date=BEFORE)
    assert UnitTag.objects.count() == 0


def test_tags_default_to_today(bank):
    set_tags(SYSTEM, bank["O1"], tags=["a"])
    from django.utils import timezone

    assert UnitTag.objects.get().from_date == timezone.localdate()


def test_lines_form_a_second_hierarchy(db):
    retail = open_line(SYSTEM, code="retail", name="零售")
    cards = open_line(SYSTEM, code="cards", name="银行卡", name_en="Cards", parent=retail)
    assert cards.parent == retail
    with pytest.raises(ValidationError):
        open_line(SYSTEM, code="cards", name="x")


def test_posts_carry_only_roles_of_the_catalog(db):
    assert add_post(SYSTEM, code="lm", name="大堂经理", role="lobby_manager").role == "lobby_manager"
    with pytest.raises(ValidationError, match="emperor"):
        add_post(SYSTEM, code="e", name="x", role="emperor")


def test_a_leading_group_and_its_members(bank, person_in, admin):
    group = found_group(admin, bank["P1"], name="文明优质服务领导小组")
    person = person_in("unit_head", "P1")
    member = add_member(admin, group, person=person, duty="head", from_date=DAY)
    end_member(admin, member, last_day=DAY + dt.timedelta(days=9))
    assert group.members.get().to_date == dt.date(2026, 3, 10)
    with pytest.raises(ValidationError):
        end_member(admin, member, last_day=BEFORE)
    with pytest.raises(ValidationError):
        add_member(admin, group, person=person, duty="king", from_date=DAY)


def test_the_table_itself_refuses_what_cannot_be(bank, person_in):
    person = person_in("unit_head", "P1")
    post = person.assignments.get().post
    with pytest.raises(IntegrityError), transaction.atomic():
        Assignment.objects.create(person=person, unit=bank["O1"], post=post, from_date=DAY, to_date=BEFORE)
    with pytest.raises(IntegrityError), transaction.atomic():
        UnitPlace.objects.create(unit=bank["O1"], parent=bank["O1"], from_date=DAY)


def test_nobody_is_assigned_to_a_closed_unit(bank, person_in):
    person = person_in("teller", "O2")
    close_unit(SYSTEM, bank["O1"], last_day=BEFORE)
    with pytest.raises(ValidationError):
        assign(SYSTEM, bank["O1"], person=person, post=person.assignments.get().post, from_date=DAY)
