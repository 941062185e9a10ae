"""NDJSON: one object per line.

Blocks that are plain (every line an object, each column of one type) are parsed by Arrow; others line by
line, so that each row keeps its true line number and its mistakes.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.json as pj
from django.utils.translation import gettext as _

from kezun.facts.profiles import Format
from kezun.facts.readers.base import (
    CHUNK_ROWS,
    LINE,
    NOTHING,
    Broken,
    Chunk,
    Gathered,
    Plain,
    lines_from,
    trimmed,
)
from kezun.facts.readers.raw import unpacked
from kezun.facts.readers.sheet import text_of

SAMPLE = 1000
# Blocks that Arrow could not take, after which it is not asked again.
PATIENCE = 3


class NotPlain(Exception):
    """A block that must be read line by line."""


class JsonSource:
    """NDJSON: one object per line, gzip allowed; see readers.base.Source."""

    sparse = True
    replaced = False

    def __init__(self, path: Path, form: Format) -> None:
        self.path, self.notes, self.patience = path, dict[str, int](), PATIENCE
        self.decode = msgspec.json.Decoder(dict[str, Any]).decode
        keys: dict[str, None] = {}
        lines = (line for block, _done in self._blocks() for line in block.split(b"\n"))
        for row in map(self._row, itertools.islice((line for line in lines if line.strip()), SAMPLE)):
            keys.update(dict.fromkeys(row or ()))
        self.columns = tuple(keys)

    def _row(self, line: bytes) -> dict[str, Any] | None:
        try:
            return self.decode(line)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None

    def _blocks(self) -> Iterator[tuple[bytes, float]]:
        """Whole lines, many at a time."""
        held, done = b"", 0.0
        for block, done in unpacked(self.path):
            held += block
            if cut := held.rfind(b"\n") + 1:
                yield held[:cut], done
                held = held[cut:]
        if held:
            yield held, 1.0

    def chunks(self, wanted: Sequence[str], plain: Plain = NOTHING) -> Iterator[Chunk]:
        """See readers.base.Source."""
        gathered, number = Gathered(), 1
        for block, done in self._blocks():
            lines = block.count(b"\n") + (not block.endswith(b"\n"))
            table, broken = self._parse(block, lines, number, wanted, plain)
            if gathered.other(table):
                yield gathered.take(done)
            gathered.add(table, broken)
            number += lines
            if gathered.rows >= CHUNK_ROWS:
                yield gathered.take(done)
        if gathered.tables:
            yield gathered.take(1.0)

    def _parse(
        self, block: bytes, lines: int, number: int, wanted: Sequence[str], plain: Plain
    ) -> tuple[pa.Table, list[Broken]]:
        """The rows of a block that holds `lines` lines and begins at line `number`."""
        if self.patience:
            try:
                table = self._arrow(block, lines, wanted, plain)
                return table.append_column(LINE, lines_from(number, lines)), []
            except (NotPlain, pa.ArrowException):
                self.patience -= 1
        return self._by_line(block, number, wanted, plain)

    def _arrow(self, block: bytes, lines: int, wanted: Sequence[str], plain: Plain) -> pa.Table:
        if not block.startswith(b"{") or block.count(b"\n{") != lines - 1 or not _is_utf8(block):
            raise NotPlain
        first = self._row(block.partition(b"\n")[0])
        if first is None:
            raise NotPlain
        schema = pa.schema([(c, _kind_of(first.get(c), plain.get(c))) for c in wanted])
        table = pj.read_json(
            pa.BufferReader(block),
            read_options=pj.ReadOptions(block_size=len(block) + 1),
            parse_options=pj.ParseOptions(explicit_schema=schema, unexpected_field_behavior="ignore"),
        )
        if table.num_rows != lines:
            raise NotPlain
        texts = [c for c in wanted if c not in plain and pa.types.is_integer(schema.field(c).type)]
        for column in texts:
            place = table.column_names.index(column)
            table = table.set_column(place, column, table.column(place).cast(pa.string()))
        return trimmed(table.select(list(wanted)))

    def _by_line(
        self, block: bytes, number: int, wanted: Sequence[str], plain: Plain
    ) -> tuple[pa.Table, list[Broken]]:
        found: list[dict[str, Any]] = []
        numbers: list[int] = []
        broken: list[Broken] = []
        message = _("this line is not a JSON object")
        for at, line in enumerate(block.split(b"\n"), start=number):
            if not line.strip():
                continue
            row = self._row(line)
            if row is None:
                broken.append(Broken(at, "not_json", message, line.decode(errors="replace")))
            else:
                found.append(row)
                numbers.append(at)
        arrays = [_column([row.get(c) for row in found], plain.get(c)) for c in wanted]
        table = pa.table([*arrays, pa.array(numbers, pa.int64())], names=[*wanted, LINE])
        return trimmed(table), broken


def _is_utf8(block: bytes) -> bool:
    try:
        return block.isascii() or bool(block.decode())
    except UnicodeDecodeError:
        return False


def _kind_of(value: object, kind: str | None) -> pa.DataType:
    """The type to read a column with, judged by its first value; the block fails where another is not so."""
    if isinstance(value, str) or (value is None and kind != "integer"):
        return pa.string()
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return pa.int64()
    raise NotPlain


def _column(values: list[Any], kind: str | None) -> pa.Array:
    """Values as texts, or as whole numbers where that was asked for and they all are."""
    try:
        array = pa.array(values)
    except (pa.ArrowException, OverflowError):
        array = None
    if array is not None and pa.types.is_string(array.type):
        return array
    if array is not None and kind == "integer" and pa.types.is_int64(array.type):
        return array
    return pa.array([_text(value) for value in values], pa.string())


def _text(value: object) -> str | None:
    if isinstance(value, str) or value is None:
        return value
    return msgspec.json.encode(value).decode() if isinstance(value, (list, dict)) else text_of(value)
