"""Roles limited to a business line reach cases of it, of lines below it and of none, wherever one looks."""

import pytest
from django.db.models import Q
from django.utils import timezone

from kezun.cases import actions, desk, listing, queries, standing
from kezun.cases.models import Case
from kezun.cases.reach import reaches, whole
from kezun.kernel.actor import OutOfScope
from kezun.org.models import BusinessLine

pytestmark = pytest.mark.django_db
LIMITS = (None, "retail", "cards", "corporate")
PLACES = ("O1", "S1", "P1", "HO")


@pytest.fixture
def lines(db):
    retail = BusinessLine.objects.create(code="retail", name="零售")
    cards = BusinessLine.objects.create(code="cards", name="银行卡", parent=retail)
    corporate = BusinessLine.objects.create(code="corporate", name="公司")
    return {None: None, "retail": retail, "cards": cards, "corporate": corporate}


@pytest.fixture
def by_line(opened, lines):
    """A case at O1 of each line, and of none, by line."""
    return {code: opened(line=code) if code else opened() for code in lines}


def seen_by(person, cases):
    """Which of the cases somebody sees, by each way there is; all ways must agree."""
    now = timezone.now()
    visible = set(Case.objects.visible_to(person).values_list("pk", flat=True))
    wanted = listing.Wanted()
    assert {row.pk for row in listing.listed(person, wanted, now).rows} == visible
    assert listing.how_many(listing.arms(person, listing.chosen(person, wanted, now), wanted), 99) == len(
        visible
    )
    for case in cases.values():
        assert standing.Ground(person, case).reached("cases.read") is (case.pk in visible), case
    return {line for line, case in cases.items() if case.pk in visible}


@pytest.mark.parametrize(
    ("limit", "seen"),
    [
        (None, {None, "retail", "cards", "corporate"}),
        ("retail", {None, "retail", "cards"}),
        ("cards", {None, "cards"}),
        ("corporate", {None, "corporate"}),
    ],
)
@pytest.mark.parametrize(
    ("role", "unit"), [("supervisor", "P1"), ("outlet_manager", "O1"), ("auditor", "HO")]
)
def test_the_limit_of_a_role_holds_on_every_way(world, by_line, limited, role, unit, limit, seen):
    assert seen_by(limited((role, unit, limit)), by_line) == seen


def test_two_roles_with_different_limits_add_up(world, by_line, limited):
    person = limited(("supervisor", "P1", "cards"), ("outlet_manager", "O1", "corporate"))
    assert seen_by(person, by_line) == {None, "cards", "corporate"}


def test_a_limit_elsewhere_takes_nothing_from_a_role_without_one(world, by_line, limited):
    person = limited(("outlet_manager", "O1", None), ("supervisor", "P1", "corporate"))
    assert seen_by(person, by_line) == set(LIMITS)


def test_a_part_in_a_case_opens_it_whatever_its_line(world, limited, lines):
    person = limited(("lobby_manager", "O1", "corporate"))
    given = {"title": "排队太久", "received_at": timezone.now(), "line": "retail"}
    case = actions.open_case(person, "trial", world["bank"]["O1"], given)
    assert Case.objects.visible_to(person).filter(pk=case.pk).exists()
    assert queries.case_by_no(person, case.no) == case


def test_what_is_out_of_the_line_is_not_there(world, by_line, limited, client):
    person = limited(("supervisor", "P1", "cards"))
    other = by_line["corporate"]
    with pytest.raises(OutOfScope):
        actions.do(person, other, "note", {"note": "看一看"})
    client.force_login(person)
    assert client.get(f"/cases/{other.no}/").status_code == 404
    assert client.get(f"/cases/{by_line['cards'].no}/").status_code == 200


def test_my_work_holds_what_the_line_allows(world, opened, limited):
    for line in ("cards", "corporate"):
        opened(line=line, owner=world["bank"]["O1"])
    opened(owner=world["bank"]["O1"])
    manager = limited(("outlet_manager", "O1", "cards"))
    groups = {group.name: group for group in desk.desk_of(manager, timezone.now()).groups}
    offered = [row.pk for name in ("handed", "take") for row in groups[name].rows]
    told = dict(Case.objects.filter(pk__in=offered).values_list("pk", "line__code"))
    assert sorted(str(line) for line in told.values()) == ["None", "cards"]


def test_only_a_role_without_limit_carries_over_the_whole(world, limited):
    assert whole(limited(("auditor", "HO", None)).scope, "cases.read")
    assert not whole(limited(("auditor", "HO", "cards")).scope, "cases.read")
    assert reaches(limited(("teller", "O1", None)).scope, "cases.verify") == []


def test_no_role_reaches_nothing(world, opened, limited):
    opened()
    nobody = limited()
    assert not Case.objects.visible_to(nobody).exists()
    assert desk.any_of([]) == Q(pk__in=[])
