"""Signing in, failing to, being locked out, sessions that end, raised rights, what is due first."""

import datetime as dt

import pytest
from django.contrib.auth import SESSION_KEY
from django.urls import reverse
from django.utils import timezone

from kezun.kernel.actor import SystemActor
from kezun.kernel.models import TrailEntry
from kezun.org.actions import disable_person, set_password
from kezun.org.models import Person, SignInSession

PASSWORD = "correct horse battery"
SYSTEM = SystemActor("test")


@pytest.fixture
def clerk(person_in):
    person = person_in("lobby_manager", "O1")
    set_password(SYSTEM, person, password=PASSWORD)
    return person


def sign_in(client, name, password=PASSWORD, address="10.0.0.1", **extra):
    return client.post(
        reverse("account_login"), {"login": name, "password": password}, REMOTE_ADDR=address, **extra
    )


def verbs():
    return list(TrailEntry.objects.filter(verb__startswith="org.").values_list("verb", flat=True))


def test_the_sign_in_page_is_in_chinese_and_has_no_inline_script(client, db):
    page = client.get(reverse("account_login"))
    text = page.content.decode()
    assert page.status_code == 200
    assert "登录" in text
    assert 'lang="zh-hans"' in text
    for part in text.split("<script")[1:]:
        assert part.lstrip().startswith(("src=", "data-allauth-onload"))
    assert "unsafe" not in page.headers["Content-Security-Policy"]


def test_a_person_signs_in_and_out_and_both_are_recorded(client, clerk):
    assert sign_in(client, clerk.username).status_code == 302
    assert client.session[SESSION_KEY] == str(clerk.pk)
    assert SignInSession.objects.get().address == "10.0.0.1"
    client.post(reverse("account_logout"))
    assert SESSION_KEY not in client.session
    assert SignInSession.objects.count() == 0
    assert verbs()[-2:] == ["org.signed_in", "org.signed_out"]


def test_failures_are_recorded_but_never_what_was_typed(client, clerk):
    sign_in(client, clerk.username, "wrong")
    sign_in(client, "my-secret-password", "wrong")
    failed = TrailEntry.objects.filter(verb="org.sign_in_failed").order_by("pk")
    assert [e.target for e in failed] == [f"org.person:{clerk.pk}", ""]
    assert not any("my-secret" in e.detail or "wrong" in e.detail for e in failed)


def test_five_failures_lock_the_name_at_the_address_only(client, clerk, person_in):
    other = person_in("lobby_manager", "O2")
    set_password(SYSTEM, other, password=PASSWORD)
    for attempt in range(5):
        answer = sign_in(client, clerk.username.upper() if attempt % 2 else clerk.username, "wrong")
    assert answer.status_code == 429
    assert "锁定" in answer.content.decode()
    assert sign_in(client, clerk.username).status_code == 429
    assert SESSION_KEY not in client.session
    assert "org.locked_out" in verbs()
    assert sign_in(client, other.username).status_code == 302, "a colleague behind the same address"
    client.logout()
    assert sign_in(client, clerk.username, address="10.0.0.2").status_code == 302, "the same name elsewhere"


def test_a_lock_ends_after_its_time(client, clerk, settings):
    for _attempt in range(5):
        sign_in(client, clerk.username, "wrong")
    from axes.models import AccessAttempt

    AccessAttempt.objects.update(attempt_time=timezone.now() - dt.timedelta(minutes=16))
    assert sign_in(client, clerk.username).status_code == 302


def test_unknown_names_cost_the_same_hashing_as_known_ones(client, clerk, monkeypatch):
    from django.contrib.auth.hashers import Argon2PasswordHasher

    hashed = []
    encode, verify = Argon2PasswordHasher.encode, Argon2PasswordHasher.verify
    monkeypatch.setattr(Argon2PasswordHasher, "encode", lambda *a: hashed.append("e") or encode(*a))
    monkeypatch.setattr(Argon2PasswordHasher, "verify", lambda *a: hashed.append("v") or verify(*a))
    counts = []
    silent = Person.objects.create_user("silent")
    for name in (clerk.username, "nobody.at.all", silent.username):
        hashed.clear()
        text = sign_in(client, name, "wrong").content.decode()
        counts.append(len(hashed))
        assert "登录名或密码不正确" in text
    assert counts == [1, 1, 1]


@pytest.mark.parametrize("change", [{"is_active": False}, {"left_date": dt.date(2020, 1, 1)}])
def test_who_is_disabled_or_has_left_stays_out(client, clerk, change):
    Person.objects.filter(pk=clerk.pk).update(**change)
    answer = sign_in(client, clerk.username)
    assert answer.url == reverse("account_inactive")
    assert client.get(answer.url).status_code == 200
    assert SESSION_KEY not in client.session


def test_a_disabled_person_is_out_on_the_next_request(client, clerk):
    sign_in(client, clerk.username)
    assert client.get(reverse("org.me")).status_code == 200
    disable_person(SYSTEM, clerk, reason="left the bank")
    assert client.get(reverse("org.me")).status_code == 302
    assert SignInSession.objects.count() == 0


def test_who_left_is_out_on_the_next_request(client, clerk):
    sign_in(client, clerk.username)
    Person.objects.filter(pk=clerk.pk).update(left_date=dt.date(2020, 1, 1))
    assert client.get(reverse("org.me")).status_code == 302


def test_an_idle_session_ends(client, clerk):
    sign_in(client, clerk.username)
    session = client.session
    session["seen"] -= 901
    session.save()
    answer = client.get(reverse("org.me"))
    assert answer.status_code == 302
    assert answer.url.startswith(reverse("account_login"))
    assert SESSION_KEY not in client.session


def test_a_session_ends_after_eight_hours_however_busy(client, clerk):
    sign_in(client, clerk.username)
    session = client.session
    session["began"] -= 8 * 3600 + 1
    session.save()
    assert client.get(reverse("org.me")).status_code == 302
    assert SESSION_KEY not in client.session


def test_activity_keeps_a_session_alive(client, clerk):
    sign_in(client, clerk.username)
    session = client.session
    session["seen"] -= 600
    session.save()
    assert client.get(reverse("org.me")).status_code == 200
    assert client.session["seen"] > session["seen"]


def test_the_oldest_session_ends_beyond_the_limit(clerk, settings, client):
    from django.test import Client

    settings.KEZUN_SESSIONS_MAX = 2
    clients = [client, Client(), Client()]
    for one in clients:
        sign_in(one, clerk.username)
    assert SignInSession.objects.count() == 2
    assert [one.get(reverse("org.me")).status_code for one in clients] == [302, 200, 200]


def test_signing_up_resetting_and_mail_do_not_exist(client, db):
    for path in ("signup/", "password/reset/", "email/", "login/code/"):
        assert client.get(f"/account/{path}").status_code in {302, 404}
        assert client.post(f"/account/{path}", {"username": "x", "password1": PASSWORD}).status_code in {
            302,
            404,
        }
    assert Person.objects.get_queryset().count() == 0


def test_a_session_cookie_is_not_for_scripts(client, clerk):
    answer = sign_in(client, clerk.username)
    cookie = answer.cookies["sessionid"]
    assert cookie["httponly"]
    assert cookie["samesite"] == "Lax"
