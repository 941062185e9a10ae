"""Whoever does something: a person, a token acting for a person, or the system itself.

The kernel knows no people; `org` supplies them. It only asks two questions, and refuses in two ways:
what is not allowed is `Denied` (403), what lies outside the actor's scope does not exist for it
(`OutOfScope`, 404).
"""

from __future__ import annotations

import logging
from typing import Protocol, runtime_checkable

from django.core.exceptions import PermissionDenied
from django.http import Http404

log = logging.getLogger("kezun.actor")


class Denied(PermissionDenied):
    """The actor's roles do not hold the permission, or a second condition (sudo, token scope) is missing."""


class OutOfScope(Http404):
    """The target lies outside the actor's scope: it is as if it did not exist."""


@runtime_checkable
class Actor(Protocol):
    """What every action and query asks of the one who acts."""

    @property
    def trail_name(self) -> str:
        """Stable name in the trail, for instance `person:12` or `system:worker`; never a personal name."""
        ...

    def may(self, permission: str) -> bool:
        """Whether any role held today carries `permission` (for instance `facts.import_file`)."""
        ...

    def covers(self, permission: str, target: object) -> bool:
        """Whether `target` (a unit, or anything with a unit) lies in the scope in which it is held."""
        ...


class SystemActor:
    """The platform itself: set-up, the worker, scheduled tasks. It may everything and is always recorded."""

    raised = True

    def __init__(self, name: str) -> None:
        self.name = name

    @property
    def trail_name(self) -> str:
        return f"system:{self.name}"

    def may(self, permission: str) -> bool:
        return True

    def covers(self, permission: str, target: object) -> bool:
        return True


def require(actor: Actor, permission: str, target: object | None = None) -> None:
    """Raise `Denied` or `OutOfScope` unless `actor` holds `permission` (on `target`, where one is given).

    Whoever is not even an actor (nobody signed in) is denied too; each refusal is logged.
    """
    who = getattr(actor, "trail_name", "nobody")
    if not isinstance(actor, Actor) or not actor.may(permission):
        log.warning("denied", extra={"actor": who, "verb": permission})
        raise Denied(permission)
    if target is not None and not actor.covers(permission, target):
        log.warning("out of scope", extra={"actor": who, "verb": permission})
        raise OutOfScope(permission)
