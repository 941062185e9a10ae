"""Places of a page that rooms above may fill: the page names the place, whoever has something fills it.

A room never imports one above it; so a page of standards cannot ask for cases. It leaves a slot instead.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest

Filler = Callable[[HttpRequest, Any], str]
SLOTS: dict[str, list[Filler]] = {}


def fills(name: str) -> Callable[[Filler], Filler]:
    """Declare what fills a slot: a function of the request and the page's subject, giving safe HTML or ""."""

    def declare(function: Filler) -> Filler:
        SLOTS.setdefault(name, []).append(function)
        return function

    return declare


def filled(name: str, request: HttpRequest, subject: Any) -> list[str]:
    """Everything that fills a slot, in the order in which it was declared; what is empty is left out."""
    return [html for filler in SLOTS.get(name, ()) if (html := filler(request, subject))]
