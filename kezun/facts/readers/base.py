"""What every reader gives: the file's column names, its rows as text in chunks, exact line numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import pyarrow as pa
import pyarrow.compute as pc

LINE = "_line"
REASON = "_reason"
CHUNK_ROWS = 250_000
# Blanks around a value that are no plain spaces: tab, no-break space, ideographic space.
BLANKS = "\t\u00a0\u3000 "
ODD_BLANKS = tuple(blank.encode() for blank in BLANKS[:-1])


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
    """Rows as a table of texts with their line numbers in `_line`; done: share of the file read so far."""

    table: pa.Table
    broken: tuple[Broken, ...] = ()
    done: float = 1.0


def trimmed(table: pa.Table) -> pa.Table:
    """The table's texts without the blanks around them; plain spaces are trimmed by the engine anyway."""
    for place, column in enumerate(table.schema):
        if pa.types.is_string(column.type):
            table = table.set_column(place, column.name, pc.utf8_trim(table.column(place), BLANKS))
    return table


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

    def chunks(self, wanted: Sequence[str]) -> Iterator[Chunk]:
        """The rows with the columns `wanted`; raises Unreadable where the file ends unexpectedly."""
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

    def take(self, done: float) -> Chunk:
        """What has gathered, as one chunk; starts anew."""
        chunk = Chunk(pa.concat_tables(self.tables), tuple(self.broken), done)
        self.tables, self.broken, self.rows = [], [], 0
        return chunk
