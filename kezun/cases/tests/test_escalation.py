"""Ladders at work: who is told when, empty posts, extensions, sweeps that repeat, the auditor's heartbeat."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from click.testing import CliRunner
from django.core.exceptions import ValidationError
from django.db import DatabaseError, OperationalError, connection, transaction
from django.utils import timezone, translation

from kezun.cases import actions, escalation, levels, upkeep
from kezun.cases.cli import cases_group
from kezun.cases.models import Case, Clock, Firing
from kezun.cases.tests.timing import at, now_is
from kezun.cases.verifying import verify
from kezun.kernel import health
from kezun.kernel.actor import Denied
from kezun.kernel.task import SCHEDULES
from kezun.org.models import Assignment, BusinessLine, GroupMember, LeadingGroup

DECISION = "complaint_decision"


@pytest.fixture(autouse=True)
def home(settings, tmp_path):
    settings.KEZUN_HOME = tmp_path / "home"


@pytest.fixture
def running(world, timed):
    """A case taken at once; only the clock of the decision is left to run."""
    case = timed("2026-09-21T09:00")
    with now_is("2026-09-21T09:30"):
        case = actions.do(world["lobby"], case, "take")
        return actions.do(world["lobby"], case, "contact", {"how": "phone"})


def clock_of(case, policy=DECISION) -> Clock:
    return Clock.objects.get(case=case, policy=policy)


def sweep(text: str) -> escalation.Swept:
    return escalation.sweep(now=at(text))


def told(case) -> dict:
    return json.loads(case.events.filter(verb="escalate").latest("seq").body)["told"]["escalated"]


def codes(people) -> set[str]:
    from kezun.org.models import Person

    return set(Person.objects.filter(pk__in=people).values_list("code", flat=True))


def test_a_clock_starts_with_its_first_step_and_the_units_above(world, running):
    clock = clock_of(running)
    units = [world["bank"][code].pk for code in ("O1", "S1", "C1", "P1", "HO")]
    assert clock.snapshot["above"] == units
    assert clock.snapshot["ladder"]["id"] == "service"
    assert clock.step == 0
    assert at("2026-09-24T00:00") < clock.next_at < at("2026-09-26T00:00")
    assert levels.chain(world["bank"]["CC"].pk) == [world["bank"][c].pk for c in ("CC", "HO")]


def test_the_whole_ladder_up_to_the_leading_group(world, running, person_in):
    member = person_in("analyst", "HO")
    group = LeadingGroup.objects.create(unit=world["bank"]["HO"], name="服务领导小组")
    GroupMember.objects.create(group=group, person=member)
    assert sweep("2026-09-23T09:00").fired == 0
    steps = [
        ("2026-09-26T09:00", {"lobby_manager.O1"}),
        ("2026-09-29T12:00", {"lobby_manager.O1", "outlet_manager.O1"}),
        ("2026-09-30T12:00", {"lobby_manager.O1", "supervisor.P1", "unit_head.S1"}),
        ("2026-09-30T17:31", {"lobby_manager.O1", "supervisor.P1", "service_office.HO"}),
    ]
    for number, (moment, people) in enumerate(steps):
        assert sweep(moment).fired == 1, moment
        assert told(running)["step"] == number
        if number != 3:
            assert codes(told(running)["people"]) == people
    assert {"lobby_manager.O1", "supervisor.P1"} <= codes(told(running)["people"])
    assert sweep("2026-10-07T12:00").fired == 0  # a week of holiday: nobody is told, the next day worked is
    for moment in ("2026-10-08T18:00", "2026-10-10T18:00", "2026-10-13T18:00"):
        assert sweep(moment).fired == 1
    assert "analyst.HO" in codes(told(running)["people"])
    assert told(running)["lines"]["group"]["unit"] == world["bank"]["HO"].pk
    again = Firing.objects.count()
    for moment in ("2026-10-14T18:00", "2026-10-15T18:00"):
        assert sweep(moment).fired == 1  # and every worked day from then on
    assert Firing.objects.count() == again + 2
    running.refresh_from_db()
    assert running.level == again + 2
    assert verify(running).intact


def test_an_empty_post_is_climbed_at_once_and_that_is_recorded(world, running):
    Assignment.objects.filter(person__in=[world["manager"], world["sub"]]).delete()
    sweep("2026-09-29T12:00")  # 75 %: the manager of the outlet, who is not there
    found = told(running)
    assert found["lines"]["service"]["climbed"] == 3  # O1, S1 and C1 are empty: the supervisor at P1
    assert codes(found["people"]) == {"lobby_manager.O1", "supervisor.P1"}
    firing = Firing.objects.get()
    assert (firing.climbed, firing.told) == (3, 2)


def test_nobody_at_all_is_recorded_too(world, running):
    Assignment.objects.all().delete()
    world["lobby"].is_active = False
    world["lobby"].save()
    sweep("2026-09-29T12:00")
    assert (Firing.objects.get().told, Firing.objects.get().unit) == (0, None)
    assert told(running)["people"] == []


def test_a_case_that_nobody_took_goes_to_who_stands_there(world, timed):
    case = timed("2026-09-21T09:00", actor="other", unit="O1", owner="O1")
    sweep("2026-09-26T09:00")
    assert Firing.objects.get(clock__policy=DECISION).unit == world["bank"]["O1"]
    events = [json.loads(e.body)["told"]["escalated"] for e in case.events.filter(verb="escalate")]
    found = next(e for e in events if e["policy"] == DECISION)
    assert codes(found["people"]) == {"outlet_manager.O1"}
    assert found["lines"]["handler"]["unit"] == world["bank"]["O1"].pk


def test_who_is_named_is_not_told_and_does_not_count(world, timed):
    people = [{"role": "named_staff", "person": "outlet_manager.O1"}]
    case = timed("2026-09-21T09:00", actor="other", unit="O1", parties=people)
    with now_is("2026-09-21T09:30"):
        actions.do(world["sub"], case, "assign", {"unit": "O1"})
    sweep("2026-09-29T12:00")
    found = {code for event in case.events.filter(verb="escalate") for code in codes(_people(event))}
    assert "outlet_manager.O1" not in found
    assert found


def _people(event):
    return json.loads(event.body)["told"]["escalated"]["people"]


def test_a_case_that_moved_is_escalated_where_it_lies_now(world, running):
    with now_is("2026-09-22T09:00"):
        case = actions.do(world["office"], running, "transfer", {"unit": "O3", "reason": "属该网点"})
    sweep("2026-09-29T12:00")
    found = told(case)
    assert found["lines"]["service"]["unit"] == world["bank"]["O3"].pk
    assert codes(found["people"]) == {"outlet_manager.O3"}


def test_the_business_line_is_that_of_the_case(world, running, person_in):
    cards, loans = (BusinessLine.objects.create(code=c, name=c) for c in ("cards", "loans"))
    below = BusinessLine.objects.create(code="credit_cards", name="x", parent=cards)
    mine, other = person_in("product_manager", "S1"), person_in("product_manager", "C1")
    Assignment.objects.filter(person=mine).update(line=cards)
    Assignment.objects.filter(person=other).update(line=loans)
    Case.objects.filter(pk=running.pk).update(line=below)
    Assignment.objects.filter(person=world["sub"]).delete()
    sweep("2026-09-30T12:00")
    found = told(running)
    assert codes(found["lines"]["business"]["people"]) == {"product_manager.S1"}


def test_a_step_is_taken_once_however_often_it_is_swept(world, running):
    assert sweep("2026-09-26T09:00").fired == 1
    assert sweep("2026-09-26T09:00").fired == 0
    clock = clock_of(running)
    given = {"clock": clock.pk, "step": 0}
    with pytest.raises(ValidationError):
        actions.do(escalation.ACTOR, running, "escalate", given, at=at("2026-09-26T09:00"))
    with pytest.raises(ValidationError):
        actions.do(escalation.ACTOR, running, "escalate", given | {"clock": 9999})
    row = Firing.objects.get()
    row.pk = None
    with pytest.raises(DatabaseError), transaction.atomic():
        row.save(force_insert=True)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE cases_firing SET told = 99")


def test_no_person_escalates_by_hand(world, running):
    clock = clock_of(running)
    with pytest.raises(Denied):
        actions.do(world["office"], running, "escalate", {"clock": clock.pk, "step": 0})


def test_after_long_silence_one_step_is_taken_not_four(world, running):
    assert sweep("2026-10-08T18:00").fired == 1
    assert told(running)["step"] == 4
    assert clock_of(running).next_at > at("2026-10-08T18:00")


def test_more_time_begins_the_ladder_anew(world, running):
    sweep("2026-09-29T12:00")
    with now_is("2026-09-29T13:00"):
        given = {"type": "extend", "policy": DECISION, "units": 15, "reason": "取证", "notice": "已电话告知"}
        case = actions.do(world["lobby"], running, "ask", given)
        case = actions.do(world["sub"], case, "grant", {"petition": case.petitions.get().pk})
    clock = clock_of(case)
    assert (clock.step, clock.next_at > at("2026-09-29T13:00")) == (0, True)
    sweep("2026-10-19T12:00")
    assert Firing.objects.filter(clock=clock).values_list("step", "cycle").count() == 2
    assert set(Firing.objects.values_list("cycle", flat=True)) == {0, 1}


def test_a_clock_that_stands_or_has_ended_is_left_alone(world, running):
    with now_is("2026-09-22T09:00"):
        actions.do(world["lobby"], running, "withdraw", {"reason": "客户撤回"})
    assert clock_of(running).next_at is None
    assert sweep("2026-12-01T09:00").fired == 0


def test_what_cannot_be_taken_is_put_off_and_holds_up_nothing(world, running, timed, monkeypatch):
    other = timed("2026-09-21T10:00")
    real = escalation.ACTS["escalate"]

    def broken(actor, case, *args, **more):
        if case.pk == running.pk:
            raise ValidationError("broken")
        return real(actor, case, *args, **more)

    monkeypatch.setitem(escalation.ACTS, "escalate", broken)
    done = sweep("2026-09-26T09:00")
    assert done.failed == 1
    assert done.fired == Firing.objects.filter(clock__case=other).count() > 0
    assert clock_of(running).next_at == at("2026-09-26T10:00")


def test_the_limit_holds(world, timed):
    for _n in range(3):
        timed("2026-09-21T10:00")
    assert escalation.sweep(2, now=at("2026-09-29T09:00")).fired == 2
    assert escalation.sweep(now=at("2026-09-29T09:00")).fired == 4


# --- the auditor ---


def wrong() -> str:
    found = next(c for c in health.look() if c.name == "escalation")
    return "" if found.well else str(found.found)


def test_the_task_runs_every_minute_and_leaves_a_heartbeat(world, running):
    assert SCHEDULES["cases.sweep"] == dt.timedelta(minutes=1)
    upkeep.swept()
    pulse = escalation.last_beat()
    assert (pulse.lost, pulse.failed) == (0, 0)
    assert pulse.running == Clock.objects.filter(state="running").count()
    assert not wrong()


def test_a_silent_sweep_is_seen(world, running):
    assert wrong()  # steps are due, and no sweep ended yet
    upkeep.swept()
    with now_is(f"{timezone.localtime() + dt.timedelta(minutes=6):%Y-%m-%dT%H:%M}"):
        assert wrong()


def test_a_clock_without_a_next_step_is_seen(world, running):
    upkeep.swept()
    Clock.objects.filter(case=running, policy=DECISION).update(next_at=None)
    upkeep.swept()
    assert escalation.last_beat().lost == 1
    assert wrong()


def test_steps_that_fail_are_seen(world, running, monkeypatch):
    def broken(*args, **more):
        raise ValidationError("broken")

    monkeypatch.setitem(escalation.ACTS, "escalate", broken)
    upkeep.swept()
    assert wrong()


def test_without_cases_all_is_well(db):
    assert not wrong()
    escalation.folder("heartbeats").joinpath(escalation.HEARTBEAT).write_text("rubbish", encoding="utf-8")
    assert escalation.last_beat() is None
    assert not wrong()


def test_the_command_sweeps_and_tells(world, running):
    with translation.override("en"):
        done = CliRunner().invoke(cases_group, ["sweep", "--json"])
        assert done.exit_code == 0, done.output
        assert json.loads(done.output.splitlines()[-1])["fired"] == 1
        assert "0 steps taken" in CliRunner().invoke(cases_group, ["sweep"]).output
        refused = CliRunner().invoke(cases_group, ["sweep", "--as", "service_office.HO"])
        assert refused.exit_code == 1
        Clock.objects.filter(case=running, policy=DECISION).update(next_at=None)
        assert CliRunner().invoke(cases_group, ["sweep"]).exit_code == 1


def test_of_two_that_wait_for_one_another_one_leaves_it_to_the_next_sweep(world, running, monkeypatch):
    real = escalation.ACTS["escalate"]

    def stuck(*args, **more):
        raise OperationalError("deadlock detected")

    monkeypatch.setitem(escalation.ACTS, "escalate", stuck)
    done = sweep("2026-09-26T09:00")
    assert (done.fired, done.failed, done.held) == (0, 0, 1)
    monkeypatch.setitem(escalation.ACTS, "escalate", real)
    assert sweep("2026-09-26T09:00").fired == 1


def test_a_step_happens_after_what_others_did_meanwhile(world, timed):
    """A sweep that began a moment ago does not write into the past of a case."""
    case = timed()
    actions.do(world["lobby"], case, "note", {"note": "刚刚"})
    assert escalation.sweep().failed == 0
    moments = list(case.events.order_by("seq").values_list("at", flat=True))
    assert moments == sorted(moments)
    assert case.events.filter(verb="escalate").exists()
