"""Many subjects combined one after the other: as each alone, and to the bytes of the day they were stored."""

from __future__ import annotations

import gc
import hashlib
from decimal import Decimal

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kezun.assessment import packing
from kezun.assessment.computing import uncollected
from kezun.assessment.gathering import Column
from kezun.assessment.rules.combining import Edition, Part, combine, combined, powered, squared
from kezun.assessment.rules.estimating import Estimated, Measured
from kezun.assessment.rules.form import (
    Adjustment,
    Component,
    Exposure,
    Gate,
    Grade,
    Of,
    Scheme,
    Source,
    Transform,
    Veto,
)
from kezun.assessment.rules.lines import Event, Figure, Kept, Share
from kezun.assessment.rules.rating import Peer, rate, worth
from kezun.assessment.rules.transform import exact, points
from kezun.assessment.tests.making import parts, schemes

D = Decimal
PER = Exposure("floor.t", D(10))
LINE = Transform("piecewise_linear", ((D("0.5"), D(0)), (D("0.9"), D(80)), (D(1), D(100))))
BANDS = Transform("bands", op=">=", bands=((D("0.9"), D(100)), (D("0.7"), D(60)), (None, D(0))))
RATIO = Transform("ratio_to_target", target=D("0.95"), cap=D("1.2"))


def rated(part: Part) -> list:
    return [
        rate(
            *(one, worth(one.transform), part.figures.get(one.id) or Figure()),
            *(part.spreads.get(one.id, 0.0), part.peers.get(one.id)),
        )
        for one in part.scheme.components
    ]


def kept(part: Part) -> Kept:
    return Kept(part.scheme.version, part.share, tuple(part.events), dict(part.exposures), part.vetoes)


@given(st.data())
def test_one_edition_for_all_gives_each_what_it_has_alone(data):
    first, second = data.draw(schemes("1")), data.draw(schemes("2"))
    editions = [Edition(first), Edition(second)]
    for _ in range(3):
        told = [data.draw(parts(first, D("0.3"))), data.draw(parts(second, D("0.7")))]
        many = combined(editions, [kept(part) for part in told], [rated(part) for part in told])
        assert packing.canonical(many) == packing.canonical(combine(told))


@given(st.data())
def test_runs_of_the_first_method_square_as_they_did(data):
    told = data.draw(parts())
    now, then = (
        combined([Edition(told.scheme, square)], [kept(told)], [rated(told)]) for square in (squared, powered)
    )
    assert now.sd == pytest.approx(then.sd, rel=1e-14)
    assert msgspec.structs.replace(now, sd=0.0) == msgspec.structs.replace(then, sd=0.0)


@given(st.floats(0, 2), st.sampled_from([LINE, BANDS, RATIO]))
def test_points_that_are_remembered_are_those_worked_out(value, transform):
    remembered = worth(transform)
    assert str(remembered(value)) == str(remembered(value)) == str(points(transform, exact(value)))


GATED = Component("a", "a", D(60), Source("floor.a"), BANDS, gates=(Gate("floor.g", D(1)),))
FILLED = Component("a", "a", D(60), Source("floor.a"), BANDS, missing="peer_mean", min_n=30)


def column(one: Component, estimate: list[float], n: list[int], gates: list[str]) -> Column:
    values, whole = np.array(estimate), np.array(n, dtype=np.int64)
    sd = np.where(np.isnan(values), np.nan, 0.01)
    known = Measured(values, whole, whole, whole)
    made = Estimated(values, sd, values - sd, values + sd, np.ones(len(values)))
    shares = {1: (Share("1", 9, 10, 1),)}
    return Column(one, known, made, gates, shares, values * 100, np.where(np.isnan(values), np.nan, 2.0))


def test_a_column_rates_a_block_of_its_subjects():
    told = column(GATED, [0.95, 0.75, float("nan"), 0.2], [40, 40, 0, 40], ["", "floor.g", "", ""])
    found = list(told.rated(slice(1, 4), [None] * 3))
    assert [(x.state, x.points, x.spread) for x in found] == [
        ("gated", None, 0.0),
        ("missing", None, 0.0),
        ("scored", D(0), 2.0),
    ]
    assert found[0].figure == Figure(
        *(0.75, 40, 40, 40, 0.75, 0.01, 0.74, 0.76, 1.0),
        *("floor.g", (Share("1", 9, 10, 1),)),
    )
    assert found[1].figure == Figure(None, 0, 0, 0, None, None, None, None, 1.0)


def test_a_column_fills_in_the_peers_where_too_little_is_known():
    told = column(FILLED, [0.95, float("nan")], [3, 0], [])
    peers = [Peer(D("61.5"), 4.0), None]
    states = [(x.state, x.points, x.spread) for x in told.rated(slice(0, 2), peers)]
    assert states == [("peer_mean", D("61.5"), 4.0), ("missing", None, 0.0)]


def test_the_bytes_of_a_result_are_those_of_the_runs_stored_before():
    """A run stored by an earlier version is repeated to the same bytes only while this hash stands."""
    scheme = Scheme(
        *("urn:x", "1", "方案", Of("outlet"), None),
        (
            Component("a", "a", D(50), Source("floor.a"), LINE),
            Component("b", "b", D(30), Source("floor.b"), BANDS, missing="peer_mean"),
            Component("c", "c", D(20), Source("floor.c"), RATIO, gates=(Gate("floor.g", D(1)),)),
        ),
        base=D(10),
        most=D(105),
        deductions=(
            Adjustment("D1", "d", "complaint", points=(("重大", D(3)),), cap=D(8), attributed=True),
            Adjustment(
                "D2", "d", "media", points=(("", D("0.7")),), cap=D(2), per=Exposure("floor.t", D(10))
            ),
        ),
        additions=(Adjustment("A1", "a", "praise", points=(("一般", D("0.2")),), cap=D(1), once=True),),
        vetoes=(Veto("V1", "v", event="complaint", count=1, grade_cap="良好"),),
        grades=(Grade("优秀", D(70), (("a", D(30)),)), Grade("良好", D(50)), Grade("达标")),
    )
    events = (
        Event("s/1", "complaint", "2026-01-05", "重大", "responsible", "I1"),
        Event("s/2", "complaint", "2026-01-06", "重大", "pending"),
        Event("s/3", "media", "2026-01-07", "", "responsible", "I2"),
        Event("s/4", "praise", "2026-01-08", "一般"),
        Event("s/5", "praise", "2026-01-09", "一般"),
    )
    a, c = Figure(0.87, 87, 100, 100, 0.871234567, 0.01), Figure(0.9, 9, 10, 10, 0.9, 0.1, gate="floor.g")
    spreads, peers = {"a": 2.5, "b": 1.0}, {"b": Peer(D("61.234567"), 4.0)}
    told = [
        [Part(scheme, {"a": a, "c": c}, spreads, peers, events, {"floor.t": 37.0}, ())],
        [Part(scheme, {"a": a}, spreads, {}, (), {"floor.t": 0.0}, ())],
        [Part(scheme, {}, {}, peers), Part(scheme, {"a": a, "b": a}, spreads, share=D("0.5"), events=events)],
    ]
    bodies = [packing.canonical(combine(each)) for each in told]
    stored = ["725d617834f9915f", "1f93ba50fc09b2dd", "a562ff9a9d9bd1ab"]
    assert [hashlib.sha256(body).hexdigest()[:16] for body in bodies] == stored


@uncollected()
def failing(seen: list) -> None:
    seen.append(gc.isenabled())
    raise ZeroDivisionError


@pytest.mark.parametrize("before", [True, False])
def test_circles_are_looked_for_again_after_a_run_that_failed(before):
    seen = []
    (gc.enable if before else gc.disable)()
    try:
        with pytest.raises(ZeroDivisionError):
            failing(seen)
        assert (seen, gc.isenabled()) == ([False], before)
    finally:
        gc.enable()
