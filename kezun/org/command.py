"""Who acts on the command line: `--as CODE` or KEZUN_AS, else the platform on behalf of the login user."""

from __future__ import annotations

import functools
import getpass
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from kezun.kernel import trail
from kezun.kernel.actor import Actor, Denied, OutOfScope, SystemActor
from kezun.kernel.anchor import anchor
from kezun.org.models import Person

log = logging.getLogger("kezun.trail")


def actor_for(code: str = "") -> Actor:
    """The person with the staff number `code`, else the platform (`system:cli:<login user>`).

    Acting as a person is itself written to the trail, since nobody signed in.
    Raises click.UsageError (exit 2) where no active person has that staff number.
    """
    platform = SystemActor(f"cli:{_login_user()}")
    if not code:
        return platform
    person = Person.objects.filter(code=code, is_active=True).first()
    if person is None:
        raise click.UsageError(
            _("--as %(code)s: no active person has this staff number; see `kezun people`.") % {"code": code}
        )
    with transaction.atomic():
        trail.write(platform.trail_name, "org.act_as", f"org.person:{person.pk}")
    return person


def _login_user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # no entry in the password database, as in bare containers
        return "unknown"


def refusal(error: Denied) -> str:
    """Why something was refused: the missing permission in a sentence, or the sentence that says more."""
    text = str(error)
    if " " in text or "." not in text:
        return text
    return _("Not allowed: the roles held today do not carry %(right)s.") % {"right": text}


def not_found(error: OutOfScope) -> str:
    """What was not found, where the error is a sentence that says it; else that something was not."""
    text = str(error)
    return text if " " in text or not text.isascii() else _("Not found, or outside the scope of who acts.")


@contextmanager
def anchored() -> Iterator[None]:
    """Anchor what the command writes to the trail: no worker may run that would, and a cut must be seen.

    What was written stands even where the anchor cannot be made; that is logged.
    """
    before = trail.appended()
    try:
        yield
    finally:
        if trail.appended() > before:
            try:
                anchor()
            except OSError as error:
                log.warning("the trail could not be anchored: %s", error)


def acting(function: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--as CODE` to a click command and call it with `actor=`; refusals become messages (exit 1)."""

    @click.option(
        "--as", "as_code", metavar="CODE", envvar="KEZUN_AS", default="", help="Act as this person."
    )
    @functools.wraps(function)
    def run(*args: Any, as_code: str, **kwargs: Any) -> Any:
        try:
            with anchored():
                return function(*args, actor=actor_for(as_code), **kwargs)
        except Denied as error:
            raise click.ClickException(refusal(error)) from error
        except OutOfScope as error:
            raise click.ClickException(not_found(error)) from error
        except ValidationError as error:
            raise click.ClickException("\n".join(error.messages)) from error

    return run
