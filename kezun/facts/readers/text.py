"""CSV, TSV and their like.

Blocks that are plain are parsed by Arrow; a block with a blank line, a broken row or a line break inside
quotes is read line by line, so that every row keeps its true line number.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc
from django.utils.translation import gettext as _

from kezun.facts.profiles import Format
from kezun.facts.readers.base import (
    CHUNK_ROWS,
    LINE,
    NOTHING,
    ODD_BLANKS,
    REASON,
    Broken,
    Chunk,
    Gathered,
    Plain,
    Unreadable,
    lines_from,
    trimmed,
)
from kezun.facts.readers.raw import encoding_of, text_blocks

DELIMITERS = (",", "\t", ";", "|")
LINES_IN_QUOTES = 100
QUOTE = b'"'
# Arrow reads these as numbers, we do not.
HEX = ((b"x", b"0x"), (b"X", b"0X"))
# What a file of rejected rows has more; without a header line only the number of fields shows it.
MENDING = (LINE, REASON)


class TextSource:
    """A delimited text file; see readers.base.Source."""

    sparse = False

    def __init__(self, path: Path, form: Format) -> None:
        self.path, self.form = path, form
        self.encoding = encoding_of(path, form.encoding)
        self.replaced = self.encoding.replaced
        self.notes: dict[str, int] = {}
        head = self.sample()
        self.delimiter = form.delimiter or ("\t" if form.kind == "tsv" else sniff(head))
        self.columns, self.names = self._header(head)

    def sample(self) -> list[str]:
        """The first lines."""
        text = next(text_blocks(self.path, self.encoding), (b"", 1.0))[0]
        lines = text[: 1 << 18].decode(errors="replace").split("\n")
        return [line.rstrip("\r") for line in lines[: -1 if len(lines) > 1 and not lines[-1] else None]]

    def _header(self, lines: list[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The file's column names, and those of its fields (rows may end in one more delimiter)."""
        at = self.form.header
        if at > len(lines):
            raise Unreadable(_("There is no line %(line)d to hold the column names.") % {"line": at})
        found = self.form.columns or tuple(self._fields(lines[at - 1]))
        columns = tuple(name.strip().strip("\ufeff") for name in found)
        first = next((line for line in lines[at:] if line.strip()), "")
        fields = self._fields(first)
        more = len(fields) - len(columns)
        if more == 1 and not fields[-1].strip():
            return columns, unique((*columns, "_end"))
        if more == len(MENDING) and self.form.columns:
            return columns, unique((*columns, *MENDING))
        return columns, unique(columns)

    def _fields(self, line: str) -> list[str]:
        return next(csv.reader(io.StringIO(line, newline=""), delimiter=self.delimiter), [])

    def chunks(self, wanted: Sequence[str], plain: Plain = NOTHING) -> Iterator[Chunk]:
        """See readers.base.Source."""
        self.whole = {name for name in wanted if plain.get(name) == "integer"}
        line, held, gathered, done = 1, b"", Gathered(), 0.0
        skip = self.form.header
        for block, done in text_blocks(self.path, self.encoding):
            held += block
            cut = boundary(held)
            if not cut:
                continue
            ready, held = held[:cut], held[cut:]
            while skip and ready:
                ready, skip, line = ready[ready.index(b"\n") + 1 :], skip - 1, line + 1
            if ready:
                lines = ready.count(b"\n")
                table, broken = self._parse(ready, lines, line, wanted)
                if gathered.other(table):
                    yield gathered.take(done)
                gathered.add(table, broken)
                line += lines
            if gathered.rows >= CHUNK_ROWS:
                yield gathered.take(done)
        if held and not skip:
            table, broken = self._parse(held, held.count(b"\n") + (not held.endswith(b"\n")), line, wanted)
            if gathered.other(table):
                yield gathered.take(done)
            gathered.add(table, broken)
        if gathered.tables:
            yield gathered.take(1.0)

    def _parse(
        self, block: bytes, lines: int, line: int, wanted: Sequence[str]
    ) -> tuple[pa.Table, list[Broken]]:
        """The rows of a block that holds `lines` lines and begins at `line`."""
        try:
            table = self._typed(block, wanted)
        except pa.ArrowInvalid:
            return self._by_line(block, line, wanted)
        if table.num_rows != lines:
            return self._by_line(block, line, wanted)
        if padded(block, self.delimiter.encode()):
            table = trimmed(table)
        return table.append_column(LINE, lines_from(line, lines)), []

    def _typed(self, block: bytes, wanted: Sequence[str]) -> pa.Table:
        """The block with its whole numbers as such; a column that has others stays texts from here on."""
        if not self.whole or any(mark in block and prefix in block for mark, prefix in HEX):
            return self._arrow(block, wanted, set())
        try:
            return self._arrow(block, wanted, self.whole)
        except pa.ArrowInvalid:
            table = self._arrow(block, wanted, set())
            self.whole -= {name for name in self.whole if not _numbers(table.column(name))} or self.whole
            return table

    def _arrow(self, block: bytes, wanted: Sequence[str], whole: set[str]) -> pa.Table:
        quoted = QUOTE in block
        return pc.read_csv(
            pa.BufferReader(block),
            read_options=pc.ReadOptions(column_names=list(self.names), block_size=len(block) + 1),
            parse_options=pc.ParseOptions(
                delimiter=self.delimiter,
                quote_char='"' if quoted else False,
                newlines_in_values=quoted,
                invalid_row_handler=lambda row: "skip",
            ),
            convert_options=pc.ConvertOptions(
                include_columns=list(wanted),
                column_types={n: pa.int64() if n in whole else pa.string() for n in self.names},
                null_values=[""],
                strings_can_be_null=True,
            ),
        )

    def _by_line(self, block: bytes, line: int, wanted: Sequence[str]) -> tuple[pa.Table, list[Broken]]:
        places = [self.names.index(name) for name in wanted]
        rows: list[list[str]] = []
        numbers: list[int] = []
        broken: list[Broken] = []
        for number, text in records(block.decode(), line, self._fits):
            fields = self._record(number, text, broken) if text.strip() else None
            if fields is not None:
                rows.append([fields[place] for place in places])
                numbers.append(number)
        arrays = [pa.array([row[i] for row in rows], pa.string()) for i in range(len(places))]
        table = pa.table([*arrays, pa.array(numbers, pa.int64())], names=[*wanted, LINE])
        return trimmed(table), broken

    def _fits(self, text: str) -> bool:
        return len(self._fields(text)) == len(self.names)

    def _record(self, number: int, text: str, broken: list[Broken]) -> list[str] | None:
        if text.count('"') % 2:
            message = _("a quotation mark opens and does not close")
            broken.append(Broken(number, "open_quote", message, text))
            return None
        fields = self._fields(text)
        if len(fields) != len(self.names):
            message = _("%(wanted)d columns expected, %(found)d found") % {
                "wanted": len(self.names),
                "found": len(fields),
            }
            broken.append(Broken(number, "columns", message, text))
            return None
        return fields


def _numbers(texts: pa.ChunkedArray) -> bool:
    try:
        texts.cast(pa.int64())
    except pa.ArrowInvalid:
        return False
    return True


def padded(block: bytes, delimiter: bytes) -> bool:
    """Whether a value of the block may begin or end with a blank."""
    odd = ODD_BLANKS[:1] if block.isascii() else ODD_BLANKS
    if any(blank in block for blank in odd if blank != delimiter):
        return True
    codes = np.frombuffer(block, np.uint8)
    spaces = np.flatnonzero(codes == ord(" "))
    if not len(spaces):
        return False
    edge = np.zeros(256, bool)
    edge[list(b"\r\n" + QUOTE + delimiter)] = True
    if spaces[0] == 0 or spaces[-1] == len(codes) - 1:
        return True
    return bool(edge[codes[spaces - 1]].any() or edge[codes[spaces + 1]].any())


def unique(names: Sequence[str]) -> tuple[str, ...]:
    """Names with repeated ones made distinct: a, b, a → a, b, a (2)."""
    seen: dict[str, int] = {}
    found = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        found.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return tuple(found)


def sniff(lines: Sequence[str]) -> str:
    """The delimiter that cuts most of the first lines into the same number of parts, more than one."""
    sample = [line for line in lines[:50] if line.strip()]

    def score(delimiter: str) -> tuple[int, int]:
        counts = [len(row) for row in csv.reader(sample, delimiter=delimiter)]
        usual = max(set(counts), key=counts.count) if counts else 1
        return (counts.count(usual) if usual > 1 else 0, usual)

    return max(DELIMITERS, key=score)


def boundary(block: bytes) -> int:
    """Where the last whole record of `block` ends (0: nowhere): after a line break outside quotes."""
    end = block.rfind(b"\n") + 1
    if QUOTE not in block or not end:
        return end
    at, inside = end, block.count(QUOTE, 0, end) % 2
    for _step in range(LINES_IN_QUOTES):
        if not inside:
            return at
        earlier = block.rfind(b"\n", 0, at - 1) + 1
        if not earlier:
            break
        inside ^= block.count(QUOTE, earlier, at) % 2
        at = earlier
    return end


def records(text: str, line: int, fits: Callable[[str], bool]) -> Iterator[tuple[int, str]]:
    """(line number, text) of each record.

    A quoted line break joins lines, at most LINES_IN_QUOTES of them, where what is joined `fits` the header;
    else the line with the open quotation mark stands alone, and no line after it is lost.
    """
    lines = text.removesuffix("\n").split("\n")
    at = 0
    while at < len(lines):
        whole, last = lines[at].rstrip("\r"), at
        if whole.count('"') % 2:
            ahead = range(at + 1, min(at + LINES_IN_QUOTES, len(lines)))
            closing = next((i for i in ahead if lines[i].count('"') % 2), at)
            joined = "\n".join(lines[at : closing + 1]).rstrip("\r")
            if closing > at and fits(joined):
                whole, last = joined, closing
        yield line + at, whole
        at = last + 1
