"""Pages of lists, stars and titles at their edges: who is offered what, what is refused in words."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.utils import timezone

from kezun.assessment import proposing
from kezun.assessment.actions import honours, runs
from kezun.assessment.models import Award, Lead, Listing, Run
from kezun.assessment.running import run as judge
from kezun.assessment.tests import world
from kezun.assessment.tests.desk import body
from kezun.kernel.models import Task, TrailEntry

pytestmark = pytest.mark.django_db
LISTS = {
    "red": {"all": [{"prob": {"metric": "total", "op": ">=", "ref": "peer_p75"}, "at_least": 0.5}]},
    "black": {"any": [{"prob": {"metric": "csat", "op": "<", "ref": 0.9}, "at_least": 0.975}]},
}
YEAR = dt.timedelta(days=365)


@pytest.fixture
def run(own_home, bank):
    """O1 on the red list of March, O3 on the black one; each of the three meets a star."""
    with world.together():
        for outlet, good in (("O1", 198), ("O2", 184), ("O3", 130)):
            world.served(outlet, "2026-03-10", 200)
            world.rated(outlet, "2026-03-10", good, 200 - good)
    text = world.scheme_text(red_black=LISTS, stars=[{"stars": 1, "min": 1}])
    made = judge(world.US, world.installed(text), "2026-03", kind=Run.Kind.FINAL, opens=True)
    proposing.propose(made.pk)
    return runs.show_run(world.US, made)


@pytest.fixture
def office(own_home, bank, person_in):
    return person_in("service_office", "HO")


@pytest.fixture
def head(own_home, bank, person_in):
    return person_in("unit_head", "P1")


def red():
    return Listing.objects.get(colour="red")


def published(office, audience="bank", **more):
    entry = honours.confirm_listing(world.US, red())
    return honours.publish_listing(office, entry, audience=audience, **more)


def said(client, path, **form):
    return body(client.post(path, form, follow=True))


@pytest.mark.parametrize(
    ("who", "told"),
    [("service_office", "Choose a finished run above"), ("teller", "Entries appear here once they were")],
)
def test_an_empty_list_says_what_comes_next(own_home, bank, person_in, visit, who, told):
    world.installed(world.scheme_text(grades=None))
    scheme = world.installed(world.scheme_text(grades=None))
    judge(world.US, scheme, "2026-03", opens=True)
    client = visit(person_in(who, "HO" if who == "service_office" else "O1"))
    for colour in ("red", "black", "green"):
        text = body(client.get(f"/lists/?colour={colour}"))
        assert "Nobody is on this list" in text
        assert told in text


def test_no_awards_yet(office, visit):
    text = body(visit(office).get("/awards/?kind=none"))
    assert "No stars or titles yet" in text
    assert "To be decided" not in text


def test_whom_a_proposal_is_shown_to(run, visit, office, head, person_in):
    for who, seen in (
        *((office, True), (head, True), (person_in("unit_head", "P2"), False)),
        *((person_in("teller", "O1"), False), (person_in("outlet_manager", "O2"), False)),
    ):
        assert ("Proposed</span>" in body(visit(who).get("/lists/"))) is seen, who


@pytest.mark.parametrize(
    ("audience", "readers"), [("subject", []), ("branch", ["O2"]), ("bank", ["O2", "O3", "CC"])]
)
def test_each_audience_sees_an_entry_and_nobody_else(run, visit, office, person_in, audience, readers):
    published(office, audience)
    for unit in ("O2", "O3", "CC"):
        text = body(visit(person_in("teller", unit)).get("/lists/"))
        assert ('<th scope="row">O1</th>' in text) is (unit in readers), unit
        assert f"/lists/{red().pk}/" not in text


def test_a_black_entry_offers_its_confirmation_only_after_it_was_heard(run, visit, office, head, person_in):
    black = Listing.objects.get(colour="black")
    client = visit(person_in("unit_head", "P2"))
    text = body(client.get("/lists/?colour=black"))
    assert f"heard until {black.heard_until_date:%Y-%m-%d}" in text
    assert f"/lists/{black.pk}/confirm/" not in text
    assert "It is being heard until" in said(client, f"/lists/{black.pk}/confirm/")
    Listing.objects.filter(pk=black.pk).update(heard_until_date=timezone.localdate() - dt.timedelta(days=1))
    assert f"/lists/{black.pk}/confirm/" in body(client.get("/lists/?colour=black"))
    assert "shown to nobody before it is published" in said(client, f"/lists/{black.pk}/confirm/")


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({"audience": "bank", "until": "31.3.2026"}, "Give the day as year-month-day"),
        ({"audience": "bank", "until": "2026-01-01"}, "The day lies in the past."),
        ({"audience": "world"}, "Choose who may see it."),
        ({}, "Choose who may see it."),
    ],
)
def test_what_is_wrong_with_a_publication_is_said_and_nothing_is_published(run, visit, office, form, told):
    entry = honours.confirm_listing(world.US, red())
    assert told in said(visit(office), f"/lists/{entry.pk}/publish/", **form)
    assert red().state == "confirmed"


def test_the_last_day_of_a_publication_is_today(run, visit, office, person_in):
    entry = honours.confirm_listing(world.US, red())
    today = timezone.localdate()
    text = said(visit(office), f"/lists/{entry.pk}/publish/", audience="bank", until=today.isoformat())
    assert f"until {today:%Y-%m-%d}" in text
    stranger = person_in("teller", "O3")
    assert Listing.objects.visible_to(stranger).count() == 1
    world.forged(lambda: Listing.objects.update(until_date=today - dt.timedelta(days=1)))
    assert Listing.objects.visible_to(stranger).count() == 0


def test_taken_off_it_is_on_no_page_and_a_reason_was_needed(run, visit, office, head):
    entry = published(office)
    client = visit(head)
    assert "Give the reason: it stays with the entry." in said(client, f"/lists/{entry.pk}/drop/", note="  ")
    text = said(client, f"/lists/{entry.pk}/drop/", note="wrong data")
    assert "Taken off the list." in text
    assert "Nobody is on this list" in text
    assert "by now. Reload the page." in said(client, f"/lists/{entry.pk}/confirm/")
    assert red().ended_why == "wrong data"


@pytest.mark.parametrize("word", ["confirm", "drop", "publish"])
def test_an_entry_of_another_branch_cannot_be_decided(run, visit, office, person_in, word):
    entry = published(office)
    answer = visit(person_in("unit_head", "P2")).post(f"/lists/{entry.pk}/{word}/", {"note": "x"})
    assert answer.status_code in (403, 404)
    assert red().state == "published"


def test_rules_are_applied_once_asked_for_and_not_for_a_run_that_counts_for_nothing(run, visit, office):
    client = visit(office)
    assert "The rules are being applied" in said(client, "/lists/propose/", run=run.pk)
    assert Task.objects.filter(name=proposing.TASK, arguments={"run": run.pk}).count() == 1
    what_if = judge(world.US, run.scheme, "2026-03", what_if={"components.csat.weight": "10"})
    assert "what-if runs count for nothing" in said(client, "/lists/propose/", run=what_if.pk)
    assert f'value="{what_if.pk}"' not in body(client.get("/lists/"))


FORM = {"unit": "O1", "kind": "star", "level": "3", "to_date": (timezone.localdate() + YEAR).isoformat()}


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"level": "6"}, "less than or equal to 5"),
        ({"level": ""}, "Stars go from 1 to 5."),
        ({"kind": "title"}, "A title needs a name."),
        ({"unit": "O3"}, "O3"),
        ({"unit": "nowhere"}, "nowhere"),
        ({"person": "nobody"}, "nobody"),
        ({"to_date": ""}, "This field is required."),
        ({"to_date": "2020-01-01"}, "It ends on or after its first day"),
        ({"title": "x" * 121, "kind": "title"}, "at most 120 characters"),
    ],
)
def test_what_is_wrong_with_a_proposal_stands_in_its_form(visit, head, changed, told):
    answer = visit(head).post("/awards/new/", FORM | changed)
    assert answer.status_code == 422
    assert told in body(answer)
    assert not Award.objects.exists()


def test_a_star_is_proposed_granted_by_another_and_ends_today_when_revoked(visit, head, office):
    assert "a second person has to grant it" in said(visit(head), "/awards/new/", **FORM)
    award = Award.objects.get()
    assert award.from_date == timezone.localdate()
    assert "you proposed this yourself" in said(visit(head), f"/awards/{award.pk}/grant/")
    client = visit(office)
    assert "Granted." in said(client, f"/awards/{award.pk}/grant/", doc_no=" No. 7 ")
    assert "by now. Reload the page." in said(client, f"/awards/{award.pk}/refuse/", reason="late")
    assert "Nobody asks for its revocation" in said(client, f"/awards/{award.pk}/keep/", reason="x")
    assert "the subject reads it" in said(client, f"/awards/{award.pk}/revoke/", reason=" ")
    assert "Revoked from today on." in said(client, f"/awards/{award.pk}/revoke/", reason="complaints")
    award.refresh_from_db()
    assert (award.doc_no, award.state, award.to_date) == ("No. 7", "revoked", timezone.localdate())


def test_a_star_asked_back_is_kept_with_a_reason_and_not_asked_again(run, visit, office):
    star = honours.grant_award(world.US, Award.objects.get(unit__code="O1"))
    Award.objects.filter(pk=star.pk).update(
        revoke_asked="2026-04: 0 of 1 stars are met.", asked_period="2026-04"
    )
    client = visit(office)
    assert "To be kept or revoked" in body(client.get("/awards/"))
    assert "it is kept in the trail" in said(client, f"/awards/{star.pk}/keep/", reason="")
    text = said(client, f"/awards/{star.pk}/keep/", reason="renovated in April")
    assert "To be kept or revoked" not in text
    assert "renovated in April" in TrailEntry.objects.filter(verb="assessment.keep_award").latest("pk").detail


def test_a_holder_reads_what_was_held_before_and_why_it_ended(visit, office, head, person_in, bank):
    teller = person_in("teller", "O1")
    today = timezone.localdate()
    old = {"kind": "title", "person": teller, "from_date": today - 2 * YEAR, "to_date": today - YEAR}
    for title, more in (("Old title", old), ("Lost title", old | {"to_date": today + YEAR})):
        honours.grant_award(office, honours.propose_award(head, bank["O1"], **more | {"title": title}))
    honours.revoke_award(office, Award.objects.get(title="Lost title"), reason="left the counter")
    text = body(visit(teller).get("/awards/"))
    past = text[text.index("What you held before") :]
    assert re.search(r"Old title \S+ – \S+ *<", past)
    assert "revoked: left the counter" in past
    assert "What you held before" not in body(visit(head).get("/awards/"))


def test_more_than_a_page_of_awards_is_paged_and_keeps_the_kind(visit, office, bank):
    told = {"from_date": timezone.localdate(), "to_date": timezone.localdate() + YEAR, "kind": "title"}
    for number in range(101):
        made = honours.propose_award(world.US, bank["O1"], title=f"T{number:03d}", **told)
        honours.grant_award(world.US, made)
    first = body(visit(office).get("/awards/?kind=title"))
    assert ("T099" in first, "T100" in first) == (True, False)
    assert 'href="?kind=title&amp;page=2"' in first
    second = body(visit(office).get("/awards/?kind=title&page=2"))
    assert ("T099" in second, "T100" in second) == (False, True)
    assert "T100" not in body(visit(office).get("/awards/?kind=star"))


def test_all_of_a_run_are_granted_where_the_reader_decides_and_only_there(run, visit, person_in):
    branch = visit(person_in("unit_head", "P2"))
    assert "Grant all 1" in body(branch.get("/awards/"))
    assert "1 granted." in said(branch, "/awards/all/", run=run.pk, doc_no="No. 8")
    assert set(Award.objects.filter(state="granted").values_list("unit__code", "doc_no")) == {("O3", "No. 8")}
    assert "There was nothing to grant" in said(branch, "/awards/all/", run=run.pk)
    assert "Choose a run first." in said(branch, "/awards/all/", run="")


def lead(bank, unit="O1", month="2026-03", **more):
    day = dt.date.fromisoformat(f"{month}-10")
    figures = {"k": 5, "n": 9, "expected": 0.1, "p": 0.001, "q": 0.01}
    told = {"signal": "rating.burst", "unit": bank[unit], "from_date": day, "to_date": day}
    return Lead.objects.create(**(told | figures | more))


def test_a_lead_stands_beside_the_entry_that_it_is_about(run, bank, office, visit):
    assert "lead" not in body(visit(office).get("/lists/")).split("<main", 1)[1].replace("leads/", "")
    one = lead(bank)
    lead(bank, month="2026-02")
    lead(bank, unit="O2")
    why = {"note": "一次补录", "decided_by": office, "decided_at": timezone.now()}
    lead(bank, signal="rating.orphan", state=Lead.State.EXPLAINED, **why)
    page = visit(office).get("/lists/").content.decode()
    assert f'href="/leads/{one.pk}/">1 lead</a>' in page
    assert page.count('href="/leads/') - page.count('href="/leads/"') == 1
    stars = visit(office).get("/awards/").content.decode()
    assert stars.count(">1 lead</a>") == 2, "of O1 and O2"


def test_who_may_not_read_leads_sees_none_beside_an_entry(run, bank, office, head, visit):
    lead(bank)
    published(office)
    found = visit(head).get("/lists/")
    assert found.status_code == 200
    assert ("lead</a>" in found.content.decode()) == head.may("assessment.read_leads")


def test_what_a_lead_is_about_is_not_granted_by_the_hundred(run, bank, office, visit):
    lead(bank)
    assert Award.objects.filter(state="proposed", run=run).count() == 3
    answer = said(visit(office), "/awards/all/", run=run.pk)
    assert "2 granted." in answer
    assert "1 left out: leads stand about them" in answer
    [left] = Award.objects.filter(state="proposed")
    assert left.unit == bank["O1"]
    answer = said(visit(office), "/awards/all/", run=run.pk)
    assert "1 left out" in answer
    assert "nothing to grant" not in answer
    assert "Granted" in said(visit(office), f"/awards/{left.pk}/grant/", doc_no="1")
