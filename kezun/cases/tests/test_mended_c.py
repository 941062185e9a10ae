"""Things that once went wrong: money on forms, pages of a list, the desk, numbers, files of reports."""

import datetime as dt
from urllib.parse import parse_qsl

import pytest
from click.testing import CliRunner
from django.core.exceptions import ValidationError
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from kezun.cases import desk, drawing, exporting, kinds, listing, payload, standing
from kezun.cases.actions.adding import add_words
from kezun.cases.actions.takeover import bring_ledger
from kezun.cases.cli import cases_group
from kezun.cases.forms_step import StepForm, typed
from kezun.cases.listing import Wanted
from kezun.cases.models import Case
from kezun.cases.rules import ledger
from kezun.cases.rules.kinds import Field
from kezun.cases.tests.test_takeover import book, changed
from kezun.kernel.file import keep


@given(st.integers(0, 10**12))
def test_money_goes_onto_a_form_as_it_is_typed(fen):
    shown = typed(Field("m", "金额", type="money"), fen)
    assert payload.money(standing.CUSTOMER, shown, 0) == fen


def test_moments_go_onto_a_form_on_the_banks_clock():
    told = Field("m", "时间", type="moment")
    assert typed(told, "2026-03-01T16:30:00+00:00") == "2026-03-02T00:30"
    assert typed(told, None) is None


def form(case, **changed):
    kind = kinds.form_of(case.kind)
    shown = StepForm(case, kind, "amend").initial
    said = {name: value for name, value in shown.items() if value not in (None, False, "")}
    return StepForm(case, kind, "amend", {**said, "reason": "更正", **changed})


def test_putting_right_changes_what_was_changed_alone(opened):
    case = opened(where="一楼", urgency="urgent")
    sent = form(case, title="新标题")
    assert sent.is_valid(), sent.errors
    assert sent.given().keys() == {"reason", "title"}


def test_a_field_is_not_emptied_without_a_word(opened):
    sent = form(opened(where="一楼"), where="")
    assert not sent.is_valid()
    assert "where" in sent.errors


@pytest.mark.parametrize("state", ["open", "ended", "", "closed"])
@pytest.mark.parametrize("sort", sorted(listing.SORTS))
def test_the_order_that_was_chosen_stays_on_every_page(state, sort):
    wanted = Wanted(state=state, sort=sort)
    assert Wanted.of(dict(parse_qsl(wanted.query(after="x|1"), keep_blank_values=True))).sort == sort


@pytest.mark.parametrize(
    "query",
    [
        *("until=9999-12-31", "since=0001-01-01", "after=%7C%C2%B2", "after=0001-01-01T00:00:00%2B14:00%7C1"),
        *("after=9999-12-31T23:59:59-14:00%7C1", "until=2026-02-30"),
    ],
)
def test_no_day_breaks_the_list(client, world, opened, query):
    opened()
    client.force_login(world["office"])
    assert client.get(f"/cases/?{query}").status_code == 200


@pytest.mark.parametrize("late", [False, True])
def test_who_is_named_is_offered_the_case_nowhere(world, opened, late):
    case = opened(parties=[{"role": "named_staff", "person": world["manager"].code}])
    if late:
        Case.objects.filter(pk=case.pk).update(act_by_at=timezone.now() - dt.timedelta(days=1))
    now = timezone.now()
    assert not [row for group in desk.desk_of(world["manager"], now).groups for row in group.rows]
    assert not listing.listed(world["manager"], Wanted(who="take"), now).rows
    assert listing.listed(world["lobby"], Wanted(who="take"), now).rows


def test_what_is_late_and_free_stands_on_the_desk_once(world, opened):
    case = opened()
    Case.objects.filter(pk=case.pk).update(act_by_at=timezone.now() - dt.timedelta(days=1))
    groups = {group.name: group for group in desk.desk_of(world["manager"], timezone.now()).groups}
    assert (groups["take"].count, groups["overdue"].count, groups["overdue"].more) == (1, 0, 0)


def test_the_year_of_a_number_is_the_banks(world, opened):
    case = opened()
    Case.objects.filter(pk=case.pk).update(received_at=dt.datetime(2026, 12, 31, 16, 20, tzinfo=dt.UTC))
    case.refresh_from_db()
    assert case.no.startswith("C27-")
    rows = listing.listed(world["office"], Wanted(), timezone.now()).rows
    assert [row.no for row in rows] == [case.no]


def test_a_number_of_another_year_is_no_case(world, opened):
    case = opened()
    office = world["office"]
    assert payload.case(office, case.no.lower(), 0) == case == payload.case(office, str(case.pk), 0)
    with pytest.raises(ValidationError):
        payload.case(office, f"C01-{case.pk:06d}", 0)


def command(*words):
    return CliRunner().invoke(cases_group, list(words))


def test_a_step_that_hands_a_case_away_ends_well(world, opened):
    case = opened(actor="far", unit="O3", owner="O1")
    done = command("do", case.no, "return", "--set", "reason=不是我们的", "--as", world["manager"].code)
    assert done.exit_code == 0, done.output
    assert case.no in done.output
    case.refresh_from_db()
    assert case.pending_unit is None


@pytest.mark.parametrize("who", ["lobby", "auditor"])
def test_no_report_is_written_before_somebody_may(world, tmp_path, who):
    path = tmp_path / "r.docx"
    done = command("report", "--unit", "O1", "--docx", str(path), "--as", world[who].code)
    assert done.exit_code != 0
    assert not path.exists()


def test_where_nothing_can_be_written_it_is_said(world, tmp_path):
    path = tmp_path / "none" / "r.docx"
    done = command("report", "--unit", "HO", "--docx", str(path), "--as", world["office"].code)
    assert done.exit_code == 1
    assert str(path) in done.output
    assert "Traceback" not in done.output


@pytest.mark.parametrize(("there", "said"), [(2, False), (3, True)])
def test_not_all_is_said_only_where_there_are_more(world, opened, monkeypatch, there, said):
    monkeypatch.setattr(exporting, "EXPORTED", 2)
    told = []
    monkeypatch.setattr(exporting, "workbook", lambda sheets: told.extend(sheets[0].facts) or b"")
    for _n in range(there):
        opened()
    _content, count = exporting.workbook_of(world["office"], Wanted(), timezone.now())
    assert count == 2
    assert (len(told) == 3) is said


@pytest.mark.parametrize(
    ("row", "at_fault"),
    [
        (["2026-03-02 10:00", "", "2026-02-01"], ["closed"]),
        (["2026-03-02 10:00", "2026-03-01", "2026-03-05"], ["answered"]),
        (["2026-03-02 10:00", "", "2026-03-02"], []),
    ],
)
def test_nothing_of_a_ledger_ends_before_it_came(row, at_fault):
    columns = {"received": 0, "answered": 1, "closed": 2}
    _row, faults = ledger.read(row, columns, dt.datetime(2026, 11, 1))
    assert [fault.column for fault in faults] == at_fault


def test_a_contact_on_the_day_of_receipt_without_a_time_is_taken(world):
    from kezun.cases.actions.takeover import _steps
    from kezun.cases.takeover import Course

    received = dt.datetime(2026, 3, 2, 2, 0, tzinfo=dt.UTC)
    course = Course(world["bank"]["O1"], {}, received, contacted=received - dt.timedelta(hours=10))
    [(verb, said, at)] = _steps(course)
    assert (verb, said["at"], at) == ("contact", received, received)


def test_a_column_of_any_length_breaks_nothing(client, world):
    file = keep(world["office"], book([changed()]), "l.xlsx", allow=("xlsx",))
    brought = bring_ledger(world["office"], file)
    client.force_login(world["office"])
    for number in ("9" * 5000, "-1", "²", "x", "99"):
        page = client.get(f"/complaints/ledger/{brought.pk}/", {"column.received": number})
        assert page.status_code == 200, number


def test_what_a_customer_added_later_is_called_so(world, opened):
    case = opened(story="等了两小时")
    add_words(standing.CUSTOMER, case, words="还要补充")
    told = dict(drawing.sealed_texts(case, kinds.form_of(case.kind)))
    assert told["后来补充"] == "还要补充"
