"""Long tasks done part by part: what else is due comes between."""

from __future__ import annotations

import pytest
from django.utils import timezone

from kezun.kernel.models import Task
from kezun.kernel.task import Later, claim, enqueue, progress, run, run_due, task
from kezun.kernel.tests.test_task import ran, registries, shift

__all__ = ["ran", "registries"]
pytestmark = pytest.mark.django_db


def test_a_task_in_parts_lets_what_is_due_come_between(ran):
    @task("test.long")
    def long(part=1):
        ran.append(part)
        progress(part, 3)
        if part < 3:
            raise Later(part=part + 1)

    row = enqueue("test.long")
    enqueue("test.note")
    assert run_due("w") == 4
    assert ran == [1, {}, 2, 3]
    row.refresh_from_db()
    assert (row.state, row.attempts, row.arguments, row.error) == ("done", 1, {"part": 3}, "")
    assert row.progress["done"] == 3


def test_a_part_done_makes_earlier_failures_forgotten(ran):
    @task("test.long")
    def long(part=1):
        if part == 1 and len(ran) < 2:
            ran.append(part)
            raise ValueError("not yet")
        if part == 1:
            raise Later(part=2)

    row = enqueue("test.long")
    for _time in range(3):
        shift(row, due_at=timezone.now())
        run(claim("w"))
    row.refresh_from_db()
    assert (row.state, row.attempts, row.error, row.arguments) == ("waiting", 0, "", {"part": 2})
    assert row.lease_until is None
    assert run_due("w") == 1


def test_a_lost_lease_puts_nothing_back(ran):
    @task("test.long")
    def long():
        Task.objects.update(worker="other")
        raise Later(part=2)

    row = enqueue("test.long")
    assert run(claim("w")) is False
    row.refresh_from_db()
    assert (row.state, row.arguments) == ("running", {})
