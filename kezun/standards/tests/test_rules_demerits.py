"""A scale of demerits: what is counted is what went wrong, so losing, conforming and evidence turn round."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kezun.standards.facts import E4
from kezun.standards.publishing import conforming, counted
from kezun.standards.rules import Na, NotAStandard, evaluate, lacks, read
from kezun.standards.rules.fields import MOST_POINTS, MOST_TOTAL
from kezun.standards.tests.samples import text

LOST = (
    "evidence: [{kind: photo, min: 1, when: lost}]\n"
    "            veto: {when: lost, effect: {exclude_from_awards: true}}"
)
SOME = st.sampled_from([0, 5, 10, 15, 20])


def demerits(extra=LOST):
    """The hygiene rating in which a photo and a veto follow any demerit for structure."""
    return read(text("hygiene").replace("id: structure\n", f"id: structure\n            {extra}\n"))


def ids(made):
    return [c.id for c in made.criteria()]


@settings(deadline=None)
@given(st.tuples(SOME, SOME, st.sampled_from([0, 5, 10, 20, 30])))
def test_what_is_lost_is_what_is_counted(values):
    made = demerits("")
    answers = dict(zip(ids(made), values, strict=True))
    result = evaluate(made, answers)
    assert [line.lost for line in result.lines] == list(values)
    assert result.earned == sum(values)
    assert [conforming(line) for line in result.lines] == [value == 0 for value in values]
    told = counted(result.lines)
    assert (told["conforming"], told["failed"]) == (values.count(0), 3 - values.count(0))


@pytest.mark.parametrize(("value", "due"), [(0, False), (5, True), (25, True)])
def test_evidence_and_veto_on_a_loss(value, due):
    made = demerits()
    answers = dict.fromkeys(ids(made), 0) | {"structure": value}
    missing = lacks(made, answers, photos={})
    assert [(found.criterion, found.code) for found in missing] == (
        [("structure", "no_evidence")] if due else []
    )
    result = evaluate(made, answers)
    assert (result.veto, result.exclude_from_awards) == ((("structure",), True) if due else ((), False))


POINTS = """\
schema: kezun.standard/1
id: urn:test:std:limits
version: "1"
title: 限
valid: {{from: 2026-01-01, to: null}}
scale: {{kind: points, total: {points}, na: {policy}}}
rounding: {{digits: {digits}, mode: half_up, at: publish}}
modules:
  - id: M
    title: m
    points: {points}
    items:
      - id: I
        title: i
        points: {points}
        criteria:
          - id: a
            text: a
            points: {points}
            answer: {{type: graded, options: {{yes it is: 1, it is not: 0}}, na: {{allowed: true}}}}
            cascade: {{when: [it is not], zero: [b]}}
          - id: b
            text: b
            points: 0
            answer: {{type: range, min: {least}, max: 0, na: {{allowed: true}}}}
            rectify: {{due_days: {days}, recheck: true}}
            evidence: [{{kind: photo, min: {photos}, when: lost}}]
"""


def limits(**given):
    told = {"points": 10, "digits": 2, "least": -5, "days": 7, "photos": 1, "policy": "renormalise"}
    return POINTS.format_map(told | given)


@pytest.mark.parametrize(
    "given",
    [
        {"digits": 4},
        {"digits": 0},
        {"days": 3650},
        {"points": MOST_POINTS},
        {"least": -MOST_POINTS},
        {"photos": 99},
    ],
)
def test_what_a_row_can_hold_is_taken(given):
    made = read(limits(**given))
    result = evaluate(made, {"a": "yes it is", "b": 0})
    assert result.score == made.scale.total


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"digits": 5}, "whole_outside"),
        ({"digits": 10_000_000}, "whole_outside"),
        ({"digits": -1}, "not_whole"),
        ({"days": 3651}, "whole_outside"),
        ({"photos": 100}, "whole_outside"),
        ({"points": MOST_POINTS + 1}, "number_outside"),
        ({"least": -MOST_POINTS - 1}, "number_outside"),
        ({"points": MOST_TOTAL + 1}, "number_outside"),
    ],
)
def test_what_no_row_can_hold_is_refused_with_its_line(given, code):
    with pytest.raises(NotAStandard) as caught:
        read(limits(**given))
    [key] = given
    problems = [p for p in caught.value.problems if p.code == code]
    named = str(given[key])
    lines = limits(**given).splitlines()
    assert problems, caught.value
    assert all(named in lines[p.line - 1] for p in problems)


def test_what_a_cascade_took_is_lost_even_where_it_was_called_not_applicable():
    made = read(limits(least=-5))
    zeroed = evaluate(made, {"a": "it is not", "b": Na("没有")})
    [_a, b] = zeroed.lines
    assert (b.reason, b.earned) == ("cascade", 0)
    assert counted(zeroed.lines)["na"] == 0
    left_out = evaluate(made, {"a": "yes it is", "b": Na("没有")})
    assert counted(left_out.lines) == {"asked": 2, "conforming": 1, "na": 1, "failed": 0}


@pytest.mark.parametrize(("policy", "score"), [("renormalise", None), ("full", 10), ("zero", 0)])
def test_where_nothing_applies_there_is_no_score_unless_the_policy_gives_one(policy, score):
    result = evaluate(read(limits(policy=policy)), {"a": Na("无"), "b": Na("无")})
    assert result.score == (None if score is None else Decimal(score))
    assert counted(result.lines)["na"] == 2


def test_facts_can_hold_the_most_points():
    assert MOST_TOTAL * E4 < 2**31
    assert read(limits(points=MOST_POINTS)).scale.total * E4 < 2**31
