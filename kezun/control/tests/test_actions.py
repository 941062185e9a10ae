"""A verification asked for, a task tried again; the command line; what the platform does by itself."""

import datetime as dt
import json

import pytest
from click.testing import CliRunner
from django.core.exceptions import ValidationError
from django.utils import timezone

from kezun.control.actions import retry_task, verify_trail
from kezun.control.cli import trail as command
from kezun.control.metrics import import_rows
from kezun.facts.models import Batch
from kezun.kernel import trail
from kezun.kernel.actions import anchor_trail, sweep, sweep_daily
from kezun.kernel.actor import Denied, SystemActor
from kezun.kernel.anchor import anchors_path
from kezun.kernel.models import IdempotencyKey, Task, TrailEntry
from kezun.kernel.task import SCHEDULES, run_due
from kezun.kernel.tests.forge import sql

pytestmark = pytest.mark.django_db
WHO = SystemActor("test")


def test_a_verification_runs_as_a_task_and_leaves_its_report(home):
    trail.write("person:1", "a.b")
    asked = verify_trail(WHO)
    assert run_due("w") == 1
    asked.refresh_from_db()
    report = asked.progress["report"]
    assert (asked.state, report["intact"]) == ("done", True)
    assert report["entries"] == asked.progress["done"] == TrailEntry.objects.count() == 2


def test_one_verification_at_a_time(home):
    assert verify_trail(WHO) == verify_trail(WHO)
    assert Task.objects.count() == 1
    assert TrailEntry.objects.filter(verb="control.verify_trail").count() == 2
    run_due("w")
    verify_trail(WHO)
    assert Task.objects.count() == 2


def test_who_may_not_verify_does_not(person_in):
    with pytest.raises(Denied):
        verify_trail(person_in("teller", "O1"))


def failed_task(**fields):
    return Task.objects.create(
        **{"name": "test.x", "due_at": timezone.now(), "state": "failed", "attempts": 5, "worker": "w"}
        | fields
    )


def test_a_given_up_task_is_tried_again_with_all_its_attempts(home):
    row = failed_task(error="ValueError: x", finished_at=timezone.now())
    retry_task(WHO, row)
    row.refresh_from_db()
    assert (row.state, row.attempts, row.worker, row.finished_at) == ("waiting", 0, "", None)
    assert row.error == "ValueError: x"
    assert TrailEntry.objects.get().target == f"kernel.task:{row.pk}"


@pytest.mark.parametrize("state", ["waiting", "running", "done"])
def test_only_what_was_given_up_is_tried_again(home, state):
    row = failed_task(state=state)
    with pytest.raises(ValidationError):
        retry_task(WHO, row)
    row.refresh_from_db()
    assert row.state == state


def test_the_command_says_that_all_is_well(home):
    trail.write("person:1", "a.b")
    done = CliRunner().invoke(command, ["verify"])
    assert done.exit_code == 0, done.output
    assert "1 " in done.output.splitlines()[0]
    told = json.loads(CliRunner().invoke(command, ["verify", "--json"]).output.splitlines()[-1])
    assert (told["intact"], told["entries"], told["problems"]) == (True, 1, [])


def test_the_command_names_what_was_changed_and_fails(home):
    for _ in range(3):
        entry = trail.write("person:1", "a.b")
    sql("UPDATE kernel_trailentry SET actor = 'person:2' WHERE position = 2")
    done = CliRunner().invoke(command, ["verify"])
    assert done.exit_code == 1
    assert done.output.startswith(f"{entry.shard}/2: ")
    assert "actor" in done.output.splitlines()[0]
    told = json.loads(CliRunner().invoke(command, ["verify", "--json"]).output.splitlines()[-1])
    assert told["problems"][0] | {"message": ""} == {
        **{"shard": entry.shard, "position": 2, "code": "column", "about": "actor", "message": ""}
    }


def test_the_command_counts_what_it_does_not_list(home, monkeypatch):
    monkeypatch.setattr("kezun.kernel.verify.MOST", 1)
    for _ in range(3):
        trail.write("person:1", "a.b")
    sql("UPDATE kernel_trailentry SET actor = 'person:2'")
    assert "2" in CliRunner().invoke(command, ["verify"]).output.splitlines()[1]


def test_the_command_is_for_who_may(home, person_in):
    teller = person_in("teller", "O1")
    assert CliRunner().invoke(command, ["verify", "--as", teller.code]).exit_code == 1
    auditor = person_in("auditor", "HO")
    assert CliRunner().invoke(command, ["verify", "--as", auditor.code]).exit_code == 0


def test_an_anchor_on_demand(home):
    assert anchors_path().exists() is False
    CliRunner().invoke(command, ["anchor"])
    trail.write("person:1", "a.b")
    first = CliRunner().invoke(command, ["anchor"])
    assert json.loads(anchors_path().read_text())["seal"] in first.output
    CliRunner().invoke(command, ["anchor"])
    assert len(anchors_path().read_text().splitlines()) == 1


def test_anchors_and_sweeps_repeat(home):
    assert {"kernel.anchor", "kernel.sweep"} <= set(SCHEDULES)
    trail.write("person:1", "a.b")
    anchor_trail()
    assert anchors_path().exists()


def test_a_sweep_takes_what_is_old_and_done_only(home):
    old = timezone.now() - dt.timedelta(days=40)
    gone = failed_task(state="done", finished_at=old)
    kept = [failed_task(finished_at=old), failed_task(state="done", finished_at=timezone.now())]
    key = IdempotencyKey.objects.create(actor="a", verb="b", key="c", body="d")
    IdempotencyKey.objects.update(created_at=old)
    IdempotencyKey.objects.create(actor="a", verb="b", key="new", body="d")
    assert sweep(WHO) == {"tasks": 1, "keys": 1}
    assert list(Task.objects.order_by("pk")) == kept
    assert not Task.objects.filter(pk=gone.pk).exists()
    assert not IdempotencyKey.objects.filter(pk=key.pk).exists()
    sweep_daily()
    assert TrailEntry.objects.filter(actor="system:worker", verb="kernel.sweep").count() == 1


def test_imported_rows_are_counted_by_fact_and_outcome(db):
    done = {"fact": "ticket", "profile": "p", "name": "n", "by": "x", "state": "done"}
    Batch.objects.create(**done, new=5, rejected=1)
    Batch.objects.create(**done, new=2, same=3)
    Batch.objects.create(**done | {"dry_run": True}, new=100)
    Batch.objects.create(**done | {"state": "failed"}, new=100)
    (family,) = import_rows()
    told = {(s.labels["fact"], s.labels["outcome"]): s.value for s in family.samples}
    assert told == {("ticket", o): n for o, n in (("new", 7), ("same", 3), ("corrected", 0), ("rejected", 1))}
