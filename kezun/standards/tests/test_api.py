"""Sheets by HTTP: begun, answered, proved, submitted, read; at most once under a key, refused in words."""

from __future__ import annotations

import json
import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from kezun.kernel.actor import SystemActor
from kezun.kernel.models import TrailEntry
from kezun.org.actions import issue_token
from kezun.standards import actions
from kezun.standards.models import Evidence, Sheet
from kezun.standards.tests.world import GOOD, URN, begun, photo, published, submitted

pytestmark = pytest.mark.django_db
US = SystemActor("test")
SHEETS = "/api/v1/sheets"
MAY = [
    *("standards.read", "standards.read_sheets", "standards.begin_sheet", "standards.save_sheet"),
    *("standards.attach_evidence", "standards.submit_sheet"),
]


@pytest.fixture
def supervisor(person_in):
    return person_in("supervisor", "S1")


@pytest.fixture
def caller(bank):
    """`caller(person)` → a function that calls the API with a token of that person: (status, answer)."""
    published()

    def make(person, may=MAY):
        token = issue_token(US, person, name="phone", permissions=may, days=3)
        client = Client()

        def call(method: str, path: str, body=None, key="", **more):
            headers = {"Authorization": f"Bearer {token.text}", "Accept-Language": "en"}
            headers |= {"Idempotency-Key": key} if key else {}
            if "file" in more:
                answer = client.post(path, more, headers=headers)
            else:
                text = b"" if body is None else json.dumps(body).encode()
                answer = client.generic(method, path, text, "application/json", headers=headers)
            return answer.status_code, answer.json()

        return call

    return make


@pytest.fixture
def call(caller, supervisor):
    return caller(supervisor)


def new(**changed):
    return {"standard": URN, "method": "明查", "unit": "O1", "visited": str(timezone.localdate())} | changed


def png() -> SimpleUploadedFile:
    from kezun.kernel.file import open_file

    with open_file(photo(7).sha256) as file:
        return SimpleUploadedFile("门楣.png", file.read(), "image/png")


# --- the whole way ------------------------------------------------------------------------------------------
def test_from_begun_to_submitted_and_read(call, supervisor):
    status, sheet = call("POST", SHEETS, new())
    assert (status, sheet["state"], sheet["unit"], sheet["covert"]) == (200, "draft", "O1", False)
    assert (sheet["score"], sheet["release"], sheet["inspector"]) == (None, None, supervisor.code)
    at = f"{SHEETS}/{sheet['number']}"
    wanted = {
        "A1.1": {"value": "不符合", "note": "左上角破损"},
        "A1.2": {"value": 2},
        "B1.1": {"value": "是"},
    }
    status, sheet = call("PATCH", f"{at}/answers", {"answers": wanted | {"B1.2": {"na": "当日无客户"}}})
    assert status == 200
    assert sheet["answers"]["A1.1"] == {"value": "不符合", "note": "左上角破损"}
    assert sheet["answers"]["A1.2"] == {"value": "2"}
    assert [a["criterion"] for a in sheet["asked"]] == ["A1.1", "A1.2", "B1.1", "B1.2"]
    assert sheet["asked"][0]["options"] == ["符合", "部分符合", "不符合"]
    status, lacking = call("POST", f"{at}/submit")
    assert status == 422
    assert [(lack["criterion"], lack["code"]) for lack in lacking["lacks"]] == [("A1.1", "no_evidence")]
    assert "evidence is missing: photo" in lacking["detail"][0]
    status, sheet = call("POST", f"{at}/evidence?criterion=A1.1", file=png())
    assert (status, [p["criterion"] for p in sheet["evidence"]]) == (200, ["A1.1"])
    status, sheet = call("POST", f"{at}/submit", {})
    assert (status, sheet["state"]) == (200, "submitted")
    assert (sheet["earned"], sheet["applicable"]) == ("12", "26")
    lines = {line["criterion"]: line for line in sheet["lines"]}
    assert (lines["A1.2"]["earned"], lines["A1.2"]["possible"]) == ("6", "10")
    assert lines["A1.2"]["reason"] == "2 defects, 2 points each"
    assert call("GET", at)[1] == sheet
    assert Sheet.objects.get().score is not None


def test_the_list_is_that_of_the_pages(call, supervisor, bank):
    first, second = submitted(supervisor, bank["O1"]), begun(supervisor, bank["O2"])
    submitted(US, bank["O3"])
    status, found = call("GET", SHEETS)
    assert (status, found["count"]) == (200, 2)
    assert {row["number"] for row in found["sheets"]} == {first.pk, second.pk}
    assert [r["number"] for r in call("GET", f"{SHEETS}?unit=O1")[1]["sheets"]] == [first.pk]
    assert [r["number"] for r in call("GET", f"{SHEETS}?state=draft")[1]["sheets"]] == [second.pk]
    assert call("GET", f"{SHEETS}?offset=1&limit=1")[1]["offset"] == 1
    status, told = call("GET", f"{SHEETS}?state=lost")
    assert (status, told["detail"]) == (422, "state: one of draft, submitted, corrected, void.")


def test_an_answer_is_taken_back(call, supervisor, bank):
    sheet = begun(supervisor, bank["O1"])
    actions.save_sheet(supervisor, sheet, entries=GOOD)
    status, told = call("PATCH", f"{SHEETS}/{sheet.pk}/answers", {"answers": {"A1.2": None}})
    assert status == 200
    assert set(told["answers"]) == set(GOOD) - {"A1.2"}


# --- at most once -------------------------------------------------------------------------------------------
def test_a_repeat_under_a_key_begins_nothing(call):
    first = call("POST", SHEETS, new(), key="o1-today")
    assert call("POST", SHEETS, new(), key="o1-today") == first
    assert Sheet.objects.count() == 1
    status, told = call("POST", SHEETS, new(unit="O2"), key="o1-today")
    assert (status, told["detail"]) == (422, ["This idempotency key was used before with other content."])
    assert call("POST", SHEETS, new(), key="k" * 121)[0] == 422


def test_the_key_of_the_device_is_enough(call):
    key = str(uuid.uuid4())
    status, first = call("POST", SHEETS, new(key=key))
    assert (status, first["key"]) == (200, key)
    assert call("POST", SHEETS, new(key=key))[1] == first
    assert call("POST", SHEETS, new(key=key, unit="O2"))[1]["detail"] == [
        "This key belongs to another sheet."
    ]


def test_writes_are_repeated_without_harm(call, supervisor, bank):
    sheet = begun(supervisor, bank["O1"])
    at = f"{SHEETS}/{sheet.pk}"
    said = {"answers": {k: dict(v) for k, v in GOOD.items()}}
    assert call("PATCH", f"{at}/answers", said, key="a")[0] == 200
    assert call("PATCH", f"{at}/answers", said, key="a")[0] == 200
    for _turn in range(2):
        assert call("POST", f"{at}/evidence?criterion=A1.1", key="e", file=png())[0] == 200
    assert Evidence.objects.count() == 1
    first = call("POST", f"{at}/submit", key="s")
    assert first[0] == 200
    assert call("POST", f"{at}/submit", key="s") == first
    status, told = call("POST", f"{at}/submit")
    assert status == 422
    assert "not possible any more" in told["detail"][0]
    verbs = TrailEntry.objects.filter(verb__startswith="standards.").values_list("verb", flat=True)
    assert list(verbs).count("standards.submit_sheet") == 1


def test_what_was_not_submittable_may_be_sent_again_under_its_key(call, supervisor, bank):
    sheet = begun(supervisor, bank["O1"])
    assert call("POST", f"{SHEETS}/{sheet.pk}/submit", key="s")[0] == 422
    actions.save_sheet(supervisor, sheet, entries=GOOD)
    assert call("POST", f"{SHEETS}/{sheet.pk}/submit", key="s")[0] == 200


# --- who, and what is refused -------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("changed", "status", "told"),
    [
        ({"unit": "O3"}, 404, "outside your scope"),
        ({"standard": "urn:x"}, 422, "No edition of this standard is in force"),
        ({"method": "猜"}, 422, "This standard is judged by"),
        ({"method": "自查"}, 422, "self-check is what a unit does itself"),
        ({"visited": "2020-01-01"}, 422, "90 days ago"),
        ({"visited": "heute"}, 422, "valid date"),
        ({"person": "nobody"}, 404, "outside your scope"),
        ({"unit": "O\x00"}, 422, "pattern"),
        ({"key": "1"}, 422, "valid UUID"),
    ],
)
def test_what_cannot_be_begun(call, changed, status, told):
    code, answer = call("POST", SHEETS, new(**changed))
    assert code == status
    assert told in json.dumps(answer, ensure_ascii=False)
    assert not Sheet.objects.exists()


def test_a_manager_does_not_inspect_the_own_outlet_by_api_either(caller, person_in):
    own = caller(person_in("outlet_manager", "O1"))
    status, told = own("POST", SHEETS, new())
    assert status == 422
    assert "your own unit is checked only by self-check" in told["detail"]["method"][0]
    assert own("POST", SHEETS, new(method="自查"))[0] == 200


def test_answers_that_are_none(call, supervisor, bank):
    sheet = begun(supervisor, bank["O1"])
    at = f"{SHEETS}/{sheet.pk}/answers"
    status, told = call("PATCH", at, {"answers": {"A1.1": {"value": "也许"}, "A1.2": {"value": 1}}})
    assert status == 422
    assert "is not an answer here" in told["detail"][0]
    assert call("PATCH", at, {"answers": {"Z9": {"value": "是"}}})[1]["detail"] == [
        "Z9 is not asked on this sheet."
    ]
    assert call("PATCH", at)[1]["detail"] == "Send a body in JSON."
    assert call("PATCH", at, {"answers": {"A1.1": {"value": "x" * 501}}})[0] == 422
    sheet.refresh_from_db()
    assert sheet.answers == {}, "all of them or none"


def test_evidence_that_is_none(call, supervisor, bank):
    at = f"{SHEETS}/{begun(supervisor, bank['O1']).pk}/evidence"
    status, told = call("POST", at)
    assert (status, "«file»" in told["detail"]) == (422, True)
    assert call("POST", f"{at}?criterion=Z9", file=png())[1]["detail"] == ["Z9 is not asked on this sheet."]
    wrong = SimpleUploadedFile("a.png", b"MZ\x90", "image/png")
    assert call("POST", f"{at}?criterion=A1.1", file=wrong)[0] == 422
    assert not Evidence.objects.exists()


def test_sheets_outside_the_scope_are_not_there(caller, supervisor, person_in, bank):
    sheet, covert = begun(supervisor, bank["O1"]), begun(supervisor, bank["O1"], method="暗访")
    other = caller(person_in("supervisor", "S2"))
    for path in ("", "/answers", "/evidence", "/submit"):
        method = "GET" if not path else "PATCH" if path == "/answers" else "POST"
        assert other(method, f"{SHEETS}/{sheet.pk}{path}")[0] == 404
    manager = caller(person_in("outlet_manager", "O1"))
    assert manager("GET", f"{SHEETS}/{covert.pk}")[0] == 404
    for number in (0, 1 << 63):
        assert manager("GET", f"{SHEETS}/{number}")[0] == 404


def test_what_another_is_filling_is_not_shown_nor_written(caller, supervisor, person_in, bank):
    sheet = begun(supervisor, bank["O1"])
    actions.save_sheet(supervisor, sheet, entries=GOOD)
    other = caller(person_in("supervisor", "C1"))
    status, told = other("GET", f"{SHEETS}/{sheet.pk}")
    assert (status, told["answers"], told["lines"]) == (200, {}, [])
    status, told = other("PATCH", f"{SHEETS}/{sheet.pk}/answers", {"answers": {"A1.2": {"value": 9}}})
    assert (status, told["detail"]) == (422, ["Somebody else fills this sheet."])


def test_a_token_may_only_what_it_names(caller, supervisor, bank):
    sheet = begun(supervisor, bank["O1"])
    reads = caller(supervisor, ["standards.read_sheets"])
    assert reads("GET", f"{SHEETS}/{sheet.pk}")[0] == 200
    assert reads("POST", SHEETS, new())[0] == 403
    assert reads("PATCH", f"{SHEETS}/{sheet.pk}/answers", {"answers": {}})[0] == 403
    assert reads("POST", f"{SHEETS}/{sheet.pk}/submit")[0] == 403


def test_a_moment_without_offset_is_utc_and_never_ahead(call):
    status, told = call("POST", SHEETS, new(started_at="2026-01-02T03:04:05"))
    assert (status, told["started_at"]) == (200, "2026-01-02T03:04:05Z")
    assert call("POST", SHEETS, new(started_at="2199-01-01T00:00:00Z"))[1]["started_at"] < "2199"
