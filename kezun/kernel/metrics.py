"""What a monitoring system may read: counters and times of requests, actions, tasks and imports.

Names and outcomes only, never ids or values. Rooms add their own numbers with `@collect`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Count
from django.http import Http404
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest, multiprocess
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from kezun.kernel.models import Task

REGISTRY = CollectorRegistry()
REQUESTS = Histogram(
    "kezun_request_seconds",
    "Time to answer, by page and status",
    ["page", "status"],
    buckets=(0.01, 0.025, 0.05, 0.1, 0.2, 0.5, 1, 2.5, 10),
    registry=REGISTRY,
)
ACTIONS = Counter("kezun_actions", "Actions, by verb and outcome", ["verb", "outcome"], registry=REGISTRY)
TASKS_RUN = Counter(
    "kezun_tasks_run", "Tasks run, by name and outcome", ["task", "outcome"], registry=REGISTRY
)
COLLECTED: list[Callable[[], Iterable[Metric]]] = []


def collect(numbers: Callable[[], Iterable[Metric]]) -> Callable[[], Iterable[Metric]]:
    """Call the decorated function at every scrape and publish the metrics that it yields."""
    COLLECTED.append(numbers)
    return numbers


@contextmanager
def action_outcome(verb: str) -> Iterator[None]:
    """Count the action inside as done, denied, unseen (outside scope), invalid or failed."""
    outcome = "failed"
    try:
        yield
        outcome = "done"
    except PermissionDenied:
        outcome = "denied"
        raise
    except Http404:
        outcome = "unseen"
        raise
    except ValidationError:
        outcome = "invalid"
        raise
    finally:
        ACTIONS.labels(verb, outcome).inc()


@collect
def tasks_by_state() -> Iterable[Metric]:
    """Tasks in the table by state, all states named."""
    family = GaugeMetricFamily("kezun_tasks", "Tasks, by state", labels=["state"])
    counted = dict(Task.objects.values_list("state").annotate(n=Count("pk")))
    for state in Task.State.values:
        family.add_metric([state], counted.get(state, 0))
    yield family


class _Rooms(Collector):
    """The rooms' own numbers, read when they are asked for."""

    def collect(self) -> Iterable[Metric]:
        for numbers in COLLECTED:
            yield from numbers()


def text() -> bytes:
    """Everything in Prometheus' text format; over all server processes where they share a folder."""
    shared = CollectorRegistry()
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        multiprocess.MultiProcessCollector(shared)  # type: ignore[no-untyped-call]
    rooms = CollectorRegistry(auto_describe=False)
    rooms.register(_Rooms())
    own = shared if os.environ.get("PROMETHEUS_MULTIPROC_DIR") else REGISTRY
    return generate_latest(own) + generate_latest(rooms)
