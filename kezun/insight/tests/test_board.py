"""Boards from answers alone: tiles, rankings, losses, comparisons. No database."""

from dataclasses import replace

import pytest
from django.test import RequestFactory
from django.utils import translation
from msgspec.structs import replace as amended

from kezun.facts.definitions import Definition, Target
from kezun.facts.questions import Answer
from kezun.facts.rules import Period, wilson
from kezun.insight import board
from kezun.insight.look import look

RATE = Definition(
    *("x.rate", "比率", "Rate", "关于", "About", "%", "up", "ratio", "service_office", 1),
    target=Target(">=", 0.8),
    min_n=30,
)
WAIT = replace(RATE, id="x.wait", name_en="Wait", unit="s", direction="down", kind="mean", target=None)
COUNT = replace(
    RATE, id="x.count", name_en="Count", unit="count", direction="none", kind="count", target=None
)


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


@pytest.fixture
def seen():
    march = Period.parse("2026-03")
    return look(RequestFactory().get("/?period=2026-03"), march.end)


def rate(unit, good, n, by=None):
    low, high = wilson(good, n) if n else (None, None)
    met = good / n >= 0.8 if n >= 30 else None
    return Answer("x.rate", unit, by, "2026-03", good / n if n else None, good, n, n, low, high, 0.8, met)


def wait(unit, value, n=100, by=None):
    return Answer("x.wait", unit, by, "2026-03", value, None, None, n)


def place(code):
    return board.Place((code, None), code, f"/units/{code}/")


def test_a_share_that_moved_by_chance_is_neither_better_nor_worse(seen):
    moved = board.change(RATE, seen, rate("A", 81, 100), rate("A", 84, 100))
    assert (moved.text, moved.verdict) == ("−3.0 pp", "chance")
    sure = board.change(RATE, seen, rate("A", 810, 1000), rate("A", 900, 1000))
    assert (sure.text, sure.verdict) == ("−9.0 pp", "worse")


def test_a_mean_is_judged_by_its_direction_as_far_as_it_moved_beyond_chance(seen):
    assert board.change(WAIT, seen, wait("A", 90), wait("A", 120)).verdict == "better"
    now = amended(wait("A", 90), low=75.0, high=105.0)
    assert board.change(WAIT, seen, now, amended(wait("A", 100), low=85.0, high=115.0)).verdict == "chance"
    assert board.change(WAIT, seen, now, amended(wait("A", 120), low=110.0, high=130.0)).verdict == "better"


def test_a_mean_is_no_share_and_never_among_the_losses(seen):
    now = {("x.wait", "A", None): amended(wait("A", 900), low=890.0, high=910.0, numerator=9, denominator=1)}
    before = {("x.wait", "A", None): amended(wait("A", 90), low=80.0, high=100.0, numerator=9, denominator=1)}
    assert board.losses([WAIT], seen, [place("A")], now, before) == []
    assert board.share(RATE, rate("A", 81, 100)).whole == 100


def test_a_count_is_compared_once_its_period_is_over(seen):
    now = Answer("x.count", "A", None, "2026-03", 110.0, 110, None, 110)
    before = amended(now, value=100.0)
    assert board.change(COUNT, seen, now, before).text == "+10.0 %"
    open_period = replace(seen, latest=seen.period.start)
    assert board.change(COUNT, open_period, now, before) is None


def test_without_a_period_before_there_is_no_change(seen):
    assert board.change(RATE, seen, rate("A", 81, 100), None) is None


def test_tiles_leave_out_what_has_no_answer_and_sort_their_steps(seen):
    steps = [wait("A", 3.0, by="2026-03-02"), wait("A", 9.0, by="2026-03-01")]
    now = board.index([wait("A", 60.0)])
    (tile,) = board.tiles([RATE, WAIT], "A", seen, now, {}, steps)
    assert (tile.label, tile.value, tile.change) == ("Wait", "1 min", None)
    first, last = (float(p.split(",")[1]) for p in tile.spark[0].split())
    assert first < last  # the drawing's y grows downwards: the first day had the longer wait


def test_ranking_puts_the_best_first_the_thin_last_and_the_empty_nowhere(seen):
    now = board.index([rate("A", 50, 100), rate("B", 90, 100), rate("C", 20, 20), rate("D", 0, 0)])
    table = board.ranked(RATE, seen, [place(c) for c in "ABCD"], now, {})
    assert [row.name for row in table.rows] == ["B", "A", "C"]
    assert [row.thin for row in table.rows] == [False, False, True]
    assert [row.met for row in table.rows] == [True, False, None]
    assert table.total == 3
    assert not table.is_cut


def test_the_worst_first_keeps_the_thin_last(seen):
    now = board.index([rate("A", 50, 100), rate("B", 90, 100), rate("C", 0, 20)])
    table = board.ranked(RATE, seen, [place(c) for c in "ABC"], now, {}, worst_first=True)
    assert [row.name for row in table.rows] == ["A", "B", "C"]


def test_a_short_wait_ranks_before_a_long_one(seen):
    now = board.index([wait("A", 300), wait("B", 20)])
    assert [r.name for r in board.ranked(WAIT, seen, [place("A"), place("B")], now, {}).rows] == ["B", "A"]


def test_a_cut_ranking_keeps_the_scale_of_all(seen):
    now = board.index([wait("A", 10), wait("B", 20), wait("C", 1000)])
    places = [place(c) for c in "ABC"]
    cut = board.ranked(WAIT, seen, places, now, {}, most=2)
    assert cut.is_cut
    assert [r.bar for r in cut.rows] == [r.bar for r in board.ranked(WAIT, seen, places, now, {}).rows[:2]]


def test_a_row_sorts_by_the_size_of_its_change(seen):
    now, before = board.index([wait("A", 90)]), board.index([wait("A", 120)])
    (row,) = board.ranked(WAIT, seen, [place("A")], now, before).rows
    assert row.change_sort == -30
    (alone,) = board.ranked(WAIT, seen, [place("A")], now, {}).rows
    assert (alone.change, alone.change_sort) == (None, None)


def test_losses_need_enough_facts_in_both_periods(seen):
    now = board.index([rate("A", 500, 1000), rate("B", 5, 25), rate("C", 500, 1000)])
    before = board.index([rate("A", 900, 1000), rate("B", 24, 25), rate("C", 20, 20)])
    losses = board.losses([RATE], seen, [place(c) for c in "ABC"], now, before)
    assert [(x.title, x.before, x.now, x.by) for x in losses] == [("A", "90.0 %", "50.0 %", "40.0 pp")]
    assert float(losses[0].at_least.split()[0]) < 40
    assert "unit=A" in losses[0].explain


def test_losses_are_few_and_the_surest_first(seen):
    codes = [f"U{i}" for i in range(9)]
    now = board.index([rate(c, 900 - 50 * i, 1000) for i, c in enumerate(codes)])
    before = board.index([rate(c, 980, 1000) for c in codes])
    losses = board.losses([RATE], seen, [place(c) for c in codes], now, before, most=3)
    assert [x.title for x in losses] == ["U8", "U7", "U6"]


def test_a_loss_of_less_than_a_tenth_of_a_point_keeps_two_decimals(seen):
    now, before = board.index([rate("A", 9_940_000, 10**7)]), board.index([rate("A", 9_945_000, 10**7)])
    (loss,) = board.losses([RATE], seen, [place("A")], now, before)
    assert loss.by == "0.05 pp"


@pytest.mark.parametrize(("unit_value", "verdict"), [(0.9, "worse"), (0.71, "chance"), (0.4, "better")])
def test_a_person_is_judged_only_outside_their_interval(seen, unit_value, verdict):
    own = board.index([rate("A", 70, 100)])
    around = board.index([amended(rate("A", 1, 1), value=unit_value)])
    (row,) = board.compared([RATE, WAIT], "A", seen, own, around, "p1")
    assert row.difference.verdict == verdict
    assert "person=p1" in row.explain


def test_a_persons_mean_is_shown_beside_the_units_without_a_verdict(seen):
    own, around = board.index([wait("A", 90)]), board.index([wait("A", 60)])
    (row,) = board.compared([WAIT], "A", seen, own, around, "p1")
    assert (row.own, row.unit, row.difference.text, row.difference.verdict) == (
        "1 min 30 s",
        "1 min",
        "+30 s",
        "plain",
    )
    (alone,) = board.compared([WAIT], "A", seen, own, {}, "p1")
    assert (alone.unit, alone.difference) == ("—", None)


def test_a_caption_says_what_and_when(seen):
    assert board.caption(RATE, seen) == "Rate, March 2026"
    assert board.target(RATE) == "≥ 80.0 %"
    assert board.target(WAIT) == ""
