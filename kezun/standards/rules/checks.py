"""What must hold across a whole standard and against the editions that exist already."""

from __future__ import annotations

from decimal import Decimal
from graphlib import CycleError, TopologicalSorter

from kezun.standards.rules.editions import check_editions
from kezun.standards.rules.fields import Reading
from kezun.standards.rules.form import ZERO, Standard
from kezun.standards.rules.said import Said


def check(made: Standard, at: Reading, known: tuple[Standard, ...]) -> None:
    """Note every problem that only the whole shows; `known` are editions that exist already."""
    said = Said(at)
    _total(made, at)
    _ids(made, said)
    _cascades(made, said)
    _blind(made, said)
    _own(made, at)
    _caps(made, at, said)
    _days(made, at)
    check_editions(made, at, said, known)


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


def _ids(made: Standard, said: Said) -> None:
    """No id stands twice, and none stands in the list of the retired."""
    firsts: dict[str, int] = {}
    for id, node in said.places:
        line = node.lines["id"]
        if id in firsts:
            Reading(node, id, said.at.problems).say("id_twice", line, "id", id=id, first=firsts[id])
        firsts.setdefault(id, line)
        if id in made.retired:
            Reading(node, id, said.at.problems).say("id_retired", line, "id", id=id)


def _cascades(made: Standard, said: Said) -> None:
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


def _blind(made: Standard, said: Said) -> None:
    """Where the standard lists its covert methods, blind criteria are asked by those only."""
    for criterion in made.criteria():
        open_methods = [m for m in criterion.checker.methods if m not in made.covert]
        if made.covert and criterion.checker.blind and open_methods:
            said.say(criterion.id, "checker", "blind_announced", method=", ".join(open_methods))


def _own(made: Standard, at: Reading) -> None:
    """What a unit does itself is no secret from it."""
    both = [method for method in made.own if method in made.covert_methods]
    if both:
        at.say("own_and_covert", key="own", method=", ".join(both))


def _caps(made: Standard, at: Reading, said: Said) -> None:
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
