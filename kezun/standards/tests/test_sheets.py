"""Filling, submitting, correcting sheets."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, transaction
from django.utils import timezone

from kezun.kernel.actor import Denied, OutOfScope
from kezun.org.models import UnitTag
from kezun.standards import actions, queries
from kezun.standards import answers as answering
from kezun.standards.models import Evidence, Sheet
from kezun.standards.tests.world import GOOD, SYSTEM, begun, photo, published, submitted, text

pytestmark = pytest.mark.django_db


@pytest.fixture
def office(person_in):
    return person_in("service_office", "HO")


@pytest.fixture
def supervisor(person_in):
    return person_in("supervisor", "S1")


@pytest.fixture
def standard(bank):
    return published()


def lacks(caught) -> dict[str, str]:
    return {lack.criterion: lack.code for lack in caught.value.lacks}


def test_the_edition_of_the_day_of_the_visit_is_pinned(standard, supervisor, bank):
    today = timezone.localdate()
    later = published(version="2", start=f"{today}", supersedes="1")
    assert begun(supervisor, bank["O1"]).standard == later
    yesterday = begun(supervisor, bank["O1"], visited=today - dt.timedelta(days=1))
    assert yesterday.standard == standard
    assert (yesterday.announced, yesterday.blind, yesterday.state) == (True, False, "draft")


def test_the_profile_is_that_of_the_day(standard, supervisor, bank):
    today = timezone.localdate()
    gone = today - dt.timedelta(days=3)
    UnitTag.objects.create(unit=bank["O1"], tag="street-front", to_date=gone)
    assert begun(supervisor, bank["O1"]).tags == []
    assert begun(supervisor, bank["O1"], visited=gone).tags == ["street-front"]


def test_the_key_of_the_device_makes_one_sheet(standard, supervisor, bank, person_in):
    key = uuid.uuid4()
    first = begun(supervisor, bank["O1"], key=key)
    assert begun(supervisor, bank["O1"], key=key) == first
    assert Sheet.objects.count() == 1
    with pytest.raises(ValidationError):
        begun(supervisor, bank["O2"], key=key)
    with pytest.raises(ValidationError):
        begun(person_in("outlet_manager", "O1"), bank["O1"], key=key)


@pytest.mark.parametrize("days", [-1, 91])
def test_a_visit_is_neither_in_the_future_nor_long_ago(standard, supervisor, bank, days):
    with pytest.raises(ValidationError) as caught:
        begun(supervisor, bank["O1"], visited=timezone.localdate() - dt.timedelta(days=days))
    assert "visited" in caught.value.message_dict


def test_what_cannot_be_begun(standard, supervisor, bank, person_in):
    with pytest.raises(ValidationError):
        begun(supervisor, bank["O1"], urn="urn:none")
    with pytest.raises(ValidationError) as caught:
        begun(supervisor, bank["O1"], method="电话")
    assert "明查" in str(caught.value)
    with pytest.raises(OutOfScope):
        begun(supervisor, bank["O3"])
    with pytest.raises(Denied):
        begun(person_in("teller", "O1"), bank["O1"])
    with pytest.raises(Denied):
        begun(person_in("lobby_manager", "O1"), bank["O1"], method="暗访")


def test_nothing_to_ask_is_no_sheet(supervisor, bank):
    whole = text()
    head, module = whole.split("  - id: B\n")
    extra = "            applies_to: {any: [never]}\n"
    only = module[module.index("          - id: B1.3") :] + extra
    made = head.replace("  - id: A\n", "  - id: B\n").split("modules:")[0].replace("total: 50", "total: 15")
    made += (
        "modules:\n  - id: B\n    title: 服务\n    points: 15\n    items:\n      - id: B1\n"
        "        title: 大堂\n        points: 15\n        criteria:\n" + only
    )
    actions.install(SYSTEM, text=made, origin="catalog")
    with pytest.raises(ValidationError):
        begun(supervisor, bank["O1"], method="暗访")


def test_saving_merges_and_takes_back(standard, supervisor, bank):
    sheet = begun(supervisor, bank["O1"])
    actions.save_sheet(supervisor, sheet, entries={"A1.1": {"value": "符合", "note": " 好 "}})
    actions.save_sheet(supervisor, sheet, entries={"A1.2": {"value": 3}, "B1.2": {"na": ""}})
    actions.save_sheet(supervisor, sheet, entries={"A1.2": None, "B1.1": {"note": "等五分钟"}})
    sheet.refresh_from_db()
    assert sheet.answers == {
        "A1.1": {"value": "符合", "note": "好"},
        "B1.2": {"na": ""},
        "B1.1": {"note": "等五分钟"},
    }


@pytest.mark.parametrize(
    ("id", "entry"),
    [
        ("A1.1", {"value": "很好"}),
        ("A1.2", {"value": "-1"}),
        ("A1.2", {"value": "许多"}),
        ("B1.1", {"na": "不看"}),
        ("B1.3", {"value": "是"}),
        ("X", {"value": "是"}),
    ],
)
def test_what_can_never_be_right_is_refused_at_once(standard, supervisor, bank, id, entry):
    sheet = begun(supervisor, bank["O1"])
    with pytest.raises(ValidationError) as caught:
        actions.save_sheet(supervisor, sheet, entries={id: entry})
    assert id in caught.value.messages[0]
    sheet.refresh_from_db()
    assert sheet.answers == {}


def test_only_whoever_began_it_fills_it(standard, supervisor, bank, person_in, office):
    sheet = begun(supervisor, bank["O1"])
    for act in (
        lambda: actions.save_sheet(office, sheet, entries=GOOD),
        lambda: actions.submit_sheet(office, sheet),
        lambda: actions.attach_evidence(office, sheet, photo(), criterion="A1.1"),
    ):
        with pytest.raises(ValidationError):
            act()


def test_submitting_scores_and_settles(standard, supervisor, bank):
    sheet = submitted(supervisor, bank["O1"], entries={"A1.2": {"value": "2"}})
    assert (sheet.state, sheet.earned, sheet.applicable) == ("submitted", Decimal(26), Decimal(30))
    assert sheet.score == Decimal("43.33")
    assert (sheet.veto, sheet.grade_cap, sheet.facts_at) == ([], "", None)
    with pytest.raises(ValidationError):
        actions.save_sheet(supervisor, sheet, entries=GOOD)
    with pytest.raises(DatabaseError), transaction.atomic():
        Sheet.objects.filter(pk=sheet.pk).update(answers={})
    with pytest.raises(DatabaseError), transaction.atomic():
        Sheet.objects.filter(pk=sheet.pk).delete()


def test_the_list_of_what_is_missing(standard, supervisor, bank):
    sheet = begun(supervisor, bank["O1"])
    entries = {"A1.1": {"value": "不符合"}, "B1.1": {"value": "是"}, "B1.2": {"na": ""}}
    actions.save_sheet(supervisor, sheet, entries=entries)
    with pytest.raises(actions.NotSubmittable) as caught:
        actions.submit_sheet(supervisor, sheet)
    assert lacks(caught) == {"A1.1": "no_evidence", "A1.2": "unanswered", "B1.2": "na_without_reason"}
    sheet.refresh_from_db()
    assert sheet.state == "draft"
    actions.attach_evidence(supervisor, sheet, photo(), criterion="A1.1")
    entries = {"A1.2": {"value": "0"}, "B1.2": {"na": "当日无客户"}}
    actions.save_sheet(supervisor, sheet, entries=entries)
    done = actions.submit_sheet(supervisor, sheet)
    assert (done.earned, done.applicable) == (Decimal(16), Decimal(26))


def test_veto_cascade_and_profile(standard, supervisor, bank):
    UnitTag.objects.create(unit=bank["O1"], tag="street-front")
    bad = submitted(supervisor, bank["O1"], entries={"B1.2": {"value": "差"}, "A1.3": {"value": "不符合"}})
    assert (bad.veto, bad.grade_cap, bad.applicable) == (["B1.2"], "达标", Decimal(35))
    away = submitted(supervisor, bank["O2"], entries={"B1.1": {"value": "否"}, "B1.2": None})
    assert (away.earned, away.applicable) == (Decimal(20), Decimal(30))


def test_evidence_is_attached_once_and_can_be_taken_away(standard, supervisor, bank):
    sheet, picture = begun(supervisor, bank["O1"]), photo()
    one = actions.attach_evidence(supervisor, sheet, picture, criterion="A1.1")
    assert actions.attach_evidence(supervisor, sheet, picture, criterion="A1.1") == one
    with pytest.raises(ValidationError):
        actions.attach_evidence(supervisor, sheet, picture, criterion="Z")
    actions.detach_evidence(supervisor, sheet, evidence=one.pk)
    assert not Evidence.objects.exists()


def test_a_correction_is_a_new_sheet_by_another_person(standard, supervisor, bank, office):
    first = submitted(supervisor, bank["O1"], entries={"A1.2": {"value": "5"}})
    with pytest.raises(ValidationError):
        actions.correct_sheet(office, first, entries={"A1.2": {"value": "1"}}, reason="")
    with pytest.raises(Denied):
        actions.correct_sheet(supervisor, first, entries={}, reason="1号")
    with pytest.raises(ValidationError):
        actions.correct_sheet(office, first, entries={"Z": {"value": "1"}}, reason="1号")
    after = actions.correct_sheet(office, first, entries={"A1.2": {"value": "1"}}, reason=" 申诉1号 ")
    first.refresh_from_db()
    assert (first.state, first.answers["A1.2"]) == ("corrected", {"value": "5"})
    assert (after.corrects, after.root, after.reason) == (first, first.root, "申诉1号")
    assert (after.earned, after.state, after.inspector) == (Decimal(28), "submitted", supervisor)
    with pytest.raises(ValidationError):
        actions.correct_sheet(office, first, entries={"A1.2": {"value": "0"}}, reason="2号")
    again = actions.correct_sheet(office, after, entries={"A1.2": {"value": "0"}}, reason="2号")
    assert again.root == first.root


def test_nobody_corrects_ones_own_sheet(standard, office, bank):
    own = submitted(office, bank["O1"])
    with pytest.raises(ValidationError):
        actions.correct_sheet(office, own, entries={}, reason="1号")


def test_a_correction_takes_the_evidence_along(standard, supervisor, bank, office):
    sheet = begun(supervisor, bank["O1"])
    actions.save_sheet(supervisor, sheet, entries=GOOD | {"A1.1": {"value": "不符合"}})
    actions.attach_evidence(supervisor, sheet, photo(), criterion="A1.1")
    actions.submit_sheet(supervisor, sheet)
    after = actions.correct_sheet(office, sheet, entries={"A1.2": {"value": "1"}}, reason="3号")
    assert list(after.evidence.values_list("criterion", flat=True)) == ["A1.1"]


def test_void_by_its_inspector_while_open_by_the_office_after(standard, supervisor, bank, office):
    sheet = begun(supervisor, bank["O1"])
    with pytest.raises(ValidationError):
        actions.void_sheet(supervisor, sheet, reason=" ")
    assert actions.void_sheet(supervisor, sheet, reason="选错网点").state == "void"
    done = submitted(supervisor, bank["O1"])
    with pytest.raises(Denied):
        actions.void_sheet(supervisor, done, reason="不算")
    assert actions.void_sheet(office, done, reason="重复检查").facts_at is None


def test_who_sees_which_sheets(standard, supervisor, bank, office, person_in):
    open_ = submitted(supervisor, bank["O1"])
    covert = begun(supervisor, bank["O1"], method="暗访")
    assert (covert.announced, covert.blind) == (False, True)
    assert set(queries.sheets_for(supervisor)) == {open_, covert}
    assert set(queries.sheets_for(office)) == {open_, covert}
    assert set(queries.sheets_for(person_in("outlet_manager", "O1"))) == {open_}
    assert not queries.sheets_for(person_in("outlet_manager", "O2")).exists()
    assert not queries.sheets_for(person_in("teller", "O1")).exists()
    assert set(Sheet.objects.visible_to(SYSTEM)) == {open_, covert}
    with pytest.raises(OutOfScope):
        queries.sheet_by_id(person_in("outlet_manager", "O1"), covert.pk)


def test_answers_as_the_rules_take_them(standard):
    made = queries.standard_of(standard)
    stored = {"A1.1": {"value": "符合"}, "A1.2": {"value": "2"}, "B1.2": {"na": "无"}, "A1.3": {"note": "n"}}
    given = answering.given_in(made, stored)
    assert given["A1.2"] == Decimal(2)
    assert given["B1.2"].reason == "无"
    assert "A1.3" not in given
    assert answering.given_in(made, {"A1.2": {"value": "x"}, "Z": {"value": "1"}}) == {"A1.2": "x", "Z": "1"}


def test_an_overlay_asks_beside_the_standard(supervisor, bank):
    published(start="2025-01-01")
    today = timezone.localdate()
    overlay = text("节日", start=f"{today - dt.timedelta(days=1)}", end=f"{today + dt.timedelta(days=30)}")
    overlay = overlay.replace("urn:test:std:outlet", "urn:test:std:feast").replace("id: A1", "id: C1")
    overlay = overlay.replace("id: B1", "id: D1").replace("zero: [B1.2]", "zero: [D1.2]")
    overlay = (
        overlay.replace("id: A\n", "id: C\n")
        .replace("id: B\n", "id: D\n")
        .replace(
            "covert:",
            'kind: overlay\nover: {standard: "urn:test:std:outlet", version: "1", event: 节日}\ncovert:',
        )
    )
    actions.install(SYSTEM, text=overlay, origin="catalog")
    sheet = begun(supervisor, bank["O1"], urn="urn:test:std:feast")
    asked = queries.whole(sheet.standard)
    assert {"A1.1", "C1.1"} <= {c.id for c in asked.criteria()}
    entries = GOOD | {id.replace("A", "C").replace("B", "D"): entry for id, entry in GOOD.items()}
    actions.save_sheet(supervisor, sheet, entries=entries)
    assert actions.submit_sheet(supervisor, sheet).applicable == Decimal(30)
