"""Repetitions: asked for by whoever may, done by the worker, kept with who, when, by which code and what."""

from __future__ import annotations

import datetime as dt

import pytest
from click.testing import CliRunner
from django.core.exceptions import ValidationError
from django.utils import timezone, translation

from kezun.assessment import repeating
from kezun.assessment.actions import replays
from kezun.assessment.cli import assess_group
from kezun.assessment.computing import code_version
from kezun.assessment.models import Pin, Replay, Run, Score
from kezun.assessment.replaying import replay
from kezun.assessment.running import run
from kezun.assessment.tests import world
from kezun.assessment.tests.desk import address, body
from kezun.kernel.actor import Denied
from kezun.kernel.models import Task, TrailEntry
from kezun.kernel.task import run_due

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


@pytest.fixture
def made(judged, office):
    return run(world.US, judged, "2026-03", opens=True)


def test_what_it_found_is_kept_with_who_when_and_by_which_code(made, office):
    asked = replays.replay_run(office, made)
    assert (asked.done_at, asked.equal, asked.asked_by) == (None, None, office)
    run_due("test")
    asked.refresh_from_db()
    assert (asked.equal, asked.then, asked.now) == (True, made.result_hash, made.result_hash)
    assert (asked.code, asked.differences, asked.more, asked.message) == (code_version(), [], 0, "")
    assert asked.asked_at <= asked.done_at <= timezone.now()
    told = list(TrailEntry.objects.filter(verb__contains="replay").values_list("verb", flat=True))
    assert sorted(told) == ["assessment.keep_replay", "assessment.replay_run"]


def test_the_first_differences_are_kept_and_the_rest_counted(made, office, monkeypatch):
    monkeypatch.setattr(replays, "KEPT", 1)

    def spoil():
        for row in Score.objects.filter(run=made, score__isnull=False):
            Score.objects.filter(pk=row.pk).update(grade="金")

    world.forged(spoil)
    asked = replays.replay_run(office, made)
    run_due("test")
    asked.refresh_from_db()
    assert asked.equal is False
    assert (len(asked.differences), asked.more) == (1, Score.objects.filter(run=made).count() - 1)
    assert set(asked.differences[0]) == {"subject", "line", "then", "now"}
    assert asked.differences[0]["then"] == "金"


def test_why_it_could_not_be_done_is_kept_and_not_tried_again(made, office):
    Pin.objects.filter(pk=made.inputs["roster"]).update(body=b"x")
    asked = replays.replay_run(office, made)
    run_due("test")
    asked.refresh_from_db()
    assert (asked.equal, asked.done_at is None) == (None, False)
    assert "gone or was changed" in asked.message
    assert Task.objects.get(name=replays.TASK).state == Task.State.DONE


def test_a_fault_of_the_code_is_kept_as_well(made, office, monkeypatch):
    def broken(*_told):
        raise RuntimeError

    monkeypatch.setattr(repeating, "replay", broken)
    asked = replays.replay_run(office, made)
    run_due("test")
    asked.refresh_from_db()
    assert (asked.equal, asked.message) == (None, "RuntimeError")


def test_told_once_and_never_again(made, office):
    asked = replays.replay_run(office, made, later=False)
    found = replay(made)
    replays.keep_replay(world.US, asked, found=found)
    with pytest.raises(ValidationError, match="done already"):
        replays.keep_replay(world.US, asked, found=None, message="x")
    repeating.repeat(asked.pk)  # a task that runs twice changes nothing
    assert Replay.objects.get(pk=asked.pk).equal is True


@pytest.mark.parametrize("state", ["waiting", "running", "failed"])
def test_only_what_is_done_is_repeated(made, office, state):
    open_one = Run(pk=made.pk, state=state)
    with pytest.raises(ValidationError, match="Only a run that is done"):
        replays.replay_run(office, open_one)
    assert not Replay.objects.exists()


def test_nobody_without_the_permission(made, person_in):
    for role in ("teller", "outlet_manager", "unit_head"):
        with pytest.raises(Denied):
            replays.replay_run(person_in(role, "O1"), made)
    assert replays.replay_run(person_in("auditor", "HO"), made).run == made


def test_how_far_it_is_comes_from_its_task(made, office):
    asked = replays.replay_run(office, made)
    assert (repeating.one(asked).under_way, repeating.one(asked).share) == (True, 0.0)
    waiting = Task.objects.get(name=replays.TASK)
    Task.objects.filter(pk=waiting.pk).update(state="running", progress={"done": 0.4, "total": 1.0})
    assert repeating.one(asked).share == 0.4
    Task.objects.filter(pk=waiting.pk).update(state="failed")
    told = repeating.one(asked)
    assert (told.under_way, told.gone) == (False, True)
    assert "never came to an end" in told.message


def test_one_begun_on_the_command_line_ends_within_the_hour(made, office):
    asked = replays.replay_run(office, made, later=False)
    assert repeating.one(asked).under_way
    asked.asked_at -= dt.timedelta(hours=2)
    assert repeating.one(asked).gone


def test_the_last_of_each_run_and_all_of_one(made, judged, office, django_assert_num_queries):
    other = run(world.US, judged, "2026-03")
    first, second = (replays.replay_run(office, made) for _ in range(2))
    run_due("test")
    third = replays.replay_run(office, other)
    with django_assert_num_queries(3):
        found = repeating.repeated([made.pk, other.pk])
    assert (found[made.pk].row, found[other.pk].row) == (second, third)
    assert (found[made.pk].under_way, found[other.pk].under_way) == (False, True)
    assert [one.row for one in repeating.history(made.pk)] == [second, first]
    assert repeating.repeated([]) == {}


def test_progress_is_told_while_it_is_computed(made):
    shares = []
    assert replay(made, shares.append).equal
    assert shares
    assert shares == sorted(shares)
    assert all(0 <= share <= 1 for share in shares)


def kezun(*words, code=0):
    done = CliRunner().invoke(assess_group, [str(w) for w in words])
    assert done.exit_code == code, done.output
    return done.output


def test_the_command_records_as_well(made):
    assert kezun("replay", made.pk).startswith("equal")
    kept = Replay.objects.get()
    assert (kept.equal, kept.asked_by, kept.run) == (True, None, made)
    world.forged(lambda: Run.objects.filter(pk=made.pk).update(result_hash="0" * 64))
    kezun("replay", made.pk, code=5)
    assert Replay.objects.latest("pk").equal is False
    Pin.objects.filter(pk=made.inputs["roster"]).update(body=b"x")
    assert "gone" in kezun("replay", made.pk, code=1)
    assert (Replay.objects.count(), Replay.objects.latest("pk").equal) == (3, None)


def test_from_the_desk_of_a_period(made, office, visit, person_in):
    desk, ask = address("round", made.round_id), address("replay", made.round_id, made.pk)
    client = visit(person_in("auditor", "HO"))
    part = body(client.post(ask, headers={"HX-Request": "true"}))
    kept = Replay.objects.get()
    shown = address("replayed", made.round_id, kept.pk)
    assert "is being computed anew" in part
    assert f'hx-get="{shown}" hx-trigger="every 2s"' in part
    assert "<html" not in part
    assert ">under way<" in body(client.get(desk))
    run_due("test")
    part = body(client.get(shown, headers={"HX-Request": "true"}))
    assert "equal, every byte" in part
    assert "every 2s" not in part
    assert kept.asked_by.name in part
    page = body(visit(office).get(desk))
    assert ">equal<" in page
    assert shown in page
    answer = client.post(ask)
    assert answer["Location"] == address("replayed", made.round_id, Replay.objects.latest("pk").pk)
    assert "<html" in body(client.get(answer["Location"]))


def test_the_desk_names_who_differs(made, office, visit, bank):
    row = Score.objects.get(run=made, unit=bank["O1"])
    world.forged(lambda: Score.objects.filter(pk=row.pk).update(grade="金"))
    kept = replays.replay_run(office, made)
    run_due("test")
    page = body(visit(office).get(address("replayed", made.round_id, kept.pk)))
    assert "does not come out as it did" in page
    assert str(bank["O1"]) in page
    assert "<td>金</td>" in page


def test_a_repetition_of_another_round_is_not_found(made, office, visit):
    kept = replays.replay_run(office, made)
    assert visit(office).get(address("replayed", made.round_id + 1, kept.pk)).status_code == 404
    assert visit(office).get(address("replayed", made.round_id, kept.pk + 1)).status_code == 404


def test_the_page_of_the_run_lists_all_of_them(made, office, visit):
    client, page = visit(office), address("one_run", made.pk)
    assert "Not repeated yet." in body(client.get(page))
    answer = client.post(address("replay_run", made.pk))
    assert answer["Location"] == page
    assert "every 2s" in body(client.get(page))
    run_due("test")
    world.forged(lambda: Run.objects.filter(pk=made.pk).update(result_hash="0" * 64))
    client.post(address("replay_run", made.pk))
    run_due("test")
    part = body(client.get(page, headers={"HX-Target": "repeated"}))
    assert "<html" not in part
    assert part.index(">different<") < part.index(">equal<")
    assert code_version() in part
    assert office.name in part
