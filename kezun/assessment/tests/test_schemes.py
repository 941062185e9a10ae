"""The texts of schemes on their way: drafted, sent, refused, approved by another, withdrawn, installed."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, transaction
from django.utils import timezone

from kezun.assessment import shipped
from kezun.assessment.actions import schemes as actions
from kezun.assessment.models import Run, Scheme
from kezun.assessment.rules.reading import NotAScheme, digest, read
from kezun.assessment.tests.world import US, installed, scheme_text, served, together
from kezun.kernel.actor import Denied
from kezun.org.models import Post
from kezun.standards import approval

pytestmark = pytest.mark.django_db
LATER = {"from": "2199-01-01"}


@pytest.fixture
def office(own_home, bank, person_in):
    return person_in("service_office", "HO")


@pytest.fixture
def second(office, bank, person_in):
    from kezun.org.models import Assignment, Person

    person = Person.objects.create(code="second", username="second", name="乙", home_unit=bank["HO"])
    Assignment.objects.create(person=person, unit=bank["HO"], post=Post.objects.get(code="service_office"))
    return person


def test_two_persons_publish(office, second):
    draft = actions.draft_scheme(office, text=scheme_text(valid=LATER), note="first")
    assert (draft.state, draft.subject, draft.sha256) == (
        "draft",
        "outlet",
        digest(read(scheme_text(valid=LATER))),
    )
    sent = actions.propose_scheme(office, draft)
    with pytest.raises(ValidationError):
        actions.approve_scheme(office, sent)
    made = actions.approve_scheme(second, sent, doc_no="1号")
    assert (made.state, made.approved_by, made.doc_no) == ("published", second, "1号")
    assert Scheme.objects.for_day(made.urn, dt.date(2199, 1, 1)) == made


def test_what_begins_in_the_past_needs_a_decision(office, second):
    sent = actions.propose_scheme(office, actions.draft_scheme(office, text=scheme_text()))
    with pytest.raises(ValidationError) as refused:
        actions.approve_scheme(second, sent)
    assert "doc_no" in refused.value.message_dict
    assert actions.approve_scheme(second, sent, doc_no="1号").published_at <= timezone.now()


def test_a_published_text_never_changes(office, second):
    made = installed(scheme_text())
    with pytest.raises(ValidationError):
        actions.save_scheme(office, made, text=scheme_text(title="x"))
    with pytest.raises(DatabaseError), transaction.atomic():
        Scheme.objects.filter(pk=made.pk).update(text="x")
    with pytest.raises(DatabaseError), transaction.atomic():
        made.delete()


def test_a_draft_is_saved_over_and_over_but_not_over_anothers(office):
    draft = actions.draft_scheme(office, text=scheme_text())
    seen = approval.stamp(draft.text)
    saved = actions.save_scheme(office, draft, text=scheme_text(title="二"), seen=seen)
    assert saved.title == "二"
    with pytest.raises(ValidationError):
        actions.save_scheme(office, draft, text=scheme_text(title="三"), seen=seen)
    renamed = actions.save_scheme(office, draft, text=scheme_text(version="2030.1"))
    assert (renamed.version, renamed.revision) == ("2030.1", 1)
    assert actions.draft_scheme(office, text=scheme_text(version="2030.1")).revision == 2


def test_a_draft_may_have_mistakes_but_is_not_sent_with_them(office):
    wrong = scheme_text().replace("weight: 60", "weight: 61")
    draft = actions.draft_scheme(office, text=wrong)
    assert (draft.urn, draft.version, draft.title) == ("urn:kezun:scheme:test", "2026.1", "试行方案")
    with pytest.raises(ValidationError) as refused:
        actions.propose_scheme(office, draft)
    assert "101" in refused.value.messages[0]
    nameless = "schema: kezun.scheme/1"
    with pytest.raises(ValidationError):
        actions.draft_scheme(office, text=nameless)
    assert actions.save_scheme(office, draft, text="a: [").urn == "urn:kezun:scheme:test"
    with pytest.raises(ValidationError):
        actions.draft_scheme(office, text="x" * (actions.LONGEST + 1))


def test_many_mistakes_are_told_in_part(office):
    many = "".join(f"k{n}: 1\n" for n in range(60))
    draft = actions.draft_scheme(office, text=scheme_text() + many)
    with pytest.raises(ValidationError) as refused:
        actions.propose_scheme(office, draft)
    assert len(refused.value.messages) == approval.SHOWN + 1


def test_refused_and_withdrawn_with_a_reason(office, second):
    sent = actions.propose_scheme(office, actions.draft_scheme(office, text=scheme_text(valid=LATER)))
    with pytest.raises(ValidationError):
        actions.refuse_scheme(second, sent, reason=" ")
    back = actions.refuse_scheme(second, sent, reason="权重再议")
    assert (back.state, back.note) == ("draft", "权重再议")
    gone = actions.withdraw_scheme(office, back, reason="不再需要")
    assert (gone.state, Scheme.objects.published().exists()) == ("withdrawn", False)


def test_a_published_scheme_ends_by_two(office, second):
    row = installed(scheme_text())
    with pytest.raises(ValidationError):
        actions.withdraw_scheme(office, row, reason="改由总行统一")
    actions.ask_scheme_withdrawal(office, row, reason="改由总行统一")
    with pytest.raises(ValidationError):
        actions.withdraw_scheme(office, row)
    kept = actions.refuse_scheme_withdrawal(second, row, reason="本季仍用")
    assert (kept.state, kept.asked_by, kept.note) == ("published", None, "本季仍用")
    actions.ask_scheme_withdrawal(second, row, reason="改由总行统一")
    gone = actions.withdraw_scheme(office, row)
    assert (gone.state, gone.withdrawn_by, gone.note) == ("withdrawn", office, "改由总行统一")
    with pytest.raises(DatabaseError), transaction.atomic():
        Scheme.objects.filter(pk=row.pk).update(state="published")


def test_editions_must_not_overlap_when_sent(office):
    installed(scheme_text())
    draft = actions.draft_scheme(office, text=scheme_text(version="2026.2", valid=LATER))
    with pytest.raises(ValidationError):
        actions.propose_scheme(office, draft)
    fixed = scheme_text(version="2026.2", valid=LATER, supersedes="2026.1")
    assert actions.propose_scheme(office, actions.save_scheme(office, draft, text=fixed)).state == "proposed"


def test_installing_again_changes_nothing_and_mistakes_are_refused(own_home, bank):
    first = installed(scheme_text())
    assert actions.install_scheme(US, text=scheme_text(), origin="test") == first
    with pytest.raises(NotAScheme):
        actions.install_scheme(US, text=scheme_text(version="2026.2"), origin="test")
    assert Scheme.objects.count() == 1


def test_a_teller_writes_no_scheme(own_home, person_in):
    with pytest.raises(Denied):
        actions.draft_scheme(person_in("teller", "O1"), text=scheme_text())


def test_what_comes_with_a_folder_is_published_once_and_run(own_home, bank, tmp_path):
    (tmp_path / "a.yaml").write_text(scheme_text(), encoding="utf-8")
    nobody = scheme_text(id="urn:kezun:scheme:nobody", subject={"kind": "department"})
    (tmp_path / "b.yaml").write_text(nobody, encoding="utf-8")
    made = shipped.install_all(US, tmp_path, "pack:x")
    assert [s.origin for s in made] == ["pack:x", "pack:x"]
    assert shipped.install_all(US, tmp_path, "pack:x") == []
    assert shipped.run_all(US, made) == []
    with together():
        for day in ("2026-01-20", "2026-02-10", "2026-03-31"):
            served("O1", day, 50)
    assert [p.label for p in shipped.covered()] == ["2026-02", "2026-03"]
    found = shipped.run_all(US, made)
    assert [(r.period, r.kind, r.state) for r in found] == [
        ("2026-02", "final", "done"),
        ("2026-03", "provisional", "done"),
    ]
    assert all(r.shown_at for r in found)
    served("O1", "2026-01-01", 5)
    assert [p.label for p in shipped.covered()] == ["2026-Q1"]
    assert Run.objects.filter(state="failed").count() == 2


@pytest.mark.django_db
def test_another_text_under_a_published_version_is_refused(bank):
    first = actions.install_scheme(US, text=scheme_text(), origin="test")
    with pytest.raises(ValidationError, match=r"2026\.1"):
        actions.install_scheme(US, text=scheme_text(base=5), origin="test")
    assert Scheme.objects.get() == first
