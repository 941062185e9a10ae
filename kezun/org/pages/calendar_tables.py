"""A calendar's table as CSV: shown as a difference, taken over once it is confirmed; and handed out."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from kezun.kernel.page import page
from kezun.org import actions, calendars, calendartables, forms
from kezun.org.models import Calendar, CalendarDay, Person
from kezun.org.pages.calendars import READ, calendar_named
from kezun.org.reader import reader_of
from kezun.org.rules import calendarfile
from kezun.org.rules.calendar import Day
from kezun.ui.attachment import CSV, attachment
from kezun.ui.telling import tell

SHOWN = 400


@page("calendars/<str:code>/import/", name="org.calendar_import", needs="org.import_calendar")
def bring(request: HttpRequest, code: str) -> HttpResponse:
    """Send a table, look at what it would change, confirm."""
    calendar, person = calendar_named(code), reader_of(request)
    if request.method == "POST" and "table" in request.POST:
        return _confirm(request, person, calendar)
    form = forms.CalendarTable(request.POST or None, request.FILES or None, actor=person)
    context: dict[str, Any] = {"calendar": calendar, "form": form, "year": timezone.localdate().year}
    if request.method == "POST" and form.is_valid():
        context |= _looked_at(calendar, form.cleaned_data["file"])
    wrong = request.method == "POST" and not context.get("counts")
    return render(request, "org/calendar_import.html", context, status=422 if wrong else 200)


def _looked_at(calendar: Calendar, text: str) -> dict[str, Any]:
    """What a table would change, or what is wrong with it."""
    days, wrong = calendarfile.read(text)
    if wrong:
        return {
            "faults": [
                {"line": w.line, "column": w.column, "text": calendartables.say(w)} for w in wrong[:SHOWN]
            ]
        }
    changes = actions.changes_of(calendar, days)
    shown = [_shown(change) for change in changes[:SHOWN]]
    return {
        "changes": shown,
        "more": max(len(changes) - SHOWN, 0),
        "counts": actions.tally(changes),
        "years": sorted({day.date.year for day in days}),
        "table": text,
    }


def _shown(change: calendarfile.DayChange) -> dict[str, Any]:
    return {"date": change.date, "before": _said(change.before), "after": _said(change.after)}


def _said(day: Day | None) -> str:
    """A day in a few words; nothing for one that goes as its week does."""
    if day is None:
        return ""
    kind = str(CalendarDay.Kind(day.kind.value).label)
    return " · ".join(filter(None, (kind, calendars.why(day), calendars.written(day))))


def _confirm(request: HttpRequest, person: Person, calendar: Calendar) -> HttpResponse:
    counts = {}
    for name in ("added", "changed", "removed"):
        text = request.POST.get(name, "")
        counts[name] = int(text) if text.isdecimal() else -1
    try:
        actions.import_calendar(person, calendar, table=request.POST["table"], counts=counts)
        messages.success(request, _("The table was taken over; its years wait to be proposed as official."))
    except ValidationError as error:
        tell(request, error)
        return redirect("org.calendar_import", calendar.code)
    years = [day.date.year for day in calendartables.days_in(request.POST["table"])]
    return redirect("org.calendar", calendar.code, max(years))


@page("calendars/<str:code>/<int:year>/table/", name="org.calendar_table", needs=READ)
def table(request: HttpRequest, code: str, year: int) -> HttpResponse:
    """The days that the calendar itself names in a year, as the CSV that can be brought again."""
    calendar = calendar_named(code)
    text = calendartables.table_of(calendar, year)
    return attachment(text.encode("utf-8-sig"), f"{calendar.code}-{year}.csv", CSV)
