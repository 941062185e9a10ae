"""The simulator's ratings: who presses, when, and how content; with what was planted."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from kezun.floor.simulator.parameters import Story
from kezun.floor.simulator.plan import Floats, Ints
from kezun.floor.simulator.tickets import SERVED, Tickets

Flags = npt.NDArray[np.bool_]
BURST_SECOND = 16 * 3600 + 58 * 60


@dataclass(frozen=True)
class Given:
    """Columns of equal length: row of the ticket rated, second of the day pressed, score 1–5, reason or -1.

    orphan: the pad sent a ticket number that no queue machine gave.
    """

    row: Ints
    pressed: Ints
    score: Ints
    reason: Ints
    orphan: Flags


def rate(tickets: Tickets, stories: tuple[Story, ...] = (), seed: int = 0) -> Given:
    """Ratings of the tickets served, ordered as these are."""
    wanted = tickets.queue.ratings
    draw = np.random.default_rng([seed, 7, len(tickets.queue.kind)])
    places, people = len(tickets.places), len(tickets.people)
    coverage = draw.uniform(*wanted.coverage, places)
    habit = draw.normal(0, 0.05, people)
    low, high = wanted.unsatisfied
    dislike = low + (high - low) * draw.beta(1.3, 3.0, places)
    promise = np.array([c.promise_s for c in tickets.queue.classes])[tickets.kind]
    late = np.clip(tickets.wait / promise - 0.5, 0, 4)
    unhappy = draw.random(len(tickets)) < np.clip(
        dislike[tickets.place] * np.exp(wanted.wait_weight * late) / (1 + wanted.wait_weight / 4), 0, 0.5
    )
    served = tickets.outcome == SERVED
    presses = np.clip(coverage[tickets.place] + habit[tickets.person], 0.05, 0.97)
    invited = draw.random(len(tickets))
    for story in stories:
        here = _during(tickets, story)
        if story.kind == "selective_rating":
            presses[here & (unhappy | (late > 0.2))] *= 0.06
        elif story.kind == "rating_burst":
            presses[here] = 0.97
            unhappy &= ~here
    row = np.flatnonzero(served & (invited < presses))
    score, reason = _scores(draw, tickets, row, unhappy[row], late[row])
    ends = tickets.arrival + tickets.wait + tickets.service
    pressed = ends[row] + draw.integers(3, 45, len(row))
    orphan = np.zeros(len(row), dtype=np.bool_)
    for story in stories:
        here = _during(tickets, story)[row]
        if story.kind == "rating_burst":
            pressed[here] = BURST_SECOND + np.arange(int(here.sum())) % 3
        elif story.kind == "orphan_ratings":
            orphan[np.flatnonzero(here)[: story.count]] = True
    return Given(row, pressed, score, reason, orphan)


def _during(tickets: Tickets, story: Story) -> Flags:
    """Tickets of the story's unit (and person, where it names one) within its days."""
    place = np.array([p.within(story.unit) for p in tickets.places], dtype=np.bool_)
    ago = len(tickets.days) - 1 - tickets.day
    here: Flags = place[tickets.place] & (ago <= story.first) & (ago >= story.last)
    if story.person is not None:
        person = tickets.people.index(story.person) if story.person in tickets.people else -2
        here &= tickets.person == person
    return here


def _scores(
    draw: np.random.Generator, tickets: Tickets, row: Ints, unhappy: Flags, late: Floats
) -> tuple[Ints, Ints]:
    wanted = tickets.queue.ratings
    content = np.where(draw.random(len(row)) < wanted.four, 4, 5)
    bad = draw.choice([1, 2, 3], len(row), p=[0.3, 0.3, 0.4])
    score = np.where(unhappy, bad, content)
    reason = draw.integers(0, max(1, len(wanted.reasons)), len(row))
    reason = np.where(late > 0.5, 0, reason)
    return score.astype(np.int64), np.where(unhappy & (len(wanted.reasons) > 0), reason, -1)
