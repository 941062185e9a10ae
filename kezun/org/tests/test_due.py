"""What is due before anything else: a new password, a second factor. And the second factors themselves."""

import datetime as dt
import json

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth as totp
from django.contrib.auth import SESSION_KEY
from django.core.cache import cache
from django.urls import reverse
from django.utils import timezone

from kezun.kernel.actor import SystemActor
from kezun.kernel.models import TrailEntry
from kezun.org.actions import set_password
from kezun.org.models import Person

SYSTEM = SystemActor("test")
PASSWORD = "Correct-Horse-7"
NEXT = "Another-Horse-8"


@pytest.fixture(autouse=True)
def _no_brakes():
    cache.clear()


@pytest.fixture
def clerk(person_in):
    person = person_in("lobby_manager", "O1")
    set_password(SYSTEM, person, password=PASSWORD)
    return person


def sign_in(client, person, password=PASSWORD):
    return client.post(reverse("account_login"), {"login": person.username, "password": password})


def code_of(secret, shift=0):
    return totp.format_hotp_value(
        totp.hotp_value(secret, totp.yield_hotp_counters_from_time().__next__() + shift)
    )


def give_factor(person):
    secret = totp.generate_totp_secret()
    totp.TOTP.activate(person, secret)
    return secret


def test_a_one_time_password_opens_only_the_change(client, clerk):
    set_password(SYSTEM, clerk, password=PASSWORD, must_change=True)
    sign_in(client, clerk)
    for name in ("org.me", "org.tree"):
        assert client.get(reverse(name)).url == reverse("account_change_password")
    assert client.get("/nowhere/").url == reverse("account_change_password")
    answer = client.get(reverse("account_change_password"))
    assert "请先设置新密码再继续" in answer.content.decode()
    given = {"oldpassword": PASSWORD, "password1": NEXT, "password2": NEXT}
    client.post(reverse("account_change_password"), given)
    assert client.get(reverse("org.me")).status_code == 200
    assert Person.objects.get(pk=clerk.pk).check_password(NEXT)
    assert TrailEntry.objects.get(verb="org.change_password").actor == clerk.trail_name


@pytest.mark.parametrize(
    ("profile", "password", "good"),
    [
        ("asvs", "correct horse battery", True),
        ("dengbao", "correct horse battery", False),
        ("dengbao", "Correct-Battery-9", True),
        ("asvs", "password1", False),
        ("asvs", PASSWORD, False),
    ],
)
def test_the_change_obeys_the_profile(client, clerk, settings, profile, password, good):
    settings.PASSWORD_PROFILE = profile
    sign_in(client, clerk)
    given = {"oldpassword": PASSWORD, "password1": password, "password2": password}
    client.post(reverse("account_change_password"), given)
    assert Person.objects.get(pk=clerk.pk).check_password(password) is (good or password == PASSWORD)
    assert TrailEntry.objects.filter(verb="org.change_password").exists() is good


def test_dengbao_asks_for_a_change_after_ninety_days(client, clerk, settings):
    settings.PASSWORD_PROFILE = "dengbao"
    Person.objects.filter(pk=clerk.pk).update(password_at=timezone.now() - dt.timedelta(days=91))
    sign_in(client, clerk)
    assert client.get(reverse("org.me")).url == reverse("account_change_password")


def test_other_sessions_end_with_a_new_password(client, clerk):
    from django.test import Client

    elsewhere = Client()
    for one in (client, elsewhere):
        sign_in(one, clerk)
    given = {"oldpassword": PASSWORD, "password1": NEXT, "password2": NEXT}
    client.post(reverse("account_change_password"), given)
    assert elsewhere.get(reverse("org.me")).status_code == 302
    assert client.get(reverse("org.me")).status_code == 200


def test_who_signs_in_elsewhere_has_no_password_to_change(client, clerk):
    clerk.set_unusable_password()
    clerk.save()
    client.force_login(clerk, backend="kezun.org.ldap.LdapBackend")
    answer = client.get(reverse("account_change_password"), follow=True)
    assert "请在行内目录中修改密码" in answer.content.decode()


def test_a_role_may_demand_a_second_factor(client, clerk, settings):
    settings.KEZUN_MFA_REQUIRED_ROLES = {"lobby_manager"}
    sign_in(client, clerk)
    assert client.get(reverse("org.me")).url == reverse("mfa_activate_totp")
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    page = client.get(reverse("mfa_activate_totp"))
    assert page.status_code == 200
    secret = page.context["form"].secret
    client.post(reverse("mfa_activate_totp"), {"code": code_of(secret)})
    assert Authenticator.objects.filter(user=clerk, type="totp").exists()
    assert client.get(reverse("org.me")).status_code == 200
    assert client.session["factor"] is True


def test_other_roles_need_none(client, clerk, settings):
    settings.KEZUN_MFA_REQUIRED_ROLES = {"security_admin"}
    sign_in(client, clerk)
    assert client.get(reverse("org.me")).status_code == 200


def test_the_last_factor_stays_where_the_role_demands_it(clerk, settings):
    from kezun.org.signin import SecondFactorAdapter

    give_factor(clerk)
    row = Authenticator.objects.get(user=clerk, type="totp")
    adapter = SecondFactorAdapter()
    assert adapter.can_delete_authenticator(row)
    settings.KEZUN_MFA_REQUIRED_ROLES = {"lobby_manager"}
    assert not adapter.can_delete_authenticator(row)
    Authenticator.objects.create(user=clerk, type="webauthn", data={})
    assert adapter.can_delete_authenticator(row)


def test_signing_in_takes_the_second_factor_once_it_is_there(client, clerk):
    secret = give_factor(clerk)
    assert secret not in json.dumps(Authenticator.objects.get(user=clerk, type="totp").data)
    answer = sign_in(client, clerk)
    assert answer.url == reverse("mfa_authenticate")
    assert SESSION_KEY not in client.session
    assert client.get(reverse("org.me")).status_code == 302
    text = client.get(answer.url).content.decode()
    assert "<script" in text
    assert client.post(answer.url, {"code": "000000"}).status_code == 200
    assert SESSION_KEY not in client.session
    client.post(answer.url, {"code": code_of(secret)})
    assert client.session[SESSION_KEY] == str(clerk.pk)


def test_a_code_works_once(client, clerk):
    from django.test import Client

    secret = give_factor(clerk)
    code = code_of(secret)
    for one, inside in ((client, True), (Client(), False)):
        sign_in(one, clerk)
        one.post(reverse("mfa_authenticate"), {"code": code})
        assert (SESSION_KEY in one.session) is inside


def test_a_recovery_code_replaces_a_lost_phone_once(client, clerk):
    from django.test import Client

    give_factor(clerk)
    code = RecoveryCodes.activate(clerk).get_unused_codes()[0]
    for one, inside in ((client, True), (Client(), False)):
        sign_in(one, clerk)
        one.post(reverse("mfa_authenticate"), {"code": code})
        assert (SESSION_KEY in one.session) is inside


def test_codes_cannot_be_guessed_without_end(client, clerk):
    give_factor(clerk)
    sign_in(client, clerk)
    texts = [
        client.post(reverse("mfa_authenticate"), {"code": f"{n:06}"}).content.decode() for n in range(40)
    ]
    assert "失败次数过多" in texts[-1] or "Too many" in texts[-1]


PAGES = ["mfa_index", "mfa_activate_totp", "mfa_list_webauthn", "mfa_add_webauthn"]


@pytest.mark.parametrize("name", PAGES)
def test_the_pages_of_second_factors_are_ours_and_have_no_inline_code(client, clerk, name):
    sign_in(client, clerk)
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    answer = client.get(reverse(name), follow=True)
    text = answer.content.decode()
    assert answer.status_code == 200
    assert "k-page" in text
    for part in text.split("<script")[1:]:
        head = part.split(">")[0]
        assert "src=" in head or "application/json" in head, head
    assert "style=" not in text
    assert "onclick" not in text


def test_the_passkey_options_name_no_person(client, db):
    answer = client.get(reverse("mfa_login_webauthn"), headers={"Accept": "application/json"})
    options = answer.json()["request_options"]["publicKey"]
    assert options["allowCredentials"] == [] if "allowCredentials" in options else True
    assert options["userVerification"]


FORGED = [
    {},
    {"id": "AAAA"},
    {"id": 7, "rawId": None, "response": "x", "type": "public-key"},
    {
        "id": "AAAA",
        "rawId": "AAAA",
        "type": "public-key",
        "clientExtensionResults": {},
        "response": {
            "clientDataJSON": "e30",
            "authenticatorData": "AAAA",
            "signature": "AAAA",
            "userHandle": "MQ",
        },
    },
]


@pytest.mark.parametrize("credential", FORGED, ids=["empty", "short", "types", "unsigned"])
def test_a_forged_passkey_is_refused(client, clerk, credential):
    client.get(reverse("mfa_login_webauthn"), headers={"Accept": "application/json"})
    answer = client.post(reverse("mfa_login_webauthn"), {"credential": json.dumps(credential)})
    assert SESSION_KEY not in client.session
    assert answer.status_code in {200, 302}


@pytest.mark.parametrize("credential", FORGED, ids=["empty", "short", "types", "unsigned"])
def test_a_malformed_new_passkey_is_refused(client, clerk, credential):
    sign_in(client, clerk)
    client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    assert "publicKey" in client.get(reverse("mfa_add_webauthn")).content.decode()
    answer = client.post(reverse("mfa_add_webauthn"), {"name": "key", "credential": json.dumps(credential)})
    assert answer.status_code == 200
    assert not Authenticator.objects.exists()


def test_a_forged_passkey_is_no_second_factor(client, clerk):
    give_factor(clerk)
    sign_in(client, clerk)
    client.get(reverse("mfa_authenticate"))
    for credential in FORGED:
        client.post(reverse("mfa_authenticate"), {"credential": json.dumps(credential)})
    assert SESSION_KEY not in client.session
