"""Properties and edges of the rules: lines add up, caps hold, order is no matter, more is never less."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kezun.assessment import packing
from kezun.assessment.rules.adjusting import adjusted, vetoed
from kezun.assessment.rules.changing import changed
from kezun.assessment.rules.combining import Part, combine, parts_of, rankable
from kezun.assessment.rules.form import Adjustment, Grade, Match, Ranking, Rounding, Transform, Veto
from kezun.assessment.rules.grading import capped, grade
from kezun.assessment.rules.lines import Event, Figure, Line, NotAdded, Result, check, rounded
from kezun.assessment.rules.rating import Peer
from kezun.assessment.rules.reading import NotAScheme, read
from kezun.assessment.rules.transform import best_value, exact, many, most, points, spread
from kezun.assessment.tests.making import events, parts, schemes, transforms
from kezun.assessment.tests.world import scheme_text

D = Decimal
BASIC = read(scheme_text())


def figure(value: float, n: int = 100, **more: object) -> Figure:
    return Figure(value, n, n, n, value, 0.01, **more)


def component_lines(result: Result) -> dict[str, Line]:
    return {x.id: x for x in result.lines if x.kind == "component"}


@given(parts())
def test_lines_add_up_to_the_score_exactly(part):
    result = combine([part])
    check(result)
    total = sum((x.points for x in result.lines), D(0))
    if result.score is None:
        assert result.why
        assert result.grade == ""
    else:
        assert total.quantize(D("1e-12")) == result.score
        assert result.score == rounded(result.total, part.scheme.rounding)
        assert result.score <= part.scheme.most
        assert result.score >= part.scheme.least


@given(parts())
def test_caps_hold_and_no_line_gives_more_than_it_could(part):
    caps = {rule.id: rule.cap for rule in part.scheme.adjustments}
    for line in combine([part]).lines:
        if line.kind in ("deduction", "addition"):
            assert abs(line.points) <= caps[line.id]
            assert (line.points <= 0) is (line.kind == "deduction" or line.points == 0)
        if line.kind == "component":
            assert 0 <= line.points <= line.possible


@given(parts(), st.randoms())
def test_the_order_of_events_is_no_matter(part, random):
    shuffled = list(part.events)
    random.shuffle(shuffled)
    first, second = combine([part]), combine([replace(part, events=shuffled)])
    assert replace_kept(first) == replace_kept(second)


def replace_kept(result: Result) -> tuple[object, ...]:
    return tuple(getattr(result, name) for name in Result.__struct_fields__ if name != "kept")


@given(parts())
def test_an_incident_counts_at_most_once(part):
    counted = [
        e.incident for x in combine([part]).lines for e in x.events if e.state == "counted" and e.incident
    ]
    assert len(counted) == len(set(counted))


@given(parts())
def test_what_is_pending_or_nobodys_never_counts(part):
    told = {e.key: e.responsibility for e in part.events}
    rules = {r.id: r for r in part.scheme.adjustments}
    for line in combine([part]).lines:
        for event in line.events:
            if rules[line.id].attributed and told[event.key] in ("pending", "none"):
                assert event.state in ("pending", "not_responsible")


@given(parts())
def test_a_stored_result_combines_to_itself_again(part):
    result = packing.unpack(packing.pack(packing.canonical(combine([part]))))
    assert result == combine([part])
    assert combine(parts_of(result, [part.scheme])) == result


@given(schemes(), st.data())
def test_a_better_value_of_a_rising_component_is_never_worth_less(scheme, data):
    one = replace(scheme.components[0], transform=data.draw(transforms(rising=True)), gates=(), min_n=1)
    scheme = replace(scheme, components=(one, *scheme.components[1:]))
    part = data.draw(parts(scheme=scheme))
    low, high = sorted(data.draw(st.tuples(st.floats(0, 1), st.floats(0, 1))))
    before, after = (
        combine([replace(part, figures={**part.figures, one.id: figure(value)})]) for value in (low, high)
    )
    if before.score is not None:
        assert after.score >= before.score


@given(schemes("1"), schemes("2"), st.data())
def test_two_editions_share_the_days_and_still_add_up(first, second, data):
    whole = [data.draw(parts(first, D("0.4"))), data.draw(parts(second, D("0.6")))]
    result = combine(whole)
    assert {x.version for x in result.lines if x.kind == "component"} == {"1", "2"}
    if result.score is not None:
        assert sum(x.weight for x in result.lines if x.kind == "component").quantize(D("1e-9")) == 100


@given(transforms(), st.lists(st.floats(0, 1.5), min_size=1, max_size=5))
def test_many_at_once_give_what_one_gives(transform, values):
    found = many(transform, np.array(values))
    for value, got in zip(values, found, strict=True):
        near = {float(points(transform, exact(value + step))) for step in (-1e-9, 0, 1e-9)}
        assert min(near) - 1e-6 <= got <= max(near) + 1e-6
        assert 0 <= got <= float(most(transform))


@given(transforms())
def test_the_value_named_as_best_earns_the_most(transform):
    value = best_value(transform)
    if value is not None and transform.op != ">":
        assert points(transform, value) == pytest.approx(most(transform))


@pytest.mark.parametrize("kind", ["bands", "ratio_to_target", "down", "piecewise_linear"])
def test_of_nothing_known_no_points_are_made(kind):
    known = {
        "bands": Transform("bands", bands=((D("0.5"), D(100)), (None, D(0)))),
        "ratio_to_target": Transform("ratio_to_target", target=D(1)),
        "down": Transform("ratio_to_target", target=D(1), down=True),
        "piecewise_linear": Transform("piecewise_linear", ((D(0), D(0)), (D(1), D(100)))),
    }[kind]
    assert np.isnan(many(known, np.array([np.nan]))).all()


def test_points_of_each_transform():
    line = Transform("piecewise_linear", ((D("0.9"), D(0)), (D("0.95"), D(80)), (D("0.99"), D(100))))
    assert [points(line, D(v)) for v in ("0.5", "0.9", "0.92", "0.95", "0.97", "1")] == [
        0,
        0,
        32,
        80,
        90,
        100,
    ]
    ratio = Transform("ratio_to_target", target=D("0.9"), cap=D("1.1"))
    assert [points(ratio, D(v)) for v in ("-1", "0.45", "0.9", "2")] == [0, 50, 100, 110]
    down = Transform("ratio_to_target", target=D(300), down=True)
    assert [points(down, D(v)) for v in (0, 150, 300, 600)] == [100, 100, 100, 50]
    bands = Transform("bands", op="<=", bands=((D(5), D(100)), (D(10), D(60))))
    assert [points(bands, D(v)) for v in (5, 6, 11)] == [100, 60, 0]
    assert (best_value(line), best_value(ratio), best_value(down), best_value(bands)) == (
        *(D("0.99"), D("0.99"), D(300)),
        D(5),
    )
    falling = Transform("piecewise_linear", ((D(0), D(100)), (D(300), D(100)), (D(600), D(0))))
    assert best_value(falling) == D(300)


def test_spread_feels_a_corner_that_lies_within_it():
    line = Transform("piecewise_linear", ((D("0.9"), D(0)), (D("0.95"), D(100))))
    flat, near, steep = spread(line, np.array([0.80, 0.89, 0.925]), np.array([0.01, 0.02, 0.01]))
    assert (flat, round(near, 6), round(steep, 6)) == (0.0, 10.0, 20.0)


def test_missing_components_leave_their_weight_to_the_others():
    lines = component_lines(combine([Part(BASIC, {"answered": figure(0.9)})]))
    assert (lines["csat"].weight, lines["answered"].weight, lines["csat"].state) == (0, 100, "missing")
    assert combine([Part(BASIC, {"answered": figure(0.9)})]).score == 100


def test_a_missing_component_may_be_filled_in_from_peers_or_bar_a_score():
    csat, other = BASIC.components
    filled = replace(BASIC, components=(replace(csat, missing="peer_mean"), other))
    result = combine([Part(filled, {"answered": figure(0.9)}, peers={"csat": Peer(D(50), 4.0)})])
    assert (result.score, result.sd, component_lines(result)["csat"].state) == (70, 2.4, "peer_mean")
    barred = replace(BASIC, components=(replace(csat, missing="exclude"), other))
    assert combine([Part(barred, {"answered": figure(0.9)})]).why == "missing:csat"
    assert combine([Part(BASIC, {})]).why == "missing:csat"
    assert combine([Part(filled, {"answered": figure(0.9)})]).score == 100


def test_few_observations_and_shut_gates_are_told_apart():
    few = component_lines(combine([Part(BASIC, {"csat": figure(0.95, n=4), "answered": figure(1.0)})]))
    assert few["csat"].state == "below_min_n"
    text = scheme_text()
    gated = read(text.replace("  transform:", "  gates: [{indicator: g, min: 1}]\n  transform:", 1))
    result = combine([Part(gated, {"csat": figure(0.95, gate="g"), "answered": figure(1.0)})])
    assert (component_lines(result)["csat"].state, result.flags) == ("gated", ("csat",))
    zero = read(
        text.replace("  transform:", "  gates: [{indicator: g, min: 1, else: zero}]\n  transform:", 1)
    )
    result = combine([Part(zero, {"csat": figure(0.95, gate="g"), "answered": figure(1.0)})])
    assert (component_lines(result)["csat"].state, result.score) == ("gated_zero", 40)


def test_an_explicit_weight_of_nothing_stays_nothing():
    csat, other = BASIC.components
    scheme = replace(BASIC, components=(replace(csat, weight=D(0)), replace(other, weight=D(100))))
    result = combine([Part(scheme, {"csat": figure(0.1), "answered": figure(0.9)})])
    assert (result.score, component_lines(result)["csat"].points) == (100, 0)


def test_a_scheme_of_deductions_starts_from_its_base_and_stays_within_limits():
    scheme = replace(
        BASIC, components=(), base=D(100), deductions=(rule(cap=D(30), points=(("default", D(30)),)),)
    )
    event = Event("s/1", "complaint", "2026-01-01", "重大", "responsible")
    assert combine([Part(scheme, {}, events=[event])]).score == 70
    result = combine([Part(replace(scheme, base=D(20)), {}, events=[event])])
    assert (result.score, [x.points for x in result.lines if x.kind == "limit"]) == (0, [10])
    assert rankable(scheme, result)


def rule(**changes: object) -> Adjustment:
    known: dict[str, object] = {"points": (("重大", D(3)), ("一般", D("0.5"))), "cap": D(8)}
    return Adjustment("D1", "投诉", "complaint", **(known | changes))


def one_line(told: Adjustment, *found: Event, exposures: dict[str, float] | None = None) -> Line:
    [line] = adjusted([told], found, exposures or {}, version="1", sign=-1, seen=set())
    return line


def event(key: str, level: str = "重大", **more: str) -> Event:
    return Event(key, "complaint", "2026-01-01", level, **({"responsibility": "responsible"} | more))


def test_points_by_level_and_their_cap():
    assert one_line(rule(), event("1"), event("2", "一般")).points == D("-3.5")
    assert one_line(rule(), *(event(str(n)) for n in range(5))).points == -8
    unknown = one_line(rule(), event("1", "特别"))
    assert (unknown.points, unknown.state, unknown.events[0].state) == (0, "none", "no_points")
    assert one_line(rule(points=(("default", D(1)),)), event("1", "特别")).points == -1


def test_only_the_heaviest_counts_where_one_does():
    line = one_line(rule(once=True), event("1", "一般"), event("2"))
    assert [(e.key, e.state) for e in line.events] == [("2", "counted"), ("1", "once")]
    assert line.points == -3


def test_points_by_exposure_spare_the_busy_and_do_not_ruin_the_small():
    from kezun.assessment.rules.form import Exposure

    per = rule(per=Exposure("floor.tickets", D(10000)))
    assert one_line(per, event("1"), exposures={"floor.tickets": 60000.0}).points == D("-0.5")
    assert one_line(per, event("1"), exposures={"floor.tickets": 12.0}).points == -3
    assert one_line(per, event("1")).points == -3


def test_a_match_narrows_by_every_column_it_names():
    told = rule(match=(Match("business", ("对公",)), Match("level", ("重大",))))
    line = one_line(told, event("1", business="对公"), event("2"), event("3", "一般", business="对公"))
    assert [e.key for e in line.events] == ["1"]


def test_vetoes_hold_by_incidents_or_by_inspections():
    told = [Veto("V1", "", event="complaint", count=2), Veto("V2", "", standard="urn:s")]
    twice_seen = [event("1", incident="I"), event("2", incident="I")]
    assert vetoed(told, twice_seen, []) == ()
    assert vetoed(told, [*twice_seen, event("3")], ["urn:s"]) == ("V1", "V2")
    assert vetoed(told, [event("1"), event("2", responsibility="pending")], []) == ()


def test_grades_ask_for_total_and_floors_and_vetoes_cap_them():
    grades = (Grade("优秀", D(90), (("csat", D(80)),)), Grade("良好", D(80)), Grade("达标"))
    assert grade(grades, D(95), {"csat": D(80)}) == "优秀"
    assert grade(grades, D(95), {"csat": D(79)}) == "良好"
    assert grade(grades, D(95), {}) == "优秀"
    assert grade(grades, D(10), {}) == "达标"
    assert grade((), D(10), {}) == ""
    assert capped(grades, "优秀", ["良好"]) == "良好"
    assert capped(grades, "达标", ["良好"]) == "达标"
    assert capped(grades, "优秀", ["达标", "良好"]) == "达标"
    scheme = replace(BASIC, vetoes=(Veto("V1", "", event="complaint", grade_cap="达标"),))
    good = {"csat": figure(0.99), "answered": figure(0.95)}
    result = combine([Part(scheme, good, events=[event("1")])])
    assert (result.grade, result.capped, result.vetoes, result.score) == (
        "达标",
        "优秀",
        ("V1",),
        combine([Part(BASIC, good)]).score,
    )


def test_who_is_ranked():
    good = {"csat": figure(0.99, n=9), "answered": figure(0.95, n=500)}
    assert not rankable(BASIC, combine([Part(BASIC, good)]))
    assert rankable(BASIC, combine([Part(BASIC, good | {"csat": figure(0.99, n=10)})]))
    on_both = replace(BASIC, ranking=Ranking(600, ("csat", "answered")))
    assert combine([Part(on_both, good)]).n == 9
    plain = replace(
        BASIC, components=tuple(replace(c, estimator=type(c.estimator)()) for c in BASIC.components)
    )
    assert combine([Part(plain, good)]).n == 9
    assert combine([Part(plain, {})]).n == 0
    assert not rankable(plain, combine([Part(plain, {})]))


def test_rounding_happens_once_and_by_the_rule():
    assert rounded(D("89.995"), Rounding()) == D("90.00")
    assert rounded(D("89.99499999999999999999999999"), Rounding()) == D("90.00")
    assert rounded(D("89.985"), Rounding(2, "half_even")) == D("89.98")
    assert rounded(D("89.5"), Rounding(0)) == 90


def test_lines_that_do_not_add_up_are_never_let_through():
    line = Line("base", "base", "1", D(1), D(1))
    with pytest.raises(NotAdded):
        check(Result((line,), D(2), D(2), 0.0))
    check(Result((line,), None, None, 0.0, why="missing:csat"))


def test_an_outlet_that_opened_later_is_judged_by_the_days_it_had():
    empty, full = (
        Part(BASIC, {}, share=D("0.5")),
        Part(replace(BASIC, version="2"), {"csat": figure(1.0)}, share=D("0.5")),
    )
    assert combine([empty, full]).score == 100


@given(events)
def test_adding_an_event_never_lessens_a_deduction(found):
    line, more = one_line(rule(), *found), one_line(rule(), *found, event("x"))
    assert more.points <= line.points


CHANGES = {
    "base": "5",
    "components.csat.weight": "30",
    "components.csat.min_n": "50",
    "components.answered.target": "0.8",
    "deductions.D1.cap": "4",
    "additions.A1.points.重大": "2",
    "grades.优秀.min": "88",
}


def test_numbers_of_a_scheme_are_changed_without_its_text():
    scheme = replace(BASIC, deductions=(rule(),), additions=(replace(rule(), id="A1"),))
    made = changed(scheme, CHANGES)
    assert (made.base, made.components[0].weight, made.components[0].min_n) == (5, 30, 50)
    assert made.components[1].transform.target == D("0.8")
    assert (made.deductions[0].cap, dict(made.additions[0].points)["重大"], made.grades[0].least) == (
        4,
        2,
        88,
    )
    assert (scheme.base, scheme.deductions[0].cap) == (0, 8)
    assert changed(scheme, {}) == scheme


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"base": "x"}, "not_number"),
        ({"base": "-1"}, "not_number"),
        ({"base": "NaN"}, "not_number"),
        ({"components.tea.weight": "1"}, "unknown_change"),
        ({"components.csat.colour": "1"}, "unknown_change"),
        ({"components.csat.target": "1"}, "unknown_change"),
        ({"components.answered.target": "0"}, "unknown_change"),
        ({"deductions.D1.cap": "0"}, "unknown_change"),
        ({"deductions.D2.cap": "1"}, "unknown_change"),
        ({"deductions.D1.points.特别": "1"}, "unknown_change"),
        ({"grades.金.min": "1"}, "unknown_change"),
        ({"rounding": "1"}, "unknown_change"),
        ({"components.csat.weight": "0", "components.answered.weight": "0"}, "no_weight"),
    ],
)
def test_a_change_that_names_nothing_is_refused(change, code):
    with pytest.raises(NotAScheme) as refused:
        changed(replace(BASIC, deductions=(rule(),)), change)
    assert [p.code for p in refused.value.problems] == [code]
