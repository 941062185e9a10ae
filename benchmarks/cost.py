"""What a piece of work costs: CPU seconds of this process and its children, wall seconds, peak memory.

CPU seconds, not wall seconds, are compared: they hold when the machine is shared.
"""

from __future__ import annotations

import resource
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from typing import Any


@dataclass
class Cost:
    """Seconds of CPU and of wall clock; peak resident memory of the measuring process in MB."""

    cpu: float = 0.0
    wall: float = 0.0
    peak_mb: float = 0.0
    value: Any = None


def _cpu() -> float:
    total = 0.0
    for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN):
        used = resource.getrusage(who)
        total += used.ru_utime + used.ru_stime
    return total


@contextmanager
def measured() -> Iterator[Cost]:
    """Measure what runs inside; the yielded Cost is filled in at the end."""
    cost, cpu, wall = Cost(), _cpu(), time.perf_counter()
    yield cost
    cost.cpu, cost.wall = _cpu() - cpu, time.perf_counter() - wall
    cost.peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def median_of(work: Callable[[], Any], times: int = 3, warm: int = 1) -> Cost:
    """The median CPU cost of `work` over `times` runs after `warm` runs that do not count."""
    for _ in range(warm):
        work()
    costs = []
    for _ in range(times):
        with measured() as cost:
            cost.value = work()
        costs.append(cost)
    middle = statistics.median_low([c.cpu for c in costs])
    return next(c for c in costs if c.cpu == middle)


def apart(work: Callable[..., Cost], *arguments: Any) -> Cost:
    """Run `work(*arguments)` in a process of its own, so that its peak memory is its own."""
    with get_context("spawn").Pool(1) as pool:
        return pool.apply(work, arguments)
