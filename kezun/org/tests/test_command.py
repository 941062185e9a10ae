"""Who acts on the command line."""

import click
import pytest
from click.testing import CliRunner
from django.core.exceptions import ValidationError

from kezun.kernel.actor import Denied, OutOfScope, SystemActor
from kezun.kernel.models import TrailEntry
from kezun.org.command import acting, actor_for


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
