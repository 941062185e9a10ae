"""What one answer to one criterion earns, and what makes it unfit to be scored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_EVEN, Decimal
from itertools import pairwise

from kezun.standards.rules.form import (
    ONE,
    ZERO,
    CountDefects,
    Criterion,
    Graded,
    Indicator,
    Range,
    Text,
    Trigger,
)

PLACES = Decimal("1e-12")
MOST_DEFECTS = 100_000


@dataclass(frozen=True)
class Na:
    """«Not applicable», with the reason that makes it one."""

    reason: str = ""


Given = str | int | Decimal | Na
Answers = Mapping[str, Given]
Indicators = Mapping[str, Decimal]


@dataclass(frozen=True)
class Mark:
    """Points earned, and why: a code with the values that its message names."""

    earned: Decimal
    reason: str
    params: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class Lack:
    """Why an answer cannot be taken: a code with the values that its message names."""

    criterion: str
    code: str
    params: Mapping[str, object] = field(default_factory=dict)


def given(criterion: Criterion, answers: Answers, indicators: Indicators) -> Given | None:
    """The answer to a criterion; an indicator's value is looked up under its name where none was given."""
    answer = answers.get(criterion.id)
    if answer is None and isinstance(criterion.answer, Indicator):
        return indicators.get(criterion.answer.ref)
    return answer


def lack(criterion: Criterion, answer: Given | None) -> Lack | None:
    """What is wrong with an answer; None where it can be scored."""
    kind, id = criterion.answer, criterion.id
    if answer is None or answer == "":
        unscored = isinstance(kind, Text)
        source = {"ref": kind.ref} if isinstance(kind, Indicator) else {}
        return None if unscored else Lack(id, "no_value" if source else "unanswered", source)
    if isinstance(answer, Na):
        return _na_lack(criterion, answer)
    if isinstance(kind, Text):
        return None if isinstance(answer, str) else Lack(id, "not_words", {"value": str(answer)})
    if isinstance(kind, Graded):
        return _option_lack(id, kind, answer)
    if isinstance(answer, str | bool) or not Decimal(answer).is_finite():
        return Lack(id, "not_a_number", {"value": str(answer)})
    value = Decimal(answer)
    if isinstance(kind, CountDefects):
        whole = value == value.to_integral_value() and 0 <= value <= MOST_DEFECTS
        return None if whole else Lack(id, "not_a_count", {"value": str(answer), "most": MOST_DEFECTS})
    return _range_lack(id, kind, value) if isinstance(kind, Range) else None


def _na_lack(criterion: Criterion, answer: Na) -> Lack | None:
    if not criterion.na:
        return Lack(criterion.id, "na_not_allowed")
    return None if answer.reason.strip() else Lack(criterion.id, "na_without_reason")


def _option_lack(id: str, kind: Graded, answer: str | int | Decimal) -> Lack | None:
    if isinstance(answer, str) and kind.share(answer) is not None:
        return None
    known = ", ".join(o.name for o in kind.options)
    return Lack(id, "unknown_option", {"option": str(answer), "known": known})


def _range_lack(id: str, kind: Range, value: Decimal) -> Lack | None:
    if not kind.least <= value <= kind.most:
        params = {"value": str(value), "least": str(kind.least), "most": str(kind.most)}
        return Lack(id, "out_of_range", params)
    if kind.values and value not in kind.values:
        known = ", ".join(str(v) for v in kind.values)
        return Lack(id, "not_a_value", {"value": str(value), "known": known})
    return None


def mark(criterion: Criterion, answer: Given) -> Mark:
    """The points of an answer that `lack` finds nothing wrong with, exact."""
    kind, points = criterion.answer, criterion.points
    if isinstance(kind, Graded):
        share = kind.share(str(answer)) or ZERO
        return Mark(points * share, "met" if share == ONE else "option", {"option": str(answer)})
    if isinstance(kind, Text):
        return Mark(ZERO, "text")
    value = Decimal(answer) if not isinstance(answer, Na) else ZERO
    if isinstance(kind, CountDefects):
        params = {"defects": int(value), "per": kind.per, "floor": kind.floor}
        return Mark(max(kind.floor, points - kind.per * value), "defects" if value else "met", params)
    if isinstance(kind, Range):
        return Mark(value, "range", {"value": value, "least": kind.least, "most": kind.most})
    return _measured(kind, points, value)


def _measured(kind: Indicator, points: Decimal, value: Decimal) -> Mark:
    if kind.linear:
        share = _on_line(kind.linear, value)
        return Mark(points * share, "linear", {"value": value, "ref": kind.ref, "share": share})
    for band in kind.bands:
        if band.bound is None or _satisfies(value, kind.op, band.bound):
            params = {
                "value": value,
                "ref": kind.ref,
                "op": kind.op,
                "bound": band.bound,
                "share": band.share,
            }
            return Mark(points * band.share, "band" if band.bound is not None else "other_band", params)
    return Mark(ZERO, "no_band", {"value": value, "ref": kind.ref})


def _satisfies(value: Decimal, op: str, bound: Decimal) -> bool:
    if value == bound:
        return op in (">=", "<=")
    return (value > bound) == op.startswith(">")


def _on_line(line: tuple[tuple[Decimal, Decimal], ...], value: Decimal) -> Decimal:
    """The share at a value on a line through points, level beyond its ends; kept to twelve places."""
    if value <= line[0][0]:
        return line[0][1]
    for (x0, y0), (x1, y1) in pairwise(line):
        if value <= x1:
            return (y0 + (y1 - y0) * (value - x0) / (x1 - x0)).quantize(PLACES, ROUND_HALF_EVEN)
    return line[-1][1]


def fires(when: Trigger, criterion: Criterion, answer: Given, *, demerits: bool = False) -> bool:
    """Whether an answer is one on which something happens. demerits: what is counted is what was lost."""
    if isinstance(answer, Na):
        return False
    if when.lost:
        earned = mark(criterion, answer).earned
        return earned > ZERO if demerits else earned < criterion.points
    return str(answer) in when.options
