"""From the text of a standard to a Standard, or to the list of everything that is wrong with the text."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from decimal import Decimal

from kezun.standards.rules.checks import check
from kezun.standards.rules.criteria import read_criterion
from kezun.standards.rules.fields import MOST_TOTAL, Reading
from kezun.standards.rules.form import (
    KINDS,
    SCHEMA,
    ZERO,
    Change,
    Item,
    Module,
    Over,
    Rating,
    Rounding,
    Scale,
    Standard,
    Validity,
)
from kezun.standards.rules.nodes import NotAStandard, Problem, parse

KEYS = (
    *("schema", "id", "version", "kind", "title", "title_en", "about", "about_en", "owner", "supersedes"),
    *("valid", "scale", "rounding", "covert", "own", "release_days", "retired", "over", "modules"),
)
POLICIES = ("renormalise", "full", "zero")
VERSION = re.compile(r"[^\s#@]{1,20}")
URN = re.compile(r"[^\s#@]{1,120}")


def read(text: str, *, known: Iterable[Standard] = ()) -> Standard:
    """The standard that a YAML text states.

    `known`: editions that exist already, of this and of other standards: ids are not used again, validity
    does not overlap, what an overlay changes is there. Raises NotAStandard with every problem, each with
    its line.
    """
    problems: list[Problem] = []
    at = Reading(parse(text), "", problems)
    made = _standard(at)
    check(made, at, tuple(known))
    if problems:
        raise NotAStandard(tuple(problems))
    return made


def _standard(at: Reading) -> Standard:
    at.only(KEYS)
    if at.text("schema", required=True):
        at.choice("schema", (SCHEMA,), SCHEMA)
    kind = at.choice("kind", KINDS, "standard")
    if (kind == "overlay") != at.has("over"):
        at.say("over_and_overlay", key="over" if at.has("over") else "kind")
    return Standard(
        id=_named(at, "id", URN),
        version=_named(at, "version", VERSION),
        title=at.text("title", required=True),
        valid=_validity(at),
        scale=_scale(at),
        modules=tuple(_module(r) for r in _children(at, "modules")),
        kind=kind,
        title_en=at.text("title_en"),
        about=at.text("about"),
        about_en=at.text("about_en"),
        owner=at.text("owner"),
        supersedes=at.text("supersedes"),
        rounding=_rounding(at),
        covert=at.texts("covert"),
        own=at.texts("own"),
        release_days=_release_days(at),
        retired=at.texts("retired"),
        over=_over(at),
    )


def _release_days(at: Reading) -> int:
    if not at.has("release_days"):
        return 0
    return at.whole("release_days", required=True, least=1, most=366)


def _named(at: Reading, key: str, form: re.Pattern[str]) -> str:
    value = at.text(key, required=True)
    if value and not form.fullmatch(value):
        at.say("not_a_name", key=key, value=value)
    return value


def _children(at: Reading, key: str) -> list[Reading]:
    """Readers of the mappings in a list, each called by its id, or by its place where it has none."""
    found = []
    for number, row in enumerate(at.rows(key, required=True), 1):
        id = (row.fields or {}).get("id")
        name = (
            id.text if id is not None and id.text else ".".join(p for p in (at.path, f"{key}[{number}]") if p)
        )
        found.append(Reading(row, name, at.problems))
    return found


def _module(at: Reading) -> Module:
    at.only(("id", "title", "title_en", "points", "items"))
    items = tuple(_item(row) for row in _children(at, "items"))
    points = _sum(at, "items", sum((i.points for i in items), ZERO))
    return Module(
        at.text("id", required=True), at.text("title", required=True), points, items, at.text("title_en")
    )


def _item(at: Reading) -> Item:
    at.only(("id", "title", "title_en", "points", "criteria"))
    criteria = tuple(read_criterion(row) for row in _children(at, "criteria"))
    points = _sum(at, "criteria", sum((c.points for c in criteria), ZERO))
    return Item(
        at.text("id", required=True), at.text("title", required=True), points, criteria, at.text("title_en")
    )


def _sum(at: Reading, below: str, found: Decimal) -> Decimal:
    """The points stated, which must be what the parts below add up to."""
    stated = at.decimal("points")
    if stated is None:
        return found
    if stated != found:
        at.say("sum_differs", key="points", stated=str(stated), found=str(found), below=below)
    return stated


def _validity(above: Reading) -> Validity:
    at = above.under("valid", required=True)
    if at is None:
        return Validity(date.min)
    at.only(("from", "to"))
    start, end = at.day("from", required=True), at.day("to", required=False)
    if start and end and start >= end:
        at.say("validity_empty", key="to", start=start.isoformat(), end=end.isoformat())
    return Validity(start or date.min, end)


def _scale(above: Reading) -> Scale:
    at = above.under("scale", required=True)
    if at is None:
        return Scale(ZERO)
    at.only(("kind", "total", "na", "grades", "bands"))
    kind = at.choice("kind", ("points", "demerits"), "points")
    total = at.points("total", MOST_TOTAL) or ZERO
    if total <= ZERO:
        at.say("not_positive", key="total", value=str(total))
    bands = tuple(_rating(at.at(row, "bands"), kind) for row in at.rows("bands"))
    _bands_in_order(at, kind, bands)
    return Scale(total, kind, at.choice("na", POLICIES, "renormalise"), at.texts("grades"), bands)


def _rating(at: Reading, kind: str) -> Rating:
    """A band: `least` the total for points, `most` for demerits; `worst` a single criterion may lose."""
    key = "least" if kind == "points" else "most"
    at.only(("rating", key, "worst"))
    return Rating(
        at.text("rating", required=True),
        at.decimal(key, required=False),
        at.decimal("worst", required=False),
    )


def _bands_in_order(at: Reading, kind: str, bands: tuple[Rating, ...]) -> None:
    """From the strictest to one that takes everything, so that every total has a rating."""
    if not bands:
        return
    bounds = [b.bound for b in bands[:-1] if b.bound is not None]
    if len(bounds) < len(bands) - 1 or bounds != sorted(set(bounds), reverse=kind == "points"):
        at.say("rating_order", key="bands")
    if bands[-1].bound is not None or bands[-1].worst is not None:
        at.say("rating_last", key="bands", rating=bands[-1].name)
    if len({b.name for b in bands}) < len(bands):
        at.say("rating_twice", key="bands")


def _rounding(above: Reading) -> Rounding:
    at = above.under("rounding")
    if at is None:
        return Rounding()
    at.only(("digits", "mode", "at"))
    at.choice("at", ("publish",), "publish")
    return Rounding(
        at.whole("digits", required=False, default=2, most=4), at.choice("mode", ("half_up",), "half_up")
    )


def _over(above: Reading) -> Over | None:
    at = above.under("over")
    if at is None:
        return None
    at.only(("standard", "version", "counting", "event", "changes"))
    return Over(
        _named(at, "standard", URN),
        _named(at, "version", VERSION),
        at.choice("counting", ("beside", "within"), "beside"),
        at.text("event", required=True),
        tuple(_change(at.at(row, "changes")) for row in at.rows("changes")),
    )


def _change(at: Reading) -> Change:
    at.only(("id", "points"))
    return Change(at.text("id", required=True), at.decimal("points") or ZERO)
