"""The database in a backup, as at one moment: one file (SQLite) or one COPY file per table (PostgreSQL)."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.color import no_style
from django.db import connection, transaction
from django.db.migrations.loader import MigrationLoader
from django.utils.translation import gettext as _

from kezun.facts.models import FactFile

FOLDER = "database"
SQLITE_FILE = "kezun.sqlite3"
MIGRATIONS = "django_migrations"


class DatabaseMismatch(Exception):
    """The database of a backup cannot be put here; the text says why and what to do."""


@dataclass(frozen=True)
class Copied:
    """A database as at one moment: files by name, rows by table, migrations, sha256 by fact file listed."""

    files: dict[str, Path]
    tables: dict[str, int]
    migrations: list[list[str]]
    facts: dict[str, str]


@contextmanager
def copied(folder: Path) -> Iterator[Copied]:
    """Copy the database into `folder` while others go on writing."""
    if connection.vendor == "sqlite":
        yield _copy_sqlite(folder)
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield _copy_postgres(folder)


def _copy_sqlite(folder: Path) -> Copied:
    path = folder / SQLITE_FILE
    live = str(connection.settings_dict["NAME"])
    with closing(sqlite3.connect(live, timeout=60)) as source, closing(sqlite3.connect(path)) as target:
        source.backup(target)
        target.execute("PRAGMA journal_mode=DELETE")
    return Copied({f"{FOLDER}/{SQLITE_FILE}": path}, *read_sqlite(path))


def read_sqlite(path: Path) -> tuple[dict[str, int], list[list[str]], dict[str, str]]:
    """Rows by table, applied migrations, and sha256 by fact file, of a SQLite file that nobody writes."""
    facts = FactFile._meta.db_table
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as held:
        if held.execute("PRAGMA integrity_check").fetchone() != ("ok",):
            raise DatabaseMismatch(_("The database in the backup is damaged."))
        names = held.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").fetchall()
        tables = [name for (name,) in names if not name.startswith("sqlite_")]
        counts = {name: int(held.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]) for name in tables}
        applied = held.execute(f"SELECT app, name FROM {MIGRATIONS} ORDER BY app, name").fetchall()
        listed = dict(held.execute(f"SELECT path, sha256 FROM {facts} ORDER BY path").fetchall())
    return counts, [list(row) for row in applied], listed


def _copy_postgres(folder: Path) -> Copied:
    files, counts = {}, {}
    with connection.cursor() as cursor:
        for table in sorted(connection.introspection.table_names(cursor)):
            path = folder / f"{table}.copy"
            columns = ", ".join(_columns(table))
            with (
                path.open("wb") as out,
                _raw().cursor().copy(f'COPY "{table}" ({columns}) TO STDOUT') as copy,
            ):
                for piece in copy:
                    out.write(piece)
            files[f"{FOLDER}/{table}.copy"] = path
            cursor.execute(f'SELECT count(*) FROM "{table}"')
            counts[table] = int(cursor.fetchone()[0])
            header = folder / f"{table}.columns"
            header.write_text(columns, encoding="utf-8")
            files[f"{FOLDER}/{table}.columns"] = header
        cursor.execute(f"SELECT app, name FROM {MIGRATIONS} ORDER BY app, name")
        applied = [list(row) for row in cursor.fetchall()]
    return Copied(files, counts, applied, dict(FactFile.objects.values_list("path", "sha256")))


def _raw() -> Any:
    connection.ensure_connection()
    return connection.connection


def _columns(table: str) -> list[str]:
    with connection.cursor() as cursor:
        described = connection.introspection.get_table_description(cursor, table)
    return [connection.ops.quote_name(column.name) for column in described]


def check_fits(kind: str, migrations: list[list[str]]) -> None:
    """Raise DatabaseMismatch where a backup's database is of another kind or newer than this program."""
    if kind != connection.vendor:
        text = _("The backup is of a %(kind)s database; set DATABASE_URL accordingly (now: %(here)s).")
        raise DatabaseMismatch(text % {"kind": kind, "here": connection.vendor})
    known = set(MigrationLoader(None, ignore_no_migrations=True).disk_migrations)
    if unknown := [f"{app}.{name}" for app, name in migrations if (app, name) not in known]:
        text = _("The backup was made by a newer version (it knows %s): restore with that version.")
        raise DatabaseMismatch(text % unknown[0])


def check_empty() -> None:
    """Raise DatabaseMismatch where the database named by the settings holds tables already."""
    if connection.vendor == "sqlite":
        if Path(str(connection.settings_dict["NAME"])).exists():
            raise DatabaseMismatch(_("There is a database in %s already.") % settings.KEZUN_HOME)
    elif tables := connection.introspection.table_names():
        raise DatabaseMismatch(_("The database is not empty: it has %d tables.") % len(tables))


def put_back(folder: Path, tables: Iterable[str], migrations: list[list[str]]) -> None:
    """Fill the empty database from a backup's files, then bring it up to date."""
    connection.close()
    if connection.vendor == "sqlite":
        (folder / SQLITE_FILE).replace(str(connection.settings_dict["NAME"]))
        call_command("migrate", verbosity=0, interactive=False)
        return
    for app, name in _last(migrations):
        call_command("migrate", app, name, verbosity=0, interactive=False)
    with transaction.atomic():
        for table in sorted(tables):
            _fill(folder, table)
        _set_sequences()
    call_command("migrate", verbosity=0, interactive=False)


def _last(migrations: list[list[str]]) -> Iterator[tuple[str, str]]:
    """The last migration of each app, so that the tables are as they were when the backup was made."""
    newest: dict[str, str] = {}
    for app, name in migrations:
        newest[app] = max(newest.get(app, ""), name)
    yield from newest.items()


def _fill(folder: Path, table: str) -> None:
    columns = (folder / f"{table}.columns").read_text(encoding="utf-8")
    with connection.cursor() as cursor:
        cursor.execute(f'SELECT EXISTS (SELECT 1 FROM "{table}")')
        if cursor.fetchone()[0]:  # what migrations wrote: content types, permissions, migrations themselves
            cursor.execute(f'DELETE FROM "{table}"')
    copying = _raw().cursor().copy(f'COPY "{table}" ({columns}) FROM STDIN')
    with copying as copy, (folder / f"{table}.copy").open("rb") as source:
        while piece := source.read(1 << 20):
            copy.write(piece)


def _set_sequences() -> None:
    from django.apps import apps

    models = apps.get_models(include_auto_created=True)
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), models):
            cursor.execute(statement)


def row_counts() -> dict[str, int]:
    """Rows by table, now."""
    with connection.cursor() as cursor:
        names = sorted(connection.introspection.table_names(cursor))
        counts = {}
        for name in names:
            cursor.execute(f'SELECT count(*) FROM "{name}"')
            counts[name] = int(cursor.fetchone()[0])
    return counts
