"""How a standard is said on a page: texts in the reader's language, how it is judged, its evidence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from kezun.facts import queries as facts
from kezun.facts.indicators import UnknownIndicator
from kezun.standards.rules.form import (
    Band,
    CountDefects,
    Criterion,
    Evidence,
    Graded,
    Indicator,
    Range,
    Trigger,
)
from kezun.ui.figures import figure as measured

TERMS = Path(__file__).parent / "catalog" / "terms.yaml"
KINDS = {
    "photo": gettext_noop("photo"),
    "document": gettext_noop("document"),
    "audio": gettext_noop("recording (its number in the note)"),
    "video": gettext_noop("video (its number in the note)"),
    "note": gettext_noop("a note"),
}
TYPES = {
    "graded": gettext_noop("options"),
    "count_defects": gettext_noop("number of defects"),
    "indicator": gettext_noop("measured value"),
    "range": gettext_noop("points"),
    "text": gettext_noop("remark"),
}


@dataclass(frozen=True)
class Step:
    """One possible answer and the points that it earns."""

    name: str
    points: str


def english() -> bool:
    return (translation.get_language() or "").startswith("en")


@cache
def terms() -> dict[str, str]:
    """The English of words that standards use in Chinese: catalog/terms.yaml."""
    found: dict[str, str] = yaml.safe_load(TERMS.read_text(encoding="utf-8"))
    return found


def term(word: str) -> str:
    """A word of a standard in the page's language; as it is written where there is no other."""
    return terms().get(word, word) if english() else word


def named(thing: Any) -> str:
    """The title of a standard, module or item in the page's language."""
    return str((english() and thing.title_en) or thing.title)


def said(criterion: Criterion) -> str:
    """The text of a criterion in the page's language."""
    return (english() and criterion.text_en) or criterion.text


def guided(criterion: Criterion) -> str:
    """How to judge it, in the page's language."""
    return (english() and criterion.guide_en) or criterion.guide


def figure(value: Decimal | None) -> str:
    """Points without zeros that say nothing: 12.50 is 12.5, 100 stays 100."""
    if value is None:
        return ""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def indicator_name(ref: str) -> str:
    """The name of an indicator; its id where no room declares it."""
    try:
        return facts.indicator(ref).title
    except UnknownIndicator:
        return ref


def indicator_unit(ref: str) -> str:
    """The unit of an indicator; nothing where no room declares it."""
    try:
        return facts.indicator(ref).unit
    except UnknownIndicator:
        return ""


def judged(criterion: Criterion) -> str:
    """How a criterion is judged, as one sentence where it is not a choice of options."""
    answer = criterion.answer
    if isinstance(answer, CountDefects):
        told = _("Each defect takes %(per)s points, down to %(floor)s.")
        return told % {"per": figure(answer.per), "floor": figure(answer.floor)}
    if isinstance(answer, Range):
        if answer.values:
            return _("One of: %(values)s points.") % {"values": ", ".join(map(figure, answer.values))}
        told = _("%(least)s to %(most)s points.")
        return told % {"least": figure(answer.least), "most": figure(answer.most)}
    if isinstance(answer, Indicator):
        return _("Measured: %(name)s.") % {"name": indicator_name(answer.ref)}
    return "" if isinstance(answer, Graded) else _("A remark, without points.")


def steps(criterion: Criterion) -> list[Step]:
    """The possible answers with their points: options, or the bands of a measured value."""
    answer, points = criterion.answer, criterion.points
    if isinstance(answer, Graded):
        return [Step((english() and o.name_en) or o.name, figure(points * o.share)) for o in answer.options]
    if isinstance(answer, Indicator):
        unit = indicator_unit(answer.ref)
        bands = [Step(_bound(answer.op, band, unit), figure(points * band.share)) for band in answer.bands]
        return bands + [Step(in_unit(v, unit), figure(points * share)) for v, share in answer.linear]
    return []


def _bound(op: str, band: Band, unit: str) -> str:
    if band.bound is None:
        return _("otherwise")
    return f"{sign(op)} {in_unit(band.bound, unit)}"


def sign(op: str) -> str:
    """A comparison as people write it."""
    return op.replace(">=", "≥").replace("<=", "≤")


def in_unit(value: Decimal, unit: str) -> str:
    """A bound of a measured value: «15 min», «98.5 %» to the last digit; bare where no unit is known."""
    if unit == "%":
        return f"{figure(value * 100)} %"
    return measured(float(value), unit) if unit else figure(value)


def option_name(criterion: Criterion, name: str) -> str:
    """An option in the page's language."""
    if isinstance(criterion.answer, Graded):
        for option in criterion.answer.options:
            if option.name == name:
                return (english() and option.name_en) or option.name
    return name


def when(criterion: Criterion, trigger: Trigger | None) -> str:
    """On which answers something happens; nothing for always."""
    if trigger is None:
        return ""
    if trigger.lost:
        return _("whenever points are lost")
    return _(" or ").join(f"«{option_name(criterion, name)}»" for name in trigger.options)


def evidence(criterion: Criterion) -> list[str]:
    """What must be attached, and on which answers."""
    return [_piece(criterion, piece) for piece in criterion.evidence]


def _piece(criterion: Criterion, piece: Evidence) -> str:
    kind = _(KINDS[piece.kind]) if piece.kind in KINDS else piece.kind
    number = f"{kind} × {piece.least}" if piece.least > 1 else kind
    on = when(criterion, piece.when)
    return f"{number} ({on})" if on else number


def consequences(criterion: Criterion) -> list[str]:
    """What an answer brings with it: a cascade, a veto, days to correct."""
    found = []
    if criterion.cascade:
        told = _("On %(when)s nothing is earned for %(ids)s.")
        zeroed = ", ".join(criterion.cascade.zero)
        found.append(told % {"when": when(criterion, criterion.cascade.when), "ids": zeroed})
    if criterion.veto:
        effects = []
        if criterion.veto.grade_cap:
            effects.append(_("the grade is capped at «%(cap)s»") % {"cap": term(criterion.veto.grade_cap)})
        if criterion.veto.exclude_from_awards:
            effects.append(_("no awards"))
        told = _("Veto on %(when)s: %(effects)s.")
        found.append(told % {"when": when(criterion, criterion.veto.when), "effects": ", ".join(effects)})
    return found


def applies(criterion: Criterion) -> str:
    """To which outlets a criterion applies; nothing for all."""
    to = criterion.applies_to
    told = []
    if to.any:
        told.append(_("only with one of: %(tags)s") % {"tags": joined(to.any)})
    if to.all:
        told.append(_("only with all of: %(tags)s") % {"tags": joined(to.all)})
    if to.none:
        told.append(_("not with: %(tags)s") % {"tags": joined(to.none)})
    return "; ".join(told)


def joined(words: Iterable[str]) -> str:
    return ", ".join(map(term, words))
