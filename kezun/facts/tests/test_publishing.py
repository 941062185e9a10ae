"""Records of our own as facts: all or none, again without effect, another content is a correction."""

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from kezun.facts import store
from kezun.facts.importing import ImportFailed
from kezun.facts.models import Batch
from kezun.facts.publishing import NotPublished, publish
from kezun.facts.tests.importing import counts, facts
from kezun.kernel.actor import Denied, SystemActor
from kezun.kernel.file import folder
from kezun.org.models import Person

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("queue_home", "bank")]
WORKER = SystemActor("worker")
SHANGHAI = ZoneInfo("Asia/Shanghai")


def row(key="T-1", **changes):
    return {
        "source_id": key,
        "unit": "O1",
        "person": None,
        "occurred_at": dt.datetime(2026, 3, 2, 0, 30, tzinfo=SHANGHAI),
        "outcome": "served",
        "channel": "counter",
        "direction": "in",
        "wait_s": 60,
    } | changes


def refused(rows, fact="ticket"):
    with pytest.raises(NotPublished) as caught:
        publish(WORKER, fact, rows, source="floor")
    assert store.snapshot_at(fact) is None
    return caught.value.reasons


def test_a_row_becomes_a_fact_with_unit_person_and_local_day(bank, person_in):
    person_in("teller", "O1")
    done = publish(WORKER, "ticket", [row(person="teller.O1", business="cash")], source="floor")
    assert counts(done) == (1, 1, 0, 0, 0)
    columns = "source, source_id, unit, person, occurred_at, day, hour, weekday, business, wait_s, service_s"
    known = Person.objects.get(code="teller.O1").pk
    assert facts(columns) == [
        (
            "floor",
            "T-1",
            bank["O1"].pk,
            known,
            dt.datetime(2026, 3, 1, 16, 30),
            dt.date(2026, 3, 2),
            0,
            1,
            "cash",
            60,
            None,
        )
    ]
    assert Batch.objects.get().name == "floor × 1"


def test_no_row_is_no_import():
    assert counts(publish(WORKER, "ticket", [], source="floor")) == (0, 0, 0, 0, 0)
    assert not Batch.objects.exists()


def test_again_changes_nothing_and_another_content_supersedes():
    publish(WORKER, "ticket", [row(), row("T-2")], source="floor")
    first = store.snapshot_at("ticket")
    assert counts(publish(WORKER, "ticket", [row(), row("T-2")], source="floor")) == (2, 0, 2, 0, 0)
    assert store.snapshot_at("ticket") == first
    done = publish(WORKER, "ticket", [row("T-2", wait_s=90), row("T-3")], source="floor")
    assert counts(done) == (2, 1, 0, 1, 0)
    assert facts() == [("T-1", 60), ("T-2", 90), ("T-3", 60)]
    assert facts(snapshot=first) == [("T-1", 60), ("T-2", 60)]


def test_a_moment_may_come_in_any_zone():
    moment = dt.datetime(2026, 3, 1, 16, 30, 0, 250000, tzinfo=dt.UTC)
    publish(WORKER, "ticket", [row(occurred_at=moment)], source="floor")
    again = publish(WORKER, "ticket", [row(occurred_at=moment.astimezone(SHANGHAI))], source="floor")
    assert again.same == 1
    assert facts("occurred_at, day") == [(moment.replace(tzinfo=None), dt.date(2026, 3, 2))]


def test_one_bad_row_keeps_all_out_and_is_named_by_its_key():
    reasons = refused([row("T-1"), row("T-2", unit="X9"), row("T-3", outcome="lost", person="nobody")])
    assert list(reasons) == ["T-2", "T-3"]
    assert "[unknown_unit]" in reasons["T-2"]
    assert "X9" in reasons["T-2"]
    assert "[not_allowed]" in reasons["T-3"]
    assert "[unknown_person]" in reasons["T-3"]
    assert Batch.objects.get().state == Batch.State.FAILED


def test_two_contents_under_one_key_are_refused():
    reasons = refused([row("T-1"), row("T-1", wait_s=61)])
    assert list(reasons) == ["T-1"]
    assert "[key_conflict]" in reasons["T-1"]


def test_many_bad_rows_are_counted():
    with pytest.raises(NotPublished, match="5") as caught:
        publish(WORKER, "ticket", [row(f"T-{n:02d}", unit="X9") for n in range(25)], source="floor")
    assert len(caught.value.reasons) == 20


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"occurred_at": dt.datetime(2026, 3, 2, 9)}, "occurred_at"),
        ({"occurred_at": "2026-03-02"}, "occurred_at"),
        ({"wait_s": "60"}, "wait_s"),
        ({"wait_s": True}, "wait_s"),
        ({"wait_s": 2**31}, "wait_s"),
        ({"outcome": 1}, "outcome"),
        ({"unit": 7}, "unit"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_value_of_another_kind_is_named_before_anything_is_written(changes, word):
    reasons = refused([row("T-1"), row("T-2") | changes])
    assert list(reasons) == ["T-2"]
    assert word in reasons["T-2"]
    assert not Batch.objects.exists()


@pytest.mark.parametrize("missing", ["unit", "occurred_at", "outcome"])
def test_what_is_required_must_be_there(missing):
    reasons = refused([{name: value for name, value in row().items() if name != missing}])
    assert "[missing]" in reasons["T-1"]
    assert missing in reasons["T-1"]


def test_a_row_without_a_key_is_named_by_its_number():
    assert "2" in next(iter(refused([row(), row(None)])))


def test_the_source_has_a_name_and_the_actor_the_right(person_in):
    with pytest.raises(ValueError, match="source"):
        publish(WORKER, "ticket", [row()], source="")
    with pytest.raises(ValueError, match="source"):
        publish(WORKER, "ticket", [row()], source="x" * 61)
    with pytest.raises(Denied):
        publish(person_in("teller", "O1"), "ticket", [row()], source="floor")


def test_nothing_is_left_beside_the_store(monkeypatch):
    publish(WORKER, "ticket", [row()], source="floor")
    refused_rows = pytest.raises(NotPublished)
    with refused_rows:
        publish(WORKER, "ticket", [row(unit="X9")], source="floor")

    def full(*_args, **_more):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("kezun.facts.writing.write", full)
    with pytest.raises(ImportFailed):
        publish(WORKER, "ticket", [row("T-9")], source="floor")
    assert list(folder("files/incoming").iterdir()) == []
    assert facts() == [("T-1", 60)]


def test_another_source_may_use_the_same_key():
    publish(WORKER, "ticket", [row()], source="floor")
    assert publish(WORKER, "ticket", [row(wait_s=5)], source="other").new == 1
    assert sorted(facts("source, wait_s")) == [("floor", 60), ("other", 5)]
