"""The clock of the tests: they begin at noon of the bank's day, so that no test sees the day turn.

`KEZUN_TEST_NOW` (ISO, with zone) says another moment, to try the suite on another day, or about midnight.
Browsers and other processes know the true time only: what deals with them (`browser`, `drill`, `clock`) runs
at that.
"""

from __future__ import annotations

import datetime as dt
import os
import time
from collections.abc import Iterator
from zoneinfo import ZoneInfo

import pytest
import time_machine

MOMENT = "KEZUN_TEST_NOW"
TRUE = ("browser", "drill", "clock")
BEGUN = time.monotonic()
turned: list[time_machine.travel] = []


def turn() -> None:
    """Sets the clock of this process: from the moment of the suite it goes on as the true one does."""
    moment = dt.datetime.fromisoformat(os.environ[MOMENT]).timestamp() + time.monotonic() - BEGUN
    turned.append(time_machine.travel(moment, tick=True))
    turned[-1].start()


def turn_back() -> None:
    """Gives this process the true time again."""
    while turned:
        turned.pop().stop()


def pytest_configure() -> None:
    """Also while collecting, so that a day taken on import is the tests' own; workers inherit the moment."""
    from django.conf import settings

    noon = dt.datetime.now(ZoneInfo(settings.TIME_ZONE)).replace(hour=12, minute=0, second=0, microsecond=0)
    os.environ.setdefault(MOMENT, noon.isoformat())
    turn()


def pytest_unconfigure() -> None:
    """Whatever is done after the last test is done at the true time."""
    turn_back()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """A test and its fixtures see one clock: that of the suite, or the true one."""
    if not any(item.get_closest_marker(name) for name in TRUE):
        return (yield)
    turn_back()
    try:
        return (yield)
    finally:
        turn()
