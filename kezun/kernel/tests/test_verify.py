"""Verification over the tables: 100,000 entries, every kind of tampering, anchors, honest limits."""

import json
import time

import pytest
from django.db import connection, transaction

from kezun.kernel import trail
from kezun.kernel.anchor import anchor, anchors_path
from kezun.kernel.models import TrailAnchor, TrailEntry, TrailHead
from kezun.kernel.rules import head_digest
from kezun.kernel.tests.forge import fill, sql
from kezun.kernel.verify import MOST, explain, verify

pytestmark = pytest.mark.django_db


def found(report=None):
    return {(p.shard, p.position, p.code) for p in (report or verify()).problems}


@pytest.mark.once
def test_a_hundred_thousand_entries_and_every_kind_of_tampering(home):
    """The bar: each change found and named, at 5,000 entries a second or more."""
    fill(100_000, shards=4)
    anchor()
    began = time.process_time()
    report = verify()
    assert (report.intact, report.entries, report.chains, report.unanchored) == (True, 100_000, 4, 0)
    assert 100_000 / (time.process_time() - began) >= 5_000
    sql("UPDATE kernel_trailentry SET actor = 'person:99' WHERE shard = 0 AND position = 111")
    sql(
        "UPDATE kernel_trailentry SET detail = replace(detail, '客', '主') WHERE shard = 0 AND position = 222"
    )
    sql("UPDATE kernel_trailentry SET digest = %s WHERE shard = 0 AND position = 333", "f" * 64)
    sql("UPDATE kernel_trailentry SET verb = 'x.y', target = 'z' WHERE shard = 0 AND position = 444")
    sql("DELETE FROM kernel_trailentry WHERE shard = 1 AND position = 12345")
    sql("UPDATE kernel_trailentry SET position = 900001 WHERE shard = 2 AND position = 77")
    sql("UPDATE kernel_trailentry SET position = 77 WHERE shard = 2 AND position = 78")
    sql("UPDATE kernel_trailentry SET position = 78 WHERE shard = 2 AND position = 900001")
    sql("DELETE FROM kernel_trailentry WHERE shard = 3 AND position > 24990")
    began = time.process_time()
    problems = found()
    assert 99_989 / (time.process_time() - began) >= 5_000
    assert {
        *((0, 111, "column"), (0, 222, "edited"), (0, 333, "edited"), (0, 444, "column")),
        *((1, 12345, "missing"), (3, 24991, "cut")),
        *((2, 77, "column"), (2, 77, "edited"), (2, 78, "column"), (2, 78, "edited")),
    } <= problems
    assert {(s, p) for s, p, _ in problems} <= {
        *((0, 111), (0, 222), (0, 333), (0, 444), (1, 12345), (2, 77), (2, 78), (2, 79), (3, 24991))
    }


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("at", "2030-01-01 00:00:00"),
        ("actor", "person:0"),
        ("verb", "a.b"),
        ("target", ""),
        ("detail", "{}"),
        ("digest", "0" * 64),
        ("shard", 9),
        ("position", 500),
    ],
)
def test_every_column_is_covered(home, column, value):
    fill(40)
    sql(f"UPDATE kernel_trailentry SET {column} = %s WHERE shard = 1 AND position = 5", value)
    problems = found()
    assert problems
    moved = {"shard": (1, 5, "missing"), "position": (1, 5, "missing")}
    assert moved.get(column) in problems or all((s, p) == (1, 5) for s, p, _ in problems)


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL refuses such values by itself")
@pytest.mark.parametrize(
    "change",
    [
        "detail = CAST(x'7bff7d' AS TEXT)",
        "actor = CAST(x'ff' AS TEXT)",
        "at = 'yesterday'",
        "at = '2026-13-45 00:00:00'",
        "detail = 5",
        "digest = CAST(x'fe' AS BLOB)",
        "position = 'abc'",
        "shard = 'abc'",
    ],
)
def test_values_that_cannot_be_read_are_problems_not_crashes(home, change):
    fill(40)
    sql(f"UPDATE kernel_trailentry SET {change} WHERE shard = 1 AND position = 5")
    assert any(shard in (1, "abc") for shard, _, _ in found())


@pytest.mark.skipif(connection.vendor != "sqlite", reason="PostgreSQL refuses such values by itself")
def test_a_head_that_cannot_be_read_is_forged(home):
    fill(8)
    sql("UPDATE kernel_trailhead SET seal = CAST(x'ff' AS TEXT) WHERE shard = 1")
    sql("UPDATE kernel_trailhead SET count = 'abc' WHERE shard = 2")
    assert {(1, None, "head_forged"), (2, None, "head_forged")} <= found()


def test_heads_are_checked(home):
    fill(40)
    sql("UPDATE kernel_trailhead SET count = 9 WHERE shard = 0")
    sql("DELETE FROM kernel_trailhead WHERE shard = 1")
    head = TrailEntry.objects.get(shard=2, position=9).digest
    seal = head_digest(trail.key(), 2, 9, head)
    sql("UPDATE kernel_trailhead SET count = 9, head = %s, seal = %s WHERE shard = 2", head, seal)
    seal = head_digest(trail.key(), 3, 10, "0" * 64)
    sql("UPDATE kernel_trailhead SET head = %s, seal = %s WHERE shard = 3", "0" * 64, seal)
    assert found() == {
        *((0, None, "head_forged"), (0, 9, "head_differs"), (0, 10, "extra")),
        (1, None, "head_missing"),
        (2, 10, "extra"),
        (3, 10, "head_differs"),
    }


def _cut(shard: int, to: int) -> None:
    """The careful forger: cuts the tail and puts back the head row as it was then, seal and all."""
    head = TrailEntry.objects.get(shard=shard, position=to).digest
    sql("DELETE FROM kernel_trailentry WHERE shard = %s AND position > %s", shard, to)
    seal = head_digest(trail.key(), shard, to, head)
    sql(
        "UPDATE kernel_trailhead SET count = %s, head = %s, seal = %s WHERE shard = %s", to, head, seal, shard
    )


def test_a_cut_tail_with_the_old_head_is_found_by_the_anchor(home):
    fill(40)
    anchor()
    _cut(2, 6)
    assert found() == {(2, 7, "cut")}


def test_a_whole_chain_taken_away_is_found_by_the_anchor(home):
    fill(40)
    anchor()
    sql("DELETE FROM kernel_trailentry WHERE shard = 2")
    sql("DELETE FROM kernel_trailhead WHERE shard = 2")
    assert found() == {(2, None, "head_missing"), (2, 1, "cut")}


def test_the_limit_is_told_honestly(home):
    """What came after the last anchor and is cut off together with its head cannot be seen; so it is said."""
    fill(40)
    with transaction.atomic():
        anchor()
    assert verify().unanchored == 0
    trail.write("person:1", "a.b")
    assert verify().unanchored == 1
    fill_shard = TrailEntry.objects.order_by("-pk").first().shard
    if fill_shard < 4:
        _cut(fill_shard, 10)
        assert verify().intact


def test_anchors_are_a_chain_of_their_own(home):
    fill(8)
    made = []
    for _ in range(3):
        made.append(anchor())
        trail.write("person:1", "a.b")
    assert [m["sequence"] for m in made] == [1, 2, 3]
    assert made[1]["previous"] == made[0]["seal"]
    report = verify()
    assert (report.intact, report.anchors, report.anchored_at) == (True, 3, made[2]["at"])
    assert TrailAnchor.objects.get(sequence=2).line == anchors_path().read_text().splitlines()[1]


def test_nothing_new_is_not_anchored_again(home):
    assert anchor() is None
    fill(8)
    assert anchor() is not None
    assert anchor() is None
    assert len(anchors_path().read_bytes().splitlines()) == 1


def _three_anchors():
    fill(8)
    for _ in range(3):
        anchor()
        trail.write("person:1", "a.b")
    return anchors_path().read_text().splitlines(keepends=True)


@pytest.mark.parametrize(
    ("keep", "about"),
    [((0, 2), "2"), ((1, 2), "1"), ((0, 1), "3"), ((), "1"), ((0, 2, 1), "2")],
    ids=["middle", "first", "last", "all", "swapped"],
)
def test_a_line_missing_from_the_anchors_is_named(home, keep, about):
    lines = _three_anchors()
    anchors_path().write_text("".join(lines[n] for n in keep))
    assert (None, None, "anchor_missing", about) in [tuple(p) for p in verify().problems]


def test_the_databases_copy_serves_where_the_file_is_gone(home):
    fill(40)
    anchor()
    anchors_path().unlink()
    _cut(2, 6)
    assert found() == {(None, None, "anchor_missing"), (2, 7, "cut")}


@pytest.mark.parametrize("damage", ["digit", "json", "shape"])
def test_a_forged_anchor_is_named(home, damage):
    lines = _three_anchors()
    forged = json.loads(lines[1])
    forged["heads"]["0"][0] -= 1
    lines[1] = {"digit": json.dumps(forged) + "\n", "json": "{\n", "shape": "[1]\n"}[damage]
    anchors_path().write_text("".join(lines))
    assert (None, None, "anchor_forged", "2") in [tuple(p) for p in verify().problems]


def test_a_forged_copy_of_an_anchor_is_not_believed(home):
    fill(8)
    anchor()
    anchors_path().unlink()
    TrailAnchor.objects.update(line='{"heads": {"0": [99, "x"]}, "seal": "x"}')
    assert found() == {(None, None, "anchor_missing")}


def test_a_torn_last_line_is_dropped_by_the_next_anchor(home):
    _three_anchors()
    with anchors_path().open("ab") as out:
        out.write(b'{"sequence": 4, "hea')
    assert anchor()["sequence"] == 4
    report = verify()
    assert (report.intact, report.anchors) == (True, 4)


@pytest.mark.django_db(transaction=True)
def test_every_so_many_entries_an_anchor_is_made_after_the_commit(home, settings):
    settings.KEZUN_TRAIL_ANCHOR_EVERY = 3
    for _ in range(7):
        with transaction.atomic():
            trail.write("person:1", "a.b")
    heads = [json.loads(line)["heads"] for line in anchors_path().read_text().splitlines()]
    counts = [count for head in heads for count, _ in head.values()]
    assert counts == [3, 6]


@pytest.mark.django_db(transaction=True)
def test_an_anchor_that_cannot_be_written_does_not_undo_the_entry(home, settings):
    settings.KEZUN_TRAIL_ANCHOR_EVERY = 1
    (home / "trail").write_text("a file where the folder should be")
    with transaction.atomic():
        trail.write("person:1", "a.b")
    assert TrailEntry.objects.count() == 1


def test_entries_written_while_it_runs_are_no_problem(home, monkeypatch):
    fill(12, shards=3)
    from kezun.kernel import verify as module

    reading = module.rows_of

    def busy(shard):
        yield from reading(shard)
        for number in range(6):
            trail.write(f"person:{number}", "a.b")

    def early(shard):
        for number in range(6):
            trail.write(f"person:{number}", "a.b")
        yield from reading(shard)

    for meanwhile in (busy, early):
        monkeypatch.setattr(module, "rows_of", meanwhile)
        assert found() == set()


def test_progress_is_told(home, monkeypatch):
    monkeypatch.setattr("kezun.kernel.verify.PAGE", 10)
    fill(40)
    told = []
    verify(lambda done, total: told.append((done, total)))
    assert told == [(10, 40), (20, 40), (30, 40), (40, 40)]


def test_only_so_many_problems_are_listed_the_rest_is_counted(home):
    fill(1200)
    sql("UPDATE kernel_trailentry SET actor = 'x'")
    report = verify()
    assert (len(report.problems), report.more) == (MOST, 200)


def test_every_problem_has_words(home):
    fill(40)
    anchor()
    sql("UPDATE kernel_trailentry SET actor = 'x' WHERE shard = 0 AND position = 4")
    sql("DELETE FROM kernel_trailentry WHERE shard = 1 AND position = 4")
    report = verify()
    plain = report.as_json()
    assert json.loads(json.dumps(plain)) == plain
    assert plain["intact"] is False
    assert all(explain(p) for p in report.problems)
    assert "actor" in plain["problems"][0]["message"]


def test_an_empty_trail_is_intact(home):
    report = verify()
    assert (report.intact, report.entries, report.chains) == (True, 0, 0)
    assert not TrailHead.objects.exists()


def test_a_chain_that_begins_while_it_runs_is_no_problem(home, monkeypatch):
    from kezun.kernel import verify as module

    looked, looking = [], module._heads
    trail.write("person:1", "a.b")

    def heads():
        looked.append(1)
        return {} if len(looked) == 1 else looking()

    monkeypatch.setattr(module, "_heads", heads)
    assert found() == set()


def test_an_anchor_of_an_empty_chain_marks_nothing(home):
    TrailHead.objects.create(shard=3, count=0, head="0" * 64, seal=head_digest(trail.key(), 3, 0, "0" * 64))
    anchor()
    assert verify().intact
