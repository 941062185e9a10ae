"""From a source to typed rows in the engine: every chunk mapped, bad rows set aside with their reasons."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import duckdb
import pyarrow as pa
from django.db import connection as database
from django.db.models import CharField, QuerySet
from django.db.models.functions import Cast
from django.utils.translation import gettext as _

from kezun.facts.mapping.plan import Lookup, Plan, plain, plan
from kezun.facts.mapping.problems import FIELD
from kezun.facts.profiles import Profile
from kezun.facts.readers import Broken, Chunk, Source
from kezun.facts.readers.base import LINE
from kezun.kernel.actor import Actor
from kezun.org.models import Person
from kezun.org.models import Unit as OrgUnit
from kezun.org.queries import units_for

PERMISSION = "facts.import_file"


class Staging:
    """Tables staged (good rows) and rejects (_line, records) of one file, and what was counted on the way."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, actor: Actor, profile: Profile, source: Source
    ) -> None:
        self.connection, self.profile, self.source = connection, profile, source
        self.rows = 0
        self.warnings: Counter[str] = Counter(source.notes)
        zones = self._register_units(actor)
        self._register_people()
        self.lookup, self.plain = Lookup(zones), plain(profile)
        self.plans: dict[tuple[str, ...], Plan] = {}
        self.registers = self.planned(()).registers
        connection.execute("CREATE TEMP TABLE rejects (_line BIGINT, records VARCHAR)")
        connection.execute("CREATE TEMP TABLE registered (code VARCHAR, pk INTEGER)")
        self.made = False

    def _register_units(self, actor: Actor) -> tuple[str, ...]:
        unit = self.profile.unit
        units = OrgUnit.objects.all()
        if unit.value:
            units = units.filter(code=unit.aliases.get(unit.value, unit.value))
        # As texts, because a database's own conversion of a day costs more than all the rest of a unit.
        days = [Cast(name, CharField()) for name in ("opened_date", "closed_date")]
        rows = _fetched(units.values_list("pk", "code", "zone", *days))
        allowed = {pk for (pk,) in _fetched(units_for(actor, PERMISSION).values_list("pk"))}
        table = pa.table(
            {
                "pk": pa.array([r[0] for r in rows], pa.int32()),
                "code": pa.array([r[1] for r in rows], pa.string()),
                "zone": pa.array([r[2] for r in rows], pa.string()),
                "opened": pa.array([r[3] for r in rows], pa.string()).cast(pa.date32()),
                "closed": pa.array([r[4] for r in rows], pa.string()).cast(pa.date32()),
                "allowed": pa.array([r[0] in allowed for r in rows], pa.bool_()),
            }
        )
        self._table("units", table)
        return tuple(sorted({row[2] for row in rows}))

    def _register_people(self) -> None:
        rows = _fetched(Person.objects.values_list("pk", "code")) if self.profile.person else []
        table = pa.table(
            {
                "pk": pa.array([r[0] for r in rows], pa.int32()),
                "code": pa.array([r[1] for r in rows], pa.string()),
            }
        )
        self._table("people", table)

    def _table(self, name: str, table: pa.Table) -> None:
        self.connection.register("given", table)
        self.connection.execute(f"CREATE TEMP TABLE {name} AS SELECT * FROM given")
        self.connection.unregister("given")

    def load(self, progress: Callable[[float], None]) -> None:
        """Read and map the whole source; progress: called with the share read (0 … 1)."""
        for chunk in self.source.chunks(self.profile.sources(), self.plain):
            self._chunk(chunk)
            progress(chunk.done)
        if not self.made:
            nothing = {c: pa.array([], pa.string()) for c in self.profile.sources()}
            self._stage(pa.table(nothing | {LINE: pa.array([], pa.int64())}))
        if not self.rows:
            self.warnings["no_rows"] += 1

    def _chunk(self, chunk: Chunk) -> None:
        self.rows += chunk.table.num_rows + len(chunk.broken)
        self._reject(chunk.broken)
        if chunk.table.num_rows:
            self._stage(chunk.table)

    def planned(self, typed: tuple[str, ...]) -> Plan:
        """The mapping of chunks in which these columns came typed."""
        if typed not in self.plans:
            kinds = {column: self.plain[column] for column in typed}
            self.plans[typed] = plan(self.profile, self.lookup, replaced=self.source.replaced, typed=kinds)
        return self.plans[typed]

    def _stage(self, table: pa.Table) -> None:
        """Map one chunk into staged; bad rows leave it for rejects, with their reasons."""
        typed = (f.name for f in table.schema if f.name != LINE and not pa.types.is_string(f.type))
        found = self.planned(tuple(typed))
        self.connection.register("chunk", table)
        into = "INSERT INTO staged" if self.made else "CREATE TEMP TABLE staged AS"
        self.connection.execute(f"{into} {found.rows}")
        self.made = True
        if table.num_rows:
            lines = table.column(LINE)
            self._settle(found, f"_line BETWEEN {lines[0]} AND {lines[-1]}")
        self.connection.unregister("chunk")

    def _settle(self, found: Plan, chunk: str) -> None:
        """Count what is wrong with the rows just staged (condition `chunk`); look closer where need be."""
        sums = [
            f"count(*) FILTER (WHERE NOT _bad AND _warn & {1 << bit} <> 0)"
            for bit in range(len(found.warnings))
        ]
        [(bad, *warned)] = self.connection.execute(
            f"SELECT {', '.join(['count(*) FILTER (WHERE _bad)', *sums])} FROM staged WHERE {chunk}"
        ).fetchall()
        for code, count in zip(found.warnings, warned, strict=True):
            if count:
                self.warnings[code] += count
        if bad:
            self.connection.execute(
                f"CREATE OR REPLACE TEMP TABLE bad_lines AS SELECT _line FROM staged WHERE _bad AND {chunk}"
            )
            self.connection.execute(f"INSERT INTO rejects {found.reasons}")
            self.connection.execute(f"DELETE FROM staged WHERE _bad AND {chunk}")

    def _reject(self, broken: Sequence[Broken]) -> None:
        if broken:
            rows = [(b.line, f"{b.code}{FIELD}{FIELD}{b.message}") for b in broken]
            self.connection.executemany("INSERT INTO rejects VALUES (?, ?)", rows)

    def unknown_people(self) -> dict[int, list[str]]:
        """Codes of people to be registered, by the unit of their first row (primary key)."""
        found: dict[int, list[str]] = {}
        rows = self.connection.execute(
            "SELECT min(unit), _person_code FROM staged WHERE person IS NULL AND _person_code IS NOT NULL "
            "GROUP BY _person_code ORDER BY _person_code"
        ).fetchall()
        for unit, code in rows if self.registers else ():
            found.setdefault(unit, []).append(code)
        return found

    def learn_people(self, people: dict[str, int]) -> None:
        """Tell the engine the primary keys of people registered for this file."""
        if people:
            self.connection.executemany("INSERT INTO registered VALUES (?, ?)", list(people.items()))


def _fetched(queryset: QuerySet[Any, Any]) -> list[tuple[Any, ...]]:
    """The rows of a `values_list` as the database gives them: there may be hundreds of thousands."""
    sql, parameters = queryset.order_by().query.sql_with_params()
    with database.cursor() as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())


def title_of(code: str) -> str:
    """A warning's code in words, where it is one of ours; a profile's own checks have titles there."""
    known = {
        "duplicate_row": _("the same row twice in the file"),
        "merged_cells": _("merged cells, filled with their value"),
        "no_rows": _("a header and no rows"),
        "time_skipped": _("a local time that a clock change skipped"),
        "time_doubled": _("a local time that came twice"),
        "unknown_person": _("unknown person, left empty"),
        "unreadable": _("a column that conditions name holds what cannot be read, and counts as empty"),
    }
    return known.get(code, code)
