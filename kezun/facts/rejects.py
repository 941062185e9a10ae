"""The file of rejected rows: the original columns, `_line` and `_reason`. Mended, it is sent as it is."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
from django.conf import settings

from kezun.facts.mapping.problems import FIELD, RECORD
from kezun.facts.profiles import Profile
from kezun.facts.readers import Source
from kezun.facts.readers.base import LINE, REASON
from kezun.facts.readers.raw import known as known_encoding
from kezun.facts.readers.text import TextSource, unique


@dataclass(frozen=True)
class Reject:
    """Why a row was not taken: line, column of the file ("" for the row), code, message."""

    line: int
    column: str
    code: str
    message: str

    def __str__(self) -> str:
        return (
            f"{self.column}: {self.message} [{self.code}]" if self.column else f"{self.message} [{self.code}]"
        )


def parsed(line: int, records: str) -> list[Reject]:
    """The reasons of one line. They cite what stands in the row: no database takes a NUL of it."""
    parts = (record.split(FIELD, 2) for record in records.replace("\0", "\ufffd").split(RECORD))
    return [Reject(line, column, code, message) for code, column, message in parts]


def count(connection: duckdb.DuckDBPyConnection) -> int:
    """How many lines are rejected."""
    found = connection.execute("SELECT count(*) FROM rejects").fetchone()
    return int(found[0]) if found else 0


def first(connection: duckdb.DuckDBPyConnection, limit: int) -> list[Reject]:
    """The reasons of the first `limit` rejected lines."""
    rows = connection.execute(f"SELECT _line, records FROM rejects ORDER BY _line LIMIT {limit}").fetchall()
    return [reject for line, records in rows for reject in parsed(line, records)]


def folder() -> Path:
    """Where the files of rejected rows lie."""
    return Path(settings.KEZUN_HOME) / "rejects"


def write(connection: duckdb.DuckDBPyConnection, source: Source, profile: Profile, path: Path) -> None:
    """Read the source once more and write its rejected lines to `path`, synced before it gets its name."""
    columns = [c for c in unique(source.columns) if c not in (LINE, REASON)]
    delimiter = source.delimiter if isinstance(source, TextSource) else profile.format.delimiter or ","
    path.parent.mkdir(parents=True, exist_ok=True)
    tmp = path.with_name(path.name + ".tmp")
    with tmp.open("w", encoding=_encoding(profile), errors="replace", newline="") as file:
        out = csv.writer(file, delimiter=delimiter, lineterminator="\n")
        if profile.format.header:
            file.write("\n" * (profile.format.header - 1))
            out.writerow([*columns, LINE, REASON])
        for row in _rows(connection, source, columns, delimiter):
            out.writerow(row)
        file.flush()
        os.fsync(file.fileno())
    os.replace(tmp, path)


def _encoding(profile: Profile) -> str:
    """The profile's own, so that the file reads back; where it is free, UTF-8 with the mark Excel knows."""
    return "utf-8-sig" if profile.format.encoding == "auto" else known_encoding(profile.format.encoding)


def _rows(
    connection: duckdb.DuckDBPyConnection, source: Source, columns: list[str], delimiter: str
) -> Iterator[list[object]]:
    for chunk in source.chunks(columns):
        connection.register("chunk", chunk.table)
        names = ", ".join('"' + c.replace('"', '""') + '"' for c in columns)
        rows = connection.execute(
            f"SELECT {names}, r._line, r.records FROM chunk JOIN rejects r USING (_line) ORDER BY r._line"
        ).fetchall()
        connection.unregister("chunk")
        found = [[*row[:-1], _text(row[-2], row[-1])] for row in rows]
        found += [
            _broken(b.text, len(columns), delimiter, b.line, f"{b.message} [{b.code}]") for b in chunk.broken
        ]
        yield from sorted(found, key=lambda row: int(str(row[-2])))


def _text(line: int, records: str) -> str:
    return "; ".join(str(reject) for reject in parsed(line, records))


def _broken(text: str, width: int, delimiter: str, line: int, reason: str) -> list[object]:
    """A line that is no row, cut at every delimiter: padded, or its surplus kept in the last column."""
    fields = text.split(delimiter)
    if len(fields) > width:
        fields = [*fields[: width - 1], delimiter.join(fields[width - 1 :])]
    return [*fields, *[""] * (width - len(fields)), line, reason]
