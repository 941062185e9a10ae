"""`@page`: every screen. URL, menu entry and the permission matrix come from this registry."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

from django.http import HttpRequest, HttpResponse
from django.utils.functional import Promise

from kezun.kernel.actor import Actor, require

View = TypeVar("View", bound=Callable[..., HttpResponse])
GROUPS = ("handle", "look", "work", "manage", "control")
SHORT = 4


@dataclass(frozen=True)
class Menu:
    """An entry in the side menu: group (one of GROUPS), order, label, icon name.

    short: its place in the short menu at the foot of a phone; what has none comes after those that have one.
    """

    group: str
    order: int
    label: str | Promise
    icon: str
    short: int = 0


@dataclass(frozen=True)
class PageSpec:
    name: str
    path: str
    needs: str | None
    menu: Menu | None
    view: Callable[..., HttpResponse] = field(compare=False)
    public: bool = False

    @property
    def namespace(self) -> str:
        return self.name.split(".")[0]


PAGES: dict[str, PageSpec] = {}


def page(
    path: str, *, name: str, needs: str | None = None, menu: Menu | None = None, public: bool = False
) -> Callable[[View], View]:
    """Declare a view as a page.

    path: Django route without leading slash. name: `room.page`, used in `{% url 'room.page' %}`.
    needs: permission that the signed-in person must hold; None = any signed-in person.
    public: no sign-in at all (health, sign-in); must be said explicitly.
    """
    if public and needs is not None:
        raise ValueError(f"page {name} is public and needs {needs}: one excludes the other")

    def declare(view: View) -> View:
        if name in PAGES:
            raise RuntimeError(f"page {name} is declared twice")

        @functools.wraps(view)
        def show(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if needs is not None:
                require(cast(Actor, request.user), needs)
            return view(request, *args, **kwargs)

        PAGES[name] = PageSpec(name, path, needs, menu, show, public)
        return cast(View, show)

    return declare


def menu_for(actor: Actor) -> list[PageSpec]:
    """The menu entries that the actor may open, in order of group and order number."""
    open_to = [p for p in PAGES.values() if p.menu and (p.needs is None or actor.may(p.needs))]
    return sorted(open_to, key=lambda p: (GROUPS.index(p.menu.group), p.menu.order) if p.menu else (0, 0))


def short_menu(entries: list[PageSpec]) -> list[PageSpec]:
    """The few entries at the foot of a phone, of those that `menu_for` gave: by their own places first."""
    return sorted(entries, key=lambda p: (p.menu.short or SHORT + 1) if p.menu else SHORT + 1)[:SHORT]
