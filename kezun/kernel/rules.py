"""Pure rules of the kernel: canonical text, seals, masks, what must not be written down. No framework."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import PurePath
from uuid import UUID

GENESIS = "0" * 64
ALGORITHMS = ("sha256", "sm3")


def canonical(value: object) -> str:
    """One text for one value: JSON with sorted keys, no spaces, UTF-8; dates as ISO, decimals as strings.

    Lone surrogates are written as JSON escapes, so that the text can always be stored and hashed.
    Raises TypeError for what has no canonical form (floats that are not finite, unknown classes).
    """
    try:
        text = json.dumps(
            value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=_plain
        )
    except ValueError as error:
        raise TypeError(str(error)) from error
    return text.encode("utf-8", "backslashreplace").decode()


def _plain(value: object) -> object:
    if isinstance(value, dt.datetime):
        if value.tzinfo is None:
            raise TypeError("a moment without a zone has no canonical form")
        return value.astimezone(dt.UTC).isoformat()
    if isinstance(value, (dt.date, dt.time)):
        return value.isoformat()
    if isinstance(value, dt.timedelta):
        return value.total_seconds()
    if isinstance(value, (Decimal, UUID, PurePath)):
        return str(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value, key=canonical)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} has no canonical form")


def keyed_digest(key: bytes, text: str, via: str = "sha256") -> str:
    """HMAC of `text` by the named algorithm (one of ALGORITHMS, each 256 bits) as 64 hex digits.

    Bytes that are not UTF-8, read as surrogate escapes, count as the bytes they were.
    """
    return hmac.new(key, text.encode("utf-8", "surrogateescape"), via).hexdigest()


def chain_digest(key: bytes, previous: str, body: str, via: str = "sha256") -> str:
    """Digest of one entry: HMAC over the previous entry's digest and this entry's canonical body.

    Keyed, so that whoever can write the table but not read the key cannot forge a chain anew.
    """
    return keyed_digest(key, f"{previous}\n{body}", via)


def head_digest(key: bytes, shard: int, count: int, head: str, via: str = "sha256") -> str:
    """Seal over a shard's length and last digest: a chain alone cannot see its tail cut off."""
    return keyed_digest(key, f"head\n{shard}\n{count}\n{head}", via)


def anchor_digest(key: bytes, anchor: Mapping[str, object]) -> str:
    """Seal over an anchor: all its fields but `seal`, by the algorithm that its `via` names."""
    fields = {name: value for name, value in anchor.items() if name != "seal"}
    via = str(anchor.get("via"))
    return keyed_digest(key, "anchor\n" + canonical(fields), via if via in ALGORITHMS else "sha256")


def same(left: str, right: str) -> bool:
    """Whether two texts are equal, in time that does not depend on where they differ."""
    return hmac.compare_digest(left.encode("utf-8", "replace"), right.encode("utf-8", "replace"))


def sealed(key: bytes, shard: int, count: int, head: str, seal: str) -> bool:
    """Whether `seal` is the seal of that head under any known algorithm (a bank may change it once)."""
    return any(same(head_digest(key, shard, count, head, via), seal) for via in available())


def available() -> tuple[str, ...]:
    """The algorithms that this machine's hashlib offers."""
    return tuple(name for name in ALGORITHMS if name in hashlib.algorithms_available)


def shard_of(stream: str, shards: int) -> int:
    """The chain (0 … shards-1) that a stream of entries belongs to; stable across processes."""
    return int.from_bytes(hashlib.sha256(stream.encode()).digest()[:4], "big") % shards


def moment_text(text: str) -> str:
    """A UTC moment as databases and ISO 8601 write it, in one spelling: `2026-01-02 03:04:05.6`."""
    plain = text.replace("T", " ", 1).removesuffix("+00:00").removesuffix("+00")
    return plain.rstrip("0").removesuffix(".") if "." in plain else plain


def one_line(text: str, limit: int) -> str:
    """Text without control characters and line breaks, cut to `limit` characters: fit for a column."""
    return "".join(c for c in text if c.isprintable())[:limit]


UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def unstorable(value: object) -> str | None:
    """Where in a JSON value a text, or a name, holds what databases do not take: NUL, half of a pair.

    The place is told as names and positions with points between: `given.parties.0.name`; "" is the value
    itself. None where all of it can be stored.
    """
    waiting: list[tuple[str, object]] = [("", value)]
    while waiting:
        place, one = waiting.pop()
        if isinstance(one, str) and UNSTORABLE.search(one):
            return place
        pairs: Iterable[tuple[object, object]] = ()
        if isinstance(one, Mapping):
            pairs = one.items()
        elif isinstance(one, list):
            pairs = enumerate(one)
        for name, held in pairs:
            below = f"{place}.{name}" if place else str(name)
            if UNSTORABLE.search(below):
                return UNSTORABLE.sub("?", below)
            waiting.append((below, held))
    return None


def backoff(attempts: int) -> dt.timedelta:
    """How long a failed task waits before its next attempt: 2, 4, 8 … seconds, an hour at most."""
    return dt.timedelta(seconds=min(2 ** min(attempts, 12), 3600))


# Masks: what is left of a value on the page when the reader may not see it whole.


def mask_name(name: str) -> str:
    """A person's name with all but the first character hidden: Anna → A***."""
    return name[:1] + "*" * max(len(name) - 1, 0)


def mask_number(text: str) -> str:
    """A phone, card or identity number with only the last four characters kept: 13812345678 → *******5678.

    Texts of four characters or fewer are hidden whole.
    """
    return "*" * len(text) if len(text) <= 4 else "*" * (len(text) - 4) + text[-4:]


def mask_phone(text: str) -> str:
    """A phone number as people are used to read it: 13812345678 → 138****5678; short ones as numbers."""
    return mask_number(text) if len(text) < 11 else text[:3] + "*" * (len(text) - 7) + text[-4:]


def mask_email(text: str) -> str:
    """An e-mail address with its local part hidden but for the first character: a***@bank.example."""
    local, at, domain = text.partition("@")
    return f"{local[: len(local) > 1]}***{at}{domain}" if at else mask_text(text)


def mask_text(text: str) -> str:
    """Free text hidden whole; the mask has one length so that it does not tell the text's own."""
    return "***" if text else ""


MASKS = {
    "name": mask_name,
    "phone": mask_phone,
    "id": mask_number,
    "account": mask_number,
    "email": mask_email,
    "text": mask_text,
}


def kind_of_field(field: str) -> str:
    """The kind of mask that suits a field, by its name; free text where nothing says otherwise."""
    for kind, words in (
        ("phone", ("phone", "mobile", "tel")),
        ("email", ("email", "mail")),
        ("id", ("id_number", "identity", "certificate_no")),
        ("account", ("account", "card")),
        ("name", ("name",)),
    ):
        if any(word in field for word in words):
            return kind
    return "text"


_NUMBER = re.compile(r"(?<![0-9A-Za-z])(?:\d[ -]?){6,20}\d[\dXx]?(?![0-9A-Za-z])")
_EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+")


def scrub(text: str) -> str:
    """Text fit for a log: digit runs of seven and more (phone, card, identity) and addresses masked."""
    return _EMAIL.sub("***@***", _NUMBER.sub(lambda found: mask_number(found.group()), text))


def luhn(digits: str) -> bool:
    """Whether a string of digits carries a valid check digit (ISO/IEC 7812-1, annex B)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        doubled = int(digit) * (1 + place % 2)
        total += doubled - 9 if doubled > 9 else doubled
    return total % 10 == 0


_TRACK = re.compile(r"%B\d{12,19}\^|;\d{12,19}=\d{4}")
_CARD = re.compile(r"(?<!\d)(?:\d[ -]?){12,18}\d(?!\d)")


def find_c3(text: str, code_words: Iterable[str], secret_words: Iterable[str]) -> str | None:
    """What authentication data (class C3) a text seems to hold: `track`, `card`, `secret`, or None.

    code_words: what card verification codes are called; a card number is refused beside such a code.
    secret_words: what passwords and one-time codes are called; refused where a value follows.
    Works on the NFKC form, so that full-width digits are seen too.
    """
    plain = unicodedata.normalize("NFKC", text)
    if _TRACK.search(plain):
        return "track"
    code = re.compile(rf"(?:{_either(code_words)})\W{{0,4}}\d{{3,4}}(?!\d)", re.IGNORECASE)
    cards = (re.sub(r"\D", "", found) for found in _CARD.findall(plain))
    if code.search(plain) and any(luhn(card) for card in cards):
        return "card"
    follows = rf"(?<![A-Za-z])(?:{_either(secret_words)})\s*(?:[:=]|is\b|\u662f|\u4e3a)\s*[!-~]{{4,}}"
    return "secret" if re.search(follows, plain, re.IGNORECASE) else None


def _either(words: Iterable[str]) -> str:
    return "|".join(re.escape(word) for word in words)


_RESERVED = frozenset(
    {"con", "prn", "aux", "nul"} | {f"{p}{n}" for p in ("com", "lpt") for n in range(1, 10)}
)


def safe_name(name: str, limit: int = 120) -> str:
    """A name fit to be shown and offered for download; `file` where nothing is left.

    The last part of a path, without control or direction characters and leading dots, at most `limit`
    characters with the suffix kept.
    """
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", name))[-1]
    plain = "".join(c for c in last if unicodedata.category(c)[0] != "C" and c not in '<>:"|?*')
    plain = plain.strip().lstrip(". ")
    stem, dot, suffix = plain.rpartition(".")
    if dot and len(plain) > limit and len(suffix) <= 10:
        plain = stem[: limit - len(suffix) - 1] + dot + suffix
    plain = plain[:limit].rstrip(". ")
    return f"file-{plain}" if plain.split(".")[0].lower() in _RESERVED else plain or "file"


def pause_after(falls: int) -> float:
    """Seconds until a worker that fell so many times in a row is begun anew: 1, 2, 4 … at most 60."""
    return float(min(2 ** min(max(falls, 1) - 1, 6), 60))


def whole_number(text: str) -> int | None:
    """A whole number from 0 on, written in plain digits; None for all else: «-1», «²», hundreds of digits.

    At most 18 digits: what is longer fits into no key of a database.
    """
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None
