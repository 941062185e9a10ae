"""Workers that fall are begun anew: here and in processes of their own, with a pause, told to operators."""

import datetime as dt
import logging
import os
import signal
import sys
import threading
import time

import pytest
from django.utils import timezone, translation
from hypothesis import given
from hypothesis import strategies as st

from kezun.kernel import health, keeping
from kezun.kernel import worker as workers
from kezun.kernel.keeping import KeptProcess, KeptWorker, reason
from kezun.kernel.models import Heartbeat
from kezun.kernel.rules import pause_after
from kezun.kernel.worker import Worker

LIVES = "import sys, time; open(sys.argv[1], 'a').write(' '.join(sys.argv[2:]) + '\\n'); time.sleep(60)"
ENDS = "import sys; open(sys.argv[1], 'a').write(' '.join(sys.argv[2:]) + '\\n'); sys.exit(3)"


@pytest.fixture
def at_once(monkeypatch):
    """No pause between falls; returns for how many falls in a row a pause was asked."""
    rows = []
    monkeypatch.setattr(keeping, "pause_after", lambda row: rows.append(row) or 0.0)
    return rows


def until(true, seconds=20):
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, "it never came about"
        time.sleep(0.01)


@pytest.mark.parametrize(("falls", "seconds"), [(0, 1), (1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (999, 60)])
def test_the_pause_doubles_up_to_a_minute(falls, seconds):
    assert pause_after(falls) == seconds


@given(st.integers(0, 10**9))
def test_the_pause_never_shrinks_and_never_exceeds_a_minute(falls):
    assert 1 <= pause_after(falls) <= pause_after(falls + 1) <= 60


@pytest.mark.parametrize(
    ("code", "said"), [(0, "exit 0"), (3, "exit 3"), (-9, "SIGKILL"), (-99, "signal 99")]
)
def test_why_a_process_ended_is_said_in_a_word(code, said):
    assert reason(code) == said


def test_a_worker_that_falls_is_begun_anew_and_knows_why(monkeypatch, at_once, caplog):
    lives = []

    def work(self):
        lives.append((self.falls, self.fell))
        if len(lives) < 4:
            raise ZeroDivisionError("secret of a customer")

    monkeypatch.setattr(Worker, "work", work)
    kept = KeptWorker()
    with caplog.at_level(logging.ERROR, "kezun.worker"):
        kept.work()
    assert lives == [(0, ""), *((n, "ZeroDivisionError") for n in (1, 2, 3))]
    assert at_once == [1, 2, 3], "in a row"
    told = [r for r in caplog.records if r.getMessage() == "worker fell, begun anew"]
    assert [(r.falls, r.reason) for r in told] == [(n, "ZeroDivisionError") for n in (1, 2, 3)]


def test_who_lived_long_before_falling_is_begun_anew_soon(monkeypatch, at_once):
    monkeypatch.setattr(keeping, "CALM", 0.0)
    falls = iter([KeyError, KeyError, None])

    def work(self):
        if error := next(falls):
            raise error

    monkeypatch.setattr(Worker, "work", work)
    KeptWorker().work()
    assert at_once == [1, 1]


def test_stopped_during_the_pause_it_is_not_begun_anew(monkeypatch):
    began, paused = [], threading.Event()
    monkeypatch.setattr(keeping, "pause_after", lambda row: paused.set() or 60.0)

    def work(self):
        began.append(1)
        raise KeyError

    monkeypatch.setattr(Worker, "work", work)
    kept = KeptWorker()
    thread = threading.Thread(target=kept.work)
    thread.start()
    assert paused.wait(10)
    kept.stop()
    thread.join(10)
    assert not thread.is_alive()
    assert began == [1]


def test_stopped_before_it_began_it_does_nothing(monkeypatch):
    monkeypatch.setattr(Worker, "work", lambda self: pytest.fail("it began"))
    kept = KeptWorker()
    kept.stop()
    kept.work()
    assert kept.falls == 0


def test_an_embedded_worker_is_a_thread_that_can_be_stopped(monkeypatch):
    started = threading.Event()
    monkeypatch.setattr(Worker, "work", lambda self: started.set() or self.stopping.wait(5))
    kept = keeping.start_embedded()
    assert started.wait(5)
    kept.stop()
    assert kept.worker.stopping.is_set()


def told_to(path):
    return path.read_text().splitlines() if path.exists() else []


def test_a_killed_process_is_replaced_and_the_new_one_is_told(at_once, tmp_path):
    seen = tmp_path / "seen"
    kept = KeptProcess([sys.executable, "-c", LIVES, str(seen)])
    kept.start()
    until(lambda: told_to(seen) == [""])
    os.kill(kept.process.pid, signal.SIGKILL)
    until(lambda: len(told_to(seen)) == 2)
    assert told_to(seen)[1] == "--falls 1 --fell SIGKILL"
    kept.stop()
    assert kept.process.returncode == -signal.SIGTERM
    assert kept.falls == 1
    assert not kept.thread.is_alive()


def test_a_process_that_cannot_live_is_begun_again_and_again_but_slower(at_once, tmp_path):
    seen = tmp_path / "seen"
    kept = KeptProcess([sys.executable, "-c", ENDS, str(seen)])
    kept.start()
    until(lambda: len(told_to(seen)) >= 3)
    kept.stop()
    assert at_once[:2] == [1, 2]
    assert told_to(seen)[2] == "--falls 2 --fell exit 3"


@pytest.mark.django_db
def test_the_health_page_says_how_often_workers_were_begun_anew():
    Worker("steady").sign()
    with translation.override("en"):
        assert health.worker() == "1"
        Worker("shaky", falls=2, fell="MemoryError").sign()
        assert health.worker() == "2, begun anew 2 times"
    row = Heartbeat.objects.get(worker="shaky")
    assert (row.falls, row.fell) == (2, "MemoryError")
    long_ago = timezone.now() - dt.timedelta(minutes=5)
    Heartbeat.objects.update(seen_at=long_ago)
    with pytest.raises(health.NotWell):
        health.worker()


def test_a_reason_is_cut_to_what_the_table_holds():
    assert len(Worker("w", fell="x" * 500).fell) == Heartbeat._meta.get_field("fell").max_length
    assert health.SILENT.total_seconds() > workers.SIGN, "a living worker never looks dead"
