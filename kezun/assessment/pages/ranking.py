"""Rankings of a run with their intervals and tiers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Count, F, Max, Min
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from kezun.assessment import cards, queries, wording
from kezun.assessment.choosing import choices, matching, pick
from kezun.assessment.messages import say_why
from kezun.assessment.models import Run, Score
from kezun.assessment.models.runs import ScoreQuerySet
from kezun.assessment.rules.form import Scheme
from kezun.assessment.scorecards import title_of
from kezun.kernel.page import Menu, page
from kezun.org.models import Person, Unit
from kezun.org.queries import children, home_units, unit_by_code
from kezun.org.reader import reader_of
from kezun.ui.attachment import XLSX, attachment
from kezun.ui.figures import interval_text
from kezun.ui.rules import Bar, bars
from kezun.ui.workbook import Sheet, workbook

READ = queries.READ
PAGE, APART = 100, 100


@dataclass(frozen=True)
class Placed:
    """A ranked subject with its two bars: the score on the group's scale, the rank from first to last."""

    score: Score
    name: str
    span: str
    bar: Bar
    ranks: Bar


@page(
    "rankings/",
    name="assessment.rankings",
    needs=READ,
    menu=Menu("look", 21, gettext_lazy("Rankings"), "list-numbers"),
)
@require_safe
def rankings(request: HttpRequest) -> HttpResponse:
    """The ranking of the scheme and period asked for, else of the latest run."""
    reader = reader_of(request)
    found = choices(reader)
    chosen = pick(found, request.GET.get("scheme", ""), request.GET.get("period", ""))
    if chosen is None:
        return render(
            request,
            "assessment/ranking.html",
            {"title": _("Rankings"), "may_run": reader.may("assessment.run")},
        )
    return redirect("assessment.ranking", chosen.run.pk)


@page("rankings/<int:run>/", name="assessment.ranking", needs=READ)
@require_safe
def ranking(request: HttpRequest, run: int) -> HttpResponse:
    """One run: who stands where, how surely, in tiers; who is not ranked or not scored, and why."""
    reader = reader_of(request)
    held = queries.run_by_id(reader, run)
    form = queries.scheme_of(held.scheme)
    asked = _asked(request, reader, held)
    scoped = queries.scores_for(reader, held).filter(group=asked.group)
    narrowed = asked.narrow(scoped, held)
    ranked = narrowed.filter(rank__isnull=False).order_by("rank", F("score").desc(), "pk")
    shown = Paginator(_whole(ranked), PAGE).get_page(request.GET.get("page"))
    total = Score.objects.filter(run=held, group=asked.group).count()
    context: dict[str, Any] = {
        "title": _("Ranking"),
        "run": held,
        "scheme_name": wording.scheme_name(form),
        "scheme": form,
        "marks": wording.run_marks(held),
        "asked": asked,
        "tiers": _tiers(_placed(shown, scoped)),
        "shown": shown,
        "unranked": _apart(narrowed.filter(rank__isnull=True, score__isnull=False), form),
        "unscored": _apart(narrowed.filter(score__isnull=True), form),
        "hidden": total - scoped.count(),
        "least": form.ranking.min_n,
        "choices": choices(reader),
    }
    return render(request, "assessment/ranking.html", context)


@dataclass(frozen=True)
class Asked:
    """What a reader narrows a ranking to, and what there is to choose from."""

    group: str
    groups: Sequence[tuple[str, str, int]]
    text: str
    unit: Unit | None
    units: Sequence[Unit]

    def narrow(self, scores: ScoreQuerySet, run: Run) -> ScoreQuerySet:
        if self.text:
            scores = scores.filter(matching(self.text))
        if self.unit is not None:
            scores = scores.filter(unit__in=Unit.objects.below(self.unit, run.to_date).values("pk"))
        return scores


def _asked(request: HttpRequest, reader: Person, run: Run) -> Asked:
    counted = queries.scores_for(reader, run).order_by().values_list("group").annotate(n=Count("pk"))
    sizes: Counter[str] = Counter(dict(counted))
    names = wording.group_names(sizes, queries.scheme_of(run.scheme))
    groups = [(group, names[group], n) for group, n in sizes.most_common()]
    group = request.GET.get("group", "")
    if group not in sizes:
        group = groups[0][0] if groups else ""
    code = request.GET.get("unit", "")
    tops = home_units(reader, READ)
    units = [unit for top in tops for unit in children(reader, top, run.to_date, READ)]
    chosen = unit_by_code(reader, code, READ) if code else None
    return Asked(group, groups, request.GET.get("q", "").strip(), chosen, units)


def _whole(scores: ScoreQuerySet) -> ScoreQuerySet:
    return scores.select_related("unit", "person", "line").defer("lines")


def _placed(shown: Page[Score], scoped: ScoreQuerySet) -> list[Placed]:
    """The rows of one page; the scale of the scores is that of all ranked in scope."""
    rows = list(shown)
    ends = scoped.filter(rank__isnull=False).aggregate(low=Min("low"), high=Max("high"))
    spans = [(_float(s.score), _float(s.low), _float(s.high)) for s in rows]
    scale = bars([*spans, (_float(ends["low"]), None, None), (_float(ends["high"]), None, None)], None)
    return [
        Placed(
            *(s, queries.name_of(s), interval_text(_float(s.low), _float(s.high), "score"), bar),
            _rank_bar(s),
        )
        for s, bar in zip(rows, scale, strict=False)
    ]


def _rank_bar(score: Score) -> Bar:
    last = max(1, (score.ranked or 1) - 1)

    def place(rank: int | None) -> float:
        return round(((rank or 1) - 1) / last * 100, 2)

    return Bar(place(score.rank), place(score.rank_low), place(score.rank_high))


def _tiers(rows: Iterable[Placed]) -> list[tuple[int | None, list[Placed]]]:
    return [(tier, list(mine)) for tier, mine in groupby(rows, key=lambda row: row.score.tier)]


def _apart(scores: ScoreQuerySet, form: Scheme) -> tuple[int, list[tuple[Score, str, str]]]:
    """How many, and the first of them with the reason."""
    titles = {c.id: title_of(c) for c in form.components}
    rows = _whole(scores).order_by(F("score").desc(nulls_last=True), "pk")[:APART]
    told = [
        (s, queries.name_of(s), say_why(s.why, titles) if s.why else cards.unranked(s, form.ranking.min_n))
        for s in rows
    ]
    return (scores.count() if len(told) == APART else len(told)), told


def _float(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


@page("rankings/<int:run>/excel/", name="assessment.ranking_excel", needs=READ)
@require_safe
def excel(request: HttpRequest, run: int) -> HttpResponse:
    """Every score in scope of a run, as a workbook: one sheet for each peer group asked for."""
    reader = reader_of(request)
    held = queries.run_by_id(reader, run)
    form = queries.scheme_of(held.scheme)
    asked = _asked(request, reader, held)
    title = f"{wording.scheme_name(form)} · {held.period}"
    heads = (
        *(_("Rank"), _("Rank from"), _("Rank to"), _("Tier"), _("Code"), _("Name"), _("Unit"), _("Score")),
        *(_("Low"), _("High"), _("Grade"), "n", _("State")),
    )
    sheets = []
    for group, name, _n in asked.groups:
        rows = queries.ranking(reader, held, group=group, unit=asked.unit)
        facts = [
            (_("Peer group"), name),
            (_("Period"), held.period),
            (_("Counts as"), held.get_kind_display()),
        ]
        facts.append(
            (_("Run"), _("%(number)d, inputs %(hash)s") % {"number": held.pk, "hash": held.inputs_hash[:12]})
        )
        told = _units(rows)
        body = [
            (
                *(r.rank, r.rank_low, r.rank_high, r.tier, r.code, r.name, told.get(r.unit or 0, "")),
                *(r.score, r.low, r.high, wording.grade_name(r.grade, form.grades), r.n, r.why),
            )
            for r in rows
        ]
        sheets.append(
            Sheet(name, f"{title} · {name}", heads, body, facts, (8, 10, 10, 8, 14, 26, 26, *[10] * 6))
        )
    return attachment(workbook(sheets or [Sheet("1", title, heads, [])]), f"ranking-{held.pk}.xlsx", XLSX)


def _units(rows: Iterable[queries.Ranked]) -> dict[int, str]:
    wanted = {r.unit for r in rows if r.unit}
    return {u.pk: u.title for u in Unit.objects.filter(pk__in=wanted)}
