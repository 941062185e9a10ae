"""Tables of days as text: what is read, every mistake by its line, and what a table would change."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kezun.org.rules.calendar import Day, Kind
from kezun.org.rules.calendarfile import MOST_ROWS, DayChange, Wrong, differences, read, spans, written


def test_a_table_is_read_with_names_windows_and_other_ways_to_write_a_day():
    days, wrong = read(
        "\ufeffDate, Kind ,name,name_en,windows\n2027-01-01,holiday,元旦,New Year,\n"
        "2027/1/3,WORKDAY,调休,,09:00-12:00\n\n2027.2.1,work,,,8:30-12:00 13:30–24:00\n"
    )
    assert not wrong
    assert days == [
        Day(dt.date(2027, 1, 1), Kind.HOLIDAY, "元旦", "New Year"),
        Day(dt.date(2027, 1, 3), Kind.MAKEUP, "调休", "", ((540, 720),)),
        Day(dt.date(2027, 2, 1), Kind.WORK, "", "", ((510, 720), (810, 1440))),
    ]


def test_every_mistake_is_told_with_its_line_and_the_rest_is_still_read():
    days, wrong = read(
        "date,kind,name,windows\n2027-02-30,holiday,,\n2027-01-01,feast,,\n2027-01-02,rest,,\n"
        "2027-01-02,holiday,,\n1950-01-01,rest,,\n2027-01-04,work,,25:00-26:00\n,,,\n"
        f"2027-01-05,rest,{'长' * 121},\nnonsense,nothing,,9-12\n"
    )
    assert [d.date.day for d in days] == [2]
    assert wrong == [
        Wrong(2, "date", "date", "2027-02-30"),
        Wrong(3, "kind", "kind", "feast"),
        Wrong(5, "date", "doubled", "4"),
        Wrong(6, "date", "year", "1950-01-01"),
        Wrong(7, "windows", "windows", "25:00-26:00"),
        Wrong(9, "name", "long"),
        Wrong(10, "date", "date", "nonsense"),
        Wrong(10, "kind", "kind", "nothing"),
        Wrong(10, "windows", "windows", "9-12"),
    ]


def test_a_table_without_its_columns_or_without_rows_is_no_table():
    assert read("") == ([], [Wrong(1, "date", "column"), Wrong(1, "kind", "column")])
    assert read("date,name\n2027-01-01,x\n") == ([], [Wrong(1, "kind", "column")])
    assert read("date,kind\n") == ([], [Wrong(1, "date", "empty")])


def test_a_table_of_endless_rows_is_given_up():
    rows = "\n".join("2027-01-01,rest" for _ in range(MOST_ROWS + 5))
    days, wrong = read(f"date,kind\n{rows}\n")
    assert days == []
    assert [(w.code, w.line) for w in wrong] == [("many", MOST_ROWS + 2)]


@pytest.mark.parametrize(
    "text",
    ["9", "12:00-09:00", "09:00-09:00", "09:60-10:00", "08:00-10:00 09:00-11:00", "08:00-24:01", "a-b"],
)
def test_windows_that_make_no_sense_are_refused(text):
    with pytest.raises(ValueError):
        spans(text)


@given(st.lists(st.integers(0, 1440), min_size=0, max_size=8, unique=True))
def test_windows_survive_being_written(minutes):
    edges = sorted(minutes)
    windows = tuple(zip(edges[::2], edges[1::2], strict=False))
    assert spans(written(windows)) == windows


def test_separators_other_than_blanks_are_understood():
    assert (
        spans("08:30-12:00，13:30-17:30") == spans("8:30 - 12:00; 13:30~17:30") == ((510, 720), (810, 1050))
    )
    assert spans(" ") == ()


def test_a_table_of_whole_years_brings_changes_and_takes_away():
    first, second, third = (Day(dt.date(2027, 1, n), Kind.HOLIDAY, "元旦") for n in (1, 2, 3))
    other = Day(dt.date(2027, 1, 2), Kind.REST, "元旦")
    found = differences([first, second], [third, first, other])
    assert found == [DayChange(second, other), DayChange(None, third)]
    assert differences([second, first], [first]) == [DayChange(second, None)]
    assert [change.date.day for change in found] == [2, 3]
    assert DayChange(None, None).date == dt.date.min
