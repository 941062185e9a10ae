"""Workers that fall are begun anew: after a pause that grows with each fall, logged, told to the operator.

A worker waits by itself for a database or a disk that is away. What ends it all the same (a fault of ours,
the kill of a process) must not leave the tasks of a bank waiting until somebody looks.
"""

from __future__ import annotations

import logging
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Sequence

from kezun.kernel.rules import pause_after
from kezun.kernel.worker import Worker

CALM = 300.0  # a worker that lived this long is begun anew at once, however often it fell before

log = logging.getLogger("kezun.worker")


class Kept:
    """Begins something anew whenever it falls, until `stop()`; counts the falls and knows the last reason."""

    def __init__(self) -> None:
        self.stopping = threading.Event()
        self.falls, self.fell = 0, ""

    def keep(self, live: Callable[[], str]) -> None:
        """Call `live` again and again: it returns why it fell, or "" when it ended because it was told to."""
        row = 0
        while not self.stopping.is_set():
            began = time.monotonic()
            self.fell = live() or self.fell
            if self.stopping.is_set():
                return
            row = 1 if time.monotonic() - began >= CALM else row + 1
            self.falls += 1
            pause = pause_after(row)
            log.error(
                "worker fell, begun anew", extra={"reason": self.fell, "falls": self.falls, "pause": pause}
            )
            self.stopping.wait(pause)

    def stop(self) -> None:
        """End, and begin nothing anew."""
        self.stopping.set()


class KeptWorker(Kept):
    """A worker of this process: what escapes it is logged with its traceback, then it begins anew."""

    def __init__(self, falls: int = 0, fell: str = "") -> None:
        super().__init__()
        self.falls, self.fell = falls, fell
        self.worker = Worker()

    def work(self) -> None:
        """Run until `stop()`."""
        self.keep(self._live)

    def _live(self) -> str:
        self.worker = Worker(falls=self.falls, fell=self.fell)
        if self.stopping.is_set():
            return ""
        try:
            self.worker.work()
        except Exception as error:
            log.exception("a fault ended the worker")
            return type(error).__name__
        if not self.stopping.is_set():  # told to stop by itself, for instance by a task
            self.stopping.set()
        return ""

    def stop(self) -> None:
        """End after the task that is running now."""
        super().stop()
        self.worker.stop()


class KeptProcess(Kept):
    """A worker in a process of its own, `command` with `--falls` and `--fell`; ended with `stop()`."""

    def __init__(self, command: Sequence[str]) -> None:
        super().__init__()
        self.command = tuple(command)
        self.process: subprocess.Popen[bytes] | None = None
        self.thread = threading.Thread(target=self.keep, args=(self._live,), daemon=True)

    def start(self) -> None:
        """Begin it; a thread waits for its end."""
        self.thread.start()

    def _live(self) -> str:
        told = ("--falls", str(self.falls), "--fell", self.fell) if self.falls else ()
        self.process = subprocess.Popen([*self.command, *told])
        if self.stopping.is_set():
            self.process.terminate()
        return reason(self.process.wait())

    def stop(self) -> None:
        """Tell the process to end, and wait for the task that it is running."""
        super().stop()
        if self.process is not None:
            self.process.terminate()
        self.thread.join()


def reason(code: int) -> str:
    """Why a process ended, for operators: `SIGKILL`, `exit 3`."""
    if code >= 0:
        return f"exit {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"


def start_embedded() -> KeptWorker:
    """Start a kept worker as a daemon thread and return it; `stop()` it when the server ends."""
    kept = KeptWorker()
    threading.Thread(target=kept.work, name="kezun-worker", daemon=True).start()
    return kept
