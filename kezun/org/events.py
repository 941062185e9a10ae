"""What happens when somebody signs in, fails to, is locked out, signs out: the trail, and open sessions."""

from __future__ import annotations

from typing import Any

from axes.signals import user_locked_out
from django.conf import settings
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed
from django.db import transaction
from django.dispatch import receiver
from django.http import HttpRequest
from django.utils import timezone

from kezun.kernel import trail
from kezun.org.models import Person, SignInSession
from kezun.org.sessions import trim_sessions

NOBODY = "anonymous"


def address_of(request: HttpRequest | None) -> str | None:
    """The address a request came from; None without a request (command line, tests)."""
    return (request.META.get("REMOTE_ADDR") or None) if request else None


def _record(verb: str, request: HttpRequest | None, actor: str, person: Person | None) -> None:
    target = f"org.person:{person.pk}" if person else ""
    with transaction.atomic():
        trail.write(actor, verb, target, {"address": address_of(request)})


def _named(name: object) -> Person | None:
    """Who has the sign-in name; an unknown one is not recorded: it may be a mistyped password."""
    text = str(name or "").strip()
    return Person.objects.get_queryset().filter(username__iexact=text).first() if text else None


@receiver(user_logged_in)
def signed_in(sender: Any, request: HttpRequest, user: Person, **given: Any) -> None:
    """List the session, end the oldest beyond KEZUN_SESSIONS_MAX, and start its clocks."""
    now = timezone.now().timestamp()
    request.session["began"] = request.session["seen"] = now
    request.session.pop("raised", None)
    if request.session.session_key is None:
        request.session.save()
    SignInSession.objects.update_or_create(
        session_key=request.session.session_key,
        defaults={
            "person": user,
            "address": address_of(request),
            "agent": request.META.get("HTTP_USER_AGENT", "")[:200],
        },
    )
    trim_sessions(user, settings.KEZUN_SESSIONS_MAX)
    _record("org.signed_in", request, user.trail_name, user)


@receiver(user_login_failed)
def sign_in_failed(
    sender: Any, credentials: dict[str, Any], request: HttpRequest | None = None, **given: Any
) -> None:
    """Record a failed attempt, with whose name was tried where it is somebody's."""
    _record("org.sign_in_failed", request, NOBODY, _named(credentials.get("username")))


@receiver(user_locked_out)
def locked_out(sender: Any, request: HttpRequest, username: str, ip_address: str, **given: Any) -> None:
    """Record that a name is locked out from an address."""
    _record("org.locked_out", request, NOBODY, _named(username))


@receiver(user_logged_out)
def signed_out(sender: Any, request: HttpRequest, user: Person | None, **given: Any) -> None:
    """Take the session off the list and record it."""
    if user is None:
        return
    SignInSession.objects.filter(session_key=request.session.session_key or "").delete()
    _record("org.signed_out", request, user.trail_name, user)
