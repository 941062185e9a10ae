"""Writes to how people get in: passwords, second factors, sessions, raised rights, tokens."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from kezun.kernel.action import action
from kezun.kernel.actor import Actor, Denied, SystemActor
from kezun.org import passwords, tokens
from kezun.org.actions.checks import reason_given
from kezun.org.models import Person, SignInSession, Token
from kezun.org.sessions import drop, end_sessions

RAISED_FOR = dt.timedelta(minutes=15)
TOKEN_DAYS = 366


@dataclass(frozen=True)
class Secret:
    """A secret made by an action, to be shown once; it is not stored and does not print itself."""

    text: str = field(repr=False)
    token: Token | None = None


def _set(person: Person, password: str, *, must_change: bool) -> None:
    person.set_password(password)
    person.password_at, person.must_change_password = timezone.now(), must_change
    person.save(update_fields=["password", "password_at", "must_change_password"])


@action("org.change_password", hidden=("password",))
def change_password(actor: Person, *, password: str) -> Person:
    """Set one's own password; it must satisfy the deployment's profile and differ from the present one."""
    if actor.check_password(password):
        raise ValidationError({"password": _("This is the present password; choose another.")})
    passwords.validate(password, actor)
    _set(actor, password, must_change=False)
    return actor


@action("org.set_password", target="person", hidden=("password",))
def set_password(actor: Actor, person: Person, *, password: str, must_change: bool = False) -> Person:
    """Set a chosen password: for set-up and demo banks. No administrator may choose somebody's password."""
    if not isinstance(actor, SystemActor):
        raise Denied(_("Administrators issue a one-time password; they do not choose one."))
    _set(person, password, must_change=must_change)
    return person


@action("org.issue_password", target="person", sudo=True)
def issue_password(actor: Actor, person: Person) -> Secret:
    """Make a one-time password that must be changed at the first sign-in; open sessions end."""
    if not person.username:
        raise ValidationError(_("This person has no sign-in name; give one first."))
    secret = passwords.generate()
    _set(person, secret, must_change=True)
    end_sessions(person)
    return Secret(secret)


@action("org.reset_factors", target="person", sudo=True)
def reset_factors(actor: Actor, person: Person, *, reason: str) -> int:
    """Remove a person's second factors (a lost phone); returns how many there were. Open sessions end."""
    from allauth.mfa.models import Authenticator

    reason_given(reason)
    count, _rows = Authenticator.objects.filter(user=person).delete()
    end_sessions(person)
    return int(count)


@action("org.raise_rights")
def raise_rights(actor: Person, *, reason: str) -> dt.datetime:
    """Raise one's rights («sudo») for 15 minutes with a reason; returns till when. Pages ask the password."""
    reason_given(reason)
    return timezone.now() + RAISED_FOR


@action("org.lower_rights")
def lower_rights(actor: Person) -> None:
    """Give raised rights back before they run out."""


@action("org.end_session", target="session")
def end_session(actor: Actor, session: SignInSession) -> int:
    """End an open sign-in; its next request has to sign in again."""
    return drop([session])


@action("org.edit_own", hidden=("email", "phone"))
def edit_own(
    actor: Person, *, language: str | None = None, email: str | None = None, phone: str | None = None
) -> Person:
    """Change one's own language, e-mail or phone; None leaves as it is."""
    given = {"language": language, "email": email, "phone": phone}
    changed = [key for key, value in given.items() if value is not None]
    for key in changed:
        setattr(actor, key, given[key])
    actor.full_clean(exclude=["password", "phone"])
    actor.save(update_fields=changed)
    return actor


@action("org.issue_token", target="person")
def issue_token(actor: Actor, person: Person, *, name: str, permissions: Iterable[str], days: int) -> Secret:
    """Issue a token with which a program acts for `person`, never beyond what the person may, for some days.

    The secret is shown once; only its digest is kept.
    """
    if not 1 <= days <= TOKEN_DAYS:
        raise ValidationError({"days": _("Choose between 1 and %(most)d days.") % {"most": TOKEN_DAYS}})
    wanted = sorted(set(permissions))
    if not wanted:
        raise ValidationError({"permissions": _("Choose at least one permission.")})
    for permission in wanted:
        if not person.may(permission):
            text = _("%(person)s does not hold %(right)s today; a token cannot either.")
            raise ValidationError({"permissions": text % {"person": person.code, "right": permission}})
    secret = tokens.make()
    row = Token(
        person=person,
        name=name,
        hint=secret[:8],
        digest=tokens.digest(secret),
        permissions=wanted,
        expires_at=timezone.now() + dt.timedelta(days=days),
    )
    row.full_clean()
    row.save()
    return Secret(secret, row)


@action("org.revoke_token", target="token")
def revoke_token(actor: Actor, token: Token) -> Token:
    """Revoke a token; the next request with it is refused."""
    if token.revoked_at is None:
        token.revoked_at = timezone.now()
        token.save(update_fields=["revoked_at"])
    return token
