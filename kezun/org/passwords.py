"""The deployment's password profile (PASSWORD_PROFILE), its messages, and one-time passwords."""

from __future__ import annotations

import secrets
from functools import lru_cache

from django.conf import settings
from django.contrib.auth.password_validation import CommonPasswordValidator
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from kezun.org.models import Person
from kezun.org.rules import passwords as rules

ALPHABET = "abcdefghjkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789"


def profile() -> rules.Profile:
    """The profile named in the settings; raises ImproperlyConfigured for an unknown name."""
    try:
        return rules.PROFILES[settings.PASSWORD_PROFILE]
    except KeyError as error:
        names = ", ".join(rules.PROFILES)
        raise ImproperlyConfigured(f"PASSWORD_PROFILE must be one of {names}") from error


@lru_cache(maxsize=1)
def common() -> frozenset[str]:
    """About 20,000 passwords that are guessed first, lower-case (the list that Django ships)."""
    return frozenset(CommonPasswordValidator().passwords)


def validate(password: str, person: Person | None = None) -> None:
    """Raise ValidationError with one kind message per fault of the password."""
    own = [person.username or "", person.code, person.name] if person else []
    chosen = profile()
    texts = {
        "short": _("The password is too short: at least %(n)d characters.") % {"n": chosen.min_length},
        "long": _("The password is too long: at most %(n)d characters.") % {"n": chosen.max_length},
        "common": _("This password is among those that are guessed first; choose another."),
        "own": _("The password holds your name, sign-in name or staff number; leave it out."),
        "classes": _(
            "Use at least three of: lower-case letters, upper-case letters, digits, other characters."
        ),
    }
    found = rules.faults(chosen, password, common=common(), own=own)
    if found:
        raise ValidationError([ValidationError(texts[fault], code=fault) for fault in found])


def generate() -> str:
    """A one-time password: 16 characters in groups of four, easy to read out, good for either profile."""
    while True:
        text = "-".join("".join(secrets.choice(ALPHABET) for _c in range(4)) for _g in range(4))
        if rules.classes(text) == 4:
            return text


def must_change(person: Person) -> bool:
    """Whether the person has to choose a new password before anything else."""
    if not person.has_usable_password():
        return False
    return person.must_change_password or rules.expired(profile(), person.password_at, timezone.now())


class ProfileValidator:
    """The profile as Django's password validator, so that every form that sets a password obeys it."""

    def validate(self, password: str, user: Person | None = None) -> None:
        """Raise ValidationError where the password does not satisfy the profile."""
        validate(password, user)

    def get_help_text(self) -> str:
        """What a password must be, in a sentence for forms."""
        chosen = profile()
        if chosen.min_classes:
            return _("At least 8 characters of three kinds; to be changed every 90 days.")
        return _("At least 8 characters; a sentence of several words is best. No rules of composition.")
