"""A fact below several subjects (an outlet's head, those above) counts once for each, never more often."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kezun.assessment.gathering import Wanted, gather
from kezun.assessment.models import Score
from kezun.assessment.queries import result_of
from kezun.assessment.rules.form import Of
from kezun.assessment.rules.reading import read
from kezun.assessment.running import run
from kezun.assessment.subjects import ALL, Roster, roster
from kezun.assessment.tests.world import US, inspection, installed, merit, scheme_text
from kezun.facts.indicators import catalogue
from kezun.facts.models import Snapshot
from kezun.facts.rules import Period

MARCH = Period.parse("2026-03")
FIRST, LAST = MARCH.start, MARCH.end
HEADS = {"kind": "person", "posts": ["unit_head", "outlet_manager"], "by": "unit"}
UNITS = {"kind": "unit", "units": ["tier1", "tier2", "sub_branch"]}


def text(subject):
    checked = {
        **{"id": "inspect", "title": "服务检查", "weight": 100, "missing": "exclude"},
        "source": {"standard": "urn:test:std", "agg": "pooled"},
    }
    praise = {"id": "A1", "title": "表扬", "event": "praise", "points": {"default": 0.5}, "cap": 9}
    return scheme_text(components=[checked], additions=[praise], grades=None, ranking=None, subject=subject)


@pytest.fixture
def told(own_home, bank, person_in):
    """One inspection and one praise at O1, another of each at O2, and heads one above the other."""
    people = [person_in("unit_head", unit) for unit in ("HO", "P1", "C1", "S1")]
    people.append(person_in("outlet_manager", "O1"))
    inspection("i1", "O1", "2026-03-05", 80, 100, "2026.1")
    inspection("i2", "O2", "2026-03-06", 45, 50, "2026.1")
    merit("m1", "O1", "2026-03-07", "praise", "锦旗")
    merit("m2", "O2", "2026-03-08", "praise", "锦旗")
    return people


def results(subject):
    made = run(US, installed(text(subject)), "2026-03")
    return {score.subject: result_of(score) for score in Score.objects.filter(run=made)}


def counts(result):
    """Inspections, points earned and possible, and how many praises were counted."""
    [checked] = [line for line in result.lines if line.id == "inspect"]
    [praised] = [line for line in result.lines if line.id == "A1"]
    return checked.figure.n, checked.figure.numerator, checked.figure.denominator, praised.points * 2


@pytest.mark.django_db
def test_heads_above_one_another_have_each_fact_once(told):
    found = results(HEADS)
    both, own = (2, 1_250_000, 1_500_000, 2), (1, 800_000, 1_000_000, 1)
    assert {key: counts(one) for key, one in found.items()} == {
        f"person:{head.pk}": own if head is told[-1] else both for head in told
    }


@pytest.mark.django_db
def test_units_that_hold_one_another_have_each_fact_once(told, bank):
    found = results(UNITS)
    for code in ("P1", "C1", "S1"):
        assert counts(found[f"unit:{bank[code].pk}"]) == (2, 1_250_000, 1_500_000, 2), code


@pytest.mark.django_db
def test_runs_of_the_first_method_are_repeated_as_they_were_counted(told):
    judged = roster(Of("person", posts=("unit_head", "outlet_manager"), by="unit"), MARCH)
    snapshots = {row.fact: row.number for row in Snapshot.objects.order_by("number")}
    given = (read(text(HEADS)), FIRST, LAST, Decimal(1), judged, catalogue().definitions, snapshots)
    found = [gather(Wanted(*given, method=method)).columns[0].measured.n.tolist() for method in (1, 2)]
    assert sorted(found[1]) == [1, 2, 2, 2, 2]
    assert sorted(found[0]) == [5, 9, 9, 9, 9]


DAYS = st.integers(FIRST.toordinal() - 20, LAST.toordinal() + 20)
SPANS = st.tuples(st.integers(1, 4), st.integers(1, 3), DAYS, DAYS).filter(lambda row: row[2] <= row[3])


@given(st.lists(SPANS, max_size=12))
def test_the_ground_is_each_day_of_each_unit_once(tree):
    held = Roster("unit", [], tree)
    seen = Counter()
    for branch in held.ground(FIRST, LAST):
        assert branch.target == ALL
        for day in range(FIRST.toordinal(), LAST.toordinal() + 1):
            seen[branch.unit, day] += branch.since.toordinal() <= day <= branch.until.toordinal()
    seen = +seen
    assert set(seen.values()) <= {1}
    assert set(seen) == {
        (unit, day)
        for unit, _target, first, last in tree
        for day in range(FIRST.toordinal(), LAST.toordinal() + 1)
        if first <= day <= last
    }
