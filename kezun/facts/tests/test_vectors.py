"""Vectors equal answers: every indicator, by unit and by person, to the last bit."""

from __future__ import annotations

import math

import numpy as np
import pytest

from kezun.facts import vectors
from kezun.facts.answers import needed
from kezun.facts.branches import branches
from kezun.facts.cache import versions
from kezun.facts.definitions import Definition, Measure
from kezun.facts.indicators import catalogue
from kezun.facts.queries import measure
from kezun.facts.questions import Question
from kezun.facts.rules import Period
from kezun.facts.vectors import Span
from kezun.kernel.actor import SystemActor
from kezun.org.models import Person

pytestmark = pytest.mark.django_db
QUARTER = Period.parse("2026-Q1")
US = SystemActor("test")
IDS = [d.id for d in catalogue().definitions.values() if d.kind != "distribution" and "floor." in d.id]


def span(tree, **more):
    return Span(QUARTER.start, QUARTER.end, versions(), tree, **more)


def same(vector, at, answer):
    value = vector.value[at]
    return (None if math.isnan(value) else value) == answer.value and vector.n[at] == answer.n


def test_each_indicator_of_each_unit(service_at):
    units = service_at(["O1", "O2", "O3"], ["O1"], 400)["units"]
    tree, targets = branches(units["HO"], "outlet", QUARTER)
    groups = [(pk, 0) for pk in targets]
    found = vectors.vectors(IDS, catalogue().definitions, span(tree), groups)
    told = {
        (a.indicator, a.unit): a for a in measure(US, Question(tuple(IDS), "HO", QUARTER, below="outlet"))
    }
    wrong = [
        (id, code)
        for id in IDS
        for at, code in enumerate(targets.values())
        if not same(found[id], at, told[id, code])
    ]
    assert wrong == []


def test_by_person_and_narrowed(service_at, person_in):
    units = service_at(["O1", "O2"], ["O1", "O2"], 300)["units"]
    person = person_in("teller", "O1")
    tree, _targets = branches(units["HO"], None, QUARTER)
    ids = ["floor.tickets", "floor.satisfied_rate", "floor.wait_mean"]
    top = units["HO"].pk
    told = measure(US, Question(tuple(ids), "HO", QUARTER, person=person.code))
    found = vectors.vectors(ids, catalogue().definitions, span(tree, by="person"), [(top, person.pk)])
    assert all(same(found[a.indicator], 0, a) for a in told)
    nobody = Person.objects.create(code="none", name="无").pk
    empty = vectors.vectors(ids, catalogue().definitions, span(tree, by="person"), [(top, nobody)])
    assert [int(empty[id].n[0]) for id in ids] == [0, 0, 0]
    assert math.isnan(empty["floor.wait_mean"].value[0])
    business = vectors.commonest("ticket", span(tree, by="business"))
    narrow = Question(("floor.tickets",), "HO", QUARTER, business=business[0])
    equal = (("business", business[0] or None),)
    one = vectors.vectors(["floor.tickets"], catalogue().definitions, span(tree, equal=equal), [(top, 0)])
    assert same(one["floor.tickets"], 0, measure(US, narrow)[0])


def spread_of(values):
    return sum((v - sum(values) / len(values)) ** 2 for v in values)


def test_how_much_the_values_behind_means_differ(service_at):
    made = service_at(["O1", "O2"], ["O1"], 300)
    tree, targets = branches(made["units"]["HO"], "outlet", QUARTER)
    groups = [(pk, 0) for pk in targets]
    ids = ["floor.wait_mean", "floor.satisfaction_mean", "floor.answer_rate", "floor.wait_p50"]
    found = vectors.vectors(ids, catalogue().definitions, span(tree), groups)
    assert found["floor.answer_rate"].deviations is None
    assert found["floor.wait_p50"].error is None
    for at, pk in enumerate(targets):
        waits = [
            r["wait_s"]
            for r in made["tickets"]
            if (r["unit"], r["outcome"]) == (pk, "served") and r["wait_s"] is not None
        ]
        scores = [r["score"] for r in made["ratings"] if r["unit"] == pk]
        for id, values in (("floor.wait_mean", waits), ("floor.satisfaction_mean", scores)):
            told = found[id].deviations[at]
            assert math.isnan(told) if not values else told == pytest.approx(spread_of(values))


def test_squares_of_all_groups_are_exact_and_of_no_other_rows_than_are_counted():
    """Two values near 2³¹ that differ by one: floats of 64 bits would see no difference at all."""
    most = 2**31 - 1
    whole = [np.array(column) for column in ([2 * most - 1, 5, 0], [2, 1, 0], [2, 1, 0])]
    squares = np.array([most**2 + (most - 1) ** 2, 25, 0], dtype=object)
    one = vectors.Vector(np.zeros(3), *whole, squares, whole[1])
    assert one.deviations.tolist()[:2] == [0.5, 0.0]
    assert math.isnan(one.deviations[2])
    other_rows = vectors.Vector(np.zeros(3), *whole, squares, np.array([1, 1, 0]))
    assert math.isnan(other_rows.deviations[0])


def test_the_error_of_a_quantile_is_half_of_what_lies_one_deviation_of_its_rank_beside_it(service_at):
    made = service_at(["O1"], ["O1"], 400)
    tree, _targets = branches(made["units"]["HO"], None, QUARTER)
    group = [(made["units"]["HO"].pk, 0), (999_999, 0)]
    found = vectors.vectors(["floor.wait_p90"], catalogue().definitions, span(tree), group, errors=True)
    ordered = sorted(
        r["wait_s"] for r in made["tickets"] if r["outcome"] == "served" and r["wait_s"] is not None
    )
    n = len(ordered)
    middle, beside = 0.9 * n, math.sqrt(0.09 * n)
    low, high = (ordered[math.ceil(middle + side) - 1] for side in (-beside, beside))
    assert low < high
    assert found["floor.wait_p90"].error[0] == (high - low) / 2
    assert math.isnan(found["floor.wait_p90"].error[1])


def test_an_nps_knows_how_much_its_answers_differ():
    top = Measure("rating", "values", ("score",), condition="TRUE", value='CAST("score" AS BIGINT)')
    texts = dict.fromkeys(("name", "name_en", "about", "about_en", "owner"), "t")
    nps = Definition(id="x.nps", unit="score", direction="up", kind="nps", version=1, numerator=top, **texts)
    columns = {
        state: vectors.Column(np.array([count]), np.array([True]))
        for state, count in zip(needed(nps).values(), (6, 2, 10), strict=True)
    }
    found = vectors._figures(nps, columns, errors=True)
    answers = [1] * 6 + [-1] * 2 + [0] * 2
    assert (found.value[0], found.deviations[0]) == (40.0, pytest.approx(spread_of(answers)))


def test_a_distribution_has_no_single_value(bank):
    with pytest.raises(ValueError, match="distribution"):
        vectors.vectors(["floor.wait_distribution"], catalogue().definitions, span([]), [])


def test_rows_and_contents(service_at):
    units = service_at(["O1"], ["O1"], 50)["units"]
    tree, _targets = branches(units["HO"], None, QUARTER)
    table = vectors.rows("rating", span(tree))
    days = table.column("day").to_pylist()
    assert days
    assert all(QUARTER.start <= day <= QUARTER.end for day in days)
    assert vectors.rows("rating", Span(QUARTER.start, QUARTER.end, {}, tree)).num_rows == 0
    one = vectors.content("rating", 1, QUARTER.start, QUARTER.end)
    assert one == vectors.content("rating", 1, QUARTER.start, QUARTER.end)
    assert one != vectors.content("ticket", 1, QUARTER.start, QUARTER.end)
    assert vectors.content("rating", 0, QUARTER.start, QUARTER.end) != one
