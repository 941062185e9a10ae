"""A period that two editions judge: caps, once-only rules, exposure, vetoes and floors hold for all of it."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kezun.assessment import packing
from kezun.assessment.rules.combining import Part, combine, parts_of
from kezun.assessment.rules.form import Adjustment, Exposure, Grade, Scheme, Veto
from kezun.assessment.rules.lines import Event, Figure, Line, Result
from kezun.assessment.rules.reading import read
from kezun.assessment.tests.making import parts, schemes
from kezun.assessment.tests.world import scheme_text

D = Decimal
BASIC = read(scheme_text())
GOOD = {"csat": Figure(1.0, 100, 100, 100, 1.0, 0.01), "answered": Figure(0.9, 90, 100, 100, 0.9, 0.01)}
HALF = D("0.5")


def rule(**changes: object) -> Adjustment:
    known: dict[str, object] = {"points": (("重大", D(3)),), "cap": D(4)}
    return Adjustment("D1", "投诉", "complaint", **(known | changes))


def event(key: str, **more: str) -> Event:
    return Event(key, "complaint", "2026-01-01", "重大", **({"responsibility": "responsible"} | more))


def edition(version: str, **changes: object) -> Scheme:
    return replace(BASIC, version=version, **changes)


def part(scheme: Scheme, *found: Event, share: Decimal = HALF, **more: object) -> Part:
    return Part(scheme, GOOD, events=found, share=share, **more)


def deducted(result: Result) -> list[Decimal]:
    return [line.points for line in result.lines if line.kind == "deduction"]


def test_a_rule_takes_no_more_than_its_cap_over_the_whole_period():
    first, second = edition("1", deductions=(rule(),)), edition("2", deductions=(rule(),))
    result = combine([part(first, event("a")), part(second, event("b"), event("c"))])
    assert deducted(result) == [-3, -1]
    assert result.score == 96


def test_where_the_later_cap_is_lower_nothing_more_is_taken():
    first, second = edition("1", deductions=(rule(),)), edition("2", deductions=(rule(cap=D(2)),))
    result = combine([part(first, event("a")), part(second, event("b"))])
    assert deducted(result) == [-3, 0]
    assert [line.state for line in result.lines if line.kind == "deduction"] == ["counted", "none"]


def test_another_rule_has_its_own_cap():
    first = edition("1", deductions=(rule(),))
    second = edition("2", deductions=(replace(rule(), id="D2"),))
    assert deducted(combine([part(first, event("a")), part(second, event("b"))])) == [-3, -3]


def test_an_addition_could_give_its_cap_once():
    one = replace(rule(), id="A1", attributed=False)
    first, second = edition("1", additions=(one,), most=D(110)), edition("2", additions=(one,), most=D(110))
    result = combine([part(first, event("a")), part(second, event("b"))])
    lines = [line for line in result.lines if line.kind == "addition"]
    assert [(line.points, line.possible) for line in lines] == [(3, 4), (1, 1)]


def test_what_counts_once_counts_once_in_the_period():
    told = rule(once=True, cap=D(20))
    result = combine(
        [
            part(edition("1", deductions=(told,)), event("a")),
            part(edition("2", deductions=(told,)), event("b")),
        ]
    )
    assert deducted(result) == [-3, 0]
    assert [e.state for line in result.lines for e in line.events] == ["counted", "once"]


def test_points_by_exposure_are_by_the_exposure_of_the_whole_period():
    """Two complaints on 20,000 turns are one per 10,000, however many editions judged them."""
    told = rule(per=Exposure("floor.tickets", D(10000)), cap=D(20))
    tickets = {"floor.tickets": 10_000.0}
    whole = combine(
        [
            part(
                *(edition("1", deductions=(told,)), event("a"), event("b")),
                share=D(1),
                exposures={"floor.tickets": 20_000.0},
            )
        ]
    )
    split = combine(
        [
            part(edition("1", deductions=(told,)), event("a"), exposures=tickets),
            part(edition("2", deductions=(told,)), event("b"), exposures=tickets),
        ]
    )
    assert whole.score == split.score == 97
    assert [line.exposure for line in split.lines if line.kind == "deduction"] == [20_000.0, 20_000.0]


def test_an_edition_that_asks_for_no_exposure_lends_none():
    told = rule(per=Exposure("floor.tickets", D(10000)), cap=D(20))
    result = combine(
        [
            part(edition("1", deductions=(rule(cap=D(20)),)), event("a")),
            part(edition("2", deductions=(told,)), event("b"), exposures={"floor.tickets": 30_000.0}),
        ]
    )
    assert deducted(result) == [-3, -1]


def test_a_veto_counts_its_incidents_over_the_whole_period():
    told = Veto("V1", "两次", event="complaint", count=2, grade_cap="良好")
    one, two = edition("1", vetoes=(told,)), edition("2", vetoes=(told,))
    held = combine([part(one, event("a")), part(two, event("b"))])
    assert (held.vetoes, held.grade, held.capped) == (("V1",), "良好", "优秀")
    same = combine([part(one, event("a", incident="I")), part(two, event("b", incident="I"))])
    assert (same.vetoes, same.grade) == ((), "优秀")


def test_a_veto_caps_by_the_edition_in_which_it_held():
    """The edition of the day says what a veto leads to; a harsher later one did not judge it."""
    mild = Veto("V1", "检", standard="urn:s", grade_cap="良好")
    harsh = replace(mild, grade_cap="不达标")
    first, second = edition("1", vetoes=(mild,)), edition("2", vetoes=(harsh,))
    assert combine([part(first, vetoes=("urn:s",)), part(second)]).grade == "良好"
    assert combine([part(first), part(second, vetoes=("urn:s",))]).grade == "不达标"


def test_a_floor_is_held_against_the_whole_period():
    grades = (Grade("优秀", D(60), (("csat", D(80)),)), Grade("达标"))
    weak = GOOD | {"csat": Figure(0.5, 50, 100, 100, 0.5, 0.01)}
    first, second = edition("1", grades=grades), edition("2", grades=grades)
    bad, good = replace(part(first), figures=weak), part(second)
    assert combine([bad, good]).grade == "达标"
    assert combine([replace(part(second), share=D("0.9")), replace(bad, share=D("0.1"))]).grade == "优秀"


@pytest.mark.parametrize("shares", [(31, 28), (1, 2), (59, 31), (7, 90)])
def test_a_floor_that_is_just_met_in_both_editions_is_met(shares):
    grades = (Grade("优秀", D(60), (("csat", D(80)),)), Grade("达标"))
    just = GOOD | {"csat": Figure(0.9, 90, 100, 100, 0.9, 0.01)}
    days = D(sum(shares))
    told = [Part(edition(str(at), grades=grades), just, share=D(n) / days) for at, n in enumerate(shares)]
    assert combine(told).grade == "优秀"


def test_a_stored_result_of_an_edition_that_came_back_is_taken_apart_rightly():
    """A, then B for a month, then A again: two parts have one version, and each has its own figures."""
    weak = GOOD | {"csat": Figure(0.5, 50, 100, 100, 0.5, 0.01)}
    third = D(1) / D(3)
    a, b = edition("1"), edition("2")
    result = combine([Part(a, GOOD, share=third), Part(b, GOOD, share=third), Part(a, weak, share=third)])
    again = combine(parts_of(result, [a, b, a]))
    assert again == result
    assert [p.figures["csat"].value for p in parts_of(result, [a, b, a])] == [1.0, 1.0, 0.5]


@given(schemes("1"), schemes("1"), st.data())
def test_any_stored_result_of_two_editions_combines_to_itself(first, second, data):
    whole = [data.draw(parts(first, D("0.4"))), data.draw(parts(second, D("0.6")))]
    result = packing.unpack(packing.pack(packing.canonical(combine(whole))))
    assert combine(parts_of(result, [first, second])) == result


@given(schemes("1"), schemes("2"), st.data())
def test_caps_hold_for_rules_of_one_name_over_two_editions(first, second, data):
    whole = [data.draw(parts(first, D("0.4"))), data.draw(parts(second, D("0.6")))]
    caps: dict[tuple[str, str], Decimal] = {}
    for one in (first, second):
        for kind, rules in (("deduction", one.deductions), ("addition", one.additions)):
            for told in rules:
                caps[kind, told.id] = max(told.cap, caps.get((kind, told.id), D(0)))
    taken: dict[tuple[str, str], Decimal] = {}
    for line in adjusting(combine(whole)):
        taken[line.kind, line.id] = taken.get((line.kind, line.id), D(0)) + abs(line.points)
    assert all(points <= caps[key] for key, points in taken.items())


def adjusting(result: Result) -> list[Line]:
    return [line for line in result.lines if line.kind in ("deduction", "addition")]
