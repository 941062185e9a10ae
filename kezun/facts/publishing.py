"""Records of our own as facts: what a room has closed goes through the same import as any machine's file.

The floors above keep their working tables; a row that is settled is published here, once or many times over:
the key (source, source_id) decides whether it is new, the same, or a correction.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pyarrow as pa
from django.utils.translation import gettext as _

from kezun.facts import profiles
from kezun.facts.importing import RowsRefused, Summary, run_import
from kezun.facts.profiles import Profile
from kezun.facts.staging import PERMISSION
from kezun.facts.types import Column
from kezun.kernel.actor import Actor, require
from kezun.kernel.file import folder

Row = Mapping[str, object]
SOURCE_LENGTH = 60
GIVEN = ("source_id", "unit", "person")


class NotPublished(ValueError):
    """Some rows cannot be facts; none of the call's rows was published. reasons: by source_id, in words."""

    def __init__(self, reasons: Mapping[str, str], more: int = 0) -> None:
        self.reasons = dict(reasons)
        lines = [f"{key}: {reason}" for key, reason in self.reasons.items()]
        if more > 0:
            lines.append(_("… and %(n)d more") % {"n": more})
        super().__init__("\n".join(lines))


def publish(actor: Actor, fact: str, rows: Sequence[Row], *, source: str) -> Summary:
    """Put records of our own into the fact store, all of them or none.

    Each row has `source_id` (a text, unique within `source`), `unit` (code), `occurred_at` (aware) and the
    type's own columns as Python values; `person` (code) and any column that is not required may be None or
    missing. Durations are whole seconds. Published again, a row equal to what the store holds changes
    nothing, another one under the same key supersedes it. The local day, hour and weekday follow from the
    unit's zone. Whoever calls it from a task may repeat it after a kill.

    source: the name of what recorded the rows, at most SOURCE_LENGTH characters (the room and its table).
    Raises NotPublished with the reason of each bad row by source_id, Denied, and ImportFailed where the disk
    or the database refuse; nothing is stored then.
    """
    require(actor, PERMISSION)
    if not 0 < len(source) <= SOURCE_LENGTH:
        raise ValueError(f"source: 1 to {SOURCE_LENGTH} characters")
    profile = _profile(fact, source)
    if not rows:
        return Summary(fact)
    table = _table(profile, rows)
    with _written(table) as path:
        try:
            return run_import(
                actor, path, fact=fact, profile=profile, name=f"{source} × {len(rows)}", whole=True
            )
        except RowsRefused as error:
            refused: dict[str, list[str]] = {}
            for reject in error.errors:
                refused.setdefault(_named(rows, reject.line - 1), []).append(str(reject))
            told = {key: "; ".join(reasons) for key, reasons in refused.items()}
            raise NotPublished(told, error.rejected - len({e.line for e in error.errors})) from error


def _profile(fact: str, source: str) -> Profile:
    known = profiles.direct(fact, source)
    return msgspec.structs.replace(known, profile="published")


def _columns(profile: Profile) -> dict[str, Column]:
    """The columns that a row may have, by name; key, unit and person are texts here."""
    own = {c.name: c for c in profile.declared.all_columns if c.name in profile.columns}
    texts = {name: Column(name, "text", "", required=name != "person") for name in GIVEN}
    return texts | own


def _table(profile: Profile, rows: Sequence[Row]) -> pa.Table:
    """The rows as one table; NotPublished where a value is not of its column's kind."""
    columns, reasons = _columns(profile), dict[str, str]()
    for number, row in enumerate(rows):
        wrong = [*_strange(row, columns), *_unfit(row, columns.values())]
        if wrong:
            reasons[_named(rows, number)] = "; ".join(wrong)
    if reasons:
        raise NotPublished(reasons)
    arrays = {
        name: pa.array([row.get(name) for row in rows], _arrow(column)) for name, column in columns.items()
    }
    return pa.table(arrays)


def _named(rows: Sequence[Row], number: int) -> str:
    """What messages call a row: its source_id, or its place where it has none."""
    return str(rows[number].get("source_id") or _("row %(n)d") % {"n": number + 1})


def _arrow(column: Column) -> pa.DataType:
    return pa.timestamp("us", tz="UTC") if column.kind == "moment" else column.arrow


def _strange(row: Row, columns: Mapping[str, Column]) -> Iterator[str]:
    for name in row:
        if name not in columns:
            yield _("there is no column %(column)s; there are: %(known)s") % {
                "column": name,
                "known": ", ".join(columns),
            }


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and -(2**31) <= value < 2**31


def _is_aware(value: object) -> bool:
    return isinstance(value, dt.datetime) and value.utcoffset() is not None


def _is_day(value: object) -> bool:
    return isinstance(value, dt.date) and not isinstance(value, dt.datetime)


FITS: dict[str, Callable[[object], bool]] = {
    "text": lambda value: isinstance(value, str),
    "integer": _is_whole,
    "seconds": _is_whole,
    "moment": _is_aware,
    "date": _is_day,
    "flag": lambda value: isinstance(value, bool),
}


def _unfit(row: Row, columns: Iterable[Column]) -> Iterator[str]:
    wanted = {
        "text": _("a text"),
        "integer": _("a whole number"),
        "seconds": _("whole seconds"),
        "moment": _("a moment with its zone"),
        "date": _("a day"),
        "flag": _("true or false"),
    }
    for column in columns:
        value = row.get(column.name)
        if value is not None and not FITS[column.kind](value):
            yield _("%(column)s must be %(kind)s, not %(value)r") % {
                "column": column.name,
                "kind": wanted[column.kind],
                "value": value,
            }


@contextmanager
def _written(table: pa.Table) -> Iterator[Path]:
    """The table as a file for as long as it is needed; one left by a kill is swept with the uploads."""
    path = folder("files/incoming") / f"{uuid.uuid4().hex}.tmp"
    try:
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, table.schema) as stream:
            stream.write_table(table)
        yield path
    finally:
        path.unlink(missing_ok=True)
