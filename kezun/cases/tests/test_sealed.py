"""Personal data lie under a key per case: unreadable when altered or exchanged, gone when erased."""

from __future__ import annotations

import base64
import datetime as dt
import json
import logging

import pytest
from django.core.exceptions import ValidationError
from django.db import DatabaseError, connection, transaction
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from kezun.cases import actions, kinds, sealing, standing
from kezun.cases.effects.people import kept_until
from kezun.cases.models import Case, CaseKey, Notice, Party, Proof, SealedText
from kezun.cases.tests.conftest import KIND
from kezun.cases.verifying import verify
from kezun.kernel import frozen
from kezun.kernel.actor import Denied, SystemActor
from kezun.kernel.file import path_of
from kezun.kernel.models import StoredFile, TrailEntry
from kezun.standards.tests.world import photo

SECRETS = ("王秀英", "13800001111", "440106198001011230", "秀英的原话", "尾号5566778899", "人民路1号")
WHO_BROUGHT_IT = {
    **{"role": "complainant", "name": SECRETS[0], "phone": SECRETS[1]},
    **{"id_number": SECRETS[2], "address": SECRETS[5]},
}


@pytest.fixture
def private(opened):
    """A case full of personal data."""
    return opened(story=f"{SECRETS[3]}:等了两小时", account=SECRETS[4], parties=[WHO_BROUGHT_IT])


def everything_stored() -> str:
    """All that the database holds of cases and the trail, but for keys and ciphertext (which say nothing)."""
    rows = []
    for model in (Case, Party, SealedText, Notice, TrailEntry, Case.events.rel.related_model):
        rows += [str(row) for row in model.objects.values()]
    with connection.cursor() as cursor:
        cursor.execute("SELECT * FROM cases_search")
        rows += [str(row) for row in cursor.fetchall()]
    return "\n".join(rows)


def leaked() -> list[str]:
    held = everything_stored()
    return [secret for secret in SECRETS if secret in held]


def test_nothing_personal_is_written_down_in_the_clear(world, private, caplog):
    caplog.set_level(logging.DEBUG)
    actions.do(world["lobby"], private, "note", {"note": "已联系"})
    with pytest.raises(ValidationError):
        actions.do(world["manager"], private, "amend", {"reason": "更正", "account": [SECRETS[4]]})
    assert leaked() == []
    assert not [secret for secret in SECRETS if secret in caplog.text]


@pytest.mark.parametrize(
    ("verb", "given_"),
    [
        ("amend", {"reason": "更正", "account": SECRETS[4]}),
        ("party", {"parties": [WHO_BROUGHT_IT]}),
        ("amend", {"reason": "更正", "account": SECRETS[4], "where": "大堂"}),
    ],
)
def test_nor_when_it_is_brought_later(world, opened, verb, given_):
    case = opened()
    case = actions.do(world["lobby"], case, verb, given_)
    assert leaked() == []
    assert case.seq == 2
    assert verify(case).intact


def test_nor_by_a_field_that_another_verb_asks_for(world):
    text = KIND.replace("id: trial", "id: late").replace(
        "fields:\n", "fields:\n  - {id: iban, name: 账号, type: text, sealed: true, at: [propose]}\n"
    )
    kinds.install_kind(SystemActor("test"), text=text, origin="test")
    case = actions.open_case(world["lobby"], "late", world["bank"]["O1"], {"title": "转账"})
    case = actions.do(world["lobby"], case, "take")
    given_ = {"result": "已退回", "finding": "属实", "iban": SECRETS[4]}
    case = actions.do(world["lobby"], case, "propose", given_)
    assert leaked() == []
    row = SealedText.objects.get(case=case, name="iban")
    assert case.data["iban"] == sealing.reference(row)
    assert sealing.unseal(case, row.sealed) == SECRETS[4]


def test_a_sealed_field_put_right_keeps_both_texts_and_the_history_names_each(world, private):
    case = actions.do(world["lobby"], private, "amend", {"reason": "看错", "account": "尾号7788"})
    rows = list(SealedText.objects.filter(case=case, name="account").order_by("pk"))
    assert [sealing.unseal(case, row.sealed) for row in rows] == [SECRETS[4], "尾号7788"]
    body = json.loads(case.events.get(verb="amend").body)
    assert body["told"]["before"]["account"] == sealing.reference(rows[0])
    assert case.data["account"] == sealing.reference(rows[1])


def test_what_customers_say_of_their_service_is_sealed(world, closed):
    case = actions.do(standing.CUSTOMER, closed(), "rate", {"satisfaction": 2, "words": SECRETS[3]})
    assert case.satisfaction == 2
    assert leaked() == []
    assert sealing.unseal(case, SealedText.objects.get(case=case, name="rated").sealed) == SECRETS[3]


# --- the ciphertext ---


@given(text=st.text(max_size=300), spot=st.integers(0, 10_000))
def test_one_flipped_bit_is_noticed(text, spot):
    case = Case(pk=1, received_at=timezone.now())
    key = sealing.AESGCM(sealing.AESGCM.generate_key(256))
    original, sealing._cipher = sealing._cipher, lambda _case, make=False: key
    try:
        sealed = sealing.seal(case, text.encode("utf-8", "replace").decode())
        raw = bytearray(base64.b64decode(sealed))
        raw[spot % len(raw)] ^= 1
        altered = base64.b64encode(bytes(raw)).decode()
        assert sealing.unseal(case, sealed) == text.encode("utf-8", "replace").decode()
        with pytest.raises(ValueError, match="altered"):
            sealing.unseal(case, altered)
    finally:
        sealing._cipher = original


def test_a_text_of_another_case_does_not_open(private, opened):
    other = opened(story="另一件事")
    sealed = SealedText.objects.get(case=private, name="story").sealed
    with pytest.raises(ValueError, match="altered"):
        sealing.unseal(other, sealed)


def test_the_same_text_is_never_sealed_to_the_same_letters(private):
    assert len({sealing.seal(private, "同一句话") for _turn in range(20)}) == 20


def test_nothing_is_nothing(private):
    assert sealing.unseal(private, "") == ""
    assert sealing.personal(Party(case=private)) == {}
    assert sealing.personal(private.parties.get()) == {k: v for k, v in WHO_BROUGHT_IT.items() if k != "role"}


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE cases_sealedtext SET sealed = 'x'",
        "UPDATE cases_sealedtext SET name = 'x'",
        "DELETE FROM cases_sealedtext",
        "UPDATE cases_party SET sealed = 'x'",
        "UPDATE cases_party SET role = 'agent'",
        "DELETE FROM cases_party",
    ],
)
def test_the_database_keeps_what_was_sealed(private, statement):
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement)


def test_an_exchanged_text_no_longer_fits_what_the_history_says_of_it(private):
    frozen.lift(connection)
    row = SealedText.objects.get(case=private, name="account")
    held = private.data["account"]
    assert sealing.reference(row) == held
    row.sealed = SealedText.objects.get(case=private, name="story").sealed
    row.save()
    assert sealing.reference(row)["sha256"] != held["sha256"]


# --- erasing ---


def ended(case: Case, day: dt.datetime) -> Case:
    Case.objects.filter(pk=case.pk).update(closed_at=day)
    case.refresh_from_db()
    return case


@pytest.mark.parametrize(
    ("closed_on", "years", "until"),
    [
        ("2023-05-01", 3, "2026-05-01"),
        ("2024-02-29", 3, "2027-03-01"),
        ("2024-02-29", 4, "2028-03-01"),
        ("2024-02-28", 3, "2027-02-28"),
        ("2024-12-31", 1, "2025-12-31"),
        ("2023-05-01", 0, "2023-05-01"),
    ],
)
def test_until_when_a_case_is_kept(closed_on, years, until):
    case = Case(closed_at=dt.datetime.fromisoformat(f"{closed_on}T10:00+00:00"))
    assert kept_until(case, years) == dt.datetime.fromisoformat(f"{until}T10:00+00:00")
    assert kept_until(Case(), years) is None


@given(
    st.datetimes(dt.datetime(2000, 1, 1), dt.datetime(2090, 1, 1), timezones=st.just(dt.UTC)),
    st.integers(0, 100),
)
def test_no_case_is_kept_for_less_than_its_years(closed_at, years):
    until = kept_until(Case(closed_at=closed_at), years)
    assert until.year == closed_at.year + years
    assert (until.month, until.day) >= (closed_at.month, closed_at.day)


def test_erased_only_after_the_years_and_only_by_the_office(world, closed):
    case = closed(story=SECRETS[3], parties=[WHO_BROUGHT_IT])
    with pytest.raises(ValidationError):
        actions.do(world["office"], case, "erase", {"reason": "到期"})
    assert sealing.personal(case.parties.get())["name"] == SECRETS[0]
    later = case.closed_at.replace(year=case.closed_at.year + 3) + dt.timedelta(days=2)
    with pytest.raises(Denied):
        actions.do(world["supervisor"], case, "erase", {"reason": "到期"}, at=later)
    case = actions.do(world["office"], case, "erase", {"reason": "到期"}, at=later)
    with pytest.raises(sealing.Erased):
        sealing.personal(case.parties.get())
    assert sealing.opener(case) is None
    assert (case.mark, case.parties.get().mark) == ("", "")
    key = CaseKey.objects.get(case=case)
    assert key.key == ""
    assert key.erased_at
    assert verify(case).intact


@pytest.fixture
def with_files(closed):
    """`with_files(*colours)` is a closed case with a photo of each colour."""

    def make(*colours):
        case = closed()
        for colour in colours:
            Proof.objects.create(case=case, file=photo(colour), stage="work", seq=case.seq, at=timezone.now())
        return case

    return make


def erase(world, case, django_capture_on_commit_callbacks):
    later = case.closed_at + dt.timedelta(days=1200)
    with django_capture_on_commit_callbacks(execute=True):
        return actions.do(world["office"], case, "erase", {"reason": "到期"}, at=later)


def test_files_go_with_the_key(world, with_files, client, django_capture_on_commit_callbacks):
    case = with_files(1, 2)
    files = [proof.file for proof in case.proofs.all()]
    assert all(path_of(file.sha256).is_file() for file in files)
    case = erase(world, case, django_capture_on_commit_callbacks)
    assert not any(path_of(file.sha256).exists() for file in files)
    assert set(StoredFile.objects.filter(pk__in=[f.pk for f in files]).values_list("name", flat=True)) == {""}
    client.force_login(world["lobby"])
    page = client.get(f"/cases/{case.no}/").content.decode()
    assert "2 个附件已随本事项的个人信息一并删除" in page
    assert client.get(f"/cases/{case.no}/files/{case.proofs.first().pk}/").status_code == 404
    assert verify(case).intact


def test_a_file_that_another_case_needs_stays_until_that_one_goes(
    world, with_files, django_capture_on_commit_callbacks
):
    one, other = with_files(1), with_files(1)
    file = one.proofs.get().file
    erase(world, one, django_capture_on_commit_callbacks)
    assert path_of(file.sha256).is_file()
    assert StoredFile.objects.get(pk=file.pk).name == "a.png"
    erase(world, other, django_capture_on_commit_callbacks)
    assert not path_of(file.sha256).exists()


def test_a_file_brought_again_is_there_again(world, with_files, django_capture_on_commit_callbacks):
    case = with_files(1)
    erase(world, case, django_capture_on_commit_callbacks)
    again = photo(1)
    assert (again.name, path_of(again.sha256).is_file()) == ("a.png", True)


def test_what_is_not_carried_out_erases_no_file(world, with_files):
    case = with_files(1)
    with pytest.raises(ValidationError):
        actions.do(world["office"], case, "erase", {"reason": "到期"})
    assert path_of(case.proofs.get().file.sha256).is_file()


def test_nothing_is_added_to_what_was_erased_and_it_is_erased_once(world, closed):
    case = closed(parties=[WHO_BROUGHT_IT])
    later = case.closed_at + dt.timedelta(days=1200)
    case = actions.do(world["office"], case, "erase", {"reason": "到期"}, at=later)
    with pytest.raises(ValidationError):
        actions.do(world["office"], case, "erase", {"reason": "再来"}, at=later)
    with pytest.raises(ValidationError):
        actions.do(standing.CUSTOMER, case, "rate", {"satisfaction": 5, "words": "谢谢"}, at=later)
    assert not SealedText.objects.filter(case=case).exists()
    case = actions.do(standing.CUSTOMER, case, "rate", {"satisfaction": 5}, at=later)
    assert case.satisfaction == 5


# --- to know a customer again ---


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ({"phone": "13800001111"}, {"phone": "138 0000 1111"}, True),
        ({"phone": "13800001111"}, {"phone": "+86-138-0000-1111"}, True),
        ({"phone": "13800001111"}, {"phone": "１３８００００１１１１"}, True),
        ({"phone": "13800001111"}, {"phone": "13800001112"}, False),
        ({"id_number": "11010119800101123x"}, {"id_number": "11010119800101123X"}, True),
        ({"id_number": "110101198001011234"}, {"phone": "110101198001011234"}, False),
        ({"id_number": "123", "phone": "13800001111"}, {"phone": "13800001111"}, True),
    ],
)
def test_marks(one, other, same):
    assert (sealing.mark_of(one) == sealing.mark_of(other)) is same
    assert len(sealing.mark_of(one)) == 64


@pytest.mark.parametrize(
    "person", [{}, {"name": "王女士"}, {"phone": "110"}, {"phone": ""}, {"id_number": "——"}]
)
def test_no_mark_without_a_number(person):
    assert sealing.mark_of(person) == ""


def test_a_mark_depends_on_the_bank_s_own_key(settings):
    before = sealing.mark_of({"phone": "13800001111"})
    settings.SECRET_KEY = "another"
    assert sealing.mark_of({"phone": "13800001111"}) != before
