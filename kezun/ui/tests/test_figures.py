"""Numbers in words of both languages."""

import pytest
from django.utils import translation

from kezun.ui.figures import change, counted, figure, interval_text, target_text


@pytest.mark.parametrize(
    ("value", "unit", "zh", "en"),
    [
        (42, "s", "42 秒", "42 s"),
        (200, "s", "3 分 20 秒", "3 min 20 s"),
        (1800, "s", "30 分", "30 min"),
        (3600, "s", "1 小时", "1 h"),
        (3900, "s", "1 小时 5 分", "1 h 5 min"),
        (0.987, "%", "98.7 %", "98.7 %"),
        (12.3, "per_10k", "12.3 ‱", "12.3 ‱"),
        (8.4, "per_hour", "8.4 / 小时", "8.4 / h"),
        (25890, "count", "25,890", "25,890"),
        (4.9, "score", "4.90", "4.90"),
        (None, "%", "—", "—"),
    ],
)
def test_a_value_reads_in_both_languages(value, unit, zh, en):
    with translation.override("zh-hans"):
        assert figure(value, unit) == zh
    with translation.override("en"):
        assert figure(value, unit) == en


@translation.override("en")
def test_shares_change_in_percentage_points():
    moved = change(0.953, 0.958, "%", "up")
    assert (moved.text, moved.verdict, moved.meaning) == ("−0.5 pp", "worse", "worse")


@translation.override("en")
def test_a_small_change_of_a_share_keeps_a_second_decimal():
    assert change(0.9912, 0.9911, "%", "up").text == "+0.01 pp"


@translation.override("en")
def test_counts_change_in_per_cent_and_have_no_good_side():
    moved = change(110, 100, "count", "none")
    assert (moved.text, moved.verdict, moved.meaning) == ("+10.0 %", "plain", "")


@translation.override("en")
def test_a_count_that_was_nothing_changes_by_itself():
    assert change(5, 0, "count", "up").text == "+5"


@translation.override("en")
def test_a_shorter_wait_is_better():
    moved = change(100, 160, "s", "down")
    assert (moved.text, moved.verdict) == ("−1 min", "better")


@translation.override("en")
def test_no_change_is_said():
    assert (change(1, 1, "s", "up").text, change(1, 1, "s", "up").meaning) == ("±0", "unchanged")


@pytest.mark.parametrize(("now", "before"), [(None, 1.0), (1.0, None), (None, None)])
def test_without_both_there_is_no_change(now, before):
    assert change(now, before, "s", "up") is None


@translation.override("en")
def test_targets_say_their_operator():
    assert target_text(">=", 0.85, "%") == "≥ 85.0 %"
    assert target_text("<=", 1800, "s") == "≤ 30 min"
    assert target_text("<", 5, "count") == "< 5"
    assert target_text("", None, "%") == ""


@translation.override("en")
def test_intervals():
    assert interval_text(0.979, 0.986, "%") == "97.9–98.6 %"
    assert interval_text(40, 80, "s") == "40 s – 1 min 20 s"
    assert interval_text(None, 1.0, "%") == ""
    assert interval_text(4.8871, 4.8934, "score") == "4.887 – 4.893"
    assert interval_text(4.81, 4.83, "score") == "4.81 – 4.83"
    assert interval_text(4.5, 4.5, "score") == "4.50 – 4.50"


def test_how_many_facts():
    with translation.override("zh-hans"):
        assert counted(12345) == "样本 12,345"
    with translation.override("en"):
        assert counted(1) == "n = 1"
