"""The file of a backup: a tar, packed as its name says, in which every member's digest is known."""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, Any

import pyarrow as pa


class Archive:
    """A tar file being written, with the digest of each member."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self.tar = tar
        self.members: dict[str, dict[str, Any]] = {}

    def add(self, name: str, path: Path) -> str:
        """Add a file; returns its sha256. A file that grows meanwhile is taken as long as it was."""
        with path.open("rb") as source:
            return self.add_stream(name, source, os.fstat(source.fileno()).st_size)

    def add_stream(self, name: str, source: IO[bytes], size: int) -> str:
        info = tarfile.TarInfo(name)
        info.size, info.mode = size, 0o600
        read = _Digest(source)
        self.tar.addfile(info, read)
        self.members[name] = {"bytes": size, "sha256": read.sha.hexdigest()}
        return str(self.members[name]["sha256"])


class _Digest(io.RawIOBase):
    """Passes bytes on and keeps their digest."""

    def __init__(self, source: IO[bytes]) -> None:
        self.source, self.sha = source, hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        piece = self.source.read(size)
        self.sha.update(piece)
        return piece


@contextmanager
def written(target: Path) -> Iterator[tarfile.TarFile]:
    """A tar file at `target`, which appears when it is whole; packed as its name says (.gz, .zst)."""
    draft = target.with_name(f".{target.name}.part")
    out = os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")
    try:
        with out, ExitStack() as stack:
            sink: Any = out
            if target.suffix == ".zst":
                sink = stack.enter_context(pa.CompressedOutputStream(out, "zstd"))
            mode: Any = "w|gz" if target.suffix == ".gz" else "w|"
            yield stack.enter_context(tarfile.open(fileobj=sink, mode=mode))
        _sync(draft)
        draft.replace(target)
        _sync(target.parent)
    finally:
        draft.unlink(missing_ok=True)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def opened(source: Path) -> Iterator[tarfile.TarFile]:
    with source.open("rb") as raw:
        magic = raw.read(4)
        raw.seek(0)
        if magic == b"\x28\xb5\x2f\xfd":
            with (
                pa.CompressedInputStream(raw, "zstd") as packed,
                tarfile.open(fileobj=packed, mode="r|") as tar,
            ):
                yield tar
        else:
            with tarfile.open(fileobj=raw, mode="r|gz" if magic[:2] == b"\x1f\x8b" else "r|") as tar:
                yield tar
