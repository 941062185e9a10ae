"""Who sees a sheet and who may end it: covert visits, another's draft, what somebody else submitted."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from kezun.kernel.actor import Denied, OutOfScope
from kezun.org.models import Assignment, Post
from kezun.standards import actions, queries
from kezun.standards.models import Sheet
from kezun.standards.tests.world import SYSTEM, URN, begun, published, submitted, text

pytestmark = pytest.mark.django_db
UNLISTED = text().replace("covert: [暗访]\n", "")


@pytest.fixture
def standard(bank):
    return published()


@pytest.fixture
def supervisor(person_in):
    return person_in("supervisor", "S1")


def also(person, role, unit):
    """One more post for somebody."""
    post = Post.objects.filter(code=role).first()
    assert post is not None
    Assignment.objects.create(person=person, unit=unit, post=post)
    return type(person).objects.get(pk=person.pk)


@pytest.fixture
def two_posts(person_in, bank):
    """Supervisor of S2, where covert visits are seen, and manager of O1, where they are not."""
    person_in("outlet_manager", "O2")
    return also(person_in("supervisor", "S2"), "outlet_manager", bank["O1"])


def test_the_right_to_covert_sheets_ends_where_the_post_ends(standard, supervisor, two_posts, bank):
    covert = begun(supervisor, bank["O1"], method="暗访")
    open_ = begun(supervisor, bank["O1"])
    assert set(queries.sheets_for(two_posts)) == {open_}
    with pytest.raises(OutOfScope):
        queries.sheet_by_id(two_posts, covert.pk)


def test_covert_sheets_are_seen_where_the_post_holds(standard, person_in, two_posts, bank):
    covert = begun(person_in("supervisor", "C2"), bank["O3"], method="暗访")
    assert set(queries.sheets_for(two_posts)) == {covert}


def test_covert_visits_are_begun_where_the_post_holds(standard, two_posts, bank):
    assert begun(two_posts, bank["O3"], method="暗访").blind
    with pytest.raises(OutOfScope):
        begun(two_posts, bank["O1"], method="暗访")
    assert not begun(two_posts, bank["O1"], method="自查").blind


def test_methods_of_blind_criteria_are_covert_unless_listed_otherwise(supervisor, person_in, bank):
    actions.install(SYSTEM, text=UNLISTED, origin="catalog")
    sheet = begun(supervisor, bank["O1"], method="暗访")
    assert (sheet.blind, sheet.announced) == (True, False)
    assert sheet not in queries.sheets_for(person_in("outlet_manager", "O1"))
    assert not begun(supervisor, bank["O1"]).blind


def test_the_form_offers_covert_methods_to_few(person_in, client, bank):
    actions.install(SYSTEM, text=UNLISTED, origin="catalog")
    offered = {}
    for role, unit in (("supervisor", "S1"), ("outlet_manager", "O1")):
        client.force_login(person_in(role, unit))
        page = client.get(reverse("standards.begin_sheet")).content.decode()
        offered[role] = f"{URN}|暗访" in page
    assert offered == {"supervisor": True, "outlet_manager": False}


def test_nobody_ends_what_another_fills(standard, supervisor, person_in, bank):
    sheet = begun(supervisor, bank["O1"])
    manager = person_in("outlet_manager", "O1")
    with pytest.raises(Denied):
        actions.void_sheet(manager, sheet, reason="不想被查")
    sheet.refresh_from_db()
    assert sheet.state == Sheet.State.DRAFT


def test_the_office_ends_what_was_forgotten(standard, supervisor, person_in, bank):
    sheet = begun(supervisor, bank["O1"])
    ended = actions.void_sheet(person_in("service_office", "HO"), sheet, reason="检查人已离岗")
    assert (ended.state, ended.submitted_at) == (Sheet.State.VOID, None)


def test_whoever_submitted_a_sheet_does_not_make_it_void(standard, person_in, bank):
    office, second = person_in("service_office", "HO"), person_in("service_office", "P1")
    sheet = submitted(office, bank["O1"])
    with pytest.raises(ValidationError):
        actions.void_sheet(office, sheet, reason="分数不好看")
    assert actions.void_sheet(second, sheet, reason="重复检查").state == Sheet.State.VOID


def test_by_page_too(standard, supervisor, person_in, bank, client):
    sheet = begun(supervisor, bank["O1"])
    client.force_login(person_in("outlet_manager", "O1"))
    address = reverse("standards.decide_sheet", args=[sheet.pk, "void"])
    client.post(address, {"reason": "不想被查"})
    sheet.refresh_from_db()
    assert sheet.state == Sheet.State.DRAFT
    assert 'name="reason"' not in client.get(reverse("standards.sheet", args=[sheet.pk])).content.decode()
