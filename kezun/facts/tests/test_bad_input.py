"""Bad input: each kind has a defined outcome and a message with line and column. Nothing half-done stays."""

import datetime as dt
import errno
import gzip
import zipfile

import duckdb
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.db import OperationalError

from kezun.facts import actions, importing, store, writing
from kezun.facts.importing import ImportFailed
from kezun.facts.models import Batch, Snapshot
from kezun.facts.readers import Unreadable
from kezun.facts.tests.importing import HEADER, bring, counts, facts, kept, line, profile, put

pytestmark = pytest.mark.django_db


@pytest.fixture
def _home(settings, tmp_path):
    settings.KEZUN_HOME = tmp_path / "home"


@pytest.fixture(autouse=True)
def _bank(_home, bank):
    """The bank is made after the home it belongs to."""


def refused(path, known=None) -> str:
    """The message with which a file is refused as a whole; the store and the ledger say so too."""
    with pytest.raises(Unreadable) as caught:
        bring(path, known)
    assert not Snapshot.objects.exists()
    assert not list(store.root().rglob("*.parquet*"))
    assert Batch.objects.get().state == "failed"
    assert Batch.objects.get().message == str(caught.value)
    return str(caught.value)


def reasons(done) -> list[tuple[int, str, str]]:
    return [(e.line, e.column, e.code) for e in done.errors]


# --- the file as a whole ---------------------------------------------------------------------------------
def test_a_wrong_delimiter_is_named(tmp_path):
    message = refused(put(tmp_path / "f", (HEADER + line()).replace(",", ";")), comma())
    assert "«no»" in message
    assert "«;»" in message
    assert "1" in message


def comma():
    return profile(format='format: {kind: csv, delimiter: ","}')


@pytest.mark.parametrize("delimiter", [";", "\t", "|", ","])
def test_a_delimiter_that_nobody_named_is_found(tmp_path, delimiter):
    path = put(tmp_path / "f", (HEADER + line("a") + line("b")).replace(",", delimiter))
    assert counts(bring(path)) == (2, 2, 0, 0, 0)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
def test_the_usual_encodings_are_recognised(tmp_path, encoding):
    path = put(tmp_path / "f", (HEADER + line("a", biz="个人开户")).encode(encoding))
    bring(path)
    assert facts("business") == [("个人开户",)]


def test_bytes_that_are_no_characters_reject_their_row_only(tmp_path):
    whole = (HEADER + line("a") + line("b", biz="@") + line("c", biz="开户")).encode()
    done = bring(put(tmp_path / "f", whole.replace(b"@", b"x\xff\xfe")))
    assert reasons(done) == [(3, "", "encoding")]
    assert facts("source_id, business") == [("a", "cash"), ("c", "开户")]


def test_a_profile_may_insist_on_an_encoding(tmp_path):
    path = put(tmp_path / "f", (HEADER + line("a", biz="开户") + line("b")).encode())
    done = bring(path, profile(format="format: {kind: csv, encoding: ascii}"))
    assert reasons(done) == [(2, "", "encoding")]
    assert "cp9999" in refused_encoding(path)


def refused_encoding(path) -> str:
    with pytest.raises(Unreadable) as caught:
        bring(path, profile(format="format: {kind: csv, encoding: cp9999}"))
    return str(caught.value)


def test_a_missing_header_is_refused(tmp_path):
    message = refused(put(tmp_path / "f", line("a") + line("b")))
    assert "«no»" in message
    assert "header" in message or "1" in message


def test_a_profile_may_name_the_columns_of_a_file_without_header(tmp_path):
    known = profile(
        format="format: {kind: csv, header: 0, columns: [no, outlet, teller, taken, state, biz, wait]}"
    )
    done = bring(put(tmp_path / "f", line("a") + line("b", wait="x")), known)
    assert counts(done) == (2, 1, 0, 0, 1)
    assert reasons(done) == [(2, "wait", "not_a_duration")]
    text = kept(done.rejects_file)
    assert counts(bring(put(tmp_path / "g", text.replace(",x,", ",5,")), known)) == (1, 1, 0, 0, 0)


def test_a_column_named_twice_is_refused(tmp_path):
    message = refused(put(tmp_path / "f", HEADER.replace("biz", "wait") + line()))
    assert "«wait»" in message
    assert "6, 7" in message


def test_a_header_that_stands_twice_is_rejected_where_it_repeats(tmp_path):
    done = bring(put(tmp_path / "f", HEADER + line("a") + HEADER + line("b")))
    assert counts(done) == (3, 2, 0, 0, 1)
    assert (3, "", "header_repeated") in reasons(done)


def test_lines_above_the_header_are_skipped_and_counted(tmp_path):
    path = put(tmp_path / "f", "Report of March\n\n" + HEADER + line("a") + line("b", state="?"))
    known = profile(format="format: {kind: csv, header: 3, delimiter: ','}")
    done = bring(path, known)
    assert reasons(done) == [(5, "state", "unmapped")]
    text = kept(done.rejects_file)
    assert counts(bring(put(tmp_path / "g", text.replace(",?,", ",A,")), known)) == (1, 1, 0, 0, 0)


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\x00\x01\x02\x03" * 50])
def test_an_empty_or_binary_file_is_refused(tmp_path, content):
    assert refused(put(tmp_path / "f", content))


def test_a_header_without_rows_is_done_with_a_warning(tmp_path):
    for number, content in enumerate((HEADER, HEADER.strip())):
        done = bring(put(tmp_path / f"f{number}", content))
        assert counts(done) == (0, 0, 0, 0, 0)
        assert done.warnings == {"no_rows": 1}
    assert not Snapshot.objects.exists()


def test_a_truncated_archive_brings_nothing(tmp_path):
    whole = gzip.compress((HEADER + "".join(line(str(n)) for n in range(3000))).encode())
    assert counts(bring(put(tmp_path / "whole.csv.gz", whole))) == (3000, 3000, 0, 0, 0)
    before = store.files("ticket")
    for cut in (len(whole) // 2, len(whole) - 4):
        with pytest.raises(Unreadable):
            bring(put(tmp_path / "cut.csv.gz", whole[:cut]))
    damaged = whole[:200] + b"\xff\xff\xff\xff" + whole[204:]
    with pytest.raises(Unreadable):
        bring(put(tmp_path / "damaged.gz", damaged))
    assert store.files("ticket") == before


def test_a_bomb_is_refused(tmp_path, settings):
    settings.KEZUN_UNPACKED_MAX_BYTES = 100_000
    assert "0 MB" in refused(put(tmp_path / "f.gz", gzip.compress(HEADER.encode() + b"x" * 1_000_000)))


def test_an_excel_bomb_is_refused(tmp_path, settings):
    settings.KEZUN_UNPACKED_MAX_BYTES = 100_000
    with zipfile.ZipFile(tmp_path / "f.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 1_000_000)
    assert refused(tmp_path / "f.xlsx")


def test_a_parquet_bomb_is_refused(tmp_path, settings):
    settings.KEZUN_UNPACKED_MAX_BYTES = 1000
    pq.write_table(pa.table({"no": [str(n) * 20 for n in range(1000)]}), tmp_path / "f.parquet")
    assert refused(tmp_path / "f.parquet")


def test_a_truncated_parquet_is_refused(tmp_path):
    pq.write_table(pa.table({"no": ["a"]}), tmp_path / "f.parquet")
    assert refused(put(tmp_path / "g.parquet", (tmp_path / "f.parquet").read_bytes()[:-20]))


def test_a_file_without_the_needed_columns_says_which(tmp_path):
    pq.write_table(pa.table({"no": ["a"], "outlet": ["O1"]}), tmp_path / "f.parquet")
    message = refused(tmp_path / "f.parquet")
    assert "«taken»" in message
    assert "«teller»" in message


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


# --- workbooks and other containers ----------------------------------------------------------------------
def workbook(path, rows, merge=()):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for cells in merge:
        book.active.merge_cells(cells)
    book.save(path)
    return path


NAMES = HEADER.strip().split(",")


def test_a_workbook_with_typed_cells(tmp_path):
    path = workbook(
        tmp_path / "f.xlsx",
        [
            NAMES,
            [101, "O1", None, dt.datetime(2026, 3, 2, 9), "S", "cash", 60.0],
            ["b", "O1", "", "?", "S", "", 1],
        ],
    )
    done = bring(path)
    assert reasons(done) == [(3, "taken", "not_a_time")]
    assert facts("source_id, occurred_at, wait_s") == [("101", dt.datetime(2026, 3, 2, 1), 60)]


def test_merged_cells_count_in_every_cell_and_are_told(tmp_path):
    row = ["S", "cash", 60]
    path = workbook(
        tmp_path / "f.xlsx",
        [
            NAMES,
            ["a", "O1", "", dt.datetime(2026, 3, 2, 9), *row],
            ["b", None, "", dt.datetime(2026, 3, 2, 9, 1), *row],
            ["c", "O2", "", dt.datetime(2026, 3, 2, 9, 2), *row],
        ],
        ["B2:B3"],
    )
    done = bring(path)
    assert done.warnings == {"merged_cells": 1}
    [[a], [b], [c]] = facts("unit")
    assert a == b != c


def test_a_rejected_row_of_a_workbook_can_be_mended_as_csv(tmp_path):
    known = profile(occurred_at='  occurred_at: {from: taken, format: "%d.%m.%Y"}')
    path = workbook(tmp_path / "f.xlsx", [NAMES, ["a", "O9", "", dt.datetime(2026, 3, 2, 9), "S", "", 6]])
    done = bring(path, known)
    text = kept(done.rejects_file).replace("O9", "O1")
    assert counts(bring(put(tmp_path / "g.csv", text), known)) == (1, 1, 0, 0, 0)


def test_a_sheet_that_is_not_there_or_empty_or_damaged(tmp_path):
    path = workbook(tmp_path / "f.xlsx", [NAMES])
    with pytest.raises(Unreadable, match="March"):
        bring(path, profile(format="format: {kind: excel, sheet: March}"))
    with pytest.raises(Unreadable):
        bring(workbook(tmp_path / "g.xlsx", []))
    with pytest.raises(Unreadable):
        bring(put(tmp_path / "h.xlsx", path.read_bytes()[:300]))


def test_parquet_arrow_and_ndjson_bring_the_same_facts(tmp_path):
    moment = dt.datetime(2026, 3, 2, 9)
    table = pa.table(
        {
            "no": pa.array(["a", "b"]).dictionary_encode(),
            "outlet": ["O1", "O1"],
            "teller": pa.array([None, None], pa.string()),
            "taken": pa.array([moment, moment], pa.timestamp("ms")),
            "state": ["S", "A"],
            "biz": ["cash", None],
            "wait": pa.array([60, None], pa.int64()),
        }
    )
    pq.write_table(table, tmp_path / "f.parquet")
    with pa.ipc.new_stream(tmp_path / "f.arrows", table.schema) as stream:
        stream.write_table(table)
    with pa.ipc.new_file(tmp_path / "f.arrow", table.schema) as file:
        file.write_table(table)
    json = (
        '{"no": "a", "outlet": "O1", "taken": "2026-03-02T09:00:00+08:00", "state": "S", '
        '"biz": "cash", "wait": 60}\n'
        "not json\n"
        '{"no": "b", "outlet": "O1", "taken": "2026-03-02 09:00:00", "state": "A"}\n'
    )
    assert counts(bring(tmp_path / "f.parquet")) == (2, 2, 0, 0, 0)
    assert counts(bring(tmp_path / "f.arrows")) == (2, 0, 2, 0, 0)
    assert counts(bring(tmp_path / "f.arrow")) == (2, 0, 2, 0, 0)
    done = bring(put(tmp_path / "f.ndjson", json))
    assert counts(done) == (3, 0, 2, 0, 1)
    assert reasons(done) == [(2, "", "not_json")]


# --- the machine -----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "error", [OSError(errno.ENOSPC, "No space left on device"), duckdb.IOException("No space left on device")]
)
def test_a_full_disk_leaves_nothing(tmp_path, monkeypatch, error):
    def fail(path):
        raise error

    monkeypatch.setattr(writing, "_sync", fail)
    with pytest.raises(ImportFailed):
        bring(put(tmp_path / "f", HEADER + line()))
    assert Batch.objects.get().state == "failed"
    assert not list(store.root().rglob("*.parquet*"))
    monkeypatch.undo()
    assert counts(bring(put(tmp_path / "f", HEADER + line()))) == (1, 1, 0, 0, 0)


def test_a_locked_database_leaves_nothing(tmp_path, monkeypatch):
    def locked(*args, **more):
        raise OperationalError("database is locked")

    monkeypatch.setattr(importing.store, "commit", locked)
    monkeypatch.setattr(actions, "fail_import", locked)
    with pytest.raises(ImportFailed, match="locked"):
        bring(put(tmp_path / "f", HEADER + line()))
    assert not list(store.root().rglob("*.parquet*"))
    assert Batch.objects.get().state == "running"


def test_too_little_memory_is_said(tmp_path, monkeypatch):
    def fail(*args, **more):
        raise duckdb.OutOfMemoryException("failed to allocate")

    monkeypatch.setattr(writing, "write", fail)
    with pytest.raises(ImportFailed, match="KEZUN_MEMORY"):
        bring(put(tmp_path / "f", HEADER + line()))
