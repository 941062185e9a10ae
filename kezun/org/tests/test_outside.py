"""Sign-in by the bank's directory (LDAP) and its identity server (OpenID Connect)."""

import datetime as dt
from types import SimpleNamespace

import ldap3
import pytest
from allauth.core.exceptions import ImmediateHttpResponse
from django.contrib.auth import SESSION_KEY
from django.contrib.messages.storage.fallback import FallbackStorage
from django.test import RequestFactory
from django.urls import reverse
from ldap3.core.exceptions import LDAPSocketOpenError

from kezun.org import ldap
from kezun.org.models import Person
from kezun.org.signin import OutsideAdapter

DN = "uid={name},ou=people,dc=bank"


@pytest.fixture
def directory(settings, monkeypatch):
    """A directory in memory with wang, whose password is `secret`; returns the names that tried to bind."""
    settings.KEZUN_LDAP_URL, settings.KEZUN_LDAP_DN = "ldaps://directory.bank", DN
    tried = []

    def connect(server, *, user, password, **given):
        tried.append(user)
        made = ldap3.Connection(server, user=user, password=password, client_strategy=ldap3.MOCK_SYNC)
        made.strategy.add_entry(DN.format(name="wang"), {"userPassword": "secret", "sn": "wang"})
        if not made.bind():
            raise ldap3.core.exceptions.LDAPBindError("invalid credentials")
        return made

    monkeypatch.setattr(ldap, "Connection", connect)
    return tried


@pytest.fixture
def wang(bank):
    return Person.objects.create(code="E1", username="wang", name="王", home_unit=bank["O1"], password="!")


def sign_in(client, name, password):
    client.post(reverse("account_login"), {"login": name, "password": password})
    return SESSION_KEY in client.session


def test_the_directory_says_whether_the_password_is_right(client, wang, directory):
    assert not sign_in(client, "wang", "wrong")
    assert sign_in(client, "Wang", "secret")
    assert set(directory) == {"uid=wang,ou=people,dc=bank"}


def test_who_is_in_the_directory_but_not_in_the_roster_stays_out(client, directory, db):
    assert not sign_in(client, "wang", "secret")
    assert directory == []
    assert Person.objects.get_queryset().count() == 0


def test_an_empty_password_is_never_sent(wang, directory):
    assert ldap.LdapBackend().authenticate(None, username="wang", password="") is None
    assert directory == []


@pytest.mark.parametrize("change", [{"is_active": False}, {"left_date": dt.date(2020, 1, 1)}])
def test_who_is_disabled_or_has_left_is_not_asked_for(wang, directory, change):
    Person.objects.filter(pk=wang.pk).update(**change)
    assert ldap.LdapBackend().authenticate(None, username="wang", password="secret") is None
    assert directory == []


def test_without_a_directory_nobody_is_asked(wang, settings):
    settings.KEZUN_LDAP_URL = ""
    assert ldap.LdapBackend().authenticate(None, username="wang", password="secret") is None
    assert not ldap.LdapBackend().user_can_authenticate(None)
    assert ldap.LdapBackend().user_can_authenticate(wang)


def test_names_cannot_smuggle_parts_of_a_dn(bank, directory):
    Person.objects.create(code="E2", username="x,dc=evil", name="x", home_unit=bank["O1"])
    ldap.LdapBackend().authenticate(None, username="x,dc=evil", password="secret")
    assert directory == ["uid=x\\,dc\\=evil,ou=people,dc=bank"]


@pytest.mark.parametrize(("url", "mode"), [("ldaps://d", "NO_TLS"), ("ldap://d", "TLS_BEFORE_BIND")])
def test_passwords_never_travel_in_the_clear(settings, monkeypatch, url, mode):
    settings.KEZUN_LDAP_URL = url
    seen = {}

    def connect(server, **given):
        seen.update(given, ssl=server.ssl)
        raise LDAPSocketOpenError("down")

    monkeypatch.setattr(ldap, "Connection", connect)
    assert not ldap.binds("uid=x", "secret"), "a directory that is down lets nobody in"
    assert seen["auto_bind"] == mode
    assert seen["ssl"] or mode == "TLS_BEFORE_BIND"


def outside(claims, existing=False):
    joined = []
    account = SimpleNamespace(extra_data=claims)
    login = SimpleNamespace(is_existing=existing, account=account, connect=lambda r, p: joined.append(p))
    request = RequestFactory().get("/")
    request.session = {}
    request._messages = FallbackStorage(request)
    return login, request, joined


@pytest.mark.parametrize(
    "claims",
    [
        {"preferred_username": "WANG"},
        {"userinfo": {"preferred_username": "wang"}},
        {"id_token": {"preferred_username": "wang"}},
    ],
)
def test_the_claim_finds_the_person(wang, claims):
    login, request, joined = outside(claims)
    OutsideAdapter().pre_social_login(request, login)
    assert joined == [wang]


@pytest.mark.parametrize(
    "claims", [{}, {"preferred_username": "nobody"}, {"preferred_username": ""}, {"sub": "wang"}]
)
def test_who_is_not_in_the_roster_is_refused_with_a_message(wang, claims):
    login, request, joined = outside(claims)
    with pytest.raises(ImmediateHttpResponse) as refused:
        OutsideAdapter().pre_social_login(request, login)
    assert refused.value.response.url == reverse("account_login")
    assert "不在本系统花名册中" in str(next(iter(request._messages)))
    assert joined == []


def test_who_has_left_is_refused(wang):
    Person.objects.filter(pk=wang.pk).update(left_date=dt.date(2020, 1, 1))
    login, request, joined = outside({"preferred_username": "wang"})
    with pytest.raises(ImmediateHttpResponse):
        OutsideAdapter().pre_social_login(request, login)
    assert joined == []


def test_who_is_known_already_goes_on(wang):
    login, request, joined = outside({}, existing=True)
    OutsideAdapter().pre_social_login(request, login)
    assert joined == []
    assert not OutsideAdapter().is_open_for_signup(request, login)


def test_a_configured_server_shows_on_the_sign_in_page(client, db, settings):
    settings.SOCIALACCOUNT_PROVIDERS = {
        "openid_connect": {
            "APPS": [
                {
                    "provider_id": "bank",
                    "name": "Bank SSO",
                    "client_id": "kezun",
                    "secret": "s",
                    "settings": {"server_url": "https://id.example.com"},
                }
            ]
        }
    }
    text = client.get(reverse("account_login")).content.decode()
    assert "使用 Bank SSO 登录" in text
    assert reverse("openid_connect_login", args=["bank"]) in text
