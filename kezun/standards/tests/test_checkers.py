"""Who may fill a sheet: those whom the criteria name; of the own unit only by a self-check."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone, translation

from kezun.org.models import Assignment, Post
from kezun.standards import actions
from kezun.standards.checkers import names_of, works_at
from kezun.standards.models import Sheet
from kezun.standards.tests.world import GOOD, SYSTEM, URN, begun, published, submitted, text

pytestmark = pytest.mark.django_db
STRICT = text().replace("roles: [神秘客户, 服务督导, 服务管理办公室]", "roles: [神秘客户]")


@pytest.fixture
def standard(bank):
    return published()


@pytest.fixture
def english():
    with translation.override("en"):
        yield


@pytest.fixture
def manager(person_in):
    return person_in("outlet_manager", "O1")


def told(caught) -> str:
    [message] = caught.value.message_dict["method"]
    return message


def test_a_manager_does_not_inspect_the_own_outlet(standard, manager, bank, english):
    with pytest.raises(ValidationError) as caught:
        begun(manager, bank["O1"], method="明查")
    assert "your own unit is checked only by self-check" in told(caught)
    assert not Sheet.objects.exists()
    sheet = begun(manager, bank["O1"], method="自查")
    actions.save_sheet(manager, sheet, entries=GOOD)
    assert actions.submit_sheet(manager, sheet).state == "submitted"


def test_where_no_self_check_is_listed_the_own_unit_is_for_others(manager, bank, english):
    actions.install(SYSTEM, text=text().replace("own: [自查]\n", ""), origin="catalog")
    for method in ("明查", "自查"):
        with pytest.raises(ValidationError) as caught:
            begun(manager, bank["O1"], method=method)
        assert "inspected by others only" in told(caught)


def test_a_self_check_is_done_by_the_unit_itself(standard, person_in, bank, english):
    with pytest.raises(ValidationError) as caught:
        begun(person_in("supervisor", "S1"), bank["O1"], method="自查")
    assert "self-check is what a unit does itself" in told(caught)


def test_only_those_named_fill_it(standard, person_in, bank, english):
    lobby = person_in("lobby_manager", "O1")
    with pytest.raises(ValidationError) as caught:
        begun(lobby, bank["O1"], method="自查")
    assert "filled by: service supervisor, service office, outlet manager" in told(caught)


def test_a_covert_visit_is_for_the_shopper_who_is_named(person_in, bank, english):
    actions.install(SYSTEM, text=STRICT, origin="catalog")
    supervisor = person_in("supervisor", "S1")
    with pytest.raises(ValidationError, match="mystery shopper"):
        begun(supervisor, bank["O1"], method="暗访")
    shopper = Post.objects.create(
        code="shopper", name="神秘客户", name_en="Mystery shopper", role="supervisor"
    )
    Assignment.objects.create(person=supervisor, unit=bank["S1"], post=shopper)
    assert begun(supervisor, bank["O1"], method="暗访").blind


def test_posts_of_the_day_of_the_visit_count_and_those_of_today(standard, person_in, bank, english):
    today = timezone.localdate()
    supervisor = person_in("supervisor", "S1")
    later, week = today - dt.timedelta(days=3), today - dt.timedelta(days=7)
    shop = Post.objects.create(code="lobby", name="大堂经理", role="lobby_manager")
    Assignment.objects.create(
        person=supervisor, unit=bank["O1"], post=shop, from_date=today - dt.timedelta(days=30), to_date=week
    )
    assert works_at(supervisor, bank["O1"], week)
    assert not works_at(supervisor, bank["O1"], later)
    with pytest.raises(ValidationError):
        begun(supervisor, bank["O1"], visited=week)
    assert begun(supervisor, bank["O1"], visited=later)
    assert "大堂经理" in names_of(supervisor, week)
    assert "大堂经理" not in names_of(supervisor)


def test_a_role_stands_for_a_post_only_where_no_post_has_that_name(person_in, bank):
    office = person_in("service_office", "HO")
    Post.objects.filter(code="service_office").update(name="服务管理岗")
    assert {"服务管理岗", "服务管理办公室", "Service office", "service_office"} <= names_of(office)
    Post.objects.create(code="other", name="服务管理办公室", role="service_office")
    assert "服务管理办公室" not in names_of(office)


def test_who_moved_to_the_unit_meanwhile_does_not_submit(standard, person_in, bank):
    supervisor = person_in("supervisor", "S1")
    sheet = begun(supervisor, bank["O1"])
    actions.save_sheet(supervisor, sheet, entries=GOOD)
    Assignment.objects.create(person=supervisor, unit=bank["O1"], post=Post.objects.get(code="supervisor"))
    with pytest.raises(ValidationError):
        actions.submit_sheet(supervisor, sheet)
    assert Sheet.objects.get().state == "draft"


def test_the_platform_is_not_asked(standard, bank):
    assert submitted(SYSTEM, bank["O1"]).inspector is None


def test_the_form_offers_only_what_one_may(standard, manager, person_in, client):
    def offered(person) -> set[str]:
        client.force_login(person)
        page = client.get(reverse("standards.begin_sheet")).content.decode()
        return {method for method in ("明查", "自查", "暗访") if f"{URN}|{method}" in page}

    assert offered(manager) == {"明查", "自查"}
    assert offered(person_in("supervisor", "S1")) == {"明查", "自查", "暗访"}
    assert offered(person_in("lobby_manager", "O1")) == set()


def test_the_page_says_why_not(standard, manager, bank, client):
    client.force_login(manager)
    client.cookies["django_language"] = "en"
    form = {"form": f"{URN}|明查", "unit": "O1", "visited": str(timezone.localdate())}
    answer = client.post(
        reverse("standards.begin_sheet"), form | {"key": "0190b0a2-0000-7000-8000-000000000001"}
    )
    assert answer.status_code == 422
    assert not Sheet.objects.exists()
