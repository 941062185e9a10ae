"""The deadline explainer: when something is due, by when one must act, and every day with its reason."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kezun.cases import deadlines
from kezun.cases.cli_deadline import counted
from kezun.cases.forms_deadline import DeadlineForm
from kezun.cases.rules.explaining import MOST_DAYS, Line
from kezun.kernel.page import Menu, page
from kezun.org.calendars import WEEKDAYS, why
from kezun.org.rules.months import Month, months
from kezun.ui.components import Crumb

MOST_DRAWN = 200  # days of a drawn explanation; a longer one is told in its dates alone
FIRST = {"policy": "complaint_decision"}
FIELDS = {"from": "start"}


@page(
    "deadlines/",
    name="cases.deadlines",
    needs="cases.read",
    menu=Menu("handle", 10, gettext_lazy("Reckon a deadline"), "calendar-time"),
)
def explainer(request: HttpRequest) -> HttpResponse:
    """Ask by policy or by basis; the answer is drawn as months with counted and skipped days."""
    first = FIRST | {"start": timezone.localtime().strftime("%Y-%m-%d %H:%M")}
    form = DeadlineForm(request.GET if request.GET else first)
    context: dict[str, Any] = {"form": form, "crumbs": [Crumb(str(_("Reckon a deadline")))]}
    wrong = not form.is_valid()
    if not wrong:
        try:
            context |= drawn(_reckoned(form.cleaned_data))
        except ValidationError as error:
            wrong = True
            for name, texts in error.message_dict.items():
                field = FIELDS.get(name, name)
                form.add_error(field if field in form.fields else None, list(texts))
    return render(request, "cases/deadlines.html", context, status=422 if wrong else 200)


def _reckoned(asked: dict[str, Any]) -> deadlines.Reckoned:
    return deadlines.reckon(
        start=deadlines.moment(asked["start"]),
        code=asked["policy"],
        basis="" if asked["policy"] else asked["basis"],
        units=None if asked["policy"] else asked["units"],
        calendar=asked["calendar"],
        roll=asked["roll"],
    )


def drawn(found: deadlines.Reckoned) -> dict[str, Any]:
    """What the template needs: the answer, months of days, the days that did not count."""
    lines = {line.day.date: line for line in found.lines}
    zone = deadlines.bank_zone()
    shown = list(lines) if len(lines) <= min(MOST_DRAWN, MOST_DAYS) else []
    return {
        "found": found,
        "start": found.start.astimezone(zone),
        "due": found.due.due_at.astimezone(zone),
        "act_by": found.due.act_by.astimezone(zone),
        "zone": zone.key,
        "weekdays": WEEKDAYS,
        "months": [_month(m, lines) for m in months(shown[0], shown[-1])] if shown else [],
        "lines": [{"of": line, "why": why(line.day), "what": counted(line)} for line in found.lines][
            :MOST_DRAWN
        ],
        "skipped": sum(line.code == "skipped" for line in found.lines),
    }


def _month(month: Month, lines: dict[Any, Line]) -> dict[str, Any]:
    return {
        "first": month.first,
        "weeks": [[_cell(date, lines.get(date)) for date in week] for week in month.weeks],
    }


def _cell(date: Any, line: Line | None) -> dict[str, Any] | None:
    if date is None:
        return None
    if line is None:
        return {"date": date, "kind": "none", "why": "", "classes": "", "note": " "}
    marks = f"{' c-actby' if line.act_by else ''}{' c-due' if line.due else ''}"
    reason = why(line.day)
    number = f"{line.total:g}" if line.amount else reason if line.day.name else " "
    about = f"{counted(line)} · {reason}"
    return {"date": date, "kind": line.code, "why": about, "classes": marks, "note": number}
