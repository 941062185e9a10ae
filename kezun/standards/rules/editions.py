"""What must hold against the editions that exist: ids, validity, lineage, and what an overlay lies over."""

from __future__ import annotations

from collections import Counter

from kezun.standards.rules.fields import Reading
from kezun.standards.rules.form import ZERO, Change, CountDefects, Criterion, Range, Standard, Text
from kezun.standards.rules.said import Said


def check_editions(made: Standard, at: Reading, said: Said, known: tuple[Standard, ...]) -> None:
    """Note every problem that only the other editions show."""
    earlier = sorted((k for k in known if k.id == made.id), key=lambda k: (k.valid.start, k.version))
    _editions(made, at, earlier)
    _reuse(made, said, earlier)
    _lineage(made, said, earlier)
    if made.over is not None:
        _over(made, at, said, known)


def _editions(made: Standard, at: Reading, earlier: list[Standard]) -> None:
    """Validity of two editions overlaps only where the later one supersedes the other."""
    for other in earlier:
        if other.version == made.version:
            continue
        replaces = made.supersedes == other.version and other.valid.start < made.valid.start
        replaced = other.supersedes == made.version and made.valid.start < other.valid.start
        apart = _before(made, other) or _before(other, made)
        if not (apart or replaces or replaced):
            at.say(
                "validity_overlaps", key="valid", version=other.version, start=other.valid.start.isoformat()
            )
    versions = {e.version for e in earlier} - {made.version}
    if versions and made.supersedes and made.supersedes not in versions:
        at.say(
            "unknown_edition", key="supersedes", version=made.supersedes, known=", ".join(sorted(versions))
        )


def _before(one: Standard, other: Standard) -> bool:
    return one.valid.end is not None and one.valid.end <= other.valid.start


def _reuse(made: Standard, said: Said, earlier: list[Standard]) -> None:
    """An id is permanent: once retired it stays so, and it never takes another meaning."""
    before = [e for e in earlier if e.version != made.version and e.valid.start <= made.valid.start]
    if not before:
        return
    latest = {c.id for c in before[-1].criteria()}
    ever = {c.id: e.version for e in before for c in e.criteria()}
    gone = {id: e.version for e in before for id in e.retired}
    for criterion in made.criteria():
        id = criterion.id
        if id in gone or (id in ever and id not in latest):
            said.say(id, "id", "id_retired_before", id=id, version=gone.get(id) or ever[id])
        elif id in latest and not _continues(criterion):
            said.say(id, "lineage", "id_reused", id=id, version=before[-1].version)


def _continues(criterion: Criterion) -> bool:
    """Whether a criterion with an id of the edition before says that it is still the same thing."""
    lineage = criterion.lineage
    if lineage is None:
        return True
    return lineage.change != "meaning" and criterion.id in {r.id for r in lineage.of}


def _lineage(made: Standard, said: Said, earlier: list[Standard]) -> None:
    """What a criterion says to come from must have been there, where that edition is at hand."""
    at_hand = {e.version: {c.id for c in e.criteria()} for e in earlier}
    for criterion in made.criteria():
        for reference in criterion.lineage.of if criterion.lineage else ():
            if reference.version in at_hand and reference.id not in at_hand[reference.version]:
                said.say(criterion.id, "lineage", "unknown_origin", reference=str(reference))


def _over(made: Standard, at: Reading, said: Said, known: tuple[Standard, ...]) -> None:
    """An overlay adds ids of its own, and changes what is there and can be changed."""
    over = made.over
    assert over is not None
    base = next((k for k in known if (k.id, k.version) == (over.standard, over.version)), None)
    twice = [id for id, n in Counter(c.id for c in over.changes).items() if n > 1]
    for id in twice:
        at.say("id_twice", key="over", id=id, first=at.node.lines["over"])
    if base is None:
        if any(k.id == over.standard for k in known):
            at.say("unknown_edition", key="over", version=over.version, known=_versions(known, over.standard))
        return
    theirs = {c.id: c for c in base.criteria()}
    for change in over.changes:
        code = fault_of(change, theirs.get(change.id))
        if code:
            at.say(code, key="over", id=change.id, version=over.version)
    taken = set(base.ids())
    for id, _node in said.places:
        if id in taken:
            said.say(id, "id", "id_of_base", id=id, version=over.version)


def fault_of(change: Change, criterion: Criterion | None) -> str:
    """Why an overlay cannot change the points of a criterion below; empty where it can."""
    if criterion is None:
        return "change_unknown"
    floor = criterion.answer.floor if isinstance(criterion.answer, CountDefects) else ZERO
    fixed = isinstance(criterion.answer, Range | Text)
    return "change_of_range" if fixed or change.points <= ZERO or change.points < floor else ""


def _versions(known: tuple[Standard, ...], id: str) -> str:
    return ", ".join(sorted(k.version for k in known if k.id == id))
