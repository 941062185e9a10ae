"""Vectors equal answers: every indicator, by unit and by person, to the last bit."""

from __future__ import annotations

import math

import pytest

from kezun.facts import vectors
from kezun.facts.branches import branches
from kezun.facts.cache import versions
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
