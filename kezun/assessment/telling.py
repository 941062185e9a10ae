"""A scheme as it is read: whom it judges, how values become points, what takes and gives, who is listed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kezun.assessment.merits import merit_kinds
from kezun.assessment.models import Merit
from kezun.assessment.rules.form import (
    Adjustment,
    Component,
    Condition,
    Grade,
    Listing,
    Match,
    Of,
    Scheme,
    Star,
    Transform,
    Veto,
)
from kezun.assessment.rules.steps import half_of
from kezun.assessment.rules.transform import many
from kezun.assessment.saying import PEERS
from kezun.assessment.scorecards import title_of
from kezun.assessment.wording import OPERATORS, english, grade_name, level_name, plain
from kezun.facts.indicators import catalogue
from kezun.facts.rules import Period
from kezun.org.models import Post, Unit
from kezun.standards.wording import term
from kezun.ui.figures import figure

ESTIMATORS: Mapping[str, str | Promise] = {
    "raw": gettext_lazy("as measured"),
    "beta_binomial_eb": gettext_lazy(
        "a share, drawn towards its peers where it rests on few observations (beta-binomial)"
    ),
    "gamma_poisson": gettext_lazy(
        "a rate, drawn towards its peers where it rests on few observations (gamma-Poisson)"
    ),
    "normal_eb": gettext_lazy(
        "a mean, drawn towards its peers as far as it is unsure itself (normal-normal)"
    ),
    "casemix": gettext_lazy("adjusted for the mix of its cases"),
}
DRAWN = ("beta_binomial_eb", "gamma_poisson", "normal_eb")
MISSING: Mapping[str, str | Promise] = {
    "redistribute": gettext_lazy("without data its weight goes to the other components"),
    "peer_mean": gettext_lazy("without data it gets the mean of its peers"),
    "exclude": gettext_lazy("without data there is no score at all"),
}
GROUPED: Mapping[str, str | Promise] = {
    "kind": gettext_lazy("kind of unit"),
    "tier1": gettext_lazy("tier-1 branch"),
    "tier2": gettext_lazy("tier-2 branch"),
    "post": gettext_lazy("post"),
    "line": gettext_lazy("business line"),
}
CADENCES: Mapping[str, str | Promise] = {
    "month": gettext_lazy("month by month"),
    "quarter": gettext_lazy("quarter by quarter"),
    "half": gettext_lazy("half-year by half-year"),
    "year": gettext_lazy("year by year"),
    "any": gettext_lazy("any period"),
}
SAMPLES = 81
MARGIN = 0.08


def cadence_words(form: Scheme) -> str:
    """How long the periods are that a scheme judges."""
    return _(" or ").join(str(CADENCES[one]) for one in form.cadences)


def examples(form: Scheme, day: dt.date) -> list[str]:
    """The labels of periods that a scheme judges and that hold a day, the shortest first."""
    found = []
    for one in form.cadences:
        if one == "half":
            found.append(half_of(day))
        elif one != "any":
            found.append(Period.of(day, one).label)
    return found


def indicator_title(id: str) -> str:
    """The title of an indicator; its id where there is none."""
    known = catalogue().definitions.get(id)
    return known.title if known else id


def unit_of(one: Component) -> str:
    """The unit of a component's value; a share for a standard."""
    known = catalogue().definitions.get(one.source.indicator) if one.source.indicator else None
    return known.unit if known else "%"


def estimator_words(one: Component) -> str:
    """How the value becomes an estimate, and among whom."""
    told = str(ESTIMATORS[one.estimator.kind])
    if one.estimator.casemix and one.estimator.kind != "casemix":
        told = f"{told}; {ESTIMATORS['casemix']}"
    if one.estimator.kind in DRAWN and one.estimator.scope == "all":
        everybody = _("peers are all subjects")
        told = f"{told}; {everybody}"
    return told


@dataclass(frozen=True)
class Curve:
    """A transform drawn in a box of 100 × 50: the line, and the values at both ends of the axis."""

    line: str
    low: str
    high: str
    most: str


def curve(transform: Transform, unit: str) -> Curve:
    """A small picture of how values become points."""
    marks = [float(mark) for mark in _marks(transform)]
    low, high = min(marks), max(marks)
    width = (high - low) or abs(high) or 1.0
    low, high = low - MARGIN * width, high + MARGIN * width
    if unit == "%":
        low, high = max(low, 0.0), min(high, max(1.0, *marks))
    values = np.linspace(low, high, SAMPLES)
    made = many(transform, values)
    top = max(100.0, float(np.nanmax(made)))
    line = " ".join(
        f"{100 * at / (SAMPLES - 1):.1f},{50 - 48 * float(y) / top:.1f}" for at, y in enumerate(made)
    )
    return Curve(line, figure(low, unit), figure(high, unit), plain(round(top)))


def _marks(transform: Transform) -> list[Decimal]:
    if transform.kind == "ratio_to_target":
        return [Decimal(0), transform.target * (3 if transform.down else max(transform.cap, Decimal(1)))]
    if transform.kind == "bands":
        return [bound for bound, _worth in transform.bands if bound is not None] or [Decimal(0), Decimal(1)]
    return [x for x, _y in transform.points]


def match_words(match: Sequence[Match]) -> str:
    """Which events of a kind."""
    labels = dict(Merit.Responsibility.choices)
    told = [
        [labels.get(v, v) if one.column == "responsibility" else term(v) for v in one.values] for one in match
    ]
    return "; ".join("/".join(map(str, values)) for values in told)


def _event(kind: str, match: Sequence[Match]) -> str:
    known = merit_kinds().get(kind)
    name, narrowed = known.name if known else kind, match_words(match)
    return f"{name} ({narrowed})" if narrowed else name


def adjustment_words(rule: Adjustment) -> dict[str, str]:
    """A deduction or addition: event, points by level, cap, what else holds."""
    more = []
    if rule.once:
        more.append(_("once per subject: only the highest counts"))
    if rule.attributed:
        more.append(_("counts once responsibility is decided"))
    if rule.per:
        more.append(
            _("per %(unit)s of %(indicator)s")
            % {"unit": plain(rule.per.unit), "indicator": indicator_title(rule.per.indicator)}
        )
    levels = [(level_name(level), worth) for level, worth in rule.points]
    return {
        "id": rule.id,
        "title": title_of(rule),
        "event": _event(rule.event, rule.match),
        "points": ", ".join(f"{level} {plain(worth)}" for level, worth in levels),
        "cap": plain(rule.cap),
        "more": "; ".join(more),
    }


def veto_words(veto: Veto, standards: Mapping[str, str], form: Scheme) -> dict[str, str]:
    """A veto: when, and what it does."""
    if veto.standard:
        named = standards.get(veto.standard, veto.standard)
        when = _("a veto in an inspection by «%(standard)s»") % {"standard": named}
    else:
        when = _event(veto.event, veto.match)
        if veto.count > 1:
            when = _("%(what)s, %(n)d or more") % {"what": when, "n": veto.count}
    cap = grade_name(veto.grade_cap, form.grades)
    does = [_("grade at most «%(grade)s»") % {"grade": cap}] if cap else []
    does += [_("no award")] if veto.bars_awards else []
    title = veto.title_en if english() and veto.title_en else veto.title
    return {"id": veto.id, "title": title, "when": when, "does": "; ".join(does)}


def floors_words(floors: Sequence[tuple[str, Decimal]], form: Scheme) -> str:
    """Least points out of 100 of single components."""
    titles = {c.id: title_of(c) for c in form.components}
    return ", ".join(f"{titles.get(id, id)} ≥ {plain(worth)}" for id, worth in floors)


def grade_words(grade: Grade, form: Scheme) -> dict[str, str]:
    """A grade: its name, least total and floors."""
    least = f"≥ {plain(grade.least)}" if grade.least is not None else _("all others")
    name = grade_name(grade.name, form.grades)
    return {"name": name, "least": least, "floors": floors_words(grade.floors, form)}


def condition_words(one: Condition, form: Scheme) -> str:
    """One condition of a list."""
    if one.veto:
        return _("a veto") if one.veto == "any" else _("no veto")
    if one.grades:
        return _("grade %(names)s") % {"names": ", ".join(grade_name(g, form.grades) for g in one.grades)}
    component = form.component(one.metric)
    what = title_of(component) if component else _("Total")
    bound = str(PEERS[one.ref]) if one.ref in PEERS else one.ref
    if component and one.ref not in PEERS:
        bound = figure(float(one.ref), unit_of(component))
    return _("%(what)s %(op)s %(bound)s with a probability of at least %(p)s %%") % {
        **{"what": what, "op": OPERATORS[one.op], "bound": bound, "p": plain(100 * one.at_least)}
    }


def listing_words(rule: Listing | None, form: Scheme) -> list[str]:
    """When somebody is proposed for a list, and what must happen before it is shown."""
    if rule is None:
        return []
    told = [condition_words(one, form) for one in rule.conditions]
    both, either = _("and"), _("or")
    joint = f" {both if rule.how == 'all' else either} "
    found = [joint.join(told)]
    if rule.min_n:
        found.append(_("at least %(n)d observations") % {"n": rule.min_n})
    if rule.appeal_first:
        found.append(_("after the time for appeals"))
    if rule.human_confirm:
        found.append(_("a person confirms it"))
    return found


def star_words(star: Star, form: Scheme) -> dict[str, str]:
    """What a number of stars asks for."""
    more = [floors_words(star.floors, form)] if star.floors else []
    if star.periods > 1:
        more.append(_("%(n)d periods in a row") % {"n": star.periods})
    if star.tenure_months:
        more.append(_("%(n)d months in the post") % {"n": star.tenure_months})
    more += [_("no veto")] if star.no_veto else []
    return {"stars": "★" * star.stars, "least": f"≥ {plain(star.least)}", "more": "; ".join(more)}


def subject_words(of: Of) -> str:
    """Whom a scheme judges."""
    kinds = [str(Unit.Kind(kind).label) for kind in of.units if kind in set(Unit.Kind.values)]
    posts = [post.title for post in Post.objects.filter(code__in=of.posts)] if of.posts else []
    whom = {
        "outlet": _("outlets"),
        "person": _("people"),
        "unit": _("units"),
        "department": _("departments"),
        "line": _("business lines"),
    }[of.kind]
    narrowed = ", ".join([*kinds, *posts])
    told = f"{whom} ({narrowed})" if narrowed else whom
    headed = _("by the unit that they head")
    return f"{told}, {headed}" if of.by == "unit" else told


def peers_words(of: Of) -> str:
    """Whom subjects are compared with."""
    told = [name[4:] if name.startswith("tag:") else str(GROUPED.get(name, name)) for name in of.peers]
    return ", ".join(told) if told else _("all of them together")
