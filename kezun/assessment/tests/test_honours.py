"""Lists, stars and titles: rules propose, a second person decides, everything can be taken back with a
reason."""

import datetime as dt

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from kezun.assessment import proposing, running
from kezun.assessment.actions import honours, runs
from kezun.assessment.models import Appeal, Award, Listing, Run, Score
from kezun.assessment.tests import world

TODAY = timezone.localdate
LISTS = {
    "red": {"all": [{"prob": {"metric": "total", "op": ">=", "ref": "peer_p75"}, "at_least": 0.5}]},
    "black": {"any": [{"prob": {"metric": "csat", "op": "<", "ref": 0.9}, "at_least": 0.975}]},
}
STARS = [{"stars": 3, "min": 80, "periods": 2}, {"stars": 1, "min": 60}]


def judged(period, good):
    """A shown run over a month in which the outlets had so many content customers of 200."""
    day = f"{period}-10"
    with world.together():
        for outlet, n in good.items():
            world.served(outlet, day, 200)
            world.rated(outlet, day, n, 200 - n)
    scheme = world.installed(world.scheme_text(red_black=LISTS, stars=STARS))
    run = running.run(world.US, scheme, period, kind=Run.Kind.FINAL, opens=True)
    return runs.show_run(world.US, run)


@pytest.fixture
def run(own_home, bank):
    """O1 excellent, O2 middling, O3 certainly below nine in ten."""
    return judged("2026-03", {"O1": 198, "O2": 184, "O3": 130})


@pytest.fixture
def office(run, person_in):
    return person_in("service_office", "HO")


@pytest.fixture
def second(run, person_in):
    return person_in("unit_head", "HO")


def on(colour):
    return {row.unit.code for row in Listing.objects.filter(colour=colour)}


def proposed(run):
    proposing.propose(run.pk)
    return Listing.objects.order_by("pk")


@pytest.mark.django_db
def test_rules_name_the_best_and_those_certainly_below(run):
    assert {row.colour for row in proposed(run)} == {"red", "black"}
    assert (on("red"), on("black")) == ({"O1"}, {"O3"})
    black = Listing.objects.get(colour="black")
    assert black.probability > 0.975
    assert black.heard_until_date == TODAY() + dt.timedelta(days=10)
    assert black.why[0]["metric"] == "csat"
    before = list(Listing.objects.values_list("pk", flat=True))
    assert list(proposed(run).values_list("pk", flat=True)) == before


@pytest.mark.django_db
def test_a_scheme_without_rules_proposes_nothing(own_home, bank):
    with world.together():
        world.served("O1", "2026-03-10", 60)
        world.rated("O1", "2026-03-10", 60)
    plain = running.run(world.US, world.installed(world.scheme_text()), "2026-03")
    assert proposing.listed(plain) == []
    assert proposing.starred(plain) == []


@pytest.mark.django_db
def test_a_black_entry_is_heard_before_it_is_confirmed(run, second):
    proposed(run)
    black = Listing.objects.get(colour="black")
    with pytest.raises(ValidationError):
        honours.confirm_listing(second, black)
    Listing.objects.update(heard_until_date=TODAY() - dt.timedelta(days=1))
    Appeal.objects.create(score=black.score, rule="csat", unit=black.unit, grounds="评价器断网")
    with pytest.raises(ValidationError):
        honours.confirm_listing(second, black)
    Appeal.objects.update(state="withdrawn")
    assert honours.confirm_listing(second, black, note="核实无误").state == "confirmed"


@pytest.mark.django_db
def test_an_entry_is_published_to_its_audience(run, office, second, person_in):
    proposed(run)
    red = Listing.objects.get(colour="red")
    far, near = person_in("teller", "O3"), person_in("lobby_manager", "O1")
    see = Listing.objects.visible_to
    assert not see(far).exists()
    assert not see(near).exists()
    honours.confirm_listing(second, red)
    with pytest.raises(ValidationError):
        honours.publish_listing(office, red, audience="world")
    with pytest.raises(ValidationError):
        honours.publish_listing(office, red, audience="bank", until=dt.date(2020, 1, 1))
    honours.publish_listing(office, red, audience="branch")
    assert see(near).exists()
    assert not see(far).exists()
    world.forged(lambda: Listing.objects.update(audience="bank"))
    assert see(far).exists()
    honours.drop_listing(second, red, note="复核有误")
    assert not see(far).exists()


@pytest.mark.django_db
def test_an_entry_is_taken_off_with_a_reason_only(run, second):
    red = proposed(run).get(colour="red")
    with pytest.raises(ValidationError):
        honours.drop_listing(second, red, note=" ")
    honours.drop_listing(second, red, note="数据有误")
    with pytest.raises(ValidationError):
        honours.confirm_listing(second, red)


@pytest.mark.django_db
def test_who_proposed_does_not_confirm(run, office):
    entries = proposing.listed(run)
    honours.propose_lists(office, run, entries=entries, hear_days=0)
    with pytest.raises(ValidationError):
        honours.confirm_listing(office, Listing.objects.get(colour="red"))


@pytest.mark.django_db
def test_stars_ask_for_periods_in_a_row(run):
    found = {one.score.unit.code: one.stars for one in proposing.starred(run)}
    assert found == {"O1": 1, "O2": 1, "O3": 0}
    later = judged("2026-04", {"O1": 199, "O2": 130, "O3": 190})
    found = {one.score.unit.code: one.stars for one in proposing.starred(later)}
    assert found == {"O1": 3, "O2": 0, "O3": 1}


@pytest.mark.django_db
def test_stars_are_proposed_granted_and_reviewed(run, second):
    proposing.propose(run.pk)
    star = Award.objects.get(unit__code="O2")
    assert (star.level, star.from_date, star.to_date) == (1, dt.date(2026, 4, 1), dt.date(2027, 3, 31))
    honours.grant_award(second, star, doc_no="示例〔2026〕5号")
    later = judged("2026-04", {"O1": 199, "O2": 130, "O3": 190})
    proposing.propose(later.pk)
    star.refresh_from_db()
    assert star.revoke_asked
    assert star.state == "granted"
    honours.revoke_award(second, star, reason="连续两期未达标")
    star.refresh_from_db()
    assert (star.state, star.to_date) == ("revoked", max(star.from_date, TODAY()))


@pytest.mark.django_db
def test_stars_are_proposed_once_and_only_where_more_are_met(run, office):
    found = proposing.starred(run)
    assert honours.propose_stars(office, run, found=found) == {"proposed": 2, "revoke": 0}
    assert honours.propose_stars(office, run, found=found) == {"proposed": 0, "revoke": 0}
    assert Award.objects.filter(state="proposed").count() == 2


@pytest.mark.django_db
def test_a_new_star_ends_the_one_before(run, second, office, bank):
    dates = {"from_date": dt.date(2026, 1, 1), "to_date": dt.date(2026, 12, 31)}
    first = honours.propose_award(office, bank["O1"], kind="star", level=2, **dates)
    honours.grant_award(second, first)
    later = dates | {"from_date": dt.date(2026, 7, 1)}
    honours.grant_award(second, honours.propose_award(office, bank["O1"], kind="star", level=4, **later))
    first.refresh_from_db()
    assert first.to_date == dt.date(2026, 6, 30)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"kind": "moon"}, "kind"),
        ({"level": 6}, "level"),
        ({"level": 0}, "level"),
        ({"kind": "title", "title": " "}, "title"),
        ({"to_date": dt.date(2025, 1, 1)}, "to_date"),
        ({"to_date": dt.date(2036, 1, 1)}, "to_date"),
    ],
)
def test_what_is_wrong_with_a_proposal_is_said_by_field(office, bank, changed, field):
    told = {"kind": "star", "level": 3, "from_date": dt.date(2026, 1, 1), "to_date": dt.date(2026, 12, 31)}
    with pytest.raises(ValidationError) as error:
        honours.propose_award(office, bank["O1"], **told | changed)
    assert list(error.value.message_dict) == [field]


@pytest.mark.django_db
def test_a_title_needs_a_second_person_who_is_not_its_subject(run, office, second, person_in, bank):
    dates = {"from_date": dt.date(2026, 1, 1), "to_date": dt.date(2026, 12, 31)}
    teller = person_in("teller", "O1")
    title = honours.propose_award(office, bank["O1"], kind="title", title="服务之星", person=teller, **dates)
    with pytest.raises(ValidationError):
        honours.grant_award(office, title)
    with pytest.raises(ValidationError):
        honours.refuse_award(second, title, reason="")
    assert honours.refuse_award(second, title, reason="材料不全").state == "refused"
    own = honours.propose_award(office, bank["HO"], kind="title", title="服务标兵", person=second, **dates)
    with pytest.raises(ValidationError):
        honours.grant_award(second, own)
    with pytest.raises(IntegrityError), transaction.atomic():
        Award.objects.filter(pk=own.pk).update(decided_by=office)


@pytest.mark.django_db
def test_the_pages_of_lists(run, office, second, client):
    client.force_login(office)
    assert "lists/propose" in client.get("/lists/").content.decode()
    client.post("/lists/propose/", {"run": run.pk})
    proposing.propose(run.pk)
    shown = client.get("/lists/").content.decode()
    assert "机构O1" in shown
    assert "机构O3" not in shown
    client.force_login(second)
    red = Listing.objects.get(colour="red")
    client.post(f"/lists/{red.pk}/confirm/")
    client.force_login(office)
    client.post(f"/lists/{red.pk}/publish/", {"audience": "bank", "until": "not a day"})
    red.refresh_from_db()
    assert red.state == "confirmed"
    client.post(f"/lists/{red.pk}/publish/", {"audience": "bank", "until": ""})
    red.refresh_from_db()
    assert red.state == "published"
    black = Listing.objects.get(colour="black")
    assert "机构O3" in client.get("/lists/?colour=black").content.decode()
    client.post(f"/lists/{black.pk}/drop/", {"note": "数据有误"})
    black.refresh_from_db()
    assert black.state == "dropped"


@pytest.mark.django_db
def test_the_pages_of_awards(run, office, second, client, person_in, bank):
    client.force_login(office)
    assert client.post("/awards/new/", {"unit": "O1", "kind": "star"}).status_code == 422
    told = {"unit": "O1", "kind": "star", "level": 4, "from_date": "2026-01-01", "to_date": "2027-01-01"}
    client.post("/awards/new/", told)
    award = Award.objects.get()
    assert f"/awards/{award.pk}/grant/" not in client.get("/awards/").content.decode()
    client.force_login(second)
    client.post(f"/awards/{award.pk}/grant/", {"doc_no": "示例"})
    award.refresh_from_db()
    assert award.state == "granted"
    client.force_login(person_in("teller", "O3"))
    assert "★★★★" in client.get("/awards/").content.decode()
    assert client.post(f"/awards/{award.pk}/revoke/", {"reason": "不行"}).status_code == 403
    client.force_login(person_in("unit_head", "P2"))
    assert client.post(f"/awards/{award.pk}/revoke/", {"reason": "不行"}).status_code == 404
    client.force_login(second)
    client.post(f"/awards/{award.pk}/revoke/", {"reason": ""})
    client.post(f"/awards/{award.pk}/revoke/", {"reason": "发生重大投诉"})
    award.refresh_from_db()
    assert (award.state, award.reason) == ("revoked", "发生重大投诉")


@pytest.mark.django_db
def test_all_stars_of_a_run_are_granted_at_once_but_not_ones_own_proposals(run, office, second, client):
    honours.propose_stars(office, run, found=proposing.starred(run))
    client.force_login(office)
    client.post("/awards/all/", {"run": run.pk})
    assert Award.objects.filter(state="granted").count() == 0
    client.force_login(second)
    assert "/awards/all/" in client.get("/awards/").content.decode()
    client.post("/awards/all/", {"run": run.pk, "doc_no": "示例〔2026〕8号"})
    assert set(Award.objects.values_list("state", "doc_no")) == {("granted", "示例〔2026〕8号")}
    told = client.post("/awards/all/", {"run": "x"}, follow=True)
    assert [one.level_tag for one in told.context["messages"]][-1] == "error"


@pytest.mark.django_db
def test_scores_of_other_branches_are_not_named(run, person_in):
    assert {s.unit.code for s in Score.objects.visible_to(person_in("unit_head", "P2"))} == {"O3"}
