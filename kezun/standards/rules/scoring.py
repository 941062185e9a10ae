"""The evaluator: a standard, answers and an outlet's profile become a score that explains every point."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal, localcontext
from fractions import Fraction

from kezun.standards.rules.bands import rating_of
from kezun.standards.rules.form import ZERO, Criterion, Indicator, Item, Module, Rounding, Standard, Text
from kezun.standards.rules.lacking import asked, lacks, zeroed
from kezun.standards.rules.marks import Answers, Given, Indicators, Lack, Na, fires, given, lack, mark

# Enough for a product of points and a share, so that nothing is rounded before it is published.
DIGITS = 60
__all__ = ["Lack", "Line", "Na", "NotScorable", "Part", "Result", "asked", "evaluate", "lacks", "zeroed"]


class NotScorable(ValueError):
    """Answers that cannot be scored; `lacks` says which and why."""

    def __init__(self, lacks: tuple[Lack, ...]) -> None:
        self.lacks = lacks
        super().__init__(", ".join(f"{found.criterion}: {found.code}" for found in lacks))


@dataclass(frozen=True)
class Line:
    """What one criterion earned of what was possible, and why; `points`: its worth in the standard.

    demerits: on such a scale what is «earned» is what went wrong.
    """

    id: str
    earned: Decimal
    possible: Decimal
    reason: str
    params: Mapping[str, object] = field(default_factory=dict)
    points: Decimal = ZERO
    answer: Given | None = None
    demerits: bool = False

    @property
    def lost(self) -> Decimal:
        return self.earned if self.demerits else self.possible - self.earned

    @property
    def na(self) -> bool:
        """Called not applicable; what a cascade took was lost, whatever it was called."""
        return isinstance(self.answer, Na) and self.reason != "cascade"


@dataclass(frozen=True)
class Part:
    """The sums of a module or an item."""

    id: str
    title: str
    title_en: str
    earned: Decimal
    applicable: Decimal
    parts: tuple[Part, ...] = ()
    lines: tuple[Line, ...] = ()


@dataclass(frozen=True)
class Result:
    """A score with everything that it is made of.

    score: out of the scale's total, rounded once; None where nothing applied. exact: the same, not rounded.
    earned, applicable: points, whose lines are `lines`. beside: an overlay's own points, outside the score.
    """

    score: Decimal | None
    exact: Fraction | None
    earned: Decimal
    applicable: Decimal
    veto: tuple[str, ...]
    grade_cap: str | None
    exclude_from_awards: bool
    rating: str | None
    lines: tuple[Line, ...]
    parts: tuple[Part, ...]
    beside: tuple[Part, ...] = ()


def evaluate(
    standard: Standard,
    answers: Answers,
    *,
    tags: Iterable[str] = (),
    indicators: Indicators | None = None,
    method: str | None = None,
) -> Result:
    """The score of answers to a standard, with a line for every criterion.

    answers: criterion → option, number of defects, number or Na. tags: the outlet's profile on the day of the
    visit. indicators: values by name, for criteria that no answer was given to. method: only what this method
    asks counts. Raises NotScorable with every answer that is missing or not allowed.
    """
    values = indicators or {}
    missing = lacks(standard, answers, tags=tags, method=method, indicators=values)
    if missing:
        raise NotScorable(tuple(missing))
    with localcontext(prec=DIGITS):
        return _result(standard, answers, frozenset(tags), values, method)


def _result(
    standard: Standard, answers: Answers, profile: frozenset[str], values: Indicators, method: str | None
) -> Result:
    criteria = [c for c in standard.criteria() if c.checker.by(method)]
    cut = zeroed((c for c in criteria if c.applies_to.to(profile)), answers, values)
    demerits = standard.scale.kind == "demerits"
    lines = {
        c.id: replace(
            _line(standard, c, given(c, answers, values), profile, cut.get(c.id)), demerits=demerits
        )
        for c in criteria
    }
    parts = tuple(_module(m, lines) for m in standard.modules)
    beside = tuple(_module(m, lines) for m in standard.beside)
    inside = tuple(line for m in standard.modules for c in m.criteria() if (line := lines.get(c.id)))
    earned, applicable = _sum(p.earned for p in parts), _sum(p.applicable for p in parts)
    exact = _exact(standard, earned, applicable)
    vetoes = [c for c in criteria if _vetoed(c, lines[c.id])]
    return Result(
        score=None if exact is None else rounded(exact, standard.rounding),
        exact=exact,
        earned=earned,
        applicable=applicable,
        veto=tuple(c.id for c in vetoes),
        grade_cap=_lowest([c.veto.grade_cap for c in vetoes if c.veto and c.veto.grade_cap], standard),
        exclude_from_awards=any(c.veto.exclude_from_awards for c in vetoes if c.veto),
        rating=None if exact is None else rating_of(standard.scale, exact, (x.lost for x in inside)),
        lines=inside,
        parts=parts,
        beside=beside,
    )


def _line(
    standard: Standard, criterion: Criterion, answer: Given | None, tags: frozenset[str], cut: str | None
) -> Line:
    id, points = criterion.id, criterion.points
    if not criterion.applies_to.to(tags):
        return Line(id, ZERO, ZERO, "not_applicable", points=points)
    if cut is not None:
        # A cascade only ever takes: points below nothing that the answer itself earned stay.
        fit = answer is not None and not isinstance(answer, Na) and lack(criterion, answer) is None
        own = mark(criterion, answer).earned if fit and answer is not None else ZERO
        return Line(id, min(ZERO, own), points, "cascade", {"by": cut}, points, answer)
    if isinstance(criterion.answer, Text):
        return Line(id, ZERO, ZERO, "text", points=points, answer=answer)
    if isinstance(answer, Na):
        return _na_line(standard, criterion, answer)
    assert answer is not None
    made = mark(criterion, answer)
    return Line(id, made.earned, points, made.reason, made.params, points, answer)


def _na_line(standard: Standard, criterion: Criterion, answer: Na) -> Line:
    policy, points, why = standard.scale.na, criterion.points, {"why": answer.reason}
    if policy == "renormalise":
        return Line(criterion.id, ZERO, ZERO, "na_left_out", why, points, answer)
    nothing_wrong = ZERO if standard.scale.kind == "demerits" else points
    earned = nothing_wrong if policy == "full" else points - nothing_wrong
    return Line(criterion.id, earned, points, f"na_{policy}", why, points, answer)


def _module(module: Module, lines: Mapping[str, Line]) -> Part:
    parts = tuple(_item(item, lines) for item in module.items)
    earned, applicable = _sum(p.earned for p in parts), _sum(p.applicable for p in parts)
    return Part(module.id, module.title, module.title_en, earned, applicable, parts)


def _item(item: Item, lines: Mapping[str, Line]) -> Part:
    own = tuple(lines[c.id] for c in item.criteria if c.id in lines)
    earned, applicable = _sum(x.earned for x in own), _sum(x.possible for x in own)
    return Part(item.id, item.title, item.title_en, earned, applicable, lines=own)


def _sum(values: Iterable[Decimal]) -> Decimal:
    return sum(values, ZERO)


def _exact(standard: Standard, earned: Decimal, applicable: Decimal) -> Fraction | None:
    """Points earned, stated out of the scale's total; demerits are counted as they are."""
    if applicable == ZERO:
        return None
    if standard.scale.kind == "demerits":
        return Fraction(earned)
    return Fraction(standard.scale.total) * Fraction(earned) / Fraction(applicable)


def rounded(exact: Fraction, rounding: Rounding) -> Decimal:
    """Half up, away from nothing, to the standard's digits: 84.985 becomes 84.99 and -0.005 becomes -0.01."""
    scaled = abs(exact) * 10**rounding.digits + Fraction(1, 2)
    whole = scaled.numerator // scaled.denominator
    return Decimal(whole if exact >= 0 else -whole).scaleb(-rounding.digits)


def _vetoed(criterion: Criterion, line: Line) -> bool:
    """An answer that was given vetoes even where a cascade took its points."""
    if criterion.veto is None or line.answer is None or line.reason == "not_applicable":
        return False
    fit = lack(criterion, line.answer) is None
    return fit and fires(criterion.veto.when, criterion, line.answer, demerits=line.demerits)


def _lowest(caps: list[str], standard: Standard) -> str | None:
    """The lowest of several caps, by the grades of the standard, which stand best first."""
    if not caps:
        return None
    return max(caps, key=standard.scale.grades.index) if standard.scale.grades else caps[0]


def measured(standard: Standard) -> tuple[str, ...]:
    """The indicators that a standard looks at."""
    return tuple(dict.fromkeys(c.answer.ref for c in standard.criteria() if isinstance(c.answer, Indicator)))
