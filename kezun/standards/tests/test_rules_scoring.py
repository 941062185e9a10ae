"""Scoring, rule by rule: not applicable, cascade, veto, defects, indicators, ranges, subtotals, rounding."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest

from kezun.standards.rules import Na, NotScorable, asked, evaluate, read
from kezun.standards.rules.form import Checker, Rounding
from kezun.standards.rules.scoring import measured, rounded
from kezun.standards.tests.samples import TAGS, conforming, sample, text

FULL = {"X1.1": 5, "X1.2": Decimal("0.99"), "X1.3": 20, "X1.4": 0, "X1.5": 0}


def every(**changed):
    """Scores the sample with every kind of answer; X1_1=… changes one answer."""
    answers = FULL | {key.replace("_", "."): value for key, value in changed.items()}
    return evaluate(sample("everything"), answers, tags={"甲类"})


def line(result, id):
    [found] = [x for x in result.lines if x.id == id]
    return found


def with_policy(policy):
    return read(text("outlet").replace("na: renormalise", f"na: {policy}"))


@pytest.mark.parametrize(
    ("policy", "score", "earned", "applicable", "reason"),
    [
        ("renormalise", "100.00", 95, 95, "na_left_out"),
        ("full", "100.00", 100, 100, "na_full"),
        ("zero", "95.00", 95, 100, "na_zero"),
    ],
)
def test_the_three_policies_of_not_applicable(policy, score, earned, applicable, reason):
    result = evaluate(with_policy(policy), conforming(A1_02=Na("二楼")), tags=TAGS)
    assert (result.score, result.earned, result.applicable) == (Decimal(score), earned, applicable)
    assert line(result, "A1.02").reason == reason
    assert line(result, "A1.02").params == {"why": "二楼"}
    assert line(result, "A1.02").points == 5


def test_what_does_not_apply_at_an_outlet_is_left_out_and_said():
    result = evaluate(sample("outlet"), conforming(A1_01="差"), tags={"商场内"})
    assert line(result, "A1.02").reason == "not_applicable"
    assert result.applicable == 95
    assert result.score == Decimal("89.47")


def test_an_answer_to_what_does_not_apply_neither_earns_nor_cascades():
    never = replace(sample("outlet").criterion("B1.01").applies_to, none=("底层",))
    result = evaluate(_changed("B1.01", applies_to=never), conforming(B1_01="不在"), tags=TAGS)
    assert line(result, "B1.02").earned == 4
    assert line(result, "B1.01").reason == "not_applicable"


def _changed(id, **fields):
    """The outlet sample with one criterion changed, unchecked."""
    made = sample("outlet")
    modules = tuple(
        replace(
            m,
            items=tuple(
                replace(i, criteria=tuple(replace(c, **fields) if c.id == id else c for c in i.criteria))
                for i in m.items
            ),
        )
        for m in made.modules
    )
    return replace(made, modules=modules)


def test_a_cascade_takes_even_what_was_not_applicable_and_needs_no_answer():
    answers = conforming(B1_01="不在")
    del answers["B1.02"]
    result = evaluate(sample("outlet"), answers, tags=TAGS)
    assert line(result, "B1.02").earned == 0
    assert line(result, "B1.02").possible == 4
    assert line(result, "B1.02").answer is None


def test_a_cascade_runs_on_through_what_it_took():
    chained = text("outlet").replace(
        "            text: 工装统一\n",
        "            text: 工装统一\n            cascade: {when: [无工装], zero: [B2.01]}\n",
    )
    result = evaluate(read(chained), conforming(B1_01="不在"), tags=TAGS)
    assert line(result, "B2.01").reason == "cascade"
    assert line(result, "B2.01").params == {"by": "B1.01"}
    assert result.score == Decimal("40.00")


def test_a_cascade_never_lifts_what_is_below_nothing():
    assert line(every(X1_4=1, X1_5=-3), "X1.5").earned == -3
    assert line(every(X1_4=1, X1_5=0), "X1.5").earned == 0
    answers = {k: v for k, v in FULL.items() if k != "X1.5"} | {"X1.4": 1}
    assert line(evaluate(sample("everything"), answers, tags={"甲类"}), "X1.5").earned == 0


def test_several_vetoes_take_the_lowest_cap():
    two = text("outlet").replace(
        "            text: 工装统一\n",
        "            text: 工装统一\n            veto: {when: [无工装], effect: {grade_cap: 不达标}}\n",
    )
    result = evaluate(read(two), conforming(B1_02="无工装", B2_01="推诿"), tags=TAGS)
    assert result.veto == ("B1.02", "B2.01")
    assert result.grade_cap == "不达标"


def test_a_cap_without_an_order_of_grades():
    plain = text("outlet").replace(", grades: [优秀, 良好, 达标, 不达标]", "")
    assert evaluate(read(plain), conforming(B2_01="推诿"), tags=TAGS).grade_cap == "达标"


def test_a_veto_stands_even_where_a_cascade_took_the_points():
    chained = text("outlet").replace("zero: [B1.02, B1.03]", "zero: [B1.02, B2.01]")
    result = evaluate(read(chained), conforming(B1_01="不在", B2_01="推诿"), tags=TAGS)
    assert result.veto == ("B2.01",)
    clean = evaluate(read(chained), conforming(B1_01="不在", B2_01=Na("无")), tags=TAGS)
    assert clean.veto == ()


def test_a_veto_may_only_exclude_from_awards():
    result = every(X1_4=1)
    assert result.veto == ("X1.4",)
    assert result.grade_cap is None
    assert result.exclude_from_awards
    assert not every().exclude_from_awards


@pytest.mark.parametrize(("defects", "earned"), [(0, "20"), (1, "18.5"), (9, "6.5"), (10, "5"), (50, "5")])
def test_defects_cost_so_much_each_down_to_the_floor(defects, earned):
    found = line(every(X1_4=defects), "X1.4")
    assert found.earned == Decimal(earned)
    assert found.reason == ("defects" if defects else "met")


@pytest.mark.parametrize(
    ("value", "earned", "reason"),
    [
        ("10", 30, "band"),
        ("10.01", 15, "band"),
        ("20", 15, "band"),
        ("20.01", 0, "no_band"),
        ("-1", 30, "band"),
    ],
)
def test_bands_where_less_is_better_include_their_bound(value, earned, reason):
    found = line(every(X1_1=Decimal(value)), "X1.1")
    assert (found.earned, found.reason) == (earned, reason)


@pytest.mark.parametrize(("op", "earned"), [(">=", 15), (">", 9)])
def test_bands_where_more_is_better(op, earned):
    made = read(text("outlet").replace("ref: ind.uptime", f"ref: ind.uptime, op: '{op}'"))
    result = evaluate(made, conforming(A2_02=Decimal("0.98")), tags=TAGS)
    assert line(result, "A2.02").earned == earned


def test_strictly_less_excludes_the_bound():
    made = read(text("everything").replace('op: "<="', 'op: "<"'))
    assert line(evaluate(made, FULL | {"X1.1": 10}, tags={"甲类"}), "X1.1").earned == 15


def test_the_band_without_a_bound_takes_the_rest():
    result = evaluate(sample("outlet"), conforming(A2_02=Decimal("0.1")), tags=TAGS)
    assert line(result, "A2.02").reason == "other_band"
    assert line(result, "A2.02").earned == 0


@pytest.mark.parametrize(
    ("value", "earned"),
    [
        ("0.5", "0"),
        ("0.9", "0"),
        ("0.925", "12"),
        ("0.95", "24"),
        ("0.97", "27"),
        ("0.99", "30"),
        ("2", "30"),
    ],
)
def test_a_line_through_points_is_level_beyond_its_ends(value, earned):
    found = line(every(X1_2=Decimal(value)), "X1.2")
    assert found.earned == Decimal(earned)
    assert found.reason == "linear"


def test_a_share_on_a_line_is_kept_to_twelve_places():
    made = read(text("everything").replace("[0.95, 0.8], [0.99, 1]", "[0.93, 1]"))
    found = line(evaluate(made, FULL | {"X1.2": Decimal("0.91")}, tags={"甲类"}), "X1.2")
    assert found.params["share"] == Decimal("0.333333333333")
    assert found.earned == Decimal("9.99999999999")


def test_a_range_may_go_below_nothing():
    assert line(every(X1_3=-5), "X1.3").earned == -5
    assert every(X1_3=-5, X1_1=99).score == Decimal("45.0")
    assert line(every(X1_3=Decimal("7.25")), "X1.3").reason == "range"


def test_a_text_is_neither_earned_nor_possible():
    assert line(every(X1_0="看到一位客户致谢"), "X1.0").reason == "text"
    assert every(X1_0="看到一位客户致谢").applicable == 100
    assert line(every(), "X1.0").answer is None


def test_indicators_are_looked_up_by_name_and_an_answer_comes_first():
    answers = conforming()
    del answers["A2.02"]
    by_name = {"ind.uptime": Decimal("0.96")}
    assert evaluate(sample("outlet"), answers, tags=TAGS, indicators=by_name).score == 94
    assert evaluate(sample("outlet"), conforming(), tags=TAGS, indicators=by_name).score == 100
    assert measured(sample("everything")) == ("ind.wait", "ind.rate")


def test_subtotals_by_module_and_item():
    result = evaluate(sample("outlet"), conforming(A1_01="差", B1_02="不统一", A1_02=Na("无")), tags=TAGS)
    premises, people = result.parts
    assert (premises.id, premises.earned, premises.applicable) == ("A", 25, 35)
    assert [(p.id, p.earned, p.applicable) for p in premises.parts] == [("A1", 0, 10), ("A2", 25, 25)]
    assert people.parts[0].earned == 29
    assert [x.id for x in people.parts[0].lines] == ["B1.01", "B1.02", "B1.03"]
    assert premises.title_en == "Premises"


def test_nothing_applicable_is_no_score_rather_than_zero():
    made = read(text("hygiene").replace("kind: demerits", "kind: points").replace(_bands(), ""))
    nowhere = evaluate(_only_blind(made), {}, method="明查")
    assert nowhere.score is None
    assert nowhere.exact is None
    assert nowhere.rating is None
    assert nowhere.lines == ()


def _bands():
    found = text("hygiene")
    return found[found.index("  bands:") : found.index("modules:")]


def _only_blind(made):
    hidden = Checker(methods=("暗访",), blind=True)
    [module] = made.modules
    [item] = module.items
    criteria = tuple(replace(c, checker=hidden) for c in item.criteria)
    return replace(made, modules=(replace(module, items=(replace(item, criteria=criteria),)),))


@pytest.mark.parametrize(
    ("method", "ids"),
    [
        (None, 8),
        ("自查", 2),
        ("明查", 4),
        ("暗访", 4),
        ("系统取数", 1),
        ("电话", 0),
    ],
)
def test_the_method_decides_the_form(method, ids):
    assert len(asked(sample("outlet"), tags=TAGS, method=method)) == ids


def test_blind_criteria_are_invisible_to_other_methods():
    seen = {c.id for c in asked(sample("outlet"), tags=TAGS, method="明查")}
    assert seen == {"A1.01", "A1.02", "A2.01", "B2.01"}
    anyone = replace(sample("outlet").criterion("B1.01"), checker=Checker(blind=True))
    assert not anyone.checker.by("明查")
    assert Checker().by("明查")


def test_a_form_of_one_method_is_scored_on_what_it_asks():
    result = evaluate(sample("outlet"), {"A1.01": "好", "A2.01": 5}, tags=TAGS, method="自查")
    assert (result.earned, result.applicable, result.score) == (10, 20, Decimal("50.00"))
    assert [x.id for x in result.lines] == ["A1.01", "A2.01"]


def test_answers_that_cannot_be_scored_are_refused_together():
    with pytest.raises(NotScorable) as caught:
        evaluate(sample("outlet"), conforming(A1_01="没有这个", A2_01=-1), tags=TAGS)
    assert [(x.criterion, x.code) for x in caught.value.lacks] == [
        ("A1.01", "unknown_option"),
        ("A2.01", "not_a_count"),
    ]
    assert "A1.01: unknown_option" in str(caught.value)


@pytest.mark.parametrize(
    ("exact", "digits", "score"),
    [
        (Fraction(84985, 1000), 2, "84.99"),
        (Fraction(84984999, 1000000), 2, "84.98"),
        (Fraction(1, 3), 2, "0.33"),
        (Fraction(2, 3), 0, "1"),
        (Fraction(-5, 1000), 2, "-0.01"),
        (Fraction(-4, 1000), 2, "0.00"),
        (Fraction(100), 2, "100.00"),
    ],
)
def test_a_score_is_rounded_half_up_once(exact, digits, score):
    assert str(rounded(exact, Rounding(digits))) == score


def test_rounding_happens_only_at_the_end():
    """Three lines of a third each would be 33.33 × 3 = 99.99 if they were rounded one by one."""
    made = read(text("everything").replace("[0.95, 0.8], [0.99, 1]", "[0.93, 1]"))
    result = evaluate(made, FULL | {"X1.2": Decimal("0.91")}, tags={"甲类"})
    assert result.score == Decimal("80.0")
    assert result.earned == Decimal("79.99999999999")


@pytest.mark.parametrize(
    ("changed", "rating"),
    [
        ({}, "甲"),
        ({"X1_4": 6}, "甲"),
        ({"X1_4": 7}, "乙"),
        ({"X1_1": 15}, "乙"),
        ({"X1_1": 99, "X1_3": 10}, "丙"),
    ],
)
def test_ratings_on_a_scale_of_points(changed, rating):
    """Ninety in all is 甲 only while no single criterion loses more than ten points."""
    assert every(**changed).rating == rating


def test_a_scale_without_bands_rates_nothing():
    assert evaluate(sample("outlet"), conforming(), tags=TAGS).rating is None


def test_demerits_that_are_not_applicable_count_by_the_policy():
    for policy, total in (("renormalise", 0), ("full", 0), ("zero", 30)):
        body = text("hygiene").replace("kind: demerits", f"kind: demerits\n  na: {policy}")
        made = read(body.replace("values: [0, 5, 10, 20, 30]}", "values: [0, 5, 10, 20, 30], na: true}"))
        result = evaluate(made, {"hygiene": 0, "structure": 0, "management": Na("停业")})
        assert result.score == total


def test_a_cascade_onto_words_changes_nothing():
    made = read(text("everything").replace("zero: [X1.5]", "zero: [X1.0]"))
    result = evaluate(made, FULL | {"X1.0": "整洁", "X1.4": 1}, tags={"甲类"})
    assert line(result, "X1.0").earned == 0
    assert result.earned == Decimal("98.5")
    assert line(result, "X1.0").possible == 0
