"""Receipts of cases: made from a key of the installation, read back without a table."""

from __future__ import annotations

import hashlib

import qrcode
from django.conf import settings

from kezun.cases import catalogs, standing
from kezun.cases.models import Case
from kezun.cases.rules import receipts as rules
from kezun.org.models import Person

# what says nothing about the outcome: whoever did no more than this has not handled the case
ADDING = ("open", "note", "attach", "party", "contact", "link")


def _keys() -> list[bytes]:
    """The key in use, then those of before, so that a receipt outlives a change of the secret."""
    secrets = [settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS]
    return [hashlib.sha256(b"kezun.receipt\0" + str(secret).encode()).digest() for secret in secrets]


def receipt_of(case: Case) -> str:
    """The number by which whoever brought the case follows it."""
    return rules.receipt(case.pk, _keys()[0])


def open_to(actor: Person, case: Case) -> bool:
    """Whether somebody may hand the receipt over, since whoever holds it speaks for the customer.

    Who registered the case, is not barred from it, and has done nothing on it since but add to it.
    """
    if case.opener_id != actor.pk or case.handler_id == actor.pk:
        return False
    if case.events.filter(actor=actor).exclude(verb__in=ADDING).exists():
        return False
    return not standing.Ground(actor, case).barred


def case_by(text: str) -> Case | None:
    """The case that a receipt names; None where it is mistyped, invented or of another installation."""
    for key in _keys():
        if (pk := rules.case_of(text, key)) is not None:
            return Case.objects.select_related("kind", "unit", "owner_unit").filter(pk=pk).first()
    return None


def address_of(number: str, base: str) -> str:
    """Where the customer follows the case: under the bank's public address where one is set, else `base`."""
    told = catalogs.numbers("complaints")["public"].get("address") or base
    return f"{str(told).rstrip('/')}/p/case/{number}/"


def picture(address: str) -> tuple[int, str]:
    """A QR code of the address: its side in modules, and the path of its dark modules for an SVG."""
    code = qrcode.QRCode(border=4, error_correction=qrcode.constants.ERROR_CORRECT_M)
    code.add_data(address)
    code.make(fit=True)
    rows = code.get_matrix()
    dark = [f"M{x},{y}h1v1h-1z" for y, row in enumerate(rows) for x, on in enumerate(row) if on]
    return len(rows), "".join(dark)
