"""Personal data of class C2 lies sealed in the database: AES-256-GCM under a key kept outside it."""

from __future__ import annotations

import base64
import os
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.expressions import Expression

if TYPE_CHECKING:
    _Text = models.TextField[str, str]
else:
    _Text = models.TextField

MARK = "v1:"
NONCE = 12


@lru_cache(maxsize=4)
def _cipher_at(path: Path) -> AESGCM:
    try:
        return AESGCM(path.read_bytes())
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh = AESGCM.generate_key(256)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as out:
            out.write(fresh)
            out.flush()
            os.fsync(out.fileno())
        return AESGCM(fresh)


def _cipher() -> AESGCM:
    return _cipher_at(Path(settings.KEZUN_HOME) / "keys" / "sealed.key")


def seal(text: str) -> str:
    """`text` encrypted as `v1:<base64 of nonce + ciphertext + tag>`; the empty text stays empty."""
    if not text:
        return ""
    nonce = os.urandom(NONCE)
    return MARK + base64.b64encode(nonce + _cipher().encrypt(nonce, text.encode(), None)).decode()


def unseal(sealed: str) -> str:
    """The clear text; raises ValueError where it was altered or sealed with another key."""
    if not sealed:
        return ""
    try:
        raw = base64.b64decode(sealed.removeprefix(MARK))
        return _cipher().decrypt(raw[:NONCE], raw[NONCE:], None).decode()
    except (InvalidTag, ValueError) as error:
        raise ValueError(
            "a sealed value does not open: altered, or KEZUN_HOME/keys/sealed.key differs"
        ) from error


class SealedField(_Text):
    """Text that is clear in Python and sealed in the table; it cannot be searched or sorted by."""

    def get_prep_value(self, value: Any) -> Any:
        return None if value is None else seal(str(value))

    def from_db_value(
        self, value: str | None, expression: Expression, connection: BaseDatabaseWrapper
    ) -> str | None:
        return None if value is None else unseal(value)

    def get_lookup(self, lookup_name: str) -> Any:
        """No comparison of sealed texts except with NULL; the same text seals differently each time."""
        return super().get_lookup(lookup_name) if lookup_name == "isnull" else None
