"""Registering a case of any kind from its page."""

from __future__ import annotations

import re

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from kezun.cases import kinds
from kezun.cases.forms_kind import OpeningForm, field_of, parties_of, people_of, stage_of
from kezun.cases.models import Case, Link, Proof
from kezun.cases.rules.kinds import Field
from kezun.kernel.file import open_file
from kezun.standards.tests.world import photo


@pytest.fixture
def posted(client, shipped):
    """`posted(kind, who, files=(), **values)` fills the form of a kind as a browser does, and sends it."""

    def send(code: str, who: str = "lobby", files=(), **values):
        client.force_login(shipped[who])
        shown = client.get(f"/cases/new/{code}/")
        assert shown.status_code == 200
        form = shown.context["form"]
        said = {name: form.initial.get(name, "") for name in ("key", "received_at", "unit")}
        return client.post(f"/cases/new/{code}/", said | {"files": list(files)} | values)

    return send


SUGGESTION = {"title": "自助区加老花镜", "source": "staff", "topic": "care", "proposal": "放老花镜"}
FINDING = {
    **{"title": "叫号屏损坏", "unit": "O1", "source": "inspection", "requirement": "修复", "urgency": "term"},
    **{"complexity": "minor", "days": "3"},
}


def png(colour=1, name="a.png") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, open_file(photo(colour).sha256).read(), "image/png")


def test_all_kinds_that_people_open_stand_there_by_group(client, shipped):
    client.force_login(shipped["lobby"])
    shown = client.get("/cases/new/").content.decode()
    for code in ("correction", "request", "suggestion", "praise", "follow_up", "visit", "interception"):
        assert f"/cases/new/{code}/" in shown
    assert "/complaints/new/" in shown
    assert "/cases/new/review/" not in shown
    assert "/cases/new/self_check/" not in shown
    assert "/cases/new/trial/" in shown


def test_without_kinds_the_page_says_so(client, bank, person_in):
    client.force_login(person_in("lobby_manager", "O1"))
    assert client.get("/cases/new/").status_code == 200


def test_a_case_is_registered(posted, shipped):
    answer = posted("suggestion", **SUGGESTION)
    case = Case.objects.get()
    assert answer.status_code == 302
    assert answer["Location"].endswith(f"/cases/{case.no}/")
    assert (case.opener, case.unit.code, case.data["proposal"]) == (shipped["lobby"], "O1", "放老花镜")


def test_sent_twice_it_is_registered_once(client, posted, shipped):
    posted("suggestion", key="0b9f4c52-0000-4000-8000-000000000001", **SUGGESTION)
    answer = posted("suggestion", key="0b9f4c52-0000-4000-8000-000000000001", **SUGGESTION)
    # the moment of receipt may differ by a minute, so other content under one key is refused, never doubled
    assert answer.status_code in (302, 422)
    assert Case.objects.count() == 1


def test_what_is_wrong_stands_beside_its_field_and_nothing_is_kept(posted):
    answer = posted("suggestion", **SUGGESTION | {"proposal": "", "topic": "nonsense", "unit": "XX"})
    assert answer.status_code == 422
    form = answer.context["form"]
    assert {"topic", "unit"} & set(form.errors)
    answer = posted("suggestion", **SUGGESTION | {"proposal": ""})
    assert "proposal" in answer.context["form"].errors
    answer = posted("suggestion", **SUGGESTION | {"unit": "XX"})
    assert "unit" in answer.context["form"].errors
    assert not Case.objects.exists()


def test_a_finding_goes_to_its_unit_with_its_photo(posted):
    posted("correction", "office", files=[png(1), png(2)], **FINDING)
    case = Case.objects.get()
    assert case.pending_unit.code == "O1"
    assert sorted(Proof.objects.filter(case=case).values_list("stage", "pair")) == [
        ("before", 1),
        ("before", 2),
    ]


def test_a_refused_file_is_named_and_the_others_stay(posted, client):
    wrong = SimpleUploadedFile("b.png", b"MZ not a picture", "image/png")
    answer = posted("correction", "office", files=[png(), wrong], **FINDING)
    assert answer.status_code == 422
    assert "b.png" in answer.content.decode()
    assert not Case.objects.exists()
    kept = answer.context["kept"]
    posted("correction", "office", kept=kept, **FINDING)
    assert Proof.objects.count() == 1


def test_customers_and_staff_are_parts_of_it(posted):
    told = {"title": "上门", "why_home": "ill", "business": "激活", "place": "人民路1号"}
    people = {"role-0": "customer", "name-0": "王女士", "phone-0": "13800001111"}
    posted("visit", **told, **people, **{"staff-team": ["teller.O1", "", "lobby_manager.O1"]})
    case = Case.objects.get()
    roles = sorted(case.parties.values_list("role", flat=True))
    assert roles == ["customer", "team", "team"]
    assert case.mark


def test_a_case_can_come_from_another(posted):
    posted("follow_up", title="回访", occasion="regular")
    first = Case.objects.get()
    posted("suggestion", **SUGGESTION, **{"from": first.no, "tie": "follow_up_of"})
    link = Link.objects.get()
    assert (link.target, link.type) == (first, "follow_up_of")
    posted("suggestion", **SUGGESTION, **{"from": first.no, "tie": "merged_with"})
    assert Link.objects.count() == 1
    answer = posted("suggestion", **SUGGESTION, **{"from": "C26-999999", "tie": "follow_up_of"})
    assert answer.status_code == 422
    assert Case.objects.count() == 3


def test_the_address_fills_in_what_it_says(client, shipped):
    client.force_login(shipped["lobby"])
    form = client.get("/cases/new/suggestion/?unit=O2&topic=care&title=x").context["form"]
    assert (form.initial["unit"], form.initial["topic"]) == ("O2", "care")


@pytest.mark.parametrize("code", ["nonsense", "review", "self_check"])
def test_what_nobody_opens_by_hand_is_not_there(client, shipped, code):
    client.force_login(shipped["lobby"])
    assert client.get(f"/cases/new/{code}/").status_code == 404


def test_complaints_have_a_page_of_their_own(client, shipped):
    client.force_login(shipped["lobby"])
    assert client.get("/cases/new/complaint/")["Location"] == "/complaints/new/"


def test_who_may_not_open_cases_sees_none_of_it(client, shipped):
    client.force_login(shipped["auditor"])
    assert client.get("/cases/new/").status_code == 403
    assert client.get("/cases/new/suggestion/").status_code == 403


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("path", sorted(kinds.FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_form_is_drawn_in_both_languages(client, shipped, path, language):
    if path.stem in ("complaint", "review", "self_check"):
        return
    client.force_login(shipped["lobby"])
    client.cookies["django_language"] = language
    shown = client.get(f"/cases/new/{path.stem}/").content.decode()
    kind = kinds.form_of(kinds.kind_now(path.stem))
    for field in kind.asked("open"):
        hidden = field.id in ("sheet", "root")
        assert (f'name="{field.id}"' in shown) is not hidden
    labels = re.findall(r'<label class="form-label[^"]*" for="([^"]+)"', shown)
    assert all(f'id="{label}"' in shown for label in labels)


@pytest.mark.parametrize(
    "type", ["text", "long", "whole", "money", "day", "moment", "flag", "unit", "person"]
)
def test_every_type_of_field_has_a_control(type):
    made = field_of(Field("x", "名称", "Name", type, required=True))
    assert made.required is False
    assert made.widget.render("x", None)


def test_people_are_read_row_by_row(shipped):
    visit = kinds.form_of(kinds.kind_now("visit"))
    said = {
        "role-0": "customer",
        "name-0": "甲",
        "role-1": "agent",
        "phone-1": "13900002222",
        "role-2": "agent",
    }
    assert [row["role"] for row in people_of(visit, said)] == ["customer", "agent"]
    rows = parties_of(visit, said, {"team": [" 7001 ", ""]})
    assert rows[2] == {"role": "team", "person": "7001"}
    assert people_of(kinds.form_of(kinds.kind_now("self_check")), said) == []


def test_photos_show_what_the_kind_needs(shipped):
    wanted = {"correction": "before", "self_check": "before", "praise": "given", "visit": "work"}
    assert {code: stage_of(kinds.form_of(kinds.kind_now(code))) for code in wanted} == wanted


def test_a_refusal_without_a_field_stands_above(shipped):
    from django.core.exceptions import ValidationError

    form = OpeningForm(kinds.form_of(kinds.kind_now("praise")), {"title": "x", "unit": "O1"})
    form.is_valid()
    form.show(ValidationError("nothing goes"))
    form.show(ValidationError({"elsewhere": ["odd"]}))
    assert form.non_field_errors() == ["nothing goes", "elsewhere: odd"]


def test_a_kind_that_cannot_be_read_takes_nothing_else_down(client, shipped, monkeypatch):
    plain = kinds.form_of

    def broken(row):
        if row.urn == "visit":
            raise kinds.NotAKind([])
        return plain(row)

    monkeypatch.setattr(kinds, "form_of", broken)
    client.force_login(shipped["lobby"])
    shown = client.get("/cases/new/").content.decode()
    assert "/cases/new/visit/" not in shown
    assert "/cases/new/praise/" in shown
    assert client.get("/ledgers/").status_code == 200
