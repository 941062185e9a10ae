"""The invented bank as a whole: plausible figures, and every story of its README where and when it says."""

import datetime as dt
import time
from pathlib import Path

import duckdb
import pytest
from django.conf import settings

from kezun.site import demo
from kezun.site.packs.pack import read

LAST = dt.date(2026, 11, 20)
pytestmark = pytest.mark.xdist_group("stories")  # one worker, so that the 90 days are simulated once


@pytest.fixture(scope="module")
def ask():
    """`ask(sql)`: rows of a query over the simulated `ticket` and `rating` tables of all 90 days."""
    began = time.perf_counter()
    pack = read(Path(settings.ROOT) / "packs" / "demo-bank")
    made = list(demo.service(pack, LAST, demo.Steps()))
    print(f"90 days simulated in {time.perf_counter() - began:.1f} s")
    (_outlets, tickets, ratings), (_phone, calls, opinions) = made
    connection = duckdb.connect()
    connection.register("counter_ticket", tickets)
    connection.register("counter_rating", ratings)
    connection.register("phone_ticket", calls)
    connection.register("phone_rating", opinions)
    connection.execute(
        """
        CREATE VIEW ticket AS SELECT *, CAST(taken_at AS DATE) AS day,
          date_diff('day', CAST(taken_at AS DATE), DATE '2026-11-20') AS ago
        FROM (FROM counter_ticket UNION ALL FROM phone_ticket);
        CREATE VIEW rating AS SELECT *, date_diff('day', CAST(rated_at AS DATE), DATE '2026-11-20') AS ago
        FROM (FROM counter_rating UNION ALL FROM phone_rating)
        """
    )
    yield lambda sql: connection.execute(sql).fetchall()
    connection.close()


def one(rows):
    assert len(rows) == 1
    return rows[0][0] if len(rows[0]) == 1 else rows[0]


def wait(ask, unit, first, last):
    where = f"unit = '{unit}' AND outcome = 'served' AND ago BETWEEN {last} AND {first}"
    return one(ask(f"SELECT avg(wait_s) FROM ticket WHERE {where}"))


def test_as_many_as_a_bank_of_that_size(ask):
    tickets, ratings = one(ask("SELECT (SELECT count(*) FROM ticket), (SELECT count(*) FROM rating)"))
    assert 1_000_000 <= tickets <= 1_500_000
    assert 500_000 <= ratings <= 1_000_000
    assert one(ask("SELECT count(DISTINCT unit) FROM ticket")) == 121
    first, last, days = one(ask("SELECT min(day), max(day), count(DISTINCT day) FROM ticket"))
    assert (first, last, days) == (LAST - dt.timedelta(days=89), LAST, 90)


def test_most_are_satisfied_and_coverage_differs(ask):
    assert 0.985 <= one(ask("SELECT avg(CAST(score >= 4 AS INTEGER)) FROM rating")) <= 0.995
    rows = ask("SELECT avg(CAST(score >= 4 AS INTEGER)) FROM rating GROUP BY unit")
    inside = [0.97 <= share <= 0.999 for (share,) in rows]
    assert sum(inside) / len(inside) > 0.95
    rates = ask(
        "SELECT (SELECT count(*) FROM rating r WHERE r.unit = t.unit) / count(*) AS c FROM ticket t "
        "WHERE outcome = 'served' GROUP BY unit ORDER BY c"
    )
    coverage = [c for (c,) in rates]
    assert 0.25 < coverage[2] < 0.45
    assert 0.75 < coverage[-1] < 0.95


def test_good_and_bad_outlets(ask):
    waits = [
        w
        for (w,) in ask(
            "SELECT avg(wait_s) w FROM counter_ticket WHERE outcome = 'served' GROUP BY unit ORDER BY w"
        )
    ]
    assert waits[0] < 240
    assert waits[-1] > 600


def test_a_typical_outlet_lets_its_customers_wait_some_minutes(ask):
    """Half of the outlets have a median of two to six minutes or near it: neither no queue nor a crowd."""
    medians = [
        m
        for (m,) in ask(
            "SELECT quantile_disc(wait_s, 0.5) m FROM counter_ticket WHERE outcome = 'served' "
            "GROUP BY unit ORDER BY m"
        )
    ]
    assert 120 <= medians[len(medians) // 2] <= 360
    assert medians[len(medians) // 10] < 120
    assert medians[-len(medians) // 10] > 360
    left = one(ask("SELECT avg(CAST(outcome = 'abandoned' AS INTEGER)) FROM counter_ticket"))
    assert 0.02 <= left <= 0.08


def test_mornings_mondays_and_pension_days_are_busy(ask):
    hours = dict(ask("SELECT hour(taken_at), count(*) FROM counter_ticket GROUP BY 1"))
    assert hours[10] > 1.5 * hours[12]
    weekdays = dict(ask("SELECT isodow(day), count(*) / count(DISTINCT day) FROM ticket GROUP BY 1"))
    assert weekdays[1] > weekdays[3] > 1.5 * weekdays[7]
    elders = "avg(CAST(class = '老年客户' AS INTEGER))"
    pension, other = (
        one(ask(f"SELECT {elders} FROM counter_ticket WHERE day(taken_at) {clause} (5, 15)"))
        for clause in ("IN", "NOT IN")
    )
    assert pension > 1.5 * other


def test_on_a_holiday_only_large_outlets_open_and_make_up_days_are_worked(ask):
    holiday = one(
        ask("SELECT count(DISTINCT unit) FROM counter_ticket WHERE CAST(taken_at AS DATE) = '2026-10-01'")
    )
    assert holiday == 12
    made_up = one(
        ask("SELECT count(DISTINCT unit) FROM counter_ticket WHERE CAST(taken_at AS DATE) = '2026-10-10'")
    )
    assert made_up == 120


def test_the_telephone_answers_as_a_real_one_does(ask):
    served, n = one(ask("SELECT sum(CAST(outcome = 'served' AS INTEGER)), count(*) FROM phone_ticket"))
    assert 0.88 < served / n < 0.97


def test_story_of_the_wait_that_drifts(ask):
    assert wait(ask, "CH1212", 9, 0) > 2 * wait(ask, "CH1212", 89, 49)
    others = [wait(ask, unit, 9, 0) / wait(ask, unit, 89, 49) for unit in ("CH1211", "CH1221", "CH2112")]
    assert max(others) < 1.6


def test_story_of_the_teller_who_presses_for_the_customers(ask):
    burst = "person = 'CH2121-06' AND ago <= 59"
    first, last = one(
        ask(f"SELECT min(CAST(rated_at AS TIME)), max(CAST(rated_at AS TIME)) FROM rating WHERE {burst}")
    )
    assert (first, last) == (dt.time(16, 58, 0), dt.time(16, 58, 2))
    assert one(ask(f"SELECT min(score) FROM rating WHERE {burst}")) >= 4
    served = one(ask(f"SELECT count(*) FROM ticket WHERE {burst} AND outcome = 'served'"))
    rated = one(ask(f"SELECT count(*) FROM rating WHERE {burst}"))
    assert rated / served > 0.93
    others = ask(
        "SELECT person, max(n) FROM (SELECT person, rated_at, count(*) AS n FROM rating "
        "WHERE ago <= 59 GROUP BY ALL) GROUP BY 1 HAVING max(n) >= 4"
    )
    assert [person for person, _n in others] == ["CH2121-06"]


def test_story_of_the_outlet_that_invites_only_the_content(ask):
    share = "SELECT avg(CAST(score >= 4 AS INTEGER)) FROM rating WHERE unit"
    assert one(ask(f"{share} = 'CH3112'")) > 0.998
    late = (
        "SELECT count(r.ticket_no) / count(*) FROM ticket t LEFT JOIN rating r USING (ticket_no) "
        "WHERE t.outcome = 'served' AND t.wait_s > t.promise_s AND t.unit"
    )
    assert one(ask(f"{late} = 'CH3112'")) < 0.1
    assert one(ask(f"{late} LIKE 'CH31%' AND t.unit <> 'CH3112'")) > 0.3


def test_story_of_the_bad_pension_day(ask):
    rows = ask(
        "SELECT day, count(*) FROM ticket WHERE unit LIKE 'CH23%' AND ago BETWEEN 20 AND 60 "
        "AND isodow(day) < 6 GROUP BY 1 ORDER BY 2 DESC"
    )
    (day, most), (_next, second) = rows[:2]
    assert day.day in (5, 15)
    assert most > 1.4 * second
    where = f"outcome = 'served' AND day = '{day}' AND unit LIKE"
    bad, plain = (one(ask(f"SELECT avg(wait_s) FROM ticket WHERE {where} '{u}%'")) for u in ("CH23", "CH22"))
    assert bad > 2 * plain


def test_story_of_the_call_centre_that_answers_nobody(ask):
    answered = "taken_at + to_seconds(wait_s)"
    during = f"unit = 'CHCC' AND ago = 23 AND outcome = 'served' AND hour({answered}) BETWEEN 10 AND 12"
    assert one(ask(f"SELECT count(*) FROM ticket WHERE {during}")) == 0
    share = "avg(CAST(outcome = 'served' AS INTEGER))"
    rates = ask(f"SELECT ago, {share} FROM ticket WHERE unit = 'CHCC' GROUP BY 1 ORDER BY 2")
    assert rates[0][0] == 23
    assert rates[0][1] < rates[1][1] - 0.1


def test_story_of_the_counters_closed_at_noon(ask):
    noon = "unit = 'CH3211' AND outcome = 'served' AND hour(taken_at + to_seconds(wait_s)) BETWEEN 11 AND 13"
    counters = "SELECT count(DISTINCT counter) FROM ticket WHERE"
    assert one(ask(f"{counters} {noon} AND ago <= 34")) == 1
    assert one(ask(f"{counters} {noon} AND ago > 34")) > 1


def test_story_of_the_ratings_without_tickets(ask):
    orphans = "FROM rating ANTI JOIN ticket USING (ticket_no)"
    assert one(ask(f"SELECT count(*), min(unit), max(unit), max(ago) {orphans}"))[:3] == (
        37,
        "CH1331",
        "CH1331",
    )
    assert one(ask(f"SELECT max(ago) {orphans}")) <= 14


def test_people_named_in_stories_work_where_they_should(ask):
    assert one(ask("SELECT count(DISTINCT unit) FROM ticket WHERE person = 'CH2121-06'")) == 1
    strangers = one(
        ask("SELECT count(*) FROM ticket WHERE person IS NOT NULL AND NOT starts_with(person, unit)")
    )
    assert strangers == 0
