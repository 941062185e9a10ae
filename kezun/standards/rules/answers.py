"""Reading how a criterion is answered: options, defects, indicator, range or text."""

from __future__ import annotations

from decimal import Decimal

from kezun.standards.rules.fields import Reading
from kezun.standards.rules.form import (
    ONE,
    OPERATORS,
    ZERO,
    Answer,
    Band,
    CountDefects,
    Graded,
    Indicator,
    Option,
    Range,
    Text,
)
from kezun.standards.rules.nodes import Node

TYPES = ("graded", "count_defects", "indicator", "range", "text")
KEYS = {
    "graded": ("options", "options_en"),
    "count_defects": ("per", "floor"),
    "indicator": ("ref", "op", "bands", "linear"),
    "range": ("min", "max", "values"),
    "text": (),
}


def read_answer(at: Reading, points: Decimal) -> tuple[Answer, bool]:
    """The answer of a criterion worth `points`, and whether it may be «not applicable» (with a reason)."""
    kind = at.choice("type", TYPES, "graded") if at.text("type", required=True) else "text"
    at.only(("type", "na", *KEYS[kind]))
    if kind == "graded":
        return _graded(at), _na(at)
    if kind == "indicator":
        return _indicator(at), _na(at)
    if kind == "count_defects":
        return _defects(at, points), _na(at)
    if kind == "range":
        return _range(at, points), _na(at)
    if points != ZERO:
        at.say("text_has_points", points=str(points))
    return Text(), _na(at)


def _na(at: Reading) -> bool:
    if at.has("na") and at.fields["na"].text is not None:
        return at.flag("na")
    na = at.under("na")
    if na is None:
        return False
    na.only(("allowed", "reason"))
    na.choice("reason", ("required",), "required")
    return na.flag("allowed")


def share(at: Reading, node: Node, key: str) -> Decimal:
    """A number from 0 to 1."""
    value = at.number(node, key)
    if value is None:
        return ZERO
    if not ZERO <= value <= ONE:
        at.say("share_outside", node.line, key, value=str(value))
    return value


def _graded(at: Reading) -> Graded:
    options = at.under("options", required=True)
    if options is None:
        return Graded(())
    english = at.under("options_en")
    names = {k: english.text(k) for k in english.fields} if english else {}
    for name in names:
        if name not in options.fields:
            at.say("unknown_option", key="options_en", option=name, known=", ".join(options.fields))
    made = tuple(Option(n, share(options, node, n), names.get(n, "")) for n, node in options.fields.items())
    if made and max(o.share for o in made) < ONE:
        at.say("no_full_option", key="options")
    if not made:
        at.say("empty_list", key="options")
    return Graded(made)


def _defects(at: Reading, points: Decimal) -> CountDefects:
    per = at.decimal("per")
    floor = at.decimal("floor", required=False, default=ZERO) or ZERO
    if per is not None and per <= ZERO:
        at.say("not_positive", key="per", value=str(per))
    if not ZERO <= floor <= points:
        at.say("floor_outside", key="floor", floor=str(floor), points=str(points))
    return CountDefects(ONE if per is None else per, floor)


def _indicator(at: Reading) -> Indicator:
    ref, op = at.text("ref", required=True), at.choice("op", OPERATORS, ">=")
    if at.has("bands") == at.has("linear"):
        at.say("bands_or_linear")
    bands = tuple(_band(at, row) for row in at.rows("bands"))
    line = tuple(_point(at, row) for row in at.rows("linear"))
    _ordered(at, op, bands, line)
    return Indicator(ref, op, bands, line)


def _pair(at: Reading, row: Node, key: str) -> tuple[Node, Node] | None:
    if row.rows is None or len(row.rows) != 2:
        at.say("not_pair", row.line, key)
        return None
    return row.rows[0], row.rows[1]


def _band(at: Reading, row: Node) -> Band:
    pair = _pair(at, row, "bands")
    if pair is None:
        return Band(None, ZERO)
    return Band(None if pair[0].empty else at.number(pair[0], "bands"), share(at, pair[1], "bands"))


def _point(at: Reading, row: Node) -> tuple[Decimal, Decimal]:
    pair = _pair(at, row, "linear")
    if pair is None:
        return ZERO, ZERO
    return at.number(pair[0], "linear") or ZERO, share(at, pair[1], "linear")


def _ordered(
    at: Reading, op: str, bands: tuple[Band, ...], line: tuple[tuple[Decimal, Decimal], ...]
) -> None:
    """Bands from the strictest on, shares falling; the points of a line by value, at least two of them."""
    bounds = [b.bound for b in bands]
    if None in bounds[:-1]:
        at.say("band_after_all", key="bands")
    known = [b for b in bounds if b is not None]
    strict = sorted(set(known), reverse=op.startswith(">"))
    if known != strict:
        at.say("band_order", key="bands", op=op)
    shares = [b.share for b in bands]
    if shares != sorted(shares, reverse=True):
        at.say("band_shares", key="bands")
    if at.has("bands") and not bands:
        at.say("empty_list", key="bands")
    if at.has("linear"):
        values = [x for x, _share in line]
        if len(line) < 2 or values != sorted(set(values)):
            at.say("line_order", key="linear")


def _range(at: Reading, points: Decimal) -> Range:
    least, most = at.points("min"), at.points("max")
    values = tuple(v for row in at.rows("values") if (v := at.number(row, "values")) is not None)
    if least is None or most is None:
        return Range(ZERO, points, values)
    if least >= most:
        at.say("range_empty", key="max", least=str(least), most=str(most))
    elif most != points:
        at.say("range_points", key="max", most=str(most), points=str(points))
    for value in values:
        if not least <= value <= most:
            at.say("value_outside", key="values", value=str(value), least=str(least), most=str(most))
    return Range(least, most, values)
