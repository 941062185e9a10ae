"""One chain of the trail, checked entry by entry. Pure: rows in, problems out; no framework."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from kezun.kernel.rules import ALGORITHMS, GENESIS, chain_digest, moment_text

COLUMNS = ("shard", "position", "at", "actor", "verb", "target")


class Row(NamedTuple):
    """An entry as the table holds it; texts as stored (bytes that are not UTF-8 as surrogate escapes)."""

    shard: Any
    position: Any
    at: Any
    actor: Any
    verb: Any
    target: Any
    body: Any
    digest: Any


class Problem(NamedTuple):
    """What is wrong, and where: `code` is stable (for machines), `about` names the column or numbers."""

    shard: int | None
    position: int | None
    code: str
    about: str = ""


class Chain:
    """Walks one shard in order of position.

    key: the trail's key. marks: digests that anchors saw at positions of this shard; whatever stands there
    now must be the same. After an edited entry the walk goes on from both what is stored and what should
    be, so that one edit names one entry.
    """

    def __init__(self, key: bytes, shard: int, marks: Mapping[int, frozenset[str]]) -> None:
        self.key, self.shard, self.marks = key, shard, marks
        self.position = 0
        self.previous = {GENESIS}
        self.last = GENESIS

    def step(self, row: Row) -> list[Problem]:
        """The problems of the next row (none: it is as it was written)."""
        if not isinstance(row.position, int) or row.position <= self.position:
            return [Problem(self.shard, None, "unreadable", f"position {row.position!r}")]
        place = row.position
        found = []
        linked = place == self.position + 1
        if not linked:
            first, last = self.position + 1, place - 1
            found.append(Problem(self.shard, first, "missing", f"{first}–{last}" if last > first else ""))
        body = _parsed(row.body)
        if body is None:
            found.append(Problem(self.shard, place, "unreadable", "body"))
        else:
            found += [Problem(self.shard, place, "column", name) for name in differing(row, body)]
        right = self._digests_of(row, body or {})
        if linked and row.digest not in right:
            found.append(Problem(self.shard, place, "edited"))
        if any(mark != row.digest for mark in self.marks.get(place, ())):
            found.append(Problem(self.shard, place, "anchor_differs"))
        self.position, self.last, self.previous = place, str(row.digest), right | {str(row.digest)}
        return found

    def _digests_of(self, row: Row, body: Mapping[str, object]) -> set[str]:
        via = body.get("via")
        named = str(via) if via in ALGORITHMS else "sha256"
        return {chain_digest(self.key, before, str(row.body), named) for before in self.previous}


def _parsed(text: object) -> dict[str, object] | None:
    try:
        body = json.loads(text if isinstance(text, str) else "")
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


def differing(row: Row, body: Mapping[str, object]) -> list[str]:
    """Names of the columns that do not say what the canonical body says."""
    wrong = []
    for name in COLUMNS:
        stored, said = getattr(row, name), body.get(name)
        if name == "at":
            stored, said = moment_text(str(stored)), moment_text(str(said))
        if stored != said or type(stored) is not type(said):
            wrong.append(name)
    return wrong
