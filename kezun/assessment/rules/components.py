"""Readers of the parts of a scheme that make points: components, deductions, additions, vetoes."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from kezun.assessment.rules.form import (
    AGGREGATES,
    ESTIMATORS,
    HUNDRED,
    MATCHED,
    MISSING,
    OPERATORS,
    TRANSFORMS,
    ZERO,
    Adjustment,
    Component,
    Estimator,
    Exposure,
    Gate,
    Match,
    Source,
    Transform,
    Veto,
)
from kezun.standards.rules.fields import Reading
from kezun.standards.rules.nodes import Node

ONE = Decimal(1)
SHARE = Transform("linear", ((ZERO, ZERO), (ONE, HUNDRED)))
OTHERWISE = ("exclude_and_flag", "zero")


def read_component(at: Reading) -> Component:
    at.only(
        (
            *("id", "title", "title_en", "about", "weight", "source", "estimator", "transform", "missing"),
            *("min_n", "gates"),
        )
    )
    source = _source(at)
    estimator, least = _estimator(at)
    weight = at.decimal("weight") or ZERO
    if weight < ZERO:
        at.say("negative_weight", key="weight", value=str(weight))
    if at.has("min_n"):
        least = at.whole("min_n", required=False, least=1)
    if source.standard and estimator.kind != "raw":
        at.say("estimator_of_standard", key="estimator", kind=estimator.kind)
    return Component(
        id=at.text("id", required=True),
        title=at.text("title", required=True),
        weight=weight,
        source=source,
        transform=_transform(at, source),
        title_en=at.text("title_en"),
        about=at.text("about"),
        estimator=estimator,
        min_n=least,
        missing=at.choice("missing", MISSING, "redistribute"),
        gates=tuple(_gate(at.at(row, "gates")) for row in at.rows("gates")),
        line=at.line,
    )


def _source(above: Reading) -> Source:
    at = above.under("source", required=True)
    if at is None:
        return Source()
    at.only(("indicator", "business", "customer_class", "standard", "methods", "agg"))
    if at.has("indicator") == at.has("standard"):
        at.say("indicator_or_standard")
    if at.has("indicator"):
        for key in ("methods", "agg"):
            if at.has(key):
                at.say("only_of_standard", key=key, name=key)
    return Source(
        at.text("indicator"),
        at.text("business") or None,
        at.text("customer_class") or None,
        at.text("standard"),
        at.texts("methods"),
        at.choice("agg", AGGREGATES, "mean"),
    )


def _estimator(above: Reading) -> tuple[Estimator, int]:
    at = above.under("estimator")
    if at is None:
        return Estimator(), 1
    at.only(("kind", "scope", "casemix", "min_n"))
    kind = at.choice("kind", ESTIMATORS, "raw")
    mix = at.texts("casemix")
    for column in mix:
        if column not in ("business", "class"):
            at.say("unknown_value", key="casemix", value=column, known="business, class")
    if (kind == "casemix") and not mix:
        at.say("casemix_of_nothing", key="kind")
    scope = at.choice("scope", ("peer_group", "all"), "peer_group")
    return Estimator(kind, scope, mix), at.whole("min_n", required=False, default=1, least=1)


def _transform(above: Reading, source: Source) -> Transform:
    at = above.under("transform", required=not source.standard)
    if at is None:
        return SHARE
    kind = at.choice("kind", TRANSFORMS, "linear")
    if kind == "ratio_to_target":
        return _ratio(at)
    if kind == "bands":
        return _bands(at)
    if kind == "linear":
        at.only(("kind", "from", "to"))
        values, worths = _numbers(at, "from"), _numbers(at, "to")
        corners = tuple(zip(values, worths, strict=False)) if len(values) == len(worths) == 2 else ()
        if not corners:
            at.say("not_two", key="from")
    else:
        at.only(("kind", "points"))
        corners = tuple(
            pair for row in at.rows("points", required=True) if (pair := _pair(at, row, "points"))
        )
    return Transform(kind, _in_order(at, corners))


def _in_order(
    at: Reading, corners: tuple[tuple[Decimal, Decimal], ...]
) -> tuple[tuple[Decimal, Decimal], ...]:
    """Rising values, points that go one way, all within 0 to 100."""
    key = "points" if at.has("points") else "from"
    values, worths = [x for x, _y in corners], [y for _x, y in corners]
    if len(corners) < 2 or values != sorted(set(values)):
        at.say("values_order", key=key)
    if worths not in (sorted(worths), sorted(worths, reverse=True)):
        at.say("not_monotone", key=key)
    _within(at, key, worths)
    return corners if len(corners) > 1 else SHARE.points


def _within(at: Reading, key: str, worths: Sequence[Decimal]) -> None:
    for worth in worths:
        if not ZERO <= worth <= HUNDRED:
            at.say("points_outside", key=key, value=str(worth))


def _ratio(at: Reading) -> Transform:
    at.only(("kind", "target", "cap", "direction"))
    target, cap = at.decimal("target") or ZERO, at.decimal("cap", required=False, default=ONE) or ZERO
    if target <= ZERO:
        at.say("not_positive", key="target", value=str(target))
    if cap <= ZERO:
        at.say("not_positive", key="cap", value=str(cap))
    down = at.choice("direction", ("up", "down"), "up") == "down"
    return Transform("ratio_to_target", target=target if target > ZERO else ONE, cap=cap or ONE, down=down)


def _bands(at: Reading) -> Transform:
    at.only(("kind", "op", "bands"))
    op = at.choice("op", OPERATORS, ">=")
    bands: list[tuple[Decimal | None, Decimal]] = []
    rows = at.rows("bands", required=True)
    for number, row in enumerate(rows, 1):
        first = row.rows[0] if row.rows else row
        if row.rows and len(row.rows) == 2 and first.empty:
            worth = at.number(row.rows[1], "bands")
            if number < len(rows):
                at.say("band_after_all", row.line, "bands")
            bands.append((None, worth or ZERO))
        elif pair := _pair(at, row, "bands"):
            bands.append(pair)
    bounds = [b for b, _w in bands if b is not None]
    if bounds != sorted(set(bounds), reverse=op.startswith(">")):
        at.say("band_order", key="bands", op=op)
    worths = [w for _b, w in bands]
    if worths != sorted(worths, reverse=True):
        at.say("not_monotone", key="bands")
    _within(at, "bands", worths)
    return Transform("bands", op=op, bands=tuple(bands) or ((None, ZERO),))


def _pair(at: Reading, row: Node, key: str) -> tuple[Decimal, Decimal] | None:
    if row.rows is None or len(row.rows) != 2:
        at.say("not_pair", row.line, key)
        return None
    first, second = (at.number(one, key) for one in row.rows)
    return None if first is None or second is None else (first, second)


def _numbers(at: Reading, key: str) -> list[Decimal]:
    found = [at.number(row, key) for row in at.rows(key, required=True)]
    return [number for number in found if number is not None]


def _gate(at: Reading) -> Gate:
    at.only(("indicator", "min", "max", "else"))
    least, most = at.decimal("min", required=False), at.decimal("max", required=False)
    if least is None and most is None:
        at.say("gate_without_bound")
    return Gate(
        at.text("indicator", required=True), least, most, at.choice("else", OTHERWISE, "exclude_and_flag")
    )


def read_adjustment(at: Reading, attributed: bool) -> Adjustment:
    at.only(
        (
            *("id", "title", "title_en", "event", "match", "attributed", "points", "cap", "rate_per"),
            "per_subject_once",
        )
    )
    if not at.has("cap"):
        at.say("no_cap", key="points")
    cap = at.decimal("cap", required=False, default=ONE) or ZERO
    if cap <= ZERO:
        at.say("not_positive", key="cap", value=str(cap))
    return Adjustment(
        id=at.text("id", required=True),
        title=at.text("title", required=True),
        event=at.text("event", required=True),
        points=_levels(at),
        cap=cap,
        title_en=at.text("title_en"),
        match=read_match(at),
        attributed=at.flag("attributed", default=attributed),
        once=at.flag("per_subject_once"),
        per=_exposure(at),
        line=at.line,
    )


def _levels(above: Reading) -> tuple[tuple[str, Decimal], ...]:
    at = above.under("points", required=True)
    found = []
    for level in at.fields if at else ():
        worth = at.decimal(level) if at else None
        if at and worth is not None and worth < ZERO:
            at.say("negative_points", key=level, value=str(worth))
        found.append((level, worth or ZERO))
    if at and not found:
        above.say("empty_list", key="points")
    return tuple(found)


def read_match(above: Reading) -> tuple[Match, ...]:
    at = above.under("match")
    if at is None:
        return ()
    at.only(MATCHED)
    return tuple(Match(column, at.texts(column)) for column in at.fields if column in MATCHED)


def _exposure(above: Reading) -> Exposure | None:
    at = above.under("rate_per")
    if at is None:
        return None
    at.only(("exposure", "unit"))
    unit = at.decimal("unit") or ZERO
    if unit <= ZERO:
        at.say("not_positive", key="unit", value=str(unit))
    return Exposure(at.text("exposure", required=True), unit if unit > ZERO else ONE)


def read_veto(at: Reading) -> Veto:
    at.only(("id", "title", "title_en", "when", "effect"))
    when, effect = at.under("when", required=True), at.under("effect", required=True)
    event, standard, count = "", "", 1
    match: tuple[Match, ...] = ()
    if when is not None:
        when.only(("event", "match", "count_ge", "standard"))
        if when.has("event") == when.has("standard"):
            when.say("event_or_standard")
        event, standard, match = when.text("event"), when.text("standard"), read_match(when)
        count = when.whole("count_ge", required=False, default=1, least=1)
    cap, bars = "", False
    if effect is not None:
        effect.only(("grade_cap", "exclude_from_awards"))
        cap, bars = effect.text("grade_cap"), effect.flag("exclude_from_awards")
        if not cap and not bars:
            effect.say("veto_without_effect")
    return Veto(
        *(at.text("id", required=True), at.text("title", required=True), at.text("title_en")),
        event=event,
        match=match,
        count=count,
        standard=standard,
        grade_cap=cap,
        bars_awards=bars,
        line=at.line,
    )
