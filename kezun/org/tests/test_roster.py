"""A roster from draft to applied: bulk writes, twice changes nothing, a second person decides."""

import dataclasses
import datetime as dt
import time

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

from kezun.kernel.actor import Denied, SystemActor
from kezun.kernel.models import TrailEntry
from kezun.org import queries, roster, rosterapply
from kezun.org.actions import approve_roster, draft_roster, open_line, refuse_roster, submit_roster
from kezun.org.models import Assignment, Person, Post, RosterUpload, Unit, UnitPath, UnitPlace, UnitTag
from kezun.org.rules.roster import AssignmentRow, PersonRow, PostRow, Roster, UnitRow
from kezun.org.tree import rebuild_paths

SYSTEM = SystemActor("test")
DAY = dt.date(2026, 3, 1)
WANTED = Roster(
    units=(
        UnitRow("N1", "新一", "outlet", "N0", tags=frozenset({"县域"}), from_date=DAY, row=2),
        UnitRow("N0", "新支行", "sub_branch", "C1", from_date=DAY, row=3),
        UnitRow("O1", "改名", "outlet", "S2", "O1", from_date=DAY, row=4),
    ),
    posts=(PostRow("lm", "大堂经理", "lobby_manager", row=2),),
    people=(
        PersonRow("E1", "王", "N1", "wang", "w@b.cn", "13812345678", DAY, row=2),
        PersonRow("E2", "李", "O1", row=3),
    ),
    assignments=(AssignmentRow("E1", "N1", "lm", from_date=DAY, row=2),),
)
NOTHING = {"new": 0, "changed": 0, "same": 0}


@pytest.fixture
def office(person_in):
    return person_in("service_office", "HO")


@pytest.fixture
def second(person_in):
    return person_in("security_admin", "HO")


@pytest.fixture
def sent(office):
    return submit_roster(office, draft_roster(office, WANTED, name="三月.xlsx"))


def test_a_roster_counts_what_it_would_change(sent, bank):
    assert sent.counts["units"] == {"new": 2, "changed": 1, "same": 0}
    assert sent.counts["people"] == {"new": 2, "changed": 0, "same": 0}
    assert Unit.objects.count() == 11, "nothing is written before the approval"


def test_approving_applies_it_whole(sent, second, bank):
    done = approve_roster(second, sent)
    assert done.state == "applied"
    assert {u.code for u in queries.children(SYSTEM, Unit.objects.get(code="N0"), DAY)} == {"N1"}
    assert UnitTag.objects.get(unit__code="N1").tag == "县域"
    moved = Unit.objects.get(code="O1")
    assert moved.name == "改名"
    assert [u.code for u in queries.ancestors(SYSTEM, moved, DAY)][-1] == "S2"
    assert [u.code for u in queries.ancestors(SYSTEM, moved, DAY - dt.timedelta(days=1))][-1] == "S1"
    person = Person.objects.get(code="E1")
    assert (person.phone, person.joined_date, person.home_unit.code) == ("13812345678", DAY, "N1")
    assert not person.has_usable_password()
    assert person.may("insight.read")
    entry = TrailEntry.objects.get(verb="org.approve_roster")
    assert entry.actor == second.trail_name


def test_paths_after_a_roster_equal_those_derived_anew(sent, second):
    approve_roster(second, sent)
    rows = UnitPath.objects.values_list("unit", "ancestor", "depth", "from_date", "to_date")
    mended = sorted(rows.all())
    rebuild_paths()
    assert sorted(rows.all()) == mended


def test_the_same_roster_again_changes_nothing(sent, office, second):
    approve_roster(second, sent)
    again = draft_roster(office, WANTED, name="again.xlsx")
    assert all(c["new"] == c["changed"] == 0 for c in again.counts.values())
    before = (UnitPlace.objects.count(), Assignment.objects.count(), Person.objects.get_queryset().count())
    approve_roster(second, submit_roster(office, again))
    assert before == (
        UnitPlace.objects.count(),
        Assignment.objects.count(),
        Person.objects.get_queryset().count(),
    )


def test_changes_of_people_posts_assignments(sent, office, second):
    open_line(SYSTEM, code="retail", name="零售")
    approve_roster(second, sent)
    changed = Roster(
        posts=(PostRow("lm", "大堂", "lobby_assistant"),),
        people=(dataclasses.replace(WANTED.people[0], name="汪", unit="O2", username="", phone="10010"),),
        assignments=(dataclasses.replace(WANTED.assignments[0], line="retail", to_date=dt.date(2026, 9, 1)),),
    )
    upload = draft_roster(office, changed, name="x")
    assert [upload.counts[s]["changed"] for s in ("posts", "people", "assignments")] == [1, 1, 1]
    approve_roster(second, submit_roster(office, upload))
    person = Person.objects.get(code="E1")
    assert (person.name, person.username, person.phone, person.home_unit.code) == ("汪", None, "10010", "O2")
    row = Assignment.objects.get(person=person)
    assert (row.line.code, row.to_date) == ("retail", dt.date(2026, 9, 1))
    assert Post.objects.get(code="lm").role == "lobby_assistant"


def test_a_move_without_a_day_begins_today(bank, office, second):
    rows = (UnitRow("O1", "机构O1", "outlet", "S2", "O1"), UnitRow("P2", "机构P2", "tier1", "HO", "P2"))
    approve_roster(second, submit_roster(office, draft_roster(office, Roster(units=rows), name="x")))
    place = UnitPlace.objects.get(unit=bank["O1"], parent=bank["S2"])
    assert place.from_date == timezone.localdate()
    back = Roster(units=(UnitRow("O1", "机构O1", "outlet", "", "O1"),))
    approve_roster(second, submit_roster(office, draft_roster(office, back, name="y")))
    place.refresh_from_db()
    assert place.parent is None, "a place that began today is mended, not ended before it began"
    assert UnitPlace.objects.filter(unit=bank["O1"]).count() == 2


def test_a_faulty_roster_is_not_even_kept(office, bank):
    wrong = Roster(units=(UnitRow("N1", "n", "castle", "S9", row=2),))
    with pytest.raises(ValidationError) as caught:
        draft_roster(office, wrong, name="x")
    assert len(caught.value.messages) == 2
    assert not RosterUpload.objects.exists()


def test_many_faults_are_cut_after_fifty(office, bank):
    wrong = Roster(units=tuple(UnitRow(f"N{n}", "n", "castle", "HO", row=n) for n in range(60)))
    with pytest.raises(ValidationError) as caught:
        draft_roster(office, wrong, name="x")
    assert len(caught.value.messages) == 51
    assert "10" in caught.value.messages[-1]


def test_whoever_sent_it_in_cannot_decide(sent, office):
    for decide in (lambda: approve_roster(office, sent), lambda: refuse_roster(office, sent, reason="no")):
        with pytest.raises(ValidationError, match="第二人"):
            decide()
    assert RosterUpload.objects.get().state == "submitted"
    with pytest.raises(IntegrityError), transaction.atomic():
        RosterUpload.objects.update(decided_by=office, state="applied")
    with pytest.raises(IntegrityError), transaction.atomic():
        RosterUpload.objects.update(state="applied")


def test_refusing_needs_a_reason_and_ends_it(sent, second):
    with pytest.raises(ValidationError):
        refuse_roster(second, sent, reason=" ")
    assert refuse_roster(second, sent, reason="wrong month").reason == "wrong month"
    for again in (lambda: approve_roster(second, sent), lambda: refuse_roster(second, sent, reason="x")):
        with pytest.raises(ValidationError):
            again()
    assert Unit.objects.count() == 11


def test_only_a_draft_of_ones_own_is_sent_in(sent, office, second):
    draft = draft_roster(office, WANTED, name="x")
    with pytest.raises(ValidationError):
        submit_roster(second, draft)
    submit_roster(office, draft)
    with pytest.raises(ValidationError):
        submit_roster(office, draft)


def test_a_new_draft_replaces_the_earlier_one(office, bank):
    for _n in range(2):
        draft_roster(office, WANTED, name="x")
    assert RosterUpload.objects.count() == 1


def test_rosters_are_sent_and_decided_by_people(sent, bank):
    with pytest.raises(Denied):
        draft_roster(SYSTEM, WANTED, name="x")
    with pytest.raises(Denied):
        approve_roster(SYSTEM, sent)


def test_the_bank_may_change_between_sending_and_approving(sent, second, bank):
    Unit.objects.filter(code="C1").update(code="C9")
    with pytest.raises(ValidationError, match="C1"):
        approve_roster(second, sent)
    assert RosterUpload.objects.get().state == "submitted"
    assert not Unit.objects.filter(code="N1").exists()


def test_who_may_not_does_not(person_in, sent):
    for role, unit in (("supervisor", "P1"), ("auditor", "HO")):
        with pytest.raises(Denied):
            approve_roster(person_in(role, unit), sent)


def test_a_kept_roster_is_sealed_and_comes_back_whole(sent):
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT rows FROM org_rosterupload"
            if connection.vendor == "sqlite"
            else 'SELECT "rows" FROM org_rosterupload'
        )
        assert "1381234" not in cursor.fetchone()[0][:200]
    assert roster.restore(sent.rows) == WANTED
    detail = TrailEntry.objects.get(verb="org.draft_roster").detail
    assert "13812345678" not in detail


def test_a_large_bank_loads_in_seconds(db):
    rows = [UnitRow("HO", "总行", "head_office")]
    rows += [UnitRow(f"P{p}", f"省{p}", "tier1", "HO") for p in range(30)]
    rows += [UnitRow(f"C{c}", f"市{c}", "tier2", f"P{c % 30}") for c in range(300)]
    rows += [UnitRow(f"O{o}", f"点{o}", "outlet", f"C{o % 300}") for o in range(3000)]
    began = time.monotonic()
    with transaction.atomic():
        assert rosterapply.apply(Roster(units=tuple(rows)))["units"]["new"] == 3331
    assert UnitPath.objects.count() == 1 + 30 * 2 + 300 * 3 + 3000 * 4
    assert roster.compare(Roster(units=tuple(rows)))["units"]["O7"] == "same"
    assert time.monotonic() - began < 30
