"""Parts of a scheme and of a score in words of the page's language: for pages and printed sheets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kezun.assessment.models import Run
from kezun.assessment.rules.form import HUNDRED, Adjustment, Component, Grade, Scheme
from kezun.facts.indicators import catalogue
from kezun.org.models import BusinessLine, Post, Unit
from kezun.standards.models import Standard
from kezun.standards.wording import term
from kezun.ui.figures import figure
from kezun.ui.rules import decimals, grouped, percent

NONE = "-"
OPERATORS = {">=": "≥", "<=": "≤", ">": ">", "<": "<"}


def english() -> bool:
    return (translation.get_language() or "").startswith("en")


def pts(value: Decimal | float | None, places: int = 2) -> str:
    """Points with two decimals; «—» for none."""
    return "—" if value is None else decimals(float(value), places)


def apart(one: float, other: float, unit: str) -> tuple[str, str]:
    """Two values as texts that differ: shares get a decimal more where one would make them look the same."""
    texts = figure(one, unit), figure(other, unit)
    if texts[0] != texts[1] or unit != "%":
        return texts
    return f"{decimals(one * 100, 2)} %", f"{decimals(other * 100, 2)} %"


def plain(value: Decimal | float) -> str:
    """A number as it was written: no zeros at the end."""
    return f"{Decimal(str(value)).normalize():f}"


def scheme_name(scheme: Scheme) -> str:
    return (english() and scheme.title_en) or scheme.title


def grade_name(name: str, grades: Iterable[Grade]) -> str:
    """A grade in the page's language; the name itself where the scheme gives no other."""
    if not english():
        return name
    return next((g.name_en for g in grades if g.name == name and g.name_en), name)


def level_name(level: str) -> str:
    """A level of events in the page's language; `default` is each event without one of its own."""
    return _("each") if level == "default" else term(level)


def about_of(rule: Component | Adjustment) -> str:
    """What the scheme says of a component beyond its title."""
    return rule.about if isinstance(rule, Component) and not english() else ""


def source_words(component: Component, standards: Mapping[str, str] | None = None) -> str:
    """Where a component's value comes from. standards: names by urn, where they are known."""
    source = component.source
    if source.standard:
        name = (standards or {}).get(source.standard, source.standard.rsplit(":", 1)[-1])
        methods = _(" or ").join(source.methods)
        how = _("the mean of the inspections") if source.agg == "mean" else _("all inspections together")
        told = _("Inspections by «%(name)s», %(how)s") % {"name": name, "how": how}
        return f"{told} ({methods})" if methods and not english() else told
    known = catalogue().definitions.get(source.indicator)
    name = known.title if known else source.indicator
    narrow = " · ".join(filter(None, (source.business, source.customer_class)))
    return f"{name} ({narrow})" if narrow else name


def standard_names(urns: Iterable[str]) -> dict[str, str]:
    """The names of published standards in the page's language; one statement, none without urns."""
    wanted = sorted(set(urns))
    if not wanted:
        return {}
    rows = Standard.objects.published().filter(urn__in=wanted).order_by("from_date")
    return {s.urn: s.name for s in rows}


def transform_words(component: Component, unit: str) -> list[tuple[str, str]]:
    """How a value becomes points: (value, points out of 100), in the order of the scheme."""
    t = component.transform
    if t.kind == "ratio_to_target":
        target = figure(float(t.target), unit)
        told = _("target ÷ value × 100") if t.down else _("value ÷ target × 100")
        most = plain(HUNDRED * t.cap)
        return [
            (
                _("target %(value)s") % {"value": target},
                _("%(how)s, at most %(most)s") % {"how": told, "most": most},
            )
        ]
    if t.kind == "bands":
        return [
            (
                f"{OPERATORS[t.op]} {figure(float(x), unit)}" if x is not None else _("all others"),
                plain(worth),
            )
            for x, worth in t.bands
        ]
    return [(figure(float(x), unit), plain(worth)) for x, worth in t.points]


def missing_words(component: Component) -> str:
    """What happens where too little is known."""
    return {
        "redistribute": _("its weight goes to the other lines"),
        "peer_mean": _("the mean of peers stands in"),
        "exclude": _("there is no score at all"),
    }[component.missing]


def gate_words(component: Component) -> list[str]:
    """What the data must be like for the component to count."""
    found = []
    for gate in component.gates:
        known = catalogue().definitions.get(gate.indicator)
        name, unit = (known.title, known.unit) if known else (gate.indicator, "score")
        least = f" ≥ {figure(float(gate.least), unit)}" if gate.least is not None else ""
        most = f" ≤ {figure(float(gate.most), unit)}" if gate.most is not None else ""
        otherwise = _("else no points") if gate.otherwise == "zero" else _("else the line is left out")
        found.append(f"{name}{least}{most}; {otherwise}")
    return found


def learned_words(component: Component, unit: str, prior: Sequence[Any] | None, scale: int = 1) -> str:
    """What an estimator learned of peers: their mean and how many observations it weighs as much as."""
    if component.estimator.kind == "raw" or not prior:
        return ""
    method, a, b, units = prior
    if component.estimator.kind == "normal_eb":
        return "" if method == "flat" else _drawn_mean(a, b, units, unit)
    if component.estimator.kind == "gamma_poisson":
        mean, weight = a / b * scale, b
    else:
        mean, weight = a / (a + b) * scale, a + b
    told = ngettext(
        "Drawn towards peers (%(n)s with data, mean %(mean)s), who weigh as much as %(weight)s observation",
        "Drawn towards peers (%(n)s with data, mean %(mean)s), who weigh as much as %(weight)s observations",
        round(weight),
    )
    return told % {"n": units, "mean": figure(mean, unit), "weight": grouped(round(weight))}


def _drawn_mean(mean: float, sd: float, units: int, unit: str) -> str:
    """Of peers whose means were learned as a normal distribution."""
    told = {"n": units, "mean": figure(mean, unit), "sd": figure(sd, unit)}
    if sd == 0:
        return (
            _("Drawn towards peers (%(n)s with data, mean %(mean)s), who do not differ beyond chance") % told
        )
    return (
        _("Drawn towards peers (%(n)s with data, mean %(mean)s), who differ by %(sd)s (standard deviation)")
        % told
    )


def own_words(own: float | None) -> str:
    """How much of an estimate is the subject's own data."""
    if own is None:
        return ""
    if own >= 1:
        return _("all of it own data")
    return _("%(share)s %% of this is own data, the rest what peers are like") % {"share": percent(own)}


def group_names(groups: Iterable[str], scheme: Scheme) -> dict[str, str]:
    """Peer groups as people call them; one statement at most for each kind of name that occurs."""
    wanted = sorted(set(groups))
    parts = scheme.of.peers
    kinds = dict(Unit.Kind.choices)
    named: dict[str, dict[str, str]] = {}
    for at, part in enumerate(parts):
        codes = {one.split("/")[at] for one in wanted if len(one.split("/")) == len(parts)} - {NONE}
        if part == "post" and codes:
            named[part] = {p.code: p.title for p in Post.objects.filter(code__in=codes)}
        elif part in ("tier1", "tier2") and codes:
            named[part] = {u.code: u.title for u in Unit.objects.filter(code__in=codes)}
        elif part == "line" and codes:
            named[part] = {x.code: x.title for x in BusinessLine.objects.filter(code__in=codes)}
        else:
            named[part] = {code: str(name) for code, name in kinds.items()}
    return {group: _group(group, parts, named) for group in wanted}


def _group(group: str, parts: Sequence[str], named: Mapping[str, Mapping[str, str]]) -> str:
    if not parts:
        return _("All")
    told = [
        named[part].get(text, text)
        for part, text in zip(parts, group.split("/"), strict=False)
        if text not in (NONE, "")
    ]
    return " · ".join(told) or _("Others")


def rank_words(rank: int | None, ranked: int | None) -> str:
    return _("%(rank)s of %(all)s") % {"rank": rank, "all": ranked} if rank is not None else ""


def run_marks(run: Run) -> list[tuple[str, str]]:
    """What a reader has to know of a run at a glance: (css of the tag, words)."""
    css = {Run.Kind.FINAL: "k-tag-good", Run.Kind.PROVISIONAL: "k-tag-warn", Run.Kind.WHAT_IF: "k-tag-bad"}
    return [(css.get(Run.Kind(run.kind), "k-tag-warn"), run.get_kind_display())]
