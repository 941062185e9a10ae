"""A restated result: ordered with a reason, shown by a second person, read beside what it replaced."""

from __future__ import annotations

from decimal import Decimal

import msgspec
import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone, translation

from kezun.assessment import running
from kezun.assessment.actions import rounds, runs
from kezun.assessment.cards import facts
from kezun.assessment.models import Round, Run, Score
from kezun.assessment.restating import beside, replaced
from kezun.assessment.scorecards import scorecard
from kezun.assessment.tests import world
from kezun.assessment.tests.desk import address, body
from kezun.kernel.actor import Denied

pytestmark = pytest.mark.django_db
ORDER = {"decision": "示例〔2026〕9号", "reason": "评价器断网两天的数据已补录"}


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


@pytest.fixture
def closed(judged, office):
    """A round whose final result was shown; after that ratings of O1 came late."""
    first = running.run(world.US, judged, "2026-03", kind=Run.Kind.FINAL, opens=True)
    runs.show_run(world.US, first)
    held = rounds.settle_round(world.US, first.round)
    world.rated("O1", "2026-03-12", 10, 40)
    return held


@pytest.fixture
def restated(closed, office):
    return running.carry_out(rounds.restate(office, closed, **ORDER))


@pytest.fixture
def manager(closed, person_in):
    return person_in("outlet_manager", "O1")


def first_of(held):
    return Run.objects.filter(round=held).earliest("pk")


def score(run, bank, code="O1"):
    return Score.objects.get(run=run, unit=bank[code])


@pytest.mark.parametrize("missing", ["decision", "reason"])
def test_a_restatement_without_its_decision_or_reason_is_refused(closed, office, missing):
    with pytest.raises(ValidationError) as refused:
        rounds.restate(office, closed, **(ORDER | {missing: "  "}))
    assert list(refused.value.message_dict) == [missing]
    assert not Run.objects.filter(kind=Run.Kind.RESTATED).exists()


def test_a_second_restatement_waits_until_the_first_is_computed(closed, office):
    rounds.restate(office, closed, **ORDER)
    with pytest.raises(ValidationError, match="wait until it is done"):
        rounds.restate(office, closed, **ORDER)


def test_whoever_restated_does_not_show_it(restated, office, second, manager):
    with pytest.raises(ValidationError, match="A second person shows it"):
        runs.show_run(office, restated)
    with pytest.raises(Denied):
        runs.show_run(manager, restated)
    assert runs.show_run(second, restated).shown_at is not None


def test_an_earlier_restatement_is_not_shown_after_a_later_one(restated, office, second, closed):
    later = running.carry_out(rounds.restate(office, closed, **ORDER))
    with pytest.raises(ValidationError, match="A later run"):
        runs.show_run(second, restated)
    assert runs.show_run(second, later).shown_at is not None


def test_the_desk_gives_the_button_to_the_second_person(restated, closed, office, second, visit, bank):
    desk, step = address("round", closed.pk), address("step", closed.pk, "show")
    mine = body(visit(office).get(desk))
    assert ORDER["reason"] in mine
    assert "A second person of the office shows it." in mine
    assert "Show the restated result" not in mine
    answer = visit(office).post(step, {"run": restated.pk}, follow=True)
    assert "A second person shows it: you began this run yourself." in body(answer)
    page = body(visit(second).get(desk))
    assert "Show the restated result" in page
    assert "data-confirm" in page.split("/step/show/")[1][:200]
    answer = body(visit(second).post(step, {"run": restated.pk}, follow=True))
    assert "everybody judged finds the restated result" in answer
    assert "Show the restated result" not in answer
    restated.refresh_from_db()
    assert restated.shown_at is not None


@pytest.mark.parametrize("number", ["", "x", "999999999999999999999999"])
def test_no_run_to_show_is_not_found(closed, second, visit, number):
    assert visit(second).post(address("step", closed.pk, "show"), {"run": number}).status_code == 404


def test_an_auditor_sees_that_it_waits_but_has_no_button(restated, closed, person_in, visit):
    page = body(visit(person_in("auditor", "HO")).get(address("round", closed.pk)))
    assert "It is not shown yet" in page
    assert "Show the restated result" not in page


def test_the_subject_reads_why_and_both_results_beside_each_other(
    restated, closed, second, manager, visit, bank
):
    client, first = visit(manager), first_of(closed)
    old_page = address("scorecard", first.pk, f"unit:{bank['O1'].pk}")
    new_page = address("scorecard", restated.pk, f"unit:{bank['O1'].pk}")
    assert client.get(new_page).status_code == 404
    assert "not the result that counts" not in body(client.get(old_page))
    runs.show_run(second, restated)
    page = body(client.get(new_page))
    day = timezone.localdate().isoformat()
    told = f"Restated on {day}, because {ORDER['reason']} (by decision {ORDER['decision']})."
    assert told in page
    assert old_page in page
    was, now = score(first, bank), score(restated, bank)
    assert was.score > now.score
    for points in (was.score, now.score):
        assert f"{points:.2f}" in page
    old = body(client.get(old_page))
    assert "not the result that counts" in old
    assert new_page in old
    assert "Restated on" not in old


def test_the_list_of_scorecards_shows_the_restated_one(restated, closed, second, manager, visit, bank):
    client, page = visit(manager), address("scorecards")
    assert address("scorecard", first_of(closed).pk, f"unit:{bank['O1'].pk}") in body(client.get(page))
    runs.show_run(second, restated)
    shown = body(client.get(page))
    assert address("scorecard", restated.pk, f"unit:{bank['O1'].pk}") in shown
    assert address("scorecard", first_of(closed).pk, f"unit:{bank['O1'].pk}") not in shown


def test_the_printed_sheet_names_decision_and_reason(restated, second, manager, visit, bank):
    runs.show_run(second, restated)
    answer = visit(manager).get(address("scorecard_pdf", restated.pk, f"unit:{bank['O1'].pk}"))
    assert answer["Content-Type"] == "application/pdf"
    card = scorecard(manager, restated, f"unit:{bank['O1'].pk}")
    assert {("By decision", ORDER["decision"]), ("Because", ORDER["reason"])} <= set(facts(card))


def test_what_moved_is_named_line_by_line_and_adds_up(restated, closed, office, bank):
    card = scorecard(office, restated, f"unit:{bank['O1'].pk}")
    told = replaced(office, card)
    was = score(first_of(closed), bank)
    assert told is not None
    assert told.old == was
    assert told.moved == card.row.score - was.score
    assert sum((line.moved for line in told.lines), Decimal(0)) == told.moved
    assert all(line.before != line.after for line in told.lines)
    assert len(told.lines) + told.same == len(beside(card, card.result))


def test_a_line_that_is_in_one_result_only_stands_alone(restated, closed, office, bank):
    """The unrounded remainder may be a line of one result and none of the other."""
    card = scorecard(office, restated, f"unit:{bank['O1'].pk}")
    short = msgspec.structs.replace(card.result, lines=card.result.lines[:1])
    lines = beside(card, short)
    assert [line.before is None for line in lines] == [False, *[True] * (len(lines) - 1)]
    assert all(line.moved == line.after for line in lines[1:])


def test_it_replaces_what_was_shown_last_not_what_was_only_computed(restated, closed, office, second, bank):
    later = running.carry_out(rounds.restate(office, closed, **ORDER))
    told = replaced(office, scorecard(office, later, f"unit:{bank['O1'].pk}"))
    assert told.old.run_id == first_of(closed).pk  # the first restatement was never shown
    assert later.supersedes_id == restated.pk


def test_a_subject_new_in_the_restated_run_replaced_nothing(restated, office, second, visit, bank, closed):
    world.forged(Score.objects.filter(run=first_of(closed), unit=bank["O1"]).delete)
    card = scorecard(office, restated, f"unit:{bank['O1'].pk}")
    assert replaced(office, card).old is None
    runs.show_run(second, restated)
    page = body(visit(office).get(address("scorecard", restated.pk, f"unit:{bank['O1'].pk}")))
    assert "Nothing was published of this subject before." in page


def test_other_runs_replace_nothing(closed, office, bank):
    card = scorecard(office, first_of(closed), f"unit:{bank['O1'].pk}")
    assert replaced(office, card) is None
    assert Round.objects.get(pk=closed.pk).state == Round.State.CLOSED
