"""The bridge: one period judged by two editions of a scheme, so that a broken trend can be read across."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from kezun.assessment.actions.runs import run as begin
from kezun.assessment.models import Run, Scheme
from kezun.assessment.pages.rounds import choices
from kezun.assessment.queries import comparable, runs_for, scheme_by_id, schemes_for
from kezun.assessment.rounds import NOT_DONE, READ
from kezun.assessment.standings import Bridged
from kezun.facts.rules import Period
from kezun.kernel.page import page
from kezun.kernel.rules import whole_number
from kezun.org.models import Person
from kezun.org.reader import reader_of
from kezun.ui.telling import tell

MAKE = "assessment.run"
SHOWN = 500


@dataclass(frozen=True)
class Side:
    """One edition's run over the period: None where there is none yet; busy: it is being computed."""

    edition: Scheme
    run: Run | None
    busy: bool
    message: str


@dataclass(frozen=True)
class Summed:
    """A bridge in figures: how many under both, the mean change, and from which grade to which."""

    subjects: int
    mean: Decimal | None
    up: int
    down: int
    grades: tuple[tuple[str, str, int], ...]


@page("bridge/", name="assessment.bridge", needs=READ)
@require_safe
def bridge(request: HttpRequest) -> HttpResponse:
    """Choose two editions and a period; both scores of everyone stand side by side."""
    person = reader_of(request)
    editions = list(schemes_for(person).filter(published_at__isnull=False).defer("text"))
    period = _period(request.GET.get("period", ""))
    context: dict[str, Any] = {
        "title": _("Bridge between editions"),
        "crumbs": [
            {"title": _("Schemes"), "href": reverse("assessment.schemes")},
            {"title": _("Bridge between editions")},
        ],
        "editions": several(editions),
        "periods": choices(timezone.localdate()),
        "period": period.label,
        "may_make": person.may(MAKE),
    }
    chosen = [whole_number(request.GET.get(name, "")) for name in ("before", "after")]
    asked = [number for number in chosen if number is not None]
    if len(asked) == len(chosen):
        both = (scheme_by_id(person, number) for number in asked)
        old, new = sorted(both, key=lambda row: (row.from_date, row.revision, row.pk))
        context |= _beside(person, old, new, period)
    if request.headers.get("HX-Request"):  # asks only whether it is done by now
        told = HttpResponse()
        if not context.get("busy"):
            told["HX-Refresh"] = "true"
        return told
    return render(request, "assessment/bridge.html", context)


def several(editions: Sequence[Scheme]) -> list[Scheme]:
    """The editions of schemes that have more than one."""
    number = Counter(row.urn for row in editions)
    return [row for row in editions if number[row.urn] > 1]


def _period(text: str) -> Period:
    try:
        return Period.parse(text)
    except ValueError:
        return Period.of(timezone.localdate(), "quarter").previous()


def _beside(person: Person, old: Scheme, new: Scheme, period: Period) -> dict[str, Any]:
    sides = [side_of(person, edition, period) for edition in (old, new)]
    context: dict[str, Any] = {
        "old": old,
        "new": new,
        "sides": sides,
        "busy": any(side.busy for side in sides),
        "lacking": [side for side in sides if side.run is None and not side.busy],
    }
    if old.urn != new.urn or old.pk == new.pk:
        return context | {"wrong": _("Choose two editions of the same scheme."), "lacking": []}
    if sides[0].run is not None and sides[1].run is not None:
        rows = comparable(person, sides[0].run, sides[1].run)
        context |= {"rows": rows[:SHOWN], "more": max(len(rows) - SHOWN, 0), "summed": summed(rows)}
    return context


def side_of(person: Person, edition: Scheme, period: Period) -> Side:
    """The last run of a period in which this edition alone judged, without changed numbers."""
    rows = runs_for(person).filter(scheme=edition, period=period.label).defer("peers")
    mine = [run for run in rows[:50] if not run.change and run.state in (*NOT_DONE, *SETTLED)]
    done = next((run for run in mine if run.state == Run.State.DONE and _alone(run)), None)
    busy = any(run.state in NOT_DONE for run in mine)
    failed = next((run for run in mine if run.state == Run.State.FAILED), None)
    told = failed.message if failed is not None and done is None and not busy else ""
    return Side(edition, done, busy and done is None, told)


SETTLED = (Run.State.DONE, Run.State.FAILED)


def _alone(run: Run) -> bool:
    """Whether one edition judged all days of a run."""
    return len(run.inputs.get("scheme", {}).get("editions", ())) == 1


def summed(rows: Sequence[Bridged]) -> Summed:
    """What a bridge says on the whole."""
    moved = [row.moved for row in rows if row.moved is not None]
    grades = Counter((r.grade_before, r.grade_after) for r in rows if r.grade_before != r.grade_after)
    return Summed(
        len(rows),
        sum(moved, Decimal(0)) / len(moved) if moved else None,
        sum(one > 0 for one in moved),
        sum(one < 0 for one in moved),
        tuple((*pair, n) for pair, n in sorted(grades.items())),
    )


@page("bridge/make/", name="assessment.make_bridge", needs=MAKE)
@require_POST
def make(request: HttpRequest) -> HttpResponse:
    """Compute what a bridge lacks: runs that count for nothing, each by one edition alone."""
    person = reader_of(request)
    period = _period(request.POST.get("period", ""))
    before, after = (whole_number(request.POST.get(name, "")) for name in ("before", "after"))
    if before is None or after is None:
        messages.error(request, _("Choose two editions first."))
        return redirect("assessment.bridge")
    for number in (before, after):
        edition = scheme_by_id(person, number)
        side = side_of(person, edition, period)
        if side.run is None and not side.busy:
            try:
                begin(person, edition, period=period.label, kind=Run.Kind.WHAT_IF)
            except ValidationError as error:
                tell(request, error)
    answer = redirect("assessment.bridge")
    answer["Location"] += f"?before={before}&after={after}&period={period.label}"
    return answer
