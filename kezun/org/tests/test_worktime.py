"""Business time against the published figures, against plain loops, and against what short cuts get wrong."""

from __future__ import annotations

import datetime as dt
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kezun.org.rules import calendarfile
from kezun.org.rules.calendar import Day, Kind, Unreckonable
from kezun.org.rules.worktime import Basis, Worktime

TABLE = Path(__file__).parent.parent / "catalog" / "calendars" / "cn.csv"
SHANGHAI = ZoneInfo("Asia/Shanghai")
OFFICE = ((510, 720), (810, 1050))
ONE = dt.timedelta(days=1)


@lru_cache
def days() -> tuple[Day, ...]:
    found, wrong = calendarfile.read(TABLE.read_text(encoding="utf-8"))
    assert not wrong
    return tuple(found)


@lru_cache
def cn() -> Worktime:
    return Worktime(days(), zone=SHANGHAI, windows=OFFICE, official=range(2004, 2027))


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)


def of_year(year: int) -> list[dt.date]:
    first = dt.date(year, 1, 1)
    return [first + n * ONE for n in range((dt.date(year + 1, 1, 1) - first).days)]


# --- the published figures ---


@pytest.mark.parametrize(("year", "workdays", "makeups"), [(2024, 251, 8), (2025, 248, 5), (2026, 248, 6)])
def test_the_published_number_of_workdays(year, workdays, makeups):
    assert sum(cn().is_workday(d) for d in of_year(year)) == workdays
    assert cn().workdays(dt.date(year - 1, 12, 31), dt.date(year, 12, 31)) == workdays
    assert sum(cn().day(d).kind is Kind.MAKEUP for d in of_year(year)) == makeups


def test_fifteen_days_into_the_national_holiday():
    """Received on 2026-09-21: the law says 10-06, the last working moment before is on 09-30 at 17:30."""
    natural = cn().due(Basis.NATURAL, 15, at("2026-09-21T10:00"))
    assert natural.due_at == at("2026-10-06T23:59:59")
    assert natural.act_by == at("2026-09-30T17:30")
    assert (natural.provisional, natural.skipped) == (False, ())
    workdays = cn().due(Basis.WORKDAY, 15, at("2026-09-21T10:00"))
    assert workdays.due_at == workdays.act_by == at("2026-10-19T17:30")
    free = [d.date.isoformat() for d in workdays.skipped]
    assert free[:4] == ["2026-09-25", "2026-09-26", "2026-09-27", "2026-10-01"]
    assert workdays.skipped[0].name_en == "Mid-autumn Festival"
    assert "2026-10-10" not in free, "a Saturday that is worked counts"
    assert free[-1] == "2026-10-18"


def test_the_day_of_receipt_never_counts_even_when_it_is_free():
    for text in ("2026-09-30T00:00", "2026-09-30T23:59:59", "2026-10-01T09:00", "2026-10-07T23:00"):
        assert cn().due(Basis.WORKDAY, 1, at(text)).due_at == at("2026-10-08T17:30"), text
    assert cn().due(Basis.NATURAL, 1, at("2026-09-30T23:59")).due_at == at("2026-10-01T23:59:59")


def test_roll_moves_on_to_the_next_day_that_is_worked_and_tells_the_days_between():
    rolled = cn().due(Basis.NATURAL, 15, at("2026-09-21T10:00"), roll="next")
    assert rolled.due_at == at("2026-10-08T23:59:59")
    assert rolled.act_by == at("2026-10-08T17:30")
    assert [d.date.day for d in rolled.skipped] == [6, 7]
    same = cn().due(Basis.NATURAL, 2, at("2026-09-21T10:00"), roll="next")
    assert (same.due_at, same.skipped) == (at("2026-09-23T23:59:59"), ())


# --- how wrong the short cuts are: ten worked days from every workday ---


LAW = {  # the days that the law itself makes free: all that is known before a year's table comes out
    2024: "01-01 02-10 02-11 02-12 04-04 05-01 06-10 09-17 10-01 10-02 10-03",
    2025: "01-01 01-28 01-29 01-30 01-31 04-04 05-01 05-02 05-31 10-01 10-02 10-03 10-06",
    2026: "01-01 02-16 02-17 02-18 02-19 04-05 05-01 05-02 06-19 09-25 10-01 10-02 10-03",
}


def plain_loop(worked, day: dt.date, units: int) -> dt.date:
    while units:
        day += ONE
        units -= worked(day)
    return day


@lru_cache
def statutory() -> frozenset[dt.date]:
    """The law's days; one that falls on a weekend is made up for on the next weekday."""
    law: set[dt.date] = set()
    for year, text in LAW.items():
        own = sorted(dt.date.fromisoformat(f"{year}-{day}") for day in text.split())
        law |= set(own)
        for day in own:
            if day.weekday() > 4:
                while day in law or day.weekday() > 4:
                    day += ONE
                law.add(day)
    return frozenset(law)


SHORT_CUTS = {
    "Monday to Friday": lambda d: d.weekday() < 5,
    "statutory days without swaps": lambda d: d.weekday() < 5 and d not in statutory(),
    "no weekend is ever worked": lambda d: cn().day(d).kind is Kind.WORK,
}


@pytest.mark.parametrize(
    ("name", "published"),
    [
        ("Monday to Friday", {2024: (34, 6), 2025: (28, 7), 2026: (29, 8)}),
        ("statutory days without swaps", {2024: (19, 6), 2025: (13, 7), 2026: (17, 6)}),
        ("no weekend is ever worked", {2024: (30, 10), 2025: (18, 9), 2026: (20, 10)}),
    ],
)
def test_short_cuts_are_as_wrong_as_was_found(name, published):
    """Ten worked days from every workday to the end of November: share of wrong dates, largest error."""
    for year, (share, worst) in published.items():
        starts = [d for d in of_year(year) if cn().is_workday(d) and d.month < 12]
        off = [abs((plain_loop(SHORT_CUTS[name], d, 10) - cn().add_workdays(d, 10)).days) for d in starts]
        assert 100 * sum(map(bool, off)) / len(off) == pytest.approx(share, abs=0.55), year
        assert max(off) == worst, year


def test_worked_days_instead_of_days_break_the_law_in_every_case():
    """Fifteen worked days end 3 to 13 days after the fifteen days of the law, six in the middle."""
    starts = [d for year in (2024, 2025, 2026) for d in of_year(year) if cn().is_workday(d) and d.month < 12]
    late = [(cn().add_workdays(d, 15) - (d + 15 * ONE)).days for d in starts]
    assert (min(late), sorted(late)[len(late) // 2], max(late)) == (3, 6, 13)


def test_a_third_of_all_deadlines_in_days_end_on_a_free_day():
    """And up to nine days after the last worked one, which is why `act_by` stands beside `due_at`."""
    waits = []
    for day in (d for year in (2024, 2025, 2026) for d in of_year(year)):
        due = cn().due(Basis.NATURAL, 15, dt.datetime.combine(day, dt.time(9), SHANGHAI))
        waits.append((due.due_at.date() - due.act_by.date()).days)
    assert sum(map(bool, waits)) / len(waits) == pytest.approx(0.32, abs=0.005)
    assert max(waits) == 9


# --- a year whose table is not published ---


def test_what_touches_an_unpublished_year_is_provisional_and_goes_by_the_week():
    due = cn().due(Basis.WORKDAY, 30, at("2026-11-21T09:00"))
    assert due.provisional
    assert due.due_at.date() == dt.date(2027, 1, 1), "no holiday is guessed: it is a Friday like others"
    assert not cn().due(Basis.WORKDAY, 10, at("2026-11-21T09:00")).provisional
    assert cn().due(Basis.NATURAL, 15, at("2026-12-20T09:00")).provisional
    assert cn().due(Basis.HOUR24, 48, at("2026-12-30T09:00")).provisional
    assert cn().due(Basis.WORKDAY, 5, at("2003-12-01T09:00")).provisional


def test_a_calendar_that_waits_for_no_table_is_never_provisional():
    always = Worktime((), zone=SHANGHAI, windows=((0, 1440),), weekend=((0, 1440),), official=None)
    due = always.due(Basis.WORKDAY, 3, at("2029-12-30T09:00"))
    assert not due.provisional
    assert due.due_at == due.act_by == at("2030-01-02T23:59:59")
    assert always.due(Basis.WORKMINUTE, 90, at("2026-10-03T23:00")).due_at == at("2026-10-04T00:30")


# --- minutes and hours ---


def test_minutes_run_in_windows_alone():
    def due(minutes: int, start: str) -> dt.datetime:
        return cn().due(Basis.WORKMINUTE, minutes, at(start)).due_at

    assert due(30, "2026-09-21T08:30") == at("2026-09-21T09:00")
    assert due(30, "2026-09-21T11:45") == at("2026-09-21T13:45"), "lunch does not count"
    assert due(15, "2026-09-21T11:45") == at("2026-09-21T12:00"), "not half past one"
    assert due(1, "2026-09-30T17:30") == at("2026-10-08T08:31")
    assert due(450, "2026-10-01T12:00") == at("2026-10-08T17:30"), "a whole day has 450 minutes"
    skipped = cn().due(Basis.WORKMINUTE, 1, at("2026-10-03T12:00")).skipped
    assert [d.date.day for d in skipped] == [3, 4, 5, 6, 7]


def test_hours_run_on_the_clock_and_act_by_is_the_last_working_moment_before():
    due = cn().due(Basis.HOUR24, 24, at("2026-09-30T16:00"))
    assert (due.due_at, due.act_by) == (at("2026-10-01T16:00"), at("2026-09-30T17:30"))
    assert cn().due(Basis.HOUR24, 0.5, at("2026-09-30T10:00")).due_at == at("2026-09-30T10:30")


def test_where_no_working_time_is_left_one_must_act_by_the_end():
    due = cn().due(Basis.NATURAL, 3, at("2026-10-01T09:00"))
    assert due.due_at == due.act_by == at("2026-10-04T23:59:59")
    after_hours = cn().due(Basis.HOUR24, 2, at("2026-09-30T17:30"))
    assert after_hours.act_by == after_hours.due_at == at("2026-09-30T19:30")


def test_windows_of_a_day_of_its_own_and_of_weekends():
    short = Day(dt.date(2026, 9, 22), Kind.WORK, "early close", windows=((540, 600),))
    shut = Day(dt.date(2026, 9, 26), Kind.REST, "power cut")
    made = Day(dt.date(2026, 9, 27), Kind.MAKEUP)
    outlet = Worktime(
        (short, shut, made), zone=SHANGHAI, windows=OFFICE, weekend=((540, 900),), official=[2026]
    )
    assert outlet.windows_of(dt.date(2026, 9, 22)) == ((540, 600),)
    assert outlet.windows_of(dt.date(2026, 9, 19)) == ((540, 900),), "a Saturday like others"
    assert outlet.windows_of(dt.date(2026, 9, 26)) == ()
    assert outlet.windows_of(dt.date(2026, 9, 27)) == OFFICE, "worked like a weekday"
    assert outlet.working(at("2026-09-22T00:00"), at("2026-09-23T00:00")) == dt.timedelta(hours=1)
    assert outlet.close_of(dt.date(2026, 9, 19)) == at("2026-09-19T15:00")
    assert outlet.close_of(dt.date(2026, 9, 26)) == at("2026-09-26T23:59:59"), "without windows, 24:00"


def test_the_day_on_which_the_clocks_change_has_its_true_length():
    berlin = ZoneInfo("Europe/Berlin")
    round_the_clock = Worktime((), zone=berlin, windows=((0, 1440),), weekend=((0, 1440),), official=None)
    for day, hours in (("2026-03-29", 23), ("2026-10-25", 25), ("2026-06-01", 24)):
        start = dt.datetime.fromisoformat(day).replace(tzinfo=berlin)
        assert round_the_clock.working(start, start + ONE) == dt.timedelta(hours=hours), day
    gap = Worktime((), zone=berlin, windows=OFFICE, weekend=((150, 180),), official=None)
    spring = dt.datetime(2026, 3, 29, tzinfo=berlin)
    assert gap.working(spring, spring + ONE) == dt.timedelta(0), "a window inside the missing hour is empty"
    evening = dt.datetime(2026, 10, 24, 20, tzinfo=berlin)
    assert gap.due(Basis.HOUR24, 24, evening).due_at.hour == 19, "24 hours on the clock, not one day"
    assert gap.elapsed(Basis.HOUR24, evening, evening + ONE) == 25, "24 on the wall are 25"
    assert gap.due(Basis.NATURAL, 1, evening).due_at == dt.datetime(2026, 10, 25, 23, 59, 59, tzinfo=berlin)


def test_moments_of_other_zones_are_taken_to_the_calendars_own():
    late_evening = dt.datetime(2026, 9, 21, 20, tzinfo=dt.UTC)
    assert cn().date_of(late_evening) == dt.date(2026, 9, 22)
    assert cn().due(Basis.NATURAL, 15, late_evening).due_at == at("2026-10-07T23:59:59")


# --- on the way, and after ---


def test_steps_on_the_way_are_counted_in_working_time():
    start, act_by = at("2026-09-30T08:30"), at("2026-10-08T17:30")
    assert cn().along(start, act_by, 0.5) == at("2026-09-30T17:30")
    assert cn().along(start, act_by, 0.75) == at("2026-10-08T13:45")
    assert cn().along(start, act_by, 1) == act_by
    assert cn().along(start, start, 0.5) == start
    assert cn().share(start, act_by, at("2026-10-03T12:00")) == 0.5
    assert cn().share(start, act_by, at("2026-10-09T17:30")) == 1.5
    assert cn().workdays_after(act_by, 3) == at("2026-10-12T17:30")


def test_where_no_working_time_lies_between_the_clock_itself_is_divided():
    start, end = at("2026-10-01T00:00"), at("2026-10-03T00:00")
    assert cn().along(start, end, 0.5) == at("2026-10-02T00:00")
    assert cn().share(start, end, at("2026-10-02T00:00")) == 0.5
    assert (cn().share(end, end, start), cn().share(end, end, end)) == (0.0, 1.0)


def test_elapsed_in_each_basis_and_below_zero():
    start, end = at("2026-09-30T08:30"), at("2026-10-08T12:00")
    assert cn().elapsed(Basis.NATURAL, start, end) == 8
    assert cn().elapsed(Basis.WORKDAY, start, end) == 1
    assert cn().elapsed(Basis.WORKMINUTE, start, end) == 450 + 210
    assert cn().elapsed(Basis.HOUR24, start, end) == 195.5
    assert [cn().elapsed(basis, end, start) for basis in Basis] == [-8, -1, -660, -195.5]


# --- what cannot be worked out ---


@pytest.mark.parametrize(
    ("basis", "units", "start", "code"),
    [
        (Basis.NATURAL, 0, "2026-01-01T00:00", "units"),
        (Basis.WORKDAY, -3, "2026-01-01T00:00", "units"),
        (Basis.HOUR24, float("nan"), "2026-01-01T00:00", "units"),
        (Basis.HOUR24, float("inf"), "2026-01-01T00:00", "units"),
        (Basis.WORKDAY, 1.5, "2026-01-01T00:00", "whole"),
        (Basis.NATURAL, 10**6, "2026-01-01T00:00", "beyond"),
        (Basis.NATURAL, 10**12, "2026-01-01T00:00", "beyond"),
        (Basis.WORKDAY, 10**6, "2026-01-01T00:00", "beyond"),
        (Basis.WORKMINUTE, 10**9, "2026-01-01T00:00", "beyond"),
        (Basis.HOUR24, 10**6, "2026-01-01T00:00", "beyond"),
        (Basis.HOUR24, 10**15, "2026-01-01T00:00", "beyond"),
        (Basis.NATURAL, 3, "1999-12-31T00:00", "beyond"),
    ],
)
def test_what_cannot_be_worked_out_says_why(basis, units, start, code):
    with pytest.raises(Unreckonable) as found:
        cn().due(basis, units, at(start))
    assert found.value.code == code


def test_a_moment_without_a_zone_is_refused():
    for ask in (
        lambda: cn().due(Basis.NATURAL, 1, dt.datetime(2026, 1, 1)),
        lambda: cn().working(dt.datetime(2026, 1, 1), at("2026-01-02")),
    ):
        with pytest.raises(Unreckonable, match="naive"):
            ask()


def test_days_before_calendars_begin_are_left_out():
    old = Worktime((Day(dt.date(1990, 1, 1), Kind.REST),), zone=SHANGHAI, windows=OFFICE, official=[1990])
    assert old.first == dt.date(2000, 1, 1)
    with pytest.raises(Unreckonable, match="beyond"):
        old.is_workday(dt.date(1990, 1, 1))


def test_a_calendar_that_is_never_open_has_no_working_time_to_add():
    shut = Worktime((), zone=SHANGHAI, windows=(), official=None)
    with pytest.raises(Unreckonable, match="beyond"):
        shut.due(Basis.WORKMINUTE, 1, at("2026-01-01"))
    assert shut.add_working(at("2026-01-01"), dt.timedelta(0)) == at("2026-01-01")
    assert shut.due(Basis.WORKDAY, 1, at("2026-01-01")).due_at == at("2026-01-02T23:59:59")


# --- against plain loops, for any day ---

MOMENTS = st.datetimes(dt.datetime(2004, 1, 1), dt.datetime(2028, 12, 31)).map(
    lambda moment: moment.replace(tzinfo=SHANGHAI)
)
DATES = st.dates(dt.date(2004, 1, 1), dt.date(2028, 12, 31))


@given(DATES, st.integers(1, 60))
def test_counting_worked_days_is_what_a_loop_finds(day, units):
    found = cn().add_workdays(day, units)
    assert found == plain_loop(cn().is_workday, day, units)
    assert cn().workdays(day, found) == units
    assert cn().add_workdays(day, 0) == day
    first_back = cn().add_workdays(found + ONE, -units)
    assert cn().is_workday(first_back)
    assert cn().workdays(first_back - ONE, found) == units
    assert cn().next_workday(day) == (day if cn().is_workday(day) else plain_loop(cn().is_workday, day, 1))


@given(DATES, st.integers(1, 40))
def test_every_day_of_a_period_is_counted_or_skipped_with_its_reason(day, units):
    due = cn().due(Basis.WORKDAY, units, dt.datetime.combine(day, dt.time(12), SHANGHAI))
    assert len(due.skipped) + units == (due.due_at.date() - day).days
    assert not any(d.worked for d in due.skipped)
    assert all(d.name or d.date.weekday() > 4 for d in due.skipped), "a free weekday has a name"
    assert due.provisional == (not 2004 <= due.due_at.year <= 2026)


@given(MOMENTS, st.integers(1, 5000))
@settings(max_examples=200)
def test_adding_minutes_and_measuring_them_agree(start, minutes):
    end = cn().due(Basis.WORKMINUTE, minutes, start).due_at
    assert cn().working(start, end) == dt.timedelta(minutes=minutes)
    assert cn().working(start, end - dt.timedelta(seconds=1)) < dt.timedelta(minutes=minutes)
    assert cn().working(end, start) == -dt.timedelta(minutes=minutes)


@given(MOMENTS, st.sampled_from(list(Basis)), st.integers(1, 90))
@settings(max_examples=200)
def test_one_acts_no_later_than_due_and_no_sooner_than_receipt(start, basis, units):
    due = cn().due(basis, units, start)
    assert start <= due.act_by <= due.due_at
    assert cn().working(due.act_by, due.due_at) == dt.timedelta(0)
    later = cn().due(basis, units + 1, start)
    assert due.due_at < later.due_at
    assert due.act_by <= later.act_by
