"""Charts of an indicator from its answers; each carries the same numbers as a table."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from kezun.facts.definitions import Definition
from kezun.facts.questions import Answer
from kezun.facts.types import FACT_TYPES
from kezun.insight.board import target
from kezun.insight.look import Look
from kezun.ui.components import Cell, Chart
from kezun.ui.figures import figure
from kezun.ui.rules import grouped

MOST_BARS = 12
BIN = re.compile(r"(?P<low>-?\d+)-(?P<high>-?\d+)|(?P<op><=|>)(?P<one>-?\d+)")


def weekday_names() -> list[str]:
    """Monday to Sunday, short."""
    return [_("Mon"), _("Tue"), _("Wed"), _("Thu"), _("Fri"), _("Sat"), _("Sun")]


def _target(d: Definition) -> dict[str, Any]:
    return {"target": d.target.value if d.target else None, "targetText": f"{_('Target')} {target(d)}"}


def trend(d: Definition, look: Look, unit: str, now: Sequence[Answer], before: Sequence[Answer]) -> Chart:
    """The indicator step by step through the period, with its target, over the period before (dotted)."""
    points = sorted(now, key=lambda a: a.by or "")
    past = [a.value for a in sorted(before, key=lambda a: a.by or "")][: len(points)]
    texts = [figure(a.value, d.unit) for a in points]
    data = {
        "labels": [a.by for a in points],
        "values": [a.value for a in points],
        "texts": texts,
        "before": past,
        "unit": d.unit,
        "links": [look.explain(d.id, unit, period=a.by) for a in points],
        **_target(d),
    }
    rows = [
        [Cell(a.by or ""), Cell(text, look.explain(d.id, unit, period=a.by)), Cell(grouped(a.n))]
        for a, text in zip(points, texts, strict=True)
    ]
    about = _("Dotted: the period before.") if any(v is not None for v in past) else ""
    return Chart(
        "chart-trend", "trend", _("Trend"), data, [_("Period"), d.title, "n"], rows, about, wide=True
    )


def breakdown(
    d: Definition, look: Look, unit: str, answers: Sequence[Answer], field: str, title: str, none: str
) -> Chart:
    """The indicator by the labels of `field` (business, customer_class), those with most facts first."""
    shown = sorted(answers, key=lambda a: (-a.n, a.by or ""))
    texts = [figure(a.value, d.unit) for a in shown]
    links = [look.explain(d.id, unit, **{field: a.by or ""}) for a in shown]
    names = [a.by or none for a in shown]
    data = {
        "labels": names[:MOST_BARS],
        "values": [a.value for a in shown][:MOST_BARS],
        "texts": [f"{t} (n = {grouped(a.n)})" for t, a in zip(texts, shown, strict=True)][:MOST_BARS],
        "links": links[:MOST_BARS],
        "unit": d.unit,
        "across": True,
        "fromZero": d.unit != "%",
        **_target(d),
    }
    rows = [
        [Cell(name), Cell(text, link), Cell(grouped(a.n))]
        for name, text, link, a in zip(names, texts, links, shown, strict=True)
    ]
    about = ""
    if len(shown) > MOST_BARS:
        about = _("The %(n)s with most facts; all of them in the table.") % {"n": MOST_BARS}
    return Chart(f"chart-{field}", "bars", title, data, [title, d.title, "n"], rows, about)


def heat(d: Definition, look: Look, unit: str, answers: Sequence[Answer]) -> Chart:
    """The indicator by hour of day × weekday (labels «1-09» … «7-18»), local to each unit."""
    cells = {}
    for a in answers:
        if a.by and a.value is not None:
            weekday, hour = a.by.split("-")
            cells[int(weekday), int(hour)] = a
    hours = sorted({h for _w, h in cells})
    if hours:
        hours = list(range(hours[0], hours[-1] + 1))
    days = weekday_names()
    shown = [w for w in range(1, 8) if w <= 5 or any(day == w for day, _h in cells)]
    points = [
        [hours.index(h), shown.index(w), a.value, f"{figure(a.value, d.unit)} (n = {grouped(a.n)})"]
        for (w, h), a in sorted(cells.items())
    ]
    data = {
        "columns": [f"{h}:00" for h in hours],
        "rows": [days[w - 1] for w in shown],
        "cells": points,
        "unit": d.unit,
        "direction": d.direction,
    }

    def cell(weekday: int, hour: int) -> Cell:
        answer = cells.get((weekday, hour))
        if answer is None:
            return Cell("")
        link = look.explain(d.id, unit, hour=str(hour), weekday=str(weekday))
        return Cell(figure(answer.value, d.unit), link)

    rows = [[Cell(f"{h}:00"), *(cell(w, h) for w in shown)] for h in hours]
    columns = [_("Hour"), *(days[w - 1] for w in shown)]
    return Chart("chart-heat", "heat", _("By hour and weekday"), data, columns, rows)


def bin_text(label: str, unit: str) -> str:
    """A bin as people read it: «≤ 30 s», «30 s – 1 min», «> 1 h»; a label of another form stays."""
    found = BIN.fullmatch(label)
    if found is None:
        return label
    if found["low"] is not None:
        return f"{figure(float(found['low']), unit)} – {figure(float(found['high']), unit)}"
    return f"{'≤' if found['op'] == '<=' else '>'} {figure(float(found['one']), unit)}"


def value_unit(d: Definition) -> str:
    """The unit of the values that a distribution spreads out: seconds for durations, else plain."""
    top = d.numerator
    column = FACT_TYPES[top.fact].column(top.of[0]) if top and top.of else None
    return "s" if column is not None and column.kind == "seconds" else "count"


def spread(d: Definition, answers: Sequence[Answer], title: str) -> Chart:
    """A distribution: what share of the facts lies in each bin, in the order of the bins."""
    texts = [f"{figure(a.value, d.unit)} ({grouped(a.numerator or 0)})" for a in answers]
    names = [bin_text(a.by or "", value_unit(d)) for a in answers]
    data = {
        "labels": names,
        "values": [a.value for a in answers],
        "texts": texts,
        "unit": d.unit,
        "fromZero": True,
    }
    rows = [
        [Cell(name), Cell(figure(a.value, d.unit)), Cell(grouped(a.numerator or 0))]
        for name, a in zip(names, answers, strict=True)
    ]
    return Chart("chart-spread", "bars", title, data, [_("Bin"), _("Share"), _("Facts")], rows)
