"""The trail's guard in the database: triggers that refuse to change or remove what was written.

They stop accidents and plain SQL; whoever may drop a trigger is found by the chain. SQLite and PostgreSQL.
"""

from __future__ import annotations

from django.db.backends.base.base import BaseDatabaseWrapper

ENTRY, HEAD = "kernel_trailentry", "kernel_trailhead"
REFUSED = "the trail is append-only"
BACKWARDS = "a head of the trail only moves forward"

_SQLITE = {
    "trail_entry_update": f"BEFORE UPDATE ON {ENTRY} BEGIN SELECT RAISE(ABORT, '{REFUSED}'); END",
    "trail_entry_delete": f"BEFORE DELETE ON {ENTRY} BEGIN SELECT RAISE(ABORT, '{REFUSED}'); END",
    "trail_head_update": f"BEFORE UPDATE ON {HEAD} WHEN NEW.count <= OLD.count OR NEW.shard <> OLD.shard "
    f"BEGIN SELECT RAISE(ABORT, '{BACKWARDS}'); END",
    "trail_head_delete": f"BEFORE DELETE ON {HEAD} BEGIN SELECT RAISE(ABORT, '{BACKWARDS}'); END",
}
_POSTGRES = {
    "trail_entry_update": f"BEFORE UPDATE OR DELETE ON {ENTRY} FOR EACH ROW",
    "trail_entry_empty": f"BEFORE TRUNCATE ON {ENTRY} FOR EACH STATEMENT",
    "trail_head_update": f"BEFORE UPDATE ON {HEAD} FOR EACH ROW "
    "WHEN (NEW.count <= OLD.count OR NEW.shard <> OLD.shard)",
    "trail_head_delete": f"BEFORE DELETE ON {HEAD} FOR EACH ROW",
    "trail_head_empty": f"BEFORE TRUNCATE ON {HEAD} FOR EACH STATEMENT",
}
_FUNCTION = f"""
CREATE OR REPLACE FUNCTION trail_refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN RAISE EXCEPTION '{REFUSED}'; END $$
"""


def install(connection: BaseDatabaseWrapper) -> None:
    """Put the triggers into the database; harmless where they are already."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            for name, body in _SQLITE.items():
                cursor.execute(f"CREATE TRIGGER IF NOT EXISTS {name} {body}")
            return
        cursor.execute(_FUNCTION)
        for name, when in _POSTGRES.items():
            cursor.execute(f"CREATE OR REPLACE TRIGGER {name} {when} EXECUTE FUNCTION trail_refuse()")


def lift(connection: BaseDatabaseWrapper) -> None:
    """Take the triggers out: to empty a test database, and to play the forger in tests."""
    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            for name in _SQLITE:
                cursor.execute(f"DROP TRIGGER IF EXISTS {name}")
            return
        for name, when in _POSTGRES.items():
            cursor.execute(f"DROP TRIGGER IF EXISTS {name} ON {ENTRY if ENTRY in when else HEAD}")


def missing(connection: BaseDatabaseWrapper) -> list[str]:
    """Names of the triggers that are not in the database (the health page shows them)."""
    return sorted(set(_SQLITE if connection.vendor == "sqlite" else _POSTGRES) - triggers(connection))


def triggers(connection: BaseDatabaseWrapper) -> set[str]:
    """Names of all triggers that are in the database."""
    table = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    with connection.cursor() as cursor:
        cursor.execute(table if connection.vendor == "sqlite" else "SELECT tgname FROM pg_trigger")
        return {row[0] for row in cursor.fetchall()}
