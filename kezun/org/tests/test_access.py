"""Passwords, tokens, sessions, raised rights: the actions."""

import datetime as dt

import pytest
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from kezun.kernel.actor import Denied, SystemActor
from kezun.kernel.models import TrailEntry
from kezun.org import passwords, tokens
from kezun.org.actions import (
    change_password,
    edit_own,
    end_session,
    issue_password,
    issue_token,
    lower_rights,
    raise_rights,
    reset_factors,
    revoke_token,
    set_password,
)
from kezun.org.models import Person, SignInSession, Token
from kezun.org.rules import passwords as rules

SYSTEM = SystemActor("test")
GOOD = "correct horse battery"
STRONG = "Correct-Horse-7"


@pytest.fixture
def clerk(person_in):
    return person_in("lobby_manager", "O1")


@pytest.fixture
def admin(person_in):
    person = person_in("security_admin", "HO")
    person.__dict__["_raised"] = True
    return person


def faults(name, password, own=()):
    return rules.faults(rules.PROFILES[name], password, common=passwords.common(), own=own)


@pytest.mark.parametrize(
    ("password", "asvs", "dengbao"),
    [
        (GOOD, [], ["classes"]),
        (STRONG, [], []),
        ("正确的马电池钉书钉", [], ["classes"]),
        ("short", ["short"], ["short", "classes"]),
        ("password1", ["common"], ["common", "classes"]),
        ("PassWord1", ["common"], ["common"]),
        ("x" * 64, [], ["classes"]),
        ("aB3" * 43, ["long"], ["long"]),
        ("wang.xiaoming 2026", ["own"], ["own"]),
        ("", ["short"], ["short", "classes"]),
    ],
)
def test_the_two_profiles(password, asvs, dengbao):
    own = ["Wang.Xiaoming", "王", "O1"]
    assert faults("asvs", password, own) == asvs
    assert faults("dengbao", password, own) == dengbao


@given(st.text(min_size=1, max_size=40))
def test_classes_are_counted_between_one_and_four(text):
    assert 1 <= rules.classes(text) <= 4
    assert rules.classes(text + "aA1-") == 4


def test_only_dengbao_asks_for_a_change():
    now = timezone.now()
    for age, due in ((89, False), (91, True)):
        then = now - dt.timedelta(days=age)
        assert rules.expired(rules.PROFILES["dengbao"], then, now) is due
        assert not rules.expired(rules.PROFILES["asvs"], then, now)
    assert rules.expired(rules.PROFILES["dengbao"], None, now)
    assert not rules.expired(rules.PROFILES["asvs"], None, now)


def test_an_unknown_profile_stops_the_system(settings):
    settings.PASSWORD_PROFILE = "none"
    with pytest.raises(ImproperlyConfigured, match="asvs, dengbao"):
        passwords.profile()


def test_the_list_of_common_passwords_is_long_enough():
    assert len(passwords.common()) >= 3000


def test_messages_say_what_to_do(clerk):
    with pytest.raises(ValidationError) as caught:
        passwords.validate("12345", clerk)
    assert any("至少 8 个字符" in text for text in caught.value.messages)
    assert "8" in passwords.ProfileValidator().get_help_text()


def test_the_help_names_the_profile(settings):
    settings.PASSWORD_PROFILE = "dengbao"
    assert "90" in passwords.ProfileValidator().get_help_text()


def test_one_time_passwords_satisfy_both_profiles_and_differ():
    made = {passwords.generate() for _n in range(50)}
    assert len(made) == 50
    assert all(faults("dengbao", one) == faults("asvs", one) == [] for one in made)


def test_a_person_changes_the_own_password(clerk):
    change_password(clerk, password=GOOD)
    fresh = Person.objects.get(pk=clerk.pk)
    assert fresh.check_password(GOOD)
    assert fresh.password.startswith("argon2")
    assert fresh.password_at is not None
    with pytest.raises(ValidationError):
        change_password(fresh, password=GOOD)
    with pytest.raises(ValidationError):
        change_password(fresh, password="password1")
    assert GOOD not in TrailEntry.objects.get(verb="org.change_password").detail


def test_no_administrator_chooses_a_password(admin, clerk):
    with pytest.raises(Denied):
        set_password(admin, clerk, password=GOOD)
    set_password(SYSTEM, clerk, password=GOOD, must_change=True)
    assert passwords.must_change(clerk)


def test_a_one_time_password_must_be_changed(admin, clerk):
    secret = issue_password(admin, clerk)
    fresh = Person.objects.get(pk=clerk.pk)
    assert fresh.check_password(secret.text)
    assert passwords.must_change(fresh)
    assert secret.text not in repr(secret)
    assert not any(secret.text in e.detail + e.target for e in TrailEntry.objects.all())
    change_password(fresh, password=GOOD)
    assert not passwords.must_change(fresh)


def test_who_has_no_sign_in_name_gets_no_password(admin, clerk):
    clerk.username = None
    clerk.save(update_fields=["username"])
    with pytest.raises(ValidationError):
        issue_password(admin, clerk)


def test_who_signs_in_elsewhere_need_not_change_anything(clerk, settings):
    settings.PASSWORD_PROFILE = "dengbao"
    clerk.set_unusable_password()
    assert not passwords.must_change(clerk)
    set_password(SYSTEM, clerk, password=STRONG)
    assert not passwords.must_change(clerk)
    clerk.password_at -= dt.timedelta(days=91)
    assert passwords.must_change(clerk)


def test_second_factors_are_removed_with_a_reason(admin, clerk):
    from allauth.mfa.models import Authenticator

    Authenticator.objects.create(user=clerk, type=Authenticator.Type.TOTP, data={"secret": "x"})
    with pytest.raises(ValidationError):
        reset_factors(admin, clerk, reason="")
    assert reset_factors(admin, clerk, reason="lost the phone") == 1
    assert not Authenticator.objects.exists()


def test_rights_are_raised_for_a_quarter_of_an_hour_with_a_reason(admin, clerk):
    until = raise_rights(admin, reason="new colleague in P1")
    assert dt.timedelta(minutes=14) < until - timezone.now() <= dt.timedelta(minutes=15)
    assert "new colleague in P1" in TrailEntry.objects.get(verb="org.raise_rights").detail
    lower_rights(admin)
    assert TrailEntry.objects.filter(verb="org.lower_rights").count() == 1
    with pytest.raises(ValidationError):
        raise_rights(admin, reason="")
    with pytest.raises(Denied):
        raise_rights(clerk, reason="I would like to")


def test_a_session_is_ended_by_its_person_or_an_administrator(clerk, person_in):
    other = person_in("lobby_manager", "O2")
    row = SignInSession.objects.create(person=clerk, session_key="k" * 32)
    from django.http import Http404

    with pytest.raises(Http404):
        end_session(other, row)
    assert end_session(clerk, row) == 1
    assert not SignInSession.objects.exists()


def test_own_data_change(clerk):
    edit_own(clerk, language="en", phone="10010", email="a@b.cn")
    fresh = Person.objects.get(pk=clerk.pk)
    assert (fresh.language, fresh.phone, fresh.email) == ("en", "10010", "a@b.cn")
    with pytest.raises(ValidationError):
        edit_own(clerk, email="nowhere")
    assert "10010" not in TrailEntry.objects.get(verb="org.edit_own").detail


@pytest.mark.parametrize(
    "given",
    [{"days": 0}, {"days": 367}, {"permissions": []}, {"permissions": ["org.assign"]}, {"name": ""}],
    ids=str,
)
def test_bad_tokens_are_refused(clerk, given):
    with pytest.raises(ValidationError):
        issue_token(clerk, clerk, **{"name": "n", "permissions": ["org.read"], "days": 9, **given})
    assert Token.objects.count() == 0


def test_a_token_is_issued_once_and_revoked(clerk):
    secret = issue_token(clerk, clerk, name="n", permissions=["org.read", "org.read"], days=9)
    assert secret.token.permissions == ["org.read"]
    assert tokens.person_of(secret.text) == clerk
    assert tokens.person_of(secret.text + "x") is None
    assert secret.text not in TrailEntry.objects.get(verb="org.issue_token").target
    first = revoke_token(clerk, secret.token).revoked_at
    assert revoke_token(clerk, secret.token).revoked_at == first
    assert tokens.person_of(secret.text) is None


def test_a_pattern_in_a_token_covers_its_room(clerk):
    secret = issue_token(clerk, clerk, name="n", permissions=["org.read"], days=9)
    Token.objects.update(permissions=["org.*"])
    acting = tokens.person_of(secret.text)
    assert acting.may("org.edit_own")
    assert not acting.may("insight.read")
