"""Rows written by statements that are made once: the same rows as `save` would leave, several at a time."""

import datetime as dt

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.utils import timezone

from kezun.kernel.models import Task
from kezun.kernel.rows import insert, update

NOW = dt.datetime(2026, 6, 30, 9, 0, 0, 123456, tzinfo=dt.UTC)


def task(number):
    return Task(
        name=f"do «{number}»", arguments={"n": number, "字": [None, 1.5]}, due_at=NOW, finished_at=None
    )


def plain(one):
    return [getattr(one, field.attname) for field in Task._meta.concrete_fields]


def test_several_rows_take_one_statement_and_each_gets_its_key(db, django_assert_num_queries):
    made = [task(number) for number in range(3)]
    with django_assert_num_queries(1):
        insert(*made)
    assert len({one.pk for one in made}) == 3
    for one in made:
        assert not one._state.adding
        assert one.created_at <= timezone.now(), "what a field sets by itself is set"
        assert plain(Task.objects.get(pk=one.pk)) == plain(one)


def test_none_at_all_takes_no_statement(db, django_assert_num_queries):
    with django_assert_num_queries(0):
        insert()


def test_a_row_that_may_not_be_takes_the_others_with_it(db):
    with pytest.raises(IntegrityError), transaction.atomic():
        insert(task(1), Task(name="no moment", due_at=None))
    assert not Task.objects.exists()


def test_only_the_named_fields_are_written(db, django_assert_num_queries):
    one = task(1)
    insert(one)
    one.name, one.attempts, one.arguments = "other", 7, {"n": 9}
    with django_assert_num_queries(1):
        update(one, "attempts", "arguments")
    kept = Task.objects.get(pk=one.pk)
    assert (kept.name, kept.attempts, kept.arguments) == ("do «1»", 7, {"n": 9})


def test_a_row_that_is_gone_or_a_field_that_is_none_is_told(db):
    one = task(1)
    insert(one)
    Task.objects.all().delete()
    with pytest.raises(DatabaseError, match="not there"):
        update(one, "attempts")
    with pytest.raises(ValueError, match="atempts"):
        update(one, "atempts")
