"""The whole command line: every command says what it is for, refuses in a sentence, exits as it should."""

import json
import re
import tarfile

import click
import pytest
from click.testing import CliRunner
from django.core.exceptions import ValidationError

from kezun.kernel.actor import Denied, OutOfScope, SystemActor
from kezun.kernel.models import TrailEntry
from kezun.org.actions import open_unit
from kezun.org.command import acting
from kezun.org.models import Person, Token, Unit
from kezun.site import serve
from kezun.site.backup import save
from kezun.site.cli import main


def kezun(*words, **given):
    return CliRunner().invoke(main, [str(word) for word in words], **given)


def every(group=main, before=()):
    """All commands with their words, those of groups too."""
    for name, found in sorted(group.commands.items()):
        if isinstance(found, click.Group):
            yield from every(found, (*before, name))
        else:
            yield (*before, name), found


COMMANDS = dict(every())
ACTING = sorted(w for w, c in COMMANDS.items() if any(p.name == "as_code" for p in c.params))
# What each command needs to get as far as asking who acts.
GIVEN = {
    ("import",): ("ticket", "--profile", "nowhere/none", "FILE"),
    ("indicators",): ("--unit", "HO", "--period", "2026-03"),
    ("facts", "rows"): ("--unit", "HO", "--period", "2026-03", "--indicator", "floor.tickets"),
    ("load-pack",): ("PACK",),
    ("backup",): ("NEW.tar",),
    ("password",): ("nobody",),
    ("token", "issue"): ("nobody", "--name", "n", "--may", "org.read"),
    ("token", "list"): ("nobody",),
    ("token", "revoke"): ("1",),
    ("assess", "bridge"): ("none@1", "none@2", "--period", "2026-03"),
    ("assess", "explain"): ("1", "O1"),
    ("assess", "replay"): ("1",),
    ("scheme", "check"): ("FILE",),
    ("scheme", "install"): ("FILE",),
    ("scheme", "show"): ("none",),
    ("standard", "check"): ("none",),
    ("standard", "diff"): ("none", "none"),
    ("standard", "export"): ("none", "--excel", "OUT.xlsx"),
    ("standard", "score"): ("none", "--answers", "ANSWERS.json"),
    ("standard", "show"): ("none",),
    ("watch",): ("INBOX", "--profile", "nowhere/none", "--once"),
    ("standard", "withdraw"): ("S404@1",),
    ("cases", "do"): ("C26-000001", "note", "--set", "note=x"),
    ("cases", "open"): ("complaint", "--unit", "O404"),
    ("cases", "report"): ("--unit", "O404"),
    ("cases", "show"): ("C26-000001",),
}


@pytest.fixture
def words(small, tmp_path):
    """The words of a command with files that exist in place of names in capitals."""
    made = tmp_path / "rows.csv"
    made.write_text("no\n1\n")
    answers = tmp_path / "answers.json"
    answers.write_text("{}")
    known: dict[str, object] = {"OUT.xlsx": tmp_path / "out.xlsx", "ANSWERS.json": answers}
    known |= {"FILE": made, "PACK": small, "NEW.tar": tmp_path / "new.tar", "INBOX": tmp_path}
    return lambda command: [*command, *(known.get(word, word) for word in GIVEN.get(command, ()))]


def test_the_commands_that_are_promised_are_there():
    promised = {
        *("setup", "load-pack", "check-pack", "serve", "demo", "import", "indicators", "backup", "restore"),
        *("facts rows", "trail verify"),
    }
    assert promised <= {" ".join(command) for command in COMMANDS}


@pytest.mark.parametrize("command", sorted(COMMANDS), ids=" ".join)
def test_help_says_what_it_is_for(command):
    told = kezun(*command, "--help")
    assert told.exit_code == 0
    assert "Usage:" in told.output
    assert COMMANDS[command].help, "a sentence of its own"
    for option in COMMANDS[command].params:
        if isinstance(option, click.Option) and option.name == "as_code":
            assert "--as CODE" in told.output


@pytest.mark.parametrize("command", sorted(COMMANDS), ids=" ".join)
def test_an_unknown_option_is_exit_2(command):
    told = kezun(*command, "--no-such-option")
    assert told.exit_code == 2
    assert "--no-such-option" in told.output


@pytest.mark.parametrize("command", ACTING, ids=" ".join)
def test_acting_as_nobody_is_exit_2_and_leaves_no_trace(db, words, command):
    before = TrailEntry.objects.count()
    told = kezun(*words(command), "--as", "E404")
    assert told.exit_code == 2, told.output
    assert "E404" in told.output
    assert TrailEntry.objects.count() == before


@pytest.mark.parametrize("command", ACTING, ids=" ".join)
def test_acting_as_a_disabled_person_is_exit_2(db, words, command):
    Person.objects.create(code="gone", username="gone", is_active=False)
    assert kezun(*words(command), "--as", "gone").exit_code == 2


# What everybody may read: their own scope, and the texts of rules.
OPEN = {
    *(("people",), ("indicators",), ("facts", "rows"), ("standard", "list"), ("scheme", "list")),
    ("cases", "list"),
}
REFUSED = sorted(set(ACTING) - OPEN)


@pytest.mark.parametrize("command", REFUSED, ids=" ".join)
def test_a_teller_is_refused_with_a_sentence(person_in, words, command):
    """Not allowed, or outside the scope: exit 1 (2 or 3 where what was named is not even there)."""
    told = kezun(*words(command), "--as", person_in("teller", "O1").code)
    assert told.exit_code in {1, 2, 3}, told.output
    assert any(c == " " or c > "\u2e80" for c in told.output.strip()), "a sentence"
    assert "Traceback" not in told.output
    assert not isinstance(told.exception, (Denied, OutOfScope, ValidationError))


@pytest.mark.parametrize(
    "arguments",
    [
        ("people", "--format", "xml"),
        ("token",),
        ("token", "issue", "x"),
        ("token", "revoke", "one"),
        ("load-pack", "/no/such/folder"),
        ("check-pack",),
        ("backup",),
        ("restore", "/no/such/file.tar"),
        ("serve", "--port", "many"),
        ("demo", "--pack", "no-such-pack", "--no-serve"),
        ("import", "ticket"),
        ("indicators", "--unit", "HO"),
        ("frobnicate",),
    ],
    ids=" ".join,
)
def test_unusable_arguments_are_exit_2(db, arguments):
    told = kezun(*arguments)
    assert told.exit_code == 2, told.output
    assert "Usage" in told.output or "Error" in told.output


def test_setup_makes_the_first_person_once(db):
    first, second = kezun("setup"), kezun("setup")
    assert first.exit_code == second.exit_code == 0, first.output
    assert Person.objects.get_queryset().count() == 1
    assert Unit.objects.count() == 1
    secret = re.findall(r"(?<!\S)\w{4}(?:-\w{4}){3}(?!\S)", first.output)
    assert len(secret) == 1
    assert Person.objects.get_queryset().get().check_password(secret[0])
    assert secret[0] not in second.output


def test_a_pack_is_checked_and_loaded_as_a_person(db, small, bank, person_in):
    assert kezun("check-pack", small).exit_code == 0
    admin = person_in("security_admin", "HO")
    told = kezun("load-pack", small, "--anchor", "2026-03-31", "--as", admin.code)
    assert told.exit_code == 0, told.output
    assert TrailEntry.objects.filter(verb="org.act_as").exists()
    assert TrailEntry.objects.filter(verb="org.load", actor=admin.trail_name).count() == 1
    assert kezun("load-pack", small).exit_code == 0
    loaded = TrailEntry.objects.filter(verb="org.load", detail__contains="small")
    assert loaded.count() == 1, "nothing to change, nothing recorded"


@pytest.mark.parametrize("day", ["yesterday", "2026-02-30", "31.3.2026"])
def test_an_anchor_that_is_no_day_is_exit_2(db, small, day):
    told = kezun("load-pack", small, "--anchor", day)
    assert told.exit_code == 2
    assert day in told.output
    assert not Unit.objects.exists()


def test_the_trail_is_verified_with_words_and_as_json(bank, settings):
    (settings.KEZUN_HOME / "trail" / "anchors.jsonl").unlink(missing_ok=True)  # of other tests' trails
    told = kezun("trail", "verify")
    assert told.exit_code == 0, told.output
    open_unit(SystemActor("test"), bank["S1"], code="N9", name="新网点", kind="outlet")
    report = json.loads(kezun("trail", "verify", "--json").output.splitlines()[-1])
    assert report["entries"] == TrailEntry.objects.count() == 2, "the bank was loaded, a unit opened"
    assert kezun("trail", "anchor").exit_code == 0


def test_serving_and_working_are_handed_on(monkeypatch):
    called = []
    monkeypatch.setattr(serve, "serve", lambda *given: called.append(("serve", *given)))
    monkeypatch.setattr(serve, "work", lambda *given: called.append(("work", *given)))
    assert kezun("serve", "--port", "8123", "--processes", "3").exit_code == 0
    assert kezun("worker", "--processes", "2").exit_code == 0
    assert called == [("serve", "127.0.0.1", 8123, 3), ("work", 2, 0, "")]


def test_what_goes_wrong_with_a_backup_is_a_sentence(db, tmp_path, monkeypatch):
    def full(actor, target):
        raise save.BackupError("the disk is full")

    monkeypatch.setattr(save, "backup", full)
    told = kezun("backup", tmp_path / "b.tar")
    assert told.exit_code == 1
    assert "the disk is full" in told.output


def test_what_is_no_backup_is_not_restored(db, tmp_path):
    junk = tmp_path / "junk.tar"
    with tarfile.open(junk, "w"):
        pass
    told = kezun("restore", junk)
    assert told.exit_code == 1
    assert "Traceback" not in told.output


def test_a_token_made_on_the_command_line_opens_the_api(client, person_in):
    person = person_in("supervisor", "P1")
    told = kezun("token", "issue", person.code, "--name", "n", "--may", "org.read", "--days", "3")
    answer = client.get("/api/v1/units", HTTP_AUTHORIZATION=f"Bearer {told.output.strip()}")
    assert answer.status_code == 200
    assert kezun("token", "revoke", Token.objects.get().pk, "--as", person.code).exit_code == 0
    answer = client.get("/api/v1/units", HTTP_AUTHORIZATION=f"Bearer {told.output.strip()}")
    assert answer.status_code == 401


def test_the_environment_names_who_acts(person_in):
    person = person_in("supervisor", "P1")
    told = kezun("people", "--format", "json", env={"KEZUN_AS": person.code})
    assert [row["code"] for row in json.loads(told.output)] == [person.code]


@pytest.mark.parametrize("error", [Denied("org.read"), OutOfScope("x"), ValidationError(["one", "two"])])
def test_every_refusal_inside_a_command_becomes_exit_1(db, error):
    @click.command()
    @acting
    def refuse(actor):
        raise error

    told = CliRunner().invoke(refuse)
    assert told.exit_code == 1
    assert told.output.strip()
    assert not isinstance(told.exception, type(error))
