"""What a load would write against a bank that is there: nothing twice, nothing lost, wrong codes named."""

import datetime as dt
from dataclasses import replace

import pytest
from django.core.exceptions import ValidationError
from django.utils import translation

from kezun.kernel.actor import SystemActor
from kezun.org.loading import load
from kezun.org.models import Assignment, GroupMember, LeadingGroup, Unit, UnitPlace, UnitTag
from kezun.org.planning import Loading, Organisation
from kezun.org.rules.rows import (
    AssignmentRow,
    GroupRow,
    LineRow,
    MoveRow,
    PersonRow,
    PostRow,
    UnitRow,
)

pytestmark = pytest.mark.django_db
DAY = dt.date(2026, 3, 1)
NEW = UnitRow("O9", "九", "outlet", "S1", from_date=DAY)
POST = PostRow("t", "柜员", "teller")
PERSON = PersonRow("E1", "王", "O1")
TASK = AssignmentRow("E1", "O1", "t")


@pytest.fixture(autouse=True)
def _bank(bank):
    """Every plan is made against the small bank."""


def plan(**given):
    return Loading(Organisation(**given)).collect()


def brought(**given):
    return load(SystemActor("test"), Organisation(**given), pack="test", version=2)


@pytest.mark.parametrize(
    ("given", "counts"),
    [
        ({}, {}),
        ({"units": (NEW,)}, {"unit": 1, "unitplace": 1}),
        ({"units": (replace(NEW, tags=frozenset({"a", "b"})),)}, {"unit": 1, "unitplace": 1, "unittag": 2}),
        ({"units": (UnitRow("O1", "新名", "outlet", "S1"),)}, {"unit": 1}),
        ({"posts": (POST,)}, {"post": 1}),
        ({"lines": (LineRow("b", "乙", parent="a"), LineRow("a", "甲"))}, {"businessline": 2}),
        ({"people": (PERSON,)}, {"person": 1}),
        (
            {"posts": (POST,), "people": (PERSON,), "assignments": (TASK, TASK)},
            {"assignment": 1, "person": 1, "post": 1},
        ),
        ({"moves": (MoveRow("O1", "S2", DAY),)}, {"unitplace": 2}),
        ({"units": (NEW,), "moves": (MoveRow("O9", "S2", DAY),)}, {"unit": 1, "unitplace": 1}),
        (
            {"people": (PERSON,), "groups": (GroupRow("HO", "组", members=(("E1", "head"),)),)},
            {"groupmember": 1, "leadinggroup": 1, "person": 1},
        ),
    ],
    ids=[
        *(
            "nothing",
            "unit",
            "tags",
            "renamed",
            "post",
            "lines-in-any-order",
            "person",
            "the-same-post-twice",
        ),
        *("move", "move-on-the-first-day", "group"),
    ],
)
def test_what_a_load_would_write(given, counts):
    found = plan(**given)
    assert found.counts() == counts
    assert found.empty is (not counts)
    assert found.places_change is ("unitplace" in counts)


@pytest.mark.parametrize(
    "given",
    [
        {"units": (NEW,), "moves": (MoveRow("O9", "S2", DAY + dt.timedelta(days=9)),)},
        {"posts": (POST,), "people": (PERSON,), "assignments": (TASK,)},
        {"people": (PERSON,), "groups": (GroupRow("HO", "组", members=(("E1", "head"), ("E1", "member"))),)},
        {"groups": (GroupRow("HO", "组"), GroupRow("HO", "组"))},
        {"units": (NEW, NEW)},
        {"people": (PERSON, PERSON)},
        {"units": (replace(NEW, tags=frozenset({"a"})), replace(NEW, tags=frozenset({"a"})))},
    ],
    ids=["move", "assignment", "member-twice", "group-twice", "unit-twice", "person-twice", "tag-twice"],
)
def test_what_was_loaded_once_or_stands_twice_is_written_once(given):
    assert brought(**given)
    assert brought(**given) == {}
    assert plan(**given).empty
    tables = {Unit: "code", LeadingGroup: "name"}
    for table, field in tables.items():
        names = list(table.objects.values_list(field, flat=True))
        assert len(names) == len(set(names))
    assert UnitTag.objects.count() == len(set(UnitTag.objects.values_list("unit", "tag")))
    assert UnitPlace.objects.filter(unit__code="O9", from_date=DAY).count() <= 1


def test_who_is_named_twice_in_a_group_keeps_the_first_duty():
    people, row = (PERSON,), GroupRow("HO", "组", members=(("E1", "head"), ("E1", "member")))
    brought(people=people, groups=(row,))
    assert list(GroupMember.objects.values_list("person__code", "duty")) == [("E1", "head")]


UNKNOWN = [
    ({"units": (replace(NEW, parent="S9"),)}, "机构“S9”", "There is no unit «S9»"),
    ({"moves": (MoveRow("O9", "S1", DAY),)}, "机构“O9”", "There is no unit «O9»"),
    ({"moves": (MoveRow("O1", "S9", DAY),)}, "机构“S9”", "There is no unit «S9»"),
    ({"lines": (LineRow("a", "甲", parent="z"),)}, "条线“z”", "There is no business line «z»"),
    ({"people": (replace(PERSON, unit="O9"),)}, "机构“O9”", "There is no unit «O9»"),
    ({"people": (PERSON,), "assignments": (TASK,)}, "岗位“t”", "There is no post «t»"),
    ({"posts": (POST,), "assignments": (TASK,)}, "E1”", "There is no person «E1»"),
    (
        {"posts": (POST,), "people": (PERSON,), "assignments": (replace(TASK, line="z"),)},
        *("条线“z”", "There is no business line «z»"),
    ),
    (
        {"posts": (POST,), "people": (PERSON,), "assignments": (replace(TASK, deputy_for="E7"),)},
        *("E7”", "There is no person «E7»"),
    ),
    ({"groups": (GroupRow("X", "组"),)}, "机构“X”", "There is no unit «X»"),
    ({"groups": (GroupRow("HO", "组", members=(("E1", "head"),)),)}, "E1”", "There is no person «E1»"),
]


@pytest.mark.parametrize(
    ("given", "zh", "en"), UNKNOWN, ids=[f"{n}-{row[2][12:]}" for n, row in enumerate(UNKNOWN)]
)
def test_a_code_that_is_nowhere_is_named_in_both_languages(given, zh, en):
    before = Unit.objects.count(), Assignment.objects.count()
    for language, words in (("zh-hans", zh), ("en", en)):
        with translation.override(language), pytest.raises(ValidationError) as refused:
            plan(**given)
        assert words in refused.value.messages[0]
    with pytest.raises(ValidationError):
        brought(**given)
    assert (Unit.objects.count(), Assignment.objects.count()) == before


def test_lines_that_lead_in_a_ring_are_refused_not_searched_for_ever():
    with pytest.raises(ValidationError):
        plan(lines=(LineRow("a", "甲", parent="b"), LineRow("b", "乙", parent="a")))


def test_a_move_back_in_time_is_left_alone():
    later = MoveRow("O1", "S2", DAY)
    brought(moves=(later,))
    assert plan(moves=(MoveRow("O1", "S1", DAY - dt.timedelta(days=9)),)).empty
    assert plan(moves=(later, MoveRow("O1", "S1", DAY + dt.timedelta(days=9)))).counts() == {"unitplace": 2}


def test_moves_are_taken_in_order_of_time():
    days = [DAY + dt.timedelta(days=n) for n in (20, 0, 10)]
    rows = tuple(MoveRow("O1", parent, day) for parent, day in zip(("S2", "S2", "S1"), days, strict=True))
    brought(moves=rows)
    found = UnitPlace.objects.filter(unit__code="O1").order_by("from_date")
    assert [place.parent.code for place in found] == ["S1", "S2", "S1", "S2"]
    for before, after in zip(found, list(found)[1:], strict=False):
        assert before.to_date + dt.timedelta(days=1) == after.from_date


def test_a_phone_that_is_known_is_not_overwritten():
    brought(people=(replace(PERSON, phone="111"),))
    assert plan(people=(replace(PERSON, phone="222"),)).empty
    assert plan(people=(replace(PERSON, name="李", phone="222"),)).counts() == {"person": 1}
    assert plan(people=(replace(PERSON, unit="O2"),)).empty
