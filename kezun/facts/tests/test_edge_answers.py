"""Answers at the edges: ties, one value, only void, moved and closed units, year ends, clock changes."""

import datetime as dt
from zoneinfo import ZoneInfo

import pyarrow as pa
import pytest

from kezun.facts.queries import measure, rows
from kezun.facts.questions import Question
from kezun.facts.rules import Period
from kezun.facts.tests.importing import HEADER, bring, line, profile, put
from kezun.facts.writing import store_rows
from kezun.kernel.actor import SystemActor
from kezun.org.actions import close_unit, merge_unit, move_unit
from kezun.org.models import Unit

pytestmark = pytest.mark.django_db
ACTOR = SystemActor("test")
NOON = dt.datetime(2026, 3, 2, 4)  # noon in Shanghai, 2 March 2026, a Monday


def keep(unit, waits, at=NOON, outcome="served", **more):
    """One ticket for each wait, with its local day and hour as an import derives them."""
    zone = ZoneInfo(Unit.objects.get(pk=unit.pk).zone)
    local = at.replace(tzinfo=dt.UTC).astimezone(zone)
    made = [
        {
            "unit": unit.pk,
            "occurred_at": at,
            "day": local.date(),
            "hour": local.hour,
            "weekday": local.isoweekday(),
            "source_id": f"{unit.code}-{at}-{outcome}-{i}",
            "outcome": outcome,
            "wait_s": wait,
            "service_s": 60,
            "business": None,
            **more,
        }
        for i, wait in enumerate(waits)
    ]
    store_rows("ticket", pa.Table.from_pylist(made), source="test")


def ask(indicator, unit="HO", period="2026-03", **more):
    return measure(ACTOR, Question((indicator,), unit, Period.parse(period), **more))


def one(indicator, unit="HO", period="2026-03", **more):
    (answer,) = ask(indicator, unit, period, **more)
    return answer


def by(indicator, field, unit="HO", period="2026-03"):
    return {a.by: a.value for a in ask(indicator, unit, period, by=field)}


@pytest.mark.parametrize("p", ["p50", "p90", "p95"])
def test_the_quantile_of_one_value_is_that_value(bank, p):
    keep(bank["O1"], [77])
    found = one(f"floor.wait_{p}")
    assert (found.value, found.numerator, found.denominator, found.n) == (77.0, 1, 1, 1)


def test_the_quantile_of_ties_counts_all_of_them(bank):
    """Nine times 60 and once 900: P90 is the 9th of 10, 60; nine facts lie at or below it."""
    keep(bank["O1"], [60] * 9 + [900])
    found = one("floor.wait_p90")
    assert (found.value, found.numerator, found.denominator) == (60.0, 9, 10)
    assert one("floor.wait_p95").value == 900.0
    keep(bank["O2"], [60] * 10)
    assert one("floor.wait_p90").value == 60.0
    assert one("floor.wait_p90").numerator == 19


@pytest.mark.parametrize(("n", "p50"), [(1, 10), (2, 10), (3, 20), (4, 20), (5, 30)])
def test_the_median_of_an_even_number_is_the_lower_middle(bank, n, p50):
    keep(bank["O1"], [10 * (i + 1) for i in range(n)])
    assert one("floor.wait_p50").value == p50


def test_nothing_but_void_is_kept_and_says_nothing(bank):
    keep(bank["O1"], [60, 60], outcome="void")
    assert one("floor.tickets").value == 0
    rate = one("floor.answer_rate")
    assert (rate.value, rate.numerator, rate.denominator, rate.n, rate.low, rate.met) == (
        *(None, 0, 0, 0),
        *(None, None),
    )
    wait = one("floor.wait_p90")
    assert (wait.value, wait.n) == (None, 0)
    assert one("floor.wait_mean").value is None
    assert by("floor.wait_mean", "business") in ({}, {"": None})


def test_waits_of_nothing_at_all_count_as_waits(bank):
    keep(bank["O1"], [0, 0, 0, None])
    assert (one("floor.wait_mean").value, one("floor.wait_mean").n) == (0.0, 3)
    assert one("floor.wait_p90").value == 0.0


def test_a_fact_belongs_where_its_unit_stood_on_its_day(bank):
    move_unit(ACTOR, bank["O1"], parent=bank["S2"], from_date=dt.date(2026, 3, 10))
    keep(bank["O1"], [1] * 3, dt.datetime(2026, 3, 9, 4))
    keep(bank["O1"], [1] * 5, dt.datetime(2026, 3, 10, 4))
    assert (one("floor.tickets", "P1").value, one("floor.tickets", "P2").value) == (3, 5)
    assert one("floor.tickets", "O1").value == one("floor.tickets").value == 8
    assert {a.unit: a.value for a in ask("floor.tickets", below="tier1")} == {"P1": 3, "P2": 5}
    assert {a.unit: a.value for a in ask("floor.tickets", "P1", below="outlet")} == {"O1": 3, "O2": 0}
    assert {a.unit: a.value for a in ask("floor.tickets", "P2", below="outlet")} == {"O1": 5, "O3": 0}


def test_the_day_of_a_move_is_the_units_own_day(bank):
    """23:30 and 00:30 in Shanghai lie on two days, on the same one in UTC."""
    move_unit(ACTOR, bank["O1"], parent=bank["S2"], from_date=dt.date(2026, 3, 10))
    keep(bank["O1"], [1], dt.datetime(2026, 3, 9, 15, 30))
    keep(bank["O1"], [1], dt.datetime(2026, 3, 9, 16, 30))
    assert (one("floor.tickets", "S1").value, one("floor.tickets", "S2").value) == (1, 1)


def test_a_closed_unit_keeps_its_past_in_the_whole(bank):
    keep(bank["O3"], [10] * 4)
    close_unit(ACTOR, bank["O3"], last_day=dt.date(2026, 3, 2))
    assert one("floor.tickets", "O3").value == one("floor.tickets", "P2").value == 4
    keep(bank["O1"], [10], dt.datetime(2026, 4, 2, 4))
    assert {a.unit for a in ask("floor.tickets", period="2026-04", below="outlet")} == {"O1", "O2"}
    assert one("floor.tickets", period="2026").value == 5


def test_a_merged_unit_counts_with_the_other_from_its_day_on(bank):
    keep(bank["O3"], [10] * 2, dt.datetime(2026, 3, 5, 4))
    merge_unit(ACTOR, bank["S2"], into=bank["S1"], from_date=dt.date(2026, 3, 10))
    keep(bank["O3"], [10] * 3, dt.datetime(2026, 3, 12, 4))
    assert (one("floor.tickets", "S2").value, one("floor.tickets", "S1").value) == (2, 3)
    assert one("floor.tickets").value == 5


def test_facts_without_business_or_class_are_a_place_of_their_own(bank):
    keep(bank["O1"], [1, 1])
    keep(bank["O1"], [1], business="cash", **{"class": "vip"})
    assert by("floor.tickets", "business") == {"": 2, "cash": 1}
    assert by("floor.tickets", "class") == {"": 2, "vip": 1}
    assert one("floor.tickets", business="").value == 2
    page = rows(
        ACTOR, Question(("floor.tickets",), "HO", Period.parse("2026-03"), business=""), "numerator", 0, 9
    )
    assert page.total == 2


@pytest.mark.parametrize(
    ("day", "week", "other"),
    [
        ("2026-12-31", "2026-W53", "2027-W01"),
        ("2027-01-01", "2026-W53", "2027-W01"),
        ("2027-01-03", "2026-W53", "2027-W01"),
        ("2027-01-04", "2027-W01", "2026-W53"),
        ("2024-12-30", "2025-W01", "2024-W52"),
        ("2025-12-29", "2026-W01", "2025-W52"),
    ],
)
def test_a_day_at_the_turn_of_the_year_belongs_to_its_iso_week(bank, day, week, other):
    keep(bank["O1"], [1], dt.datetime.fromisoformat(day) + dt.timedelta(hours=4))
    assert one("floor.tickets", period=week).value == 1
    assert one("floor.tickets", period=other).value == 0
    assert one("floor.tickets", period=day[:4]).value == 1
    labels = by("floor.tickets", "week", period=f"{int(day[:4]) - 1}-01-01..{int(day[:4]) + 1}-12-31")
    assert {k: v for k, v in labels.items() if v} == {week: 1}


@pytest.mark.parametrize(
    ("utc", "hour", "day"),
    [
        ("2026-03-08 06:59:00", 1, "2026-03-08"),  # the last minute before clocks jump from 2 to 3
        ("2026-03-08 07:00:00", 3, "2026-03-08"),
        ("2026-03-09 03:59:00", 23, "2026-03-08"),  # the day has 23 hours
        ("2026-03-09 04:00:00", 0, "2026-03-09"),
        ("2026-11-01 05:30:00", 1, "2026-11-01"),  # half past one, for the first time
        ("2026-11-01 06:30:00", 1, "2026-11-01"),  # and for the second
        ("2026-11-02 04:59:00", 23, "2026-11-01"),  # the day has 25 hours
    ],
)
def test_imported_hours_and_days_are_those_of_the_units_clock(bank, tmp_path, utc, hour, day):
    Unit.objects.filter(pk=bank["O1"].pk).update(zone="America/New_York")
    bring(put(tmp_path / "a.csv", HEADER + line(taken=utc)), profile(zone="zone: UTC"))
    assert one("floor.tickets", "O1", period=day).value == 1
    assert one("floor.tickets", "O1", period=day, hour=hour).value == 1
    assert {int(k): v for k, v in by("floor.tickets", "hour", "O1", day).items() if v} == {hour: 1}


def test_both_hours_of_the_night_when_clocks_go_back_count_as_one(bank):
    Unit.objects.filter(pk=bank["O1"].pk).update(zone="America/New_York")
    for minute in (0, 30):
        keep(bank["O1"], [1], dt.datetime(2026, 11, 1, 5, minute))
        keep(bank["O1"], [1], dt.datetime(2026, 11, 1, 6, minute))
    assert {int(k): v for k, v in by("floor.tickets", "hour", "O1", "2026-11-01").items() if v} == {1: 4}


def test_a_bank_across_zones_adds_up_local_days(bank):
    Unit.objects.filter(pk=bank["O3"].pk).update(zone="Asia/Jerusalem")
    at = dt.datetime(2026, 3, 31, 18)  # 1 April, 2:00 in Shanghai; 31 March, 21:00 in Jerusalem
    keep(bank["O1"], [1], at)
    keep(bank["O3"], [1], at)
    assert (one("floor.tickets", period="2026-03").value, one("floor.tickets", period="2026-04").value) == (
        1,
        1,
    )


def test_the_parts_of_a_whole_add_up_by_every_field(bank, person_in):
    keep(bank["O1"], [10, 20, 30], person=person_in("teller", "O1").pk, business="cash")
    keep(bank["O2"], [40, 50], dt.datetime(2026, 3, 8, 5))
    keep(bank["O3"], [60], dt.datetime(2026, 3, 31, 9), **{"class": "vip"})
    whole = one("floor.tickets").value
    for field in ("business", "class", "hour", "weekday", "weekday_hour", "day", "week"):
        assert sum(by("floor.tickets", field).values()) == whole, field
    for kind in ("tier1", "tier2", "sub_branch", "outlet"):
        assert sum(a.value for a in ask("floor.tickets", below=kind)) == whole, kind


def test_a_mean_of_units_is_never_a_mean_of_means(bank):
    keep(bank["O1"], [100])
    keep(bank["O2"], [10] * 9)
    assert one("floor.wait_mean", "S1").value == pytest.approx(19.0)
    parts = {a.unit: a.value for a in ask("floor.wait_mean", "S1", below="outlet")}
    assert parts == {"O1": 100.0, "O2": 10.0}
