"""Who may open which page of the organisation, by role; what signals keep; what logs may say."""

import datetime as dt

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.signals import user_logged_out
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils import timezone

from kezun.kernel.action import ACTIONS
from kezun.kernel.actor import Denied, SystemActor
from kezun.kernel.models import TrailEntry
from kezun.kernel.page import PAGES
from kezun.org import actions, sessions
from kezun.org.models import Person, RosterUpload, SignInSession, Token, UnitTag
from kezun.org.scope import Scope, everyone, roles, separate, unit_ids
from kezun.org.signin import lockout_name

SYSTEM = SystemActor("test")
ROSTERS = {"service_office", "security_admin"}
SUDO = {"system_admin", "security_admin", "audit_admin"}
OPEN = {
    "org.tree": set(roles()),
    "org.people": set(roles()),
    "org.me": set(roles()),
    "org.rosters": ROSTERS,
    "org.roster_template": ROSTERS,
    "org.raise": SUDO,
}


@pytest.mark.parametrize("role", sorted(roles()))
def test_each_role_opens_its_pages_and_no_other(role, person_in, client):
    client.force_login(person_in(role, "HO"), backend="kezun.org.signin.Backend")
    for name, allowed in OPEN.items():
        assert client.get(reverse(name)).status_code == (200 if role in allowed else 403), name


@pytest.mark.parametrize("role", sorted(set(roles()) - {"security_admin"}))
def test_only_the_security_administrator_changes_the_organisation(role, person_in, bank):
    person = person_in(role, "HO")
    person.raise_until(timezone.now())
    own = everyone() | {"org.unmask", "org.read", "org.raise_rights", "org.lower_rights"}
    own |= {f"org.{word}_roster" for word in ("draft", "submit", "approve", "refuse")}
    calendars = {name for name in ACTIONS if name.startswith("org.") and "calendar" in name}
    held = {name for name in ACTIONS if name.startswith("org.") and person.may(name)}
    assert held - calendars <= own
    assert held & calendars == (calendars - {"org.install_calendar"} if role == "service_office" else set())
    with pytest.raises(Denied):
        actions.open_unit(person, bank["S1"], code="O9", name="n", kind="outlet")
    with pytest.raises(Denied):
        actions.assign(person, bank["O1"], person=person, post=person.assignments.get().post)


def test_what_gives_or_takes_rights_needs_raised_rights():
    sudo = {name for name, spec in ACTIONS.items() if name.startswith("org.") and spec.sudo}
    assert sudo >= {
        *("org.assign", "org.end_assignment", "org.deputise", "org.disable_person", "org.enable_person"),
        *("org.issue_password", "org.reset_factors"),
    }


def test_secrets_are_hidden_from_the_trail():
    for name, hidden in (
        ("change_password", "password"),
        ("set_password", "password"),
        ("add_person", "phone"),
        ("update_person", "phone"),
        ("edit_own", "phone"),
        ("draft_roster", "wanted"),
    ):
        assert hidden in ACTIONS[f"org.{name}"].hidden, name


def test_pages_that_write_ask_for_more_than_reading():
    writing = (
        "org.person_unmask",
        "org.roster_decide",
        "org.assignment_change",
        "org.group_member",
        "org.raise",
    )
    for name in writing:
        assert PAGES[name].needs not in {None, "org.read"}
    assert not [name for name, page in PAGES.items() if name.startswith("org.") and page.public]


def test_the_catalog_is_whole():
    assert len(roles()) >= 16
    assert separate() <= set(roles())
    for role in roles().values():
        assert role.reach in {"bank", "subtree", "unit", "own"}
        assert role.name
        assert role.name_en
    kept = [r.code for r in roles().values() if r.may("org.assign")]
    assert kept == ["security_admin"]
    assert not roles()["audit_admin"].may("org.disable_person")
    assert not roles()["system_admin"].may("control.read_trail")


def test_the_scope_of_another_day_is_another(person_in):
    person = person_in("supervisor", "P1")
    row = person.assignments.get()
    row.from_date, row.to_date = dt.date(2026, 1, 1), dt.date(2026, 1, 31)
    row.save()
    assert Scope.of(person, dt.date(2026, 1, 15)).may("insight.read")
    assert not Scope.of(person, dt.date(2026, 2, 1)).may("insight.read")
    assert Scope.of(person, dt.date(2026, 1, 31)).roots() == [row.unit_id]
    assert unit_ids([row.unit]) == [row.unit_id]


def test_a_role_that_left_the_catalog_gives_nothing(person_in):
    person = person_in("supervisor", "P1")
    post = person.assignments.get().post
    post.role = "abolished"
    post.save()
    assert Person.objects.get(pk=person.pk).scope.held == ()


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"username": " Wang "}, "wang"),
        ({"username": ""}, ""),
        ({}, ""),
        (None, ""),
        ({"username": "x" * 999}, "x" * 150),
    ],
)
def test_lockouts_count_names_however_they_are_written(given, name):
    assert lockout_name(None, given) == name


def test_lockouts_take_the_name_from_the_form(rf):
    assert lockout_name(rf.post("/", {"login": "WANG"})) == "wang"


def test_signing_out_without_a_person_is_no_event(rf, db):
    user_logged_out.send(sender=get_user_model(), request=rf.get("/"), user=None)
    assert not TrailEntry.objects.exists()


def test_ending_sessions_can_spare_one(person_in):
    person = person_in("teller", "O1")
    for letter in "abc":
        SignInSession.objects.create(person=person, session_key=letter * 32)
    assert sessions.end_sessions(person, keep="b" * 32) == 2
    assert person.sessions.get().session_key == "b" * 32
    assert sessions.trim_sessions(person, 5) == 0


def test_records_have_names_for_logs(person_in, bank):
    person = person_in("teller", "O1")
    token = actions.issue_token(SYSTEM, person, name="n", permissions=["org.read"], days=1).token
    rows = [
        (SignInSession(person=person, started_at=timezone.now()), str(person.pk)),
        (RosterUpload(name="三月.xlsx"), "三月.xlsx"),
        (token, f"n ({token.hint}…)"),
        (UnitTag(tag="county"), "county"),
        (bank["O1"].places.get(), f"{bank['O1'].pk} < {bank['S1'].pk}"),
        (bank["O1"].paths.first(), str(bank["O1"].pk)),
        (person.assignments.get(), f"@ {bank['O1'].pk}"),
        (Person(code="E1"), "E1"),
    ]
    for row, words in rows:
        assert words in str(row)
    assert token.digest not in str(Token.objects.get())


def test_a_persons_password_manager_makes_people_who_can_sign_in(db):
    person = Person.objects.create_user("wang", "correct horse battery", name="王")
    assert person.code == "wang"
    assert person.check_password("correct horse battery")


def test_the_demo_sign_ins_are_the_platforms_business(person_in):
    from kezun.org import loading

    admin = person_in("security_admin", "HO")
    with pytest.raises(Denied):
        loading.load_sign_ins(admin, {"x": "y"}, password="p")


def test_unknown_codes_in_forms_are_told_not_broken_on(person_in):
    from kezun.org import forms

    admin = person_in("security_admin", "HO")
    form = forms.Member({"person": "E9", "duty": "head"}, actor=admin)
    assert not form.is_valid()
    assert "E9" in str(form.errors["person"])
    form = forms.Assign({"unit": "X9"}, actor=admin)
    assert not form.is_valid()
    assert set(form.errors) == {"unit", "post"}
    with pytest.raises(ValidationError):
        forms.MoveUnit({"parent": "X"}, actor=admin).fields["from_date"].clean("soon")
