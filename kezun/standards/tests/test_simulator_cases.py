"""Inspections of an invented bank: the same each time, on the right days, fit to be scored."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import pytest

from kezun.standards.answers import entry_of, evidence_counts, given_in, methods_of
from kezun.standards.rules import Na, evaluate
from kezun.standards.rules.form import Validity
from kezun.standards.simulator import EARLIEST, LATEST, Inspections, Round, Site, Story, simulated
from kezun.standards.tests.samples import sample

OUTLET = sample("outlet")
OPEN = Round(OUTLET.id, "明查", "supervisor", 10, (20, 40))
BASE = Inspections(7, (0.6, 0.95), 0.1, ("不设",), ("见照片",), (OPEN,))
SITES = (
    Site("O1", frozenset({"临街"}), {"supervisor": ("P1", "P2"), "shopper": ("X1",)}),
    Site("O2", frozenset(), {"supervisor": ("P2",)}),
    Site("O3", frozenset({"底层"}), {}),
)
DAYS = [dt.date(2026, 1, 1) + dt.timedelta(days=n) for n in range(90)]


def wanted(**more: object) -> Inspections:
    told = {name: getattr(BASE, name) for name in BASE.__struct_fields__}
    return Inspections(**(told | more))


def made(plan: Inspections = BASE, sites=SITES, days=DAYS, standards=None):
    return list(simulated(plan, sites, standards or {OUTLET.id: [OUTLET]}, days, "Asia/Shanghai"))


def test_the_same_arguments_give_the_same_sheets():
    assert made() == made()
    assert made(wanted(seed=8)) != made()


def test_the_order_of_outlets_is_no_matter():
    assert sorted(made(), key=repr) == sorted(made(sites=SITES[::-1]), key=repr)


def test_an_outlet_more_changes_nothing_of_the_others():
    alone = made(sites=SITES[:1])
    assert [sheet for sheet in made() if sheet.unit == "O1"] == alone


def test_every_sheet_has_an_id_of_its_own():
    ids = [sheet.key for sheet in made()]
    assert len(ids) == len(set(ids)) > 8


def test_visits_come_about_as_often_as_asked_and_never_on_a_sunday():
    for code in ("O1", "O2"):
        days = [sheet.visited for sheet in made() if sheet.unit == code]
        assert 7 <= len(days) <= 11
        assert days == sorted(set(days))
        assert all(day.weekday() != 6 and DAYS[0] <= day <= DAYS[-1] for day in days)


def test_who_has_nobody_for_a_visit_gets_none():
    assert {sheet.unit for sheet in made()} == {"O1", "O2"}
    assert {sheet.inspector for sheet in made() if sheet.unit == "O1"} == {"P1", "P2"}


@pytest.mark.parametrize("days", [[], DAYS[:1]], ids=["none", "one"])
def test_hardly_any_days(days):
    assert len(made(days=days)) <= 2


def test_visits_begin_in_opening_hours_and_last_as_long_as_asked():
    for sheet in made():
        begun = sheet.started_at
        assert (str(begun.tzinfo), begun.date()) == ("Asia/Shanghai", sheet.visited)
        assert EARLIEST <= begun.hour * 60 + begun.minute < LATEST
        assert dt.timedelta(minutes=20) <= sheet.submitted_at - begun <= dt.timedelta(minutes=40)


def test_days_that_no_edition_holds_are_left_out_and_the_edition_of_the_day_asks():
    end = dt.date(2026, 2, 1)
    first = replace(OUTLET, valid=Validity(dt.date(2026, 1, 10), end))
    found = made(standards={OUTLET.id: [first]})
    assert found
    assert all(dt.date(2026, 1, 10) <= sheet.visited < end for sheet in found)
    assert made(standards={"urn:other": [OUTLET]}) == []


def given(sheet):
    return given_in(OUTLET, sheet.answers)


@pytest.mark.parametrize("method", ["明查", "自查", "暗访", "系统取数"])
def test_every_sheet_can_be_scored(method):
    plan = wanted(rounds=(Round(OUTLET.id, method, "supervisor", 6, (10, 20)),), na=0.5)
    tags = {site.code: site.tags for site in SITES}
    for sheet in made(plan):
        values = {ref: Decimal(value) for ref, value in sheet.indicators.items()}
        result = evaluate(OUTLET, given(sheet), tags=tags[sheet.unit], indicators=values, method=method)
        assert result.score is None or 0 <= result.score <= 100
        assert {line.id for line in result.lines} >= set(sheet.answers)


def test_an_outlet_that_fails_a_criterion_does_so_each_time():
    plan = wanted(stories=(Story("fails", unit="O1", criterion="A1.01"),))
    failed = [sheet.answers["A1.01"] for sheet in made(plan) if sheet.unit == "O1"]
    assert {entry["value"] for entry in failed} == {"差"}
    assert {entry["note"] for entry in failed} == {"见照片"}
    others = {sheet.answers["A1.01"]["value"] for sheet in made(plan) if sheet.unit == "O2"}
    assert "好" in others


def test_an_inspector_who_finds_everything_in_order():
    plan = wanted(stories=(Story("all_full", person="P2"),), na=0.0)
    for sheet in made(plan):
        if sheet.inspector == "P2":
            result = evaluate(OUTLET, given(sheet), tags=("临街",) * (sheet.unit == "O1"), method="明查")
            assert result.score == 100


def test_an_inspector_who_is_too_fast():
    plan = wanted(stories=(Story("too_fast", person="P2"),))
    taken = {"P1": [], "P2": []}
    for sheet in made(plan):
        taken[sheet.inspector].append(sheet.submitted_at - sheet.started_at)
    assert max(taken["P2"]) < dt.timedelta(minutes=2) < min(taken["P1"])


def test_an_inspector_who_finds_much_not_applicable():
    plan = wanted(stories=(Story("not_applicable", person="P1"),), na=0.0)
    said = {"P1": 0, "P2": 0}
    for sheet in made(plan, days=DAYS):
        said[sheet.inspector] += any(isinstance(answer, Na) for answer in given(sheet).values())
    assert said["P1"] > 0 == said["P2"]


def test_a_lenient_round_scores_better():
    def mean(lenient: float) -> Decimal:
        plan = wanted(
            quality=(0.5, 0.5), rounds=(Round(OUTLET.id, "明查", "supervisor", 3, (20, 40), lenient),)
        )
        found = [
            evaluate(OUTLET, given(s), tags=("临街",) * (s.unit == "O1"), method="明查").score
            for s in made(plan)
        ]
        return sum(found) / len(found)

    assert mean(0.45) > mean(0.0) + 10


def test_the_level_of_an_outlet_changes_on_its_days_and_nobody_elses_does():
    stories = (
        Story("level", "O1", quality=0.05, first=89, last=45),
        Story("level", "O1", quality=1.0, first=44, last=0),
    )
    often = (Round(OUTLET.id, "明查", "supervisor", 3, (20, 40)),)
    found = made(wanted(stories=stories, rounds=often, quality=(0.9, 0.9)))

    def wrong(unit, days) -> float:
        asked = [e for s in found if s.unit == unit and s.visited in days for e in s.answers.values()]
        asked = [entry for entry in asked if "na" not in entry]
        return sum("note" in entry for entry in asked) / len(asked)

    assert wrong("O1", DAYS[:45]) > 0.85
    assert wrong("O1", DAYS[45:]) < 0.05
    assert wrong("O2", DAYS[:45]) < 0.3
    others = [sheet for sheet in found if sheet.unit == "O2"]
    assert others == [s for s in made(wanted(rounds=often, quality=(0.9, 0.9))) if s.unit == "O2"]


def test_stories_count_back_from_the_day_that_is_named():
    story = (Story("level", "O1", quality=0.0, first=200, last=100),)
    plan, last = wanted(stories=story), DAYS[-1] + dt.timedelta(days=100)
    sheets = list(simulated(plan, SITES, {OUTLET.id: [OUTLET]}, DAYS, "Asia/Shanghai", last))
    mine = [e for s in sheets if s.unit == "O1" for e in s.answers.values() if "na" not in e]
    assert mine
    assert all("note" in entry for entry in mine)
    assert sheets != made(plan), "a hundred days ago it was not yet so"


ENTRIES = {
    "nothing": ((), None),
    "empty": (("",), None),
    "a value": (("好",), {"value": "好"}),
    "nothing wrong": ((0,), {"value": "0"}),
    "blanks around": ((" 好 ",), {"value": "好"}),
    "not applicable": ((None, " 不设 "), {"na": "不设"}),
    "not applicable without a reason": ((None, ""), {"na": ""}),
    "not applicable before a value": (("好", "不设"), {"na": "不设"}),
    "a note alone": ((None, None, " 见照片 "), {"note": "见照片"}),
    "a note of blanks": (("好", None, "  "), {"value": "好"}),
    "too long": (("x" * 600, None, "y" * 600), {"value": "x" * 500, "note": "y" * 500}),
}


@pytest.mark.parametrize(("said", "entry"), ENTRIES.values(), ids=ENTRIES)
def test_an_answer_as_it_is_stored(said, entry):
    assert entry_of(*said) == entry


GIVEN = {
    "an option": ("A1.01", {"value": "好"}, "好"),
    "a number of defects": ("A2.01", {"value": " 2 "}, Decimal(2)),
    "a number that is none stays for the check": ("A2.01", {"value": "two"}, "two"),
    "an option that looks like a number": ("A1.01", {"value": "1"}, "1"),
    "not applicable": ("A1.02", {"na": "不设"}, Na("不设")),
    "a criterion that is not there": ("Z", {"value": "1"}, "1"),
}


@pytest.mark.parametrize(("id", "entry", "answer"), GIVEN.values(), ids=GIVEN)
def test_an_answer_as_the_rules_take_it(id, entry, answer):
    assert given_in(OUTLET, {id: entry}) == {id: answer}


def test_a_note_alone_is_no_answer():
    assert given_in(OUTLET, {"A1.01": {"note": "见照片"}}) == {}


def test_methods_in_the_order_of_the_standard_and_one_where_none_is_named():
    assert methods_of(OUTLET) == ["明查", "自查", "系统取数", "暗访"]
    assert len(methods_of(sample("hygiene"))) == 1


def test_without_files_there_is_no_evidence():
    assert evidence_counts(OUTLET, {}, ()) == {"A1.01": {"photo": 0}, "A2.01": {"photo": 0}}
    assert evidence_counts(sample("hygiene"), {}, ()) == {}
