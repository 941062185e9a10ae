"""A verb happens whole or not at all, once under a key, in order of time, and under the kind of then."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from kezun.cases import actions, doing, engine, kinds
from kezun.cases.models import Case, CaseKey, Clock, Event, Link, Notice, Party, Proof, SealedText
from kezun.cases.tests.conftest import COURSE, KIND
from kezun.cases.tests.test_clocking import RECEIVED, clocked
from kezun.cases.verifying import verify
from kezun.kernel import trail
from kezun.kernel.action import once
from kezun.kernel.actor import Denied, SystemActor
from kezun.kernel.models import StoredFile, TrailEntry
from kezun.standards import approval

__all__ = ["clocked"]
KEPT = (Case, CaseKey, Clock, Event, Link, Notice, Party, Proof, SealedText, TrailEntry)
COMPLAINT = {
    **{"title": "排队", "story": "等了两小时", "account": "尾号5566778899"},
    "parties": [{"role": "complainant", "name": "王女士", "phone": "13800001111"}],
}


class Burst(RuntimeError):
    """Something that nobody reckoned with."""


def counts() -> dict[str, int]:
    return {model.__name__: model.objects.count() for model in KEPT}


@pytest.fixture
def late_fault(monkeypatch):
    """From now on the last of what follows a verb fails, when everything else is written already."""

    def fail(_doing):
        raise Burst

    monkeypatch.setattr(doing, "AFTER", [*doing.AFTER, fail])
    monkeypatch.setattr(engine, "AFTER", [*doing.AFTER])


def test_an_opening_that_fails_late_leaves_nothing(world, late_fault):
    before = counts()
    with pytest.raises(Burst):
        actions.open_case(world["lobby"], "trial", world["bank"]["O1"], COMPLAINT)
    assert counts() == before


@pytest.mark.parametrize(
    ("verb", "given"),
    [
        ("take", {}),
        ("assign", {"unit": "O2"}),
        ("party", {"parties": COMPLAINT["parties"]}),
        ("amend", {"reason": "更正", "account": "尾号7788"}),
        ("attach", {"files": [], "stage": "work"}),
        ("withdraw", {"reason": "撤回"}),
        ("ask", {"type": "grade", "severity": 1, "reason": "影响大"}),
    ],
)
def test_a_verb_that_fails_late_leaves_nothing(world, opened, monkeypatch, verb, given):
    case = opened()
    if verb == "attach":
        file = StoredFile.objects.create(sha256="b" * 64, bytes=8, kind="image/png", name="a.png")
        given = {**given, "files": [file]}
    before, row = counts(), engine.values_of(Case.objects.get(pk=case.pk))

    def fail(_doing):
        raise Burst

    monkeypatch.setattr(engine, "AFTER", [*doing.AFTER, fail])
    with pytest.raises(Burst):
        actions.do(world["manager"], case, verb, given)
    assert counts() == before
    assert engine.values_of(Case.objects.get(pk=case.pk)) == row
    monkeypatch.undo()
    assert actions.do(world["manager"], case, verb, given).seq == 2
    assert verify(case).intact


def test_a_chain_of_verbs_that_fails_half_way_leaves_none_of_them(world, opened):
    """A merger writes two histories: where the second refuses, the first was not written either."""
    one, into = opened(), opened()
    actions.do(world["manager"], into, "withdraw", {"reason": "撤回"})
    before = counts()
    with pytest.raises(ValidationError):
        actions.do(world["manager"], one, "merge", {"into": into.no, "reason": "同一事"})
    assert counts() == before


# --- once ---


def test_the_same_key_twice_does_it_once(world, opened):
    case = opened()
    for _turn in range(3):
        with once("k1"):
            actions.do(world["lobby"], case, "contact", {"how": "phone"})
    assert [event.verb for event in case.events.order_by("seq")] == ["open", "contact"]
    with once("k1"), pytest.raises(ValidationError):
        actions.do(world["lobby"], case, "contact", {"how": "letter"})
    with once("k2"):
        actions.do(world["lobby"], case, "contact", {"how": "letter"})
    with once("k1"):
        actions.do(world["manager"], case, "contact", {"how": "phone"})
    assert case.events.count() == 4


def test_the_same_opening_twice_is_one_case(world):
    made = []
    for _turn in range(2):
        with once("open-1"):
            made.append(actions.open_case(world["lobby"], "trial", world["bank"]["O1"], COMPLAINT))
    assert Case.objects.count() == 1
    assert f"cases.case:{Case.objects.get().pk}" in (str(made[1]), str(getattr(made[1], "pk", "")))


def test_what_was_refused_under_a_key_may_be_tried_again_under_it(world, opened):
    case = opened()
    with once("k1"), pytest.raises(ValidationError):
        actions.do(world["lobby"], case, "contact", {"how": "pigeon"})
    with once("k1"):
        actions.do(world["lobby"], case, "contact", {"how": "phone"})
    assert case.events.count() == 2


def test_every_verb_that_was_done_stands_in_the_trail_and_none_that_was_refused(world, closed):
    before = TrailEntry.objects.filter(verb__startswith="cases.").count()
    case = closed()
    told = TrailEntry.objects.filter(verb__startswith="cases.").order_by("pk")[before:]
    assert [entry.verb for entry in told] == [
        "cases.open",
        *(f"cases.{verb}" for _who, verb, _given in COURSE),
    ]
    assert {entry.target for entry in told} == {f"cases.case:{case.pk}"}
    with pytest.raises(ValidationError):
        actions.do(world["manager"], case, "close")
    assert TrailEntry.objects.filter(verb__startswith="cases.").count() == before + len(told)
    assert trail.key()


# --- in order of time ---


@pytest.mark.parametrize("back", [dt.timedelta(microseconds=1), dt.timedelta(days=400)])
def test_nothing_happens_before_what_happened_last(world, opened, back):
    case = opened()
    with pytest.raises(ValidationError):
        actions.do(world["lobby"], case, "note", {"note": "早先"}, at=case.last_at - back)
    assert actions.do(world["lobby"], case, "note", {"note": "同时"}, at=case.last_at).seq == 2


def test_a_machine_whose_clock_is_behind_still_writes_in_order(world, opened):
    case = opened()
    ahead = timezone.now() + dt.timedelta(minutes=3)
    case = actions.do(world["lobby"], case, "note", {"note": "快表"}, at=ahead)
    case = actions.do(world["lobby"], case, "contact", {"how": "phone"})
    assert list(case.events.order_by("seq").values_list("at", flat=True))[1:] == [ahead, ahead]
    assert case.last_at == ahead


def test_a_first_contact_does_not_lie_before_the_receipt(world, clocked):
    case = clocked()
    for at in (RECEIVED - dt.timedelta(minutes=1), "1999-01-01 00:00"):
        with pytest.raises(ValidationError) as refused:
            actions.do(world["lobby"], case, "contact", {"how": "phone", "at": at})
        assert set(refused.value.message_dict) == {"at"}
    case = actions.do(world["lobby"], case, "contact", {"how": "phone", "at": RECEIVED})
    assert case.contacted_at == RECEIVED
    case = actions.do(world["lobby"], case, "contact", {"how": "visit"})
    assert case.contacted_at == RECEIVED


# --- who has it: handed over, sent back, climbing ---


def where(case: Case) -> tuple[str, str, str, int, str]:
    pending = case.pending_unit.code if case.pending_unit else ""
    return (
        str(case.state),
        case.owner_unit.code,
        pending,
        case.returns,
        case.handler.code if case.handler else "",
    )


def test_sent_back_it_lies_free_with_who_had_it(world, opened):
    case = opened(actor="other")
    case = actions.do(world["other"], case, "assign", {"unit": "O1", "person": "outlet_manager.O1"})
    assert where(case) == ("assigned", "O2", "O1", 0, "outlet_manager.O1")
    case = actions.do(world["manager"], case, "return", {"reason": "不是我网点"})
    assert where(case) == ("accepted", "O2", "", 1, "")
    assert case.owner_post is None


def test_the_whole_ping_pong(world, opened):
    case = opened(actor="other", owner="O1")
    assert where(case) == ("assigned", "O2", "O1", 0, "")
    case = actions.do(world["manager"], case, "return", {"reason": "不是我处"})
    case = actions.do(world["other"], case, "assign", {"unit": "O3"})
    assert where(case) == ("assigned", "O2", "O3", 1, "")
    case = actions.do(world["far"], case, "return", {"reason": "也不是我处"})
    assert where(case) == ("assigned", "O2", "HO", 2, ""), "the lowest unit above both has to settle it"
    case = actions.do(world["office"], case, "take")
    assert where(case) == ("working", "HO", "", 2, "service_office.HO")
    assert verify(case).intact


def test_only_the_unit_that_was_asked_sends_it_back(world, opened):
    case = opened(actor="other", owner="O1")
    with pytest.raises(Denied):
        actions.do(world["other"], case, "return", {"reason": "x"})
    with pytest.raises(Denied):
        actions.do(world["sub"], case, "return", {"reason": "x"})
    assert actions.do(world["manager"], case, "return", {"reason": "x"}).returns == 1


# --- editions of a kind ---

SECOND = KIND.replace('version: "1"', 'version: "2"').replace(
    "  - {id: where,",
    "  - {id: floor, name: 楼层, type: whole, required: true, min: 1, max: 9}\n  - {id: where,",
)


def test_a_case_keeps_to_the_edition_under_which_it_was_opened(world, opened):
    old = opened()
    text = SECOND.replace("from: 2020-01-01", "from: 2021-01-01")
    second = kinds.install_kind(SystemActor("test"), text=text, origin="test")
    with pytest.raises(ValidationError) as refused:
        opened()
    assert set(refused.value.message_dict) == {"floor"}
    new = opened(floor=2)
    assert (old.kind.version, new.kind_id) == ("1", second.pk)
    with pytest.raises(ValidationError):
        actions.do(world["lobby"], old, "amend", {"reason": "补", "floor": 2})
    assert actions.do(world["lobby"], new, "amend", {"reason": "补", "floor": 3}).data["floor"] == 3
    for who, verb, given in COURSE:
        old = actions.do(world[who], old, verb, given)
    assert old.state == Case.State.CLOSED
    assert verify(old).intact
    assert verify(new).intact


def test_the_edition_of_a_day(trial):
    text = SECOND.replace("from: 2020-01-01", "from: 2024-07-01")
    second = kinds.install_kind(SystemActor("test"), text=text, origin="test")
    assert kinds.kind_now("trial", dt.date(2024, 6, 30)).pk == trial.pk
    assert kinds.kind_now("trial", dt.date(2024, 7, 1)).pk == second.pk
    assert kinds.kinds_now(dt.date(2024, 6, 30))["trial"].pk == trial.pk
    with pytest.raises(ValidationError):
        kinds.kind_now("trial", dt.date(2019, 12, 31))


def test_a_kind_that_was_withdrawn_opens_no_case_and_its_cases_go_on(world, opened, trial):
    case = opened()
    asked = approval.ask_withdrawal(world["office"], trial, "不再使用")
    assert opened().pk, "asked for, it still counts"
    approval.withdraw(world["supervisor"], asked, "")
    with pytest.raises(ValidationError) as refused:
        opened()
    assert set(refused.value.message_dict) == {"kind"}
    for who, verb, given in COURSE:
        case = actions.do(world[who], case, verb, given)
    assert case.state == Case.State.CLOSED
    assert verify(case).intact


def test_the_same_edition_is_installed_once(trial, tmp_path):
    (tmp_path / "trial.yaml").write_text(KIND, encoding="utf-8")
    (tmp_path / "more.yaml").write_text(KIND.replace("id: trial", "id: more"), encoding="utf-8")
    made = kinds.install_all(SystemActor("test"), tmp_path, "test")
    assert [kind.urn for kind in made] == ["more"]
    assert kinds.install_all(SystemActor("test"), tmp_path, "test") == []
