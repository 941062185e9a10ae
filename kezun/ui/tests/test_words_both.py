"""Figures in words of both languages, and marks on scales, whatever the numbers are."""

import math
import re

import pytest
from django.utils import translation
from hypothesis import assume, given
from hypothesis import strategies as st

from kezun.ui import figures, marks
from kezun.ui.rules import bars, decimals, duration, grouped, percent, shown, spark, verdict

UNITS = st.sampled_from(["%", "s", "count", "score", "per_10k", "per_hour"])
LANGUAGES = ["zh-hans", "en"]
SHARES = st.floats(0, 1)
SECONDS = st.floats(0, 10**9)
HAN = re.compile(r"[\u4e00-\u9fff]")


@pytest.mark.parametrize(
    ("value", "unit", "en", "zh"),
    [
        (None, "%", "—", "—"),
        (0.987, "%", "98.7 %", "98.7 %"),
        (0.99996, "%", "99.996 %", "99.996 %"),
        (0.9999999, "%", "100.000 %", "100.000 %"),
        (1.0, "%", "100 %", "100 %"),
        (0.0, "%", "0 %", "0 %"),
        (42, "s", "42 s", "42 秒"),
        (4.25, "s", "4.2 s", "4.2 秒"),
        (59.5, "s", "1 min", "1 分"),
        (200, "s", "3 min 20 s", "3 分 20 秒"),
        (3600, "s", "1 h", "1 小时"),
        (3660, "s", "1 h 1 min", "1 小时 1 分"),
        (-90, "s", "−1 min 30 s", "−1 分 30 秒"),
        (1234567, "count", "1,234,567", "1,234,567"),
        (10**15, "count", "1,000,000,000,000,000", "1,000,000,000,000,000"),
        (12.345, "per_10k", "12.3 ‱", "12.3 ‱"),
        (4.999, "score", "5.00", "5.00"),
    ],
)
def test_a_figure_reads_as_people_say_it(value, unit, en, zh):
    with translation.override("en"):
        assert figures.figure(value, unit) == en
    with translation.override("zh-hans"):
        assert figures.figure(value, unit).replace(" ", "") == zh.replace(" ", "")


@pytest.mark.parametrize("language", LANGUAGES)
@given(st.floats(-(10**12), 10**12), UNITS)
def test_every_figure_has_digits_and_speaks_one_language(language, value, unit):
    with translation.override(language):
        text = figures.figure(value, unit)
    assert re.search(r"\d", text)
    assert "-" not in text
    assert "nan" not in text
    if language == "en":
        assert not HAN.search(text)
    if unit == "s" and language == "zh-hans":
        assert HAN.search(text)


@given(SHARES)
def test_a_percentage_is_near_and_never_rounded_onto_an_end_it_does_not_touch(share):
    text = percent(share)
    assert float(text) == pytest.approx(share * 100, abs=0.0501)
    if text in ("0", "100"):
        assert share * 100 in (0.0, 100.0)


@given(SECONDS)
def test_a_duration_is_near_what_it_was(seconds):
    made = duration(seconds)
    numbers = [float(n.replace(",", "")) for n in made.numbers]
    size = {
        "seconds": lambda: numbers[0],
        "minutes": lambda: numbers[0] * 60 + numbers[1],
        "minutes_even": lambda: numbers[0] * 60,
        "hours": lambda: numbers[0] * 3600 + numbers[1] * 60,
        "hours_even": lambda: numbers[0] * 3600,
        "days": lambda: numbers[0] * 86400 + numbers[1] * 3600,
        "days_even": lambda: numbers[0] * 86400,
    }[made.pattern]()
    assert abs(size - seconds) <= {"h": 30, "d": 1800}.get(made.pattern[0], 0.5) + 1e-6
    if len(numbers) == 2:
        assert 0 < numbers[1] < 60


@given(st.integers(-(10**15), 10**15))
def test_thousands_are_separated_and_read_back(n):
    text = grouped(n)
    assert int(text.replace(",", "").replace("−", "-")) == n
    assert all(len(part) == 3 for part in text.split(",")[1:])


@given(st.floats(-(10**9), 10**9), st.integers(0, 4))
def test_decimals_have_as_many_places_as_asked(value, places):
    text = decimals(value, places)
    assert len(text.partition(".")[2]) == places
    assert float(text.replace(",", "").replace("−", "-")) == pytest.approx(
        value, abs=0.5 * 10**-places + 1e-6
    )


@given(st.floats(allow_nan=False, allow_infinity=False), st.sampled_from(["up", "down", "none"]))
def test_a_verdict_turns_round_with_the_direction(delta, direction):
    assert verdict(0, direction) == "level"
    assume(delta)
    said = verdict(delta, direction)
    assert said == {"none": "plain"}.get(direction, said)
    if direction != "none":
        opposite = {"up": "down", "down": "up"}[direction]
        assert {said, verdict(delta, opposite)} == {"better", "worse"}
        assert verdict(-delta, opposite) == said


@given(SHARES, SHARES, st.sampled_from(["up", "down"]))
def test_a_change_of_shares_is_told_in_points_with_its_sign(now, before, direction):
    with translation.override("en"):
        moved = figures.change(now, before, "%", direction)
        meaning = moved.meaning
    if now == before:
        assert (moved.text, moved.verdict) == ("±0", "level")
        return
    seen = any(digit in moved.text for digit in "123456789")  # what rounds to nothing has no side
    assert moved.text[0] == (("+" if now > before else "−") if seen else "±")
    assert moved.text.endswith(" pp")
    assert float(moved.text[1:-3]) == pytest.approx(abs(now - before) * 100, abs=0.051)
    assert meaning in ("better", "worse")


@pytest.mark.parametrize("sides", [(None, 1.0), (1.0, None), (None, None)])
def test_without_both_sides_there_is_no_change(sides):
    assert figures.change(*sides, "s", "down") is None


def test_a_count_that_rose_from_nothing_has_no_percentage():
    with translation.override("en"):
        assert figures.change(5, 0, "count", "none").text == "+5"
        assert figures.change(15, 10, "count", "none").text == "+50.0 %"


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_a_change_means_is_a_word_in_the_pages_language(language):
    with translation.override(language):
        words = [figures.Change("+1", v).meaning for v in ("better", "worse", "level", "chance")]
        assert figures.Change("+1", "plain").meaning == ""
    assert len(set(words)) == 4
    assert all(bool(HAN.search(word)) is (language == "zh-hans") for word in words)


@pytest.mark.parametrize(
    ("op", "text"), [(">=", "≥ 85.0 %"), ("<=", "≤ 85.0 %"), (">", "> 85.0 %"), ("<", "< 85.0 %")]
)
def test_a_target_keeps_its_operator(op, text):
    assert figures.target_text(op, 0.85, "%") == text
    assert figures.target_text(op, None, "%") == ""


def test_an_interval_needs_both_ends():
    assert figures.interval_text(None, 0.5, "%") == figures.interval_text(0.5, None, "%") == ""
    assert figures.interval_text(0.541, 0.773, "%") == "54.1–77.3 %"
    with translation.override("en"):
        assert figures.interval_text(60, 90, "s") == "1 min – 1 min 30 s"


ROWS = st.lists(
    st.tuples(*(st.floats(-1000, 1000) for _ in range(3))).map(sorted).map(lambda t: (t[1], t[0], t[2])),
    min_size=1,
    max_size=20,
)


@given(ROWS, st.none() | st.floats(-5000, 5000))
def test_bars_share_one_scale_that_holds_them_all(rows, target):
    placed = bars(rows, target)
    for bar in placed:
        assert 0 <= bar.low <= bar.value <= bar.high <= 100
        assert bar.width >= 0
        assert bar.target is None or 0 <= bar.target <= 100
    assert len({bar.target for bar in placed}) == 1
    order = sorted(range(len(rows)), key=lambda i: rows[i][0])
    assert [placed[i].value for i in order] == sorted(bar.value for bar in placed)


@given(st.lists(st.none() | st.floats(-(10**6), 10**6), max_size=60))
def test_a_sparkline_stays_in_its_box_and_breaks_at_gaps(values):
    runs = spark(values)
    points = [tuple(map(float, p.split(","))) for run in runs for p in run.split()]
    assert all(0 <= x <= 100 and 0 <= y <= 24 and not math.isnan(y) for x, y in points)
    groups = "".join("x" if v is not None else " " for v in values).split()
    assert len(runs) == len(groups)


@given(st.text(max_size=40), st.text(max_size=40))
def test_no_name_or_address_escapes_its_mark(url, name):
    html = marks.explain(url, name)
    assert html == "" or html.count("<a ") == html.count("</a>") == 1
    inner = re.sub(r"<(/?(a|svg|use))\b[^<>]*>", "", html)
    assert "<" not in inner


@pytest.mark.parametrize("unit", ["km", "", "percent"])
def test_an_unknown_unit_is_shown_plain(unit):
    assert shown(1.5, unit).pattern == "plain"
    assert figures.figure(1.5, unit) == "1.50"
