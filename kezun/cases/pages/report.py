"""The monthly report on complaints: figures, charts, sentences; out as PDF and Word."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import content_disposition_header, urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext
from django.views.decorators.http import require_POST, require_safe

from kezun.cases import monthly_files as files
from kezun.cases import monthly_words as words
from kezun.cases.actions.reporting import export_report
from kezun.cases.monthly import TABLES, Report, report
from kezun.cases.rules.monthly import Line, month_of, shifted
from kezun.kernel.page import Menu, page
from kezun.org.models import Person, Unit, UnitPath, valid_on
from kezun.org.reader import reader_of
from kezun.ui.components import Cell, Chart, Crumb, Tile
from kezun.ui.figures import change, figure
from kezun.ui.rules import grouped

READ, EXPORT = "cases.read", "cases.export_report"
KINDS = {
    "pdf": (files.pdf, "application/pdf"),
    "docx": (
        files.word,
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ),
}
MOST_BARS = 12


@page(
    "cases/report/",
    name="cases.report",
    needs=READ,
    menu=Menu("handle", 8, gettext_lazy("Monthly complaints"), "report"),
)
@require_safe
def monthly(request: HttpRequest) -> HttpResponse:
    """Choose a unit and a month; the report on it."""
    reader = reader_of(request)
    unit, first = _asked(request.GET.get("unit", ""), request.GET.get("month", ""), reader)
    if unit is None:
        return render(request, "cases/report.html", {"title": _("Monthly complaints")})
    return render(request, "cases/report.html", _context(report(reader, unit, first), reader))


@page("cases/report/file/", name="cases.report_file", needs=EXPORT)
@require_POST
def take(request: HttpRequest) -> HttpResponse:
    """The report as a file; the trail records who took it."""
    reader, asked = reader_of(request), request.POST or request.GET
    unit, first = _asked(asked.get("unit", ""), asked.get("month", ""), reader)
    made = KINDS.get(asked.get("kind", ""))
    if unit is None or made is None:
        raise Http404(_("There is no such report."))
    found = report(reader, unit, first)
    body = made[0](found)
    kind, month = asked["kind"], words.month_name(found)
    export_report(reader, unit, month=month, kind=kind, complaints=len(found.rows))
    name = pgettext("name of a file", "Monthly complaints")
    heads = {
        "Content-Disposition": content_disposition_header(True, f"{name}-{unit.code}-{month}.{kind}") or ""
    }
    return HttpResponse(body, content_type=made[1], headers=heads)


def _asked(code: str, month: str, reader: Person) -> tuple[Unit | None, dt.date]:
    """The unit and month that are meant: by default the highest of the reader's, and the last whole month."""
    try:
        first = month_of(month) if month else shifted(timezone.localdate().replace(day=1), -1)
    except ValueError as error:
        raise Http404(_("Write the month as 2026-03.")) from error
    units = Unit.objects.visible_to(reader, READ)
    if code:
        found = units.filter(code=code).first()
        if found is None:
            raise Http404(_("There is no such unit in your scope."))
        return found, first
    if reader.scope.whole_bank(READ):
        return units.filter(kind="head_office").order_by("code").first(), first
    return units.filter(pk__in=reader.scope.roots()).order_by("code").first(), first


def _crumbs(found: Report, reader: Person) -> list[Crumb]:
    """The way down to the unit, as far as the reader sees it."""
    above = Unit.objects.visible_to(reader, READ).filter(pk__in=_above(found.month.unit))
    order = {pk: at for at, pk in enumerate(_above(found.month.unit))}
    units = sorted(above, key=lambda unit: order[unit.pk])
    return [Crumb(_("Monthly complaints"), "?"), *(Crumb(unit.name, _href(found, 0, unit)) for unit in units)]


def _above(unit: Unit) -> list[int]:
    """The units above, from the top."""
    paths = UnitPath.objects.filter(valid_on(timezone.localdate()), unit=unit, depth__gt=0)
    return list(paths.order_by("-depth").values_list("ancestor", flat=True))


def _context(found: Report, reader: Person) -> dict[str, Any]:
    month = found.month
    return {
        "title": words.title(found),
        "crumbs": [*_crumbs(found, reader), Crumb(words.unit_name(found))],
        "found": found,
        "listed": [(case, found.terms[case.pk]) for case in found.listed],
        "unit": month.unit,
        "month": words.month_name(found),
        "newest": timezone.localdate().strftime("%Y-%m"),
        "before": _href(found, -1),
        "after": _href(found, 1) if shifted(month.first, 1) <= timezone.localdate() else "",
        "tiles": _tiles(found),
        "limit": words.limited(found.lines),
        "paragraphs": words.paragraphs(found),
        "charts": [_trend(found), *(_bars(found, axis) for axis in TABLES)],
        "reasons": [
            (
                words.name_of("reason", line.code),
                line,
                figure(line.share, "%"),
                files.signed(line.count - line.before),
            )
            for line in found.reasons
        ],
        "below": [
            (unit, _href(found, 0, unit), count, words.of(part) if part.n else "—")
            for unit, count, part in found.units
        ],
        "figures": files.overview(found),
        "may_export": reader.may(EXPORT),
    }


def _href(found: Report, months: int, unit: Unit | None = None) -> str:
    month = shifted(found.month.first, months).strftime("%Y-%m")
    return "?" + urlencode({"unit": (unit or found.month.unit).code, "month": month})


def _tiles(found: Report) -> list[Tile]:
    made = found.figures
    changed = change(made.total, len(found.before), "count", "down")
    if changed is not None and found.against_before.told == "chance":
        changed = type(changed)(changed.text, "chance")
    return [
        Tile(_("Complaints received"), grouped(made.total), change=changed),
        Tile(
            _("Answered in time"), figure(made.answer.share, "%"), n=_n(made.answer.n), thin=made.answer.n < 5
        ),
        Tile(
            _("Contacted in time"),
            figure(made.contact.share, "%"),
            n=_n(made.contact.n),
            thin=made.contact.n < 5,
        ),
        Tile(_("Time to close, median"), figure(made.close_median, "s"), n=_n(made.closed)),
        Tile(
            _("Content with the handling"),
            figure(made.content.share, "%"),
            n=_n(made.content.n),
            thin=made.content.n < 5,
        ),
        Tile(_("Still open"), grouped(made.open)),
    ]


def _n(count: int) -> str:
    return f"n = {grouped(count)}"


def _trend(found: Report) -> Chart:
    texts = [grouped(count) for _first, count in found.trend]
    labels = [first.strftime("%Y-%m") for first, _count in found.trend]
    data = {
        **{"labels": labels, "values": [count for _first, count in found.trend], "texts": texts},
        **{"unit": "count", "before": [], "links": []},
    }
    rows = [[Cell(label), Cell(text)] for label, text in zip(labels, texts, strict=True)]
    return Chart(
        "chart-months", "trend", _("Thirteen months"), data, [_("Month"), _("Complaints")], rows, wide=True
    )


def _bars(found: Report, axis: str) -> Chart:
    name, lines = files.axis_name(axis), [line for line in found.axes[axis] if line.count]
    names = [words.name_of(axis, line.code) for line in lines]
    texts = [f"{grouped(line.count)} ({figure(line.share, '%')})" for line in lines]
    data = {
        **{"labels": names[:MOST_BARS], "values": [line.count for line in lines][:MOST_BARS]},
        **{"texts": texts[:MOST_BARS], "unit": "count", "across": True, "fromZero": True, "links": []},
    }
    rows = [_cells(text, line) for text, line in zip(names, lines, strict=True)]
    heads = [name, _("Complaints"), _("Share"), _("Month before"), _("Year ago")]
    return Chart(f"chart-{axis}", "bars", name, data, heads, rows)


def _cells(name: str, line: Line) -> list[Cell]:
    texts = (name, grouped(line.count), figure(line.share, "%"), grouped(line.before), grouped(line.year_ago))
    return [Cell(text) for text in texts]
