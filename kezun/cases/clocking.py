"""Clocks of a case: what a verb does to them, by the kind and its policies."""

from __future__ import annotations

from kezun.cases.doing import Doing


def move(doing: Doing) -> None:
    """Move the clocks of the case by this verb. Not connected yet: no clock runs."""
