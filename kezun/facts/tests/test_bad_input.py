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
from kezun.facts.tests.importing import HEADER, bring, counts, facts, kept, line, profile, put, reasons

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


# --- the file as a whole ---------------------------------------------------------------------------------
def test_a_wrong_delimiter_is_named(tmp_path):
    message = refused(put(tmp_path / "f", (HEADER + line()).replace(",", ";")), comma())
    assert "«no»" in message
    assert ";" in message.rpartition("wait")[2]
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
    assert "wait" in message
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
