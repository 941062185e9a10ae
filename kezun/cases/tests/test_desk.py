"""My work: who finds what there, in which order, at which cost."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from kezun.cases import actions
from kezun.cases.desk import SHOWN, desk_of
from kezun.cases.models import Case, Petition
from kezun.org.models import Assignment, Person

NOW = timezone.now()


def groups(person):
    """Numbers of the cases in each group that has any."""
    desk = desk_of(Person.objects.get(pk=person.pk), timezone.now())
    return {group.name: [row.no for row in group.rows] for group in desk.groups if group.count}


def proposed(world, case):
    case = actions.do(world["lobby"], case, "take")
    return actions.do(world["lobby"], case, "propose", {"result": "改", "finding": "属实"})


def test_what_nobody_handles_is_to_be_taken_at_the_unit(world, opened):
    case = opened()
    assert groups(world["manager"]) == {"take": [case.no]}
    assert groups(world["lobby"]) == {"take": [case.no]}
    assert groups(world["other"]) == {}
    assert groups(world["teller"]) == {}


def test_what_was_handed_over_waits_at_the_other_unit_and_no_longer_here(world, opened):
    case = actions.do(world["manager"], opened(), "assign", {"unit": "O2"})
    assert groups(world["other"]) == {"handed": [case.no]}
    assert groups(world["manager"]) == {}


def test_who_is_named_with_it_finds_it_among_their_own(world, opened):
    case = actions.do(world["manager"], opened(), "assign", {"unit": "O1", "person": "teller.O1"})
    assert case.handler == world["teller"]
    assert groups(world["teller"]) == {"mine": [case.no]}
    taken = actions.do(world["teller"], case, "take")
    assert (taken.state, taken.handler) == (Case.State.WORKING, world["teller"])


def test_what_is_proposed_waits_for_those_who_may_verify_it(world, opened):
    case = proposed(world, opened())
    assert groups(world["lobby"]) == {"mine": [case.no]}
    for who in ("manager", "sub", "supervisor", "office"):
        assert groups(world[who])["verify"] == [case.no]
    assert groups(world["far"]) == {}
    assert groups(world["auditor"]) == {}


def test_a_grave_one_waits_for_others_than_its_own_unit(world, opened):
    case = proposed(world, opened(urgency="urgent"))
    assert groups(world["manager"]) == {}
    assert groups(world["sub"])["verify"] == [case.no]


def test_who_is_named_in_it_finds_it_nowhere(world, opened):
    people = [
        {"role": "complainant", "name": "王女士"},
        {"role": "named_staff", "person": "outlet_manager.O1"},
    ]
    case = opened(parties=people)
    assert groups(world["manager"]) == {}
    assert groups(world["lobby"]) == {"take": [case.no]}


def test_what_others_are_late_with_is_seen_by_those_who_lead_them(world, opened):
    case = actions.do(world["lobby"], opened(), "take")
    Case.objects.update(act_by_at=timezone.now() - dt.timedelta(hours=1))
    assert groups(world["sub"]) == {"overdue": [case.no]}
    assert groups(world["lobby"]) == {"mine": [case.no]}
    desk = desk_of(world["sub"], timezone.now())
    assert desk.count == 0, "what others are late with is theirs to do"
    row = next(group for group in desk.groups if group.rows).rows[0]
    assert row.tone == "late"


def test_what_comes_first_stands_first_and_what_has_no_deadline_last(world, opened):
    late, soon, none = opened(), opened(), opened()
    Case.objects.filter(pk=late.pk).update(act_by_at=timezone.now() - dt.timedelta(days=1))
    Case.objects.filter(pk=soon.pk).update(act_by_at=timezone.now() + dt.timedelta(days=1))
    Case.objects.filter(pk=none.pk).update(act_by_at=None)
    assert groups(world["lobby"])["take"] == [late.no, soon.no, none.no]


def test_a_long_group_is_cut_and_says_how_many_there_are(world, opened):
    for _n in range(SHOWN + 3):
        opened()
    found = {group.name: group for group in desk_of(world["lobby"], timezone.now()).groups}
    assert (len(found["take"].rows), found["take"].count, found["take"].more) == (SHOWN, SHOWN + 3, 3)


def test_requests_wait_for_those_who_did_not_ask(world, opened):
    case = actions.do(world["lobby"], opened(), "take")
    Petition.objects.create(
        case=case, type="grade", reason="误判", asked_by=world["lobby"], asked_at=timezone.now()
    )
    asked = {who: len(desk_of(world[who], timezone.now()).petitions) for who in world if who != "bank"}
    assert asked == {
        **{"teller": 0, "manager": 1, "lobby": 0, "other": 0, "far": 0},
        **{"sub": 1, "supervisor": 1, "office": 1, "auditor": 0},
    }
    Petition.objects.create(
        case=case, type="waive", reason="x", asked_by=world["sub"], asked_at=timezone.now()
    )
    assert len(desk_of(world["sub"], timezone.now()).petitions) == 1


@pytest.mark.parametrize("who", ["lobby", "manager", "supervisor", "office", "teller", "auditor"])
def test_the_page_takes_five_statements_however_much_there_is(client, world, opened, who, settings):
    settings.KEZUN_MFA_REQUIRED_ROLES = ()
    for n in range(6):
        case = opened()
        if n % 2:
            proposed(world, case)
    client.force_login(world[who])
    client.get("/work/")
    with CaptureQueriesContext(connection) as asked:
        answer = client.get("/work/")
    assert answer.status_code == 200
    assert len(asked) <= 5, [query["sql"][:120] for query in asked]


def test_the_empty_desk_says_what_to_do_first(client, world):
    client.force_login(world["lobby"])
    page = client.get("/work/").content.decode()
    assert "目前没有需要您处理的事项" in page
    assert "/cases/new/" in page


def test_a_case_is_taken_from_the_list_and_one_comes_back_to_it(client, world, opened):
    case = opened()
    client.force_login(world["lobby"])
    page = client.get("/work/").content.decode()
    assert f'formaction="/cases/{case.no}/take/"' in page
    answer = client.post(f"/cases/{case.no}/take/", {"next": "/work/"})
    assert answer["Location"] == "/work/"
    case.refresh_from_db()
    assert case.handler == world["lobby"]


def test_one_goes_on_to_no_other_site(client, world, opened):
    case = opened()
    client.force_login(world["lobby"])
    answer = client.post(f"/cases/{case.no}/take/", {"next": "https://example.org/"})
    assert answer["Location"] == f"/cases/{case.no}/"


def test_what_is_kept_of_a_desk_fits_every_moment_and_goes_with_the_scope(world, opened, person_in):
    """Asked twice in a row, later, and after another post was given: each time what holds then."""
    case = actions.do(world["lobby"], opened(), "take")
    Case.objects.update(act_by_at=timezone.now() + dt.timedelta(hours=1))
    assert groups(world["sub"]) == {}
    later = timezone.now() + dt.timedelta(hours=2)
    late = {group.name: group.count for group in desk_of(world["sub"], later).groups if group.count}
    assert late == {"overdue": 1}
    assert groups(world["sub"]) == {}
    far = world["far"]
    assert {group.name for group in desk_of(far, later).groups if group.count} == set()
    like = Assignment.objects.get(person=world["sub"])
    Assignment.objects.create(person=far, unit=like.unit, post=like.post)
    moved = desk_of(Person.objects.get(pk=far.pk), later)
    assert [row.no for group in moved.groups for row in group.rows] == [case.no]


def test_somebody_without_any_role_has_an_empty_desk(world):
    nobody = Person.objects.create(code="nobody", username="nobody", name="无岗")
    desk = desk_of(nobody, timezone.now())
    assert ([group.count for group in desk.groups], desk.petitions) == ([0], ())
