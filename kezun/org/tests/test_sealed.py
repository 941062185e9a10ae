"""Sealed personal data: unreadable in the table, unforgeable, and honest about a wrong key."""

import base64

import pytest
from django.core.exceptions import FieldError
from django.db import connection
from hypothesis import given
from hypothesis import strategies as st

from kezun.org.models import Person
from kezun.org.sealed import seal, unseal

TEXTS = st.text(st.characters(blacklist_categories=("Cs",)), max_size=200)


@given(TEXTS)
def test_what_is_sealed_opens_again(text):
    assert unseal(seal(text)) == text


@given(TEXTS.filter(bool))
def test_the_same_text_never_seals_alike(text):
    assert seal(text) != seal(text)


def test_an_altered_value_does_not_open():
    raw = bytearray(base64.b64decode(seal("13812345678").removeprefix("v1:")))
    raw[-1] ^= 1
    with pytest.raises(ValueError, match="sealed"):
        unseal("v1:" + base64.b64encode(bytes(raw)).decode())


def test_another_key_does_not_open(settings, tmp_path):
    kept = seal("13812345678")
    settings.KEZUN_HOME = tmp_path
    with pytest.raises(ValueError, match="sealed"):
        unseal(kept)
    assert (tmp_path / "keys" / "sealed.key").stat().st_mode & 0o777 == 0o600


def test_the_table_holds_no_phone(db):
    Person.objects.create(code="E1", name="n", phone="13812345678")
    with connection.cursor() as cursor:
        cursor.execute("SELECT phone FROM org_person")
        kept = cursor.fetchone()[0]
    assert kept.startswith("v1:")
    assert "1381234" not in kept
    assert Person.objects.get(code="E1").phone == "13812345678"
    assert Person.objects.create(code="E2", name="n").phone == ""


def test_sealed_values_cannot_be_searched(db):
    with pytest.raises(FieldError):
        Person.objects.get_queryset().filter(phone="13812345678").exists()
    assert not Person.objects.get_queryset().filter(phone__isnull=True).exists()
