"""Who acts on the command line."""

import click
import pytest
from click.testing import CliRunner
from django.core.exceptions import ValidationError
from django.db import transaction

from kezun.kernel import trail
from kezun.kernel.actor import Denied, OutOfScope, SystemActor
from kezun.kernel.anchor import anchors_path
from kezun.kernel.models import TrailEntry
from kezun.org.command import acting, actor_for, anchored, not_found


def test_without_a_code_the_platform_acts(db):
    actor = actor_for("")
    assert isinstance(actor, SystemActor)
    assert actor.trail_name.startswith("system:cli:")
    assert TrailEntry.objects.count() == 0


def test_acting_as_a_person_is_recorded(person_in):
    person = person_in("supervisor", "P1")
    assert actor_for(person.code) == person
    entry = TrailEntry.objects.get(verb="org.act_as")
    assert entry.target == f"org.person:{person.pk}"
    assert entry.actor.startswith("system:cli:")


def test_an_unknown_or_disabled_person_cannot_act(person_in):
    person = person_in("supervisor", "P1")
    type(person).objects.update(is_active=False)
    for code in ("nobody", person.code):
        with pytest.raises(click.UsageError, match=code):
            actor_for(code)


def run(error=None, args=(), env=None):
    @click.command()
    @acting
    def show(actor):
        if error:
            raise error
        click.echo(actor.trail_name)

    return CliRunner().invoke(show, list(args), env=env or {})


def test_the_option_and_the_environment_name_the_person(person_in):
    person = person_in("supervisor", "P1")
    assert run(args=["--as", person.code]).output.strip() == person.trail_name
    assert run(env={"KEZUN_AS": person.code}).output.strip() == person.trail_name
    assert run(args=["--as", "nobody"]).exit_code == 2


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (Denied("org.assign"), "org.assign"),
        (OutOfScope("x"), ""),
        (ValidationError(["first", "second"]), "first\nsecond"),
    ],
)
def test_refusals_are_messages_not_tracebacks(db, error, text):
    result = run(error)
    assert result.exit_code == 1
    assert text in result.output
    assert "Traceback" not in result.output


def test_a_login_user_without_a_name_is_unknown(db, monkeypatch):
    monkeypatch.setattr("getpass.getuser", lambda: (_ for _ in ()).throw(KeyError("uid")))
    assert actor_for("").trail_name == "system:cli:unknown"


def test_what_was_not_found_is_named_where_that_is_known():
    assert not_found(OutOfScope("No unit O9 in your scope.")) == "No unit O9 in your scope."
    assert "org.assign" not in not_found(OutOfScope("org.assign"))
    assert not_found(OutOfScope(""))


def _write_and_leave():
    with anchored():
        with transaction.atomic():
            trail.write("system:test", "test.wrote")
        raise SystemExit(3)


@pytest.mark.django_db(transaction=True)
def test_what_a_command_wrote_is_anchored_even_when_it_fails(settings, tmp_path):
    settings.KEZUN_HOME = tmp_path
    with anchored():
        pass
    assert not anchors_path().exists()
    with pytest.raises(SystemExit):
        _write_and_leave()
    assert anchors_path().read_text().count("\n") == 1


@pytest.mark.django_db(transaction=True)
def test_an_anchor_that_cannot_be_made_undoes_nothing(settings, tmp_path, caplog, monkeypatch):
    def full():
        raise OSError("no space left")

    settings.KEZUN_HOME = tmp_path
    monkeypatch.setattr("kezun.org.command.anchor", full)
    with anchored(), transaction.atomic():
        trail.write("system:test", "test.wrote")
    assert TrailEntry.objects.filter(verb="test.wrote").exists()
    assert "no space left" in caplog.text
