"""A kind whose clocks run: the first contact, the decision, and one in working minutes that may pause."""

from __future__ import annotations

import datetime as dt
from unittest import mock
from zoneinfo import ZoneInfo

from django.utils import timezone

from kezun.cases.tests.conftest import KIND
from kezun.kernel.actor import SystemActor
from kezun.org import shipped
from kezun.org.models import Calendar

SHANGHAI = ZoneInfo("Asia/Shanghai")
CLOCKS = """
clocks:
  - {policy: complaint_contact, stops: [contact], ladder: service}
  - {policy: complaint_decision, stops: [answer], restarts: [supplement], ladder: service}
"""
TIMED = KIND.replace("id: trial", "id: timed", 1).replace("\nfields:", CLOCKS + "fields:")


def at(text: str) -> dt.datetime:
    """A moment of the bank's zone."""
    return dt.datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def now_is(text: str):
    """Everything that asks for the time is told this one."""
    return mock.patch.object(timezone, "now", return_value=at(text).astimezone(dt.UTC))


def official() -> Calendar:
    """The official calendar, as it came in January 2026."""
    with now_is("2026-01-05T09:00"):
        shipped.install_all(SystemActor("test"))
    return Calendar.objects.get(code="cn")
