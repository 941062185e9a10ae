"""The pages of sign-in: of allauth's, those a bank needs. No sign-up, no e-mail, no password by e-mail."""

from __future__ import annotations

from allauth.account import views
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import URLPattern, URLResolver, include, path


def no_password_here(request: HttpRequest) -> HttpResponse:
    """Who signs in by the bank's directory has no password here to change."""
    return render(request, "org/no_password.html")


urlpatterns: list[URLPattern | URLResolver] = [
    path("login/", views.login, name="account_login"),
    path("logout/", views.logout, name="account_logout"),
    path("inactive/", views.account_inactive, name="account_inactive"),
    path("reauthenticate/", views.reauthenticate, name="account_reauthenticate"),
    path("password/change/", views.password_change, name="account_change_password"),
    path("password/set/", no_password_here, name="account_set_password"),
    path("2fa/", include("allauth.mfa.urls")),
    path("", include("allauth.socialaccount.urls")),
    path("", include("allauth.socialaccount.providers.openid_connect.urls")),
]
