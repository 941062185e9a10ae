"""Queries that other rooms' pages stand on: right units, one statement each."""

import datetime as dt

import pytest

from kezun.kernel.actor import OutOfScope, SystemActor
from kezun.org import queries
from kezun.org.actions import move_unit
from kezun.org.models import Assignment, Person, Unit

TODAY = dt.date(2026, 6, 1)
SYSTEM = SystemActor("test")


def codes(units):
    return [u.code for u in units]


@pytest.mark.parametrize(
    ("role", "unit", "tops"),
    [
        ("service_office", "HO", ["HO"]),
        ("supervisor", "P1", ["P1"]),
        ("lobby_manager", "O1", ["O1"]),
        ("teller", "O1", []),
    ],
)
def test_home_begins_at_the_top_of_the_scope(person_in, role, unit, tops):
    assert codes(queries.home_units(person_in(role, unit))) == tops


def test_home_leaves_out_units_below_another_in_scope(person_in, bank):
    person = person_in("supervisor", "P1")
    held = person.assignments.get()
    for unit in ("O1", "O3"):
        Assignment.objects.create(person=person, unit=bank[unit], post=held.post)
    assert codes(queries.home_units(person)) == ["O3", "P1"]


def test_home_of_the_platform_is_the_whole_bank(bank):
    assert codes(queries.home_units(SYSTEM)) == ["HO"]


def test_children_follow_the_tree_of_the_day(person_in, bank):
    office = person_in("service_office", "HO")
    move_unit(SYSTEM, bank["O2"], parent=bank["S2"], from_date=dt.date(2026, 3, 1))
    assert codes(queries.children(office, bank["S1"], dt.date(2026, 2, 28))) == ["O1", "O2"]
    assert codes(queries.children(office, bank["S1"], TODAY)) == ["O1"]
    assert codes(queries.children(office, bank["S2"], TODAY)) == ["O2", "O3"]


def test_children_outside_the_scope_do_not_show(person_in, bank):
    assert queries.children(person_in("supervisor", "P2"), bank["S1"], TODAY) == []


def test_ancestors_stop_where_the_scope_ends(person_in, bank):
    assert codes(queries.ancestors(person_in("supervisor", "P1"), bank["O1"], TODAY)) == ["P1", "C1", "S1"]
    assert codes(queries.ancestors(SYSTEM, bank["O1"], TODAY)) == ["HO", "P1", "C1", "S1"]


def test_a_unit_outside_the_scope_does_not_exist(person_in, bank):
    person = person_in("supervisor", "P1")
    assert queries.unit_by_code(person, "O1") == bank["O1"]
    for code in ("O3", "HO", "NOWHERE"):
        with pytest.raises(OutOfScope):
            queries.unit_by_code(person, code)


def test_only_a_person_has_a_scope():
    with pytest.raises(TypeError):
        queries.actor_scope(SYSTEM)


def test_each_is_one_statement(person_in, bank, django_assert_num_queries):
    person = Person.objects.get(pk=person_in("supervisor", "P1").pk)
    with django_assert_num_queries(1):
        assert person.scope
    with django_assert_num_queries(1):
        queries.home_units(person)
    with django_assert_num_queries(1):
        queries.children(person, bank["S1"], TODAY)
    with django_assert_num_queries(1):
        queries.ancestors(person, bank["O1"], TODAY)
    with django_assert_num_queries(1):
        queries.unit_by_code(person, "O1")


def test_a_unit_is_called_by_its_code_or_its_name(person_in, bank):
    person = person_in("supervisor", "P1")
    outlet = bank["O1"]
    Unit.objects.filter(pk=outlet.pk).update(name="青屿枫林街营业厅", name_en="Qingyu Fenglin Street")
    for text in ("O1", "青屿枫林街营业厅", "枫林", "qingyu fenglin street", "Fenglin"):
        assert queries.unit_called(person, text) == outlet


def test_a_name_of_several_units_names_them_and_takes_none(person_in, bank):
    person = person_in("supervisor", "P1")
    Unit.objects.filter(pk__in=(bank["O1"].pk, bank["O2"].pk)).update(name="枫林街营业厅")
    for text in ("枫林", "枫林街营业厅"):
        with pytest.raises(OutOfScope, match=r"O1.*O2"):
            queries.unit_called(person, text)


def test_a_whole_name_goes_before_a_part_of_others(person_in, bank):
    person = person_in("supervisor", "P1")
    Unit.objects.filter(pk=bank["O1"].pk).update(name="枫林街")
    Unit.objects.filter(pk=bank["O2"].pk).update(name="枫林街东口")
    assert queries.unit_called(person, "枫林街") == bank["O1"]


def test_a_name_out_of_scope_or_of_nothing_is_not_there(person_in, bank):
    person = person_in("supervisor", "P1")
    Unit.objects.filter(pk=bank["O3"].pk).update(name="枫林街营业厅")
    for text in ("枫林", "O3", "", "O"):
        with pytest.raises(OutOfScope):
            queries.unit_called(person, text)
