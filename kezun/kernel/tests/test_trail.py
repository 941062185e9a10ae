"""The trail: entries with what they record, keys, guard."""

import json
import threading

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.db.transaction import TransactionManagementError

from kezun.kernel import guard, trail
from kezun.kernel.models import TrailEntry, TrailHead
from kezun.kernel.rules import chain_digest, sealed, shard_of
from kezun.kernel.verify import verify


@pytest.mark.django_db
def test_an_entry_says_who_what_and_when_and_is_chained(home, settings):
    first = trail.write("person:1", "org.move_unit", "org.unit:9", {"to": "客"})
    second = trail.write("person:1", "org.move_unit")
    shard = shard_of("person:1", settings.KEZUN_TRAIL_SHARDS)
    assert (first.shard, first.position, second.position) == (shard, 1, 2)
    assert json.loads(first.detail) == {
        **{"actor": "person:1", "verb": "org.move_unit", "target": "org.unit:9", "detail": {"to": "客"}},
        **{"shard": shard, "position": 1, "via": "sha256", "at": first.at.isoformat()},
    }
    assert second.digest == chain_digest(trail.key(), first.digest, second.detail)
    head = TrailHead.objects.get(shard=shard)
    assert (head.count, head.head) == (2, second.digest)
    assert sealed(trail.key(), shard, 2, second.digest, head.seal)
    assert verify().intact


@pytest.mark.django_db
def test_a_write_takes_three_statements(home, django_assert_num_queries):
    trail.write("person:1", "a.b")
    with django_assert_num_queries(3):
        trail.write("person:1", "a.b")


@pytest.mark.django_db(transaction=True)
def test_an_entry_outside_a_transaction_is_refused(home):
    with pytest.raises(TransactionManagementError):
        trail.write("person:1", "a.b")


@pytest.mark.django_db(transaction=True)
def test_what_is_rolled_back_was_never_written(home):
    def half():
        with transaction.atomic():
            trail.write("person:1", "a.b")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        half()
    assert not TrailEntry.objects.exists()
    with transaction.atomic():
        trail.write("person:1", "a.b")
    assert TrailEntry.objects.get().position == 1


@pytest.mark.django_db
def test_the_other_algorithm_can_be_chosen_in_the_middle(home, settings):
    trail.write("person:1", "a.b")
    settings.KEZUN_TRAIL_DIGEST = "sm3"
    entry = trail.write("person:1", "a.b")
    settings.KEZUN_TRAIL_DIGEST = "sha256"
    trail.write("person:1", "a.b")
    assert json.loads(entry.detail)["via"] == "sm3"
    assert verify().intact


def test_an_unknown_algorithm_is_refused_with_a_clear_message(settings):
    settings.KEZUN_TRAIL_DIGEST = "md5"
    with pytest.raises(ImproperlyConfigured, match=r"md5.*sha256"):
        trail.algorithm()


@pytest.mark.django_db
def test_the_key_is_made_once_and_kept_to_its_owner(home):
    assert len(trail.key()) == 32
    path = home / "keys" / "trail.key"
    assert path.stat().st_mode & 0o777 == 0o600
    first = trail.key()
    trail._key_at.cache_clear()
    assert trail.key() == first
    assert [p.name for p in path.parent.iterdir()] == ["trail.key"]


@pytest.mark.django_db
def test_processes_that_start_together_agree_on_one_key(home):
    keys, gate = [], threading.Barrier(4)
    path = home / "keys" / "trail.key"

    def start():
        gate.wait()
        keys.append(trail._key_at.__wrapped__(path))

    threads = [threading.Thread(target=start) for _ in range(4)]
    trail_exists = TrailEntry.objects.exists
    assert not trail_exists()
    import unittest.mock

    with unittest.mock.patch.object(trail.TrailEntry, "objects") as objects:
        objects.exists.return_value = False
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(keys) == 4
    assert len(set(keys)) == 1


@pytest.mark.django_db
def test_a_lost_key_is_never_replaced_by_a_new_one(home):
    trail.write("person:1", "a.b")
    (home / "keys" / "trail.key").unlink()
    trail._key_at.cache_clear()
    with pytest.raises(ImproperlyConfigured, match="backup"):
        trail.key()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE kernel_trailentry SET actor = 'person:2'",
        "UPDATE kernel_trailentry SET detail = detail",
        "DELETE FROM kernel_trailentry",
        "UPDATE kernel_trailhead SET count = count - 1",
        "UPDATE kernel_trailhead SET head = 'x'",
        "UPDATE kernel_trailhead SET shard = shard + 1",
        "DELETE FROM kernel_trailhead",
    ],
)
def test_the_guard_refuses_plain_sql(home, statement):
    trail.write("person:1", "a.b")
    with (
        pytest.raises(DatabaseError, match="trail"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(statement)
    assert verify().intact


@pytest.mark.django_db
def test_the_guard_refuses_the_orm_too(home):
    entry = trail.write("person:1", "a.b")
    for attempt in (entry.delete, lambda: TrailEntry.objects.update(verb="x"), entry.save):
        with pytest.raises(DatabaseError), transaction.atomic():
            attempt()


@pytest.mark.django_db
def test_a_missing_guard_is_noticed_and_put_back():
    assert guard.missing(connection) == []
    guard.lift(connection)
    assert "trail_entry_update" in guard.missing(connection)
    guard.install(connection)
    guard.install(connection)
    assert guard.missing(connection) == []


@pytest.mark.django_db(transaction=True)
def test_emptying_the_database_is_for_tests_only(home, settings):
    with transaction.atomic():
        trail.write("person:1", "a.b")
    settings.TESTING = False
    with pytest.raises(CommandError, match="append-only"):
        call_command("flush", interactive=False, verbosity=0)
    settings.TESTING = True
    assert TrailEntry.objects.count() == 1
    call_command("flush", interactive=False, verbosity=0)
    assert TrailEntry.objects.count() == 0
    assert guard.missing(connection) == []


@pytest.mark.django_db
def test_a_target_of_any_length_fits_and_is_sealed_as_it_is_stored(home):
    entry = trail.write("person:1", "a.b", "x\x00\r\n" + "y" * 500)
    entry.refresh_from_db()
    assert entry.target == "x" + "y" * 119
    assert verify().intact
