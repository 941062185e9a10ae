"""Laying an overlay over a standard: extra criteria for an event, changed points where declared."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from kezun.standards.rules.editions import fault_of
from kezun.standards.rules.form import ZERO, Criterion, Item, Module, Standard
from kezun.standards.rules.nodes import NotAStandard, Problem


def overlaid(base: Standard, overlay: Standard) -> Standard:
    """The standard that holds while the event lasts; its version names both, «2026.1+spring.1».

    The score stays out of the base's total. The overlay's own criteria count `beside` it (shown apart, the
    default) or `within` it (all points earned of all points there are, stated out of the same total).
    Raises NotAStandard where the overlay lies over something else or changes what is not there.
    """
    over = overlay.over
    if over is None or (over.standard, over.version) != (base.id, base.version):
        params = {"version": f"{base.id}@{base.version}", "known": _lies_over(overlay)}
        raise NotAStandard((Problem(0, overlay.id, "unknown_edition", params),))
    theirs = set(base.ids())
    twice = [id for id in overlay.ids() if id in theirs]
    problems = [
        Problem(0, "over.changes", code, _of(base, change.id))
        for change in over.changes
        if (code := fault_of(change, base.criterion(change.id)))
    ]
    problems += [Problem(0, f"{id}.id", "id_of_base", _of(base, id)) for id in twice]
    if problems:
        raise NotAStandard(tuple(problems))
    points = {c.id: c.points for c in over.changes}
    modules = tuple(_module(m, points) for m in base.modules)
    inside = over.counting == "within"
    return replace(
        base,
        version=f"{base.version}+{overlay.version}",
        title=f"{base.title} · {overlay.title}",
        title_en=" · ".join(t for t in (base.title_en, overlay.title_en) if t),
        valid=overlay.valid,
        modules=(*modules, *overlay.modules) if inside else modules,
        covert=tuple(dict.fromkeys((*base.covert, *overlay.covert))),
        own=tuple(dict.fromkeys((*base.own, *overlay.own))),
        release_days=overlay.release_days or base.release_days,
        over=over,
        beside=() if inside else overlay.modules,
    )


def _lies_over(overlay: Standard) -> str:
    return f"{overlay.over.standard}@{overlay.over.version}" if overlay.over else "—"


def _of(base: Standard, id: str) -> dict[str, object]:
    return {"id": id, "version": base.version}


def _module(module: Module, points: dict[str, Decimal]) -> Module:
    items = tuple(_item(item, points) for item in module.items)
    return replace(module, items=items, points=sum((i.points for i in items), ZERO))


def _item(item: Item, points: dict[str, Decimal]) -> Item:
    criteria: tuple[Criterion, ...] = tuple(
        replace(c, points=points[c.id]) if c.id in points else c for c in item.criteria
    )
    return replace(item, criteria=criteria, points=sum((c.points for c in criteria), ZERO))
