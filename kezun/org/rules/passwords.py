"""Two named password profiles, and when a password must be changed.

`asvs` follows OWASP ASVS 5: length and a list of common passwords, no composition, no forced rotation.
`dengbao` follows the classified protection of information systems: composition and a periodic change.
The two contradict one another, so a deployment names one.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True)
class Profile:
    """What a password must be, and for how long it may stay (None: for ever)."""

    name: str
    min_length: int
    max_length: int
    min_classes: int
    max_age: dt.timedelta | None


PROFILES = {
    "asvs": Profile("asvs", 8, 128, 0, None),
    "dengbao": Profile("dengbao", 8, 128, 3, dt.timedelta(days=90)),
}


def classes(password: str) -> int:
    """How many of the four classes occur: lower-case letters, upper-case letters, digits, anything else."""
    kinds = (str.islower, str.isupper, str.isdigit)
    found = {next((i for i, kind in enumerate(kinds) if kind(c)), 3) for c in password}
    return len(found)


def faults(
    profile: Profile, password: str, *, common: Collection[str], own: Collection[str] = ()
) -> list[str]:
    """What is wrong with a password: `short`, `long`, `common`, `own` (holds the person's name), `classes`.

    common: lower-case passwords that are guessed first. own: sign-in name, staff number and the like.
    """
    folded = password.casefold()
    found = []
    if len(password) < profile.min_length:
        found.append("short")
    if len(password) > profile.max_length:
        found.append("long")
    if folded in common:
        found.append("common")
    if any(len(word) >= 4 and word.casefold() in folded for word in own):
        found.append("own")
    if classes(password) < profile.min_classes:
        found.append("classes")
    return found


def expired(profile: Profile, set_at: dt.datetime | None, now: dt.datetime) -> bool:
    """Whether a password set at `set_at` is older than the profile allows (unknown age counts as older)."""
    if profile.max_age is None:
        return False
    return set_at is None or now - set_at > profile.max_age
