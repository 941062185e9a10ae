"""Numbers against an independent computation, through the tree of each fact's own day, within scope."""

import datetime as dt
from dataclasses import replace

import pytest
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext

from kezun.facts import cache, queries
from kezun.facts.asking import BadQuestion
from kezun.facts.indicators import UnknownIndicator
from kezun.facts.models import CachedAnswer
from kezun.facts.questions import Question
from kezun.facts.rules import Period
from kezun.facts.tests import oracle, service
from kezun.kernel.actor import Denied, OutOfScope, SystemActor
from kezun.org.actions import move_unit
from kezun.org.models import Person

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("english", "own_home")]
US = SystemActor("test")
QUARTER = Period.parse("2026-Q1")


@pytest.fixture
def served(service_at):
    """The small bank with 3,000 tickets at its outlets, its call centre and a sub-branch of its own."""
    return service_at(("O1", "O2", "O3", "CC", "S1"), ("O1", "O2", "O3", "CC"), 3000)


def under(served, code, below=None):
    """Primary keys of the units that count for a unit of the small bank, which nobody has reorganised."""
    tree = {
        "HO": {"O1", "O2", "O3", "CC", "S1"},
        "P1": {"O1", "O2", "S1"},
        "P2": {"O3"},
        "S1": {"O1", "O2", "S1"},
    }
    return {served["units"][c].pk for c in tree.get(code, {code})}


def expect(served, ids, units, period=QUARTER, keep=lambda row: True):
    def inside(rows):
        return [r for r in rows if r["unit"] in units and period.start <= r["day"] <= period.end and keep(r)]

    tickets, ratings = inside(served["tickets"]), inside(served["ratings"])
    return {id: oracle.of(id, tickets, ratings) for id in ids}


def shape(answer):
    return (answer.value, answer.numerator, answer.denominator, answer.n)


@pytest.mark.parametrize("code", ["HO", "P1", "P2", "S1", "O1", "CC"])
@pytest.mark.parametrize("text", ["2026-Q1", "2026-02", "2026-W06", "2026-02-03", "2026-01-30..2026-02-02"])
def test_every_level_and_period(served, code, text):
    period = Period.parse(text)
    found = queries.measure(US, Question(oracle.ALL, code, period))
    assert [a.indicator for a in found] == list(oracle.ALL)
    assert {(a.unit, a.by, a.period) for a in found} == {(code, None, text)}
    assert {a.indicator: shape(a) for a in found} == expect(served, oracle.ALL, under(served, code), period)


@pytest.mark.parametrize("by", list(oracle.LABELS))
def test_every_breakdown(served, by):
    people = dict(Person.objects.values_list("pk", "code"))
    units = under(served, "P1")
    groups = {}
    for fact in ("tickets", "ratings"):
        for row in served[fact]:
            if row["unit"] in units and row.get("outcome") != "void":
                label = oracle.LABELS[by](row, people)
                groups.setdefault(label, {"tickets": [], "ratings": []})[fact].append(row)
    found = queries.measure(US, Question(oracle.ALL, "P1", QUARTER, by=by))
    got = {(a.indicator, a.by): shape(a) for a in found}
    wanted = {
        (id, label): oracle.of(id, rows["tickets"], rows["ratings"])
        for label, rows in groups.items()
        for id in oracle.ALL
        if rows["ratings" if id in oracle.OF_RATINGS else "tickets"]
    }
    for place, value in wanted.items():
        assert got.pop(place) == value, place
    # What is left: coverage where there are ratings and no ticket.
    assert {(id, value[0]) for (id, _), value in got.items()} <= {("floor.rating_coverage", None)}
    for id in oracle.ALL:
        labels = [a.by for a in found if a.indicator == id]
        assert labels == sorted(set(labels))


def test_units_below_add_up(served):
    found = queries.measure(US, Question(("floor.tickets", "floor.wait_p90"), "HO", QUARTER, below="outlet"))
    assert [(a.unit, a.indicator) for a in found][:3] == [
        ("O1", "floor.tickets"),
        ("O1", "floor.wait_p90"),
        ("O2", "floor.tickets"),
    ]
    for answer in found:
        wanted = expect(served, [answer.indicator], {served["units"][answer.unit].pk})
        assert shape(answer) == wanted[answer.indicator]
    tiers = queries.measure(US, Question(("floor.tickets",), "HO", QUARTER, below="tier1"))
    assert {a.unit: a.numerator for a in tiers} == {
        code: expect(served, ["floor.tickets"], under(served, code))["floor.tickets"][1]
        for code in ("P1", "P2")
    }


def test_a_unit_without_facts_is_named_with_nothing(served):
    [answer] = queries.measure(US, Question(("floor.answer_rate",), "O1", Period.parse("2025-01")))
    assert shape(answer) == (None, 0, 0, 0)
    assert (answer.low, answer.high, answer.met, answer.target) == (None, None, None, 0.85)


def test_facts_stay_with_the_parent_of_their_day(served):
    units = served["units"]
    moved = dt.date(2026, 2, 15)
    before = queries.measure(US, Question(("floor.tickets",), "P1", QUARTER))[0].numerator
    move_unit(US, units["O1"], parent=units["S2"], from_date=moved)

    def at(row, code):
        early = row["day"] < moved
        home = {units["O1"].pk: "P1" if early else "P2", units["O3"].pk: "P2"}
        return home.get(row["unit"], "HO" if row["unit"] == units["CC"].pk else "P1") == code

    for code in ("P1", "P2"):
        everywhere = {u.pk for u in units.values()}
        wanted = expect(served, oracle.ALL, everywhere, keep=lambda r, c=code: at(r, c))
        found = queries.measure(US, Question(oracle.ALL, code, QUARTER))
        assert {a.indicator: shape(a) for a in found} == wanted
        parts = queries.measure(US, Question(("floor.tickets",), code, QUARTER, below="outlet"))
        own = 0 if code == "P2" else expect(served, ["floor.tickets"], {units["S1"].pk})["floor.tickets"][1]
        assert sum(a.numerator for a in parts) + own == wanted["floor.tickets"][1]
        assert "O1" in {a.unit for a in parts}
    after = queries.measure(US, Question(("floor.tickets",), "P1", QUARTER))[0].numerator
    assert after < before


@pytest.mark.parametrize(
    ("told", "keep"),
    [
        ({"business": "cash"}, lambda r: r["business"] == "cash"),
        ({"business": ""}, lambda r: r["business"] is None),
        ({"customer_class": "2"}, lambda r: r["class"] == "2"),
        ({"hour": 9, "weekday": 1}, lambda r: r["hour"] == 9 and r["day"].isoweekday() == 1),
        ({"person": ""}, lambda r: r["person"] is None),
    ],
)
def test_narrowed(served, told, keep):
    found = queries.measure(US, replace(Question(oracle.ALL, "HO", QUARTER), **told))
    assert {a.indicator: shape(a) for a in found} == expect(
        served, oracle.ALL, under(served, "HO"), keep=keep
    )


def test_one_person(served, person_in):
    me = person_in("teller", "O1")
    found = queries.measure(US, Question(oracle.ALL, "HO", QUARTER, person=me.code))
    wanted = expect(served, oracle.ALL, under(served, "HO"), keep=lambda r: r["person"] == me.pk)
    assert {a.indicator: shape(a) for a in found} == wanted


def test_interval_target_and_minimum(served):
    [whole] = queries.measure(US, Question(("floor.answer_rate",), "HO", QUARTER))
    assert whole.low < whole.value < whole.high
    assert whole.met is (whole.value >= 0.85)
    [few] = queries.measure(US, Question(("floor.answer_rate",), "O1", Period.parse("2026-02-03")))
    assert 0 < few.n < 30
    assert few.met is None
    [bad] = queries.measure(US, Question(("floor.dissatisfied_per_10k",), "HO", QUARTER))
    assert bad.low < bad.value < bad.high
    assert bad.value > 1000
    assert bad.met is False


def test_the_distribution_adds_up_to_all(served):
    found = queries.measure(US, Question(("floor.wait_distribution",), "HO", QUARTER))
    waits = [t["wait_s"] for t in served["tickets"] if t["outcome"] == "served" and t["wait_s"] is not None]
    assert [a.by for a in found][:3] == ["<=0", "0-30", "30-60"]
    assert found[-1].by == ">3600"
    assert {a.by: a.numerator for a in found}["30-60"] == sum(30 < w <= 60 for w in waits)
    assert sum(a.numerator for a in found) == len(waits) == found[0].n
    assert sum(a.value for a in found) == pytest.approx(1)


def test_a_formula_over_indicators(served):
    ids = ("phone.talk_mean", "phone.wrap_mean", "phone.handle_mean")
    units = served["units"]
    moment = dt.datetime(2026, 3, 2, 9)
    calls = [
        service.ticket(90001 + i, units["CC"].pk, moment, channel="phone", service_s=s, wrap_s=w)
        for i, (s, w) in enumerate([(100, 10), (201, None), (300, 21)])
    ]
    service.keep("ticket", calls)
    talk, wrap, handle = queries.measure(US, Question(ids, "CC", Period.parse("2026-03-02")))
    assert (talk.numerator, talk.denominator, wrap.numerator, wrap.denominator) == (601, 3, 31, 2)
    assert handle.value == 601 / 3 + 31 / 2
    assert (handle.n, handle.numerator, handle.denominator) == (2, None, None)
    [none] = queries.measure(US, Question(("phone.handle_mean",), "CC", Period.parse("2025-03-02")))
    assert (none.value, none.n) == (None, 0)


def test_as_known_at(served):
    units = served["units"]
    question = Question(("floor.tickets",), "O1", QUARTER)
    then = dt.datetime.now(dt.UTC)
    [before] = queries.measure(US, question)
    service.keep("ticket", [service.ticket(99999, units["O1"].pk, dt.datetime(2026, 1, 5, 9))])
    [after] = queries.measure(US, question)
    assert after.numerator == before.numerator + 1
    assert queries.measure(US, replace(question, known_at=then)) == [before]
    long_ago = replace(question, known_at=dt.datetime(2001, 1, 1, tzinfo=dt.UTC))
    assert queries.measure(US, long_ago)[0].numerator == 0


def test_the_period_before(served):
    [(now, before, difference)] = queries.compared(
        US, Question(("floor.wait_mean",), "HO", Period.parse("2026-02"))
    )
    [january] = queries.measure(US, Question(("floor.wait_mean",), "HO", Period.parse("2026-01")))
    assert before == january
    assert difference == now.value - january.value


def test_answers_are_kept_and_change_with_facts_definitions_and_tree(served, monkeypatch):
    question = Question(oracle.ALL, "P1", QUARTER, by="day")
    first = queries.measure(US, question)
    assert CachedAnswer.objects.count() == 1

    def refuse(*_):
        raise AssertionError("computed again")

    with monkeypatch.context() as patched:
        patched.setattr(queries, "compute_many", refuse)
        assert queries.measure(US, question) == first
        with pytest.raises(AssertionError):
            queries.measure(US, replace(question, by="hour"))
        move_unit(US, served["units"]["O2"], parent=served["units"]["S2"], from_date=dt.date(2026, 2, 1))
        with pytest.raises(AssertionError):
            queries.measure(US, question)
    assert queries.measure(US, question) != first


def test_many_kept_answers_cost_three_statements(served, person_in):
    boss = person_in("unit_head", "P1")
    questions = [
        Question(oracle.ALL, code, QUARTER, by=by) for code in ("P1", "S1", "O1") for by in (None, "day")
    ]
    first = queries.measure_many(boss, questions)
    boss = Person.objects.get(pk=boss.pk)
    _ = boss.scope.held
    with CaptureQueriesContext(
        connection,
    ) as seen:
        assert queries.measure_many(boss, questions) == first
    assert len(seen) == 3
    with CaptureQueriesContext(connection) as seen:
        assert queries.measure_many(boss, questions, known=served["units"].values()) == first
    assert len(seen) == 2


@pytest.mark.parametrize(
    ("role", "home", "code", "below", "ok"),
    [
        ("unit_head", "P1", "P1", "outlet", True),
        ("unit_head", "P1", "O1", None, True),
        ("unit_head", "P1", "HO", None, False),
        ("unit_head", "P1", "P2", None, False),
        ("unit_head", "P1", "nowhere", None, False),
        ("lobby_manager", "S1", "S1", None, True),
        ("lobby_manager", "S1", "S1", "outlet", False),
        ("lobby_manager", "O1", "O2", None, False),
        ("teller", "O1", "O1", None, False),
        ("analyst", "HO", "HO", "tier1", True),
    ],
)
def test_scope(served, person_in, role, home, code, below, ok):
    question = Question(("floor.tickets",), code, QUARTER, below=below)
    if ok:
        assert queries.measure(person_in(role, home), question)
    else:
        with pytest.raises(OutOfScope):
            queries.measure(person_in(role, home), question)


def test_whoever_sees_no_unit_sees_their_own_work(served, person_in):
    me, other = person_in("teller", "O1"), person_in("teller", "O2")
    mine = Question(("floor.tickets",), "O1", QUARTER, person=me.code)
    wanted = expect(served, ["floor.tickets"], under(served, "O1"), keep=lambda r: r["person"] == me.pk)
    assert shape(queries.measure(me, mine)[0]) == wanted["floor.tickets"]
    for theirs in (replace(mine, person=other.code), replace(mine, by="person", person=None)):
        with pytest.raises(OutOfScope):
            queries.measure(me, theirs)
    with pytest.raises(OutOfScope):
        queries.measure(me, replace(mine, below="outlet"))


def test_no_permission(served, person_in):
    with pytest.raises(Denied):
        queries.measure(person_in("audit_admin", "HO"), Question(("floor.tickets",), "HO", QUARTER))


@pytest.mark.parametrize(
    ("told", "error", "word"),
    [
        ({"indicators": ("floor.nothing",)}, UnknownIndicator, "floor.tickets"),
        ({"indicators": ()}, BadQuestion, ""),
        ({"by": "colour"}, BadQuestion, "weekday"),
        ({"below": "street"}, BadQuestion, "outlet"),
        ({"by": "hour", "indicators": ("floor.wait_distribution",)}, BadQuestion, ""),
        ({"known_at": dt.datetime(2026, 1, 1)}, BadQuestion, "+08:00"),
        ({"unit": "XX"}, OutOfScope, "XX"),
        ({"person": "XX"}, OutOfScope, "XX"),
    ],
)
def test_bad_questions(served, told, error, word):
    with pytest.raises(error) as refused:
        queries.measure(US, replace(Question(("floor.tickets",), "HO", QUARTER), **told))
    assert word in str(refused.value)


def test_long_kept_answers_are_put_away(served, settings):
    question = Question(("floor.tickets",), "HO", QUARTER)
    first = queries.measure(US, question)
    cache.forget_daily()
    assert CachedAnswer.objects.count() == 1
    CachedAnswer.objects.update(at=dt.datetime.now(dt.UTC) - dt.timedelta(days=31))
    cache.forget_daily()
    assert CachedAnswer.objects.count() == 0
    assert queries.measure(US, question) == first


def test_a_database_that_takes_no_answers_is_no_reason_to_fail(served, monkeypatch):
    def locked(*_args, **_more):
        raise OperationalError("database is locked")

    monkeypatch.setattr(CachedAnswer.objects, "bulk_create", locked)
    assert queries.measure(US, Question(("floor.tickets",), "HO", QUARTER))[0].value
    assert CachedAnswer.objects.count() == 0


def test_indicators_that_have_facts(bank):
    assert queries.with_facts(["floor.tickets", "floor.satisfied_rate"]) == []
    service.keep("ticket", [service.ticket(1, bank["O1"].pk, dt.datetime(2026, 1, 5, 9))])
    ids = ["floor.tickets", "floor.satisfied_rate", "floor.rating_coverage", "phone.handle_mean"]
    assert queries.with_facts(ids) == ["floor.tickets", "phone.handle_mean"]
    assert queries.indicator("floor.tickets") in queries.indicators()
