"""Workbooks as a bank sends them round: a title, what the sheet is about, a table, ready to print."""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol, cast

from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.cell.cell import MergedCell
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.styles.cell_style import StyleArray
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

FORBIDDEN = re.compile(r"[\[\]:*?/\\']")
# What XML cannot hold: one such character makes a file that no program opens.
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]")
LONGEST, LONGEST_NAME = 32767, 31
HEAD = PatternFill("solid", fgColor="E3EEF2")
LINE = Border(bottom=Side("thin", color="C5CED6"))
Value = str | int | float | Decimal | None


@dataclass(frozen=True)
class Sheet:
    """One sheet: name, heading, facts (name, value) above the table, heads and rows, widths of columns."""

    name: str
    title: str
    heads: Sequence[str]
    rows: Sequence[Sequence[Value]]
    facts: Sequence[tuple[str, str]] = ()
    widths: Sequence[float] = ()


def workbook(sheets: Sequence[Sheet]) -> bytes:
    """The sheets as .xlsx. Text stays text: what begins with = is no formula. Same input, same cells."""
    book = Workbook()
    book.remove(book.worksheets[0])
    for one in sheets:
        _fill(book.create_sheet(_free_name(one.name, book.sheetnames)), one)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _free_name(wanted: str, taken: Sequence[str]) -> str:
    """The name as the format allows it; with a number where another sheet has it already, in any case."""
    name = FORBIDDEN.sub(" ", wanted)[:LONGEST_NAME].strip() or "1"
    folded, number, free = {one.casefold() for one in taken}, 0, name
    while free.casefold() in folded:
        number += 1
        free = f"{name[: LONGEST_NAME - len(str(number))]}{number}"
    return free


def _fill(sheet: Worksheet, one: Sheet) -> None:
    above: list[Sequence[Value]] = [[one.title], *one.facts, *([[]] if one.facts else [])]
    top = len(above) + 1
    head, body = _look(sheet, head=True), _look(sheet, head=False)
    for at, row in enumerate([*above, one.heads, *one.rows], 1):
        for column, value in enumerate(row, 1):
            _put(sheet.cell(at, column), value, None if at < top else head if at == top else body)
    sheet.cell(1, 1).font = Font(bold=True, size=14)
    for at, width in enumerate(one.widths, 1):
        sheet.column_dimensions[get_column_letter(at)].width = width
    sheet.freeze_panes = f"A{top + 1}"
    sheet.print_title_rows = f"{top}:{top}"
    sheet.page_setup.orientation, sheet.page_setup.fitToHeight = "landscape", 0
    sheet.page_setup.paperSize = 9  # A4
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)


def _put(cell: Cell | MergedCell, value: Value, style: StyleArray | None) -> None:
    """Write a cell. Cells of one look share its style: set one by one, they cost three times the rest."""
    if value is not None and not isinstance(cell, MergedCell):
        cell.value = CONTROL.sub("", value)[:LONGEST] if isinstance(value, str) else value
        cell.data_type = "s" if isinstance(value, str) else "n"
    if style is not None:
        cast(Styled, cell)._style = style


class Styled(Protocol):
    """A cell with the style that the workbook keeps for it, which has no public name."""

    _style: StyleArray


def _look(sheet: Worksheet, *, head: bool) -> StyleArray:
    """How a cell of the table looks, as the workbook keeps it."""
    cell = Cell(sheet, 1, 1)
    cell.border, cell.alignment = LINE, Alignment(wrap_text=True, vertical="top")
    if head:
        cell.font, cell.fill = Font(bold=True), HEAD
    return cast(Styled, cell)._style
