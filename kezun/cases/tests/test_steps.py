"""Steps on the pages: their forms, doing them, and what happens to what was typed when they are refused."""

from __future__ import annotations

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from kezun.cases import actions, kinds, queries
from kezun.cases.forms_step import ASKED, StepForm
from kezun.cases.models import Case, Petition
from kezun.cases.rules.verbs import VERBS
from kezun.kernel.file import open_file
from kezun.standards.tests.world import photo


@pytest.fixture
def step(client, world):
    """`step(case, "lobby", "take", **values)` sends the form of a step."""

    def send(case, who, verb, **values):
        client.force_login(world[who])
        return client.post(f"/cases/{case.no}/{verb}/", values)

    return send


def png(colour=1, name="a.png"):
    return SimpleUploadedFile(name, open_file(photo(colour).sha256).read(), "image/png")


def test_a_case_goes_the_whole_way_on_the_pages(step, opened):
    case = opened()
    for who, verb, values in (
        ("manager", "accept", {}),
        ("lobby", "take", {}),
        ("lobby", "contact", {"how": "phone"}),
        ("lobby", "propose", {"result": "已增开窗口", "finding": "属实"}),
        ("supervisor", "verify", {}),
        ("lobby", "answer", {"how": "phone", "decision": "道歉"}),
        ("manager", "close", {}),
    ):
        answer = step(case, who, verb, **values)
        assert answer.status_code == 302, (verb, answer.content.decode()[-900:])
        assert answer["Location"] == f"/cases/{case.no}/"
    case.refresh_from_db()
    assert (case.state, case.data["decision"]) == (Case.State.CLOSED, "道歉")


def test_what_is_missing_stands_beside_its_field_and_nothing_typed_is_lost(client, step, opened, world):
    case = actions.do(world["lobby"], opened(), "take")
    answer = step(case, "lobby", "propose", result="", finding="查明是排班不足")
    assert answer.status_code == 422
    form = answer.context["form"]
    assert "result" in form.errors
    assert "查明是排班不足" in answer.content.decode()
    assert Case.objects.get(pk=case.pk).state == Case.State.WORKING


def test_a_gate_says_above_the_form_what_lacks(step, opened, world):
    case = actions.do(world["lobby"], opened(), "take")
    answer = step(case, "lobby", "propose", result="改")
    assert answer.status_code == 422
    assert answer.context["form"].errors
    assert "核查结果" in answer.content.decode()


def test_a_step_that_is_for_others_has_no_form_and_is_refused(client, step, opened, world):
    case = opened()
    client.force_login(world["lobby"])
    assert client.get(f"/cases/{case.no}/note/").status_code == 200
    assert client.get(f"/cases/{case.no}/verify/").status_code == 404
    assert client.get(f"/cases/{case.no}/explode/").status_code == 404
    assert client.get(f"/cases/{case.no}/escalate/").status_code == 404
    assert step(case, "lobby", "escalate", clock="1", step="1").status_code == 404
    assert step(case, "auditor", "note", note="x").status_code == 403
    assert step(case, "far", "note", note="x").status_code == 404
    assert step(case, "lobby", "verify").status_code in (403, 422)
    assert Case.objects.get(pk=case.pk).seq == 1


def test_a_step_that_is_not_possible_any_more_says_so(step, opened, world):
    case = actions.do(world["lobby"], opened(), "take")
    answer = step(case, "lobby", "take")
    assert answer.status_code == 422
    assert "处理中" in answer.content.decode()


def test_sent_twice_it_is_done_once(client, step, opened, world):
    case = opened()
    client.force_login(world["lobby"])
    shown = client.get(f"/cases/{case.no}/note/").content.decode()
    key = re.search(r'name="key" value="([^"]+)"', shown)[1]
    for _time in range(2):
        assert step(case, "lobby", "note", note="一次", key=key).status_code == 302
    assert case.events.filter(verb="note").count() == 1


@pytest.mark.parametrize("verb", [v for v in VERBS if v not in queries.NOT_OFFERED])
def test_every_verb_has_a_form_that_asks_for_all_it_takes(world, opened, verb):
    case = opened()
    form = StepForm(case, kinds.form_of(case.kind), verb)
    for take in VERBS[verb].takes:
        if take.kind == "files":
            assert form.takes_files
        elif take.kind == "party":
            assert "party_role" in form.fields
        else:
            assert take.name in form.fields
            assert take.required == str(form.fields[take.name].label).endswith(" *")
    assert form.as_p()


@pytest.mark.parametrize("what", ASKED)
def test_an_exception_asks_for_what_its_kind_needs(world, opened, what):
    case = opened()
    form = StepForm(case, kinds.form_of(case.kind), "ask", initial={"type": what})
    classing = {"urgency", "complexity"} if what == "grade" else set()
    assert set(form.fields) == {"key", "type", *ASKED[what], *classing}


def test_amending_sends_only_what_was_changed(step, client, opened, world):
    case = opened(where="一楼", urgency="usual")
    client.force_login(world["lobby"])
    page = client.get(f"/cases/{case.no}/amend/").content.decode()
    assert "一楼" in page
    assert "账户说明" not in page, "what is sealed is not put right by typing it in the open"
    answer = step(
        case, "lobby", "amend", reason="更正", where="二楼", urgency="usual", complexity="", finding=""
    )
    assert answer.status_code == 302
    event = case.events.get(verb="amend")
    assert '"data":{"where":"二楼"}' in event.body.replace(" ", "")


def test_files_are_kept_through_a_try_that_fails(client, step, opened, world):
    case = opened()
    answer = step(case, "lobby", "attach", files=[png()], stage="")
    assert answer.status_code == 422
    assert "a.png" in answer.content.decode()
    kept = answer.context["kept"]
    assert step(case, "lobby", "attach", kept=kept, stage="work").status_code == 302
    assert case.proofs.get().stage == "work"
    assert step(case, "manager", "attach", kept=kept, stage="after").status_code == 422, "another's ticket"


def test_a_file_that_is_not_what_it_says_is_refused_and_the_others_kept(step, opened):
    case = opened()
    bad = SimpleUploadedFile("b.png", b"<html><script>alert(1)</script>", "image/png")
    answer = step(case, "lobby", "attach", files=[png(), bad], stage="work")
    assert answer.status_code == 422
    assert "b.png" in answer.content.decode()
    assert not case.proofs.exists()
    assert step(case, "lobby", "attach", kept=answer.context["kept"], stage="work").status_code == 302
    assert case.proofs.count() == 1


def test_somebody_is_added(step, opened, world):
    case = opened()
    bad = step(case, "lobby", "party", party_role="named_staff", party_person="nobody")
    assert bad.status_code == 422
    assert bad.context["form"].errors
    good = step(
        case, "lobby", "party", party_role="complainant", party_name="王小明", party_phone="13812345678"
    )
    assert good.status_code == 302
    assert case.parties.get().role == "complainant"
    assert "王小明" not in "".join(case.events.values_list("body", flat=True))


def test_a_request_is_decided_from_the_page(client, step, opened, world):
    case = actions.do(world["lobby"], opened(), "take")
    asked = Petition.objects.create(
        case=case,
        type="waive",
        reason="已自行解决",
        level="superior",
        asked_by=world["lobby"],
        asked_at=timezone.now(),
    )
    client.force_login(world["sub"])
    page = client.get(f"/cases/{case.no}/").content.decode()
    assert f"/refuse/?petition={asked.pk}" in page
    shown = client.get(f"/cases/{case.no}/refuse/?petition={asked.pk}").content.decode()
    assert f'name="petition" value="{asked.pk}"' in shown
    answer = step(case, "sub", "refuse", petition=asked.pk, reason="仍需整改")
    assert answer.status_code == 302
    asked.refresh_from_db()
    assert asked.decision == "refused"
    client.force_login(world["lobby"])
    assert "/refuse/?petition=" not in client.get(f"/cases/{case.no}/").content.decode()


def test_the_form_comes_as_a_drawer_and_as_a_page(client, opened, world):
    case = opened()
    client.force_login(world["manager"])
    page = client.get(f"/cases/{case.no}/reject/").content.decode()
    assert "<html" in page
    drawer = client.get(f"/cases/{case.no}/reject/", headers={"HX-Request": "true"}).content.decode()
    assert "<html" not in drawer
    for text in (page, drawer):
        assert "data-confirm" in text


def test_who_hands_a_case_out_of_their_scope_goes_back_to_their_work(step, opened, world):
    case = opened(actor="other", unit="O1", owner="O1")
    taken = actions.do(world["manager"], case, "take")
    assert step(taken, "manager", "transfer", unit="O3", reason="归口").status_code == 302
    far = opened(actor="far", unit="O3")
    answer = step(far, "far", "assign", unit="O1")
    assert answer["Location"] == f"/cases/{far.no}/", "who registered it still sees it"


def test_names_are_proposed_while_one_types(client, world):
    client.force_login(world["lobby"])
    assert 'value="O1"' in client.get("/cases/names/unit/?unit=O1").content.decode()
    found = client.get("/cases/names/person/?person=lobby").content.decode()
    assert 'value="lobby_manager.O1"' in found
    assert client.get("/cases/names/person/?person=x").content.decode().strip() == ""
    assert client.get("/cases/names/other/").status_code == 404
