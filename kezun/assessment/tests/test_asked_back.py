"""A star whose holder falls short or was not scored is asked back; somebody keeps or revokes it."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone, translation

from kezun.assessment import proposing, running
from kezun.assessment.actions import honours
from kezun.assessment.models import Award, Run, Score
from kezun.assessment.tests import world
from kezun.assessment.tests.desk import body
from kezun.kernel.actor import Denied
from kezun.kernel.models import TrailEntry

pytestmark = pytest.mark.django_db
TEXT = world.scheme_text(stars=[{"stars": 1, "min": 60}])


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


def judged(period, **good):
    """A run over a month in which the named outlets had so many content customers of 200."""
    with world.together():
        for outlet, n in good.items():
            world.served(outlet, f"{period}-10", 200)
            world.rated(outlet, f"{period}-10", n, 200 - n)
    scheme = world.installed(TEXT)
    return running.run(world.US, scheme, period, kind=Run.Kind.FINAL, opens=True)


@pytest.fixture
def stars(own_home, bank):
    """O1 and O2 hold a star each, by the March of this year."""
    today = timezone.localdate()
    run = judged("2026-03", O1=199, O2=198)
    proposing.propose(run.pk)
    for star in Award.objects.all():
        honours.grant_award(world.US, star)
    Award.objects.update(to_date=today + dt.timedelta(days=400))
    return {star.unit.code: star for star in Award.objects.select_related("unit")}


def asked():
    rows = Award.objects.exclude(revoke_asked="").select_related("unit")
    return {row.unit.code: row.revoke_asked for row in rows}


def test_who_was_not_scored_later_is_asked_back(stars):
    later = judged("2026-04", O1=199)
    proposing.propose(later.pk)
    assert set(asked()) == {"O2"}
    assert asked()["O2"].startswith("2026-04: not scored (")
    assert asked()["O2"].endswith("); keep it or revoke it.")
    assert {a.asked_period for a in Award.objects.exclude(revoke_asked="")} == {"2026-04"}


def test_who_is_judged_no_longer_is_asked_back(stars, bank):
    later = judged("2026-04", O1=199)
    world.forged(Score.objects.filter(run=later, unit=bank["O2"]).delete)
    [gone] = proposing.unscored(later)
    assert (gone.held, gone.why) == (stars["O2"], "no longer judged by this scheme")


def test_a_star_of_another_scheme_or_of_none_is_left_alone(stars, bank):
    other = world.installed(world.scheme_text(id="urn:kezun:scheme:other", stars=[{"stars": 1, "min": 60}]))
    world.rated("O1", "2026-04-10", 50)
    run = running.run(world.US, other, "2026-04", opens=True)
    assert proposing.unscored(run) == []
    dates = {"from_date": dt.date(2026, 1, 1), "to_date": dt.date(2027, 12, 31)}
    by_hand = honours.propose_award(world.US, bank["O3"], kind="star", level=2, **dates)
    honours.grant_award(world.US, by_hand)
    held = {one.held for one in proposing.unscored(judged("2026-05", O1=199))}
    assert held == {stars["O2"]}


def test_a_scheme_without_stars_asks_for_none(stars):
    world.rated("O1", "2026-04-10", 50)
    plain = world.installed(
        world.scheme_text(version="2026.2", valid={"from": "2026-04-01"}, supersedes="2026.1")
    )
    run = running.run(world.US, plain, "2026-04", opens=True)
    assert proposing.unscored(run) == []


def test_what_was_kept_is_asked_again_only_by_a_later_period(stars):
    later = judged("2026-04", O1=199)
    proposing.propose(later.pk)
    honours.keep_award(world.US, stars["O2"], reason="网点装修停业，评价中断")
    assert asked() == {}
    assert honours.propose_stars(world.US, later, found=[], unscored=proposing.unscored(later)) == {
        "proposed": 0,
        "revoke": 0,
    }
    proposing.propose(judged("2026-05", O1=199).pk)
    assert asked()["O2"].startswith("2026-05")
    stars["O2"].refresh_from_db()
    assert stars["O2"].state == "granted"


def test_one_that_is_met_again_is_no_longer_asked_for(stars):
    proposing.propose(judged("2026-04", O1=199).pk)
    assert set(asked()) == {"O2"}
    proposing.propose(judged("2026-05", O1=199, O2=199).pk)
    assert asked() == {}


def test_keeping_needs_a_reason_and_something_asked(stars, person_in):
    with pytest.raises(ValidationError, match="Nobody asks"):
        honours.keep_award(world.US, stars["O1"], reason="不必撤销")
    proposing.propose(judged("2026-04", O1=199).pk)
    with pytest.raises(ValidationError) as refused:
        honours.keep_award(world.US, stars["O2"], reason=" ")
    assert list(refused.value.message_dict) == ["reason"]
    with pytest.raises(Denied):
        honours.keep_award(person_in("outlet_manager", "O2"), stars["O2"], reason="自己的")
    with pytest.raises(ValidationError, match="own unit"):
        honours.keep_award(person_in("unit_head", "O2"), stars["O2"], reason="自己的")
    honours.keep_award(person_in("service_office", "HO"), stars["O2"], reason="装修停业三周")
    told = TrailEntry.objects.filter(verb="assessment.keep_award").latest("pk")
    assert "装修停业三周" in str(told.detail)


def test_a_revoked_star_is_not_asked_back_again(stars):
    proposing.propose(judged("2026-04", O1=199).pk)
    honours.revoke_award(world.US, stars["O2"], reason="停业")
    later = judged("2026-05", O1=199)
    assert proposing.unscored(later) == []


def test_the_page_lists_them_and_takes_the_decision(stars, visit, person_in):
    proposing.propose(judged("2026-04", O1=199).pk)
    office, star = visit(person_in("service_office", "HO")), stars["O2"]
    page = body(office.get("/awards/"))
    assert "To be kept or revoked" in page
    assert "2026-04: not scored" in page
    assert f"/awards/{star.pk}/keep/" in page
    assert f"/awards/{stars['O1'].pk}/keep/" not in page
    told = body(office.post(f"/awards/{star.pk}/keep/", {"reason": "装修停业三周"}, follow=True))
    assert "this period does not ask again" in told
    assert "To be kept or revoked" not in told
    assert "To be kept" not in body(visit(person_in("teller", "O1")).get("/awards/"))
