"""Kinds on the pages: read, drawn, drafted by one and approved by another; cases keep to their edition."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone, translation
from hypothesis import given
from hypothesis import strategies as st

from kezun.cases import actions, catalogs, kinds, kindwords, policies
from kezun.cases.actions import kinds as acts
from kezun.cases.models import Case, Kind
from kezun.cases.pages.kinds import checked, holds, renewed
from kezun.cases.rules.diagram import EARLY, ROW, diagram
from kezun.cases.rules.kinds import GATES, STATES, TYPES, Step
from kezun.cases.rules.reading import OWNERS, read
from kezun.cases.tests.conftest import KIND
from kezun.kernel.actor import Denied

NEXT = KIND.replace('version: "1"', 'version: "2"')


@pytest.fixture
def second(person_in):
    """Another member of the service office."""
    return person_in("service_office", "P1")


def test_the_library_names_every_kind_and_every_deadline_with_its_law(client, shipped):
    client.force_login(shipped["teller"])
    page = client.get("/cases/kinds/").content.decode()
    for row in kinds.kinds_now().values():
        assert row.title in page
    for policy in policies.policies().values():
        assert policy.name in page
    assert "依据数字未核实" in page
    assert "新类别" not in page
    client.force_login(shipped["office"])
    assert "/cases/kinds/begin/" in client.get("/cases/kinds/").content.decode()


def test_how_many_are_open_leads_to_them(client, world, opened):
    opened()
    client.force_login(world["office"])
    assert 'href="/cases/?kind=trial">1</a>' in client.get("/cases/kinds/").content.decode()
    client.force_login(world["far"])
    assert "?kind=trial" not in client.get("/cases/kinds/").content.decode()


def test_every_kind_that_is_shipped_is_read_and_drawn(client, shipped):
    client.force_login(shipped["auditor"])
    for row in kinds.kinds_now().values():
        form = kinds.form_of(row)
        page = client.get(f"/cases/kinds/{row.pk}/").content.decode()
        for field in form.fields:
            assert field.name in page
        for box in diagram(form.steps).boxes:
            assert kindwords.state_name(box.state) in page
        assert page.count('class="c-way"') == len(diagram(form.steps).lines)
        text = client.get(f"/cases/kinds/{row.pk}/text/")
        assert text.content.decode() == row.text
        assert "attachment" in text["Content-Disposition"]


def test_every_word_of_a_kind_has_words():
    assert set(kindwords.TYPES) == set(TYPES)
    assert set(kindwords.OWNERS) == set(OWNERS)
    assert set(GATES) <= set(kindwords.GATES)


def test_when_a_deadline_runs_is_said(shipped):
    told = kindwords.clocks(kinds.form_of(kinds.kind_now("complaint")))
    assert any("复杂程度" in one.when and "未填写" in one.when for one in told)
    assert all(one.policy for one in told)


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("zh-hans", "整改方式：限期整改；问题等级：较重、重大"),
        ("en", "How soon: By a day; Grade of the finding: Serious, Major"),
    ],
)
def test_when_a_deadline_runs_is_said_in_the_words_of_the_form(shipped, language, words):
    with translation.override(language):
        told = kindwords.clocks(kinds.form_of(kinds.kind_now("correction")))
    assert words in [one.when for one in told]


@pytest.mark.parametrize(
    ("language", "words"),
    [("zh-hans", ("1 个工作日", "0.5 小时")), ("en", ("1 workday ", "0.5 hours"))],
)
def test_how_long_a_deadline_is_is_said_as_one_says_it(client, shipped, language, words):
    client.force_login(shipped["auditor"])
    client.cookies["kezun_language"] = language
    page = client.get("/cases/kinds/").content.decode()
    for word in words:
        assert f'<td class="k-nowrap">{word}' in page


def steps():
    return st.lists(
        st.builds(
            Step,
            verb=st.sampled_from(["accept", "take", "propose", "withdraw", "note"]),
            states=st.lists(st.sampled_from(STATES), min_size=1, max_size=5).map(tuple),
            to=st.sampled_from([*STATES, ""]),
        ),
        max_size=12,
    )


@given(steps())
def test_everything_that_moves_is_in_the_drawing(told):
    made = diagram(told)
    boxes = {box.state for box in made.boxes}
    pairs = {(line.start, line.end) for line in made.lines}
    for step in told:
        for state in step.states:
            if not step.to:
                continue
            if step.to in EARLY:
                assert any(
                    e.state == step.to and state in e.sources and e.verb == step.verb for e in made.early
                )
            elif state != step.to and {state, step.to} <= boxes:
                assert (state, step.to) in pairs
    assert all(0 <= box.x <= made.width for box in made.boxes)
    assert all(box.y <= made.height for box in made.boxes)
    assert len({(box.x, box.y) for box in made.boxes}) == len(made.boxes)


def test_the_row_follows_the_course():
    made = diagram(catalogs.flows()["full"])
    row = [box.state for box in sorted(made.boxes, key=lambda b: b.x) if box.y == made.boxes[0].y]
    assert row == list(ROW)
    waiting = next(box for box in made.boxes if box.state == "waiting")
    working = next(box for box in made.boxes if box.state == "working")
    assert waiting.x == working.x
    assert waiting.y > working.y
    back = next(line for line in made.lines if (line.start, line.end) == ("proposed", "working"))
    assert back.verbs == ("send_back",)
    assert {end.verb for end in made.early} == {"reject", "withdraw", "merge"}


def test_a_draft_goes_through_two_persons(client, world, second):
    client.force_login(world["office"])
    shown = kinds.kind_now("trial")
    answer = client.post(f"/cases/kinds/{shown.pk}/copy/")
    draft = Kind.objects.get(state="draft")
    assert answer["Location"] == f"/cases/kinds/{draft.pk}/edit/"
    assert (draft.version, draft.from_date) == ("2", timezone.localdate() + dt.timedelta(days=1))
    text = draft.text.replace("试验事项", "改名后的事项")
    page = client.get(f"/cases/kinds/{draft.pk}/edit/").content.decode()
    assert "试验事项" in page
    assert client.post(f"/cases/kinds/{draft.pk}/edit/", {"text": text}).status_code == 302
    client.post(f"/cases/kinds/{draft.pk}/decide/propose/")
    client.post(f"/cases/kinds/{draft.pk}/decide/approve/", {"doc_no": "x"})
    draft.refresh_from_db()
    assert draft.state == Kind.State.PROPOSED, "whoever proposed it does not approve it"
    client.force_login(second)
    client.post(f"/cases/kinds/{draft.pk}/decide/refuse/", {"reason": "字段不全"})
    draft.refresh_from_db()
    assert (draft.state, draft.note) == (Kind.State.DRAFT, "字段不全")
    acts.propose_kind(world["office"], draft)
    client.post(f"/cases/kinds/{draft.pk}/decide/approve/", {"doc_no": "办发1号"})
    draft.refresh_from_db()
    assert (draft.state, draft.title, draft.doc_no) == (Kind.State.PUBLISHED, "改名后的事项", "办发1号")
    assert not holds(draft, timezone.localdate())
    assert holds(draft, timezone.localdate() + dt.timedelta(days=1))


def test_a_proposal_is_sent_back_with_a_reason_and_only_while_it_is_one(world, second):
    draft = acts.draft_kind(world["office"], text=NEXT)
    with pytest.raises(ValidationError):
        acts.refuse_kind(second, draft, reason="还没有送审")
    acts.propose_kind(world["office"], draft)
    with pytest.raises(ValidationError):
        acts.refuse_kind(second, draft, reason=" ")
    draft.refresh_from_db()
    assert draft.state == Kind.State.PROPOSED
    assert acts.refuse_kind(second, draft, reason="字段不全").note == "字段不全"
    draft.refresh_from_db()
    assert draft.state == Kind.State.DRAFT
    with pytest.raises(Denied):
        acts.refuse_kind(world["lobby"], draft, reason="不归我管")


def test_a_case_keeps_to_the_edition_it_was_opened_under(client, world, opened, second):
    case = opened()
    text = NEXT.replace("试验事项", "新名").replace("2020-01-01", f"{timezone.localdate():%Y-%m-%d}")
    draft = acts.draft_kind(world["office"], text=text)
    acts.propose_kind(world["office"], draft)
    acts.approve_kind(second, draft)
    assert kinds.kind_now("trial").version == "2"
    client.force_login(world["lobby"])
    assert "试验事项" in client.get(f"/cases/{case.no}/").content.decode()
    assert actions.do(world["lobby"], Case.objects.get(pk=case.pk), "take").kind.version == "1"


def test_a_text_with_mistakes_is_kept_and_its_lines_named(client, world):
    draft = acts.draft_kind(world["office"], text=NEXT)
    bad = NEXT.replace("type: long", "type: novel")
    client.force_login(world["office"])
    client.post(f"/cases/kinds/{draft.pk}/edit/", {"text": bad})
    draft.refresh_from_db()
    assert "novel" in draft.text
    page = client.get(f"/cases/kinds/{draft.pk}/edit/").content.decode()
    line = next(n for n, text in enumerate(bad.split("\n"), 1) if "novel" in text)
    assert f'data-line="{line}"' in page
    found = client.post(f"/cases/kinds/{draft.pk}/check/", {"text": NEXT}).content.decode()
    assert "c-state" in found
    assert "data-line" not in found
    client.post(f"/cases/kinds/{draft.pk}/decide/propose/")
    draft.refresh_from_db()
    assert draft.state == Kind.State.DRAFT
    assert "novel" in client.get(f"/cases/kinds/{draft.pk}/").content.decode()


def test_what_a_colleague_saved_meanwhile_is_not_written_over(client, world):
    draft = acts.draft_kind(world["office"], text=NEXT)
    client.force_login(world["office"])
    seen = client.get(f"/cases/kinds/{draft.pk}/edit/").context["seen"]
    acts.save_kind(world["office"], draft, text=NEXT + "\n# later\n")
    answer = client.post(f"/cases/kinds/{draft.pk}/edit/", {"text": NEXT + "# mine", "seen": seen})
    assert answer.status_code == 200
    assert "# mine" in answer.content.decode()
    draft.refresh_from_db()
    assert "# later" in draft.text


def test_a_version_that_is_published_is_not_given_another_text(world, second):
    draft = acts.draft_kind(world["office"], text=KIND.replace("试验事项", "别的"))
    with pytest.raises(ValidationError):
        acts.propose_kind(world["office"], draft)


def test_an_unknown_deadline_or_indicator_is_found(world):
    text = NEXT + "clocks:\n  - {policy: nowhere}\neffect: {indicator: no.such}\n"
    told = [problem["text"] for problem in checked(text)["problems"]]
    assert any("nowhere" in text for text in told)
    assert any("no.such" in text for text in told)


def test_what_was_published_ends_by_two(world, second):
    row = kinds.kind_now("trial")
    with pytest.raises(ValidationError):
        acts.withdraw_kind(world["office"], row, reason="停用")
    acts.ask_kind_withdrawal(world["office"], row, reason="停用")
    acts.refuse_kind_withdrawal(second, row, reason="仍需")
    acts.ask_kind_withdrawal(world["office"], row, reason="停用")
    with pytest.raises(ValidationError):
        acts.withdraw_kind(world["office"], row)
    assert acts.withdraw_kind(second, row).state == Kind.State.WITHDRAWN
    with pytest.raises(ValidationError):
        kinds.kind_now("trial")


def test_a_draft_is_given_up_and_a_published_one_not_edited(client, world):
    draft = acts.draft_kind(world["office"], text=NEXT)
    client.force_login(world["office"])
    assert client.get(f"/cases/kinds/{kinds.kind_now('trial').pk}/edit/").status_code == 302
    client.post(f"/cases/kinds/{draft.pk}/decide/withdraw/", {"reason": "不要了"})
    draft.refresh_from_db()
    assert draft.state == Kind.State.WITHDRAWN
    assert client.post(f"/cases/kinds/{draft.pk}/decide/explode/").status_code == 404


def test_who_does_not_draft_sees_no_drafts(client, world):
    draft = acts.draft_kind(world["office"], text=NEXT)
    client.force_login(world["manager"])
    assert client.get(f"/cases/kinds/{draft.pk}/").status_code == 404
    assert client.post(f"/cases/kinds/{draft.pk}/copy/").status_code == 403
    with pytest.raises(Denied):
        acts.save_kind(world["manager"], draft, text=NEXT)


def test_a_new_kind_is_begun_from_a_text(client, world):
    client.force_login(world["office"])
    assert client.get("/cases/kinds/begin/").status_code == 200
    assert client.post("/cases/kinds/begin/", {"pasted": ""}).status_code == 422
    assert client.post("/cases/kinds/begin/", {"pasted": "no name"}).status_code == 422
    answer = client.post("/cases/kinds/begin/", {"pasted": KIND.replace("id: trial", "id: fresh")})
    assert answer.status_code == 302
    assert Kind.objects.get(urn="fresh").state == Kind.State.DRAFT
    with pytest.raises(ValidationError):
        acts.draft_kind(world["office"], text="x" * (acts.LONGEST + 1))


@pytest.mark.parametrize(
    "valid",
    [
        "valid: {from: 2020-01-01}",
        "valid: {from: 2020-01-01, until: 2021-01-01}",
        "valid:\n  from: 2020-01-01",
    ],
)
def test_the_next_version_keeps_all_but_its_number_and_day(world, valid):
    text = KIND.replace("valid: {from: 2020-01-01}", valid)
    made = read(renewed(text, {"1", "2"}, dt.date(2030, 5, 1)), kinds.known())
    before = read(text, kinds.known())
    assert (made.version, made.start, made.end) == ("3", dt.date(2030, 5, 1), None)
    assert (made.fields, made.steps, made.title) == (before.fields, before.steps, before.title)
