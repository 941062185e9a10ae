"""Statements that are made once: the same answers as the query set gives, whatever the values."""

import datetime as dt

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.db.models import Q
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kezun.kernel import rows
from kezun.kernel.models import Task, TrailHead
from kezun.kernel.prepared import prepared

pytestmark = pytest.mark.django_db

DAY = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)
# the rows are the same for all examples: none writes
reading = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
moments = st.integers(-5, 5).map(lambda hours: DAY + dt.timedelta(hours=hours))


def heads_between(low, high, start):
    found = TrailHead.objects.filter(count__gte=low, count__lt=high).exclude(head=start)
    return found.filter(Q(seal="s") | Q(shard=7)).order_by("shard").values_list("shard", "head")


def tasks_until(moment, name):
    return Task.objects.filter(due_at__lte=moment, name=name).order_by("due_at").values_list("due_at", "name")


kept_heads = prepared((int, int, str))(heads_between)
kept_tasks = prepared((dt.datetime, str))(tasks_until)


@pytest.fixture
def heads():
    for shard in range(12):
        TrailHead.objects.create(shard=shard, count=shard % 5, head=f"h{shard % 3}", seal="st"[shard % 2])


@reading
@given(
    low=st.integers(-1, 6), high=st.integers(-1, 6), start=st.sampled_from(["h0", "h1", "", "s", "%s", "'"])
)
def test_the_same_rows_for_any_values(heads, low, high, start):
    assert kept_heads(low, high, start) == [tuple(row) for row in heads_between(low, high, start)]


@reading
@given(moment=moments)
def test_moments_go_in_and_come_out_as_moments(tasks, moment):
    found = kept_tasks(moment, "a")
    assert found == [tuple(row) for row in tasks_until(moment, "a")]
    assert all(at.tzinfo is not None and at <= moment for at, _name in found)


@pytest.fixture
def tasks():
    for hours in range(-4, 5):
        Task.objects.create(name="ab"[hours % 2], due_at=DAY + dt.timedelta(hours=hours))


def test_a_value_that_the_question_does_not_use_is_told():
    lost = prepared((int, int))(lambda low, _high: TrailHead.objects.filter(count=low).values_list("shard"))
    with pytest.raises(RuntimeError, match=r"values \[1\]"):
        lost(1, 2)


def test_a_row_is_inserted_as_save_does():
    made = Task(name="x", due_at=DAY)
    rows.insert(made)
    assert made.pk
    held = Task.objects.get(pk=made.pk)
    plain = Task.objects.create(name="x", due_at=DAY)
    for field in Task._meta.concrete_fields:
        if not field.primary_key and not getattr(field, "auto_now_add", False):
            assert getattr(held, field.attname) == getattr(Task.objects.get(pk=plain.pk), field.attname), (
                field
            )
    made.name = "y"
    made.save()
    assert Task.objects.get(pk=made.pk).name == "y"


def test_what_the_database_refuses_stays_refused():
    rows.insert(TrailHead(shard=3, count=1, head="a", seal="b"))
    with pytest.raises(IntegrityError), transaction.atomic():
        rows.insert(TrailHead(shard=3, count=2, head="a", seal="b"))
    assert TrailHead.objects.get(shard=3).count == 1


def test_only_the_named_fields_of_one_row_are_written(heads):
    rows.update(TrailHead(shard=4, count=99, head="new", seal="other"), "count", "head")
    assert list(TrailHead.objects.filter(shard=4).values_list("count", "head", "seal")) == [(99, "new", "s")]
    assert TrailHead.objects.filter(count=99).count() == 1


def test_a_row_that_is_not_there_or_a_field_that_is_none_is_an_error(heads):
    with pytest.raises(DatabaseError):
        rows.update(TrailHead(shard=77, count=1), "count")
    with pytest.raises(ValueError, match="size"):
        rows.update(TrailHead(shard=4, count=1), "count", "size")
