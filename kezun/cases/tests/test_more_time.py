"""More time for a deadline: what is offered, told once and by its title, numbers with what they count."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone, translation

from kezun.cases import actions, clockwords, letters, queries, timeline, wording
from kezun.cases.forms_step import StepForm
from kezun.cases.models import Clock, Petition
from kezun.cases.rules.clocks import Extension, Policy
from kezun.cases.rules.petitions import left_over
from kezun.cases.tests.test_letters import drawn
from kezun.cases.tests.timing import now_is
from kezun.org.rules.worktime import Basis

LANGUAGES = ("zh-hans", "en")
DECISION = "complaint_decision"
EXTEND = {"type": "extend", "policy": DECISION, "units": 10, "reason": "需调取监控", "notice": "已电话告知"}


def sheet_of(case, monkeypatch) -> str:
    """Every text of which the sheet is made."""
    said = drawn(monkeypatch)
    assert letters.sheet(case).startswith(b"%PDF")
    return "\n".join(said)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_history_tells_the_deadline_of_a_request_once_and_by_its_title(
    shipped, complaint, monkeypatch, language
):
    case = actions.do(shipped["lobby"], complaint(), "ask", EXTEND)
    with translation.override(language):
        (entry,) = [one for one in timeline.history(case, queries.form_of(case)) if one.verb == "ask"]
        paper = sheet_of(case, monkeypatch)
        title = clockwords.title_of(case.clocks.get(policy=DECISION))
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
    title = clockwords.title_of(case.clocks.get(policy=DECISION))
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
    assert clockwords.may_extend(clock, now)
    assert not clockwords.may_extend(clock, clock.due_at + dt.timedelta(seconds=1))
    clock.extended = 45
    assert not clockwords.may_extend(clock, now)
    clock.extended, clock.state = 0, Clock.State.STOPPED
    assert not clockwords.may_extend(clock, now)
    clock.snapshot = {}
    assert (clockwords.left(clock), clockwords.basis_of(clock), clockwords.title_of(clock)) == (
        0,
        "",
        DECISION,
    )
    assert clockwords.amount_of("nothing_like_it", 3) == "3"


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


def test_the_moment_at_which_it_is_asked_decides_what_is_offered(world, timed):
    case = timed("2026-09-21T09:00")
    clock = case.clocks.get(policy=DECISION)
    with now_is("2026-10-20T09:00"):
        assert not clockwords.may_extend(clock, timezone.now())
