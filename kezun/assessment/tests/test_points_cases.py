"""From a value to points, from events to lines, from totals to grades: tables of cases and their edges."""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kezun.assessment.rules.adjusting import adjusted, incidents, matches, vetoed
from kezun.assessment.rules.form import Adjustment, Exposure, Grade, Match, Rounding, Transform, Veto
from kezun.assessment.rules.grading import capped, grade
from kezun.assessment.rules.lines import Event, Line, NotAdded, Result, check, rounded
from kezun.assessment.rules.transform import best_value, exact, many, most, points, spread
from kezun.assessment.tests.making import events, transforms

D = Decimal
RISING = Transform("piecewise_linear", ((D("0.9"), D(0)), (D("0.95"), D(60)), (D("0.99"), D(100))))
FALLING = Transform("linear", ((D(300), D(100)), (D(900), D(0))))
UP = Transform("ratio_to_target", target=D("0.8"), cap=D("1.2"))
DOWN = Transform("ratio_to_target", target=D(600), down=True)
BANDS = Transform("bands", op=">=", bands=((D("0.98"), D(100)), (D("0.95"), D(60)), (None, D(10))))
STRICT = Transform("bands", op="<", bands=((D(10), D(100)), (D(20), D(50))))

POINTS = {
    "below the first corner": (RISING, "0.5", "0"),
    "on the first corner": (RISING, "0.9", "0"),
    "between corners": (RISING, "0.925", "30"),
    "on a corner": (RISING, "0.95", "60"),
    "on the steeper side": (RISING, "0.97", "80"),
    "beyond the last corner": (RISING, "1.2", "100"),
    "less is better": (FALLING, "600", "50"),
    "less than the least": (FALLING, "0", "100"),
    "more than the most": (FALLING, "5000", "0"),
    "half of a target": (UP, "0.4", "50"),
    "a target met": (UP, "0.8", "100"),
    "over the target": (UP, "0.88", "110"),
    "capped": (UP, "2", "120"),
    "below nothing": (UP, "-1", "0"),
    "twice the target that is a limit": (DOWN, "1200", "50"),
    "the limit itself": (DOWN, "600", "100"),
    "under the limit": (DOWN, "300", "100"),
    "none at all of what should be little": (DOWN, "0", "100"),
    "less than none": (DOWN, "-5", "100"),
    "the bound of a band": (BANDS, "0.98", "100"),
    "just below a bound": (BANDS, "0.979999999", "60"),
    "the band for all others": (BANDS, "0", "10"),
    "strictly less at the bound": (STRICT, "10", "50"),
    "strictly less below it": (STRICT, "9.999999999", "100"),
    "in no band": (STRICT, "20", "0"),
}


@pytest.mark.parametrize(("transform", "value", "worth"), POINTS.values(), ids=POINTS)
def test_points_of_a_value(transform, value, worth):
    assert points(transform, D(value)) == D(worth)
    assert many(transform, np.array([float(value)]))[0] == pytest.approx(float(worth), abs=1e-6)


MOST = {
    "rising": (RISING, "100", "0.99"),
    "falling": (FALLING, "100", "300"),
    "over the target": (UP, "120", "0.96"),
    "under a limit": (DOWN, "100", "600"),
    "bands": (BANDS, "100", "0.98"),
    "a flat top": (Transform("linear", ((D(0), D(0)), (D(1), D(80)), (D(2), D(80)))), "80", "1"),
    "a flat top of less": (Transform("linear", ((D(0), D(80)), (D(1), D(80)), (D(2), D(0)))), "80", "1"),
}


@pytest.mark.parametrize(("transform", "top", "value"), MOST.values(), ids=MOST)
def test_the_most_and_the_first_value_that_earns_it(transform, top, value):
    assert (most(transform), best_value(transform)) == (D(top), D(value))
    assert points(transform, D(value)) == D(top)


def test_where_a_band_without_bound_earns_the_most_no_value_is_named():
    assert best_value(Transform("bands", op=">=", bands=((None, D(50)),))) is None


@given(transforms(), st.floats(-1, 3, allow_nan=False))
def test_points_never_leave_nothing_to_most(transform, value):
    assert 0 <= points(transform, exact(value)) <= most(transform)


@given(transforms(rising=True), st.floats(0, 2), st.floats(0, 2))
def test_a_rising_transform_never_punishes_more(transform, one, other):
    low, high = sorted((exact(one), exact(other)))
    assert points(transform, low) <= points(transform, high)


@pytest.mark.parametrize("transform", [RISING, FALLING, UP, DOWN, BANDS, STRICT], ids=lambda t: t.kind)
def test_what_is_not_known_earns_nothing_that_could_be_mistaken_for_points(transform):
    values = np.array([np.nan, 1.0])
    assert np.isnan(many(transform, values)).tolist() == [True, False]
    assert math.isnan(spread(transform, values, np.array([0.1, 0.1]))[0])


def test_a_spread_of_nothing_is_none_on_a_line_and_felt_over_a_step():
    flat = spread(RISING, np.array([0.93]), np.array([0.0]))[0]
    assert flat == pytest.approx(0, abs=1e-6)
    step = spread(BANDS, np.array([0.98]), np.array([0.001]))[0]
    assert step == pytest.approx(20)


@pytest.mark.parametrize(
    ("value", "told"),
    [(0.1, "0.1"), (0.1 + 0.2, "0.3"), (1 / 3, "0.333333333"), (-0.5, "-0.5"), (12345.0, "12345")],
    ids=["a tenth", "three tenths", "a third", "below nothing", "whole"],
)
def test_noise_of_the_last_bit_is_cut_off(value, told):
    assert exact(value) == D(told)


RULE = Adjustment("D1", "投诉", "complaint", (("一般", D(1)), ("重大", D(5))), D(8))


def event(key: str, level: str = "一般", **more: str) -> Event:
    said = {"day": "2026-01-10", "responsibility": "responsible"} | more
    return Event(f"m/{key}", "complaint", level=level, **said)


def line(rule: Adjustment, told: list[Event], sign: int = -1, **more: object) -> Line:
    [made] = adjusted([rule], told, more.pop("exposures", {}), version="1", sign=sign, seen=set(), **more)
    return made


TAKEN = {
    "nothing happened": (RULE, [], "0", []),
    "one": (RULE, [event("1")], "-1", ["counted"]),
    "of two levels": (RULE, [event("1"), event("2", "重大")], "-6", ["counted", "counted"]),
    "up to the cap": (RULE, [event("1", "重大"), event("2", "重大")], "-8", ["counted", "counted"]),
    "a level without points": (RULE, [event("1", "较重")], "0", ["no_points"]),
    "no level": (RULE, [event("1", "")], "0", ["no_points"]),
    "not yet decided": (RULE, [event("1", responsibility="pending")], "0", ["pending"]),
    "not responsible": (RULE, [event("1", responsibility="none")], "0", ["not_responsible"]),
    "shared": (RULE, [event("1", responsibility="shared")], "-1", ["counted"]),
    "not asked who": (
        replace(RULE, attributed=False),
        [event("1", responsibility="pending"), event("2", responsibility="none")],
        "-2",
        ["counted", "counted"],
    ),
    "one incident twice": (
        RULE,
        [event("1", incident="I"), event("2", "重大", incident="I")],
        "-5",
        ["counted", "same_incident"],
    ),
    "two incidents": (RULE, [event("1", incident="I"), event("2", incident="J")], "-2", ["counted"] * 2),
    "once": (replace(RULE, once=True), [event("1"), event("2", "重大")], "-5", ["counted", "once"]),
    "once but not by what has no points": (
        replace(RULE, once=True),
        [event("1", "较重"), event("2")],
        "-1",
        ["counted", "no_points"],
    ),
    "of another kind": (replace(RULE, event="media"), [event("1")], "0", []),
    "a default for all levels": (
        replace(RULE, points=(("重大", D(5)), ("default", D("0.5")))),
        [event("1"), event("2", "较重"), event("3", "重大")],
        "-6",
        ["counted"] * 3,
    ),
}


@pytest.mark.parametrize(("rule", "told", "worth", "states"), TAKEN.values(), ids=TAKEN)
def test_what_events_take(rule, told, worth, states):
    for order in (told, told[::-1]):
        made = line(rule, order)
        assert made.points == D(worth)
        assert [e.state for e in made.events] == states
        assert made.state == ("counted" if D(worth) else "none")
        assert (made.kind, made.id, made.possible) == ("deduction", rule.id, 0)


def test_the_same_rule_gives_with_the_other_sign():
    made = line(RULE, [event("1", "重大")], sign=1)
    assert (made.kind, made.points, made.possible) == ("addition", D(5), D(8))


EXPOSED = {
    "twice the unit": (20_000.0, "-0.5"),
    "one unit": (10_000.0, "-1"),
    "less than a unit counts as one": (100.0, "-1"),
    "none": (0.0, "-1"),
    "not known": (None, "-1"),
}


@pytest.mark.parametrize(("exposure", "worth"), EXPOSED.values(), ids=EXPOSED)
def test_points_per_so_many_served(exposure, worth):
    rule = replace(RULE, per=Exposure("floor.tickets", D(10_000)))
    exposures = {} if exposure is None else {"floor.tickets": exposure}
    made = line(rule, [event("1")], exposures=exposures)
    assert (made.points, made.exposure) == (D(worth), exposure)


def test_the_cap_is_held_against_what_is_left_after_the_exposure():
    rule = replace(RULE, per=Exposure("x", D(1)), cap=D(2))
    assert line(rule, [event("1", "重大")], exposures={"x": 2.0}).points == -2
    assert line(rule, [event("1", "重大")], exposures={"x": 5.0}).points == -1


def test_an_edition_before_has_used_up_part_of_the_cap():
    used = {"D1": D(6)}
    assert line(RULE, [event("1", "重大")], used=used).points == -2
    assert used == {"D1": D(8)}
    assert line(RULE, [event("2", "重大")], used=used).points == 0


def test_once_holds_over_editions_of_a_period():
    rule, used = replace(RULE, once=True), {}
    assert line(rule, [event("1")], used=used).points == -1
    later = line(rule, [event("2", "重大")], used=used)
    assert (later.points, [e.state for e in later.events]) == (0, ["once"])


def test_an_incident_goes_to_the_first_rule_that_takes_it():
    media = replace(RULE, id="D2", event="media", points=(("一般", D(3)),))
    told = [
        event("1", incident="I"),
        Event("m/2", "media", "2026-01-10", "一般", "responsible", "I"),
    ]
    for rules, worths in (((RULE, media), [-1, 0]), ((media, RULE), [-3, 0])):
        made = adjusted(rules, told, {}, version="1", sign=-1, seen=set())
        assert [x.points for x in made] == worths


@given(events, st.randoms(use_true_random=False))
def test_lines_do_not_depend_on_the_order_of_events(told, random):
    mixed = list(told)
    random.shuffle(mixed)
    assert line(RULE, mixed) == line(RULE, told)


@given(events)
def test_no_rule_takes_more_than_its_cap(told):
    assert -RULE.cap <= line(RULE, told).points <= 0


MATCHES = {
    "no condition": ((), True),
    "one of the values": ((Match("level", ("一般", "重大")),), True),
    "another value": ((Match("level", ("重大",)),), False),
    "all must hold": ((Match("level", ("一般",)), Match("business", ("个贷",))), False),
    "both hold": ((Match("level", ("一般",)), Match("subject_line", ("retail",))), True),
    "no value fits": ((Match("level", ()),), False),
}


@pytest.mark.parametrize(("match", "holds"), MATCHES.values(), ids=MATCHES)
def test_which_events_a_rule_takes(match, holds):
    told = event("1", subject_line="retail")
    assert matches(told, "complaint", match) is holds
    assert matches(told, "praise", match) is False


VETO = Veto("V1", "否决", event="complaint", count=2, grade_cap="达标")
VETOED = {
    "too few": (VETO, [event("1")], (), False),
    "two": (VETO, [event("1"), event("2")], (), True),
    "one incident is one": (VETO, [event("1", incident="I"), event("2", incident="I")], (), False),
    "what is pending is none": (VETO, [event("1"), event("2", responsibility="pending")], (), False),
    "nobody's is none": (VETO, [event("1"), event("2", responsibility="none")], (), False),
    "an inspection": (Veto("V2", "检", standard="urn:s"), [], ("urn:s",), True),
    "another inspection": (Veto("V2", "检", standard="urn:s"), [event("1")] * 3, ("urn:t",), False),
    "by level": (replace(VETO, count=1, match=(Match("level", ("重大",)),)), [event("1")], (), False),
}


@pytest.mark.parametrize(("rule", "told", "standards", "holds"), VETOED.values(), ids=VETOED)
def test_when_a_veto_holds(rule, told, standards, holds):
    assert vetoed([rule], told, standards) == ((rule.id,) if holds else ())
    assert vetoed([rule], told[::-1], standards) == ((rule.id,) if holds else ())


def test_a_veto_counts_the_incidents_of_the_whole_period_but_needs_one_of_its_own():
    whole = {"V1": {"I", "J"}}
    assert vetoed([VETO], [event("1", incident="I")], (), whole) == ("V1",)
    assert vetoed([VETO], [], (), whole) == ()
    assert incidents(VETO, [event("1"), event("2", incident="I")]) == {"m/1", "I"}


GRADES = (
    Grade("优秀", D(90), (("csat", D(80)),)),
    Grade("良好", D(70)),
    Grade("达标", D(60)),
    Grade("不达标"),
)
GRADED = {
    "all met": ("95", {"csat": "80"}, "优秀"),
    "on the bound": ("90", {"csat": "100"}, "优秀"),
    "just below it": ("89.99", {"csat": "100"}, "良好"),
    "a floor missed": ("95", {"csat": "79.99"}, "良好"),
    "no floor where nothing was scored": ("95", {}, "优秀"),
    "the last takes all": ("-3", {}, "不达标"),
}


@pytest.mark.parametrize(("score", "rated", "name"), GRADED.values(), ids=GRADED)
def test_the_first_grade_whose_total_and_floors_are_met(score, rated, name):
    assert grade(GRADES, D(score), {id: D(worth) for id, worth in rated.items()}) == name


def test_without_grades_there_is_none():
    assert grade((), D(100), {}) == ""
    assert grade(GRADES[:1], D(10), {}) == ""


CAPPED = {
    "none": ("优秀", (), "优秀"),
    "a lower one": ("优秀", ("达标",), "达标"),
    "the lowest of several": ("优秀", ("良好", "不达标", "达标"), "不达标"),
    "never lifts": ("不达标", ("良好",), "不达标"),
    "a name that is no grade": ("良好", ("金牌",), "良好"),
}


@pytest.mark.parametrize(("name", "caps", "held"), CAPPED.values(), ids=CAPPED)
def test_caps_only_ever_lower_a_grade(name, caps, held):
    assert capped(GRADES, name, caps) == held
    assert capped(GRADES, name, caps[::-1]) == held


ROUNDED = {
    "half up": ("84.985", 2, "half_up", "84.99"),
    "half to even": ("84.985", 2, "half_even", "84.98"),
    "below nothing away from it": ("-0.005", 2, "half_up", "-0.01"),
    "whole": ("84.5", 0, "half_up", "85"),
    "noise in the last digit": ("84.98499999999999999999", 2, "half_up", "84.99"),
    "what is no noise": ("84.984999", 2, "half_up", "84.98"),
    "places are filled": ("80", 2, "half_up", "80.00"),
}


@pytest.mark.parametrize(("total", "digits", "mode", "score"), ROUNDED.values(), ids=ROUNDED)
def test_a_total_as_it_is_published(total, digits, mode, score):
    assert str(rounded(D(total), Rounding(digits, mode))) == score


def test_lines_must_add_up_unless_there_is_no_score():
    lines = (Line("base", "base", "1", D(10), D(10)), Line("deduction", "D1", "1", D(-3), D(0)))
    check(Result(lines, D(7), D(7), 0.0))
    check(Result(lines, None, None, 0.0))
    with pytest.raises(NotAdded, match="lines 7, score 8"):
        check(Result(lines, D(8), D(8), 0.0))
