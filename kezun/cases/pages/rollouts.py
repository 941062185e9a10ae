"""How far a roll-out has come: who was asked, who answered, who found the same."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from kezun.cases import rollout, showing, wording
from kezun.cases.models import Case
from kezun.cases.models.cases import READ
from kezun.cases.queries import case_by_no
from kezun.kernel.page import page
from kezun.org.models import Person
from kezun.org.reader import reader_of
from kezun.ui.attachment import XLSX, attachment
from kezun.ui.workbook import Sheet, workbook

PER_PAGE, MOST = 50, 20_000
# what the file holds of a self-check: of fifteen thousand, nothing else is read
WRITTEN = (
    *("received_at", "state", "data", "due_at", "closed_at"),
    *("unit__code", "unit__name", "unit__name_en"),
)
NAMES: dict[str, Promise] = {
    "conforming": lazy("conforming"),
    "same": lazy("the same was found"),
    "na": lazy("not applicable"),
    "open": lazy("not answered"),
}


@dataclass(frozen=True)
class Slice:
    """One part of the bar: its name, words, count, and place in hundredths of the width."""

    name: str
    title: str
    n: int
    x: str
    width: str


@dataclass(frozen=True)
class Part:
    """One order with its bar; words: the bar for whoever does not see it."""

    told: rollout.Coverage
    slices: tuple[Slice, ...]

    @property
    def words(self) -> str:
        return wording.several(f"{one.title} {one.n}" for one in self.slices)


def part_of(order: rollout.Order) -> Part:
    """An order, counted and drawn."""
    told, x, slices = rollout.coverage(order), 0.0, []
    counts = {**told.found, "open": told.open}
    for name, share in told.shares:
        slices.append(Slice(name, str(NAMES[name]), counts.get(name, 0), f"{x:.3f}", f"{share:.3f}"))
        x += share
    return Part(told, tuple(slices))


@page("roll-outs/<str:no>/", name="cases.roll_out_page", needs=READ)
def roll_out(request: HttpRequest, no: str) -> HttpResponse:
    """Every order of a case with its bar, and the units asked that lie in the reader's scope."""
    actor = reader_of(request)
    case = case_by_no(actor, no)
    found = request.GET.get("found", "")
    shown = Paginator(_asked(actor, case, found), PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "title": _("Roll-out of %(no)s") % {"no": case.no},
        "case": case,
        "parts": [part_of(order) for order in rollout.orders_of(case)],
        "rows": [(row, answer_of(row)) for row in shown.object_list],
        "page": shown,
        "found": found,
        "choices": [("", _("all")), *NAMES.items()],
        "crumbs": [
            {"title": case.no, "href": reverse("cases.case", args=[case.no])},
            {"title": _("Roll-out")},
        ],
    }
    return render(request, "cases/roll_out.html", context)


@page("roll-outs/<str:no>/<int:seq>/", name="cases.roll_out_progress", needs=READ)
def progress(request: HttpRequest, no: str, seq: int) -> HttpResponse:
    """The bar of one order, fetched again and again while its self-checks are being opened."""
    case = case_by_no(reader_of(request), no)
    order = next((one for one in rollout.orders_of(case) if one.seq == seq), None)
    if order is None:
        raise Http404(no)
    return render(request, "cases/parts/coverage.html", {"case": case, "part": part_of(order)})


@page("roll-outs/<str:no>/file/", name="cases.roll_out_file", needs=READ)
def file(request: HttpRequest, no: str) -> HttpResponse:
    """All units asked, as Excel."""
    actor = reader_of(request)
    case = case_by_no(actor, no)
    asked = _asked(actor, case, "").select_related(None).select_related("unit").only(*WRITTEN)
    results, states = rollout.results_of(asked), {code: str(name) for code, name in Case.State.choices}
    rows = [
        [
            *(row.unit.code, row.unit.title, row.no, states[row.state], answer_of(row)),
            *(results.get(row.pk, ""), showing.day(row.due_at), showing.day(row.closed_at)),
        ]
        for row in asked[:MOST]
    ]
    heads = (
        _("Number of the unit"),
        _("Unit"),
        _("Self-check"),
        _("State"),
        _("Result of the look"),
        _("In words"),
    )
    title = _("Roll-out of %(no)s") % {"no": case.no}
    facts = [(_("Case"), f"{case.no} {case.title}")]
    for part in map(part_of, rollout.orders_of(case)):
        facts.append((part.told.order.question, part.words))
    sheet = Sheet(
        _("Roll-out"),
        title,
        (*heads, _("Deadline"), _("Closed on")),
        rows,
        facts,
        (12, 26, 14, 12, 16, 40, 14, 14),
    )
    return attachment(workbook([sheet]), f"{case.no}.xlsx", XLSX)


def _asked(actor: Person, case: Case, found: str) -> QuerySet[Case]:
    """The self-checks of a case in the reader's scope, by unit; only those with the answer that is named."""
    tied: dict[str, Any] = {"links__target": case.pk, "links__type": "roll_out_of"}
    rows = Case.objects.visible_to(actor).filter(code=rollout.SELF_CHECK, **tied)
    if found == "open":
        rows = rows.exclude(state__in=rollout.ANSWERED)
    elif found in rollout.FOUND:
        rows = rows.filter(state__in=rollout.ANSWERED, data__found=found)
    return rows.select_related("unit", "kind").order_by("unit__code", "pk")


def answer_of(case: Case) -> str:
    """What a self-check found, in words; "" while it has not answered."""
    answered = case.state in rollout.ANSWERED
    return str(NAMES.get(str(case.data.get("found")), "")) if answered else ""
