"""A pack's own calendars and clock policies: checked with their lines, loaded once, in force at once."""

from __future__ import annotations

import datetime as dt

import pytest

from kezun.cases import catalogs
from kezun.cases.policies import policies
from kezun.kernel.actor import SystemActor
from kezun.org import queries
from kezun.org.models import Calendar
from kezun.site import demo
from kezun.site.packs import pack as packs

SYSTEM = SystemActor("test")
POLICIES = """\
policies:
  - {code: complaint_contact, name: 首次联系, basis: workminute, budget: 240}
  - {code: small_reply, name: 答复, basis: workday, budget: 2}
"""
CALENDARS = (
    "- {code: small, name: 小银行日历, windows: '09:00-17:00', days: days.csv, official: [2026, 2026]}\n"
)
DAYS = "date,kind,name\n2026-03-03,rest,行庆\n"


@pytest.fixture
def home(settings, tmp_path):
    """A home of its own; what was read from it is forgotten again."""
    settings.KEZUN_HOME = tmp_path / "home"
    settings.KEZUN_HOME.mkdir()
    catalogs.forget()
    yield settings.KEZUN_HOME
    catalogs.forget()


@pytest.fixture
def own(small):
    """The small pack with a calendar and two policies."""
    for name, text in {
        "cases/policies/own.yaml": POLICIES,
        "calendars/calendars.yaml": CALENDARS,
        "calendars/days.csv": DAYS,
    }.items():
        path = small / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return small


@pytest.mark.django_db
def test_they_are_in_force_once_the_pack_is_loaded_and_loading_again_changes_nothing(own, home):
    changed = demo.load_pack(SYSTEM, packs.read(own))
    assert (changed["calendar"], "small_reply" in policies()) == (1, True)
    assert policies()["complaint_contact"].rule.budget == 240
    assert Calendar.objects.get(code="small").years.get().year == 2026
    assert not queries.worktime_for(calendar="small").is_workday(dt.date(2026, 3, 3))
    assert demo.load_pack(SYSTEM, packs.read(own)) == {}


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        (
            "cases/policies/own.yaml",
            POLICIES.replace("workday", "week"),
            "own.yaml:3: policies[1]: small_reply: basis",
        ),
        ("cases/policies/own.yaml", POLICIES.replace("budget: 2}", "budget: 0}"), "own.yaml:3: policies[1]"),
        ("cases/policies/own.yaml", "policies: 3\n", "own.yaml:1: policies: a list"),
        ("cases/policies/own.yaml", "policies: [\n", "own.yaml:"),
        ("calendars/days.csv", "date,kind\nsoon,rest\n", "calendars/days.csv:2"),
        ("calendars/calendars.yaml", CALENDARS.replace("09:00-17:00", "late"), "calendars/calendars.yaml:1"),
    ],
)
def test_a_mistake_in_them_is_told_before_anything_is_loaded(own, name, text, said):
    (own / name).write_text(text, encoding="utf-8")
    told = [str(mistake) for mistake in packs.check(own)]
    assert any(said in line for line in told), told
