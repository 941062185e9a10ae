"""Tasks: leases, retries, giving up, schedules, progress."""

import datetime as dt
import threading

import pytest
from django.db import OperationalError, transaction
from django.utils import timezone

from kezun.kernel import task as module
from kezun.kernel import worker as workers
from kezun.kernel.models import Heartbeat, Schedule, Task, TrailAnchor
from kezun.kernel.task import (
    HANDLERS,
    LEASE,
    SCHEDULES,
    WAKE,
    claim,
    enqueue,
    enqueue_scheduled,
    every,
    extend,
    progress,
    run,
    run_due,
    task,
)
from kezun.kernel.worker import Worker

pytestmark = pytest.mark.django_db
PAST = dt.timedelta(minutes=10)


@pytest.fixture(autouse=True)
def registries(monkeypatch):
    """Handlers and schedules of the test's own; its connection, which holds its transaction, stays open."""
    monkeypatch.setattr(workers, "close_old_connections", lambda: None)
    monkeypatch.setattr(module, "HANDLERS", {})
    monkeypatch.setattr(module, "SCHEDULES", {})


@pytest.fixture
def ran():
    seen = []

    @task("test.note")
    def note(**arguments):
        seen.append(arguments)

    return seen


def shift(row, **by):
    Task.objects.filter(pk=row.pk).update(**by)
    row.refresh_from_db()


def test_a_task_runs_with_its_arguments(ran):
    row = enqueue("test.note", unit=3, text="客")
    assert run_due("w") == 1
    row.refresh_from_db()
    assert ran == [{"unit": 3, "text": "客"}]
    assert (row.state, row.attempts, row.worker, row.lease_until, row.error) == ("done", 1, "w", None, "")
    assert row.started_at <= row.finished_at
    assert run_due("w") == 0


def test_what_is_not_due_waits(ran):
    enqueue("test.note", due_at=timezone.now() + PAST)
    assert run_due("w") == 0


def test_the_one_due_longest_comes_first(ran):
    enqueue("test.note", n=2)
    enqueue("test.note", due_at=timezone.now() - PAST, n=1)
    assert run_due("w", limit=1) == 1
    assert ran == [{"n": 1}]


@pytest.mark.django_db(transaction=True)
def test_a_task_of_a_rolled_back_transaction_never_runs(ran):
    def half():
        with transaction.atomic():
            enqueue("test.note")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half()
    assert run_due("w") == 0
    assert not Task.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_commit_wakes_the_worker(ran):
    WAKE.clear()
    with transaction.atomic():
        enqueue("test.note")
        assert not WAKE.is_set()
    assert WAKE.is_set()


def test_a_leased_task_is_nobody_elses(ran):
    row = enqueue("test.note")
    held = claim("one")
    assert (held.pk, held.state, held.worker) == (row.pk, "running", "one")
    assert claim("two") is None


def test_a_lease_that_ran_out_frees_the_task(ran):
    enqueue("test.note")
    held = claim("one")
    shift(held, lease_until=timezone.now() - PAST)
    assert claim("two").attempts == 2


def test_a_worker_that_slept_past_its_lease_writes_nothing(ran, caplog):
    enqueue("test.note")
    slow = claim("one")
    shift(slow, lease_until=timezone.now() - PAST)
    quick = claim("two")
    assert run(slow) is False
    assert "lease lost" in caplog.text
    assert Task.objects.get().worker == "two"
    assert Task.objects.get().state == "running"
    assert extend(slow) is False
    assert run(quick) is True


def test_a_lease_is_lengthened(ran):
    enqueue("test.note")
    held = claim("one")
    shift(held, lease_until=timezone.now())
    assert extend(held)
    held.refresh_from_db()
    assert held.lease_until > timezone.now() + LEASE / 2


def test_a_failure_is_tried_again_later_and_given_up_at_last(settings):
    @task("test.fail")
    def fail():
        raise ValueError("the reason")

    row = enqueue("test.fail")
    shift(row, max_attempts=3)
    waits = []
    for _ in range(3):
        assert run_due("w") == 1
        row.refresh_from_db()
        waits.append(round((row.due_at - timezone.now()).total_seconds()))
        assert row.error == "ValueError: the reason"
        assert row.lease_until is None
        if row.state == "waiting":
            assert row.finished_at is None
            assert run_due("w") == 0
            shift(row, due_at=timezone.now())
    assert waits[:2] == [2, 4]
    assert (row.state, row.attempts) == ("failed", 3)
    assert row.finished_at is not None
    assert run_due("w") == 0


def test_a_success_after_a_failure_forgets_the_error():
    tries = []

    @task("test.twice")
    def twice():
        tries.append(1)
        if len(tries) == 1:
            raise ValueError("first")

    row = enqueue("test.twice")
    run_due("w")
    shift(row, due_at=timezone.now())
    run_due("w")
    row.refresh_from_db()
    assert (row.state, row.error, row.attempts) == ("done", "", 2)


def test_where_things_are_looked_into_the_error_has_its_stack(settings):
    settings.DEBUG = True

    @task("test.fail")
    def fail():
        raise ValueError("the reason")

    enqueue("test.fail")
    run_due("w")
    assert "Traceback" in Task.objects.get().error


def test_a_task_without_code_fails_clearly_and_at_once():
    enqueue("test.nobody")
    assert run_due("w") == 1
    row = Task.objects.get()
    assert (row.state, row.attempts) == ("failed", 1)
    assert "test.nobody" in row.error


def test_a_task_that_kills_its_worker_each_time_is_given_up(ran):
    row = enqueue("test.note")
    for _ in range(5):
        assert claim("w") is not None
        shift(row, lease_until=timezone.now() - PAST)
    other = enqueue("test.note", n=2)
    assert claim("w").pk == other.pk
    row.refresh_from_db()
    assert row.state == "failed"
    assert row.error
    shift(other, attempts=5, lease_until=timezone.now() - PAST)
    assert claim("w") is None


def test_a_claim_that_comes_too_late_finds_nothing(ran, monkeypatch):
    """Between the look and the lease another worker may take the task."""
    row = enqueue("test.note")
    looks = iter([module._free(timezone.now()), module._free(timezone.now() - PAST)])
    monkeypatch.setattr(module, "_free", lambda now: next(looks))
    assert claim("w") is None
    row.refresh_from_db()
    assert row.state == "waiting"


def test_a_name_has_one_handler():
    def first(): ...

    def second(): ...

    task("test.one")(first)
    task("test.one")(first)
    with pytest.raises(RuntimeError, match=r"test\.one"):
        task("test.one")(second)


def test_progress_is_told_and_the_last_one_always(monkeypatch):
    told = []
    clock = iter([10.0, 10.0, 10.1, 20.0, 20.0, 20.1, 20.1])
    monkeypatch.setattr(module.time, "monotonic", lambda: next(clock))

    @task("test.long")
    def long():
        for done in (1, 2, 3, 4):
            progress(done, 4, "rows", rejected=done)
            told.append(Task.objects.get().progress.get("done"))

    row = enqueue("test.long")
    run_due("w")
    row.refresh_from_db()
    assert told == [1, 1, 3, 4]
    assert row.progress == {"done": 4, "total": 4, "note": "rows", "rejected": 4}


def test_progress_outside_of_a_task_is_nothing():
    progress(1, 2)
    assert not Task.objects.exists()


def test_a_schedule_runs_at_once_and_then_after_its_period():
    ran = []

    @every(minutes=5, name="test.tick")
    def tick():
        ran.append(1)

    assert enqueue_scheduled() == 1
    assert enqueue_scheduled() == 0
    assert run_due("w") == 1
    assert ran == [1]
    Schedule.objects.update(next_at=timezone.now() - PAST)
    assert enqueue_scheduled() == 1
    assert Schedule.objects.get().next_at > timezone.now()


def test_a_schedule_does_not_pile_up():
    @every(hours=1)
    def tick(): ...

    (name,) = module.SCHEDULES
    assert name.endswith("tick")
    assert enqueue_scheduled() == 1
    Schedule.objects.update(next_at=timezone.now() - PAST)
    assert enqueue_scheduled() == 0
    assert Task.objects.count() == 1


def test_of_two_workers_that_see_it_due_one_enqueues(monkeypatch):
    @every(minutes=5, name="test.tick")
    def tick(): ...

    was = timezone.now() - PAST
    Schedule.objects.create(name="test.tick", next_at=was)
    listed = Schedule.objects.values_list

    def meanwhile(*names):
        rows = list(listed(*names))
        Schedule.objects.update(next_at=timezone.now() + PAST)
        return rows

    monkeypatch.setattr(type(Schedule.objects), "values_list", lambda self, *names: meanwhile(*names))
    assert enqueue_scheduled() == 0
    assert not Task.objects.exists()


def test_a_schedule_needs_a_period():
    with pytest.raises(ValueError, match="period"):
        every()


def test_a_worker_signs_and_works(ran, home):
    worker = Worker("w1")
    enqueue("test.note", n=1)
    assert worker.turn() is True
    assert worker.turn() is False
    assert ran == [{"n": 1}]
    sign = Heartbeat.objects.get()
    assert (sign.worker, sign.started_at) == ("w1", worker.started_at)


def test_workers_gone_for_a_day_are_forgotten():
    long_ago = timezone.now() - dt.timedelta(days=2)
    Heartbeat.objects.create(worker="old", started_at=long_ago, seen_at=long_ago)
    Worker("new").sign()
    assert [h.worker for h in Heartbeat.objects.all()] == ["new"]


def test_a_pulse_keeps_a_long_task():
    worker = Worker("w1")
    leases = []

    @task("test.long")
    def long():
        Task.objects.update(lease_until=timezone.now())
        worker.beat()
        leases.append(Task.objects.get().lease_until)

    enqueue("test.long")
    worker.turn()
    assert leases[0] > timezone.now() + LEASE / 2
    worker.beat()
    assert worker.row is None


def test_a_database_that_is_away_is_waited_for(caplog, monkeypatch):
    worker = Worker("w1")
    monkeypatch.setattr(workers, "PAUSE", 0.01)

    def away():
        raise OperationalError("database is locked")

    assert worker._guarded(away) is False
    assert "waits" in caplog.text
    assert worker._guarded(lambda: 5) is True


def test_a_worker_anchors_when_it_starts_and_stops_and_leaves_no_sign(ran, home, monkeypatch):
    """The loop itself, in this thread; it is stopped by the task that it runs."""
    monkeypatch.setattr(workers, "connection", type("Kept", (), {"close": staticmethod(lambda: None)}))
    monkeypatch.setattr(workers, "PAUSE", 0.01)
    monkeypatch.setattr(threading.Thread, "start", lambda self: None)
    anchored = []
    monkeypatch.setattr(workers, "anchor", lambda: anchored.append(1))
    worker = Worker("w1")

    @task("test.stop")
    def stop():
        worker.stop()

    enqueue("test.stop", due_at=timezone.now() + dt.timedelta(seconds=0.05))
    worker.work()
    assert Task.objects.get().state == "done"
    assert anchored == [1, 1]
    assert not Heartbeat.objects.exists()
    assert not TrailAnchor.objects.exists()


def test_the_pulse_beats_until_stopped(monkeypatch):
    monkeypatch.setattr(workers, "connection", type("Kept", (), {"close": staticmethod(lambda: None)}))
    monkeypatch.setattr(workers, "SIGN", 0.01)
    worker, beats = Worker("w1"), []

    def beat():
        beats.append(1)
        if len(beats) == 3:
            worker.stop()

    worker.beat = beat
    worker._pulse()
    assert len(beats) == 3


def test_the_house_has_handlers_for_what_it_schedules():
    assert set(SCHEDULES) <= set(HANDLERS)
