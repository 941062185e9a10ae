"""Pictures of assessments: the trend of a score, how a value becomes points."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from itertools import pairwise

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from kezun.assessment import wording
from kezun.assessment.rules.form import Grade, Transform
from kezun.assessment.rules.transform import points
from kezun.assessment.scorecards import title_of
from kezun.assessment.standings import Point
from kezun.ui.components import Cell, Chart
from kezun.ui.figures import figure, interval_text

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 320.0, 130.0, 34.0, 14.0, 12.0, 24.0

Place = Callable[[float, float], tuple[str, str]]


def trend(shown: Sequence[Point], grades: Sequence[Grade] = ()) -> Chart:
    """Scores period by period; the line breaks where another edition judged, of the scheme or of a standard
    by which was inspected: points mean other things then.

    grades: of the scheme, for their names in the page's language.
    """
    named = {p.grade: wording.grade_name(p.grade, grades) for p in shown}
    labels: list[str] = []
    values: list[float | None] = []
    for point in shown:
        if point.breaks:
            labels.append(_begins(point))
            values.append(None)
        labels.append(point.period)
        values.append(None if point.score is None else float(point.score))
    texts = {p.period: f"{wording.pts(p.score)} {named[p.grade]}" for p in shown}
    data = {
        "labels": labels,
        "values": values,
        "texts": [texts.get(label, label) for label in labels],
        "unit": "score",
        "target": None,
        "links": [],
    }
    rows = [
        [
            Cell(p.period),
            Cell(wording.pts(p.score)),
            Cell(interval_text(_float(p.low), _float(p.high), "score")),
            Cell(named[p.grade]),
            Cell(wording.rank_words(p.rank, p.ranked)),
            Cell(p.version),
        ]
        for p in shown
    ]
    columns = [_("Period"), _("Score"), _("95 % interval"), _("Grade"), _("Rank"), _("Edition")]
    about = ""
    if any(p.breaks for p in shown):
        about = _("The line breaks where another edition of the scheme, or of a standard, began.")
    elif all(p.score is None for p in shown):
        about = _("No score in these periods, so there is no line to draw.")
    blank = all(p.score is None for p in shown)
    return Chart("chart-history", "trend", _("Over the periods"), data, columns, rows, about, blank=blank)


def _begins(point: Point) -> str:
    """What is new where the line breaks: the edition of the scheme, or what is inspected by another one."""
    if point.remeasured:
        return _("new standard: %(titles)s") % {"titles": ", ".join(map(title_of, point.remeasured))}
    return _("edition %(version)s") % {"version": point.version}


def _float(value: Decimal | None) -> float | None:
    return None if value is None else float(value)


def curve(transform: Transform, estimate: float | None, unit: str) -> SafeString:
    """How values become points out of 100, with where the subject stands; a picture of `transform_words`."""
    corners = _corners(transform, estimate)
    low, high = min(x for x, _y in corners), max(x for x, _y in corners)
    top = max(100.0, max(y for _x, y in corners))
    span = (high - low) or 1.0

    def place(x: float, y: float) -> tuple[str, str]:
        across = LEFT + (x - low) / span * (WIDTH - LEFT - RIGHT)
        down = TOP + (1 - y / top) * (HEIGHT - TOP - BOTTOM)
        return f"{across:.1f}", f"{down:.1f}"

    line = " ".join(",".join(place(x, y)) for x, y in corners)
    ticks = format_html_join(
        "",
        '<text x="{}" y="{}" text-anchor="end">{}</text>',
        ((f"{LEFT - 5:.0f}", place(low, y)[1], f"{y:.0f}") for y in (0.0, 50.0, top)),
    )
    ends = format_html(
        '<text x="{}" y="{}">{}</text><text x="{}" y="{}" text-anchor="end">{}</text>',
        *(f"{LEFT:.0f}", f"{HEIGHT - 6:.0f}", figure(low, unit)),
        *(f"{WIDTH - RIGHT:.0f}", f"{HEIGHT - 6:.0f}", figure(high, unit)),
    )
    return format_html(
        '<svg class="k-curve" viewBox="0 0 {} {}" role="img" aria-label="{}">{}{}'
        '<polyline points="{}"></polyline>{}</svg>',
        f"{WIDTH:.0f}",
        f"{HEIGHT:.0f}",
        _("How a value becomes points; the same as the table beside it"),
        ticks,
        ends,
        line,
        _own(transform, estimate, place),
    )


def _own(transform: Transform, estimate: float | None, place: Place) -> SafeString:
    if estimate is None:
        return SafeString("")
    worth = float(points(transform, Decimal(str(estimate))))
    x, y = place(estimate, worth)
    return format_html('<circle cx="{}" cy="{}" r="4"></circle>', x, y)


def _corners(transform: Transform, estimate: float | None) -> list[tuple[float, float]]:
    """The line to draw, values rising: bands as stairs, a ratio up to where it ends, room at both ends."""
    if transform.kind == "bands":
        return _stairs(transform, estimate)
    if transform.kind == "ratio_to_target":
        end = float(transform.target * (transform.cap if not transform.down else 3)) or 1.0
        last = max(end, estimate or 0.0) * 1.1
        steps = [last * i / 40 for i in range(41)] if transform.down else [0.0, end, last]
        return [(x, float(points(transform, Decimal(str(x))))) for x in steps]
    drawn = [(float(x), float(y)) for x, y in transform.points]
    room = (drawn[-1][0] - drawn[0][0]) * 0.08
    low, high = drawn[0][0] - room, drawn[-1][0] + room
    low = max(low, 0.0) if drawn[0][0] >= 0 else low
    if estimate is not None:
        low, high = min(low, estimate), max(high, estimate)
    return [(low, drawn[0][1]), *drawn, (high, drawn[-1][1])]


def _stairs(transform: Transform, estimate: float | None) -> list[tuple[float, float]]:
    bounds = sorted(float(x) for x, _y in transform.bands if x is not None) or [0.0]
    room = (bounds[-1] - bounds[0]) * 0.15 or abs(bounds[0]) * 0.15 or 1.0
    ends = [bounds[0] - room, bounds[-1] + room, *([estimate] if estimate is not None else [])]
    edges = [min(ends), *bounds, max(ends)]
    made: list[tuple[float, float]] = []
    for low, high in pairwise(edges):
        worth = float(points(transform, Decimal(str((low + high) / 2))))
        made += [(low, worth), (high, worth)]
    return made
