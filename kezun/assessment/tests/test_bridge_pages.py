"""The bridge: one period under two editions of a scheme."""

import pytest

from kezun.assessment import running
from kezun.assessment.models import Run
from kezun.assessment.tests import world
from kezun.assessment.tests.desk import address, body

pytestmark = pytest.mark.django_db


def test_the_bridge_judges_one_period_by_both(visit, office, judged):
    later = world.scheme_text(version="2027.1", valid={"from": "2027-01-01"}, supersedes="2026.1", base=5)
    after = world.installed(later)
    client = visit(office)
    said = {"before": judged.pk, "after": after.pk, "period": "2026-03"}
    assert "2 of the two runs are not there yet" in body(client.get(address("bridge"), said))
    answer = client.post(address("make_bridge"), said)
    assert Run.objects.filter(kind="what_if").count() == 2
    client.post(address("make_bridge"), said)
    assert Run.objects.count() == 2
    assert "The bridge is being computed" in body(client.get(answer["Location"]))
    asks = {"headers": {"HX-Request": "true"}}
    assert "HX-Refresh" not in client.get(answer["Location"], **asks)
    for run in Run.objects.all():
        running.carry_out(run)
    assert client.get(answer["Location"], **asks)["HX-Refresh"] == "true"
    page = body(client.get(answer["Location"]))
    assert "Judged by both" in page
    assert "+5.00" in page
    assert "every 2s" not in page


def test_a_bridge_needs_two_editions_of_one_scheme(visit, office, judged):
    client = visit(office)
    assert "No scheme has two editions yet" in body(client.get(address("bridge")))
    other = world.installed(world.scheme_text(id="urn:kezun:scheme:other"))
    page = body(client.get(address("bridge"), {"before": judged.pk, "after": other.pk, "period": "x"}))
    assert "Choose two editions of the same scheme." in page
    assert client.post(address("make_bridge"), {"before": "x"})["Location"] == address("bridge")
    assert client.get(address("bridge"), {"before": judged.pk, "after": 10**17}).status_code == 404
