"""What must hold across a whole scheme and against what it refers to."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from kezun.assessment.rules.fitting import FITS
from kezun.assessment.rules.form import HUNDRED, ZERO, Scheme
from kezun.standards.rules.fields import Reading
from kezun.standards.rules.nodes import Node, Problem

if TYPE_CHECKING:
    from kezun.assessment.rules.reading import Known

LISTS = ("components", "deductions", "additions", "vetoes", "grades", "stars")


def check(made: Scheme, at: Reading, known: Known) -> None:
    """Note every problem that only the whole shows."""
    _weights(made, at)
    _ids(at)
    _grades(made, at)
    _named_components(made, at)
    _references(made, at, known)
    _estimators(made, at, known)
    _editions(made, at, known)
    if made.of.by == "unit" and made.of.kind != "person":
        at.say("by_unit_of_person", key="subject")


def _rows(at: Reading, key: str) -> list[Node]:
    node = at.fields.get(key)
    return list(node.rows or ()) if node is not None else []


def _value(row: Node, key: str) -> str:
    found = (row.fields or {}).get(key)
    return (found.text or "").strip() if found is not None else ""


def _weights(made: Scheme, at: Reading) -> None:
    """Weights add up to 100; a scheme of deductions alone has a base instead."""
    total = sum((c.weight for c in made.components), ZERO)
    if made.components and total != HUNDRED:
        at.say("weights_differ", key="components", found=format(total.normalize(), "f"))
    if not made.components and not made.adjustments:
        at.say("nothing_judged")
    if not made.components and made.adjustments and made.base <= ZERO:
        at.say("no_base", key="base")


def _ids(at: Reading) -> None:
    """An id stands once in the whole scheme; a grade's name once among grades."""
    seen: dict[str, int] = {}
    for key in LISTS[:4]:
        for row in _rows(at, key):
            id = _value(row, "id")
            if id and id in seen:
                at.problems.append(_problem(row, f"{key}.{id}.id", "id_twice", id=id, first=seen[id]))
            elif id:
                seen[id] = row.lines.get("id", row.line)
    names: set[str] = set()
    for row in _rows(at, "grades"):
        name = _value(row, "name")
        if name in names:
            at.problems.append(_problem(row, f"grades.{name}.name", "grade_twice", name=name))
        names.add(name)


def _problem(row: Node, path: str, code: str, **params: object) -> Problem:
    return Problem(row.lines.get(path.rsplit(".", 1)[-1], row.line), path, code, params)


def _grades(made: Scheme, at: Reading) -> None:
    """From the best down, the last one taking every total; caps name grades there are."""
    bounds = [g.least for g in made.grades[:-1]]
    plain = [b for b in bounds if b is not None]
    if len(plain) < len(bounds) or plain != sorted(set(plain), reverse=True):
        at.say("grade_order", key="grades")
    if made.grades and (made.grades[-1].least is not None or made.grades[-1].floors):
        at.say("grade_last", key="grades", name=made.grades[-1].name)
    names = [g.name for g in made.grades]
    for veto, row in zip(made.vetoes, _rows(at, "vetoes"), strict=True):
        if veto.grade_cap and veto.grade_cap not in names:
            at.problems.append(
                _problem(
                    row,
                    f"vetoes.{veto.id}.effect",
                    "unknown_grade",
                    grade=veto.grade_cap,
                    known=_joined(names),
                )
            )
    for listing in (made.red, made.black):
        for condition in listing.conditions if listing else ():
            for name in set(condition.grades) - set(names):
                at.say("unknown_grade", key="red_black", grade=name, known=_joined(names))


def _named_components(made: Scheme, at: Reading) -> None:
    """Floors, ranking and lists name components there are."""
    ids = [c.id for c in made.components]
    floors = (("grades", [g.floors for g in made.grades]), ("stars", [s.floors for s in made.stars]))
    for key, stated in floors:
        for named, row in zip(stated, _rows(at, key), strict=True):
            for id, _floor in named:
                if id not in ids:
                    path = f"{key}.{_value(row, 'name') or _value(row, 'stars')}.floors"
                    at.problems.append(_problem(row, path, "unknown_component", id=id, known=_joined(ids)))
    for id in set(made.ranking.components) - set(ids):
        at.say("unknown_component", key="ranking", id=id, known=_joined(ids))
    for listing in (made.red, made.black):
        for condition in listing.conditions if listing else ():
            if condition.metric and condition.metric != "total" and condition.metric not in ids:
                at.say(
                    "unknown_component", key="red_black", id=condition.metric, known=_joined(["total", *ids])
                )


def _references(made: Scheme, at: Reading, known: Known) -> None:
    """Indicators, standards, kinds of events, kinds of units and posts exist."""
    pairs: list[tuple[str, Node, str, frozenset[str] | None, str]] = []
    for c, row in zip(made.components, _rows(at, "components"), strict=True):
        own = [(c.source.indicator, known.indicators, "unknown_indicator")]
        own += [(gate.indicator, known.indicators, "unknown_indicator") for gate in c.gates]
        own.append((c.source.standard, known.standards, "unknown_standard"))
        pairs += [(f"components.{c.id}.source", row, id, there, code) for id, there, code in own]
    for key, rules in (("deductions", made.deductions), ("additions", made.additions)):
        for rule, row in zip(rules, _rows(at, key), strict=True):
            pairs.append((f"{key}.{rule.id}.event", row, rule.event, known.events, "unknown_event"))
            exposed = rule.per.indicator if rule.per else ""
            pairs.append((f"{key}.{rule.id}.rate_per", row, exposed, known.indicators, "unknown_indicator"))
    for veto, row in zip(made.vetoes, _rows(at, "vetoes"), strict=True):
        pairs.append((f"vetoes.{veto.id}.when", row, veto.event, known.events, "unknown_event"))
        pairs.append((f"vetoes.{veto.id}.when", row, veto.standard, known.standards, "unknown_standard"))
    for path, row, id, there, code in pairs:
        if id and there is not None and id not in there:
            at.problems.append(_problem(row, path, code, id=id, known=_near(id, there)))
    for names, there in ((made.of.units, known.unit_kinds), (made.of.posts, known.posts)):
        for name in names:
            if there is not None and name not in there:
                at.say("unknown_value", key="subject", value=name, known=_joined(sorted(there)))


def _estimators(made: Scheme, at: Reading, known: Known) -> None:
    """Each estimator fits what its indicator's value is made of."""
    for one, row in zip(made.components, _rows(at, "components"), strict=True):
        nature = known.natures.get(one.source.indicator)
        if nature is None:
            continue
        path, id, kind = f"components.{one.id}.estimator", one.source.indicator, one.estimator.kind
        if kind not in FITS[nature]:
            at.problems.append(_problem(row, path, f"unfit_{nature}", id=id, kind=kind))
        elif one.estimator.casemix and "casemix" not in FITS[nature]:
            at.problems.append(_problem(row, path, "casemix_unfit", id=id))


def _editions(made: Scheme, at: Reading, known: Known) -> None:
    """Validity does not overlap another edition's, unless that one is superseded from a later day on."""
    own = [k for k in known.schemes if k.id == made.id and k.version != made.version]
    if made.supersedes and made.supersedes == made.version:
        at.say("supersedes_itself", key="supersedes", version=made.version)
    elif made.supersedes and known.schemes and made.supersedes not in {k.version for k in own}:
        at.say(
            *("unknown_edition",),
            key="supersedes",
            version=made.supersedes,
            known=_joined([k.version for k in own]),
        )
    for other in own:
        over = (made.end is None or other.start < made.end) and (other.end is None or made.start < other.end)
        if over and not (other.version == made.supersedes and other.start < made.start):
            at.say("validity_overlaps", key="valid", version=other.version, start=other.start.isoformat())


def _near(id: str, there: Iterable[str]) -> str:
    """Those of the same room first, a dozen at most."""
    same = sorted(known for known in there if known.split(".")[0] == id.split(".")[0])
    return _joined((same or sorted(there))[:12])


def _joined(names: Iterable[str]) -> str:
    return ", ".join(names) or "—"
