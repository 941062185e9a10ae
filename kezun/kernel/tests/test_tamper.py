"""Random forgeries in the table itself, by Hypothesis: whatever is done to a sealed trail is found.

Each example changes the tables by plain SQL, with the guard lifted, and is rolled back.
"""

from contextlib import contextmanager

import pytest
from django.db import IntegrityError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kezun.kernel import guard
from kezun.kernel.anchor import anchor
from kezun.kernel.models import TrailEntry, TrailHead
from kezun.kernel.tests.forge import fill
from kezun.kernel.verify import verify

pytestmark = pytest.mark.django_db
SHARDS, LENGTH = 3, 8
TEXTS = ("actor", "verb", "target", "detail", "digest")
place = st.tuples(st.integers(0, SHARDS - 1), st.integers(1, LENGTH))


@contextmanager
def undone():
    """One example's changes, rolled back at its end."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def done(forgery, where, data):
    """Whether the forgery could be done: the table's own constraints refuse some of them."""
    try:
        with transaction.atomic():
            return forgery(where, data)
    except IntegrityError:
        return False


@pytest.fixture
def sealed(home):
    """A trail of three chains, anchored, and its guard lifted."""
    fill(SHARDS * LENGTH, SHARDS)
    anchor()
    assert verify().intact
    guard.lift(connection)


def at(where):
    return TrailEntry.objects.filter(shard=where[0], position=where[1])


def flip(where, data):
    """One bit of one text, kept printable so that any database stores it."""
    column = data.draw(st.sampled_from(TEXTS))
    row = at(where).values_list(column, flat=True)
    if not row:
        return False
    text = row[0]
    index = data.draw(st.integers(0, max(len(text) - 1, 0)))
    other = chr(ord(text[index]) ^ data.draw(st.sampled_from([1, 2, 4]))) if text else "x"
    if not other.isprintable():
        return False
    return at(where).update(**{column: text[:index] + other + text[index + 1 :]}) == 1


def remove(where, data):
    return at(where).delete()[0] > 0


def cut(where, data):
    return TrailEntry.objects.filter(shard=where[0], position__gte=where[1]).delete()[0] > 0


def swap(where, data):
    other = (where[0], data.draw(st.integers(1, LENGTH)))
    if other == where or not (at(where).exists() and at(other).exists()):
        return False
    at(where).update(position=9001)
    at(other).update(position=where[1])
    at((where[0], 9001)).update(position=other[1])
    return True


def move(where, data):
    return at(where).update(shard=SHARDS + 1) == 1


def double(where, data):
    """A copy of an entry behind the end of its chain."""
    row = at(where).first()
    if row is None:
        return False
    row.pk, row.position = None, LENGTH + 1 + data.draw(st.integers(0, 3))
    row.save(force_insert=True)
    return True


def shorten_head(where, data):
    row = at(where).first()
    if row is None or where[1] == LENGTH:
        return False
    return TrailHead.objects.filter(shard=where[0]).update(count=where[1], head=row.digest) == 1


def forget_head(where, data):
    return TrailHead.objects.filter(shard=where[0]).delete()[0] > 0


FORGERIES = (flip, remove, cut, swap, move, double, shorten_head, forget_head)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(FORGERIES), place, st.data())
def test_any_one_forgery_is_found(sealed, forgery, where, data):
    with undone():
        if done(forgery, where, data):
            report = verify()
            assert not report.intact, forgery.__name__
            assert {p.shard for p in report.problems} <= {where[0], SHARDS + 1}
    assert TrailEntry.objects.count() == SHARDS * LENGTH


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.sampled_from(FORGERIES[:6]), place), min_size=2, max_size=5), st.data())
def test_several_forgeries_do_not_hide_one_another(sealed, steps, data):
    written = _rows()
    with undone():
        names = [forgery.__name__ for forgery, where in steps if done(forgery, where, data)]
        if _rows() != written:  # two swaps may put everything back as it was
            assert not verify().intact, names
    assert _rows() == written


def _rows():
    columns = ("shard", "position", "at", "actor", "verb", "target", "detail", "digest")
    return sorted(TrailEntry.objects.values_list(*columns))
