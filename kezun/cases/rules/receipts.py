"""Numbers of receipts: short enough to read out, impossible to guess, and a slip of the pen is noticed.

18 signs hold 88 bits (56 of a keyed digest, 32 of the case's key veiled by it), two more are check signs.
A number that was invented fails without any look into the database, so nothing can be learned from trying.
"""

from __future__ import annotations

import hashlib
import hmac

SIGNS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
ALIKE = str.maketrans({"O": "0", "I": "1", "L": "1"})
TAG, BODY = 7, 4
LENGTH, CHECK, GROUP = 18, 2, 5
PRIME = 1021
MOST = 1 << (8 * BODY)


def _digest(key: bytes, word: bytes, text: bytes, size: int) -> bytes:
    return hmac.new(key, word + text, hashlib.sha256).digest()[:size]


def _veil(key: bytes, tag: bytes, body: bytes) -> bytes:
    """The body under a pad that the tag gives; the same call takes the veil off again."""
    pad = _digest(key, b"veil", tag, BODY)
    return bytes(a ^ b for a, b in zip(body, pad, strict=True))


def _signs(number: int, length: int) -> str:
    found = []
    for _place in range(length):
        number, rest = divmod(number, 32)
        found.append(SIGNS[rest])
    return "".join(reversed(found))


def _number(text: str) -> int:
    number = 0
    for sign in text:
        number = number * 32 + SIGNS.index(sign)
    return number


def receipt(pk: int, key: bytes) -> str:
    """The receipt of the case with this key, in groups of five signs. ValueError beyond 32 bits."""
    if not 0 < pk < MOST:
        raise ValueError("a case's key has at most 32 bits here")
    body = pk.to_bytes(BODY, "big")
    tag = _digest(key, b"tag", body, TAG)
    plain = int.from_bytes(tag + _veil(key, tag, body), "big")
    text = _signs(plain, LENGTH) + _signs(plain % PRIME, CHECK)
    return "-".join(text[at : at + GROUP] for at in range(0, len(text), GROUP))


def plain(text: str) -> str:
    """What somebody typed without blanks and dashes, with the signs that look alike told apart."""
    return "".join(c for c in text.upper().translate(ALIKE) if c not in " -\t\u2013\u2014")


def is_whole(text: str) -> bool:
    """Whether the check signs fit: a number that fails this was mistyped."""
    found = plain(text)
    if len(found) != LENGTH + CHECK or any(sign not in SIGNS for sign in found):
        return False
    return _number(found[:LENGTH]) % PRIME == _number(found[LENGTH:])


def case_of(text: str, key: bytes) -> int | None:
    """The key of the case that a receipt names; None for one that was not made with this key."""
    if not is_whole(text):
        return None
    number = _number(plain(text)[:LENGTH])
    if number >> (8 * (TAG + BODY)):
        return None
    raw = number.to_bytes(TAG + BODY, "big")
    tag, body = raw[:TAG], _veil(key, raw[:TAG], raw[TAG:])
    if not hmac.compare_digest(tag, _digest(key, b"tag", body, TAG)):
        return None
    return int.from_bytes(body, "big")
