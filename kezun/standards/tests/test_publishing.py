"""What a submitted sheet becomes in the fact store."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from kezun.facts import queries as facts
from kezun.facts.questions import Question, period_named
from kezun.kernel.models import Task
from kezun.kernel.task import run_due
from kezun.standards import actions, publishing, upkeep
from kezun.standards.models import Sheet
from kezun.standards.tests.world import GOOD, SYSTEM, URN, begun, published, submitted, text

pytestmark = pytest.mark.django_db


@pytest.fixture
def office(person_in):
    return person_in("service_office", "HO")


@pytest.fixture
def supervisor(person_in):
    return person_in("supervisor", "S1")


def stored(indicator: str) -> list[dict[str, object]]:
    day = timezone.localdate()
    question = Question((indicator,), "HO", period_named(f"{day - dt.timedelta(days=99)}..{day}"))
    page = facts.rows(SYSTEM, question, "numerator", limit=None)
    return [dict(zip(page.columns, row, strict=True)) for row in page.rows]


def value(indicator: str, unit: str = "HO") -> float | None:
    day = timezone.localdate()
    period = period_named(f"{day - dt.timedelta(days=99)}..{day}")
    [answer] = facts.measure(SYSTEM, Question((indicator,), unit, period))
    return answer.value


def test_a_sheet_becomes_one_inspection_and_its_answers(bank, supervisor):
    published()
    sheet = submitted(supervisor, bank["O1"], entries={"A1.2": {"value": "2"}, "B1.2": {"na": "无客户"}})
    inspection, answers = publishing.rows_of(sheet)
    assert inspection == {
        "unit": "O1",
        "person": None,
        "occurred_at": sheet.started_at,
        "standard": URN,
        "version": "1",
        "method": "明查",
        "inspector": supervisor.code,
        "void": False,
        "source_id": str(sheet.root),
        "announced": True,
        "earned_e4": 220_000,
        "possible_e4": 260_000,
        "score_e4": 423_100,
        **{"asked": 4, "conforming": 2, "na": 1, "failed": 1},
        "veto": False,
        "grade_cap": None,
        "seconds": 1200,
    }
    told = {row["criterion"]: row for row in answers}
    assert set(told) == {"A1.1", "A1.2", "B1.1", "B1.2"}
    assert (told["A1.2"]["outcome"], told["A1.2"]["earned_e4"], told["A1.2"]["conforming"]) == (
        "2",
        60_000,
        False,
    )
    assert (told["B1.2"]["na"], told["B1.2"]["outcome"], told["B1.2"]["module"]) == (True, None, "B")
    assert told["A1.1"]["source_id"] == f"{sheet.root}#A1.1"


def test_after_commit_the_facts_follow(bank, supervisor):
    published()
    sheet = submitted(supervisor, bank["O1"])
    assert Task.objects.filter(name__startswith="on.standards.submit_sheet.kezun.standards").count() == 1
    run_due("test")
    sheet.refresh_from_db()
    assert sheet.facts_at is not None
    assert value("standards.inspections") == 1
    assert value("standards.score_mean") == pytest.approx(50)


def test_a_correction_supersedes_and_void_takes_out(bank, supervisor, office):
    published()
    first = submitted(supervisor, bank["O1"], entries={"A1.2": {"value": "5"}, "B1.1": {"value": "否"}})
    upkeep.publish_due()
    assert value("standards.points_share") == pytest.approx(10 / 30)
    after = actions.correct_sheet(office, first, entries={"B1.1": {"value": "是"}}, reason="1号")
    upkeep.publish_due()
    assert value("standards.inspections") == 1
    assert value("standards.points_share") == pytest.approx(20 / 30)
    actions.void_sheet(office, after, reason="重复")
    upkeep.catch_up()
    assert value("standards.inspections") == 0
    assert value("standards.failing_answers") in (0, None)


def test_publishing_again_changes_nothing(bank, supervisor):
    published()
    sheet = submitted(supervisor, bank["O1"])
    assert publishing.publish_sheets(SYSTEM, publishing.due()) == 1
    Sheet.objects.filter(pk=sheet.pk).update(facts_at=None)
    assert publishing.publish_sheets(SYSTEM, publishing.due()) == 1
    assert value("standards.inspections") == 1
    assert publishing.publish_sheets(SYSTEM, publishing.due()) == 0


def test_drafts_and_void_drafts_are_no_facts(bank, supervisor):
    published()
    sheet = begun(supervisor, bank["O1"])
    actions.void_sheet(supervisor, sheet, reason="误建")
    assert list(publishing.due()) == []


def test_the_moment_is_the_visit(bank, supervisor):
    published()
    today = timezone.localdate()
    sheet = begun(supervisor, bank["O1"], visited=today - dt.timedelta(days=2))
    moment = publishing.occurred_at(sheet)
    assert moment.isoformat() == f"{today - dt.timedelta(days=2)}T12:00:00+08:00"
    assert publishing.occurred_at(begun(supervisor, bank["O1"])) <= timezone.now()


@pytest.mark.parametrize(("hours", "told"), [(1, 3600), (30, None)])
def test_a_clock_that_ran_over_days_says_nothing(bank, supervisor, hours, told):
    published()
    sheet = submitted(supervisor, bank["O1"], minutes=60 * hours)
    assert publishing.seconds(sheet) == told
    assert publishing.seconds(begun(supervisor, bank["O1"])) is None


def test_a_criterion_that_is_no_longer_asked_becomes_void(bank, supervisor, office):
    published()
    first = submitted(supervisor, bank["O1"])
    Sheet.objects.filter(pk=first.pk).update(state="corrected")
    other = Sheet(
        **{
            n: getattr(first, n) for n in ("root", "standard", "unit", "method", "visited_date", "started_at")
        },
        **{
            "corrects": first,
            "answers": {k: v for k, v in GOOD.items() if k != "A1.2"},
            "state": "submitted",
        },
    )
    gone = publishing._left_out(other, {}, {"A1.1", "B1.1", "B1.2"})
    assert [(row["criterion"], row["void"], row["earned_e4"]) for row in gone] == [("A1.2", True, 0)]


def test_shares_of_not_applicable_and_coverage(bank, supervisor):
    published()
    submitted(supervisor, bank["O1"], entries={"B1.2": {"na": "无客户"}})
    submitted(supervisor, bank["O2"])
    upkeep.publish_due()
    assert value("standards.na_share") == pytest.approx(1 / 8)
    assert value("standards.units_inspected") == 2
    assert value("standards.inspections", "O1") == 1
    rows = stored("standards.inspections")
    assert {row["standard"] for row in rows} == {URN}


def test_a_sheet_without_a_score_is_no_zero(bank, supervisor):
    """On one where nothing applied there is nothing to score: the mean is that of the other."""
    made = text().replace('version: "1"', 'version: "na"').replace(URN, URN + ":na")
    na = "na: {allowed: true, reason: required}}"
    for was in ("不符合: 0}}", "floor: 0}", "否: 0}}"):
        made = made.replace(was, f"{was.removesuffix('}')}, {na}")
    actions.install(SYSTEM, text=made, origin="catalog")
    published()
    submitted(supervisor, bank["O1"])
    nothing = begun(supervisor, bank["O2"], urn=URN + ":na")
    asked = ("A1.1", "A1.2", "B1.1", "B1.2")
    actions.save_sheet(supervisor, nothing, entries={id: {"na": "停业装修"} for id in asked})
    assert actions.submit_sheet(supervisor, nothing).score is None
    assert upkeep.publish_due() == 2
    assert value("standards.inspections") == 2
    assert value("standards.scored") == 1
    assert value("standards.score_mean") == pytest.approx(50)
    assert value("standards.score_mean", "O2") is None
