"""Two to five subjects of a run side by side, line by line."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from kezun.assessment import cards, queries, wording
from kezun.assessment.models import Score
from kezun.assessment.rules.form import Scheme
from kezun.assessment.scorecards import Rule, title_of
from kezun.kernel.page import page
from kezun.org.reader import reader_of

READ = queries.READ
FEWEST, MOST = 2, 5


@page("rankings/<int:run>/compare/", name="assessment.compare", needs=READ)
@require_safe
def compare(request: HttpRequest, run: int) -> HttpResponse:
    """Two to five subjects of a run, line by line; the lines in which they differ most come first."""
    reader = reader_of(request)
    held = queries.run_by_id(reader, run)
    wanted = list(dict.fromkeys(request.GET.getlist("with")))
    if not FEWEST <= len(wanted) <= MOST:
        messages.error(request, _("Choose two to five subjects to compare."))
        return redirect("assessment.ranking", held.pk)
    rows = (
        queries.scores_for(reader, held).filter(subject__in=wanted).select_related("unit", "person", "line")
    )
    found = {s.subject: s for s in rows}
    shown = [found[name] for name in wanted if name in found]
    if len(shown) < FEWEST:
        messages.error(request, _("Choose two to five subjects to compare."))
        return redirect("assessment.ranking", held.pk)
    form = queries.scheme_of(held.scheme)
    context: dict[str, Any] = {
        "title": _("Compared"),
        "run": held,
        "scheme_name": wording.scheme_name(form),
        "heads": [(s, queries.name_of(s), wording.grade_name(s.grade, form.grades)) for s in shown],
        "rows": compared(shown, form),
    }
    return render(request, "assessment/compare.html", context)


@dataclass(frozen=True)
class Beside:
    """One line of several subjects: each (measured, out of 100, points, possible); how far they differ."""

    title: str
    cells: list[tuple[str, str, str, str]]
    apart: Decimal


def compared(shown: Sequence[Score], form: Scheme) -> list[Beside]:
    """Every line that any of them has points in or could have, the widest difference first."""
    found = [{(x.kind, x.id): x for x in queries.result_of(s).lines} for s in shown]
    rules = {c.id: c for c in form.components}
    every: tuple[Rule, ...] = (*form.components, *form.adjustments)
    titles = {rule.id: title_of(rule) for rule in every}
    made = []
    for kind, id in dict.fromkeys(key for lines in found for key in lines):
        if kind in ("rounding", "limit"):
            continue
        mine = [lines.get((kind, id)) for lines in found]
        unit = cards.unit_of(rules.get(id))
        cells = [
            (
                cards.measured(x.figure, unit) if x else "",
                wording.pts(x.rated) if x and x.rated is not None else "",
                wording.pts(x.points if x else None),
                wording.pts(x.possible) if x and x.possible else "",
            )
            for x in mine
        ]
        points = [x.points if x else Decimal(0) for x in mine]
        if any(x and (x.points or x.rated is not None or x.events) for x in mine):
            made.append(Beside(titles.get(id, id), cells, max(points) - min(points)))
    return sorted(made, key=lambda row: -row.apart)
