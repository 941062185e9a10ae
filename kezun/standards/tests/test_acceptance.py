"""The published numbers: a hundred, 85, 70 by cascade, 85 of 95, 70 with a cap, and the hygiene rating."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from fractions import Fraction
from itertools import product

import pytest

from kezun.standards.rules import Na, evaluate
from kezun.standards.tests.samples import TAGS, conforming, sample

HYGIENE = STRUCTURE = (0, 5, 10, 15, 20, 25)
MANAGEMENT = (0, 5, 10, 20, 30)


def score(**changed):
    return evaluate(sample("outlet"), conforming(**changed), tags=TAGS)


def test_all_conforming_is_a_hundred():
    result = score()
    assert (result.score, result.earned, result.applicable) == (Decimal("100.00"), 100, 100)
    assert {line.reason for line in result.lines} == {"met", "band"}
    assert not result.veto
    assert result.grade_cap is None


def test_mixed_is_85():
    result = score(A1_01="尚可", A2_01=2, A2_02=Decimal("0.96"))
    assert result.score == Decimal("85.00")
    assert {x.id: x.lost for x in result.lines if x.lost} == {"A1.01": 5, "A2.01": 4, "A2.02": 6}


def test_an_absent_lobby_is_70_by_cascade():
    result = score(B1_01="不在")
    assert result.score == Decimal("70.00")
    assert {x.id: x.params["by"] for x in result.lines if x.reason == "cascade"} == {
        "B1.02": "B1.01",
        "B1.03": "B1.01",
    }


def test_not_applicable_leaves_95_points_to_earn():
    result = score(A1_02=Na("门店在二楼,无坡道"), A1_01="差")
    assert (result.score, result.earned, result.applicable) == (Decimal("89.47"), 85, 95)
    assert result.exact == Fraction(8500, 95)


def test_a_veto_takes_no_points_beyond_its_own_but_caps_the_grade():
    result = score(B2_01="推诿")
    assert (result.score, result.veto, result.grade_cap) == (Decimal("70.00"), ("B2.01",), "达标")


def rated(hygiene: int, structure: int, management: int) -> str | None:
    answers = {"hygiene": hygiene, "structure": structure, "management": management}
    return evaluate(sample("hygiene"), answers).rating


def test_the_180_hygiene_ratings():
    ratings = Counter(rated(*scores) for scores in product(HYGIENE, STRUCTURE, MANAGEMENT))
    assert ratings == {"5": 8, "4": 15, "3": 4, "2": 21, "1": 49, "0": 83}


@pytest.mark.parametrize(
    ("scores", "rating"), [((15, 0, 0), "2"), ((0, 0, 20), "1"), ((10, 10, 0), "4"), ((0, 0, 0), "5")]
)
def test_the_worst_single_score_holds_a_rating_down(scores, rating):
    assert rated(*scores) == rating
