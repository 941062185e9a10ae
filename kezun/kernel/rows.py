"""One row of a table that is written all the time, by a statement that is made once.

`Model.save` works its statement out anew for each row, which costs several times the writing itself. What is
left out here: signals, and everything but plain columns.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections, models

Fields = list["models.Field[Any, Any]"]


def insert(*rows: models.Model) -> None:
    """Insert new rows, a few of one table, at once; sets their keys. Raises IntegrityError as `save`."""
    if not rows:
        return
    database = connections[DEFAULT_DB_ALIAS]
    statement, fields = _insertion(type(rows[0]), len(rows), database.vendor)
    values = [f.get_db_prep_save(f.pre_save(row, True), database) for row in rows for f in fields]
    with database.cursor() as cursor:
        cursor.execute(statement, values)
        keys = cursor.fetchall()
    for row, (key,) in zip(rows, keys, strict=True):
        row.pk = key
        row._state.adding, row._state.db = False, DEFAULT_DB_ALIAS


def update(row: models.Model, *names: str) -> None:
    """Write these fields of a row that is there; DatabaseError where it is not (any more)."""
    database = connections[DEFAULT_DB_ALIAS]
    statement, fields = _change(type(row), names, database.vendor)
    values: list[Any] = [field.get_db_prep_save(field.pre_save(row, False), database) for field in fields]
    with database.cursor() as cursor:
        cursor.execute(statement, [*values, row.pk])
        if cursor.rowcount != 1:
            raise DatabaseError(f"{row._meta.label} {row.pk} is not there")


@lru_cache(maxsize=64)
def _insertion(model: type[models.Model], count: int, _vendor: str) -> tuple[str, Fields]:
    fields: Fields = [f for f in model._meta.concrete_fields if not isinstance(f, models.AutoField)]
    columns = ", ".join(map(_column, fields))
    marks = ", ".join([f"({', '.join(['%s'] * len(fields))})"] * count)
    # names from the models, values as parameters
    statement = f"INSERT INTO {_table(model)} ({columns}) VALUES {marks} RETURNING {_column(_key(model))}"
    return statement, fields


@lru_cache(maxsize=512)
def _change(model: type[models.Model], names: tuple[str, ...], _vendor: str) -> tuple[str, Fields]:
    fields: Fields = [f for f in model._meta.concrete_fields if f.name in names]
    if len(fields) != len(set(names)):
        raise ValueError(f"{model._meta.label} has not all of {', '.join(names)}")
    told = ", ".join(f"{_column(field)} = %s" for field in fields)
    return f"UPDATE {_table(model)} SET {told} WHERE {_column(_key(model))} = %s", fields


def _key(model: type[models.Model]) -> models.Field[Any, Any]:
    assert model._meta.pk is not None
    return model._meta.pk


def _column(field: models.Field[Any, Any]) -> str:
    return connections[DEFAULT_DB_ALIAS].ops.quote_name(str(field.column))


def _table(model: type[models.Model]) -> str:
    return connections[DEFAULT_DB_ALIAS].ops.quote_name(model._meta.db_table)
