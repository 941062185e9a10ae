"""Pictures of curves and the sliders of what-if: drawn inside the box, on the line, only values that are
allowed."""

from __future__ import annotations

import math
import re
from decimal import Decimal

import pytest
from django.http import QueryDict
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from kezun.assessment import pictures, telling
from kezun.assessment.pages.what_if import changed_numbers, knobs
from kezun.assessment.rules.changing import changed
from kezun.assessment.rules.form import Transform
from kezun.assessment.rules.reading import NotAScheme
from kezun.assessment.rules.transform import exact, points
from kezun.assessment.rules.winning import steps
from kezun.assessment.standings import Point
from kezun.assessment.tests.making import schemes, transforms

D = Decimal
estimates = st.none() | st.floats(0, 3, allow_nan=False)


def corners(svg):
    line = re.search(r'points="([^"]+)"', str(svg))[1]
    return [tuple(map(float, pair.split(","))) for pair in line.split()]


@given(transforms(), estimates)
def test_a_curve_stays_in_its_box_and_goes_from_left_to_right(transform, estimate):
    drawn = corners(pictures.curve(transform, estimate, "score"))
    assert [x for x, _y in drawn] == sorted(x for x, _y in drawn)
    for x, y in drawn:
        assert pictures.LEFT <= x <= pictures.WIDTH - pictures.RIGHT
        assert pictures.TOP <= y <= pictures.HEIGHT - pictures.BOTTOM


@given(transforms(), estimates)
def test_the_own_place_lies_within_the_curve(transform, estimate):
    svg = str(pictures.curve(transform, estimate, "score"))
    own = re.search(r'<circle cx="([\d.]+)" cy="([\d.-]+)"', svg)
    assert (own is None) == (estimate is None)
    if own:
        drawn = corners(svg)
        assert drawn[0][0] - 0.1 <= float(own[1]) <= drawn[-1][0] + 0.1
        assert min(y for _x, y in drawn) - 0.1 <= float(own[2]) <= max(y for _x, y in drawn) + 0.1


@given(transforms(), st.sampled_from(["%", "s", "score"]))
def test_the_small_curve_of_a_scheme_is_one_line_in_its_box(transform, unit):
    made = telling.curve(transform, unit)
    pairs = [tuple(map(float, one.split(","))) for one in made.line.split()]
    assert len(pairs) == telling.SAMPLES
    assert (pairs[0][0], pairs[-1][0]) == (0, 100)
    assert all(0 <= y <= 50 for _x, y in pairs)
    assert all(math.isfinite(y) for _x, y in pairs)


@given(transforms(), st.floats(0, 2, allow_nan=False), st.decimals(1, 100, places=0))
def test_what_would_win_points_back_is_what_the_curve_gives(transform, estimate, weight):
    had = points(transform, exact(estimate))
    for step in steps(transform, estimate, weight):
        assert step.gain == weight * (points(transform, step.value) - had) / 100
        assert 0 < step.gain <= weight * (transform.most - had) / 100


@given(transforms(), st.floats(0, 2, allow_nan=False))
def test_where_the_most_is_had_nothing_can_be_won_back(transform, estimate):
    if points(transform, exact(estimate)) == transform.most:
        assert steps(transform, estimate, D(50)) == ()


def sliders(scheme):
    return [slider for knob in knobs(scheme, {}) for slider in (knob.first, *knob.others)]


@given(schemes())
def test_sliders_left_alone_change_nothing(scheme):
    query = QueryDict(mutable=True)
    query.update({one.path: one.value for one in sliders(scheme)})
    assert changed_numbers(query, scheme) == {}
    assert changed_numbers(QueryDict(), scheme) == {}


@given(schemes())
def test_every_slider_has_a_place_of_its_own_and_stands_within_its_limits_on_a_step(scheme):
    shown = sliders(scheme)
    assert len({one.path for one in shown}) == len(shown)
    for one in shown:
        least, most, step, value = (D(x) for x in (one.least, one.most, one.step, one.value))
        assert least < most
        assert step > 0
        if ".at." not in one.path:
            assert min(least, value) <= value <= max(most, value)
        assert (value / step) % 1 == 0, one


def tried(scheme, change):
    """The changed scheme, or the paths that were refused."""
    try:
        return changed(scheme, change), []
    except NotAScheme as error:
        return None, [problem.path for problem in error.problems]


@given(schemes(), st.data())
def test_a_moved_slider_is_taken_or_refused_in_words_and_moves_that_number_alone(scheme, data):
    one = data.draw(st.sampled_from(sliders(scheme)))
    to = data.draw(st.sampled_from([one.least, one.most]))
    query = QueryDict(mutable=True)
    query[one.path] = to
    change = changed_numbers(query, scheme)
    assert change == ({} if D(to) == D(one.stored) else {one.path: to})
    made, refused = tried(scheme, change)
    assert set(refused) <= {one.path, "components"}
    if made is None:
        assert refused
        return
    moved = [
        was.path for was, now in zip(sliders(scheme), sliders(made), strict=True) if was.value != now.value
    ]
    assert moved == ([one.path] if change else [])


def point(period, version, score, breaks=False, rank=1):
    low, high = (None, None) if score is None else (D(score) - 1, D(score) + 1)
    worth = None if score is None else D(score)
    return Point(period, 7, version, worth, low, high, "", rank, 9, breaks)


def test_a_trend_breaks_where_another_edition_judged_and_has_a_hole_without_a_score():
    rows = [
        point("2026-01", "1", "80.5"),
        point("2026-02", "1", None, rank=None),
        point("2026-03", "2", 70, True),
    ]
    with translation.override("en"):
        made = pictures.trend(rows)
    assert made.data["labels"] == ["2026-01", "2026-02", "edition 2", "2026-03"]
    assert made.data["values"] == [80.5, None, None, 70.0]
    assert [[cell.text for cell in row] for row in made.rows] == [
        ["2026-01", "80.50", "79.50 – 81.50", "", "1 of 9", "1"],
        ["2026-02", "—", "", "", "", "1"],
        ["2026-03", "70.00", "69.00 – 71.00", "", "1 of 9", "2"],
    ]
    assert "another edition" in made.about
    assert pictures.trend(rows[:2]).about == ""


@pytest.mark.parametrize(
    ("transform", "own", "words"),
    {
        "one band for all": (Transform("bands", bands=((None, D(50)),)), 0.4, 4),
        "one bound": (Transform("bands", bands=((D("0.9"), D(100)), (None, D(0)))), None, 4),
        "below every bound": (Transform("bands", bands=((D("0.9"), D(100)), (D("0.8"), D(50)))), 0.1, 6),
        "a flat line": (Transform("piecewise_linear", points=((D(0), D(70)), (D(1), D(70)))), 2.5, 4),
        "a target to stay below": (Transform("ratio_to_target", target=D(30), cap=D(1), down=True), 0.0, 41),
    }.values(),
)
def test_curves_at_their_edges_can_be_drawn(transform, own, words):
    svg = pictures.curve(transform, own, "score")
    assert len(corners(svg)) == words
    assert "nan" not in str(svg)
    assert str(svg).count("<circle") == (own is not None)
