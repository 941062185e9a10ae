"""Random walks: whoever does whatever in whatever order, the history and the row tell the same."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.exceptions import ValidationError
from django.http import Http404
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kezun.cases import actions, engine, kinds
from kezun.cases.models import Case, Clock
from kezun.cases.rules.kinds import ENDED
from kezun.cases.rules.projecting import Recorded, replay
from kezun.cases.tests.test_clocking import RECEIVED, clocked
from kezun.kernel import trail
from kezun.kernel.actor import Denied
from kezun.kernel.rules import GENESIS, chain_digest

__all__ = ["clocked"]
WHO = ("teller", "lobby", "manager", "other", "sub", "supervisor", "office")
GIVEN = {
    "reject": {"reason": "不属受理范围", "notice": "已书面告知"},
    "assign": {"unit": "O2"},
    "transfer": {"unit": "S1", "reason": "超出权限"},
    "return": {"reason": "不是我处"},
    "wait": {"reason": "等材料"},
    "supplement": {"reason": "材料补齐"},
    "contact": {"how": "phone"},
    "note": {"note": "记一笔"},
    "amend": {"reason": "更正", "complexity": "complex"},
    "grade": {"reason": "重新定级", "severity": 2},
    "propose": {"result": "已整改", "finding": "属实"},
    "send_back": {"reason": "证据不足"},
    "answer": {"how": "letter", "decision": "致歉"},
    "reopen": {"reason": "客户不满意"},
    "check": {"verdict": "effective"},
    "withdraw": {"reason": "客户撤回"},
}
VERBS = (*GIVEN, "accept", "take", "resume", "verify", "close")
STEPS = st.lists(st.tuples(st.sampled_from(WHO), st.sampled_from(VERBS)), max_size=25)
REFUSED = (ValidationError, Denied, Http404)


def seal(previous: str, body: str) -> str:
    return chain_digest(trail.key(), previous, body)


@pytest.mark.django_db
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_the_row_is_what_its_events_say(steps, world, clocked):
    case, done = clocked(), 1
    for number, (who, verb) in enumerate(steps, 1):
        before = Case.objects.get(pk=case.pk)
        try:
            actions.do(world[who], case, verb, GIVEN.get(verb), at=RECEIVED + dt.timedelta(hours=number))
            done += 1
        except REFUSED:
            after = Case.objects.get(pk=case.pk)
            assert engine.values_of(after) == engine.values_of(before)
            assert after.seq == before.seq
    row = Case.objects.get(pk=case.pk)
    events = [Recorded(e.seq, e.verb, e.body, e.digest) for e in row.events.order_by("seq")]
    assert len(events) == done == row.seq
    values, clocks, faults, _opened = replay(events, kinds.form_of(row.kind), GENESIS, seal)
    assert not faults
    held = engine.values_of(row)
    assert {name: values.get(name, held[name]) for name in held} == held
    assert set(clocks) == {c.policy for c in Clock.objects.filter(case=row)}
    _holds(row)


def _holds(row: Case) -> None:
    """What is true of every case, whatever happened to it."""
    assert row.open == (row.state not in ENDED)
    assert row.verifier_id is None or row.verifier_id != row.handler_id
    assert row.state not in ("closed", "verified", "answered") or row.verifier_id
    running = Clock.objects.filter(case=row).exclude(state="stopped")
    assert row.open or not running.exists()
    first = min((c.act_by_at for c in running), default=None)
    assert row.act_by_at == first


@pytest.mark.django_db
def test_an_edited_event_is_found(closed):
    case = closed()
    events = [Recorded(e.seq, e.verb, e.body, e.digest) for e in case.events.order_by("seq")]
    form = kinds.form_of(case.kind)
    for at in range(len(events)):
        forged = list(events)
        forged[at] = Recorded(
            forged[at].seq, forged[at].verb, forged[at].body.replace("e", "E", 1), forged[at].digest
        )
        assert "edited" in {fault.code for fault in replay(forged, form, GENESIS, seal).faults}
        assert replay(events[:at] + events[at + 1 :], form, GENESIS, seal).faults or at == len(events) - 1
