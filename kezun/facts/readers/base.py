"""What every reader gives: the file's column names, its rows as text in chunks, exact line numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

LINE = "_line"
REASON = "_reason"
CHUNK_ROWS = 250_000
# Blanks around a value that are no plain spaces: tab, no-break space, ideographic space.
BLANKS = "\t\u00a0\u3000 "
ODD_BLANKS = tuple(blank.encode() for blank in BLANKS[:-1])


# Columns that a reader may give typed instead of as texts, by what they are read as: integer or moment.
Plain = Mapping[str, str]
NOTHING: Plain = {}


class Unreadable(Exception):
    """Nothing can be read from the file; the text says why, where, and what to do."""


@dataclass(frozen=True)
class Broken:
    """A line that is no row: too many or too few columns, an open quotation mark, no JSON."""

    line: int
    code: str
    message: str
    text: str


@dataclass(frozen=True)
class Chunk:
    """Rows with their line numbers in `_line`; done: share of the file read so far.

    Columns are texts without blanks around them, null where empty; integers and timestamps where asked for.
    """

    table: pa.Table
    broken: tuple[Broken, ...] = ()
    done: float = 1.0


def trimmed(table: pa.Table) -> pa.Table:
    """The table's texts without the blanks around them, null where nothing is left."""
    for place, column in enumerate(table.schema):
        if pa.types.is_string(column.type):
            table = table.set_column(place, column.name, trimmed_texts(table.column(place)))
    return table


def trimmed_texts(texts: pa.ChunkedArray | pa.Array) -> pa.ChunkedArray | pa.Array:
    """Texts without the blanks around them, null where nothing is left; looks at them only if need be."""
    if _may_hold_blanks(texts):
        texts = pc.utf8_trim(texts, BLANKS)
    shortest = pc.min(pc.binary_length(texts)).as_py()
    return texts if shortest else pc.if_else(pc.equal(texts, ""), pa.scalar(None, pa.string()), texts)


def _may_hold_blanks(texts: pa.ChunkedArray | pa.Array) -> bool:
    for part in texts.chunks if isinstance(texts, pa.ChunkedArray) else [texts]:
        data = part.buffers()[2]
        held = data.to_pybytes() if data is not None else b""
        if any(blank in held for blank in (b" ", *(ODD_BLANKS if not held.isascii() else ODD_BLANKS[:1]))):
            return True
    return False


def lines_from(first: int, count: int) -> pa.Array:
    """The line numbers of `count` rows in a row."""
    return pa.array(np.arange(first, first + count, dtype=np.int64))


class Source(Protocol):
    """An opened file. Reading it again from the start gives the same rows.

    columns: names in the file's order. sparse: a row may lack any column (JSON). replaced: some bytes were
    no characters and stand as U+FFFD.
    notes: warnings about the file as a whole, by code.
    """

    columns: tuple[str, ...]
    sparse: bool
    replaced: bool
    notes: dict[str, int]

    def chunks(self, wanted: Sequence[str], plain: Plain = NOTHING) -> Iterator[Chunk]:
        """The rows with the columns `wanted`; raises Unreadable where the file ends unexpectedly.

        plain: columns that may come typed, chunk by chunk, where every value of the chunk is of the kind.
        """
        ...


@dataclass
class Gathered:
    """Small tables gathered until they make a chunk."""

    tables: list[pa.Table] = field(default_factory=list)
    broken: list[Broken] = field(default_factory=list)
    rows: int = 0

    def add(self, table: pa.Table, broken: Sequence[Broken] = ()) -> None:
        self.tables.append(table)
        self.broken.extend(broken)
        self.rows += table.num_rows

    def other(self, table: pa.Table) -> bool:
        """Whether the table's types differ from those of what has gathered, so that it starts a chunk."""
        return bool(self.tables) and self.tables[0].schema != table.schema

    def take(self, done: float) -> Chunk:
        """What has gathered, as one chunk; starts anew."""
        chunk = Chunk(pa.concat_tables(self.tables), tuple(self.broken), done)
        self.tables, self.broken, self.rows = [], [], 0
        return chunk
