"""Parquet, Arrow IPC and NDJSON: rows that bring their own types, given as texts like any others."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from django.utils.translation import gettext as _

from kezun.facts.profiles import Format
from kezun.facts.readers.base import CHUNK_ROWS, LINE, Broken, Chunk, Unreadable, trimmed
from kezun.facts.readers.raw import check_size, unpacked
from kezun.facts.readers.sheet import text_of

SAMPLE = 1000


class ParquetSource:
    """A Parquet file; see readers.base.Source. The line of a row is its number, from 1."""

    sparse = replaced = False

    def __init__(self, path: Path, form: Format) -> None:
        self.notes: dict[str, int] = {}
        try:
            self.file = pq.ParquetFile(path)
            meta = self.file.metadata
            check_size(sum(meta.row_group(i).total_byte_size for i in range(meta.num_row_groups)))
            self.columns = tuple(self.file.schema_arrow.names)
        except (pa.ArrowException, OSError) as error:
            message = _("The Parquet file is cut off or damaged: ask for it again. (%(error)s)")
            raise Unreadable(message % {"error": error}) from error

    def chunks(self, wanted: Sequence[str]) -> Iterator[Chunk]:
        """See readers.base.Source."""
        batches = self.file.iter_batches(batch_size=CHUNK_ROWS, columns=list(wanted))
        yield from _texts(batches, wanted, self.file.metadata.num_rows)


class ArrowSource:
    """An Arrow IPC file or stream; see readers.base.Source. The line of a row is its number, from 1."""

    sparse = replaced = False

    def __init__(self, path: Path, form: Format) -> None:
        self.path, self.notes = path, dict[str, int]()
        check_size(path.stat().st_size)
        try:
            with pa.memory_map(str(path)) as file:
                self.columns = tuple(_open_arrow(file).schema.names)
        except (pa.ArrowException, OSError) as error:
            raise Unreadable(_("The Arrow data cannot be read: %(error)s") % {"error": error}) from error

    def chunks(self, wanted: Sequence[str]) -> Iterator[Chunk]:
        """See readers.base.Source."""
        with pa.memory_map(str(self.path)) as file:
            opened = _open_arrow(file)
            if isinstance(opened, pa.ipc.RecordBatchFileReader):
                batches = (opened.get_batch(i) for i in range(opened.num_record_batches))
            else:
                batches = iter(opened)
            yield from _texts((b.select(list(wanted)) for b in batches), wanted, 0)


def _open_arrow(file: Any) -> Any:
    try:
        return pa.ipc.open_file(file)
    except pa.ArrowInvalid:
        file.seek(0)
        return pa.ipc.open_stream(file)


def _texts(batches: Iterator[Any], wanted: Sequence[str], total: int) -> Iterator[Chunk]:
    line = 1
    try:
        for batch in batches:
            arrays = [as_text(batch.column(name), name) for name in wanted]
            lines = pa.array(range(line, line + batch.num_rows), pa.int64())
            line += batch.num_rows
            table = pa.table([*arrays, lines], names=[*wanted, LINE])
            yield Chunk(trimmed(table), (), min(line / total, 1.0) if total else 0.5)
    except (pa.ArrowException, OSError) as error:
        raise Unreadable(
            _("The file is damaged after row %(line)d: ask for it again. (%(error)s)")
            % {"line": line - 1, "error": error}
        ) from error


def as_text(array: Any, name: str) -> Any:
    """An Arrow column as texts: moments and dates as ISO 8601 (with Z where they have a zone)."""
    kind = array.type
    if pa.types.is_dictionary(kind):
        return as_text(array.dictionary_decode(), name)
    if pa.types.is_timestamp(kind):
        plain = array.cast(pa.timestamp("us"), safe=False).cast(pa.string())
        return pc.binary_join_element_wise(plain, "Z", "") if kind.tz else plain
    if pa.types.is_nested(kind):
        raise Unreadable(_("Column «%(name)s» holds lists or records; give plain values.") % {"name": name})
    if pa.types.is_binary(kind) or pa.types.is_large_binary(kind):
        raise Unreadable(_("Column «%(name)s» holds bytes; give texts.") % {"name": name})
    return array.cast(pa.string())


class JsonSource:
    """NDJSON: one object per line, gzip allowed; see readers.base.Source."""

    sparse = True
    replaced = False

    def __init__(self, path: Path, form: Format) -> None:
        self.path, self.notes = path, dict[str, int]()
        keys: dict[str, None] = {}
        for _line, row in itertools.islice(self._rows(), SAMPLE):
            if isinstance(row, dict):
                keys.update(dict.fromkeys(row))
        self.columns = tuple(keys)

    def _rows(self) -> Iterator[tuple[int, dict[str, Any] | bytes]]:
        decode = msgspec.json.Decoder(dict[str, Any]).decode
        for number, line in self._lines():
            try:
                yield number, decode(line)
            except (msgspec.DecodeError, UnicodeDecodeError):
                yield number, line

    def _lines(self) -> Iterator[tuple[int, bytes]]:
        number, held = 1, b""
        for block, _done in unpacked(self.path):
            *whole, held = (held + block).split(b"\n")
            for line in whole:
                if line.strip():
                    yield number, line
                number += 1
        if held.strip():
            yield number, held

    def chunks(self, wanted: Sequence[str]) -> Iterator[Chunk]:
        """See readers.base.Source."""
        rows = self._rows()
        while part := list(itertools.islice(rows, CHUNK_ROWS)):
            good = [(number, row) for number, row in part if isinstance(row, dict)]
            message = _("this line is not a JSON object")
            broken = tuple(
                Broken(number, "not_json", message, row.decode(errors="replace"))
                for number, row in part
                if isinstance(row, bytes)
            )
            arrays = [pa.array([_json_text(row.get(c)) for _n, row in good], pa.string()) for c in wanted]
            lines = pa.array([number for number, _row in good], pa.int64())
            yield Chunk(trimmed(pa.table([*arrays, lines], names=[*wanted, LINE])), broken, 0.5)


def _json_text(value: object) -> str | None:
    if isinstance(value, str) or value is None:
        return value
    return msgspec.json.encode(value).decode() if isinstance(value, (list, dict)) else text_of(value)
