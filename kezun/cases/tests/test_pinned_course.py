"""A case keeps to the course its edition had when it was settled, whatever becomes of the flow later."""

import pytest
from django.db import DatabaseError, transaction

from kezun.cases import actions, catalogs, kinds
from kezun.cases.actions import kinds as acts
from kezun.cases.models import Kind
from kezun.cases.rules.reading import NotAKind, digest
from kezun.cases.tests.conftest import KIND
from kezun.kernel.actor import SystemActor

pytestmark = pytest.mark.django_db


@pytest.fixture
def shorten(monkeypatch):
    """`shorten()` writes the flow `full` anew without waiting, as a bank's pack might."""
    held = catalogs.flows()
    cut = tuple(step for step in held["full"] if step.verb != "wait")
    assert len(cut) < len(held["full"])

    def write():
        monkeypatch.setattr(catalogs, "flows", lambda: held | {"full": cut})
        kinds._read.cache_clear()

    yield write
    kinds._read.cache_clear()


def verbs(row):
    return {step.verb for step in kinds.form_of(row).steps}


def test_a_changed_flow_changes_no_settled_edition(trial, shorten):
    before = kinds.form_of(trial)
    shorten()
    again = kinds.form_of(Kind.objects.get(pk=trial.pk))
    assert again == before
    assert digest(again) == trial.sha256


def test_the_next_edition_takes_the_flow_as_it_is_then(trial, shorten):
    shorten()
    text = KIND.replace('version: "1"', 'version: "2"')
    made = kinds.install_kind(SystemActor("test"), text=text, origin="test")
    assert "wait" in verbs(trial)
    assert "wait" not in verbs(made)
    assert made.sha256 == digest(kinds.form_of(made))


def test_an_open_case_goes_on_by_its_own_course(world, opened, shorten):
    case = opened(owner=world["bank"]["O1"])
    shorten()
    case = actions.do(world["manager"], case, "accept")
    case = actions.do(world["lobby"], case, "take")
    assert actions.do(world["lobby"], case, "wait", {"reason": "资料待补"}).state == "waiting"


def test_the_database_keeps_the_course_of_a_published_edition(trial):
    with pytest.raises(DatabaseError), transaction.atomic():
        Kind.objects.filter(pk=trial.pk).update(course=[])


def test_a_draft_with_mistakes_has_no_course_yet(world):
    row = acts.draft_kind(world["office"], text="id: x\nversion: '1'\ntitle: 甲\nflow: nowhere\n")
    assert row.course == []
    with pytest.raises(NotAKind):
        kinds.form_of(row)


def test_a_mistake_put_right_brings_the_course(world):
    row = acts.draft_kind(world["office"], text=KIND.replace("flow: full", "flow: nowhere"))
    row = acts.save_kind(world["office"], row, text=KIND.replace('version: "1"', 'version: "7"'))
    assert [step[0] for step in row.course] == [step.verb for step in catalogs.flows()["full"]]
