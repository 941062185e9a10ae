"""The shipped scheme of business lines: judged by what their people did on the days they belonged to them."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from kezun.assessment import shipped
from kezun.assessment.cards import evidence
from kezun.assessment.models import Score
from kezun.assessment.running import run
from kezun.assessment.scorecards import scorecard
from kezun.assessment.tests import world
from kezun.org.models import Assignment, BusinessLine

pytestmark = pytest.mark.django_db
FILE = "tiaoxian-jidu-2026.1.yaml"


@pytest.fixture
def scheme(own_home, bank, person_in):
    """Retail served well by one teller of O1, corporate badly by one of O3; wealth has nobody."""
    for code, unit, bad in (("retail", "O1", 2), ("corporate", "O3", 6)):
        line = BusinessLine.objects.create(code=code, name=code)
        teller = person_in("teller", unit)
        Assignment.objects.filter(person=teller).update(line=line)
        with world.together():
            world.served(unit, "2026-03-10", 100, person=teller.code)
            world.rated(unit, "2026-03-10", 100 - bad, bad, person=teller.code)
    BusinessLine.objects.create(code="wealth", name="wealth")
    return world.installed((shipped.FOLDER / FILE).read_text(encoding="utf-8"))


def scores(made):
    return {s.line.code: s for s in Score.objects.filter(run=made).select_related("line")}


def test_each_line_is_judged_by_its_people(scheme):
    found = scores(run(world.US, scheme, "2026-03"))
    assert set(found) == {"retail", "corporate", "wealth"}
    assert found["retail"].score > found["corporate"].score
    assert (found["wealth"].score, found["wealth"].n) == (None, 0)
    assert found["retail"].n >= 98


def test_the_points_are_plainly_examples(scheme):
    [made] = [form for form, _text in shipped.shipped() if form.id.endswith(":tiaoxian-jidu")]
    assert made.example
    assert "示例" in made.title
    assert "example" in made.title_en
    assert Path(shipped.FOLDER / FILE).read_text(encoding="utf-8").startswith("# Example of the product")


def test_who_changed_the_line_counts_for_each_on_its_days(scheme, bank):
    held = Assignment.objects.get(person__code__contains="O1", line__code="retail")
    corporate = BusinessLine.objects.get(code="corporate")
    before = scores(run(world.US, scheme, "2026-03"))
    held.to_date = dt.date(2026, 3, 9)
    held.save()
    told = {"person": held.person, "unit": bank["O1"], "post": held.post, "line": corporate}
    Assignment.objects.create(**told, from_date=dt.date(2026, 3, 10))
    after = scores(run(world.US, scheme, "2026-03"))
    assert (after["retail"].score, after["retail"].n) == (None, 0)
    assert after["corporate"].n > before["corporate"].n
    assert after["corporate"].score > before["corporate"].score


def test_the_scorecard_of_a_line_opens_line_by_line_for_who_sees_the_bank(scheme, visit, person_in):
    made = run(world.US, scheme, "2026-03")
    office = person_in("service_office", "HO")
    row = scores(made)["retail"]
    page = visit(office).get(f"/scorecards/{made.pk}/{row.subject}/")
    assert page.status_code == 200
    card = scorecard(office, made, row.subject)
    assert sum(line.points for line in card.lines) == card.score
    assert all(evidence(line) == "" for line in card.lines)  # facts of a line lie in no one unit
    assert visit(person_in("teller", "O2")).get(f"/scorecards/{made.pk}/{row.subject}/").status_code == 404
