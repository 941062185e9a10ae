"""Intervals around answers: means against scipy over real facts, moments that add up, rates and NPS."""

from __future__ import annotations

import datetime as dt
import math

import numpy as np
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as trying
from hypothesis import strategies as st
from scipy import stats

from kezun.facts import around, queries
from kezun.facts.compile import Branch, Dialect, Selection, State
from kezun.facts.definitions import Definition, Measure
from kezun.facts.engine import DuckEngine
from kezun.facts.questions import Question
from kezun.facts.rules import Period, standard_error
from kezun.facts.tests import service
from kezun.facts.tests.test_engine import HAS_WAIT, WAIT, everywhere, stored
from kezun.kernel.actor import OutOfScope, SystemActor
from kezun.statistics import intervals

US = SystemActor("test")
QUARTER = Period.parse("2026-Q1")
YEAR = (dt.date(2026, 1, 1), dt.date(2026, 12, 31))
WHOLE = st.lists(st.integers(-(2**31), 2**31 - 1), max_size=30)
TEXTS = dict.fromkeys(("name", "name_en", "about", "about_en", "owner"), "t")


def moments(values):
    return len(values), sum(values), sum(v * v for v in values)


def declared(kind, op="count", of=(), scale=1, fact="ticket"):
    top = Measure(fact, op, of)
    return Definition(
        id="x.y", unit="s", direction="up", kind=kind, version=1, numerator=top, scale=scale, **TEXTS
    )


# --- moments ---------------------------------------------------------------------------------------------


@given(WHOLE.filter(lambda v: len(v) > 1))
def test_the_standard_error_is_that_of_scipy(values):
    with np.errstate(all="ignore"):
        assert standard_error(*moments(values)) == pytest.approx(stats.sem(values), rel=1e-9)


@pytest.mark.parametrize("n", [0, 1])
def test_fewer_than_two_values_have_no_standard_error(n):
    assert standard_error(n, 7 * n, 49 * n) is None


def test_nothing_cancels_where_values_are_large_and_close():
    """Floats lose this: the squares differ in the nineteenth digit only."""
    values = [2**31 - 3, 2**31 - 2, 2**31 - 1] * 1_000_000
    n, total, squares = len(values), 0, 0
    for value in (2**31 - 3, 2**31 - 2, 2**31 - 1):
        total, squares = total + 1_000_000 * value, squares + 1_000_000 * value * value
    assert standard_error(n, total, squares) == pytest.approx(math.sqrt(2 / 3 / n), rel=1e-6)


# --- in the engine ----------------------------------------------------------------------------------------

SQUARES = State("squares", HAS_WAIT, WAIT)


@pytest.fixture
def home(settings, tmp_path):
    settings.KEZUN_HOME = tmp_path


def asked(states, rows, tree, by=None):
    return DuckEngine().states(Selection("ticket", *YEAR), stored(rows), tree, states, by)


@pytest.mark.django_db
def test_squares_beyond_64_bits(home):
    most = 2**31 - 1
    rows = [service.ticket(i, 5 + i % 2, dt.datetime(2026, 1, 1, 9), wait_s=most) for i in range(9)]
    tree = [*everywhere(5, 6), Branch(6, 2, *YEAR)]
    found = asked([SQUARES, State("count", HAS_WAIT)], rows, tree)
    assert found == {(1, 0): (9 * most**2, 9), (2, 0): (4 * most**2, 4)}
    assert 9 * most**2 > 2**63


@pytest.mark.django_db
def test_squares_of_what_is_worked_out_per_row_and_beside_many_conditions(home):
    rows = [
        service.ticket(i, 5, dt.datetime(2026, 1, 1, 9), wait_s=i, service_s=2**31 - 1 - i) for i in range(4)
    ]
    product = 'CAST(CAST("wait_s" AS BIGINT) * CAST("service_s" AS BIGINT) AS BIGINT)'
    states = [State("squares", "TRUE", product)]
    states += [State("squares", f"{HAS_WAIT} AND {WAIT} > {n}", WAIT) for n in range(12)]
    [values] = asked(states, rows, everywhere(5), "hour").values()
    assert values[0] == sum((i * (2**31 - 1 - i)) ** 2 for i in range(4))
    assert values[1:] == tuple(sum(i * i for i in range(4) if i > n) for n in range(12))


VALUES = st.lists(st.tuples(st.integers(1, 4), st.integers(0, 43200)), min_size=1, max_size=25)


@pytest.mark.django_db
@given(VALUES)
@trying(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
def test_moments_of_parts_added_up_are_those_of_the_whole(home, drawn):
    """By outlet, by month and up the tree: what parts say adds up, and gives the interval of the whole."""
    rows = [
        service.ticket(i, unit, dt.datetime(2026, 1 + w % 3, 1, 9), wait_s=w)
        for i, (unit, w) in enumerate(drawn)
    ]
    states = [State("count", HAS_WAIT), State("sum", HAS_WAIT, WAIT), SQUARES]
    outlets = [Branch(unit, unit, *YEAR) for unit in (1, 2, 3, 4)]
    [whole] = asked(states, rows, everywhere(1, 2, 3, 4)).values()
    for parts in (asked(states, rows, outlets), asked(states, rows, everywhere(1, 2, 3, 4), "month")):
        assert tuple(map(sum, zip(*parts.values(), strict=True))) == whole
    drawn_waits = [w for _unit, w in drawn]
    assert whole == moments(drawn_waits)
    if len(drawn_waits) > 1:
        assert standard_error(*whole) == pytest.approx(stats.sem(drawn_waits), rel=1e-9)


def test_engines_may_spell_wide_numbers_their_own_way():
    from kezun.facts.compile import Rows, states_sql

    rows = Rows(Selection("ticket", *YEAR), "facts", None, moved=False)
    [(_name, sql)], _last = states_sql([SQUARES], rows, Dialect(wide="DECIMAL(38, 0)"))
    assert "DECIMAL(38, 0)" in sql
    assert "HUGEINT" not in sql


# --- in answers -------------------------------------------------------------------------------------------


def waits(rows, units=None):
    return [
        r["wait_s"]
        for r in rows
        if r["outcome"] == "served" and r["wait_s"] is not None and (units is None or r["unit"] in units)
    ]


@pytest.mark.django_db
def test_the_interval_of_a_mean_is_that_of_scipy_on_every_level(service_at):
    made = service_at(["O1", "O2", "O3"], ["O1"], 400)
    ids = ("floor.wait_mean", "floor.satisfaction_mean")
    units = {code: {unit.pk} for code, unit in made["units"].items() if code.startswith("O")}
    shown = queries.measure(US, Question(ids, "HO", QUARTER, below="outlet"))
    shown += queries.measure(US, Question(ids, "HO", QUARTER))
    compared = 0
    for answer in shown:
        own = units.get(answer.unit)
        scores = [r["score"] for r in made["ratings"] if own is None or r["unit"] in own]
        values = waits(made["tickets"], own) if answer.indicator == ids[0] else scores
        if not values:
            assert (answer.low, answer.high) == (None, None)
            continue
        low, high = stats.t.interval(0.95, len(values) - 1, np.mean(values), stats.sem(values))
        assert (answer.low, answer.high) == pytest.approx((max(low, 0), high), rel=1e-9)
        compared += 1
    assert compared == 8


@pytest.mark.django_db
def test_parts_are_sure_by_their_own_facts_and_kept_answers_say_the_same(service_at):
    made = service_at(["O1"], ["O1"], 300)
    question = Question(("floor.wait_mean",), "O1", QUARTER, by="week")
    first = queries.measure(US, question)
    assert first == queries.measure(US, question)
    for answer in first:
        values = waits([r for r in made["tickets"] if Period.of(r["day"], "week").label == answer.by])
        if len(set(values)) > 1:
            t = stats.t.interval(0.95, len(values) - 1, np.mean(values), stats.sem(values))
            assert (answer.low, answer.high) == pytest.approx((max(t[0], 0), min(t[1], 43200)), rel=1e-9)
        else:
            assert answer.low is None


@pytest.mark.django_db
def test_as_known_before_a_correction(bank, own_home):
    from kezun.facts.models import Snapshot

    march = dt.datetime(2026, 3, 2, 9)
    rows = [service.ticket(i, bank["O1"].pk, march, wait_s=w) for i, w in enumerate((10, 20, 60))]
    service.keep("ticket", rows)
    before = Snapshot.objects.get(fact="ticket").created_at
    service.keep("ticket", [service.ticket(9, bank["O1"].pk, march, wait_s=600)])

    def span(known_at=None):
        (found,) = queries.measure(US, Question(("floor.wait_mean",), "O1", QUARTER, known_at=known_at))
        return found.n, found.high

    assert span(before) == (3, pytest.approx(stats.t.interval(0.95, 2, 30, stats.sem([10, 20, 60]))[1]))
    later = stats.t.interval(0.95, 3, 172.5, stats.sem([10, 20, 60, 600]))[1]
    assert span() == (4, pytest.approx(later))


@pytest.mark.django_db
@pytest.mark.parametrize("p", ["0.5", "0.9"])
@pytest.mark.parametrize("small", [10**9, 0], ids=["at once", "in buckets"])
def test_a_quantile_lies_between_the_values_at_its_ranks(service_at, monkeypatch, p, small):
    from kezun.facts import engine

    monkeypatch.setattr(engine, "_engine", DuckEngine(small=small))
    made = service_at(["O1", "O2"], ["O1"], 400)
    id = {"0.5": "floor.wait_p50", "0.9": "floor.wait_p90"}[p]
    question = Question((id,), "O1", QUARTER)
    ordered = sorted(waits(made["tickets"], {made["units"]["O1"].pk}))
    low, high = intervals.ranks(len(ordered), float(p))
    assert queries.quantile_span(US, question) == (ordered[low - 1], ordered[high - 1])
    assert ordered[low - 1] <= queries.measure(US, question)[0].value <= ordered[high - 1]
    narrow = Question((id,), "O1", QUARTER, weekday=1, hour=9)
    assert queries.quantile_span(US, narrow) is None  # some ten waits: too few for both ends


@pytest.mark.django_db
def test_only_one_quantile_of_one_unit_is_spanned(service_at):
    service_at(["O1"], ["O1"], 200)
    for ids, told in (
        (("floor.wait_mean",), {}),
        (("floor.wait_p50", "floor.wait_p90"), {}),
        (("floor.wait_p50",), {"by": "day"}),
        (("floor.wait_p50",), {"below": "outlet"}),
        (("floor.wait_p50",), {"business": "nothing"}),
    ):
        assert (
            queries.quantile_span(US, Question(ids, "O1" if "below" not in told else "HO", QUARTER, **told))
            is None
        )


@pytest.mark.django_db
def test_of_very_many_facts_no_quantile_is_spanned_and_outside_the_scope_none_either(
    service_at, person_in, monkeypatch
):
    service_at(["O1"], ["O1"], 200)
    question = Question(("floor.wait_p50",), "O1", QUARTER)
    assert queries.quantile_span(US, question) is not None
    with pytest.raises(OutOfScope):
        queries.quantile_span(person_in("outlet_manager", "O2"), question)
    monkeypatch.setattr(queries, "SPANNED", 50)
    assert queries.quantile_span(US, question) is None


# --- each method by hand ----------------------------------------------------------------------------------


def test_a_mean_of_which_nothing_is_known_but_itself_has_no_interval():
    mean = declared("mean", "sum", ("wait_s",))
    one, alike, differ = (1, 7, 49), (3, 21, 147), (2, 30, 500)
    n, top, squares = zip(one, alike, differ, strict=True)
    low, high = around.means(mean, top, n, n, squares)
    assert (low[:2], high[:2]) == ([None] * 2, [None] * 2)
    assert (low[2], high[2]) == pytest.approx((0, stats.t.interval(0.95, 1, 15, 5)[1]))


def test_a_sum_over_other_rows_than_are_counted_is_no_mean_of_values():
    mean = declared("mean", "sum", ("wait_s",))
    assert around.means(mean, [30], [5], [2], [500]) == ([None], [None])


def test_a_mean_stays_within_the_bounds_of_its_column():
    score = declared("mean", "sum", ("score",), fact="rating", scale=20)
    low, high = around.means(score, [6], [2], [2], [26])
    assert (low, high) == ([20.0], [100.0])
    worked_out = declared("mean", "sum", ("score + 1",), fact="rating")
    (low,), (high,) = around.means(worked_out, [6], [2], [2], [26])
    assert low < 1 < 5 < high


def test_a_rate_of_events_has_the_exact_poisson_interval():
    rate = declared("rate", scale=10_000)
    low, high = around.rates(rate, [3, 0, 0], [25_000, 25_000, 0])
    theirs = [stats.chi2.ppf(0.025, 6) / 2 / 2.5, stats.chi2.ppf(0.975, 8) / 2 / 2.5]
    assert (low[0], high[0]) == pytest.approx(theirs)
    assert (low[1], high[1]) == (0.0, pytest.approx(stats.chi2.ppf(0.975, 2) / 2 / 2.5))
    assert (low[2], high[2]) == (None, None)


def test_points_divided_by_points_are_no_events():
    assert around.rates(declared("rate", "sum", ("earned_e4",)), [30], [40]) == ([None], [None])
    assert around.rates(declared("rate"), [0], [0]) == ([None], [None])


def test_an_nps_has_the_interval_of_its_standard_error():
    low, high = around.nps([4, 3, 0], [6, 3, 0], [10, 3, 0])
    told = intervals.nps(6, 2, 10)
    assert (low, high) == ([told.low, None, None], [told.high, None, None])
