"""Bars at the door and in forms: locks by name and address, addresses that cannot be, odd words."""

import pytest
from django.contrib.auth import SESSION_KEY
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from kezun.kernel.actor import SystemActor
from kezun.kernel.models import TrailEntry
from kezun.org.actions import set_password

SYSTEM = SystemActor("test")
PASSWORD = "Correct-Horse-7"
BRANCH, HOME = "10.1.2.3", "10.9.9.9"


@pytest.fixture(autouse=True)
def _no_brakes():
    cache.clear()


@pytest.fixture
def colleagues(person_in):
    """Six people who sit behind the one address of their branch."""
    people = [person_in(role, "O1") for role in ("teller", "lobby_manager", "outlet_manager", "supervisor")]
    people += [person_in("teller", unit) for unit in ("O2", "O3")]
    for person in people:
        set_password(SYSTEM, person, password=PASSWORD)
    return people


def sign_in(name, password, address=BRANCH):
    client = Client(REMOTE_ADDR=address)
    answer = client.post(reverse("account_login"), {"login": name, "password": password})
    return answer, SESSION_KEY in client.session


def test_five_wrong_passwords_lock_one_name_at_one_address_and_nobody_else(colleagues):
    clumsy, *others = colleagues
    for _time in range(5):
        _answer, inside = sign_in(clumsy.username, "wrong")
        assert not inside
    answer, inside = sign_in(clumsy.username, PASSWORD)
    assert (answer.status_code, inside) == (429, False)
    assert "分钟" in answer.content.decode()
    for colleague in others:
        assert sign_in(colleague.username, PASSWORD)[1], "the branch sits behind one address"
    assert sign_in(clumsy.username, PASSWORD, HOME)[1], "from another address the right password opens"
    assert TrailEntry.objects.filter(verb="org.locked_out").count() >= 1


def test_four_wrong_passwords_lock_nobody(colleagues):
    for _time in range(4):
        sign_in(colleagues[0].username, "wrong")
    assert sign_in(colleagues[0].username, PASSWORD)[1]


def test_spelling_the_name_otherwise_gives_no_fresh_attempts(colleagues):
    name = colleagues[0].username
    for spelled in (name, name.upper(), f" {name}", f"{name} ", name.title()):
        sign_in(spelled, "wrong")
    assert sign_in(name, PASSWORD)[0].status_code == 429


def test_one_who_tries_many_names_finds_no_other_answer_for_those_that_exist(colleagues):
    answers = []
    for name in (colleagues[0].username, "nobody.at.all"):
        answer, inside = sign_in(name, "wrong")
        text = answer.content.decode().replace(name, "")
        answers.append((answer.status_code, inside, "登录名或密码" in text))
    assert answers[0] == answers[1] == (200, False, True)


@pytest.mark.parametrize(
    "given", [("", ""), ("x" * 5000, PASSWORD), ("a\0b", PASSWORD), ("王'--", "' OR 1=1")]
)
def test_odd_names_are_refused_like_any_other(db, given):
    answer, inside = sign_in(*given)
    assert answer.status_code in {200, 400}
    assert not inside


@pytest.mark.parametrize(
    "path", ["/org/?q=a%00b", "/org/units/%00/", "/api/v1/units?q=%00", "/trail/?actor=%00", "/%00"]
)
def test_an_address_with_a_nul_is_told_so_without_asking_the_database(
    client, path, django_assert_num_queries, db
):
    with django_assert_num_queries(0):
        answer = client.get(path)
    assert answer.status_code == 400
    assert "网址" in (answer.json()["detail"] if path.startswith("/api/") else answer.content.decode())
    assert answer.headers["X-Request-ID"]


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01", "2026-02-30", "x", "２０２６-01-01"])
@pytest.mark.parametrize("name", ["since", "until"])
def test_days_at_the_ends_of_the_calendar_break_no_filter(client, as_, name, day):
    as_("auditor", "HO")
    assert client.get(reverse("control.trail"), {name: day}).status_code == 200


@pytest.mark.parametrize("word", ["bless", "delete", "approve-all"])
def test_a_roster_is_decided_by_no_other_word(client, as_, word):
    from kezun.org.actions import draft_roster
    from kezun.org.rules.roster import PostRow, Roster

    person = as_("service_office", "HO")
    upload = draft_roster(person, Roster(posts=(PostRow("p", "岗", "teller"),)), name="r.xlsx")
    assert client.post(reverse("org.roster_decide", args=[upload.pk, word])).status_code == 404
    upload.refresh_from_db()
    assert upload.state == "draft"


@pytest.mark.parametrize("reason", ["x" * 2000, "  ", "\n"])
def test_odd_reasons_break_no_decision(client, as_, person_in, reason):
    from kezun.org.actions import draft_roster, submit_roster
    from kezun.org.rules.roster import PostRow, Roster

    other = person_in("security_admin", "HO")
    roster = Roster(posts=(PostRow("p", "岗", "teller"),))
    upload = submit_roster(other, draft_roster(other, roster, name="r.xlsx"))
    as_("service_office", "HO")
    answer = client.post(reverse("org.roster_decide", args=[upload.pk, "refuse"]), {"reason": reason})
    assert answer.status_code == 302
    upload.refresh_from_db()
    assert upload.state == ("refused" if reason.strip() else "submitted")


def test_a_reason_that_no_database_holds_decides_nothing(client, as_, person_in):
    from kezun.org.actions import draft_roster, submit_roster
    from kezun.org.rules.roster import PostRow, Roster

    other = person_in("security_admin", "HO")
    upload = submit_roster(
        other, draft_roster(other, Roster(posts=(PostRow("p", "岗", "teller"),)), name="r")
    )
    as_("service_office", "HO")
    address = reverse("org.roster_decide", args=[upload.pk, "refuse"])
    assert client.post(address, {"reason": "a\0b"}).status_code == 400
    upload.refresh_from_db()
    assert (upload.state, upload.reason) == ("submitted", "")
