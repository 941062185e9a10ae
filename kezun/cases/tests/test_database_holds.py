"""What the database itself refuses, whatever program asks: each rule tried by a plain statement."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from kezun.cases import actions
from kezun.cases.models import (
    Case,
    Clock,
    EffectCheck,
    Event,
    Firing,
    Kind,
    Link,
    Notice,
    Party,
    Petition,
    Proof,
)
from kezun.cases.tests.test_clocking import clocked
from kezun.kernel import frozen
from kezun.kernel.models import StoredFile

__all__ = ["clocked"]


def refused(statement: str, *values: object) -> bool:
    """Whether the database refuses a statement; what it did is undone either way."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement, values)
            if connection.vendor == "postgresql":
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            else:
                connection.check_constraints()
            touched = cursor.rowcount
            transaction.set_rollback(True)
    except DatabaseError:
        return True
    assert touched, "a statement that touches no row shows nothing"
    return False


@pytest.mark.parametrize(
    ("change", "no"),
    [
        ("verifier_id = handler_id", True),
        ("checker_id = handler_id", True),
        ("checker_id = verifier_id", True),
        ("verifier_id = NULL", True),
        ("state = 'checked', verifier_id = NULL", True),
        ("severity = 0", True),
        ("severity = 5", True),
        ("returns = -1", True),
        ("satisfaction = -1", True),
        ("state = NULL", True),
        ("unit_id = 999999", True),
        ("owner_unit_id = NULL", True),
        ("kind_id = 999999", True),
        ("severity = 4", False),
        ("handler_id = NULL", False),
        ("state = 'withdrawn', verifier_id = NULL", False),
    ],
)
def test_a_case_that_was_closed(closed, change, no):
    case = closed()
    assert refused(f"UPDATE cases_case SET {change} WHERE id = %s", case.pk) is no


@pytest.mark.parametrize(
    "change",
    [
        "case_id = case_id + 1",
        "seq = 99",
        "at = '2020-01-01'",
        "actor_id = NULL",
        "verb = 'close'",
        "body = '{}'",
        "digest = ''",
    ],
)
def test_a_history_is_never_changed(closed, change):
    closed()
    assert refused(f"UPDATE cases_event SET {change} WHERE seq = 2")


def test_a_history_is_never_shortened_nor_doubled(closed):
    case = closed()
    event = Event.objects.get(case=case, seq=3)
    assert refused("DELETE FROM cases_event WHERE id = %s", event.pk)
    assert refused("DELETE FROM cases_event")
    with pytest.raises(DatabaseError), transaction.atomic():
        Event.objects.create(case=case, seq=3, at=timezone.now(), verb="note", body="{}", digest="x")
    assert Event.objects.filter(case=case).count() == case.seq
    if connection.vendor == "postgresql":
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("TRUNCATE cases_event CASCADE")


def test_who_has_a_history_stays(closed):
    """People, units, kinds and cases that something refers to are not deleted under it."""
    case = closed()
    frozen.lift(connection)
    assert refused("DELETE FROM cases_case WHERE id = %s", case.pk)
    assert refused("DELETE FROM org_person WHERE id = %s", case.handler_id)
    assert refused("DELETE FROM org_unit WHERE id = %s", case.unit_id)
    assert refused("DELETE FROM cases_kind WHERE id = %s", case.kind_id)


@pytest.mark.parametrize(
    "change", ["text = 'x'", "version = '9'", "sha256 = ''", "from_date = '2000-01-01'", "urn = 'x'"]
)
def test_a_published_kind_is_never_changed(trial, change):
    assert refused(f"UPDATE cases_kind SET {change} WHERE id = %s", trial.pk)
    assert refused("DELETE FROM cases_kind WHERE id = %s", trial.pk)
    assert Kind.objects.get(pk=trial.pk).text == trial.text


def test_a_clock_of_a_policy_is_one_and_has_stopped_at_some_time(clocked):
    case = clocked()
    one, other = Clock.objects.filter(case=case).order_by("pk")[:2]
    assert refused("UPDATE cases_clock SET policy = %s WHERE id = %s", one.policy, other.pk)
    assert refused("UPDATE cases_clock SET state = 'stopped' WHERE id = %s", one.pk)
    assert refused("UPDATE cases_clock SET extended = -1 WHERE id = %s", one.pk)
    assert not refused("UPDATE cases_clock SET state = 'paused' WHERE id = %s", one.pk)


def test_a_step_of_a_ladder_fires_once(clocked):
    clock = Clock.objects.filter(case=clocked()).first()
    told = {"clock": clock, "step": 1, "cycle": 0, "at": timezone.now()}
    made = Firing.objects.create(**told)
    with pytest.raises(DatabaseError), transaction.atomic():
        Firing.objects.create(**told)
    Firing.objects.create(**told | {"cycle": 1})
    for change in ("step = 2", "told = 9", "at = '2020-01-01'"):
        assert refused(f"UPDATE cases_firing SET {change} WHERE id = %s", made.pk)
    assert refused("DELETE FROM cases_firing")


@pytest.fixture
def petition(world, closed):
    """One that was asked by the lobby manager."""
    return Petition.objects.create(
        case=closed(), type="extend", policy="p", reason="r", asked_by=world["lobby"], asked_at=timezone.now()
    )


def test_nobody_decides_what_they_asked_and_a_decision_is_whole(world, petition):
    pk, now, other = petition.pk, timezone.now(), world["sub"].pk
    decide = "UPDATE cases_petition SET decision = %s, decided_by_id = %s, decided_at = %s WHERE id = %s"
    assert refused(decide, "granted", world["lobby"].pk, now, pk)
    assert refused(decide, "granted", None, now, pk)
    assert refused(decide, "granted", other, None, pk)
    assert refused(decide, "", None, now, pk)
    assert not refused(decide, "granted", other, now, pk)
    assert not refused(decide, "dropped", None, now, pk)


def test_what_was_decided_stays_decided(world, petition):
    Petition.objects.filter(pk=petition.pk).update(
        decision="refused", decided_by=world["sub"], decided_at=timezone.now()
    )
    for change in ("decision = 'granted'", "units = 99", "reason = 'x'", "answer = 'x'", "decided_at = NULL"):
        assert refused(f"UPDATE cases_petition SET {change} WHERE id = %s", petition.pk)
    assert refused("DELETE FROM cases_petition WHERE id = %s", petition.pk)


def test_the_same_is_asked_once_at_a_time(world, petition):
    again = {
        "case": petition.case,
        "type": "extend",
        "policy": "p",
        "reason": "r",
        "asked_at": timezone.now(),
    }
    with pytest.raises(DatabaseError), transaction.atomic():
        Petition.objects.create(asked_by=world["sub"], **again)
    Petition.objects.create(asked_by=world["sub"], **again | {"policy": "q"})


def test_links(opened):
    one, two, three = opened(), opened(), opened()
    now = timezone.now()

    def tie(source: Case, target: Case, type_: str, ended=None) -> bool:
        try:
            with transaction.atomic():
                Link.objects.create(source=source, target=target, type=type_, at=now, ended_at=ended)
        except DatabaseError:
            return False
        return True

    assert not tie(one, one, "caused_by")
    assert tie(one, two, "part_of")
    assert not tie(one, two, "part_of")
    assert not tie(one, three, "part_of"), "a case is part of one other at a time"
    assert tie(one, three, "part_of", ended=now)
    assert tie(one, two, "caused_by")
    assert tie(one, three, "caused_by")


def test_a_party_that_is_named_is_somebody(opened):
    case = opened()
    with pytest.raises(DatabaseError), transaction.atomic():
        Party.objects.create(case=case, role="named_staff", at=timezone.now())
    assert Party.objects.create(case=case, role="witness", at=timezone.now()).pk


def test_proof_stays(opened):
    case, file = opened(), kept()
    made = Proof.objects.create(case=case, seq=1, file=file, stage="work", at=timezone.now())
    for change in ("stage = 'after'", "pair = 3", "caption = 'x'", "seq = 2"):
        assert refused(f"UPDATE cases_proof SET {change} WHERE id = %s", made.pk)
    assert refused("DELETE FROM cases_proof WHERE id = %s", made.pk)
    with pytest.raises(DatabaseError), transaction.atomic():
        Proof.objects.create(case=case, seq=2, file=file, stage="work", at=timezone.now())


def kept(name: str = "a.pdf") -> StoredFile:
    """A stored file, as the examination of an upload leaves it."""
    return StoredFile.objects.create(sha256="a" * 64, bytes=8, kind="application/pdf", name=name)


@pytest.mark.parametrize("pair", [-1, 1000, 40_000, 2**31 - 1])
def test_a_pair_that_no_column_holds_is_refused_in_words(world, opened, pair):
    with pytest.raises(ValidationError) as wrong:
        actions.do(world["lobby"], opened(), "attach", {"files": [kept()], "stage": "after", "pair": pair})
    assert set(wrong.value.message_dict) == {"pair"}


def test_one_is_told_once_of_an_event(world, opened):
    told = {"person": world["lobby"], "case": opened(), "seq": 1, "code": "x", "at": timezone.now()}
    Notice.objects.create(**told)
    with pytest.raises(DatabaseError), transaction.atomic():
        Notice.objects.create(**told)


def test_constraints_have_names_that_say_what_they_hold():
    models = (Case, Clock, EffectCheck, Event, Firing, Link, Notice, Party, Petition, Proof)
    names = [constraint.name for model in models for constraint in model._meta.constraints]
    assert len(names) == len(set(names)) >= 15
