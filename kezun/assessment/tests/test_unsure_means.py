"""Scores on means: their spread widens intervals and ranks; runs made before it was known stay as they
were."""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib

import numpy as np
import pytest
from scipy import stats

from kezun.assessment import inputs, packing
from kezun.assessment.measuring import known
from kezun.assessment.models import Run, Score
from kezun.assessment.owning import Asked, measured
from kezun.assessment.queries import result_of
from kezun.assessment.replaying import replay
from kezun.assessment.rules import estimating
from kezun.assessment.rules.form import Of
from kezun.assessment.running import run
from kezun.assessment.subjects import roster
from kezun.assessment.tests import world
from kezun.facts import queries
from kezun.facts.definitions import Definition, Measure
from kezun.facts.indicators import catalogue
from kezun.facts.publishing import publish
from kezun.facts.questions import Question
from kezun.facts.rules import Period
from kezun.facts.vectors import Vector
from kezun.org.models import Assignment, BusinessLine
from kezun.statistics import intervals

pytestmark = pytest.mark.django_db
MARCH = Period.parse("2026-03")
# What the code before the spread was known made of WAITS: the results of the three outlets, in their order.
BEFORE = "49ed12025cfb5f4265d08bd95f8d673a0a1c94e5ebc8430932664a5ad3082f40"


def waited(unit, waits, person=None):
    """Served tickets of one unit, with these waits."""
    rows = [
        {
            **{
                "source_id": f"{unit}-{n}",
                "unit": unit,
                "outcome": "served",
                "wait_s": wait,
                "person": person,
            },
            **{"occurred_at": world.moment("2026-03-10") + dt.timedelta(seconds=40 * n)},
            **{"channel": "counter", "direction": "in", "service_s": 120},
        }
        for n, wait in enumerate(waits)
    ]
    publish(world.US, "ticket", rows, source="test.tickets")


def around(mean, width, n=100):
    """Waits about a mean, evenly over a width, the same on every machine."""
    return [round(mean + width * (i - (n - 1) / 2) / n) for i in range(n)]


def scheme(**changes):
    component = {
        **{"id": "wait", "title": "等候", "weight": 100, "missing": "exclude"},
        **{"source": {"indicator": "floor.wait_mean"}, "estimator": {"kind": "raw", "min_n": 5}},
        "transform": {"kind": "linear", "from": [0, 600], "to": [100, 0]},
    }
    component |= changes
    more = {"grades": None, "ranking": {"min_n": 5, "components": ["wait"]}}
    return world.installed(world.scheme_text(components=[component], **more))


def scores(made):
    return {s.unit.code: s for s in Score.objects.filter(run=made).select_related("unit")}


def figure(score):
    return result_of(score).lines[0].figure


def judged(spread, n=100):
    for unit, mean in (("O1", 180), ("O2", 200), ("O3", 220)):
        waited(unit, around(mean, spread, n))
    return scores(run(world.US, scheme(), "2026-03", opens=True))


@pytest.fixture
def bank_only(own_home, bank):
    return bank


def test_waits_that_hardly_differ_leave_no_doubt_about_the_order(bank_only):
    found = judged(4, n=20)
    assert [(found[u].rank_low, found[u].rank_high) for u in ("O1", "O2", "O3")] == [(1, 1), (2, 2), (3, 3)]


def test_the_same_means_of_waits_that_differ_much_leave_the_order_open(bank_only):
    found = judged(350, n=20)
    assert [found[u].rank_low for u in ("O1", "O2", "O3")] == [1, 1, 1]
    assert [found[u].rank_high for u in ("O1", "O2", "O3")] == [3, 3, 3]
    for score in found.values():
        assert score.low < score.score < score.high


def test_the_line_of_a_mean_says_the_interval_of_its_indicator_and_the_score_its_error(bank_only):
    found = judged(300)
    shown = queries.measure(world.US, Question(("floor.wait_mean",), "HO", MARCH, below="outlet"))
    for answer in shown:
        own, score = figure(found[answer.unit]), found[answer.unit]
        assert (own.low, own.high) == pytest.approx((answer.low, answer.high))
        sd = stats.sem(around(round(own.value), 300))
        assert own.sd == pytest.approx(sd, rel=0.02)
        half = float(score.high - score.score)
        assert half == pytest.approx(1.96 * own.sd / 6, abs=0.02)  # six seconds a point


def test_quantiles_and_nps_have_an_error_too(bank_only):
    for unit in ("O1", "O2"):
        waited(unit, around(200, 400))
    median = scheme(source={"indicator": "floor.wait_p50"})
    found = scores(run(world.US, median, "2026-03", opens=True))
    own = figure(found["O1"])
    # √n p (1 − p) = 5 ranks to either side, four seconds apart.
    assert (own.n, own.sd, own.low) == (100, pytest.approx(20, abs=2), None)
    assert found["O1"].low < found["O1"].score < found["O1"].high


def test_people_of_a_line_are_unsure_by_all_their_facts_together(bank_only, person_in):
    line = BusinessLine.objects.create(code="personal", name="个人")
    waits = {"O1": around(150, 200, 30), "O2": around(250, 100, 40)}
    for unit, told in waits.items():
        teller = person_in("teller", unit)
        Assignment.objects.filter(person=teller).update(line=line, from_date=dt.date(2026, 1, 1))
        waited(unit, told, person=teller.code)
    both = roster(Of("line"), MARCH)
    now = {"ticket": 2}
    asked = Asked(both, catalogue().definitions, MARCH.start, MARCH.end, now)
    found = measured(asked, ["floor.wait_mean", "floor.answer_rate", "floor.wait_p50"])
    together = waits["O1"] + waits["O2"]
    at = [s.key for s in both.subjects].index(f"line:{line.pk}")
    within = found["floor.wait_mean"].within[at]
    assert within == pytest.approx(np.var(together) * len(together))
    assert (found["floor.answer_rate"].within, found["floor.wait_p50"].error) == (None, None)
    before = measured(dataclasses.replace(asked, method=1), ["floor.wait_mean"])
    assert before["floor.wait_mean"].within is None


def test_points_by_points_are_no_events(bank_only):
    """What was earned of what was possible has no Poisson spread; before, it claimed one far too narrow."""
    world.inspection("i1", "O1", "2026-03-05", 80, 100, "2.0")
    asked = Asked(
        roster(Of("outlet"), MARCH), catalogue().definitions, MARCH.start, MARCH.end, {"inspection": 1}
    )
    ids = [d.id for d in asked.named.values() if d.kind == "rate" and d.numerator.op == "sum"]
    assert ids
    for id, one in measured(asked, ids).items():
        assert (one.rate, one.share) == (False, False), id
    assert all(one.rate for one in measured(dataclasses.replace(asked, method=1), ids).values())


def test_answers_of_an_nps_differ_in_points_of_a_hundred(bank_only):
    """Six promoters, two detractors, two of neither sort: the error of the formula with n − 1 below."""
    texts = dict.fromkeys(("name", "name_en", "about", "about_en", "owner"), "t")
    top = Measure("rating", "values", ("score",))
    nps = Definition(id="x.nps", unit="score", direction="up", kind="nps", version=1, numerator=top, **texts)
    whole = [np.array([number]) for number in (4, 10, 10)]
    told = known(nps, Vector(np.array([40.0]), *whole, np.array([8], dtype=object), whole[1]))
    assert told.bounds == (-100.0, 100.0)
    found = estimating.raw(told)
    assert found.sd[0] == pytest.approx(intervals.nps(6, 2, 10).error * (10 / 9) ** 0.5)
    assert found.low[0] < 40 < found.high[0]


def bodies(made):
    rows = sorted(((s.unit.code, bytes(s.lines)) for s in Score.objects.filter(run=made)), key=lambda r: r[0])
    return hashlib.sha256(
        b"\n".join(packing.canonical(packing.unpack(body)) for _u, body in rows)
    ).hexdigest()


@pytest.fixture
def first_method(monkeypatch):
    """Runs pinned as they were before: without a word on how they are computed."""
    found = inputs.pin

    def pin(*args, **more):
        made = found(*args, **more)
        plain = {key: value for key, value in made.inputs.items() if key != "method"}
        given = inputs._given(
            plain, [s.scheme for s in made.given.stretches], made.given.roster, made.given.named.values()
        )
        return inputs.Pinned(given, plain, made.pins)

    return pin


def old_run(first_method, monkeypatch, chosen):
    with monkeypatch.context() as patched:
        patched.setattr("kezun.assessment.running.pin", first_method)
        return run(world.US, chosen, "2026-03", opens=True)


def test_a_run_from_before_is_repeated_to_the_same_bytes(bank_only, first_method, monkeypatch):
    for unit, mean in (("O1", 180), ("O2", 200), ("O3", 220)):
        waited(unit, around(mean, 300))
    made = old_run(first_method, monkeypatch, scheme())
    assert "method" not in made.inputs
    assert bodies(made) == BEFORE
    assert replay(made).equal
    assert {s.low == s.high == s.score for s in scores(made).values()} == {True}
    now = run(world.US, Run.objects.get(pk=made.pk).scheme, "2026-03", opens=True)
    assert now.inputs["method"] == 2
    assert replay(now).equal
    assert now.result_hash != made.result_hash
    assert {u: s.score for u, s in scores(now).items()} == {u: s.score for u, s in scores(made).items()}
