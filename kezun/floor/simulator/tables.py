"""The simulator's output as a queue machine and a rating pad would export it: Arrow tables, local times."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kezun.floor.simulator.plan import Ints
from kezun.floor.simulator.ratings import Given
from kezun.floor.simulator.tickets import OUTCOMES, SERVED, Tickets

SECONDS = pa.timestamp("s")
EPOCH = dt.date(1970, 1, 1)


def ticket_table(tickets: Tickets) -> pa.Table:
    """ticket_no, unit, person, taken_at, business, class, outcome, channel, counter, *_s; null where none."""
    queue = tickets.queue
    promise = np.array([c.promise_s for c in queue.classes])[tickets.kind]
    served = tickets.outcome == SERVED
    return pa.table(
        {
            "ticket_no": ticket_numbers(tickets),
            "unit": _words(tickets.place, [p.code for p in tickets.places]),
            "person": _words(tickets.person, tickets.people),
            "taken_at": _moments(tickets, tickets.day, tickets.arrival),
            "business": _words(tickets.business, [b.name for b in queue.businesses]),
            "class": _words(tickets.kind, [c.name for c in queue.classes]),
            "outcome": _words(tickets.outcome, OUTCOMES),
            "channel": pa.repeat(pa.scalar(queue.channel), len(tickets)),
            "counter": _words(
                tickets.counter, [str(n + 1) for n in range(max(1, int(tickets.counter.max(initial=0)) + 1))]
            ),
            "wait_s": pa.array(tickets.wait, mask=tickets.wait < 0, type=pa.int32()),
            "service_s": pa.array(tickets.service, mask=tickets.service < 0, type=pa.int32()),
            "wrap_s": pa.array(np.full(len(tickets), queue.wrap_s), mask=~served, type=pa.int32()),
            "promise_s": pa.array(promise, type=pa.int32()),
        }
    )


def rating_table(tickets: Tickets, given: Given) -> pa.Table:
    """rating_no, ticket_no, unit, person, rated_at, business, class, channel, score, reason."""
    row, queue = given.row, tickets.queue
    numbers = ticket_numbers(tickets).take(pa.array(row))
    lost = pc.binary_join_element_wise(numbers, pa.repeat(pa.scalar("X"), len(row)), "-")
    return pa.table(
        {
            "rating_no": pc.binary_join_element_wise(pa.repeat(pa.scalar("R"), len(row)), numbers, "-"),
            "ticket_no": pc.if_else(pa.array(given.orphan), lost, numbers),
            "unit": _words(tickets.place[row], [p.code for p in tickets.places]),
            "person": _words(tickets.person[row], tickets.people),
            "rated_at": _moments(tickets, tickets.day[row], given.pressed),
            "business": _words(tickets.business[row], [b.name for b in queue.businesses]),
            "class": _words(tickets.kind[row], [c.name for c in queue.classes]),
            "channel": pa.repeat(pa.scalar(queue.channel), len(row)),
            "score": pa.array(given.score, type=pa.int32()),
            "reason": _words(given.reason, queue.ratings.reasons),
        }
    )


def ticket_numbers(tickets: Tickets) -> pa.Array:
    """`CH1111-20260301-A007`: unique over all places and days."""
    most = int(tickets.number.max(initial=1))
    return pc.binary_join_element_wise(
        _words(tickets.place, [p.code for p in tickets.places]),
        _words(tickets.day, [d.strftime("%Y%m%d") for d in tickets.days]),
        _words(tickets.number - 1, [f"A{n:03d}" for n in range(1, most + 1)]),
        "-",
    )


def _words(index: Ints, words: Sequence[str]) -> pa.Array:
    """The word at each index as text, null for -1."""
    if not words:
        return pa.nulls(len(index), pa.string())
    return pa.array(list(words), pa.string()).take(pa.array(index, mask=index < 0))


def _moments(tickets: Tickets, day: Ints, second: Ints) -> pa.Array:
    """Local wall-clock time, as machines write it."""
    days = np.array([(d - EPOCH).days for d in tickets.days], dtype=np.int64)
    return pa.array(days[day] * 86400 + second).cast(SECONDS)
