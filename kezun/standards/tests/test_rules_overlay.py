"""An overlay over a standard: own criteria beside or within the total, declared points, its own time."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest

from kezun.standards.rules import NotAStandard, asked, digest, evaluate, read
from kezun.standards.rules.overlay import overlaid
from kezun.standards.tests.samples import TAGS, conforming, sample, text

OWN = {"J1.01": "足", "J1.02": "有"}


def laid(**more):
    body = text("festival")
    for was, by in more.values():
        assert was in body
        body = body.replace(was, by)
    return overlaid(sample("outlet"), read(body))


def within():
    return laid(way=("  event: 春节服务", "  event: 春节服务\n  counting: within"))


def test_the_overlay_names_both_and_holds_for_its_time():
    made = laid()
    assert made.version == "2026.1+2026.1"
    assert made.title == "网点服务练习标准 · 节日加强"
    assert made.title_en == "A practice standard for outlets · Holiday service"
    assert made.valid.holds(date(2026, 2, 10))
    assert made.valid.holds(date(2026, 2, 24))
    assert not made.valid.holds(date(2026, 2, 25)), "validity is half open"
    assert not made.valid.holds(date(2026, 2, 9))
    assert made.kind == "standard"


def test_its_criteria_are_asked_with_the_others():
    assert [c.id for c in asked(laid(), tags=TAGS)][-2:] == ["J1.01", "J1.02"]
    assert set(laid().ids()) == set(sample("outlet").ids()) | {"J", "J1", "J1.01", "J1.02"}


def test_beside_the_total_it_is_shown_apart():
    result = evaluate(laid(), conforming(**{"B1_02": "不统一"}) | OWN | {"J1.02": "无"}, tags=TAGS)
    [own] = result.beside
    assert (own.id, own.earned, own.applicable) == ("J", 6, 10)
    assert {x.id for x in result.lines}.isdisjoint(OWN)
    assert result.applicable == 102, "a declared change of two points"
    assert result.score == Decimal("98.53"), "100.5 of 102, out of a hundred"


def test_without_a_fault_it_is_still_a_hundred():
    assert evaluate(laid(), conforming() | OWN, tags=TAGS).score == Decimal("100.00")


def test_within_the_total_it_counts_with_the_others():
    result = evaluate(within(), conforming() | OWN | {"J1.01": "不足"}, tags=TAGS)
    assert result.beside == ()
    assert (result.earned, result.applicable) == (106, 112)
    assert result.score == Decimal("94.64")
    assert [x.id for x in result.lines][-2:] == ["J1.01", "J1.02"]


def test_declared_points_change_and_their_sums_follow():
    made = laid()
    assert made.criterion("B1.02").points == 6
    assert [i.points for i in made.modules[1].items] == [32, 30]
    assert [m.points for m in made.modules] == [40, 62]
    assert made.scale.total == 100


def test_the_standard_below_stays_as_it_was():
    before = digest(sample("outlet"))
    laid()
    assert digest(sample("outlet")) == before
    assert digest(laid()) != before


@pytest.mark.parametrize(
    ("was", "by", "code"),
    [
        ("urn:kezun:std:lianxi-wangdian", "urn:kezun:std:other", "unknown_edition"),
        ('version: "2026.1"\n  event', 'version: "2025.1"\n  event', "unknown_edition"),
        ("id: B1.02, points: 6", "id: B7.02, points: 6", "change_unknown"),
        ("id: B1.02, points: 6", "id: B1.02, points: -6", "change_of_range"),
        ("id: J1.02", "id: B1.02", "id_of_base"),
    ],
)
def test_what_does_not_fit_is_refused(was, by, code):
    with pytest.raises(NotAStandard) as caught:
        laid(one=(was, by))
    assert [p.code for p in caught.value.problems] == [code]


def test_a_standard_is_no_overlay():
    with pytest.raises(NotAStandard) as caught:
        overlaid(sample("outlet"), sample("hygiene"))
    assert caught.value.problems[0].params["known"] == "—"
