"""Scorecards: those of the reader and those in scope, one of them in full, one line of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core.paginator import Paginator
from django.db.models import F, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from kezun.assessment import cards, learned, pictures, printing, queries, winning, wording
from kezun.assessment.cards import Row
from kezun.assessment.choosing import Choice, choices, matching, pick
from kezun.assessment.inspections import visits
from kezun.assessment.models import Run, Scheme, Score
from kezun.assessment.restating import replaced
from kezun.assessment.rules.form import Component
from kezun.assessment.scorecards import Scorecard
from kezun.kernel.page import Menu, page
from kezun.org.models import Person, Unit
from kezun.org.queries import home_units
from kezun.org.reader import reader_of
from kezun.ui import figures
from kezun.ui.attachment import PDF, XLSX, attachment
from kezun.ui.components import Crumb

READ = queries.READ
PAGE = 50


@page(
    "scorecards/",
    name="assessment.scorecards",
    needs=READ,
    menu=Menu("look", 20, gettext_lazy("Scorecards"), "report-analytics"),
)
@require_safe
def scorecards(request: HttpRequest) -> HttpResponse:
    """One's own scorecards of a period, and those in scope under one scheme."""
    reader = reader_of(request)
    found = choices(reader)
    chosen = pick(found, request.GET.get("scheme", ""), request.GET.get("period", ""))
    text = request.GET.get("q", "").strip()
    mine = own(reader, [c.run for c in found if chosen and c.run.period == chosen.run.period])
    context: dict[str, Any] = {
        "title": _("Scorecards"),
        "mine": mine,
        "schemes": _schemes(found),
        "periods": [c.run.period for c in found if chosen and c.urn == chosen.urn],
        "chosen": chosen,
        "text": text,
        "may_run": reader.may("assessment.run"),
    }
    if chosen is not None:
        rows = _in_scope(reader, chosen.run, text)
        shown = Paginator(rows, PAGE).get_page(request.GET.get("page"))
        context |= {"shown": shown, "rows": _named(shown, chosen.run)}
    return render(request, "assessment/scorecards.html", context)


def _schemes(found: Iterable[Choice]) -> list[tuple[str, str]]:
    return list({c.urn: c.name for c in found}.items())


def own(reader: Person, runs: Iterable[Run]) -> list[tuple[Score, Scheme]]:
    """The reader's own scores in these runs, and those of the units that the reader heads, each with its
    scheme. All of that lies in scope, and so do the runs: nothing is looked up twice."""
    mine = f"person:{reader.pk}"
    tops = {f"unit:{unit.pk}" for unit in home_units(reader, READ)}
    home = {subject for subject in queries.my_subjects(reader) if subject not in {mine, *tops}}
    if home and not Unit.objects.visible_to(reader, READ).filter(pk__in=[reader.home_unit_id]).exists():
        home = set()
    known = {run.pk: run for run in runs}
    rows = Score.objects.filter(run__in=known, subject__in={mine, *tops, *home})
    rows = rows.select_related("unit", "person", "line").defer("lines").order_by("subject", "run")
    judged_by = {score.pk: known[score.run_id].scheme_id for score in rows}
    schemes = Scheme.objects.in_bulk(set(judged_by.values()))
    return [(score, schemes[judged_by[score.pk]]) for score in rows]


def _in_scope(reader: Person, run: Run, text: str) -> QuerySet[Score]:
    found = queries.scores_for(reader, run).select_related("unit", "person", "line").defer("lines")
    if text:
        found = found.filter(matching(text))
    return found.order_by(F("rank").asc(nulls_last=True), F("score").desc(nulls_last=True), "pk")


def _named(scores: Iterable[Score], run: Run) -> list[tuple[Score, str, str]]:
    rows = list(scores)
    groups = wording.group_names((s.group for s in rows), queries.scheme_of(run.scheme))
    return [(s, queries.name_of(s), groups[s.group]) for s in rows]


@page("scorecards/<int:run>/<str:subject>/", name="assessment.scorecard", needs=READ)
@require_safe
def scorecard(request: HttpRequest, run: int, subject: str) -> HttpResponse:
    """One subject of one run, line by line."""
    reader = reader_of(request)
    card = queries.scorecard(reader, queries.run_by_id(reader, run), subject)
    history = queries.points(card.past)
    group = wording.group_names([card.row.group], card.scheme)[card.row.group]
    rows = cards.rows(card, reader, cards.may_appeal(reader, card.run))
    context: dict[str, Any] = {
        "title": card.name,
        "card": card,
        "grade": wording.grade_name(card.grade, card.scheme.grades),
        "capped": cards.capped(card),
        "scheme_name": wording.scheme_name(card.scheme),
        "crumbs": [Crumb(_("Scorecards"), "/scorecards/"), Crumb(card.name)],
        "tiles": cards.tiles(card, group),
        "marks": wording.run_marks(card.run),
        "won": winning.won(card),
        "restated": replaced(reader, card),
        "later": next((p for p in history if p.period == card.run.period and p.run > card.run.pk), None),
        "rows": [r for r in rows if not r.quiet and (r.line.kind != "rounding" or r.line.points)],
        "quiet": [r for r in rows if r.quiet],
        "total": cards.total_of(rows),
        "happened": [(r, e) for r in rows for e in r.events],
        "chart": pictures.trend(history, card.scheme.grades),
        "history": history,
        "facts": cards.facts(card),
        "appeals": any(r.appeal for r in rows),
    }
    return render(request, "assessment/scorecard.html", context)


@page("scorecards/<int:run>/<str:subject>/lines/<str:rule>/", name="assessment.line", needs=READ)
@require_safe
def line(request: HttpRequest, run: int, subject: str, rule: str) -> HttpResponse:
    """One line: the rule's words, how a value becomes points, what went in; in the drawer for htmx."""
    reader = reader_of(request)
    card = queries.scorecard(reader, queries.run_by_id(reader, run), subject)
    rows = cards.rows(card, reader, cards.may_appeal(reader, card.run))
    mine = [row for row in rows if row.href and row.line.id == rule]
    if not mine:
        raise Http404(_("This scorecard has no line «%(rule)s».") % {"rule": rule})
    context: dict[str, Any] = {
        "title": mine[0].line.title,
        "card": card,
        "lines": [(row, _explained(card, row), visits(reader, card, row.line)) for row in mine],
        "crumbs": [
            Crumb(_("Scorecards"), "/scorecards/"),
            Crumb(card.name, cards.address(card.run.pk, card.row.subject)),
            Crumb(mine[0].line.title),
        ],
        "page_href": mine[0].href,
    }
    in_drawer = request.headers.get("HX-Target") == "drawer-body"
    return render(request, "assessment/line_drawer.html" if in_drawer else "assessment/line.html", context)


def _explained(card: Scorecard, row: Row) -> dict[str, Any]:
    """What is said of a rule: its words, its curve, what was learned of peers."""
    rule, told = row.line.rule, row.line
    if not isinstance(rule, Component):
        return {"worth": cards.worth(rule)} if rule is not None else {}
    figure = told.figure
    standards = wording.standard_names([rule.source.standard] if rule.source.standard else [])
    return {
        "source": wording.source_words(rule, standards),
        "steps": wording.transform_words(rule, told.unit),
        "curve": pictures.curve(rule.transform, figure.estimate if figure else None, told.unit),
        "missing": wording.missing_words(rule),
        "learned": wording.learned_words(
            rule, told.unit, learned.priors(card, rule, told.version), cards.scale_of(rule)
        ),
        "mix": [
            (one.name, figures.figure(one.value, told.unit), one.n)
            for one in learned.coefficients(card, rule, told.version)
        ],
        "about": wording.about_of(rule),
        "weight": wording.plain(rule.weight),
        "gates": wording.gate_words(rule),
        "counts": cards.counts(figure, told.unit),
    }


@page("scorecards/<int:run>/<str:subject>/pdf/", name="assessment.scorecard_pdf", needs=READ)
@require_safe
def pdf(request: HttpRequest, run: int, subject: str) -> HttpResponse:
    """The scorecard as a PDF."""
    reader = reader_of(request)
    card = queries.scorecard(reader, queries.run_by_id(reader, run), subject)
    return attachment(printing.printed(card, cards.rows(card, reader)), printing.file_name(card, "pdf"), PDF)


@page("scorecards/<int:run>/<str:subject>/excel/", name="assessment.scorecard_excel", needs=READ)
@require_safe
def excel(request: HttpRequest, run: int, subject: str) -> HttpResponse:
    """The scorecard as a workbook."""
    reader = reader_of(request)
    card = queries.scorecard(reader, queries.run_by_id(reader, run), subject)
    content = printing.tabled(card, cards.rows(card, reader))
    return attachment(content, printing.file_name(card, "xlsx"), XLSX)
