"""Papers of a complaint: the letter has the name and leaves a trace, the sheet has it masked."""

from __future__ import annotations

import re
import subprocess

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone, translation

from kezun.cases import actions, letters, sealing
from kezun.cases.actions.writing import write_letter
from kezun.cases.models import Case, Proof
from kezun.cases.tests.test_complaints import CODES, FINDING, REPLY
from kezun.kernel.actor import Denied, OutOfScope
from kezun.kernel.models import TrailEntry
from tests.complaining import install

PEOPLE = [{"role": "complainant", "name": "王小明", "phone": "13800001111", "address": "示例路 1 号"}]


@pytest.fixture
def answered(world):
    install()

    def make(**given) -> Case:
        values = {"title": "等候太久", **CODES, "parties": PEOPLE, **given}
        case = actions.open_case(world["lobby"], "complaint", world["bank"]["O1"], values)
        for who, verb, said in (
            ("lobby", "take", {}),
            ("lobby", "contact", {"how": "phone"}),
            ("lobby", "propose", FINDING),
            ("supervisor", "verify", {}),
            ("lobby", "answer", {"how": "letter", "remedy": "apology", **REPLY}),
        ):
            case = actions.do(world[who], case, verb, said)
        return case

    return make


def text_of(content: bytes) -> str:
    """What a reader sees, as far as pdftotext is there; else whether the file is whole."""
    try:
        done = subprocess.run(["pdftotext", "-", "-"], input=content, capture_output=True, check=True)
    except (FileNotFoundError, subprocess.CalledProcessError):
        pytest.skip("pdftotext is not installed, or knows no Chinese")
    return re.sub(r"\s", "", done.stdout.decode())


def drawn(monkeypatch) -> list[str]:
    """Every text that documents are made of, collected while they are made."""
    said: list[str] = []

    def keep(name):
        real = getattr(letters.Document, name)

        def note(self, *given, **more):
            said.append(repr((given, more)))
            return real(self, *given, **more)

        monkeypatch.setattr(letters.Document, name, note)

    for name in ("paragraph", "heading", "facts", "table"):
        keep(name)
    return said


def test_the_letter_names_the_customer_and_says_all_parts(world, answered, monkeypatch):
    case, said = answered(), drawn(monkeypatch)
    file = write_letter(world["lobby"], case)
    text = "".join(said)
    assert file.kind == "pdf"
    for part in ("王小明", "示例路 1 号", *REPLY.values(), "机构O1", letters.bank_of(case)):
        assert part in text, part
    assert "13800001111" not in text


def test_the_letter_is_kept_and_its_opening_recorded(world, answered):
    case = answered()
    write_letter(world["lobby"], case)
    assert [event.verb for event in case.events.order_by("seq")][-2:] == ["unmask", "attach"]
    proof = Proof.objects.get(case=case, stage="reply")
    assert proof.file.kind == "pdf"
    assert TrailEntry.objects.filter(verb="cases.write_letter").exists()


def test_without_an_answer_there_is_no_letter(world, answered):
    install()
    case = actions.open_case(world["lobby"], "complaint", world["bank"]["O1"], {"title": "x", **CODES})
    with pytest.raises(ValidationError):
        write_letter(world["lobby"], case)
    assert case.events.count() == 1


def test_a_letter_lacks_no_part(world, answered):
    case = answered()
    Case.objects.filter(pk=case.pk).update(data={**case.data, "basis": ""})
    with pytest.raises(ValidationError):
        write_letter(world["lobby"], Case.objects.get(pk=case.pk))


def test_after_the_names_were_erased_no_letter_is_written(world, answered):
    case = answered()
    sealing.erase(case)
    with pytest.raises(ValidationError):
        write_letter(world["lobby"], case)
    assert case.events.last().verb == "answer" or not Proof.objects.filter(case=case).exists()


def test_who_may_not_see_the_name_writes_no_letter(world, answered):
    case = answered()
    with pytest.raises((Denied, OutOfScope)):
        write_letter(world["far"], case)
    with pytest.raises(Denied):
        write_letter(world["auditor"], case)


def test_a_closed_case_can_be_printed_again_without_a_second_proof(world, answered):
    case = answered()
    write_letter(world["lobby"], case)
    case = actions.do(world["manager"], Case.objects.get(pk=case.pk), "close")
    assert write_letter(world["lobby"], case).kind == "pdf"
    assert Proof.objects.filter(case=case, stage="reply").count() == 1


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_the_sheet_holds_the_course_and_masks_people(world, answered, monkeypatch, language):
    case, said = answered(amount="88.5", dispute="等候时长"), drawn(monkeypatch)
    with translation.override(language):
        content = letters.sheet(case)
    text = "".join(said)
    assert content.startswith(b"%PDF-")
    for part in (case.no, "等候时长", "88.50", *REPLY.values(), FINDING["cause"]):
        assert part in text, part
    for hidden in ("王小明", "13800001111", "示例路"):
        assert hidden not in text
    assert ("根本原因" in text) is (language == "zh-hans")


def test_the_pages_hand_out_pdfs(world, answered, client):
    case = answered()
    client.force_login(world["lobby"], backend="kezun.org.signin.Backend")
    answer = client.get(reverse("cases.complaint_sheet", args=[case.no]))
    assert answer.headers["Content-Type"] == "application/pdf"
    assert answer.content.startswith(b"%PDF-")
    where = reverse("cases.letter", args=[case.no])
    assert client.get(where).status_code == 405
    assert client.post(where).content.startswith(b"%PDF-")
    client.force_login(world["far"], backend="kezun.org.signin.Backend")
    assert client.post(where).status_code == 404


def test_the_letter_of_today_says_today(world, answered, monkeypatch):
    case, said = answered(), drawn(monkeypatch)
    letters.letter(case, {})
    assert f"{timezone.localtime():%Y-%m-%d}" in "".join(said)
