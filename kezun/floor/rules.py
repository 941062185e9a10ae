"""Pure rules of the floor: how a queue before several counters moves. No framework."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

Shifts = tuple[tuple[int, int], ...]
NEVER = 10**9


@dataclass(frozen=True)
class Turn:
    """What became of one customer: the second service began (or they left) and the counter (-1: left)."""

    at: int
    counter: int


def serve(
    arrivals: Sequence[int],
    work: Sequence[float],
    patience: Sequence[int],
    credit: Sequence[int],
    counters: Sequence[Shifts],
    pace: Sequence[float],
) -> list[Turn]:
    """One day of one queue before several counters, event by event.

    arrivals: seconds, ascending. work: seconds of service at pace 1. patience: seconds a customer waits
    before leaving. credit: seconds of waiting that the customer's class is given in advance; whoever has
    waited longest, credit included, is called next (priority without starvation). counters: per counter the
    spans (from, to) in which it calls customers, ascending; a service begun is ended. pace: factor on `work`
    by counter.
    A customer who is called at the very second at which patience ends is served.
    Returns one Turn per arrival. O(n log n + n × idle counters).
    """
    turns: list[Turn | None] = [None] * len(arrivals)
    spans = [iter(shifts) for shifts in counters]
    ends = [0] * len(counters)
    free = [(_begin(spans, ends, j, 0), j) for j in range(len(counters))]
    heapq.heapify(free)
    waiting: list[tuple[int, int]] = []
    coming, n = 0, len(arrivals)
    while free and (waiting or coming < n):
        now, j = heapq.heappop(free)
        if now >= NEVER:
            break
        if now >= ends[j]:
            heapq.heappush(free, (_begin(spans, ends, j, now), j))
            continue
        while coming < n and arrivals[coming] <= now:
            heapq.heappush(waiting, (arrivals[coming] - credit[coming], coming))
            coming += 1
        called = _call(waiting, arrivals, patience, now, turns)
        if called >= 0:
            turns[called] = Turn(now, j)
            heapq.heappush(free, (now + max(1, round(work[called] * pace[j])), j))
        elif coming < n:
            heapq.heappush(free, (arrivals[coming], j))
    return [t or Turn(a + p, -1) for t, a, p in zip(turns, arrivals, patience, strict=True)]


def _begin(spans: list[Iterator[tuple[int, int]]], ends: list[int], j: int, now: int) -> int:
    """The second at or after `now` at which counter j calls again; NEVER where its day is over."""
    for start, end in spans[j]:
        if end > now:
            ends[j] = end
            return max(start, now)
    return NEVER


def _call(
    waiting: list[tuple[int, int]],
    arrivals: Sequence[int],
    patience: Sequence[int],
    now: int,
    turns: list[Turn | None],
) -> int:
    """The customer called now, or -1; those whose patience ran out before are noted as gone."""
    while waiting:
        _rank, k = heapq.heappop(waiting)
        if arrivals[k] + patience[k] >= now:
            return k
        turns[k] = Turn(arrivals[k] + patience[k], -1)
    return -1
