"""What if: a scheme with some of its numbers changed, without touching its text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal, InvalidOperation

from kezun.assessment.rules.form import ZERO, Adjustment, Component, Grade, Scheme
from kezun.assessment.rules.reading import NotAScheme
from kezun.standards.rules.nodes import Problem

PATHS = (
    "base",
    "components.ID.weight",
    "components.ID.min_n",
    "components.ID.target",
    "deductions.ID.cap",
    "deductions.ID.points.LEVEL",
    "additions.ID.cap",
    "additions.ID.points.LEVEL",
    "grades.NAME.min",
)


def changed(scheme: Scheme, change: Mapping[str, str]) -> Scheme:
    """The scheme with the numbers at these paths (PATHS) replaced; weights need not add up to 100 then.

    Raises NotAScheme for every path that names nothing, and every value that is no number of 0 or more.
    """
    problems: list[Problem] = []
    for number, (path, text) in enumerate(change.items(), 1):
        value = _number(text)
        if value is None or value < ZERO:
            problems.append(Problem(number, path, "not_number", {"value": str(text)}))
            continue
        made = _changed(scheme, path.split("."), value)
        if made is None:
            problems.append(Problem(number, path, "unknown_change", {"known": ", ".join(PATHS)}))
        else:
            scheme = made
    if scheme.components and not sum((c.weight for c in scheme.components), ZERO):
        problems.append(Problem(1, "components", "no_weight", {}))
    if problems:
        raise NotAScheme(problems)
    return scheme


def _number(text: str) -> Decimal | None:
    try:
        value = Decimal(str(text))
    except InvalidOperation:
        return None
    return value if value.is_finite() else None


def _changed(scheme: Scheme, path: list[str], value: Decimal) -> Scheme | None:
    match path:
        case ["base"]:
            return replace(scheme, base=value)
        case ["components", id, "weight" | "min_n" | "target" as what] if scheme.component(id):
            return _component(scheme, id, what, value)
        case ["deductions" | "additions" as kind, id, *rest]:
            rules = scheme.deductions if kind == "deductions" else scheme.additions
            made = tuple(_adjustment(rule, rest, value) if rule.id == id else rule for rule in rules)
            if id not in {rule.id for rule in rules} or None in made:
                return None
            known = tuple(rule for rule in made if rule is not None)
            return (
                replace(scheme, deductions=known)
                if kind == "deductions"
                else replace(scheme, additions=known)
            )
        case ["grades", *name, "min"] if ".".join(name) in {g.name for g in scheme.grades}:
            grades = (_grade(g, ".".join(name), value) for g in scheme.grades)
            return replace(scheme, grades=tuple(grades))
    return None


def _component(scheme: Scheme, id: str, what: str, value: Decimal) -> Scheme | None:
    one = scheme.component(id)
    if one is None or (what == "target" and (one.transform.kind != "ratio_to_target" or not value)):
        return None
    made: Component
    if what == "weight":
        made = replace(one, weight=value)
    elif what == "min_n":
        made = replace(one, min_n=max(1, int(value)))
    else:
        made = replace(one, transform=replace(one.transform, target=value))
    return replace(scheme, components=tuple(made if c.id == id else c for c in scheme.components))


def _adjustment(rule: Adjustment, rest: list[str], value: Decimal) -> Adjustment | None:
    if rest == ["cap"] and value:
        return replace(rule, cap=value)
    if len(rest) == 2 and rest[0] == "points" and rest[1] in dict(rule.points):
        return replace(rule, points=tuple((n, value if n == rest[1] else p) for n, p in rule.points))
    return None


def _grade(one: Grade, name: str, value: Decimal) -> Grade:
    return replace(one, least=value) if one.name == name and one.least is not None else one
