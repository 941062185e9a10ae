"""Settled rows: what the database refuses, whoever asks."""

from __future__ import annotations

import pytest
from django.db import DatabaseError, connection, transaction

from kezun.kernel import frozen
from kezun.kernel.frozen import Frozen

pytestmark = pytest.mark.django_db
THING = Frozen("kernel_thing", "done_at", ("word", "tags"))


@pytest.fixture
def table(monkeypatch):
    """A table of our own, declared as frozen."""
    monkeypatch.setattr(frozen, "FROZEN", {})
    frozen.freeze(THING)
    with connection.cursor() as cursor:
        columns = "id integer, word text, tags text, free text, done_at text"
        cursor.execute(f"CREATE TABLE kernel_thing ({columns})")
        cursor.execute("INSERT INTO kernel_thing VALUES (1, 'a', NULL, 'x', NULL), (2, 'b', 't', 'x', 'now')")
    frozen.after_migrate(using="default")


def run(statement: str) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE kernel_thing SET word = 'z' WHERE id = 2",
        "UPDATE kernel_thing SET tags = NULL WHERE id = 2",
        "UPDATE kernel_thing SET done_at = NULL WHERE id = 2",
        "DELETE FROM kernel_thing WHERE id = 2",
    ],
)
def test_a_settled_row_stays(table, statement):
    with pytest.raises(DatabaseError, match="settled"):
        run(statement)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE kernel_thing SET word = 'z', done_at = 'now' WHERE id = 1",
        "UPDATE kernel_thing SET free = 'y', word = word WHERE id = 2",
        "DELETE FROM kernel_thing WHERE id = 1",
    ],
)
def test_what_is_not_settled_is_free(table, statement):
    run(statement)
    assert frozen.missing(connection) == []


def test_lifted_triggers_are_missing(table):
    frozen.lift(connection)
    assert {"kernel_thing_kept", "kernel_thing_settled"} <= set(frozen.missing(connection))
    run("DELETE FROM kernel_thing WHERE id = 2")
    frozen.install(connection)
    assert frozen.missing(connection) == []


def test_a_later_step_keeps_more(table):
    frozen.freeze(Frozen("kernel_thing", "free", ("tags",), step="over"))
    frozen.after_migrate(using="default")
    with pytest.raises(DatabaseError, match="settled"):
        run("UPDATE kernel_thing SET tags = 'u' WHERE id = 1")
    run("UPDATE kernel_thing SET word = 'z' WHERE id = 1")
    with pytest.raises(DatabaseError, match="settled"):
        run("UPDATE kernel_thing SET word = 'z' WHERE id = 2")
    frozen.lift(connection)
    assert {"kernel_thing_over_kept", "kernel_thing_over_settled"} <= set(frozen.missing(connection))


def test_a_table_is_declared_once_and_may_be_absent(monkeypatch):
    monkeypatch.setattr(frozen, "FROZEN", {})
    frozen.freeze(Frozen("kernel_absent", "at", ("x",)))
    with pytest.raises(RuntimeError):
        frozen.freeze(Frozen("kernel_absent", "at", ("y",)))
    frozen.install(connection)
    assert {"kernel_absent_kept", "kernel_absent_settled"} <= set(frozen.missing(connection))


@pytest.mark.skipif(connection.vendor == "sqlite", reason="SQLite cannot empty a table at a stroke")
def test_a_table_is_not_emptied_at_a_stroke(table):
    with pytest.raises(DatabaseError, match="settled"):
        run("TRUNCATE kernel_thing")
