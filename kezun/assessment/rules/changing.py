"""What if: a scheme with some of its numbers changed, without touching its text."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from itertools import pairwise

from kezun.assessment.rules.form import HUNDRED, ZERO, Adjustment, Component, Grade, Scheme, Transform
from kezun.assessment.rules.reading import NotAScheme
from kezun.kernel.rules import whole_number
from kezun.standards.rules.fields import LARGEST, PLACES
from kezun.standards.rules.nodes import Problem

PATHS = (
    "base",
    "components.ID.weight",
    "components.ID.min_n",
    "components.ID.target",
    "components.ID.points.N",
    "components.ID.at.N",
    "deductions.ID.cap",
    "deductions.ID.points.LEVEL",
    "additions.ID.cap",
    "additions.ID.points.LEVEL",
    "grades.NAME.min",
)


def changed(scheme: Scheme, change: Mapping[str, str]) -> Scheme:
    """The scheme with the numbers at these paths (PATHS) replaced; weights need not add up to 100 then.

    Raises NotAScheme for every path that names nothing, and every value that is no number of 0 or more or is
    larger than any scheme has.
    """
    problems: list[Problem] = []
    for number, (path, text) in enumerate(change.items(), 1):
        value = _number(text)
        if value is None or value < ZERO:
            problems.append(Problem(number, path, "not_number", {"value": str(text)}))
            continue
        if value > LARGEST:
            outside = {"value": str(text), "most": f"{LARGEST:f}", "places": PLACES}
            problems.append(Problem(number, path, "number_outside", outside))
            continue
        made = _changed(scheme, path.split("."), value)
        if made is not None and (wrong := _shape(made, path)):
            problems.append(Problem(number, path, wrong, {"value": str(value)}))
        elif made is None:
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
        case ["components", id, "points" | "at" as what, place] if one := scheme.component(id):
            moved = _corner(one.transform, what, place, value)
            return _swapped(scheme, replace(one, transform=moved)) if moved is not None else None
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
    return _swapped(scheme, made)


def _swapped(scheme: Scheme, made: Component) -> Scheme:
    return replace(scheme, components=tuple(made if c.id == made.id else c for c in scheme.components))


def _corner(transform: Transform, what: str, place: str, value: Decimal) -> Transform | None:
    """The transform with the points (`points`) or the value (`at`) of its Nth corner or band replaced."""
    steps = transform.bands or transform.points
    number = whole_number(place)
    if number is None or not 0 < number <= len(steps):
        return None
    at = number - 1
    bound, worth = steps[at]
    if what == "at" and bound is None:
        return None
    step = (bound, value) if what == "points" else (value, worth)
    made = (*steps[:at], step, *steps[at + 1 :])
    if transform.bands:
        return replace(transform, bands=made)
    return replace(transform, points=tuple((x, y) for x, y in made if x is not None))


def _shape(scheme: Scheme, path: str) -> str:
    """What is wrong with the corners that a change has moved; empty where nothing is."""
    parts = path.split(".")
    one = scheme.component(parts[1]) if parts[0] == "components" and parts[2] in ("points", "at") else None
    if one is None:
        return ""
    if any(worth > HUNDRED for _x, worth in (one.transform.bands or one.transform.points)):
        return "points_outside"
    xs = [x for x, _y in one.transform.points]
    ys = [y for _x, y in one.transform.points]
    if any(b <= a for a, b in pairwise(xs)):
        return "values_order"
    if ys not in (sorted(ys), sorted(ys, reverse=True)):
        return "not_monotone"
    return ""


def _adjustment(rule: Adjustment, rest: list[str], value: Decimal) -> Adjustment | None:
    if rest == ["cap"] and value:
        return replace(rule, cap=value)
    if len(rest) == 2 and rest[0] == "points" and rest[1] in dict(rule.points):
        return replace(rule, points=tuple((n, value if n == rest[1] else p) for n, p in rule.points))
    return None


def _grade(one: Grade, name: str, value: Decimal) -> Grade:
    return replace(one, least=value) if one.name == name and one.least is not None else one
