"""Colleagues' faults, appeals and scores are for those who lead, not for whoever works on the same floor."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from kezun.assessment.actions import ledger, runs
from kezun.assessment.models import Appeal, Merit, Score
from kezun.assessment.queries import scores_for
from kezun.assessment.running import run
from kezun.assessment.tests.world import US, installed, rated, scheme_text, together

pytestmark = pytest.mark.django_db
LED, FLOOR = ("outlet_manager", "O1"), ("lobby_manager", "O1")


@pytest.fixture
def told(own_home, bank, person_in):
    """Two tellers of O1 judged over March, one with a complaint and an appeal; the outlet has both too."""
    teller, other = person_in("teller", "O1"), person_in("agent", "O1")
    with together():
        for person in (teller, other):
            rated("O1", "2026-03-10", 20, person=person.code)
    scheme = installed(scheme_text(subject={"kind": "person", "posts": ["teller", "agent"]}))
    made = runs.show_run(US, run(US, scheme, "2026-03"))
    for person in (teller, None):
        ledger.enter_merit(
            *(US, bank["O1"]),
            kind="complaint",
            level="重大",
            occurred_date=timezone.localdate(),
            title="投诉",
            person=person,
        )
    score = Score.objects.get(run=made, person=teller)
    Appeal.objects.create(score=score, rule="csat", unit=bank["O1"], person=teller, grounds="评价器断网了。")
    Appeal.objects.create(score=score, rule="answered", unit=bank["O1"], grounds="叫号机断网了。")
    return made


@pytest.mark.parametrize(
    ("who", "merits", "appeals", "scores"),
    [(LED, 2, 2, 2), (FLOOR, 1, 1, 0), (("teller", "O1"), 1, 1, 1), (("teller", "O2"), 0, 0, 0)],
)
def test_who_sees_what_about_people(told, person_in, who, merits, appeals, scores):
    person = person_in(*who)
    assert Merit.objects.visible_to(person).count() == merits
    assert Appeal.objects.visible_to(person).count() == appeals
    assert scores_for(person, told).count() == scores


def test_heads_and_auditors_see_them_from_above_and_beside_nobody(told, person_in):
    for role, unit, number in (("unit_head", "P1", 2), ("auditor", "HO", 2), ("unit_head", "P2", 0)):
        person = person_in(role, unit)
        assert Appeal.objects.visible_to(person).count() == number
        assert scores_for(person, told).count() == number


def test_whoever_entered_something_goes_on_seeing_it(told, bank, person_in):
    clerk = person_in("operations_supervisor", "O2")
    made = ledger.enter_merit(
        *(clerk, bank["O2"]),
        kind="complaint",
        level="重大",
        occurred_date=timezone.localdate() - dt.timedelta(days=1),
        title="投诉",
    )
    clerk.assignments.update(unit=bank["O3"])
    again = type(clerk).objects.get(pk=clerk.pk)
    assert list(Merit.objects.visible_to(again)) == [made]
