"""What came before a period: across a year's end, over a gap, by the run that counts; stars in a row."""

from __future__ import annotations

import datetime as dt

import pytest

from kezun.assessment import proposing
from kezun.assessment.models import Run
from kezun.assessment.pages.rounds import choices, halves
from kezun.assessment.queries import history, scorecard
from kezun.assessment.running import run
from kezun.assessment.telling import half_of
from kezun.assessment.tests.world import US, installed, rated, scheme_text
from kezun.facts.rules import Period

STARS = [{"stars": 2, "min": 1, "periods": 2}, {"stars": 1, "min": 1}]
ROWS = {
    "months over New Year": ("2025-12", "2026-01"),
    "quarters over New Year": ("2025-Q4", "2026-Q1"),
    "years": ("2025", "2026"),
    "weeks over New Year": ("2025-W52", "2026-W01"),
    "spans of as many days": ("2025-12-22..2025-12-31", "2026-01-01..2026-01-10"),
}


def judge(scheme, period, good=90, **more):
    """A run after ratings on the first day of its period, so that each period has facts of its own."""
    day = Period.parse(period).start.isoformat()
    rated("O1", day, good, 100 - good)
    return run(US, scheme, period, **more)


@pytest.fixture
def scheme(own_home, bank):
    return installed(scheme_text(stars=STARS, ranking=None, period={"cadence": ["any"]}))


@pytest.mark.django_db
@pytest.mark.parametrize("name", ROWS)
def test_the_period_before_is_found_and_what_moved_is_the_difference(scheme, name):
    first, second = (judge(scheme, p, good) for p, good in zip(ROWS[name], (80, 95), strict=True))
    card = scorecard(US, second, "O1")
    assert card.before.run_id == first.pk
    assert card.moved == card.score - card.before.score > 0
    assert {one.stars for one in proposing.starred(second) if one.score.unit.code == "O1"} == {2}
    assert [p.period for p in history(US, scheme.urn, card.row.subject)] == list(ROWS[name])


@pytest.mark.django_db
def test_a_period_left_out_ends_the_row(scheme):
    judge(scheme, "2026-01")
    card = scorecard(US, judge(scheme, "2026-03"), "O1")
    assert (card.before, card.moved) == (None, None)
    assert {one.stars for one in proposing.starred(card.run) if one.score.unit.code == "O1"} == {1}


@pytest.mark.django_db
def test_a_what_if_run_is_no_period_before(scheme):
    judge(scheme, "2026-02", what_if={"components.csat.weight": "10"})
    assert scorecard(US, judge(scheme, "2026-03"), "O1").before is None
    assert Run.objects.filter(kind="what_if").count() == 1


@pytest.mark.django_db
def test_of_two_runs_of_the_period_before_the_last_counts(scheme):
    old = judge(scheme, "2026-02", 40)
    new = judge(scheme, "2026-02", 99)
    card = scorecard(US, judge(scheme, "2026-03"), "O1")
    assert card.before.run_id == new.pk != old.pk
    points = history(US, scheme.urn, card.row.subject)
    assert [(p.period, p.run) for p in points] == [("2026-02", new.pk), ("2026-03", card.run.pk)]


@pytest.mark.django_db
def test_the_sum_of_what_moved_line_by_line_is_what_the_score_moved(scheme):
    judge(scheme, "2026-02", 60)
    card = scorecard(US, judge(scheme, "2026-03", 97), "O1")
    assert sum(line.moved for line in card.lines if line.moved is not None) == card.moved


@pytest.mark.parametrize(
    ("day", "told"),
    {
        "first day of a year": ("2026-01-01", ["2025-07-01..2025-12-31", "2025-01-01..2025-06-30"]),
        "last of June": ("2026-06-30", ["2025-07-01..2025-12-31", "2025-01-01..2025-06-30"]),
        "first of July": ("2026-07-01", ["2026-01-01..2026-06-30", "2025-07-01..2025-12-31"]),
        "last of August": ("2026-08-31", ["2026-01-01..2026-06-30", "2025-07-01..2025-12-31"]),
        "leap day": ("2028-02-29", ["2027-07-01..2027-12-31", "2027-01-01..2027-06-30"]),
        "last of a year": ("2026-12-31", ["2026-01-01..2026-06-30", "2025-07-01..2025-12-31"]),
    }.values(),
)
def test_half_years_to_choose_from(day, told):
    at = dt.date.fromisoformat(day)
    assert halves(at) == [*told, half_of(at)]


@pytest.mark.parametrize("day", ["2026-01-01", "2026-03-31", "2026-05-31", "2028-02-29", "2026-12-31"])
def test_every_choice_is_a_period_the_last_full_one_first_and_the_present_one_last(day):
    at = dt.date.fromisoformat(day)
    for _title, labels in choices(at):
        spans = [Period.parse(label) for label in labels]
        assert len(set(labels)) == len(labels)
        assert spans[-1].start <= at <= spans[-1].end
        assert spans[0].end + dt.timedelta(days=1) == spans[-1].start
        past = spans[:-1]
        assert [one.end for one in past] == sorted((one.end for one in past), reverse=True)
