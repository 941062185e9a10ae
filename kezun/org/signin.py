"""Sign-in: adapters for allauth (nobody signs up), the backend, lockout."""

from __future__ import annotations

from typing import Any, ClassVar

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.auth_backends import AuthenticationBackend
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.conf import settings
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kezun.org.actions import change_password
from kezun.org.models import Person
from kezun.org.scope import with_held
from kezun.org.sealed import seal, unseal


def works_here(person: Person) -> bool:
    """Whether the person may be signed in today: enabled, and between joining and leaving."""
    return person.is_active and person.joined_date <= timezone.localdate() <= person.left_date


class Backend(AuthenticationBackend):  # type: ignore[misc]
    """Sign-in name and password; an open session of who is disabled or has left is worth nothing at once."""

    def user_can_authenticate(self, user: Person) -> bool:
        """See `works_here`."""
        return works_here(user)

    def get_user(self, user_id: int) -> Person | None:
        """Whose session this is, together with what they hold; None where they may not be signed in."""
        person = with_held(user_id)
        return person if person is not None and works_here(person) else None


class Adapter(DefaultAccountAdapter):  # type: ignore[misc]
    """People come from the roster; nobody signs up. Passwords are set by an action."""

    error_messages: ClassVar[dict[str, Any]] = {
        **DefaultAccountAdapter.error_messages,
        "username_password_mismatch": gettext_lazy("Sign-in name or password is wrong."),
        "too_many_login_attempts": gettext_lazy("Too many failed attempts; wait five minutes."),
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Never."""
        return False

    def pre_login(self, request: HttpRequest, user: Person, **given: Any) -> HttpResponse | None:
        """Refuse who has left or not begun; allauth itself refuses who is disabled."""
        if not works_here(user):
            return redirect("account_inactive")
        found: HttpResponse | None = super().pre_login(request, user, **given)
        return found

    def clean_password(self, password: str, user: Person | None = None) -> str:
        """The profile's rules, and never the present password again."""
        if user is not None and user.has_usable_password() and user.check_password(password):
            raise ValidationError(_("This is the present password; choose another."))
        return str(super().clean_password(password, user))

    def set_password(self, user: Person, password: str) -> None:
        """Through the action, which checks and records."""
        change_password(user, password=password)


class SecondFactorAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Secrets of second factors lie sealed, like all that is worth stealing."""

    def encrypt(self, text: str) -> str:
        """Sealed under the installation's key."""
        return seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        """What `encrypt` sealed."""
        return unseal(encrypted_text)

    def can_delete_authenticator(self, authenticator: Any) -> bool:
        """Not the last one, where the person's role demands one."""
        from allauth.mfa.models import Authenticator

        if not needs_second_factor(authenticator.user):
            return True
        kinds = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
        return bool(
            Authenticator.objects.filter(user=authenticator.user, type__in=kinds)
            .exclude(pk=authenticator.pk)
            .exists()
        )


class OutsideAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """Sign-in by the bank's own identity server (OpenID Connect): it says who, the roster says what."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        """Never: who is not in the roster stays outside."""
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """Find the person by the configured claim; refuse with a clear page where there is none."""
        if sociallogin.is_existing:
            return
        given = sociallogin.account.extra_data
        claims = {**given, **given.get("id_token", {}), **given.get("userinfo", {})}
        name = str(claims.get(settings.KEZUN_OIDC_CLAIM, ""))
        person = Person.objects.get_queryset().filter(username__iexact=name).first() if name else None
        if person is None or not works_here(person):
            messages.error(
                request, _("You are not in the roster of this system; ask your security administrator.")
            )
            raise ImmediateHttpResponse(redirect("account_login"))
        sociallogin.connect(request, person)


def needs_second_factor(person: Person) -> bool:
    """Whether a role held today demands a second factor (KEZUN_MFA_REQUIRED_ROLES)."""
    return any(h.role.code in settings.KEZUN_MFA_REQUIRED_ROLES for h in person.scope.held)


def lockout_name(request: HttpRequest | None, credentials: dict[str, Any] | None = None) -> str:
    """The sign-in name as lockouts count it: spelling in capitals must not give fresh attempts."""
    given = (credentials or {}).get("username")
    if given is None and request is not None:
        given = request.POST.get("login") or getattr(getattr(request, "user", None), "username", None)
    return str(given or "").strip().casefold()[:150]


def locked(request: HttpRequest, response: Any = None, credentials: Any = None, *args: Any) -> HttpResponse:
    """The page for who is locked out: for how long, and whom to ask. 429, never a blank 403."""
    minutes = round(settings.AXES_COOLOFF_TIME * 60)
    return render(request, "org/locked.html", {"minutes": minutes}, status=429)
