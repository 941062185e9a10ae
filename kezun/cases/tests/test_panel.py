"""What lies open at a unit stands on the unit's own page, fetched after it."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from kezun.cases.models import Case


def test_open_and_late_cases_lead_to_their_lists(client, world, opened):
    opened()
    late = opened()
    opened(actor="other", unit="O2")
    Case.objects.filter(pk=late.pk).update(act_by_at=timezone.now() - dt.timedelta(days=1))
    client.force_login(world["supervisor"])
    assert 'hx-get="/cases/at/S1/"' in client.get("/units/S1/").content.decode()
    line = client.get("/cases/at/S1/").content.decode()
    assert 'href="/cases/?unit=S1">3 ' in line
    assert 'href="/cases/?unit=S1&amp;due=late">1 ' in line
    assert client.get("/cases/?unit=S1").context["count"] == 3
    assert client.get("/cases/at/O3/").status_code == 404
    client.force_login(world["manager"])
    assert 'href="/cases/?unit=O1">2 ' in client.get("/cases/at/O1/").content.decode()


def test_without_cases_it_says_so(client, world):
    client.force_login(world["supervisor"])
    assert "没有未办结的事项" in client.get("/cases/at/S1/").content.decode()


def test_who_sees_only_their_own_is_told_no_counts(client, world, opened):
    opened()
    client.force_login(world["teller"])
    assert "/cases/at/" not in client.get("/", follow=True).content.decode()
    assert client.get("/cases/at/O1/").status_code == 404
