"""Lists, boards and desks tell of the same cases: each question asked another way has the same answer."""

from __future__ import annotations

import datetime as dt
from itertools import product

import pytest
from django.utils import timezone

from kezun.cases import actions, queries, standing
from kezun.cases.desk import desk_of
from kezun.cases.ledgers import Wanted as Ledger
from kezun.cases.ledgers import cases_of
from kezun.cases.listing import Wanted, listed
from kezun.cases.models import Case
from kezun.cases.overview import COUNTED, overview
from kezun.org.models import Person, UnitPath

PEOPLE = ("teller", "lobby", "manager", "other", "far", "sub", "supervisor", "office", "auditor")
DAY = dt.timedelta(days=1)


@pytest.fixture
def lot(world, opened):
    """Cases in every place and state that a bank knows, some late, some graver, some sent to and fro."""
    proposed = {"result": "已道歉", "finding": "属实"}
    courses = [
        *(("lobby", "O1", []), ("other", "O2", []), ("far", "O3", []), ("office", "O1", [])),
        ("lobby", "O1", [("lobby", "take", {})]),
        ("lobby", "O1", [("manager", "assign", {"unit": "O2"})]),
        ("lobby", "O1", [("manager", "assign", {"unit": "O2"}), ("other", "take", {})]),
        ("other", "O2", [("other", "take", {}), ("other", "propose", proposed)]),
        ("far", "O3", [("far", "withdraw", {"reason": "撤回"})]),
        ("far", "O1", [("far", "accept", {})]),
    ]
    made = []
    for number, (who, unit, steps) in enumerate(courses):
        case = opened(actor=who, unit=unit, title=f"排队第{number}件")
        for actor, verb, said in steps:
            case = actions.do(world[actor], case, verb, said)
        made.append(case)
    now = timezone.now()
    for number, case in enumerate(made):
        by = [now - DAY, now + DAY, now + 9 * DAY, None][number % 4]
        Case.objects.filter(pk=case.pk).update(act_by_at=by, returns=number % 3, level=number % 2)
    return made


def again(person: Person) -> Person:
    """The person as a new request meets them, with nothing remembered."""
    return Person.objects.get(pk=person.pk)


def told(person: Person, **asked) -> list[int]:
    return [row.pk for row in listed(person, Wanted(**asked), timezone.now()).rows]


def expected(person: Person, asked: dict[str, str]) -> set[int]:
    """The answer, worked out case by case from what one may see."""
    seen, now = set(), timezone.now()
    below = set(UnitPath.objects.filter(ancestor__code=asked["unit"]).values_list("unit", flat=True))
    tests = {
        "": lambda case: True,
        "mine": lambda case: case.handler_id == person.pk,
        "opened": lambda case: case.opener_id == person.pk,
        "returned": lambda case: case.returns >= 2,
        "escalated": lambda case: case.level >= 1,
    }
    dues = {
        "": lambda case: True,
        "late": lambda case: case.open and case.act_by_at is not None and case.act_by_at < now,
        "none": lambda case: case.act_by_at is None,
    }
    for case in Case.objects.visible_to(person):
        there = not asked["unit"] or {case.unit_id, case.owner_unit_id} & below
        state = asked["state"] == "" or case.open is (asked["state"] == "open")
        word = asked["q"] in case.title
        if there and state and word and tests[asked["who"]](case) and dues[asked["due"]](case):
            seen.add(case.pk)
    return seen


@pytest.mark.parametrize("who", ["lobby", "manager", "far", "sub", "office"])
def test_whatever_is_asked_the_list_holds_what_one_may_see_of_it(world, lot, who):
    person = again(world[who])
    ways = ("unit", "who", "due", "state", "q")
    values = (
        *(("", "O1", "P1", "O3"), ("", "mine", "opened", "returned", "escalated"), ("", "late", "none")),
        *(("", "open", "ended"), ("", "第3件")),
    )
    for asked in product(*values):
        said = dict(zip(ways, asked, strict=True))
        found = told(person, **said)
        assert len(found) == len(set(found)), said
        assert set(found) == expected(person, said), said


@pytest.mark.parametrize("who", PEOPLE)
def test_what_is_to_be_taken_can_be_taken(world, lot, who):
    person = again(world[who])
    for pk in told(person, who="take"):
        case = Case.objects.get(pk=pk)
        offers = queries.allowed_steps(person, case, queries.form_of(case), standing.Ground(person, case))
        assert ("take" in {offer.verb for offer in offers}) is person.may("cases.take"), case


@pytest.mark.parametrize("who", PEOPLE)
def test_the_board_counts_what_the_list_holds(world, lot, who):
    person, now = again(world[who]), timezone.now()
    board = overview(person, now)
    for name, asked in COUNTED.items():
        assert board.whole.counts[name] == len(told(person, **asked)), name
        for tally in board.units:
            assert tally.counts[name] == len(told(person, owner=tally.code, **asked)), (name, tally.code)
    assert sum(tally.counts["count"] for tally in board.kinds) == board.whole.counts["count"]
    assert [tally.counts["late"] for tally in board.units] == sorted(
        (tally.counts["late"] for tally in board.units), reverse=True
    )


@pytest.mark.parametrize("who", PEOPLE)
def test_list_ledger_and_page_open_the_same_cases(client, world, lot, who):
    person, today = again(world[who]), timezone.localdate()
    seen = set(told(person, state="", sort="newest"))
    assert {case.pk for case in cases_of(person, Ledger("trial", today - DAY, today + DAY))} == seen
    client.force_login(world[who], backend="kezun.org.signin.Backend")
    for case in lot:
        fresh = Case.objects.get(pk=case.pk)
        assert client.get(f"/cases/{fresh.no}/").status_code == (200 if fresh.pk in seen else wanted(person))


def wanted(person: Person) -> int:
    """Outside the scope is 404; whoever reads no cases at all is told so."""
    return 404 if person.may("cases.read") else 403


@pytest.mark.parametrize("who", PEOPLE)
def test_a_desk_holds_each_case_once_and_only_what_one_may_see(world, lot, who):
    person = again(world[who])
    desk = desk_of(person, timezone.now())
    rows = [row.pk for group in desk.groups for row in group.rows]
    assert len(rows) == len(set(rows))
    assert set(rows) <= set(Case.objects.visible_to(person).values_list("pk", flat=True))
    held = {group.name: {row.pk for row in group.rows} for group in desk.groups}
    assert held["mine"] == set(told(person, who="mine"))
    if "take" in held:
        assert held["take"] | held["handed"] == set(told(person, who="take"))
    for pk in held.get("verify", ()):
        case = Case.objects.get(pk=pk)
        offers = queries.allowed_steps(person, case, queries.form_of(case), standing.Ground(person, case))
        assert "verify" in {offer.verb for offer in offers}
