"""Reads a roster from a workbook or a CSV file.

Sheets and columns are found by their names, in Chinese or English or as the codes below; order is free.
What cannot be read becomes a `Fault` with sheet, row and column; nothing is guessed.
"""

from __future__ import annotations

import csv
import datetime as dt
import io
import zipfile
from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.utils import translation
from django.utils.translation import gettext as _
from openpyxl.utils import get_column_letter
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook

from kezun.org.models import Unit
from kezun.org.rostersheets import SHEETS, Column, both
from kezun.org.rules.roster import Fault, Roster
from kezun.org.scope import roles

MAX_BYTES = 20 * 1024 * 1024
MAX_UNPACKED = 400 * 1024 * 1024
MAX_ROWS = 500_000


def read(content: bytes, name: str) -> tuple[Roster, list[Fault]]:
    """The roster in a file and everything in it that could not be read.

    Raises ValidationError where the file as a whole is of no use: empty, too large, no known sheet.
    """
    if not content:
        raise ValidationError(_("The file is empty; fill in the template and send it again."))
    if len(content) > MAX_BYTES:
        raise ValidationError(_("The file is larger than 20 MB; split it and send the parts one by one."))
    tables = _workbook(content) if content[:4] in (b"PK\x03\x04", b"\xd0\xcf\x11\xe0") else _csv(content)
    faults: list[Fault] = []
    rows: dict[str, tuple[Any, ...]] = {}
    for sheet, table, merged in tables:
        faults += [Fault(sheet, row, column, "merged") for row, column in merged]
        rows[sheet] = tuple(_rows(sheet, table, faults))
    if not any(rows.values()) and not faults:
        raise ValidationError(
            _("There are no rows below the headings; fill in the template and send it again.")
        )
    return Roster(**rows), faults


Table = list[list[Any]]


def _workbook(content: bytes) -> Iterable[tuple[str, Table, list[tuple[int, str]]]]:
    _no_bomb(content)
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        found = [(key, book.get_sheet_by_name(name)) for key, name in _once(book.sheet_names)]
        tables = [(key, sheet.to_python(skip_empty_area=False), _merged(sheet)) for key, sheet in found]
    except (CalamineError, OSError, ValueError) as error:
        raise ValidationError(
            _("The workbook cannot be read; save it anew as .xlsx and send it again.")
        ) from error
    if not tables:
        raise ValidationError(
            _("There is no sheet named %(names)s; use the template.")
            % {"names": ", ".join(_(title) for title, _make, _columns in SHEETS.values())}
        )
    if any(len(table) > MAX_ROWS for _key, table, _cells in tables):
        raise ValidationError(_("The workbook has more than 500,000 rows; split it."))
    return tables


def _no_bomb(content: bytes) -> None:
    if not content.startswith(b"PK"):
        return
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            unpacked = sum(item.file_size for item in packed.infolist())
    except zipfile.BadZipFile as error:
        raise ValidationError(
            _("The workbook is damaged or cut off; save it anew and send it again.")
        ) from error
    if unpacked > MAX_UNPACKED:
        raise ValidationError(_("The workbook is larger than 400 MB once unpacked; split it."))


def _sheet_key(name: str) -> str | None:
    return next(
        (k for k, (title, _m, _c) in SHEETS.items() if name.strip().casefold() in {k, *both(title)}), None
    )


def _once(names: Iterable[str]) -> list[tuple[str, str]]:
    """(sheet, its name in the file) of those known; one known by two names would hide rows of the other."""
    found: dict[str, str] = {}
    for name in names:
        key = _sheet_key(name)
        if key in found:
            raise ValidationError(
                _("Two sheets hold %(what)s: %(first)s and %(second)s. Put their rows into one.")
                % {"what": _(SHEETS[key][0]).lower(), "first": found[key], "second": name}
            )
        if key:
            found[key] = name
    return list(found.items())


def _merged(sheet: CalamineSheet) -> list[tuple[int, str]]:
    ranges = sheet.merged_cell_ranges or []
    return [(start[0] + 1, get_column_letter(start[1] + 1)) for start, _end in ranges]


def _csv(content: bytes) -> Iterable[tuple[str, Table, list[tuple[int, str]]]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = content.decode("gb18030")
        except UnicodeDecodeError as error:
            raise ValidationError(_("The file is neither a workbook nor text in UTF-8 or GBK.")) from error
    separator = max(",\t;", key=text.split("\n", 1)[0].count)
    try:
        table: Table = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True))
    except csv.Error as error:
        raise ValidationError(_("The CSV file cannot be read: %(why)s.") % {"why": error}) from error
    head = {str(cell).strip().casefold() for cell in (table[0] if table else [])}
    for key, (_title, _make, columns) in SHEETS.items():
        if all(head & {c.code, *both(c.title)} for c in columns if c.needed):
            return [(key, table, [])]
    raise ValidationError(
        _("The first line holds the headings of no sheet of the template; use its headings.")
    )


def _rows(sheet: str, table: Table, faults: list[Fault]) -> Iterable[Any]:
    _title, make, columns = SHEETS[sheet]
    if not table:
        return
    places = _places(sheet, table[0], columns, faults)
    if places is None:
        return
    for number, cells in enumerate(table[1:], start=2):
        if not any(str(cell).strip() for cell in cells):
            continue
        given, good = {}, True
        for column in columns:
            raw = cells[places[column.code]] if places.get(column.code, len(cells)) < len(cells) else ""
            try:
                value = _value(column, raw)
            except ValueError:
                faults.append(Fault(sheet, number, column.code, f"bad_{column.kind}", str(raw)))
                good = False
                continue
            if value is not None:
                given[column.code] = value
            elif column.needed:
                faults.append(Fault(sheet, number, column.code, "missing"))
                good = False
        if good:
            yield make(row=number, **given)


def _places(
    sheet: str, head: list[Any], columns: tuple[Column, ...], faults: list[Fault]
) -> dict[str, int] | None:
    names = [str(cell).strip().casefold() for cell in head]
    places: dict[str, int] = {}
    before = len(faults)
    for column in columns:
        found = [i for i, name in enumerate(names) if name in {column.code, *both(column.title)}]
        if len(found) > 1:
            faults.append(Fault(sheet, 1, column.code, "doubled"))
        elif found:
            places[column.code] = found[0]
        elif column.needed:
            faults.append(Fault(sheet, 1, column.code, "no_column"))
    return places if len(faults) == before else None


def _value(column: Column, raw: Any) -> Any:
    """A cell as its column wants it; None for an empty one; ValueError where it cannot be read."""
    if column.kind == "date" and isinstance(raw, dt.date):
        return raw.date() if isinstance(raw, dt.datetime) else raw
    text = str(int(raw)) if isinstance(raw, float) and raw.is_integer() else str(raw).strip()
    if not text:
        return None
    if column.kind == "date":
        return _date(text)
    if column.kind == "tags":
        return frozenset(
            t.strip() for t in text.replace("，", ",").replace("、", ",").split(",") if t.strip()
        )
    if column.kind == "kind":
        return _named(text, {k.value: {k.value, *both(_english(k.label))} for k in Unit.Kind})
    if column.kind == "role":
        return _named(text, {c: {c, r.name.casefold(), r.name_en.casefold()} for c, r in roles().items()})
    return text


def _english(label: Any) -> str:
    with translation.override("en"):
        return str(label)


def _named(text: str, names: dict[str, set[str]]) -> str:
    return next((code for code, known in names.items() if text.casefold() in known), text)


def _date(text: str) -> dt.date:
    plain = text.replace("/", "-").replace(".", "-")
    if len(plain) == 8 and plain.isdigit():
        plain = f"{plain[:4]}-{plain[4:6]}-{plain[6:]}"
    year, month, day = (int(part) for part in plain.split("-"))
    try:
        return dt.date(year, month, day)
    except OverflowError as error:
        raise ValueError("no calendar holds this number") from error
