"""Sign-in: the account adapter (no self sign-up), password profiles, sessions, raised rights."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter
from django.http import HttpRequest


class Adapter(DefaultAccountAdapter):  # type: ignore[misc]
    """People come from the roster; nobody signs up."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False
