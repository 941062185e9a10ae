"""Files: what is taken lies under its hash, what is refused lies in quarantine, and nothing crashes."""

import io
import json
import os
import struct
import threading
import zipfile

import pytest
from django.core.exceptions import ValidationError
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kezun.kernel import file as store
from kezun.kernel.actor import SystemActor
from kezun.kernel.file import keep, open_file, open_regular, path_of
from kezun.kernel.kinds import CHUNK, SUFFIXES, Limits, Refused, examine, kind_of
from kezun.kernel.models import StoredFile, TrailEntry
from kezun.kernel.tests.samples import BAD, GOOD

ALL = frozenset(SUFFIXES.values())
LIMITS = Limits(unpacked=1_000_000, pixels=10_000)
WHO = SystemActor("test")


def look(content, kind=None):
    file = io.BytesIO(content)
    found = kind or kind_of(file)
    return found, examine(file, found, LIMITS)


@pytest.mark.parametrize("suffix", GOOD)
def test_kinds_are_told_by_content(suffix):
    kind, content = GOOD[suffix]
    assert kind_of(io.BytesIO(content)) == kind == SUFFIXES[suffix]
    assert look(content)[1] > 0


@pytest.mark.parametrize("name", BAD)
def test_bad_files_are_refused_with_words(name):
    with pytest.raises(Refused, match=r"\w+"):
        look(BAD[name])


@pytest.mark.parametrize(
    "content",
    [
        b"<!DOCTYPE html><script>alert(1)</script>",
        b"\xef\xbb\xbf  <svg onload=alert(1)>",
        b"<?xml version='1.0'?>",
        b"#!/bin/sh\nrm -rf /",
        b"MZ\x90" + b"a" * 100,
        b"\x7fELF" + b"a" * 60,
        b"\x01\x02 control",
        b"\x81" * 9,
        b"\xff\xfe",
        bytes(range(256)),
    ],
)
def test_what_runs_somewhere_is_no_text(content):
    assert kind_of(io.BytesIO(content)) == "unknown"


def pdf(inside=b"", before=0):
    return b"%PDF-1.7\n" + b" " * before + b"1 0 obj <<" + inside + b">> endobj\ntrailer\n%%EOF\n"


def book(*names):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in ("[Content_Types].xml", "xl/workbook.xml", *names):
            archive.writestr(name, "<x/>")
    return out.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        *(
            pdf(b"/S /JavaScript /JS (app.alert)"),
            pdf(b"/A << /S /Launch /F (cmd) >>"),
            pdf(b"/EmbeddedFiles [1]"),
        ),
        *(
            pdf(b"/RichMedia <<>>", before=CHUNK - 20),
            book("xl/vbaProject.bin"),
            book("xl/embeddings/run.EXE"),
        ),
        b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-" + b"ANTIVIRUS-TEST-FILE!$H+H*",
    ],
)
def test_what_looks_infected_is_refused(content):
    with pytest.raises(Refused, match=r"可疑|infected"):
        look(content)


@pytest.mark.parametrize(
    "content",
    [pdf(), pdf(b"/Launched (x) /Names [/JavaScriptless]"), book("xl/printerSettings/printerSettings1.bin")],
)
def test_what_only_sounds_like_it_is_taken(content):
    assert look(content)[1] > 0


def test_a_character_cut_by_the_first_block_is_no_fault():
    for coding in ("utf-8", "gb18030"):
        for shift in range(4):
            content = b"a" * shift + ("客尊" * 40_000).encode(coding)
            assert kind_of(io.BytesIO(content)) == "text"


@given(st.binary(max_size=3000), st.sampled_from(sorted(ALL)))
@settings(max_examples=300, deadline=None)
def test_no_bytes_crash_any_check(content, kind):
    for head in (
        b"",
        b"PK\x03\x04",
        b"\x1f\x8b\x08",
        b"PAR1",
        b"\x89PNG\r\n\x1a\n",
        b"\xff\xd8\xff",
        b"GIF89a",
    ):
        try:
            look(head + content, kind)
        except Refused:
            pass
        assert kind_of(io.BytesIO(head + content)) in ALL | {"unknown"}


@given(st.sampled_from(sorted(GOOD)), st.data())
@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_damage_crashes_any_check(suffix, data):
    """Cut, flipped and doubled: refused or read, never another error."""
    raw = bytearray(GOOD[suffix][1])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(raw) - 1)) if raw else 0
        how = data.draw(st.sampled_from(["flip", "cut", "double"]))
        if how == "flip" and raw:
            raw[at] ^= data.draw(st.integers(1, 255))
        elif how == "cut":
            del raw[at:]
        else:
            raw += raw[at:]
    try:
        look(bytes(raw))
    except Refused:
        pass


@pytest.mark.parametrize("error", [struct.error, EOFError, OSError, ValueError, MemoryError, KeyError])
def test_whatever_a_parser_raises_is_a_refusal(monkeypatch, error):
    def broken(*_):
        raise error("broken")

    monkeypatch.setitem(store.examine.__globals__["_CHECKS"], "text", broken)
    with pytest.raises(Refused):
        examine(io.BytesIO(b"a"), "text", LIMITS)


def files_in(home):
    return {str(p.relative_to(home)) for p in home.rglob("*") if p.is_file() and "keys" not in p.parts}


@pytest.mark.django_db
def test_what_is_taken_lies_under_its_hash_and_is_entered(home):
    row = keep(WHO, io.BytesIO(GOOD["csv"][1]), "../../报表.csv", allow=["text"])
    assert (row.name, row.kind, row.bytes) == ("报表.csv", "text", len(GOOD["csv"][1]))
    path = path_of(row.sha256)
    assert path == home / "files" / row.sha256[:2] / row.sha256[2:4] / row.sha256
    assert path.stat().st_mode & 0o777 == 0o400
    with open_file(row.sha256) as kept:
        assert kept.read() == GOOD["csv"][1]
    entry = TrailEntry.objects.get()
    assert (entry.actor, entry.verb) == ("system:test", "kernel.keep_file")
    assert "报表" not in entry.detail
    assert files_in(home) == {str(path.relative_to(home))}


@pytest.mark.django_db
def test_the_same_content_is_kept_once(home):
    first = keep(WHO, io.BytesIO(b"a,b\n"), "a.csv", allow=["text"])
    again = keep(WHO, io.BytesIO(b"a,b\n"), "b.csv", allow=["text"])
    assert again == first
    assert StoredFile.objects.get().name == "a.csv"
    assert len(files_in(home)) == 1
    assert TrailEntry.objects.count() == 2


@pytest.mark.django_db
@pytest.mark.parametrize("name", BAD)
def test_nothing_refused_lies_outside_of_quarantine(home, settings, name):
    settings.KEZUN_UNPACKED_MAX_BYTES, settings.KEZUN_PIXELS_MAX = LIMITS.unpacked, LIMITS.pixels
    with pytest.raises(ValidationError):
        keep(WHO, io.BytesIO(BAD[name]), "x", allow=ALL)
    assert {path.split("/")[0] for path in files_in(home)} == {"quarantine"}
    assert len(files_in(home)) == 2
    assert not StoredFile.objects.exists()
    (note,) = (home / "quarantine").glob("*.json")
    assert json.loads(note.read_text())["reason"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("suffix", "name", "allow"),
    [
        ("png", "a.png", {"text"}),
        ("png", "a.csv", ALL),
        ("csv", "a.xlsx", ALL),
        ("zip", "a.XLSX", ALL),
        ("pdf", "a", ALL - {"pdf"}),
    ],
)
def test_a_kind_not_asked_for_or_a_name_that_lies_is_refused(home, suffix, name, allow):
    with pytest.raises(ValidationError, match=r"a\b|a\."):
        keep(WHO, io.BytesIO(GOOD[suffix][1]), name, allow=allow)
    assert {path.split("/")[0] for path in files_in(home)} == {"quarantine"}


@pytest.mark.django_db
def test_too_much_is_refused_while_it_comes_and_leaves_nothing(home, settings):
    settings.KEZUN_UPLOAD_MAX_BYTES = 5 * store.BLOCK
    read = []

    class Endless(io.RawIOBase):
        def read(self, size=-1):
            read.append(size)
            return b"a" * size

    with pytest.raises(ValidationError, match="5"):
        keep(WHO, Endless(), "a.csv", allow=["text"])
    assert len(read) == 6
    assert files_in(home) == set()


@pytest.mark.django_db
def test_a_stream_that_breaks_off_leaves_nothing(home):
    class Broken(io.RawIOBase):
        def read(self, size=-1):
            raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        keep(WHO, Broken(), "a.csv", allow=["text"])
    assert files_in(home) == set()


@pytest.mark.django_db
@pytest.mark.parametrize("setting", ["QUARANTINED_MOST", "QUARANTINE_BYTES"])
def test_quarantine_does_not_fill_the_disk(home, monkeypatch, setting):
    monkeypatch.setattr(store, setting, 10)
    with pytest.raises(ValidationError):
        keep(WHO, io.BytesIO(GOOD["pdf"][1]), "a.pdf", allow=["text"])
    assert [path.rpartition(".")[2] for path in files_in(home)] == ["json"]


@pytest.mark.django_db
def test_a_link_in_the_store_is_replaced_not_followed(home):
    outside = home / "outside"
    outside.write_bytes(b"do not touch")
    row = keep(WHO, io.BytesIO(b"a,b\n"), "a.csv", allow=["text"])
    path = path_of(row.sha256)
    path.unlink()
    path.symlink_to(outside)
    with pytest.raises(OSError, match=r"symbolic|links|ELOOP|."):
        open_file(row.sha256)
    keep(WHO, io.BytesIO(b"a,b\n"), "a.csv", allow=["text"])
    assert outside.read_bytes() == b"do not touch"
    assert open_file(row.sha256).read() == b"a,b\n"


@pytest.mark.django_db
def test_a_link_in_place_of_a_folder_stops_the_keeping(home):
    import hashlib

    elsewhere = home / "elsewhere"
    elsewhere.mkdir()
    (home / "files").mkdir()
    (home / "files" / hashlib.sha256(b"a,b\n").hexdigest()[:2]).symlink_to(elsewhere)
    with pytest.raises(OSError, match="link"):
        keep(WHO, io.BytesIO(b"a,b\n"), "a.csv", allow=["text"])
    assert list(elsewhere.iterdir()) == []


@pytest.mark.parametrize("bad", ["", "..", "A" * 64, "../" * 21 + "a", "g" * 64, "a" * 63, "a" * 64 + "\n"])
def test_only_a_hash_is_a_path(bad):
    with pytest.raises(ValueError, match="SHA-256"):
        path_of(bad)


def test_what_is_not_there_is_not_found(home):
    with pytest.raises(FileNotFoundError):
        open_file("0" * 64)


def test_only_plain_files_are_opened_and_nobody_waits_for_a_pipe(tmp_path):
    (tmp_path / "plain").write_bytes(b"x")
    (tmp_path / "link").symlink_to(tmp_path / "plain")
    os.mkfifo(tmp_path / "pipe")
    assert open_regular(tmp_path / "plain").read() == b"x"
    opened = []

    def attempt():
        for name in ("link", "pipe", "."):
            try:
                opened.append(open_regular(tmp_path / name))
            except OSError:
                pass

    thread = threading.Thread(target=attempt, daemon=True)
    thread.start()
    thread.join(5)
    assert not thread.is_alive()
    assert opened == []
