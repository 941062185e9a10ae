"""URLs, generated from the page and endpoint registries."""

from __future__ import annotations

from django.contrib.auth.decorators import login_not_required
from django.urls import URLPattern, URLResolver, include, path
from django.utils.module_loading import autodiscover_modules
from django.views.i18n import set_language

from kezun.kernel.page import PAGES
from kezun.site import api

autodiscover_modules("facts", "actions", "upkeep", "pages", "api")


def _pages() -> list[URLPattern]:
    return [
        path(p.path, login_not_required(p.view) if p.public else p.view, name=p.name) for p in PAGES.values()
    ]


urlpatterns: list[URLPattern | URLResolver] = [
    *_pages(),
    path("account/", include("kezun.org.account_urls")),
    path("api/v1/", api.urls(api.build())),
    path("language/", login_not_required(set_language), name="set_language"),
]

handler500 = "kezun.kernel.errors.broken"
