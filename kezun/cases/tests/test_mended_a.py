"""What a tester met on the pages of a case: refusals in words, units beside numbers, honest marks."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone, translation

from kezun.cases import actions, kinds, letters, queries, wording
from kezun.cases.forms_step import StepForm
from kezun.cases.models import Case, Link, Petition
from kezun.cases.tests.courses import COURSES
from kezun.cases.tests.test_complaints import FINDING, REPLY
from kezun.cases.tests.test_intake import form as intake_form
from kezun.cases.tests.test_letters import drawn
from kezun.kernel.actor import SystemActor

DECISION = "complaint_decision"
EXTEND = {"type": "extend", "policy": DECISION, "units": 10, "reason": "需调取监控", "notice": "已电话告知"}


# --- a step that is not possible (7) ---


@pytest.mark.parametrize(("language", "comma"), [("zh-hans", "、"), ("en", ", ")])
@pytest.mark.parametrize(("who", "more"), [("lobby", "note"), ("supervisor", "reopen")])
def test_a_refusal_names_steps_by_their_buttons_and_those_only_that_one_may_take(
    world, closed, language, comma, who, more
):
    case, person = closed(), world[who]
    ground = queries.standing.Ground(person, case)
    verbs = [offer.verb for offer in queries.allowed_steps(person, case, queries.form_of(case), ground)]
    with translation.override(language):
        with pytest.raises(ValidationError) as refused:
            actions.do(person, case, "close")
        (text,) = refused.value.messages
        told = re.split("[:：]", text.rstrip(".。"))[-1].strip()
        names = [wording.button(verb) for verb in verbs if verb not in queries.BESIDE]
        everything = [wording.button(verb) for verb in queries.form_of(case).verbs(case.state)]
    assert more in verbs
    assert told == comma.join(names)
    assert len(names) < len(everything), "some of them are for others"


def test_the_system_is_only_told_that_it_is_not_possible(closed):
    with pytest.raises(ValidationError) as refused:
        actions.do(SystemActor("test"), closed(), "escalate", {"clock": 1, "step": 1})
    assert refused.value.messages == ["事项处于“已办结”时不能这样做。"]


@pytest.mark.parametrize(("language", "text"), [("zh-hans", "已不能再办理"), ("en", "not possible any more")])
def test_the_address_of_a_step_that_is_over_leads_to_the_case_with_a_word(
    get, client, world, opened, language, text
):
    case = actions.do(world["lobby"], opened(), "take")
    client.cookies["kezun_language"] = language
    answer = get("lobby", f"/cases/{case.no}/take/", follow=True)
    assert answer.redirect_chain == [(f"/cases/{case.no}/", 302)]
    (said,) = [str(message) for message in answer.context["messages"]]
    assert text in said
    assert text in answer.content.decode()
    drawer = get("lobby", f"/cases/{case.no}/take/", headers={"HX-Request": "true"})
    assert (drawer.status_code, drawer["HX-Redirect"]) == (204, f"/cases/{case.no}/")


def test_a_step_that_is_for_others_now_says_so(get, world, opened):
    case = actions.do(world["lobby"], opened(), "take")
    answer = get("manager", f"/cases/{case.no}/propose/", follow=True)
    assert answer.redirect_chain == [(f"/cases/{case.no}/", 302)]
    assert "现在由其他人办理" in answer.content.decode()


def test_what_a_case_of_this_kind_never_knows_is_not_there(get, world, opened):
    case = opened()
    for verb in ("roll_out", "explode", "escalate"):
        assert get("lobby", f"/cases/{case.no}/{verb}/").status_code == 404, verb
    assert get("auditor", f"/cases/{case.no}/take/").status_code == 404, "never theirs"


# --- words that were shared (8, 9, 10) ---


@pytest.mark.parametrize(("language", "text"), [("zh-hans", "提请撤回"), ("en", "Ask for withdrawal")])
def test_a_word_of_its_own_for_asking_to_withdraw_an_edition(language, text):
    with translation.override(language):
        assert translation.gettext("Ask for withdrawal") == text
        assert translation.gettext("Ask") != text


def test_the_button_of_the_dialog_asks_for_withdrawal(get, shipped):
    edition = kinds.kind_now("praise")
    page = get("office", reverse("cases.kind", args=[edition.pk])).content.decode()
    (foot,) = re.findall(r'<dialog class="k-dialog" id="withdraw".*?</dialog>', page, re.S)
    assert '<button class="btn btn-danger">提请撤回</button>' in foot
    assert "推算条件" not in page


@pytest.mark.parametrize(
    ("language", "outcome"), [("zh-hans", "按时完成"), ("en", "In time")], ids=["zh", "en"]
)
def test_the_sheet_says_that_a_deadline_was_met(shipped, complaint, monkeypatch, language, outcome):
    case = actions.do(shipped["lobby"], complaint(), "contact", {"how": "phone"})
    with translation.override(language):
        assert case.clocks.get(policy="complaint_contact").get_outcome_display() == outcome
        text = sheet_of(case, monkeypatch)
    assert outcome in text
    assert "是否按期" not in text


def sheet_of(case, monkeypatch) -> str:
    """Every text of which the sheet is made."""
    said = drawn(monkeypatch)
    assert letters.sheet(case).startswith(b"%PDF")
    return "\n".join(said)


def test_the_head_of_the_ledger_still_asks_whether_it_was_in_time():
    with translation.override("zh-hans"):
        assert translation.gettext("In time") == "是否按期"


def test_late_cases_are_counted_as_cases_and_late_units_as_units(get, world, opened):
    late = opened()
    Case.objects.filter(pk=late.pk).update(act_by_at=timezone.now() - dt.timedelta(days=1))
    line = get("supervisor", "/cases/at/S1/").content.decode()
    assert ">1 件逾期<" in line
    assert "家" not in line
    with translation.override("zh-hans"):
        assert translation.gettext("%(n)s late") == "%(n)s 家逾期"


# --- nothing would change (24) ---


def test_a_grade_that_is_none_is_refused_and_not_recorded(shipped, complaint):
    case, manager = complaint(urgency="usual", complexity="simple"), shipped["manager"]
    for given in ({"severity": 4}, {}, {"urgency": "usual"}):
        with pytest.raises(ValidationError) as refused:
            actions.do(manager, case, "grade", {"reason": "复核", **given})
        assert refused.value.message_dict["severity"] == ["没有任何改动：该事项已是这一严重程度。"]
    assert Case.objects.get(pk=case.pk).seq == case.seq
    case = actions.do(manager, case, "grade", {"reason": "复核", "severity": 3})
    case = actions.do(manager, case, "grade", {"reason": "复核", "severity": 3, "urgency": "raised"})
    assert (case.severity, case.data["urgency"]) == (3, "raised"), "another urgency is a change"


def test_the_same_tie_is_refused_in_words_and_not_recorded(world, opened):
    case, other = opened(), opened()
    case = actions.do(world["manager"], case, "link", {"to": other, "type": "caused_by"})
    with pytest.raises(ValidationError) as refused:
        actions.do(world["manager"], case, "link", {"to": other, "type": "caused_by"})
    assert refused.value.message_dict["to"] == ["没有任何改动：两个事项已按这种方式关联。"]
    fresh = Case.objects.get(pk=case.pk)
    assert (fresh.seq, Link.objects.filter(source=case).count()) == (2, 1)
    actions.do(world["manager"], fresh, "link", {"to": other, "type": "follow_up_of"})
    Link.objects.filter(source=case, type="caused_by").update(ended_at=timezone.now())
    actions.do(world["manager"], fresh, "link", {"to": other, "type": "caused_by"})
    assert Link.objects.filter(source=case, ended_at__isnull=True).count() == 2


# --- marks (25) ---


def marked(form) -> set[str]:
    return {name for name, field in form.fields.items() if str(field.label).endswith(" *")}


def test_putting_right_marks_the_reason_alone(shipped, complaint):
    case = complaint()
    assert marked(StepForm(case, queries.form_of(case), "amend")) == {"reason"}


def test_the_answer_marks_what_its_gate_demands(shipped, complaint):
    case = actions.do(shipped["lobby"], complaint(), "contact", {"how": "phone"})
    case = actions.do(shipped["lobby"], case, "propose", FINDING)
    case = actions.do(shipped["supervisor"], case, "verify")
    form = StepForm(case, queries.form_of(case), "answer")
    assert marked(form) == {"how", *REPLY}
    for name in REPLY:
        given = {"how": "phone", **REPLY} | {name: ""}
        with pytest.raises(ValidationError):
            actions.do(shipped["lobby"], case, "answer", given)
    case = actions.do(shipped["lobby"], case, "answer", {"how": "phone", **REPLY})
    assert case.state == Case.State.ANSWERED


@pytest.mark.parametrize(
    ("type_", "wanted"),
    [
        ("grade", set()),
        ("account", {"person", "measure"}),
        ("extend", {"units"}),
        ("waive", set()),
    ],
)
def test_a_request_marks_what_its_type_demands(shipped, complaint, type_, wanted):
    case = complaint()
    form = StepForm(case, queries.form_of(case), "ask", initial={"type": type_})
    assert marked(form) == {"type", "reason", *wanted}


def test_conditions_that_have_to_hold_are_marked_and_other_ticks_are_not(shipped):
    visit = actions.open_case(
        *(shipped["lobby"], "visit", shipped["bank"]["O1"]),
        {"title": "上门激活", "why_home": "ill", "business": "社保卡", "place": "人民路1号"},
    )
    form = StepForm(visit, queries.form_of(visit), "accept")
    assert {"true_need", "told_papers"} <= marked(form)
    assert form.fields["true_need"].widget.attrs["aria-required"] == "true"
    with pytest.raises(ValidationError) as refused:
        actions.do(shipped["manager"], visit, "accept", {"true_need": True, "told_papers": False})
    assert "材料已告知" in refused.value.messages[0]
    who, unit, given, steps = COURSES["correction"]
    case = actions.open_case(shipped[who], "correction", shipped["bank"][unit], given)
    for actor, verb, values in steps[:1]:
        case = actions.do(shipped[actor], case, verb, values)
    names = marked(StepForm(case, queries.form_of(case), "propose"))
    assert {"cause", "whys"} <= names
    assert "controllable" not in names, "no is an answer too"


# --- a request that is not there (29) ---


@pytest.fixture
def asked(shipped, complaint):
    case = actions.do(shipped["lobby"], complaint(), "ask", EXTEND)
    return case, Petition.objects.get(case=case)


def test_a_request_that_is_none_of_this_case_is_not_there(get, shipped, complaint, asked):
    case, petition = asked
    other = complaint()
    base = f"/cases/{case.no}/grant/"
    assert get("office", f"{base}?petition={petition.pk}").status_code == 200
    for query in ("", "?petition=", "?petition=x", "?petition=-1", f"?petition={petition.pk + 99}"):
        assert get("office", base + query).status_code == 404, query
    assert get("office", f"{base}?petition={'9' * 40}").status_code == 404
    assert get("office", f"/cases/{other.no}/grant/?petition={petition.pk}").status_code == 404


def test_a_request_that_was_decided_leads_back_to_the_case(get, shipped, asked):
    case, petition = asked
    actions.do(shipped["office"], case, "refuse", {"petition": petition.pk, "reason": "无必要"})
    answer = get("supervisor", f"/cases/{case.no}/grant/?petition={petition.pk}", follow=True)
    assert answer.redirect_chain == [(f"/cases/{case.no}/", 302)]
    (said,) = [str(message) for message in answer.context["messages"]]
    petition.refresh_from_db()
    assert petition.get_decision_display() in said


@pytest.mark.parametrize("number", ["", "x", "999999"])
def test_sent_in_all_the_same_the_form_itself_says_so(client, shipped, asked, number):
    case, petition = asked
    client.force_login(shipped["office"])
    answer = client.post(f"/cases/{case.no}/grant/", {"petition": number})
    assert answer.status_code == 422
    form = answer.context["form"]
    assert list(form.errors) == ["__all__"]
    assert form.non_field_errors()[0] in answer.content.decode()
    petition.refresh_from_db()
    assert petition.decision == ""


# --- taking a complaint in (28) ---


def send(client, world, **more):
    client.force_login(world["teller"], backend="kezun.org.signin.Backend")
    return client.post("/complaints/new/", intake_form(**more))


def test_every_mistake_of_a_complaint_is_told_at_once(client, shipped):
    answer = send(client, shipped, unit="NOWHERE", amount="viel", channel="", story="")
    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == {"unit", "amount", "channel", "story"}
    assert not Case.objects.filter(code="complaint").exists()


def test_an_unknown_unit_hides_neither_a_wrong_value_nor_a_wrong_person(client, shipped):
    more = {"unit": "NOWHERE", "amount": "viel", "staff": ["nobody.X"], "received_at": "2099-01-01T10:00"}
    answer = send(client, shipped, **more)
    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == {"unit", "amount", "received_at", "__all__"}
    assert "nobody.X" in str(answer.context["form"].non_field_errors())


def test_a_field_has_one_word_for_one_mistake_and_what_is_right_is_taken(client, shipped):
    answer = send(client, shipped, unit="", reason_code="")
    assert {name: len(texts) for name, texts in answer.context["form"].errors.items()} == {
        **{"unit": 1, "reason_code": 1}
    }
    assert send(client, shipped).status_code == 302
