"""Whom a scheme judges, and whose facts are whose: units, people, heads, lines, departments, moves."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest

from kezun.assessment.models import Score
from kezun.assessment.queries import result_of
from kezun.assessment.replaying import replay
from kezun.assessment.rules.form import Of
from kezun.assessment.running import run
from kezun.assessment.subjects import names, roster
from kezun.assessment.tests.world import (
    US,
    inspection,
    installed,
    merit,
    rated,
    scheme_text,
    served,
    together,
)
from kezun.facts.rules import Period
from kezun.org.actions import move_unit, open_unit
from kezun.org.models import Assignment, BusinessLine, UnitTag

pytestmark = pytest.mark.django_db
MARCH = Period.parse("2026-03")
DAY = dt.date(2026, 3, 16)


@pytest.fixture
def world(own_home, bank):
    return bank


def judge(subject: dict[str, Any], period: str = "2026-03", **changes: Any) -> dict[str, Score]:
    """Scores by subject key of a scheme of satisfied rate and answer rate over such subjects."""
    made = run(US, installed(scheme_text(subject=subject, **changes)), period)
    assert replay(made).equal
    return {s.subject: s for s in Score.objects.filter(run=made)}


def measured(score: Score) -> tuple[int, int]:
    """Numerator and denominator of the satisfied rate."""
    figure = result_of(score).lines[0].figure
    return figure.numerator, figure.denominator


def test_units_of_a_kind_with_all_that_stood_under_them(world):
    with together():
        rated("O1", "2026-03-02", good=10)
        rated("O2", "2026-03-02", good=5, bad=5)
        rated("O3", "2026-03-02", good=7)
    found = judge({"kind": "unit", "units": ["tier1", "head_office"]})
    assert measured(found[f"unit:{world['P1'].pk}"]) == (15, 20)
    assert measured(found[f"unit:{world['P2'].pk}"]) == (7, 7)
    assert measured(found[f"unit:{world['HO'].pk}"]) == (22, 27)


def test_facts_stay_with_the_branch_under_which_an_outlet_stood_on_their_day(world):
    with together():
        rated("O1", "2026-03-02", good=10)
        rated("O1", "2026-03-20", good=4, bad=4)
    move_unit(US, world["O1"], parent=world["S2"], from_date=DAY)
    found = judge({"kind": "unit", "units": ["tier1"]})
    assert measured(found[f"unit:{world['P1'].pk}"]) == (10, 10)
    assert measured(found[f"unit:{world['P2'].pk}"]) == (4, 8)


def test_people_by_what_they_did_wherever_they_did_it(world, person_in):
    teller, moved = person_in("teller", "O1"), person_in("teller", "O2")
    Assignment.objects.filter(person=moved).update(to_date=DAY - dt.timedelta(days=1))
    Assignment.objects.create(
        person=moved, unit=world["O3"], post=moved.assignments.get().post, from_date=DAY
    )
    with together():
        rated("O1", "2026-03-02", good=10, person=teller.code)
        rated("O2", "2026-03-02", good=8, bad=2, person=moved.code)
        rated("O3", "2026-03-20", good=6, person=moved.code)
    found = judge({"kind": "person", "posts": ["teller"], "peer_group": ["tier1", "post"]})
    assert measured(found[f"person:{moved.pk}"]) == (14, 16)
    assert found[f"person:{moved.pk}"].unit_id == world["O3"].pk
    assert (found[f"person:{teller.pk}"].group, found[f"person:{moved.pk}"].group) == (
        "P1/teller",
        "P2/teller",
    )


def test_heads_by_their_unit_on_the_days_on_which_they_headed_it(world, person_in):
    head = person_in("outlet_manager", "O1")
    Assignment.objects.filter(person=head).update(from_date=DAY)
    before = person_in("outlet_manager", "O2")
    Assignment.objects.filter(person=before).update(unit=world["O1"], to_date=DAY - dt.timedelta(days=1))
    with together():
        rated("O1", "2026-03-02", good=10)
        rated("O1", "2026-03-20", good=4, bad=4)
    found = judge({"kind": "person", "posts": ["outlet_manager"], "by": "unit"})
    assert set(found) == {f"person:{head.pk}"}
    assert measured(found[f"person:{head.pk}"]) == (4, 8)


def test_business_lines_by_their_people_on_each_day(world, person_in):
    lines = [BusinessLine.objects.create(code=code, name=code) for code in ("personal", "corporate")]
    teller = person_in("teller", "O1")
    held = Assignment.objects.filter(person=teller)
    held.update(line=lines[0], to_date=DAY - dt.timedelta(days=1))
    post = held.get().post
    Assignment.objects.create(person=teller, unit=world["O1"], post=post, line=lines[1], from_date=DAY)
    with together():
        rated("O1", "2026-03-02", good=10, person=teller.code)
        rated("O1", "2026-03-20", good=4, bad=4, person=teller.code)
    merit("m1", "O1", "2026-03-20", "complaint", "重大", person=teller.code)
    merit("m2", "O1", "2026-03-20", "complaint", "重大", subject_line="personal")
    rule = {"id": "D1", "title": "投诉", "event": "complaint", "points": {"default": 1}, "cap": 5}
    found = judge({"kind": "line"}, deductions=[rule])
    first, second = (found[f"line:{line.pk}"] for line in lines)
    assert (measured(first), measured(second)) == ((10, 10), (4, 8))
    deducted = {s.line.code: [e.key for x in result_of(s).lines for e in x.events] for s in (first, second)}
    assert deducted == {"personal": ["assessment.merit/m2"], "corporate": ["assessment.merit/m1"]}


def test_departments_are_judged_by_what_concerns_them(world):
    dep = open_unit(US, world["HO"], code="D1", name="运营部", kind="department")
    inspection("v1", "D1", "2026-03-02", 45, 50, "1")
    component = {
        **{"id": "inspect", "title": "服务检查", "weight": 100},
        "source": {"standard": "urn:test:std", "agg": "mean"},
    }
    found = judge({"kind": "department"}, components=[component], grades=None, ranking=None)
    assert {key: f"{s.score:.2f}" for key, s in found.items()} == {f"unit:{dep.pk}": "90.00"}


def test_peer_groups_by_tag_kind_and_line(world, person_in):
    line = BusinessLine.objects.create(code="personal", name="个人")
    teller = person_in("teller", "O1")
    Assignment.objects.filter(person=teller).update(line=line)
    UnitTag.objects.create(unit=world["O1"], tag="大型")
    units = roster(Of("outlet", peers=("tag:大型", "kind", "tier2")), MARCH)
    assert [s.group for s in units.subjects] == ["大型/outlet/C1", "-/outlet/C1", "-/outlet/C2"]
    people = roster(Of("person", posts=("teller",), peers=("line", "kind")), MARCH)
    assert [s.group for s in people.subjects] == ["personal/outlet"]


def test_closed_units_and_people_who_left_are_not_judged(world, person_in):
    gone = person_in("teller", "O2")
    gone.left_date = DAY
    gone.save(update_fields=["left_date"])
    world["O3"].closed_date = DAY
    world["O3"].save(update_fields=["closed_date"])
    assert [s.code for s in roster(Of("outlet"), MARCH).subjects] == ["O1", "O2"]
    assert roster(Of("person", posts=("teller",)), MARCH).subjects == []


def test_names_of_subjects(world, person_in):
    line = BusinessLine.objects.create(code="personal", name="个人")
    teller = person_in("teller", "O1")
    found = roster(Of("outlet"), MARCH).subjects + roster(Of("line"), MARCH).subjects
    found += roster(Of("person", posts=("teller",)), MARCH).subjects
    told = names(found)
    assert told[f"unit:{world['O1'].pk}"] == "机构O1"
    assert (told[f"line:{line.pk}"], told[f"person:{teller.pk}"]) == ("个人", "测teller")


def test_narrowed_and_mixed_components(world):
    with together():
        rated("O1", "2026-03-02", good=90, bad=10, business="对私")
        rated("O1", "2026-03-03", good=5, bad=5, business="对公", **{"class": "V"})
        rated("O2", "2026-03-02", good=9, bad=1, business="对私")
        rated("O2", "2026-03-03", good=60, bad=40, business="对公")
        served("O1", "2026-03-02", 10)
    csat = {"id": "csat", "title": "满意率", "weight": 50, "source": {"indicator": "floor.satisfied_rate"}}
    line = {"kind": "linear", "from": [0, 1], "to": [0, 100]}
    private = csat | {"id": "own", "source": csat["source"] | {"business": "对私"}, "transform": line}
    mixed = csat | {"id": "mix", "estimator": {"kind": "casemix", "casemix": ["business"]}, "transform": line}
    found = judge({"kind": "outlet"}, components=[private, mixed], grades=None, ranking=None)
    lines = {x.id: x.figure for x in result_of(found[f"unit:{world['O1'].pk}"]).lines if x.figure}
    assert (lines["own"].numerator, lines["own"].denominator) == (90, 100)
    assert (lines["mix"].numerator, lines["mix"].denominator) == (95, 110)
    assert lines["mix"].estimate < lines["mix"].value


def test_gates_leave_out_and_exposure_divides(world):
    with together():
        rated("O1", "2026-03-02", good=10)
        rated("O2", "2026-03-02", good=10)
        served("O1", "2026-03-02", 12)
        served("O2", "2026-03-02", 200)
    merit("m1", "O2", "2026-03-05", "complaint", "重大")
    text = scheme_text(
        deductions=[
            {
                **{"id": "D1", "title": "投诉", "event": "complaint", "points": {"default": 6}, "cap": 8},
                "rate_per": {"exposure": "floor.tickets", "unit": 100},
            }
        ]
    ).replace("  transform:", "  gates:\n  - {indicator: floor.rating_coverage, min: 0.3}\n  transform:", 1)
    made = run(US, installed(text), "2026-03")
    found = {s.unit.code: result_of(s) for s in Score.objects.filter(run=made).select_related("unit")}
    assert [x.state for x in found["O1"].lines[:2]] == ["scored", "scored"]
    assert (found["O2"].lines[0].state, found["O2"].flags) == ("gated", ("csat",))
    [line] = [x for x in found["O2"].lines if x.kind == "deduction"]
    assert (line.points, line.exposure) == (-3, 200.0)


def test_an_inspections_veto_caps_the_grade(world):
    with together():
        rated("O1", "2026-03-02", good=50)
        served("O1", "2026-03-02", 50)
    inspection("v1", "O1", "2026-03-02", 45, 50, "1", veto=True)
    veto = {
        "id": "V1",
        "title": "检查否决",
        "when": {"standard": "urn:test:std"},
        "effect": {"grade_cap": "达标"},
    }
    found = judge({"kind": "outlet"}, vetoes=[veto])[f"unit:{world['O1'].pk}"]
    assert (found.grade, found.capped, found.vetoes) == ("达标", "优秀", 1)


def test_a_period_over_two_editions_is_split_by_the_day_of_each_fact(world):
    with together():
        rated("O1", "2026-03-02", good=10)
        rated("O1", "2026-03-20", good=5, bad=5)
        served("O1", "2026-03-02", 10)
        served("O1", "2026-03-20", 5, 5)
    merit("m1", "O1", "2026-03-02", "complaint", "重大", incident="I1")
    merit("m2", "O1", "2026-03-20", "complaint", "重大", incident="I1")
    rule = {"id": "D1", "title": "投诉", "event": "complaint", "points": {"default": 1}, "cap": 5}
    stricter = rule | {"points": {"default": 4}}
    installed(scheme_text(version="1", valid={"from": "2025-01-01", "to": "2026-03-16"}, deductions=[rule]))
    later = installed(scheme_text(version="2", valid={"from": "2026-03-16"}, deductions=[stricter]))
    made = run(US, later, "2026-03")
    result = result_of(Score.objects.get(run=made, unit=world["O1"]))
    lines = {(x.id, x.version): x for x in result.lines}
    assert (lines["csat", "1"].figure.n, lines["csat", "2"].figure.n) == (10, 10)
    assert lines["csat", "1"].weight + lines["csat", "2"].weight == 60
    assert (lines["D1", "1"].points, lines["D1", "2"].points) == (-1, 0)
    assert replay(made).equal


def test_a_pinned_period_is_judged_by_the_edition_of_its_first_day(world):
    with together():
        rated("O1", "2026-03-20", good=10)
        served("O1", "2026-03-20", 10)
    pinned = {"period": {"straddle": "pin_start"}}
    installed(scheme_text(version="1", valid={"from": "2025-01-01", "to": "2026-03-16"}, **pinned))
    later = installed(scheme_text(version="2", valid={"from": "2026-03-16"}, **pinned))
    made = run(US, later, "2026-03")
    assert [e["version"] for e in made.inputs["scheme"]["editions"]] == ["1"]
    assert run(US, later, "2026-04").inputs["scheme"]["editions"][0]["version"] == "2"
