"""A part of a complaint for another department; a review by staff; what the page of a complaint offers."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone

from kezun.cases import actions, kinds, publishing, receipts
from kezun.cases.actions.delegating import delegate
from kezun.cases.models import Case, Link, Party
from kezun.cases.pages.parting import offered
from kezun.cases.tests.test_complaints import CODES, FINDING, REPLY
from tests.complaining import install


@pytest.fixture
def case(world):
    install()
    people = [{"role": "complainant", "name": "王女士", "phone": "13800001111"}]
    given = {"title": "等候太久", **CODES, "urgency": "raised", "parties": people}
    made = actions.open_case(world["manager"], "complaint", world["bank"]["O1"], given)
    actions.do(world["lobby"], made, "take")
    return actions.do(world["lobby"], made, "contact", {"how": "phone"})


@pytest.fixture
def lobby(world, client):
    client.force_login(world["lobby"], backend="kezun.org.signin.Backend")
    return client


SAID = {"unit": "P1", "title": "查机具日志", "facts": "3 月 2 日叫号机"}


def finish(world, case):
    actions.do(world["lobby"], case, "propose", FINDING)
    actions.do(world["supervisor"], case, "verify")
    return actions.do(world["lobby"], case, "answer", {"how": "phone", **REPLY})


def test_the_whole_waits_for_its_part_and_people_stay_behind(world, case, lobby):
    answer = lobby.post(reverse("cases.delegate_part", args=[case.no]), SAID)
    part = Link.objects.get(target=case, type="part_of").source
    assert answer.headers["Location"] == reverse("cases.case", args=[case.no])
    assert (part.pending_unit.code, part.title, part.data["reason_code"]) == ("P1", "查机具日志", "C0102")
    assert not Party.objects.filter(case=part).exists()
    assert part.act_by_at is not None
    case.refresh_from_db()
    with pytest.raises(Exception, match=part.no):
        actions.do(world["lobby"], case, "propose", FINDING)
    actions.do(world["supervisor"], part, "withdraw", {"reason": "日志已无"})
    assert actions.do(world["lobby"], case, "propose", FINDING).state == "proposed"


@pytest.mark.parametrize(("name", "value"), [("unit", "ZZ"), ("title", ""), ("facts", "")])
def test_a_part_says_what_and_to_whom(case, lobby, name, value):
    answer = lobby.post(reverse("cases.delegate_part", args=[case.no]), SAID | {name: value})
    assert answer.status_code == 422
    assert "invalid-feedback" in answer.content.decode()
    assert not Link.objects.exists()


def test_a_review_by_staff(world, case, lobby):
    where = reverse("cases.ask_review", args=[case.no])
    assert lobby.post(where, {"asked": "不认可"}).status_code == 422
    finish(world, case)
    assert lobby.post(where, {"asked": ""}).status_code == 422
    assert lobby.post(where, {"asked": "不认可"}).status_code == 302
    assert Case.objects.get(code="review").data["asked"] == "不认可"


def test_what_is_offered_follows_the_case(world, case):
    before = offered(world["lobby"], case)
    assert before == {"paper": True, "letter": False, "review": False, "part": True, "receipt": False}
    assert offered(world["manager"], case)["receipt"]
    after = offered(world["lobby"], finish(world, case))
    assert after == {"paper": True, "letter": True, "review": True, "part": False, "receipt": False}
    other = Case(code="praise")
    assert offered(world["lobby"], other) == {}


def test_the_page_of_the_case_shows_them(world, case, lobby):
    text = lobby.get(reverse("cases.case", args=[case.no])).content.decode()
    assert reverse("cases.delegate_part", args=[case.no]) in text
    assert reverse("cases.complaint_sheet", args=[case.no]) in text
    assert reverse("cases.letter", args=[case.no]) not in text
    finish(world, case)
    text = lobby.get(reverse("cases.case", args=[case.no])).content.decode()
    assert reverse("cases.letter", args=[case.no]) in text
    assert lobby.get(reverse("cases.ask_review", args=[case.no])).status_code == 200


def part_of(world, case):
    delegate(world["lobby"], case, world["bank"]["P1"], {"title": "查机具日志", "facts": "x", **CODES})
    return Link.objects.get(target=case, type="part_of").source


def test_a_part_is_no_second_complaint(world, case):
    whole_before = Case.objects.filter(code="complaint").counted().count()
    part = part_of(world, case)
    assert part.code == "complaint"
    assert Case.objects.filter(code="complaint").counted().count() == whole_before
    row = publishing.row_of(
        part, publishing.histories_of([part])[part.pk], publishing._codes([part]), timezone.now()
    )
    assert row["part"] is True
    Link.objects.filter(source=part).update(ended_at=timezone.now())
    assert Case.objects.filter(code="complaint").counted().count() == whole_before + 1


def test_a_part_waits_for_no_first_contact_whatever_becomes_of_it(world, case):
    part = part_of(world, case)
    contact = {use.policy for use in kinds.form_of(part.kind).clocks if "contact" in use.stops}
    assert contact
    assert case.clocks.filter(policy__in=contact).exists()
    assert not part.clocks.filter(policy__in=contact).exists()
    assert part.clocks.exists()
    part = actions.do(world["supervisor"], part, "take")
    part = actions.do(world["supervisor"], part, "grade", {"severity": 2, "reason": "影响面大"})
    assert not part.clocks.filter(policy__in=contact).exists()


def test_a_review_is_not_offered_twice(world, case):
    case = finish(world, actions.do(world["lobby"], case, "contact", {"how": "phone"}))
    assert offered(world["lobby"], case)["review"]
    actions.review(world["lobby"], case, asked="再看一次")
    case.refresh_from_db()
    assert not offered(world["lobby"], case)["review"]


def test_a_receipt_is_handed_over_by_who_has_done_nothing_on_the_case(world, opened, lobby):
    install()
    given = {"title": "排队太久", **CODES}
    made = actions.open_case(world["lobby"], "complaint", world["bank"]["O1"], given)
    assert receipts.open_to(world["lobby"], made)
    made = actions.do(world["lobby"], made, "note", {"note": "客户下午在网点"})
    assert receipts.open_to(world["lobby"], made)
    assert lobby.get(f"/complaints/{made.no}/receipt/").status_code == 200
    made = actions.do(world["lobby"], made, "take")
    made = actions.do(world["lobby"], made, "transfer", {"unit": "S1", "reason": "属支行"})
    assert made.handler is None
    assert not receipts.open_to(world["lobby"], made)
    assert lobby.get(f"/complaints/{made.no}/receipt/").status_code == 404


def test_whose_colleague_is_named_hands_no_receipt_over(world):
    install()
    named = [{"role": "named_staff", "person": world["lobby"].code}]
    made = actions.open_case(
        world["lobby"], "complaint", world["bank"]["O1"], {"title": "态度", **CODES, "parties": named}
    )
    assert not receipts.open_to(world["lobby"], made)


def test_a_case_is_not_handed_to_where_it_lies(world, opened):
    case = opened(owner=world["bank"]["O1"])
    with pytest.raises(ValidationError) as caught:
        actions.do(world["manager"], case, "assign", {"unit": "O1"})
    assert "unit" in caught.value.message_dict
    given = {"unit": "O1", "person": world["teller"].code}
    assert actions.do(world["manager"], case, "assign", given).handler == world["teller"]


def test_a_part_is_not_the_same_matter_once_more(world, case):
    """It has the classification of its whole; neither is it a recurrence, nor does anything recur to it."""
    part = delegate(
        world["lobby"], case, world["bank"]["P1"], {**CODES, "title": "查日志", "facts": "叫号机"}
    )
    assert (part.fingerprint, part.repeat) == ("", 0)
    assert not Link.objects.filter(type="recurrence_of").exists()
    assert "recurrence_of" not in part.events.get(verb="open").body
    part = actions.do(world["office"], part, "amend", {"reason": "细化", "reason_code": "C0101"})
    assert part.fingerprint == ""
    given = {
        "title": "又等候太久",
        **CODES,
        "parties": [{"role": "complainant", "name": "李", "phone": "13900002222"}],
    }
    again = actions.open_case(world["manager"], "complaint", world["bank"]["O1"], given)
    assert Link.objects.get(type="recurrence_of", source=again).target == case


def test_what_is_classified_later_gets_its_matter_then(world, case):
    Case.objects.filter(pk=case.pk).update(fingerprint="")
    case.refresh_from_db()
    case = actions.do(world["lobby"], case, "amend", {"reason": "补录", "reason_code": "C0101"})
    assert case.fingerprint
