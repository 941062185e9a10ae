"""Drafting, approving and keeping the texts of standards."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from kezun.kernel import frozen
from kezun.kernel.actor import Denied, OutOfScope
from kezun.standards import actions, approval, queries, rules
from kezun.standards.models import Sheet, Standard
from kezun.standards.tests.world import SYSTEM, URN, begun, published, submitted, text

pytestmark = pytest.mark.django_db
TODAY = dt.date.today


@pytest.fixture
def office(person_in):
    return person_in("service_office", "HO")


@pytest.fixture
def second(person_in, bank):
    """Another one of the service office."""
    return person_in("service_office", "P1")


def messages(caught) -> str:
    return "\n".join(caught.value.messages)


def proposed(office, **given) -> Standard:
    return actions.propose(office, actions.draft(office, text=text(**given)))


def test_draft_takes_its_head_from_the_text(office):
    row = actions.draft(office, text=text("7", start="2030-01-01", end="2031-01-01"), note=" new ")
    assert (row.urn, row.version, row.title, row.title_en) == (URN, "7", "网点样本", "Outlet sample")
    assert (row.from_date, row.until_date) == (dt.date(2030, 1, 1), dt.date(2031, 1, 1))
    assert (row.state, row.revision, row.note, row.drafted_by) == ("draft", 1, "new", office)
    assert row.sha256 == rules.digest(rules.read(row.text))


def test_draft_may_have_mistakes_but_must_say_what_it_is(office):
    row = actions.draft(office, text=text().replace("points: 10", "points: 11", 1))
    assert (row.state, row.urn) == ("draft", URN)
    with pytest.raises(ValidationError) as caught:
        actions.propose(office, row)
    assert "line " in messages(caught) or "行" in messages(caught)
    with pytest.raises(ValidationError):
        actions.draft(office, text="id: [")
    with pytest.raises(ValidationError):
        actions.draft(office, text="title: 只有标题")
    with pytest.raises(ValidationError, match=r"长|longer"):
        actions.draft(office, text="#" * 2_000_001)


def test_a_draft_that_breaks_keeps_the_head_it_had(office):
    row = actions.draft(office, text=text())
    row = actions.save_draft(office, row, text="id: [\n")
    assert (row.urn, row.version, row.title) == (URN, "1", "网点样本")


def test_save_draft_refuses_to_write_over_a_colleague(office, second):
    row = actions.draft(office, text=text())
    seen = approval.stamp(row.text)
    saved = actions.save_draft(second, row, text=text(title="新名"), seen=seen)
    assert saved.title == "新名"
    with pytest.raises(ValidationError):
        actions.save_draft(office, row, text=text(title="另名"), seen=seen)
    assert Standard.objects.get().title == "新名"


def test_a_second_draft_of_a_version_is_its_next_revision(office):
    first, other = actions.draft(office, text=text()), actions.draft(office, text=text())
    assert (first.revision, other.revision) == (1, 2)
    moved = actions.save_draft(office, other, text=text("2"))
    assert (moved.version, moved.revision) == ("2", 1)


def test_publishing_needs_a_second_person(office, second):
    row = proposed(office, start=f"{TODAY() + dt.timedelta(days=1)}")
    with pytest.raises(ValidationError):
        actions.approve(office, row)
    done = actions.approve(second, row)
    assert done.touched == ()
    assert (done.edition.state, done.edition.approved_by) == ("published", second)
    assert done.edition.published_at is not None
    with pytest.raises(ValidationError):
        actions.approve(second, row)


def test_whoever_wrote_last_does_not_approve(office, second):
    row = actions.draft(office, text=text(start=f"{TODAY() + dt.timedelta(days=1)}"))
    row = actions.save_draft(second, row, text=row.text)
    row = actions.propose(office, row)
    with pytest.raises(ValidationError):
        actions.approve(second, row)
    row.refresh_from_db()
    assert row.state == "proposed"


def test_the_system_proposes_and_approves_nothing(office):
    row = actions.draft(office, text=text())
    with pytest.raises(Denied):
        actions.propose(SYSTEM, row)
    with pytest.raises(Denied):
        actions.approve(SYSTEM, actions.propose(office, row))


def test_whoever_wrote_it_does_not_approve_it(office, second):
    row = actions.propose(second, actions.draft(office, text=text(start=f"{TODAY()}")))
    with pytest.raises(ValidationError):
        actions.approve(office, row)


def test_overlapping_validity_is_refused_unless_it_supersedes(office, second):
    published()
    row = actions.draft(office, text=text("2", start=f"{TODAY()}"))
    with pytest.raises(ValidationError, match="1"):
        actions.propose(office, row)
    row = actions.save_draft(office, row, text=text("2", start=f"{TODAY()}", supersedes="1"))
    actions.approve(second, actions.propose(office, row))
    assert Standard.objects.for_day(URN, TODAY()).version == "2"
    assert Standard.objects.for_day(URN, TODAY() - dt.timedelta(days=1)).version == "1"
    third = actions.draft(office, text=text("3", start=f"{TODAY() + dt.timedelta(days=9)}", supersedes="2"))
    assert actions.propose(office, third).state == "proposed", "an edition replaced long ago is no obstacle"


def test_a_correction_for_the_past_needs_a_decision_and_names_what_it_touches(office, second, bank):
    published()
    done = submitted(office, bank["O1"])
    begun(office, bank["O2"])
    row = proposed(office, sign=20)
    assert row.revision == 2
    with pytest.raises(ValidationError) as caught:
        actions.approve(second, row)
    assert "doc_no" in caught.value.message_dict
    approved = actions.approve(second, row, doc_no="示例〔2026〕9号")
    assert approved.touched == (done.pk,)
    assert Standard.objects.for_day(URN, timezone.localdate()) == approved.edition
    before = approved.edition.published_at - dt.timedelta(microseconds=1)
    assert Standard.objects.for_day(URN, timezone.localdate(), before).revision == 1
    assert Sheet.objects.get(pk=done.pk).standard.revision == 1


def test_refusing_sends_it_back_with_a_reason(office, second):
    row = proposed(office)
    with pytest.raises(ValidationError):
        actions.refuse(second, row, reason=" ")
    back = actions.refuse(second, row, reason="分值不对")
    assert (back.state, back.note, back.proposed_by) == ("draft", "分值不对", None)


def test_withdrawn_counts_no_more_but_stays(office, second, bank):
    row = published()
    begun(office, bank["O1"])
    with pytest.raises(ValidationError):
        actions.ask_withdrawal(office, row, reason="停用")
    actions.void_sheet(office, Sheet.objects.get(), reason="误建")
    moment = timezone.now()
    assert actions.ask_withdrawal(office, row, reason="停用").ending
    assert Standard.objects.for_day(URN, TODAY()) == row, "until a second person acts it counts"
    gone = actions.withdraw(second, row)
    assert (gone.state, gone.note, gone.withdrawn_by) == ("withdrawn", "停用", second)
    assert Standard.objects.for_day(URN, TODAY()) is None
    assert Standard.objects.for_day(URN, TODAY(), moment) == row
    assert actions.withdraw(office, actions.draft(office, text=text("2")), reason="不要了").withdrawn_at


def test_install_is_once_for_each_content(office):
    first = published()
    assert published().pk == first.pk
    assert (first.origin, first.state, first.revision) == ("catalog", "published", 1)
    with pytest.raises(ValidationError):
        published(sign=30)
    with pytest.raises(Denied):
        actions.install(office, text=text("2", start="2031-01-01", supersedes="1"), origin="catalog")
    with pytest.raises(rules.NotAStandard):
        actions.install(SYSTEM, text="id: x", origin="catalog")


def test_a_beginning_long_ago_is_a_slip_of_the_pen(office):
    with pytest.raises(ValidationError):
        proposed(office, start="0202-01-01")


@pytest.mark.parametrize("field", ["text", "sha256", "from_date", "version", "published_at"])
def test_the_database_keeps_what_is_published(field):
    row = published()
    change = {"from_date": dt.date(2021, 1, 1), "published_at": None}.get(field, "x")
    with pytest.raises(DatabaseError), transaction.atomic():
        Standard.objects.filter(pk=row.pk).update(**{field: change})
    with pytest.raises(DatabaseError), transaction.atomic():
        Standard.objects.filter(pk=row.pk).delete()
    Standard.objects.filter(pk=row.pk).update(note="a note is free")
    assert not frozen.missing(connection)


def test_a_text_changed_behind_the_triggers_is_seen_when_it_is_read():
    row = published()
    frozen.lift(connection)
    try:
        assert set(frozen.missing(connection)) >= {"standards_standard_settled"}
        Standard.objects.filter(pk=row.pk).update(text=row.text.replace("标牌", "招牌"))
    finally:
        frozen.install(connection)
    with pytest.raises(queries.NotGenuine):
        queries.standard_of(Standard.objects.get(pk=row.pk))


def test_drafts_are_for_those_who_work_on_them(office, person_in):
    draft, there = actions.draft(office, text=text("2")), published()
    teller = person_in("teller", "O1")
    assert set(queries.editions_for(office)) == {draft, there}
    assert set(queries.editions_for(teller)) == {there}
    assert queries.edition_by_id(teller, there.pk) == there
    with pytest.raises(OutOfScope):
        queries.edition_by_id(teller, draft.pk)
    assert not queries.editions_for(person_in("system_admin", "HO")).exists()


def test_in_force_names_one_edition_of_each_standard():
    published()
    published(version="2", start="2025-01-01", supersedes="1")
    assert [row.version for row in queries.in_force(TODAY())] == ["2"]
    assert [row.version for row in queries.in_force(dt.date(2024, 12, 31))] == ["1"]
    assert queries.in_force(dt.date(2019, 12, 31)) == []
