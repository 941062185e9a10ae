"""The check of effect on a case's page: what was compared, what the figures say, who settled it."""

from __future__ import annotations

from dataclasses import dataclass

from django import template
from django.utils.translation import gettext as _

from kezun.cases import remarks
from kezun.cases.models import Case, EffectCheck
from kezun.cases.rules.effect import Finding, Window, read
from kezun.facts import indicators
from kezun.ui import figures
from kezun.ui.rules import decimals, grouped

register = template.Library()


@dataclass(frozen=True)
class Line:
    """One check as the page shows it. rows: (period, from, until, events, exposure, rate)."""

    row: EffectCheck
    indicator: str
    rows: tuple[tuple[str, str, str, str, str, str], ...]
    size: str
    p: str
    words: str
    verdict: str
    tone: str
    note: str


TONES = {"effective": "good", "not": "bad", "unknown": "warn"}


@register.simple_tag
def effect_lines(case: Case) -> list[Line]:
    """The checks of a case, the latest first."""
    rows = EffectCheck.objects.filter(case=case).select_related("checker").order_by("-pk")
    return [_line(row) for row in rows]


def _line(row: EffectCheck) -> Line:
    found = read(row.result) if row.result else None
    definition = indicators.catalogue().definitions.get(row.metric)
    unit = definition.unit if definition else ""
    settled = row.verdict or (found.verdict if found else "")
    return Line(
        row=row,
        indicator=definition.title if definition else row.metric,
        rows=_periods(row, found, unit, definition.scale if definition else 1),
        size=_size(found),
        p=_p(found),
        words=why(found) if found else "",
        verdict=str(EffectCheck.Verdict(settled).label) if settled else "",
        tone=TONES.get(settled, "warn"),
        note=row.note if row.checker_id else remarks.unpacked(row.note),
    )


def _periods(
    row: EffectCheck, found: Finding | None, unit: str, scale: int
) -> tuple[tuple[str, str, str, str, str, str], ...]:
    def said(window: Window | None) -> tuple[str, str, str]:
        if window is None:
            return "—", "—", "—"
        rate = None if window.rate is None else window.rate * scale
        return grouped(window.events), grouped(window.exposure), figures.figure(rate, unit)

    before, later = (found.before, found.after) if found else (None, None)
    return (
        (_("Before"), str(row.before_from_date), str(row.before_until_date), *said(before)),
        (_("After"), str(row.after_from_date), str(row.after_until_date), *said(later)),
    )


def _size(found: Finding | None) -> str:
    """The size of the change with its interval, in words of the test."""
    if found is None or found.size is None:
        return ""
    high = "∞" if found.high is None else None
    if found.test == "poisson":
        return _("%(size)s times as often (95 %%: %(low)s to %(high)s)") % {
            "size": decimals(found.size, 2),
            "low": decimals(found.low or 0, 2),
            "high": high or decimals(found.high or 0, 2),
        }
    return _("%(size)s percentage points (95 %%: %(low)s to %(high)s)") % {
        "size": _points(found.size),
        "low": _points(found.low or 0),
        "high": _points(found.high or 0),
    }


def _points(share: float) -> str:
    return f"{'+' if share > 0 else ''}{decimals(share * 100, 1)}"


def _p(found: Finding | None) -> str:
    if found is None or found.p is None:
        return ""
    return "p < 0.001" if found.p < 0.001 else f"p = {found.p:.3f}"


def why(found: Finding) -> str:
    """Why the figures say so, in a sentence."""
    return {
        "better": _("The change is more than chance, and for the better."),
        "worse": _("The change is more than chance, and for the worse."),
        "flat": _("The figures leave no room for an improvement worth having."),
        "chance": _("Chance explains the change as well: this is no proof that it worked."),
        "empty": _("There is nothing to compare: no events, or nobody served."),
        "untested": _("There is no exact test for this indicator; a person has to judge."),
    }[found.why]
