"""Whole numbers as people and addresses write them."""

from __future__ import annotations

LONGEST = 18  # digits; what is longer fits into no key of a database


def whole_number(text: str) -> int | None:
    """A whole number from 0 on, written in plain digits; None for all else: «-1», «²», hundreds of digits."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= LONGEST else None
