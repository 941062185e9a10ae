"""What must not slip through: superseded runs, what-if runs, one's own unit, stars that moved, ended
lists."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from kezun.assessment import proposing, running
from kezun.assessment.actions import appeals, honours, runs
from kezun.assessment.models import Appeal, Award, Listing, Run, Score
from kezun.assessment.tests import world
from kezun.assessment.tests.test_honours import LISTS, judged
from kezun.kernel.models import Task
from kezun.org.actions import move_unit
from kezun.org.models import Assignment

pytestmark = pytest.mark.django_db
GROUNDS = "三月十日评价器断网，评价未能上传，附维修单。"
GOOD = {"O1": 198, "O2": 184, "O3": 130}


@pytest.fixture
def run(own_home, bank):
    return judged("2026-03", GOOD)


@pytest.fixture
def office(run, person_in):
    return person_in("service_office", "HO")


@pytest.fixture
def second(run, person_in):
    return person_in("unit_head", "HO")


def heard(run, colour="black"):
    """The entry of a colour that a run's rules propose, its hearing over."""
    proposing.propose(run.pk)
    Listing.objects.update(heard_until_date=timezone.localdate() - dt.timedelta(days=1))
    return Listing.objects.get(run=run, colour=colour)


def appeal(score, **changes):
    told = {"score": score, "rule": "csat", "unit": score.unit, "grounds": GROUNDS}
    return Appeal.objects.create(**told | changes)


def test_a_what_if_run_proposes_nothing(run, office, client):
    guess = running.run(office, run.scheme, "2026-03", what_if={"components.csat.weight": "10"})
    client.force_login(office)
    before = Task.objects.count()
    assert client.post("/lists/propose/", {"run": guess.pk}).status_code == 302
    assert Task.objects.count() == before
    for refused in (
        lambda: proposing.ask(office, guess),
        lambda: proposing.propose(guess.pk),
        lambda: honours.propose_lists(office, guess, entries=[], hear_days=0),
        lambda: honours.propose_stars(office, guess, found=[]),
    ):
        with pytest.raises(ValidationError):
            refused()
    assert not Listing.objects.exists()


def test_an_entry_of_a_run_that_another_followed_is_not_confirmed(run, second):
    old = heard(run)
    later = running.run(world.US, run.scheme, "2026-03", kind=Run.Kind.FINAL, opens=True)
    with pytest.raises(ValidationError, match="2026-03"):
        honours.confirm_listing(second, old)
    with pytest.raises(ValidationError):
        proposing.ask(second, run) if second.may(proposing.PROPOSE) else proposing.ask(world.US, run)
    assert honours.confirm_listing(second, heard(later)).state == "confirmed"


def test_an_entry_confirmed_before_another_run_is_not_published(run, second, office):
    red = honours.confirm_listing(second, heard(run, "red"))
    running.run(world.US, run.scheme, "2026-03", kind=Run.Kind.FINAL, opens=True)
    with pytest.raises(ValidationError):
        honours.publish_listing(office, red, audience="bank")


def test_a_star_of_a_run_that_another_followed_is_not_granted(run, second):
    proposing.propose(run.pk)
    star = Award.objects.get(unit__code="O2")
    running.run(world.US, run.scheme, "2026-03", kind=Run.Kind.FINAL, opens=True)
    with pytest.raises(ValidationError):
        honours.grant_award(second, star)


def test_an_appeal_against_an_earlier_run_of_the_period_is_heard_first(run, second):
    later = running.run(world.US, run.scheme, "2026-03", kind=Run.Kind.FINAL, opens=True)
    black = heard(later)
    open_one = appeal(Score.objects.select_related("unit").get(run=run, unit=black.unit))
    with pytest.raises(ValidationError):
        honours.confirm_listing(second, black)
    open_one.delete()
    other = appeal(Score.objects.select_related("unit").get(run=run, unit__code="O1"))
    assert honours.confirm_listing(second, black).state == "confirmed"
    assert other.state == "filed"


def test_an_upheld_appeal_waits_for_its_run(run, second):
    black = heard(run)
    now = timezone.now()
    appeal(black.score, state="upheld", remedy="data", decision="维修单属实。", decided_at=now)
    with pytest.raises(ValidationError):
        honours.confirm_listing(second, black)
    later = running.run(world.US, run.scheme, "2026-03", kind=Run.Kind.FINAL, opens=True)
    assert honours.confirm_listing(second, heard(later)).state == "confirmed"


def test_a_list_is_shown_until_its_last_day(run, second, office, person_in):
    red, far = heard(run, "red"), person_in("teller", "O3")
    honours.confirm_listing(second, red)
    today = timezone.localdate()
    honours.publish_listing(office, red, audience="bank", until=today)
    assert Listing.objects.visible_to(far).exists()
    world.forged(lambda: Listing.objects.update(until_date=today - dt.timedelta(days=1)))
    assert not Listing.objects.visible_to(far).exists()
    assert Listing.objects.visible_to(office).filter(pk=red.pk).exists()


def test_whoever_left_a_branch_sees_its_lists_no_more(run, bank, second, office, person_in):
    red, moved = heard(run, "red"), person_in("lobby_manager", "O2")
    honours.confirm_listing(second, red)
    honours.publish_listing(office, red, audience="branch")
    assert Listing.objects.visible_to(moved).exists()
    move_unit(world.US, bank["O2"], parent=bank["S2"], from_date=timezone.localdate())
    again = type(moved).objects.get(pk=moved.pk)
    assert not Listing.objects.visible_to(again).exists()


def test_a_head_does_not_decide_about_the_own_unit(run, bank, person_in):
    head, above = person_in("unit_head", "O3"), person_in("service_office", "P2")
    black = heard(run)
    for refused in (
        lambda: honours.drop_listing(head, black, note="情况特殊"),
        lambda: honours.confirm_listing(head, black),
    ):
        with pytest.raises(ValidationError):
            refused()
    objection = appeal(black.score)
    told = {"upheld": True, "decision": "维修单属实，同意补录。", "remedy": "data"}
    with pytest.raises(ValidationError):
        appeals.decide_appeal(head, objection, **told)
    assert appeals.decide_appeal(above, objection, **told).state == "upheld"


def moved_teller(bank, person_in):
    """A teller with a star since January, at O1 then and at O3 from April on."""
    teller = person_in("teller", "O1")
    day = dt.date(2026, 4, 1)
    Assignment.objects.filter(person=teller).update(to_date=day - dt.timedelta(days=1))
    post = teller.assignments.get().post
    Assignment.objects.create(person=teller, unit=bank["O3"], post=post, from_date=day)
    star = Award.objects.create(
        **{"kind": "star", "level": 3, "unit": bank["O1"], "person": teller, "state": "granted"},
        decided_at=timezone.now(),
        **{"from_date": dt.date(2026, 1, 1), "to_date": dt.date(2026, 12, 31)},
    )
    return teller, star


def test_a_persons_star_goes_along_to_another_unit(own_home, bank, person_in):
    teller, star = moved_teller(bank, person_in)
    world.rated("O3", "2026-04-10", 100, person=teller.code)
    scheme = world.installed(
        world.scheme_text(subject={"kind": "person", "posts": ["teller"]}, stars=[{"stars": 1, "min": 60}])
    )
    made = running.run(world.US, scheme, "2026-04", opens=True)
    [found] = proposing.starred(made)
    assert (found.held, found.stars) == (star, 1)
    assert honours.propose_stars(world.US, made, found=[found]) == {"proposed": 0, "revoke": 1}


def test_a_new_star_ends_that_of_the_unit_before(own_home, bank, person_in):
    teller, star = moved_teller(bank, person_in)
    dates = {"from_date": dt.date(2026, 5, 1), "to_date": dt.date(2026, 12, 31)}
    later = honours.propose_award(world.US, bank["O3"], kind="star", level=4, person=teller, **dates)
    honours.grant_award(person_in("unit_head", "HO"), later)
    star.refresh_from_db()
    assert star.to_date == dt.date(2026, 4, 30)


def test_a_new_star_of_a_unit_leaves_those_of_its_people(own_home, bank, person_in):
    _teller, star = moved_teller(bank, person_in)
    dates = {"from_date": dt.date(2026, 5, 1), "to_date": dt.date(2026, 12, 31)}
    honours.grant_award(
        person_in("unit_head", "HO"),
        honours.propose_award(world.US, bank["O1"], kind="star", level=4, **dates),
    )
    star.refresh_from_db()
    assert star.to_date == dt.date(2026, 12, 31)


def test_a_veto_that_bars_awards_keeps_from_every_honour(own_home, bank):
    with world.together():
        for outlet, n in (("O1", 198), ("O2", 120), ("O3", 120)):
            world.served(outlet, "2026-03-10", 200)
            world.rated(outlet, "2026-03-10", n, 200 - n)
    world.merit("m1", "O1", "2026-03-20", "complaint", "重大")
    veto = {
        **{"id": "V1", "title": "重大有责投诉", "when": {"event": "complaint"}},
        "effect": {"exclude_from_awards": True},
    }
    star = {"stars": 2, "min": 60, "no_veto": False}
    plain = world.installed(world.scheme_text(red_black=LISTS, stars=[star]))
    barred = world.installed(
        world.scheme_text(id="urn:kezun:scheme:barred", red_black=LISTS, stars=[star], vetoes=[veto])
    )
    free, kept = (running.run(world.US, scheme, "2026-03") for scheme in (plain, barred))
    assert [(e.colour, e.score.unit.code) for e in proposing.listed(free) if e.colour == "red"] == [
        ("red", "O1")
    ]
    assert [e for e in proposing.listed(kept) if e.colour == "red"] == []
    assert {s.score.unit.code: s.stars for s in proposing.starred(free)}["O1"] == 2
    assert {s.score.unit.code: s.stars for s in proposing.starred(kept)}["O1"] == 0
    assert (
        Score.objects.get(run=kept, unit=bank["O1"]).score
        == Score.objects.get(run=free, unit=bank["O1"]).score
    )


def test_a_refused_line_is_not_filed_anew_against_the_next_run(run, bank, person_in):
    manager = person_in("outlet_manager", "O1")
    until = timezone.localdate() + dt.timedelta(days=5)
    first = Score.objects.select_related("run__round", "unit").get(run=run, unit=bank["O1"])
    round = first.run.round
    round.state, round.appeal_until_date = "appeal", until
    round.save()
    refused = appeals.file_appeal(manager, first, rule="csat", grounds=GROUNDS)
    appeals.decide_appeal(
        person_in("service_office", "P1"), refused, upheld=False, decision="断网日期与维修单不符。"
    )
    again = runs.show_run(world.US, running.run(world.US, run.scheme, "2026-03"))
    score = Score.objects.select_related("run__round", "unit").get(run=again, unit=bank["O1"])
    with pytest.raises(ValidationError):
        appeals.file_appeal(manager, score, rule="csat", grounds=GROUNDS)
    assert appeals.file_appeal(manager, score, rule="answered", grounds=GROUNDS).level == 0
