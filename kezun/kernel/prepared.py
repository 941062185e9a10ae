"""Questions that are asked all the time: their statement is compiled once, only the values change.

Django works a query set out into SQL anew each time it is asked, which costs several times what a small
table's answer does. `@prepared` keeps the statement and says where in it each value goes.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import QuerySet
from django.db.models.sql.compiler import SQLCompiler

Ask = Callable[..., QuerySet[Any, Any]]


class Made(NamedTuple):
    """A compiled question: for each parameter of its statement the place of the value, or the constant."""

    statement: str
    places: tuple[tuple[int, Any], ...]
    compiler: SQLCompiler
    converters: dict[int, Any]


def prepared(kinds: tuple[type, ...]) -> Callable[[Ask], Callable[..., list[tuple[Any, ...]]]]:
    """Compile what a function asks (a query set of `values_list`) once for values of these `kinds`.

    kinds: of each value: int (32 bits), str, date or datetime; never None, never a list. The function is
    called once with invented values, by which the places of the real ones are found; so it may not decide
    anything by them. Returns a function from values to rows.
    """

    def declare(ask: Ask) -> Callable[..., list[tuple[Any, ...]]]:
        held: dict[str, Made] = {}

        @functools.wraps(ask)
        def rows(*values: Any) -> list[tuple[Any, ...]]:
            database = connections[DEFAULT_DB_ALIAS]
            made = held.get(database.vendor) or held.setdefault(
                database.vendor, _compile(database, ask, kinds)
            )
            given = [_plain(database, value) for value in values]
            with database.cursor() as cursor:
                cursor.execute(made.statement, [c if at < 0 else given[at] for at, c in made.places])
                found: Iterable[Any] = cursor.fetchall()
            if made.converters:
                found = made.compiler.apply_converters(found, made.converters)
            return [tuple(row) for row in found]

        return rows

    return declare


def _compile(database: BaseDatabaseWrapper, ask: Ask, kinds: tuple[type, ...]) -> Made:
    probes = [_probe(kind, at) for at, kind in enumerate(kinds)]
    compiler = ask(*probes).query.get_compiler(connection=database)
    statement, params = compiler.as_sql()
    known = {_plain(database, probe): at for at, probe in enumerate(probes)}
    places = tuple((known.get(param, -1), param) for param in params)
    if lost := set(range(len(kinds))) - {at for at, _param in places}:
        raise RuntimeError(f"{ask.__qualname__}: values {sorted(lost)} are not in its statement")
    converters = compiler.get_converters([column for column, _sql, _alias in compiler.select])
    return Made(statement, places, compiler, converters)


def _probe(kind: type, at: int) -> Any:
    """A value of a kind that nobody would write as a constant."""
    if kind is int:
        return 31_913 + at  # the smallest column holds 32,767
    if kind is str:
        return f"\u2063probe {at}"
    if kind is dt.date:
        return dt.date(7000 + at, 7, 7)
    return dt.datetime(7000 + at, 7, 7, 7, 7, tzinfo=dt.UTC)


def _plain(database: BaseDatabaseWrapper, value: Any) -> Any:
    """A value as the database's driver takes it."""
    if isinstance(value, dt.datetime):
        return database.ops.adapt_datetimefield_value(value)
    if isinstance(value, dt.date):
        return database.ops.adapt_datefield_value(value)
    return value
