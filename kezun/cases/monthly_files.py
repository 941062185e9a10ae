"""A monthly report as a file: PDF as it is filed, Word as it is worked on, JSON for machines."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from docx import Document as WordDocument
from docx.oxml.ns import qn
from docx.shared import Pt

from kezun.cases import monthly_words as words
from kezun.cases import wording
from kezun.cases.monthly import TABLES, Report
from kezun.cases.rules.monthly import Line
from kezun.ui.figures import NONE, figure
from kezun.ui.pdf import Document as PdfDocument

CHINESE, LATIN = "SimSun", "Calibri"


@dataclass(frozen=True)
class Sheet:
    """A table of the report: title, heads, rows as texts; the first column names the row."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def axis_name(axis: str) -> str:
    """What an axis is called."""
    return {"channel": _("By channel"), "business": _("By business"), "reason": _("By reason")}[axis]


def overview(report: Report) -> list[tuple[str, str]]:
    """The figures by name, as texts."""
    made = report.figures
    return [
        (_("Complaints received"), str(made.total)),
        (_("Grave"), str(made.grave)),
        (_("Closed by now"), str(made.closed)),
        (_("Still open"), str(made.open)),
        (_("Withdrawn"), str(made.withdrawn)),
        (_("Not accepted"), str(made.rejected)),
        (_("Answered in time"), words.of(made.answer) if made.answer.n else NONE),
        (_("Contacted in time"), words.of(made.contact) if made.contact.n else NONE),
        (_("Upheld in whole or in part"), words.of(made.upheld) if made.upheld.n else NONE),
        (_("Time to close, median"), figure(made.close_median, "s")),
        (_("Time to close, P90"), figure(made.close_p90, "s")),
        (_("Given more time"), words.of(made.extended) if made.extended.n else NONE),
        (_("Opened again"), words.of(made.reopened) if made.reopened.n else NONE),
        (_("Sent back twice or more"), words.of(made.ping_pong) if made.ping_pong.n else NONE),
        (_("By customers who had complained before"), words.of(made.repeat) if made.repeat.n else NONE),
        (_("Content with the handling"), words.of(made.content) if made.content.n else NONE),
    ]


def sheets(report: Report) -> list[Sheet]:
    """All tables of the report that have rows."""
    made = [_coded(axis_name(axis), axis, report.axes[axis]) for axis in TABLES]
    made.append(_coded(_("Most frequent reasons"), "reason", report.reasons))
    made.append(
        Sheet(
            _("By unit"),
            (_("Unit"), _("Complaints"), _("Answered in time")),
            tuple(
                (unit.title, str(count), words.of(part) if part.n else NONE)
                for unit, count, part in report.units
            ),
        )
    )
    made.append(
        Sheet(
            _("Grave and overdue"),
            (
                *(_("Case"), _("Title"), _("Unit"), _("Severity"), _("Received")),
                *(pgettext("deadline", "Due"), _("State")),
            ),
            tuple(
                (
                    *(case.no, case.title, case.unit.title, str(case.severity), _day(case.received_at)),
                    *(_day(report.terms[case.pk].due_at), str(case.get_state_display())),
                )
                for case in report.listed
            ),
        )
    )
    return [sheet for sheet in made if sheet.rows]


def _day(at: Any) -> str:
    return NONE if at is None else timezone.localtime(at).strftime("%Y-%m-%d")


def _coded(name: str, axis: str, lines: Sequence[Line]) -> Sheet:
    heads = (name, _("Complaints"), _("Share"), _("Month before"), _("Change in the count"), _("Year ago"))
    rows = (
        (
            *(words.name_of(axis, line.code), str(line.count), figure(line.share, "%"), str(line.before)),
            *(signed(line.count - line.before), str(line.year_ago)),
        )
        for line in lines
    )
    return Sheet(name, heads, tuple(rows))


def signed(change: int) -> str:
    """A change with its sign: +3, −2, ±0."""
    return "±0" if change == 0 else f"{'+' if change > 0 else '−'}{abs(change)}"


def pdf(report: Report) -> bytes:
    """The report as PDF."""
    made = PdfDocument(words.title(report), foot=words.title(report))
    made.heading(words.title(report))
    made.paragraph(_said(report), small=True)
    for text in words.paragraphs(report):
        made.paragraph(text)
    made.heading(_("Figures"), 2)
    made.facts(overview(report))
    for sheet in sheets(report):
        made.heading(sheet.title, 2)
        wide = len(sheet.heads) == 7
        widths = (2, 4, 2.4, 1, 1.6, 1.6, 1.4) if wide else (3, *(1.4 for _head in sheet.heads[1:]))
        right = () if wide else tuple(range(1, len(sheet.heads)))
        made.table(sheet.heads, sheet.rows, widths=widths, right=right)
    return made.content()


def _said(report: Report) -> str:
    told = _("As of %(moment)s; complaints received in the month, merged ones counted once.") % {
        "moment": timezone.localtime(report.month.now).strftime("%Y-%m-%d %H:%M")
    }
    return wording.sentences(filter(None, (told, words.limited(report.lines))))


def word(report: Report) -> bytes:
    """The report as a Word document with real headings and tables."""
    made: Any = WordDocument()
    style = made.styles["Normal"]
    style.font.name, style.font.size = LATIN, Pt(10.5)
    style.element.rPr.rFonts.set(qn("w:eastAsia"), CHINESE)
    made.core_properties.title = words.title(report)
    made.core_properties.author = "Kezun"
    made.add_heading(words.title(report), 0)
    made.add_paragraph(_said(report))
    for text in words.paragraphs(report):
        made.add_paragraph(text)
    made.add_heading(_("Figures"), 1)
    _table(made, (), overview(report))
    for sheet in sheets(report):
        made.add_heading(sheet.title, 1)
        _table(made, sheet.heads, sheet.rows)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def _table(made: Any, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    columns = len(rows[0])
    table = made.add_table(rows=1 if heads else 0, cols=columns)
    table.style = "Table Grid"
    for at, head in enumerate(heads):
        table.rows[0].cells[at].paragraphs[0].add_run(head).bold = True
    for row in rows:
        cells = table.add_row().cells
        for at, text in enumerate(row):
            cells[at].text = text


def plain(report: Report) -> dict[str, Any]:
    """The report as JSON holds it."""
    made = report.figures
    return {
        "unit": report.month.unit.code,
        "month": words.month_name(report),
        "lines": None if report.lines is None else [line.code for line in report.lines],
        "at": report.month.now.isoformat(),
        "figures": asdict(made),
        "before": asdict(report.against_before),
        "year_ago": asdict(report.against_year_ago),
        **{axis: [asdict(line) for line in lines] for axis, lines in report.axes.items()},
        "reasons": [asdict(line) for line in report.reasons],
        "trend": [{"month": first.strftime("%Y-%m"), "count": count} for first, count in report.trend],
        "units": [
            {"unit": unit.code, "count": n, "answered_in_time": asdict(p)} for unit, n, p in report.units
        ],
        "listed": [case.no for case in report.listed],
        "text": words.paragraphs(report),
    }
