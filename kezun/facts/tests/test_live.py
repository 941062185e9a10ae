"""Live numbers: counts and sums as from the facts, quantiles to a bucket, states made once."""

import datetime as dt
import os
import time

import pytest

from kezun.facts import queries, states
from kezun.facts.asking import BadQuestion
from kezun.facts.indicators import catalogue
from kezun.facts.live import live
from kezun.facts.questions import Question
from kezun.facts.rules import Period
from kezun.facts.tests import oracle, service
from kezun.kernel.actor import OutOfScope, SystemActor
from kezun.org.actions import move_unit

pytestmark = [pytest.mark.django_db, pytest.mark.once]
US = SystemActor("test")
RANKED = ("floor.wait_p50", "floor.wait_p90", "floor.wait_p95", "floor.service_p90")
DISTINCT = ("floor.tickets_per_counter_hour", "floor.hourly_load")
ADDED = tuple(id for id in oracle.ALL if id not in {*RANKED, *DISTINCT, "floor.service_p50"})


@pytest.fixture(autouse=True)
def _home(settings, tmp_path):
    settings.KEZUN_HOME = tmp_path


@pytest.fixture
def served(bank, person_in):
    people = [person_in("teller", code).pk for code in ("O1", "O2")]
    units = [bank[code].pk for code in ("O1", "O2", "O3", "CC")]
    tickets, ratings = service.invent(units, people, 2000)
    service.keep("ticket", [t for t in tickets if t["day"] < dt.date(2026, 3, 31)])
    service.keep("rating", ratings)
    return bank


def made(settings):
    return {p.name: p.stat().st_mtime_ns for p in (settings.KEZUN_HOME / "states").glob("ticket/*/*")}


@pytest.mark.parametrize("text", ["2026-Q1", "2026-02", "2026-01-20..2026-03-05", "2026-02-03"])
@pytest.mark.parametrize("by", [None, "person", "day", "month"])
@pytest.mark.parametrize("below", [None, "outlet"])
def test_counts_and_sums_are_those_of_the_facts(served, text, by, below):
    question = Question(ADDED, "HO", Period.parse(text), by=by, below=below)
    assert live(US, question) == queries.measure(US, question)


def test_also_where_a_unit_moved_within_a_month(served):
    move_unit(US, served["O1"], parent=served["S2"], from_date=dt.date(2026, 2, 10))
    for code in ("P1", "P2"):
        question = Question(ADDED, code, Period.parse("2026-Q1"))
        assert live(US, question) == queries.measure(US, question)
    moved = Question(ADDED, "P1", Period.parse("2026-Q1"), below="outlet", by="month")
    assert live(US, moved) == queries.measure(US, moved)


def test_a_quantile_is_the_upper_edge_of_its_bucket(served):
    question = Question(RANKED, "HO", Period.parse("2026-Q1"), below="outlet")
    for near, exact in zip(live(US, question), queries.measure(US, question), strict=True):
        assert near.n == exact.n
        if exact.value >= 3600:
            assert near.value is None
        else:
            assert near.value == exact.value // 5 * 5 + 4
            assert near.numerator >= exact.numerator


def test_a_new_day_makes_its_day_and_month_only(served, settings):
    question = Question(ADDED, "HO", Period.parse("2026-Q1"))
    before = live(US, question)
    first = made(settings)
    assert live(US, question) == before
    assert made(settings) == first
    late = service.ticket(99999, served["O1"].pk, dt.datetime(2026, 3, 31, 9), wait_s=7)
    service.keep("ticket", [late])
    assert live(US, question) == queries.measure(US, question) != before
    fresh = {name for name, at in made(settings).items() if first.get(name) != at}
    assert {name[:14] for name in fresh} == {"day-2026-03-31", "month-2026-03-"}
    assert len(fresh) == 4


def test_as_known_at(served):
    question = Question(("floor.tickets",), "HO", Period.parse("2026-Q1"), known_at=dt.datetime.now(dt.UTC))
    [before] = live(US, question)
    service.keep("ticket", [service.ticket(99999, served["O1"].pk, dt.datetime(2026, 1, 31, 9))])
    assert live(US, question) == [before]


@pytest.mark.parametrize(
    ("told", "ids"),
    [
        ({"by": "hour"}, ADDED),
        ({"business": "cash"}, ADDED),
        ({"by": "person"}, RANKED),
        ({}, ("floor.hourly_load",)),
    ],
)
def test_what_states_do_not_hold(served, told, ids):
    with pytest.raises(BadQuestion):
        live(US, Question(ids, "HO", Period.parse("2026-Q1"), **told))


def test_scope(served, person_in):
    with pytest.raises(OutOfScope):
        live(person_in("unit_head", "P2"), Question(ADDED, "P1", Period.parse("2026-Q1")))


def test_nothing_there(bank):
    question = Question(ADDED, "HO", Period.parse("2026-Q1"))
    assert live(US, question) == queries.measure(US, question)
    service.keep("ticket", [service.ticket(1, bank["O1"].pk, dt.datetime(2026, 1, 5, 9))])
    empty = Question(("floor.tickets",), "HO", Period.parse("2025-Q1"))
    assert live(US, empty) == queries.measure(US, empty)


def test_old_states_are_forgotten_and_made_again(served, settings):
    question = Question(ADDED, "HO", Period.parse("2026-02"))
    before = live(US, question)
    old = time.time() - 40 * 86400
    for path in (settings.KEZUN_HOME / "states").glob("ticket/*/*"):
        os.utime(path, (old, old))
    assert states.forget()
    assert not made(settings)
    assert live(US, question) == before
    assert states.forget() == []


def test_the_recipe_holds_all_that_adds_up():
    recipe = states.Recipe.of("ticket", catalogue())
    assert {s.op for s in recipe.sums} == {"count", "sum"}
    assert len(recipe.values) == 2
    assert len(set(recipe.sums)) == len(recipe.sums)
    assert states.upper_edge(0) == 4
    assert states.upper_edge(719) == 3599
    assert states.upper_edge(720) is None
