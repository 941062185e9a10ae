"""The store: snapshots, pruning, the commit protocol, sweeping and compaction."""

import datetime as dt
import os

import duckdb
import pyarrow as pa
import pytest

from kezun.facts import store
from kezun.facts.duck import duck
from kezun.facts.models import FactFile, Snapshot
from kezun.facts.writing import compact, scan, store_rows, write

pytestmark = [pytest.mark.django_db, pytest.mark.clock]  # the times of files are true


@pytest.fixture(autouse=True)
def _home(settings, tmp_path):
    settings.KEZUN_HOME = tmp_path


def tickets(keys, unit=1, day="2026-03-01", **more):
    n = len(keys)
    start = dt.datetime.fromisoformat(day)
    return pa.table(
        {
            "source_id": keys,
            "unit": [unit] * n,
            "occurred_at": [start + dt.timedelta(minutes=i) for i in range(n)],
            "outcome": ["served"] * n,
            "channel": ["counter"] * n,
            "direction": ["in"] * n,
            "wait_s": list(range(n)),
        }
        | more
    )


def keys_in(fact="ticket", snapshot=None, **prune):
    paths = store.files(fact, snapshot, **prune)
    return sorted(r[0] for r in duckdb.sql(f"SELECT source_id FROM {scan(fact, paths)}").fetchall())


def test_an_empty_store_has_no_snapshot_and_no_files():
    assert store.snapshot_at("ticket") is None
    assert store.files("ticket") == []
    assert keys_in() == []


def test_rows_come_back_with_the_declared_schema_and_sorted():
    store_rows("ticket", tickets(["b", "a"], unit=2), source="q")
    [path] = store.files("ticket")
    rows = duckdb.sql(f"SELECT * FROM '{path}'").fetchall()
    assert [r[1] for r in rows] == ["b", "a"]
    types = dict(duckdb.sql(f"SELECT column_name, column_type FROM (DESCRIBE FROM '{path}')").fetchall())
    assert types["unit"] == "INTEGER"
    assert types["occurred_at"] == "TIMESTAMP"
    assert not [t for t in types.values() if t.startswith("U")]
    assert rows[0][6:9] == (dt.date(2026, 3, 1), 0, 7)


def test_each_snapshot_keeps_its_files_for_good():
    first = store_rows("ticket", tickets(["a"]), source="q")
    between = Snapshot.objects.get(number=first).created_at
    store_rows("ticket", tickets(["b"]), source="q")
    assert (keys_in(snapshot=first), keys_in()) == (["a"], ["a", "b"])
    assert store.snapshot_at("ticket", between) == first
    assert store.snapshot_at("ticket", between - dt.timedelta(days=1)) is None


def test_files_are_pruned_by_day_and_unit():
    store_rows("ticket", tickets(["a"], unit=1, day="2026-03-01"), source="q")
    store_rows("ticket", tickets(["b"], unit=5, day="2026-04-01"), source="q")
    assert keys_in(since=dt.date(2026, 4, 1)) == ["b"]
    assert keys_in(until=dt.date(2026, 3, 31)) == ["a"]
    assert keys_in(units=[2, 3, 4]) == []
    assert keys_in(units=[5, 9]) == ["b"]
    assert keys_in(units=[]) == []


def test_a_commit_that_removes_a_replaced_file_is_a_conflict_and_changes_nothing():
    store_rows("ticket", tickets(["a"]), source="q")
    old = FactFile.objects.get()
    store_rows("ticket", tickets(["a2"]), source="q", replace=[old.pk])
    before = store.files("ticket")
    with pytest.raises(store.Conflict):
        store_rows("ticket", tickets(["a3"]), source="q", replace=[old.pk])
    assert store.files("ticket") == before
    assert sorted(store.root().rglob("*.parquet*")) == sorted([store.root() / old.path, *before])


def test_keys_that_came_after_the_comparison_are_a_conflict_others_are_not():
    base = store_rows("ticket", tickets(["k1"]), source="q")
    store_rows("ticket", tickets(["k5"]), source="q")
    with duck() as connection:
        connection.register("t", tickets(["k5"]))
        same = write(connection, "ticket", typed("t", "q"))
        other_source = write(connection, "ticket", typed("t", "z"))
    with pytest.raises(store.Conflict):
        store.commit("ticket", same, base=base)
    assert store.commit("ticket", other_source, base=base) == 3


def typed(table, source):
    return (
        f"(SELECT *, '{source}' AS source, now()::TIMESTAMP AS recorded_at, NULL AS person, "
        "occurred_at::DATE AS day, 0 AS hour, 1 AS weekday, NULL AS business, NULL AS class, "
        f"NULL AS counter, NULL AS service_s, NULL AS wrap_s, NULL AS promise_s FROM {table})"
    )


def test_snapshots_never_run_backwards_in_time():
    store_rows("ticket", tickets(["a"]), source="q")
    future = dt.datetime(2200, 1, 1, tzinfo=dt.UTC)
    Snapshot.objects.update(created_at=future)
    second = store_rows("ticket", tickets(["b"]), source="q")
    assert Snapshot.objects.get(number=second).created_at > future


def test_a_big_month_is_split_by_unit_and_small_files_are_merged():
    for unit in (1, 2, 3):
        store_rows("ticket", tickets([f"u{unit}-{i}" for i in range(4)], unit=unit), source="q")
    before = keys_in()
    assert compact("ticket", "2026-03", rows=10) is not None
    spans = sorted(FactFile.objects.filter(removed=None).values_list("min_unit", "max_unit", "rows"))
    assert spans == [(1, 2, 8), (3, 3, 4)]
    assert keys_in() == before
    assert keys_in(snapshot=3) == before
    assert compact("ticket", "2026-03", rows=8) is None


def test_compaction_never_mixes_sources():
    for source in "qz":
        for key in "ab":
            store_rows("ticket", tickets([key]), source=source)
    compact("ticket", "2026-03")
    assert sorted(FactFile.objects.filter(removed=None).values_list("source", "rows")) == [("q", 2), ("z", 2)]


def test_what_nobody_lists_is_swept_after_its_grace():
    store_rows("ticket", tickets(["a"]), source="q")
    folder = store.root() / "ticket" / "2026-03"
    old, young, torn = folder / "x.parquet", folder / "y.parquet", folder / "z.parquet.tmp"
    for path in (old, young, torn):
        path.write_bytes(b"x")
    for path in (old, torn):
        os.utime(path, (0, 0))
    for path in store.files("ticket"):
        os.utime(path, (0, 0))
    assert sorted(store.sweep()) == [old, torn]
    assert young.exists()
    assert keys_in() == ["a"]


def test_a_failed_write_leaves_no_file():
    broken = typed("t", "q").replace("NULL AS business", "error('boom') AS business")
    with duck() as connection:
        connection.register("t", tickets(["k5"]))
        with pytest.raises(duckdb.Error):
            write(connection, "ticket", broken)
    assert not list(store.root().rglob("*.parquet*"))


def test_an_older_file_lacks_a_new_column_and_reads_as_null():
    store_rows("ticket", tickets(["a"]), source="q")
    [path] = store.files("ticket")
    duckdb.sql(f"COPY (SELECT * EXCLUDE promise_s FROM '{path}') TO '{path}.new' (FORMAT parquet)")
    os.replace(f"{path}.new", path)
    FactFile.objects.update(schema_version=0)
    assert duckdb.sql(f"SELECT promise_s, source_id FROM {scan('ticket', [path])}").fetchall() == [
        (None, "a")
    ]
