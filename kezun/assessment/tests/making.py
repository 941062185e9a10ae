"""Schemes and what they are told, made at random for the properties of the rules."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import strategies as st

from kezun.assessment.rules.combining import Part
from kezun.assessment.rules.form import (
    Adjustment,
    Component,
    Exposure,
    Gate,
    Grade,
    Of,
    Rounding,
    Scheme,
    Source,
    Transform,
    Veto,
)
from kezun.assessment.rules.lines import Event, Figure

D = Decimal
LEVELS = ("一般", "较重", "重大")
KINDS = ("complaint", "praise", "media")
small = st.decimals(0, 20, places=2)


@st.composite
def transforms(draw, rising: bool = False) -> Transform:
    kind = draw(st.sampled_from(["piecewise_linear", "ratio_to_target", "bands"]))
    if kind == "ratio_to_target":
        target = draw(st.decimals(D("0.05"), 2, places=3))
        down = not rising and draw(st.booleans())
        return Transform(kind, target=target, cap=draw(st.sampled_from([D(1), D("1.2")])), down=down)
    values = sorted(draw(st.lists(st.decimals(0, 1, places=3), min_size=2, max_size=5, unique=True)))
    worths = sorted(draw(st.lists(st.decimals(0, 100, places=1), min_size=len(values), max_size=len(values))))
    if kind == "bands":
        bands = tuple(zip(reversed(values), reversed(worths), strict=True))
        return Transform(kind, op=draw(st.sampled_from([">=", ">"])), bands=(*bands, (None, D(0))))
    if not rising and draw(st.booleans()):
        worths.reverse()
    return Transform(kind, tuple(zip(values, worths, strict=True)))


@st.composite
def adjustments(draw, prefix: str, kinds: tuple[str, ...] = KINDS) -> tuple[Adjustment, ...]:
    made = []
    for number in range(draw(st.integers(0, 3))):
        made.append(
            Adjustment(
                *(f"{prefix}{number}", "规则", draw(st.sampled_from(kinds))),
                points=tuple((level, draw(small)) for level in LEVELS[: draw(st.integers(1, 3))]),
                cap=draw(st.decimals(D("0.5"), 10, places=1)),
                attributed=draw(st.booleans()),
                once=draw(st.booleans()),
                per=draw(st.sampled_from([None, Exposure("floor.tickets", D(10000))])),
            )
        )
    return tuple(made)


@st.composite
def schemes(draw, version: str = "1") -> Scheme:
    number = draw(st.integers(1, 5))
    cuts = sorted(draw(st.lists(st.integers(0, 100), min_size=number - 1, max_size=number - 1)))
    weights = [D(b - a) for a, b in zip([0, *cuts], [*cuts, 100], strict=True)]
    components = tuple(
        Component(
            *(f"c{at}", f"指标{at}", weight, Source(f"floor.i{at}"), draw(transforms())),
            min_n=draw(st.sampled_from([1, 30])),
            missing=draw(st.sampled_from(["redistribute", "peer_mean", "exclude"])),
            gates=draw(
                st.sampled_from([(), (Gate("floor.gate", D(1)),), (Gate("floor.gate", D(1), None, "zero"),)])
            ),
        )
        for at, weight in enumerate(weights)
    )
    grades = (Grade("优秀", D(90), (("c0", D(80)),)), Grade("良好", D(70)), Grade("达标"))
    return Scheme(
        *("urn:x", version, "方案", Of("outlet"), None, components),
        base=draw(st.sampled_from([D(0), D(10)])),
        most=draw(st.sampled_from([D(100), D(105)])),
        rounding=Rounding(draw(st.integers(0, 4)), draw(st.sampled_from(["half_up", "half_even"]))),
        deductions=draw(adjustments("D")),
        additions=draw(adjustments("A")),
        vetoes=(
            Veto("V1", "否决", event="complaint", count=2, grade_cap="良好"),
            Veto("V2", "检", standard="urn:s", grade_cap="达标"),
        ),
        grades=grades,
    )


@st.composite
def figures(draw, scheme: Scheme) -> dict[str, Figure]:
    made = {}
    for one in scheme.components:
        if draw(st.integers(0, 4)):
            n = draw(st.integers(0, 200))
            estimate = draw(st.floats(0, 1.5, allow_nan=False)) if n else None
            gate = draw(st.sampled_from(["", "", "floor.gate"]))
            made[one.id] = Figure(estimate, n, n, n, estimate, 0.01, gate=gate)
    return made


events = st.lists(
    st.builds(
        Event,
        key=st.integers(0, 99).map(lambda n: f"s/{n}"),
        kind=st.sampled_from(KINDS),
        day=st.sampled_from(["2026-01-01", "2026-02-01"]),
        level=st.sampled_from(("", *LEVELS)),
        responsibility=st.sampled_from(["responsible", "shared", "pending", "none"]),
        incident=st.sampled_from(["", "I1", "I2"]),
    ),
    max_size=6,
    unique_by=lambda e: e.key,
)


@st.composite
def parts(draw, scheme: Scheme | None = None, share: Decimal = D(1)) -> Part:
    known = scheme or draw(schemes())
    return Part(
        known,
        draw(figures(known)),
        {one.id: draw(st.floats(0, 20)) for one in known.components},
        draw(st.sampled_from([{}, {}])),
        draw(events),
        {"floor.tickets": draw(st.sampled_from([0.0, 500.0, 40_000.0]))},
        draw(st.sampled_from([(), ("urn:s",)])),
        share,
    )
