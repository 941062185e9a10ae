"""Bad rows: wrong width, quotes, dates, clock changes, durations. Each keeps its line, column and reason."""

import datetime as dt

import pytest

from kezun.facts.tests.importing import HEADER, bring, counts, facts, kept, line, profile, put, reasons

pytestmark = [pytest.mark.django_db, pytest.mark.once]


@pytest.fixture
def _home(settings, tmp_path):
    settings.KEZUN_HOME = tmp_path / "home"


@pytest.fixture(autouse=True)
def _bank(_home, bank):
    """The bank is made after the home it belongs to."""


# --- lines -----------------------------------------------------------------------------------------------
def test_rows_of_the_wrong_width_are_rejected_with_their_line_and_text(tmp_path):
    path = put(tmp_path / "f", HEADER + line("a") + "b,O1\n" + "\n" + line("c", biz="x,y") + line("d"))
    done = bring(path)
    assert counts(done) == (4, 2, 0, 0, 2)
    assert reasons(done) == [(3, "", "columns"), (5, "", "columns")]
    assert "2" in done.errors[0].message
    assert "7" in done.errors[0].message
    rows = kept(done.rejects_file).splitlines()
    assert rows[1].startswith("b,O1,,,,,,3,")
    assert rows[2].startswith('c,O1,-,2026-03-02 09:00:00,S,x,"y,60",5,')


def test_line_numbers_stay_true_through_quotes_and_blank_lines(tmp_path):
    rows = [line("a", biz='"two\nlines"'), "\n", line("b", biz='"say ""hi"""'), line("c", wait="x")]
    done = bring(put(tmp_path / "f", HEADER + "".join(rows)))
    assert reasons(done) == [(6, "wait", "not_a_duration")]
    assert facts("business") == [("two\nlines",), ('say "hi"',)]


def test_a_quotation_mark_that_never_closes_costs_one_line(tmp_path):
    rows = [line("a"), line("b", biz='"open'), *(line(f"c{n:03d}") for n in range(200))]
    done = bring(put(tmp_path / "f", HEADER + "".join(rows)))
    assert counts(done) == (202, 201, 0, 0, 1)
    assert reasons(done) == [(3, "", "open_quote")]


def test_a_delimiter_at_the_end_of_every_line_is_no_column(tmp_path):
    path = put(tmp_path / "f", HEADER + line("a").replace("\n", ",\n") + line("b").replace("\n", ",\r\n"))
    assert counts(bring(path)) == (2, 2, 0, 0, 0)


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_other_line_ends(tmp_path, end):
    path = put(tmp_path / "f", (HEADER + line("a") + line("b", wait="x")).replace("\n", end))
    assert reasons(bring(path)) == [(3, "wait", "not_a_duration")]


def test_blanks_around_values_do_not_matter(tmp_path):
    bring(put(tmp_path / "f", HEADER + line(" a ", outlet="\u3000O1\u00a0", wait=" 60\t")))
    assert facts() == [("a", 60)]


# --- values ----------------------------------------------------------------------------------------------
STYLES = [
    ("2026-03-01 08:05:00", ""),
    ("2026/3/1 8:05", ""),
    ("20260301080500", ""),
    ("01.03.2026 08:05:00", ""),
    ("2026年03月01日 08:05", ""),
    ("2026-03-01T08:05:00+08:00", ""),
    ("2026-03-01T00:05:00Z", ""),
    ("260301 080500", '"%y%m%d %H%M%S"'),
    ("03/01/2026 08:05 AM", '"%m/%d/%Y %I:%M %p"'),
    ("46082.3368055556", "excel"),
]


@pytest.mark.parametrize(("text", "form"), STYLES)
def test_dates_in_many_styles(tmp_path, text, form):
    taken = "occurred_at: {from: taken}" if not form else f"occurred_at: {{from: taken, format: {form}}}"
    bring(put(tmp_path / "f", HEADER + line("a", taken=text)), profile(occurred_at=f"  {taken}"))
    assert facts("occurred_at, day, hour") == [(dt.datetime(2026, 3, 1, 0, 5), dt.date(2026, 3, 1), 8)]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("2026-02-30 08:00:00", "not_a_time"),
        ("yesterday", "not_a_time"),
        ("epoch", "absurd_date"),
        ("infinity", "in_future"),
        ("2026-03-01 08:00:00 Europe/Berlin", "not_a_time"),
        ("03/04/26", "absurd_date"),
        ("1899-12-31 00:00:00", "absurd_date"),
        ("2199-01-01 00:00:00", "in_future"),
        ("", "missing"),
    ],
)
def test_moments_that_are_none(tmp_path, text, code):
    done = bring(put(tmp_path / "f", HEADER + line("a", taken=text) + line("b")))
    assert reasons(done) == [(2, "taken", code)]
    assert not text or code == "missing" or text in done.errors[0].message


def test_a_text_that_a_condition_cannot_read_is_told(tmp_path):
    """«soon» is no number, so the condition does not hold and that is told; an empty field is nothing odd."""
    known = profile(
        wait_s='  wait_s: {value: "9", when: n > 5}',
        reads="reads: {n: {from: wait, kind: integer}, biz: text}",
    )
    rows = [line("a", wait="7"), line("b", wait="soon"), line("c", wait=""), line("d", wait="3")]
    done = bring(put(tmp_path / "f", HEADER + "".join(rows)), known)
    assert counts(done) == (4, 4, 0, 0, 0)
    assert done.warnings == {"unreadable": 1}
    assert facts() == [("a", 9), ("b", None), ("c", None), ("d", None)]


def test_a_time_that_a_clock_change_skips_or_doubles_is_kept_and_told(tmp_path):
    known = profile(zone="zone: Europe/Berlin")
    rows = [
        line("a", taken="2026-03-29 02:30:00"),
        line("b", taken="2025-10-26 02:30:00"),
        line("c", taken="2026-03-29 03:30:00"),
    ]
    done = bring(put(tmp_path / "f", HEADER + "".join(rows)), known)
    assert counts(done) == (3, 3, 0, 0, 0)
    assert done.warnings == {"time_skipped": 1, "time_doubled": 1}
    assert facts("occurred_at") == [
        (dt.datetime(2026, 3, 29, 1, 30),),
        (dt.datetime(2025, 10, 26, 0, 30),),
        (dt.datetime(2026, 3, 29, 1, 30),),
    ]


def test_day_and_hour_are_the_units_own(tmp_path, bank):
    bank["O1"].zone = "Asia/Jerusalem"
    bank["O1"].save()
    rows = line("a", taken="2026-03-02 02:00:00") + line("b", outlet="O2", taken="2026-03-02 02:00:00")
    bring(put(tmp_path / "f", HEADER + rows))
    assert facts("day, hour, weekday") == [(dt.date(2026, 3, 1), 20, 7), (dt.date(2026, 3, 2), 2, 1)]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("-1", "negative"),
        ("43201", "out_of_range"),
        ("99999999999", "not_a_duration"),
        ("1e3", "not_a_duration"),
        ("0x10", "not_a_duration"),
        ("1:05", "not_a_duration"),
        ("n/a", "not_a_duration"),
    ],
)
def test_absurd_durations(tmp_path, text, code):
    done = bring(put(tmp_path / "f", HEADER + line("a", wait=text)))
    assert reasons(done) == [(2, "wait", code)]
    assert text in done.errors[0].message


@pytest.mark.parametrize(
    ("text", "unit", "seconds"),
    [
        *(("007", "s", 7), ("12.5", "s", 13), ("0:02:46", "s", 166)),
        *(("1500", "ms", 2), ("1.5", "min", 90), ("", "s", None)),
    ],
)
def test_durations(tmp_path, text, unit, seconds):
    known = profile(wait_s=f"  wait_s: {{from: wait, unit: {unit}}}")
    bring(put(tmp_path / "f", HEADER + line("a", wait=text)), known)
    assert facts("wait_s") == [(seconds,)]


def test_a_duration_between_two_columns(tmp_path):
    known = profile(wait_s="  wait_s: {start: biz, end: wait}")
    rows = [
        line("a", biz="09:00:00", wait="09:01:30"),
        line("b", biz="23:59:50", wait="0:00:10"),
        line("c", biz="2026-03-02 09:00:00", wait="2026-03-02 10:00:00"),
        line("d", biz="2026-03-02 09:00:00", wait="2026-03-02 08:59:00"),
        line("e", biz="", wait="09:00:00"),
    ]
    done = bring(put(tmp_path / "f", HEADER + "".join(rows)), known)
    assert reasons(done) == [(5, "biz, wait", "negative")]
    assert facts() == [("a", 90), ("b", 20), ("c", 3600), ("e", None)]


def test_every_problem_of_a_row_is_named_at_once(tmp_path):
    done = bring(put(tmp_path / "f", HEADER + line("", outlet="", taken="x", state="Q", wait="y")))
    assert counts(done) == (1, 0, 0, 0, 1)
    assert sorted(e.code for e in done.errors) == [
        "missing",
        "missing_key",
        "not_a_duration",
        "not_a_time",
        "unmapped",
    ]


def test_too_long_a_key_or_text_is_rejected(tmp_path):
    done = bring(put(tmp_path / "f", HEADER + line("k" * 201) + line("b", biz="x" * 1001)))
    assert reasons(done) == [(2, "no", "key_too_long"), (3, "biz", "too_long")]
