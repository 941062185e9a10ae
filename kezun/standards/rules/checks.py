"""What must hold across a whole standard and against the editions that exist already."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from graphlib import CycleError, TopologicalSorter

from kezun.standards.rules.form import ZERO, Change, CountDefects, Criterion, Range, Standard, Text
from kezun.standards.rules.nodes import Node, Problem, Reading


def check(made: Standard, at: Reading, known: tuple[Standard, ...]) -> None:
    """Note every problem that only the whole shows; `known` are editions that exist already."""
    said = _Said(at)
    _total(made, at)
    _ids(made, said)
    _cascades(made, said)
    _blind(made, said)
    _caps(made, at, said)
    _days(made, at)
    earlier = sorted((k for k in known if k.id == made.id), key=lambda k: (k.valid.start, k.version))
    _editions(made, at, earlier)
    _reuse(made, said, earlier)
    _lineage(made, said, earlier)
    if made.over is not None:
        _over(made, at, said, known)


class _Said:
    """Where ids and keys of criteria stand in the text, so that a problem names its line."""

    def __init__(self, at: Reading) -> None:
        self.at = at
        self.places = list(_nodes(at.node))

    def say(self, where: str, key: str, code: str, /, **params: object) -> None:
        """Note a problem of the module, item or criterion called `where`, at the line of one of its keys."""
        node = next((n for i, n in self.places if i == where), self.at.node)
        line = node.lines.get(key, node.line)
        self.at.problems.append(Problem(line, f"{where}.{key}", code, params))


def _nodes(root: Node) -> Iterator[tuple[str, Node]]:
    """Every mapping with an id below the modules, in order."""
    for key in ("modules", "items", "criteria"):
        below = (root.fields or {}).get(key)
        for row in (below.rows or ()) if below else ():
            id = (row.fields or {}).get("id")
            if id is not None and id.text:
                yield id.text.strip(), row
            yield from _nodes(row)


def _total(made: Standard, at: Reading) -> None:
    found = sum((m.points for m in made.modules), ZERO)
    scale = at.fields.get("scale")
    if (
        made.scale.total > ZERO
        and found != made.scale.total
        and scale is not None
        and scale.fields is not None
    ):
        line = scale.lines.get("total", scale.line)
        at.say(
            "sum_differs", line, "scale.total", stated=_n(made.scale.total), found=_n(found), below="modules"
        )


def _n(value: Decimal) -> str:
    return f"{value:f}"


def _ids(made: Standard, said: _Said) -> None:
    """No id stands twice, and none stands in the list of the retired."""
    firsts: dict[str, int] = {}
    for id, node in said.places:
        line = node.lines["id"]
        if id in firsts:
            Reading(node, id, said.at.problems).say("id_twice", line, "id", id=id, first=firsts[id])
        firsts.setdefault(id, line)
        if id in made.retired:
            Reading(node, id, said.at.problems).say("id_retired", line, "id", id=id)


def _cascades(made: Standard, said: _Said) -> None:
    ids = {c.id for c in made.criteria()}
    after: dict[str, set[str]] = {}
    for criterion in made.criteria():
        if criterion.cascade is None:
            continue
        if made.scale.kind == "demerits":
            said.say(criterion.id, "cascade", "cascade_of_demerits")
        for target in criterion.cascade.zero:
            if target not in ids:
                said.say(criterion.id, "cascade", "unknown_target", target=target)
        after[criterion.id] = set(criterion.cascade.zero) & ids
    try:
        TopologicalSorter(after).prepare()
    except CycleError as error:
        ring = [str(id) for id in error.args[1]]
        said.say(ring[0], "cascade", "cascade_circle", ring=" → ".join(ring))


def _blind(made: Standard, said: _Said) -> None:
    """Where the standard lists its covert methods, blind criteria are asked by those only."""
    for criterion in made.criteria():
        open_methods = [m for m in criterion.checker.methods if m not in made.covert]
        if made.covert and criterion.checker.blind and open_methods:
            said.say(criterion.id, "checker", "blind_announced", method=", ".join(open_methods))


def _caps(made: Standard, at: Reading, said: _Said) -> None:
    """Which of two caps is lower is known only where the grades are listed, the best first."""
    caps = {c.id: c.veto.grade_cap for c in made.criteria() if c.veto and c.veto.grade_cap}
    grades = made.scale.grades
    for id, cap in caps.items():
        if grades and cap not in grades:
            said.say(id, "veto", "unknown_grade", grade=cap, known=", ".join(grades))
    if not grades and len(set(caps.values())) > 1:
        at.say("caps_without_order", key="scale", caps=", ".join(sorted(set(caps.values()))))


def _days(made: Standard, at: Reading) -> None:
    if made.kind == "overlay" and made.valid.end is None:
        at.say("overlay_without_end", key="valid")
    if made.supersedes and made.supersedes == made.version:
        at.say("supersedes_itself", key="supersedes", version=made.version)


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


def _reuse(made: Standard, said: _Said, earlier: list[Standard]) -> None:
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


def _lineage(made: Standard, said: _Said, earlier: list[Standard]) -> None:
    """What a criterion says to come from must have been there, where that edition is at hand."""
    at_hand = {e.version: {c.id for c in e.criteria()} for e in earlier}
    for criterion in made.criteria():
        for reference in criterion.lineage.of if criterion.lineage else ():
            if reference.version in at_hand and reference.id not in at_hand[reference.version]:
                said.say(criterion.id, "lineage", "unknown_origin", reference=str(reference))


def _over(made: Standard, at: Reading, said: _Said, known: tuple[Standard, ...]) -> None:
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
