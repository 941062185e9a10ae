"""Workbooks of a taking over: the template to fill, and the rows that could not be taken, to be mended."""

from __future__ import annotations

import io
from collections.abc import Iterable, Mapping, Sequence

from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.cell import Cell, WriteOnlyCell
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter, quote_sheetname
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from kezun.cases import catalogs
from kezun.cases.takeover import LINE, REASON, TABLES, Book
from kezun.cases.takeover_words import columns
from kezun.cases.wording import in_chinese
from kezun.org.models import Person
from kezun.ui.workbook import CONTROL, HEAD, LONGEST

WORDS = ("finding", "satisfaction")
LAST_ROW = 5000
NEEDED = ("received", "unit")


def template(person: Person) -> bytes:
    """A workbook with every column, one example row, lists to choose from, and a sheet that explains them.

    The example names the reader's own unit and staff number; by its number it is known and never taken over.
    """
    book = Workbook()
    ledger, about, codes = book.worksheets[0], book.create_sheet(), book.create_sheet()
    ledger.title, about.title, codes.title = _("Ledger of complaints"), _("The columns"), _("To choose from")
    lists = choices()
    examples = {name: words[0] for name, words in lists.items() if words}
    examples |= {"unit": person.home_unit.code if person.home_unit else "", "handler": person.code}
    found = columns()
    _row(ledger, 1, [one.title + (" *" if one.name in NEEDED else "") for one in found], head=True)
    _row(ledger, 2, [one.example or examples.get(one.name, "") for one in found])
    _row(about, 1, [_("Column"), _("What to write"), _("Example")], head=True)
    for at, one in enumerate(found, 2):
        _row(about, at, [one.title, one.about, one.example or examples.get(one.name, "")])
    for at, one in enumerate(found, 1):
        ledger.column_dimensions[get_column_letter(at)].width = 18
        if one.name in lists:
            _offer(ledger, codes, at, one.title, lists[one.name])
    for letter, width in (("A", 24), ("B", 80), ("C", 40)):
        about.column_dimensions[letter].width = width
    ledger.freeze_panes = about.freeze_panes = codes.freeze_panes = "A2"
    return _bytes(book)


def choices() -> dict[str, list[str]]:
    """What the columns with a code table, or with words of their own, can hold, in the page's language."""
    tables, words = catalogs.tables(), catalogs.numbers("ledger")
    found = {name: [code.title for code in tables[id].codes.values()] for name, (_n, id) in TABLES.items()}
    # the words of a bank come first, the English ones last
    which = 0 if in_chinese() else -1
    return found | {name: [str(known[which]) for known in words[name].values()] for name in WORDS}


def _offer(ledger: Worksheet, codes: Worksheet, column: int, title: str, words: Sequence[str]) -> None:
    """A list to choose from; other words are warned of, not refused: old ledgers have their own."""
    at = codes.max_column + (codes.cell(1, 1).value is not None)
    for row, text in enumerate((title, *words), 1):
        _put(codes, row, at, text, head=row == 1)
    letter = get_column_letter(at)
    codes.column_dimensions[letter].width = 30
    where = f"{quote_sheetname(codes.title)}!${letter}$2:${letter}${len(words) + 1}"
    offered = DataValidation(type="list", formula1=where, allow_blank=True, errorStyle="warning")
    offered.add(f"{get_column_letter(column)}2:{get_column_letter(column)}{LAST_ROW}")
    ledger.add_data_validation(offered)


def _row(sheet: Worksheet, row: int, texts: Sequence[str], head: bool = False) -> None:
    for at, text in enumerate(texts, 1):
        _put(sheet, row, at, text, head)


def _put(sheet: Worksheet, row: int, column: int, text: str, head: bool) -> None:
    cell = sheet.cell(row, column, text)
    cell.data_type, cell.number_format = "s", "@"
    cell.alignment = Alignment(wrap_text=True, vertical="top")
    if head:
        cell.font, cell.fill = Font(bold=True), HEAD


def rejects(book: Book, reasons: Mapping[int, str]) -> bytes:
    """The rows of a ledger that were not taken, each with its line and why; mended, it is brought as it is.

    reasons: by line as Excel counts. The two columns behind are left out when it is read again.
    """
    made = Workbook(write_only=True)
    sheet = made.create_sheet("1")
    sheet.append(_texts(sheet, [*book.heads, LINE, REASON]))
    width = len(book.heads)
    for line, cells in book.rows():
        if line in reasons:
            padded = [*cells, *[""] * (width - len(cells))][:width]
            sheet.append(_texts(sheet, [*padded, str(line), reasons[line]]))
    return _bytes(made)


def _texts(sheet: Worksheet, texts: Iterable[str]) -> list[Cell]:
    """Cells that are text whatever they begin with: what looks like a formula is none."""
    found = []
    for text in texts:
        cell = WriteOnlyCell(sheet, CONTROL.sub("", text)[:LONGEST])
        cell.data_type = "s"
        found.append(cell)
    return found


def _bytes(book: Workbook) -> bytes:
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
