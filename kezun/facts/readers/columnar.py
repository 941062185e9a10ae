"""Parquet and Arrow IPC: columns that bring their own types, given so where asked for, else as texts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from django.utils.translation import gettext as _

from kezun.facts.profiles import Format
from kezun.facts.readers.base import (
    CHUNK_ROWS,
    LINE,
    NOTHING,
    Chunk,
    Plain,
    Unreadable,
    lines_from,
    trimmed,
)
from kezun.facts.readers.raw import check_size


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

    def chunks(self, wanted: Sequence[str], plain: Plain = NOTHING) -> Iterator[Chunk]:
        """See readers.base.Source."""
        batches = self.file.iter_batches(batch_size=CHUNK_ROWS, columns=list(wanted))
        yield from _given(batches, wanted, plain, self.file.metadata.num_rows)


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

    def chunks(self, wanted: Sequence[str], plain: Plain = NOTHING) -> Iterator[Chunk]:
        """See readers.base.Source."""
        with pa.memory_map(str(self.path)) as file:
            opened = _open_arrow(file)
            if isinstance(opened, pa.ipc.RecordBatchFileReader):
                batches = (opened.get_batch(i) for i in range(opened.num_record_batches))
            else:
                batches = iter(opened)
            yield from _given((b.select(list(wanted)) for b in batches), wanted, plain, 0)


def _open_arrow(file: Any) -> Any:
    try:
        return pa.ipc.open_file(file)
    except pa.ArrowInvalid:
        file.seek(0)
        return pa.ipc.open_stream(file)


def _given(batches: Iterator[Any], wanted: Sequence[str], plain: Plain, total: int) -> Iterator[Chunk]:
    line = 1
    try:
        for batch in batches:
            arrays = [_as_asked(batch.column(name), name, plain.get(name)) for name in wanted]
            lines = lines_from(line, batch.num_rows)
            line += batch.num_rows
            table = pa.table([*arrays, lines], names=[*wanted, LINE])
            yield Chunk(trimmed(table), (), min(line / total, 1.0) if total else 0.5)
    except (pa.ArrowException, OSError) as error:
        raise Unreadable(
            _("The file is damaged after row %(line)d: ask for it again. (%(error)s)")
            % {"line": line - 1, "error": error}
        ) from error


def _as_asked(array: Any, name: str, kind: str | None) -> Any:
    """A column typed where that was asked for and it is of the kind, else as texts."""
    if kind == "integer" and pa.types.is_integer(array.type) and array.type != pa.uint64():
        return array.cast(pa.int64())
    if kind == "moment" and pa.types.is_timestamp(array.type) and not array.type.tz:
        return array.cast(pa.timestamp("us"), safe=False)
    return as_text(array, name)


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
