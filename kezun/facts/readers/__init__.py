"""Readers of what machines export. `open_source` looks at the content, not the name, to choose one."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from django.utils.translation import gettext as _

from kezun.facts.profiles import Format, Profile
from kezun.facts.readers.base import Broken, Chunk, Source, Unreadable
from kezun.facts.readers.columnar import ArrowSource, ParquetSource
from kezun.facts.readers.lines import JsonSource
from kezun.facts.readers.raw import unpacked
from kezun.facts.readers.sheet import SheetSource
from kezun.facts.readers.text import TextSource, sniff

__all__ = ["Broken", "Chunk", "Source", "Unreadable", "digest", "open_source", "open_with"]

MAGIC: tuple[tuple[bytes, Callable[[Path, Format], Source]], ...] = (
    (b"PK\x03\x04", SheetSource),
    (b"\xd0\xcf\x11\xe0", SheetSource),
    (b"PAR1", ParquetSource),
    (b"ARROW1", ArrowSource),
    (b"\xff\xff\xff\xff", ArrowSource),
)


def open_source(path: Path, form: Format) -> Source:
    """Open a file of any readable kind; Unreadable says what is wrong with it."""
    try:
        with path.open("rb") as file:
            head = file.read(8)
    except OSError as error:
        raise Unreadable(_("The file cannot be opened: %(error)s") % {"error": error.strerror}) from error
    for magic, reader in MAGIC:
        if head.startswith(magic):
            return reader(path, form)
    first = next(unpacked(path, 4096), (b"", 1.0))[0].lstrip(b"\xef\xbb\xbf \t\r\n")
    if first[:1] == b"{" and first[1:].lstrip()[:1] in (b'"', b"}"):
        return JsonSource(path, form)
    return TextSource(path, form)


def open_with(path: Path, profile: Profile) -> Source:
    """Open a file for a profile: every column that the profile reads must be there, exactly once."""
    source = open_source(path, profile.format)
    wanted = profile.sources()
    twice = [c for c in wanted if source.columns.count(c) > 1]
    if twice:
        places = ", ".join(str(i + 1) for i, c in enumerate(source.columns) if c == twice[0])
        raise Unreadable(
            _("The header names «%(name)s» more than once (columns %(places)s): rename one.")
            % {"name": twice[0], "places": places}
        )
    missing = [] if source.sparse else [c for c in wanted if c not in source.columns]
    if missing:
        raise Unreadable(_missing(missing, source, path, profile))
    return source


def _missing(missing: list[str], source: Source, path: Path, profile: Profile) -> str:
    text = _("Line %(line)d, the header, lacks: %(missing)s. It has: %(found)s.") % {
        "line": max(profile.format.header, 1),
        "missing": ", ".join(f"«{c}»" for c in missing),
        "found": ", ".join(f"«{c}»" for c in source.columns)[:400],
    }
    if isinstance(source, TextSource):
        likely = sniff(source.sample())
        if likely != source.delimiter:
            hint = _("The delimiter seems to be «%(likely)s», the profile says «%(said)s».")
            return f"{text} {hint % {'likely': likely, 'said': source.delimiter}}".replace("\t", "\\t")
        if len(missing) == len(profile.sources()):
            return " ".join((text, _("Is there a header line at all?")))
    return text


def digest(path: Path) -> str:
    """SHA-256 of a file, as 64 hex digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
