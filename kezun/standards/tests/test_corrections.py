"""Corrections and brought sheets: only what was decided changes, and nothing is taken over unjudged."""

from __future__ import annotations

import dataclasses
import datetime as dt
import uuid
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from kezun.kernel.file import open_file
from kezun.standards import actions, publishing, rules
from kezun.standards import answers as answering
from kezun.standards.actions.bringing import Filled
from kezun.standards.models import Sheet
from kezun.standards.tests.world import GOOD, SYSTEM, URN, begun, photo, published, submitted, text

pytestmark = pytest.mark.django_db
MEASURED = "urn:test:std:measured"
ANSWER = "answer: {type: count_defects, per: 2, floor: 0}"
BANDS = "answer: {type: indicator, ref: floor.answer_rate, bands: [[0.9, 1], [null, 0.5]]}"


@pytest.fixture
def supervisor(person_in):
    return person_in("supervisor", "S1")


@pytest.fixture
def office(person_in):
    return person_in("service_office", "HO")


@pytest.fixture
def measured(bank, monkeypatch):
    """A standard with a measured criterion; returns the values, which the test may change."""
    actions.install(SYSTEM, text=text().replace(URN, MEASURED).replace(ANSWER, BANDS), origin="catalog")
    values = {"floor.answer_rate": "0.95"}
    monkeypatch.setattr(answering, "values_for", lambda standard, unit, day: dict(values))
    return values


def inspected(supervisor, unit) -> Sheet:
    sheet = begun(supervisor, unit, urn=MEASURED)
    actions.save_sheet(supervisor, sheet, entries={id: said for id, said in GOOD.items() if id != "A1.2"})
    return actions.submit_sheet(supervisor, sheet)


def test_what_was_measured_then_is_not_measured_again(measured, supervisor, office, bank):
    sheet = inspected(supervisor, bank["O1"])
    assert (sheet.earned, sheet.indicators) == (Decimal(30), {"floor.answer_rate": "0.95"})
    measured["floor.answer_rate"] = "0.5"
    after = actions.correct_sheet(office, sheet, entries={"A1.1": {"value": "部分符合"}}, reason="3号")
    assert (after.earned, after.indicators) == (Decimal(25), {"floor.answer_rate": "0.95"})


def test_a_value_that_was_lost_does_not_stop_a_correction(measured, supervisor, office, bank):
    sheet = inspected(supervisor, bank["O1"])
    measured.clear()
    assert actions.correct_sheet(office, sheet, entries={"B1.2": {"na": "无"}}, reason="3号").applicable == 26


def test_a_measured_value_is_not_typed_over(measured, supervisor, bank):
    sheet = begun(supervisor, bank["O1"], urn=MEASURED)
    actions.save_sheet(supervisor, sheet, entries=GOOD | {"A1.2": {"value": "0.2"}})
    done = actions.submit_sheet(supervisor, sheet)
    assert (done.earned, done.answers.get("A1.2", {}).get("value")) == (Decimal(30), None)


def test_a_value_that_nobody_measured_may_be_typed(measured, supervisor, bank):
    measured.clear()
    sheet = begun(supervisor, bank["O1"], urn=MEASURED)
    actions.save_sheet(supervisor, sheet, entries=GOOD | {"A1.2": {"value": "0.2"}})
    assert actions.submit_sheet(supervisor, sheet).earned == Decimal(25)


def test_a_correction_names_what_the_sheet_asked(bank, supervisor, office):
    published()
    sheet = submitted(supervisor, bank["O1"])
    for id in ("A1.3", "B1.3"):  # not of this outlet, not of this method
        with pytest.raises(ValidationError, match=id):
            actions.correct_sheet(office, sheet, entries={id: {"value": "是"}}, reason="3号")
    with pytest.raises(ValidationError):
        actions.correct_sheet(office, sheet, entries={}, reason="3号")
    sheet.refresh_from_db()
    assert sheet.state == Sheet.State.SUBMITTED


def test_a_correction_to_the_worse_needs_its_photo_like_any(bank, supervisor, office):
    published()
    sheet = submitted(supervisor, bank["O1"])
    worse = {"A1.1": {"value": "不符合"}}
    with pytest.raises(actions.NotSubmittable) as caught:
        actions.correct_sheet(office, sheet, entries=worse, reason="3号")
    assert [found.code for found in caught.value.lacks] == ["no_evidence"]
    assert not Sheet.objects.filter(corrects=sheet).exists()
    shown = {"A1.1": (photo(3),)}
    after = actions.correct_sheet(office, sheet, entries=worse, reason="3号", evidence=shown)
    assert list(after.evidence.values_list("criterion", flat=True)) == ["A1.1"]
    assert not sheet.evidence.exists()


def test_corrected_twice_the_last_word_counts(bank, supervisor, office):
    published()
    first = submitted(supervisor, bank["O1"])
    second = actions.correct_sheet(office, first, entries={"A1.2": {"value": "2"}}, reason="3号")
    third = actions.correct_sheet(office, second, entries={"A1.2": {"value": "1"}}, reason="4号")
    with pytest.raises(ValidationError):
        actions.correct_sheet(office, first, entries={"A1.2": {"value": "5"}}, reason="5号")
    assert {s.root for s in (first, second, third)} == {first.key}
    assert [s.pk for s in publishing.due()] == [third.pk]
    assert dict(Sheet.objects.values_list("pk", "state")) == {
        first.pk: "corrected",
        second.pk: "corrected",
        third.pk: "submitted",
    }


@pytest.fixture
def brought(bank, supervisor):
    published()
    since = timezone.now() - dt.timedelta(hours=2)
    return Filled(
        key=uuid.uuid4(),
        urn=URN,
        method="明查",
        unit="O1",
        inspector=supervisor.code,
        started_at=since,
        submitted_at=since + dt.timedelta(hours=1),
        visited=timezone.localdate(since),
        answers=GOOD,
    )


def bring(*filled: Filled) -> int:
    return actions.bring_sheets(SYSTEM, filled=filled)


def test_brought_twice_in_one_go_is_once(brought):
    assert bring(brought, brought) == 1
    assert bring(brought) == 0
    assert Sheet.objects.count() == 1


@pytest.mark.parametrize(
    "changed",
    [
        {"method": "抽查"},
        {"method": ""},
        {"method": "暗访"},
        {"answers": {}},
        {"answers": GOOD | {"Z9": {"value": "是"}}},
        {"answers": GOOD | {"B1.3": {"value": "是"}}},
        {"unit": "nowhere"},
        {"urn": "urn:x"},
        {"inspector": "nobody"},
    ],
    ids=lambda changed: ",".join(f"{k}={v}" for k, v in changed.items())[:20],
)
def test_what_cannot_have_been_is_not_taken_over(brought, changed):
    with pytest.raises(ValidationError):
        bring(dataclasses.replace(brought, key=uuid.uuid4(), **changed), brought)
    assert not Sheet.objects.exists(), "all or none"


@pytest.mark.parametrize("days", [-1, 1])
def test_times_of_a_brought_sheet_fit_each_other(brought, days):
    later = timezone.now() + dt.timedelta(days=2)
    if days < 0:
        wrong = {"submitted_at": brought.started_at - dt.timedelta(seconds=1)}
    else:
        wrong = {"started_at": later, "submitted_at": later, "visited": timezone.localdate(later)}
    with pytest.raises(ValidationError):
        bring(dataclasses.replace(brought, **wrong))
    assert not Sheet.objects.exists()


def test_a_brought_sheet_with_measured_values_can_be_corrected(bank, brought, office):
    actions.install(SYSTEM, text=text().replace(URN, MEASURED).replace(ANSWER, BANDS), origin="catalog")
    answers = {id: said for id, said in GOOD.items() if id != "A1.2"}
    bring(
        dataclasses.replace(brought, urn=MEASURED, answers=answers, indicators={"floor.answer_rate": "0.91"})
    )
    sheet = Sheet.objects.get()
    assert sheet.earned == Decimal(30)
    after = actions.correct_sheet(office, sheet, entries={"A1.1": {"value": "部分符合"}}, reason="3号")
    assert (after.earned, after.indicators) == (Decimal(25), {"floor.answer_rate": "0.91"})


def test_the_page_brings_the_photo_of_a_correction(bank, supervisor, office, client):
    published()
    sheet = submitted(supervisor, bank["O1"])
    client.force_login(office)
    address = reverse("standards.correct", args=[sheet.pk])
    told = {f"a-{id}": said["value"] for id, said in GOOD.items()} | {"a-A1.1": "不符合", "reason": "3号"}
    assert client.post(address, told).status_code == 422
    bad = SimpleUploadedFile("a.png", b"<svg onload=alert(1)>", "image/png")
    assert client.post(address, told | {"e-A1.1": bad}).status_code == 422
    with open_file(photo(9).sha256) as stream:
        shown = SimpleUploadedFile("a.png", stream.read(), "image/png")
    client.post(address, told | {"e-A1.1": shown})
    after = Sheet.objects.get(corrects=sheet)
    assert (after.earned, after.evidence.get().criterion) == (Decimal(20), "A1.1")


def test_progress_counts_what_was_measured_after_each_answer_too(measured, supervisor, bank, client):
    sheet = begun(supervisor, bank["O1"], urn=MEASURED)
    client.force_login(supervisor)
    whole = client.get(reverse("standards.sheet", args=[sheet.pk]))
    told = {"criterion": "A1.1", "choice": "v:符合"}
    part = client.post(reverse("standards.answer", args=[sheet.pk]), told, headers={"HX-Request": "true"})
    assert (whole.context["done"], part.context["done"]) == (1, 2)


def test_a_devices_clock_that_is_ahead_is_not_believed(bank, supervisor):
    published()
    ahead = timezone.now() + dt.timedelta(days=400)
    sheet = begun(supervisor, bank["O1"], started_at=ahead)
    actions.save_sheet(supervisor, sheet, entries=GOOD)
    done = actions.submit_sheet(supervisor, sheet, submitted_at=ahead)
    assert done.started_at <= done.submitted_at <= timezone.now()


def test_measured_values_come_in_one_question(bank, monkeypatch):
    made = rules.read(text().replace(ANSWER, BANDS).replace("floor.answer_rate", "floor.wait_p90"))
    asked = []
    monkeypatch.setattr(answering.facts, "measure", lambda actor, question: asked.append(question) or [])
    day = dt.date(2026, 3, 31)
    assert answering.values_for(made, bank["O1"], day) == {}
    [question] = asked
    assert (question.indicators, question.unit) == (("floor.wait_p90",), "O1")
    assert (question.period.start, question.period.end) == (dt.date(2026, 3, 1), dt.date(2026, 3, 30))
    unknown = rules.read(text().replace(ANSWER, BANDS).replace("floor.answer_rate", "no.such"))
    assert answering.values_for(unknown, bank["O1"], day) == {}
    assert len(asked) == 1, "an indicator that nobody declared is not asked for"
