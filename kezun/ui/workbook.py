"""Workbooks as a bank sends them round: a title, what the sheet is about, a table, ready to print.

The frame is made with openpyxl, which keeps an object for each cell and so takes seconds for 15,000 rows. The
rows of the table all look the same: they are written as the format has them, into the sheet that it made.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Protocol, cast
from xml.sax.saxutils import escape
from zipfile import ZIP_DEFLATED, ZipFile

from openpyxl import Workbook
from openpyxl.cell import Cell
from openpyxl.cell.cell import MergedCell
from openpyxl.compat import safe_string
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.styles.cell_style import StyleArray
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

FORBIDDEN = re.compile(r"[\[\]:*?/\\']")
# What XML cannot hold: one such character makes a file that no program opens.
CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]")
LONGEST, LONGEST_NAME = 32767, 31
END, EXTENT = b"</sheetData>", re.compile(rb'(?<=<dimension ref=")[^"]*')
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
    bodies: dict[str, Body] = {}
    for number, one in enumerate(sheets, 1):
        sheet = book.create_sheet(_free_name(one.name, book.sheetnames))
        bodies[f"xl/worksheets/sheet{number}.xml"] = _fill(sheet, one)
    framed = io.BytesIO()
    book.save(framed)
    return _put_in(framed, bodies)


@dataclass(frozen=True)
class Body:
    """The rows of a table as the format has them, and the cells from first to last that the sheet holds."""

    rows: bytes
    extent: str


def _put_in(framed: io.BytesIO, bodies: Mapping[str, Body]) -> bytes:
    """The workbook with the rows of its tables."""
    out = io.BytesIO()
    with ZipFile(framed) as made, ZipFile(out, "w", ZIP_DEFLATED) as whole:
        for entry in made.infolist():
            content = made.read(entry)
            body = bodies.get(entry.filename)
            if body is not None and body.rows:
                content = EXTENT.sub(body.extent.encode(), content, count=1)
                content = content.replace(END, body.rows + END)
            whole.writestr(entry, content)
    return out.getvalue()


def _free_name(wanted: str, taken: Sequence[str]) -> str:
    """The name as the format allows it; with a number where another sheet has it already, in any case."""
    name = FORBIDDEN.sub(" ", wanted)[:LONGEST_NAME].strip() or "1"
    folded, number, free = {one.casefold() for one in taken}, 0, name
    while free.casefold() in folded:
        number += 1
        free = f"{name[: LONGEST_NAME - len(str(number))]}{number}"
    return free


def _fill(sheet: Worksheet, one: Sheet) -> Body:
    """The sheet but for the rows of its table, which are returned."""
    above: list[Sequence[Value]] = [[one.title], *one.facts, *([[]] if one.facts else [])]
    top = len(above) + 1
    head = _look(sheet, head=True)
    for at, row in enumerate([*above, one.heads], 1):
        for column, value in enumerate(row, 1):
            _put(sheet.cell(at, column), value, head if at == top else None)
    sheet.cell(1, 1).font = Font(bold=True, size=14)
    for at, width in enumerate(one.widths, 1):
        sheet.column_dimensions[get_column_letter(at)].width = width
    sheet.freeze_panes = f"A{top + 1}"
    sheet.print_title_rows = f"{top}:{top}"
    sheet.page_setup.orientation, sheet.page_setup.fitToHeight = "landscape", 0
    sheet.page_setup.paperSize = 9  # A4
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    wide = max(len(row) for row in (*above, one.heads, *one.rows))
    rows = "".join(_written(one.rows, top + 1, _number_of(sheet, _look(sheet, head=False))))
    return Body(rows.encode(), f"A1:{get_column_letter(max(wide, 1))}{top + len(one.rows)}")


def _written(rows: Sequence[Sequence[Value]], first: int, style: int) -> Iterator[str]:
    """Rows in the words of the format, all of one style."""
    letters = [get_column_letter(at + 1) for at in range(max((len(row) for row in rows), default=0))]
    for at, row in enumerate(rows, first):
        yield f'<row r="{at}">'
        for letter, value in zip(letters, row, strict=False):
            yield f'<c r="{letter}{at}" s="{style}"{_content(value)}'
        yield "</row>"


def _content(value: Value) -> str:
    """What stands in a cell: text as text, a number as it is, or nothing."""
    if value is not None and not isinstance(value, str):
        return f"><v>{safe_string(value)}</v></c>"
    text = escape(CONTROL.sub("", value or "")[:LONGEST])
    if not text:
        return "/>"
    space = ' xml:space="preserve"' if text != text.strip() else ""
    return f' t="inlineStr"><is><t{space}>{text}</t></is></c>'


def _number_of(sheet: Worksheet, look: StyleArray) -> int:
    """The number under which the workbook keeps a look."""
    cell = Cell(sheet, 1, 1)
    cast(Styled, cell)._style = look
    return int(cell.style_id)


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
