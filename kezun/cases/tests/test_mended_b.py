"""Lists found by name and number, papers in the bank's name, files that are refused."""

from __future__ import annotations

import io
import re
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone, translation
from openpyxl import load_workbook

from kezun.cases import (
    actions,
    catalogs,
    exporting,
    letters,
    listing,
)
from kezun.cases.filterwords import told
from kezun.cases.listing import Wanted
from kezun.cases.rules.grams import number
from kezun.org.models import Unit

ROOT = Path(__file__).resolve().parents[3]
ENGLISH = {"HTTP_ACCEPT_LANGUAGE": "en"}


def found(person, **asked):
    return [row.no for row in listing.listed(person, Wanted.of(asked), timezone.now()).rows]


def ended(world, case):
    return actions.do(world["lobby"], case, "withdraw", {"reason": "撤回"})


# --- a unit by its name ---


def test_a_unit_is_found_by_its_whole_name(client, world, opened):
    case, far = opened(), opened(actor="far", unit="O3")
    client.force_login(world["office"])
    unit = Unit.objects.get(code="O1")
    answer = client.get("/cases/", {"unit": unit.name})
    page = answer.content.decode()
    assert answer.status_code == 200
    assert case.no in page
    assert far.no not in page
    assert answer.context["wanted"].unit == "O1", "links and the Excel file go on with the code"
    assert 'value="O1"' in page


@pytest.mark.parametrize(
    ("heads", "words"),
    [({}, "您的范围内没有机构“没有的支行”"), (ENGLISH, "There is no unit «没有的支行» in your scope")],
)
def test_an_unknown_unit_is_told_at_its_field_and_narrows_nothing(client, world, opened, heads, words):
    here, far = opened(), opened(actor="far", unit="O3")
    client.force_login(world["office"])
    answer = client.get("/cases/", {"unit": "没有的支行"}, **heads)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert words in page
    assert 'aria-describedby="unit-error"' in page
    assert 'value="没有的支行"' in page
    assert here.no in page
    assert far.no in page


def test_a_name_outside_the_scope_is_unknown_and_a_shared_one_asks_for_the_code(client, world):
    far = Unit.objects.get(code="O3")
    client.force_login(world["manager"])
    assert client.get("/cases/", {"unit": far.name}).status_code == 422
    Unit.objects.filter(code__in=("O1", "O2")).update(name="同名支行")
    client.force_login(world["office"])
    answer = client.get("/cases/", {"unit": "同名支行"})
    assert answer.status_code == 422
    assert "有多家机构名为“同名支行”" in answer.content.decode()
    Unit.objects.filter(code="O2").update(closed_date="2026-01-01")
    assert client.get("/cases/", {"unit": "同名支行"}).context["unit"].code == "O1"


def test_an_owner_that_is_none_is_no_page(client, world):
    client.force_login(world["office"])
    assert client.get("/cases/?owner=NOPE").status_code == 404
    assert client.get("/cases/?owner=O1").context["unit"].code == "O1"


# --- a case by its number ---


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("C26-000214", (26, 214)),
        ("c26-214", (26, 214)),
        ("Ｃ２６－０００２１４", (26, 214)),
        (" 210 ", (None, 210)),
        ("000210", (None, 210)),
        ("C26", None),
        ("排队 210", None),
        ("1" * 19, None),
        ("", None),
    ],
)
def test_what_is_a_number_of_a_case(asked, told):
    assert number(asked) == told


def test_a_whole_number_finds_its_case_whatever_the_state(world, opened):
    case = ended(world, opened())
    office = world["office"]
    assert found(office, q=case.no) == [case.no]
    assert found(office, q=case.no, state="working") == [case.no]
    year = int(case.no[1:3])
    assert found(office, q=f"C{(year + 1) % 100:02}-{case.pk:06d}") == []
    assert found(world["far"], q=case.no) == [], "out of scope stays out of scope"
    assert found(office, q=case.no, unit="O3") == []


def test_digits_alone_find_the_case_of_the_state_that_is_asked_for(world, opened):
    case, over = opened(), ended(world, opened())
    office = world["office"]
    assert found(office, q=str(case.pk)) == [case.no]
    assert found(office, q=f"{case.pk:06d}") == [case.no]
    assert found(office, q=str(over.pk)) == []
    assert found(office, q=str(over.pk), state="") == [over.no]


def test_where_nothing_is_found_the_page_leads_to_all_states(client, world, opened):
    case = ended(world, opened(title="吞卡未退"))
    client.force_login(world["office"])
    page = client.get("/cases/", {"q": "吞卡"}).content.decode()
    assert case.no not in page
    assert "在全部状态中查找" in page
    assert re.search(r'href="\?q=%E5%90%9E%E5%8D%A1&amp;state=["&]', page)
    assert case.no in client.get("/cases/?q=%E5%90%9E%E5%8D%A1&state=").content.decode()
    assert "Look in all states" in client.get("/cases/", {"q": "吞卡"}, **ENGLISH).content.decode()
    assert "在全部状态中查找" not in client.get("/cases/", {"q": "没有", "state": ""}).content.decode()


# --- what was taken out says by which filter ---


def test_the_excel_file_says_which_states_are_in_it(world, opened):
    opened()

    def facts(wanted):
        book, _rows = exporting.workbook_of(world["office"], wanted, timezone.now())
        rows = load_workbook(io.BytesIO(book)).worksheets[0].iter_rows(values_only=True)
        return next(str(value) for name, value, *_more in rows if name in ("筛选", "Filter"))

    assert facts(Wanted()) == "状态：办理中；顺序：按处理时限"
    assert facts(Wanted(state="")).startswith("状态：全部；")
    with translation.override("en"):
        assert facts(Wanted(state="ended")) == "State: ended; Order: by time to act"


def test_a_filter_is_told_in_words_part_by_part(world):
    unit = Unit.objects.get(code="O1")
    with translation.override("en"):
        text = told(Wanted(q="a", kind="trial", unit="O1", owner="X", due="late", who="mine", severity="2"))
    assert text == (
        "State: still open; Words, number: a; Kind of case: Trial case; "
        f"Unit and all below: {unit.name_en or unit.name} (O1); Lies with: X; Severity: 2; Time: late; "
        "Whose: handled by me; Order: by time to act"
    )


# --- papers are signed by the bank that uses them ---


@pytest.fixture
def settings_of(tmp_path, settings):
    """`settings_of(text)` installs a pack with such settings of complaints."""

    def install(text):
        folder = tmp_path / "packs" / "own" / "cases" / "settings"
        folder.mkdir(parents=True)
        (folder / "complaints.yaml").write_text(text, encoding="utf-8")
        settings.KEZUN_HOME = tmp_path
        catalogs.forget()

    yield install
    catalogs.forget()


def test_a_letter_is_signed_with_the_name_of_the_unit_at_the_top(world, opened):
    case = opened()
    Unit.objects.filter(code="HO").update(name="澄禾银行", name_en="Chenghe Bank")
    assert letters.bank_of(case) == "澄禾银行"
    with translation.override("en"):
        assert letters.bank_of(case) == "Chenghe Bank"
    assert letters.head("phone") == ""


def test_the_settings_of_a_bank_stand_before_the_name_of_its_unit(world, opened, settings_of):
    case = opened()
    settings_of("letter: {bank: 我行, phone: '400-000-0000'}\n")
    assert letters.bank_of(case) == "我行"
    assert letters.head("phone") == "400-000-0000"
    assert letters.head("office") == "消费者权益保护部门", "a pack gives only what is its own"
    assert catalogs.numbers("complaints")["public"]["files"] == 6


def test_the_invented_bank_brings_a_telephone_number_of_its_own(world, settings_of):
    text = (ROOT / "packs/demo-bank/cases/settings/complaints.yaml").read_text(encoding="utf-8")
    settings_of(text)
    assert letters.head("phone") == "400-000-0000"
    assert letters.head("bank") == ""


# --- files that are refused ---


def brought(client, world, opened, *files, **heads):
    case = opened()
    client.force_login(world["lobby"])
    uploads = [SimpleUploadedFile(name, content) for name, content in files]
    answer = client.post(
        f"/cases/{case.no}/attach/", {"files": uploads, "stage": "work", "key": "k"}, **heads
    )
    assert answer.status_code == 422
    return answer.content.decode()


def test_a_refused_file_says_what_is_taken_here(client, world, opened):
    page = brought(client, world, opened, ("a.exe", b"MZ\x00\x01" * 40))
    assert (
        "此处不接收这种文件：未知类型。可接收：Excel (xlsx)、GIF、JPEG、PDF、PNG、WebP、文本（csv、txt）。"
        in page
    )
    assert "以下文件未被接收：" in page
    assert "其余已保留" not in page, "there are no others"


def test_an_empty_file_is_called_empty_whatever_its_name(client, world, opened):
    page = brought(client, world, opened, ("a.png", b""), ("b.txt", b""), ("c.txt", "证明".encode()))
    assert "a.png: 文件是空的。" in page
    assert "b.txt: 文件是空的。" in page
    assert "其余已保留" in page
    page = brought(client, world, opened, ("a.png", b""), **ENGLISH)
    assert "The file is empty." in page
    assert "Not taken:" in page
