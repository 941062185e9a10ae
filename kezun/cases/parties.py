"""Who goes along where one case comes of another: whoever is named steps back from both."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError

from kezun.cases import payload, sealing
from kezun.cases.models import Case, Party
from kezun.kernel.actor import Actor

# how a customer is called and reached; an identity number stays with the case for which it was given
REACHED = ("name", "phone", "address", "email")


def named_along(case: Case) -> list[dict[str, Any]]:
    """Members of staff who are named in the case, as another case takes them; nobody's personal data."""
    rows = case.parties.filter(role=Party.Role.NAMED_STAFF, ended_at__isnull=True, person__isnull=False)
    return [{"role": one.role, "person": one.person} for one in rows.select_related("person").order_by("pk")]


def all_along(actor: Actor, case: Case) -> list[dict[str, Any]]:
    """Everybody with a part in the case, as its review takes them: sealed anew under the review's own key.

    What an old ledger told and nobody could write today, such as half a telephone number, is left out.
    """
    rows = case.parties.filter(ended_at__isnull=True).select_related("case", "person").order_by("pk")
    made = []
    for one in rows:
        told = _reached(one)
        row = {"role": one.role, **({"person": one.person} if one.person else {})}
        for kept in (told, {"name": told["name"]} if told.get("name") else {}):
            try:
                made += payload.parties(actor, [row | kept], 0)
                break
            except ValidationError:
                continue
    return made


def _reached(party: Party) -> dict[str, str]:
    try:
        told = sealing.personal(party)
    except sealing.Erased:
        return {}
    return {name: told[name] for name in REACHED if told.get(name)}
