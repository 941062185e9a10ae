"""What would win points back: the next step, the best one, and the cases that it takes."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kezun.assessment.rules.form import Transform
from kezun.assessment.rules.lines import Figure
from kezun.assessment.rules.transform import best_value, most, points
from kezun.assessment.rules.winning import cases, steps

D = Decimal
RISING = Transform(
    "piecewise_linear", ((D("0.9"), D(0)), (D("0.95"), D(60)), (D("0.98"), D(85)), (D("0.995"), D(100)))
)
FALLING = Transform("piecewise_linear", ((D(900), D(100)), (D(1500), D(80)), (D(3600), D(0))))
RATIO = Transform("ratio_to_target", target=D("0.8"))
SLOW = Transform("ratio_to_target", target=D(600), down=True)
BANDS = Transform("bands", bands=((D("0.98"), D(100)), (D("0.95"), D(60)), (None, D(0))))


@pytest.mark.parametrize(
    ("transform", "estimate", "told"),
    [
        (RISING, 0.93, [("0.95", "4.8"), ("0.995", "12.8")]),
        (RISING, 0.99, [("0.995", "1")]),
        (RISING, 0.5, [("0.95", "12"), ("0.995", "20")]),
        (
            FALLING,
            1625,
            [("1500", "0.9523809523809523809523809524"), ("900", "4.952380952380952380952380952")],
        ),
        (RATIO, 0.6, [("0.8", "5.0")]),
        (SLOW, 1200, [("600", "10")]),
        (BANDS, 0.96, [("0.98", "8")]),
        (BANDS, 0.2, [("0.95", "12"), ("0.98", "20")]),
    ],
)
def test_the_next_step_and_the_best(transform, estimate, told):
    found = [(str(step.value), step.gain) for step in steps(transform, estimate, D(20))]
    assert [v for v, _g in found] == [v for v, _g in told]
    assert [g for _v, g in found] == [pytest.approx(D(g), abs=D("1e-20")) for _v, g in told]


@pytest.mark.parametrize(
    ("transform", "estimate"), [(RISING, 1.0), (FALLING, 300), (RATIO, 0.9), (BANDS, 0.99)]
)
def test_who_has_the_most_has_nothing_to_win(transform, estimate):
    assert steps(transform, estimate, D(20)) == ()


def test_a_line_without_weight_wins_nothing():
    assert steps(RISING, 0.93, D(0)) == ()


@given(st.floats(0.5, 1), st.integers(1, 100), st.sampled_from([RISING, BANDS, RATIO]))
def test_the_last_step_always_earns_the_most(estimate, weight, transform):
    found = steps(transform, estimate, D(weight))
    now = points(transform, D(round(estimate * 10**9)).scaleb(-9))
    if found:
        assert found[-1].value == best_value(transform)
        assert now + found[-1].gain * 100 / weight == pytest.approx(most(transform), abs=D("1e-9"))
    else:
        assert now == most(transform)


def figure(top, bottom, own=1.0, mean=0.5):
    raw = top / bottom
    return Figure(
        value=raw, numerator=top, denominator=bottom, n=bottom, estimate=own * raw + (1 - own) * mean, own=own
    )


@pytest.mark.parametrize(
    ("made", "value", "told"),
    [
        (figure(93, 100), "0.95", 2),
        (figure(93, 100, own=0.5), "0.75", 7),
        (figure(10, 100), "0.05", -5),
        (figure(931, 1000), "0.95", 19),
        (figure(93, 100), "0.93", 0),
        (figure(93, 100, own=0.1), "0.95", None),
        (Figure(), "0.5", None),
        (Figure(value=0.5, numerator=1, denominator=0, estimate=0.5, own=1.0), "0.6", None),
        (Figure(value=0.5, numerator=1, denominator=2, estimate=0.5, own=0.0), "0.6", None),
    ],
)
def test_a_step_in_cases(made, value, told):
    assert cases(made, D(value)) == told


def test_a_rate_per_ten_thousand_is_brought_back_to_its_share():
    made = Figure(value=100.0, numerator=10, denominator=1000, n=1000, estimate=100.0, own=1.0)
    assert cases(made, D(50), scale=10_000) == -5


@given(st.integers(1, 500), st.data(), st.floats(0.05, 1), st.floats(0, 1))
def test_with_so_many_more_the_estimate_reaches_the_value(bottom, data, own, wanted):
    top = data.draw(st.integers(0, bottom))
    made = figure(top, bottom, own)
    more = cases(made, D(str(wanted)))
    if more is None:
        return
    reached = own * (top + more) / bottom + (1 - own) * 0.5
    if more > 0:
        assert reached >= wanted - 1e-6
        assert own * (top + more - 1) / bottom + (1 - own) * 0.5 <= wanted + 1e-6
    elif more < 0:
        assert reached <= wanted + 1e-6
