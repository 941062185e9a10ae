"""Answers that were kept never outlive a change of a unit: its kind, its closing, its place."""

import datetime as dt
import threading

import pyarrow as pa
import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from kezun.facts import cache
from kezun.facts.queries import measure
from kezun.facts.questions import Question
from kezun.facts.rules import Period
from kezun.facts.writing import store_rows
from kezun.kernel.actor import SystemActor
from kezun.org.actions import close_unit, merge_unit, move_unit, open_unit, rename_unit
from kezun.org.models import Unit, UnitPath

pytestmark = pytest.mark.django_db
ACTOR = SystemActor("test")
MARCH = Period.parse("2026-03")


@pytest.fixture
def tickets(bank):
    """Two tickets at O1, three at O2, five at O3, in March."""
    rows = [
        {
            "unit": bank[code].pk,
            "occurred_at": dt.datetime(2026, 3, 2, 2, i),
            "source_id": f"{code}-{i}",
            "outcome": "served",
            "wait_s": 60,
        }
        for code, n in (("O1", 2), ("O2", 3), ("O3", 5))
        for i in range(n)
    ]
    store_rows("ticket", pa.Table.from_pylist(rows), source="test")
    return bank


def below(kind, unit="HO", period=MARCH):
    found = measure(ACTOR, Question(("floor.tickets",), unit, period, below=kind))
    return {a.unit: a.value for a in found}


def test_a_unit_of_another_kind_leaves_and_joins_the_rankings(tickets):
    assert below("outlet") == {"O1": 2, "O2": 3, "O3": 5}
    assert below("department") == {}
    rename_unit(ACTOR, tickets["O2"], name="部门", kind="department")
    assert below("outlet") == {"O1": 2, "O3": 5}
    assert below("department") == {"O2": 3}


def test_a_unit_that_was_closed_is_no_longer_asked_for_the_days_after(tickets):
    april = Period.parse("2026-04")
    assert set(below("outlet", period=april)) == {"O1", "O2", "O3"}
    close_unit(ACTOR, tickets["O3"], last_day=dt.date(2026, 3, 31))
    assert set(below("outlet", period=april)) == {"O1", "O2"}
    assert below("outlet")["O3"] == 5


def test_a_merged_unit_closes_and_its_past_stays(tickets):
    assert below("sub_branch", period=Period.parse("2026-05")) == {"S1": 0, "S2": 0}
    merge_unit(ACTOR, tickets["S2"], into=tickets["S1"], from_date=dt.date(2026, 4, 1))
    assert below("sub_branch", period=Period.parse("2026-05")) == {"S1": 0}
    assert below("sub_branch") == {"S1": 5, "S2": 5}


@pytest.mark.parametrize(
    "change",
    [
        lambda bank: rename_unit(ACTOR, bank["O1"], name="甲", kind="department"),
        lambda bank: close_unit(ACTOR, bank["O1"], last_day=dt.date(2026, 3, 31)),
        lambda bank: move_unit(ACTOR, bank["O1"], parent=bank["S2"], from_date=dt.date(2026, 3, 10)),
        lambda bank: open_unit(ACTOR, bank["S1"], code="O9", name="新", kind="outlet"),
        lambda bank: merge_unit(ACTOR, bank["S2"], into=bank["S1"], from_date=dt.date(2026, 4, 1)),
    ],
)
def test_every_change_of_the_tree_grows_its_version(bank, change):
    before = cache.versions()[cache.TREE]
    change(bank)
    assert cache.versions()[cache.TREE] > before


def test_a_changed_unit_keeps_exactly_its_paths(bank):
    def paths():
        fields = ("unit__code", "ancestor__code", "depth", "from_date", "to_date")
        return sorted(UnitPath.objects.values_list(*fields))

    before = paths()
    rename_unit(ACTOR, bank["S1"], name="支行", kind="department")
    assert paths() == before


def test_a_pack_or_roster_that_changes_a_kind_counts_too(bank):
    from kezun.org.tree import mark_changed

    before = cache.versions()[cache.TREE]
    mark_changed([])
    assert cache.versions()[cache.TREE] == before
    mark_changed(Unit.objects.values_list("pk", flat=True))
    assert cache.versions()[cache.TREE] > before
    assert UnitPath.objects.filter(depth=0).count() == Unit.objects.count()


def test_snapshots_and_tree_are_read_in_one_statement(tickets):
    with CaptureQueriesContext(connection) as asked:
        found = cache.versions()
    assert len(asked) == 1
    assert found["ticket"] > 0
    assert found[cache.TREE] == UnitPath.objects.order_by("-pk").first().pk


def test_without_units_or_facts_there_is_no_version(db):
    assert not any(cache.versions().values())


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "change",
    [
        lambda bank: rename_unit(ACTOR, bank["O2"], name="乙", kind="department"),
        lambda bank: open_unit(ACTOR, bank["S1"], code="O9", name="新", kind="outlet"),
        lambda bank: move_unit(ACTOR, bank["O2"], parent=bank["S2"], from_date=dt.date(2026, 3, 10)),
    ],
)
def test_versions_are_committed_in_their_order(bank, change):
    """Else an answer kept between two commits would hold the newer version and lack the older change."""
    if not connection.features.has_select_for_update:
        pytest.skip("this database has one writer at a time")
    done = threading.Event()

    def other():
        try:
            change(bank)
        finally:
            connection.close()
            done.set()

    second = threading.Thread(target=other)
    with transaction.atomic():
        rename_unit(ACTOR, bank["O1"], name="甲", kind="department")
        first = cache.versions()[cache.TREE]
        second.start()
        assert not done.wait(0.7)
    second.join(20)
    assert done.is_set()
    assert cache.versions()[cache.TREE] > first
