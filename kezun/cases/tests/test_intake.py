"""Taking a complaint in: any outlet, several people, what is alike shown first, files, the receipt."""

from __future__ import annotations

import datetime as dt
import io
import re
import uuid
import zipfile

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from kezun.cases import actions, intake, kinds, receipts, sealing
from kezun.cases.actions.printing import print_receipt
from kezun.cases.models import Case, Party, Proof
from kezun.kernel.actor import OutOfScope, SystemActor
from kezun.kernel.models import TrailEntry


@pytest.fixture
def shipped(world):
    for name in ("complaint", "review"):
        text = (kinds.FOLDER / f"{name}.yaml").read_text(encoding="utf-8")
        kinds.install_kind(SystemActor("test"), text=text, origin="test")
    return world


@pytest.fixture
def teller(shipped, client):
    """A teller of O1, signed in."""
    client.force_login(shipped["teller"], backend="kezun.org.signin.Backend")
    return client


def photo(name: str = "a.png") -> SimpleUploadedFile:
    out = io.BytesIO()
    Image.new("RGB", (40, 30), "navy").save(out, "PNG")
    return SimpleUploadedFile(name, out.getvalue(), "image/png")


def bomb() -> SimpleUploadedFile:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("[Content_Types].xml", "<x/>")
        made.writestr("xl/workbook.xml", b"\0" * (40 << 20))
    return SimpleUploadedFile("ledger.xlsx", out.getvalue())


def form(**more):
    return {
        **{"unit": "O3", "channel": "A11", "business": "B11", "reason_code": "C0102", "urgency": "usual"},
        **{"complexity": "simple", "story": "等了一个小时，13800001111", "hand_over": "unit"},
        **{"received_at": timezone.localtime().strftime("%Y-%m-%dT%H:%M"), "key": str(uuid.uuid4())},
        **{"role-0": "complainant", "name-0": "王女士", "phone-0": "13800001111", "step": "save"},
        **more,
    }


NEW = "/complaints/new/"


def test_a_teller_takes_a_complaint_about_another_outlet(teller, shipped):
    answer = teller.post(NEW, form())
    case = Case.objects.get()
    assert answer.status_code == 302
    assert answer.headers["Location"] == reverse("cases.receipt", args=[case.no])
    assert (case.unit.code, case.owner_unit.code, case.pending_unit.code) == ("O3", "O1", "O3")
    assert case.opener == shipped["teller"]
    assert case.title.endswith("机构O3")
    assert "13800001111" not in "".join(case.events.values_list("body", flat=True))
    party = Party.objects.get(case=case)
    assert sealing.personal(party) == {"name": "王女士", "phone": "13800001111"}


def test_the_same_form_twice_makes_one_case(teller):
    said = form()
    assert teller.post(NEW, said).status_code == 302
    assert teller.post(NEW, said | {"seen": "x"}).status_code in (200, 302)
    assert Case.objects.count() == 1


def test_several_people_and_named_staff(teller, shipped):
    said = form(
        **{"role-1": "agent", "name-1": "李律师", "phone-1": "13900002222", "role-2": "heir", "name-2": ""},
        staff=["teller.O1", ""],
    )
    assert teller.post(NEW, said).status_code == 302
    assert sorted(Party.objects.values_list("role", flat=True)) == ["agent", "complainant", "named_staff"]
    assert Party.objects.get(role="named_staff").person == shipped["teller"]


def test_more_than_five_representatives_are_refused_at_the_form(teller):
    rows = {
        f"{name}-{n}": "representative" if name == "role" else f"代表{n}"
        for n in range(6)
        for name in ("role", "name")
    }
    answer = teller.post(NEW, form(**rows))
    assert answer.status_code == 422
    assert "5" in answer.content.decode()
    assert not Case.objects.exists()


def test_one_more_row_is_offered_without_losing_what_was_typed(teller):
    answer = teller.post(NEW, form(step="row", unit=""))
    text = answer.content.decode()
    assert answer.status_code == 200
    assert 'name="role-1"' in text
    assert "王女士" in text
    assert "invalid-feedback" not in text


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("unit", "ZZ"),
        ("channel", ""),
        ("reason_code", "C77"),
        ("story", ""),
        ("amount", "viel"),
        ("received_at", "x"),
    ],
)
def test_a_mistake_is_shown_at_its_field(teller, name, value):
    answer = teller.post(NEW, form(**{name: value}))
    assert answer.status_code == 422
    assert re.search(r"invalid-feedback", answer.content.decode())
    assert not Case.objects.exists()


def test_what_is_received_tomorrow_is_refused(teller):
    later = (timezone.localtime() + dt.timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
    assert teller.post(NEW, form(received_at=later)).status_code == 422
    assert not Case.objects.exists()


def test_named_staff_that_nobody_knows_are_refused(teller):
    answer = teller.post(NEW, form(staff=["nobody"]))
    assert answer.status_code == 422
    assert "nobody" in answer.content.decode()


def test_what_is_alike_is_shown_before_it_is_saved(teller):
    teller.post(NEW, form())
    answer = teller.post(NEW, form())
    text = answer.content.decode()
    assert answer.status_code == 200
    assert 'id="like"' in text
    assert Case.objects.count() == 1
    seen = re.search(r'name="seen" value="(\w+)"', text)[1]
    assert teller.post(NEW, form(seen=seen)).status_code == 302
    second = Case.objects.order_by("-pk").first()
    assert second.repeat == 1
    assert second.links.get().type == "recurrence_of"


def test_hints_name_no_case_outside_the_scope(teller, shipped):
    actions.open_case(
        shipped["office"], "complaint", shipped["bank"]["O3"], {"title": "秘密标题", **axes(), "owner": "O3"}
    )
    text = teller.post(NEW, form()).content.decode()
    assert 'id="like"' in text
    assert "秘密标题" not in text


def axes():
    return {"channel": "A11", "business": "B11", "reason_code": "C0102"}


def test_a_bad_file_is_refused_and_the_rest_goes_on(teller):
    said = form(files=[photo(), bomb(), SimpleUploadedFile("b.png", b"MZ\x90\0\0\0" * 40)])
    answer = teller.post(NEW, said)
    text = answer.content.decode()
    assert answer.status_code == 200
    assert "ledger.xlsx" in text
    assert "b.png" in text
    assert not Case.objects.exists()
    kept = re.search(r'name="kept" value="([^"]+)"', text)[1]
    said.pop("files")
    assert teller.post(NEW, said | {"kept": kept}).status_code == 302
    assert Proof.objects.get().stage == "given"


def test_files_that_another_kept_cannot_be_attached(teller, shipped):
    mine = intake.keep_files(shipped["lobby"], [photo()]).kept
    ticket = intake.ticket_for(shipped["lobby"], mine)
    assert intake.files_of(shipped["lobby"], ticket) == mine
    assert intake.files_of(shipped["teller"], ticket) == []
    assert intake.files_of(shipped["lobby"], ticket + "x") == []


def test_too_many_and_too_large_files_are_refused_one_by_one(shipped):
    large = SimpleUploadedFile("large.txt", b"x" * (2 << 20))
    found = intake.keep_files(shipped["lobby"], [photo(), large, photo("c.png")], most=1, mib=1)
    assert len(found.kept) == 1
    assert len(found.refused) == 2
    assert "large.txt" in found.refused[0]
    assert "c.png" in found.refused[1]


def test_units_and_staff_are_proposed(teller):
    assert "O3" in teller.get("/complaints/units/?unit=O3").content.decode()
    assert "option" not in teller.get("/complaints/units/?unit=O").content.decode()
    assert "teller.O1" in teller.get("/complaints/staff/?unit=O1").content.decode()
    assert "option" not in teller.get("/complaints/staff/?unit=ZZ").content.decode()


def test_the_receipt_is_for_whoever_registered_and_leaves_a_trace(teller, shipped, client):
    teller.post(NEW, form())
    case = Case.objects.get()
    where = reverse("cases.receipt", args=[case.no])
    text = teller.get(where).content.decode()
    assert receipts.receipt_of(case) in text
    assert "<path" in text
    assert TrailEntry.objects.filter(verb="cases.print_receipt").count() == 1
    client.force_login(shipped["office"], backend="kezun.org.signin.Backend")
    assert client.get(where).status_code == 404


def test_who_handles_a_case_gets_no_receipt(teller, shipped):
    teller.post(NEW, form(unit="O1", hand_over="own"))
    case = actions.do(shipped["teller"], Case.objects.get(), "take")
    assert teller.get(reverse("cases.receipt", args=[case.no])).status_code == 404
    with pytest.raises(ValidationError):
        print_receipt(shipped["teller"], case)
    with pytest.raises(OutOfScope):
        print_receipt(shipped["lobby"], case)


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_page_speaks_both_languages(teller, language):
    teller.cookies["kezun_language"] = language
    text = teller.get(NEW).content.decode()
    assert ("首问" in text) is (language == "zh-hans")
    assert ("first responsible" in text) is (language == "en")
