"""The simulator: invented tickets of outlets and a call centre, from parameters, places, days and a seed.

Same input, same output, to the last row. Demand is drawn in one go with numpy; then each place's day is
played customer by customer through `rules.serve`, so that waits follow from arrivals, tellers and breaks as
they do in a hall, and are not drawn from a distribution of waits.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from kezun.floor.rules import serve
from kezun.floor.simulator.parameters import Place, Queue, Story
from kezun.floor.simulator.plan import HOUR, Calendar, Floats, Ints, Plan, shares

SERVED, ABANDONED, VOID = 0, 1, 2
OUTCOMES = ("served", "abandoned", "void")
DAY_S = 86400


@dataclass(frozen=True)
class Tickets:
    """Columns of equal length, ordered by (place, day, arrival); person, wait and service are -1 where none.

    place/day/person/business/kind: index into the lists of the same name. number: of the ticket, from 1 per
    place and day. arrival: second of the local day. wait, service: seconds.
    """

    queue: Queue
    places: tuple[Place, ...]
    days: tuple[dt.date, ...]
    people: tuple[str, ...]
    place: Ints
    day: Ints
    number: Ints
    arrival: Ints
    kind: Ints
    business: Ints
    outcome: Ints
    person: Ints
    counter: Ints
    wait: Ints
    service: Ints

    def __len__(self) -> int:
        return len(self.place)


def simulate(
    queue: Queue,
    places: Sequence[Place],
    calendar: Calendar,
    days: Sequence[dt.date],
    stories: Sequence[Story] = (),
    seed: int = 0,
    progress: Callable[[float], None] = lambda share: None,
) -> Tickets:
    """All tickets of one queue's places over `days` (consecutive, ascending).

    Stories count days back from the last. progress is called with the share done, 0 to 1.
    Raises ValueError where no place of the queue's kind has anybody to serve.
    """
    mine = tuple(p for p in places if p.kind == queue.kind and p.people)
    if not mine:
        raise ValueError(f"there is no {queue.kind} where anybody serves")
    draw = np.random.default_rng([seed, len(queue.kind)])
    plan = Plan(queue, mine, calendar, tuple(days), tuple(stories), draw)
    amounts = draw.poisson(plan.expected)
    cell = np.repeat(np.arange(amounts.size), amounts.ravel())
    opens, hours = queue.pattern.opens * HOUR, shares(queue.pattern.hours)
    arrival = opens + draw.choice(len(hours), cell.size, p=hours) * HOUR + draw.integers(0, HOUR, cell.size)
    key = np.sort(cell * DAY_S + arrival)
    cell, arrival = key // DAY_S, key % DAY_S
    place, day = np.divmod(cell, len(plan.days))
    kind = _pick(draw, plan.classes[plan.pension[day].astype(int), place])
    business = _pick(draw, plan.businesses[place])
    work = _work(draw, queue, business) * plan.slower[place, day]
    patience = _patience(draw, queue, kind)
    starts = np.concatenate([[0], np.cumsum(amounts.ravel())])
    at, counter = _play(plan, starts, arrival, work, patience, kind, progress)
    person = plan.person_at(place, day, counter)
    served = counter >= 0
    pace = np.where(served, plan.pace[person], 1.0)
    service = np.where(served, np.maximum(1, np.rint(work * pace) - queue.wrap_s), -1).astype(np.int64)
    outcome = np.where(served, SERVED, ABANDONED)
    outcome[draw.random(cell.size) < queue.void] = VOID
    void = outcome == VOID
    return Tickets(
        queue=queue,
        places=mine,
        days=plan.days,
        people=plan.people,
        place=place,
        day=day,
        number=np.arange(cell.size) - starts[cell] + 1,
        arrival=arrival,
        kind=kind,
        business=business,
        outcome=outcome,
        person=np.where(served & ~void, person, -1),
        counter=np.where(void, -1, counter),
        wait=np.where(void, -1, at - arrival),
        service=np.where(void, -1, service),
    )


def _pick(draw: np.random.Generator, shares: Floats) -> Ints:
    """One index per row of `shares` (rows sum to 1), drawn with those probabilities."""
    bounds = np.cumsum(shares, axis=1)[:, :-1]
    picked: Ints = (draw.random(len(shares))[:, None] > bounds).sum(axis=1)
    return picked


def _work(draw: np.random.Generator, queue: Queue, business: Ints) -> Floats:
    """Seconds of service at pace 1: log-normal with each business's mean, cut to 15 s … 2 h."""
    spread = np.array([b.spread for b in queue.businesses])[business]
    centre = np.log(np.array([float(b.mean_s) for b in queue.businesses]))[business] - spread**2 / 2
    drawn = np.exp(centre + spread * draw.standard_normal(len(business)))
    work: Floats = np.clip(drawn, 15, 7200) + queue.wrap_s
    return work


def _patience(draw: np.random.Generator, queue: Queue, kind: Ints) -> Ints:
    """Seconds until a customer leaves: Weibull of shape 1.5 (few leave at once) with each class's mean."""
    mean = np.array([c.patience_s for c in queue.classes])[kind]
    drawn = draw.weibull(1.5, len(kind)) * mean / math.gamma(1 + 1 / 1.5)
    whole: Ints = np.maximum(5, drawn).astype(np.int64)
    return whole


def _play(
    plan: Plan,
    starts: Ints,
    arrival: Ints,
    work: Floats,
    patience: Ints,
    kind: Ints,
    progress: Callable[[float], None],
) -> tuple[Ints, Ints]:
    """Every place's every day through the queue; returns (second of the turn, counter or -1) per customer."""
    credit = np.array([c.credit_s for c in plan.queue.classes])[kind]
    comes, takes, bears = arrival.tolist(), work.tolist(), patience.tolist()
    ahead = credit.tolist()
    at, counter = np.empty(len(arrival), np.int64), np.empty(len(arrival), np.int64)
    for done, (place, day, low, high) in enumerate(_cells(plan, starts)):
        shifts = plan.shifts(place, day)
        part = slice(low, high)
        pace = plan.pace_at(place, day)
        turns = serve(comes[part], takes[part], bears[part], ahead[part], shifts, pace)
        at[part] = [t.at for t in turns]
        counter[part] = [t.counter for t in turns]
        if done % 200 == 0:
            progress(high / max(1, len(arrival)))
    return at, counter


def _cells(plan: Plan, starts: Ints) -> Iterator[tuple[int, int, int, int]]:
    bounds = starts.tolist()
    for cell, (low, high) in enumerate(pairwise(bounds)):
        if high > low:
            yield (*divmod(cell, len(plan.days)), low, high)
