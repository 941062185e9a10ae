"""What the database holds of links: a merged case is no target of a merger, a target is not merged itself.

So a chain of mergers, and with it a circle, cannot come about, whoever writes. The triggers are put in after
every migration, like those of settled rows (`kernel.frozen`), on SQLite and on PostgreSQL alike.
"""

from __future__ import annotations

from typing import Any

from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper

TABLE, NAME = "cases_link", "cases_link_flat"
WRONG = f"""
    NEW.type = 'duplicate_of' AND NEW.ended_at IS NULL AND EXISTS (
        SELECT 1 FROM {TABLE} held WHERE held.type = 'duplicate_of' AND held.ended_at IS NULL
        AND held.id <> NEW.id AND (held.source_id = NEW.target_id OR held.target_id = NEW.source_id))
"""
SAID = "a merged case is no target of a merger"
FUNCTION = f"""
CREATE OR REPLACE FUNCTION {NAME}() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN IF {WRONG} THEN RAISE EXCEPTION '{SAID}' USING ERRCODE = 'integrity_constraint_violation'; END IF;
RETURN NEW; END $$
"""


def after_migrate(*, using: str = "default", **_more: Any) -> None:
    """Receives `post_migrate`: a table that a migration made anew has lost its triggers."""
    install(connections[using])


def install(connection: BaseDatabaseWrapper) -> None:
    """Put the triggers in, in place of older ones, where the table exists."""
    if TABLE not in connection.introspection.table_names():
        return
    with connection.cursor() as cursor:
        for statement in _statements(connection.vendor):
            cursor.execute(statement)


def _statements(vendor: str) -> list[str]:
    if vendor != "sqlite":
        drop = f"DROP TRIGGER IF EXISTS {NAME} ON {TABLE}"
        made = f"CREATE TRIGGER {NAME} BEFORE INSERT OR UPDATE ON {TABLE} FOR EACH ROW"
        return [FUNCTION, drop, f"{made} EXECUTE FUNCTION {NAME}()"]
    found = []
    for when in ("INSERT", "UPDATE"):
        name = f"{NAME}_{when.lower()}"
        end = f"BEGIN SELECT RAISE(ABORT, '{SAID}'); END"
        wrong = WRONG.replace("held.id <> NEW.id AND", "held.id IS NOT NEW.id AND")
        found += [
            f"DROP TRIGGER IF EXISTS {name}",
            f"CREATE TRIGGER {name} BEFORE {when} ON {TABLE} WHEN {wrong} {end}",
        ]
    return found
