"""Every kind that is shipped is read, published, opened and goes its way to the end, by roles."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from kezun.cases import actions, catalogs, kinds
from kezun.cases.doing import GATES
from kezun.cases.effects import load
from kezun.cases.models import Case, Party
from kezun.cases.rules.reading import read
from kezun.cases.tests.courses import COURSES, CUSTOMER, STAFF, finding, fitted, remedy
from kezun.kernel.actor import Denied, SystemActor
from kezun.standards.tests.world import photo

SHIPPED = sorted(kinds.FOLDER.glob("*.yaml"))
OWN = ("complaint", "review")


@pytest.fixture
def shipped(world):
    """All kinds of the product, published; the people of the bank."""
    kinds.install_all(SystemActor("test"))
    return world


@pytest.fixture
def begun(shipped):
    """`begun(kind, **other values)` opens a case of a kind as its course begins."""

    def make(kind: str, **more) -> Case:
        who, unit, given, _steps = COURSES[kind]
        return actions.open_case(shipped[who], kind, shipped["bank"][unit], fitted({**given, **more}))

    return make


@pytest.fixture
def until(shipped, begun):
    """`until(kind, verb)` does the steps of a kind's course before a verb."""

    def make(kind: str, verb: str = "", **more) -> Case:
        case = begun(kind, **more)
        for who, step, values in COURSES[kind][3]:
            if step == verb:
                break
            case = actions.do(shipped[who], case, step, fitted(values))
        return case

    return make


def test_every_kind_has_its_course():
    assert {path.stem for path in SHIPPED} == {*COURSES, *OWN}


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_kind_says_everything_in_two_languages(path):
    kind = read(path.read_text(encoding="utf-8"), kinds.known())
    assert kind.id == path.stem
    assert kind.title_en
    assert kind.about
    assert kind.about_en
    assert kind.group
    assert kind.icon
    assert all(f.name_en for f in kind.fields), [f.id for f in kind.fields if not f.name_en]
    assert all(c.name_en for f in kind.fields for c in f.choices)
    assert all(f.table in catalogs.tables() for f in kind.fields if f.type == "code")


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_every_gate_of_a_kind_is_there(path):
    load()
    kind = read(path.read_text(encoding="utf-8"), kinds.known())
    assert {name for step in kind.steps for name in step.gates} <= set(GATES)


@pytest.mark.parametrize("kind", COURSES)
def test_the_whole_way(until, kind):
    case = until(kind)
    assert not case.open
    assert case.verifier_id not in (None, case.handler_id)
    assert case.events.count() == len(COURSES[kind][3]) + 1


def test_kinds_are_published_once(shipped):
    assert kinds.install_all(SystemActor("test")) == []


@pytest.mark.parametrize(("grade", "severity"), [("minor", 3), ("serious", 2), ("major", 1)])
def test_the_grade_of_a_finding_is_its_severity(begun, grade, severity):
    assert begun("correction", complexity=grade).severity == severity


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"whys": "屏幕老化"}, "2"),
        ({"cause_code": "people_conduct", "cause": "员工责任心不强"}, "责怪个人"),
        ({"cause": "粗心大意", "system_cause": "absent"}, "责怪个人"),
        ({"cause_code": "nowhere"}, "nowhere"),
        ({"prevention": ""}, "prevention"),
    ],
)
def test_a_cause_that_explains_nothing_is_refused(shipped, until, more, words):
    case = until("correction", "propose")
    with pytest.raises(ValidationError) as refused:
        actions.do(shipped["manager"], case, "propose", remedy(**more))
    assert words in str(refused.value)
    case.refresh_from_db()
    assert case.state == Case.State.WORKING


def test_a_person_is_a_cause_once_the_system_was_judged(shipped, until):
    case = until("correction", "propose")
    judged = {
        "system_cause": "present",
        "system_reason": "没有班前检查制度,无人负责每日巡检设备,坏了也没有报修渠道",
    }
    case = actions.do(shipped["manager"], case, "propose", remedy(cause_code="people_conduct", **judged))
    assert case.data["system_cause"] == "present"


def test_each_photo_from_before_wants_one_from_after(shipped, until):
    case = until("correction", "propose")
    manager = shipped["manager"]
    actions.do(manager, case, "attach", {"stage": "before", "files": [photo(1), photo(2)]})
    actions.do(manager, case, "attach", {"stage": "after", "files": [photo(3)]})
    with pytest.raises(ValidationError, match="2"):
        actions.do(manager, case, "propose", remedy())
    actions.do(manager, case, "attach", {"stage": "after", "files": [photo(4)]})
    assert actions.do(manager, case, "propose", remedy()).state == Case.State.PROPOSED


@pytest.mark.parametrize("more", [{"hard": "on"}, {"complexity": "major"}])
def test_hard_and_gravest_ones_go_to_a_meeting(shipped, until, more):
    case = until("correction", "propose", **more)
    with pytest.raises(ValidationError):
        actions.do(shipped["manager"], case, "propose", remedy())
    told = {"at": case.received_at, "minutes": "会议研究:更换设备", "measures": "本月更换"}
    case = actions.do(shipped["sub"], case, "meet", told)
    assert case.data["measures"] == "本月更换"
    assert actions.do(shipped["manager"], case, "propose", remedy()).state == Case.State.PROPOSED


def test_a_second_look_is_not_done_on_paper(shipped, until):
    case = until("correction", "verify", recheck="on")
    with pytest.raises(ValidationError):
        actions.do(shipped["supervisor"], case, "verify", {"looked": "photo"})
    assert actions.do(shipped["supervisor"], case, "verify", {"looked": "video"}).state == Case.State.VERIFIED


def test_a_grave_finding_is_not_closed_without_saying_who_answers(shipped, until):
    case = until("correction", "propose", complexity="major")
    actions.do(shipped["sub"], case, "meet", {"at": case.received_at, "minutes": "研究"})
    case = actions.do(shipped["manager"], case, "propose", remedy())
    case = actions.do(shipped["supervisor"], case, "verify", {"looked": "on_site"})
    with pytest.raises(ValidationError):
        actions.do(shipped["manager"], case, "close")
    case = actions.do(shipped["manager"], case, "close", {"no_account": "供应商原因,已另行追偿"})
    assert case.state == Case.State.CLOSED


@pytest.mark.parametrize("lacking", ["true_need", "told_papers"])
def test_a_visit_is_not_accepted_on_half_its_conditions(shipped, begun, lacking):
    case = begun("visit")
    told = {"true_need": "on", "told_papers": "on"} | {lacking: "off"}
    with pytest.raises(ValidationError):
        actions.do(shipped["manager"], case, "accept", told)
    assert not case.events.filter(verb="accept").exists()


@pytest.mark.parametrize("lacking", ["two_staff", "own_will", "papers_checked"])
def test_a_visit_holds_all_five_conditions(shipped, until, lacking):
    case = until("visit", "propose")
    given = fitted(next(values for _who, verb, values in COURSES["visit"][3] if verb == "propose"))
    with pytest.raises(ValidationError):
        actions.do(shipped["lobby"], case, "propose", given | {lacking: "off"})
    assert actions.do(shipped["lobby"], case, "propose", given).state == Case.State.PROPOSED


def test_conditions_cannot_be_gone_around(shipped, begun):
    case = begun("visit")
    case = actions.do(shipped["lobby"], case, "take")
    actions.do(shipped["lobby"], case, "party", {"parties": STAFF})
    actions.do(shipped["lobby"], case, "attach", {"stage": "work", "files": [photo(5)]})
    given = fitted(next(values for _who, verb, values in COURSES["visit"][3] if verb == "propose"))
    with pytest.raises(ValidationError):
        actions.do(shipped["lobby"], case, "propose", given)


def test_two_go_to_a_customers_home(shipped, begun):
    case = begun("visit")
    actions.do(shipped["manager"], case, "accept", {"true_need": "on", "told_papers": "on"})
    actions.do(shipped["lobby"], case, "take")
    actions.do(shipped["lobby"], case, "attach", {"stage": "work", "files": [photo(5)]})
    given = fitted(next(values for _who, verb, values in COURSES["visit"][3] if verb == "propose"))
    actions.do(shipped["lobby"], case, "party", {"parties": [STAFF[0], STAFF[0]]})
    with pytest.raises(ValidationError, match="2"):
        actions.do(shipped["lobby"], case, "propose", given)
    actions.do(shipped["lobby"], case, "party", {"parties": [STAFF[1]]})
    assert actions.do(shipped["lobby"], case, "propose", given).state == Case.State.PROPOSED


def test_who_went_does_not_verify(shipped, until, person_in):
    went = [*STAFF, {"role": "team", "person": "outlet_manager.O1"}]
    case = until("visit", "verify", parties=[CUSTOMER, *went])
    with pytest.raises(ValidationError):
        actions.do(shipped["manager"], case, "verify")
    assert actions.do(shipped["sub"], case, "verify").verifier == shipped["sub"]


@pytest.mark.parametrize(("kind", "field"), [("praise", "praised"), ("interception", "staff")])
def test_who_is_named_does_not_verify(shipped, until, kind, field):
    case = until(kind, "verify", **{field: "outlet_manager.O1"})
    step = next(values for _who, verb, values in COURSES[kind][3] if verb == "verify")
    with pytest.raises(ValidationError):
        actions.do(shipped["manager"], case, "verify", step)
    assert actions.do(shipped["supervisor"], case, "verify", step).state == Case.State.VERIFIED


def test_money_saved_is_kept_in_fen(until):
    case = until("interception", amount="90,000.50")
    assert (case.data["amount"], case.data["saved"]) == (9_000_050, 9_000_000)
    assert "公安" not in str(case.data)


def test_an_interception_is_verified_with_proof(shipped, begun):
    case = begun("interception")
    case = actions.do(shipped["lobby"], case, "propose", {"result": "止付", "outcome": "full", "saved": "1"})
    with pytest.raises(ValidationError):
        actions.do(shipped["manager"], case, "verify")


def test_hard_requests_are_answered_on_site(shipped, until):
    case = until("request", "propose")
    for given in (
        {"manner": "remote"},
        {"manner": "on_site"},
        {"manner": "on_site", "leader": "unit_head.S1"},
    ):
        with pytest.raises(ValidationError):
            actions.do(shipped["sub"], case, "propose", {"result": "已处理", **given})
    case = until("request", "propose", urgency="usual")
    assert (
        actions.do(shipped["sub"], case, "propose", {"result": "好", "manner": "remote"}).handler
        == shipped["sub"]
    )


def test_only_who_asked_says_how_it_went(shipped, until):
    case = until("request", "rate")
    for who in ("sub", "supervisor", "office"):
        with pytest.raises((Denied, ValidationError)):
            actions.do(shipped[who], case, "rate", {"satisfaction": 5})
    assert actions.do(shipped["manager"], case, "rate", {"satisfaction": 2}).satisfaction == 2


def test_who_handled_their_own_request_does_not_rate_it(shipped, begun):
    case = begun("request", owner="O1", urgency="usual")
    manager = shipped["manager"]
    actions.do(manager, case, "take")
    actions.do(manager, case, "propose", {"result": "已解决", "manner": "at_once"})
    actions.do(shipped["supervisor"], case, "verify")
    actions.do(manager, case, "answer", {"how": "phone"})
    with pytest.raises(ValidationError):
        actions.do(manager, case, "rate", {"satisfaction": 5})


def test_a_customer_with_a_problem_gets_a_case(shipped, begun):
    case, lobby = begun("follow_up"), shipped["lobby"]
    told = {"result": "账单有误", "channel": "phone", "reached": "yes", "trouble": "on"}
    with pytest.raises(ValidationError):
        actions.do(lobby, case, "propose", told)
    given = {"title": "账单有误", "source": "customer", "topic": "process", "proposal": "核对账单"}
    other = actions.open_case(lobby, "suggestion", shipped["bank"]["O1"], given)
    actions.do(lobby, other, "link", {"to": case.no, "type": "follow_up_of"})
    with pytest.raises(ValidationError):  # tied already
        actions.do(lobby, other, "link", {"to": case.no, "type": "follow_up_of"})
    assert other.links.count() == 1
    assert actions.do(lobby, case, "propose", told).state == Case.State.PROPOSED
    with pytest.raises(ValidationError):
        actions.do(lobby, other, "link", {"to": other.no, "type": "follow_up_of"})


def test_or_a_reason_why_not(shipped, begun):
    told = {"result": "咨询", "channel": "phone", "reached": "yes", "trouble": "on", "no_case": "当场已解答"}
    assert actions.do(shipped["lobby"], begun("follow_up"), "propose", told).state == Case.State.PROPOSED


@pytest.mark.parametrize(
    ("lines", "about"),
    [
        ("三月 试点", "1"),
        ("2026-03-01", "1"),
        ("2026-03-01 试点\n2026-13-01 推广", "2"),
        ("2026-06-01 后\n2026-03-01 先", ""),
    ],
)
def test_milestones_have_days_in_order(begun, lines, about):
    with pytest.raises(ValidationError) as refused:
        begun("improvement", milestones=lines)
    assert about in refused.value.message_dict["milestones"][0]


def test_who_finds_the_same_shows_it(shipped, until):
    case, manager = until("self_check", "propose"), shipped["manager"]
    with pytest.raises(ValidationError):
        actions.do(manager, case, "propose", {"result": "也坏了", "found": "same"})
    actions.do(manager, case, "attach", {"stage": "before", "files": [photo(9)]})
    assert actions.do(manager, case, "propose", {"result": "也坏了", "found": "same"}).data["found"] == "same"


def test_customers_are_sealed_in_every_kind(until):
    for kind in ("praise", "follow_up", "visit", "interception"):
        case = until(kind)
        texts = " ".join(case.events.values_list("body", flat=True)) + str(case.data) + case.words
        assert CUSTOMER["phone"] not in texts
        assert "人民路" not in texts
        assert Party.objects.get(case=case, role="customer").mark == case.mark


def test_a_finding_needs_what_is_required(shipped):
    with pytest.raises(ValidationError) as refused:
        actions.open_case(
            shipped["office"], "correction", shipped["bank"]["O1"], finding(requirement="", days=0)
        )
    assert {"requirement", "days"} <= set(refused.value.message_dict)
