"""What every place does on every simulated day: demand, counters, breaks, who sits where, what is planted."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kezun.floor.rules import NEVER, Shifts
from kezun.floor.simulator.parameters import Business, CustomerClass, Pattern, Place, Queue, Size, Story

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
HOUR = 3600


@dataclass(frozen=True)
class Calendar:
    """Days that are not like others."""

    holidays: frozenset[dt.date] = frozenset()
    workdays: frozenset[dt.date] = frozenset()
    pension: frozenset[dt.date] = frozenset()

    def weekday(self, day: dt.date) -> int:
        """0 (Monday) to 6; a weekend day that is worked counts as a Friday."""
        return 4 if day in self.workdays else day.weekday()


def shares(weights: Sequence[float]) -> Floats:
    values = np.asarray(weights, dtype=np.float64)
    parts: Floats = values / values.sum()
    return parts


class Plan:
    """What every place does on every day: demand, counters, breaks, who sits where; arrays: place × day."""

    def __init__(
        self,
        queue: Queue,
        places: tuple[Place, ...],
        calendar: Calendar,
        days: tuple[dt.date, ...],
        stories: tuple[Story, ...],
        draw: np.random.Generator,
    ) -> None:
        self.queue, self.places, self.days, self.stories = queue, places, days, stories
        self.sizes = [_size(queue, p) for p in places]
        self.people = tuple(code for p in places for code in p.people)
        self.first = np.cumsum([0, *(len(p.people) for p in places)])
        self.pace = np.clip(draw.normal(1.0, queue.pace_spread, len(self.people)), 0.65, 1.6)
        self.pension = np.array([d in calendar.pension for d in days])
        self.weekday = np.array([calendar.weekday(d) for d in days])
        self.holiday = np.array([d in calendar.holidays for d in days])
        self.businesses = np.array([_tagged(queue.businesses, p) for p in places])
        plain = np.array([_tagged(queue.classes, p) for p in places])
        elders = plain * np.array([c.pension_factor for c in queue.classes])
        self.classes = np.stack([plain, elders / elders.sum(axis=1, keepdims=True)])
        self.counters = self._counters()
        self.expected = self._expected(draw)
        self.slower = self._slower()
        self.closings = self._closings()
        self._shifts: dict[tuple[int, tuple[Story, ...]], list[Shifts]] = {}

    def _factor(self) -> Floats:
        pattern = self.queue.pattern
        plain: Floats = np.array(pattern.weekday)[self.weekday]
        return plain * np.where(self.holiday, pattern.holiday, 1.0)

    def _counters(self) -> Ints:
        """Counters staffed; 0 where the place is closed that day."""
        both = zip(self.sizes, self.places, strict=True)
        staffed = np.array([min(s.counters, len(p.people)) for s, p in both])
        share = np.minimum(1.0, self._factor())
        sunday = np.array([s.sunday for s in self.sizes])[:, None] | (self.weekday != 6)[None, :]
        holiday = np.array([s.holiday for s in self.sizes])[:, None] | ~self.holiday[None, :]
        needed = np.ceil(staffed[:, None] * share[None, :] - 1e-9).astype(np.int64)
        return np.where(sunday & holiday, np.maximum(1, needed), 0)

    def _expected(self, draw: np.random.Generator) -> Floats:
        """Mean number of customers: what fills `load` of the counters on a normal weekday, times the day."""
        pattern, queue = self.queue.pattern, self.queue
        mean = self.businesses @ np.array([float(b.mean_s + queue.wrap_s) for b in queue.businesses])
        capacity = np.array([s.counters * s.load * _open_seconds(queue, pattern) for s in self.sizes])
        taste = np.exp(draw.normal(0, 0.1, len(self.places)))
        noise = np.exp(draw.normal(0, pattern.day_noise, (len(self.places), len(self.days))))
        day = self._factor() * np.where(self.pension, pattern.pension, 1.0)
        expected: Floats = (capacity / mean * taste)[:, None] * day[None, :] * noise * (self.counters > 0)
        for story in self.stories:
            if story.kind == "pension_rush":
                rush = self._rush_day(story)
                if rush is not None:
                    expected[self._where(story), rush] *= story.factor
        return expected

    def _rush_day(self, story: Story) -> int | None:
        """The last working pension day between `first` and `last` days ago, if there is one."""
        fit = [
            d for d in self._span(story) if self.pension[d] and not self.holiday[d] and self.weekday[d] < 5
        ]
        return fit[-1] if fit else None

    def _slower(self) -> Floats:
        factors = np.ones((len(self.places), len(self.days)))
        for story in self.stories:
            span = self._span(story)
            if story.kind == "wait_drift" and span:
                factors[np.ix_(self._where(story), span)] *= np.linspace(1.0, story.factor, len(span))
        return factors

    def _where(self, story: Story) -> list[int]:
        return [i for i, p in enumerate(self.places) if p.within(story.unit)]

    def _span(self, story: Story) -> list[int]:
        last = len(self.days) - 1
        return [d for d in range(last + 1) if story.last <= last - d <= story.first]

    def shifts(self, place: int, day: int) -> list[Shifts]:
        """When each counter that is staffed that day calls customers."""
        staffed, closing = int(self.counters[place, day]), self.closings.get((place, day), ())
        key = (staffed, closing)
        if key not in self._shifts:
            self._shifts[key] = [spans(self.queue, staffed, chair, closing) for chair in range(staffed)]
        return self._shifts[key]

    def _closings(self) -> dict[tuple[int, int], tuple[Story, ...]]:
        """Stories that close counters, by (place, day)."""
        found: dict[tuple[int, int], tuple[Story, ...]] = {}
        for story in self.stories:
            if story.kind in ("outage", "lunch_closing"):
                for cell in ((p, d) for p in self._where(story) for d in self._span(story)):
                    found[cell] = (*found.get(cell, ()), story)
        return found

    def person_at(self, place: Ints, day: Ints, counter: Ints) -> Ints:
        """Index of the person at a counter that day: tellers rotate over the counters day by day."""
        size = np.diff(self.first)[place]
        who: Ints = self.first[place] + (day * self.counters[place, day] + np.maximum(counter, 0)) % size
        return who

    def pace_at(self, place: int, day: int) -> list[float]:
        chairs = np.arange(self.counters[place, day])
        same = np.full_like(chairs, place), np.full_like(chairs, day)
        return [float(x) for x in self.pace[self.person_at(*same, chairs)]]


def _size(queue: Queue, place: Place) -> Size:
    """The first size whose tag the place has; the last one is for all others."""
    return next((s for s in queue.sizes if s.tag in place.tags), queue.sizes[-1])


def _tagged(rows: Sequence[Business] | Sequence[CustomerClass], place: Place) -> Floats:
    return shares([r.share * (r.tag_factor if r.tag in place.tags else 1.0) for r in rows])


def _open_seconds(queue: Queue, pattern: Pattern) -> float:
    whole = (pattern.closes - pattern.opens) * HOUR
    if queue.shifts:
        return sum(end - start for start, end in queue.shifts) / len(queue.shifts) * HOUR
    breaks = [(end - start) * HOUR for start, end in queue.lunch]
    return whole - (sum(breaks) / len(breaks) if breaks else 0)


def spans(queue: Queue, counters: int, chair: int, closings: Sequence[Story]) -> Shifts:
    """When one counter calls: its shift less its break and what a story closes; the last span stays open."""
    pattern = queue.pattern
    start, end = queue.shifts[chair % len(queue.shifts)] if queue.shifts else (pattern.opens, pattern.closes)
    open_spans = [(start * HOUR, end * HOUR)]
    if queue.lunch and counters > 1:
        open_spans = _without(open_spans, *queue.lunch[chair % len(queue.lunch)])
    for story in closings:
        if story.kind == "outage" or chair > 0:
            open_spans = _without(open_spans, *story.hours)
    return tuple((a, NEVER if b == pattern.closes * HOUR else b) for a, b in open_spans)


def _without(open_spans: Sequence[tuple[int, int]], start: float, end: float) -> list[tuple[int, int]]:
    low, high = int(start * HOUR), int(end * HOUR)
    cut = [part for a, b in open_spans for part in ((a, min(b, low)), (max(a, high), b))]
    return [(a, b) for a, b in cut if b > a]
