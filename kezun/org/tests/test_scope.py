"""Scope: who sees which units."""

import datetime as dt

import pytest

from kezun.kernel.actor import SystemActor
from kezun.kernel.models import TrailEntry
from kezun.org.actions import move_unit
from kezun.org.models import Person, Unit

ALL = {"HO", "P1", "P2", "CC", "C1", "C2", "S1", "S2", "O1", "O2", "O3"}


@pytest.mark.parametrize(
    ("role", "unit", "seen"),
    [
        ("service_office", "HO", ALL),
        ("supervisor", "P1", {"P1", "C1", "S1", "O1", "O2"}),
        ("outlet_manager", "O3", {"O3"}),
        ("lobby_manager", "O1", {"O1"}),
        ("teller", "O1", set()),
        ("auditor", "HO", ALL),
    ],
)
def test_units_in_scope(person_in, role, unit, seen):
    person = person_in(role, unit)
    assert {u.code for u in Unit.objects.visible_to(person)} == seen


def test_a_teller_sees_only_themself(person_in):
    me = person_in("teller", "O1")
    person_in("teller", "O2")
    assert [p.pk for p in Person.objects.visible_to(me)] == [me.pk]


def test_a_moved_unit_keeps_its_past(bank):
    move_unit(SystemActor("test"), bank["O1"], parent=bank["S2"], from_date=dt.date(2026, 3, 1))
    before = Unit.objects.all().below(bank["P1"], dt.date(2026, 2, 28))
    after = Unit.objects.all().below(bank["P1"], dt.date(2026, 3, 1))
    assert "O1" in {u.code for u in before}
    assert "O1" not in {u.code for u in after}
    assert TrailEntry.objects.filter(verb="org.move_unit").count() == 1
