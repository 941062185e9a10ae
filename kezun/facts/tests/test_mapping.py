"""Values and zones as SQL, against Python's own reading of the same texts and clocks."""

import datetime as dt
from zoneinfo import ZoneInfo

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kezun.facts.mapping import values, zones
from kezun.facts.readers.text import boundary, records, sniff, unique

ZONES = ["Asia/Shanghai", "Asia/Jerusalem", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC"]
# A clock on the wall does not say which of two equal hours it shows: the first is meant (fold 0).
MOMENTS = st.datetimes(dt.datetime(1981, 1, 1), dt.datetime(2039, 1, 1)).map(
    lambda m: m.replace(microsecond=0, fold=0)
)


def ask(expression: str, value: object) -> object:
    return duckdb.execute(f"SELECT {expression} FROM (SELECT ? AS x)", [value]).fetchone()[0]


@pytest.mark.parametrize("zone", ZONES)
@settings(max_examples=40, deadline=None)
@given(moment=MOMENTS)
def test_utc_and_back_as_the_zone_database_says(zone, moment):
    there = moment.replace(tzinfo=ZoneInfo(zone))
    utc = there.astimezone(dt.UTC).replace(tzinfo=None)
    assert ask(zones.to_utc(zone, "x"), moment) == utc
    local = utc.replace(tzinfo=dt.UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    assert ask(zones.to_local(zone, "x"), utc) == local


@pytest.mark.parametrize("zone", ZONES[:-1])
def test_the_hours_around_every_change_follow_pep_495(zone):
    quarters = [dt.timedelta(minutes=minutes) for minutes in range(-90, 91, 15)]
    moments = [change.local + quarter for change in zones.changes(zone)[1] for quarter in quarters]
    rows = duckdb.execute(
        f"SELECT x, {zones.to_utc(zone, 'x')}, {zones.skipped(zone, 'x')}, {zones.doubled(zone, 'x')} "
        "FROM (SELECT unnest(?) AS x)",
        [moments],
    ).fetchall()
    for moment, utc, gap, twice in rows:
        there = moment.replace(tzinfo=ZoneInfo(zone))
        assert utc == there.astimezone(dt.UTC).replace(tzinfo=None)
        back = there.astimezone(dt.UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
        folds = there.utcoffset() != there.replace(fold=1).utcoffset()
        assert (gap, twice) == (back != moment, folds and back == moment)


def test_a_zone_without_changes_skips_and_doubles_nothing():
    assert zones.skipped("UTC", "x") is None
    assert zones.doubled("UTC", "x") is None


@given(number=st.integers(-(2**31), 2**31 - 1), zeros=st.integers(0, 3))
@settings(max_examples=60, deadline=None)
def test_whole_numbers_come_back(number, zeros):
    text = ("-" if number < 0 else "") + "0" * zeros + str(abs(number))
    assert ask(values.integer("x"), text) == number
    assert ask(values.seconds("x"), text) == number


@given(text=st.text(st.sampled_from("0123456789.-+eExX_ :abc"), min_size=1, max_size=8))
@settings(max_examples=200, deadline=None)
def test_only_plain_numbers_are_numbers(text):
    plain = text.lstrip("+-")
    digits, _dot, rest = plain.partition(".")
    whole = len(text) - len(plain) < 2 and digits.isdigit() and set(rest) <= {"0"}
    found = ask(values.integer("x"), text)
    assert (found is not None) == whole
    assert found is None or found == int(float(text))


@given(seconds=st.integers(0, 99 * 3600))
@settings(max_examples=60, deadline=None)
def test_clock_durations(seconds):
    text = f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    assert ask(values.seconds("x"), text) == seconds


@given(moment=MOMENTS)
@settings(max_examples=60, deadline=None)
def test_every_usual_style_reads_the_same_moment(moment):
    for form in (
        "%Y-%m-%d %H:%M:%S",
        "%Y/%m/%d %H:%M:%S",
        "%Y%m%d%H%M%S",
        "%d.%m.%Y %H:%M:%S",
        "%Y-%m-%dT%H:%M:%S",
    ):
        assert ask(values.local_moment("x"), moment.strftime(form)) == moment
    for form in ("%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%d.%m.%Y", "%Y年%m月%d日"):
        assert ask(values.date("x"), moment.strftime(form)) == moment.date()
    assert ask(values.date("x", "%y%m%d"), moment.strftime("%y%m%d")) == moment.date()


@given(moment=MOMENTS, minutes=st.integers(-14 * 4, 14 * 4).map(lambda n: n * 15))
@settings(max_examples=60, deadline=None)
def test_an_offset_is_never_lost(moment, minutes):
    there = moment.replace(tzinfo=dt.timezone(dt.timedelta(minutes=minutes)))
    for text in (there.isoformat(), there.isoformat(" "), there.strftime("%Y-%m-%d %H:%M:%S%z")):
        assert ask(values.has_offset("x"), text) is True
        assert ask(values.instant("x"), text) == there.astimezone(dt.UTC).replace(tzinfo=None)
    assert ask(values.has_offset("x"), moment.isoformat(" ")) is False


@pytest.mark.parametrize(
    ("text", "found"),
    [("1", True), ("YES", True), ("n", False), ("false", False), ("maybe", None), ("", None)],
)
def test_flags(text, found):
    assert ask(values.flag("x"), text) is found


@pytest.mark.parametrize(
    ("text", "form", "found"),
    [
        ("7:02:47", (), dt.time(7, 2, 47)),
        ("070247", "%H%M%S", dt.time(7, 2, 47)),
        ("07:02", "%H%M%S", dt.time(7, 2)),
        ("0.5", "excel", dt.time(12)),
        ("25:00:00", (), None),
    ],
)
def test_times_of_day(text, form, found):
    assert ask(values.time_of_day("x", form), text) == found


@given(
    rows=st.lists(
        st.lists(st.text(st.sampled_from('a,"\n '), max_size=5), min_size=2, max_size=2), min_size=1
    )
)
@settings(max_examples=100, deadline=None)
def test_records_join_quoted_line_breaks_and_keep_true_lines(rows):
    import csv
    import io

    out = io.StringIO()
    csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL).writerows(rows)
    text = out.getvalue()

    def fits(record):
        return len(next(csv.reader(io.StringIO(record, newline="")), [])) == 2

    found = list(records(text, 1, fits))
    lines = text.split("\n")
    for number, record in found:
        assert record.split("\n")[0] == lines[number - 1]
    assert "\n".join(record for _n, record in found) + "\n" == text


@pytest.mark.parametrize(
    ("block", "cut"),
    [(b"", 0), (b"abc", 0), (b"a\nb", 2), (b'a\n"b\nc', 2), (b'a\n"b\nc"\nd', 8), (b'"a\nb\n', 5)],
)
def test_blocks_end_outside_quotes(block, cut):
    assert boundary(block) == cut


def test_small_rules_of_headers():
    assert unique(["a", "b", "a", "a"]) == ("a", "b", "a (2)", "a (3)")
    assert sniff(["a;b;c", "1;2,5;3", "", "4;5;6"]) == ";"
