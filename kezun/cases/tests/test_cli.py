"""`kezun cases`: every step on the command line, exit codes, words by field."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from django.core.exceptions import ValidationError
from django.db import connection
from django.utils import translation

from kezun.cases import actions
from kezun.cases.actions.verifying import REPLAY, run_replay
from kezun.cases.cli import cases_group
from kezun.cases.models import Case, Event, Proof
from kezun.kernel import frozen
from kezun.kernel.actor import Denied
from kezun.kernel.models import Task, TrailEntry
from kezun.kernel.task import run_due


@pytest.fixture(autouse=True)
def english(settings, tmp_path):
    settings.KEZUN_HOME = tmp_path / "home"
    with translation.override("en"):
        yield


def kezun(*words, code=0, piped=""):
    done = CliRunner().invoke(cases_group, [str(w) for w in words], input=piped)
    assert done.exit_code == code, done.output
    return done


def answer(*words, **more):
    return json.loads(kezun(*words, "--json", **more).output.splitlines()[-1])


def test_a_case_from_registration_to_its_verification(world, tmp_path):
    made = answer("open", "trial", "--unit", "O1", "--set", "title=排队太久", "--as", "lobby_manager.O1")
    assert made["case"].startswith("C")
    assert (made["state"], made["unit"], made["owner"]) == ("registered", "O1", "O1")
    no = made["case"]
    assert answer("do", no, "take", "--as", "lobby_manager.O1")["handler"] == "lobby_manager.O1"
    given = tmp_path / "result.json"
    given.write_text(json.dumps({"result": "已增开窗口", "finding": "属实"}), encoding="utf-8")
    kezun("do", no, "propose", "--given", given, "--as", "lobby_manager.O1")
    kezun("do", no, "verify", "--as", "supervisor.P1")
    shown = answer("show", no, "--as", "supervisor.P1")
    assert [e["verb"] for e in shown["events"]] == ["open", "take", "propose", "verify"]
    assert shown["verifier"] == "supervisor.P1"
    assert shown["fields"] == {"finding": "属实"}
    assert "answer" in shown["possible"]
    assert "take" not in shown["possible"]
    assert "verify" in kezun("show", no).output
    assert answer("verify")["intact"]


def test_values_are_piped_in_and_a_key_makes_a_repeat_harmless(world):
    piped = json.dumps({"title": "设备故障", "urgency": "usual"})
    words = ("open", "trial", "--unit", "O1", "--given", "-", "--key", "k1", "--as", "lobby_manager.O1")
    first, second = (answer(*words, piped=piped) for _n in range(2))
    assert first["case"] == second["case"]
    assert Case.objects.count() == 1
    assert Case.objects.get().data == {"urgency": "usual"}


def test_a_file_is_attached_by_its_path(world, opened, tmp_path):
    case = opened()
    paper = tmp_path / "note.txt"
    paper.write_text("证据", encoding="utf-8")
    words = ("do", case.no, "attach", "--file", paper, "--set", "stage=given", "--as", "lobby_manager.O1")
    kezun(*words)
    assert Proof.objects.get().file.name == "note.txt"
    done = kezun(*words[:4], tmp_path / "none.txt", "--set", "stage=given", code=3)
    assert "none.txt" in done.output


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("open", "trial", "--unit", "XX", "--set", "title=x"), 1, "XX"),
        (("open", "nonsense", "--unit", "O1", "--set", "title=x"), 1, "kind"),
        (("open", "trial", "--unit", "O1"), 1, "title: This is missing"),
        (("open", "trial", "--unit", "O1", "--set", "title"), 2, "NAME=VALUE"),
        (("open", "trial", "--unit", "O1", "--given", "nowhere.json"), 3, "nowhere.json"),
        (("do", "C26-999999", "take"), 1, "C26-999999"),
        (("show", "C26-999999"), 1, "C26-999999"),
        (("list", "--state", "lost"), 2, "lost"),
        (("list", "--as", "nobody"), 2, "nobody"),
    ],
)
def test_what_is_refused_has_its_exit_code_and_words(world, words, code, said):
    assert said in kezun(*words, code=code).output


def test_what_is_piped_in_must_be_an_object(world):
    assert "object" in kezun("open", "trial", "--unit", "O1", "--given", "-", piped="[1]", code=2).output


def test_a_step_that_is_not_possible_says_what_is(world, opened):
    case = opened()
    done = kezun("do", case.no, "close", "--as", "outlet_manager.O1", code=1)
    assert "accept" in done.output
    assert "no such step" in kezun("do", case.no, "explode", code=1).output
    assert kezun("do", case.no, "accept", "--as", "teller.O1", code=1).output


def test_lists_are_of_the_scope_and_the_most_urgent_first(world, opened):
    own, far = opened(), opened(actor="far", unit="O3")
    assert {row["case"] for row in answer("list")} == {own.no, far.no}
    assert [row["case"] for row in answer("list", "--as", "outlet_manager.O1")] == [own.no]
    assert [row["case"] for row in answer("list", "--unit", "O3")] == [far.no]
    assert answer("list", "--kind", "other") == []
    assert answer("list", "--late") == []
    assert own.no in kezun("list", "--state", "registered").output
    assert len(answer("list", "--limit", "1", "--all")) == 1


def test_a_forged_history_is_exit_one_with_the_place(world, closed):
    case = closed()
    assert "8 events" in kezun("verify", "--case", case.no).output
    frozen.lift(connection)
    Event.objects.filter(case=case, seq=3).update(body="{}")
    done = kezun("verify", "--case", case.no, code=1)
    assert f"{case.no}#3" in done.output
    assert not json.loads(kezun("verify", "--json", code=1).output.splitlines()[-1])["intact"]


def test_only_who_may_replays(world, closed):
    closed()
    kezun("verify", "--as", "auditor.HO")
    assert "cases.replay" in kezun("verify", "--as", "teller.O1", code=1).output
    with pytest.raises(Denied):
        actions.replay(world["teller"])


def test_a_worker_replays_and_tells_what_it_found(world, closed):
    case = closed()
    row = actions.replay(world["auditor"])
    assert actions.replay(world["auditor"]) == row
    assert run_due("test") >= 1
    told = Task.objects.get(pk=row.pk).progress["report"]
    assert (told["intact"], told["events"], told["cases"]) == (True, case.seq, 1)
    assert TrailEntry.objects.filter(verb=REPLAY).count() == 2
    run_replay()


def test_the_command_line_is_a_person_or_the_platform(world, opened):
    with pytest.raises(ValidationError):
        actions.do(world["lobby"], opened(), "nonsense")
    made = answer("open", "trial", "--unit", "O1", "--set", "title=系统登记")
    row = Event.objects.filter(case__title="系统登记").get()
    assert row.actor is None
    assert '"actor":"system:cli:' in row.body
    assert made["handler"] is None
