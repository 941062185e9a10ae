"""From a fact to the page of what it was recorded of: rooms above say where, by fact type.

A link is an address and nothing more: whoever may not see the record finds nothing there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

Linking = Callable[[Mapping[str, object]], str]
LINKS: dict[str, Linking] = {}


def link(fact: str) -> Callable[[Linking], Linking]:
    """Declare how a row of a fact type, by column, leads to a page; "" where it leads nowhere."""

    def declare(function: Linking) -> Linking:
        if fact in LINKS:
            raise RuntimeError(f"fact type {fact} is linked twice")
        LINKS[fact] = function
        return function

    return declare


def address_of(fact: str, row: Mapping[str, object]) -> str:
    """Where the record behind a fact is shown; "" where there is no page for it."""
    found = LINKS.get(fact)
    return found(row) if found else ""
