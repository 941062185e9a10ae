"""Excel: one sheet as rows of text. A merged range counts as its value in every cell of it."""

from __future__ import annotations

import datetime as dt
import itertools
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from django.utils.translation import gettext as _
from python_calamine import CalamineError, CalamineWorkbook

from kezun.facts.profiles import Format
from kezun.facts.readers.base import CHUNK_ROWS, LINE, NOTHING, Chunk, Plain, Unreadable, trimmed
from kezun.facts.readers.raw import check_size
from kezun.facts.readers.text import unique


class SheetSource:
    """A sheet of a workbook (xlsx, xlsm, xlsb, xls, ods); see readers.base.Source."""

    sparse = replaced = False

    def __init__(self, path: Path, form: Format) -> None:
        self.form = form
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                check_size(sum(entry.file_size for entry in archive.infolist()))
        try:
            book = CalamineWorkbook.from_path(path)
            self.sheet = self._sheet(book)
        except (CalamineError, zipfile.BadZipFile, OSError) as error:
            raise Unreadable(_("The workbook cannot be read: %(error)s") % {"error": error}) from error
        start = self.sheet.start
        if start is None:
            raise Unreadable(_("The sheet «%(name)s» is empty.") % {"name": self.sheet.name})
        self.left = start[1]
        merged = self.sheet.merged_cell_ranges or []
        self.merged = {tuple(r[0]): tuple(r[1]) for r in merged if r[0] != r[1]}
        self.notes = {"merged_cells": len(self.merged)} if self.merged else {}
        header = next(itertools.islice(self._rows(), form.header - 1, None), (0, [])) if form.header else None
        found = form.columns or tuple(text.strip() for text in (header[1] if header else ()))
        self.columns = tuple(found)
        if not any(self.columns):
            raise Unreadable(_("Line %(line)d holds no column names.") % {"line": form.header})

    def _sheet(self, book: CalamineWorkbook) -> Any:
        names = book.sheet_names
        wanted = self.form.sheet or (names[0] if names else "")
        if wanted not in names:
            raise Unreadable(
                _("There is no sheet «%(name)s»; there are: %(known)s")
                % {"name": wanted, "known": ", ".join(names)}
            )
        return book.get_sheet_by_name(wanted)

    def _rows(self) -> Iterator[tuple[int, list[str]]]:
        """(line, texts) of every row from the sheet's first line on, merged cells filled."""
        filling: dict[int, tuple[int, str]] = {}
        for index, row in enumerate(self.sheet.iter_rows()):
            cells = [text_of(value) for value in row]
            for column, (last, text) in list(filling.items()):
                if index > last:
                    del filling[column]
                elif column < len(cells):
                    cells[column] = text
            for (top, left), (bottom, right) in self.merged.items():
                if top == index:
                    text = cells[left - self.left]
                    for column in range(left - self.left, min(right - self.left + 1, len(cells))):
                        cells[column] = text
                        filling[column] = (bottom, text)
            yield index + 1, cells

    def chunks(self, wanted: Sequence[str], plain: Plain = NOTHING) -> Iterator[Chunk]:
        """See readers.base.Source; rows whose cells are all empty are no rows."""
        names = unique(self.columns)
        places = [names.index(name) for name in wanted]
        rows = (r for r in itertools.islice(self._rows(), self.form.header, None) if any(r[1]))
        height = max(self.sheet.total_height, 1)
        while part := list(itertools.islice(rows, CHUNK_ROWS)):
            arrays = [
                pa.array([row[i] if i < len(row) else "" for _n, row in part], pa.string()) for i in places
            ]
            lines = pa.array([number for number, _row in part], pa.int64())
            yield Chunk(trimmed(pa.table([*arrays, lines], names=[*wanted, LINE])), (), part[-1][0] / height)


def text_of(value: object) -> str:
    """A cell as text: dates and times as ISO 8601, whole floats without a point."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, dt.datetime):
        return value.isoformat(sep=" ", timespec="seconds" if not value.microsecond else "auto")
    if isinstance(value, dt.timedelta):
        seconds = round(value.total_seconds())
        return f"{seconds // 3600}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"
    return value.isoformat() if isinstance(value, (dt.date, dt.time)) else str(value)
