"""Rights without a database: roles and tokens, passwords, sealed values, who may sign in, lockout names."""

import base64
import datetime as dt
from types import SimpleNamespace

import pytest
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.test import RequestFactory
from django.utils import timezone, translation
from hypothesis import given
from hypothesis import strategies as st

from kezun.kernel.actor import Denied
from kezun.org import passwords, sealed
from kezun.org.models import Person
from kezun.org.reader import reader_of
from kezun.org.rules import passwords as rules
from kezun.org.scope import Held, Role, Scope, everyone, roles, separate
from kezun.org.sealed import MARK, SealedField, seal, unseal
from kezun.org.signin import lockout_name, works_here

TODAY = dt.date(2026, 3, 31)


def role(code, reach, *permissions):
    return Role(code, f"名{code}", f"Name {code}", reach, frozenset(permissions))


READER = role("reader", "subtree", "insight.read", "org.read")
CLERK = role("clerk", "unit", "floor.*")
CHIEF = role("chief", "bank", "control.read")


def scope(*held, limit=None):
    found = tuple(Held(one, unit, lines) for one, unit, lines in held)
    return Scope(7, TODAY, found, None if limit is None else frozenset(limit))


@pytest.mark.parametrize(
    ("permission", "may"),
    [
        ("floor.finish", True),
        ("floor.anything", True),
        ("insight.read", False),
        ("floors.finish", False),
        ("", False),
    ],
)
def test_a_room_pattern_reaches_its_room_alone(permission, may):
    assert CLERK.may(permission) is may


@pytest.mark.parametrize(
    ("limit", "permission", "may"),
    [
        (None, "insight.read", True),
        (["insight.read"], "insight.read", True),
        (["insight.*"], "insight.read", True),
        (["org.read"], "insight.read", False),
        ([], "insight.read", False),
        (["control.read"], "control.read", False),
    ],
    ids=["no-token", "by-name", "by-room", "another-right", "empty-token", "a-token-gives-nothing-new"],
)
def test_a_token_narrows_and_never_widens(limit, permission, may):
    found = scope((READER, 1, None), limit=limit)
    assert found.may(permission) is may
    assert bool(found.carrying(permission)) is may


@pytest.mark.parametrize("permission", sorted(everyone())[:5])
def test_what_everyone_may_needs_no_role_but_passes_the_token(permission):
    assert scope().may(permission)
    assert not scope(limit=[]).may(permission)
    assert scope(limit=[permission]).may(permission)


@pytest.mark.parametrize(
    ("held", "permission", "lines", "roots"),
    [
        ([], "insight.read", frozenset(), []),
        ([(READER, 1, None)], "insight.read", None, [1]),
        ([(READER, 1, frozenset({4, 5}))], "insight.read", {4, 5}, [1]),
        ([(READER, 1, frozenset({4})), (READER, 2, frozenset({6}))], "org.read", {4, 6}, [1, 2]),
        ([(READER, 1, frozenset({4})), (READER, 1, None)], "org.read", None, [1]),
        ([(READER, 1, frozenset({4})), (CLERK, 2, None)], "org.read", {4}, [1]),
    ],
    ids=["nothing", "unlimited", "a-line", "two-lines", "one-unlimited", "another-right-does-not-count"],
)
def test_the_lines_and_roots_of_a_permission(held, permission, lines, roots):
    found = scope(*held)
    assert found.lines(permission) == lines
    assert found.roots(permission) == roots


def test_only_a_bankwide_role_reaches_the_whole_bank_and_only_for_its_rights():
    found = scope((READER, 1, None), (CHIEF, 2, None))
    assert found.whole_bank()
    assert found.whole_bank("control.read")
    assert not found.whole_bank("insight.read")
    assert found.carrying(None) == found.held


@pytest.mark.parametrize("code", sorted(roles()))
def test_each_role_of_the_catalog_says_itself_and_where_it_reaches(code):
    found = roles()[code]
    assert found.reach in {"subtree", "unit", "own", "bank"}
    assert found.name != found.name_en
    assert found.title == found.name
    with translation.override("en"):
        assert found.title == found.name_en
    assert all(name.count(".") == 1 and name == name.lower() for name in found.permissions)


def test_the_roles_to_be_kept_apart_exist():
    assert separate() <= roles().keys()
    assert len(separate()) >= 3


FAULTS = [
    ("Ab1", "short", "密码过短：至少 8 个字符", "too short: at least 8 characters"),
    ("aB3" * 43, "long", "128", "too long: at most 128 characters"),
    ("Password1", "common", "最易被猜中", "guessed first"),
    ("xx-Wang.Ming-9", "own", "姓名", "holds your name"),
    ("abcdefgh-jkl", "classes", "三", "at least three of"),
]


@pytest.mark.parametrize(("password", "code", "zh", "en"), FAULTS, ids=[f[1] for f in FAULTS])
def test_a_refused_password_is_told_why_in_both_languages(settings, password, code, zh, en):
    settings.PASSWORD_PROFILE = "dengbao"
    person = Person(code="E77777", username="wang.ming", name="王")
    said = {}
    for language in ("zh-hans", "en"):
        with translation.override(language), pytest.raises(ValidationError) as refused:
            passwords.validate(password, person)
        assert [error.code for error in refused.value.error_list] == [code]
        said[language] = refused.value.messages[0]
    assert en in said["en"]
    assert zh in said["zh-hans"]
    assert password not in "".join(said.values())


def test_all_that_is_wrong_is_told_at_once():
    with pytest.raises(ValidationError) as refused:
        passwords.validate("e777")
    assert [error.code for error in refused.value.error_list] == ["short"]
    with pytest.raises(ValidationError) as refused:
        passwords.validate("e777", Person(code="E777", username=None, name="王"))
    assert [error.code for error in refused.value.error_list] == ["short", "own"]


@pytest.mark.parametrize("own", ["王", "abc", ""])
def test_words_of_three_letters_may_stand_in_a_password(own):
    assert rules.faults(rules.PROFILES["asvs"], f"long enough {own} here", common=(), own=[own]) == []


@pytest.mark.parametrize(
    ("password", "kinds"),
    [("", 0), ("a", 1), ("aA", 2), ("aA1", 3), ("aA1-", 4), ("密码", 1), ("éÉ", 2), ("² ", 2), ("  ", 1)],
)
def test_the_kinds_of_characters(password, kinds):
    assert rules.classes(password) == kinds


@pytest.mark.parametrize("name", ["asvs", "dengbao"])
def test_a_profile_is_named_in_the_settings(settings, name):
    settings.PASSWORD_PROFILE = name
    assert passwords.profile().name == name
    text = passwords.ProfileValidator().get_help_text()
    with translation.override("en"):
        assert passwords.ProfileValidator().get_help_text() != text
        assert ("90 days" in passwords.ProfileValidator().get_help_text()) == (name == "dengbao")


def test_a_profile_that_does_not_exist_stops_the_start(settings):
    settings.PASSWORD_PROFILE = "none"
    with pytest.raises(ImproperlyConfigured, match="asvs, dengbao"):
        passwords.profile()


@pytest.mark.parametrize("name", ["asvs", "dengbao"])
def test_one_time_passwords_pass_either_profile_and_can_be_read_out(settings, name):
    settings.PASSWORD_PROFILE = name
    made = {passwords.generate() for _n in range(20)}
    assert len(made) == 20
    for password in made:
        passwords.validate(password)
        assert [len(group) for group in password.split("-")] == [4, 4, 4, 4]
        assert not set("ilIO01") & set(password.replace("-", ""))


@pytest.mark.parametrize(
    ("days", "due"),
    [(0, False), (90, False), (90.1, True), (-1, False)],
    ids=["today", "edge", "over", "clock"],
)
def test_a_password_is_due_after_its_age(days, due):
    now = timezone.now()
    assert rules.expired(rules.PROFILES["dengbao"], now - dt.timedelta(days=days), now) is due


@pytest.mark.parametrize(
    ("change", "works"),
    [
        ({}, True),
        ({"is_active": False}, False),
        ({"joined_date": dt.timedelta(days=1)}, False),
        ({"joined_date": dt.timedelta(0)}, True),
        ({"left_date": dt.timedelta(days=-1)}, False),
        ({"left_date": dt.timedelta(0)}, True),
    ],
    ids=["as-ever", "disabled", "begins-tomorrow", "begins-today", "left-yesterday", "leaves-today"],
)
def test_who_may_sign_in_today(change, works):
    today = timezone.localdate()
    told = {k: today + v if isinstance(v, dt.timedelta) else v for k, v in change.items()}
    assert works_here(Person(**{"code": "E1", "name": "王", **told})) is works


@pytest.mark.parametrize(
    ("form", "user", "name"),
    [
        ({"login": " Wang "}, None, "wang"),
        ({}, SimpleNamespace(username="LI"), "li"),
        ({}, SimpleNamespace(username=None), ""),
        ({}, None, ""),
        ({"login": "x" * 300}, None, "x" * 150),
        ({"login": "STRASSE"}, SimpleNamespace(username="other"), "strasse"),
    ],
    ids=["form", "session", "no-name", "nobody", "very-long", "form-before-session"],
)
def test_lockouts_count_a_name_in_one_spelling(form, user, name):
    request = RequestFactory().post("/", form)
    request.user = user
    assert lockout_name(request) == name


@given(st.text(max_size=200))
def test_capitals_and_blanks_give_no_fresh_attempts(name):
    same = {lockout_name(None, {"username": spelled}) for spelled in (name, name.strip(), f"  {name}")}
    assert len(same) == 1
    assert len(same.pop()) <= 150


def test_a_reader_is_a_person():
    person = Person(code="E1", name="王")
    assert reader_of(SimpleNamespace(user=person)) is person
    with pytest.raises(Denied, match="nobody is signed in"):
        reader_of(SimpleNamespace(user=None))


@pytest.mark.parametrize("text", ["", "x", "手机 13800000000", "a" * 5000, "v1:already", "\0"])
def test_sealed_values_come_back_and_say_nothing(text):
    made = seal(text)
    assert unseal(made) == text
    assert made.startswith(MARK) == bool(text)
    assert len(text) < 2 or text not in made


def broken(made, how):
    raw = bytearray(base64.b64decode(made.removeprefix(MARK)))
    changed = {"first": 0, "last": -1, "middle": len(raw) // 2}
    raw[changed[how]] ^= 1
    return MARK + base64.b64encode(bytes(raw)).decode()


@pytest.mark.parametrize("how", ["first", "middle", "last"])
def test_one_changed_bit_is_noticed(how):
    with pytest.raises(ValueError, match=r"does not open: altered, or KEZUN_HOME/keys/sealed\.key differs"):
        unseal(broken(seal("secret value"), how))


@pytest.mark.parametrize("text", ["v1:", "v1:AAAA", "v1:%%%", "plain text", "v1:" + "A" * 16])
def test_what_was_never_sealed_does_not_open(text):
    with pytest.raises(ValueError, match="does not open"):
        unseal(text)


def test_the_key_is_made_once_and_readable_by_its_owner_alone(settings, tmp_path):
    settings.KEZUN_HOME = tmp_path
    made = seal("x")
    key = tmp_path / "keys" / "sealed.key"
    assert (key.stat().st_mode & 0o777, len(key.read_bytes())) == (0o600, 32)
    sealed._cipher_at.cache_clear()
    assert unseal(made) == "x"


def test_nothing_stays_nothing_in_a_sealed_field():
    field = SealedField()
    assert field.get_prep_value(None) is None
    assert field.from_db_value(None, None, None) is None
    assert field.from_db_value(field.get_prep_value(12), None, None) == "12"
    assert field.get_lookup("exact") is None
    assert field.get_lookup("isnull") is not None
