"""Counts by a tree of codes and by period: what stands below a code counts for it too."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Counted:
    """One code: its depth in the tree, its counts by column, all of them together."""

    code: str
    depth: int
    by: Mapping[str, int]
    total: int


def counted(pairs: Iterable[tuple[str, str]], parents: Mapping[str, str]) -> list[Counted]:
    """Count (code, column) pairs by code, each above counting what is below it.

    parents: code → the one above, "" at the top, in the order of the table. Codes that the table does not
    have (it was replaced since) stand at the end, so that nothing is lost. Codes without any are left out.
    """
    sums: dict[str, Counter[str]] = {}
    for code, column in pairs:
        for above in above_of(code, parents):
            sums.setdefault(above, Counter())[column] += 1
    order = [*ordered(parents), *sorted(code for code in sums if code not in parents)]
    return [
        Counted(code, len(above_of(code, parents)) - 1, dict(sums[code]), sums[code].total())
        for code in order
        if code in sums
    ]


def above_of(code: str, parents: Mapping[str, str]) -> list[str]:
    """The code and all above it; a ring in the table is left after one turn."""
    found = [code]
    while (up := parents.get(found[-1], "")) and up not in found:
        found.append(up)
    return found


def ordered(parents: Mapping[str, str]) -> list[str]:
    """All codes, each right after the one above it, else in the order of the table."""
    found: list[str] = []

    def walk(above: str) -> None:
        for code, up in parents.items():
            if up == above and code not in found:
                found.append(code)
                walk(code)

    walk("")
    return found + [code for code in parents if code not in found]


def columns(pairs: Iterable[tuple[str, str]]) -> list[str]:
    """The columns in order."""
    return sorted({column for _code, column in pairs})
