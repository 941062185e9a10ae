"""The pages of sheets: begun, filled on the phone, read with every point explained, corrected."""

from __future__ import annotations

import io
import re
import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from kezun.org.models import UnitTag
from kezun.standards import actions
from kezun.standards.models import Evidence, Sheet
from kezun.standards.tests.world import GOOD, SYSTEM, URN, begun, photo, published, submitted

pytestmark = pytest.mark.django_db
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def _standard(bank):
    published()


@pytest.fixture
def supervisor(person_in):
    return person_in("supervisor", "S1")


@pytest.fixture
def visit(settings):
    settings.AXES_ENABLED = False

    def make(person, language="en") -> Client:
        client = Client()
        client.force_login(person)
        client.cookies[settings.LANGUAGE_COOKIE_NAME] = language
        return client

    return make


def body(answer) -> str:
    return answer.content.decode()


def png(size=(8, 8)) -> SimpleUploadedFile:
    out = io.BytesIO()
    Image.new("RGB", size, (9, 9, 9)).save(out, "PNG")
    return SimpleUploadedFile("a.png", out.getvalue())


def test_an_empty_list_says_what_to_do_first(visit, supervisor, person_in):
    page = body(visit(supervisor).get(reverse("standards.sheets")))
    assert "No inspection yet" in page
    assert reverse("standards.begin_sheet") in page
    page = body(visit(person_in("lobby_assistant", "O1")).get(reverse("standards.sheets")))
    assert reverse("standards.begin_sheet") not in page


def test_beginning_offers_what_one_may_inspect_by(visit, supervisor, person_in):
    page = body(visit(supervisor).get(reverse("standards.begin_sheet")))
    assert f'value="{URN}|明查"' in page
    assert f'value="{URN}|暗访"' in page
    page = body(visit(person_in("outlet_manager", "O1")).get(reverse("standards.begin_sheet")))
    assert f'value="{URN}|暗访"' not in page
    assert 'value="O1"' in page, "the only unit in scope is filled in"


def test_a_sheet_is_begun_once_however_often_it_is_sent(visit, supervisor, person_in):
    said = {"form": f"{URN}|明查", "unit": "O1", "visited": timezone.localdate(), "key": uuid.uuid4()}
    said["person"] = person_in("teller", "O1").code
    client = visit(supervisor)
    first = client.post(reverse("standards.begin_sheet"), said)
    assert client.post(reverse("standards.begin_sheet"), said).url == first.url
    assert Sheet.objects.get().person.code == said["person"]


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"unit": "O3"}, "No unit O3 in your scope."),
        ({"visited": "2020-01-01"}, "90 days ago"),
        ({"form": "urn:x|y"}, "urn:x|y"),
        ({"person": "nobody"}, "nobody"),
    ],
)
def test_what_cannot_be_begun_is_told(visit, supervisor, changed, told):
    said = {"form": f"{URN}|明查", "unit": "O1", "visited": timezone.localdate(), "key": uuid.uuid4()}
    answer = visit(supervisor).post(reverse("standards.begin_sheet"), said | changed)
    assert answer.status_code == 422
    assert told in body(answer)
    assert not Sheet.objects.exists()


def test_answers_are_kept_one_by_one_with_the_progress(visit, supervisor, bank):
    sheet = begun(supervisor, bank["O1"])
    client, address = visit(supervisor), reverse("standards.answer", args=[sheet.pk])
    assert "0 / 4" in body(client.get(reverse("standards.sheet", args=[sheet.pk])))
    answer = client.post(address, {"criterion": "A1.1", "choice": "v:符合", "note": "好"}, headers=HTMX)
    page = body(answer)
    assert "1 / 4" in page
    assert 'hx-swap-oob="true"' in page
    assert "<html" not in page
    client.post(address, {"criterion": "A1.2", "number": "3"}, headers=HTMX)
    page = body(client.post(address, {"criterion": "B1.2", "choice": "na"}, headers=HTMX))
    assert "Why does it not apply?" in page
    client.post(address, {"criterion": "B1.2", "choice": "na", "reason": "无客户"}, headers=HTMX)
    sheet.refresh_from_db()
    assert sheet.answers == {
        "A1.1": {"value": "符合", "note": "好"},
        "A1.2": {"value": "3"},
        "B1.2": {"na": "无客户"},
    }


def test_a_wrong_answer_is_told_at_its_place(visit, supervisor, bank):
    sheet = begun(supervisor, bank["O1"])
    client, address = visit(supervisor), reverse("standards.answer", args=[sheet.pk])
    page = body(client.post(address, {"criterion": "A1.2", "number": "-4"}, headers=HTMX))
    assert "f-error" in page
    assert "whole number from 0" in page
    assert client.post(address, {"criterion": "B1.3", "choice": "v:是"}, headers=HTMX).status_code == 404
    answer = client.post(address, {"criterion": "A1.2", "number": "1"})
    assert answer.url.endswith("#f-A1.2"), "without htmx the page comes back at the same place"


def test_photos_are_put_beside_and_taken_away(visit, supervisor, bank, person_in):
    sheet = begun(supervisor, bank["O1"])
    client, address = visit(supervisor), reverse("standards.photo", args=[sheet.pk])
    page = body(client.post(address, {"criterion": "A1.1", "file": png()}, headers=HTMX))
    piece = Evidence.objects.get()
    shown = reverse("standards.evidence", args=[sheet.pk, piece.pk])
    assert shown in page
    picture = client.get(shown)
    assert picture["Content-Type"] == "image/png"
    assert b"".join(picture.streaming_content).startswith(b"\x89PNG")
    assert visit(person_in("outlet_manager", "O2")).get(shown).status_code == 404
    assert client.get(reverse("standards.evidence", args=[sheet.pk, piece.pk + 1])).status_code == 404
    bad = SimpleUploadedFile("a.exe", b"MZ\x90\x00\x03")
    assert "f-error" in body(client.post(address, {"criterion": "A1.1", "file": bad}, headers=HTMX))
    assert client.post(address, {"criterion": "A1.1", "file": bad}).status_code == 302
    client.post(address, {"criterion": "A1.1", "drop": piece.pk}, headers=HTMX)
    assert not Evidence.objects.exists()
    assert client.post(address, {"criterion": "A1.1"}, headers=HTMX).status_code == 200


def test_what_is_missing_is_a_list_to_jump_from(visit, supervisor, bank):
    sheet = begun(supervisor, bank["O1"])
    actions.save_sheet(supervisor, sheet, entries=GOOD | {"A1.1": {"value": "不符合"}, "B1.1": None})
    client = visit(supervisor)
    answer = client.post(reverse("standards.decide_sheet", args=[sheet.pk, "submit"]))
    assert answer.url.endswith("?missing=1#missing")
    page = body(client.get(answer.url))
    assert "2 things are missing" in page
    assert 'href="#f-A1.1"' in page
    assert 'href="#f-B1.1"' in page
    actions.save_sheet(supervisor, sheet, entries=GOOD)
    assert "Nothing is missing" in body(client.get(answer.url))
    page = body(client.post(reverse("standards.decide_sheet", args=[sheet.pk, "submit"]), follow=True))
    assert "Submitted. Nobody can change it any more." in page
    assert client.post(reverse("standards.decide_sheet", args=[sheet.pk, "dance"])).status_code == 404


def test_giving_up_needs_a_reason(visit, supervisor, bank):
    sheet = begun(supervisor, bank["O1"])
    address = reverse("standards.decide_sheet", args=[sheet.pk, "void"])
    assert "Say why" in body(visit(supervisor).post(address, follow=True))
    assert "Made void." in body(visit(supervisor).post(address, {"reason": "误建"}, follow=True))


def test_a_submitted_sheet_explains_every_point(visit, supervisor, bank, person_in):
    UnitTag.objects.create(unit=bank["O1"], tag="large")
    entries = {"A1.2": {"value": "2", "note": "雨伞缺"}, "B1.2": {"value": "差"}, "B1.1": {"value": "是"}}
    sheet = submitted(supervisor, bank["O1"], entries=entries)
    address = reverse("standards.sheet", args=[sheet.pk])
    client = visit(person_in("outlet_manager", "O1"))
    page = body(client.get(address))
    for told in ("36.67", "22 of 30 that apply", "−4", "2 defects, 2 points each", "雨伞缺", "20 minutes"):
        assert told in page
    assert "grade capped at «passed»" in page
    assert "large" not in page, "a tag that no criterion asks for says nothing"
    client.get(address)
    with CaptureQueriesContext(connection) as caught:
        client.get(address)
    assert len(caught) <= 8
    assert visit(person_in("outlet_manager", "O2")).get(address).status_code == 404


def test_nothing_lost_is_said(visit, supervisor, bank):
    sheet = submitted(supervisor, bank["O1"])
    assert "Nothing was lost" in body(visit(supervisor).get(reverse("standards.sheet", args=[sheet.pk])))


def test_others_see_that_it_is_being_filled(visit, supervisor, bank, person_in):
    sheet = begun(supervisor, bank["O1"])
    page = body(visit(person_in("outlet_manager", "O1")).get(reverse("standards.sheet", args=[sheet.pk])))
    assert "Still being filled" in page


def test_correcting_by_decision(visit, supervisor, bank, person_in):
    sheet = submitted(supervisor, bank["O1"], entries={"A1.2": {"value": "5", "note": "n"}})
    client = visit(person_in("service_office", "HO"))
    address = reverse("standards.correct", args=[sheet.pk])
    page = body(client.get(address))
    assert re.search(r'name="a-A1.2"\s+value="5"', page)
    said = {"a-A1.1": "符合", "a-A1.2": "1", "n-B1.2": "无客户", "a-B1.1": "是"}
    answer = client.post(address, said | {"reason": "申诉〔2026〕3号"})
    after = Sheet.objects.get(corrects=sheet)
    assert answer.url == reverse("standards.sheet", args=[after.pk])
    assert after.answers["A1.2"] == {"value": "1", "note": "n"}
    assert after.answers["B1.2"] == {"na": "无客户"}
    page = body(client.get(reverse("standards.sheet", args=[sheet.pk])))
    assert "Corrected by decision:" in page
    assert "Only a submitted sheet" in body(client.get(address, follow=True))
    again = reverse("standards.correct", args=[after.pk])
    assert "No answer was changed." in body(client.post(again, {"a-A1.2": "1", "reason": "x"}))
    assert "Name the decision" in body(client.post(again, {"a-A1.2": "2"}))


def test_the_list_narrows_by_state_and_unit(visit, supervisor, bank):
    begun(supervisor, bank["O1"])
    submitted(supervisor, bank["O2"])
    submitted(SYSTEM, bank["O1"])
    client, address = visit(supervisor), reverse("standards.sheets")

    def units(**said) -> list[str]:
        page = body(client.get(address, said))
        return re.findall(r'<th scope="row"><a [^>]*>(O\d)</a>', page)

    assert sorted(units()) == ["O1", "O1", "O2"]
    assert units(state="draft") == ["O1"]
    assert sorted(units(state="submitted")) == ["O1", "O2"]
    assert sorted(units(state="mine")) == ["O1", "O2"]
    assert units(unit="O2", state="nonsense") == ["O2"]
    with CaptureQueriesContext(connection) as caught:
        client.get(address)
    assert len(caught) <= 9


def test_a_photo_of_a_submitted_sheet_is_shown_with_its_line(visit, supervisor, bank):
    sheet = begun(supervisor, bank["O1"])
    actions.save_sheet(supervisor, sheet, entries=GOOD)
    piece = actions.attach_evidence(supervisor, sheet, photo(), criterion="A1.1")
    actions.submit_sheet(supervisor, sheet)
    page = body(visit(supervisor).get(reverse("standards.sheet", args=[sheet.pk])))
    assert reverse("standards.evidence", args=[sheet.pk, piece.pk]) in page
