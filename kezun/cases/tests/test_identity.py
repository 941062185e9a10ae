"""Identity numbers: right to the check sign, refused with what is wrong, repeated in no message."""

from __future__ import annotations

import datetime as dt
import string

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from kezun.cases import actions, sealing
from kezun.cases.models import Case, Party
from kezun.cases.rules import identity
from kezun.cases.rules.identity import fault
from kezun.org.models import Person

TODAY = dt.date(2026, 11, 22)
RESIDENT = "11010519491231002X"  # the standard's own example
UNIFIED = "91350100M000100Y43"  # likewise
days = st.dates(identity.EARLIEST_BIRTH, TODAY)
bodies = st.builds(
    lambda area, day, order: f"{area}{day:%Y%m%d}{order:03d}",
    st.integers(110000, 899999),
    days,
    st.integers(0, 999),
)
residents = bodies.map(lambda body: body + identity.resident_check(body))
unified = st.text(identity.SIGNS, min_size=17, max_size=17).map(
    lambda body: body + identity.unified_check(body)
)


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (RESIDENT, ""),
        ("11010519491231002x", ""),
        ("110105 19491231 002X", ""),
        ("１１０１０５１９４９１２３１００２Ｘ", ""),
        ("110105194912310021", "check"),
        ("11010519491231002", "length"),
        ("1101051949123100299", "length"),
        ("110105491231002", "length"),  # of fifteen digits, not valid since 2013
        ("440524188001010014", "birth"),
        ("110105194913310029", "check"),
        (UNIFIED, ""),
        ("91350100m000100y43", ""),
        ("91350100M000100Y44", "check"),
        ("91350100M000100O43", "signs"),
        ("E12345678", ""),
        ("H1234567890", ""),
        ("12345678", ""),
        ("abc", "signs"),
        ("E1234*678", "signs"),
        ("", "signs"),
        ("A" * 19, "length"),
    ],
)
def test_what_is_wrong_with_a_number(text, wrong):
    assert fault(text, TODAY) == wrong


@given(residents)
def test_every_number_with_its_check_sign_is_taken(number):
    assert fault(number, TODAY) == ""
    assert identity.resident_check(number) == number[-1]


@given(residents, st.integers(0, 16), st.sampled_from(string.digits))
def test_one_wrong_digit_is_always_seen(number, at, digit):
    """What MOD 11-2 promises; a number that by chance is a unified code is no resident's any more."""
    changed = number[:at] + digit + number[at + 1 :]
    if digit != number[at]:
        assert identity.resident_check(changed) != number[-1]


@given(residents, st.integers(0, 15))
def test_two_digits_exchanged_are_always_seen(number, at):
    changed = number[:at] + number[at + 1] + number[at] + number[at + 2 :]
    if changed != number:
        assert identity.resident_check(changed) != changed[-1]


@given(st.integers(110000, 899999), st.dates(TODAY + dt.timedelta(days=1)), st.integers(0, 999))
def test_nobody_is_born_tomorrow(area, day, order):
    body = f"{area}{day:%Y%m%d}{order:03d}"
    number = body + identity.resident_check(body)
    by_chance = identity.unified_check(number) == number[-1] if "X" not in number else False
    assert fault(number, TODAY) in (("birth", "") if by_chance else ("birth",))


@given(unified)
def test_every_unified_code_is_taken(number):
    assert fault(number, TODAY) in ("", "birth")
    if not number.isdecimal():
        assert fault(number, TODAY) == ""


@given(unified, st.integers(0, 16), st.sampled_from(identity.SIGNS))
def test_one_wrong_sign_of_a_unified_code_is_always_seen(number, at, sign):
    changed = number[:at] + sign + number[at + 1 :]
    if sign != number[at]:
        assert identity.unified_check(changed) != number[-1]


@given(st.text(max_size=24))
def test_any_text_has_an_answer(text):
    assert fault(text, TODAY) in ("", "length", "signs", "birth", "check")


def brought(world, number):
    party = {"role": "complainant", "name": "王小明", "phone": "13800001111", "id_number": number}
    given_ = {"title": "试验", "parties": [party], "urgency": "usual", "complexity": "simple", "where": "O1"}
    return actions.open_case(world["lobby"], "trial", world["bank"]["O1"], given_)


@pytest.mark.parametrize(
    ("number", "words"),
    [
        ("11010519491231002", "18 位"),
        ("110105194912310021", "校验码"),
        ("440524188001010014", "出生日期"),
        ("91350100M000100O43", "字符"),
    ],
)
def test_a_party_with_a_wrong_number_is_refused_and_the_field_named(world, number, words):
    with pytest.raises(ValidationError) as refused:
        brought(world, number)
    [text] = refused.value.message_dict["parties"]
    assert text.startswith("证件号码")
    assert words in text
    assert number not in text
    assert not Case.objects.exists()


def test_a_right_number_is_kept_in_one_spelling_under_the_key(world):
    case = brought(world, "110105 19491231 002x")
    party = Party.objects.get(case=case)
    assert sealing.personal(party)["id_number"] == RESIDENT
    assert RESIDENT not in "".join(case.events.values_list("body", flat=True))


def test_a_unified_code_of_a_legal_person_is_taken(world):
    assert sealing.personal(Party.objects.get(case=brought(world, UNIFIED)))["id_number"] == UNIFIED


def test_a_wrong_number_is_told_on_the_form(world, client):
    client.force_login(Person.objects.get(pk=world["lobby"].pk), backend="kezun.org.signin.Backend")
    case = brought(world, RESIDENT)
    said = {"party_role": "agent", "party_name": "李四", "party_id_number": "110105194912310021"}
    text = client.post(f"/cases/{case.no}/party/", said).content.decode()
    assert "校验码" in text
    assert Party.objects.filter(case=case).count() == 1
