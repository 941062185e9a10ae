"""The organisation on the command line, and the first person of an installation."""

import json
import re

import pytest
from click.testing import CliRunner

from kezun.kernel.actor import SystemActor
from kezun.kernel.models import TrailEntry
from kezun.org import passwords, tokens
from kezun.org.actions import disable_person
from kezun.org.cli import password, people, token
from kezun.org.founding import first_person
from kezun.org.models import Person, Token, Unit

SYSTEM = SystemActor("test")


def run(command, *args):
    return CliRunner().invoke(command, list(args), catch_exceptions=False)


def test_people_in_scope_are_listed(person_in):
    person_in("teller", "O1")
    person_in("teller", "O3")
    head = person_in("supervisor", "P1")
    text = run(people, "--as", head.code).output
    assert "teller.O1" in text
    assert "teller.O3" not in text
    rows = json.loads(run(people, "teller", "--format", "json").output)
    assert {row["code"] for row in rows} == {"teller.O1", "teller.O3"}
    assert rows[0].keys() == {"code", "name", "unit", "username", "active"}


def test_disabled_people_are_marked(person_in):
    disable_person(SYSTEM, person_in("teller", "O1"), reason="left us")
    assert "已停用" in run(people, "teller").output


def test_a_token_from_issue_to_revoke(person_in):
    person = person_in("supervisor", "P1")
    secret = run(token, "issue", person.code, "--name", "nightly", "--may", "org.read").output.strip()
    assert tokens.person_of(secret) == person
    listed = run(token, "list", person.code).output
    assert "nightly" in listed
    assert secret not in listed
    assert run(token, "revoke", str(Token.objects.get().pk)).exit_code == 0
    assert tokens.person_of(secret) is None
    assert "已吊销" in run(token, "list", person.code).output
    assert run(token, "revoke", "999").exit_code == 2


def test_refusals_are_sentences(person_in):
    person, other = person_in("supervisor", "P1"), person_in("teller", "O1")
    for found in (
        run(token, "issue", person.code, "--name", "n", "--may", "org.assign"),
        run(token, "issue", "nobody", "--name", "n", "--may", "org.read"),
        run(token, "issue", other.code, "--name", "n", "--may", "org.read", "--as", person.code),
        run(password, other.code, "--as", person.code),
    ):
        assert found.exit_code == 1
        assert "Traceback" not in found.output
    assert Token.objects.count() == 0


def test_a_one_time_password_for_who_is_locked_out(person_in):
    person = person_in("teller", "O1")
    secret = run(password, person.code).output.strip()
    person.refresh_from_db()
    assert person.check_password(secret)
    assert person.must_change_password


def test_rights_are_not_raised_by_naming_an_administrator(person_in):
    person, admin = person_in("teller", "O1"), person_in("security_admin", "HO")
    found = run(password, person.code, "--as", admin.code)
    assert found.exit_code == 1
    assert re.search(r"[\u4e00-\u9fff]|raised", found.output)


def test_a_fresh_installation_gets_one_first_person(db):
    secret = first_person(SYSTEM)
    person = Person.objects.get_queryset().get()
    assert person.check_password(secret.text)
    assert passwords.must_change(person)
    assert person.may("org.assign")
    assert Unit.objects.get().code == "HEAD"
    assert first_person(SYSTEM) is None, "once somebody can sign in, nobody is made"
    assert not any(secret.text in e.detail + e.target for e in TrailEntry.objects.all())


@pytest.mark.parametrize("active", [True, False])
def test_the_first_person_joins_a_tree_that_is_there(bank, active):
    Person.objects.create(code="admin", username="admin", name="x", password="!x", is_active=True)
    assert first_person(SYSTEM) is not None
    assert Unit.objects.count() == 11
    person = Person.objects.get(code="admin")
    assert person.assignments.get().unit.code == "HO"
    Person.objects.filter(pk=person.pk).update(is_active=active)
    again = first_person(SYSTEM)
    assert (again is None) is active
    assert Person.objects.get(code="admin").is_active
    assert person.assignments.count() == 1
