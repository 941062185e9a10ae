"""The facts behind a number: as a table on the page, and as an Excel file that stays text."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterator, Sequence
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.cell import Cell, WriteOnlyCell
from openpyxl.styles import Font
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

from kezun.facts.links import LINKS, WORDS, address_of, in_words
from kezun.facts.proposal import choice_word
from kezun.facts.questions import RowPage
from kezun.facts.types import FactType
from kezun.ui.figures import figure
from kezun.ui.workbook import CONTROL, LONGEST

FIRST = ("occurred_at", "unit", "person", "business", "class")
LAST = ("source", "source_id", "recorded_at")
DERIVED = ("day", "hour", "weekday")


def column_titles(found: RowPage, fact: FactType) -> list[str]:
    """The columns' names in the page's language; a column the fact type does not know keeps its name."""
    known = {c.name: str(c.label) for c in fact.all_columns}
    return [known.get(name, name) for name in found.columns]


def for_reading(found: RowPage, *, linked: bool = False) -> RowPage:
    """The same rows with what people look for first; what machines need last, derived columns left out.

    linked: the number at the source leads to a page, so it comes first of all.
    """
    order = [c for c in found.columns if c not in DERIVED and c not in LAST]
    order.sort(key=lambda c: FIRST.index(c) if c in FIRST else len(FIRST))
    order += [c for c in LAST if c in found.columns]
    if linked and "source_id" in order:
        order.insert(0, order.pop(order.index("source_id")))
    at = [found.columns.index(c) for c in order]
    return RowPage(tuple(order), tuple(tuple(row[i] for i in at) for row in found.rows), found.total)


def shown_rows(found: RowPage, fact: FactType, zone: str) -> list[list[str]]:
    """Rows as texts: moments in the unit's zone, durations and choices in words, nothing as a dash."""
    kinds = {c.name: c.kind for c in fact.all_columns}
    words = {c.name: {choice: choice_word(c.name, choice) for choice in c.choices} for c in fact.all_columns}
    wall = ZoneInfo(zone)

    def shown(name: str, value: object) -> str:
        text = _shown(value, kinds.get(name, "text"), wall)
        if value is not None and (fact.name, name) in WORDS:
            return in_words(fact.name, name, text)
        return words.get(name, {}).get(text, text)

    return [
        [shown(name, value) for name, value in zip(found.columns, row, strict=True)] for row in found.rows
    ]


def linked_rows(found: RowPage, fact: FactType, zone: str) -> list[list[tuple[str, str]]]:
    """Rows as texts, each with the address of the record that it names: that of the number at the source."""
    shown = shown_rows(found, fact, zone)
    if fact.name not in LINKS or "source_id" not in found.columns:
        return [[(text, "") for text in row] for row in shown]
    at = found.columns.index("source_id")
    made = []
    for row, texts in zip(found.rows, shown, strict=True):
        href = address_of(fact.name, dict(zip(found.columns, row, strict=True)))
        made.append([(text, href if i == at else "") for i, text in enumerate(texts)])
    return made


def _shown(value: object, kind: str, zone: ZoneInfo) -> str:
    if value is None:
        return "—"
    if isinstance(value, dt.datetime):
        moment = value if value.tzinfo else value.replace(tzinfo=dt.UTC)
        return moment.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
    if kind == "seconds" and isinstance(value, int):
        return figure(value, "s")
    if kind == "flag":
        return _("yes") if value else _("no")
    return str(value)


def workbook(found: RowPage, about: Sequence[tuple[str, str]], title: str) -> bytes:
    """An .xlsx with the rows on the first sheet and what they are on the second.

    about: (name, text) lines. Moments are written in UTC as text, since Excel's dates have no zone.
    """
    book = Workbook(write_only=True)
    sheet = book.create_sheet("facts")
    sheet.freeze_panes = "A2"
    sheet.append(list(_cells(sheet, found.columns, bold=True)))
    for row in found.rows:
        sheet.append(list(_cells(sheet, row)))
    second = book.create_sheet("about")
    for line in [(title, ""), *about]:
        second.append(list(_cells(second, line)))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _cells(sheet: WriteOnlyWorksheet, values: Sequence[object], bold: bool = False) -> Iterator[Cell]:
    for value in values:
        plain = value if isinstance(value, (int, float, bool)) or value is None else _text(value)
        cell = WriteOnlyCell(sheet, value=plain)
        if isinstance(plain, str):
            cell.data_type = "s"
        if bold:
            cell.font = Font(bold=True)
        yield cell


def _text(value: object) -> str:
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ", timespec="seconds")
    return CONTROL.sub("", str(value))[:LONGEST]
