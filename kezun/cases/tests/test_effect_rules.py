"""Before and after: published numbers of the exact tests, and what is made of them."""

from __future__ import annotations

import datetime as dt
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from kezun.cases.rules import effect
from kezun.cases.rules.effect import EFFECTIVE, NOT, UNKNOWN, Window, judged

counts = st.integers(0, 400)


def test_poisson_as_published():
    """The example of R's help of poisson.test: 11 of 800 against 21 of 3,011."""
    found = judged("coverage", "down", Window(21, 3011), Window(11, 800))
    assert found.size == pytest.approx(1.971488, abs=1e-6)
    assert (found.low, found.high) == pytest.approx((0.8584264, 4.2772659), abs=1e-6)
    assert (found.verdict, found.why) == (NOT, "flat")


def test_a_rate_of_long_ago():
    """41 cases in 28,010 years against 15 in 19,017 (fluoroscopy, Boice and Monson 1977): ratio 1.86."""
    found = judged("coverage", "down", Window(41, 28010), Window(15, 19017))
    assert 1 / found.size == pytest.approx(1.8558, abs=1e-4)
    # twice the smaller tail of the binomial of all cases, by another library
    assert found.p == pytest.approx(2 * binom.cdf(15, 56, 19017 / 47027), rel=1e-9)
    assert found.verdict == EFFECTIVE


def test_fisher_as_published():
    """The lady tasting tea: 3 of 4 against 1 of 4, p = 0.4857; and Fisher's twins, p = 0.0005367."""
    tea = judged("ratio", "down", Window(3, 4), Window(1, 4))
    assert tea.p == pytest.approx(0.4857, abs=1e-4)
    assert (tea.verdict, tea.why) == (UNKNOWN, "chance")
    twins = judged("ratio", "down", Window(10, 12), Window(3, 18))
    assert twins.p == pytest.approx(0.0005367, abs=1e-7)
    assert (twins.verdict, twins.why) == (EFFECTIVE, "better")


def test_newcombe_as_published():
    """Newcombe 1998, table II, method 10: 56 of 70 against 48 of 80 gives 0.0524 to 0.3339."""
    found = judged("ratio", "up", Window(48, 80), Window(56, 70))
    assert (found.low, found.high) == pytest.approx((0.0524, 0.3339), abs=1e-4)
    assert found.size == pytest.approx(0.2)
    assert found.verdict == EFFECTIVE


@pytest.mark.parametrize(
    ("kind", "direction", "before", "after", "verdict", "why"),
    [
        ("coverage", "down", (60, 10_000), (20, 10_000), EFFECTIVE, "better"),
        ("coverage", "down", (20, 10_000), (60, 10_000), NOT, "worse"),
        ("coverage", "up", (20, 10_000), (60, 10_000), EFFECTIVE, "better"),
        ("coverage", "down", (4, 10_000), (2, 10_000), UNKNOWN, "chance"),
        ("coverage", "down", (2000, 10_000), (2000, 10_000), NOT, "flat"),
        ("coverage", "up", (2000, 10_000), (2000, 10_000), NOT, "flat"),
        ("coverage", "down", (0, 10_000), (0, 10_000), UNKNOWN, "empty"),
        ("coverage", "down", (5, 10_000), (0, 0), UNKNOWN, "empty"),
        ("count", "down", (30, 90), (9, 90), EFFECTIVE, "better"),
        ("ratio", "down", (300, 1000), (300, 1000), NOT, "flat"),
        ("ratio", "up", (700, 1000), (600, 1000), NOT, "worse"),
        ("ratio", "down", (0, 50), (0, 50), UNKNOWN, "empty"),
        ("mean", "down", (60, 10), (20, 10), UNKNOWN, "untested"),
        ("quantile", "down", (60, 10), (20, 10), UNKNOWN, "untested"),
    ],
)
def test_verdicts(kind, direction, before, after, verdict, why):
    found = judged(kind, direction, Window(*before), Window(*after))
    assert (found.verdict, found.why) == (verdict, why)


@given(counts, st.integers(1, 10_000), counts, st.integers(1, 10_000))
def test_what_is_better_for_one_direction_is_no_success_for_the_other(before, first, after, second):
    windows = Window(before, first), Window(after, second)
    down, up = (judged("coverage", way, *windows) for way in ("down", "up"))
    assert not (down.verdict == EFFECTIVE and up.verdict == EFFECTIVE)
    if down.verdict == EFFECTIVE:
        assert up.verdict == NOT
        assert windows[1].rate < windows[0].rate
        assert down.high <= 1 + 1e-9


@given(counts, st.integers(1, 10_000))
def test_no_change_is_never_a_success(events, exposure):
    for kind in ("coverage", "ratio"):
        window = Window(min(events, exposure), exposure)
        assert judged(kind, "down", window, window).verdict != EFFECTIVE


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50), st.integers(0, 50))
def test_what_is_kept_reads_back(a, b, c, d):
    found = judged("ratio", "down", Window(a, a + b), Window(c, c + d))
    kept = found.plain()
    assert all(v is None or not isinstance(v, float) or math.isfinite(v) for v in kept.values())
    again = effect.read(kept)
    assert (again.verdict, again.why, again.before, again.p) == (
        found.verdict,
        found.why,
        found.before,
        found.p,
    )


def test_the_days_compared():
    plan = effect.planned(dt.date(2026, 3, 10), dt.date(2026, 3, 24), 90, 60)
    assert (plan.before_from, plan.before_until) == (dt.date(2025, 12, 10), dt.date(2026, 3, 9))
    assert (plan.after_from, plan.after_until) == (dt.date(2026, 3, 25), dt.date(2026, 5, 23))
    assert plan.due == dt.date(2026, 5, 24)
    assert (plan.before_until - plan.before_from).days + 1 == 90
    assert (plan.after_until - plan.after_from).days + 1 == 60


@pytest.mark.parametrize(
    ("said", "computed", "fine"),
    [
        (EFFECTIVE, EFFECTIVE, True),
        (EFFECTIVE, UNKNOWN, False),
        (EFFECTIVE, NOT, False),
        (UNKNOWN, EFFECTIVE, True),
        (NOT, EFFECTIVE, True),
        (UNKNOWN, NOT, False),
        (EFFECTIVE, "", True),
    ],
)
def test_a_person_never_settles_on_more_than_is_shown(said, computed, fine):
    assert effect.allowed(said, computed) is fine


def test_coming_back():
    closed = dt.datetime(2026, 3, 1, tzinfo=dt.UTC)
    day = dt.timedelta(days=1)
    assert effect.recurred(closed, closed + 89 * day, 90)
    assert not effect.recurred(closed, closed + 90 * day, 90)
    assert not effect.recurred(closed, closed - day, 90)


def test_no_exposure_has_no_rate():
    assert Window(3, 0).rate is None
    assert Window(3, 6).rate == 0.5
