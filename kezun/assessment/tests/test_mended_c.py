"""Bugs that were found in use, each as it was seen."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from kezun.assessment import proposing
from kezun.assessment.cli import scheme_group
from kezun.assessment.models import Run
from kezun.assessment.rules.steps import before
from kezun.assessment.running import run as judge
from kezun.assessment.scorecards import scorecard
from kezun.assessment.tests import world
from kezun.assessment.tests.showing import client_of, facts, shown, text_of
from kezun.facts.rules import Period

pytestmark = pytest.mark.django_db


@pytest.fixture
def office(own_home, bank, person_in):
    return person_in("service_office", "HO")


@pytest.mark.parametrize("key", ["K-2026-17", "{0B5E6E2C-3F0E-4E0F-9B8C-0D5E1F3A2B4C}", "f" * 32])
def test_a_scorecard_shows_events_that_the_ledger_does_not_know(office, key):
    facts()
    world.merit(key, "O1", "2026-03-05", "complaint", "一般")
    made, client = shown(), client_of(office)
    for page in ("", "lines/D1/"):
        assert "2026-03-05" in text_of(client, f"/scorecards/{made.pk}/O1/{page}")
    for page in ("pdf", "excel"):
        assert client.get(f"/scorecards/{made.pk}/O1/{page}/").status_code == 200


@pytest.mark.parametrize(
    ("period", "told"),
    [
        ("2026-01-01..2026-06-30", "2025-07-01..2025-12-31"),
        ("2025-07-01..2025-12-31", "2025-01-01..2025-06-30"),
        ("2026-01-01..2026-01-10", "2025-12-22..2025-12-31"),
        ("2026-Q1", "2025-Q4"),
    ],
)
def test_the_period_before_a_half_year_is_the_other_half(period, told):
    assert before(Period.parse(period)).label == told


def test_two_halves_count_in_a_row(own_home, bank):
    text = world.scheme_text(
        stars=[{"stars": 2, "min": 1, "periods": 2}, {"stars": 1, "min": 1}], period={"cadence": "half"}
    )
    scheme = world.installed(text)
    for day, good in (("2025-08-04", 170), ("2026-02-03", 195)):
        world.served("O1", day, 200)
        world.rated("O1", day, good, 200 - good)
    halves = ("2025-07-01..2025-12-31", "2026-01-01..2026-06-30")
    first, second = (judge(world.US, scheme, half, kind=Run.Kind.FINAL, opens=True) for half in halves)
    assert [one.stars for one in proposing.starred(second)] == [2]
    card = scorecard(world.US, second, "O1")
    assert card.before is not None and card.before.run_id == first.pk
    assert card.moved is not None and card.moved > 0


def test_a_scheme_that_is_not_utf_8_is_a_mistake_in_use(office, tmp_path):
    path = tmp_path / "scheme.yaml"
    path.write_bytes("标题".encode("gb18030"))
    told = CliRunner().invoke(scheme_group, ["install", str(path)])
    assert (told.exit_code, str(path) in told.output, "utf-8" in told.output) == (2, True, True)
