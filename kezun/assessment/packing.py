"""Results as bytes and back: what a Score's `lines` hold, and the hash of all of them in order."""

from __future__ import annotations

import hashlib
import zlib

import msgspec

from kezun.assessment.rules.lines import Result

_ENCODER = msgspec.msgpack.Encoder(decimal_format="string")
_DECODER = msgspec.msgpack.Decoder(Result)
LEVEL = 1


def canonical(result: Result) -> bytes:
    """One sequence of bytes for one result, on any machine."""
    return _ENCODER.encode(result)


def pack(body: bytes) -> bytes:
    return zlib.compress(body, LEVEL)


def unpack(body: bytes | memoryview) -> Result:
    """The result that was packed; a zlib or msgspec error where the bytes are not ours."""
    return _DECODER.decode(zlib.decompress(bytes(body)))


class ResultHash:
    """The hash over all subjects' keys, results and places in the ranking, in their order."""

    def __init__(self) -> None:
        self._hash = hashlib.sha256()

    def add(self, key: str, body: bytes, standing: tuple[int | None, ...]) -> None:
        head = f"{key}|{standing}|{len(body)}\n".encode()
        self._hash.update(head)
        self._hash.update(body)

    def hexdigest(self) -> str:
        return self._hash.hexdigest()
