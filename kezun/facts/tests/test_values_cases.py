"""Texts of files as values, each at the edge where a machine reads something else than a person."""

import datetime as dt
import gzip

import duckdb
import pytest
from django.utils import translation
from hypothesis import given, settings
from hypothesis import strategies as st

from kezun.facts.compile import KEYS, NO_KEY, Rows, Selection, selection_sql
from kezun.facts.duck import literal, name, paths
from kezun.facts.mapping import values, zones
from kezun.facts.readers.base import Unreadable
from kezun.facts.readers.raw import encoding_of, text_blocks, unpacked


@pytest.fixture(scope="module")
def ask():
    """`ask(sql of x, value)`: what the engine makes of it."""
    with duckdb.connect() as engine:
        yield lambda sql, value: engine.execute(f"SELECT {sql} FROM (SELECT ? AS x)", [value]).fetchone()[0]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("0", 0),
        ("-0", 0),
        ("+7", 7),
        ("007", 7),
        ("12.0", 12),
        ("12.", 12),
        ("2147483647", 2147483647),
        *(
            (text, None)
            for text in ("12.5", "1e3", "0x10", "1,000", "一", "", " ", "--1", "2147483648", "1_0", "NaN")
        ),
        ("9" * 19, None),
        (None, None),
    ],
)
def test_whole_numbers(ask, text, found):
    assert ask(values.integer("x"), text) == found


@pytest.mark.parametrize(
    ("text", "unit", "found"),
    [
        ("90", "s", 90),
        ("89.5", "s", 90),
        ("89.4", "s", 89),
        ("1:30:00", "s", 5400),
        ("00:01:30.9", "s", 90),
        ("100:00:00", "s", 360000),
        ("1500", "ms", 2),
        ("499", "ms", 0),
        ("1.5", "min", 90),
        ("0:02:00", "min", 120),
        ("1:60:00", "s", None),
        ("1:30", "s", None),
        ("ninety", "s", None),
        ("1e2", "s", None),
        ("", "s", None),
        ("9999999999", "s", None),
    ],
)
def test_durations(ask, text, unit, found):
    assert ask(values.seconds("x", unit), text) == found


MOMENT = dt.datetime(2026, 3, 1, 8, 30, 5)


@pytest.mark.parametrize(
    ("text", "form", "found"),
    [
        ("2026-03-01 08:30:05", "", MOMENT),
        ("2026-03-01T08:30:05", "", MOMENT),
        ("2026/03/01 08:30:05", "", MOMENT),
        ("2026/3/1 8:30:05", "", MOMENT),
        ("20260301083005", "", MOMENT),
        ("2026年03月01日 08:30:05", "", MOMENT),
        ("01.03.2026 08:30:05", "", MOMENT),
        ("2026-03-01", "", dt.datetime(2026, 3, 1)),
        ("03/01/2026 08:30:05", "%m/%d/%Y %H:%M:%S", MOMENT),
        ("01/03/2026 08:30:05", ("%d/%m/%Y %H:%M:%S",), MOMENT),
        ("2026-03-01 08:30:05", "%d/%m/%Y", MOMENT),
        ("46082.354224537", "excel", MOMENT),
        ("46082", "excel", dt.datetime(2026, 3, 1)),
        ("2026-03-01 08:30:05", "excel", MOMENT),
        ("now", "", None),
        ("2026-02-30", "", None),
        ("2026-03-01 24:30:00", "", None),
        ("46082", "", None),
        ("", "", None),
        ("soon", "%Y-%m-%d", None),
    ],
)
def test_moments(ask, text, form, found):
    assert ask(values.local_moment("x", form), text) == found
    assert ask(values.date("x", form), text) == (found and found.date())


@pytest.mark.parametrize(
    ("text", "has", "utc"),
    [
        ("2026-03-01T08:30:05Z", True, MOMENT),
        ("2026-03-01T08:30:05+08:00", True, dt.datetime(2026, 3, 1, 0, 30, 5)),
        ("2026-03-01 08:30:05+0800", True, dt.datetime(2026, 3, 1, 0, 30, 5)),
        ("2026-03-01 08:30:05-05:00", True, dt.datetime(2026, 3, 1, 13, 30, 5)),
        ("2026-03-01 08:30:05", False, None),
        ("2026-03-01", False, None),
        ("2026-03-01 08:30:05.123", False, None),
        ("2026-03-01T08:30+08:00", True, dt.datetime(2026, 3, 1, 0, 30)),
    ],
)
def test_offsets(ask, text, has, utc):
    assert ask(values.has_offset("x"), text) is has
    if has:
        assert ask(values.instant("x"), text) == utc


@pytest.mark.parametrize(
    ("text", "form", "found"),
    [
        ("08:30:00", (), 30600),
        ("30600", (), 30600),
        ("0830", "%H%M", 30600),
        ("25:00", (), None),
        ("x", (), None),
    ],
)
def test_times_of_day_as_seconds(ask, text, form, found):
    assert ask(values.clock_seconds("x", form), text) == found


@pytest.mark.parametrize(
    "text", ["1", "true", "TRUE", "Yes", "y", "0", "False", "NO", "n", "2", "on", "是", None]
)
def test_flags(ask, text):
    low = (text or "").lower()
    wanted = True if low in ("1", "true", "yes", "y") else False if low in ("0", "false", "no", "n") else None
    assert ask(values.flag("x"), text) is wanted


@pytest.mark.parametrize(
    ("zone", "local", "utc", "skipped", "doubled"),
    [
        ("Asia/Shanghai", "2026-03-01 08:00", "2026-03-01 00:00", False, False),
        ("Asia/Shanghai", "1988-07-01 08:00", "1988-06-30 23:00", False, False),
        ("Europe/Berlin", "2026-03-29 02:30", "2026-03-29 01:30", True, False),
        ("Europe/Berlin", "2026-10-25 02:30", "2026-10-25 00:30", False, True),
        ("Europe/Berlin", "2026-10-25 03:00", "2026-10-25 02:00", False, False),
        ("America/New_York", "2026-03-08 01:59", "2026-03-08 06:59", False, False),
        ("Asia/Kathmandu", "2026-03-01 05:45", "2026-03-01 00:00", False, False),
    ],
)
def test_local_times_around_changes_of_the_clock(ask, zone, local, utc, skipped, doubled):
    moment = dt.datetime.fromisoformat(local)
    assert ask(zones.to_utc(zone, "x"), moment) == dt.datetime.fromisoformat(utc)
    for condition, wanted in ((zones.skipped(zone, "x"), skipped), (zones.doubled(zone, "x"), doubled)):
        assert (condition is not None and ask(condition, moment)) is wanted


@given(st.text(max_size=20).filter(lambda t: "\0" not in t))
@settings(max_examples=60, deadline=None)
def test_no_text_breaks_out_of_its_quotes(ask, text):
    assert ask(literal(text), 0) == text
    named = name(f"a{text}")
    assert ask(f"(SELECT {named} FROM (SELECT 7 AS {named}))", 0) == 7


def test_files_as_an_argument(tmp_path, ask):
    listed = paths([tmp_path / "it's.parquet", tmp_path / "b.parquet"])
    assert ask(listed, 0) == [str(tmp_path / "it's.parquet"), str(tmp_path / "b.parquet")]


@pytest.mark.parametrize(
    ("equal", "counted", "kept"),
    [
        ((), "", {1, 2, 3}),
        ((("business", "cash"),), "", {1}),
        ((("business", None),), "", {3}),
        ((("business", "it's"),), "", {2}),
        ((("hour", 9),), "", {1, 3}),
        ((("hour", 9), ("business", None)), "", {3}),
        ((), "\"business\" <> 'cash'", {2}),
    ],
    ids=["all", "text", "nothing", "quote", "number", "both", "counted"],
)
def test_a_selection_holds_for_its_rows_and_days(equal, counted, kept):
    since, until = dt.date(2026, 3, 1), dt.date(2026, 3, 2)
    where = selection_sql(Selection("ticket", since, until, equal, counted))
    rows = (
        "(VALUES (1, 'cash', 9, DATE '2026-03-01'), (2, 'it''s', 10, DATE '2026-03-02'), "
        "(3, NULL, 9, DATE '2026-03-02'), (4, 'cash', 9, DATE '2026-03-03'), "
        "(5, 'cash', 9, DATE '2026-02-28'))"
    )
    found = duckdb.execute(
        f'SELECT n FROM {rows} AS t(n, "business", "hour", "day") WHERE {where}'
    ).fetchall()
    assert {n for (n,) in found} == kept


@pytest.mark.parametrize("by", [None, *KEYS])
def test_the_place_in_a_breakdown_is_never_nothing(by):
    rows = Rows(Selection("ticket", dt.date.min, dt.date.max), "facts", by, moved=False)
    columns = (
        'NULL::INT AS "person", NULL::VARCHAR AS "business", NULL::VARCHAR AS "class", '
        '9 AS "hour", 7 AS "weekday", DATE \'2026-03-01\' AS "day"'
    )
    found = duckdb.execute(f"SELECT {rows.key} FROM (SELECT {columns}) AS f").fetchone()[0]
    assert found is not None
    wanted = {"person": 0, "business": "", "class": "", "hour": 9, "weekday": 7, "weekday_hour": 709, None: 0}
    days = {"day": dt.date(2026, 3, 1), "week": dt.date(2026, 2, 23), "month": dt.date(2026, 3, 1)}
    assert found == {**wanted, **days}[by]
    assert (rows.grouped, rows.key == NO_KEY) == (("1", True) if by is None else ("1, 2", False))


@pytest.mark.parametrize(
    ("content", "wanted", "encoding", "replaced"),
    [
        ("号,值\n".encode(), "auto", "utf-8", False),
        ("号,值\n".encode("utf-8-sig"), "auto", "utf-8-sig", False),
        ("号,值\n".encode("gb18030"), "auto", "gb18030", False),
        ("号,值\n".encode("utf-16"), "auto", "utf-16", False),
        ("号,值\n".encode("gbk"), "GBK", "gb18030", False),
        ("号,值\n".encode("gbk"), "utf8", "utf-8", True),
        (b"a,b\n" * 9 + "值值值".encode() + b"\xff\n", "auto", "utf-8", True),
    ],
    ids=["utf-8", "mark", "gb18030", "utf-16", "gbk-named", "wrongly-named", "one-bad-byte"],
)
def test_encodings_are_found_out(tmp_path, content, wanted, encoding, replaced):
    path = tmp_path / "f"
    path.write_bytes(content)
    found = encoding_of(path, wanted)
    assert (found.name, found.replaced) == (encoding, replaced)
    text = b"".join(block for block, _done in text_blocks(path, found)).decode()
    assert not text.startswith("\ufeff")
    assert ("\ufffd" in text) is replaced
    packed = tmp_path / "f.gz"
    packed.write_bytes(gzip.compress(content))
    assert encoding_of(packed, wanted) == found
    assert b"".join(block for block, _done in text_blocks(packed, found)).decode() == text


@pytest.mark.parametrize(
    ("content", "wanted", "en"),
    [
        (b"", "auto", "The file is empty."),
        (b" \n\t\n", "auto", "The file is empty."),
        (b"a\0b", "auto", "This is neither text nor Excel, Parquet or Arrow"),
        (b"a,b", "klingon", "The profile's encoding «klingon» is unknown"),
        (gzip.compress(b"a" * 999)[:-9], "auto", "The archive is cut off"),
        (gzip.compress(b"a,b" * 99)[:10] + b"\xff" * 30, "auto", "The archive is damaged"),
    ],
    ids=["empty", "blank", "binary", "unknown", "cut-off", "damaged"],
)
def test_what_cannot_be_read_is_said_in_both_languages(tmp_path, content, wanted, en):
    path = tmp_path / "f"
    path.write_bytes(content)
    said = {}
    for language in ("en", "zh-hans"):
        with translation.override(language), pytest.raises(Unreadable) as refused:
            encoding_of(path, wanted)
        said[language] = str(refused.value)
    assert said["en"].startswith(en)
    assert any("一" <= c <= "鿿" for c in said["zh-hans"])


def test_an_archive_that_grows_too_large_is_stopped(tmp_path, settings):
    path = tmp_path / "f.gz"
    path.write_bytes(gzip.compress(b"0" * 3_000_000))
    settings.KEZUN_UNPACKED_MAX_BYTES = 2 * 1024**2
    with translation.override("en"), pytest.raises(Unreadable, match="more than 2 MB"):
        list(unpacked(path, 1 << 16))


@pytest.mark.parametrize(
    ("content", "lines"),
    [(b"a\rb\rc", [b"a", b"b", b"c"]), (b"a\r\nb", [b"a", b"b"]), (b"a\nb\rc", [b"a", b"b\rc"])],
    ids=["old-mac", "windows", "a-return-inside"],
)
def test_line_ends_of_every_kind(tmp_path, content, lines):
    path = tmp_path / "f"
    path.write_bytes(content)
    text = b"".join(block for block, _done in text_blocks(path, encoding_of(path, "auto")))
    assert [line.rstrip(b"\r") for line in text.split(b"\n")] == lines


@pytest.mark.parametrize("text", ["epoch", "infinity", "-infinity", "03/01/26", "0026-03-01"])
def test_words_and_short_years_that_the_engine_takes_lie_outside_the_years_that_are_kept(ask, text):
    found = ask(values.local_moment("x"), text)
    assert found is None or not dt.datetime(1980, 1, 1) <= found <= dt.datetime(2100, 1, 1)
