"""Runs: computed, kept for good, repeated to the byte; what-if runs change nothing."""

from __future__ import annotations

import datetime as dt
import zlib

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.utils import DatabaseError
from django.utils import timezone

from kezun.assessment.actions import runs
from kezun.assessment.inputs import NothingToRun
from kezun.assessment.models import Pin, Round, Run, Score
from kezun.assessment.queries import result_of
from kezun.assessment.replaying import replay
from kezun.assessment.running import carry_out, run
from kezun.assessment.tests.world import US, installed, merit, rated, scheme_text, served, together
from kezun.kernel import frozen
from kezun.kernel.models import Task
from kezun.kernel.task import run_due
from kezun.org.actions import move_unit

pytestmark = pytest.mark.django_db
COMPLAINT = {"id": "D1", "title": "投诉", "event": "complaint", "points": {"一般": 2, "重大": 5}, "cap": 6}


@pytest.fixture
def judged(own_home, bank):
    """Three outlets with ratings and tickets in March 2026; O3 has too few ratings to be scored on them."""
    with together():
        rated("O1", "2026-03-02", good=95, bad=5)
        rated("O2", "2026-03-02", good=70, bad=30)
        rated("O3", "2026-03-02", good=3)
        served("O1", "2026-03-02", 90, 10)
        served("O2", "2026-03-02", 50, 50)
        served("O3", "2026-03-02", 9, 1)
    return bank


def scores(made: Run) -> dict[str, Score]:
    return {s.unit.code: s for s in Score.objects.filter(run=made).select_related("unit")}


def test_each_outlet_is_scored_line_by_line(judged):
    found = scores(run(US, installed(scheme_text()), "2026-03"))
    assert set(found) == {"O1", "O2", "O3"}
    for score in found.values():
        result = result_of(score)
        assert sum(line.points for line in result.lines) == score.score
    assert found["O1"].score > found["O2"].score
    assert (found["O1"].grade, found["O1"].why) == ("优秀", "")
    assert found["O3"].n == 0
    assert [x.state for x in result_of(found["O3"]).lines if x.kind == "component"] == [
        "below_min_n",
        "scored",
    ]


def test_a_scheme_may_consist_of_events_alone(judged):
    merit("M1", "O2", "2026-03-05", "complaint", "重大")
    plain = {"components": None, "grades": None, "ranking": None, "base": 100, "deductions": [COMPLAINT]}
    made = run(US, installed(scheme_text(**plain)), "2026-03")
    assert {code: score.score for code, score in scores(made).items()} == {"O1": 100, "O2": 95, "O3": 100}
    assert replay(made).equal


def test_of_few_peers_nothing_is_learned_and_that_is_told(judged):
    made = run(US, installed(scheme_text()), "2026-03")
    assert made.peers["learned"][0]["csat"][""][0] == "flat"
    found = scores(made)
    figures = {code: result_of(score).lines[0].figure for code, score in found.items()}
    assert figures["O1"].value == pytest.approx(0.95)
    assert figures["O2"].estimate == pytest.approx(70.5 / 101)
    assert figures["O2"].own == pytest.approx(100 / 101)
    assert figures["O1"].low < figures["O1"].estimate < figures["O1"].high
    assert (figures["O2"].numerator, figures["O2"].denominator, figures["O2"].n) == (70, 100, 100)


def test_those_with_enough_behind_them_are_ranked(judged):
    found = scores(run(US, installed(scheme_text()), "2026-03"))
    assert [(found[c].rank, found[c].ranked, found[c].tier) for c in ("O1", "O2", "O3")] == [
        (1, 2, 1),
        (2, 2, 2),
        (None, None, None),
    ]
    assert found["O1"].low < found["O1"].score < found["O1"].high


def test_events_take_points_once_an_incident_and_pending_ones_none(judged):
    merit("m1", "O1", "2026-03-05", "complaint", "重大", incident="I1")
    merit("m2", "O1", "2026-03-06", "complaint", "一般", incident="I1")
    merit("m3", "O1", "2026-03-07", "complaint", "重大", responsibility="pending")
    merit("m4", "O1", "2026-03-08", "complaint", "重大", responsibility="none")
    merit("m5", "O1", "2026-03-08", "complaint", "重大", void=True)
    found = scores(run(US, installed(scheme_text(deductions=[COMPLAINT])), "2026-03"))
    result = result_of(found["O1"])
    [line] = [x for x in result.lines if x.kind == "deduction"]
    assert line.points == -5
    assert {e.key.split("/")[1]: e.state for e in line.events} == {
        **{"m1": "counted", "m2": "same_incident"},
        **{"m3": "pending", "m4": "not_responsible"},
    }
    assert result.pending == 1


def test_replay_is_equal_also_after_the_tree_was_changed(judged):
    made = run(US, installed(scheme_text(subject={"kind": "outlet", "peer_group": ["tier1"]})), "2026-03")
    move_unit(US, judged["O1"], parent=judged["S2"], from_date=dt.date(2026, 3, 1))
    again = replay(made)
    assert (again.equal, again.then, again.differences) == (True, again.now, [])
    assert run(US, made.scheme, "2026-03").result_hash != made.result_hash


def test_replay_names_what_differs_when_facts_changed_underneath(judged, monkeypatch):
    made = run(US, installed(scheme_text()), "2026-03")
    rated("O2", "2026-03-09", good=50)
    assert replay(made).equal
    frozen.lift(connection)
    inputs = made.inputs | {"facts": made.inputs["facts"] | {"rating": {"snapshot": 4, "sha256": "0" * 64}}}
    Run.objects.filter(pk=made.pk).update(inputs=inputs)
    frozen.install(connection)
    made.refresh_from_db()
    found = replay(made)
    assert not found.equal
    assert any("rating" in note for note in found.notes)
    assert any(
        d.subject == scores(made)["O2"].subject and d.line.startswith("component/csat")
        for d in found.differences
    )


@pytest.mark.parametrize("spoilt", [b"x", zlib.compress(b"another roster")])
def test_replay_refuses_what_it_cannot_repeat(judged, spoilt):
    made = run(US, installed(scheme_text()), "2026-03")
    Pin.objects.filter(pk=made.inputs["roster"]).update(body=spoilt)
    with pytest.raises(NothingToRun):
        replay(made)


@pytest.mark.parametrize(
    "change",
    [
        lambda made: Score.objects.filter(run=made).update(score=1),
        lambda made: Score.objects.filter(run=made).delete(),
        lambda made: Run.objects.filter(pk=made.pk).update(result_hash="0" * 64),
        lambda made: Run.objects.filter(pk=made.pk).update(state=Run.State.FAILED),
        lambda made: Run.objects.filter(pk=made.pk).delete(),
    ],
)
def test_nothing_of_a_done_run_is_changed_or_removed(judged, change):
    made = run(US, installed(scheme_text()), "2026-03")
    with pytest.raises(DatabaseError), transaction.atomic():
        change(made)


def test_when_it_was_first_shown_may_be_noted(judged):
    made = run(US, installed(scheme_text()), "2026-03")
    first = runs.show_run(US, made).shown_at
    assert first is not None
    assert runs.show_run(US, made).shown_at == first


def test_what_if_touches_no_stored_run(judged):
    made = run(US, installed(scheme_text()), "2026-03")
    other = run(US, made.scheme, "2026-03", what_if={"components.csat.weight": "10"})
    assert (other.kind, other.round, other.change) == ("what_if", None, {"components.csat.weight": "10"})
    assert scores(other)["O2"].score != scores(made)["O2"].score
    assert replay(made).equal
    assert replay(other).equal
    assert Run.objects.get(pk=made.pk).result_hash == made.result_hash


def test_counted_runs_of_a_period_supersede_one_another(judged):
    scheme = installed(scheme_text())
    first = run(US, scheme, "2026-03", opens=True)
    second = run(US, scheme, "2026-03", kind="final")
    assert second.supersedes == first
    assert second.round == first.round == Round.objects.get()
    assert second.result_hash == first.result_hash


def test_the_worker_computes_what_was_asked_for_later(judged):
    begun = runs.run(US, installed(scheme_text()), period="2026-03", kind="provisional")
    assert (begun.state, begun.known_at <= timezone.now()) == ("waiting", True)
    run_due("test")
    begun.refresh_from_db()
    assert (begun.state, begun.progress, begun.subjects) == ("done", 1.0, 3)
    assert Task.objects.get(name="assessment.compute").state == Task.State.DONE


def test_a_run_without_anything_to_judge_fails_with_its_reason(judged):
    begun = runs.run(
        US, installed(scheme_text(valid={"from": "2026-06-01"})), period="2026-03", kind="provisional"
    )
    run_due("test")
    begun.refresh_from_db()
    assert begun.state == "failed"
    assert "2026-03-01" in begun.message
    with pytest.raises(NothingToRun):
        carry_out(begun)


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"kind": "final", "change": {"base": "1"}}, "change"),
        ({"kind": "restated"}, "decision"),
        ({"kind": "restated", "decision": "  "}, "decision"),
    ],
)
def test_what_a_run_must_not_be_asked_for(judged, told, field):
    with pytest.raises(ValidationError) as refused:
        runs.run(US, installed(scheme_text()), period="2026-03", **told)
    assert field in refused.value.message_dict


def test_a_draft_is_only_for_what_if_runs(judged, person_in):
    from kezun.assessment.actions.schemes import draft_scheme

    draft = draft_scheme(person_in("service_office", "HO"), text=scheme_text(version="9"))
    with pytest.raises(ValidationError):
        runs.run(US, draft, period="2026-03", kind="provisional")
    assert run(US, draft, "2026-03", kind="what_if").subjects == 3


def test_a_closed_round_takes_no_more_runs(judged):
    scheme = installed(scheme_text())
    made = run(US, scheme, "2026-03", opens=True)
    Round.objects.filter(pk=made.round_id).update(state=Round.State.CLOSED)
    with pytest.raises(ValidationError):
        run(US, scheme, "2026-03")


def test_a_done_run_is_neither_kept_nor_failed_again(judged):
    made = run(US, installed(scheme_text()), "2026-03")
    assert carry_out(made) is made
    with pytest.raises(ValidationError):
        runs.fail_run(US, made, message="too late")
    with pytest.raises(ValidationError):
        runs.keep_run(US, made, pinned=None, outcome=None)


def test_only_done_runs_that_count_are_shown(judged):
    made = run(US, installed(scheme_text()), "2026-03", what_if={"components.csat.weight": "10"})
    with pytest.raises(ValidationError):
        runs.show_run(US, made)
