"""Verification of the trail: every chain replayed against its seals, its columns, its head, the anchors."""

from __future__ import annotations

import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.db import connection
from django.utils.translation import gettext as _

from kezun.kernel import trail
from kezun.kernel.anchor import anchors_path
from kezun.kernel.chain import Chain, Problem, Row
from kezun.kernel.models import TrailAnchor
from kezun.kernel.rules import GENESIS, anchor_digest, same, sealed

PAGE = 5000
MOST = 1000


@dataclass
class Report:
    """What was replayed and what is wrong (the first 1,000 problems; `more` counts the others).

    unanchored: entries written after the last anchor. Cutting those off together with an older head row
    would not be seen; nothing else escapes.
    """

    entries: int = 0
    chains: int = 0
    anchors: int = 0
    anchored_at: str = ""
    unanchored: int = 0
    seconds: float = 0.0
    more: int = 0
    problems: list[Problem] = field(default_factory=list)

    @property
    def intact(self) -> bool:
        return not self.problems

    def add(self, *found: Problem) -> None:
        room = max(MOST - len(self.problems), 0)
        self.problems += found[:room]
        self.more += len(found[room:])

    def as_json(self) -> dict[str, Any]:
        """Plain values for `--json` and for a task's progress."""
        plain = {k: v for k, v in vars(self).items() if k != "problems"}
        found = [p._asdict() | {"message": explain(p)} for p in self.problems]
        return plain | {"intact": self.intact, "problems": found}


def explain(problem: Problem) -> str:
    """A problem in words, for people."""
    words = {
        "column": _("the column “%(about)s” does not say what the sealed body says"),
        "edited": _("the entry was changed: its digest does not fit its body and the entry before it"),
        "missing": _("an entry was removed here %(about)s"),
        "unreadable": _("cannot be read: %(about)s"),
        "cut": _("the chain ends too early: %(about)s"),
        "extra": _("entries stand after the chain's end: %(about)s"),
        "head_missing": _("the chain's head is missing"),
        "head_forged": _("the chain's head does not carry its seal"),
        "head_differs": _("the chain's head does not fit its last entry"),
        "anchor_differs": _("differs from what an anchor saw at this entry"),
        "anchor_forged": _("anchor %(about)s does not carry its seal"),
        "anchor_missing": _("anchor %(about)s is missing from the file of anchors"),
    }
    return words[problem.code] % {"about": problem.about}


@dataclass
class Anchors:
    """The anchors that hold: per shard the digests they saw by position, and the furthest they saw."""

    marks: dict[int, dict[int, set[str]]] = field(default_factory=lambda: defaultdict(dict))
    furthest: dict[int, int] = field(default_factory=dict)
    count: int = 0
    at: str = ""

    def take(self, heads: dict[str, list[Any]]) -> None:
        for name, (count, head) in heads.items():
            shard = int(name)
            self.furthest[shard] = max(self.furthest.get(shard, 0), count)
            if count:
                self.marks[shard].setdefault(count, set()).add(head)


def _read_anchors(report: Report) -> Anchors:
    """Check the file of anchors as a chain of its own and against the database's copies."""
    held, previous, expected = Anchors(), GENESIS, 1
    path, key = anchors_path(), trail.key()
    lines = path.read_bytes().splitlines() if path.exists() else []
    for number, raw in enumerate(lines, 1):
        made = _anchor_of(raw)
        if made is None or not same(anchor_digest(key, made), str(made.get("seal"))):
            report.add(Problem(None, None, "anchor_forged", str(number)))
            continue
        if made["sequence"] != expected or made["previous"] != previous:
            report.add(Problem(None, None, "anchor_missing", str(expected)))
        held.take(made["heads"])
        held.count, held.at = held.count + 1, made["at"]
        previous, expected = made["seal"], made["sequence"] + 1
    copies = TrailAnchor.objects.filter(sequence__gte=expected).order_by("sequence")
    for sequence, line in copies.values_list("sequence", "line"):
        report.add(Problem(None, None, "anchor_missing", str(sequence)))
        copy = _anchor_of(line.encode())
        if copy is not None and same(anchor_digest(key, copy), str(copy.get("seal"))):
            held.take(copy["heads"])
    return held


def _anchor_of(raw: bytes) -> dict[str, Any] | None:
    try:
        made = json.loads(raw)
    except ValueError:
        return None
    return made if isinstance(made, dict) and isinstance(made.get("heads"), dict) else None


def _raw(query: str, values: list[Any]) -> list[tuple[Any, ...]]:
    """Rows as stored, whatever a forger put there; bytes that are not UTF-8 become surrogate escapes."""
    with connection.cursor() as cursor:
        cursor.execute(query, values)
        return [
            tuple(v.decode("utf-8", "surrogateescape") if isinstance(v, bytes) else v for v in row)
            for row in cursor.fetchall()
        ]


def _texts(*names: str) -> str:
    """A selection of text columns: SQLite would refuse those that are not UTF-8 unless read as bytes."""
    cast = "CAST({} AS BLOB)" if connection.vendor == "sqlite" else "CAST({} AS text)"
    return ", ".join(cast.format(name) for name in names)


def _heads() -> dict[Any, tuple[int, str, str]]:
    rows = _raw(f"SELECT shard, count, {_texts('head', 'seal')} FROM kernel_trailhead", [])
    return {row[0]: (row[1] if isinstance(row[1], int) else -1, str(row[2]), str(row[3])) for row in rows}


def rows_of(shard: int) -> Iterator[Row]:
    """All entries of a shard by position, in pages, so that any length of chain fits into memory."""
    texts = _texts("at", "actor", "verb", "target", "detail", "digest")
    query = (
        f"SELECT shard, position, {texts} FROM kernel_trailentry "
        "WHERE shard = %s AND position > %s ORDER BY position LIMIT %s"
    )
    after: Any = -(2**62)
    while True:
        page = _raw(query, [shard, after, PAGE])
        yield from (Row(*row) for row in page)
        if len(page) < PAGE:
            return
        after = page[-1][1]


def _shards() -> list[Any]:
    return [row[0] for row in _raw("SELECT DISTINCT shard FROM kernel_trailentry", [])]


def verify(progress: Callable[[int, int], None] | None = None) -> Report:
    """Replay the whole trail and report everything that is not as it was written.

    progress: called with (entries checked, entries expected) every 5,000 entries. Entries that are written
    while this runs are checked or left, never reported.
    """
    report, began = Report(), time.monotonic()
    anchors = _read_anchors(report)
    before = _heads()
    expected = sum(count for count, _, _ in before.values())
    shards = {*before, *_shards(), *anchors.furthest}
    for shard in sorted(shards, key=str):
        chain = Chain(trail.key(), shard, {p: frozenset(d) for p, d in anchors.marks[shard].items()})
        at_head = None
        for row in rows_of(shard):
            report.add(*chain.step(row))
            report.entries += 1
            if shard in before and chain.position == before[shard][0]:
                at_head = chain.last
            if progress is not None and report.entries % PAGE == 0:
                progress(report.entries, expected)
        report.add(*_check_end(chain, before.get(shard), at_head, anchors.furthest.get(shard, 0)))
        report.unanchored += max(chain.position - anchors.furthest.get(shard, 0), 0)
    report.chains, report.anchors, report.anchored_at = len(shards), anchors.count, anchors.at
    report.seconds = round(time.monotonic() - began, 3)
    return report


def _check_end(
    chain: Chain, before: tuple[int, str, str] | None, at_head: str | None, anchored: int
) -> list[Problem]:
    """The chain's end against the head read before, the head now, and the furthest anchor."""
    shard, last, found = chain.shard, chain.position, []
    now = _heads().get(shard)
    if now is None or before is None:
        if before is None and now is not None:
            return []  # the chain began while this ran
        found.append(Problem(shard, None, "head_missing"))
    else:
        count, head, seal = before
        if not (sealed(chain.key, shard, count, head, seal) and sealed(chain.key, shard, *now)):
            found.append(Problem(shard, None, "head_forged"))
        if last < count:
            found.append(Problem(shard, last + 1, "cut", f"{last} < {count}"))
        elif count and at_head != head:
            found.append(Problem(shard, count, "head_differs"))
        if last > now[0]:
            found.append(Problem(shard, now[0] + 1, "extra", f"{last} > {now[0]}"))
    if last < anchored:
        found.append(Problem(shard, last + 1, "cut", f"{last} < {anchored} " + _("(anchor)")))
    return found
