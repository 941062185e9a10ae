"""From a draft at the import desk to facts: confirmed, cancelled, failed, killed."""

import re

import pytest
from django.urls import reverse

from kezun.facts import actions, importing
from kezun.facts.delivery import run_confirmed
from kezun.facts.models import Batch
from kezun.facts.tests.desk import GOOD, confirm, page, text_of
from kezun.facts.tests.importing import PROFILE, facts, line
from kezun.kernel.actor import SystemActor
from kezun.kernel.models import Task, TrailEntry
from kezun.kernel.task import run_due

US = SystemActor("test")
pytestmark = pytest.mark.usefixtures("queue_home")


# --- confirming ---------------------------------------------------------------------------------------------
def test_confirmed_a_task_imports_the_file_for_the_person(draft, desk, analyst):
    batch = draft(GOOD + line("3", wait="x"))
    answer = confirm(desk, batch)
    assert "Waiting its turn" in text_of(answer)
    assert b'hx-trigger="every 1s"' in answer.content
    assert facts() == []
    run_due("w")
    assert facts("source_id") == [("1",), ("2",)]
    done = page(desk, "facts.batch", batch)
    text = text_of(done)
    assert re.search(r"Rows 3 .*New 2 .*Same 0 .*Corrected 0 .*Rejected 1", text)
    assert re.search(r"4 wait .*not_a_duration", text)
    entry = TrailEntry.objects.get(verb="facts.import_file")
    assert entry.actor == f"person:{analyst.pk}"
    rejects = page(desk, "facts.rejects", batch)
    kept = b"".join(rejects.streaming_content).decode("utf-8-sig")
    assert kept.splitlines()[1].startswith("3,O1")
    assert "queue" in rejects["Content-Disposition"]


def test_mended_rejects_come_back_through_the_desk(draft, desk):
    batch = draft(GOOD + line("3", wait="x"))
    confirm(desk, batch)
    run_due("w")
    kept = b"".join(page(desk, "facts.rejects", batch).streaming_content).decode("utf-8-sig")
    again = draft(kept.replace(",x,", ",30,"), "mended.csv")
    confirm(desk, again)
    run_due("w")
    assert facts()[-1] == ("3", 30)
    again.refresh_from_db()
    assert (again.new, again.rejected) == (1, 0)


def test_progress_ends_by_fetching_the_page_anew(draft, desk):
    batch = draft()
    confirm(desk, batch)
    Batch.objects.update(state="running", progress=0.4)
    running = page(desk, "facts.progress", batch)
    assert b'value="0.4"' in running.content
    assert "HX-Refresh" not in running
    run_due("w")
    assert page(desk, "facts.progress", batch)["HX-Refresh"] == "true"


def test_a_draft_is_confirmed_once(draft, desk):
    batch = draft()
    confirm(desk, batch)
    text = text_of(confirm(desk, batch))
    assert "already" in text
    assert Task.objects.filter(name="facts.run_import").count() == 1


def test_confirming_needs_a_profile_that_exists(draft, desk):
    batch = draft()
    assert "p/queue" in text_of(confirm(desk, batch, "p/none"))
    batch.refresh_from_db()
    assert batch.state == "draft"


def test_a_draft_can_be_cancelled(draft, desk):
    batch = draft()
    answer = desk.post(reverse("facts.decide", args=[batch.pk, "cancel"]), follow=True)
    assert "nothing of this file was imported" in text_of(answer)
    assert "already" in text_of(confirm(desk, batch))
    run_due("w")
    assert facts() == []


def test_a_waiting_import_can_be_cancelled(draft, desk):
    batch = draft()
    confirm(desk, batch)
    desk.post(reverse("facts.decide", args=[batch.pk, "cancel"]))
    run_due("w")
    batch.refresh_from_db()
    assert (batch.state, facts()) == ("dropped", [])


def test_a_running_import_stops_before_its_commit(draft, desk, monkeypatch):
    batch = draft()
    confirm(desk, batch)
    write = importing.writing.write

    def meanwhile(*args, **kwargs):
        actions.cancel_import(US, batch)
        return write(*args, **kwargs)

    monkeypatch.setattr(importing.writing, "write", meanwhile)
    run_due("w")
    batch.refresh_from_db()
    assert (batch.state, facts()) == ("dropped", [])
    assert Task.objects.get(name="facts.run_import").state == "done"


def test_a_file_that_fails_can_be_tried_with_another_profile(draft, desk):
    batch = draft(GOOD.replace("outlet", "branch"))
    confirm(desk, batch)
    run_due("w")
    text = text_of(page(desk, "facts.batch", batch))
    assert "Failed" in text
    assert "How is this file to be read?" in text
    actions.save_profile(US, name="mine", text=PROFILE.replace("outlet", "branch").replace("queue", "mine"))
    confirm(desk, batch, "saved/mine")
    run_due("w")
    assert facts("source_id") == [("1",), ("2",)]


@pytest.mark.parametrize("how", ["left", "role"])
def test_whoever_lost_the_right_meanwhile_imports_nothing(draft, desk, analyst, how):
    batch = draft()
    confirm(desk, batch)
    if how == "left":
        type(analyst).objects.filter(pk=analyst.pk).update(is_active=False)
    else:
        analyst.assignments.all().delete()
    run_due("w")
    batch.refresh_from_db()
    assert (batch.state, facts()) == ("failed", [])
    assert batch.message


def test_a_task_that_was_killed_goes_on(draft, desk):
    batch = draft()
    confirm(desk, batch)
    Batch.objects.update(state="running")
    run_due("w")
    batch.refresh_from_db()
    assert (batch.state, batch.new) == ("done", 2)
    run_confirmed(batch.pk, batch.by)
    batch.refresh_from_db()
    assert (batch.state, batch.new, len(facts())) == ("done", 2, 2), "a second run changes nothing"
