"""A table of days as a bank sends it: read, or refused with every line that is wrong; and written back."""

from __future__ import annotations

import csv
import io

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from kezun.org.models import Calendar
from kezun.org.rules import calendarfile
from kezun.org.rules.calendar import Day

SHOWN = 50


def days_in(text: str) -> list[Day]:
    """The days of a table. Raises ValidationError with each mistake and its line."""
    days, wrong = calendarfile.read(text)
    if wrong:
        where = _("Line %(line)d, column %(column)s: %(what)s")
        raise ValidationError(
            [where % {"line": w.line, "column": w.column, "what": say(w)} for w in wrong[:SHOWN]]
        )
    return days


def say(wrong: calendarfile.Wrong) -> str:
    """A mistake in words, and what to do."""
    value = {"value": wrong.value}
    return {
        "column": _("The column is missing; the first line names date and kind."),
        "empty": _("There is no day in the table."),
        "date": _("“%(value)s” is not a day; write it as 2026-10-01.") % value,
        "year": _("“%(value)s” is too far away; years from 2000 to 2199 are kept.") % value,
        "kind": _("“%(value)s” is not a kind of day; write work, rest, holiday or makeup.") % value,
        "windows": _("“%(value)s” is no working time; write 08:30-12:00 13:30-17:30, in order.") % value,
        "long": _("The text is longer than 120 characters."),
        "doubled": _("The day stands in line %(value)s already; delete one of them.") % value,
        "many": _("More than %(value)s lines; bring fewer years at once.") % value,
    }[wrong.code]


def table_of(calendar: Calendar, year: int) -> str:
    """The days that the calendar itself names in a year, as a table that can be brought again."""
    out = io.StringIO()
    sheet = csv.writer(out, lineterminator="\n")
    sheet.writerow(calendarfile.COLUMNS)
    for row in calendar.days.filter(on_date__year=year).order_by("on_date"):
        sheet.writerow((row.on_date.isoformat(), row.kind, row.name, row.name_en, row.windows))
    return out.getvalue()
