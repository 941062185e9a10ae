"""Results as bytes and back: what a Score's `lines` hold, and the hash of all of them in order."""

from __future__ import annotations

import hashlib

import msgspec
import pyarrow as pa

from kezun.assessment.rules.lines import Result

_ENCODER = msgspec.msgpack.Encoder(decimal_format="string")
_DECODER = msgspec.msgpack.Decoder(Result)
# LZ4 costs a tenth of zlib here, and 200,000 results are packed at once.
_CODEC = pa.Codec("lz4_raw")
_SIZE = 4


def canonical(result: Result) -> bytes:
    """One sequence of bytes for one result, on any machine."""
    return _ENCODER.encode(result)


def pack(body: bytes) -> bytes:
    """The bytes compressed, after their size."""
    packed: bytes = _CODEC.compress(body, asbytes=True)
    return len(body).to_bytes(_SIZE, "little") + packed


def unpack(body: bytes | memoryview) -> Result:
    """The result that was packed; OSError or msgspec.DecodeError where the bytes are not ours."""
    raw = bytes(body)
    size = int.from_bytes(raw[:_SIZE], "little")
    return _DECODER.decode(_CODEC.decompress(raw[_SIZE:], decompressed_size=size, asbytes=True))


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
