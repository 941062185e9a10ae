"""Backup and restore: an installation put back into an empty home is the same in every part, or refused."""

import gzip
import hashlib
import io
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tarfile
from contextlib import ExitStack
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from django.db import connection

from kezun.kernel.actor import Denied, SystemActor
from kezun.site.backup import archive, save
from kezun.site.backup.restore import record_restore, restore
from kezun.site.backup.save import BackupError, backup, record_backup
from kezun.site.tests.installation import ROOT, Installation
from tools import postgres

ACTOR = SystemActor("test")
pytestmark = pytest.mark.xdist_group("backup")  # one worker, so that the demo bank is made once


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A small demo bank on SQLite, and a backup of it."""
    from kezun.site.tests.conftest import FILES

    packs = tmp_path_factory.mktemp("packs")
    for name, text in FILES.items():
        path = packs / "small" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    old = Installation(tmp_path_factory.mktemp("homes") / "old", packs)
    old.run("demo", "--pack", "small", "--anchor", "2026-03-31", "--no-serve")
    target = packs / "backup.tar.zst"
    old.run("backup", target)
    return old, target, packs


def manifest_of(path):
    with archive.opened(path) as tar:
        return next(json.loads(tar.extractfile(m).read()) for m in tar if m.name == "manifest.json")


def counts(home):
    with sqlite3.connect(home / "kezun.sqlite3") as held:
        names = [n for (n,) in held.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {n: held.execute(f'SELECT count(*) FROM "{n}"').fetchone()[0] for n in names}


@pytest.mark.drill
def test_drill_everything_is_the_same_in_a_fresh_folder(made, tmp_path):
    old, target, packs = made
    new = Installation(tmp_path / "new", packs)
    told = new.run("restore", target)
    assert manifest_of(target)["made_at"] in told
    assert new.figures() == old.figures() != []
    before, after = old.files(), new.files()
    del before["trail/anchors.jsonl"], after["trail/anchors.jsonl"]
    assert after == before
    tables = manifest_of(target)["tables"]
    grown = {
        n: c - tables[n]
        for n, c in counts(new.home).items()
        if not n.startswith("sqlite_") and c != tables[n]
    }
    assert set(grown) <= {"kernel_trailentry", "kernel_trailhead", "kernel_trailanchor", "facts_cachedanswer"}
    assert grown["kernel_trailentry"] == 1  # the restore itself
    new.run("demo", "--pack", "small", "--no-serve")
    assert new.figures() == old.figures()


@pytest.mark.parametrize("suffix", [".tar", ".tar.gz", ".tar.zst"])
def test_every_form_of_the_file_gives_back_what_was_put_in(tmp_path, suffix):
    target, big = tmp_path / f"all{suffix}", os.urandom(3_000_000)
    with archive.written(target) as tar:
        told = archive.Archive(tar)
        told.add_stream("a/b", io.BytesIO(big), len(big))
        (tmp_path / "empty").touch()
        told.add("c", tmp_path / "empty")
        assert not target.exists(), "it appears when it is whole"
    assert target.stat().st_mode & 0o077 == 0, "keys are inside"
    with archive.opened(target) as tar:
        found = {m.name: tar.extractfile(m).read() for m in tar}
    assert found == {"a/b": big, "c": b""}
    assert told.members["a/b"] == {"bytes": len(big), "sha256": hashlib.sha256(big).hexdigest()}
    (tmp_path / "empty").unlink()
    assert [p.name for p in tmp_path.iterdir()] == [target.name]


@pytest.mark.drill
def test_a_home_in_use_is_never_overwritten(made, tmp_path):
    old, target, _packs = made
    before = old.files()
    told = old.run("restore", target, expect=1)
    assert str(old.home) in told
    assert old.files() == before


def repacked(source, target, change):
    """The backup with its members changed by `change(name, content) -> list of (name, content)`."""
    with archive.opened(source) as tar, tarfile.open(target, "w") as out:
        for member in tar:
            for name, content in change(member.name, tar.extractfile(member).read()):
                info = tarfile.TarInfo(name)
                info.size = len(content)
                out.addfile(info, io.BytesIO(content))
    return target


def flipped(name, content):
    if name.startswith("home/facts/ticket"):
        content = content[:100] + bytes([content[100] ^ 1]) + content[101:]
    return [(name, content)]


def lied(name, content):
    if name == "manifest.json":
        told = json.loads(content)
        told["tables"]["org_unit"] += 1
        content = json.dumps(told).encode()
    return [(name, content)]


def newer(name, content):
    if name == "manifest.json":
        told = json.loads(content)
        told["migrations"].append(["org", "9999_from_the_future"])
        content = json.dumps(told).encode()
    return [(name, content)]


def without(text):
    return lambda name, content: [] if text in name else [(name, content)]


def added(name, content):
    return [(name, content), ("home/x", b"x")] if "trail.key" in name else [(name, content)]


ALTERED = {
    "a bit flipped in a fact file": (flipped, "facts/ticket"),
    "a key left out": (without("trail.key"), "trail.key"),
    "a fact file left out": (without("facts/rating"), "facts/rating"),
    "a member added": (added, "home/x"),
    "a member twice": (lambda name, content: [(name, content)] * (1 + ("trail.key" in name)), "twice"),
    "no manifest": (without("manifest.json"), "manifest"),
    "a manifest that lies about rows": (lied, "rows"),
    "a manifest that is no JSON": (lambda n, c: [(n, b"{" if n == "manifest.json" else c)], "manifest"),
    "a manifest that is a list": (lambda n, c: [(n, b"[1]" if n == "manifest.json" else c)], "manifest"),
    "a manifest of another kind": (lambda n, c: [(n, b"{}" if n == "manifest.json" else c)], "manifest"),
    "made by a newer version": (newer, "9999_from_the_future"),
    "a way out of the folder": (lambda name, content: [(f"../{name}", content)], "no part"),
}


@pytest.fixture
def refused(tmp_path, settings):
    """`refused(file)`: the reason why a backup is not put back; the home must be empty afterwards."""
    if connection.vendor != "sqlite":
        pytest.skip("the backup is of SQLite")
    settings.KEZUN_HOME = tmp_path / "home of its own"
    settings.KEZUN_HOME.mkdir()

    def attempt(source):
        with pytest.raises(BackupError) as caught:
            restore(ACTOR, source)
        assert list(settings.KEZUN_HOME.iterdir()) == []
        assert not (tmp_path / "home").exists(), "written outside of the home"
        return str(caught.value)

    return attempt


@pytest.mark.django_db
@pytest.mark.parametrize("what", ALTERED)
def test_an_altered_backup_is_refused_and_the_home_stays_empty(made, tmp_path, refused, what):
    change, says = ALTERED[what]
    assert says in refused(repacked(made[1], tmp_path / "altered.tar", change))


@pytest.mark.django_db
@pytest.mark.parametrize("size", [0, 3, 5_000, -1_000])
def test_a_file_cut_off_is_refused(made, tmp_path, refused, size):
    cut = tmp_path / "cut.tar.zst"
    cut.write_bytes(made[1].read_bytes()[:size])
    assert refused(cut)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "content",
    [gzip.compress(b"hello", mtime=0), b"x" * 2000, b"\x28\xb5\x2f\xfd junk"],
    ids=["gzip", "text", "cut zstd"],
)
def test_what_is_no_backup_is_refused(tmp_path, refused, content):
    (tmp_path / "a.tar").write_bytes(content)
    assert refused(tmp_path / "a.tar")


@pytest.mark.drill
def test_a_changed_fact_file_is_noticed_when_the_backup_is_made(made, tmp_path):
    old, _target, packs = made
    copy = Installation(tmp_path / "copy", packs)
    shutil.copytree(old.home, copy.home)
    fact = next((copy.home / "facts").rglob("*.parquet"))
    fact.write_bytes(fact.read_bytes()[:-1] + b"?")
    told = copy.run("backup", tmp_path / "x.tar", expect=1)
    assert fact.name in told
    assert [p.name for p in tmp_path.iterdir()] == ["copy"], "no half backup stays"


@pytest.mark.django_db
def test_an_existing_file_is_not_overwritten(tmp_path):
    target = tmp_path / "x.tar"
    target.write_bytes(b"precious")
    with pytest.raises(BackupError, match="exists already"):
        backup(ACTOR, target)
    assert target.read_bytes() == b"precious"


@pytest.mark.drill
def test_a_tampered_trail_is_said_after_the_restore(made, tmp_path):
    old, _target, packs = made
    copy = Installation(tmp_path / "copy", packs)
    shutil.copytree(old.home, copy.home)
    with sqlite3.connect(copy.home / "kezun.sqlite3") as held:
        for (name,) in held.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            held.execute(f'DROP TRIGGER "{name}"')
        held.execute(
            "UPDATE kernel_trailentry SET detail = replace(detail, 'demo', 'dome') WHERE position = 1"
        )
    copy.run("backup", tmp_path / "x.tar")
    new = Installation(tmp_path / "new", packs)
    assert "Traceback" not in new.run("restore", tmp_path / "x.tar", expect=1)


@pytest.mark.drill
def test_drill_while_others_write(made, tmp_path):
    """A backup taken during a stream of writes is whole: its trail verifies, nothing is half there."""
    old, _target, packs = made
    busy = Installation(tmp_path / "busy", packs)
    shutil.copytree(old.home, busy.home)
    script = (
        "import django; django.setup()\n"
        "from kezun.org.actions import open_unit\n"
        "from kezun.kernel.anchor import anchor\n"
        "from kezun.kernel.actor import SystemActor\n"
        "from kezun.org.models import Unit\n"
        "top = Unit.objects.get(code='HQ')\n"
        "for n in range(100000):\n"
        "    open_unit(SystemActor('busy'), top, code=f'N{n}', name='x', kind='department')\n"
        "    anchor()\n"
        "    if n == 3: print('going', flush=True)\n"
    )
    environment = {**busy.environment, "DJANGO_SETTINGS_MODULE": "kezun.site.settings"}
    writer = subprocess.Popen(
        [sys.executable, "-c", script], cwd=ROOT, env=environment, stdout=subprocess.PIPE
    )
    try:
        assert b"going" in writer.stdout.readline()
        busy.run("backup", tmp_path / "busy.tar.gz")
    finally:
        writer.kill()
        writer.wait()
    new = Installation(tmp_path / "new", packs)
    told = new.run("restore", tmp_path / "busy.tar.gz")
    tables = manifest_of(tmp_path / "busy.tar.gz")["tables"]
    assert counts(new.home)["org_unit"] == tables["org_unit"] > 8, told


# --- PostgreSQL --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def urls():
    """Three empty databases on a server of their own."""
    place = postgres.binaries()
    if place is None:
        pytest.skip("no PostgreSQL server on this machine")
    with ExitStack() as stack:
        parts = urlsplit(stack.enter_context(postgres.server(place)))
        with psycopg.connect(urlunsplit(parts), autocommit=True) as admin:
            for name in ("old", "new", "other"):
                admin.execute(f"CREATE DATABASE kezun_{name}")
        yield {name: urlunsplit(parts._replace(path=f"/kezun_{name}")) for name in ("old", "new", "other")}


@pytest.mark.drill
def test_drill_on_postgresql(made, urls, tmp_path):
    _sqlite, target, packs = made
    old = Installation(tmp_path / "old", packs, urls["old"])
    old.run("demo", "--pack", "small", "--anchor", "2026-03-31", "--no-serve")
    old.run("backup", tmp_path / "pg.tar.zst")
    new = Installation(tmp_path / "new", packs, urls["new"])
    new.run("restore", tmp_path / "pg.tar.zst")
    assert new.figures() == old.figures() != []
    tables = manifest_of(tmp_path / "pg.tar.zst")["tables"]
    with psycopg.connect(urls["new"]) as held:
        found = {n: held.execute(f'SELECT count(*) FROM "{n}"').fetchone()[0] for n in tables}
    grown = {n for n in tables if found[n] != tables[n]}
    assert grown <= {"kernel_trailentry", "kernel_trailhead", "kernel_trailanchor", "facts_cachedanswer"}
    new.run("load-pack", packs / "small")  # sequences go on after the last key
    (packs / "small" / "lines.csv").open("a", encoding="utf-8").write("cards,卡,Cards,retail\n")
    assert "businessline 1" in new.run("load-pack", packs / "small")
    assert "DATABASE_URL" in Installation(tmp_path / "x", packs).run(
        "restore", tmp_path / "pg.tar.zst", expect=1
    )
    mixed = Installation(tmp_path / "y", packs, urls["other"])
    assert "DATABASE_URL" in mixed.run("restore", target, expect=1)
    again = Installation(tmp_path / "z", packs, urls["new"])
    again.run("restore", tmp_path / "pg.tar.zst", expect=1)


# --- rights and edges --------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_only_who_may_backs_up_and_restores(person_in, tmp_path):
    teller = person_in("teller", "O1")
    with pytest.raises(Denied):
        backup(teller, tmp_path / "x.tar")
    with pytest.raises(Denied):
        restore(teller, tmp_path / "x.tar")
    assert person_in("system_admin", "HO").may("site.backup")
    assert not list(tmp_path.iterdir())


@pytest.mark.django_db
def test_both_are_written_to_the_trail():
    from kezun.kernel.models import TrailEntry

    record_backup(ACTOR, "a.tar", members=1, rows=2)
    record_restore(ACTOR, "a.tar", made_at="2026-03-31T00:00:00+00:00")
    made, back = TrailEntry.objects.order_by("pk")
    assert (made.verb, back.verb) == ("site.backup", "site.restore")
    assert "a.tar" in made.detail
    assert "2026-03-31" in back.detail


@pytest.mark.django_db
def test_a_full_disk_leaves_no_half_backup(tmp_path, monkeypatch):
    def full(*arguments):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(save.database, "copied", full)
    with pytest.raises(BackupError, match="No space left"):
        backup(ACTOR, tmp_path / "x.tar.gz")
    assert not list(tmp_path.iterdir())
