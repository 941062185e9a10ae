"""The beginning of a file: enough to propose a profile and to try one, however large the file is."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from kezun.facts.profiles import Format
from kezun.facts.readers import Chunk, Source, open_source
from kezun.facts.readers.base import LINE, NOTHING, REASON, Plain
from kezun.facts.readers.columnar import ArrowSource, ParquetSource
from kezun.facts.readers.raw import unpacked
from kezun.facts.readers.sheet import SheetSource
from kezun.facts.readers.text import TextSource, unique

SAMPLE_BYTES = 1 << 18
ROWS = 500
WIDE = (ParquetSource, ArrowSource, SheetSource)


@dataclass(frozen=True)
class Sample:
    """The first rows as text: how the file is written, its columns, each with its values in order."""

    kind: str
    delimiter: str
    encoding: str
    columns: tuple[str, ...]
    values: dict[str, list[str]]

    def distinct(self, column: str) -> list[str]:
        """Each value once, in order of appearance, blank ones left out."""
        return list(dict.fromkeys(v for v in self.values.get(column, ()) if v))


@dataclass
class Beginning:
    """A source that ends after `rows` rows; see readers.base.Source."""

    source: Source
    rows: int = ROWS

    def __post_init__(self) -> None:
        self.columns, self.sparse = self.source.columns, self.source.sparse
        self.replaced, self.notes = self.source.replaced, self.source.notes

    def chunks(self, wanted: Sequence[str], plain: Plain = NOTHING) -> Iterator[Chunk]:
        """The first rows, and the broken lines among them."""
        for chunk in itertools.islice(self.source.chunks(wanted, plain), 1):
            yield Chunk(chunk.table.slice(0, self.rows), chunk.broken[: self.rows])


@contextmanager
def beginning(path: Path) -> Iterator[tuple[Path, bool]]:
    """A file with the first lines of `path`, and whether that is all; workbooks as they are."""
    with path.open("rb") as file:
        head = file.read(8)
    if head.startswith((b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"PAR1", b"ARROW1", b"\xff\xff\xff\xff")):
        yield path, True
        return
    blocks = [block for block, _share in itertools.islice(unpacked(path, SAMPLE_BYTES), 2)]
    text, whole = blocks[0] if blocks else b"", len(blocks) < 2
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "sample"
        made.write_bytes(text if whole else _whole_lines(text))
        yield made, whole


def _whole_lines(text: bytes) -> bytes:
    """Up to the last line break, which has two bytes in UTF-16."""
    wide = {b"\xff\xfe": b"\n\x00", b"\xfe\xff": b"\x00\n"}.get(text[:2])
    if wide is None:
        return text[: text.rfind(b"\n") + 1] or text
    at = text.rfind(wide)
    while at > 0 and at % 2:
        at = text.rfind(wide, 0, at)
    return text[: at + 2]


def take_sample(path: Path, form: Format | None = None) -> Sample:
    """Look at the beginning of a file; Unreadable says what is wrong with it."""
    with beginning(path) as (start, _whole):
        source = open_source(start, form or Format())
        names = [n for n in unique(source.columns) if n and n not in (LINE, REASON)]
        table = next((c.table for c in Beginning(source).chunks(names)), None)
        values = {n: [v or "" for v in table.column(n).to_pylist()] if table else [] for n in names}
    if isinstance(source, TextSource):
        kind, delimiter, encoding = "csv", source.delimiter, source.encoding.name
    else:
        kind, delimiter, encoding = "excel" if isinstance(source, SheetSource) else "auto", "", "auto"
    return Sample(kind, delimiter, encoding, tuple(names), values)
