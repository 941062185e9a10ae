"""How one score comes about, case by case: what is missing, gates, weights, limits, grades, what is kept."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kezun.assessment.rules.combining import Part, combine, parts_of, rankable
from kezun.assessment.rules.form import (
    Adjustment,
    Component,
    Estimator,
    Exposure,
    Gate,
    Grade,
    Of,
    Ranking,
    Rounding,
    Scheme,
    Source,
    Transform,
    Veto,
)
from kezun.assessment.rules.lines import Event, Figure, Line, Result
from kezun.assessment.rules.rating import Peer
from kezun.assessment.tests.making import parts

D = Decimal
LINE = Transform("linear", ((D(0), D(0)), (D(1), D(100))))
GRADES = (Grade("优秀", D(90), (("a", D(80)),)), Grade("良好", D(80)), Grade("达标", D(60)), Grade("不达标"))


def component(id: str, weight: int | str, **more: object) -> Component:
    return Component(id, id, D(weight), Source(f"floor.{id}"), LINE, **more)


def scheme(*components: Component, **more: object) -> Scheme:
    return Scheme("urn:x", "1", "方案", Of("outlet"), None, components, **more)


def figure(value: float, n: int = 100, gate: str = "") -> Figure:
    return Figure(value, n, n, n, value, 0.01, gate=gate)


def lines(result: Result) -> dict[str, Line]:
    return {line.id: line for line in result.lines}


def complaint(key: str = "s/1", **more: str) -> Event:
    return Event(key, "complaint", "2026-01-05", "重大", **({"responsibility": "responsible"} | more))


THREE = scheme(component("a", 50), component("b", 30), component("c", 20))
ALL = {"a": figure(0.8), "b": figure(0.6), "c": figure(0.5)}


@pytest.mark.parametrize(
    ("known", "weights", "score"),
    [
        ("abc", {"a": "50", "b": "30", "c": "20"}, "68.00"),
        ("ab", {"a": "62.5", "b": "37.5", "c": "0"}, "72.50"),
        ("a", {"a": "100", "b": "0", "c": "0"}, "80.00"),
        ("bc", {"a": "0", "b": "60", "c": "40"}, "56.00"),
        ("c", {"a": "0", "b": "0", "c": "100"}, "50.00"),
    ],
)
def test_the_weight_of_what_is_missing_goes_to_the_others_in_proportion(known, weights, score):
    result = combine([Part(THREE, {id: ALL[id] for id in known})])
    assert {id: line.weight for id, line in lines(result).items() if line.kind == "component"} == {
        id: D(weight) for id, weight in weights.items()
    }
    assert result.score == D(score)


@pytest.mark.parametrize(
    ("missing", "peers", "state", "score", "why"),
    [
        ("redistribute", {}, "missing", "56.00", ""),
        ("redistribute", {"a": Peer(D(70), 5.0)}, "missing", "56.00", ""),
        ("peer_mean", {"a": Peer(D(70), 5.0)}, "peer_mean", "63.00", ""),
        ("peer_mean", {}, "missing", "56.00", ""),
        ("exclude", {"a": Peer(D(70), 5.0)}, "missing", None, "missing:a"),
    ],
)
def test_what_a_scheme_says_of_missing_data(missing, peers, state, score, why):
    told = replace(THREE, components=(replace(THREE.components[0], missing=missing), *THREE.components[1:]))
    result = combine([Part(told, {"b": ALL["b"], "c": ALL["c"]}, peers=peers)])
    assert (lines(result)["a"].state, result.why) == (state, why)
    assert result.score == (None if score is None else D(score))
    assert (result.total is None) is (score is None)


@pytest.mark.parametrize("missing", ["redistribute", "peer_mean", "exclude"])
@pytest.mark.parametrize(
    ("given", "state"),
    [
        (None, "missing"),
        (Figure(), "missing"),
        (figure(0.9, n=29), "below_min_n"),
        (figure(0.9, n=30), "scored"),
        (figure(0.9, gate="floor.gate"), "gated"),
        (figure(0.9, n=1, gate="floor.gate"), "gated"),
    ],
)
def test_how_a_component_stands(missing, given, state):
    told = scheme(
        component("a", 50, min_n=30, missing=missing, gates=(Gate("floor.gate", D(1)),)), component("b", 50)
    )
    figures = {"b": figure(0.5)} | ({"a": given} if given is not None else {})
    result = combine([Part(told, figures)])
    assert lines(result)["a"].state == state
    assert result.flags == (("a",) if state == "gated" else ())
    assert (result.score is None) is (missing == "exclude" and state != "scored")


def test_a_gate_that_gives_nothing_keeps_its_weight_and_excludes_nobody():
    told = scheme(
        component("a", 50, missing="exclude", gates=(Gate("floor.gate", D(1), None, "zero"),)),
        component("b", 50),
    )
    result = combine([Part(told, {"a": figure(0.9, gate="floor.gate"), "b": figure(0.5)})])
    line = lines(result)["a"]
    assert (line.state, line.points, line.weight, line.possible, result.score) == (
        "gated_zero",
        0,
        50,
        50,
        25,
    )
    assert result.flags == ("a",)


def test_a_weight_of_nothing_is_shown_and_moves_nothing():
    told = scheme(component("a", 100), component("b", 0, missing="redistribute"))
    with_it, without = (
        combine([Part(told, figures)]) for figures in ({"a": ALL["a"], "b": ALL["b"]}, {"a": ALL["a"]})
    )
    assert with_it.score == without.score == 80
    assert (lines(with_it)["b"].points, lines(with_it)["b"].rated) == (0, 60)
    only = combine([Part(told, {"b": ALL["b"]})])
    assert (only.score, only.why) == (None, "missing:a")


@pytest.mark.parametrize(
    ("base", "least", "most", "points", "score", "limit"),
    [
        ("0", "0", "100", "0", "80.00", None),
        ("30", "0", "100", "0", "100.00", "-10"),
        ("30", "0", "105", "0", "105.00", "-5"),
        ("0", "0", "100", "90", "0.00", "10"),
        ("0", "-20", "100", "90", "-10.00", None),
        ("0", "-20", "100", "150", "-20.00", "50"),
    ],
)
def test_a_total_stays_within_its_limits_and_a_line_says_so(base, least, most, points, score, limit):
    rule = Adjustment("D1", "投诉", "complaint", (("default", D(points)),), cap=D(200))
    told = scheme(
        component("a", 100),
        base=D(base),
        least=D(least),
        most=D(most),
        deductions=(rule,) if D(points) else (),
    )
    result = combine([Part(told, {"a": ALL["a"]}, events=[complaint()])])
    assert result.score == D(score)
    assert [line.points for line in result.lines if line.kind == "limit"] == ([D(limit)] if limit else [])


def test_deductions_come_before_additions_and_an_incident_counts_in_the_first():
    taken = Adjustment("D1", "曝光", "complaint", (("default", D(2)),), cap=D(9))
    given_ = Adjustment("A1", "处置", "complaint", (("default", D(5)),), cap=D(9), attributed=False)
    told = scheme(component("a", 100), deductions=(taken,), additions=(given_,), most=D(110))
    same = [complaint("s/1", incident="I"), complaint("s/2", incident="I")]
    result = combine([Part(told, {"a": ALL["a"]}, events=same)])
    assert (lines(result)["D1"].points, lines(result)["A1"].points, result.score) == (-2, 0, 78)
    assert {e.state for e in lines(result)["A1"].events} == {"same_incident"}
    apart = [complaint("s/1"), complaint("s/2")]
    assert combine([Part(told, {"a": ALL["a"]}, events=apart)]).score == 80 - 4 + 9


@pytest.mark.parametrize(
    ("a", "b", "grade"),
    [(0.95, 0.95, "优秀"), (0.79, 1.0, "良好"), (0.8, 1.0, "优秀"), (0.7, 0.7, "达标"), (0.1, 0.1, "不达标")],
)
def test_a_grade_asks_for_the_total_and_for_every_floor(a, b, grade):
    told = scheme(component("a", 40), component("b", 60), grades=GRADES)
    assert combine([Part(told, {"a": figure(a), "b": figure(b)})]).grade == grade


def test_a_component_left_out_has_no_floor_to_miss():
    told = scheme(component("a", 40), component("b", 60), grades=GRADES)
    assert combine([Part(told, {"b": figure(0.95)})]).grade == "优秀"
    assert combine([Part(told, {})]).grade == ""


@pytest.mark.parametrize(
    ("caps", "grade", "capped"),
    [((), "优秀", ""), (("良好",), "良好", "优秀"), (("良好", "达标"), "达标", "优秀"), (("",), "优秀", "")],
)
def test_vetoes_cap_the_grade_and_take_no_point(caps, grade, capped):
    vetoes = tuple(
        Veto(f"V{at}", "否决", event="complaint", grade_cap=cap, bars_awards=not cap)
        for at, cap in enumerate(caps)
    )
    told = scheme(component("a", 100), grades=GRADES, vetoes=vetoes)
    result = combine([Part(told, {"a": figure(0.95)}, events=[complaint()])])
    assert (result.grade, result.capped, result.score) == (grade, capped, 95)
    assert len(result.vetoes) == len(caps)


def test_the_spread_of_a_score_adds_up_by_weight():
    result = combine([Part(THREE, ALL, spreads={"a": 6.0, "b": 10.0, "c": 20.0})])
    assert result.sd == pytest.approx((3.0**2 + 3.0**2 + 4.0**2) ** 0.5)
    assert combine([Part(THREE, ALL)]).sd == 0


def test_pending_events_are_counted_and_listed():
    rule = Adjustment("D1", "投诉", "complaint", (("default", D(2)),), cap=D(9))
    told = scheme(component("a", 100), deductions=(rule,))
    events = [complaint("s/1", responsibility="pending"), complaint("s/2")]
    result = combine([Part(told, {"a": ALL["a"]}, events=events)])
    assert (result.pending, result.score) == (1, 78)


@pytest.mark.parametrize(
    ("least", "components", "ranked"),
    [(100, (), True), (101, (), False), (101, ("b",), False), (100, ("a", "b"), False), (50, ("b",), True)],
)
def test_who_is_ranked_by_the_observations_behind(least, components, ranked):
    told = scheme(
        component("a", 50, estimator=Estimator("beta_binomial_eb")),
        component("b", 50),
        ranking=Ranking(least, components),
    )
    result = combine([Part(told, {"a": figure(0.9, n=100), "b": figure(0.9, n=50)})])
    assert rankable(told, result) is ranked


@given(parts(), st.sampled_from(["half_up", "half_even"]), st.integers(0, 4))
def test_rounding_moves_less_than_one_step_and_is_a_line_of_its_own(part, mode, digits):
    told = replace(part, scheme=replace(part.scheme, rounding=Rounding(digits, mode)))
    result = combine([told])
    if result.score is not None:
        rounding = sum((x.points for x in result.lines if x.kind == "rounding"), D(0))
        assert abs(rounding) <= D(1).scaleb(-digits) / 2 + D("1e-12")
        assert result.score == result.score.quantize(D(1).scaleb(-digits))


@given(parts())
def test_weights_in_force_add_up_to_100_whoever_is_missing(part):
    result = combine([part])
    if result.score is not None and any(c.weight for c in part.scheme.components):
        weights = [x.weight for x in result.lines if x.kind == "component"]
        assert sum(weights).quantize(D("1e-9")) == 100


@given(parts())
def test_what_is_kept_is_all_that_a_score_is_made_of(part):
    """From the stored result alone, without facts, the same score comes about."""
    result = combine([part])
    [kept] = parts_of(result, [part.scheme])
    assert (kept.events, kept.exposures, kept.vetoes, kept.share) == (
        *(tuple(part.events), dict(part.exposures)),
        *(part.vetoes, part.share),
    )
    assert combine([kept]).score == result.score


@given(parts(), st.decimals(0, 10, places=1))
def test_a_higher_cap_never_takes_less(part, more):
    rules = tuple(
        Adjustment(r.id, r.title, r.event, r.points, r.cap + more, per=Exposure("floor.tickets", D(10000)))
        for r in part.scheme.deductions
    )
    lower = tuple(replace(r, cap=r.cap - more) if r.cap > more else r for r in rules)
    high, low = (
        combine([replace(part, scheme=replace(part.scheme, deductions=told, additions=()))])
        for told in (rules, lower)
    )
    assert deducted(high) <= deducted(low)


def deducted(result: Result) -> Decimal:
    return sum((x.points for x in result.lines if x.kind == "deduction"), D(0))
