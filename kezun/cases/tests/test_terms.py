"""When a case was due and whether that was kept, as a ledger tells it: also of what has ended."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone

from kezun.cases import actions, ledgers, monthly, showing
from kezun.cases.models import Case, Event
from kezun.cases.terms import Term, due_of, terms
from kezun.cases.tests.courses import COURSES, fitted
from kezun.cases.tests.test_papers import rows_of, year
from kezun.kernel.actor import SystemActor
from kezun.kernel.rules import canonical


@pytest.mark.parametrize(("hours", "told"), [(1, "是"), (24 * 60, "否")])
def test_a_ledger_says_when_what_has_ended_was_due_and_whether_in_time(shipped, done, hours, told):
    """Of a correction by the handler's deadline: neither the wait for the look nor its deadline counts."""
    case = done("correction", "take")
    proposed = case.received_at + dt.timedelta(hours=hours)
    for who, verb, values in COURSES["correction"][3]:
        moment = proposed if verb in ("take", "propose") else proposed + dt.timedelta(days=30)
        case = actions.do(shipped[who], case, verb, fitted(values), at=moment)
    assert case.due_at is None
    due = case.clocks.get(policy="correction_general").due_at
    rows = rows_of(ledgers.ledger(shipped["office"], year("correction")))
    heads = next(row for row in rows if row[0] == "编号")
    row = dict(zip(heads, next(row for row in rows if row[0] == case.no), strict=True))
    assert (row["是否按期"], row["期限"]) == (told, showing.minute(due))


def test_too_late_before_it_was_opened_again_stays_too_late(shipped, done):
    case = done("correction", "take")
    late = case.received_at + dt.timedelta(days=60)
    steps = COURSES["correction"][3]
    for who, verb, values in [*steps, ("office", "reopen", {"reason": "照片不清"}), *steps[1:]]:
        case = actions.do(shipped[who], case, verb, fitted(values), at=late)
        late += dt.timedelta(minutes=5)
    assert case.clocks.get(policy="correction_general").outcome == "met"
    assert terms([case], late)[case.pk].words == "否"


def test_what_is_due_but_not_late_is_neither(shipped, done):
    case = done("correction", "propose")
    term = terms([case], timezone.now())[case.pk]
    assert (term.due_at, term.words) == (case.clocks.get(policy="correction_general").due_at, "")
    assert terms([case], term.due_at + dt.timedelta(minutes=1))[case.pk].words == "否"


def test_a_kind_without_such_a_deadline_has_none(shipped, done):
    case = done("praise", "verify")
    assert terms([case], timezone.now())[case.pk] == Term()
    assert due_of(case) == case.due_at is not None


def test_the_monthly_report_judges_a_complaint_opened_again_as_its_ledger_does(shipped, complaint):
    case = complaint()
    case.clocks.filter(policy="complaint_decision").update(
        state="stopped", outcome="met", stopped_at=case.last_at
    )
    first = timezone.localdate(case.received_at).replace(day=1)

    def told() -> tuple[str, tuple[int, int]]:
        again = Case.objects.get(pk=case.pk)
        answer = monthly.report(SystemActor("test"), shipped["bank"]["HO"], first).figures.answer
        return terms([again], timezone.now())[case.pk].words, (answer.k, answer.n)

    assert told() == ("是", (1, 1))
    body = canonical({"clocks": {"complaint_decision": {"outcome": "missed"}}})
    more = {"verb": "close", "clocked": True, "body": body, "digest": "0" * 64}
    Event.objects.create(case=case, seq=99, at=timezone.now(), **more)
    Case.objects.filter(pk=case.pk).update(reopened=1)
    assert told() == ("否", (0, 1))
