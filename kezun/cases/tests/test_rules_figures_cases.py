"""Figures of a month, moments that are measured, effects: properties of the rules."""

from __future__ import annotations

import datetime as dt
import json
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kezun.cases.rules import effect, measuring, monthly
from kezun.cases.rules.effect import EFFECTIVE, NOT, UNKNOWN, Window
from kezun.cases.rules.kinds import ClockUse
from kezun.cases.rules.measuring import ANSWER, CONTACT, INNER, Running

NOW = dt.datetime(2026, 3, 10, 12, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)

# --- months ---

ROWS = st.builds(
    monthly.Row,
    pk=st.integers(1, 99),
    unit=st.integers(1, 5),
    state=st.sampled_from(["working", "closed", "checked", "withdrawn", "rejected"]),
    open=st.booleans(),
    severity=st.integers(1, 4),
    channel=st.just(""),
    business=st.just(""),
    reason=st.sampled_from(["", "C01"]),
    finding=st.sampled_from(["", "upheld", "partly", "not_upheld"]),
    extended=st.integers(0, 2),
    returns=st.integers(0, 4),
    reopened=st.integers(0, 2),
    repeat=st.integers(0, 2),
    satisfaction=st.one_of(st.none(), st.integers(1, 5)),
    close_s=st.one_of(st.none(), st.integers(0, 10**7)),
    answer=st.sampled_from([None, True, False]),
    contact=st.sampled_from([None, True, False]),
    late=st.booleans(),
)


@given(st.lists(ROWS, max_size=30))
def test_every_share_is_of_those_of_whom_it_can_be_said(rows):
    made = monthly.figures(rows)
    for name in ("answer", "contact", "upheld", "extended", "reopened", "ping_pong", "repeat", "content"):
        part = getattr(made, name)
        assert 0 <= part.k <= part.n <= len(rows)
        assert (part.share is None) == (part.n == 0)
    assert made.total == len(rows) == made.extended.n == made.repeat.n
    assert made.closed + made.withdrawn + made.rejected <= made.total
    assert made.answer.n == sum(row.answer is not None for row in rows)
    assert (made.close_median is None) == all(row.close_s is None for row in rows)
    if made.close_median is not None:
        assert made.close_median <= made.close_p90


@given(st.lists(ROWS, max_size=15), st.randoms())
def test_the_order_of_rows_does_not_matter(rows, random):
    mixed = list(rows)
    random.shuffle(mixed)
    assert monthly.figures(mixed) == monthly.figures(rows)


@given(st.lists(st.integers(0, 1000), min_size=1).map(sorted), st.integers(1, 10))
def test_the_nearest_rank_is_a_value_with_so_many_at_or_below_it(values, tenths):
    found = monthly.nearest(values, tenths)
    assert found in values
    assert Fraction(sum(v <= found for v in values), len(values)) >= Fraction(tenths, 10)
    assert Fraction(sum(v < found for v in values), len(values)) < Fraction(tenths, 10)


@pytest.mark.parametrize(
    ("now", "before", "days", "days_before", "told"),
    [
        (0, 0, 31, 28, "chance"),
        (10, 10, 30, 30, "chance"),
        (40, 10, 30, 30, "more"),
        (10, 40, 30, 30, "fewer"),
        (31, 28, 31, 28, "chance"),
        (100, 50, 60, 30, "chance"),  # twice as many in twice the time is as many
        (100, 50, 30, 60, "more"),
        (0, 9, 30, 30, "fewer"),
        (1, 0, 30, 30, "chance"),
    ],
)
def test_a_change_is_told_where_chance_does_not_explain_it(now, before, days, days_before, told):
    found = monthly.changed(now, before, days, days_before)
    assert (found.told, found.delta) == (told, now - before)


@given(st.integers(0, 300), st.integers(0, 300), st.integers(28, 31), st.integers(28, 31))
def test_a_change_the_other_way_round_is_told_the_other_way_round(now, before, days, days_before):
    other = {"more": "fewer", "fewer": "more", "chance": "chance"}
    found = monthly.changed(now, before, days, days_before)
    assert monthly.changed(before, now, days_before, days).told == other[found.told]


CODES = st.lists(st.sampled_from(["A", "A1", "A11", "B", "B1", "?"]), max_size=20)
PARENTS = {"A1": "A", "A11": "A1", "B1": "B"}


@given(CODES, CODES, CODES)
def test_lines_add_up_and_come_in_order(now, before, year_ago):
    found = monthly.lines(now, before, year_ago, PARENTS)
    assert sum(line.count for line in found) == len(now)
    assert sum(line.before for line in found) == len(before)
    assert {line.code for line in found} <= {"A", "B", "?"}
    assert [line.count for line in found] == sorted((line.count for line in found), reverse=True)
    assert not now or sum(line.share for line in found) == pytest.approx(1)


@given(st.integers(1000, 2998), st.integers(1, 12), st.integers(-24, 24))
def test_months_are_counted_to_and_fro(year, month, months):
    first = dt.date(year, month, 1)
    assert monthly.shifted(monthly.shifted(first, months), -months) == first
    assert monthly.days_in(first) in (28, 29, 30, 31)
    assert first + monthly.days_in(first) * DAY == monthly.shifted(first, 1)
    assert monthly.month_of(f"{first:%Y-%m}".rjust(7, "0")) == first


@pytest.mark.parametrize(
    "text", ["", "2026", "2026-3", "2026-00", "2026-13", "0026-01", "2026-03-01", "２０２６-03"]
)
def test_a_month_that_is_none_is_refused(text):
    with pytest.raises(ValueError):
        monthly.month_of(text)


# --- what is measured ---


@pytest.mark.parametrize(
    ("use", "told"),
    [
        (None, INNER),
        (ClockUse("p", stops=("contact",)), CONTACT),
        (ClockUse("p", stops=("contact", "answer")), CONTACT),
        (ClockUse("p", stops=("answer",)), ANSWER),
        (ClockUse("p", stops=("close",)), ANSWER),
        (ClockUse("p", stops=("verify",)), INNER),
        (ClockUse("p"), INNER),
    ],
)
def test_what_a_clock_is_for(use, told):
    assert measuring.role_of(use) == told


RUNNING = st.builds(
    Running,
    role=st.sampled_from([CONTACT, ANSWER]),
    state=st.sampled_from(["running", "paused", "stopped"]),
    due_at=st.integers(-3, 3).map(lambda n: NOW + n * DAY),
    outcome=st.sampled_from(["", "met", "missed", "dropped"]),
)


@given(st.lists(RUNNING, max_size=5))
def test_in_time_is_never_said_while_one_is_late_or_open(clocks):
    told = measuring.on_time(clocks, ANSWER, NOW)
    own = [clock for clock in clocks if clock.role == ANSWER and clock.outcome != "dropped"]
    assert (told is False) == any(clock.late(NOW) for clock in own)
    assert (told is True) == (bool(own) and all(c.outcome == "met" and not c.late(NOW) for c in own))
    if told is False:
        assert measuring.on_time(clocks, ANSWER, NOW + DAY) is False


EVENTS = st.lists(
    st.tuples(st.sampled_from([*measuring.MILESTONES, "note", "take"]), st.booleans()), max_size=20
).map(lambda found: [(n, verb, NOW + n * DAY, more) for n, (verb, more) in enumerate(found, 1)])


@given(EVENTS)
def test_moments_keep_their_numbers_when_the_history_grows(events):
    found = measuring.marks(events)
    assert found[: len(measuring.marks(events[:-1]))] == measuring.marks(events[:-1])
    assert len({key for key, _what, _at in found}) == len(found)
    for what in measuring.ONCE:
        assert sum(told == what for _key, told, _at in found) <= 1


@given(st.dictionaries(st.just("reason"), st.one_of(st.none(), st.integers(), st.text(max_size=90))))
def test_a_code_is_a_text_of_sixty_signs_or_none(data):
    found = measuring.coded(data, "reason")
    assert found is None or 0 < len(found) <= 60
    assert measuring.coded({"reason": {"sealed": 1}}, "reason") is None


# --- effects ---

COUNTS = st.integers(0, 200)
RATES = st.sampled_from(["rate", "count", "coverage"])


@given(RATES, st.sampled_from(["up", "down"]), COUNTS, COUNTS, st.integers(1, 5000), st.integers(1, 5000))
def test_nothing_that_went_the_wrong_way_is_called_effective(kind, direction, k1, k2, n1, n2):
    found = effect.judged(kind, direction, Window(k1, n1), Window(k2, n2))
    if found.verdict == EFFECTIVE:
        before, after = Fraction(k1, n1), Fraction(k2, n2)
        assert after > before if direction == "up" else after < before
    if k1 + k2 == 0:
        assert (found.verdict, found.why) == (UNKNOWN, "empty")


@given(COUNTS, COUNTS, st.integers(1, 200))
def test_more_where_more_is_better_is_less_where_less_is(k1, k2, n):
    k1, k2 = min(k1, n), min(k2, n)
    up = effect.judged("ratio", "up", Window(k1, n), Window(k2, n))
    down = effect.judged("ratio", "down", Window(n - k1, n), Window(n - k2, n))
    if "empty" in (up.why, down.why):
        return
    assert up.p == pytest.approx(down.p)
    assert (up.verdict == EFFECTIVE) == (down.verdict == EFFECTIVE)


@pytest.mark.parametrize("kind", ["mean", "quantile", "", "unknown"])
def test_without_an_exact_test_nothing_is_said(kind):
    found = effect.judged(kind, "down", Window(100, 100), Window(1, 100))
    assert (found.verdict, found.why, found.p) == (UNKNOWN, "untested", None)


@pytest.mark.parametrize(("one", "other"), [((5, 0), (5, 10)), ((5, 10), (5, 0)), ((0, 10), (0, 10))])
def test_nothing_is_no_success(one, other):
    found = effect.judged("rate", "down", Window(*one), Window(*other))
    assert (found.verdict, found.why) == (UNKNOWN, "empty")


@given(RATES, COUNTS, COUNTS, st.integers(1, 500))
def test_a_finding_is_read_back_as_it_was_kept(kind, k1, k2, n):
    found = effect.judged(kind, "down", Window(k1, n), Window(k2, n))
    kept = json.loads(json.dumps(found.plain(), allow_nan=False))
    again = effect.read(kept)
    assert (again.verdict, again.why, again.before, again.after) == (
        *(found.verdict, found.why, found.before, found.after),
    )


@pytest.mark.parametrize(
    ("said", "computed", "told"),
    [
        (EFFECTIVE, EFFECTIVE, True),
        (EFFECTIVE, UNKNOWN, False),
        (EFFECTIVE, NOT, False),
        (UNKNOWN, EFFECTIVE, True),
        (UNKNOWN, NOT, False),
        (NOT, NOT, True),
        (NOT, EFFECTIVE, True),
        (EFFECTIVE, "", True),
    ],
)
def test_nobody_settles_on_more_than_the_figures_give(said, computed, told):
    assert effect.allowed(said, computed) is told


@given(
    st.dates(dt.date(2020, 1, 1), dt.date(2030, 1, 1)),
    st.integers(0, 90),
    st.integers(1, 365),
    st.integers(1, 365),
)
def test_the_days_of_the_remedy_belong_to_neither_side(received, took, days, after):
    closed = received + took * DAY
    plan = effect.planned(received, closed, days, after)
    assert (plan.before_until - plan.before_from).days + 1 == days
    assert (plan.after_until - plan.after_from).days + 1 == after
    assert plan.before_until < received <= closed < plan.after_from <= plan.after_until < plan.due


@pytest.mark.parametrize(("days", "told"), [(-1, False), (0, True), (29, True), (30, False)])
def test_a_recurrence_lies_within_the_window(days, told):
    assert effect.recurred(NOW, NOW + days * DAY, 30) is told
