"""Reading a bank's own checklist from a workbook into a draft of a standard."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from python_calamine import CalamineError, CalamineWorkbook

from kezun.facts.readers.sheet import text_of
from kezun.standards.rules.columns import Row, Words
from kezun.standards.rules.form import Scale, Standard, Validity
from kezun.standards.rules.marking import Marking
from kezun.standards.rules.tables import Remark, Table, table_of
from kezun.standards.rules.writing import written

WORDS = Path(__file__).parent / "catalog" / "excel.yaml"
MAX_BYTES, MAX_UNPACKED, MAX_ROWS, MAX_COLUMNS = 20 << 20, 200 << 20, 20_000, 200


class NotASheet(ValueError):
    """A workbook that no draft can be made of; `problems` says where and why, in the sheet `sheet`."""

    def __init__(self, sheet: str, problems: tuple[Remark, ...]) -> None:
        self.sheet, self.problems = sheet, problems
        super().__init__(f"{sheet}: " + ", ".join(f"{p.row}: {p.code}" for p in problems))


@dataclass(frozen=True)
class Draft:
    """A standard in YAML made of a sheet, and what was supposed on the way."""

    text: str
    standard: Standard
    sheet: str
    notes: tuple[Remark, ...]
    columns: Mapping[str, int]


@cache
def catalog() -> dict[str, Any]:
    """What catalog/excel.yaml says."""
    found: dict[str, Any] = yaml.safe_load(WORDS.read_text(encoding="utf-8"))
    return found


@cache
def words() -> Words:
    """The words by which columns, headings and marking rules are known: catalog/excel.yaml."""
    said = catalog()
    marking = Marking(
        per_defect=re.compile(said["per_defect"]),
        option=re.compile(said["option"]),
        nothing=said["nothing"],
        met=said["met"],
        unmet=said["unmet"],
    )
    levels = {name: re.compile(form) for name, form in said["levels"].items()}
    return Words(said["headers"], said["total"], levels, re.compile(said["worth"]), marking)


def sheets(content: bytes) -> list[str]:
    """The names of a workbook's sheets; raises NotASheet for what is no workbook."""
    return list(_book(content).sheet_names)


def read_sheet(
    content: bytes,
    *,
    urn: str,
    version: str,
    start: date,
    title: str = "",
    sheet: str = "",
    columns: Mapping[str, str] | None = None,
) -> Draft:
    """A draft of a standard from a sheet of a workbook (xlsx, xls, ods).

    sheet: its name, else the first. columns: field (content, points, guide, method, number, module, item …) →
    the title or the letter of its column; what is not given is guessed from the titles.
    Raises NotASheet with every problem, each with row and column; then there is no draft.
    """
    book = _book(content)
    names = book.sheet_names
    name = sheet or (names[0] if names else "")
    if name not in names:
        raise NotASheet(name, (Remark(1, None, "no_sheet", {"name": name, "known": ", ".join(names)}),))
    table = table_of(_rows(name, _opened(book, name)), words(), columns)
    if table.problems:
        raise NotASheet(name, table.problems)
    made = _standard(table, urn, version, start, title or table.title or name)
    return Draft(written(made), made, name, table.notes, table.columns)


def _standard(table: Table, urn: str, version: str, start: date, title: str) -> Standard:
    total = sum((m.points for m in table.modules), Decimal(0))
    made = Standard(urn, version, title, Validity(start), Scale(total), table.modules)
    methods = {method for c in made.criteria() for method in c.checker.methods}
    return replace(made, own=tuple(method for method in catalog()["own"] if method in methods))


def _book(content: bytes) -> CalamineWorkbook:
    if len(content) > MAX_BYTES:
        raise NotASheet("", (Remark(1, None, "too_large_file", {"most": MAX_BYTES >> 20}),))
    try:
        if content[:4] == b"PK\x03\x04":
            with zipfile.ZipFile(io.BytesIO(content)) as archive:
                if sum(entry.file_size for entry in archive.infolist()) > MAX_UNPACKED:
                    raise NotASheet("", (Remark(1, None, "too_large_file", {"most": MAX_BYTES >> 20}),))
        return CalamineWorkbook.from_filelike(io.BytesIO(content))
    except (CalamineError, zipfile.BadZipFile, OSError, ValueError) as error:
        if isinstance(error, NotASheet):
            raise
        raise NotASheet("", (Remark(1, None, "not_a_workbook", {"why": str(error)}),)) from error


def _opened(book: CalamineWorkbook, name: str) -> Any:
    """A sheet with cells; NotASheet for one that holds only a chart, or is damaged."""
    try:
        return book.get_sheet_by_name(name)
    except (CalamineError, OSError, ValueError) as error:
        raise NotASheet(name, (Remark(1, None, "not_a_workbook", {"why": str(error)}),)) from error


def _rows(name: str, sheet: Any) -> list[Row]:
    """The rows of a sheet as it is counted in Excel, with the columns that are merged."""
    if sheet.total_height > MAX_ROWS or sheet.total_width > MAX_COLUMNS:
        params = {"rows": MAX_ROWS, "columns": MAX_COLUMNS}
        raise NotASheet(name, (Remark(1, None, "too_many_rows", params),))
    wide: dict[int, set[int]] = {}
    below: dict[int, set[int]] = {}
    for (top, left), (bottom, right) in sheet.merged_cell_ranges or ():
        for row in range(top, min(bottom, MAX_ROWS) + 1):
            across = set(range(left, min(right, MAX_COLUMNS) + 1))
            if right > left:
                wide.setdefault(row, set()).update(across)
            if row > top:
                below.setdefault(row, set()).update(across)
    found = []
    for index, cells in enumerate(sheet.to_python(skip_empty_area=False)):
        texts = tuple(text_of(value) for value in cells)
        sides = (frozenset(wide.get(index, ())), frozenset(below.get(index, ())))
        found.append(Row(index + 1, texts, *sides))
    return found
