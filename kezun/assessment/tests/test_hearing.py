"""With whom an appeal lies: the level decides, near the subject first, the service office last."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone, translation

from kezun.assessment import running
from kezun.assessment.actions import appeals, runs
from kezun.assessment.hearing import seat_of, seats
from kezun.assessment.models import Appeal, Round, Run, Score
from kezun.assessment.tests import world
from kezun.assessment.tests.desk import body
from kezun.org.models import Assignment, Person, Post

pytestmark = pytest.mark.django_db
GROUNDS = "三月十日评价器断网，评价未能上传，附维修单。"
NO = "维修单日期与断网日期不符，不予支持。"
LEVELS = ["支行", "分行", "考核办公室"]


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


def another(role, unit, code):
    """One more person in a role at a unit."""
    post, _new = Post.objects.get_or_create(code=role, defaults={"name": role, "role": role})
    made = Person.objects.create(code=code, name=code, home_unit=unit)
    Assignment.objects.create(person=made, unit=unit, post=post)
    return made


def opened(scheme):
    """A run of March, shown and open to appeal."""
    made = running.run(world.US, scheme, "2026-03", kind=Run.Kind.PROVISIONAL, opens=True)
    runs.show_run(world.US, made)
    until = timezone.localdate() + dt.timedelta(days=10)
    Round.objects.filter(pk=made.round_id).update(state="appeal", appeal_until_date=until)
    return made


@pytest.fixture
def score(own_home, bank):
    scheme = world.installed(world.scheme_text(appeal={"window_days": 10, "levels": LEVELS}))
    with world.together():
        world.served("O1", "2026-03-10", 60)
        world.rated("O1", "2026-03-10", 51, 9)
    return Score.objects.select_related("run__round").get(run=opened(scheme), unit=bank["O1"])


@pytest.fixture
def manager(score, person_in):
    return person_in("outlet_manager", "O1")


@pytest.fixture
def heads(score, person_in, bank):
    """A judge at every unit above O1, and two at the service office."""
    found = {code: another("unit_head", bank[code], f"head-{code}") for code in ("S1", "C1", "P1")}
    return found | {"HO": person_in("service_office", "HO"), "HO2": person_in("service_office", "CC")}


@pytest.fixture
def appeal(score, manager):
    return appeals.file_appeal(manager, score, rule="csat", grounds=GROUNDS)


def decide(by, appeal):
    return appeals.decide_appeal(by, appeal, upheld=False, decision=NO)


def further(manager, appeal):
    return appeals.escalate_appeal(manager, appeal, grounds=GROUNDS)


def refused(by, appeal, told):
    with pytest.raises(ValidationError, match=told):
        decide(by, appeal)
    assert Appeal.objects.get(pk=appeal.pk).state == "filed"


def test_from_the_unit_above_up_to_the_service_office(appeal, heads, manager, bank):
    at = appeal
    for code in ("S1", "C1", None):
        seat = seat_of(at)
        assert (seat.unit and seat.unit.code) == code
        right = heads[code or "HO"]
        for name, head in heads.items():
            assert seat.takes(head) == (name == code or (code is None and name.startswith("HO")))
            if head is not right and not seat.takes(head):
                with pytest.raises(ValidationError):
                    decide(head, at)
        decide(right, at)
        if code is not None:
            at = further(manager, at)
    with pytest.raises(ValidationError, match="last level"):
        further(manager, at)


def test_the_refusal_names_the_place(appeal, heads, bank):
    place = f"lies with: {bank['S1'].title}"
    for code in ("C1", "P1", "HO"):
        refused(heads[code], appeal, place)
    appeal.refresh_from_db()
    assert (appeal.state, appeal.decided_by, appeal.decided_at, appeal.decision) == ("filed", None, None, "")
    assert decide(heads["S1"], appeal).decided_by == heads["S1"]


def test_a_unit_where_nobody_decides_is_passed_over(appeal, heads, manager, bank):
    Assignment.objects.filter(person=heads["S1"]).update(to_date=timezone.localdate() - dt.timedelta(days=1))
    assert seat_of(appeal).unit == bank["C1"]
    decide(heads["C1"], appeal)
    second = further(manager, appeal)
    assert seat_of(second).unit == bank["P1"]
    Person.objects.filter(pk=heads["P1"].pk).update(is_active=False)
    assert seat_of(second).unit is None
    decide(heads["HO"], second)


def test_nobody_decides_the_same_appeal_twice(appeal, heads, manager, bank, person_in):
    both = heads["S1"]
    Assignment.objects.create(person=both, unit=bank["C1"], post=Post.objects.get(code="unit_head"))
    decide(both, appeal)
    second = further(manager, appeal)
    assert seat_of(second).unit == bank["C1"]  # somebody else sits there as well
    refused(Person.objects.get(pk=both.pk), second, "at two levels")
    Assignment.objects.filter(person=heads["C1"]).delete()
    assert seat_of(second).unit == bank["P1"]  # at C1 only who decided before is left


def test_whoever_filed_it_is_no_judge_of_it(score, heads, bank):
    own = appeals.file_appeal(heads["S1"], score, rule="csat", grounds=GROUNDS)
    assert seat_of(own).unit == bank["C1"]
    refused(heads["S1"], own, "Nobody decides on an appeal of their own")
    assert decide(heads["C1"], own).state == "refused"


def test_a_scheme_without_levels_goes_to_the_service_office(own_home, bank, person_in):
    with world.together():
        world.served("O1", "2026-03-10", 60)
        world.rated("O1", "2026-03-10", 51, 9)
    made = opened(world.installed(world.scheme_text(appeal=None)))
    score = Score.objects.get(run=made, unit=bank["O1"])
    head, office = another("unit_head", bank["S1"], "head"), person_in("service_office", "HO")
    filed = appeals.file_appeal(world.US, score, rule="csat", grounds=GROUNDS)
    assert seat_of(filed).unit is None
    refused(head, filed, "lies with: Service office")
    assert decide(office, filed).decided_by == office


@pytest.fixture
def of_person(own_home, bank, person_in):
    """A teller of O1 and the head of S1, judged as persons under two schemes; each may appeal."""
    teller, head = person_in("teller", "O1"), another("unit_head", bank["S1"], "head-S1")
    text = {"levels": LEVELS, "window_days": 10}
    found = {}
    for who, post in ((teller, "teller"), (head, "unit_head")):
        world.rated("O1", "2026-03-10", 60, 5, person=who.code)
        subject = {"kind": "person", "posts": [post]}
        scheme = world.scheme_text(id=f"urn:kezun:scheme:{post}", subject=subject, appeal=text)
        found[post] = Score.objects.get(run=opened(world.installed(scheme)), person=who)
    return found


def test_a_person_is_heard_at_the_own_unit_first(of_person, bank, person_in):
    score = of_person["teller"]
    filed = appeals.file_appeal(score.person, score, rule="csat", grounds=GROUNDS)
    assert seat_of(filed).unit == bank["S1"]  # no role of an outlet decides appeals
    judge = another("unit_head", bank["O1"], "head-O1")
    assert seat_of(filed).unit == bank["O1"]
    assert decide(judge, filed).decided_by == judge


def test_the_head_of_a_unit_is_not_heard_by_themselves(of_person, bank):
    score = of_person["unit_head"]
    filed = appeals.file_appeal(score.person, score, rule="csat", grounds=GROUNDS)
    assert seat_of(filed).unit is None  # nobody else at S1, nobody above it
    refused(score.person, filed, "Nobody decides on an appeal of their own")
    other = another("supervisor", bank["S1"], "super")
    assert seat_of(filed).unit == bank["S1"]
    assert decide(other, filed).decided_by == other


def test_the_platform_decides_anywhere(appeal):
    assert decide(world.US, appeal).decided_by is None


def test_many_seats_cost_as_much_as_one(appeal, score, heads, manager, django_assert_num_queries):
    more = appeals.file_appeal(manager, score, rule="answered", grounds=GROUNDS)
    rows = list(Appeal.objects.select_related("score__run__scheme", "before"))
    with django_assert_num_queries(3):
        found = seats(rows)
    assert set(found) == {appeal.pk, more.pk}
    with django_assert_num_queries(3):
        seats(rows[:1])


def test_the_pages_say_with_whom_it_lies(appeal, heads, manager, visit, bank):
    one, listing = f"/appeals/{appeal.pk}/", "/appeals/"
    for who, mine in ((heads["S1"], True), (heads["C1"], False), (heads["HO"], False), (manager, False)):
        page, rows = body(visit(who).get(one)), body(visit(who).get(listing))
        assert f"lies with {bank['S1'].title}" in page
        assert bank["S1"].title in rows
        assert (f"{one}decide/" in page) is mine
        assert ("with you" in rows) is mine
    told = {"upheld": "no", "decision": NO}
    answer = visit(heads["C1"]).post(f"{one}decide/", told, follow=True)
    assert "Only somebody who decides there" in body(answer)
    visit(heads["S1"]).post(f"{one}decide/", told)
    appeal.refresh_from_db()
    assert (appeal.state, appeal.decided_by) == ("refused", heads["S1"])
    assert "lies with" not in body(visit(manager).get(one))
