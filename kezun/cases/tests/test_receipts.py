"""Receipts: found again, never guessed, a slip of the pen noticed."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kezun.cases import receipts
from kezun.cases.rules.receipts import GROUP, MOST, SIGNS, case_of, is_whole, plain, receipt

KEY, OTHER = b"k" * 32, b"o" * 32
PK = st.integers(1, MOST - 1)


@given(PK)
def test_a_receipt_leads_back_to_its_case(pk):
    text = receipt(pk, KEY)
    assert case_of(text, KEY) == pk
    assert case_of(text.lower().replace("-", " "), KEY) == pk
    assert case_of(text, OTHER) is None
    assert [len(part) for part in text.split("-")] == [GROUP] * 4


@given(PK, st.integers(0, 19), st.sampled_from(SIGNS))
def test_one_wrong_sign_is_noticed(pk, at, sign):
    text = plain(receipt(pk, KEY))
    wrong = text[:at] + sign + text[at + 1 :]
    assert is_whole(wrong) is (wrong == text)
    assert (case_of(wrong, KEY) is not None) is (wrong == text)


@given(PK, st.integers(0, 16))
def test_two_signs_changed_over_are_noticed(pk, at):
    text = plain(receipt(pk, KEY))
    wrong = text[:at] + text[at + 1] + text[at] + text[at + 2 :]
    assert is_whole(wrong) is (wrong == text)


@settings(max_examples=500)
@given(st.text(alphabet=SIGNS, min_size=18, max_size=18))
def test_an_invented_number_with_right_check_signs_names_nothing(text):
    from kezun.cases.rules.receipts import PRIME, _number, _signs

    invented = text + _signs(_number(text) % PRIME, 2)
    assert is_whole(invented)
    assert case_of(invented, KEY) is None


@given(st.text(max_size=60))
def test_any_text_is_borne(text):
    assert case_of(text, KEY) is None


def test_neighbours_look_nothing_alike():
    one, two = plain(receipt(1, KEY)), plain(receipt(2, KEY))
    assert sum(a == b for a, b in zip(one, two, strict=True)) < 8


def test_signs_that_look_alike_are_read_as_meant():
    text = receipt(7, KEY)
    typed = text.replace("0", "o").replace("1", "l")
    assert case_of(typed, KEY) == 7


@pytest.mark.parametrize("pk", [0, -1, MOST])
def test_what_no_case_has_is_refused(pk):
    with pytest.raises(ValueError, match="32 bits"):
        receipt(pk, KEY)


def test_a_receipt_outlives_a_change_of_the_secret(opened, settings):
    case = opened()
    text = receipts.receipt_of(case)
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "another"
    assert receipts.case_by(text) == case
    assert receipts.receipt_of(case) != text
    settings.SECRET_KEY_FALLBACKS = []
    assert receipts.case_by(text) is None


def test_the_picture_is_a_square_of_dark_modules():
    side, path = receipts.picture("https://bank.example/p/case/ABCDE-FGHJK-MNPQR-STVWX/")
    assert side >= 33
    assert path.count("M") > side * side / 4
    assert set(path) <= set("M,hvz-0123456789")
