"""The supervisor's board: what it counts, that each number opens the list it counts, who sees it."""

from __future__ import annotations

import datetime as dt
import html
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from kezun.cases import actions
from kezun.cases.models import Case, Clock, Firing
from kezun.cases.overview import COUNTED, list_of, overview


@pytest.fixture
def some(world, opened):
    now = timezone.now()
    late = opened()
    soon = opened(actor="other", unit="O2")
    fro = opened()
    far = opened(actor="far", unit="O3")
    ended = actions.do(world["lobby"], opened(), "withdraw", {"reason": "撤回"})
    Case.objects.update(act_by_at=now + dt.timedelta(days=9))
    Case.objects.filter(pk=late.pk).update(act_by_at=now - dt.timedelta(days=1), level=2)
    Case.objects.filter(pk=soon.pk).update(act_by_at=now + dt.timedelta(days=1))
    Case.objects.filter(pk=fro.pk).update(returns=2)
    Case.objects.filter(pk=ended.pk).update(act_by_at=now - dt.timedelta(days=3), returns=3)
    return {"late": late, "soon": soon, "fro": fro, "far": far}


def test_what_is_counted(world, some):
    found = overview(world["office"], timezone.now())
    assert found.whole.counts == {"count": 4, "late": 1, "soon": 1, "returned": 1, "escalated": 1}
    assert [(t.code, t.counts["count"]) for t in found.units] == [("O1", 2), ("O2", 1), ("O3", 1)]
    assert [(t.code, t.name, t.counts["count"]) for t in found.kinds] == [("trial", "试验事项", 4)]
    assert overview(world["sub"], timezone.now()).whole.counts["count"] == 3
    assert overview(world["far"], timezone.now()).whole.counts["count"] == 1
    assert overview(world["teller"], timezone.now()).whole.counts["count"] == 0


@pytest.mark.parametrize("who", ["office", "supervisor", "manager"])
def test_every_number_opens_the_list_that_it_counts(client, world, some, who):
    client.force_login(world[who])
    page = client.get("/cases/board/").content.decode()
    links = {html.unescape(h): int(n) for h, n in re.findall(r'<td[^>]*><a href="([^"]+)">(\d+)</a>', page)}
    tiles = re.findall(r'k-tile-link" href="([^"]+)".*?k-tile-value">(\d+)<', page, flags=re.DOTALL)
    links |= {html.unescape(h): int(n) for h, n in tiles}
    assert len(tiles) == len(COUNTED)
    assert len(links) > 8
    for href, n in links.items():
        listed = client.get(href)
        assert listed.context["count"] == n, href


def test_empty_posts_are_named_as_long_as_the_clock_runs(client, world, some):
    now = timezone.now()
    clock = Clock.objects.create(
        **{"case": some["late"], "policy": "p", "start_at": now, "due_at": now, "act_by_at": now}
    )
    for step, climbed in ((1, 0), (2, 2)):
        Firing.objects.create(
            clock=clock, step=step, cycle=0, at=now, unit=world["bank"]["S1"], climbed=climbed
        )
    client.force_login(world["supervisor"])
    page = client.get("/cases/board/").content.decode()
    assert "上升 2 级" in page
    assert some["late"].no in page
    client.force_login(world["far"])
    assert some["late"].no not in client.get("/cases/board/").content.decode()
    Clock.objects.filter(pk=clock.pk).update(state="stopped", stopped_at=now)
    assert not overview(world["office"], now).empty


def test_the_addresses_of_the_lists():
    assert list_of("count") == "/cases/"
    assert list_of("late", owner="O1") == "/cases/?due=late&owner=O1"


def test_the_board_is_for_those_who_lead(client, world):
    client.force_login(world["lobby"])
    assert client.get("/cases/board/").status_code == 403
    client.force_login(world["office"])
    assert "您的范围内没有未办结事项" in client.get("/cases/board/").content.decode()


def test_the_board_takes_few_statements(client, world, some):
    client.force_login(world["supervisor"])
    client.get("/cases/board/")
    with CaptureQueriesContext(connection) as asked:
        client.get("/cases/board/")
    assert len(asked) <= 6
