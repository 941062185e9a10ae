"""allauth's passkey forms, made to refuse what is malformed instead of breaking on it."""

from __future__ import annotations

from typing import Any

from allauth.mfa.adapter import get_adapter
from allauth.mfa.webauthn import forms
from cryptography.exceptions import InvalidSignature
from django.forms import CharField
from django.utils.translation import gettext_lazy as _

MALFORMED = (KeyError, TypeError, ValueError, AttributeError, InvalidSignature)


class AddPasskey(forms.AddWebAuthnForm):  # type: ignore[misc]
    """A new passkey."""

    name = CharField(label=_("Name of this key"), max_length=60, required=False)

    def clean(self) -> dict[str, Any]:
        """A malformed answer of the browser is a wrong one."""
        try:
            return dict(super().clean())
        except MALFORMED as error:
            raise get_adapter().validation_error("incorrect_code") from error


class _Tolerant:
    """A passkey that is asked for."""

    def clean_credential(self) -> Any:
        """A malformed answer of the browser is a wrong one."""
        try:
            return super().clean_credential()  # type: ignore[misc]
        except MALFORMED as error:
            raise get_adapter().validation_error("incorrect_code") from error


class UsePasskey(_Tolerant, forms.AuthenticateWebAuthnForm):  # type: ignore[misc]
    """A passkey as the second factor."""


class LoginPasskey(_Tolerant, forms.LoginWebAuthnForm):  # type: ignore[misc]
    """A passkey instead of name and password."""


class ConfirmPasskey(_Tolerant, forms.ReauthenticateWebAuthnForm):  # type: ignore[misc]
    """A passkey to confirm that it is still the same person."""
