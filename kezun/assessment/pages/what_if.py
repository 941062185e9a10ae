"""What if: sliders on the numbers of a scheme, and the score that one subject would have. Stores nothing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from kezun.assessment import cards, queries, wording
from kezun.assessment.messages import say_refusal
from kezun.assessment.rules.form import Adjustment, Component, Scheme
from kezun.assessment.rules.lines import Result
from kezun.assessment.rules.reading import NotAScheme
from kezun.assessment.scorecards import title_of
from kezun.kernel.page import page
from kezun.org.reader import reader_of
from kezun.ui.components import Crumb
from kezun.ui.figures import figure

READ = queries.READ
WIDEST = 3  # a cap or target may be moved up to so many times what it is


@dataclass(frozen=True)
class Slider:
    """One number that can be moved: its path in the scheme, limits, step, where it stands, and as stored."""

    path: str
    label: str
    value: str
    least: str
    most: str
    step: str
    unit: str
    stored: str


@dataclass(frozen=True)
class Knob:
    """The sliders of one rule: the first always in sight, the others behind it."""

    title: str
    first: Slider
    others: tuple[Slider, ...]


@page("scorecards/<int:run>/<str:subject>/what-if/", name="assessment.what_if", needs=READ)
@require_safe
def what_if(request: HttpRequest, run: int, subject: str) -> HttpResponse:
    """The sliders, and what the score would be; for htmx only the result."""
    reader = reader_of(request)
    held = queries.run_by_id(reader, run)
    row = queries.score_of(reader, held, subject)
    form = queries.forms_of(held)[-1]
    change = changed_numbers(request.GET, form)
    context: dict[str, Any] = {
        "title": _("What if"),
        "run": held,
        "row": row,
        "name": queries.name_of(row),
        "change": change,
        "grades": form.grades,
        "may_run": reader.may("assessment.run"),
        "page_href": cards.address(held.pk, row.subject, "what_if"),
    }
    try:
        before, after = queries.what_if(reader, held, row.subject, change)
    except NotAScheme as error:
        context["refused"] = say_refusal(error)
    else:
        context |= told(before, after, form)
    if request.headers.get("HX-Target") == "outcome":
        return render(request, "assessment/parts/outcome.html", context)
    context |= {
        "knobs": list(knobs(form, change)),
        "scheme_name": wording.scheme_name(form),
        "crumbs": [
            Crumb(_("Scorecards"), "/scorecards/"),
            Crumb(context["name"], cards.address(held.pk, row.subject)),
            Crumb(_("What if")),
        ],
    }
    return render(request, "assessment/what_if.html", context)


def changed_numbers(query: QueryDict, form: Scheme) -> dict[str, str]:
    """Those of the sliders that were moved, by path; what is no number is passed on to be refused."""
    found = {}
    for knob in knobs(form, {}):
        for slider in (knob.first, *knob.others):
            text = query.get(slider.path, "").strip()
            if text and not _same(text, slider.stored):
                found[slider.path] = text
    return found


def _same(text: str, stored: str) -> bool:
    try:
        return Decimal(text) == Decimal(stored)
    except InvalidOperation:
        return False


def told(before: Result, after: Result, form: Scheme) -> dict[str, Any]:
    """Both results beside one another: score, grade, and every line that can have points."""
    names = {rule.id: title_of(rule) for rule in form.components} | {
        r.id: title_of(r) for r in form.adjustments
    }
    was = {(x.kind, x.id, x.version): x for x in before.lines}
    rows = []
    for line in after.lines:
        old = was.get((line.kind, line.id, line.version))
        if line.kind == "rounding" or not (line.points or (old and old.points) or line.rated is not None):
            continue
        delta = line.points - (old.points if old else Decimal(0))
        title = names.get(
            line.id, {"base": _("Base"), "limit": _("Limit of the total")}.get(line.kind, line.id)
        )
        rows.append(
            (title, wording.pts(old.points if old else None), wording.pts(line.points), cards.change(delta))
        )
    moved = None if before.score is None or after.score is None else after.score - before.score
    return {
        "before": before,
        "after": after,
        "moved": cards.change(moved),
        "grade_before": wording.grade_name(before.grade, form.grades),
        "grade_after": wording.grade_name(after.grade, form.grades),
        "rows": rows,
    }


def knobs(form: Scheme, change: Mapping[str, str]) -> Iterator[Knob]:
    """What can be moved: weights, targets and corners of components, caps and points of events."""
    for one in form.components:
        weight = _slider(f"components.{one.id}.weight", _("Weight"), one.weight, (0, 100, "1"), "", change)
        yield Knob(title_of(one), weight, tuple(_corners(one, change)))
    for kind, rules in (("deductions", form.deductions), ("additions", form.additions)):
        for rule in rules:
            yield _events(kind, rule, change)


def _corners(one: Component, change: Mapping[str, str]) -> Iterator[Slider]:
    unit, path = cards.unit_of(one), f"components.{one.id}"
    if one.transform.kind == "ratio_to_target":
        most = Decimal(1) if unit == "%" else one.transform.target * WIDEST
        limits = (_step(most), most, str(_step(most)))
        yield _slider(f"{path}.target", _("Target"), one.transform.target, limits, unit, change)
    steps = one.transform.bands or one.transform.points
    known = [x for x, _y in steps if x is not None]
    for at, (value, worth) in enumerate(steps, 1):
        name = figure(float(value), unit) if value is not None else _("all others")
        if value is not None:
            most = Decimal(1) if unit == "%" else max(known) * 2 or Decimal(1)
            label = _("Value of corner %(n)d") % {"n": at}
            yield _slider(f"{path}.at.{at}", label, value, (0, most, str(_step(most))), unit, change)
        label = _("Points at %(value)s") % {"value": name}
        yield _slider(f"{path}.points.{at}", label, worth, (0, 100, "1"), "", change)


def _step(most: Decimal) -> Decimal:
    """A hundredth to a thousandth of the range, as a power of ten."""
    return Decimal(1).scaleb(most.adjusted() - 3 if most <= 1 else most.adjusted() - 2)


def _events(kind: str, rule: Adjustment, change: Mapping[str, str]) -> Knob:
    path = f"{kind}.{rule.id}"
    first = _slider(f"{path}.cap", _("At most"), rule.cap, ("0.1", rule.cap * WIDEST, "0.1"), "", change)
    others = (
        _slider(
            *(f"{path}.points.{level}", wording.level_name(level), worth),
            *((0, max(worth, Decimal(1)) * WIDEST, "0.1"), "", change),
        )
        for level, worth in rule.points
        if "." not in level
    )
    return Knob(title_of(rule), first, tuple(others))


def _slider(
    path: str,
    label: str,
    stored: Decimal,
    limits: tuple[object, object, str],
    unit: str,
    change: Mapping[str, str],
) -> Slider:
    least, most, step = limits
    plain = wording.plain(stored)
    finest = Decimal(plain).as_tuple().exponent
    if (
        isinstance(finest, int) and finest < 0
    ):  # a slider stands only on its steps: none may move the stored value
        step = str(min(Decimal(step), Decimal(1).scaleb(finest)))
    return Slider(path, label, change.get(path, plain), str(least), str(most), step, unit, plain)
