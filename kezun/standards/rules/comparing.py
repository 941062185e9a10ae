"""What changed between two editions: in words, in points, and in what became of each criterion."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from difflib import SequenceMatcher

from kezun.standards.rules.form import ZERO, Criterion, Standard

# A run of Latin letters or digits is one word; every other character stands for itself, as Chinese needs it.
WORD = re.compile(r"[A-Za-z]+|\d+(?:\.\d+)?|\s+|.", re.DOTALL)
CODES = {"equal": "same", "insert": "added", "delete": "removed"}


@dataclass(frozen=True)
class Piece:
    """A run of text that is the same, added or removed."""

    how: str
    text: str


@dataclass(frozen=True)
class Pair:
    """A criterion of the new edition beside what it was; `how`: same, changed, added, retired, merged, split.

    fields: what differs, by the names of the format. points: what the change of points is.
    """

    how: str
    old: tuple[Criterion, ...]
    new: Criterion | None
    fields: tuple[str, ...] = ()

    @property
    def points(self) -> Decimal:
        return (self.new.points if self.new else ZERO) - sum((c.points for c in self.old), ZERO)

    def words(self) -> tuple[Piece, ...]:
        """The text of the old and of the new, piece by piece."""
        before = "\n".join(c.text for c in self.old)
        return words(before, self.new.text if self.new else "")


@dataclass(frozen=True)
class Weight:
    """The points of a module in both editions; None where it is not there."""

    id: str
    title: str
    title_en: str
    old: Decimal | None
    new: Decimal | None


@dataclass(frozen=True)
class Difference:
    """All that two editions differ in."""

    pairs: tuple[Pair, ...]
    modules: tuple[Weight, ...]
    head: tuple[tuple[str, str, str], ...]

    def of(self, how: str) -> tuple[Pair, ...]:
        return tuple(p for p in self.pairs if p.how == how)

    @property
    def nothing(self) -> bool:
        return not self.head and all(p.how == "same" for p in self.pairs)


def words(before: str, after: str) -> tuple[Piece, ...]:
    """Two texts as runs: the same, removed or added, cut between Chinese characters and Latin words."""
    one, other = WORD.findall(before), WORD.findall(after)
    found: list[Piece] = []
    for code, i0, i1, j0, j1 in SequenceMatcher(None, one, other, autojunk=False).get_opcodes():
        removed, added = "".join(one[i0:i1]), "".join(other[j0:j1])
        if code == "replace":
            found += [Piece("removed", removed), Piece("added", added)]
        else:
            found.append(Piece(CODES[code], removed or added))
    return tuple(found)


def compare(old: Standard, new: Standard) -> Difference:
    """What became of every criterion of `old`, and where every criterion of `new` comes from.

    Lineage decides where it is stated, else the id: the same id is the same criterion.
    """
    pairs = tuple(_pairs(old, new))
    return Difference(pairs, tuple(_weights(old, new)), tuple(_heads(old, new)))


def origins(criterion: Criterion, old: Standard) -> tuple[Criterion, ...]:
    """The criteria of an earlier edition that one comes from, by its lineage, else by its id."""
    lineage = criterion.lineage
    named = [r.id for r in lineage.of if r.version == old.version] if lineage else []
    if not named and (lineage is None or lineage.how != "new"):
        named = [criterion.id]
    return tuple(c for id in named if (c := old.criterion(id)) is not None)


def _pairs(old: Standard, new: Standard) -> Iterator[Pair]:
    used: set[str] = set()
    for criterion in new.criteria():
        before = origins(criterion, old)
        used |= {c.id for c in before}
        how = criterion.lineage.how if criterion.lineage else ""
        if not before:
            yield Pair("added", (), criterion)
        elif how == "split_from":
            yield Pair("split", before, criterion, _fields(before[0], criterion))
        elif how == "merged_from" or len(before) > 1:
            yield Pair("merged", before, criterion, _fields(before[0], criterion))
        else:
            fields = _fields(before[0], criterion)
            yield Pair("changed" if fields else "same", before, criterion, fields)
    for criterion in old.criteria():
        if criterion.id not in used:
            yield Pair("retired", (criterion,), None)


def _fields(old: Criterion, new: Criterion) -> tuple[str, ...]:
    """The fields that differ; lineage tells of the change and is none itself."""
    names = (n for n in Criterion.__dataclass_fields__ if n not in ("lineage", "line"))
    return tuple(n for n in names if getattr(old, n) != getattr(new, n))


def _weights(old: Standard, new: Standard) -> Iterator[Weight]:
    before = {m.id: m for m in old.modules}
    after = {m.id: m for m in new.modules}
    for id in dict.fromkeys((*after, *before)):
        was, now = before.get(id), after.get(id)
        named = now or was
        assert named is not None
        points = (was.points if was else None, now.points if now else None)
        yield Weight(id, named.title, named.title_en, *points)


def _heads(old: Standard, new: Standard) -> Iterator[tuple[str, str, str]]:
    """What differs outside the criteria: (field, before, after)."""
    for name in ("id", "kind", "title", "title_en", "owner", "about"):
        if getattr(old, name) != getattr(new, name):
            yield name, getattr(old, name), getattr(new, name)
    for name in ("total", "kind", "na"):
        if getattr(old.scale, name) != getattr(new.scale, name):
            yield f"scale.{name}", str(getattr(old.scale, name)), str(getattr(new.scale, name))
    for name in ("grades", "bands"):
        was, now = getattr(old.scale, name), getattr(new.scale, name)
        if was != now:
            yield f"scale.{name}", _names(was), _names(now)
    for name in ("covert", "own"):
        if getattr(old, name) != getattr(new, name):
            yield name, _names(getattr(old, name)), _names(getattr(new, name))
    if old.release_days != new.release_days:
        yield "release_days", str(old.release_days or ""), str(new.release_days or "")
    if old.rounding != new.rounding:
        yield "rounding", str(old.rounding.digits), str(new.rounding.digits)


def _names(values: tuple[object, ...]) -> str:
    return ", ".join(str(getattr(v, "name", v)) for v in values)


def comparable(old: Standard, new: Standard) -> bool:
    """Whether a trend may run on from one edition to the next: words changed, nothing of what is measured.

    A criterion stays what it was where it says so (same_as, editorial) or differs in nothing that is scored.
    """
    if (old.id, old.scale) != (new.id, new.scale):
        return False
    return all(_continues(pair) for pair in compare(old, new).pairs)


def _continues(pair: Pair) -> bool:
    if pair.how not in ("same", "changed") or pair.new is None:
        return False
    was, now = pair.old[0], pair.new
    scored = ("points", "answer", "na", "applies_to", "cascade", "veto")
    if any(getattr(was, n) != getattr(now, n) for n in scored):
        return False
    if was.text == now.text:
        return True
    return now.lineage is not None and now.lineage.how == "same_as" and now.lineage.change == "editorial"
