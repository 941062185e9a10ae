"""Six questions to two quarters and two editions of a standard: as published, and as known now."""

from __future__ import annotations

import pytest

from kezun.assessment import packing
from kezun.assessment.models import Run, Score
from kezun.assessment.replaying import replay
from kezun.assessment.running import run
from kezun.assessment.tests.world import US, inspected, inspection, installed, known_since, moment

pytestmark = pytest.mark.django_db


@pytest.fixture
def visits(own_home, bank):
    """2025-12-20 by the edition of 90 points, share .9, known 12-21; upheld on appeal, known 2026-02-10;
    2026-01-15 by the edition of 65 points, share .8, known 01-16."""
    inspection("v1", "O1", "2025-12-20", 81, 90, "2.0")
    known_since("inspection", "2025-12-21")
    inspection("v2", "O1", "2026-01-15", 52, 65, "3.0")
    known_since("inspection", "2026-01-16")
    inspection("v1", "O1", "2025-12-20", 90, 90, "2.0")
    known_since("inspection", "2026-02-10")
    return installed(inspected())


def asked(scheme, period: str, known: str | None = None) -> tuple[list[tuple[str, int, int]], Score, Run]:
    """Editions with points earned and possible of O1's only component."""
    made = run(US, scheme, period, known_at=moment(known) if known else None)
    score = Score.objects.get(run=made, unit__code="O1")
    [line] = [x for x in packing.unpack(score.lines).lines if x.kind == "component"]
    shares = [(s.version, s.earned_e4 // 10_000, s.possible_e4 // 10_000) for s in line.figure.shares]
    return shares, score, made


@pytest.mark.parametrize(
    ("period", "known", "shares", "score"),
    [
        ("2025-Q4", "2026-01-05", [("2.0", 81, 90)], "90.00"),
        ("2025-Q4", None, [("2.0", 90, 90)], "100.00"),
        ("2025-Q4", "2026-02-09", [("2.0", 81, 90)], "90.00"),
        ("2026-Q1", None, [("3.0", 52, 65)], "80.00"),
        ("2026-Q1", "2026-01-15", [], None),
        ("2025-10-01..2026-03-31", None, [("2.0", 90, 90), ("3.0", 52, 65)], "91.61"),
    ],
)
def test_each_question_has_its_answer(visits, period, known, shares, score):
    found, row, _run = asked(visits, period, known)
    assert found == shares
    assert (None if row.score is None else f"{row.score:.2f}") == score
    assert (row.why == "") == (score is not None)


def test_a_stored_run_stays_and_replays_equal_after_the_appeal(visits):
    _shares, before, made = asked(visits, "2025-Q4", "2026-02-09")
    asked(visits, "2025-Q4")
    again = replay(made)
    assert (again.equal, again.differences, again.notes) == (True, [], [])
    before.refresh_from_db()
    assert f"{before.score:.2f}" == "90.00"


def test_the_same_knowledge_gives_the_same_hashes(visits):
    first, second = asked(visits, "2025-Q4", "2026-01-05")[2], asked(visits, "2025-Q4", "2026-02-09")[2]
    assert (first.inputs_hash, first.result_hash) == (second.inputs_hash, second.result_hash)
    assert asked(visits, "2025-Q4")[2].inputs_hash != first.inputs_hash
