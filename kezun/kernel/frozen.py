"""Rows that may no longer change: triggers in the database hold what a room has declared as settled.

A room declares its table with `freeze`; the triggers are put in after every migration, on SQLite and on
PostgreSQL alike. They stop accidents and plain SQL; whoever may drop a trigger is found by the hashes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

from kezun.kernel.guard import triggers

FUNCTION = """
CREATE OR REPLACE FUNCTION frozen_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION 'what is settled is never changed: %', TG_TABLE_NAME; END $$
"""


@dataclass(frozen=True)
class Frozen:
    """A table whose rows are settled once the moment in `since` is set: `columns` then keep their values.

    Such a row can neither be deleted. Other columns (a state, a note) stay free. step: a name for a later
    moment of a table that has one already; its rows then keep more.
    """

    table: str
    since: str
    columns: tuple[str, ...]
    step: str = ""

    @property
    def name(self) -> str:
        """The table, with the step where it is a later one."""
        return f"{self.table}_{self.step}" if self.step else self.table

    def triggers(self, vendor: str) -> tuple[str, ...]:
        """Names of its triggers; only PostgreSQL can empty a table at a stroke, and refuses."""
        both = f"{self.name}_settled", f"{self.name}_kept"
        return both if vendor == "sqlite" else (*both, f"{self.name}_emptied")

    def changed(self, differs: str) -> str:
        pairs = (f'NEW."{name}" {differs} OLD."{name}"' for name in (*self.columns, self.since))
        return f"OLD.{self.since} IS NOT NULL AND ({' OR '.join(pairs)})"


FROZEN: dict[str, Frozen] = {}


def freeze(declared: Frozen) -> None:
    """Declare a table's settled rows; once for each table and step."""
    if declared.name in FROZEN:
        raise RuntimeError(f"table {declared.name} is frozen twice")
    FROZEN[declared.name] = declared


def install(connection: BaseDatabaseWrapper) -> None:
    """Put the triggers of all declared tables that exist into the database; they replace older ones."""
    there = set(connection.introspection.table_names())
    tables = [frozen for frozen in FROZEN.values() if frozen.table in there]
    lift(connection)
    with connection.cursor() as cursor:
        if tables and connection.vendor != "sqlite":
            cursor.execute(FUNCTION)
        for frozen in tables:
            for statement in _statements(frozen, connection.vendor):
                cursor.execute(statement)


def _statements(frozen: Frozen, vendor: str) -> tuple[str, ...]:
    settled, kept, *emptied = frozen.triggers(vendor)
    if vendor == "sqlite":
        end = f"BEGIN SELECT RAISE(ABORT, 'what is settled is never changed: {frozen.table}'); END"
        return (
            f"CREATE TRIGGER {settled} BEFORE UPDATE ON {frozen.table} WHEN {frozen.changed('IS NOT')} {end}",
            f"CREATE TRIGGER {kept} BEFORE DELETE ON {frozen.table} "
            f"WHEN OLD.{frozen.since} IS NOT NULL {end}",
        )
    end = "EXECUTE FUNCTION frozen_refuse()"
    return (
        f"CREATE TRIGGER {settled} BEFORE UPDATE ON {frozen.table} FOR EACH ROW "
        f"WHEN ({frozen.changed('IS DISTINCT FROM')}) {end}",
        f"CREATE TRIGGER {kept} BEFORE DELETE ON {frozen.table} FOR EACH ROW "
        f"WHEN (OLD.{frozen.since} IS NOT NULL) {end}",
        *(
            f"CREATE TRIGGER {name} BEFORE TRUNCATE ON {frozen.table} FOR EACH STATEMENT {end}"
            for name in emptied
        ),
    )


def lift(connection: BaseDatabaseWrapper) -> None:
    """Take the triggers out: to empty a test database, and to play the forger in tests."""
    there = set(connection.introspection.table_names())
    with connection.cursor() as cursor:
        for frozen in FROZEN.values():
            if frozen.table in there:
                for name in frozen.triggers(connection.vendor):
                    where = "" if connection.vendor == "sqlite" else f" ON {frozen.table}"
                    cursor.execute(f"DROP TRIGGER IF EXISTS {name}{where}")


def missing(connection: BaseDatabaseWrapper) -> list[str]:
    """Names of declared triggers that are not in the database (the health page shows them)."""
    wanted = {name for frozen in FROZEN.values() for name in frozen.triggers(connection.vendor)}
    return sorted(wanted - triggers(connection))


def after_migrate(*, using: str = "default", **_more: Any) -> None:
    """Receives `post_migrate`: a table that a migration made anew has lost its triggers."""
    install(connections[using])
