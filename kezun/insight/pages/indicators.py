"""The catalogue of indicators, and the page of one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kezun.facts.definitions import Definition
from kezun.facts.indicators import catalogue
from kezun.facts.questions import Answer
from kezun.insight import board, charts, queries
from kezun.insight.asking import answers, versions
from kezun.insight.look import Look, look
from kezun.insight.names import kind_text, kinds, owner_text
from kezun.insight.rules import spark_step
from kezun.kernel.page import Menu, page
from kezun.org.models import Person, Unit
from kezun.org.queries import ancestors, home_units, unit_by_code
from kezun.org.reader import reader_of
from kezun.ui.components import Chart, Crumb
from kezun.ui.figures import interval_text

READ = "insight.read"


@page(
    "indicators/",
    name="insight.indicators",
    needs=READ,
    menu=Menu("look", 30, gettext_lazy("Indicators"), "list-search"),
)
def indicators(request: HttpRequest) -> HttpResponse:
    """All indicators: what each says, how it is worked out, who owns it, which version is in force."""
    text, kind = request.GET.get("q", "").strip().lower(), request.GET.get("kind", "")
    every = list(catalogue().definitions.values())
    found = [d for d in every if (not kind or d.kind == kind) and _mentions(d, text)]
    context = {
        "title": _("Indicators"),
        "rows": [(d, kind_text(d.kind), board.target(d), owner_text(d.owner)) for d in found],
        "kinds": [(code, name, code == kind) for code, name in kinds() if any(d.kind == code for d in every)],
        "text": request.GET.get("q", ""),
        "total": len(every),
    }
    return render(request, "insight/indicators.html", context)


def _mentions(d: Definition, text: str) -> bool:
    return not text or any(text in part.lower() for part in (d.id, d.name, d.name_en, d.about, d.about_en))


@page("indicators/<str:id>/", name="insight.indicator", needs=READ)
def indicator(request: HttpRequest, id: str) -> HttpResponse:
    """One indicator for one unit: its words and formula, trend, heat map, breakdowns, units below."""
    d = queries.definition(id)
    reader = reader_of(request)
    at = versions()
    fresh = queries.freshness(at)
    seen = look(request, fresh.latest)
    unit = _unit_of(reader, seen)
    context = {
        "title": d.title,
        "d": d,
        "kind": kind_text(d.kind),
        "owner": owner_text(d.owner),
        "target": board.target(d),
        "look": seen,
        "fresh": fresh,
        "picker": seen.picker(),
        "unit": unit,
        "now_href": seen.href(known_at=None),
    }
    if unit is not None:
        above = ancestors(reader, unit, seen.period.end, READ)
        crumbs = [Crumb(u.title, seen.href(unit=u.code)) for u in above]
        context |= {"crumbs": [*crumbs, Crumb(unit.title, seen.unit(unit.code)), Crumb(d.title)]}
        context |= _pictures(reader, d, seen, unit, at)
    return render(request, "insight/indicator.html", context)


def _unit_of(reader: Person, seen: Look) -> Unit | None:
    """The unit asked for, else where the reader's scope begins; None for those who see only themselves."""
    if seen.query.get("unit"):
        return unit_by_code(reader, seen.query["unit"], READ)
    return next(iter(home_units(reader, READ)), None)


def _pictures(
    reader: Person, d: Definition, seen: Look, unit: Unit, at: Mapping[str, int]
) -> dict[str, object]:
    base = seen.ask((d.id,), unit.code)
    earlier = seen.period.previous()
    if d.kind == "distribution":
        (shares,) = answers(reader, [base], [unit], at)
        return {"charts": [charts.spread(d, shares, d.title)]}
    step = spark_step(seen.period)
    below = [b for b in queries.units_below(unit, seen.period.end) if b.depth == 1]
    under = [replace(base, below=kind) for kind in dict.fromkeys(b.kind for b in below)]
    spreads = _spreads(d)
    asked = [
        *(base, replace(base, period=earlier)),
        *(replace(base, by=step), replace(base, by=step, period=earlier)),
        *(replace(base, by=by) for by in ("weekday_hour", "business", "class")),
        *(replace(base, indicators=(s.id,)) for s in spreads),
        *under,
        *(replace(q, period=earlier) for q in under),
    ]
    now, before, steps, past, by_hour, business, classes, *rest = answers(reader, asked, [unit], at)
    drawn, rest = rest[: len(spreads)], rest[len(spreads) :]
    places = [board.Place((b.code, None), b.title, seen.indicator(d.id, b.code)) for b in below]
    after = board.index(a for part in rest[: len(under)] for a in part)
    prior = board.index(a for part in rest[len(under) :] for a in part)
    table = board.ranked(d, seen, places, after, prior)
    return {
        "tiles": board.tiles([d], unit.code, seen, board.index(now), board.index(before), steps),
        "interval": _interval(d, now),
        "charts": _charts(d, seen, unit.code, steps, past, by_hour, business, classes)
        + [charts.spread(s, found, s.title) for s, found in zip(spreads, drawn, strict=True)],
        "rows": table.rows,
        "caption": board.caption(d, seen),
    }


def _charts(
    d: Definition,
    seen: Look,
    unit: str,
    steps: Sequence[Answer],
    past: Sequence[Answer],
    by_hour: Sequence[Answer],
    business: Sequence[Answer],
    classes: Sequence[Answer],
) -> list[Chart]:
    return [
        charts.trend(d, seen, unit, steps, past),
        charts.heat(d, seen, unit, by_hour),
        charts.breakdown(d, seen, unit, business, "business", _("By business"), _("Without business")),
        charts.breakdown(
            d, seen, unit, classes, "customer_class", _("By customer class"), _("Without class")
        ),
    ]


def _interval(d: Definition, now: Sequence[Answer]) -> str:
    return interval_text(now[0].low, now[0].high, d.unit) if now else ""


def _spreads(d: Definition) -> list[Definition]:
    """The distributions of the very values that a mean or a quantile is made of."""
    top = d.numerator
    if top is None or d.kind not in ("mean", "quantile"):
        return []
    every = catalogue().definitions.values()
    return [
        s
        for s in every
        if s.kind == "distribution"
        and s.numerator
        and (s.numerator.fact, s.numerator.of) == (top.fact, top.of)
    ]
