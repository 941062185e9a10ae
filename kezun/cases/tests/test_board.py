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
from kezun.cases.overview import COUNTED, MANY, empty_posts, list_of, overview


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


# --- the same as asked plainly, whoever looks ---


@pytest.fixture
def climbed(world, opened):
    """Steps of many clocks: some climbed, some clocks stopped, some stand still, some cases ended."""
    now, units = timezone.now(), ("O1", "O2", "O3")
    for at in range(24):
        case = opened(actor="office", unit=units[at % 3], owner=units[(at // 3) % 3])
        state = ("running", "running", "paused", "stopped")[at % 4]
        clock = Clock.objects.create(
            **{"case": case, "policy": "p", "start_at": now, "due_at": now, "act_by_at": now, "state": state},
            stopped_at=now if state == "stopped" else None,
        )
        for step in range(3):
            moment = now - dt.timedelta(minutes=(at * 7 + step * 5) % 60)
            unit = world["bank"]["S1"] if step else None
            Firing.objects.create(
                clock=clock, step=step, cycle=0, at=moment, unit=unit, climbed=(at + step) % 3
            )
        if at % 5 == 0:
            Case.objects.filter(pk=case.pk).update(open=False, state="withdrawn")
        if at % 7 == 0:
            Case.objects.filter(pk=case.pk).update(handler=world["far"])
    return world


PEOPLE = ("office", "auditor", "supervisor", "sub", "manager", "other", "far", "lobby", "teller")


@pytest.mark.parametrize("who", PEOPLE)
@pytest.mark.parametrize("most", [5, 50])
@pytest.mark.parametrize("open_cases", [0, MANY], ids=["few", "many"])
def test_empty_posts_are_those_of_open_cases_that_one_sees_the_latest_first(
    climbed, monkeypatch, who, most, open_cases
):
    """From whichever end they are looked for."""
    monkeypatch.setattr("kezun.cases.overview.MOST_EMPTY", most)
    seen = set(Case.objects.visible_to(climbed[who]).filter(open=True).values_list("pk", flat=True))
    rows = Firing.objects.filter(climbed__gt=0).exclude(clock__state="stopped").select_related("clock")
    wanted = sorted((f for f in rows if f.clock.case_id in seen), key=lambda f: (f.at, f.pk), reverse=True)
    assert [one.pk for one in empty_posts(climbed[who], open_cases)] == [one.pk for one in wanted[:most]]
    if who == "office":
        assert len(wanted) > 5


@pytest.mark.parametrize("open_cases", [0, MANY], ids=["few", "many"])
def test_what_the_board_shows_of_an_empty_post_is_read_with_it(
    climbed, django_assert_num_queries, open_cases
):
    found = empty_posts(climbed["office"], open_cases)
    with django_assert_num_queries(0):
        assert all(one.clock.case.no and one.clock.case.title and one.climbed for one in found)
        assert {one.unit.title for one in found if one.unit} == {climbed["bank"]["S1"].title}


@pytest.mark.parametrize("who", PEOPLE)
def test_the_counts_are_those_of_the_cases_one_sees(climbed, some, who):
    now = timezone.now()
    seen = Case.objects.visible_to(climbed[who]).filter(open=True)
    found = overview(climbed[who], now)
    assert found.whole.counts["count"] == seen.count()
    assert found.whole.counts["late"] == seen.filter(act_by_at__lt=now).count()
    assert {t.code: t.counts["count"] for t in found.units} == {
        code: seen.filter(owner_unit__code=code).count()
        for code in set(seen.values_list("owner_unit__code", flat=True))
    }


def test_the_board_has_indexes_of_its_own(db):
    """The counts are read from an index alone; steps that climbed are found without those that did not."""
    with connection.cursor() as cursor:
        for model, name, columns in (
            (Case, "case_board", 12),
            (Firing, "firing_climbed", 4),
        ):
            held = connection.introspection.get_constraints(cursor, model._meta.db_table)
            assert held[name]["index"]
            assert len(held[name]["columns"]) == columns
