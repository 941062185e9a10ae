"""Sheets filled elsewhere, and the inspections of an invented bank."""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import replace
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.utils import translation

from kezun.kernel.models import Task
from kezun.org.models import Assignment, UnitTag
from kezun.standards import rules
from kezun.standards.actions import bring_sheets
from kezun.standards.actions.bringing import Filled
from kezun.standards.models import Sheet
from kezun.standards.shipped import shipped, text_of
from kezun.standards.simulator import Inspections, Round, Site, Story, simulated
from kezun.standards.tests.world import GOOD, SYSTEM, URN, published, text

NINE = dt.datetime(2026, 3, 2, 9, 0, tzinfo=dt.UTC)
ENVIRONMENT = "urn:kezun:std:wangdian-huanjing"


def filled(person, **given) -> Filled:
    told = {
        "key": uuid.uuid4(), "urn": URN, "method": "明查", "unit": "O1", "inspector": person.code,
        "started_at": NINE, "submitted_at": NINE + dt.timedelta(minutes=20), "visited": NINE.date(),
        "answers": GOOD,
    }  # fmt: skip
    return Filled(**told | given)


@pytest.fixture
def supervisor(person_in):
    return person_in("supervisor", "S1")


@pytest.mark.django_db
def test_brought_sheets_are_judged_by_their_day(bank, supervisor):
    published(version="1", start="2020-01-01")
    published(version="2", start="2026-03-02", supersedes="1", sign=20)
    UnitTag.objects.create(unit=bank["O1"], tag="street-front", to_date=dt.date(2026, 3, 1))
    before = filled(supervisor, visited=dt.date(2026, 3, 1), answers=GOOD | {"A1.3": {"value": "符合"}})
    assert (
        bring_sheets(
            SYSTEM,
            filled=[
                before,
                filled(supervisor),
                filled(supervisor, method="暗访", answers={"B1.3": {"value": "是"}}),
            ],
        )
        == 3
    )
    told = {(s.standard.version, s.method): (s.earned, s.tags, s.blind, s.state) for s in Sheet.objects.all()}
    assert told == {
        ("1", "明查"): (Decimal(35), ["street-front"], False, "submitted"),
        ("2", "明查"): (Decimal(40), [], False, "submitted"),
        ("2", "暗访"): (Decimal(15), [], True, "submitted"),
    }
    assert Task.objects.filter(name="standards.publish_due").exists()


@pytest.mark.django_db
def test_what_was_brought_is_brought_once(bank, supervisor):
    published()
    one = filled(supervisor)
    assert bring_sheets(SYSTEM, filled=[one]) == 1
    assert bring_sheets(SYSTEM, filled=[one, filled(supervisor, unit="O2")]) == 1


@pytest.mark.django_db
def test_all_or_none_and_why(bank, supervisor):
    published()
    good = filled(supervisor)
    wrong = [
        replace(good, key=uuid.uuid4(), unit="none"),
        replace(good, key=uuid.uuid4(), visited=dt.date(2010, 1, 1)),
        replace(good, key=uuid.uuid4(), answers={"A1.1": {"value": "x"}}),
    ]
    with pytest.raises(ValidationError) as caught:
        bring_sheets(SYSTEM, filled=[good, *wrong])
    assert len(caught.value.messages) == 6
    assert not Sheet.objects.exists()


@pytest.mark.django_db
def test_each_that_somebody_else_should_have_filled_is_named_with_the_reason(bank, supervisor, person_in):
    published()
    manager, lobby = person_in("outlet_manager", "O1"), person_in("lobby_manager", "O2")
    good = filled(supervisor)
    brought = [
        good,
        filled(manager),
        filled(supervisor, method="自查"),
        filled(lobby, unit="O2", method="自查"),
    ]
    with translation.override("en"), pytest.raises(ValidationError) as caught:
        bring_sheets(SYSTEM, filled=brought)
    own, others, named = caught.value.messages
    assert own.startswith(f"O1 2026-03-02 {manager.code}: You work at ")
    assert "your own unit is checked only by self-check" in own
    assert others.startswith(f"O1 2026-03-02 {supervisor.code}: self-check is what a unit does itself")
    assert named.startswith(f"O2 2026-03-02 {lobby.code}: By self-check this standard is filled by: ")
    assert not Sheet.objects.exists()
    assert bring_sheets(SYSTEM, filled=[good, filled(manager, method="自查")]) == 2


@pytest.mark.django_db
def test_the_posts_of_the_visit_count_and_of_the_day_it_was_submitted(bank, supervisor):
    published()
    held = Assignment.objects.filter(person=supervisor)
    held.update(from_date=dt.date(2026, 3, 2), to_date=dt.date(2026, 3, 2))
    late = filled(supervisor, submitted_at=NINE + dt.timedelta(days=1))
    assert bring_sheets(SYSTEM, filled=[filled(supervisor, unit="O2"), late]) == 2
    before = dt.date(2026, 3, 1)
    after = NINE + dt.timedelta(days=1, minutes=1)
    early = filled(supervisor, visited=before, started_at=NINE + dt.timedelta(days=1), submitted_at=after)
    with translation.override("en"), pytest.raises(ValidationError, match="this standard is filled by"):
        bring_sheets(SYSTEM, filled=[early])
    assert Sheet.objects.count() == 2


WANTED = Inspections(
    seed=7,
    quality=(0.8, 0.95),
    na=0.02,
    reasons=("无",),
    notes=("看到",),
    rounds=(Round(ENVIRONMENT, "明查", "supervisor", 20, (20, 40)),),
    stories=(
        Story("fails", unit="U1", criterion="HJ1.1.01"),
        Story("all_full", person="FULL"),
        Story("too_fast", person="FAST"),
        Story("not_applicable", person="NA"),
    ),
)
DAYS = [dt.date(2026, 2, 1) + dt.timedelta(days=n) for n in range(90)]
SITES = [
    Site("U1", frozenset(), {"supervisor": ["A"]}),
    Site("U2", frozenset({"临街网点"}), {"supervisor": ["FULL"]}),
    Site("U3", frozenset(), {"supervisor": ["FAST"]}),
    Site("U4", frozenset(), {"supervisor": ["NA"]}),
    Site("U5", frozenset(), {}),
]


@pytest.fixture(scope="module")
def sheets() -> list[Filled]:
    standards = {ENVIRONMENT: [made for made, _text in shipped() if made.id == ENVIRONMENT]}
    return list(simulated(WANTED, SITES, standards, DAYS, "Asia/Shanghai"))


def edition() -> rules.Standard:
    return next(m for m, _t in shipped() if (m.id, m.version) == (ENVIRONMENT, "2026.1"))


def of(sheets: list[Filled], unit: str) -> list[Filled]:
    return [s for s in sheets if s.unit == unit]


def test_every_site_is_visited_again_and_again_but_not_on_sundays(sheets):
    assert {s.unit for s in sheets} == {"U1", "U2", "U3", "U4"}
    assert all(3 <= len(of(sheets, unit)) <= 6 for unit in ("U1", "U2", "U3", "U4"))
    assert all(s.visited.weekday() != 6 and s.visited in DAYS for s in sheets)
    assert all(s.started_at.date() == s.visited and s.submitted_at > s.started_at for s in sheets)


def test_the_same_seed_gives_the_same_sheets(sheets):
    standards = {ENVIRONMENT: [made for made, _text in shipped() if made.id == ENVIRONMENT]}
    assert list(simulated(WANTED, SITES, standards, DAYS, "Asia/Shanghai")) == sheets


def test_stories_stand_out(sheets):
    worst = {"HJ1.1.01": "不符合"}
    assert all(s.answers["HJ1.1.01"]["value"] == worst["HJ1.1.01"] for s in of(sheets, "U1"))
    for one in of(sheets, "U3"):
        assert (one.submitted_at - one.started_at).total_seconds() <= 6 * len(one.answers)
    shares = {u: sum("na" in a for s in of(sheets, u) for a in s.answers.values()) for u in ("U1", "U4")}
    assert shares["U4"] > 3 * max(shares["U1"], 1)


def test_whoever_gives_full_marks_gives_them_always(sheets):
    for one in of(sheets, "U2"):
        given = {
            id: rules.Na(e["na"]) if "na" in e else _taken(id, e["value"]) for id, e in one.answers.items()
        }
        result = rules.evaluate(edition(), given, tags={"临街网点"}, method="明查")
        assert result.earned == result.applicable


def _taken(id: str, value: str) -> object:
    try:
        return Decimal(value)
    except ArithmeticError:
        return value


def test_the_shipped_standards_stand_in_order():
    versions = [m.version for m, _t in shipped() if m.id == ENVIRONMENT]
    assert versions == ["2025.1", "2026.1"]
    assert [m.over is not None for m, _t in shipped()][-1], "an overlay comes after what it lies over"
    assert rules.read(text_of(ENVIRONMENT, "2026.1")) == edition()
    assert text_of(ENVIRONMENT, "1") is None
    assert text(), "the sample is not among them"
