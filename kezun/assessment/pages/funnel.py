"""The funnel: units of one level against what their size and the usual spread explain; case mix; as files."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.db.models import Max
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from kezun.assessment import funnels
from kezun.assessment.funnels import Mix, Plot, Spot
from kezun.facts.definitions import Definition
from kezun.facts.models import FactFile
from kezun.facts.questions import period_named
from kezun.facts.rules import Period
from kezun.kernel.page import Menu, page
from kezun.org.models import Person, Unit
from kezun.org.queries import home_units, unit_by_code
from kezun.org.reader import reader_of
from kezun.ui.attachment import CSV, XLSX, attachment
from kezun.ui.components import Chart, PeriodPicker
from kezun.ui.figures import figure, interval_text
from kezun.ui.rules import decimals, grouped
from kezun.ui.workbook import Sheet, workbook

READ = "assessment.read"
LEVELS = (Unit.Kind.OUTLET, Unit.Kind.SUB_BRANCH, Unit.Kind.TIER2, Unit.Kind.TIER1)
LENGTHS = ("month", "quarter", "year")


@dataclass(frozen=True)
class Asked:
    """What the funnel is of; unit None: the reader's scope holds no units to compare. beside: the labels of
    the periods before and after."""

    definition: Definition
    unit: Unit | None
    kind: str
    period: Period
    beside: tuple[str, str]
    query: dict[str, str]

    def href(self, **changes: str) -> str:
        return f"{reverse('assessment.funnel')}?{urlencode(self.query | changes)}"


@page(
    "funnel/", name="assessment.funnel", needs=READ, menu=Menu("look", 35, gettext_lazy("Funnel"), "filter")
)
@require_safe
def funnel(request: HttpRequest) -> HttpResponse:
    """The funnel with its table, over-dispersion in words, and units by their case mix."""
    asked = _asked(request)
    reader = reader_of(request)
    d = asked.definition
    made = _plot(reader, asked)
    context: dict[str, Any] = {
        "title": _("Funnel"),
        "asked": asked,
        "d": d,
        "rates": funnels.rates(),
        "levels": [(kind.value, kind.label) for kind in LEVELS],
        "units": _tops(reader),
        "picker": _picker(asked),
        "plot": made,
        "export": urlencode(asked.query),
    }
    if made is not None and asked.unit is not None:
        context |= {
            "chart": _chart(asked, made),
            "rows": [(spot, _told(asked, spot)) for spot in made.spots],
            "spread": _spread_words(made),
            "centre": figure(made.centre, d.unit),
            "mix": _mixed(funnels.mix(reader, d, asked.unit, asked.kind, asked.period)),
            "per_10k": _per_10k_name(d),
        }
    return render(request, "assessment/funnel.html", context)


def _tops(reader: Person) -> list[Unit]:
    """Where the reader's scope reaches below a unit, so that there is something to compare."""
    scope = reader.scope
    if scope.whole_bank(READ):
        return home_units(reader, READ)
    down = {h.unit_id for h in scope.carrying(READ) if h.role.reach == "subtree"}
    return [unit for unit in home_units(reader, READ) if unit.pk in down and unit.kind != Unit.Kind.OUTLET]


def _asked(request: HttpRequest) -> Asked:
    reader = reader_of(request)
    query = {k: str(v) for k, v in request.GET.items() if v and k != "format"}
    known = {d.id: d for d in funnels.rates()}
    d = known.get(query.get("indicator", funnels.SATISFIED)) or next(iter(known.values()))
    tops = _tops(reader)
    unit = unit_by_code(reader, query["unit"], READ) if query.get("unit") else (tops[0] if tops else None)
    kind = query.get("level", "")
    if kind not in {one.value for one in LEVELS}:
        kind = Unit.Kind.OUTLET
    text = query.get("period", "")
    if query.get("from") and query.get("to"):
        text = f"{query.pop('from')}..{query.pop('to')}"
    try:
        period = period_named(text) if text else _latest(d)
        beside = period.previous().label, period.following().label
    except (ValueError, OverflowError) as error:  # no period, or at an end of time
        raise Http404(str(error)) from error
    told = {"indicator": d.id, "level": str(kind), "period": period.label}
    return Asked(d, unit, kind, period, beside, told | ({"unit": unit.code} if unit else {}))


def _latest(d: Definition) -> Period:
    """The month of the latest facts that the indicator is a share of."""
    of = [measure.fact for measure in (d.denominator, d.numerator) if measure]
    last = FactFile.objects.filter(removed=None, fact__in=of).aggregate(last=Max("max_day"))["last"]
    return Period.of(last or timezone.localdate(), "month")


def _plot(reader: Person, asked: Asked) -> Plot | None:
    if asked.unit is None:
        return None
    return funnels.plot(reader, asked.definition, asked.unit, asked.kind, asked.period)


def _picker(asked: Asked) -> PeriodPicker:
    period = asked.period
    names = {"month": _("Month"), "quarter": _("Quarter"), "year": _("Year")}
    kinds = [
        (kind, names[kind], asked.href(period=Period.of(period.end, kind).label), kind == period.kind)
        for kind in LENGTHS
    ]
    keep = [(k, v) for k, v in asked.query.items() if k != "period"]
    return PeriodPicker(
        period.label,
        *(period.start.isoformat(), period.end.isoformat()),
        asked.href(period=asked.beside[0]),
        asked.href(period=asked.beside[1]),
        *(kinds, keep),
    )


def _unit_href(asked: Asked, code: str) -> str:
    """The indicator's page of a unit, at the roof; empty where there is none."""
    try:
        base = reverse("insight.indicator", args=[asked.definition.id])
    except NoReverseMatch:
        return ""
    return f"{base}?{urlencode({'unit': code, 'period': asked.period.label})}"


def _chart(asked: Asked, made: Plot) -> Chart:
    unit = asked.definition.unit
    data = {
        "points": [
            [s.n, s.share, f"{s.name}\n{figure(s.share, unit)}, n = {grouped(s.n)}", s.outside]
            for s in made.spots
        ],
        "hrefs": [_unit_href(asked, s.code) for s in made.spots],
        "limits": [
            {"name": f"{one.level * 100:g} %", "rows": one.rows, "alarm": one.level > 0.99}
            for one in made.limits
        ],
        "centre": made.centre,
        "centreText": _("all together %(share)s") % {"share": figure(made.centre, unit)},
        "across": _("n, how many facts"),
        "unit": unit,
    }
    return Chart("chart-funnel", "funnel", asked.definition.title, data, [], [[]], wide=True)


def _told(asked: Asked, spot: Spot) -> dict[str, str]:
    d = asked.definition
    return {
        "href": _unit_href(asked, spot.code),
        "share": figure(spot.share, d.unit),
        "interval": interval_text(spot.low, spot.high, d.unit),
        "per_10k": decimals(spot.per_10k, 1),
        "z": decimals(spot.z, 2),
        "adjusted": decimals(spot.adjusted, 2),
        "verdict": verdict(d, spot),
        "css": "" if not spot.outside else "k-tag-good" if _good(d, spot) else "k-tag-bad",
    }


def _good(definition: Definition, spot: Spot) -> bool:
    return (spot.outside > 0) == (definition.direction != "down")


def verdict(definition: Definition, spot: Spot) -> str:
    """What the limits say of a unit, in words."""
    if not spot.outside:
        return ""
    level = "99.8 %" if abs(spot.outside) > 1 else "95 %"
    side = _("above the %(level)s limit") if spot.outside > 0 else _("below the %(level)s limit")
    return side % {"level": level}


def _per_10k_name(definition: Definition) -> str:
    if definition.id == funnels.SATISFIED:
        return _("Dissatisfied per 10,000")
    return _("Cases per 10,000") if definition.direction == "down" else _("Misses per 10,000")


def _spread_words(made: Plot) -> str:
    """Over-dispersion for whoever reads the picture."""
    told = {"phi": decimals(made.spread.trimmed, 1), "n": made.beyond_plain, "all": len(made.spots)}
    if made.spread.tau2 <= 0:
        return _("The units vary no more than chance alone makes them: the limits are those of size alone.")
    return (
        _(
            "The units vary %(phi)s times as much as chance alone would make them: streets, customers and "
            "buildings differ. By size alone %(n)s of %(all)s would lie beyond 99.8 %%; the limits drawn "
            "allow for that usual spread, so who lies outside them is unusual also among unlike units."
        )
        % told
    )


def _mixed(found: Mix | None) -> dict[str, Any] | None:
    if found is None:
        return None
    rows = [
        (
            row.name,
            *(decimals(row.observed, 0), decimals(row.expected, 1), decimals(row.ratio, 3)),
            f"{decimals(row.low, 3)}–{decimals(row.high, 3)}",
            *(figure(row.crude, "%"), figure(row.share, "%")),
            row.high < 1 or row.low > 1,
        )
        for row in found.rows
    ]
    told = [(name or _("none"), figure(share, "%"), grouped(n)) for name, share, n in found.coefficients]
    return {"rows": rows, "coefficients": told}


@page("funnel/export/", name="assessment.funnel_export", needs=READ)
@require_safe
def export(request: HttpRequest) -> HttpResponse:
    """The table of the funnel as CSV or as a workbook, with the coefficients."""
    asked = _asked(request)
    reader = reader_of(request)
    made = _plot(reader, asked)
    heads, rows = _table(asked, made)
    name = f"funnel-{asked.definition.id}-{asked.period.label}"
    if request.GET.get("format") == "csv":
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\r\n")
        writer.writerow(heads)
        writer.writerows([_safe(cell) for cell in row] for row in rows)
        return attachment(b"\xef\xbb\xbf" + out.getvalue().encode(), f"{name}.csv", CSV)
    facts = [(_("Period"), asked.period.label), (_("Under"), asked.unit.title if asked.unit else "")]
    sheets = [Sheet(_("Funnel"), asked.definition.title, heads, rows, facts, (14, 28, *[12] * 10))]
    mix = funnels.mix(reader, asked.definition, asked.unit, asked.kind, asked.period) if asked.unit else None
    if mix is not None:
        body = [
            (m.code, m.name, m.observed, m.expected, m.ratio, m.low, m.high, m.crude, m.share)
            for m in mix.rows
        ]
        top = (_("Code"), _("Unit"), *_mix_heads())
        sheets.append(Sheet(_("Case mix"), asked.definition.title, top, body, facts, (14, 28, *[12] * 7)))
        more = (_("Business"), _("Expected share"), "n")
        sheets.append(
            Sheet(_("Coefficients"), asked.definition.title, more, mix.coefficients, facts, (24, 14, 12))
        )
    return attachment(workbook(sheets), f"{name}.xlsx", XLSX)


def _mix_heads() -> tuple[str, ...]:
    return (
        *(_("Observed"), _("Expected"), _("Observed ÷ expected"), _("Low"), _("High"), _("Own share")),
        _("Share with everybody's mix"),
    )


def _table(asked: Asked, made: Plot | None) -> tuple[list[str], Sequence[Sequence[Any]]]:
    heads = [
        *(_("Code"), _("Unit"), _("Numerator"), "n", _("Share"), _("Low"), _("High")),
        *(_per_10k_name(asked.definition), _("z by size alone"), _("z with the usual spread"), _("Limits")),
        _("Named (false discovery rate 5 %)"),
    ]
    rows = [
        (
            *(s.code, s.name, s.k, s.n, round(s.share, 6), s.low, s.high, round(s.per_10k, 2)),
            *(round(s.z, 3), round(s.adjusted, 3), verdict(asked.definition, s), _("yes") if s.named else ""),
        )
        for s in (made.spots if made else ())
    ]
    return heads, rows


def _safe(cell: object) -> object:
    """Text that a spreadsheet would take for a formula is told apart by an apostrophe."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t") else cell
