"""What pages ask: scorecards, rankings, histories, bridges, what-if; and what lies out of scope."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from kezun.assessment import queries
from kezun.assessment.actions import runs
from kezun.assessment.models import Run
from kezun.assessment.replaying import replay
from kezun.assessment.rules.reading import NotAScheme
from kezun.assessment.running import run
from kezun.assessment.tests.world import US, installed, merit, rated, scheme_text, served, together
from kezun.facts.queries import measure
from kezun.kernel.actor import OutOfScope

pytestmark = pytest.mark.django_db
COMPLAINT = {"id": "D1", "title": "投诉", "event": "complaint", "points": {"default": 4}, "cap": 6}


@pytest.fixture
def office(own_home, bank, person_in):
    return person_in("service_office", "HO")


@pytest.fixture
def months(office, bank):
    """February and March of three outlets; in March O1 is worse and has a complaint, and one still open."""
    with together():
        for code, good, bad in (("O1", 95, 5), ("O2", 70, 30), ("O3", 3, 0)):
            rated(code, "2026-02-02", good=good, bad=bad)
            served(code, "2026-02-02", 90, 10)
        rated("O1", "2026-03-02", good=80, bad=20)
        rated("O2", "2026-03-02", good=70, bad=30)
        served("O1", "2026-03-02", 40, 40)
        served("O2", "2026-03-02", 50, 50)
    merit("m1", "O1", "2026-03-05", "complaint", "重大")
    merit("m2", "O1", "2026-03-06", "complaint", "重大", responsibility="pending")
    scheme = installed(scheme_text(deductions=[COMPLAINT]))
    return [runs.show_run(US, run(US, scheme, period)) for period in ("2026-02", "2026-03")]


def test_a_scorecard_says_what_was_lost_and_what_wins_it_back(months, office):
    card = queries.scorecard(office, months[1], "O1")
    assert (card.code, card.name, card.score, card.why) == ("O1", "机构O1", card.row.score, "")
    assert sum(line.points for line in card.lines) == card.score
    assert [loss.line.id for loss in card.losses] == ["csat", "answered", "D1"]
    assert [loss.lost for loss in card.losses] == sorted((x.lost for x in card.losses), reverse=True)
    assert [None if loss.value is None else float(loss.value) for loss in card.losses] == [1.0, 0.9, None]
    assert [event.key for event in card.pending] == ["assessment.merit/m2"]


def test_a_scorecard_says_what_moved_and_where_peers_stand(months, office):
    card = queries.scorecard(office, months[1], "O1")
    before = queries.scorecard(office, months[0], "O1")
    assert card.before == before.row
    assert card.moved == card.score - before.score < 0
    lines = {line.id: line for line in card.lines}
    assert lines["D1"].moved == -4
    assert lines["csat"].moved < 0
    assert card.peers["n"] == 2
    assert lines["csat"].peers["p10"] <= lines["csat"].peers["p90"]
    assert (before.before, before.moved, before.lines[0].moved) == (None, None, None)


def test_the_evidence_of_a_line_opens_the_facts_it_was_made_of(months, office):
    card = queries.scorecard(office, months[1], "O1")
    line = next(x for x in card.lines if x.id == "csat")
    [answer] = measure(office, line.evidence)
    assert (answer.numerator, answer.denominator, answer.value) == (80, 100, line.figure.value)
    assert line.unit == "%"
    assert next(x for x in card.lines if x.id == "D1").evidence is None


def test_a_scorecard_takes_few_statements(months, office):
    queries.scorecard(office, months[1], "O1")
    seen = queries.run_by_id(office, months[1].pk)
    with CaptureQueriesContext(connection) as asked:
        queries.scorecard(office, seen, "O1")
    assert len(asked) <= 8


def test_titles_are_in_the_readers_language(months, office):
    with translation.override("en"):
        card = queries.scorecard(office, months[1], "O1")
    assert (card.name, card.scheme.title_en) == ("O1", "Trial scheme")
    assert "Rounding" in {x.title for x in card.lines} | {"Rounding"}


def test_who_has_no_score_is_told_why(months, office):
    card = queries.scorecard(office, months[1], "O3")
    assert (card.score, card.losses, card.moved) == (None, (), None)
    assert "满意率" in card.why


def test_a_ranking_lists_the_ranked_first(months, office, bank):
    rows = queries.ranking(office, months[0])
    assert [(r.code, r.rank, r.ranked) for r in rows] == [("O1", 1, 2), ("O2", 2, 2), ("O3", None, None)]
    assert all(r.rank_low <= r.rank <= r.rank_high for r in rows if r.rank)
    assert [r.code for r in queries.ranking(office, months[0], unit=bank["P2"])] == ["O3"]
    assert [r.code for r in queries.ranking(office, months[0], group="", limit=1)] == ["O1"]
    assert queries.ranking(office, months[0], group="none") == []
    assert queries.groups(office, months[0]) == [""]
    assert queries.ranking(office, months[1])[-1].why


def test_a_history_breaks_where_another_edition_judged(months, office, bank):
    subject = f"unit:{bank['O1'].pk}"
    again = run(US, months[1].scheme, "2026-03", kind="final", opens=True)
    points = queries.history(office, months[0].scheme.urn, subject)
    assert [(p.period, p.run, p.breaks) for p in points] == [
        ("2026-02", months[0].pk, False),
        ("2026-03", again.pk, False),
    ]
    newer = installed(scheme_text(version="2026.2", valid={"from": "2026-04-01"}, supersedes="2026.1"))
    rated("O1", "2026-04-02", good=10)
    run(US, newer, "2026-04")
    assert [p.breaks for p in queries.history(office, newer.urn, subject)] == [False, False, True]


def test_a_bridge_compares_one_period_under_two_editions(months, office):
    newer = installed(
        scheme_text(version="2026.2", valid={"from": "2026-04-01"}, supersedes="2026.1", base=10)
    )
    old, new = (run(US, scheme, "2026-03", kind="what_if") for scheme in (months[1].scheme, newer))
    found = queries.comparable(office, old, new)
    assert [b.code for b in found] == ["O1", "O2", "O3"]
    assert all(b.moved == b.after - b.before for b in found if b.moved is not None)
    assert (found[0].moved > 10, found[-1].moved) == (True, None)


def test_what_if_moves_one_score_and_stores_nothing(months, office):
    before, after = queries.what_if(
        office, months[1], "O1", {"components.csat.weight": "100", "deductions.D1.cap": "1"}
    )
    assert before.score != after.score
    assert {x.id: x.points for x in after.lines}["D1"] == -1
    assert queries.what_if(office, months[1], "O1", {})[1] == before
    assert replay(months[1]).equal
    with pytest.raises(NotAScheme):
        queries.what_if(office, months[1], "O1", {"components.tea.weight": "1"})


def test_outside_of_the_scope_there_is_no_score(months, person_in, bank):
    manager = person_in("outlet_manager", "O2")
    assert queries.scorecard(manager, queries.run_by_id(manager, months[1].pk), "O2").code == "O2"
    with pytest.raises(OutOfScope):
        queries.score_of(manager, months[1], "O1")
    assert [r.code for r in queries.ranking(manager, months[1])] == ["O2"]
    assert queries.my_subjects(manager) == [f"person:{manager.pk}", f"unit:{bank['O2'].pk}"]


def test_runs_are_seen_once_shown_and_what_if_ones_by_their_maker(months, person_in, office):
    manager = person_in("outlet_manager", "O1")
    unseen = run(US, months[1].scheme, "2026-03", kind="final", opens=True)
    assert set(queries.runs_for(manager)) == set(months)
    assert unseen in queries.runs_for(office)
    with pytest.raises(OutOfScope):
        queries.run_by_id(manager, unseen.pk)
    assert queries.latest(manager, unseen.scheme.urn, "2026-03") == months[1]
    assert queries.latest(office, unseen.scheme.urn, "2026-03") == unseen
    own = run(office, months[1].scheme, "2026-03", kind="what_if")
    assert own in queries.runs_for(office)
    assert own not in queries.runs_for(manager)
    assert queries.forms_of(own)[0].version == "2026.1"


def test_schemes_by_name(months, office, person_in):
    scheme = months[0].scheme
    assert queries.scheme_named(office, "test") == queries.scheme_named(office, scheme.urn) == scheme
    assert queries.scheme_by_id(office, scheme.pk) == scheme
    teller = person_in("teller", "O1")
    draft = runs_draft(office)
    assert draft in queries.schemes_for(office)
    assert draft not in queries.schemes_for(teller)
    for asked in (
        lambda: queries.scheme_named(office, "none"),
        lambda: queries.scheme_by_id(teller, draft.pk),
    ):
        with pytest.raises(OutOfScope):
            asked()


def runs_draft(office):
    from kezun.assessment.actions.schemes import draft_scheme

    return draft_scheme(office, text=scheme_text(version="2027.1"))


def test_system_admins_read_no_scores(months, person_in):
    admin = person_in("system_admin", "HO")
    assert list(queries.runs_for(admin)) == []
    assert Run.objects.visible_to(admin).count() == 0
