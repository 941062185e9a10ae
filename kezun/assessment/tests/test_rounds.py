"""Rounds: every step waits for what it needs, two persons take it, and it does what its name says."""

import datetime as dt

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from kezun.assessment import running
from kezun.assessment.actions import rounds
from kezun.assessment.actions.runs import show_run
from kezun.assessment.models import Merit, Round, Run, Score
from kezun.assessment.rounds import HINDRANCES
from kezun.assessment.rules.steps import STEPS, Stand, following, hindrances
from kezun.assessment.tests import world
from kezun.kernel.actor import Denied


@pytest.mark.parametrize(
    ("stand", "codes"),
    [
        (Stand("collecting"), ()),
        (Stand("collecting", period_over=False), ("period",)),
        (Stand("provisional"), ("run",)),
        (Stand("provisional", provisional_done=True), ()),
        (Stand("provisional", provisional_done=True, under_way=True), ("under_way",)),
        (Stand("appeal", window_open=True, appeals_open=2, pending=1), ("window", "appeals", "pending")),
        (Stand("appeal"), ()),
        (Stand("final"), ("run",)),
        (Stand("final", final_done=True), ()),
        (Stand("closed", final_done=True), ("last",)),
    ],
)
def test_what_a_step_waits_for(stand, codes):
    assert hindrances(stand) == codes


def test_steps_follow_one_another():
    assert [following(state) for state in STEPS] == [*STEPS[1:], None]


@given(st.sampled_from(STEPS), st.booleans(), st.integers(0, 3), st.booleans())
def test_nothing_moves_while_a_run_is_computed(state, done, open_ones, window):
    stand = Stand(state, done, done, True, open_ones, window)
    assert "under_way" in hindrances(stand)


@pytest.fixture
def judged(own_home, bank):
    """A scheme in force, and a March in which three outlets served and were rated."""
    scheme = world.installed(world.scheme_text())
    with world.together():
        for outlet, bad in (("O1", 2), ("O2", 10), ("O3", 25)):
            world.served(outlet, "2026-03-10", 60, 5)
            world.rated(outlet, "2026-03-10", 60 - bad, bad)
    return scheme


@pytest.fixture
def office(judged, person_in):
    return person_in("service_office", "HO")


@pytest.fixture
def second(judged, person_in):
    """Another person of the office, at another unit."""
    return person_in("service_office", "P1")


def step(office, second, held):
    rounds.ask_step(office, held)
    return rounds.take_step(second, held)


def computed(kind):
    run = Run.objects.filter(kind=kind).latest("pk")
    return running.carry_out(run)


@pytest.fixture
def open_round(judged, office):
    return rounds.open_round(office, judged, period="2026-03")


@pytest.fixture
def appealable(open_round, office, second):
    """A round whose provisional scores are shown."""
    held = step(office, second, open_round)
    computed("provisional")
    return step(office, second, held)


@pytest.mark.django_db
def test_the_whole_way_of_a_round(open_round, office, second, person_in):
    teller = person_in("outlet_manager", "O1")
    held = step(office, second, open_round)
    assert held.state == "provisional"
    first = computed("provisional")
    assert not Score.objects.visible_to(teller).exists()
    held = step(office, second, held)
    assert held.state == "appeal"
    assert held.appeal_until_date == timezone.localdate() + dt.timedelta(days=10)
    assert Score.objects.visible_to(teller).get().run == first
    with pytest.raises(ValidationError) as error:
        rounds.ask_step(office, held)
    assert error.value.messages == [str(HINDRANCES["window"])]
    Round.objects.filter(pk=held.pk).update(appeal_until_date=timezone.localdate() - dt.timedelta(days=1))
    held = step(office, second, held)
    assert held.state == "final"
    last = computed("final")
    assert last.supersedes == first
    held = step(office, second, held)
    assert held.state == "closed"
    last.refresh_from_db()
    assert last.shown_at is not None
    with pytest.raises(ValidationError):
        rounds.ask_step(office, held)


@pytest.mark.django_db
def test_who_asks_does_not_take_the_step(open_round, office, second):
    with pytest.raises(ValidationError):
        rounds.take_step(second, open_round)
    rounds.ask_step(office, open_round)
    with pytest.raises(ValidationError):
        rounds.take_step(office, open_round)
    assert rounds.take_step(second, open_round).state == "provisional"


@pytest.mark.django_db
def test_a_step_is_refused_with_a_reason(open_round, office, second):
    with pytest.raises(ValidationError):
        rounds.refuse_step(second, open_round, reason="数据未齐")
    rounds.ask_step(office, open_round)
    with pytest.raises(ValidationError):
        rounds.refuse_step(second, open_round, reason=" ")
    held = rounds.refuse_step(second, open_round, reason="数据未齐")
    assert (held.state, held.asked_state, held.asked_by) == ("collecting", "", None)


@pytest.mark.django_db
def test_a_period_must_be_one_and_over(judged, office):
    with pytest.raises(ValidationError) as error:
        rounds.open_round(office, judged, period="soon")
    assert "period" in error.value.message_dict
    with pytest.raises(ValidationError):
        rounds.open_round(office, judged, period="2019-03")
    held = rounds.open_round(office, judged, period="2099-03")
    with pytest.raises(ValidationError) as error:
        rounds.ask_step(office, held)
    assert error.value.messages == [str(HINDRANCES["period"])]
    assert rounds.open_round(office, judged, period="2099-03") == held


@pytest.mark.django_db
def test_pending_entries_hold_up_the_final_run(appealable, office, bank):
    Round.objects.filter(pk=appealable.pk).update(appeal_until_date=dt.date(2026, 4, 1))
    Merit.objects.create(
        unit=bank["O1"], kind="complaint", level="一般", occurred_date=dt.date(2026, 3, 9), title="投诉"
    )
    with pytest.raises(ValidationError) as error:
        rounds.ask_step(office, appealable)
    assert error.value.messages == [str(HINDRANCES["pending"])]


@pytest.mark.django_db
def test_computing_again_keeps_the_run_before(appealable, office):
    again = rounds.run_again(office, appealable)
    with pytest.raises(ValidationError):
        rounds.run_again(office, appealable)
    running.carry_out(again)
    assert Run.objects.filter(round=appealable, state="done").count() == 2


@pytest.mark.django_db
def test_nothing_is_computed_before_the_first_step(open_round, office):
    with pytest.raises(ValidationError):
        rounds.run_again(office, open_round)
    with pytest.raises(ValidationError):
        rounds.restate(office, open_round, decision="示例〔2026〕9号", reason="补录")


@pytest.mark.django_db
def test_a_closed_round_is_restated_by_decision(open_round, office):
    Round.objects.filter(pk=open_round.pk).update(state="closed")
    with pytest.raises(ValidationError):
        rounds.restate(office, open_round, decision=" ", reason="补录")
    run = running.carry_out(rounds.restate(office, open_round, decision="示例〔2026〕9号", reason="补录"))
    assert (run.kind, run.decision) == ("restated", "示例〔2026〕9号")


@pytest.mark.django_db
def test_only_the_office_moves_rounds(open_round, person_in):
    for role in ("unit_head", "supervisor", "auditor"):
        with pytest.raises(Denied):
            rounds.ask_step(person_in(role, "HO"), open_round)


@pytest.mark.django_db
def test_a_round_settled_elsewhere_is_closed_at_once(judged, open_round, office):
    with pytest.raises(ValidationError):
        rounds.settle_round(world.US, open_round)
    final = running.run(world.US, judged, "2026-03", kind=Run.Kind.FINAL, opens=True)
    with pytest.raises(ValidationError):
        rounds.settle_round(world.US, open_round)
    show_run(world.US, final)
    with pytest.raises(Denied):
        rounds.settle_round(office, open_round)
    assert rounds.settle_round(world.US, open_round).state == Round.State.CLOSED
    with pytest.raises(ValidationError):
        rounds.settle_round(world.US, open_round)
