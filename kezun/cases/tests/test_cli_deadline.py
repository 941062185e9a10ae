"""`kezun deadline`: its answer for programs and for people, and each refusal by the name of the option."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from click.testing import CliRunner
from django.utils import translation

from kezun.cases.cli_deadline import SHOWN_DAYS, deadline
from kezun.kernel.actor import SystemActor
from kezun.org import actions, shipped
from kezun.org.models import Calendar

pytestmark = pytest.mark.django_db


def ask(*options: str) -> tuple[int, str]:
    done = CliRunner().invoke(deadline, options)
    return done.exit_code, done.output


def answer(*options: str) -> dict:
    code, output = ask(*options, "--json")
    assert code == 0, output
    return json.loads(output)


def test_the_answer_for_programs_has_four_keys_and_times_with_their_offset():
    assert answer("--basis", "natural", "--units", "15", "--from", "2026-09-21") == {
        "due_at": "2026-10-06T23:59:59+08:00",
        "act_by": "2026-09-30T17:30:00+08:00",
        "provisional": False,
        "skipped": [],
    }


def test_skipped_days_come_with_the_reason():
    found = answer("--basis", "workday", "--units", "15", "--from", "2026-09-21T10:00", "--calendar", "cn")
    assert found["due_at"] == "2026-10-19T17:30:00+08:00"
    assert found["skipped"][0] == {"date": "2026-09-25", "why": "中秋"}
    assert found["skipped"][-1] == {"date": "2026-10-18", "why": "星期日"}
    with translation.override("en"):
        told = answer("--basis", "workday", "--units", "15", "--from", "2026-09-21")
    assert [s["why"] for s in told["skipped"][::12]] == ["Mid-autumn Festival", "Sunday"]


def test_a_policy_a_roll_and_an_unpublished_year():
    assert answer("--policy", "complaint_decision", "--from", "2026-09-21")["due_at"][:10] == "2026-10-06"
    rolled = answer("--policy", "complaint_decision", "--from", "2026-09-21", "--roll", "next")
    assert (rolled["due_at"][:10], [s["date"] for s in rolled["skipped"]]) == (
        "2026-10-08",
        ["2026-10-06", "2026-10-07"],
    )
    kept = answer("--policy", "complaint_review_window", "--from", "2026-09-01", "--roll", "none")
    assert kept["due_at"][:10] == "2026-10-01"
    assert answer("--basis", "workday", "--units", "30", "--from", "2026-11-21")["provisional"]
    same = answer("--basis", "workday", "--units", "3", "--from", "2026-11-21", "--roll", "next")
    assert same["due_at"][:10] == "2026-11-25", "a roll has nothing to do with worked days"


def test_hours_minutes_zones_and_the_policys_own_calendar():
    assert answer("--basis", "hour24", "--units", "0.5", "--from", "2026-09-21T10:00:00Z")["due_at"] == (
        "2026-09-21T18:30:00+08:00"
    )
    assert answer("--basis", "workminute", "--units", "30", "--from", "2026-09-21T11:45")["due_at"] == (
        "2026-09-21T13:45:00+08:00"
    )
    incident = answer("--policy", "incident_first_report", "--from", "2026-10-03T23:45")
    assert incident["act_by"] == incident["due_at"] == "2026-10-04T00:15:00+08:00"
    assert not answer("--policy", "incident_first_report", "--from", "2027-10-03T23:45")["provisional"]


def test_the_banks_own_calendar_answers_once_it_stands_in_the_tables():
    system = SystemActor("test")
    shipped.install_all(system)
    cn = Calendar.objects.get(code="cn")
    day = {"date": "2026-09-22", "why": "台风停业"}
    actions.set_calendar_day(
        system, cn, date=dt.date.fromisoformat(day["date"]), kind="rest", name=day["why"]
    )
    found = answer("--basis", "workday", "--units", "1", "--from", "2026-09-21")
    assert (found["due_at"][:10], found["skipped"], found["provisional"]) == ("2026-09-23", [day], True)


def test_the_answer_for_people_names_the_law_and_every_day():
    with translation.override("en"):
        code, output = ask("--policy", "complaint_review_window", "--from", "2026-09-01T09:00")
    assert code == 0
    lines = output.splitlines()
    assert lines[0] == "Received              2026-09-01T09:00:00+08:00"
    assert lines[1] == "Due                   2026-10-08T23:59:59+08:00"
    assert any(line.startswith("Basis in law or rule  Banking") for line in lines)
    assert any(
        line.startswith("Not verified          Not compared with the text yet: the 30 days") for line in lines
    )
    assert "  2026-09-01         day of receipt, does not count · Tuesday" in lines
    assert "  2026-10-01     30  counts · National Day" in lines
    assert lines[-1] == "  2026-10-08         over, moved on to a workday · Thursday · act by · due"


def test_what_is_provisional_says_so_and_long_answers_are_cut():
    with translation.override("en"):
        _code, output = ask("--basis", "natural", "--units", "150", "--from", "2026-12-01")
    assert "Provisional  it touches a year whose official table is not published" in output
    assert output.splitlines()[-1] == f"… and {151 - SHOWN_DAYS} more days."


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (("--basis", "week", "--units", "3", "--from", "2026-01-01"), "--basis"),
        (("--units", "3", "--from", "2026-01-01"), "--basis"),
        (("--basis", "workday", "--from", "2026-01-01"), "--units"),
        (("--basis", "workday", "--units", "many", "--from", "2026-01-01"), "--units"),
        (("--basis", "workday", "--units", "1.5", "--from", "2026-01-01"), "--units"),
        (("--basis", "workday", "--units", "0", "--from", "2026-01-01"), "--units"),
        (("--basis", "natural", "--units", "-3", "--from", "2026-01-01"), "--units"),
        (("--basis", "natural", "--units", "nan", "--from", "2026-01-01"), "--units"),
        (("--basis", "natural", "--units", "inf", "--from", "2026-01-01"), "--units"),
        (("--basis", "hour24", "--units", "1e300", "--from", "2026-01-01"), "--units"),
        (("--basis", "workminute", "--units", "1e300", "--from", "2026-01-01"), "--units"),
        (("--basis", "natural", "--units", "3"), "--from"),
        (("--basis", "natural", "--units", "3", "--from", "soon"), "--from"),
        (("--basis", "natural", "--units", "3", "--from", "2026-02-30"), "--from"),
        (("--basis", "natural", "--units", "3", "--from", "1980-01-01"), "--from"),
        (("--basis", "natural", "--units", "3", "--from", "9999-12-31"), "--from"),
        (("--policy", "nope", "--from", "2026-01-01"), "--policy"),
        (("--policy", "complaint_contact", "--units", "3", "--from", "2026-01-01"), "--policy"),
        (("--basis", "natural", "--units", "3", "--from", "2026-01-01", "--calendar", "mars"), "--calendar"),
        (("--basis", "natural", "--units", "3", "--from", "2026-01-01", "--roll", "back"), "--roll"),
    ],
)
def test_a_mistake_is_refused_by_the_name_of_the_option(options, named):
    code, output = ask(*options, "--json")
    assert code == 2
    assert named in output.splitlines()[-1]
