"""An old ledger taken over: columns guessed, moments read, rows refused by line and column."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import json

import openpyxl
import pytest
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from kezun.cases import catalogs, takeover, takeover_rows
from kezun.cases.actions.takeover import TASK, bring_ledger, start_takeover, take_over
from kezun.cases.models import Case, LedgerRow, Notice, Party
from kezun.cases.rules import ledger
from kezun.kernel import task as tasks
from kezun.kernel.actor import Denied
from kezun.kernel.file import keep
from kezun.kernel.models import IdempotencyKey, Task
from tests.complaining import AXES, install

NOW = dt.datetime(2026, 11, 20, 10, 0)
HEADS = [
    "编号",
    "受理时间",
    "网点名称",
    "投诉原因",
    "投诉人",
    "联系电话",
    "投诉内容",
    "经办人工号",
    "复核人工号",
    "是否属实",
    "处理结果",
    "答复时间",
    "办结时间",
    "满意度",
]
GOOD = [
    "T-1",
    "2026-03-02 09:30",
    "机构O1",
    "等候时间",
    "王小明",
    "13800001111",
    "等了一小时",
    "lobby_manager.O1",
    "supervisor.P1",
    "属实",
    "已道歉",
    "2026-03-10",
    "2026-03-12",
    "满意",
]


def changed(**cells):
    row = list(GOOD)
    for name, value in cells.items():
        row[HEADS.index(name)] = value
    return row


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("2026-09-21 10:30:00", dt.datetime(2026, 9, 21, 10, 30)),
        ("2026/9/1", dt.datetime(2026, 9, 1)),
        ("2026年9月21日 8时05分", dt.datetime(2026, 9, 21, 8, 5)),
        ("2026.9.21", dt.datetime(2026, 9, 21)),
        ("20260921", dt.datetime(2026, 9, 21)),
        ("46286", dt.datetime(2026, 9, 21)),
        ("2026-02-30", None),
        ("昨天", None),
        ("", None),
    ],
)
def test_moments_as_ledgers_write_them(text, found):
    assert ledger.moment(text) == found


@given(st.text(max_size=30))
def test_any_text_is_a_moment_or_none(text):
    assert ledger.moment(text) is None or ledger.moment(text).year >= 1


@given(st.datetimes(dt.datetime(1990, 1, 1), dt.datetime(2099, 12, 31)))
def test_what_excel_writes_is_read_to_the_minute(at):
    assert ledger.moment(at.isoformat(sep=" ", timespec="seconds")) == at.replace(second=0, microsecond=0)


def test_columns_are_guessed_by_their_heads():
    found = ledger.guess(HEADS, catalogs.numbers("ledger")["heads"])
    named = {name: HEADS[at] for name, at in found.items()}
    assert named["received"] == "受理时间"
    assert named["unit"] == "网点名称"
    assert named["closed"] == "办结时间"
    assert named["verifier"] == "复核人工号"
    assert named["name"] == "投诉人"
    assert len(set(found.values())) == len(found)


@given(st.lists(st.sampled_from([*HEADS, "", "x"]), max_size=20))
def test_no_column_is_two_things(heads):
    found = ledger.guess(heads, catalogs.numbers("ledger")["heads"])
    assert len(set(found.values())) == len(found)
    assert all(heads[at] for at in found.values())


COLUMNS = {"received": 0, "contacted": 1, "answered": 2, "closed": 3}


@pytest.mark.parametrize(
    ("cells", "faults"),
    [
        (["2026-03-02", "", "", ""], []),
        (["", "", "", ""], [("received", "missing")]),
        (["soon", "", "", ""], [("received", "not_a_day")]),
        (["2027-01-01", "", "", ""], [("received", "future")]),
        (["1800-01-01", "", "", ""], [("received", "not_a_day")]),
        (["2026-03-02 10:00", "2026-03-01", "", ""], [("contacted", "too_early")]),
        (["2026-03-02 10:00", "", "2026-03-02", "2026-03-02"], []),
        (["2026-03-02", "", "2026-03-05 10:00", "2026-03-04"], [("closed", "too_early")]),
        (["2026-03-02", "x", "2027-03-05", ""], [("contacted", "not_a_day"), ("answered", "future")]),
        ([], [("received", "missing")]),
    ],
)
def test_what_is_wrong_with_a_row(cells, faults):
    row, found = ledger.read(cells, COLUMNS, NOW)
    assert [(fault.column, fault.code) for fault in found] == faults
    assert (row is None) is bool(faults)
    for fault in found:
        assert takeover.say(fault)


def test_words_are_matched_whole():
    words = catalogs.numbers("ledger")["satisfaction"]
    assert ledger.matched("满意", words) == "4"
    assert ledger.matched("不满意", words) == "2"
    assert ledger.matched("5", words) == "5"
    assert ledger.matched("满", words) == ""


def book(rows, title=True) -> io.BytesIO:
    made = openpyxl.Workbook()
    sheet = made.active
    if title:
        sheet.append(["2026 年投诉台账"])
    sheet.append(HEADS)
    for row in rows:
        sheet.append(row)
    out = io.BytesIO()
    made.save(out)
    out.seek(0)
    return out


@pytest.fixture
def run(world):
    """`run(rows)` takes a ledger with these rows over and returns the task."""
    install()

    def make(rows, who="office", **defaults) -> Task:
        file = keep(world[who], book(rows), "l.xlsx", allow=("xlsx",))
        opened = takeover.opened(file)
        brought = bring_ledger(world[who], file)
        made = start_takeover(
            world[who], brought, sheet=opened.sheet, columns=takeover.guessed(opened), defaults=defaults
        )
        tasks.run_due("test")
        made.refresh_from_db()
        assert made.state == Task.State.DONE, made.error
        return made

    return make


def test_a_row_becomes_a_case_with_its_history(run, world):
    made = run([GOOD])
    case = Case.objects.get()
    assert made.progress["fresh"] == 1
    assert (case.state, case.satisfaction, case.open) == ("closed", 4, False)
    assert case.handler == world["lobby"]
    assert case.verifier == world["supervisor"]
    assert f"{timezone.localtime(case.received_at):%Y-%m-%d %H:%M}" == "2026-03-02 09:30"
    assert f"{timezone.localtime(case.closed_at):%Y-%m-%d}" == "2026-03-12"
    assert (case.data["reason_code"], case.data["channel"], case.data["fault"]) == ("C0102", "A9", "whole")
    events = list(case.events.order_by("seq"))
    assert [event.verb for event in events] == [
        "open",
        "take",
        "propose",
        "verify",
        "answer",
        "close",
        "rate",
    ]
    assert [event.at for event in events] == sorted(event.at for event in events)
    assert all("system:ledger:" in event.body for event in events)
    assert not case.clocks.exclude(state="stopped").exists()
    assert Party.objects.get(case=case).mark
    assert not Notice.objects.exists()


def test_rows_without_a_date_are_refused_and_the_rest_goes_on(run):
    rows = [
        GOOD,
        changed(编号="T-2", 受理时间=""),
        changed(编号="T-3", 受理时间="2999-01-01"),
        changed(编号="T-4", 网点名称="月球"),
    ]
    made = run([*rows, changed(编号="T-5", 联系电话="13900002222")])
    assert (made.progress["fresh"], made.progress["rejected"]) == (2, 3)
    told = [(fault["line"], fault["column"]) for fault in made.progress["faults"]]
    assert told == [(4, "received"), (5, "received"), (6, "unit")]
    assert Case.objects.count() == 2


def test_the_same_ledger_twice_makes_nothing_twice(run):
    run([GOOD])
    made = run([GOOD, changed(编号="T-9", 联系电话="13900002222")])
    assert (made.progress["fresh"], made.progress["same"]) == (1, 1)
    assert Case.objects.count() == 2


def test_nor_by_somebody_else_nor_after_months(run, world, person_in):
    run([GOOD])
    IdempotencyKey.objects.all().delete()  # what is put away after a month
    world["second"] = person_in("service_office", "P1")
    made = run([GOOD, changed(编号="T-9", 联系电话="13900002222")], who="second")
    assert (made.progress["fresh"], made.progress["same"]) == (1, 1)
    assert Case.objects.count() == LedgerRow.objects.count() == 2


def test_a_row_that_two_workers_take_at_once_is_taken_by_one(run, world, monkeypatch):
    run([GOOD])
    with monkeypatch.context() as looked:  # just before the other worker was done
        looked.setattr(takeover_rows.Before, "find", lambda *_given: None)
        made = run([GOOD])
    assert (made.progress["fresh"], made.progress["same"], Case.objects.count()) == (0, 1, 1)


def test_what_a_row_is_known_by_tells_nothing_of_it(run):
    run([GOOD])
    key = LedgerRow.objects.get().key
    plain = hashlib.sha256("\x1f".join(GOOD).encode()).hexdigest()
    assert len(key) == 64
    assert key != plain


def test_a_number_that_stands_twice_is_refused_the_second_time(run):
    made = run([GOOD, changed(投诉人="李二", 联系电话="13900002222")])
    assert (made.progress["fresh"], made.progress["rejected"]) == (1, 1)
    [fault] = made.progress["faults"]
    assert (fault["line"], fault["column"]) == (4, "source_no")
    assert "T-1" in fault["text"]


def test_all_that_is_wrong_with_a_row_is_told_at_once(run):
    made = run([changed(受理时间="昨天", 网点名称="月球"), GOOD])
    assert {fault["column"] for fault in made.progress["faults"]} == {"received", "unit", "source_no"}


def test_nobody_is_made_up(run):
    made = run(
        [
            changed(复核人工号=""),
            changed(编号="T-2", 复核人工号="lobby_manager.O1"),
            changed(编号="T-3", 答复时间="", 办结时间=""),
        ]
    )
    assert made.progress["open"] == 3
    assert {case.state for case in Case.objects.all()} == {"registered"}
    assert not Case.objects.exclude(verifier=None).exists()
    assert Case.objects.first().events.filter(verb="note").exists()


def test_what_rows_lack_is_taken_from_the_defaults(run, world):
    run(
        [changed(网点名称="", 复核人工号="", 经办人工号="")],
        unit="O2",
        handler="outlet_manager.O2",
        verifier="unit_head.S1",
    )
    case = Case.objects.get()
    assert (case.unit.code, case.handler, case.verifier) == ("O2", world["other"], world["sub"])


def test_one_row_is_taken_over_by_who_may(world):
    install()
    course = takeover.Course(world["bank"]["O1"], {"title": "x", **AXES}, timezone.now())
    with pytest.raises(Denied):
        take_over(world["lobby"], course)
    case = take_over(world["office"], course)
    assert (case.state, case.opener, case.handler) == ("registered", None, None)


def test_a_secret_in_a_row_is_refused_and_told(run):
    made = run([changed(投诉内容="密码是：246810 就是这个"), changed(编号="T-2")])
    assert made.progress["rejected"] == 1
    assert made.progress["faults"][0]["column"] == "story"
    assert "246810" not in json.dumps(made.progress)


@pytest.fixture
def office(world, client):
    install()
    client.force_login(world["office"], backend="kezun.org.signin.Backend")
    return client


def test_the_pages_lead_from_the_file_to_the_cases(office, world):
    upload = book([GOOD, changed(编号="T-2", 受理时间="")])
    upload.name = "台账.xlsx"
    answer = office.post("/complaints/ledger/", {"file": upload})
    assert answer.status_code == 302
    where = answer.headers["Location"]
    text = office.get(where).content.decode()
    assert "k-tag-bad" in text
    assert "机构O1" in text
    answer = office.post(where, {"step": "start", **{f"column.{n}": "" for n in ("unit",)}})
    assert answer.status_code == 302
    progress = answer.headers["Location"]
    assert "hx-get" in office.get(progress).content.decode()
    tasks.run_due("test")
    text = office.get(progress).content.decode()
    assert "hx-get" not in text.split('id="takeover"')[1]
    assert Case.objects.count() == 1
    office.force_login(world["supervisor"], backend="kezun.org.signin.Backend")
    assert office.get(progress).status_code in (403, 404)


def test_a_column_chosen_by_hand_counts(office, world):
    file = keep(world["office"], book([GOOD]), "l.xlsx", allow=("xlsx",))
    where = reverse("cases.takeover_columns", args=[bring_ledger(world["office"], file).pk])
    answer = office.post(where, {"step": "start", "column.received": ""})
    assert answer.status_code == 200
    assert not Task.objects.filter(name=TASK).exists()
    answer = office.post(
        where, {"step": "start", "column.received": "1", "column.unit": "2", "column.title": "999"}
    )
    assert answer.status_code == 302
    assert Task.objects.get(name=TASK).arguments["columns"] == {"received": 1, "unit": 2}


@pytest.mark.parametrize("content", [b"no workbook", b"PK\x03\x04broken", b""])
def test_what_is_no_workbook_is_refused(office, content):
    upload = io.BytesIO(content)
    upload.name = "l.xlsx"
    assert office.post("/complaints/ledger/", {"file": upload}).status_code == 200
    assert office.post("/complaints/ledger/", {}).status_code == 200
    assert office.get("/complaints/ledger/999/").status_code == 404
    assert office.get("/complaints/ledger/task/999/").status_code == 404
