"""What a file is, by its content: the kinds we take, and checks that it is nothing else besides.

Every check reads at most the limits it is given: a file that unpacks to more, or an image of more pixels,
is refused before it is unpacked or drawn.
"""

from __future__ import annotations

import os
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import IO

import puremagic
from django.utils.translation import gettext as _
from PIL import Image

CHUNK = 1 << 16
OVERLAP = 64  # longer than any mark that may lie across two blocks
MEMBERS = 10_000
RATIO = 250
IMAGES = {"png": "PNG", "jpeg": "JPEG", "gif": "GIF", "webp": "WEBP"}
SUFFIXES = {
    **{"csv": "text", "tsv": "text", "txt": "text", "xlsx": "xlsx", "gz": "gzip", "zip": "zip", "pdf": "pdf"},
    **{"parquet": "parquet", "png": "png", "jpg": "jpeg", "jpeg": "jpeg", "gif": "gif", "webp": "webp"},
}
# what zipfile and Pillow raise on damaged input, by their code and by our random damage
_UNREADABLE: tuple[type[Exception], ...] = (
    OSError,
    ArithmeticError,
    LookupError,
    NotImplementedError,
    RuntimeError,
    TypeError,
    ValueError,
    struct.error,
    MemoryError,
)
# the signature by which virus scanners are tried, in two halves, so that no scanner stops at this file
_SIGNATURE = b"$EICAR-STANDARD-" + b"ANTIVIRUS-TEST-FILE!$"
# what makes a reader of PDF run, start or unpack something (ISO 32000-1, 12.6.4 and 7.11.4)
_ACTIVE = re.compile(rb"/(?:JavaScript|Launch|EmbeddedFiles?|RichMedia)(?=[\s(<\[/])")
_PROGRAMS = (".exe", ".dll", ".com", ".scr", ".bat", ".cmd", ".js", ".vbs", ".ps1", ".jar", "vbaproject.bin")
_MARKUP = re.compile(rb"^\s*<(?:!doctype|html|svg|script|\?xml|body|head|iframe)", re.IGNORECASE)


class Refused(Exception):
    """The file is not taken; the text says why, for the one who brought it."""


@dataclass(frozen=True)
class Limits:
    """Most bytes once unpacked, most pixels of an image."""

    unpacked: int
    pixels: int


def kind_name(kind: str) -> str:
    """What people call a kind of file, in the page's language: «Excel (xlsx)», «text (csv, txt)»."""
    said = {
        "text": _("text (csv, txt)"),
        "xlsx": "Excel (xlsx)",
        "jpeg": "JPEG",
        "webp": "WebP",
        "gzip": "gz",
    }
    said |= {"parquet": "Parquet", "unknown": _("of an unknown kind")}
    return said.get(kind, kind.upper())


def kind_of(file: IO[bytes]) -> str:
    """The kind by content (`text`, `xlsx`, `gzip`, `parquet`, `png`, …); `unknown` where none fits."""
    file.seek(0)
    head = file.read(CHUNK)
    known = (
        (b"PK\x03\x04", "zip"),
        (b"\x1f\x8b", "gzip"),
        (b"PAR1", "parquet"),
        (b"%PDF-", "pdf"),
        (b"\x89PNG\r\n\x1a\n", "png"),
        (b"\xff\xd8\xff", "jpeg"),
        (b"GIF87a", "gif"),
        (b"GIF89a", "gif"),
    )
    for magic, kind in known:
        if head.startswith(magic):
            return "xlsx" if kind == "zip" and _is_workbook(file) else kind
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "webp"
    return "text" if _is_text(head) and not _foreign(head) else "unknown"


def _foreign(head: bytes) -> bool:
    """Whether a text is the source of something that a browser or a machine would run."""
    if _MARKUP.match(head.removeprefix(b"\xef\xbb\xbf")) or head.startswith((b"#!", b"MZ", b"\x7fELF")):
        return True
    try:
        found = puremagic.magic_string(head)
    except (puremagic.PureError, ValueError):
        return False
    return any(
        match.confidence >= 0.8 and "text" not in match.mime_type for match in found if match.mime_type
    )


def _is_text(head: bytes) -> bool:
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return len(head) > 2
    if b"\0" in head:
        return False
    for coding in ("utf-8", "gb18030"):
        try:
            text = head.decode(coding, "strict")
        except UnicodeDecodeError as error:
            if error.start < len(head) - 4 or len(head) < CHUNK:
                continue  # a character cut in two at the end of what was read is no fault
            text = head[: error.start].decode(coding)
        return not re.search(r"[\x01-\x08\x0e-\x1a\x1c-\x1f]", text)
    return False


def _is_workbook(file: IO[bytes]) -> bool:
    try:
        with zipfile.ZipFile(file) as archive:
            return {"[Content_Types].xml", "xl/workbook.xml"} <= set(archive.namelist())
    except (zipfile.BadZipFile, EOFError):
        return False
    except _UNREADABLE:
        return False


def examine(file: IO[bytes], kind: str, limits: Limits) -> int:
    """Check that `file` is a whole, harmless file of `kind`; returns its size once unpacked in bytes.

    Raises Refused for what is truncated, bigger inside than allowed, two kinds at once (polyglot), or looks
    infected: a known signature, a program inside, a PDF that would run something. This takes the place of no
    virus scanner.
    """
    file.seek(0, os.SEEK_END)
    size = file.tell()
    if size == 0:
        raise Refused(_("The file is empty."))
    file.seek(0)
    if _SIGNATURE in file.read(CHUNK):
        raise _infected()
    check = _CHECKS.get(kind, _no_check)
    try:
        return check(file, size, limits)
    except Image.DecompressionBombError as error:
        raise Refused(_("The image has more pixels than allowed.")) from error
    except (zipfile.BadZipFile, zlib.error, EOFError, SyntaxError) as error:
        raise Refused(_("The file is damaged or not complete.")) from error
    except _UNREADABLE as error:
        raise Refused(_("The file cannot be read as what it claims to be.")) from error


def _no_check(file: IO[bytes], size: int, limits: Limits) -> int:
    return size


def _too_big() -> Refused:
    return Refused(_("The file unpacks to more than is allowed."))


def _infected() -> Refused:
    return Refused(_("The file looks infected: it holds a program, or would run one when opened."))


def _zip(file: IO[bytes], size: int, limits: Limits) -> int:
    """Every member is unpacked once, counted, and thrown away; sums are checked before and while doing so."""
    total = 0
    with zipfile.ZipFile(file) as archive:
        if len(archive.comment) or _end_of_zip(file, size) != size:
            raise Refused(_("Something else is hidden behind the end of the file."))
        members = archive.infolist()
        if len(members) > MEMBERS or sum(m.file_size for m in members) > limits.unpacked:
            raise _too_big()
        for member in members:
            _check_member(member)
            if member.file_size > RATIO * max(member.compress_size, 1) + CHUNK:
                raise _too_big()
            with archive.open(member) as unpacked:
                while block := unpacked.read(CHUNK):
                    total += len(block)
                    if total > limits.unpacked:
                        raise _too_big()
    return total


def _end_of_zip(file: IO[bytes], size: int) -> int:
    file.seek(max(size - 22, 0))
    return size if file.read(4) == b"PK\x05\x06" else -1


def _check_member(member: zipfile.ZipInfo) -> None:
    parts = member.filename.replace("\\", "/").split("/")
    if member.filename.startswith(("/", "\\")) or ".." in parts or ":" in parts[0]:
        raise Refused(_("A file inside has a name that leads out of its folder."))
    if stat.S_ISLNK(member.external_attr >> 16):
        raise Refused(_("A file inside is a link."))
    if parts[-1].lower().endswith(_PROGRAMS):
        raise _infected()
    if member.flag_bits & 1:
        raise Refused(_("The file is protected by a password."))


def _gzip(file: IO[bytes], size: int, limits: Limits) -> int:
    """All members of the stream, block by block; nothing may follow the last one."""
    total, unpacker = 0, zlib.decompressobj(wbits=31)
    file.seek(0)
    pending = file.read(CHUNK)
    while pending:
        block = unpacker.decompress(pending, CHUNK)
        total += len(block)
        if total > limits.unpacked:
            raise _too_big()
        pending = unpacker.unconsumed_tail
        if unpacker.eof:
            pending = unpacker.unused_data or file.read(CHUNK)
            if pending:
                unpacker = zlib.decompressobj(wbits=31)
        elif not pending:
            pending = file.read(CHUNK)
    if not unpacker.eof:
        raise EOFError
    return total


def _parquet(file: IO[bytes], size: int, limits: Limits) -> int:
    """Magic at both ends and a footer that fits between them; the rows are the import's business."""
    file.seek(max(size - 8, 0))
    tail = file.read(8)
    footer = int.from_bytes(tail[:4], "little")
    if size < 12 or tail[4:] != b"PAR1" or footer > size - 12:
        raise EOFError
    return size


def _pdf(file: IO[bytes], size: int, limits: Limits) -> int:
    file.seek(max(size - 1024, 0))
    tail = file.read().rstrip()
    if not tail.endswith(b"%%EOF"):
        raise EOFError
    file.seek(0)
    kept = b""
    while block := file.read(CHUNK):
        if _ACTIVE.search(kept + block):
            raise _infected()
        kept = block[-OVERLAP:]
    return size


def _image(kind: str) -> Callable[[IO[bytes], int, Limits], int]:
    def check(file: IO[bytes], size: int, limits: Limits) -> int:
        """Only the header is read: an image is never drawn here."""
        file.seek(0)
        with Image.open(file, formats=[IMAGES[kind]]) as image:
            width, height = image.size
            if width * height * int(getattr(image, "n_frames", 1)) > limits.pixels:
                raise Refused(_("The image has more pixels than allowed."))
            if kind == "png":
                image.verify()
        if not _ends_well(file, kind, size):
            raise Refused(_("The image is not complete, or something is hidden behind its end."))
        return width * height * 4

    return check


def _ends_well(file: IO[bytes], kind: str, size: int) -> bool:
    if kind == "webp":
        file.seek(4)
        return int.from_bytes(file.read(4), "little") + 8 in (size, size - 1)
    end = {"png": b"IEND\xaeB`\x82", "jpeg": b"\xff\xd9", "gif": b"\x3b"}[kind]
    file.seek(max(size - len(end), 0))
    return file.read() == end


def _text(file: IO[bytes], size: int, limits: Limits) -> int:
    """No NUL anywhere, except where a byte order mark says that two bytes make a character."""
    file.seek(0)
    wide = file.read(2) in (b"\xff\xfe", b"\xfe\xff")
    file.seek(0)
    while block := file.read(1 << 20):
        if b"\0" in block and not wide:
            raise Refused(_("The text holds bytes that no text has."))
    return size


_CHECKS: dict[str, Callable[[IO[bytes], int, Limits], int]] = {
    **{"zip": _zip, "xlsx": _zip, "gzip": _gzip, "parquet": _parquet, "pdf": _pdf, "text": _text},
    **{kind: _image(kind) for kind in IMAGES},
}
