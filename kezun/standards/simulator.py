"""Inspections of an invented bank: who goes where by which standard, and what is found there."""

from __future__ import annotations

import datetime as dt
import random
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo

import msgspec

from kezun.standards import rules
from kezun.standards.actions.bringing import Filled
from kezun.standards.rules.form import CountDefects, Criterion, Graded, Indicator, Range, Standard

NAMESPACE = uuid.UUID("5c0b6f0e-7a43-4a52-9d3c-2f1f4b7a9d10")
EARLIEST, LATEST = 9 * 60, 15 * 60
SUNDAY = 6


class Round(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A standard that is gone through at every outlet by a method, every so many days, by people of a post.

    lenient: how much likelier a criterion is found to be met than it is.
    """

    standard: str
    method: str
    post: str
    every: int
    minutes: tuple[int, int]
    lenient: float = 0.0


class Story(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Something that stands out: an outlet that fails a criterion each time, or an inspector with a habit.

    level: at the unit criteria are met with the chance `quality` from `first` to `last`, counted in days
    before the last day of data.
    """

    kind: Literal["fails", "all_full", "too_fast", "not_applicable", "level"]
    unit: str = ""
    criterion: str = ""
    person: str = ""
    quality: float = 0.0
    first: int = 0
    last: int = 0


class Earlier(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Units of which inspections are known for so many more days before the others."""

    days: int
    units: tuple[str, ...]


class Inspections(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """inspections.yaml of a pack. quality: the lowest and highest chance that a criterion is met."""

    seed: int
    quality: tuple[float, float]
    na: float
    reasons: tuple[str, ...]
    notes: tuple[str, ...]
    rounds: tuple[Round, ...]
    stories: tuple[Story, ...] = ()
    earlier: Earlier | None = None


@dataclass(frozen=True)
class Site:
    """An outlet to inspect: its tags, and who may inspect it, by post."""

    code: str
    tags: frozenset[str]
    people: Mapping[str, Sequence[str]]


def simulated(
    wanted: Inspections,
    sites: Sequence[Site],
    standards: Mapping[str, Sequence[Standard]],
    days: Sequence[dt.date],
    zone: str,
    last: dt.date | None = None,
) -> Iterator[Filled]:
    """The sheets of all rounds at all sites on the days; the same arguments give the same sheets.

    standards: the editions of each urn; a visit on a day that none holds is left out. last: the day from
    which stories count back; the last of the days where none is named.
    """
    until = last or max(days, default=dt.date.min)
    for site in sites:
        random_ = random.Random(f"{wanted.seed}|{site.code}")  # noqa: S311 invented, not secret
        low, high = wanted.quality
        quality = low + (high - low) * random_.betavariate(4, 2)
        for number, round_ in enumerate(wanted.rounds):
            people = site.people.get(round_.post, ())
            visits = list(_visits(random_, round_.every, days)) if people else []
            for turn, day in enumerate(visits):
                edition = next((s for s in standards.get(round_.standard, ()) if s.valid.holds(day)), None)
                if edition is not None:
                    inspector = people[(turn + number + sum(map(ord, site.code))) % len(people)]
                    level = _level(wanted, site.code, (until - day).days, quality)
                    visit = _Visit(wanted, site, round_, edition, inspector, day, level, zone)
                    yield visit.filled()


def _level(wanted: Inspections, unit: str, ago: int, usual: float) -> float:
    """The chance that a criterion is met at the unit so many days ago: a story's, else the usual one."""
    for story in wanted.stories:
        if story.kind == "level" and story.unit == unit and story.first >= ago >= story.last:
            return story.quality
    return usual


def _visits(random_: random.Random, every: int, days: Sequence[dt.date]) -> Iterator[dt.date]:
    """About one day in `every`, never a Sunday."""
    at = random_.randrange(every)
    while at < len(days):
        day = days[at]
        if day.weekday() == SUNDAY:
            day -= dt.timedelta(days=1)
        if day >= days[0]:
            yield day
        at += every + random_.randrange(-every // 8, every // 8 + 1)


@dataclass(frozen=True)
class _Visit:
    wanted: Inspections
    site: Site
    round: Round
    edition: Standard
    inspector: str
    day: dt.date
    quality: float
    zone: str

    def filled(self) -> Filled:
        """The sheet of this visit."""
        name = f"{self.round.standard}|{self.round.method}|{self.site.code}|{self.day}"
        random_ = random.Random(f"{self.wanted.seed}|{name}")  # noqa: S311 invented, not secret
        asked = rules.asked(self.edition, tags=self.site.tags, method=self.round.method)
        measured = {
            c.answer.ref: _measured(random_, c.answer, self.quality)
            for c in asked
            if isinstance(c.answer, Indicator)
        }
        answers = {c.id: self._answer(random_, c) for c in asked if not isinstance(c.answer, Indicator)}
        start = random_.randrange(EARLIEST, LATEST)
        since = dt.datetime.combine(self.day, dt.time(start // 60, start % 60, random_.randrange(60)))
        since = since.replace(tzinfo=ZoneInfo(self.zone))
        return Filled(
            uuid.uuid5(NAMESPACE, name),
            self.round.standard,
            self.round.method,
            self.site.code,
            self.inspector,
            since,
            since + self._taken(random_, len(asked)),
            self.day,
            {id: entry for id, entry in answers.items() if entry},
            measured,
        )

    def _has(self, kind: str) -> bool:
        return any(s.kind == kind and s.person == self.inspector for s in self.wanted.stories)

    def _taken(self, random_: random.Random, asked: int) -> dt.timedelta:
        if self._has("too_fast"):
            return dt.timedelta(seconds=asked * random_.uniform(3.0, 6.0))
        low, high = self.round.minutes
        return dt.timedelta(seconds=60 * random_.uniform(low, high))

    def _answer(self, random_: random.Random, criterion: Criterion) -> dict[str, str]:
        """What is found of one criterion."""
        fails = any(
            s.kind == "fails" and s.unit == self.site.code and s.criterion == criterion.id
            for s in self.wanted.stories
        )
        met = random_.random() < min(self.quality + self.round.lenient, 0.995)
        share = random_.random()
        if self._has("all_full"):
            met, fails = True, False
        na = 0.7 if self._has("not_applicable") else self.wanted.na
        if criterion.na and not fails and random_.random() < na:
            return {"na": random_.choice(self.wanted.reasons)}
        entry = {"value": _value(criterion, met and not fails, share, fails)}
        if not entry["value"]:
            return {}
        if not met or fails:
            entry["note"] = random_.choice(self.wanted.notes)
        return entry


def _value(criterion: Criterion, met: bool, share: float, worst: bool) -> str:
    """An answer: the best one where it is met, else one of the others, the milder the likelier."""
    answer = criterion.answer
    if isinstance(answer, Graded):
        options = sorted(answer.options, key=lambda o: -o.share)
        below = options[1:] or options
        if met:
            return options[0].name
        return below[-1].name if worst else below[min(int(share * share * len(below)), len(below) - 1)].name
    if isinstance(answer, CountDefects):
        return "0" if met else str(1 + int(share * share * 3))
    if isinstance(answer, Range):
        if met:
            return str(answer.most)
        values = sorted(answer.values) or [answer.least, (answer.least + answer.most) / 2, answer.most]
        return str(values[min(int((1 - share * share) * len(values)), len(values) - 1)])
    return ""


def _measured(random_: random.Random, answer: Indicator, quality: float) -> str:
    """A value that satisfies the strictest bound about as often as criteria are met."""
    bounds = [band.bound for band in answer.bands if band.bound is not None] or [
        value for value, _share in answer.linear
    ]
    best = bounds[0] if answer.bands else max(bounds)
    worse = bounds[-1] if answer.bands else min(bounds)
    return str(best if random_.random() < quality else (best + worse) / Decimal(2))
