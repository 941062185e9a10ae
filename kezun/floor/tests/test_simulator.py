"""The simulator: the same every time, plausible as a whole, and what is planted can be found."""

import datetime as dt
import time
from dataclasses import fields

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from kezun.floor.simulator.parameters import (
    Business,
    CustomerClass,
    Pattern,
    Place,
    Queue,
    Ratings,
    Size,
    Story,
)
from kezun.floor.simulator.plan import HOUR, Calendar, spans
from kezun.floor.simulator.ratings import rate
from kezun.floor.simulator.tables import rating_table, ticket_table
from kezun.floor.simulator.tickets import ABANDONED, SERVED, VOID, simulate

LAST = dt.date(2026, 3, 31)
DAYS = [LAST - dt.timedelta(days=n) for n in range(59, -1, -1)]
PENSION = frozenset(d for d in DAYS if d.day in (5, 15))
CALENDAR = Calendar(frozenset({dt.date(2026, 3, 3)}), frozenset({dt.date(2026, 3, 7)}), PENSION)


def queue(**changed):
    told = {
        "kind": "outlet",
        "channel": "counter",
        "pattern": Pattern(
            opens=9,
            closes=17,
            hours=(1.2, 1.5, 1.3, 0.7, 0.8, 1.2, 1.0, 0.5),
            weekday=(1.1, 1.0, 1.0, 1.0, 1.0, 0.6, 0.5),
        ),
        "businesses": (
            Business(name="cash", share=3, mean_s=240),
            Business(name="account", share=1, mean_s=800, spread=0.3),
        ),
        "classes": (
            CustomerClass(name="plain", share=8, patience_s=4000, promise_s=900),
            CustomerClass(
                name="elder",
                share=2,
                patience_s=6000,
                promise_s=600,
                credit_s=600,
                tag="elders",
                tag_factor=3,
                pension_factor=3,
            ),
        ),
        "sizes": (
            Size(tag="large", counters=4, load=0.8, holiday=True),
            Size(tag="small", counters=2, load=0.65, sunday=False),
        ),
        "ratings": Ratings(
            coverage=(0.4, 0.8),
            unsatisfied=(0.004, 0.015),
            wait_weight=0.4,
            four=0.1,
            reasons=("wait", "other"),
        ),
        "lunch": ((11.5, 12.5), (12.5, 13.5)),
        "void": 0.01,
    }
    return Queue(**{**told, **changed})


def place(code, *tags, tellers=5, above=("HO",)):
    people = tuple(f"{code}-{n}" for n in range(tellers))
    return Place(code, "outlet", frozenset(tags), frozenset(above), people)


PLACES = (
    place("L1", "large", tellers=6, above=("HO", "B1")),
    *(place(f"S{n}", "small", above=("HO", f"B{n % 2 + 1}")) for n in range(1, 8)),
    place("E1", "small", "elders"),
    Place("CC", "call_centre", frozenset(), frozenset({"HO"}), ("A1",)),
    place("EMPTY", tellers=0),
)


def made(stories=(), seed=1, **changed):
    return simulate(queue(**changed), PLACES, CALENDAR, DAYS, stories, seed)


@pytest.fixture(scope="module")
def tickets():
    return made()


def at(tickets, code):
    return tickets.place == [p.code for p in tickets.places].index(code)


def mean_wait(tickets, where):
    return tickets.wait[where & (tickets.outcome == SERVED)].mean()


def test_same_seed_same_rows_and_another_seed_others(tickets):
    again, other = made(), made(seed=2)
    for field in fields(tickets):
        left, right = getattr(tickets, field.name), getattr(again, field.name)
        assert np.array_equal(left, right) if isinstance(left, np.ndarray) else left == right
    assert not np.array_equal(tickets.arrival[:100], other.arrival[:100])
    given, same = rate(tickets, seed=1), rate(again, seed=1)
    assert all(np.array_equal(getattr(given, f.name), getattr(same, f.name)) for f in fields(given))


def test_only_places_of_the_kind_where_somebody_works(tickets):
    assert {p.code for p in tickets.places} == {p.code for p in PLACES} - {"CC", "EMPTY"}


def test_every_ticket_has_one_outcome_and_what_belongs_to_it(tickets):
    served, void = tickets.outcome == SERVED, tickets.outcome == VOID
    assert set(np.unique(tickets.outcome)) == {SERVED, ABANDONED, VOID}
    assert (tickets.wait[~void] >= 0).all()
    assert (tickets.wait[void] == -1).all()
    assert (tickets.service[served] >= 1).all()
    assert (tickets.service[~served] == -1).all()
    assert (tickets.person[served] >= 0).all()
    assert (tickets.person[~served] == -1).all()
    assert 0.005 < void.mean() < 0.015


def test_nobody_arrives_before_opening_or_after_closing(tickets):
    assert tickets.arrival.min() >= 9 * HOUR
    assert tickets.arrival.max() < 17 * HOUR


def test_numbers_count_from_one_per_place_and_day_in_order_of_arrival(tickets):
    cell = tickets.place * len(DAYS) + tickets.day
    for one in np.unique(cell)[:40]:
        assert tickets.number[cell == one].tolist() == list(range(1, (cell == one).sum() + 1))
        assert (np.diff(tickets.arrival[cell == one]) >= 0).all()


def test_tellers_serve_one_customer_at_a_time_at_their_own_place(tickets):
    served = tickets.outcome == SERVED
    for person in range(len(tickets.people)):
        mine = served & (tickets.person == person)
        home = {tickets.places[p].code for p in np.unique(tickets.place[mine])}
        assert home <= {tickets.people[person].rsplit("-", 1)[0]}
        for day in np.unique(tickets.day[mine])[:10]:
            today = mine & (tickets.day == day)
            starts = tickets.arrival[today] + tickets.wait[today]
            order = np.argsort(starts)
            ends = starts[order] + tickets.service[today][order]
            assert (ends[:-1] <= starts[order][1:]).all()


def test_weekends_holidays_and_workdays(tickets):
    small, large = at(tickets, "S1"), at(tickets, "L1")
    sunday = np.array([d.weekday() == 6 for d in DAYS])[tickets.day]
    holiday = tickets.day == DAYS.index(dt.date(2026, 3, 3))
    assert not (small & sunday).any()
    assert (large & sunday).any()
    assert not (small & holiday).any()
    assert 0 < (large & holiday).sum() < (large & (tickets.day == DAYS.index(dt.date(2026, 3, 10)))).sum() / 2
    saturday, worked = DAYS.index(dt.date(2026, 3, 14)), DAYS.index(dt.date(2026, 3, 7))
    assert (tickets.day == worked).sum() > 1.3 * (tickets.day == saturday).sum()


def test_elders_come_on_pension_days_and_where_many_live(tickets):
    elder = tickets.kind == 1
    pension = np.array([d in PENSION for d in DAYS])[tickets.day]
    assert elder[pension].mean() > 1.5 * elder[~pension].mean()
    assert elder[at(tickets, "E1")].mean() > 1.5 * elder[at(tickets, "S1")].mean()


def test_credit_makes_the_wait_of_elders_shorter(tickets):
    elders, others = ((tickets.kind == kind) & ~at(tickets, "E1") for kind in (1, 0))
    assert mean_wait(tickets, elders) < 0.85 * mean_wait(tickets, others)


def test_a_business_that_takes_long_takes_long(tickets):
    served = tickets.outcome == SERVED
    long, short = (tickets.service[served & (tickets.business == b)].mean() for b in (1, 0))
    assert long == pytest.approx(800, rel=0.1)
    assert short == pytest.approx(240, rel=0.1)


def test_ratings_cover_and_please_as_told(tickets):
    given = rate(tickets, seed=1)
    served = tickets.outcome == SERVED
    coverage = np.bincount(tickets.place[given.row], minlength=9) / np.bincount(
        tickets.place[served], minlength=9
    )
    assert ((coverage > 0.3) & (coverage < 0.9)).all()
    assert 0.975 < (given.score >= 4).mean() < 0.998
    assert set(np.unique(given.score)) == {1, 2, 3, 4, 5}
    assert (tickets.outcome[given.row] == SERVED).all()
    assert ((given.reason >= 0) == (given.score <= 3)).all()
    assert len(np.unique(given.row)) == len(given.row)
    assert not given.orphan.any()


def test_reasons_may_be_none():
    plain = made(ratings=Ratings(coverage=(1, 1), unsatisfied=(0.3, 0.4), wait_weight=0, four=0, reasons=()))
    given = rate(plain, seed=1)
    assert (given.score <= 3).any()
    assert (given.reason == -1).all()
    assert rating_table(plain, given)["reason"].null_count == len(given.row)


def test_a_drifting_wait_drifts(tickets):
    story = Story(kind="wait_drift", unit="S3", first=40, factor=1.8)
    told = made((story,))
    late, early = (at(told, "S3") & (told.day >= 50)), (at(told, "S3") & (told.day < 19))
    assert mean_wait(told, late) > 2 * mean_wait(told, early)
    assert mean_wait(told, at(told, "S4")) == mean_wait(tickets, at(tickets, "S4"))


def test_a_rush_is_on_one_pension_day_of_one_branch(tickets):
    told = made((Story(kind="pension_rush", unit="B1", first=50, last=5, factor=2.5),))
    branch = np.array(["B1" in p.above for p in told.places])
    counts = [np.bincount(t.day[branch[t.place]], minlength=60) for t in (told, tickets)]
    more = counts[0] / np.maximum(counts[1], 1)
    rush = int(more.argmax())
    assert DAYS[rush] in PENSION
    assert DAYS[rush].weekday() < 5
    assert more[rush] > 2
    assert (np.delete(more, rush) < 1.6).all()
    none = made((Story(kind="pension_rush", unit="B1", first=1, last=0, factor=2.5),))
    assert np.array_equal(none.arrival, tickets.arrival)


def test_an_outage_answers_nobody_while_it_lasts():
    told = made((Story(kind="outage", unit="L1", first=3, last=3, hours=(10, 13)),))
    here = at(told, "L1") & (told.day == 56) & (told.outcome == SERVED)
    starts = told.arrival[here] + told.wait[here]
    assert not ((starts >= 10 * HOUR) & (starts < 13 * HOUR)).any()
    assert (starts < 10 * HOUR).any()
    assert (starts >= 13 * HOUR).any()


def test_closed_counters_at_noon_leave_only_the_first():
    told = made((Story(kind="lunch_closing", unit="L1", first=9, hours=(11, 14)),))
    noon = told.arrival + told.wait
    here = at(told, "L1") & (told.outcome == SERVED) & (noon >= 11 * HOUR) & (noon < 14 * HOUR)
    assert set(np.unique(told.counter[here & (told.day >= 50)])) == {0}
    assert len(np.unique(told.counter[here & (told.day < 50)])) == 4


def test_a_burst_is_pressed_within_three_seconds_of_the_evening(tickets):
    person = "S2-1"
    given = rate(tickets, (Story(kind="rating_burst", unit="S2", person=person, first=30),), 1)
    mine = (tickets.person[given.row] == tickets.people.index(person)) & (tickets.day[given.row] >= 29)
    assert mine.any()
    assert np.ptp(given.pressed[mine]) == 2
    assert (given.score[mine] >= 4).all()
    earlier = (tickets.person[given.row] == tickets.people.index(person)) & (tickets.day[given.row] < 29)
    assert np.ptp(given.pressed[earlier]) > HOUR


def test_who_invites_only_the_content_is_praised(tickets):
    angry = Ratings(coverage=(0.6, 0.6), unsatisfied=(0.1, 0.1), wait_weight=1, four=0.1, reasons=("wait",))
    told = made(ratings=angry)
    plain = rate(told, (), 1)
    picked = rate(told, (Story(kind="selective_rating", unit="S5", first=59),), 1)
    shares = [(g.score[at(told, "S5")[g.row]] >= 4).mean() for g in (plain, picked)]
    assert shares[0] < 0.93
    assert shares[1] > 0.98
    same = at(told, "S6")
    assert np.array_equal(plain.row[same[plain.row]], picked.row[same[picked.row]])


def test_orphans_name_tickets_that_do_not_exist(tickets):
    given = rate(tickets, (Story(kind="orphan_ratings", unit="S1", first=5, count=4),), 1)
    table, numbers = rating_table(tickets, given), set(ticket_table(tickets)["ticket_no"].to_pylist())
    lost = [n for n in table["ticket_no"].to_pylist() if n not in numbers]
    assert len(lost) == 4
    assert all(n.startswith("S1-") and n.endswith("-X") for n in lost)


def test_a_story_about_a_stranger_changes_nothing(tickets):
    stories = (
        Story(kind="rating_burst", unit="S2", person="nobody", first=30),
        Story(kind="orphan_ratings", unit="nowhere", first=30, count=9),
    )
    plain, told = rate(tickets, (), 1), rate(tickets, stories, 1)
    assert np.array_equal(plain.pressed, told.pressed)
    assert not told.orphan.any()


def test_tables_are_typed_and_keys_unique(tickets):
    table, given = ticket_table(tickets), rate(tickets, seed=1)
    assert table.schema.field("taken_at").type == pa.timestamp("s")
    assert table.schema.field("wait_s").type == pa.int32()
    assert pc.count_distinct(table["ticket_no"]).as_py() == table.num_rows == len(tickets)
    ratings = rating_table(tickets, given)
    assert pc.count_distinct(ratings["rating_no"]).as_py() == ratings.num_rows
    assert pc.all(pc.is_in(ratings["ticket_no"], table["ticket_no"].combine_chunks())).as_py()
    first = table.slice(0, 1).to_pylist()[0]
    assert first["taken_at"].date() == DAYS[tickets.day[0]]
    assert (
        first["taken_at"] - dt.datetime.combine(first["taken_at"].date(), dt.time())
    ).seconds == tickets.arrival[0]
    served = pc.equal(table["outcome"], "served")
    assert pc.sum(pc.is_null(table["service_s"])).as_py() == pc.sum(pc.invert(served)).as_py()


def test_after_call_work_takes_time_of_the_counter_but_not_of_the_service():
    wrapped = made(wrap_s=60)
    table = ticket_table(wrapped)
    assert set(table["wrap_s"].drop_null().to_pylist()) == {60}
    served = wrapped.outcome == SERVED
    assert wrapped.service[served & (wrapped.business == 0)].mean() == pytest.approx(240, rel=0.15)


def test_shifts_breaks_and_closings_of_one_counter():
    plain = queue()
    assert spans(plain, 1, 0, ()) == ((9 * HOUR, 10**9),)
    assert spans(plain, 2, 1, ()) == ((9 * HOUR, 12.5 * HOUR), (13.5 * HOUR, 10**9))
    shifted = queue(shifts=((9, 13), (12, 17)), lunch=())
    assert spans(shifted, 2, 0, ()) == ((9 * HOUR, 13 * HOUR),)
    closing = (Story(kind="lunch_closing", unit="L1", first=1, hours=(9, 14)),)
    assert spans(shifted, 2, 1, closing) == ((14 * HOUR, 10**9),)
    assert spans(shifted, 2, 0, closing) == ((9 * HOUR, 13 * HOUR),)


def test_demand_follows_the_time_that_counters_are_open():
    shifted, whole = made(shifts=((9, 13), (13, 17)), lunch=()), made(lunch=())
    assert len(shifted) == pytest.approx(len(whole) / 2, rel=0.03)


def test_progress_is_told_and_time_is_shown(capsys):
    told = []
    began = time.perf_counter()
    simulate(queue(), PLACES, CALENDAR, DAYS, (), 1, told.append)
    with capsys.disabled():
        print(f" [{time.perf_counter() - began:.2f} s for {len(PLACES) * len(DAYS)} place-days]", end="")
    assert told[0] < 0.05
    assert told == sorted(told)
    assert told[-1] <= 1


def test_without_places_there_is_nothing_to_simulate():
    with pytest.raises(ValueError, match="call_centre"):
        simulate(queue(kind="call_centre"), PLACES[:3], CALENDAR, DAYS)


def test_a_day_on_which_all_is_closed_is_empty():
    sunday = [dt.date(2026, 3, 29)]
    empty = simulate(queue(), PLACES[1:4], CALENDAR, sunday)
    assert len(empty) == 0
    assert ticket_table(empty).num_rows == 0
    assert rating_table(empty, rate(empty)).num_rows == 0
