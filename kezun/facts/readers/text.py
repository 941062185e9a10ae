"""CSV, TSV and their like.

Blocks that are plain are parsed by Arrow; a block with a blank line, a broken row or a line break inside
quotes is read line by line, so that every row keeps its true line number.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.csv as pc
from django.utils.translation import gettext as _

from kezun.facts.profiles import Format
from kezun.facts.readers.base import (
    CHUNK_ROWS,
    LINE,
    ODD_BLANKS,
    REASON,
    Broken,
    Chunk,
    Gathered,
    Unreadable,
    trimmed,
)
from kezun.facts.readers.raw import encoding_of, text_blocks

DELIMITERS = (",", "\t", ";", "|")
LINES_IN_QUOTES = 100
QUOTE = b'"'
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

    def chunks(self, wanted: Sequence[str]) -> Iterator[Chunk]:
        """See readers.base.Source."""
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
                gathered.add(*self._parse(ready, line, wanted))
                line += ready.count(b"\n")
            if gathered.rows >= CHUNK_ROWS:
                yield gathered.take(done)
        if held and not skip:
            gathered.add(*self._parse(held, line, wanted))
        if gathered.tables:
            yield gathered.take(1.0)

    def _parse(self, block: bytes, line: int, wanted: Sequence[str]) -> tuple[pa.Table, list[Broken]]:
        lines = block.count(b"\n") + (not block.endswith(b"\n"))
        try:
            table = self._arrow(block, wanted)
        except pa.ArrowInvalid:
            return self._by_line(block, line, wanted)
        if table.num_rows != lines:
            return self._by_line(block, line, wanted)
        if any(blank in block for blank in ODD_BLANKS if blank != self.delimiter.encode()):
            table = trimmed(table)
        return table.append_column(LINE, pa.array(range(line, line + lines), pa.int64())), []

    def _arrow(self, block: bytes, wanted: Sequence[str]) -> pa.Table:
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
                column_types=dict.fromkeys(self.names, pa.string()),
                strings_can_be_null=False,
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
