"""Writing a standard as a workbook for people: one sheet, headings merged, room for deductions by hand."""

from __future__ import annotations

import io
import re
from decimal import Decimal

from openpyxl import Workbook
from openpyxl.cell.cell import Cell, MergedCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from kezun.standards.excel import catalog, words
from kezun.standards.rules.form import CountDefects, Criterion, Graded, Indicator, Range, Standard, Text
from kezun.standards.rules.marking import proposed

WIDTHS = (12, 60, 8, 44, 14, 18, 12, 10, 10, 8, 30)
Value = str | Decimal | int | None
FORBIDDEN = re.compile(r"[\[\]:*?/\\']")
# what XML cannot hold, though a text in YAML may (as an escape)
STRANGE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
FILLS = {"header": "D9E2EC", "module": "EAF0F6", "item": "F5F8FB"}


def workbook(standard: Standard) -> bytes:
    """The standard as xlsx. `read_sheet` reads it again: ids, words, points, methods and marking rules."""
    book = Workbook()
    sheet = book.active
    assert isinstance(sheet, Worksheet)
    sheet.title = FORBIDDEN.sub(" ", STRANGE.sub("", standard.title))[:31].strip() or "1"
    for letter, width in zip("ABCDEFGHIJK", WIDTHS, strict=True):
        sheet.column_dimensions[letter].width = width
    _add(sheet, [f"{standard.title}  {standard.version}"], "title")
    _add(sheet, catalog()["titles"], "header")
    for module in (*standard.modules, *standard.beside):
        _add(sheet, [module.id, _worth(module.title, module.points)], "module")
        for item in module.items:
            _add(sheet, [item.id, _worth(item.title, item.points)], "item")
            for criterion in item.criteria:
                _add(sheet, _cells(criterion), "row")
    _add(sheet, [catalog()["total"][0], "", standard.scale.total], "header")
    sheet.freeze_panes = "C3"
    sheet.page_setup.orientation, sheet.page_setup.fitToHeight = "landscape", 0
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _worth(title: str, points: Decimal) -> str:
    return f"{title}({points:f})"


def _add(sheet: Worksheet, values: list[Value], kind: str) -> None:
    """A row at the end; headings run over the whole width."""
    row = sheet.max_row + 1 if sheet.cell(1, 1).value is not None else 1
    for column, value in enumerate(values, 1):
        cell = sheet.cell(row, column)
        _fill(cell, value)
        cell.alignment = Alignment(wrap_text=True, vertical="top")
        if kind != "row":
            cell.font = Font(bold=True)
        if kind in FILLS:
            cell.fill = PatternFill("solid", fgColor=FILLS[kind])
    if kind in ("title", "module", "item"):
        first = 1 if kind == "title" else 2
        sheet.merge_cells(start_row=row, end_row=row, start_column=first, end_column=len(WIDTHS))


def _fill(cell: Cell | MergedCell, value: Value) -> None:
    """Words stay words, whatever they begin with: nothing a standard says is ever a formula."""
    if isinstance(value, str):
        cell.value = STRANGE.sub("", value)
        cell.data_type = "s"
    elif value is not None:
        cell.value = value


def _cells(c: Criterion) -> list[Value]:
    often = "；".join(f"{method}: {how}" for method, how in c.frequency)
    return [
        c.id,
        c.text,
        c.points,
        marking_of(c),
        ", ".join(c.checker.methods),
        ", ".join(c.checker.roles),
        often,
        c.severity,
        c.rectify.due_days if c.rectify else None,
    ]


def marking_of(c: Criterion) -> str:
    """The marking rule in words: the criterion's own, and how it is answered where that does not say so."""
    if isinstance(c.answer, Text) or proposed(c.guide, c.points, words().marking)[0] == c.answer:
        return c.guide
    return "\n".join(t for t in (c.guide, _answer(c)) if t)


def _answer(c: Criterion) -> str:
    said, answer, points = catalog()["written"], c.answer, c.points
    if isinstance(answer, CountDefects):
        return str(said["defect"].format(per=f"{answer.per:f}", floor=f"{answer.floor:f}"))
    if isinstance(answer, Range):
        return str(said["range"].format(least=answer.least, most=answer.most))
    if isinstance(answer, Graded):
        parts = [said["option"].format(name=o.name, points=_points(points, o.share)) for o in answer.options]
        return "；".join(parts)
    assert isinstance(answer, Indicator)
    bounds = [(b.bound, b.share, "band") for b in answer.bands] + [(x, y, "line") for x, y in answer.linear]
    return "；".join(
        said[kind if bound is not None else "rest"].format(
            ref=answer.ref, op=answer.op, bound=bound, points=_points(points, share)
        )
        for bound, share, kind in bounds
    )


def _points(points: Decimal, share: Decimal) -> str:
    text = f"{points * share:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
