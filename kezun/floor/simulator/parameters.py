"""Parameters of invented service, as `simulator.yaml` of a demo pack holds them, and what they apply to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from msgspec import Meta, Struct

Share = Annotated[float, Meta(ge=0)]
Part = Annotated[float, Meta(ge=0, le=1)]
Seconds = Annotated[int, Meta(ge=1, le=43200)]
HourOfDay = Annotated[int, Meta(ge=0, le=24)]
DaysAgo = Annotated[int, Meta(ge=0, le=400)]


class _Row(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    pass


class Business(_Row, frozen=True):
    """A kind of business: its share of customers, mean and spread (sigma of the log) of its service time."""

    name: str
    share: Share
    mean_s: Seconds
    spread: Annotated[float, Meta(ge=0.05, le=1.5)] = 0.5
    tag: str | None = None
    tag_factor: Share = 1.0


class CustomerClass(_Row, frozen=True):
    """A class of customers: share, mean patience, waiting credit, promised wait."""

    name: str
    share: Share
    patience_s: Seconds
    promise_s: Seconds
    credit_s: Annotated[int, Meta(ge=0, le=7200)] = 0
    tag: str | None = None
    tag_factor: Share = 1.0
    pension_factor: Share = 1.0


class Size(_Row, frozen=True):
    """How an outlet with this tag works: counters open and the part of their time that customers fill."""

    tag: str
    counters: Annotated[int, Meta(ge=1, le=60)]
    load: Annotated[float, Meta(ge=0.05, le=1.5)]
    sunday: bool = True
    holiday: bool = False


class Pattern(_Row, frozen=True):
    """Weights of the hours between opening and closing, and factors on a normal weekday's customers."""

    opens: HourOfDay
    closes: HourOfDay
    hours: tuple[Share, ...]
    weekday: tuple[Share, Share, Share, Share, Share, Share, Share]
    holiday: Share = 0.3
    pension: Share = 1.3
    day_noise: Part = 0.1


class Ratings(_Row, frozen=True):
    """Coverage by outlet and teller, dissatisfaction by outlet, and the reasons given with low scores."""

    coverage: tuple[Part, Part]
    unsatisfied: tuple[Part, Part]
    wait_weight: Share
    four: Part
    reasons: tuple[str, ...]


class Queue(_Row, frozen=True):
    """One kind of place where customers wait: outlets, or the telephone."""

    kind: Literal["outlet", "call_centre"]
    channel: Literal["counter", "phone"]
    pattern: Pattern
    businesses: tuple[Business, ...]
    classes: tuple[CustomerClass, ...]
    sizes: tuple[Size, ...]
    ratings: Ratings
    wrap_s: Annotated[int, Meta(ge=0, le=600)] = 0
    void: Part = 0.0
    pace_spread: Part = 0.12
    lunch: tuple[tuple[float, float], ...] = ()
    shifts: tuple[tuple[HourOfDay, HourOfDay], ...] = ()


class Story(_Row, frozen=True):
    """Something planted for others to find, at a unit or all below it, `first` to `last` days ago."""

    kind: Literal[
        "wait_drift",
        "rating_burst",
        "selective_rating",
        "pension_rush",
        "outage",
        "lunch_closing",
        "orphan_ratings",
    ]
    unit: str
    first: DaysAgo
    last: DaysAgo = 0
    person: str | None = None
    factor: Share = 1.0
    hours: tuple[HourOfDay, HourOfDay] = (0, 24)
    count: int = 0


class Parameters(_Row, frozen=True):
    """simulator.yaml."""

    seed: int
    days: Annotated[int, Meta(ge=1, le=400)]
    queues: tuple[Queue, ...]
    stories: tuple[Story, ...] = ()


@dataclass(frozen=True)
class Place:
    """A simulated outlet or call centre: its code, tags, the units it stands under, who serves there."""

    code: str
    kind: str
    tags: frozenset[str]
    above: frozenset[str]
    people: tuple[str, ...]

    def within(self, unit: str) -> bool:
        return unit == self.code or unit in self.above
