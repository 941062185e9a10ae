"""The complaint as shipped: classification, severity, cause, reply, the same again, the review above."""

from __future__ import annotations

import datetime as dt

import pytest
import yaml
from django.core.exceptions import ValidationError
from django.utils import timezone, translation

from kezun.cases import actions, catalogs, kinds, standing
from kezun.cases.models import Case, Link
from kezun.cases.rules.kinds import ENDED
from kezun.kernel.actor import Denied, OutOfScope, SystemActor

CODES = {"channel": "A11", "business": "B11", "reason_code": "C0102"}
FINDING = {
    **{"result": "等候 70 分钟属实", "finding": "upheld", "fault": "whole"},
    **{"cause_code": "method_control", "cause": "午间只开一个窗口，弹性窗口规定没有触发条件"},
}
REPLY = {"decision": "道歉并增开窗口", "reasons": "属实", "basis": "弹性窗口办法", "onward": "可申请核查"}


@pytest.fixture
def world(world):
    for name in ("complaint", "review"):
        text = (kinds.FOLDER / f"{name}.yaml").read_text(encoding="utf-8")
        kinds.install_kind(SystemActor("test"), text=text, origin="test")
    return world


@pytest.fixture
def complain(world):
    """`complain("lobby", "O1", phone="…", **given)` takes a complaint in."""

    def make(actor="lobby", unit="O1", phone="", **given) -> Case:
        people = [{"role": "complainant", "name": "王女士", "phone": phone}] if phone else []
        values = {"title": "等候太久", **CODES, "parties": people, **given}
        who = world[actor] if isinstance(actor, str) else actor
        return actions.open_case(who, "complaint", world["bank"][unit], values)

    return make


@pytest.fixture
def working(world, complain):
    def make(**given) -> Case:
        case = complain(**given)
        case = actions.do(world["lobby"], case, "take")
        return actions.do(world["lobby"], case, "contact", {"how": "phone"})

    return make


@pytest.fixture
def answered(world, working):
    def make(**given) -> Case:
        case = working(**given)
        actions.do(world["lobby"], case, "propose", FINDING)
        actions.do(world["supervisor"], case, "verify")
        return actions.do(world["lobby"], case, "answer", {"how": "phone", **REPLY})

    return make


def test_shipped_kinds_and_tables_are_sound(world):
    form = kinds.form_of(kinds.kind_now("complaint"))
    assert form.public
    for field in form.fields:
        if field.type == "code":
            assert field.table in catalogs.tables(), field.id
    for name in ("complaint_channel", "complaint_business", "complaint_reason"):
        table = catalogs.tables()[name]
        assert not table.verified, "no public source settles these codes"
        assert table.source
        for code in table.codes.values():
            assert code.name_en, code.id
            assert not code.parent or code.parent in table.codes, code.id
            assert code.id.startswith(code.parent)


def test_numbers_of_a_pack_stand_over_ours(settings, tmp_path):
    settings.KEZUN_HOME = tmp_path
    place = tmp_path / "packs" / "own" / "cases" / "settings"
    place.mkdir(parents=True)
    (place / "complaints.yaml").write_text(yaml.safe_dump({"repeat_days": 7}))
    catalogs.forget()
    try:
        assert catalogs.numbers("complaints")["repeat_days"] == 7
        assert catalogs.numbers("complaints")["same_days"] == 90
    finally:
        catalogs.forget()


@pytest.mark.parametrize(
    ("urgency", "complexity", "severity"),
    [
        ("urgent", "complex", 1),
        ("urgent", "simple", 2),
        ("raised", "complex", 2),
        ("usual", "simple", 4),
        ("usual", "complex", 3),
        (None, None, 3),
    ],
)
def test_severity_comes_from_urgency_and_complexity(complain, urgency, complexity, severity):
    given = {k: v for k, v in (("urgency", urgency), ("complexity", complexity)) if v}
    assert complain(**given).severity == severity


@pytest.mark.parametrize("name", sorted(CODES))
def test_a_complaint_is_classified_on_all_three_axes(complain, name):
    with pytest.raises(ValidationError) as refused:
        complain(**{name: ""})
    assert name in refused.value.message_dict
    with pytest.raises(ValidationError) as refused:
        complain(**{name: "Z9"})
    assert "Z9" in refused.value.message_dict[name][0]


def test_the_whole_way_with_cause_and_reply(answered):
    case = answered(amount="1234.5")
    assert case.state == "answered"
    assert case.data["amount"] == 123450
    assert case.data["cause_code"] == "method_control"


@pytest.mark.parametrize(
    ("changes", "passes"),
    [
        ({"cause": "员工责任心不强", "cause_code": "people"}, False),
        ({"cause": "", "cause_code": ""}, False),
        ({"cause": "员工责任心不强", "system_cause": "present", "system_reason": "换班没有交接规定"}, True),
        ({"fault": "nothing", "cause": "", "cause_code": ""}, True),
    ],
)
def test_blaming_somebody_is_no_cause(world, working, changes, passes):
    case = working()
    if passes:
        assert actions.do(world["lobby"], case, "propose", FINDING | changes).state == "proposed"
        return
    with pytest.raises(ValidationError):
        actions.do(world["lobby"], case, "propose", FINDING | changes)
    case.refresh_from_db()
    assert case.state == "working"


def test_nothing_is_proposed_before_the_customer_was_contacted(world, complain):
    case = actions.do(world["lobby"], complain(), "take")
    with pytest.raises(ValidationError):
        actions.do(world["lobby"], case, "propose", FINDING)


@pytest.mark.parametrize("lacking", sorted(REPLY))
def test_a_reply_lacks_nothing(world, working, lacking):
    case = working()
    actions.do(world["lobby"], case, "propose", FINDING)
    actions.do(world["supervisor"], case, "verify")
    with pytest.raises(ValidationError):
        actions.do(world["lobby"], case, "answer", {"how": "phone", **REPLY, lacking: ""})


@pytest.mark.parametrize(
    ("language", "listed"), [("zh-hans", "处理决定、理由、依据"), ("en", "the decision, the reasons")]
)
def test_what_a_reply_lacks_is_listed_as_the_language_lists_things(world, working, language, listed):
    case = working()
    actions.do(world["lobby"], case, "propose", FINDING)
    actions.do(world["supervisor"], case, "verify")
    with translation.override(language), pytest.raises(ValidationError) as refused:
        actions.do(world["lobby"], case, "answer", {"how": "phone"})
    assert listed in str(refused.value)


def test_the_same_customer_within_thirty_days_is_counted(complain):
    now = timezone.now()
    complain(phone="13800001111", received_at=now - dt.timedelta(days=40))
    assert complain(phone="13800001111", received_at=now - dt.timedelta(days=29)).repeat == 1
    case = complain(phone="+86 138-0000-1111", unit="O2", actor="other")
    assert case.repeat == 1
    assert complain(phone="13900002222").repeat == 0


def test_the_same_matter_is_linked_to_the_one_before(complain):
    first, other = complain(), complain(reason_code="C0101")
    second = complain(actor="manager")
    link = Link.objects.get(source=second, type="recurrence_of")
    assert link.target == first
    assert not Link.objects.filter(source=other).exists()
    assert first.fingerprint == second.fingerprint != other.fingerprint


def test_three_customers_with_one_matter_are_proposed_as_a_group(complain):
    for n in range(2):
        case = complain(phone=f"1380000111{n}")
        assert "group" not in case.events.get(verb="open").body
    case = complain(phone="13800001119")
    assert '"group"' in case.events.get(verb="open").body
    assert '"people":3' in case.events.get(verb="open").body


def test_another_classification_is_another_matter(world, complain):
    case = complain()
    before = case.fingerprint
    case = actions.do(world["lobby"], case, "amend", {"reason": "分类有误", "reason_code": "C0101"})
    assert case.fingerprint != before
    assert Case.objects.get(pk=case.pk).fingerprint == case.fingerprint


def test_a_review_goes_to_the_unit_above(world, answered):
    case = answered()
    made = actions.review(standing.CUSTOMER, case, asked="不认可")
    assert made.code == "review"
    assert made.pending_unit.code == "S1"
    assert made.severity == 2
    assert Link.objects.get(source=made).target == case
    assert made.no in case.events.order_by("seq").last().body
    with pytest.raises(ValidationError):
        actions.review(standing.CUSTOMER, case, asked="再来一次")


def test_a_review_needs_an_answer_and_comes_in_time(world, complain, answered):
    with pytest.raises(ValidationError):
        actions.review(standing.CUSTOMER, complain(), asked="不认可")
    late = answered()
    Case.objects.filter(pk=late.pk).update(answered_at=timezone.now() - dt.timedelta(days=40))
    with pytest.raises(ValidationError):
        actions.review(standing.CUSTOMER, late, asked="不认可")


def test_a_review_is_asked_for_only_within_ones_scope(world, answered):
    case = answered()
    with pytest.raises(OutOfScope):
        actions.review(world["far"], case, asked="代客户申请")
    assert actions.review(world["lobby"], case, asked="代客户申请").opener == world["lobby"]


def test_a_complaint_taken_back_ends_the_same_day(world, working):
    case = actions.do(standing.CUSTOMER, working(), "withdraw", {"reason": "已解决"})
    assert case.state == "withdrawn"
    assert case.state in ENDED
    assert case.closed_at is not None
    with pytest.raises(ValidationError):
        actions.do(world["lobby"], case, "propose", FINDING)


def test_staff_do_not_rate_in_the_customers_place(world, answered):
    case = answered()
    with pytest.raises(Denied):
        actions.do(world["lobby"], case, "rate", {"satisfaction": 5})
    assert actions.do(standing.CUSTOMER, case, "rate", {"satisfaction": 4}).satisfaction == 4
