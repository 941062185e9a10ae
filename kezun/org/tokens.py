"""Tokens: a secret of 256 bits, of which only the SHA-256 digest is kept."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets

from django.core.cache import cache
from django.utils import timezone

from kezun.org.models import Person, Token

PREFIX = "kz_"
TOUCH = dt.timedelta(minutes=10)
WINDOW = 60


def make() -> str:
    """A new secret: `kz_` and 43 characters. Guessing is hopeless, so one round of hashing is enough."""
    return PREFIX + secrets.token_urlsafe(32)


def digest(secret: str) -> str:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def person_of(secret: str) -> Person | None:
    """The person for whom `secret` acts now, narrowed to the token's permissions; None where it is refused.

    Refused: unknown, expired, revoked, or the person is disabled or has left. One query (and one write in ten
    minutes, for the day of last use).
    """
    if not secret.startswith(PREFIX):
        return None
    now, today = timezone.now(), timezone.localdate()
    row = (
        Token.objects.select_related("person")
        .filter(
            digest=digest(secret),
            revoked_at=None,
            expires_at__gt=now,
            person__is_active=True,
            person__left_date__gte=today,
        )
        .first()
    )
    if row is None:
        return None
    if row.used_at is None or now - row.used_at > TOUCH:
        Token.objects.filter(pk=row.pk).update(used_at=now)
    person = row.person
    person.__dict__["_token"] = row
    return person


def refreshed(person: Person) -> Person | None:
    """The same person as of now, narrowed to the same token; None where either is no longer good.

    For work that outlasts a request's first look: a token revoked meanwhile ends it.
    """
    today, held = timezone.localdate(), person.__dict__.get("_token")
    found = Person.objects.filter(pk=person.pk, is_active=True, left_date__gte=today).first()
    if found is None or held is None:
        return found
    good = Token.objects.filter(pk=held.pk, revoked_at=None, expires_at__gt=timezone.now()).first()
    if good is None:
        return None
    found.__dict__["_token"] = good
    return found


def within_rate(name: str, limit: int) -> bool:
    """Whether `name` stays within `limit` calls in this minute; counted per process: a brake, no quota."""
    minute = int(timezone.now().timestamp()) // WINDOW
    key = f"rate:{name}:{minute}"
    cache.add(key, 0, WINDOW)
    return cache.incr(key) <= limit
