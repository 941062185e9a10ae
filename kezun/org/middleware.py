"""Each request of who is signed in: session limits, raised rights, what must be done first."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import resolve, reverse
from django.utils import timezone, translation
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from kezun.org import passwords
from kezun.org.models import Person, SignInSession
from kezun.org.signin import needs_second_factor

ALWAYS = {"account_logout", "set_language", "account_reauthenticate", "mfa_reauthenticate"}
TOUCH = 60


class SignedIn:
    """Ends sessions that idled or lasted too long, sets raised rights, leads to a due password or factor."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Let the request through, or answer it here."""
        if request.user.is_authenticated:
            answer = self._over(request) or self._due(request, request.user)
            if answer is not None:
                return answer
            self._raise(request, request.user)
            self._speak(request, request.user)
        return self.get_response(request)

    def _over(self, request: HttpRequest) -> HttpResponse | None:
        now = timezone.now().timestamp()
        seen = request.session.get("seen", now)
        began = request.session.setdefault("began", now)
        idle, whole = settings.KEZUN_SESSION_IDLE_SECONDS, settings.SESSION_COOKIE_AGE
        if now - seen > idle or now - began > whole:
            logout(request)
            messages.info(request, _("Your session has ended; please sign in again."))
            return redirect(f"{reverse(settings.LOGIN_URL)}?{urlencode({'next': request.get_full_path()})}")
        if now - seen > TOUCH or "seen" not in request.session:
            request.session["seen"] = now
            SignInSession.objects.filter(session_key=request.session.session_key).update(
                seen_at=timezone.now()
            )
        return None

    def _due(self, request: HttpRequest, person: Person) -> HttpResponse | None:
        name = resolve(request.path_info).url_name or "" if _known(request.path_info) else ""
        if name in ALWAYS:
            return None
        if passwords.must_change(person):
            if name == "account_change_password":
                return None
            messages.warning(request, _("Choose a new password before you go on."))
            return redirect("account_change_password")
        if not settings.KEZUN_MFA_REQUIRED_ROLES or request.session.get("factor"):
            return None
        if name.startswith("mfa_") or not needs_second_factor(person) or self._has_factor(request, person):
            return None
        messages.warning(request, _("Your role needs a second factor; set one up before you go on."))
        return redirect("mfa_activate_totp")

    def _has_factor(self, request: HttpRequest, person: Person) -> bool:
        from allauth.mfa.models import Authenticator

        kinds = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
        found = bool(Authenticator.objects.filter(user=person, type__in=kinds).exists())
        if found:
            request.session["factor"] = True
        return found

    def _speak(self, request: HttpRequest, person: Person) -> None:
        """The language kept with the account, on a device where none was chosen."""
        if person.language and settings.LANGUAGE_COOKIE_NAME not in request.COOKIES:
            translation.activate(person.language)

    def _raise(self, request: HttpRequest, person: Person) -> None:
        until = request.session.get("raised")
        if until is None:
            return
        moment = dt.datetime.fromtimestamp(until, dt.UTC)
        if moment > timezone.now() and person.may("org.raise_rights"):
            person.raise_until(moment)
        else:
            del request.session["raised"]


def _known(path: str) -> bool:
    from django.urls import Resolver404

    try:
        resolve(path)
    except Resolver404:
        return False
    return True
