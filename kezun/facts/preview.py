"""A dry run over the beginning of a file: what a profile makes of it, and what is wrong where."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb

from kezun.facts import comparing, rejects
from kezun.facts.duck import duck, name
from kezun.facts.profiles import Profile
from kezun.facts.proposal import choice_word
from kezun.facts.readers import open_with
from kezun.facts.rejects import Reject
from kezun.facts.sample import Beginning, beginning
from kezun.facts.staging import PERMISSION, Staging
from kezun.kernel.actor import Actor, require

SHOWN, ERRORS = 8, 12


@dataclass(frozen=True)
class Preview:
    """Counts of the rows tried, the first errors, and the first typed rows (moments in the profile's zone).

    whole: the file is no longer than what was tried.
    """

    rows: int
    rejected: int
    whole: bool
    warnings: dict[str, int]
    errors: list[Reject]
    columns: list[str]
    typed: list[tuple[int, list[object]]]

    @property
    def good(self) -> int:
        return self.rows - self.rejected


def preview(actor: Actor, path: Path, profile: Profile) -> Preview:
    """Try `profile` on the beginning of a file; nothing is written. Raises as run_import."""
    require(actor, PERMISSION)
    with beginning(path) as (start, whole), duck() as connection:
        source = Beginning(open_with(start, profile))
        staging = Staging(connection, actor, profile, source)
        staging.load(lambda share: None)
        repeats = comparing.settle_repeats(connection, profile.fact)
        if repeats:
            staging.warnings["duplicate_row"] += repeats
        columns = ["unit", *(["person"] if profile.person else []), *profile.columns]
        return Preview(
            staging.rows,
            rejects.count(connection),
            whole and staging.rows < source.rows,
            dict(sorted(staging.warnings.items())),
            rejects.first(connection, ERRORS),
            columns,
            _typed(connection, profile, columns),
        )


def _typed(
    connection: duckdb.DuckDBPyConnection, profile: Profile, columns: list[str]
) -> list[tuple[int, list[object]]]:
    shown = {"unit": "u.code", "person": "coalesce(p.code, s._person_code)"}
    parts = ", ".join(shown.get(c, f"s.{name(c)}") for c in columns)
    rows = connection.execute(
        f"SELECT s._line, {parts} FROM staged s LEFT JOIN units u ON u.pk = s.unit "
        f"LEFT JOIN people p ON p.pk = s.person ORDER BY s._line LIMIT {SHOWN}"
    ).fetchall()
    zone = ZoneInfo(profile.zone)
    return [
        (line, [_shown(column, value, zone) for column, value in zip(columns, values, strict=True)])
        for line, *values in rows
    ]


def _shown(column: str, value: object, zone: ZoneInfo) -> object:
    if isinstance(value, dt.datetime):
        return value.replace(tzinfo=dt.UTC).astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, str):
        return choice_word(column, value)
    return "" if value is None else value
