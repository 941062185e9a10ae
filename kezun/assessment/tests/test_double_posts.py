"""People with two posts at once: what their units and lines did still counts once."""

from __future__ import annotations

import datetime as dt

import pytest

from kezun.assessment.models import Score
from kezun.assessment.queries import result_of
from kezun.assessment.running import run
from kezun.assessment.tests.world import US, installed, rated, scheme_text, together
from kezun.org.models import Assignment, BusinessLine

pytestmark = pytest.mark.django_db
DAY = dt.date(2026, 3, 16)


def rates(subject):
    """Numerator and denominator of the satisfied rate by subject key, over March."""
    made = run(US, installed(scheme_text(subject=subject)), "2026-03")
    told = {s.subject: result_of(s).lines[0].figure for s in Score.objects.filter(run=made)}
    return {key: (one.numerator, one.denominator) for key, one in told.items()}


def test_a_branch_head_who_also_heads_an_outlet_below(own_home, bank, person_in):
    head = person_in("unit_head", "P1")
    post = head.assignments.get().post
    Assignment.objects.create(person=head, unit=bank["O1"], post=post, from_date=DAY)
    with together():
        rated("O1", "2026-03-20", good=10)
        rated("O2", "2026-03-20", good=4, bad=4)
    found = rates({"kind": "person", "posts": ["unit_head"], "by": "unit"})
    assert found == {f"person:{head.pk}": (14, 18)}


def test_two_posts_in_one_line_are_one_member(own_home, bank, person_in):
    line = BusinessLine.objects.create(code="personal", name="个人")
    teller = person_in("teller", "O1")
    Assignment.objects.filter(person=teller).update(line=line)
    post = teller.assignments.get().post
    Assignment.objects.create(person=teller, unit=bank["O2"], post=post, line=line, from_date=DAY)
    with together():
        rated("O1", "2026-03-02", good=3, person=teller.code)
        rated("O1", "2026-03-20", good=5, bad=5, person=teller.code)
    assert rates({"kind": "line"}) == {f"line:{line.pk}": (8, 13)}
