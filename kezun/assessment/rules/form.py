"""What a scheme is (`kezun.scheme/1`): plain values, exact numbers. `reading.read` makes one of a text.

Points of components are out of 100 before their weight; weights add up to 100. The order of calculation is
that of `combining`; docs/schemes.md says it in words.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property

HUNDRED = Decimal(100)
ZERO = Decimal(0)
SUBJECTS = ("outlet", "person", "unit", "department", "line")
CADENCES = ("month", "quarter", "half", "year", "any")
STRADDLES = ("split_by_event", "pin_start")
ESTIMATORS = ("raw", "beta_binomial_eb", "gamma_poisson", "normal_eb", "casemix")
MISSING = ("redistribute", "peer_mean", "exclude")
AGGREGATES = ("mean", "pooled")
TRANSFORMS = ("piecewise_linear", "linear", "ratio_to_target", "bands")
OPERATORS = (">=", ">", "<=", "<")
MATCHED = ("level", "responsibility", "business", "subject_line")
PEERS = ("kind", "tier1", "tier2", "post", "line")


@dataclass(frozen=True)
class Of:
    """Whom a scheme judges. `units`: kinds of unit; `posts`: posts of people.

    `by` for people: `person`, by what they did themselves; `unit`, by the unit that they head (on the days on
    which they headed it). `peers`: what makes a peer group: kind, tier1, tier2, post, line or `tag:NAME`.
    """

    kind: str
    units: tuple[str, ...] = ()
    posts: tuple[str, ...] = ()
    by: str = "person"
    peers: tuple[str, ...] = ()


@dataclass(frozen=True)
class Source:
    """Where a component's value comes from: an indicator, narrowed, or a standard's inspections."""

    indicator: str = ""
    business: str | None = None
    customer_class: str | None = None
    standard: str = ""
    methods: tuple[str, ...] = ()
    agg: str = "mean"


@dataclass(frozen=True)
class Estimator:
    """How a value becomes an estimate; `scope`: whom peers are learned from, `peer_group` or `all`.

    `casemix`: columns by whose mix the value is adjusted (business, class).
    """

    kind: str = "raw"
    scope: str = "peer_group"
    casemix: tuple[str, ...] = ()


@dataclass(frozen=True)
class Transform:
    """From an estimate to points out of 100.

    piecewise_linear and linear: `points` (value, points), rising values, flat beyond both ends.
    ratio_to_target: 100 × value ÷ target (target ÷ value where `down`), at most 100 × `cap`.
    bands: the first of `bands` (bound, points) for which value `op` bound holds; None takes every value.
    """

    kind: str
    points: tuple[tuple[Decimal, Decimal], ...] = ()
    target: Decimal = ZERO
    cap: Decimal = Decimal(1)
    down: bool = False
    op: str = ">="
    bands: tuple[tuple[Decimal | None, Decimal], ...] = ()

    @cached_property
    def most(self) -> Decimal:
        """The most points that can be had."""
        if self.kind == "ratio_to_target":
            return HUNDRED * self.cap
        return max(worth for _x, worth in (self.bands or self.points))


@dataclass(frozen=True)
class Gate:
    """An indicator that must lie within bounds for the component to count: else it is left out, or zero."""

    indicator: str
    least: Decimal | None = None
    most: Decimal | None = None
    otherwise: str = "exclude_and_flag"


@dataclass(frozen=True)
class Component:
    """One weighted part of a score."""

    id: str
    title: str
    weight: Decimal
    source: Source
    transform: Transform
    title_en: str = ""
    about: str = ""
    estimator: Estimator = Estimator()
    min_n: int = 1
    missing: str = "redistribute"
    gates: tuple[Gate, ...] = ()
    line: int = 0


@dataclass(frozen=True)
class Match:
    """Which events of a kind: the column's value must be one of `values`."""

    column: str
    values: tuple[str, ...]


@dataclass(frozen=True)
class Exposure:
    """Points count per `unit` of an indicator's value (a count), so that busy outlets are not punished."""

    indicator: str
    unit: Decimal


@dataclass(frozen=True)
class Adjustment:
    """Points off or on for events. `points`: by the event's level, with an optional `default`.

    `cap`: the most that this rule can take or give. `attributed`: events whose responsibility is pending are
    listed and not counted. `once`: only the one that counts most, per subject and period.
    """

    id: str
    title: str
    event: str
    points: tuple[tuple[str, Decimal], ...]
    cap: Decimal
    title_en: str = ""
    match: tuple[Match, ...] = ()
    attributed: bool = True
    once: bool = False
    per: Exposure | None = None
    line: int = 0

    def worth(self, level: str) -> Decimal | None:
        """Points of one event of that level; None where the rule names none."""
        known = dict(self.points)
        return known.get(level, known.get("default"))


@dataclass(frozen=True)
class Veto:
    """Something that caps the grade and takes no points: so many events, or a veto in an inspection."""

    id: str
    title: str
    title_en: str = ""
    event: str = ""
    match: tuple[Match, ...] = ()
    count: int = 1
    standard: str = ""
    grade_cap: str = ""
    bars_awards: bool = False
    line: int = 0


@dataclass(frozen=True)
class Grade:
    """A grade: the least total, and floors (component → points out of 100), both to be met."""

    name: str
    least: Decimal | None = None
    floors: tuple[tuple[str, Decimal], ...] = ()
    name_en: str = ""


@dataclass(frozen=True)
class Ranking:
    """Who is ranked: `min_n` observations behind each of `components`, by default those estimated."""

    min_n: int = 100
    components: tuple[str, ...] = ()


@dataclass(frozen=True)
class Condition:
    """One condition of a list: exactly one of probability, veto or grade.

    probability: P(metric op ref) >= at_least; metric: `total` or a component; ref: a number (of the total, or
    of the component's own value) or peer_p90, peer_p75, peer_median, peer_p25, peer_p10.
    veto: `none` or `any`. grades: the grade is one of these.
    """

    metric: str = ""
    op: str = ""
    ref: str = ""
    at_least: Decimal = ZERO
    veto: str = ""
    grades: tuple[str, ...] = ()


@dataclass(frozen=True)
class Listing:
    """A red or black list: all or any (`how`) of its conditions, and what must happen before it is shown."""

    how: str
    conditions: tuple[Condition, ...]
    min_n: int = 0
    human_confirm: bool = True
    appeal_first: bool = True


@dataclass(frozen=True)
class Star:
    """What a number of stars asks for: total, floors, months in the post, periods in a row, no veto."""

    stars: int
    least: Decimal
    floors: tuple[tuple[str, Decimal], ...] = ()
    tenure_months: int = 0
    periods: int = 1
    no_veto: bool = True


@dataclass(frozen=True)
class Appeal:
    """How long an appeal may be made after the first showing, and who decides, level by level."""

    window_days: int = 10
    levels: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rounding:
    """How a score is rounded, once, when it is published."""

    digits: int = 2
    mode: str = "half_up"


@dataclass(frozen=True)
class Scheme:
    """One edition of a scheme."""

    id: str
    version: str
    title: str
    of: Of
    start: date
    components: tuple[Component, ...]
    title_en: str = ""
    about: str = ""
    about_en: str = ""
    end: date | None = None
    supersedes: str = ""
    doc_no: str = ""
    approved_by: str = ""
    example: bool = False
    cadence: str = "any"  # one of CADENCES, or several joined by `+`
    straddle: str = "split_by_event"
    base: Decimal = ZERO
    least: Decimal = ZERO
    most: Decimal = HUNDRED
    rounding: Rounding = Rounding()
    deductions: tuple[Adjustment, ...] = ()
    additions: tuple[Adjustment, ...] = ()
    vetoes: tuple[Veto, ...] = ()
    grades: tuple[Grade, ...] = ()
    ranking: Ranking = Ranking()
    red: Listing | None = None
    black: Listing | None = None
    stars: tuple[Star, ...] = ()
    appeal: Appeal = Appeal()

    @property
    def cadences(self) -> tuple[str, ...]:
        """How long the periods are that it judges."""
        return tuple(self.cadence.split("+"))

    @property
    def adjustments(self) -> tuple[Adjustment, ...]:
        return (*self.deductions, *self.additions)

    @property
    def indicators(self) -> tuple[str, ...]:
        """Every indicator that it names, once: of components, gates and exposures."""
        own = [c.source.indicator for c in self.components if c.source.indicator]
        gates = [gate.indicator for c in self.components for gate in c.gates]
        exposed = [rule.per.indicator for rule in self.adjustments if rule.per]
        return tuple(dict.fromkeys((*own, *gates, *exposed)))

    @property
    def standards(self) -> tuple[str, ...]:
        """Every standard that it names, once: of components and vetoes."""
        own = [c.source.standard for c in self.components if c.source.standard]
        return tuple(dict.fromkeys((*own, *(v.standard for v in self.vetoes if v.standard))))

    @cached_property
    def floored(self) -> frozenset[str]:
        """The components for which any grade sets a floor."""
        return frozenset(id for grade in self.grades for id, _floor in grade.floors)

    @cached_property
    def ranked_on(self) -> tuple[str, ...]:
        """The components whose number of observations decides whether a subject is ranked."""
        if self.ranking.components:
            return self.ranking.components
        return tuple(c.id for c in self.components if c.estimator.kind != "raw")

    def component(self, id: str) -> Component | None:
        return next((c for c in self.components if c.id == id), None)
