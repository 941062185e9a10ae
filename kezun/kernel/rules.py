"""Pure rules of the kernel: canonical text, the chain's digest, masks. No framework."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
from collections.abc import Mapping
from decimal import Decimal
from pathlib import PurePath
from uuid import UUID

GENESIS = "0" * 64


def canonical(value: object) -> str:
    """One text for one value: JSON with sorted keys, no spaces, UTF-8; dates as ISO, decimals as strings.

    Raises TypeError for what has no canonical form (floats that are not finite, unknown classes).
    """
    return json.dumps(
        value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=_plain
    )


def _plain(value: object) -> object:
    if isinstance(value, dt.datetime):
        if value.tzinfo is None:
            raise TypeError("a moment without a zone has no canonical form")
        return value.astimezone(dt.UTC).isoformat()
    if isinstance(value, (dt.date, dt.time)):
        return value.isoformat()
    if isinstance(value, (Decimal, UUID, PurePath)):
        return str(value)
    if isinstance(value, (set, frozenset)):
        return sorted(str(item) for item in value)
    if isinstance(value, (tuple, list)):
        return list(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} has no canonical form")


def chain_digest(key: bytes, previous: str, body: str) -> str:
    """HMAC-SHA256 over the previous entry's digest and this entry's canonical body, as 64 hex digits.

    Keyed, so that whoever can write the table but not read the key cannot forge a chain anew.
    """
    return hmac.new(key, f"{previous}\n{body}".encode(), hashlib.sha256).hexdigest()


def head_digest(key: bytes, shard: int, count: int, head: str) -> str:
    """Seal over a shard's length and last digest: a chain alone cannot see its tail cut off."""
    return hmac.new(key, f"head\n{shard}\n{count}\n{head}".encode(), hashlib.sha256).hexdigest()


def shard_of(stream: str, shards: int) -> int:
    """The chain (0 … shards-1) that a stream of entries belongs to; stable across processes."""
    return int.from_bytes(hashlib.sha256(stream.encode()).digest()[:4], "big") % shards


def mask_name(name: str) -> str:
    """A person's name with all but the first character hidden: 王小明 → 王**, Anna → A***."""
    return name[:1] + "*" * max(len(name) - 1, 0)


def mask_number(text: str) -> str:
    """A phone, card or identity number with only the last four characters kept: 13812345678 → *******5678.

    Texts of four characters or fewer are hidden whole.
    """
    return "*" * len(text) if len(text) <= 4 else "*" * (len(text) - 4) + text[-4:]
