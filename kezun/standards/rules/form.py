"""What a standard is made of: frozen values, points exact decimals, nothing of a framework.

A standard is a tree of modules, items and criteria whose points add up at every level. A mystery-visit form
and a self-check are standards as well (`kind: form`); an overlay lays extra criteria over another standard.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

ZERO, ONE = Decimal(0), Decimal(1)
SCHEMA = "kezun.standard/1"
KINDS = ("standard", "overlay", "form")
OPERATORS = (">=", ">", "<=", "<")


@dataclass(frozen=True)
class Option:
    """One possible answer and the share of the points that it earns, from 0 to 1."""

    name: str
    share: Decimal
    name_en: str = ""


@dataclass(frozen=True)
class Graded:
    """An answer chosen from named options."""

    options: tuple[Option, ...]

    def share(self, name: str) -> Decimal | None:
        """The share of an option; None where there is no such option."""
        return next((o.share for o in self.options if o.name == name), None)


@dataclass(frozen=True)
class CountDefects:
    """A number of defects: each costs `per` points, and never more than down to `floor`."""

    per: Decimal
    floor: Decimal = ZERO


@dataclass(frozen=True)
class Band:
    """A share for values that satisfy the operator against the bound; no bound takes every value."""

    bound: Decimal | None
    share: Decimal


@dataclass(frozen=True)
class Indicator:
    """A measured value: the first band that it satisfies, or the line through the points (value, share)."""

    ref: str
    op: str = ">="
    bands: tuple[Band, ...] = ()
    linear: tuple[tuple[Decimal, Decimal], ...] = ()


@dataclass(frozen=True)
class Range:
    """Points given directly, between two bounds, which may be negative; or only certain values."""

    least: Decimal
    most: Decimal
    values: tuple[Decimal, ...] = ()


@dataclass(frozen=True)
class Text:
    """Words, without points."""


Answer = Graded | CountDefects | Indicator | Range | Text


@dataclass(frozen=True)
class Trigger:
    """When something happens: on one of these options, or (`lost`) whenever the answer loses points."""

    options: tuple[str, ...] = ()
    lost: bool = False


@dataclass(frozen=True)
class Veto:
    """A flag beside the score: it takes no points."""

    when: Trigger
    grade_cap: str | None = None
    exclude_from_awards: bool = False


@dataclass(frozen=True)
class Cascade:
    """Criteria that earn nothing where this one is answered so."""

    when: Trigger
    zero: tuple[str, ...]


@dataclass(frozen=True)
class Evidence:
    """What must be attached: `least` pieces of a kind, always or on certain answers."""

    kind: str
    least: int = 1
    when: Trigger | None = None


@dataclass(frozen=True)
class Rectify:
    """Days to correct a finding, and whether somebody looks again."""

    due_days: int
    recheck: bool = True


@dataclass(frozen=True)
class Reference:
    """A criterion of an edition: «2025.1#M1.1.01»."""

    version: str
    id: str

    def __str__(self) -> str:
        return f"{self.version}#{self.id}"


@dataclass(frozen=True)
class Lineage:
    """What a criterion was before (same_as, merged_from, split_from or new), and what changed."""

    how: str
    of: tuple[Reference, ...] = ()
    change: str = ""


@dataclass(frozen=True)
class Applies:
    """Which tags of an outlet's profile make a criterion apply; nothing stated applies everywhere."""

    any: tuple[str, ...] = ()
    all: tuple[str, ...] = ()
    none: tuple[str, ...] = ()

    def to(self, tags: frozenset[str]) -> bool:
        chosen = not self.any or not tags.isdisjoint(self.any)
        return chosen and tags.issuperset(self.all) and tags.isdisjoint(self.none)


@dataclass(frozen=True)
class Checker:
    """Who checks, by which methods; a blind criterion is asked by the methods it names and by no other."""

    roles: tuple[str, ...] = ()
    methods: tuple[str, ...] = ()
    blind: bool = False

    def by(self, method: str | None) -> bool:
        return method is None or method in self.methods or not (self.methods or self.blind)


@dataclass(frozen=True)
class Criterion:
    """One thing to look at; `points` is the most that it can earn."""

    id: str
    text: str
    points: Decimal
    answer: Answer
    text_en: str = ""
    guide: str = ""
    guide_en: str = ""
    na: bool = False
    checker: Checker = Checker()
    frequency: tuple[tuple[str, str], ...] = ()
    evidence: tuple[Evidence, ...] = ()
    severity: str = ""
    rectify: Rectify | None = None
    applies_to: Applies = Applies()
    cascade: Cascade | None = None
    veto: Veto | None = None
    lineage: Lineage | None = None
    line: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Item:
    """A group of criteria of one subject."""

    id: str
    title: str
    points: Decimal
    criteria: tuple[Criterion, ...]
    title_en: str = ""


@dataclass(frozen=True)
class Module:
    """A part of a standard."""

    id: str
    title: str
    points: Decimal
    items: tuple[Item, ...]
    title_en: str = ""

    def criteria(self) -> Iterator[Criterion]:
        for item in self.items:
            yield from item.criteria


@dataclass(frozen=True)
class Rating:
    """A rating for a total within `bound` of which no single criterion loses more than `worst` points."""

    name: str
    bound: Decimal | None = None
    worst: Decimal | None = None


@dataclass(frozen=True)
class Scale:
    """What a score is out of. `points`: more is better; `demerits`: what is counted is what went wrong."""

    total: Decimal
    kind: str = "points"
    na: str = "renormalise"
    grades: tuple[str, ...] = ()
    bands: tuple[Rating, ...] = ()


@dataclass(frozen=True)
class Rounding:
    """How a score is rounded, once, when it is published."""

    digits: int = 2
    mode: str = "half_up"


@dataclass(frozen=True)
class Validity:
    """Days on which an edition holds: from `start`, up to and without `end`."""

    start: date
    end: date | None = None

    def holds(self, day: date) -> bool:
        return self.start <= day and (self.end is None or day < self.end)


@dataclass(frozen=True)
class Change:
    """An overlay's declared change of a criterion's points."""

    id: str
    points: Decimal


@dataclass(frozen=True)
class Over:
    """What an overlay lies over, and how its own points count: `beside` the total or `within` it."""

    standard: str
    version: str
    counting: str = "beside"
    event: str = ""
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True)
class Standard:
    """One edition of a standard. `beside` holds an overlay's modules that are scored apart from the total.

    own: methods by which a unit checks itself. release_days: so many days after a covert visit what it found
    may be read by all who read such facts; 0: at the end of the quarter of the visit.
    """

    id: str
    version: str
    title: str
    valid: Validity
    scale: Scale
    modules: tuple[Module, ...]
    kind: str = "standard"
    title_en: str = ""
    about: str = ""
    about_en: str = ""
    owner: str = ""
    supersedes: str = ""
    rounding: Rounding = Rounding()
    covert: tuple[str, ...] = ()
    own: tuple[str, ...] = ()
    release_days: int = 0
    retired: tuple[str, ...] = ()
    over: Over | None = None
    beside: tuple[Module, ...] = ()

    @property
    def covert_methods(self) -> tuple[str, ...]:
        """Methods that nobody inspected may know of: those listed, else those that blind criteria name."""
        named = (m for c in self.criteria() if c.checker.blind for m in c.checker.methods)
        return self.covert or tuple(dict.fromkeys(named))

    def criteria(self) -> Iterator[Criterion]:
        """Every criterion in the order of the standard, those beside the total last."""
        for module in (*self.modules, *self.beside):
            yield from module.criteria()

    def ids(self) -> Iterator[str]:
        """The ids of all modules, items and criteria."""
        for module in (*self.modules, *self.beside):
            yield module.id
            for item in module.items:
                yield item.id
                yield from (c.id for c in item.criteria)

    def criterion(self, id: str) -> Criterion | None:
        return next((c for c in self.criteria() if c.id == id), None)
