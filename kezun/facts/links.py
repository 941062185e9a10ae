"""From a fact to the page of what it was recorded of, and its codes in words: rooms above say, by fact type.

A link is an address and nothing more: whoever may not see the record finds nothing there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

Linking = Callable[[Mapping[str, object]], str]
Wording = Callable[[str], str]
LINKS: dict[str, Linking] = {}
WORDS: dict[tuple[str, str], Wording] = {}


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


def worded(*columns: tuple[str, str]) -> Callable[[Wording], Wording]:
    """Declare how the codes of (fact type, column) read in the page's language."""

    def declare(function: Wording) -> Wording:
        for column in columns:
            if column in WORDS:
                raise RuntimeError(f"fact type {column[0]}: the words of {column[1]} are declared twice")
            WORDS[column] = function
        return function

    return declare


def in_words(fact: str, column: str, code: str) -> str:
    """A code as people read it; itself where nobody declared words."""
    found = WORDS.get((fact, column))
    return found(code) if found else code
