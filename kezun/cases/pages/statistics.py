"""Complaints counted by the code tables, and the report to the regulator: Excel and PDF."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext
from django.views.decorators.http import require_POST

from kezun.cases import pack
from kezun.cases.actions.filters import export
from kezun.cases.models import READ
from kezun.cases.pack import AXES, Span
from kezun.kernel.actor import Actor
from kezun.kernel.page import Menu, page
from kezun.org.queries import unit_by_code
from kezun.org.reader import reader_of
from kezun.ui.attachment import PDF, XLSX, attachment

EXPORT = "cases.export"
Maker = Callable[[Actor, Span], tuple[bytes, int]]
WORDS: dict[str, tuple[Maker, str, str]] = {
    "statistics": (pack.statistics_book, "xlsx", XLSX),
    "pack": (pack.pack_book, "xlsx", XLSX),
    "paper": (pack.pack_paper, "pdf", PDF),
}


def span_of(actor: Actor, said: dict[str, str]) -> Span:
    """The span that an address asks for: this year up to today where it says nothing that can be.

    Raises OutOfScope for a unit outside the scope.
    """
    today = timezone.localdate()
    since, until = _day(said.get("since", "")), _day(said.get("until", ""))
    unit = said.get("unit", "").strip()[:40]
    if unit:
        unit = unit_by_code(actor, unit, READ).code
    since, until = since or today.replace(month=1, day=1), until or today
    return Span(min(since, until), max(since, until), unit)


def _day(text: str) -> dt.date | None:
    try:
        found = parse_date(text)
    except ValueError:
        return None
    return found if found is not None and 2000 <= found.year <= 2100 else None


@page(
    "complaints/statistics/",
    name="cases.complaint_statistics",
    needs=READ,
    menu=Menu("handle", 9, gettext_lazy("Complaint statistics"), "chart-bar"),
)
def statistics(request: HttpRequest) -> HttpResponse:
    """How many complaints by channel, business or reason, by month or unit."""
    actor = reader_of(request)
    span = span_of(actor, request.GET.dict())
    axis = request.GET.get("axis", "reason_code")
    axis = axis if axis in AXES else "reason_code"
    by = "unit" if request.GET.get("by") == "unit" else "month"
    made = pack.table(actor, span, axis, by)
    shown = [
        (row, made.names.get(row.code, row.code), [row.by.get(column, 0) for column in made.columns])
        for row in made.rows
    ]
    context = {
        "limit": span.limit(actor),
        **{"span": span, "axis": axis, "by": by, "made": made, "shown": shown},
        "axes": [
            ("channel", _("Channel")),
            ("business", _("Business")),
            ("reason_code", _("Reason for complaining")),
        ],
        "may_export": actor.may(EXPORT),
    }
    return render(request, "cases/statistics.html", context)


@page("complaints/export/<slug:word>/", name="cases.complaint_export", needs=EXPORT)
@require_POST
def handed_out(request: HttpRequest, word: str) -> HttpResponse:
    """Hand out the statistics or the report as a file; that it left, and how much of it, is recorded."""
    if word not in WORDS:
        raise Http404(word)
    actor, (make, suffix, kind) = reader_of(request), WORDS[word]
    span = span_of(actor, request.POST.dict())
    content, count = make(actor, span)
    export(actor, query=f"complaints/{word}?{span.since}..{span.until}&unit={span.unit}", rows=count)
    name = pgettext("name of a file", "Complaint statistics")
    return attachment(content, f"{name}-{span.since}-{span.until}.{suffix}", kind)
