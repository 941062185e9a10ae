"""What comes from outside: packs that changed their mind, workbooks without cells, cells like formulas."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from xml.etree import ElementTree

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook, load_workbook

from kezun.kernel.file import keep
from kezun.standards import actions, rules, shipped
from kezun.standards.excel import NotASheet, read_sheet, sheets
from kezun.standards.excel_writing import workbook
from kezun.standards.models import Standard
from kezun.standards.pages.workbook import ticket_for
from kezun.standards.tests.world import SYSTEM, URN, published, text, withdrawn
from kezun.standards.tests.world import workbook as kept_workbook

DAY = dt.date(2026, 1, 1)
FORMULAS = (
    "=1+1",
    "+1+1",
    "-1+1",
    "@SUM(A1)",
    '=HYPERLINK("http://127.0.0.1/","y")',
    "=cmd|' /C calc'!A0",
    "\t=1",
)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "one.yaml").write_text(text(), encoding="utf-8")
    return tmp_path


@pytest.mark.django_db
def test_a_pack_that_changed_a_version_changes_nothing_here(folder, bank, caplog):
    [first] = shipped.install_all(SYSTEM, folder, "pack:x")
    (folder / "one.yaml").write_text(text(sign=20), encoding="utf-8")
    shipped.shipped.cache_clear()
    assert shipped.install_all(SYSTEM, folder, "pack:x") == []
    assert [(r.urn, r.version) for r in caplog.records if hasattr(r, "urn")] == [(URN, "1")]
    assert Standard.objects.get() == first
    with pytest.raises(ValidationError, match="1"):
        actions.install(SYSTEM, text=text(sign=20), origin="pack:x")
    assert Standard.objects.for_day(URN, DAY) == first


@pytest.mark.django_db
def test_what_the_bank_withdrew_does_not_come_back(folder, bank, person_in):
    shipped.shipped.cache_clear()
    [first] = shipped.install_all(SYSTEM, folder, "pack:x")
    withdrawn(person_in("service_office", "HO"), person_in("service_office", "P1"), first)
    assert shipped.install_all(SYSTEM, folder, "pack:x") == []
    (folder / "two.yaml").write_text(text("2", start="2026-06-01", supersedes="1"), encoding="utf-8")
    shipped.shipped.cache_clear()
    assert [row.version for row in shipped.install_all(SYSTEM, folder, "pack:x")] == ["2"]


@pytest.mark.django_db
def test_the_same_text_again_is_the_same_edition(bank):
    first = published()
    assert actions.install(SYSTEM, text="# a comment\n" + text(), origin="pack:y") == first


def formulas(said):
    """The sample in which every text a person may write begins like a formula."""
    made = text(title='"' + said.replace('"', "'").replace("\t", " ") + '"')
    return rules.read(made.replace("门前", '"' + said.replace('"', "'").replace("\t", " ") + '"'))


@pytest.mark.parametrize("said", FORMULAS)
def test_no_cell_of_a_workbook_is_a_formula(said):
    content = workbook(formulas(said))
    book = load_workbook(io.BytesIO(content))
    kinds = {cell.data_type for row in book.active.iter_rows() for cell in row if cell.value is not None}
    assert kinds <= {"s", "n"}
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = [name for name in archive.namelist() if name.startswith("xl/worksheets/sheet")]
        for part in parts:
            tags = {node.tag.rpartition("}")[2] for node in ElementTree.fromstring(archive.read(part)).iter()}
            assert "f" not in tags


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=20))
def test_any_title_makes_a_workbook_that_opens(title):
    made = rules.read(text())
    made = type(made)(**{**vars(made), "title": title})
    assert load_workbook(io.BytesIO(workbook(made))).active.max_row > 5


def chart_only() -> bytes:
    """A workbook whose first sheet is a chart, without cells."""
    book = Workbook()
    book.remove(book.active)
    book.create_chartsheet("图")
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def damaged() -> bytes:
    """A workbook whose sheet is cut off in the middle."""
    out, book = io.BytesIO(), Workbook()
    book.active.append(["检查内容", "分值"])
    book.save(out)
    made = io.BytesIO()
    with zipfile.ZipFile(out) as was, zipfile.ZipFile(made, "w") as by:
        for entry in was.infolist():
            content = was.read(entry)
            by.writestr(entry.filename, content[:90] if "worksheets/sheet" in entry.filename else content)
    return made.getvalue()


@pytest.mark.parametrize("content", [chart_only(), damaged()], ids=["chart", "damaged"])
def test_a_sheet_without_readable_cells_is_told(content):
    with pytest.raises(NotASheet) as caught:
        read_sheet(content, urn="urn:x", version="1", start=DAY)
    assert caught.value.problems


@pytest.mark.django_db
@pytest.mark.parametrize("content", [chart_only(), damaged()], ids=["chart", "damaged"])
def test_the_page_tells_it_too(content, client, person_in):
    office = person_in("service_office", "HO")
    client.force_login(office)
    kept = keep(SYSTEM, io.BytesIO(content), "a.xlsx", allow=("xlsx",))
    answer = client.get(reverse("standards.workbook", args=[ticket_for(office, kept)]))
    assert answer.status_code == 200
    assert answer.context["problems"]


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200))
def test_what_is_no_workbook_is_told(content):
    for junk in (content, b"PK\x03\x04" + content):
        with pytest.raises(NotASheet):
            sheets(junk)


@pytest.mark.django_db
def test_a_workbook_is_for_those_who_draft(client, person_in):
    kept = kept_workbook()
    for role, status in (("service_office", 200), ("supervisor", 403), ("teller", 403)):
        person = person_in(role, {"service_office": "HO", "supervisor": "S1"}.get(role, "O1"))
        client.force_login(person)
        address = reverse("standards.workbook", args=[ticket_for(person, kept)])
        assert client.get(address).status_code == status, role
    assert not Standard.objects.exists(), "looking makes no draft"
