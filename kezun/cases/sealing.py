"""Personal data of a case lie under a key of the case's own; destroying the key erases them for good."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import re
import unicodedata
from collections.abc import Callable, Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.utils import timezone

from kezun.cases.models import Case, CaseKey, Party, Proof, SealedText
from kezun.kernel.file import destroy
from kezun.kernel.rows import insert

NONCE = 12
# what of a party is personal, and how each is masked (kernel/rules.py: MASKS)
PERSONAL = {"name": "name", "phone": "phone", "id_number": "id", "address": "text", "email": "email"}


class Erased(ValueError):
    """The case's key was destroyed: what lay under it cannot be read by anybody any more."""


def _cipher(case: Case, *, make: bool = False) -> AESGCM:
    fresh: AESGCM | None = case.__dict__.get("_fresh_key")
    if fresh is not None:
        return fresh
    row = CaseKey.objects.filter(case=case).first() if case.seq else None  # none yet while it is being opened
    if row is None and make:
        made = AESGCM.generate_key(256)
        insert(CaseKey(case=case, key=base64.b64encode(made).decode()))
        case.__dict__["_fresh_key"] = AESGCM(made)  # for what else is sealed while the case is being opened
        return AESGCM(made)
    if row is None or not row.key:
        raise Erased(str(case))
    return AESGCM(base64.b64decode(row.key))


def seal(case: Case, text: str, *, make: bool = True) -> str:
    """`text` under the case's key, as base64 of nonce and ciphertext."""
    nonce = os.urandom(NONCE)
    return base64.b64encode(nonce + _cipher(case, make=make).encrypt(nonce, text.encode(), None)).decode()


def unseal(case: Case, sealed: str) -> str:
    """The clear text. Raises Erased, and ValueError where what is stored was altered."""
    if not sealed:
        return ""
    opened = opener(case)
    if opened is None:
        raise Erased(str(case))
    return opened(sealed)


def keep_text(case: Case, name: str, text: str) -> SealedText:
    """Keep a text under the case's key; events refer to it by its number and the digest of what is stored."""
    return SealedText.objects.create(case=case, name=name, sealed=seal(case, text), at=timezone.now())


def reference(row: SealedText) -> dict[str, object]:
    """What an event says of a sealed text: enough to see that it was exchanged, nothing of what it says."""
    return {"sealed": row.pk, "sha256": hashlib.sha256(row.sealed.encode()).hexdigest()}


def mark_of(person: Mapping[str, str]) -> str:
    """A keyed hash of the identity number, else the telephone, to know a customer again; "" without."""
    for name in ("id_number", "phone"):
        written = unicodedata.normalize("NFKC", person.get(name, ""))  # full-width digits are digits
        plain = re.sub(r"[^0-9A-Za-z]", "", written).upper()
        if len(plain) >= 7:
            text = f"{name}:{plain[-11:] if name == 'phone' else plain}"
            return hmac.new(settings.SECRET_KEY.encode(), text.encode(), hashlib.sha256).hexdigest()
    return ""


def personal(party: Party) -> dict[str, str]:
    """What is sealed about a party, in the clear: for who may see it, after a reason. Raises Erased."""
    return dict(json.loads(unseal(party.case, party.sealed))) if party.sealed else {}


def opener(case: Case) -> Callable[[str], str] | None:
    """What opens the sealed texts of a case, its key read once; None where it was destroyed or never made."""
    try:
        cipher = _cipher(case)
    except Erased:
        return None

    def opened(sealed: str) -> str:
        raw = base64.b64decode(sealed)
        try:
            return cipher.decrypt(raw[:NONCE], raw[NONCE:], None).decode()
        except InvalidTag as error:
            raise ValueError(f"a sealed text of {case} does not open: it was altered") from error

    return opened


def erase(case: Case) -> None:
    """Destroy the case's key: names, contacts and the customer's own words are gone, the history stays.

    With them go the photos and documents that no other case and no other record needs.
    """
    case.__dict__.pop("_fresh_key", None)
    CaseKey.objects.update_or_create(case=case, defaults={"key": "", "erased_at": timezone.now()})
    Party.objects.filter(case=case).update(mark="")
    erased = CaseKey.objects.filter(erased_at__isnull=False).values("case")
    let_go = Proof.objects.filter(case__in=erased)
    for proof in Proof.objects.filter(case=case).select_related("file"):
        destroy(proof.file, let_go.filter(file=proof.file))
