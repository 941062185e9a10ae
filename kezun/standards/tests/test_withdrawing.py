"""A published edition ends only by two: one asks, another carries it out; tables hold it."""

from __future__ import annotations

import html

import pytest
from click.testing import CliRunner
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from kezun.kernel import frozen
from kezun.kernel.actor import Denied
from kezun.kernel.models import TrailEntry
from kezun.standards import actions
from kezun.standards.cli import standard_group
from kezun.standards.models import Standard
from kezun.standards.tests.world import SYSTEM, URN, begun, published, text, withdrawn

pytestmark = [pytest.mark.django_db]


@pytest.fixture
def office(person_in):
    return person_in("service_office", "HO")


@pytest.fixture
def second(person_in, bank):
    return person_in("service_office", "P1")


@pytest.fixture
def english():
    with translation.override("en"):
        yield


def test_one_person_alone_ends_nothing(office, english):
    row = published()
    with pytest.raises(ValidationError, match="ask for its withdrawal first"):
        actions.withdraw(office, row, reason="停用")
    actions.ask_withdrawal(office, row, reason="停用")
    with pytest.raises(ValidationError, match="a second person has to carry it out"):
        actions.withdraw(office, row, reason="停用")
    row.refresh_from_db()
    assert (row.state, row.withdrawn_at, row.asked_by) == ("published", None, office)


def test_the_second_person_carries_it_out_with_the_reason_of_the_first(office, second):
    row = withdrawn(office, second, published())
    assert (row.state, row.note, row.asked_by, row.withdrawn_by) == ("withdrawn", "停用", office, second)
    assert row.withdrawn_at >= row.asked_at
    told = list(
        TrailEntry.objects.filter(verb__startswith="standards.").order_by("pk").values_list("verb", "actor")
    )
    assert [verb for verb, _who in told[-2:]] == ["standards.ask_withdrawal", "standards.withdraw"]
    assert told[-2][1] != told[-1][1]


def test_the_second_person_may_say_more(office, second):
    row = published()
    actions.ask_withdrawal(office, row, reason="停用")
    assert actions.withdraw(second, row, reason="依总行 9 号文").note == "依总行 9 号文"


def test_asking_needs_a_reason_a_person_and_happens_once(office, second, english):
    row = published()
    with pytest.raises(ValidationError, match="Say why"):
        actions.ask_withdrawal(office, row, reason="  ")
    with pytest.raises(Denied):
        actions.ask_withdrawal(SYSTEM, row, reason="停用")
    actions.ask_withdrawal(office, row, reason="停用")
    with pytest.raises(ValidationError, match="asked for that already"):
        actions.ask_withdrawal(second, row, reason="停用")
    with pytest.raises(Denied):
        actions.withdraw(SYSTEM, row)


def test_it_is_refused_or_taken_back_and_asked_again(office, second, english):
    row = published()
    with pytest.raises(ValidationError, match="Nobody asked"):
        actions.refuse_withdrawal(second, row, reason="仍需使用")
    actions.ask_withdrawal(office, row, reason="停用")
    kept = actions.refuse_withdrawal(second, row, reason="仍需使用")
    assert (kept.state, kept.ending, kept.asked_at) == ("published", False, None)
    with pytest.raises(ValidationError, match="ask for its withdrawal first"):
        actions.withdraw(second, row)
    actions.ask_withdrawal(second, row, reason="停用")
    assert actions.withdraw(office, row).withdrawn_by == office


def test_a_sheet_begun_meanwhile_holds_it_up(office, second, bank, english):
    row = published()
    actions.ask_withdrawal(office, row, reason="停用")
    begun(office, bank["O1"])
    with pytest.raises(ValidationError, match="Sheets are being filled"):
        actions.withdraw(second, row)


def test_a_draft_is_given_up_by_one(office):
    row = actions.draft(office, text=text("2"))
    with pytest.raises(ValidationError):
        actions.ask_withdrawal(office, row, reason="不要了")
    with pytest.raises(ValidationError):
        actions.withdraw(office, row)
    assert actions.withdraw(office, row, reason="不要了").state == "withdrawn"


@pytest.mark.parametrize(
    "change",
    [
        {"state": "withdrawn"},
        {"withdrawn_at": timezone.now()},
        {"state": "withdrawn", "withdrawn_at": timezone.now()},
    ],
)
def test_the_table_takes_no_end_by_fewer_than_two(office, change):
    row = published()
    for persons in ({}, {"asked_by": office}, {"asked_by": office, "withdrawn_by": office}):
        with pytest.raises(DatabaseError), transaction.atomic():
            Standard.objects.filter(pk=row.pk).update(**change, **persons)
    row.refresh_from_db()
    assert row.state == "published"


def test_what_is_withdrawn_never_comes_back(office, second):
    row = withdrawn(office, second, published())
    for change in ({"state": "published"}, {"withdrawn_at": None}, {"withdrawn_by": office}, {"note": "x"}):
        with pytest.raises(DatabaseError), transaction.atomic():
            Standard.objects.filter(pk=row.pk).update(**change)
    assert "standards_standard_withdrawn_settled" not in frozen.missing(connection)


def body(answer) -> str:
    return html.unescape(answer.content.decode())


@pytest.fixture
def visit(settings):
    """`visit(person)` → a client signed in as that person, reading English."""
    settings.AXES_ENABLED = False

    def enter(person) -> Client:
        client = Client()
        client.force_login(person)
        client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
        return client

    return enter


def test_the_pages_ask_and_let_another_carry_it_out(visit, office, second):
    row = published()
    page = reverse("standards.handbook", args=[row.pk])
    client = visit(office)
    assert reverse("standards.decide", args=[row.pk, "ask"]) in body(client.get(page))

    def post(word, **told):
        return body(client.post(reverse("standards.decide", args=[row.pk, word]), told, follow=True))

    assert "ask for its withdrawal first" in post("withdraw", reason="停用")
    assert "a second person has to carry it out" in post("ask", reason="停用")
    shown = body(client.get(page))
    assert "You asked for it" in shown
    assert "Carry out the withdrawal" not in shown
    assert "Withdrawal asked for" in body(client.get(reverse("standards.library")))
    client = visit(second)
    assert "1 proposal waits for your decision." in body(client.get(reverse("standards.library")))
    shown = body(client.get(page))
    assert "Carry out the withdrawal" in shown
    assert "停用" in shown
    assert "It stays in force." in post("keep", reason="仍需使用")
    assert "carry it out" in post("ask", reason="停用")
    client = visit(office)
    done = post("withdraw")
    assert "Withdrawn." in done
    assert f"carried out by {office}" in done


def test_others_do_not_see_that_it_was_asked_for(visit, office, person_in):
    actions.ask_withdrawal(office, published(), reason="停用")
    shown = body(visit(person_in("teller", "O1")).get(reverse("standards.library")))
    assert "Withdrawal asked for" not in shown


def kezun(*words, code=0) -> str:
    done = CliRunner().invoke(standard_group, ["withdraw", *words])
    assert done.exit_code == code, done.output
    return done.output


def test_the_command_takes_two_persons(office, second, english):
    published()
    name = f"{URN}@1"
    assert "A person has to answer" in kezun(name, "--reason", "停用", code=1)
    assert "stays in force until" in kezun(name, "--reason", "停用", "--as", office.code)
    assert "a second person" in kezun(name, "--carry-out", "--as", office.code, code=1)
    assert "stays in force" in kezun(name, "--keep", "--reason", "仍需", "--as", second.code)
    kezun(name, "--reason", "停用", "--as", second.code)
    assert "is withdrawn" in kezun(name, "--carry-out", "--as", office.code)
    assert Standard.objects.get().withdrawn_by == office
    assert "No published edition" in kezun(name, "--carry-out", "--as", office.code, code=1)
    kezun(URN, code=2)
    kezun(name, "--carry-out", "--keep", code=2)
