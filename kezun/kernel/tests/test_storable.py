"""JSON that no database takes is found by its place and refused before anybody looks at it."""

import json
import sqlite3

import pytest
from django.core.exceptions import ValidationError
from django.test import RequestFactory
from hypothesis import given
from hypothesis import strategies as st

from kezun.kernel.endpoint import storable
from kezun.kernel.rules import unstorable

values = st.recursive(
    st.none() | st.integers() | st.text(st.characters(exclude_categories=[]), max_size=4),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=4), inner, max_size=4),
    max_leaves=10,
)


def texts(value):
    """Every text of a value, names included."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, held in value.items():
            yield name
            yield from texts(held)
    elif isinstance(value, list):
        for held in value:
            yield from texts(held)


def takes(text: str) -> bool:
    """Whether a text survives: as UTF-8, and without the sign that ends texts in C."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text


@given(values)
def test_exactly_what_cannot_be_kept_is_found(value):
    assert (unstorable(value) is None) == all(map(takes, texts(value)))


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ({"a": [{"b": "x"}, {"b": "\0"}]}, "a.1.b"),
        ("\ud800", ""),
        ({"a\0": 1}, "a?"),
        ({"a": {"\udfff": 1}}, "a.?"),
        (["x", "\U0001f600", 5, None, True], None),
    ],
)
def test_the_place_is_told(value, place):
    assert unstorable(value) == place


def test_a_very_deep_value_is_walked_without_recursion():
    value = "\0"
    for _time in range(5000):
        value = [value]
    assert unstorable(value) == ".".join(["0"] * 5000)


def request(body: bytes, kind: str = "application/json"):
    return RequestFactory().generic("POST", "/api/v1/x", body, kind)


@pytest.mark.parametrize(
    "body",
    [
        json.dumps({"a": "\0"}).encode(),
        b'{"a": "\\uD800"}',
        b'{"a": "\\ud83d"}',
        b'{"a": "\xed\xa0\x80"}',
        json.dumps({"a": "\0"}).encode("utf-16"),
        json.dumps({"a": "\0"}).encode("utf-32"),
    ],
)
def test_a_body_is_refused_whatever_writes_it(body):
    with pytest.raises(ValidationError) as refused:
        storable(request(body))
    assert list(refused.value.message_dict) == ["a"]


def test_a_bare_text_is_the_body():
    with pytest.raises(ValidationError) as refused:
        storable(request(b'"\\u0000"'))
    assert list(refused.value.message_dict) == ["body"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"a": "\\\\u0000"}',  # a backslash and five signs, no NUL
        '{"a": "\U0001f600"}'.encode(),
        b'{"a": "\\ud83d\\ude00"}',
        b"\x00",
        b'{"a": "\xff\\u0000"}',
        b'"\\u0000' + b"[" * 100_000,
    ],
)
def test_what_can_be_kept_or_is_no_json_passes(body):
    storable(request(body))


def test_streams_and_what_is_too_large_are_left_alone(settings):
    storable(request(b'{"a": "\\u0000"}', "application/x-ndjson"))
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 5
    storable(request(b'{"a": "\\u0000"}'))


@given(st.text(st.characters(exclude_categories=[]), max_size=6))
def test_what_passes_is_kept_by_a_database_as_it_is(text):
    if unstorable(text) is None:
        held = sqlite3.connect(":memory:")
        assert held.execute("SELECT ?", [text]).fetchone() == (text,)
