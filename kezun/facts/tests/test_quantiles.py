"""Quantiles, exact whatever is counted: in one pass or in two, for any numbers, any share and any tree."""

from __future__ import annotations

import datetime as dt
import math
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, example, given
from hypothesis import settings as trying
from hypothesis import strategies as st

from kezun.facts.compile import Branch, Selection, State
from kezun.facts.engine import WIDTH, DuckEngine
from kezun.facts.placing import _stretches, moved, tables, within
from kezun.facts.tests import service
from kezun.facts.tests.test_engine import DAY, WAIT, YEAR, stored

pytestmark = [pytest.mark.once]
ONE, TWO = DuckEngine(), DuckEngine(small=0)
HAS = f"({WAIT} IS NOT NULL)"
SHARES = ("0.0001", "0.1", "0.25", "0.5", "0.75", "0.9", "0.9999", "1", "0")
STATES = (
    *(State("quantile", HAS, WAIT, p=p) for p in SHARES),
    *(State("at_most", HAS, WAIT, p=p) for p in SHARES),
    State("count", "TRUE"),
)
LEAST, MOST = -(2**31), 2**31 - 1
NEAR = st.integers(-3 * WIDTH, 3 * WIDTH)
VALUES = st.lists(
    st.none() | NEAR | st.sampled_from([LEAST, MOST, 0, -1, 1, WIDTH, -WIDTH, WIDTH - 1]), max_size=30
)
QUICK = trying(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.fixture(autouse=True)
def _home(settings, tmp_path, db):
    settings.KEZUN_HOME = tmp_path


def rank(values, p):
    """The smallest value up to which at least the share p of all lie."""
    if not values:
        return None
    return sorted(values)[max(math.ceil(Fraction(p) * len(values)), 1) - 1]


def expected(values):
    known = [v for v in values if v is not None]
    ranks = [rank(known, p) for p in SHARES]
    upto = [sum(v <= r for v in known) if r is not None else 0 for r in ranks]
    return (*ranks, *upto, len(values))


def rows_of(values, unit=5, first=0):
    nine = dt.datetime.combine(DAY, dt.time(9))
    return [service.ticket(first + i, unit, nine, wait_s=v) for i, v in enumerate(values)]


@QUICK
@given(VALUES)
@example([])
@example([None, None])
@example([LEAST])
@example([7] * 9)
@example([-1, 0, 1])
@example([LEAST, MOST])
@example([-WIDTH - 1, -WIDTH, -WIDTH + 1, -1, 0, WIDTH - 1, WIDTH])
def test_any_numbers_by_one_pass_and_by_two(values):
    files, tree = stored(rows_of(values)), [Branch(5, 1, *YEAR)]
    wanted = {(1, 0): expected(values)} if values else {}
    for engine in (ONE, TWO):
        assert engine.states(Selection("ticket", *YEAR), files, tree, STATES, None) == wanted


@QUICK
@given(VALUES, VALUES, st.integers(0, 30), st.booleans())
def test_a_unit_that_moves_inside_the_period(before, after, gap, both):
    """Unit 5 belongs to 10 up to the day and to 11 from the gap on; 12 is above it all the while."""
    late = dt.datetime.combine(DAY + dt.timedelta(days=31), dt.time(9))
    rows = rows_of(before) + [service.ticket(900 + i, 5, late, wait_s=v) for i, v in enumerate(after)]
    rows += rows_of([1, 2, 3], unit=6, first=500)
    tree = [
        Branch(5, 10, YEAR[0], DAY + dt.timedelta(days=30 - gap)),
        Branch(5, 11, DAY + dt.timedelta(days=31), YEAR[1]),
        Branch(5, 12, *YEAR),
        *([Branch(6, 11, *YEAR)] if both else []),
    ]
    wanted = {10: before, 11: [*after, *([1, 2, 3] if both else [])], 12: [*before, *after]}
    wanted = {(target, 0): expected(values) for target, values in wanted.items() if values}
    for engine in (ONE, TWO):
        assert engine.states(Selection("ticket", *YEAR), stored(rows), tree, STATES, None) == wanted


@QUICK
@given(st.dictionaries(st.sampled_from(["", "cash", "it's"]), VALUES, max_size=3))
def test_each_place_of_a_breakdown_has_its_own_bucket(by_business):
    rows = []
    for business, values in by_business.items():
        made = rows_of(values, first=len(rows))
        rows += [row | {"business": business or None} for row in made]
    wanted = {(1, business): expected(values) for business, values in by_business.items() if values}
    for engine in (ONE, TWO):
        found = engine.states(
            Selection("ticket", *YEAR), stored(rows), [Branch(5, 1, *YEAR)], STATES, "business"
        )
        assert found == wanted


@QUICK
@given(VALUES, VALUES)
def test_two_quantiles_of_different_rows_stand_side_by_side(all_, few):
    """One over every row, one over served rows only: neither takes the other's buckets."""
    rows = rows_of(all_) + [row | {"outcome": "void"} for row in rows_of(few, first=700)]
    served = f"\"outcome\" = 'served' AND {HAS}"
    states = [State("quantile", HAS, WAIT, p="0.5"), State("quantile", served, WAIT, p="0.9")]
    known = [v for v in (*all_, *few) if v is not None]
    some = [v for v in all_ if v is not None]
    wanted = {(1, 0): (rank(known, "0.5"), rank(some, "0.9"))} if rows else {}
    for engine in (ONE, TWO):
        found = engine.states(Selection("ticket", *YEAR), stored(rows), [Branch(5, 1, *YEAR)], states, None)
        assert found == wanted


DAYS = st.integers(0, 60).map(lambda n: YEAR[0] + dt.timedelta(days=n))
BRANCHES = st.lists(
    st.builds(
        lambda unit, target, one, other: Branch(unit, target, min(one, other), max(one, other)),
        *(st.integers(1, 3), st.integers(7, 9), DAYS, DAYS),
    ),
    max_size=8,
)


@given(BRANCHES, DAYS)
def test_stretches_say_of_each_day_what_the_branches_say(branches, day):
    for unit in {b.unit for b in branches}:
        own = [b for b in branches if b.unit == unit]
        told = [targets for since, until, targets in _stretches(own) if since <= day <= until]
        meant = {b.target for b in own if b.since <= day <= b.until}
        assert told == ([meant] if meant else [])


@given(BRANCHES)
def test_stretches_of_a_unit_never_overlap(branches):
    for unit in {b.unit for b in branches}:
        spans = sorted(s[:2] for s in _stretches([b for b in branches if b.unit == unit]))
        assert all(one[1] < other[0] for one, other in pairwise(spans))


@given(BRANCHES)
def test_places_are_numbered_once_and_lead_where_the_branches_do(branches):
    made = tables(branches, by_day=True)
    places = made["places"].to_pylist()
    assert [row["place"] for row in places] == list(range(len(places)))
    belongs = {(row["place"], row["target"]) for row in made["branches"].to_pylist()}
    assert len(belongs) == made["branches"].num_rows, "none twice, or facts would count twice"
    units = {row["place"]: row["unit"] for row in places}
    assert {(units[p], t) for p, t in belongs} == {(b.unit, b.target) for b in branches}


def test_an_open_end_is_the_last_day_there_is():
    [(since, until, targets)] = _stretches([Branch(1, 7, YEAR[0], dt.date.max)])
    assert (since, until, targets) == (YEAR[0], dt.date.max, {7})


@given(BRANCHES)
def test_days_decide_only_where_some_branch_is_shorter_than_the_question(branches):
    selection = Selection("ticket", dt.date(2026, 1, 20), dt.date(2026, 1, 25))
    inside = all(b.since <= selection.since and selection.until <= b.until for b in branches)
    assert moved(selection, branches) == (not inside)


@given(st.sets(st.integers(1, 10_000), max_size=120))
def test_the_units_asked_about_as_a_condition(units):
    told = within([Branch(unit, 1, *YEAR) for unit in units])
    if not units:
        assert told == "FALSE"
    elif len(units) <= 50:
        assert told == f'"unit" IN ({", ".join(map(str, sorted(units)))})'
    else:
        assert told == f'"unit" BETWEEN {min(units)} AND {max(units)}'
