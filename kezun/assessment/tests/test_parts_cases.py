"""Parts of a scheme's text read one by one, the steps of a round, chances, stars and cases to win back."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from kezun.assessment.rules.components import read_adjustment, read_component, read_veto
from kezun.assessment.rules.form import (
    Appeal,
    Condition,
    Estimator,
    Exposure,
    Gate,
    Grade,
    Listing,
    Match,
    Of,
    Ranking,
    Rounding,
    Source,
    Star,
    Transform,
)
from kezun.assessment.rules.lines import Figure
from kezun.assessment.rules.listing import Record, Standing, chance, judge, months_between, stars
from kezun.assessment.rules.reading import NotAScheme, read
from kezun.assessment.rules.steps import STEPS, Stand, following, hindrances
from kezun.assessment.rules.winning import cases
from kezun.assessment.tests.world import scheme_text
from kezun.standards.rules.fields import Reading
from kezun.standards.rules.nodes import parse

D = Decimal
COMPONENT = {
    **{"id": "c", "title": "满意率", "weight": 100, "source": {"indicator": "floor.satisfied_rate"}},
    "transform": {"kind": "linear", "from": [0, 1], "to": [0, 100]},
}
RULE = {"id": "D1", "title": "投诉", "event": "complaint", "points": {"一般": 1}, "cap": 5}
VETO = {"id": "V1", "title": "否决", "when": {"event": "complaint"}, "effect": {"grade_cap": "达标"}}


def looked(reader: Any, said: dict[str, Any]) -> tuple[Any, list[tuple[str, str]]]:
    """What a reader makes of a mapping, and (path, code) of what is wrong with it."""
    kept = {key: value for key, value in said.items() if value is not None}
    at = Reading(parse(yaml.safe_dump(kept, allow_unicode=True)), "x", [])
    made = reader(at)
    return made, [(p.path, p.code) for p in at.problems]


PARTS = {
    "least number": ({"min_n": 30}, {"min_n": 30}),
    "least number in the estimator": ({"estimator": {"kind": "raw", "min_n": 7}}, {"min_n": 7}),
    "the component's own comes first": ({"min_n": 9, "estimator": {"min_n": 7}}, {"min_n": 9}),
    "estimator": (
        {"estimator": {"kind": "beta_binomial_eb", "scope": "all"}},
        {"estimator": Estimator("beta_binomial_eb", "all")},
    ),
    "a mix": (
        {"estimator": {"kind": "casemix", "casemix": ["business", "class"]}},
        {"estimator": Estimator("casemix", casemix=("business", "class"))},
    ),
    "a narrowed source": (
        {"source": {"indicator": "i", "business": "个贷", "customer_class": "VIP"}},
        {"source": Source("i", "个贷", "VIP")},
    ),
    "inspections": (
        {"source": {"standard": "urn:s", "methods": "暗访", "agg": "pooled"}, "transform": None},
        {
            "source": Source(standard="urn:s", methods=("暗访",), agg="pooled"),
            "transform": Transform("linear", ((D(0), D(0)), (D(1), D(100)))),
        },
    ),
    "a gate": (
        {"gates": [{"indicator": "g", "min": 0.3}, {"indicator": "h", "max": 5, "else": "zero"}]},
        {"gates": (Gate("g", D("0.3")), Gate("h", None, D(5), "zero"))},
    ),
    "a target": (
        {"transform": {"kind": "ratio_to_target", "target": 0.9, "cap": 1.2, "direction": "down"}},
        {"transform": Transform("ratio_to_target", target=D("0.9"), cap=D("1.2"), down=True)},
    ),
    "bands": (
        {"transform": {"kind": "bands", "op": "<=", "bands": [[10, 100], [20, 50], [None, 0]]}},
        {"transform": Transform("bands", op="<=", bands=((D(10), D(100)), (D(20), D(50)), (None, D(0))))},
    ),
    "falling corners": (
        {"transform": {"kind": "piecewise_linear", "points": [[300, 100], [900, 0]]}},
        {"transform": Transform("piecewise_linear", ((D(300), D(100)), (D(900), D(0))))},
    ),
    "missing": ({"missing": "exclude"}, {"missing": "exclude"}),
    "a weight of nothing": ({"weight": 0}, {"weight": D(0)}),
}


@pytest.mark.parametrize(("said", "made"), PARTS.values(), ids=PARTS)
def test_each_part_of_a_component_is_read(said, made):
    found, problems = looked(read_component, COMPONENT | said)
    assert problems == []
    assert {name: getattr(found, name) for name in made} == made


WRONG = {
    "below nothing": ({"weight": -1}, [("x.weight", "negative_weight")]),
    "no source": ({"source": None}, [("x.source", "missing_key")]),
    "two sources": (
        {"source": {"indicator": "i", "standard": "s"}},
        [("x.source", "indicator_or_standard")],
    ),
    "methods of an indicator": (
        {"source": {"indicator": "i", "methods": ["暗访"]}},
        [("x.source.methods", "only_of_standard")],
    ),
    "no mix": ({"estimator": {"kind": "casemix"}}, [("x.estimator.kind", "casemix_of_nothing")]),
    "a mix of colours": (
        {"estimator": {"kind": "casemix", "casemix": ["colour"]}},
        [("x.estimator.casemix", "unknown_value")],
    ),
    "inspections drawn to peers": (
        {"source": {"standard": "s"}, "estimator": {"kind": "gamma_poisson"}},
        [("x.estimator", "estimator_of_standard")],
    ),
    "one corner": (
        {"transform": {"kind": "piecewise_linear", "points": [[0, 0]]}},
        [("x.transform.points", "values_order")],
    ),
    "a value twice": (
        {"transform": {"kind": "piecewise_linear", "points": [[0, 0], [0, 100]]}},
        [("x.transform.points", "values_order")],
    ),
    "a turn": (
        {"transform": {"kind": "piecewise_linear", "points": [[0, 0], [1, 100], [2, 50]]}},
        [("x.transform.points", "not_monotone")],
    ),
    "more than a hundred": (
        {"transform": {"kind": "piecewise_linear", "points": [[0, 0], [1, 101]]}},
        [("x.transform.points", "points_outside")],
    ),
    "three ends of a line": (
        {"transform": {"kind": "linear", "from": [0, 1, 2], "to": [0, 50, 100]}},
        [("x.transform.from", "not_two"), ("x.transform.from", "values_order")],
    ),
    "a target of nothing": (
        {"transform": {"kind": "ratio_to_target", "target": 0}},
        [("x.transform.target", "not_positive")],
    ),
    "bands the wrong way": (
        {"transform": {"kind": "bands", "op": ">=", "bands": [[1, 100], [2, 50]]}},
        [("x.transform.bands", "band_order")],
    ),
    "all before the last": (
        {"transform": {"kind": "bands", "bands": [[None, 100], [1, 50]]}},
        [("x.transform.bands", "band_after_all")],
    ),
    "a looser band earns more": (
        {"transform": {"kind": "bands", "bands": [[2, 50], [1, 100]]}},
        [("x.transform.bands", "not_monotone")],
    ),
    "a gate of nothing": ({"gates": [{"indicator": "g"}]}, [("x.gates", "gate_without_bound")]),
    "a key that nobody knows": ({"colour": "red"}, [("x.colour", "unknown_key")]),
}


@pytest.mark.parametrize(("said", "problems"), WRONG.values(), ids=WRONG)
def test_each_mistake_in_a_component_is_named(said, problems):
    assert looked(read_component, COMPONENT | said)[1] == problems


def test_an_adjustment_with_everything():
    said = {"match": {"level": ["重大"], "business": "个贷"}, "rate_per": {"exposure": "t", "unit": 10000}}
    made, problems = looked(lambda at: read_adjustment(at, True), RULE | said | {"per_subject_once": True})
    assert problems == []
    assert set(made.match) == {Match("level", ("重大",)), Match("business", ("个贷",))}
    assert (made.per, made.once, made.attributed) == (Exposure("t", D(10000)), True, True)
    assert (made.worth("一般"), made.worth("重大")) == (D(1), None)


@pytest.mark.parametrize(("told", "attributed"), [({}, False), ({"attributed": True}, True)])
def test_additions_ask_nobody_who_was_responsible_unless_it_is_said(told, attributed):
    assert looked(lambda at: read_adjustment(at, False), RULE | told)[0].attributed is attributed


BAD_RULES = {
    "no cap": ({"cap": None}, [("x.points", "no_cap")]),
    "a cap of nothing": ({"cap": 0}, [("x.cap", "not_positive")]),
    "a sign": ({"points": {"一般": -1}}, [("x.points.一般", "negative_points")]),
    "no levels": ({"points": {}}, [("x.points", "empty_list")]),
    "no points": ({"points": None}, [("x.points", "missing_key")]),
    "a unit of nothing": ({"rate_per": {"exposure": "t", "unit": 0}}, [("x.rate_per.unit", "not_positive")]),
    "a match of another column": ({"match": {"colour": "red"}}, [("x.match.colour", "unknown_key")]),
}


@pytest.mark.parametrize(("said", "problems"), BAD_RULES.values(), ids=BAD_RULES)
def test_each_mistake_in_a_rule_is_named(said, problems):
    assert looked(lambda at: read_adjustment(at, True), RULE | said)[1] == problems


BAD_VETOES = {
    "neither": ({"when": {"count_ge": 2}}, [("x.when", "event_or_standard")]),
    "both": ({"when": {"event": "e", "standard": "s"}}, [("x.when", "event_or_standard")]),
    "none at all": ({"when": {"event": "e", "count_ge": 0}}, [("x.when.count_ge", "not_whole")]),
    "no effect": ({"effect": {"exclude_from_awards": False}}, [("x.effect", "veto_without_effect")]),
}


@pytest.mark.parametrize(("said", "problems"), BAD_VETOES.values(), ids=BAD_VETOES)
def test_each_mistake_in_a_veto_is_named(said, problems):
    assert looked(read_veto, VETO | said)[1] == problems


RED = {"prob": {"metric": "total", "op": ">=", "ref": "peer_p90"}, "at_least": 0.975}
HEADS = {
    "people by the unit they head": (
        {"subject": {"kind": "person", "posts": ["head"], "by": "unit", "peer_group": ["post", "tag:山区"]}},
        lambda s: s.of,
        Of("person", (), ("head",), "unit", ("post", "tag:山区")),
    ),
    "no rounding": ({}, lambda s: s.rounding, Rounding()),
    "rounding": (
        {"rounding": {"digits": 0, "mode": "half_even"}},
        lambda s: s.rounding,
        Rounding(0, "half_even"),
    ),
    "limits": ({"total": {"min": -10, "max": 120}}, lambda s: (s.least, s.most), (D(-10), D(120))),
    "appeal": (
        {"appeal": {"window_days": 5, "levels": ["支行", "分行"]}},
        lambda s: s.appeal,
        Appeal(5, ("支行", "分行")),
    ),
    "ranking": ({"ranking": {"components": ["csat"]}}, lambda s: s.ranking, Ranking(100, ("csat",))),
    "a red list": (
        {"red_black": {"red": {"all": [RED, {"veto": "none"}], "min_n": 50}}},
        lambda s: s.red,
        Listing("all", (Condition("total", ">=", "peer_p90", D("0.975")), Condition(veto="none")), 50),
    ),
    "a black list": (
        {"red_black": {"black": {"any": [{"grade": ["不达标"]}], "human_confirm": False}}},
        lambda s: s.black,
        Listing("any", (Condition(grades=("不达标",)),), human_confirm=False),
    ),
    "stars": (
        {"stars": [{"stars": 5, "min": 95, "floors": {"csat": 90}, "periods": 2, "no_veto": False}]},
        lambda s: s.stars,
        (Star(5, D(95), (("csat", D(90)),), 0, 2, False),),
    ),
    "period": (
        {"period": {"cadence": "quarter", "straddle": "pin_start"}},
        lambda s: (s.cadence, s.straddle),
        ("quarter", "pin_start"),
    ),
    "approval": (
        {"approval": {"doc_no": "1号", "by": "行长办公会", "at": "2025-12-01"}},
        lambda s: (s.doc_no, s.approved_by),
        ("1号", "行长办公会"),
    ),
}
GRADES = [{"name": "优秀", "min": 90}, {"name": "不达标"}]


@pytest.mark.parametrize(("said", "look", "value"), HEADS.values(), ids=HEADS)
def test_each_part_of_the_head_is_read(said, look, value):
    assert look(read(scheme_text(**({"grades": GRADES} | said)))) == value


def test_a_scheme_names_each_indicator_and_standard_once():
    made = read(scheme_text(deductions=[RULE | {"rate_per": {"exposure": "floor.answer_rate", "unit": 1}}]))
    assert made.indicators == ("floor.satisfied_rate", "floor.answer_rate")
    assert (made.standards, made.ranked_on) == ((), ("csat",))
    assert made.component("gone") is None
    assert made.grades[0] == Grade("优秀", D(90), (("csat", D(80)),))


def test_a_certain_chance_is_no_chance():
    for share in (0, 1, 1.5):
        with pytest.raises(NotAScheme) as refused:
            read(scheme_text(red_black={"red": {"all": [RED | {"at_least": share}]}}))
        assert [p.code for p in refused.value.problems] == ["not_a_share"]


def test_the_steps_follow_one_another_to_the_last():
    assert [following(state) for state in STEPS] == [*STEPS[1:], None]


STANDS = {
    "not over": (Stand("collecting", period_over=False), ("period",)),
    "over": (Stand("collecting"), ()),
    "no run yet": (Stand("provisional"), ("run",)),
    "a run": (Stand("provisional", provisional_done=True), ()),
    "a final run is none to show": (Stand("provisional", final_done=True), ("run",)),
    "all is open": (
        Stand("appeal", appeals_open=1, window_open=True, pending=2),
        ("window", "appeals", "pending"),
    ),
    "all is decided": (Stand("appeal"), ()),
    "one is not": (Stand("appeal", appeals_open=1), ("appeals",)),
    "no final run": (Stand("final", provisional_done=True), ("run",)),
    "a final run": (Stand("final", final_done=True), ()),
    "being computed": (Stand("final", final_done=True, under_way=True), ("under_way",)),
    "closed": (Stand("closed", final_done=True), ("last",)),
}


@pytest.mark.parametrize(("stand", "codes"), STANDS.values(), ids=STANDS)
def test_what_keeps_a_round_from_its_next_step(stand, codes):
    assert hindrances(stand) == codes


@given(st.floats(-50, 150), st.floats(0.1, 30), st.floats(-50, 150))
def test_above_and_below_share_all_chances(mean, sd, bound):
    above, below = chance(mean, sd, ">=", bound), chance(mean, sd, "<", bound)
    assert above + below == pytest.approx(1)
    assert (above > 0.5) is (mean > bound) or above == pytest.approx(0.5)


@pytest.mark.parametrize("how", ["all", "any"])
def test_all_or_any_of_the_conditions(how):
    conditions = (Condition(veto="none"), Condition(grades=("优秀",)))
    subject = Standing(D(80), 0.0, "良好", vetoes=0, n=100)
    assert judge(Listing(how, conditions), subject, {}).met is (how == "any")
    assert judge(Listing(how, conditions), Standing(D(95), 0.0, "优秀"), {}).met is True


HELD = (Star(3, D(80)), Star(4, D(85), tenure_months=12), Star(5, D(90), (("c", D(80)),), periods=2))
WON = {
    "none": ([("79.99", {}, 0)], 24, 0),
    "on the bound": ([("80", {}, 0)], 24, 3),
    "long enough in the post": ([("85", {}, 0)], 12, 4),
    "a month too short": ([("85", {}, 0)], 11, 3),
    "two good periods": ([("95", {"c": "80"}, 0), ("90", {"c": "90"}, 0)], 24, 5),
    "one good period": ([("95", {"c": "80"}, 0)], 24, 4),
    "a floor missed once": ([("95", {"c": "80"}, 0), ("95", {"c": "79"}, 0)], 24, 4),
    "not scored is not reached": ([("95", {}, 0), ("95", {"c": "90"}, 0)], 24, 4),
    "a veto": ([("95", {"c": "90"}, 1), ("95", {"c": "90"}, 0)], 24, 0),
    "no score": ([(None, {}, 0)], 24, 0),
    "no period": ([], 24, 0),
}


@pytest.mark.parametrize(("periods", "months", "won"), WON.values(), ids=WON)
def test_stars_of_a_record(periods, months, won):
    told = tuple(
        Record(None if total is None else D(total), {k: D(v) for k, v in rated.items()}, vetoes)
        for total, rated, vetoes in periods
    )
    assert stars(HELD, told, months) == won
    assert stars(HELD[::-1], told, months) == won


@given(st.dates(dt.date(2000, 1, 1), dt.date(2040, 1, 1)), st.integers(0, 400))
def test_months_never_shrink_as_days_go_by(start, days):
    end = start + dt.timedelta(days=days)
    assert months_between(start, end) <= months_between(start, end + dt.timedelta(days=1))
    assert months_between(end, start) == 0 or days == 0
    assert months_between(start, end) <= days / 28


CASES = {
    "its own share": (Figure(0.9, 90, 100, 100, 0.9, own=1.0), "0.95", 5),
    "half of it own": (Figure(0.9, 90, 100, 100, 0.9, own=0.5), "0.95", 10),
    "fewer": (Figure(0.1, 10, 100, 100, 0.1, own=1.0), "0.05", -5),
    "more than there are": (Figure(0.9, 90, 100, 100, 0.9, own=0.1), "0.95", None),
    "nothing known": (Figure(), "0.95", None),
    "no estimate": (Figure(0.9, 90, 100, 100), "0.95", None),
    "nobody asked": (Figure(None, 0, 0, 0, 0.9, own=1.0), "0.95", None),
}


@pytest.mark.parametrize(("figure", "value", "told"), CASES.values(), ids=CASES)
def test_so_many_cases_more_would_do(figure, value, told):
    assert cases(figure, D(value)) == told
