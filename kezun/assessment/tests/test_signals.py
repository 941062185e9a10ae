"""Signs in ratings and inspections: each is found where it was planted, and nobody else is named."""

import datetime as dt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kezun.assessment.rules.signs import bursts, unlikely
from kezun.assessment.signals.definitions import signals
from kezun.assessment.signals.finding import search
from kezun.assessment.signals.span import Span
from kezun.facts.publishing import publish
from kezun.kernel.actor import SystemActor

TELLERS = [f"T{n}" for n in range(8)]
START = dt.datetime(2026, 3, 2, 1, 0, tzinfo=dt.UTC)
SPAN = Span(dt.date(2026, 3, 1), dt.date(2026, 3, 31))
TURNS = 160


def of_outlet(number):
    return f"O{number % 3 + 1}"


@pytest.fixture
def home(settings, tmp_path):
    settings.KEZUN_HOME = tmp_path / "home"


@pytest.fixture
def store(home, bank):
    """Eight tellers at three outlets, 160 turns each over twenty days, six in ten of them rated."""
    from kezun.org.models import Person

    for n, code in enumerate(TELLERS):
        Person.objects.create(code=code, name=code, home_unit=bank[of_outlet(n)])
    return SystemActor("test")


def turns(teller):
    """(key, taken, end, late) of a teller's turns: one every twenty minutes, each third one waits too
    long."""
    for i in range(TURNS):
        taken = START + dt.timedelta(days=i // 8, minutes=20 * (i % 8) + teller, seconds=7 * i % 60)
        late = i % 3 == 0
        wait, service = (900 if late else 120), 300 + 11 * (i % 7)
        yield f"{TELLERS[teller]}-{i}", taken, wait, service, late


def world(actor, pressed=None, rated=None, orphans=0):
    """Publish the turns and ratings. pressed(teller, i): seconds after the end; rated(teller, i, late)."""
    pressed = pressed or (lambda teller, i: 5 + (i * 7 + teller) % 40)
    rated = rated or (lambda teller, i, late: (i * 13 + teller) % 10 < 6)
    tickets, ratings = [], []
    for teller, code in enumerate(TELLERS):
        common = {"unit": of_outlet(teller), "person": code}
        for i, (key, taken, wait, service, late) in enumerate(turns(teller)):
            tickets.append(
                common
                | {"source_id": key, "occurred_at": taken, "outcome": "served", "channel": "counter"}
                | {"direction": "in", "wait_s": wait, "service_s": service, "promise_s": 600}
            )
            if rated(teller, i, late):
                at = taken + dt.timedelta(seconds=wait + service + pressed(teller, i))
                ratings.append(
                    common
                    | {"source_id": f"r-{key}", "occurred_at": at, "ticket_id": key}
                    | {"channel": "counter", "score": 5}
                )
    for n in range(orphans):
        at = START + dt.timedelta(days=n % 20, hours=3, minutes=13 * n % 60)
        ratings.append(
            {"source_id": f"o-{n}", "unit": "O1", "person": "T0", "occurred_at": at, "ticket_id": f"none-{n}"}
            | {"channel": "counter", "score": 5}
        )
    publish(actor, "ticket", tickets, source="queue")
    publish(actor, "rating", ratings, source="pads")


def named(found):
    from kezun.org.models import Person, Unit

    people = dict(Person.objects.values_list("pk", "code"))
    units = dict(Unit.objects.values_list("pk", "code"))
    return {(one.signal, people.get(one.person) or units[one.unit]) for one in found}


@pytest.mark.django_db
def test_honest_ratings_name_nobody(store):
    world(store)
    assert search(SPAN) == []


@pytest.mark.django_db
def test_no_facts_no_leads(store):
    assert search(SPAN) == []


@pytest.mark.django_db
def test_ratings_pressed_as_service_ends_are_found(store):
    world(store, pressed=lambda teller, i: 1 if teller == 3 and i % 2 else 5 + (i * 7 + teller) % 40)
    found = search(SPAN)
    assert ("rating.too_soon", "T3") in named(found)
    assert {who for _, who in named(found)} == {"T3"}
    one = next(f for f in found if f.signal == "rating.too_soon")
    assert one.k <= one.n <= TURNS
    assert one.expected == 0
    assert one.fact == "rating"
    assert all(key.startswith("r-T3-") for key in one.sample)
    assert len(one.sample) <= 20


@pytest.mark.django_db
def test_ratings_without_a_ticket_are_found(store):
    world(store, orphans=25)
    assert named(search(SPAN)) == {("rating.orphan", "T0")}


@pytest.mark.django_db
def test_those_who_waited_are_not_asked(store):
    world(store, rated=lambda teller, i, late: (i * 13 + teller) % 10 < 6 and not (late and teller % 3 == 1))
    found = [f for f in search(SPAN) if f.signal == "rating.selective"]
    assert named(found) == {("rating.selective", "O2")}
    assert found[0].k == 0
    assert found[0].expected > 0.4
    assert found[0].fact == "ticket"


@pytest.mark.django_db
def test_a_burst_and_its_seconds_are_found(store):
    """Forty ratings, all at the end of one day, three seconds apart."""
    world(store, pressed=lambda teller, i: 5 + (i * 7) % 40)
    rows = [
        {"source_id": f"b-{n}", "unit": "O2", "person": "T1", "ticket_id": f"T1-{n}", "channel": "counter"}
        | {"score": 5, "occurred_at": START + dt.timedelta(days=3, hours=8, seconds=2 * n)}
        for n in range(40)
    ]
    publish(store, "rating", rows, source="pads")
    found = search(SPAN)
    assert {("rating.burst", "T1"), ("rating.same_moment", "T1")} <= named(found)
    assert {who for _, who in named(found)} == {"T1"}
    burst = next(f for f in found if f.signal == "rating.burst")
    assert 28 <= burst.k <= 32


@pytest.mark.django_db
def test_as_known_before_the_facts_came_nothing_is_found(store):
    world(store, orphans=25)
    before = Span(SPAN.since, SPAN.until, dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
    assert search(before) == []


def inspections(actor, of):
    """Thirty sheets of each of six inspectors; of(inspector, i) → the columns that differ."""
    rows = []
    for inspector in range(6):
        for i in range(30):
            usual = {"conforming": 18 - i % 5, "na": i % 2, "failed": i % 5, "seconds": 900 + 13 * i}
            points = {"earned_e4": 871_300 + 4_700 * (i % 23), "possible_e4": 1_000_000}
            row = usual | points | of(inspector, i)
            rows.append(
                {"source_id": f"{inspector}-{i}", "unit": of_outlet(i), "inspector": TELLERS[inspector]}
                | {"occurred_at": START + dt.timedelta(days=i % 20, hours=inspector), "standard": "s"}
                | {"version": "1", "method": "m", "asked": 20, "score_e4": row["earned_e4"], "void": False}
                | row
            )
    publish(actor, "inspection", rows, source="sheets")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("signal", "odd"),
    [
        ("inspector.all_conforming", {"conforming": 20, "na": 0, "failed": 0, "earned_e4": 1_000_000}),
        ("inspector.too_fast", {"seconds": 60}),
        ("inspector.heaping", {"earned_e4": 900_000}),
        ("inspector.not_applicable", {"na": 7, "conforming": 11}),
    ],
)
def test_an_inspector_who_differs_is_found(store, signal, odd):
    inspections(store, lambda inspector, i: odd if inspector == 4 and i % 10 else {})
    assert named(search(SPAN)) == {(signal, "T4")}


@pytest.mark.django_db
def test_inspectors_alike_name_nobody(store):
    inspections(store, lambda inspector, i: {})
    assert search(SPAN) == []


def test_every_signal_has_its_words_in_both_languages():
    known = signals()
    assert 0 < known.chance < 1
    assert len(known.by_id) >= 10
    for signal in known.by_id.values():
        assert all(signal.texts.values()), signal.id
        assert signal.min_n > 0


@given(
    st.lists(st.tuples(st.integers(0, 50), st.integers(50, 400)), min_size=2, max_size=12),
    st.floats(0.01, 0.9),
)
def test_a_chance_lies_between_none_and_certain(rows, expected):
    k, n = (np.array(column, dtype=float) for column in zip(*rows, strict=True))
    for few in (False, True):
        p = unlikely(k, n, np.full(len(k), expected), few=few)
        assert ((p >= 0) & (p <= 1)).all()


def test_one_who_differs_is_less_likely_than_those_who_do_not():
    k, n = np.array([5.0, 6, 4, 60]), np.full(4, 100.0)
    p = unlikely(k, n, np.full(4, 0.05))
    assert p.argmin() == 3
    assert p[:3].min() > 0.05


def test_where_all_differ_nobody_stands_out():
    """Shares from 2 to 20 %: chance alone would name half of them; measured against each other none is
    odd."""
    n = np.full(10, 2000.0)
    k = n * np.linspace(0.02, 0.20, 10)
    assert unlikely(k, n, np.full(10, k.sum() / n.sum())).min() > 0.01


def test_five_in_a_minute_at_twelve_an_hour():
    """Published example: p = 2.26e-6 for one window; over the two half-minute windows of a minute, twice
    that."""
    one = bursts(np.array([5.0]), np.array([12.0]), np.array([1 / 60]), 60.0)[0]
    assert one == pytest.approx(2 * 2.26e-6, rel=0.005)
