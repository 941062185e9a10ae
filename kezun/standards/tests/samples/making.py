"""Standards and answers at random, for properties that must hold of all of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from hypothesis import strategies as st

from kezun.standards.rules import Criterion, Item, Module, Na, Standard
from kezun.standards.rules.form import (
    Answer,
    Band,
    Cascade,
    CountDefects,
    Graded,
    Indicator,
    Option,
    Scale,
    Trigger,
    Validity,
    Veto,
)
from kezun.standards.rules.marks import Given

ONE, ZERO = Decimal(1), Decimal(0)
SHARES = st.integers(0, 20).map(lambda n: Decimal(n) / 20)
POINTS = st.integers(1, 60).map(lambda n: Decimal(n) / 2)


@dataclass(frozen=True)
class Case:
    """A standard with answers to all that it asks."""

    standard: Standard
    answers: dict[str, Given]


@st.composite
def answer_kinds(draw: st.DrawFn, points: Decimal) -> Answer:
    kind = draw(st.sampled_from(["graded", "defects", "bands", "line"]))
    if kind == "graded":
        shares = draw(st.lists(SHARES, min_size=1, max_size=3))
        return Graded((Option("o0", ONE), *(Option(f"o{n}", s) for n, s in enumerate(shares, 1))))
    if kind == "defects":
        return CountDefects(draw(POINTS), draw(st.sampled_from([ZERO, points / 2])))
    if kind == "bands":
        top = draw(SHARES)
        return Indicator("ind.x", ">=", (Band(Decimal("0.9"), ONE), Band(Decimal("0.5"), top)))
    return Indicator("ind.x", ">=", linear=((ZERO, ZERO), (Decimal(3), ONE)))


@st.composite
def given_to(draw: st.DrawFn, criterion: Criterion) -> Given:
    if criterion.na and draw(st.booleans()):
        return Na("不适用的原因")
    if isinstance(criterion.answer, Graded):
        return draw(st.sampled_from([o.name for o in criterion.answer.options]))
    if isinstance(criterion.answer, CountDefects):
        return draw(st.integers(0, 40))
    return draw(st.integers(-10, 40)) / Decimal(10)


@st.composite
def cases(draw: st.DrawFn, na: str | None = None, cascades: bool = True) -> Case:
    """Up to a dozen criteria in one or two modules; a cascade only ever names criteria that come after."""
    sizes = draw(st.lists(st.integers(1, 4), min_size=1, max_size=4))
    ids = [f"c{n}" for n in range(sum(sizes))]
    criteria: list[Criterion] = []
    for number, id in enumerate(ids):
        points = draw(POINTS)
        answer = draw(answer_kinds(points))
        later = ids[number + 1 :]
        zero = draw(st.lists(st.sampled_from(later), max_size=3, unique=True)) if later and cascades else []
        criteria.append(
            Criterion(
                id=id,
                text=id,
                points=points,
                answer=answer,
                na=draw(st.booleans()),
                cascade=Cascade(Trigger(lost=True), tuple(zero)) if zero else None,
                veto=Veto(Trigger(lost=True), "达标") if draw(st.booleans()) else None,
            )
        )
    standard = of_criteria(criteria, sizes, na or draw(st.sampled_from(["renormalise", "full", "zero"])))
    return Case(standard, {c.id: draw(given_to(c)) for c in criteria})


def of_criteria(criteria: list[Criterion], sizes: list[int], na: str = "renormalise") -> Standard:
    """A standard of one module for each size, out of a hundred whatever the points add up to."""
    modules, rest = [], list(criteria)
    for number, size in enumerate(sizes):
        own, rest = tuple(rest[:size]), rest[size:]
        points = sum((c.points for c in own), ZERO)
        item = Item(f"i{number}", "项目", points, own)
        modules.append(Module(f"m{number}", "模块", points, (item,)))
    return Standard(
        "urn:x", "1", "随机", Validity(date(2026, 1, 1)), Scale(Decimal(100), na=na), tuple(modules)
    )
