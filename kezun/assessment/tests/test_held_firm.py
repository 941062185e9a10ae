"""Nothing of the future is known, nobody publishes alone, what is settled stays, replays look closely."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, transaction
from django.utils import timezone

from kezun.assessment import upkeep
from kezun.assessment.actions import ledger, runs, schemes
from kezun.assessment.models import Listing, Merit, Run, Scheme, Score
from kezun.assessment.queries import scorecard, scores_for
from kezun.assessment.replaying import replay
from kezun.assessment.running import run as run_now
from kezun.assessment.tests import world
from kezun.kernel.actor import Denied
from kezun.kernel.models import TrailEntry
from kezun.org.models import Assignment, BusinessLine

pytestmark = pytest.mark.django_db
DEDUCTION = {"id": "D1", "title": "投诉", "event": "complaint", "points": {"default": 1}, "cap": 5}


@pytest.fixture
def plain(own_home, bank):
    """A scheme with something to judge at O1 in March."""
    with world.together():
        world.served("O1", "2026-03-10", 60)
        world.rated("O1", "2026-03-10", 57, 3)
    return world.installed(world.scheme_text())


@pytest.mark.parametrize("period", ["2026-13", "yesterday", "", "2026-Q5"])
def test_a_period_that_is_none_is_said_and_not_crashed_on(plain, period):
    with pytest.raises(ValidationError) as refused:
        runs.run(world.US, plain, period=period, kind=Run.Kind.PROVISIONAL)
    assert list(refused.value.message_dict) == ["period"]
    assert not Run.objects.exists()


def test_nothing_is_known_of_the_future(plain):
    """A run «as known next week» would be another one next week."""
    with pytest.raises(ValidationError) as refused:
        runs.run(
            world.US,
            plain,
            period="2026-03",
            kind=Run.Kind.PROVISIONAL,
            known_at=timezone.now() + dt.timedelta(days=7),
        )
    assert list(refused.value.message_dict) == ["known_at"]


def test_a_person_cannot_publish_a_scheme_alone(plain, person_in):
    office = person_in("service_office", "HO")
    with pytest.raises(Denied):
        schemes.install_scheme(office, text=world.scheme_text(version="9"), origin="cli")
    assert not Scheme.objects.filter(version="9").exists()


def test_whoever_wrote_last_does_not_approve(plain, person_in):
    author, helper = person_in("service_office", "HO"), person_in("service_office", "CC")
    text = world.scheme_text(id="urn:kezun:scheme:new", valid={"from": "2099-01-01"})
    draft = schemes.draft_scheme(author, text=text)
    schemes.save_scheme(helper, draft, text=text.replace("试行方案", "改过的方案"))
    schemes.propose_scheme(author, draft)
    with pytest.raises(ValidationError):
        schemes.approve_scheme(helper, draft, doc_no="1号")
    with pytest.raises(ValidationError):
        schemes.approve_scheme(author, draft, doc_no="1号")
    third = person_in("service_office", "P1")
    assert schemes.approve_scheme(third, draft).state == "published"


def test_the_decision_named_in_the_text_is_kept(plain, person_in):
    author, other = person_in("service_office", "HO"), person_in("service_office", "CC")
    approval = {"doc_no": "示例〔2026〕1号", "by": "领导小组"}
    text = world.scheme_text(id="urn:kezun:scheme:new", valid={"from": "2099-01-01"}, approval=approval)
    draft = schemes.propose_scheme(author, schemes.draft_scheme(author, text=text))
    assert schemes.approve_scheme(other, draft).doc_no == "示例〔2026〕1号"


def test_a_replay_finds_a_score_that_was_changed_behind_its_back(plain):
    made = run_now(world.US, plain, "2026-03")
    row = Score.objects.filter(run=made, score__isnull=False).first()
    world.forged(lambda: Score.objects.filter(pk=row.pk).update(score=row.score + 5))
    found = replay(made)
    assert not found.equal
    assert [(d.subject, d.line) for d in found.differences] == [(row.subject, "score")]
    assert found.differences[0].then == str(row.score + 5)


@pytest.mark.parametrize(("column", "value"), [("grade", "金"), ("rank", 99), ("tier", 77), ("group", "X")])
def test_a_replay_finds_every_column_that_was_changed(plain, column, value):
    made = run_now(world.US, plain, "2026-03")
    row = Score.objects.filter(run=made, rank__isnull=False).first()
    world.forged(lambda: Score.objects.filter(pk=row.pk).update(**{column: value}))
    assert [d.subject for d in replay(made).differences] == [row.subject]


def test_a_replay_finds_a_score_that_was_taken_away_or_put_in(plain):
    made = run_now(world.US, plain, "2026-03")
    gone = Score.objects.filter(run=made).first()
    world.forged(lambda: Score.objects.filter(pk=gone.pk).delete())
    found = replay(made)
    assert [(d.subject, d.then) for d in found.differences] == [(gone.subject, "")]
    gone.pk = None
    gone.subject = "unit:999999"
    gone.save(force_insert=True)
    assert {d.subject for d in replay(made).differences} >= {"unit:999999"}


def test_the_group_of_a_settled_score_is_settled_too(plain):
    made = run_now(world.US, plain, "2026-03")
    with pytest.raises(DatabaseError), transaction.atomic():
        Score.objects.filter(run=made).update(group="elsewhere")


@pytest.fixture
def entry(own_home, bank, person_in):
    """A complaint at O1, confirmed and published."""
    made = ledger.enter_merit(
        person_in("outlet_manager", "O1"),
        bank["O1"],
        kind="complaint",
        level="重大",
        occurred_date=timezone.localdate(),
        title="客户甲投诉柜员乙",
    )
    ledger.confirm_merit(person_in("unit_head", "P1"), made)
    upkeep.publish_entries([Merit.objects.get(pk=made.pk)])
    return Merit.objects.get(pk=made.pk)


def test_a_correction_whose_task_failed_is_published_after_all(entry, person_in):
    assert entry.facts_at is not None
    head = person_in("unit_head", "P1")
    ledger.attribute_merit(head, entry, responsibility="none", reason="客户甲误会")
    assert Merit.objects.get().facts_at is None
    upkeep.publish_left()
    assert Merit.objects.get().facts_at is not None
    ledger.void_merit(head, entry, reason="重复登记")
    assert Merit.objects.get().facts_at is None
    upkeep.publish_left()
    assert Merit.objects.get().facts_at is not None


def test_names_in_titles_and_reasons_stay_out_of_the_trail(entry, person_in):
    ledger.attribute_merit(person_in("unit_head", "P1"), entry, responsibility="none", reason="客户甲误会")
    ledger.void_merit(person_in("unit_head", "P1"), entry, reason="与客户甲核实")
    told = "".join(str(detail) for detail in TrailEntry.objects.values_list("detail", flat=True))
    assert "客户甲" not in told
    assert Merit.objects.get().reason == "与客户甲核实"


def test_a_head_does_not_clear_the_own_unit(own_home, bank, person_in):
    made = ledger.enter_merit(
        world.US,
        bank["P1"],
        kind="complaint",
        level="重大",
        occurred_date=timezone.localdate(),
        title="分行被媒体曝光",
    )
    own, above = person_in("unit_head", "P1"), person_in("unit_head", "HO")
    for refused in (
        lambda: ledger.confirm_merit(own, made),
        lambda: ledger.attribute_merit(own, made, responsibility="none", reason="无责"),
        lambda: ledger.void_merit(own, made, reason="无此事"),
    ):
        with pytest.raises(ValidationError):
            refused()
    assert ledger.confirm_merit(above, made).state == "confirmed"


def test_a_business_line_is_seen_by_whoever_sees_the_whole_bank(own_home, bank, person_in):
    line = BusinessLine.objects.create(code="personal", name="个人")
    teller = person_in("teller", "O1")
    Assignment.objects.filter(person=teller).update(line=line)
    world.rated("O1", "2026-03-10", 20, person=teller.code)
    made = run_now(world.US, world.installed(world.scheme_text(subject={"kind": "line"})), "2026-03")
    runs.show_run(world.US, made)
    office, head = person_in("service_office", "HO"), person_in("unit_head", "P1")
    assert [s.line_id for s in scores_for(office, made)] == [line.pk]
    assert not scores_for(head, made).exists()
    assert scorecard(office, made, "personal").code == "personal"
    limited = person_in("analyst", "HO")
    other = BusinessLine.objects.create(code="corporate", name="公司")
    Assignment.objects.filter(person=limited).update(line=other)
    assert not scores_for(limited, made).exists()


def test_an_interval_ends_where_the_total_does(plain):
    made = run_now(world.US, plain, "2026-03")
    rows = Score.objects.filter(run=made, score__isnull=False)
    assert rows
    for row in rows:
        assert Decimal(0) <= row.low <= row.score <= row.high <= Decimal(100)


def test_lists_are_empty_until_rules_are_applied(plain):
    run_now(world.US, plain, "2026-03")
    assert not Listing.objects.exists()


def test_one_person_alone_shows_no_run(plain, person_in):
    """Without the steps of its round nothing is shown; a restated run is shown by whoever did not begin
    it."""
    office, second = person_in("service_office", "HO"), person_in("service_office", "CC")
    made = run_now(office, plain, "2026-03", opens=True)
    for who in (office, second):
        with pytest.raises(ValidationError):
            runs.show_run(who, made)
    again = run_now(
        office, plain, "2026-03", kind=Run.Kind.RESTATED, decision="示例〔2026〕9号", reason="补录"
    )
    with pytest.raises(ValidationError):
        runs.show_run(office, again)
    assert runs.show_run(second, again).shown_at is not None
    guess = run_now(office, plain, "2026-03", what_if={"components.csat.weight": "10"})
    with pytest.raises(ValidationError):
        runs.show_run(world.US, guess)
