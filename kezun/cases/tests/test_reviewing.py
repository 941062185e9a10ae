"""A review and a part of a complaint: who goes along, who steps back, who is a second pair of eyes."""

from __future__ import annotations

import json

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from kezun.cases import actions, kinds, letters, sealing, standing
from kezun.cases.actions.delegating import delegate
from kezun.cases.models import Party
from kezun.cases.parties import all_along
from kezun.cases.queries import allowed_steps
from kezun.cases.tests.test_complaints import CODES, FINDING, REPLY
from kezun.kernel.actor import Denied
from kezun.org.models import Assignment
from tests.complaining import install

CUSTOMER = {
    "role": "complainant",
    "name": "王女士",
    "phone": "13800001111",
    "id_number": "11010519491231002X",
}
AGENT = {"role": "agent", "name": "李先生", "email": "li@example.com"}
NAMED = {"role": "named_staff", "person": "teller.O1"}


@pytest.fixture
def answered(world):
    """`answered()` a complaint of two people about one, handled at O1 and answered there."""

    def make(verifier: str = "supervisor", **more):
        install()
        given = {"title": "态度", **CODES, "parties": [CUSTOMER, AGENT, NAMED], "story": "原话", **more}
        case = actions.open_case(world["other"], "complaint", world["bank"]["O1"], given)
        case = actions.do(world["office"], case, "assign", {"unit": "S1"})
        for who, verb, said in (
            *(("sub", "take", {}), ("sub", "contact", {"how": "phone"}), ("sub", "propose", FINDING)),
            *((verifier, "verify", {}), ("sub", "answer", {"how": "phone", **REPLY})),
        ):
            case = actions.do(world[who], case, verb, said)
        return case

    return make


def told(case) -> list[tuple]:
    rows = Party.objects.filter(case=case).order_by("pk")
    return [(one.role, one.person and one.person.code, sealing.personal(one)) for one in rows]


def test_the_people_of_a_complaint_come_along_to_its_review(world, answered):
    case = answered()
    review = actions.review(standing.CUSTOMER, case, asked="不认可")
    assert told(review) == [
        ("complainant", None, {"name": "王女士", "phone": "13800001111"}),
        ("agent", None, {"name": "李先生", "email": "li@example.com"}),
        ("named_staff", "teller.O1", {}),
    ]
    assert "王女士" not in "".join(review.events.values_list("body", flat=True)), "sealed here as there"
    assert review.repeat == 0, "a review is no complaint once more"


def test_who_left_the_complaint_does_not_come_along(world, answered):
    case = answered()
    Party.objects.filter(case=case, role="agent").update(ended_at=timezone.now())
    assert [row["role"] for row in all_along(standing.CUSTOMER, case)] == ["complainant", "named_staff"]


def test_what_an_old_ledger_told_stops_no_review(world, answered):
    case = answered()
    Party.objects.filter(case=case, person=None).update(ended_at=timezone.now())
    for role, half in (("complainant", {"name": "王女士", "phone": "138"}), ("agent", {"phone": "12"})):
        sealed = sealing.seal(case, json.dumps(half))
        Party.objects.create(case=case, role=role, sealed=sealed, at=timezone.now())
    assert all_along(standing.CUSTOMER, case) == [
        {"role": "named_staff", "person": Party.objects.get(case=case, role="named_staff").person},
        {"role": "complainant", "name": "王女士"},
    ]


def test_whose_data_were_erased_comes_along_without_them(world, answered):
    case = answered()
    sealing.erase(case)
    assert [row["role"] for row in all_along(standing.CUSTOMER, case)] == ["named_staff"]


def test_who_is_named_in_the_complaint_is_barred_from_its_review_and_its_parts(world, answered, person_in):
    case = answered()
    named = Party.objects.get(case=case, role="named_staff").person
    review = actions.review(standing.CUSTOMER, case, asked="不认可")
    assert standing.Ground(named, review).barred
    assert standing.Ground(world["manager"], review).barred, "nor may who leads them"
    whole = actions.do(world["sub"], case, "reopen", {"reason": "新证据"})
    part = delegate(world["sub"], whole, world["bank"]["O1"], {"title": "查录像", **CODES, "facts": "查"})
    assert standing.Ground(named, part).barred
    assert told(part) == [("named_staff", "teller.O1", {})], "and nothing of the customer"


def test_who_handled_or_verified_the_complaint_does_not_review_it(world, answered):
    case = answered()
    review = actions.review(standing.CUSTOMER, case, asked="不认可")
    assert review.pending_unit.code == "C1"
    Assignment.objects.create(
        person=world["sub"], unit=review.pending_unit, post=Assignment.objects.get(person=world["sub"]).post
    )
    for person in (world["sub"], world["supervisor"]):
        ground = standing.Ground(person, review)
        offered = {one.verb for one in allowed_steps(person, review, kinds.form_of(review.kind), ground)}
        assert "take" not in offered
    with pytest.raises(Denied, match="原投诉"):
        actions.do(world["sub"], review, "take")
    with pytest.raises(ValidationError) as refused:
        actions.do(world["office"], review, "assign", {"unit": "C1", "person": world["sub"].code})
    assert "person" in refused.value.message_dict


def test_who_verified_the_complaint_is_no_second_person_of_its_review(world, answered, person_in):
    review = actions.review(standing.CUSTOMER, answered(), asked="不认可")
    fresh = person_in("unit_head", "C1")
    review = actions.do(fresh, review, "take")
    review = actions.do(fresh, review, "propose", {"result": "维持", "finding": "kept"})
    with pytest.raises(Denied, match="原投诉"):
        actions.do(world["supervisor"], review, "verify")
    assert actions.do(world["office"], review, "verify").state == "verified"


def test_the_reply_to_a_review_has_an_addressee(answered):
    review = actions.review(standing.CUSTOMER, answered(), asked="不认可")
    assert letters.addressee(review)["name"] == "王女士"
