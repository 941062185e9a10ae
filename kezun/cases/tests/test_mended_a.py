"""What a tester met on the pages of a case: refusals in words, units beside numbers, honest marks."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone, translation

from kezun.cases import actions, kinds, letters, more_time, queries, timeline, wording
from kezun.cases.forms_step import StepForm
from kezun.cases.models import Case, Clock, Link, Petition
from kezun.cases.rules.clocks import Extension, Policy
from kezun.cases.rules.petitions import left_over
from kezun.cases.tests.test_complaints import CODES, FINDING, REPLY
from kezun.cases.tests.test_intake import form as intake_form
from kezun.cases.tests.test_letters import drawn
from kezun.cases.tests.timing import now_is
from kezun.kernel.actor import SystemActor
from kezun.org.rules.worktime import Basis

LANGUAGES = ("zh-hans", "en")
DECISION = "complaint_decision"
EXTEND = {"type": "extend", "policy": DECISION, "units": 10, "reason": "需调取监控", "notice": "已电话告知"}


@pytest.fixture
def shipped(world):
    kinds.install_all(SystemActor("test"))
    return world


@pytest.fixture
def complaint(shipped):
    """A complaint of O1 that the lobby manager handles."""

    def make(**given) -> Case:
        values = {"title": "等候太久", **CODES, **given}
        case = actions.open_case(shipped["lobby"], "complaint", shipped["bank"]["O1"], values)
        return actions.do(shipped["lobby"], case, "take")

    return make


@pytest.fixture
def get(client, world):
    """`get("lobby", address)` opens a page as somebody."""

    def open_(who, address, **more):
        client.force_login(world[who])
        return client.get(address, **more)

    return open_


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


# --- an extension (11, 12) ---


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_history_tells_the_deadline_of_a_request_once_and_by_its_title(
    shipped, complaint, monkeypatch, language
):
    case = actions.do(shipped["lobby"], complaint(), "ask", EXTEND)
    with translation.override(language):
        (entry,) = [one for one in timeline.history(case, queries.form_of(case)) if one.verb == "ask"]
        paper = sheet_of(case, monkeypatch)
        title = more_time.title_of(case.clocks.get(policy=DECISION))
        amount = "10 个自然日" if language == "zh-hans" else "10 natural days"
        head = translation.gettext("Deadline")
    assert [text for name, text in entry.said if name == head] == [title]
    assert [text for _name, text in entry.said if "10" in text] == [amount]
    assert DECISION not in str(entry.said)
    assert DECISION not in paper
    assert amount in paper


def test_a_request_to_answer_for_it_names_no_deadline(shipped, complaint):
    given = {"type": "account", "person": "teller.O1", "measure": "通报", "reason": "查实"}
    case = actions.do(shipped["lobby"], complaint(), "ask", given)
    (entry,) = [one for one in timeline.history(case, queries.form_of(case)) if one.verb == "ask"]
    assert translation.gettext("Deadline") not in [name for name, _text in entry.said]


def test_only_deadlines_that_run_and_can_be_extended_are_offered_the_decision_first(get, shipped, complaint):
    case = complaint()
    assert case.clocks.filter(policy="complaint_contact", state="running").exists()
    form = get("lobby", f"/cases/{case.no}/ask/?type=extend").context["form"]
    title = more_time.title_of(case.clocks.get(policy=DECISION))
    assert form.fields["policy"].choices == [(DECISION, f"{title}（最多还可延长 45 个自然日）")]
    assert form.fields["units"].label == "延长多少（自然日） *"
    assert form.fields["notice"].label.endswith(" *")
    assert form.fields["notice"].widget.attrs["aria-required"] == "true"


def test_without_any_such_deadline_the_form_says_so(get, world, opened):
    case = actions.do(world["lobby"], opened(), "take")
    form = get("lobby", f"/cases/{case.no}/ask/?type=extend").context["form"]
    assert form.fields["policy"].choices == [("", "该事项目前没有可以延期的时限。")]
    assert not form.fields["notice"].label.endswith("*")
    assert form.fields["units"].label == "延长多少 *"


def test_the_first_offered_is_the_one_that_an_answer_meets(shipped, complaint):
    case = complaint(channel="A52")
    with translation.override("en"):
        found = {clock.policy: clock for clock in case.clocks.all()}
        first = StepForm(
            *(case, queries.form_of(case), "ask"),
            initial={"type": "extend"},
            clocks=[found["complaint_forwarded"], found[DECISION]],
        )
    assert [policy for policy, _name in first.fields["policy"].choices] == ["complaint_forwarded", DECISION]
    assert str(first.fields["units"].label) == "How much more (natural days) *"


def policy_of(basis: str, notice: bool) -> dict:
    more = {"units": 30, "level": "office", "notice": notice}
    return {"basis": basis, "budget": 30, "extensions": [more], "cap": 60, "name": "时限", "name_en": "Limit"}


def test_the_notice_is_marked_as_the_deadline_that_is_meant_wants_it_and_mixed_units_are_not_named(
    shipped, complaint
):
    case = complaint()
    clocks = [
        Clock(case=case, policy="told", snapshot={"policy": policy_of("workday", True)}),
        Clock(case=case, policy="quiet", snapshot={"policy": policy_of("workminute", False)}),
    ]
    for chosen, marked in (("told", True), ("quiet", False), ("", True)):
        form = StepForm(
            *(case, queries.form_of(case), "ask"),
            {"type": "extend", "policy": chosen},
            clocks=clocks,
        )
        assert str(form.fields["notice"].label).endswith(" *") is marked, chosen
        assert form.fields["units"].label == "延长多少 *"
    assert [name for _policy, name in form.fields["policy"].choices] == [
        "时限（最多还可延长 30 个工作日）",
        "时限（最多还可延长 30 工作分钟）",
    ]


def test_a_deadline_can_be_extended_while_it_runs_and_something_is_left(shipped, complaint):
    clock = complaint().clocks.get(policy=DECISION)
    now = timezone.now()
    assert more_time.may_extend(clock, now)
    assert not more_time.may_extend(clock, clock.due_at + dt.timedelta(seconds=1))
    clock.extended = 45
    assert not more_time.may_extend(clock, now)
    clock.extended, clock.state = 0, Clock.State.STOPPED
    assert not more_time.may_extend(clock, now)
    clock.snapshot = {}
    assert (more_time.left(clock), more_time.basis_of(clock), more_time.title_of(clock)) == (0, "", DECISION)
    assert more_time.amount_of("nothing_like_it", 3) == "3"


@pytest.mark.parametrize(("extended", "left"), [(0, 45), (15, 30), (45, 0), (60, 0)])
def test_what_is_left_never_falls_below_nothing(extended, left):
    law = Policy(Basis.NATURAL, 15, extensions=(Extension(15, "office"), Extension(30, "superior")), cap=60)
    assert left_over(law, extended) == left
    assert left_over(Policy(Basis.WORKDAY, 1), extended) == 0


@pytest.mark.parametrize(
    ("n", "basis", "zh", "en"),
    [
        (1, "natural", "1 个自然日", "1 natural day"),
        (15, "natural", "15 个自然日", "15 natural days"),
        (1, "workday", "1 个工作日", "1 workday"),
        (240.0, "workminute", "240 工作分钟", "240 working minutes"),
        (24, "hour24", "24 小时", "24 hours"),
        (0.5, "hour24", "0.5 小时", "0.5 hours"),
        (7, "", "7", "7"),
    ],
)
def test_a_number_is_told_with_what_it_counts(n, basis, zh, en):
    for language, text in (("zh-hans", zh), ("en", en)):
        with translation.override(language):
            assert wording.amount(n, basis) == text
            assert not basis or wording.unit_name(basis).rstrip("s") in text
    assert wording.unit_name("") == ""


def test_numbers_of_an_extension_have_their_unit_on_the_page_and_in_refusals(get, shipped, complaint):
    case = complaint()
    with pytest.raises(ValidationError) as refused:
        actions.do(shipped["lobby"], case, "ask", EXTEND | {"units": 46})
    assert refused.value.message_dict["units"] == ["超出时限政策允许的总量；还可延长 45 个自然日。"]
    with pytest.raises(ValidationError) as refused:
        actions.do(shipped["lobby"], case, "ask", {**EXTEND, "units": 0})
    assert refused.value.message_dict["units"] == ["请填写延长多少；最多还可延长 45 个自然日。"]
    with pytest.raises(ValidationError) as refused:
        actions.do(shipped["lobby"], case, "ask", EXTEND | {"policy": "nope"})
    assert DECISION not in str(refused.value.message_dict["policy"])
    case = actions.do(shipped["lobby"], case, "ask", EXTEND)
    assert "+10 个自然日" in get("lobby", f"/cases/{case.no}/").content.decode()
    case = actions.do(shipped["office"], case, "grant", {"petition": Petition.objects.get().pk})
    page = get("lobby", f"/cases/{case.no}/").content.decode()
    assert "已延期 10 个自然日" in page
    with translation.override("en"):
        assert letters._deadline(case.clocks.get(policy=DECISION))[2] == "10 natural days"
        assert letters._deadline(case.clocks.get(policy="complaint_contact"))[2] == "—"


def test_the_explainer_tells_extensions_with_their_unit(get, world):
    page = get("lobby", f"/deadlines/?policy={DECISION}&start=2026-09-21").content.decode()
    for text in ("可延长 15 个自然日", "可延长 30 个自然日", "自最初起算最长 60 个自然日"):
        assert text in page
    page = get("lobby", "/deadlines/?policy=request_urgent&start=2026-09-21+10:00").content.decode()
    assert "可延长 210 工作分钟" in page


# --- nothing would change (24) ---


def test_a_grade_that_is_none_is_refused_and_not_recorded(shipped, complaint):
    case, manager = complaint(urgency="usual", complexity="simple"), shipped["manager"]
    for given in ({"severity": 4}, {}, {"urgency": "usual"}):
        with pytest.raises(ValidationError) as refused:
            actions.do(manager, case, "grade", {"reason": "复核", **given})
        assert refused.value.message_dict["severity"] == ["没有任何改动：该事项已是这一严重程度。"]
    assert Case.objects.get(pk=case.pk).seq == case.seq
    case = actions.do(manager, case, "grade", {"reason": "复核", "complexity": "complex"})
    assert case.severity == 3
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
        ("grade", {"severity"}),
        ("account", {"person", "measure"}),
        ("extend", {"units"}),
        ("waive", set()),
    ],
)
def test_a_request_marks_what_its_type_demands(shipped, complaint, type_, wanted):
    case = complaint()
    form = StepForm(case, queries.form_of(case), "ask", initial={"type": type_})
    assert marked(form) == {"type", "reason", *wanted}


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


def test_the_moment_at_which_it_is_asked_decides_what_is_offered(world, timed):
    case = timed("2026-09-21T09:00")
    clock = case.clocks.get(policy=DECISION)
    with now_is("2026-10-20T09:00"):
        assert not more_time.may_extend(clock, timezone.now())
