"""Brakes of the public pages: so many tries from one address and for one outlet, the same in every process.

No riddle is asked of anybody: people who cannot solve one would be shut out. Addresses are kept only as a
keyed hash, and for two days.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import logging
from collections.abc import Iterable, Mapping

from django.conf import settings
from django.db.models import F
from django.http import HttpRequest
from django.utils import timezone

from kezun.cases import catalogs
from kezun.cases.models import Tally

KEPT = dt.timedelta(days=2)
log = logging.getLogger("kezun.public")


def place_of(request: HttpRequest) -> str:
    """A keyed hash of the address from which the request came (of IPv6 the network)."""
    address = str(request.META.get("REMOTE_ADDR", ""))
    if ":" in address:
        address = ":".join(address.split(":")[:4])
    return hmac.new(settings.SECRET_KEY.encode(), address.encode(), hashlib.sha256).hexdigest()[:32]


def limits(name: str) -> list[Mapping[str, int]]:
    """The limits of that name as the bank set them: {minutes, most} each."""
    return list(catalogs.numbers("complaints")["public"][name])


def count(what: str, place: str, rules: Iterable[Mapping[str, int]]) -> bool:
    """Count one try of `what` from `place`; whether it stays within every limit."""
    fine = True
    for rule in rules:
        key, since = f"{what}:{rule['minutes']}:{place}"[:80], _since(rule["minutes"])
        row, _new = Tally.objects.get_or_create(key=key, since_at=since)
        Tally.objects.filter(pk=row.pk).update(count=F("count") + 1)
        fine = fine and row.count < rule["most"]
    if not fine:
        log.warning("braked", extra={"what": what, "place": place[:8]})
    return fine


def spent(what: str, place: str, rules: Iterable[Mapping[str, int]]) -> bool:
    """Whether a limit is reached already, without counting anything."""
    for rule in rules:
        key = f"{what}:{rule['minutes']}:{place}"[:80]
        row = Tally.objects.filter(key=key, since_at=_since(rule["minutes"])).first()
        if row is not None and row.count >= rule["most"]:
            return True
    return False


def _since(minutes: int) -> dt.datetime:
    """When the span began in which we are."""
    span = minutes * 60
    return dt.datetime.fromtimestamp(int(timezone.now().timestamp()) // span * span, dt.UTC)


def forget() -> int:
    """Take out spans that are over for good; returns how many."""
    return Tally.objects.filter(since_at__lt=timezone.now() - KEPT).delete()[0]
