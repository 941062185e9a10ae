"""The empty workbook of a roster, with a sheet of notes that explains each column."""

from __future__ import annotations

import io

from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from kezun.org.models import Unit
from kezun.org.rostersheets import SHEETS, Column
from kezun.org.scope import roles


def template() -> bytes:
    """The empty workbook: a sheet per kind of row, headings in the page's language, and a sheet of notes."""
    book = Workbook()
    notes = book.active
    assert notes is not None
    notes.title = pgettext("sheet", "Notes")
    notes.append([_("Sheet"), _("Column"), _("Must be filled"), _("What goes in")])
    for title, _make, columns in SHEETS.values():
        sheet = book.create_sheet(_(title))
        sheet.append([_(column.title) for column in columns])
        sheet.freeze_panes = "A2"
        for index, column in enumerate(columns, start=1):
            sheet.cell(1, index).font = Font(bold=True)
            sheet.column_dimensions[get_column_letter(index)].width = 22
            notes.append([_(title), _(column.title), _("yes") if column.needed else "", _hint(column)])
    for letter, width in zip("ABCD", (16, 24, 16, 90), strict=True):
        notes.column_dimensions[letter].width = width
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _hint(column: Column) -> str:
    hints = {
        "date": _("A day such as 2026-03-01; empty: from the beginning, or without end."),
        "tags": _("Tags separated by commas."),
        "kind": ", ".join(str(kind.label) for kind in Unit.Kind),
        "role": ", ".join(role.name for role in roles().values()),
    }
    return hints.get(column.kind, "")
