"""The bytes of a text file: unpacked, limited, decoded to UTF-8, the same however often they are read."""

from __future__ import annotations

import codecs
import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from django.conf import settings
from django.utils.translation import gettext as _

from kezun.facts.readers.base import Unreadable

BLOCK = 4 * 1024 * 1024
GZIP = b"\x1f\x8b"
MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
# GB 18030 reads all that GBK and GB 2312 wrote.
SAME = {"gbk": "gb18030", "gb2312": "gb18030", "utf8": "utf-8"}
LOST = "\ufffd"


def is_gzip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == GZIP


def unpacked(path: Path, size: int = BLOCK) -> Iterator[tuple[bytes, float]]:
    """(bytes, share of the file read) of a file, unpacked where it is gzip.

    Raises Unreadable for an archive that is cut off or damaged, or holds more than KEZUN_UNPACKED_MAX_BYTES.
    """
    total, whole = 0, max(path.stat().st_size, 1)
    packed = is_gzip(path)
    with path.open("rb") as file:
        stream = cast(BinaryIO, gzip.GzipFile(fileobj=file)) if packed else file
        while True:
            try:
                block = stream.read(size)
            except EOFError as error:
                raise Unreadable(_("The archive is cut off: ask for it again. Nothing was read.")) from error
            except (gzip.BadGzipFile, zlib.error) as error:
                message = _("The archive is damaged (%(error)s): ask for it again.") % {"error": error}
                raise Unreadable(message) from error
            if not block:
                return
            total += len(block)
            check_size(total)
            yield block, min(file.tell() / whole, 1.0)


def check_size(unpacked_bytes: int) -> None:
    """Raise Unreadable where a file unpacks to more than the installation allows."""
    if unpacked_bytes > settings.KEZUN_UNPACKED_MAX_BYTES:
        raise Unreadable(
            _("The file unpacks to more than %(mb)d MB (KEZUN_UNPACKED_MAX_BYTES): split it into parts.")
            % {"mb": settings.KEZUN_UNPACKED_MAX_BYTES // 1024**2}
        )


@dataclass(frozen=True)
class Encoding:
    """The encoding a file is read with, and whether some bytes are no characters in it."""

    name: str
    replaced: bool


def encoding_of(path: Path, wanted: str) -> Encoding:
    """Find out how a text file is encoded (`wanted`: auto, or a name), reading it once to its end.

    auto: a byte order mark decides, else UTF-8 if it is, else GB 18030 if it is, else the one of the two with
    fewer unreadable places. Raises Unreadable for an empty or binary file.
    """
    head = next(unpacked(path), (b"", 1.0))[0]
    if not head.strip():
        raise Unreadable(_("The file is empty."))
    marked = next((name for mark, name in MARKS if head.startswith(mark)), None)
    if marked is None and b"\0" in head[:65536]:
        raise Unreadable(_("This is neither text nor Excel, Parquet or Arrow: export it as CSV."))
    if wanted != "auto" or marked:
        name = marked or known(wanted)
        return Encoding(name, _lost(path, name) > 0)
    counts = {}
    for name in ("utf-8", "gb18030"):
        counts[name] = _lost(path, name)
        if not counts[name]:
            return Encoding(name, False)
    return Encoding(min(counts, key=lambda n: counts[n]), True)


def known(name: str) -> str:
    low = name.lower()
    try:
        return codecs.lookup(SAME.get(low, low)).name
    except LookupError as error:
        raise Unreadable(
            _("The profile's encoding «%(name)s» is unknown: write utf-8, gb18030 or auto.") % {"name": name}
        ) from error


def _lost(path: Path, name: str) -> int:
    """Places in the file that are no characters in encoding `name`."""
    decoder = codecs.getincrementaldecoder(name)("replace")
    strict = codecs.getincrementaldecoder(name)("strict")
    lost, clean = 0, True
    for block, _done in unpacked(path):
        if clean:
            try:
                strict.decode(block)
                continue
            except UnicodeDecodeError:
                clean = False
        lost += decoder.decode(block).count(LOST)
    try:
        strict.decode(b"", final=True)
    except UnicodeDecodeError:
        lost += 1
    return lost


def text_blocks(path: Path, encoding: Encoding) -> Iterator[tuple[bytes, float]]:
    """The file as UTF-8 bytes without a byte order mark, lines ended by `\\n` or `\\r\\n`."""
    plain = encoding.name in {"utf-8", "utf-8-sig"} and not encoding.replaced
    decoder = codecs.getincrementaldecoder(encoding.name)("replace")
    old_mac: bool | None = None
    for block, done in unpacked(path):
        if old_mac is None:
            block = block.removeprefix(codecs.BOM_UTF8) if plain else block
            old_mac = b"\r" in block and b"\n" not in block
        out = block if plain else decoder.decode(block).encode()
        yield (out.replace(b"\r", b"\n") if old_mac else out), done
    if not plain and (rest := decoder.decode(b"", final=True)):
        yield rest.encode(), 1.0
