"""The supervisor's board: what is late or about to be, what goes to and fro, where nobody stands."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from kezun.cases.overview import COUNTED, Tally, chart, list_of, overview
from kezun.kernel.page import Menu, page
from kezun.org.reader import reader_of
from kezun.ui.components import Tile
from kezun.ui.rules import grouped

NEEDS = "cases.export"  # whoever leads handlers, or looks at all of them
NAMES: dict[str, Promise] = {
    "count": gettext_lazy("still open"),
    "late": gettext_lazy("late"),
    "soon": gettext_lazy("within 3 days"),
    "returned": gettext_lazy("sent to and fro"),
    "escalated": gettext_lazy("escalated"),
}


@page(
    "cases/board/",
    name="cases.board",
    needs=NEEDS,
    menu=Menu("handle", 6, gettext_lazy("Supervision board"), "layout-dashboard"),
)
@require_safe
def board(request: HttpRequest) -> HttpResponse:
    """Open cases in scope, counted; every number opens its list."""
    found = overview(reader_of(request), timezone.now())
    context: dict[str, Any] = {
        "title": _("Supervision board"),
        "found": found,
        "tiles": [
            Tile(
                str(NAMES[name]),
                grouped(found.whole.counts[name]),
                href=list_of(name),
                met=_met(name, found.whole),
            )
            for name in COUNTED
        ],
        "heads": [NAMES[name] for name in COUNTED],
        "units": [(tally, _cells(tally, "owner")) for tally in found.units],
        "kinds": [(tally, _cells(tally, "kind")) for tally in found.kinds],
        "charts": [
            chart("chart-units", _("By unit"), found.units, lambda name, t: list_of(name, owner=t.code)),
            chart("chart-kinds", _("By kind"), found.kinds, lambda name, t: list_of(name, kind=t.code)),
        ],
    }
    return render(request, "cases/board.html", context)


def _met(name: str, whole: Tally) -> bool | None:
    """Nothing late is as it should be; the other numbers are not judged."""
    return whole.counts[name] == 0 if name == "late" and whole.counts["count"] else None


def _cells(tally: Tally, by: str) -> list[tuple[int, str, str]]:
    """Each number with the address of its list and how it looks."""
    return [
        (n, list_of(name, **{by: tally.code}) if n else "", "c-late" if name == "late" and n else "")
        for name, n in tally.counts.items()
    ]
