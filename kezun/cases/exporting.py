"""Lists of cases as Excel, without personal data of customers."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone
from django.utils.translation import gettext as _

from kezun.cases.filterwords import told
from kezun.cases.listing import EXPORTED, Wanted, arms, chosen, first_of, order_of
from kezun.cases.rows import Row, rows_of
from kezun.org.models import Person
from kezun.ui.workbook import Sheet, Value, workbook

WIDTHS = (13, 40, 14, 8, 12, 22, 22, 12, 17, 17, 17, 8, 8, 8)


def workbook_of(person: Person, wanted: Wanted, now: dt.datetime) -> tuple[bytes, int]:
    """What is asked for as a workbook, and how many cases it holds; at most EXPORTED of them."""
    found = chosen(person, wanted, now)
    parts = arms(person, found, wanted)
    rows = rows_of(first_of(parts, order_of(wanted), EXPORTED + 1)[: EXPORTED + 1], now)
    more, rows = len(rows) > EXPORTED, rows[:EXPORTED]
    facts = [(_("Taken out"), _moment(now)), (_("Filter"), told(wanted))]
    if more:
        facts.append(
            (_("Not all"), _("The first %(n)d; narrow the filter for the others.") % {"n": EXPORTED})
        )
    sheet = Sheet(
        name=_("All cases"),
        title=_("All cases"),
        heads=heads(),
        rows=[line(row) for row in rows],
        facts=facts,
        widths=WIDTHS,
    )
    return workbook([sheet]), len(rows)


def heads() -> list[str]:
    """What stands over the columns."""
    return [
        *(_("Number"), _("Title"), _("Kind of case"), _("Severity"), _("State"), _("Unit"), _("Lies with")),
        *(
            _("Handler"),
            _("Received"),
            _("Act by"),
            _("Due"),
            _("Times before"),
            _("Sent back"),
            _("Escalated"),
        ),
    ]


def line(row: Row) -> list[Value]:
    """One case."""
    return [
        *(row.no, row.title, row.kind, row.severity, row.state_name, row.unit, row.lies_with, row.handler),
        *(_moment(row.received_at), _moment(row.act_by_at), _moment(row.due_at)),
        *(row.repeat, row.returns, row.level),
    ]


def _moment(at: dt.datetime | None) -> str:
    return "" if at is None else f"{timezone.localtime(at):%Y-%m-%d %H:%M}"
