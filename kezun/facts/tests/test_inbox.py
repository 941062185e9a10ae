"""The watched folder: complete files only, each once, moved with what belongs to it, whatever is killed."""

import gzip
import json
import os
import random
import subprocess
import sys
import time

import pytest
from click.testing import CliRunner
from django.db import OperationalError
from django.utils import translation

from kezun.facts import actions, importing, inbox
from kezun.facts.cli_watch import watch_command
from kezun.facts.models import Batch
from kezun.facts.tests.importing import HEADER, PROFILE, facts, line, put
from kezun.facts.tests.test_import_drill import PREPARE, ROOT, START, finished, process
from kezun.kernel.actor import SystemActor
from kezun.kernel.models import TrailEntry
from kezun.kernel.task import HANDLERS, SCHEDULES
from kezun.kernel.tests.drill import place

US = SystemActor("inbox")
pytestmark = [pytest.mark.django_db, pytest.mark.clock]  # the times of files are true


@pytest.fixture(autouse=True)
def _english():
    """Reasons are compared in the language of the code."""
    with translation.override("en"):
        yield


@pytest.fixture
def _home(settings, tmp_path):
    settings.KEZUN_HOME = tmp_path / "home"
    settings.KEZUN_PACKS = [tmp_path / "packs"]
    folder = tmp_path / "packs" / "p" / "profiles"
    folder.mkdir(parents=True)
    (folder / "queue.yaml").write_text(PROFILE)


@pytest.fixture
def folder(_home, bank, tmp_path):
    made = tmp_path / "home" / "inbox" / "p" / "queue"
    made.mkdir(parents=True)
    return made


def take(folder, settle=0.0):
    return list(inbox.take_in(US, folder, "p/queue", settle))


def names(folder):
    return sorted(p.name for p in folder.iterdir() if p.is_file() and p.name != inbox.LOCK)


def test_a_file_is_imported_and_moved_to_done(folder):
    put(folder / "a.csv", HEADER + line("1") + line("2"))
    [outcome] = take(folder)
    assert (outcome.name, outcome.summary.new) == ("a.csv", 2)
    assert names(folder) == []
    assert names(folder / "done") == ["a.csv"]
    batch = Batch.objects.get()
    assert (batch.name, batch.by, batch.state, batch.profile) == ("a.csv", "system:inbox", "done", "p/queue")
    verbs = TrailEntry.objects.filter(actor="system:inbox").values_list("verb", flat=True)
    assert list(verbs.order_by("pk")) == ["facts.start_import", "facts.import_file"]
    assert take(folder) == []


def test_rejected_rows_lie_beside_the_file_that_is_done(folder):
    put(folder / "a.csv", HEADER + line("1") + line("2", wait="x"))
    [outcome] = take(folder)
    assert (outcome.summary.new, outcome.summary.rejected) == (1, 1)
    assert names(folder / "done") == ["a.csv", "a.csv.rejects.csv"]
    text = (folder / "done" / "a.csv.rejects.csv").read_text("utf-8-sig")
    assert text.splitlines()[0] == HEADER.strip() + ",_line,_reason"
    assert text.splitlines()[1].startswith("2,O1")
    assert "not_a_duration" in text


def test_mended_rejects_come_in_by_the_same_door(folder):
    put(folder / "a.csv", HEADER + line("1") + line("2", wait="x"))
    take(folder)
    text = (folder / "done" / "a.csv.rejects.csv").read_text("utf-8-sig").replace(",x,", ",77,")
    put(folder / "a-mended.csv", text)
    [outcome] = take(folder)
    assert outcome.summary.new == 1
    assert facts() == [("1", 60), ("2", 77)]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"something;else\n1;2\n", "lacks"),
        (gzip.compress((HEADER + line("1") * 500).encode())[:-20], "cut off"),
        (b"PAR1 and then nothing", "Parquet"),
        (b"PK\x03\x04 no workbook", "workbook"),
    ],
    ids=["empty", "no-columns", "cut-gzip", "cut-parquet", "no-excel"],
)
def test_a_file_that_cannot_be_read_is_moved_to_failed_with_the_reason(folder, content, reason):
    put(folder / "bad.csv", content)
    put(folder / "good.csv", HEADER + line("1"))
    outcomes = {o.name: o for o in take(folder)}
    assert reason in outcomes["bad.csv"].reason
    assert outcomes["good.csv"].summary.new == 1, "one bad file does not hold up the next"
    assert names(folder / "failed") == ["bad.csv", "bad.csv.reason.txt"]
    assert reason in (folder / "failed" / "bad.csv.reason.txt").read_text()
    assert Batch.objects.get(name="bad.csv").state == "failed"


def test_a_header_without_rows_is_done(folder):
    put(folder / "a.csv", HEADER)
    [outcome] = take(folder)
    assert (outcome.summary.rows, outcome.summary.warnings) == (0, {"no_rows": 1})
    assert names(folder / "done") == ["a.csv"]


def test_unfinished_files_wait(folder, monkeypatch):
    for name in ("a.csv.tmp", "b.part", ".hidden.csv", "c.filepart", "D.CSV.TMP"):
        put(folder / name, HEADER + line("1"))
    (folder / "sub").mkdir()
    os.symlink("/etc/hostname", folder / "link.csv")
    os.mkfifo(folder / "pipe.csv")
    assert take(folder) == []
    os.rename(folder / "a.csv.tmp", folder / "a.csv")
    assert take(folder, settle=60) == [], "renamed a moment ago"
    clock = time.time() + 61
    monkeypatch.setattr(inbox.time, "time", lambda: clock)
    assert [o.name for o in take(folder, settle=60)] == ["a.csv"]
    assert (folder / "link.csv").is_symlink()


def test_a_file_that_grows_while_it_is_read_waits(folder, monkeypatch):
    path = put(folder / "a.csv", HEADER + line("1"))
    digest = inbox.digest

    def grows(which):
        found = digest(which)
        with path.open("a") as file:
            file.write(line("2"))
        return found

    with monkeypatch.context() as patched:
        patched.setattr(inbox, "digest", grows)
        assert take(folder) == []
    assert not Batch.objects.exists()
    assert take(folder)[0].summary.new == 2


def test_the_same_content_brought_again_is_a_delivery_of_its_own(folder):
    for wait in ("60", "90", "60"):
        put(folder / "a.csv", HEADER + line("1", wait=wait))
        [outcome] = take(folder)
        assert outcome.summary.new + outcome.summary.corrected == 1
    assert facts() == [("1", 60)], "the last file brings the first value back"
    assert names(folder / "done") == ["a.csv", "a~2.csv", "a~3.csv"]
    assert Batch.objects.count() == 3


def test_a_file_found_again_after_the_commit_is_only_moved(folder, monkeypatch):
    put(folder / "a.csv", HEADER + line("1") + line("2", wait="x"))

    def killed(*args, **kwargs):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(inbox, "_move", killed)
        with pytest.raises(KeyboardInterrupt):
            take(folder)
    assert (names(folder), Batch.objects.get().state) == (["a.csv"], "done")
    entries = TrailEntry.objects.count()
    [outcome] = take(folder)
    assert (outcome.summary.new, outcome.summary.rejected) == (1, 1), "the first summary, not a second import"
    assert names(folder / "done") == ["a.csv", "a.csv.rejects.csv"]
    assert (Batch.objects.count(), TrailEntry.objects.count()) == (1, entries)


def test_an_import_that_was_killed_goes_on_under_its_number(folder):
    path = put(folder / "a.csv", HEADER + line("1"))
    take(folder)
    batch = Batch.objects.get()
    os.rename(folder / "done" / "a.csv", path)
    Batch.objects.update(state="running")
    [outcome] = take(folder)
    assert (outcome.summary.same, Batch.objects.get().pk) == (1, batch.pk)
    assert Batch.objects.get().state == "done"


@pytest.mark.parametrize(
    "fault", [OSError(28, "No space left on device"), OperationalError("database is locked")]
)
def test_a_full_disk_or_a_locked_database_leaves_the_file_for_later(folder, monkeypatch, fault):
    put(folder / "a.csv", HEADER + line("1"))

    def broken(*args, **kwargs):
        raise fault

    with monkeypatch.context() as patched:
        patched.setattr(importing.writing, "write", broken)
        [outcome] = take(folder)
    assert outcome.kept
    assert (names(folder), facts()) == (["a.csv"], [])
    assert take(folder)[0].summary.new == 1
    assert Batch.objects.get().state == "done"


def test_a_cancelled_delivery_is_not_begun_again(folder, monkeypatch):
    put(folder / "a.csv", HEADER + line("1"))
    write = importing.writing.write

    def meanwhile(*args, **kwargs):
        actions.cancel_import(SystemActor("test"), Batch.objects.get())
        return write(*args, **kwargs)

    with monkeypatch.context() as patched:
        patched.setattr(importing.writing, "write", meanwhile)
        assert take(folder)[0].kept
    [outcome] = take(folder)
    assert not outcome.kept
    assert (names(folder / "failed"), facts()) == (["a.csv", "a.csv.reason.txt"], [])


def test_two_watchers_of_one_folder_do_not_meet(folder):
    put(folder / "a.csv", HEADER + line("1"))
    with inbox._alone(folder) as first, inbox._alone(folder) as second:
        assert (first, second) == (True, False)
        assert take(folder) == []
    assert len(take(folder)) == 1


def test_the_repeating_task_serves_every_folder_with_a_profile(folder, monkeypatch, settings):
    monkeypatch.setattr(inbox, "SETTLE_S", 0.0)
    monkeypatch.setattr(inbox.take_in, "__defaults__", (0.0,))
    put(folder / "a.csv", HEADER + line("1"))
    strange = settings.KEZUN_HOME / "inbox" / "p" / "unknown"
    strange.mkdir()
    put(strange / "b.csv", HEADER + line("2"))
    assert "facts.inbox" in SCHEDULES
    HANDLERS["facts.inbox"]()
    assert names(folder / "done") == ["a.csv"]
    assert names(strange) == ["b.csv"], "a folder without a profile is left as it is"


@pytest.mark.usefixtures("_home")
def test_without_an_inbox_there_is_nothing_to_do():
    inbox.look()
    assert not Batch.objects.exists()


# --- the command --------------------------------------------------------------------------------------------
def kezun(*arguments):
    return CliRunner().invoke(watch_command, [*map(str, arguments), "--once", "--settle", "0"])


def test_the_command_takes_in_what_is_there(folder):
    put(folder / "a.csv", HEADER + line("1"))
    result = kezun(folder, "--profile", "p/queue")
    assert (result.exit_code, names(folder / "done")) == (0, ["a.csv"])
    assert "a.csv" in result.stdout
    assert Batch.objects.get().by.startswith("system:cli:")


def test_the_command_says_which_files_failed(folder):
    put(folder / "a.csv", "x\n")
    result = kezun(folder, "--profile", "p/queue")
    assert result.exit_code == 3
    assert "a.csv" in result.stderr


def test_the_command_refuses_unknown_profiles_and_folders(folder, tmp_path):
    assert kezun(folder, "--profile", "p/none").exit_code == 2
    assert kezun(tmp_path / "none", "--profile", "p/queue").exit_code == 2


def test_the_command_acts_as_a_person_only_with_the_right(folder, person_in):
    put(folder / "a.csv", HEADER + line("1"))
    result = kezun(folder, "--profile", "p/queue", "--as", person_in("teller", "O1").code)
    assert result.exit_code == 1
    assert names(folder) == ["a.csv"]
    assert not Batch.objects.exists()


# --- kill -9 ------------------------------------------------------------------------------------------------
WATCH = """
import sys
from pathlib import Path
from kezun.facts import inbox
from kezun.kernel.actor import SystemActor
print("ready", flush=True)
sys.stdin.readline()
for outcome in inbox.take_in(SystemActor("inbox"), Path(sys.argv[1]), "p/queue", 0.0):
    print(outcome.name, outcome.summary.rows if outcome.summary else outcome.reason, flush=True)
"""
TOLD = """
import json
from kezun.facts.models import Batch
from kezun.facts.tests.importing import facts
rows = facts("source_id, wait_s")
states = list(Batch.objects.values_list("name", "state", "new").order_by("name"))
print(json.dumps([dict(rows), states]))
"""


@pytest.mark.drill
def test_kills_lose_no_file_and_import_none_twice(tmp_path):
    chance, files = random.Random(7), 12
    packs = tmp_path / "packs" / "p" / "profiles"
    packs.mkdir(parents=True)
    (packs / "queue.yaml").write_text(PROFILE)
    folder = tmp_path / "in"
    folder.mkdir()
    wanted = {}
    for n in range(files):
        rows = {f"{n:02d}-{i}": i for i in range(300)}
        wanted |= rows
        put(folder / f"{n:02d}.csv", HEADER + "".join(line(k, wait=w) for k, w in rows.items()))
    with place(tmp_path / "home") as env:
        env = env | {"KEZUN_PACKS": str(tmp_path / "packs")}
        finished(process(env, PREPARE))
        for _kill in range(8):
            child = process(env, WATCH, folder)
            assert child.stdout.readline() == "ready\n", child.stderr.read()
            child.stdin.write("go\n")
            child.stdin.flush()
            time.sleep(chance.uniform(0.02, 0.8))
            child.kill()
            child.communicate()
        finished(process(env, WATCH, folder), "go\n")
        command = [sys.executable, "-c", START + TOLD]
        out = subprocess.run(command, env=env, cwd=ROOT, text=True, capture_output=True, check=True).stdout
        rows, states = json.loads(out)
    assert rows == wanted
    assert states == [[f"{n:02d}.csv", "done", 300] for n in range(files)], "one batch a file, none twice"
    assert names(folder) == []
    assert names(folder / "done") == [f"{n:02d}.csv" for n in range(files)]
