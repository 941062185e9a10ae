"""What is said of one subject: figures that went in, lines that came out; the lines add up to the score."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal

import msgspec

from kezun.assessment.rules.form import Rounding

ROUNDINGS = {"half_up": ROUND_HALF_UP, "half_even": ROUND_HALF_EVEN}
# Sums of quotients carry noise in the 28th digit; it must not decide a rounding.
SETTLED = Decimal("1e-12")


class Share(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What one edition of a standard gave: points earned and possible (ten-thousandths), inspections."""

    version: str
    earned_e4: int
    possible_e4: int
    n: int


class Figure(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What is known of one component for one subject.

    value: as measured; numerator, denominator: whole numbers behind it; n: observations. estimate: after the
    estimator, sd its standard deviation, low and high its 95 % interval, own the weight of the subject's own
    data (0 … 1). gate: the indicator of a gate that is shut. shares: by edition, for a standard.
    """

    value: float | None = None
    numerator: int | None = None
    denominator: int | None = None
    n: int = 0
    estimate: float | None = None
    sd: float | None = None
    low: float | None = None
    high: float | None = None
    own: float | None = None
    gate: str = ""
    shares: tuple[Share, ...] = ()


class Event(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One event that may add or deduct; key `source/source_id` opens the fact."""

    key: str
    kind: str
    day: str
    level: str = ""
    responsibility: str = ""
    incident: str = ""
    business: str = ""
    subject_line: str = ""


class Counted(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """An event as a rule saw it: its points before caps.

    state: counted, pending, not_responsible, same_incident, once, no_points.
    """

    key: str
    day: str
    level: str
    incident: str
    points: Decimal
    state: str


class Line(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One line of a score.

    kind: base, component, deduction, addition, limit (what clamping takes or gives), rounding.
    id, version: the rule and the edition of the scheme in which it stands. points: what it adds to the score,
    exact. possible: the most that it could have added (0 for a deduction). weight: in force for this subject,
    after redistribution. rated: points out of 100 before the weight. state: scored, peer_mean, missing,
    below_min_n, gated, gated_zero; for rules counted, none. exposure: what points were divided by.
    spread: standard deviation of `rated`.
    """

    kind: str
    id: str
    version: str
    points: Decimal
    possible: Decimal
    weight: Decimal = Decimal(0)
    rated: Decimal | None = None
    state: str = ""
    figure: Figure | None = None
    events: tuple[Counted, ...] = ()
    exposure: float | None = None
    spread: float = 0.0


class Kept(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """What one edition was told besides figures: its share of the days, events, exposures, vetoes found."""

    version: str
    share: Decimal
    events: tuple[Event, ...]
    exposures: dict[str, float]
    vetoes: tuple[str, ...]


class Result(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """One subject's result. score None: not scored, `why` says why: a code, then `:` and the component.

    total: the sum before rounding. sd, low, high: of the score. n: the smallest number of observations behind
    the components that decide on ranking. pending: events not yet attributed. vetoes: ids. capped: the grade
    without vetoes, where they lowered it. flags: components whose gate is shut. kept: with the figures of the
    lines, all that the result was made of.
    """

    lines: tuple[Line, ...]
    score: Decimal | None
    total: Decimal | None
    sd: float
    grade: str = ""
    capped: str = ""
    why: str = ""
    n: int = 0
    pending: int = 0
    vetoes: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    kept: tuple[Kept, ...] = ()


class NotAdded(ArithmeticError):
    """The lines do not add up to the score: never stored."""


def rounded(value: Decimal, rounding: Rounding) -> Decimal:
    """A total as it is published; the only rounding there is."""
    step = Decimal(1).scaleb(-rounding.digits)
    return value.quantize(SETTLED, ROUND_HALF_EVEN).quantize(step, ROUNDINGS[rounding.mode])


def check(result: Result) -> None:
    """Raise NotAdded unless the lines add up to the score to the last digit that counts."""
    if result.score is None:
        return
    total = sum([line.points for line in result.lines], Decimal(0))
    if total.quantize(SETTLED) != result.score:
        raise NotAdded(f"lines {total}, score {result.score}")
