"""The figures of a month: pure rules."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kezun.cases.rules import monthly
from kezun.cases.rules.monthly import Part, Row

PLAIN = Row(
    *(1, 10, "closed", False, 3, "A11", "B11", "C0102", "upheld", 0, 0, 0, 0, None, 86400),
    answer=True,
    contact=True,
)
PARENTS = {"C0102": "C01", "C0101": "C01", "A11": "A1", "loop": "pool", "pool": "loop"}


def test_figures_of_a_few():
    made = monthly.figures(
        [
            PLAIN,
            replace(
                PLAIN, pk=2, state="working", open=True, severity=1, close_s=None, answer=False, late=True
            ),
            replace(PLAIN, pk=3, state="withdrawn", close_s=None, answer=None, contact=None, finding=""),
            replace(
                PLAIN, pk=4, returns=2, reopened=1, extended=1, repeat=1, satisfaction=5, close_s=3 * 86400
            ),
            replace(PLAIN, pk=5, state="rejected", close_s=None, finding="not_upheld", satisfaction=3),
        ]
    )
    assert (made.total, made.open, made.closed, made.withdrawn, made.rejected) == (5, 1, 2, 1, 1)
    assert (made.grave, made.late) == (1, 1)
    assert (made.answer, made.contact) == (Part(3, 4), Part(4, 4))
    assert (made.upheld, made.reopened) == (Part(3, 4), Part(1, 2))
    assert (made.extended, made.ping_pong, made.repeat) == (Part(1, 5), Part(1, 5), Part(1, 5))
    assert made.content == Part(1, 2)
    assert (made.close_median, made.close_p90) == (86400, 3 * 86400)


def test_of_nothing_there_are_no_shares():
    made = monthly.figures([])
    assert (made.total, made.answer.share, made.close_median) == (0, None, None)


@given(st.lists(st.integers(0, 10**7), min_size=1, max_size=40), st.integers(1, 10))
def test_nearest_rank_is_the_smallest_value_with_the_share(values, tenths):
    values.sort()
    found = monthly.nearest(values, tenths)
    assert sum(v <= found for v in values) * 10 >= tenths * len(values)
    assert sum(v < found for v in values) * 10 < tenths * len(values)


@pytest.mark.parametrize(
    ("now", "before", "days", "past", "told"),
    [
        (40, 20, 30, 31, "more"),
        (20, 40, 30, 31, "fewer"),
        (22, 20, 30, 31, "chance"),
        (0, 0, 30, 31, "chance"),
        # a third of the month has passed: 20 are as many as 60 of a whole one
        (20, 60, 10, 30, "chance"),
    ],
)
def test_a_change_is_told_only_where_chance_does_not_explain_it(now, before, days, past, told):
    found = monthly.changed(now, before, days, past)
    assert (found.told, found.delta) == (told, now - before)


def test_lines_at_the_top_of_their_tree():
    made = monthly.lines(["C0102", "C0101", "C02"], ["C0102", "C09"], ["C0101"], PARENTS)
    assert [(x.code, x.count, x.before, x.year_ago) for x in made] == [
        *(("C01", 2, 1, 1), ("C02", 1, 0, 0), ("C09", 0, 1, 0)),
    ]
    assert made[0].share == pytest.approx(2 / 3)
    assert monthly.lines([], ["C09"], [], {})[0].share == 0


def test_a_tree_that_bites_its_tail_ends():
    assert monthly.top("loop", PARENTS) == "pool"
    assert monthly.top("unknown", PARENTS) == "unknown"


@pytest.mark.parametrize("text", ["2026", "2026-13", "2026-1", "26-01", "2026-01-02", "", "x"])
def test_what_is_no_month(text):
    with pytest.raises(ValueError, match=r".*"):
        monthly.month_of(text)


def test_months():
    first = monthly.month_of("2026-01")
    assert monthly.shifted(first, -1) == dt.date(2025, 12, 1)
    assert monthly.shifted(first, -12) == dt.date(2025, 1, 1)
    assert monthly.shifted(first, 13) == dt.date(2027, 2, 1)
    assert [monthly.days_in(monthly.shifted(first, n)) for n in range(3)] == [31, 28, 31]
