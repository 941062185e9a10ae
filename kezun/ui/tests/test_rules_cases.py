"""How numbers look at the places where rounding tips over, and as words in both languages."""

import math

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from kezun.ui import figures, marks, rules
from kezun.ui.figures import Change
from kezun.ui.rules import Bar, Shown


@pytest.mark.parametrize(
    ("seconds", "pattern", "numbers"),
    [
        pytest.param(0, "seconds", ("0",), id="nothing"),
        pytest.param(9.94, "seconds", ("9.9",), id="tenths-below-ten"),
        pytest.param(10.4, "seconds", ("10",), id="no-tenths-from-ten"),
        pytest.param(59.4, "seconds", ("59",), id="below-a-minute"),
        pytest.param(59.5, "minutes_even", ("1",), id="rounds-up-to-a-minute"),
        pytest.param(61, "minutes", ("1", "1"), id="minute-and-second"),
        pytest.param(3599.4, "minutes", ("59", "59"), id="below-an-hour"),
        pytest.param(3599.5, "hours_even", ("1",), id="rounds-up-to-an-hour"),
        pytest.param(3629, "hours_even", ("1",), id="half-a-minute-short"),
        pytest.param(3630, "hours", ("1", "1"), id="half-a-minute-goes-up"),
        pytest.param(86400, "hours_even", ("24",), id="a-day"),
        pytest.param(72 * 3600 - 31, "hours", ("71", "59"), id="below-three-days"),
        pytest.param(72 * 3600, "days_even", ("3",), id="three-days"),
        pytest.param(15 * 86400 + 5 * 3600 + 1800, "days", ("15", "6"), id="half-an-hour-goes-up"),
        pytest.param(-90, "minutes", ("−1", "30"), id="a-negative-one-carries-its-sign-once"),
    ],
)
def test_durations_at_their_turning_points(seconds, pattern, numbers):
    assert rules.duration(seconds) == Shown(pattern, numbers)


@given(st.integers(0, 900_000))
def test_whole_durations_are_shown_to_their_last_part(seconds):
    made = rules.duration(seconds)
    first, *rest = (int(n) for n in made.numbers)
    unit, part = {"s": (1, 1), "m": (60, 1), "h": (3600, 60), "d": (86400, 3600)}[made.pattern[0]]
    shown = first * unit + (rest[0] * part if rest else 0)
    assert abs(shown - seconds) <= (part // 2 if part > 1 else 0)
    assert all(0 < part < 60 for part in rest)


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (0.0, "0"),
        (1.0, "100"),
        (0.5, "50.0"),
        (0.9996, "99.96"),
        (0.99996, "99.996"),
        (0.0004, "0.04"),
        (0.00004, "0.004"),
        (-0.25, "−25.0"),
        (1.2, "120.0"),
        (0.0005, "0.1"),
    ],
)
def test_shares_show_as_many_decimals_as_they_need(share, text):
    assert rules.percent(share) == text


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (1234567, "count", Shown("count", ("1,234,567",))),
        (-1234, "count", Shown("count", ("−1,234",))),
        (0.25, "per_10k", Shown("per_10k", ("0.2",))),
        (12.35, "per_hour", Shown("per_hour", ("12.3",))),
        (4.678, "score", Shown("plain", ("4.68",))),
        (4.678, "anything", Shown("plain", ("4.68",))),
        (0.5, "%", Shown("percent", ("50.0",))),
        (90, "s", Shown("minutes", ("1", "30"))),
    ],
)
def test_each_unit_reads_its_own_way(value, unit, shown):
    assert rules.shown(value, unit) == shown


@pytest.mark.parametrize(
    ("made", "text"),
    [
        (lambda: rules.grouped(-0.4), "0"),
        (lambda: rules.decimals(-0.004, 2), "0.00"),
        (lambda: rules.decimals(-0.05, 1), "−0.1"),
        (lambda: rules.grouped(-0.6), "−1"),
        (lambda: rules.duration(-0.04).numbers[0], "0.0"),
    ],
    ids=["grouped", "decimals", "a-tenth", "one", "seconds"],
)
def test_nothing_has_no_sign(made, text):
    assert made() == text


@given(st.floats(-1e9, 1e9), st.integers(0, 3))
def test_a_shown_number_reads_back_within_half_of_its_last_place(value, places):
    text = rules.decimals(value, places)
    assert "-" not in text
    back = float(text.replace(",", "").replace("−", "-"))
    assert abs(back - value) <= 0.5 * 10**-places * (1 + 1e-9) + 1e-6


@given(st.floats(-1e3, 1e3), st.sampled_from(["up", "down", "none"]))
def test_a_change_and_its_reverse_mean_the_opposite(delta, direction):
    turn = {"better": "worse", "worse": "better", "plain": "plain", "level": "level"}
    assert rules.verdict(-delta, direction) == turn[rules.verdict(delta, direction)]
    assert (rules.verdict(delta, direction) == "level") == (delta == 0)


@pytest.mark.parametrize(
    ("values", "runs"),
    [
        ([], []),
        ([None, None], []),
        ([5], ["0.0,12.0 0.0,12.0"]),
        ([1, 1], ["0.0,12.0 100.0,12.0"]),
        ([0, 10], ["0.0,22.0 100.0,2.0"]),
        ([0, None, 10], ["0.0,22.0 0.0,22.0", "100.0,2.0 100.0,2.0"]),
        ([None, 0, 10, None], ["33.3,22.0 66.7,2.0"]),
    ],
    ids=["nothing", "gaps-only", "one-day", "flat", "rise", "gap-between", "gaps-around"],
)
def test_sparklines_point_by_point(values, runs):
    assert rules.spark(values) == runs


MARKS = st.one_of(st.none(), st.floats(0, 1))


@given(st.lists(st.tuples(st.floats(0, 1), MARKS, MARKS), min_size=1, max_size=6))
def test_larger_values_lie_further_right_on_one_scale(rows):
    placed = rules.bars(rows, None)
    for (a, *_more), one in zip(rows, placed, strict=True):
        assert 0 <= one.value <= 100
        for (b, *_rest), other in zip(rows, placed, strict=True):
            assert one.value <= other.value if a <= b else one.value >= other.value


@pytest.mark.parametrize(
    ("target", "kept"), [(0.95, True), (0.90, True), (0.85, True), (0.5, False), (None, False)]
)
def test_a_target_stands_on_the_scale_only_where_it_leaves_room(target, kept):
    placed = rules.bars([(0.90, None, None), (1.0, None, None)], target)
    assert all((bar.target is not None) == kept for bar in placed)


def test_the_length_of_an_interval_needs_both_ends():
    assert Bar(50, 40.123, 60.456).width == 20.33
    assert Bar(50, 40, None).width == Bar(50, None, 60).width == 0.0


@pytest.mark.parametrize(
    ("now", "before", "unit", "direction", "text", "zh", "en"),
    [
        (0.96, 0.95, "%", "up", "+1.0 pp", "变好", "better"),
        (0.95, 0.96, "%", "up", "−1.0 pp", "变差", "worse"),
        (0.9504, 0.95, "%", "up", "+0.04 pp", "变好", "better"),
        (120, 60, "s", "down", "+1 min", "变差", "worse"),
        (60, 120, "s", "down", "−1 min", "变好", "better"),
        (150, 100, "count", "none", "+50.0 %", "", ""),
        (5, 0, "count", "none", "+5", "", ""),
        (4.5, 4.25, "score", "up", "+0.25", "变好", "better"),
        (4.5, 4.5, "score", "up", "±0", "持平", "unchanged"),
    ],
)
def test_changes_in_both_languages(now, before, unit, direction, text, zh, en):
    with translation.override("en"):
        made = figures.change(now, before, unit, direction)
        assert (made.text, made.meaning) == (text, en)
    with translation.override("zh-hans"):
        chinese = figures.change(now, before, unit, direction).meaning
    assert bool(chinese) == bool(zh)
    assert not zh or chinese != en


@pytest.mark.parametrize("unit", ["%", "s", "count", "score", "per_10k", "per_hour"])
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_nothing_is_a_dash_in_every_unit(unit, language):
    with translation.override(language):
        assert figures.figure(None, unit) == "—"
        assert figures.target_text(">=", None, unit) == ""
        assert figures.interval_text(None, 0.5, unit) == figures.interval_text(0.5, None, unit) == ""
        assert figures.target_text("<=", 0.5, unit) == f"≤ {figures.figure(0.5, unit)}"
        assert "0" in figures.interval_text(0.25, 0.5, unit)


@pytest.mark.parametrize(
    ("op", "sign"), [(">=", "≥"), ("<=", "≤"), (">", ">"), ("<", "<"), ("between", "between")]
)
def test_operators_as_they_are_printed(op, sign):
    assert figures.target_text(op, 0.9, "%") == f"{sign} 90.0 %"


@pytest.mark.parametrize(
    ("verdict", "text", "arrow"),
    [
        ("better", "+1", "▲"),
        ("worse", "−1", "▼"),
        ("better", "−1", "▼"),
        ("plain", "+1", ""),
        ("chance", "+1", ""),
    ],
)
def test_an_arrow_points_where_the_number_went(verdict, text, arrow):
    html = marks.change(Change(text, verdict))
    assert ("▲" in html, "▼" in html) == (arrow == "▲", arrow == "▼")
    assert f"k-{verdict}" in html


HOSTILE = "<b onclick='x'>&\"</b>"


@pytest.mark.parametrize(
    "made",
    [
        lambda: marks.icon("check", HOSTILE),
        lambda: marks.explain(f"/x?{HOSTILE}", HOSTILE),
        lambda: marks.change(Change(f"+{HOSTILE}", "better")),
        lambda: marks.bar(Bar(50.0), HOSTILE),
    ],
    ids=["icon", "explain", "change", "bar"],
)
def test_no_text_becomes_markup(made):
    html = made()
    assert "<b" not in html
    assert "&lt;b" in html


@pytest.mark.parametrize(
    ("shown", "parts"),
    [
        (Bar(None, 1, 2, 3), 0),
        (Bar(50.0), 2),
        (Bar(50.0, target=60.0), 3),
        (Bar(50.0, 40.0, 60.0), 3),
        (Bar(50.0, 40.0, 60.0, 70.0), 4),
    ],
)
def test_a_bar_draws_what_is_known(shown, parts):
    html = marks.bar(shown, "text")
    assert html.count("<line") + html.count("<rect") == parts
    assert ('width="20.0"' in html) == (shown.low is not None and parts > 0)


@given(st.integers(0, 10**12))
def test_how_many_facts_is_grouped_in_both_languages(n):
    for language in ("zh-hans", "en"):
        with translation.override(language):
            assert f"{n:,}" in figures.counted(n)


def test_the_scale_of_one_value_has_air():
    (only,) = rules.bars([(5.0, None, None)], None)
    assert math.isclose(only.value, 50.0)
    (zero,) = rules.bars([(0.0, None, None)], 0.0)
    assert (zero.value, zero.target) == (50.0, 50.0)
