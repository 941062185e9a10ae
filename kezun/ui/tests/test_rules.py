"""How numbers look: rounding never lies, lines keep their gaps, bars share one scale."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kezun.ui.rules import FAR, Shown, bars, decimals, duration, grouped, percent, shown, spark, verdict

VALUES = st.floats(-1e6, 1e6, allow_nan=False)


@pytest.mark.parametrize(
    ("share", "text"),
    [
        *((0.0, "0"), (1.0, "100"), (0.987, "98.7"), (0.5, "50.0"), (1.25, "125.0")),
        *((0.9996, "99.96"), (0.99996, "99.996"), (0.0004, "0.04"), (0.00004, "0.004")),
    ],
)
def test_a_share_shows_what_one_decimal_would_hide(share, text):
    assert percent(share) == text


@given(st.integers(1, 10**5 - 1))
def test_no_share_inside_reads_as_all_or_nothing(hundred_thousandths):
    assert percent(hundred_thousandths / 10**5) not in ("0", "100", "0.0", "100.0")


@pytest.mark.parametrize(
    ("seconds", "pattern", "numbers"),
    [
        (0, "seconds", ("0",)),
        (4.26, "seconds", ("4.3",)),
        (9.0, "seconds", ("9",)),
        (42, "seconds", ("42",)),
        (59.4, "seconds", ("59",)),
        (59.5, "minutes_even", ("1",)),
        (200, "minutes", ("3", "20")),
        (1800, "minutes_even", ("30",)),
        (3599.6, "hours_even", ("1",)),
        (3900, "hours", ("1", "5")),
        (-65, "minutes", ("−1", "5")),
        (-0.5, "seconds", ("−0.5",)),
    ],
)
def test_durations_read_as_people_say_them(seconds, pattern, numbers):
    assert duration(seconds) == Shown(pattern, numbers)


@given(st.integers(0, 10**6))
def test_a_whole_duration_can_be_read_back_to_its_smallest_shown_part(seconds):
    made = duration(seconds)
    parts = [int(n) for n in made.numbers]
    kind = made.pattern.split("_")[0]
    if kind == "seconds":
        assert parts == [seconds]
    elif kind == "minutes":
        assert parts[0] * 60 + (parts[1] if len(parts) > 1 else 0) == seconds
    else:
        large, small = (3600, 60) if kind == "hours" else (86400, 3600)
        read = parts[0] * large + (parts[1] if len(parts) > 1 else 0) * small
        assert abs(read - seconds) <= small / 2


@pytest.mark.parametrize(
    ("value", "unit", "made"),
    [
        (0.85, "%", Shown("percent", ("85.0",))),
        (25890, "count", Shown("count", ("25,890",))),
        (12.34, "per_10k", Shown("per_10k", ("12.3",))),
        (8.41, "per_hour", Shown("per_hour", ("8.4",))),
        (4.867, "score", Shown("plain", ("4.87",))),
        (42, "s", Shown("seconds", ("42",))),
    ],
)
def test_each_unit_has_its_own_way(value, unit, made):
    assert shown(value, unit) == made


def test_negative_numbers_carry_a_true_minus():
    assert grouped(-1234) == "−1,234"
    assert decimals(-0.25, 2) == "−0.25"


@pytest.mark.parametrize(
    ("delta", "direction", "meaning"),
    [
        *((1, "up", "better"), (-1, "up", "worse"), (1, "down", "worse"), (-1, "down", "better")),
        *((1, "none", "plain"), (0, "up", "level"), (0, "none", "level")),
    ],
)
def test_whether_a_change_is_good_depends_on_the_direction(delta, direction, meaning):
    assert verdict(delta, direction) == meaning


def test_a_sparkline_breaks_where_a_day_is_missing():
    runs = spark([1, 2, None, 4, 3])
    assert [len(run.split()) for run in runs] == [2, 2]


def test_a_lonely_day_is_drawn_as_a_dash():
    assert spark([None, 5, None]) == ["50.0,12.0 50.0,12.0"]


def test_nothing_known_draws_nothing():
    assert spark([None, None]) == []
    assert spark([]) == []


@given(st.lists(st.one_of(st.none(), VALUES), min_size=1, max_size=60))
def test_a_sparkline_stays_inside_its_box(values):
    points = [p.split(",") for run in spark(values) for p in run.split()]
    assert all(0 <= float(x) <= 100 and 0 <= float(y) <= 24 for x, y in points)
    assert len({x for x, _y in points}) <= len(values)


@given(st.lists(VALUES, min_size=2, max_size=40, unique=True))
def test_a_higher_value_is_never_drawn_lower(values):
    ys = [float(p.split(",")[1]) for run in spark(values) for p in run.split()]
    order = sorted(range(len(values)), key=values.__getitem__)
    assert all(ys[a] >= ys[b] for a, b in itertools.pairwise(order))


def test_bars_of_all_rows_share_one_scale_with_the_target():
    made = bars([(0.98, 0.97, 0.99), (0.95, 0.93, 0.97)], 0.96)
    assert made[0].value > made[1].value
    assert made[0].target == made[1].target
    assert made[0].low == made[1].high
    assert made[0].width == pytest.approx(made[0].high - made[0].low, abs=0.02)


def test_a_target_far_off_does_not_squeeze_the_rows():
    made = bars([(0.991, 0.990, 0.992), (0.993, 0.992, 0.994)], 0.80)
    assert made[0].target is None
    assert made[1].value - made[0].value > 30


def test_rows_without_values_have_no_bar():
    assert [b.value for b in bars([(None, None, None)], 0.9)] == [None]
    assert bars([(None, None, None), (3.0, None, None)], None)[1].width == 0.0


@given(
    st.lists(st.tuples(VALUES, st.floats(0, 10), st.floats(0, 10)), min_size=1, max_size=30),
    st.one_of(st.none(), VALUES),
)
def test_every_mark_lies_on_the_scale_and_keeps_its_order(rows, target):
    spans = [(v, v - below, v + above) for v, below, above in rows]
    made = bars(spans, target)
    for bar in made:
        assert 0 <= bar.low <= bar.value <= bar.high <= 100
        assert bar.target is None or 0 <= bar.target <= 100
    if target is not None and made[0].target is not None:
        marks = [m for span in spans for m in span]
        assert max(*marks, target) - min(*marks, target) <= FAR * (max(marks) - min(marks)) + 1e-6
