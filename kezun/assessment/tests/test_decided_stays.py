"""What was decided stays as it was decided: plain SQL against it is refused by the database itself."""

from __future__ import annotations

import datetime as dt

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from kezun.assessment.actions import appeals, honours, leads, ledger
from kezun.assessment.models import Appeal, Award, Lead, Listing, Merit, Round, Score
from kezun.assessment.running import run
from kezun.assessment.tests import world
from kezun.kernel.frozen import FROZEN, missing

pytestmark = pytest.mark.django_db
DAY = dt.date(2026, 4, 1)
NOW = "2027-01-01 00:00:00"


def sql(statement, *values):
    """Plain SQL in a savepoint of its own, so that the next one can be tried as well."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, values)
        return cursor.rowcount


def refused(statement, *values):
    with pytest.raises(DatabaseError, match="never changed"):
        sql(statement, *values)


def row_of(table, pk):
    """A row of the database as it stands, by column."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT * FROM {table} WHERE id = %s", [pk])
        return dict(zip([one[0] for one in cursor.description], cursor.fetchone(), strict=True))


def set_to(table, row, **changes):
    """Each change alone by plain SQL would have been one; all are refused, and the row is as it was."""
    before = row_of(table, row.pk)
    for column, value in changes.items():
        assert before[column] != value, column
        refused(f'UPDATE {table} SET "{column}" = %s WHERE id = %s', value, row.pk)
    refused(f"DELETE FROM {table} WHERE id = %s", row.pk)
    assert row_of(table, row.pk) == before


@pytest.fixture
def score(judged, bank):
    made = run(world.US, judged, "2026-03", opens=True)
    Round.objects.filter(pk=made.round_id).update(
        state="appeal", appeal_until_date=timezone.localdate() + dt.timedelta(days=5)
    )
    return Score.objects.select_related("run__round").get(run=made, unit=bank["O1"])


@pytest.fixture
def filed(score):
    return appeals.file_appeal(world.US, score, rule="csat", grounds="评价器当天断网两小时")


@pytest.mark.parametrize("upheld", [True, False])
def test_a_decided_appeal(filed, upheld):
    sql("UPDATE assessment_appeal SET grounds = %s WHERE id = %s", "改写过的理由，还没裁决", filed.pk)
    told = {"remedy": "data", "remedy_ref": "7号"} if upheld else {}
    held = appeals.decide_appeal(world.US, filed, upheld=upheld, decision="核对录像与设备记录后认定", **told)
    set_to(
        *("assessment_appeal", held),
        **{"state": "filed", "decision": "另一个结论", "grounds": "x", "rule": "answered", "level": 1},
        **{"decided_at": NOW, "doc_no": "9号", "remedy_ref": "8号", "filed_at": NOW},
    )
    refused("UPDATE assessment_appeal SET decided_at = NULL WHERE id = %s", held.pk)
    assert Appeal.objects.get(pk=held.pk).decision == "核对录像与设备记录后认定"


def test_a_withdrawn_appeal_was_never_decided_and_its_documents_stay(filed):
    from tests.judged import _document

    paper = appeals.prove_appeal(world.US, filed, file=_document())
    set_to("assessment_appealfile", paper, at=NOW)
    gone = appeals.withdraw_appeal(world.US, filed)
    assert (gone.state, gone.decided_at, gone.decided_by) == ("withdrawn", None, None)
    with pytest.raises(ValidationError, match="撤回"):
        appeals.prove_appeal(world.US, gone, file=_document())
    assert [one.pk for one in gone.files.all()] == [paper.pk]
    set_to("assessment_appealfile", paper, at=NOW)


@pytest.mark.parametrize("outcome", ["explained", "confirmed"])
def test_a_decided_lead(own_home, bank, outcome):
    figures = {"k": 9, "n": 30, "expected": 0.01, "p": 1e-9, "q": 1e-8, "fact": "rating"}
    lead = Lead.objects.create(signal="rating.orphan", unit=bank["O1"], from_date=DAY, to_date=DAY, **figures)
    sql("UPDATE assessment_lead SET k = 10 WHERE id = %s", lead.pk)
    leads.decide_lead(world.US, lead, outcome=outcome, note="设备重启后补传")
    set_to(
        *("assessment_lead", lead),
        **{"state": "open", "note": "改", "k": 1, "n": 31, "p": 0.5, "signal": "rating.burst"},
        **{"decided_at": NOW, "found_at": NOW, "fact": "ticket"},
    )
    kept = Lead.objects.get(pk=lead.pk)
    assert (kept.state, kept.note, kept.k, kept.n) == (outcome, "设备重启后补传", 10, 30)
    assert kept.decided_at is not None


def listed(score, colour="red"):
    return Listing.objects.create(
        run=score.run, score=score, colour=colour, unit=score.unit, probability=0.99, why=[{"p": 0.99}]
    )


def test_an_entry_of_a_list_from_the_confirmation_to_the_drop(score):
    entry = listed(score)
    sql("UPDATE assessment_listing SET probability = 0.98 WHERE id = %s", entry.pk)
    entry = honours.confirm_listing(world.US, entry, note="核实无误")
    confirmed = {"probability": 0.5, "note": "改", "colour": "black", "why": "[]", "decided_at": NOW}
    set_to("assessment_listing", entry, **confirmed)
    with pytest.raises(IntegrityError):
        sql("UPDATE assessment_listing SET state = 'proposed' WHERE id = %s", entry.pk)
    entry = honours.publish_listing(world.US, entry, audience="bank")
    set_to("assessment_listing", entry, **confirmed, audience="subject", until_date=DAY, published_at=NOW)
    with pytest.raises(IntegrityError):
        sql("UPDATE assessment_listing SET state = 'confirmed' WHERE id = %s", entry.pk)
    entry = honours.drop_listing(world.US, entry, note="数据有误")
    set_to("assessment_listing", entry, **confirmed, state="published", ended_why="改", ended_at=NOW)
    entry.refresh_from_db()
    assert (entry.note, entry.ended_why, entry.state) == ("核实无误", "数据有误", "dropped")


def test_an_entry_is_never_dropped_without_reason_or_moment(score):
    entry = listed(score)
    for change in ("state = 'dropped'", f"state = 'dropped', ended_at = '{NOW}'", f"ended_at = '{NOW}'"):
        with pytest.raises(IntegrityError):
            sql(f"UPDATE assessment_listing SET {change} WHERE id = %s", entry.pk)
    entry.refresh_from_db()
    assert (entry.state, entry.ended_at, entry.ended_why) == ("proposed", None, "")


@pytest.fixture
def star(own_home, bank):
    told = {"kind": "star", "level": 3, "from_date": DAY, "to_date": DAY.replace(year=2027)}
    return honours.propose_award(world.US, bank["O1"], **told)


def test_a_granted_award(star):
    sql("UPDATE assessment_award SET level = 4 WHERE id = %s", star.pk)
    held = honours.grant_award(world.US, star, doc_no="12号")
    granted = {"level": 5, "kind": "title", "title": "改", "doc_no": "13号", "from_date": "2026-01-01"}
    set_to("assessment_award", held, **granted, why="[1]", decided_at=NOW)
    with pytest.raises(IntegrityError):
        sql("UPDATE assessment_award SET state = 'proposed' WHERE id = %s", held.pk)
    assert sql("UPDATE assessment_award SET to_date = '2026-12-31' WHERE id = %s", held.pk) == 1
    held = honours.revoke_award(world.US, held, reason="投诉经核实")
    set_to(
        "assessment_award", held, **granted, to_date="2028-01-01", state="granted", reason="", ended_at=NOW
    )


def test_a_refused_award(star):
    held = honours.refuse_award(world.US, star, reason="任职未满一年")
    set_to("assessment_award", held, state="granted", reason="改", level=5, ended_at=NOW)
    assert Award.objects.get(pk=held.pk).ended_at is not None


def entered(bank, **more):
    told = {"kind": "complaint", "level": "一般", "occurred_date": dt.date(2026, 3, 5), "title": "投诉"}
    return ledger.enter_merit(world.US, bank["O1"], **(told | more))


def test_a_confirmed_entry_of_the_ledger(own_home, bank):
    entry = entered(bank)
    sql("UPDATE assessment_merit SET title = %s WHERE id = %s", "改过的标题", entry.pk)
    entry = ledger.confirm_merit(world.US, entry)
    confirmed = {
        "level": "重大",
        "title": "改",
        "occurred_date": "2026-03-06",
        "incident": "I9",
        "kind": "praise",
    }
    set_to("assessment_merit", entry, **confirmed, confirmed_at=NOW, note="改")
    with pytest.raises(IntegrityError):
        sql("UPDATE assessment_merit SET state = 'entered' WHERE id = %s", entry.pk)
    assert (
        ledger.attribute_merit(world.US, entry, responsibility="shared", reason="共同责任").facts_at is None
    )
    entry = ledger.void_merit(world.US, entry, reason="重复录入")
    set_to("assessment_merit", entry, **confirmed, state="confirmed", responsibility="none", reason="改")
    assert ledger.publish_merits(world.US, keys=[str(entry.key)]) == 1
    assert Merit.objects.get(pk=entry.pk).facts_at is not None


def test_an_entry_void_before_it_was_confirmed_stays_void(own_home, bank):
    entry = ledger.void_merit(world.US, entered(bank), reason="录错机构")
    set_to("assessment_merit", entry, state="entered", reason="改", ended_at=NOW)
    entry.refresh_from_db()
    assert (entry.state, entry.reason, entry.confirmed_at) == ("void", "录错机构", None)
    with pytest.raises(ValidationError, match="作废"):
        ledger.confirm_merit(world.US, entry)


def test_all_of_it_is_in_the_database():
    own = {frozen.table for frozen in FROZEN.values() if frozen.table.startswith("assessment_")}
    assert {
        *("assessment_appeal", "assessment_appealfile", "assessment_award", "assessment_lead"),
        *("assessment_listing", "assessment_merit", "assessment_meritfile", "assessment_replay"),
        *("assessment_run", "assessment_scheme", "assessment_score"),
    } == own
    assert missing(connection) == []
