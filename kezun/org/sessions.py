"""Open sign-ins of a person: listed, limited in number, ended at once."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from django.conf import settings

if TYPE_CHECKING:
    from kezun.org.models import Person, SignInSession


def end_sessions(person: Person, *, keep: str = "") -> int:
    """End all sessions of a person except the one with the key `keep`; returns how many ended."""
    return drop(list(person.sessions.exclude(session_key=keep)))


def trim_sessions(person: Person, limit: int) -> int:
    """End the oldest sessions so that at most `limit` stay open; returns how many ended."""
    return drop(list(person.sessions.order_by("-started_at", "-pk")[limit:]))


def drop(rows: list[SignInSession]) -> int:
    """Delete sessions where they are kept, and the rows that list them."""
    store = import_module(settings.SESSION_ENGINE).SessionStore
    for row in rows:
        store(session_key=row.session_key).delete()
        row.delete()
    return len(rows)
