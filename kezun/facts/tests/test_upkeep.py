"""Upkeep: leftovers go, crowds of small files become one, and nothing that was known is forgotten."""

import os
import time

import pytest

from kezun.facts import store, upkeep, writing
from kezun.facts.actions import tidy
from kezun.facts.models import FactFile, Snapshot
from kezun.facts.tests.test_store import keys_in, tickets
from kezun.facts.writing import store_rows
from kezun.kernel.actor import Denied, SystemActor
from kezun.kernel.file import folder
from kezun.kernel.models import TrailEntry

pytestmark = [pytest.mark.django_db, pytest.mark.clock]  # the times of files are true


@pytest.fixture(autouse=True)
def _home(settings, tmp_path):
    settings.KEZUN_HOME = tmp_path


def several(count, source="q"):
    for number in range(count):
        store_rows("ticket", tickets([f"{source}{number:03}"]), source=source)


def test_few_small_files_are_left_alone():
    several(upkeep.MANY - 1)
    assert upkeep.crowded() == []
    upkeep.tidy_daily()
    assert FactFile.objects.filter(removed__isnull=True).count() == upkeep.MANY - 1
    assert not TrailEntry.objects.filter(verb="facts.tidy").exists()


def test_what_a_killed_upload_left_goes_after_a_day():
    arrivals = folder("files/incoming")
    for name in ("old.tmp", "young.tmp", "old.csv"):
        (arrivals / name).write_bytes(b"no,outlet")
    for name in ("old.tmp", "old.csv"):
        os.utime(arrivals / name, (time.time() - 25 * 3600,) * 2)
    os.utime(arrivals / "young.tmp", (time.time() - 23 * 3600,) * 2)
    upkeep.tidy_daily()
    assert sorted(path.name for path in arrivals.iterdir()) == ["old.csv", "young.tmp"]
    assert "1" in TrailEntry.objects.get(verb="facts.tidy").detail
    assert upkeep.sweep_arrivals() == []


def test_a_crowd_becomes_one_file_and_every_older_snapshot_still_reads():
    several(upkeep.MANY)
    before = store.snapshot_at("ticket")
    keys = keys_in()
    assert upkeep.crowded() == [("ticket", "2026-03")]
    upkeep.tidy_daily()
    assert FactFile.objects.filter(removed__isnull=True).count() == 1
    assert keys_in() == keys
    assert keys_in(snapshot=before) == keys
    assert keys_in(snapshot=3) == keys[:3]
    entry = TrailEntry.objects.get(verb="facts.tidy")
    assert "ticket/2026-03@" in entry.detail
    assert entry.actor == "system:worker"


def test_sources_do_not_crowd_each_other():
    several(upkeep.MANY - 1, "a")
    several(upkeep.MANY - 1, "b")
    assert upkeep.crowded() == []
    assert upkeep.crowded(least=upkeep.MANY - 1) == [("ticket", "2026-03")]


def test_large_files_are_no_crowd():
    several(upkeep.MANY)
    assert upkeep.crowded(rows=2) == []


def test_what_a_killed_import_left_is_swept_after_a_day():
    several(1)
    left = store.root() / "ticket" / "2026-03" / "left.parquet.tmp"
    left.write_bytes(b"half")
    upkeep.tidy_daily()
    assert left.exists(), "it may still be written"
    os.utime(left, (0, 0))
    upkeep.tidy_daily()
    assert not left.exists()
    assert len(store.files("ticket")) == 1


def test_an_import_at_the_same_time_makes_it_wait(monkeypatch):
    several(upkeep.MANY)

    def meanwhile(*_):
        raise store.Conflict("moved on")

    monkeypatch.setattr(writing, "compact", meanwhile)
    upkeep.tidy_daily()
    assert Snapshot.objects.filter(fact="ticket").count() == upkeep.MANY
    assert not TrailEntry.objects.filter(verb="facts.tidy").exists()


def test_tidying_is_for_the_platform_and_the_operator(person_in):
    with pytest.raises(Denied):
        tidy(person_in("teller", "O1"), swept=1, merged=[])
    tidy(SystemActor("worker"), swept=1, merged=[])
    assert TrailEntry.objects.filter(verb="facts.tidy").count() == 1
