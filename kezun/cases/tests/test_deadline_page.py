"""The deadline explainer: dates, the law, each day drawn and told, and what is wrong with a question."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from kezun.cases import deadlines
from kezun.kernel.actor import SystemActor
from kezun.org import actions, shipped
from kezun.org.models import Calendar

SYSTEM = SystemActor("test")
COMPLAINT = "/deadlines/?policy=complaint_decision&start=2026-09-21+10:00"


@pytest.fixture
def client(person_in, settings) -> Client:
    settings.KEZUN_MFA_REQUIRED_ROLES = ()
    made = Client()
    made.force_login(person_in("supervisor", "P1"), backend="kezun.org.signin.Backend")
    return made


def text(answer) -> str:
    return answer.content.decode()


def cell(page: str, day: str) -> str:
    found = re.search(rf'class="c-day ([^"]*)" title="{day}', page)
    return found[1] if found else ""


def test_a_policy_is_answered_with_its_dates_and_the_law(client):
    page = text(client.get(COMPLAINT))
    assert re.findall(r"<b>([^<]+)</b>", page)[:3] == [
        *("2026-09-21 10:00", "2026-09-30 17:30", "2026-10-06 23:59")
    ]
    assert "银保监会令2020年第3号" in page
    assert "法定时限，不得暂停" in page
    assert "可延长 30 个自然日，由上级机构或总行批准，并告知对方" in page
    assert "自最初起算最长 60" in page


def test_each_day_is_drawn_as_counted_or_skipped(client):
    page = text(client.get(COMPLAINT))
    assert cell(page, "2026-09-21") == "c-receipt"
    assert cell(page, "2026-09-22") == "c-counted"
    assert cell(page, "2026-09-30") == "c-counted c-actby"
    assert cell(page, "2026-10-06") == "c-counted c-due"
    assert cell(page, "2026-10-07") == "c-none"
    page = text(client.get("/deadlines/?basis=workday&units=3&start=2026-09-24"))
    assert cell(page, "2026-09-25") == "c-skipped"
    assert "中秋" in page
    rolled = text(client.get(f"{COMPLAINT}&roll=next"))
    assert cell(rolled, "2026-10-07") == "c-rolled"
    assert cell(rolled, "2026-10-08") == "c-rolled c-actby c-due"


def test_the_first_look_answers_for_now_with_few_statements(client, django_assert_max_num_queries):
    client.get("/deadlines/")
    with django_assert_max_num_queries(5):
        answer = client.get("/deadlines/")
    assert answer.status_code == 200
    assert "complaint_decision" in text(answer)


def test_in_english_the_law_and_the_days_are_in_english(client):
    client.cookies["kezun_language"] = "en"
    page = text(client.get("/deadlines/?basis=workday&units=3&start=2026-09-24"))
    assert "Mid-autumn Festival" in page
    assert "Why this date" in page
    assert "order 2020 no. 3" in text(client.get(COMPLAINT))


def test_an_unverified_figure_and_an_unpublished_year_say_so(client):
    page = text(client.get("/deadlines/?policy=complaint_review&start=2026-12-20"))
    assert "数字未核实" in page
    assert "尚未与原文逐字核对：30 日" in page
    assert "尚未公布正式安排" in page


def test_a_calendar_can_be_chosen(client):
    shipped.install_all(SYSTEM)
    page = text(client.get("/deadlines/?basis=workday&units=1&start=2026-09-18&calendar=cn-weekend"))
    assert cell(page, "2026-09-19") == "c-counted c-actby c-due"
    assert "周末营业网点" in page


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("start=2026-09-21", "请选择时限政策"),
        ("basis=workday&start=2026-09-21", "请填写数量"),
        ("basis=workday&units=1.5&start=2026-09-21", "须为整数"),
        ("basis=workday&units=0&start=2026-09-21", "必须大于零"),
        ("basis=natural&units=9999999&start=2026-09-21", "没有那么远"),
        ("basis=natural&units=3&start=soon", "不是时间"),
        ("basis=natural&units=3&start=1950-01-01", "没有那么远"),
        ("policy=nope&start=2026-09-21", "nope"),
        ("basis=natural&units=3&start=2026-09-21&calendar=mars", "mars"),
    ],
)
def test_what_is_wrong_with_a_question_stands_at_its_field(client, query, said):
    answer = client.get(f"/deadlines/?{query}")
    assert answer.status_code == 422
    assert said in text(answer)
    assert "c-end-due" not in text(answer)


def test_a_very_long_period_is_told_in_its_dates_alone(client):
    page = text(client.get("/deadlines/?basis=natural&units=5000&start=2026-09-21"))
    assert "天数太多" in page
    assert "2040-05-30 23:59" in page


def test_hours_and_minutes_are_told_day_by_day(client):
    page = text(client.get("/deadlines/?basis=workminute&units=480&start=2026-09-21T10:00"))
    assert "2026-09-22 10:30" in page
    page = text(client.get("/deadlines/?policy=incident_first_report&start=2026-10-03+23:45"))
    assert "2026-10-04 00:15" in page


# --- what page and command share ---


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("2026-09-21", "2026-09-21T00:00:00+08:00"),
        (" 2026-09-21 10:00 ", "2026-09-21T10:00:00+08:00"),
        ("2026-09-21T10:00:30", "2026-09-21T10:00:30+08:00"),
        ("2026-09-21T02:00:00Z", "2026-09-21T02:00:00+00:00"),
        ("2026-09-21T10:00+09:00", "2026-09-21T10:00:00+09:00"),
    ],
)
def test_moments_are_read_in_the_banks_zone(given, told):
    assert deadlines.moment(given).isoformat() == told


@pytest.mark.parametrize(
    "given", ["", "soon", "2026-13-01", "2026-02-30", "10:00", "21.09.2026", "2026-09-21T25:00"]
)
def test_what_is_no_moment_is_refused(given):
    with pytest.raises(ValidationError) as found:
        deadlines.moment(given)
    assert "from" in found.value.message_dict


def test_a_basis_that_there_is_not_is_refused_with_those_there_are():
    with pytest.raises(ValidationError, match="natural, workday, workminute, hour24"):
        deadlines.reckon(start=deadlines.moment("2026-09-21"), basis="week", units=3)


@pytest.mark.django_db
def test_a_units_own_calendar_counts_where_none_is_named(bank):
    shipped.install_all(SYSTEM)
    weekend = Calendar.objects.get(code="cn-weekend")
    actions.set_unit_calendar(SYSTEM, bank["P1"], calendar=weekend)
    start = deadlines.moment("2026-09-18T09:00")
    asked = {"start": start, "basis": "workday", "units": 1}
    assert deadlines.reckon(**asked, unit=bank["O1"]).due.due_at.date() == dt.date(2026, 9, 19)
    assert deadlines.reckon(**asked, unit=bank["O3"]).due.due_at.date() == dt.date(2026, 9, 20)
    named = deadlines.reckon(start=start, code="incident_review", unit=bank["O1"])
    assert named.worktime.weekend, "a policy without a calendar goes by the unit's"
