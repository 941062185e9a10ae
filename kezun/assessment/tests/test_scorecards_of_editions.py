"""Scorecards where two editions judged, or a what-if run: each line by its own rule, moves by the whole."""

from __future__ import annotations

from decimal import Decimal
from urllib.parse import parse_qs, urlsplit

import pytest

from kezun.assessment import cards
from kezun.assessment.models import Run
from kezun.assessment.queries import history, scorecard
from kezun.assessment.running import run
from kezun.assessment.tests.world import US, installed, rated, scheme_text, served, together
from kezun.facts.queries import measure

pytestmark = pytest.mark.django_db
CSAT = {
    **{"id": "csat", "title": "满意率", "weight": 100, "source": {"indicator": "floor.satisfied_rate"}},
    "transform": {"kind": "ratio_to_target", "target": 1},
}


@pytest.fixture
def split(own_home, bank):
    """Two editions that share March: the second asks for less and calls it otherwise."""
    with together():
        for day, good, bad in (("2026-02-10", 8, 2), ("2026-03-02", 6, 4), ("2026-03-20", 4, 6)):
            rated("O1", day, good=good, bad=bad)
            served("O1", day, good + bad)
    common = {"grades": None, "ranking": None}
    first = {"valid": {"from": "2025-01-01", "to": "2026-03-16"}, "components": [CSAT]}
    second = {
        "valid": {"from": "2026-03-16"},
        "components": [
            CSAT | {"title": "客户满意率", "transform": {"kind": "ratio_to_target", "target": 0.8}}
        ],
    }
    installed(scheme_text(version="1", **first, **common))
    return installed(scheme_text(version="2", **second, **common))


def component_lines(card):
    return [x for x in card.lines if x.kind == "component"]


def test_each_line_is_told_by_the_edition_that_judged_it(split):
    card = scorecard(US, run(US, split, "2026-03"), "O1")
    told = [(x.version, x.title, x.rule.transform.target) for x in component_lines(card)]
    assert told == [("1", "满意率", 1), ("2", "客户满意率", Decimal("0.8"))]
    assert {loss.line.version: loss.value for loss in card.losses} == {"1": 1, "2": Decimal("0.8")}


def test_what_moved_is_the_sum_over_editions(split):
    run(US, split, "2026-02")
    card = scorecard(US, run(US, split, "2026-03"), "O1")
    lines = component_lines(card)
    assert lines[0].moved is None
    assert lines[1].moved == sum(x.points for x in lines) - 80
    later = scorecard(US, run(US, split, "2026-04"), "O1")
    assert [x.moved is not None for x in component_lines(later)] == [True]
    before = sum(x.points for x in lines)
    assert component_lines(later)[0].moved == component_lines(later)[0].points - before


def test_a_pinned_period_is_told_by_the_edition_of_its_first_day(own_home, bank):
    rated("O1", "2026-03-20", good=10)
    common = {"grades": None, "ranking": None, "period": {"straddle": "pin_start"}}
    first = {"valid": {"from": "2025-01-01", "to": "2026-03-16"}, "components": [CSAT]}
    installed(scheme_text(version="1", **first, **common))
    later = installed(
        scheme_text(
            version="2",
            valid={"from": "2026-03-16"},
            components=[CSAT | {"title": "别的"}],
            **common,
        )
    )
    card = scorecard(US, run(US, later, "2026-03"), "O1")
    assert [(x.version, x.title) for x in component_lines(card)] == [("1", "满意率")]
    assert card.scheme.version == "1"
    assert [p.version for p in history(US, later.urn, card.row.subject)] == ["1"]


def test_a_what_if_run_is_told_by_its_changed_numbers(own_home, bank):
    rated("O1", "2026-03-20", good=5, bad=5)
    scheme = installed(scheme_text(components=[CSAT], grades=None, ranking=None))
    made = run(US, scheme, "2026-03", what_if={"components.csat.target": "0.9"})
    assert made.kind == Run.Kind.WHAT_IF
    card = scorecard(US, made, "O1")
    assert [loss.value for loss in card.losses] == [Decimal("0.9")]


def test_evidence_opens_the_facts_that_were_counted_and_no_others(own_home, bank):
    rated("O1", "2026-03-20", good=5, bad=5, business="对公")
    narrowed = CSAT | {
        "source": {"indicator": "floor.satisfied_rate", "business": "对公", "customer_class": "V"}
    }
    scheme = installed(scheme_text(components=[narrowed], grades=None, ranking=None))
    [line] = component_lines(scorecard(US, run(US, scheme, "2026-03"), "O1"))
    assert (line.evidence.business, line.evidence.customer_class) == ("对公", "V")
    assert line.evidence.unit == "O1"
    told = parse_qs(urlsplit(cards.evidence(line)).query)
    assert (told["business"], told["customer_class"], told["unit"]) == (["对公"], ["V"], ["O1"])


def test_evidence_of_two_editions_is_each_of_its_own_days(split):
    lines = component_lines(scorecard(US, run(US, split, "2026-03"), "O1"))
    days = [(x.evidence.period.start.isoformat(), x.evidence.period.end.isoformat()) for x in lines]
    assert days == [("2026-03-01", "2026-03-15"), ("2026-03-16", "2026-03-31")]
    for line in lines:
        [answer] = measure(US, line.evidence)
        assert (answer.n, answer.value) == (line.figure.n, line.figure.value)


def test_a_scorecard_of_two_editions_needs_few_statements(split, django_assert_max_num_queries):
    run(US, split, "2026-02")
    made = run(US, split, "2026-03")
    with django_assert_max_num_queries(8):
        card = scorecard(US, Run.objects.select_related("scheme").get(pk=made.pk), "O1")
    lines = component_lines(card)
    assert [(x.version, x.figure.n) for x in lines] == [("1", 10), ("2", 10)]
    assert [x.figure.value for x in lines] == pytest.approx([0.6, 0.4])
    # 15 days of 31 by the first edition (60 of 100), 16 by the second (40 of 80, so 50 of 100)
    assert float(card.score) == pytest.approx((15 * 60 + 16 * 50) / 31, abs=0.01)
    assert card.before.run.period == "2026-02"
    assert card.moved == card.score - 80
