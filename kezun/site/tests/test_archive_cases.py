"""The file of a backup: members come back with their digests, whatever the packing; half a file is none."""

import hashlib
import io
import os
import tarfile

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kezun.site.backup.archive import Archive, opened, written

SUFFIXES = (".tar", ".tar.gz", ".tar.zst")
MAGIC = {".tar": b"", ".tar.gz": b"\x1f\x8b", ".tar.zst": b"\x28\xb5\x2f\xfd"}
NAMES = st.text("abcd网点/", min_size=1, max_size=12).filter(lambda n: n.strip("/") == n and "//" not in n)


def make(target, members):
    with written(target) as tar:
        archive = Archive(tar)
        for name, content in members.items():
            archive.add_stream(name, io.BytesIO(content), len(content))
        return archive.members


def read(source):
    with opened(source) as tar:
        return {member.name: tar.extractfile(member).read() for member in tar}


@given(members=st.dictionaries(NAMES, st.binary(max_size=2000), max_size=4), suffix=st.sampled_from(SUFFIXES))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_was_put_in_comes_out_with_its_digest(tmp_path, members, suffix):
    target = tmp_path / f"b{suffix}"
    told = make(target, members)
    assert read(target) == members
    assert target.read_bytes().startswith(MAGIC[suffix])
    for name, content in members.items():
        assert told[name] == {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("renamed", ["backup", "backup.zst.old", "backup.gz"])
def test_the_packing_is_seen_in_the_file_not_in_its_name(tmp_path, suffix, renamed):
    target = tmp_path / f"b{suffix}"
    make(target, {"a": b"x" * 5000})
    target.rename(tmp_path / renamed)
    assert read(tmp_path / renamed) == {"a": b"x" * 5000}


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_file_appears_only_when_it_is_whole(tmp_path, suffix):
    target = tmp_path / f"b{suffix}"

    def half_way():
        with written(target) as tar:
            Archive(tar).add_stream("a", io.BytesIO(b"x" * 99), 99)
            assert [p.name for p in tmp_path.iterdir()] == [f".b{suffix}.part"]
            raise RuntimeError("half way")

    with pytest.raises(RuntimeError, match="half way"):
        half_way()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_a_backup_is_readable_by_its_owner_alone(tmp_path, suffix):
    target = tmp_path / f"b{suffix}"
    make(target, {"a": b"secret"})
    assert target.stat().st_mode & 0o777 == 0o600
    with opened(target) as tar:
        assert [member.mode for member in tar] == [0o600]


def test_a_draft_of_a_run_that_was_killed_is_written_over(tmp_path):
    target = tmp_path / "b.tar"
    (tmp_path / ".b.tar.part").write_bytes(b"y" * 50_000)
    make(target, {"a": b"x"})
    assert read(target) == {"a": b"x"}
    assert [p.name for p in tmp_path.iterdir()] == ["b.tar"]


def test_a_file_that_grows_meanwhile_is_taken_as_long_as_it_was(tmp_path, monkeypatch):
    source = tmp_path / "grows.log"
    source.write_bytes(b"before")
    real = os.fstat

    def grown(handle):
        found = real(handle)
        with source.open("ab") as out:
            out.write(b" and after")
        return found

    target = tmp_path / "b.tar"
    with written(target) as tar:
        monkeypatch.setattr("kezun.site.backup.archive.os.fstat", grown)
        digest = Archive(tar).add("log", source)
        monkeypatch.undo()
    assert read(target) == {"log": b"before"}
    assert digest == hashlib.sha256(b"before").hexdigest()


def test_a_file_that_shrinks_meanwhile_makes_no_backup(tmp_path):
    target = tmp_path / "b.tar"
    with pytest.raises(OSError, match="unexpected end of data"), written(target) as tar:
        Archive(tar).add_stream("log", io.BytesIO(b"short"), 99)
    assert not target.exists()


def test_an_unreadable_member_makes_no_backup(tmp_path):
    with pytest.raises(FileNotFoundError), written(tmp_path / "b.tar") as tar:
        Archive(tar).add("gone", tmp_path / "gone")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("share", [0.3, 0.6])
def test_a_file_cut_off_is_never_read_as_whole(tmp_path, suffix, share):
    members = {f"m{n}": os.urandom(4000) for n in range(5)}
    target = tmp_path / f"b{suffix}"
    make(target, members)
    content = target.read_bytes()
    target.write_bytes(content[: int(len(content) * share)])
    try:
        found = read(target)
    except (OSError, tarfile.TarError, pa.ArrowException, EOFError):
        found = {}
    assert found.keys() < members.keys()
    assert all(members[name] == piece for name, piece in found.items())


@pytest.mark.parametrize("content", [b"", b"x", b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"hello " * 500])
def test_what_is_no_archive_is_refused_by_an_error_that_restore_knows(tmp_path, content):
    source = tmp_path / "b"
    source.write_bytes(content)
    with pytest.raises((OSError, tarfile.TarError, pa.ArrowException, EOFError)):
        assert read(source)
