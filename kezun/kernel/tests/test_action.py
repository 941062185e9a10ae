"""`@action`: permission, scope, one transaction, the entry, subscribers, idempotency."""

import datetime as dt
import json
from types import SimpleNamespace

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils.translation import gettext_lazy

from kezun.kernel import action as module
from kezun.kernel.action import ACTIONS, SUBSCRIBERS, action, label, on, once
from kezun.kernel.actor import Denied, OutOfScope, SystemActor, require
from kezun.kernel.metrics import REGISTRY
from kezun.kernel.models import IdempotencyKey, Task, TrailEntry
from kezun.kernel.task import HANDLERS

pytestmark = pytest.mark.django_db


class Someone:
    """An actor with the rights and the scope that a test gives it."""

    def __init__(self, *rights, scope=(), name="person:1"):
        self.rights, self.scope, self.trail_name = rights, scope, name

    def may(self, permission):
        return permission in self.rights

    def covers(self, permission, target):
        return target in self.scope


@pytest.fixture
def declared(monkeypatch):
    """Registries that a test may add to; put back afterwards."""
    for registry in (ACTIONS, SUBSCRIBERS, HANDLERS):
        for name in list(registry):
            monkeypatch.delitem(registry, name)
    yield action
    for registry in (ACTIONS, SUBSCRIBERS, HANDLERS):
        registry.clear()


@pytest.fixture
def note(declared):
    @declared("test.note", target="unit", hidden=("secret",))
    def note(actor, unit, *, text="", secret=""):
        """Note something.

        And more about it.
        """
        if text == "bad":
            raise ValidationError("bad")
        Task.objects.create(name="test.made", due_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))
        if text == "fail":
            raise ZeroDivisionError
        return {"noted": text}

    return note


def outcomes(verb="test.note"):
    names = ("done", "denied", "unseen", "invalid", "failed")
    value = REGISTRY.get_sample_value
    return {n: value("kezun_actions_total", {"verb": verb, "outcome": n}) or 0 for n in names}


def entry():
    return json.loads(TrailEntry.objects.get().detail)


def test_what_is_done_leaves_one_entry(note):
    before = outcomes()
    assert note(Someone("test.note", scope=["O1"]), "O1", text="hello", secret="s3cret") == {"noted": "hello"}
    assert entry()["verb"] == "test.note"
    assert entry()["target"] == "O1"
    assert entry()["detail"] == {"unit": "O1", "text": "hello", "secret": "***"}
    assert outcomes()["done"] == before["done"] + 1


def test_defaults_are_recorded_too(note):
    note(SystemActor("x"), None)
    assert entry()["detail"] == {"unit": None, "text": "", "secret": "***"}
    assert (entry()["actor"], entry()["target"]) == ("system:x", "")


@pytest.mark.parametrize(
    ("actor", "refusal", "outcome"),
    [
        (Someone(scope=["O1"]), Denied, "denied"),
        (Someone("test.other", scope=["O1"]), Denied, "denied"),
        (Someone("test.note", scope=["O2"]), OutOfScope, "unseen"),
        (AnonymousUser(), Denied, "denied"),
        (None, Denied, "denied"),
    ],
)
def test_what_is_not_allowed_does_nothing_and_is_logged(note, caplog, actor, refusal, outcome):
    before = outcomes()
    with pytest.raises(refusal):
        note(actor, "O1", text="hello")
    assert not TrailEntry.objects.exists()
    assert not Task.objects.exists()
    assert outcomes()[outcome] == before[outcome] + 1
    assert caplog.records[-1].verb == "test.note"


@pytest.mark.parametrize(
    ("text", "error", "outcome"), [("bad", ValidationError, "invalid"), ("fail", ZeroDivisionError, "failed")]
)
def test_a_failure_undoes_everything(note, text, error, outcome):
    before = outcomes()
    with pytest.raises(error), once("k"):
        note(SystemActor("x"), "O1", text=text)
    assert not Task.objects.exists()
    assert not TrailEntry.objects.exists()
    assert not IdempotencyKey.objects.exists()
    assert outcomes()[outcome] == before[outcome] + 1


def test_raised_rights_are_asked_for(declared):
    @declared("test.dangerous", sudo=True)
    def dangerous(actor):
        return "done"

    plain = Someone("test.dangerous")
    with pytest.raises(Denied, match=r".+"):
        dangerous(plain)
    raised = Someone("test.dangerous")
    raised.raised = True
    assert dangerous(raised) == "done"
    assert dangerous(SystemActor("x")) == "done"


def test_a_name_stands_for_one_action(note, declared):
    assert note.spec.summary == "Note something."
    assert ACTIONS["test.note"] is note.spec
    with pytest.raises(RuntimeError, match=r"test\.note"):
        declared("test.note")(lambda actor: None)


def test_subscribers_get_a_task_each_with_ids_only(note):
    seen = []

    @on("test.note")
    def first(entry, target):
        seen.append((entry, target))

    @on("test.note")
    def second(entry, target): ...

    note(SystemActor("x"), "O1", text="private")
    tasks = Task.objects.filter(name__startswith="on.")
    made = TrailEntry.objects.get()
    assert [t.arguments for t in tasks] == [{"entry": made.pk, "target": "O1"}] * 2
    assert {t.name for t in tasks} == set(SUBSCRIBERS["test.note"]) <= set(HANDLERS)
    for task in tasks:
        HANDLERS[task.name](**task.arguments)
    assert seen == [(made.pk, "O1")]


def test_a_result_names_the_entry_only_if_it_is_a_record(declared):
    """A text that an action returns may be a secret, for instance a new token."""

    @declared("test.make")
    def make(actor):
        return Task.objects.create(name="t", due_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))

    @declared("test.token")
    def token(actor):
        return "kz_secret"

    made = make(SystemActor("x"))
    assert TrailEntry.objects.get(verb="test.make").target == f"kernel.task:{made.pk}"
    token(SystemActor("x"))
    assert "kz_secret" not in str(TrailEntry.objects.filter(verb="test.token").values())


def test_a_repeat_under_a_key_returns_the_first_result(note):
    for _ in range(3):
        with once("k1"):
            assert note(SystemActor("x"), "O1", text="a") == {"noted": "a"}
    assert TrailEntry.objects.count() == Task.objects.count() == 1
    with once("k2"):
        note(SystemActor("x"), "O1", text="a")
    with once("k1"):
        note(SystemActor("y"), "O1", text="a")
    assert TrailEntry.objects.count() == 3


def test_a_repeat_with_other_content_is_refused(note):
    with once("k1"):
        note(SystemActor("x"), "O1", text="a")
    with pytest.raises(ValidationError), once("k1"):
        note(SystemActor("x"), "O1", text="b")
    with pytest.raises(ValidationError), once("k1"):
        note(SystemActor("x"), "O1", text="a", secret="other")
    assert TrailEntry.objects.count() == 1


def test_what_the_key_covers_is_kept_as_a_keyed_hash(note, settings):
    with once("k1"):
        note(SystemActor("x"), "O1", secret="13812345678")
    first = IdempotencyKey.objects.get().body
    settings.SECRET_KEY = "another"
    with pytest.raises(ValidationError), once("k1"):
        note(SystemActor("x"), "O1", secret="13812345678")
    assert len(first) == 64


@pytest.mark.parametrize("key", ["", "k" * 121])
def test_a_key_has_a_length(note, key):
    with pytest.raises(ValidationError), once(key):
        note(SystemActor("x"), "O1")


def test_no_key_means_every_time(note):
    with once(None):
        note(SystemActor("x"), "O1")
        note(SystemActor("x"), "O1")
    assert TrailEntry.objects.count() == 2
    assert not IdempotencyKey.objects.exists()


def test_a_key_is_for_the_outer_action_not_for_those_it_calls(note, declared):
    @declared("test.outer")
    def outer(actor):
        note(actor, "O1", text="a")
        note(actor, "O1", text="b")
        return "twice"

    with once("k"):
        assert outer(SystemActor("x")) == "twice"
    assert TrailEntry.objects.count() == 3
    assert IdempotencyKey.objects.get().verb == "test.outer"


def test_a_hidden_result_is_never_kept(declared):
    @declared("test.token", hidden=("result",))
    def token(actor):
        return "kz_secret"

    with once("k"):
        assert token(SystemActor("x")) == "kz_secret"
    with once("k"):
        assert token(SystemActor("x")) is None
    assert IdempotencyKey.objects.get().result is None


def test_records_come_back_as_labels(declared):
    @declared("test.make")
    def make(actor, *, codes):
        return Task.objects.create(name="t", due_at=dt.datetime(2026, 1, 1, tzinfo=dt.UTC))

    with once("k"):
        made = make(SystemActor("x"), codes={"b", "a"})
    with once("k"):
        assert make(SystemActor("x"), codes={"a", "b"}) == f"kernel.task:{made.pk}"


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ([1, ("a", dt.date(2026, 1, 2))], [1, ["a", "2026-01-02"]]),
        ({"k": {"z", "y"}, 5: 1}, {"k": ["y", "z"], "5": 1}),
        (SimpleNamespace(), "SimpleNamespace"),
        (float("nan"), "float"),
        (b"raw", "bytes"),
        (gettext_lazy("x"), "__proxy__"),
        (Task.State.DONE, "done"),
    ],
)
def test_arguments_of_any_kind_are_recorded(declared, value, kept):
    @declared("test.any")
    def anything(actor, value): ...

    anything(SystemActor("x"), value)
    assert entry()["detail"] == {"value": kept}


def test_long_arguments_are_stood_for_by_their_hash(declared):
    @declared("test.any")
    def anything(actor, value): ...

    anything(SystemActor("x"), "客" * 5000)
    assert entry()["detail"]["value"].keys() == {"sha256", "characters"}
    assert entry()["detail"]["value"]["characters"] == 5002


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, ""), ("O1", "O1"), (12, "12"), ("a\r\nb\x00\u2028", "ab"), ("x" * 200, "x" * 120)],
)
def test_labels(value, text):
    assert label(value) == text


def test_a_record_is_labelled_by_table_and_key():
    assert label(Task(pk=7)) == "kernel.task:7"


def test_actions_inside_actions_leave_their_own_entries_in_one_transaction(note, declared):
    @declared("test.outer")
    def outer(actor):
        note(actor, "O1", text="a")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        outer(SystemActor("x"))
    assert not TrailEntry.objects.exists()


def test_few_statements_per_action(declared):
    @declared("test.nothing")
    def nothing(actor): ...

    nothing(SystemActor("x"))
    with CaptureQueriesContext(connection) as asked:
        nothing(SystemActor("x"))
    # savepoint, head, entry, head, release: outside of a test the savepoint pair is begin and commit
    assert len(asked) <= 5
    assert TrailEntry.objects.count() == 2


def test_require_asks_both_questions():
    someone = Someone("a.b", scope=["O1"])
    require(someone, "a.b")
    require(someone, "a.b", "O1")
    with pytest.raises(Denied):
        require(someone, "a.c")
    with pytest.raises(OutOfScope):
        require(someone, "a.b", "O2")


def test_the_registry_of_the_house_is_complete():
    """Every action that the rooms declare has a name `room.verb` and says what it is for."""
    for name, spec in module.ACTIONS.items():
        assert len(name.split(".")) == 2
        assert spec.summary, name
        assert spec.function.__module__.startswith(f"kezun.{name.split('.')[0]}."), name
