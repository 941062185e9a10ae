"""Loading an organisation in one go: all of it, once, and never against what the bank did since."""

import datetime as dt
from dataclasses import replace

import pytest
from django.core.exceptions import ValidationError
from django.db import connection

from kezun.kernel.actor import Denied, SystemActor
from kezun.kernel.models import TrailEntry
from kezun.org.actions import move_unit
from kezun.org.loading import load, load_organisation, load_sign_ins
from kezun.org.models import (
    FOREVER,
    Assignment,
    BusinessLine,
    GroupMember,
    LeadingGroup,
    Person,
    Post,
    Unit,
    UnitPath,
    UnitPlace,
    UnitTag,
)
from kezun.org.planning import Organisation
from kezun.org.rules.rows import AssignmentRow, GroupRow, LineRow, MoveRow, PersonRow, PostRow, UnitRow

DAY = dt.date(2026, 3, 1)
SYSTEM = SystemActor("test")
WANTED = Organisation(
    units=(
        UnitRow("O1", "网点一", "outlet", "B1", "Outlet 1", tags=frozenset({"large", "county"})),
        UnitRow("HQ", "总行", "head_office"),
        UnitRow("B1", "分行一", "tier1", "HQ"),
        UnitRow("B2", "分行二", "tier1", "HQ", zone="Asia/Urumqi", from_date=dt.date(2020, 1, 1)),
    ),
    moves=(MoveRow("O1", "B2", DAY),),
    lines=(LineRow("wealth", "财富", parent="retail"), LineRow("retail", "个金")),
    posts=(PostRow("teller", "柜员", "teller", "Teller"), PostRow("head", "行长", "unit_head")),
    people=(PersonRow("P1", "王安", "O1"), PersonRow("P2", "李宁", "B1"), PersonRow("P3", "张平", "B1")),
    assignments=(
        AssignmentRow("P3", "B1", "head", deputy_for="P2", from_date=DAY, to_date=DAY),
        AssignmentRow("P1", "O1", "teller", line="wealth"),
        AssignmentRow("P2", "B1", "head"),
    ),
    groups=(GroupRow("HQ", "领导小组", "Leading group", (("P2", "head"), ("P1", "member"))),),
)


def loaded(wanted=WANTED):
    return load(SYSTEM, wanted, pack="test", version=1)


def state():
    tables = (
        Unit,
        UnitPlace,
        UnitPath,
        UnitTag,
        BusinessLine,
        Post,
        Person,
        Assignment,
        LeadingGroup,
        GroupMember,
    )
    return {table.__name__: list(table.objects.order_by("pk").values()) for table in tables}


@pytest.mark.django_db
def test_everything_is_there_after_one_load():
    assert loaded() == {
        **{"assignment": 3, "businessline": 2, "groupmember": 2, "leadinggroup": 1, "person": 3, "post": 2},
        **{"unit": 4, "unitplace": 5, "unittag": 2},
    }
    outlet = Unit.objects.get(code="O1")
    before, after = outlet.places.order_by("from_date")
    assert (before.parent.code, before.to_date) == ("B1", DAY - dt.timedelta(days=1))
    assert (after.parent.code, after.from_date, after.to_date) == ("B2", DAY, FOREVER)
    assert set(outlet.tags.values_list("tag", flat=True)) == {"large", "county"}
    assert Unit.objects.get(code="B2").zone == "Asia/Urumqi"
    assert BusinessLine.objects.get(code="wealth").parent.code == "retail"
    deputy = Assignment.objects.get(person__code="P3")
    assert (deputy.deputy_for.person.code, deputy.post.code) == ("P2", "head")
    assert Assignment.objects.get(person__code="P1").line.code == "wealth"
    assert not Person.objects.get(code="P1").has_usable_password()
    assert GroupMember.objects.get(person__code="P2").duty == "head"


@pytest.mark.django_db
def test_paths_follow_the_moves():
    loaded()
    branches = [Unit.objects.get(code=code) for code in ("B1", "B2")]
    days = [DAY - dt.timedelta(days=1), DAY]
    below = [[set(Unit.objects.below(b, d).values_list("code", flat=True)) for d in days] for b in branches]
    assert below == [[{"B1", "O1"}, {"B1"}], [{"B2"}, {"B2", "O1"}]]


@pytest.mark.django_db
def test_twice_changes_nothing_and_leaves_one_entry():
    loaded()
    before, entries = state(), TrailEntry.objects.count()
    assert loaded() == {}
    assert state() == before
    assert TrailEntry.objects.count() == entries
    assert TrailEntry.objects.filter(verb="org.load").count() == 1


@pytest.mark.django_db
def test_the_action_itself_bears_repeating():
    loaded()
    before = state()
    assert load_organisation(SYSTEM, WANTED, pack="test", version=1) == {}
    assert state() == before


@pytest.mark.django_db
def test_names_are_mended_and_nothing_else_touched():
    loaded()
    units = tuple(replace(u, name="新名") if u.code == "B1" else u for u in WANTED.units)
    people = tuple(replace(p, name="王安安", unit="HQ") if p.code == "P1" else p for p in WANTED.people)
    posts = (replace(WANTED.posts[0], role="agent"), WANTED.posts[1])
    changed = loaded(replace(WANTED, units=units, people=people, posts=posts))
    assert changed == {"person": 1, "post": 1, "unit": 1}
    person = Person.objects.get(code="P1")
    assert (person.name, person.home_unit.code) == ("王安安", "O1")
    assert Unit.objects.get(code="B1").name == "新名"
    assert Post.objects.get(code="teller").role == "agent"


@pytest.mark.django_db
def test_what_the_bank_moved_since_stays():
    loaded()
    outlet, first = Unit.objects.get(code="O1"), Unit.objects.get(code="B1")
    move_unit(SYSTEM, outlet, parent=first, from_date=dt.date(2026, 4, 1))
    assert loaded() == {}
    assert outlet.places.get(to_date=FOREVER).parent == first


@pytest.mark.django_db
def test_a_later_version_adds_a_move_to_what_is_there():
    loaded(replace(WANTED, moves=()))
    assert loaded() == {"unitplace": 2}
    assert UnitPlace.objects.filter(unit__code="O1").count() == 2
    assert UnitPath.objects.filter(unit__code="O1", ancestor__code="B2").count() == 1


@pytest.mark.django_db
def test_rows_may_refer_to_what_the_database_holds():
    loaded()
    more = Organisation(
        units=(UnitRow("O2", "网点二", "outlet", "B1", tags=frozenset({"large"})),),
        people=(PersonRow("P4", "赵明", "O2"),),
        assignments=(
            AssignmentRow("P4", "O2", "teller"),
            AssignmentRow("P1", "O2", "teller", deputy_for="P4"),
        ),
        groups=(GroupRow("HQ", "领导小组", members=(("P4", "office"), ("P2", "head"))),),
    )
    assert loaded(more) == {
        **{"assignment": 2, "groupmember": 1, "person": 1, "unit": 1, "unitplace": 1, "unittag": 1}
    }
    assert LeadingGroup.objects.count() == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("part", "says"),
    [
        ({"units": (UnitRow("X", "x", "outlet", "NONE"),)}, "NONE"),
        ({"moves": (MoveRow("NONE", "NONE", DAY),)}, "NONE"),
        ({"lines": (LineRow("x", "x", parent="NONE"),)}, "NONE"),
        ({"people": (PersonRow("X", "x", "NONE"),)}, "NONE"),
        ({"assignments": (AssignmentRow("NONE", "HQ", "head"),)}, "NONE"),
        ({"assignments": (AssignmentRow("P1", "HQ", "NONE"),)}, "NONE"),
        ({"assignments": (AssignmentRow("P1", "HQ", "head", line="NONE"),)}, "NONE"),
        ({"assignments": (AssignmentRow("P1", "HQ", "head", deputy_for="NONE"),)}, "NONE"),
        ({"groups": (GroupRow("NONE", "x"),)}, "NONE"),
        ({"groups": (GroupRow("HQ", "x", members=(("NONE", "head"),)),)}, "NONE"),
    ],
)
def test_an_unknown_code_is_named_and_nothing_is_loaded(part, says):
    loaded()
    before = state()
    with pytest.raises(ValidationError, match=says):
        loaded(Organisation(**part))
    assert state() == before


@pytest.mark.django_db
def test_a_circle_is_refused_whole():
    loaded()
    before = state()
    with pytest.raises(ValidationError):
        loaded(
            Organisation(
                moves=(MoveRow("B1", "O1", dt.date(2027, 1, 1)), MoveRow("O1", "B1", dt.date(2027, 1, 1)))
            )
        )
    assert state() == before


@pytest.mark.django_db
def test_only_who_may_loads(person_in):
    with pytest.raises(Denied):
        load_organisation(person_in("teller", "O1"), Organisation(), pack="test", version=1)
    assert load_organisation(person_in("security_admin", "HO"), Organisation(), pack="test", version=1) == {}


@pytest.mark.django_db
def test_sign_ins_of_a_demo_are_made_once_and_the_password_stays_out_of_the_trail():
    loaded()
    names = {"P1": "teller", "P2": "boss"}
    assert load_sign_ins(SYSTEM, names, password="a long demo password") == 2
    assert load_sign_ins(SYSTEM, names, password="another password") == 0
    person = Person.objects.get(username="boss")
    assert person.check_password("a long demo password")
    assert not TrailEntry.objects.filter(detail__contains="a long demo password").exists()


@pytest.mark.django_db
def test_no_person_chooses_passwords_for_others(person_in):
    admin = person_in("security_admin", "HO")
    with pytest.raises(Denied):
        load_sign_ins(admin, {admin.code: "x"}, password="a long demo password")
    admin.refresh_from_db()
    assert not admin.check_password("a long demo password")


def test_a_phone_is_filled_in_once_sealed_and_never_in_the_trail(db):
    row = PersonRow("P9", "孙文", "HQ", phone="12900001234")
    wanted = Organisation(units=(UnitRow("HQ", "总行", "head_office"),), people=(row,))
    load_organisation(SYSTEM, wanted, pack="p", version=1)
    assert Person.objects.get(code="P9").phone == "12900001234"
    assert "12900001234" not in repr(wanted)
    with connection.cursor() as cursor:
        cursor.execute("SELECT phone FROM org_person WHERE code = 'P9'")
        assert cursor.fetchone()[0].startswith("v1:")
    assert not TrailEntry.objects.filter(detail__contains="12900001234").exists()
    Person.objects.filter(code="P9").update(phone="13900000000")
    assert load(SYSTEM, wanted, pack="p", version=1) == {}, "what the bank entered stays"
    Person.objects.filter(code="P9").update(phone="")
    assert load(SYSTEM, wanted, pack="p", version=1) == {"person": 1}
