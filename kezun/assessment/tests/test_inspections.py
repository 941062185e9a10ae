"""The inspections behind a line: those that the run counted, to whom they are open, with their sheets."""

from __future__ import annotations

import datetime as dt
import uuid
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kezun.assessment import inspections as visiting
from kezun.assessment.actions.runs import show_run
from kezun.assessment.inspections import visits
from kezun.assessment.queries import scorecard
from kezun.assessment.running import run
from kezun.assessment.tests.desk import body
from kezun.assessment.tests.world import (
    US,
    inspected,
    inspection,
    installed,
    known_since,
    moment,
    scheme_text,
)
from kezun.standards.models import Sheet, Standard

pytestmark = pytest.mark.django_db
ANNOUNCED = {
    **{"id": "inspect", "title": "服务检查", "title_en": "Inspections", "weight": 100, "missing": "exclude"},
    "source": {"standard": "urn:test:std", "methods": ["明查"], "agg": "pooled"},
}


@pytest.fixture
def seen(own_home, bank):
    """Of O1 two announced inspections, one covert, one void and one by another standard; of O2 one."""
    inspection("v1", "O1", "2026-03-02", 81, 90, "2.0", veto=True)
    inspection(str(uuid.UUID(int=7)), "O1", "2026-03-20", 45, 90, "2.0")
    inspection("v3", "O1", "2026-03-21", 90, 90, "2.0", method="暗访")
    inspection("v4", "O1", "2026-03-22", 90, 90, "2.0", void=True)
    inspection("v5", "O1", "2026-03-23", 90, 90, "2.0", standard="urn:other:std")
    inspection("v6", "O2", "2026-03-24", 60, 90, "2.0")
    inspection("v7", "O1", "2026-04-01", 60, 90, "2.0")
    return scheme_text(components=[ANNOUNCED], grades=None, ranking=None)


def line_of(card, version="2026.1"):
    [line] = [x for x in card.lines if x.kind == "component" and x.version == version]
    return line


def told(actor, made, subject):
    card = scorecard(actor, made, subject)
    return visits(actor, card, line_of(card)), line_of(card).figure


def test_they_are_those_that_were_counted_and_no_others(seen):
    made = run(US, installed(seen), "2026-03")
    found, figure = told(US, made, "O1")
    assert [(x.day.isoformat(), x.earned, x.possible, x.veto, x.version, x.method) for x in found.rows] == [
        ("2026-03-20", Decimal(45), Decimal(90), False, "2.0", "明查"),
        ("2026-03-02", Decimal(81), Decimal(90), True, "2.0", "明查"),
    ]
    assert (found.counted, found.hidden) == (figure.n, 0) == (2, 0)
    assert sum(x.earned for x in found.rows) * 10_000 == figure.numerator
    assert [x.share for x in found.rows] == [0.5, 0.9]


def test_they_stay_as_the_run_knew_them(own_home, bank):
    inspection("v1", "O1", "2026-03-02", 81, 90, "2.0")
    known_since("inspection", "2026-03-03")
    scheme = installed(inspected())
    before = run(US, scheme, "2026-03", known_at=moment("2026-04-02"))
    inspection("v1", "O1", "2026-03-02", 90, 90, "2.0")
    known_since("inspection", "2026-04-10")
    now = run(US, scheme, "2026-03")
    earned = [told(US, made, "O1")[0].rows[0].earned for made in (before, now)]
    assert earned == [81, 90]


def test_a_unit_above_has_those_of_all_its_outlets(seen):
    kinds = {"kind": "unit", "units": ["tier1"]}
    text = scheme_text(components=[ANNOUNCED], grades=None, ranking=None, subject=kinds)
    found, figure = told(US, run(US, installed(text), "2026-03"), "P1")
    assert found.counted == figure.n == 3
    assert found.rows[0].earned == 60


def test_a_person_has_those_about_the_person_wherever_they_were(own_home, bank, person_in):
    teller = person_in("teller", "O1")
    inspection("v1", "O1", "2026-03-02", 81, 90, "2.0", person=teller.code)
    inspection("v2", "O2", "2026-03-03", 72, 90, "2.0", person=teller.code)
    inspection("v3", "O1", "2026-03-04", 72, 90, "2.0")
    posts = {"kind": "person", "posts": [teller.assignments.get().post.code]}
    text = scheme_text(components=[ANNOUNCED], grades=None, ranking=None, subject=posts)
    found, figure = told(US, run(US, installed(text), "2026-03"), teller.code)
    assert [x.day.day for x in found.rows] == [3, 2]
    assert found.counted == figure.n == 2


def test_each_edition_has_those_of_its_own_days(seen):
    common = {"components": [ANNOUNCED], "grades": None, "ranking": None}
    installed(scheme_text(version="1", valid={"from": "2025-01-01", "to": "2026-03-16"}, **common))
    later = installed(scheme_text(version="2", valid={"from": "2026-03-16"}, **common))
    card = scorecard(US, run(US, later, "2026-03"), "O1")
    days = {v: [x.day.day for x in visits(US, card, line_of(card, v)).rows] for v in ("1", "2")}
    assert days == {"1": [2], "2": [20]}


def test_lines_about_other_things_have_none(seen):
    parts = [ANNOUNCED | {"weight": 50}, {**ANNOUNCED, "id": "wait", "weight": 50}]
    parts[1] |= {
        "source": {"indicator": "floor.answer_rate"},
        "transform": {"kind": "ratio_to_target", "target": 1},
    }
    made = run(US, installed(scheme_text(components=parts, grades=None, ranking=None)), "2026-03")
    card = scorecard(US, made, "O1")
    assert {x.id: visits(US, card, x) is None for x in card.lines if x.kind == "component"} == {
        "inspect": False,
        "wait": True,
    }


def test_where_none_was_counted_none_is_shown(seen):
    found, _figure = told(US, run(US, installed(seen), "2026-03"), "O3")
    assert (found.rows, found.counted) == ((), 0)


def test_the_latest_are_shown_and_the_others_counted(seen, monkeypatch):
    monkeypatch.setattr(visiting, "SHOWN", 1)
    found, _figure = told(US, run(US, installed(seen), "2026-03"), "O1")
    assert ([x.day.day for x in found.rows], found.counted, found.hidden) == ([20], 2, 1)


@pytest.fixture
def sheet(bank, person_in):
    """The sheet behind the inspection of March 20th."""
    inspector = person_in("supervisor", "P1")
    root = uuid.UUID(int=7)

    def make():
        return Sheet.objects.create(
            **{"root": root, "key": root, "unit": bank["O1"], "method": "明查", "inspector": inspector},
            standard=Standard.objects.get(urn="urn:test:std"),
            **{"visited_date": dt.date(2026, 3, 20), "started_at": moment("2026-03-20")},
            **{"submitted_at": moment("2026-03-20"), "state": Sheet.State.SUBMITTED},
        )

    return make


def test_the_page_opens_the_sheets_that_are_open_to_the_reader(seen, sheet, person_in, visit, bank):
    made = show_run(US, run(US, installed(seen), "2026-03"))
    held = sheet()
    address = f"/scorecards/{made.pk}/unit:{bank['O1'].pk}/lines/inspect/"
    page = body(visit(person_in("outlet_manager", "O1")).get(address))
    assert "Inspections counted" in page
    assert f'href="/sheets/{held.pk}/"' in page
    assert "2026-03-02" in page
    assert "2 inspections were counted, as known when the run was made." in page
    assert "not shown here" not in page
    assert "2026-03-21" not in page
    chinese = body(visit(person_in("outlet_manager", "O1"), "zh-hans").get(address))
    assert "Inspections counted" not in chinese
    assert "明查" in chinese


def test_without_the_right_to_rows_only_sheets_that_are_open_are_shown(seen, sheet, person_in, bank):
    made = show_run(US, run(US, installed(seen), "2026-03"))
    sheet()
    teller = person_in("teller", "O1")
    card = scorecard(US, made, "O1")
    found = visits(teller, card, line_of(card))
    mine = Sheet.objects.visible_to(teller).count()
    assert not teller.may("facts.read_rows")
    assert (len(found.rows), found.counted) == (mine, 2)
    assert all(x.sheet is not None for x in found.rows)


def test_a_sheet_that_was_corrected_leads_to_the_one_that_holds(seen, sheet, person_in, bank):
    made = run(US, installed(seen), "2026-03")
    held = sheet()
    Sheet.objects.filter(pk=held.pk).update(state=Sheet.State.CORRECTED)
    other = Sheet.objects.create(
        **{
            "root": held.root,
            "unit": bank["O1"],
            "method": "明查",
            "standard": held.standard,
            "corrects": held,
        },
        **{"visited_date": held.visited_date, "started_at": held.started_at, "reason": "1号"},
        **{"submitted_at": held.started_at, "state": Sheet.State.SUBMITTED},
    )
    found, _figure = told(US, made, "O1")
    assert [x.sheet for x in found.rows] == [other.pk, None]


def test_a_line_needs_few_statements(seen, sheet, person_in, visit, bank):
    made = show_run(US, run(US, installed(seen), "2026-03"))
    sheet()
    client = visit(person_in("outlet_manager", "O1"))
    address = f"/scorecards/{made.pk}/unit:{bank['O1'].pk}/lines/inspect/"
    client.get(address)
    with CaptureQueriesContext(connection) as asked:
        assert client.get(address).status_code == 200
    assert len(asked) <= 14, "\n".join(q["sql"][:150] for q in asked)
