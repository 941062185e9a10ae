"""The public pages: bring, follow, add, take back, rate; guessing teaches nothing and is braked."""

from __future__ import annotations

import datetime as dt
import re
import uuid

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from kezun.cases import actions, brakes, catalogs, kinds, receipts, sealing, standing
from kezun.cases.actions.adding import add_words
from kezun.cases.models import Case, Party, Proof, SealedText, Tally
from kezun.cases.rules import receipts as rules
from kezun.cases.tests.test_complaints import CODES, FINDING, REPLY
from kezun.cases.tests.test_intake import bomb, photo
from kezun.kernel.actor import Denied, SystemActor

NEW = "/p/complaint/"


@pytest.fixture
def shipped(world):
    for name in ("complaint", "review"):
        text = (kinds.FOLDER / f"{name}.yaml").read_text(encoding="utf-8")
        kinds.install_kind(SystemActor("test"), text=text, origin="test")
    return world


def form(**more):
    return {
        **{"unit": "O1", "business": "B11", "reason_code": "C01", "story": "等了一个小时", "name": "王女士"},
        **{"phone": "13800001111", "claim": "道歉", "website": "", "key": str(uuid.uuid4())},
        **more,
    }


@pytest.fixture
def brought(shipped, client):
    """A complaint that a customer brought, with its receipt."""
    answer = client.post(NEW, form())
    case = Case.objects.get()
    return case, re.search(r"/p/case/([^/]+)/", answer.headers["Location"])[1]


def through(world, case):
    """Handled, verified and answered."""
    for who, verb, given in (
        ("lobby", "take", {}),
        ("lobby", "contact", {"how": "phone"}),
        ("lobby", "propose", FINDING),
        ("supervisor", "verify", {}),
        ("lobby", "answer", {"how": "phone", **REPLY}),
    ):
        case = actions.do(world[who], case, verb, given)
    return case


def test_a_customer_brings_a_complaint_and_gets_a_number(brought, client):
    case, number = brought
    assert case.opener is None
    assert (case.owner_unit.code, case.state) == ("O1", "registered")
    assert case.data["channel"] == "A36"
    assert receipts.case_by(number) == case
    text = client.get(f"/p/case/{number}/?new=1").content.decode()
    assert number in text
    assert "<svg" in text
    assert "王女士" not in text
    due = case.clocks.get(policy="complaint_decision").due_at
    assert f"{timezone.localtime(due):%Y-%m-%d}" in text
    assert sealing.personal(Party.objects.get(case=case))["phone"] == "13800001111"


def test_the_pages_need_no_script_and_no_foreign_address(brought, client):
    for where in (NEW, "/p/case/", f"/p/case/{brought[1]}/"):
        answer = client.get(where)
        text = answer.content.decode()
        assert "<script" not in text
        assert not re.search(r'(?:src|href)="https?:', text)
        assert "unsafe" not in answer.headers["Content-Security-Policy"]
        assert answer.headers["Cache-Control"] == "no-store"
        assert "noindex" in text


def test_the_same_form_twice_is_one_complaint(shipped, client):
    said = form()
    first, second = client.post(NEW, said), client.post(NEW, said)
    assert first.headers["Location"] == second.headers["Location"]
    assert Case.objects.count() == 1


@pytest.mark.parametrize("name", ["unit", "business", "reason_code", "story", "name", "phone"])
def test_what_is_missing_is_said(shipped, client, name):
    answer = client.post(NEW, form(**{name: ""}))
    assert answer.status_code == 422
    assert 'role="alert"' in answer.content.decode()
    assert not Case.objects.exists()


def test_an_outlet_is_offered_where_several_fit(shipped, client):
    text = client.post(NEW, form(unit="机构O")).content.decode()
    assert '<select id="id_unit"' in text
    assert text.count('<option value="O') == 3
    assert "机构O1" in text
    assert client.post(NEW, form(unit="月球分行")).status_code == 422
    assert client.post(NEW, form(unit="机构O2")).status_code == 302


def test_a_password_is_never_written_down(shipped, client):
    answer = client.post(NEW, form(story="我的密码是：246810，柜员让我说的"))
    assert answer.status_code == 422
    assert not Case.objects.exists()


def test_who_fills_the_trap_is_not_taken(shipped, client):
    assert client.post(NEW, form(website="http://shop.example")).status_code == 422
    assert not Case.objects.exists()


def test_one_address_is_braked_and_others_are_not(shipped, client):
    most = catalogs.numbers("complaints")["public"]["per_address"][0]["most"]
    codes = [client.post(NEW, form()).status_code for _n in range(most + 1)]
    assert codes == [302] * most + [429]
    assert client.post(NEW, form()).headers["Retry-After"]
    other = Client(REMOTE_ADDR="10.1.2.3")
    assert other.post(NEW, form()).status_code == 302


def test_one_outlet_is_braked_whoever_writes(shipped, settings, monkeypatch):
    told = catalogs.numbers("complaints")
    changed = {**told, "public": {**told["public"], "per_outlet": [{"minutes": 60, "most": 2}]}}
    monkeypatch.setattr(catalogs, "numbers", lambda name: changed)
    codes = [Client(REMOTE_ADDR=f"10.0.0.{n}").post(NEW, form()).status_code for n in range(3)]
    assert codes == [302, 302, 429]
    assert Client(REMOTE_ADDR="10.0.1.1").post(NEW, form(unit="O2")).status_code == 302


def test_addresses_are_not_kept(shipped):
    Client(REMOTE_ADDR="203.0.113.77").post(NEW, form())
    assert Tally.objects.exists()
    assert not Tally.objects.filter(key__contains="203.0").exists()
    assert not Tally.objects.filter(key__contains="113.77").exists()
    Tally.objects.update(since_at=timezone.now() - dt.timedelta(days=3))
    assert brakes.forget() > 0
    assert not Tally.objects.exists()


def test_neighbours_in_one_network_share_a_brake():
    from django.test import RequestFactory

    one, two, far = (
        brakes.place_of(RequestFactory().get("/", REMOTE_ADDR=address))
        for address in ("2001:db8:1:2::5", "2001:db8:1:2:9::1", "2001:db8:1:3::5")
    )
    assert one == two != far


def test_too_much_at_once_is_refused_before_it_is_read(shipped, client):
    answer = client.post(
        NEW, form(), CONTENT_LENGTH=str(200 << 20), headers={"Content-Length": str(200 << 20)}
    )
    assert answer.status_code == 413
    assert not Case.objects.exists()


def test_bad_files_are_refused_and_the_complaint_is_taken(shipped, client):
    wrong = SimpleUploadedFile("b.png", b"MZ\x90\0" * 50)
    answer = client.post(NEW, form(files=[photo(), bomb(), wrong]))
    assert answer.status_code == 302
    assert Proof.objects.count() == 1
    text = client.get(answer.headers["Location"]).content.decode()
    assert "ledger.xlsx" in text
    assert "b.png" in text


def test_without_the_forms_token_nothing_is_taken(shipped):
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(NEW, form()).status_code == 403
    assert not Case.objects.exists()


def test_every_wrong_number_gets_the_same_answer(brought, client):
    _case, number = brought
    plain = rules.plain(number)
    unknown = rules.receipt(10**6, receipts._keys()[0])
    invented = plain[:17] + ("A" if plain[17] != "A" else "B")
    invented += rules._signs(rules._number(invented) % rules.PRIME, 2)
    texts = set()
    for wrong in (invented, unknown, plain[:-1], "x", "C26-000001", str(_case.pk)):
        answer = client.get(f"/p/case/{wrong}/")
        assert answer.status_code == 404
        texts.add(re.sub(r'value="[^"]*"', "", answer.content.decode()))
    assert len(texts) == 1


def test_guessing_is_counted_and_braked_even_for_the_right_number(brought, client):
    _case, number = brought
    most = catalogs.numbers("complaints")["public"]["forged_per_address"][0]["most"]
    codes = [client.get("/p/case/AAAAA-BBBBB-CCCCC-DDDDD/").status_code for _n in range(most + 2)]
    assert codes == [404] * most + [429, 429]
    assert client.get(f"/p/case/{number}/").status_code == 429
    assert Client(REMOTE_ADDR="10.9.9.9").get(f"/p/case/{number}/").status_code == 200


def test_a_number_is_found_however_it_is_typed(brought, client):
    _case, number = brought
    answer = client.get("/p/case/", {"number": number.lower().replace("-", " ")}, follow=True)
    assert answer.status_code == 200
    assert number in answer.content.decode()


def do(client, number, **given):
    return client.post(f"/p/case/{number}/do/", given)


def test_the_customer_adds_words_and_a_photo(brought, client):
    case, number = brought
    answer = do(client, number, word="add", words="补充：13900009999", files=[photo("more.png")])
    assert answer.status_code == 302
    row = SealedText.objects.get(case=case, name="added")
    assert sealing.unseal(case, row.sealed) == "补充：13900009999"
    assert Proof.objects.filter(case=case, stage="given").count() == 1
    assert "13900009999" not in "".join(case.events.values_list("body", flat=True))
    assert do(client, number, word="add", words="  ").status_code == 422
    assert do(client, number, word="add", files=[bomb()]).status_code == 422


def test_only_the_customer_adds_as_the_customer(brought, shipped):
    with pytest.raises(Denied):
        add_words(shipped["office"], brought[0], words="客户说")


def test_taking_it_back_ends_it_today(brought, client):
    case, number = brought
    assert do(client, number, word="withdraw").status_code == 302
    case.refresh_from_db()
    assert (case.state, case.open) == ("withdrawn", False)
    assert case.closed_at.date() == timezone.now().date()
    assert not case.clocks.exclude(state="stopped").exists()
    assert do(client, number, word="withdraw").status_code == 422
    assert do(client, number, word="add", words="还有").status_code == 422
    assert 'name="word"' not in client.get(f"/p/case/{number}/").content.decode()


def test_the_answer_is_read_and_rated_once(brought, client, shipped):
    case, number = brought
    assert REPLY["decision"] not in client.get(f"/p/case/{number}/").content.decode()
    assert do(client, number, word="rate", satisfaction="5").status_code == 422
    through(shipped, case)
    text = client.get(f"/p/case/{number}/").content.decode()
    for part in REPLY.values():
        assert part in text
    assert do(client, number, word="rate", satisfaction="9").status_code == 422
    assert do(client, number, word="rate", satisfaction="4", words="还可以").status_code == 302
    case.refresh_from_db()
    assert case.satisfaction == 4
    assert do(client, number, word="rate", satisfaction="1").status_code == 422


def test_staff_who_are_signed_in_do_not_rate(brought, client, shipped):
    case, number = brought
    through(shipped, case)
    client.force_login(shipped["lobby"], backend="kezun.org.signin.Backend")
    assert do(client, number, word="rate", satisfaction="5").status_code == 422
    case.refresh_from_db()
    assert case.satisfaction is None


def test_a_review_is_asked_for_with_the_receipt(brought, client, shipped):
    case, number = brought
    assert do(client, number, word="review", asked="不认可").status_code == 422
    through(shipped, case)
    assert do(client, number, word="review", asked="").status_code == 422
    assert do(client, number, word="review", asked="不认可").status_code == 302
    assert Case.objects.get(code="review").pending_unit.code == "S1"
    assert "ask the unit above" not in client.get(f"/p/case/{number}/").content.decode()


def test_the_receipt_tells_until_when_a_review_is_answered_and_then_its_answer(brought, client, shipped):
    case, number = brought
    through(shipped, case)
    do(client, number, word="review", asked="不认可")
    review = Case.objects.get(code="review")
    text = client.get(f"/p/case/{number}/").content.decode()
    due = review.clocks.get(policy="complaint_review").due_at
    assert f"{timezone.localtime(due):%Y-%m-%d}" in text
    for who, verb, given in (
        ("sub", "take", {}),
        ("sub", "propose", {"result": "变更", "finding": "changed"}),
        ("office", "verify", {}),
        ("sub", "answer", {"how": "phone", **REPLY, "decision": "核查后变更：另行赔付"}),
    ):
        review = actions.do(shipped[who], review, verb, given)
    text = client.get(f"/p/case/{number}/").content.decode()
    assert text.index(REPLY["decision"]) < text.index("核查后变更：另行赔付")
    assert f"{timezone.localtime(due):%Y-%m-%d}" not in text


def test_what_nobody_knows_does_nothing(brought, client):
    assert do(client, brought[1], word="close").status_code == 302
    assert client.get(f"/p/case/{brought[1]}/do/").status_code == 302
    brought[0].refresh_from_db()
    assert brought[0].seq == 1


@pytest.mark.parametrize("state", Case.State.values)
def test_every_state_has_words_for_the_customer(shipped, state, client):
    case = actions.open_case(standing.CUSTOMER, "complaint", shipped["bank"]["O1"], {"title": "x", **CODES})
    from kezun.cases.following import WORDS, followed

    case.state, case.open = state, state not in ("closed", "checked", "rejected", "withdrawn", "merged")
    shown = followed(case)
    assert shown.words == str(WORDS[Case.State(state)])
    assert len(shown.stages) == 4
    assert not (shown.may_rate and shown.may_withdraw)


def test_in_english_it_speaks_english(brought, client):
    client.cookies["kezun_language"] = "en"
    text = client.get(f"/p/case/{brought[1]}/").content.decode()
    assert 'lang="en"' in text
    assert "Your complaint" in text


def test_the_customer_reads_what_was_written_decided_and_done(brought, client, shipped):
    case, number = brought
    for who, verb, given in (
        ("lobby", "take", {}),
        ("lobby", "contact", {"how": "phone"}),
        ("lobby", "propose", FINDING),
        ("supervisor", "verify", {}),
        (
            "lobby",
            "answer",
            {"how": "phone", "reply": "王女士您好：已增开窗口。", "remedy": "apology", **REPLY},
        ),
    ):
        case = actions.do(shipped[who], case, verb, given)
    page = client.get(f"/p/case/{number}/").content.decode()
    for part in ("王女士您好：已增开窗口。", "道歉", *REPLY.values()):
        assert part in page
    case = actions.do(shipped["lobby"], case, "reopen", {"reason": "仍未解决"})
    assert "王女士您好" not in client.get(f"/p/case/{number}/").content.decode()


def test_who_is_turned_away_reads_why(brought, client, shipped):
    case, number = brought
    told = {"reason": "与本行无关", "notice": "此事属商户纠纷，请联系市场监管部门。"}
    actions.do(shipped["manager"], case, "reject", told)
    page = client.get(f"/p/case/{number}/").content.decode()
    assert told["notice"] in page
    assert told["reason"] not in page


def test_after_a_reopening_the_customer_is_asked_anew(brought, client, shipped):
    case, number = brought
    case = through(shipped, case)
    case = actions.do(standing.CUSTOMER, case, "rate", {"satisfaction": 2})
    assert 'name="satisfaction"' not in client.get(f"/p/case/{number}/").content.decode()
    case = actions.do(shipped["lobby"], case, "reopen", {"reason": "仍未解决"})
    assert case.satisfaction is None
    for who, verb, given in (
        ("lobby", "propose", FINDING),
        ("supervisor", "verify", {}),
        ("lobby", "answer", {"how": "phone", **REPLY}),
    ):
        case = actions.do(shipped[who], case, verb, given)
    assert 'name="satisfaction"' in client.get(f"/p/case/{number}/").content.decode()
    assert actions.do(standing.CUSTOMER, case, "rate", {"satisfaction": 5}).satisfaction == 5


def test_only_a_deadline_that_was_extended_is_called_so(brought, client, shipped):
    case, number = brought
    Case.objects.filter(pk=case.pk).update(extended=1)
    assert "延期" not in client.get(f"/p/case/{number}/").content.decode()
    case.clocks.filter(policy="complaint_decision").update(extended=15)
    assert "延期" in client.get(f"/p/case/{number}/").content.decode()


@pytest.mark.parametrize(
    ("field", "value"), [("phone", "没有电话"), ("phone", "abc"), ("phone", "12 34"), ("email", "notmail")]
)
def test_nobody_can_be_called_on_what_is_no_number(shipped, field, value):
    party = {"role": "complainant", "name": "王女士", "phone": "138 0000-1111", field: value}
    given = {"title": "x", "channel": "A1", "business": "B11", "reason_code": "C01", "parties": [party]}
    with pytest.raises(ValidationError) as caught:
        actions.open_case(shipped["lobby"], "complaint", shipped["bank"]["O1"], given)
    assert "parties" in caught.value.message_dict
    assert not Case.objects.exists()
